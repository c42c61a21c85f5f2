"""Which part of a checkpoint is taken, and that it is said."""

import numpy as np
import pytest
import safetensors.numpy
from torch_files import Call, ordered, tensors, zipped

from minimix.weights.reading import ReadError, read

NAMES = ("conv.weight", "bn.weight", "bn.running_mean")


def arrays(value, names=NAMES, prefix=""):
    return {prefix + name: np.full((2, 3), value, "f4") for name in names}


def saved(tmp_path, tree):
    """A file with this tree, whose arrays become tensors."""
    contents = {}

    def built(tree):
        if isinstance(tree, dict) and any(isinstance(value, np.ndarray) for value in tree.values()):
            rest = {name: built(value) for name, value in tree.items() if not isinstance(value, np.ndarray)}
            made, raw = tensors({name: value for name, value in tree.items() if isinstance(value, np.ndarray)})
            for tensor in made.values():
                key = tensor.args[0].about[2]
                tensor.args[0].about = (*tensor.args[0].about[:2], f"{len(contents)}", *tensor.args[0].about[3:])
                contents[f"{len(contents)}"] = raw[key]
            return ordered({name: made.get(name, rest.get(name)) for name in tree})
        if isinstance(tree, dict):
            return {name: built(value) for name, value in tree.items()}
        return [built(value) for value in tree] if isinstance(tree, list) else tree

    path = tmp_path / "checkpoint.pth"
    path.write_bytes(zipped(built(tree), contents))
    return path


WRAPPED = {  # what is in the file: which of its weights are 1, and how that is said
    "plain": (arrays(1), ""),
    "state_dict": ({"epoch": 3, "state_dict": arrays(1), "optimizer": arrays(0)}, '["state_dict"]'),
    "model": ({"model": arrays(1), "args": {"lr": 0.1}}, '["model"]'),
    "model_state": ({"model_state": arrays(1), "optimizer_state": arrays(0)}, '["model_state"]'),
    "model_state_dict": ({"model_state_dict": arrays(1), "loss": 0.3}, '["model_state_dict"]'),
    "unknown alone": ({"weights of mine": arrays(1), "epoch": 1}, '["weights of mine"]'),
    "two deep": ({"net": {"state_dict": arrays(1)}, "iteration": 7}, '["net"]["state_dict"]'),
    "in a list": ([arrays(1), 5], "[0]"),
    "an array beside": ({"state_dict": arrays(1), "best": np.zeros((1, 1), "f4")}, '["state_dict"]'),
    "an array beside averages": ({"ema": arrays(1), "best": np.zeros((1, 1), "f4")}, '["ema"]'),
    "an array beside something": ({"mine": arrays(1), "best": np.zeros((1, 1), "f4")}, '["mine"]'),
    "weights with a part": ({**arrays(1), "params": {"lr": 0.1}}, "without params"),
    "weights with an array in a part": ({**arrays(1), "extra": arrays(0, NAMES[:1])}, "without extra"),
    "averages": ({"model": arrays(0), "model_ema": arrays(1)}, '["model_ema"], not ["model"]'),
    "timm's": ({"state_dict": arrays(0), "state_dict_ema": arrays(1)}, '["state_dict_ema"], not ["state_dict"]'),
    "ema": ({"model_state": arrays(0), "ema": arrays(1)}, '["ema"], not ["model_state"]'),
    "averages alone": ({"ema": arrays(1)}, '["ema"]'),
    "ema in it": ({"ema": {"module": arrays(1)}, "state_dict": arrays(0)}, '["ema"]["module"], not ["state_dict"]'),
    "averages that lack some": ({"state_dict": arrays(1), "ema": arrays(0, NAMES[:2])}, '["state_dict"], not ["ema"]'),
    "no averages": ({"schema": arrays(0), "model": arrays(1)}, '["model"], not ["schema"]'),
    "teacher": ({"model": arrays(1), "teacher": arrays(0)}, '["model"], not ["teacher"]'),
    "extra state": ({**arrays(1), "head._extra_state": None, "name": "x"}, "without head._extra_state, name"),
    "module.": (arrays(1, prefix="module."), 'names without "module."'),
    "compiled": (arrays(1, prefix="_orig_mod."), 'names without "_orig_mod."'),
    "lightning": ({"state_dict": arrays(1, prefix="model."), "epoch": 1}, '["state_dict"], names without "model."'),
    "both": ({"state_dict": arrays(1, prefix="module._orig_mod.")}, '["state_dict"], names without "module._orig_mod."'),
    "torchvision's": (
        {"model": arrays(0), "model_ema": {"n_averaged": np.array([[4]]), **arrays(1, prefix="module.")}},
        '["model_ema"], not ["model"], names without "module."',
    ),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_what_is_taken(tmp_path, name):
    tree, taken = WRAPPED[name]
    found = read(saved(tmp_path, tree))
    assert found.taken == taken
    assert list(found.entries) == list(NAMES)
    for array in found.entries.values():
        np.testing.assert_array_equal(array, np.ones((2, 3), "f4"), strict=True)
    assert found.prefix == (taken.rpartition('without "')[2].rstrip('"') if 'without "' in taken else "")


def test_a_prefix_of_some_is_none(tmp_path):
    tree = arrays(1, prefix="model.") | arrays(1, prefix="head.")
    assert list(read(saved(tmp_path, tree)).entries) == list(tree)
    alone = {"module.": np.zeros((1, 1), "f4")}
    assert list(read(saved(tmp_path, alone)).entries) == ["module."]


def test_several_of_which_none_is_the_model(tmp_path):
    path = saved(tmp_path, {"student": arrays(0), "teacher": arrays(1)})
    with pytest.raises(ReadError, match=r'holds several sets of weights, \["student"\], \["teacher"\]: say which to take'):
        read(path)
    for take in ("teacher", '["teacher"]'):
        found = read(path, take=take)
        assert found.taken == '["teacher"], not ["student"]' and found.entries["conv.weight"].all()
    with pytest.raises(ReadError, match=r'has no part nobody: there is \["student"\], \["teacher"\]'):
        read(path, take="nobody")


def test_one_may_be_asked_for(tmp_path):
    path = saved(tmp_path, {"state_dict": arrays(1), "state_dict_ema": arrays(0)})
    assert read(path, take="state_dict").taken == '["state_dict"], not ["state_dict_ema"]'


def test_names_that_begin_alike_may_be_asked_for(tmp_path):
    """Lightning has all networks in one state dict."""
    both = arrays(0, prefix="student.") | arrays(1, prefix="ema.module.")
    np.savez(tmp_path / "w.npz", **both)
    safetensors.numpy.save_file(both, tmp_path / "w.safetensors")
    lightning = saved(tmp_path, {"state_dict": both, "epoch": 1})
    for path, part in [(tmp_path / "w.npz", ""), (tmp_path / "w.safetensors", ""), (lightning, '["state_dict"], ')]:
        assert read(path).entries.keys() == both.keys() and read(path).prefix == ""
        for take in ("ema.module", "ema", "ema."):
            found = read(path, take=take)
            start = take.rstrip(".")
            prefix = "" if start == "ema.module" else ', names without "module."'
            assert found.taken == f'{part}names that begin with "{start}."{prefix}'
            assert sorted(found.entries) == sorted(NAMES) and all(array.all() for array in found.entries.values())
        with pytest.raises(ReadError, match="no part(s such as)? teacher"):
            read(path, take="teacher")


@pytest.mark.parametrize("word", ["_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"])
def test_layers_that_pytorch_has_wrapped(tmp_path, word):
    wrapped = {name.replace(".", f".{word}.") if i else name: array for i, (name, array) in enumerate(arrays(1).items())}
    assert list(read(saved(tmp_path, {"model": wrapped})).entries) == list(NAMES)
    twice = wrapped | arrays(1)  # which of them, nobody knows
    assert read(saved(tmp_path, twice)).entries.keys() == twice.keys()


def test_numbers_are_arrays(tmp_path):
    found = read(saved(tmp_path, {**arrays(1), "bn.num_batches_tracked": 7, "scale": 0.5, "huge": 2**70}))
    assert found.entries["bn.num_batches_tracked"].shape == () and found.entries["scale"] == 0.5
    assert found.taken == "without huge"


def test_names_that_are_none(tmp_path):
    for value, reason in [
        ({"a\udc80": np.zeros((1, 1), "f4")}, r"holds a name that is no text, a\\udc80"),
        ({3: np.zeros((1, 1), "f4")}, "holds no weights: a dict with 3"),
    ]:
        with pytest.raises(ReadError, match=reason):
            read(saved(tmp_path, value))


def test_names_of_python_2_and_3_that_are_the_same(tmp_path):
    made, contents = tensors({"a": np.zeros(3, "f4")})
    value = {"a": made["a"], b"a": made["a"]}
    (tmp_path / "w.pth").write_bytes(zipped(Call("collections OrderedDict", items=tuple(value.items())), contents))
    with pytest.raises(ReadError, match="holds a name twice"):
        read(tmp_path / "w.pth")
