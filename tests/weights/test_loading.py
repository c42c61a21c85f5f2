"""``load_weights`` with other libraries' names: what it sets, demands and refuses."""

import numpy as np
import pytest
from drawn import draw, picture
from safetensors.numpy import save_file

import minimix as mm
from minimix import models, nn
from minimix.models.function import Function, family, function_of
from minimix.prediction import seer_by_name
from minimix.weights.libraries import by_name
from minimix.weights.libraries.library import array_names
from minimix.weights.libraries.structure import kind


def written(library, net, change=lambda name, array: array):
    """The arrays of ``net`` as a library would write them, drawn, in the order of its layers."""
    row, state, found = by_name(library), net.state_dict(), {}
    for ours, (theirs, *_) in array_names(row, net):
        array = np.zeros((), np.int64) if ours.endswith("num_batches_tracked") else draw(ours, state[ours].shape)
        if row.arrays.tensorflow and array.ndim > 1:
            depthwise = kind(net.get_submodule(ours.rpartition(".")[0])) == "depthwise"
            array = array.transpose({4: (2, 3, 0, 1) if depthwise else (2, 3, 1, 0), 2: (1, 0)}[array.ndim])
        found[theirs.replace("#", "_")] = change(theirs, array)
    return found


def small(**options):
    return models.create("mobilenetv2_035", num_classes=3, **options)


EVERY = ["torchvision", "mobilenetv2.pytorch", "pytorchcv", "gluoncv2", "mindcv", "keras", "slim", "efficientnet-jax"]


@pytest.mark.parametrize("library", EVERY)
def test_the_same_weights_from_every_library(library):
    """Whatever it calls them, and however they lie."""
    options = by_name(library).function(small()).given()
    net = mm.load_weights(small(**options), written(library, small()))
    for name, array in net.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            np.testing.assert_array_equal(array, draw(name, array.shape), err_msg=name)


@pytest.mark.parametrize("library, bias", [("pytorchcv", "output.bias"), ("gluoncv2", "output.0.bias")])
def test_a_classifier_without_bias(library, bias):
    """That of their MobileNetV2 is a convolution, and has none: nothing is added."""
    entries = written(library, small())
    del entries[bias]
    weight = bias.replace("bias", "weight")
    entries[weight] = entries[weight][:, :, None, None]
    net = small()
    net.classifier.bias.data[:] = 7
    mm.load_weights(net, entries)
    assert not net.classifier.bias.data.any()
    np.testing.assert_array_equal(net.classifier.weight.data, draw("classifier.weight", net.classifier.weight.shape))
    with pytest.raises(RuntimeError, match="missing .*, to become classifier.bias"):
        v1 = models.create("mobilenetv1_025", num_classes=3, activation="relu")
        without = written(library, v1)
        del without[bias if library == "pytorchcv" else "output.1.bias"]
        mm.load_weights(v1, without)


def test_mindspore_orders_batch_norms_otherwise():
    """By position, its mean would be the scale: every shape fits. Its names are what counts, in any order."""
    entries = written("mindcv", small())
    backwards = dict(sorted(entries.items(), reverse=True))
    found = mm.load_weights(small(), backwards).state_dict()
    np.testing.assert_array_equal(found["bn1.running_mean"], entries["features.1.moving_mean"])
    np.testing.assert_array_equal(found["bn1.weight"], entries["features.1.gamma"])


def test_numbered_arrays_are_refused():
    entries = {f"arr_{i}": array for i, array in enumerate(written("mindcv", small()).values())}
    with pytest.raises(ValueError, match="no names, only numbers .*MindSpore has a batch norm's mean and variance before"):
        mm.load_weights(small(), entries)


# -- the function -----------------------------------------------------------------------------------------------------


def test_another_function_is_an_error_that_says_which_options_to_use():
    entries = written("keras", small())
    net = small()
    before = {name: np.array(array) for name, array in net.state_dict().items()}
    with pytest.raises(ValueError) as refusal:
        mm.load_weights(net, entries)
    text = str(refusal.value)
    assert "the names are those of keras (keras 3.15.1" in text
    assert "has eps=0.001, padding='tf_same', and this network has eps=1e-05, padding='same'" in text
    assert "Create it with eps=0.001, padding='tf_same'" in text and "--model NAME:eps=0.001:padding=tf_same" in text
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    mm.load_weights(net, entries, check=False)
    mm.load_weights(small(eps=1e-3, padding="tf_same"), entries)


@pytest.mark.parametrize(
    "library, network, options, said",
    [
        ("gluoncv2", "mixnet_s", {}, "head_activation='swish'"),
        ("pytorchcv", "mixnet_s", {"head_activation": "swish"}, "head_activation='relu'"),
        ("mindcv", "mixnet_s", {}, "se_activation='relu'"),
        ("mindcv", "mobilenetv1_025", {}, "activation='relu'"),
        ("pytorchcv", "mobilenetv1_025", {}, "activation='relu'"),
        ("linksense", "mixnet_s", {}, "eps=0.001"),
        ("linksense", "mixnet_s", {"eps": 1e-3, "padding": "tf_same"}, "padding='same'"),
        ("torchvision", "mobilenetv2_035", {"eps": 1e-3}, "eps=1e-05"),
        ("torchvision", "mobilenetv2_035", {"activation": "relu"}, "activation='relu6'"),
        ("efficientnet-pytorch", "efficientnet_lite0", {}, "eps=0.001, padding='tf_same'"),
        ("mindcv", "xception", {}, "eps=1e-05"),
        ("pytorchcv", "xception", {}, "eps=1e-05, padding='same'"),
        ("keras-numbered", "mini_xception", {"padding": "same"}, "padding='tf_same'"),
        ("slim", "mobilenetv1_025", {"padding": "tf_same"}, "eps=0.001"),
    ],
)  # fmt: skip
def test_what_each_library_computes(library, network, options, said, blank):
    net = models.create(network, num_classes=2, **options)
    entries = {name: np.zeros_like(array) for name, array in written(library, net).items()}
    with pytest.raises(ValueError, match=f"{library}.* has {said}.*Create it with {said}"):
        mm.load_weights(net, entries)
    wanted = by_name(library).function(net).given()
    right = models.create(network, num_classes=2, **(options | wanted))
    assert mm.load_weights(right, entries) is right


def test_the_networks_own_names_say_nothing_of_its_function(tmp_path):
    """timm's names are those here, also of networks with other activations; unless it is said that they are timm's."""
    net = models.create("mobilenetv1_025", num_classes=2, activation="swish")
    save_file({name: np.array(array, order="C") for name, array in net.state_dict().items()}, tmp_path / "w.safetensors")
    mm.load_weights(models.create("mobilenetv1_025", num_classes=2, activation="relu"), tmp_path / "w.safetensors")
    with pytest.raises(ValueError, match="those of timm .* has activation='relu6', and this network has activation='swish'"):
        mm.load_weights(net, tmp_path / "w.safetensors", names="timm")
    mm.load_weights(models.create("mobilenetv1_025", num_classes=2), tmp_path / "w.safetensors", names="timm")


@pytest.mark.parametrize("name", [name for name in models.names() if "cifar" not in name])
def test_functions_are_seen_in_the_network(name, blank):
    net = models.create(name)
    found = function_of(net)
    tensorflow = name.startswith("tf_") or name in ("xception", "mini_xception")
    assert (found.eps, found.padding) == ((1e-3, "tf_same") if tensorflow else (1e-5, "same"))
    if family(net) == "mixnet":
        assert found[2:] == (None, "relu", "swish")
    elif "xception" not in name and family(net):
        assert found[2:] == ("relu6", None, None)


def test_a_network_of_which_some_layers_differ(blank):
    net = small()
    net.bn1.eps = 1e-3
    assert function_of(net).eps == "mixed"
    with pytest.raises(ValueError, match="this network has eps='mixed'"):
        mm.load_weights(net, {name: np.zeros_like(array) for name, array in written("torchvision", net).items()})


# -- names ------------------------------------------------------------------------------------------------------------


def test_names_can_be_given():
    entries = written("torchvision", small())
    mm.load_weights(small(), entries, names="torchvision")
    with pytest.raises(
        RuntimeError, match="(?s)taken for names of pytorchcv, as asked, they do not fit.*They look like those of torchvision"
    ):
        mm.load_weights(small(), entries, names="pytorchcv")
    with pytest.raises(ValueError, match="names: no library is called 'torchvison': did you mean torchvision"):
        mm.load_weights(small(), entries, names="torchvison")


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(RuntimeError) as refusal:
        mm.load_weights(small(), {f"backbone/{name}": array for name, array in written("torchvision", small()).items()})
    text = str(refusal.value)
    assert (
        "its names are those of no library that is known" in text
        and "backbone/features.1.conv.0.0.weight, (16, 1, 3, 3)" in text
    )
    assert "nearest here: " in text and "It holds" in text and "Known are timm, torchvision" in text


def without(name):
    return lambda entries: entries.pop(name)


def renamed(name, other):
    return lambda entries: entries.update({other: entries.pop(name)})


def shaped(name, *shape):
    return lambda entries: entries.update({name: np.zeros(shape, np.float32)})


@pytest.mark.parametrize(
    "change, said",
    [
        (without("features.0.1.running_var"), "missing features.0.1.running_var, to become bn1.running_var"),
        (
            renamed("features.0.1.running_var", "features.0.1.running_vat"),
            r"unexpected features.0.1.running_vat \(nearest that is missing: features.0.1.running_var\)",
        ),
        (
            shaped("features.0.0.weight", 16, 3, 5, 5),
            r"shape of features.0.0.weight is \(16, 3, 5, 5\): expected \(16, 3, 3, 3\), to become conv_stem.weight",
        ),
        (shaped("classifier.1.bias", 7), "create the network with num_classes=7"),
    ],
)
def test_what_does_not_fit_is_named_as_the_file_calls_it(change, said):
    entries = written("torchvision", small())
    change(entries)
    with pytest.raises(RuntimeError, match=f"(?s)names are those of torchvision, but not of this mobilenetv2_035:.*{said}"):
        mm.load_weights(small(), entries)


def test_weights_of_another_network_or_width():
    with pytest.raises(RuntimeError, match=r"shape of features\.1\.conv\.0\.0\.weight is"):
        mm.load_weights(models.create("mobilenetv2_140", num_classes=3), written("torchvision", small()))
    with pytest.raises(ValueError, match="those of torchvision, of which only mobilenetv2 can be used here, not mixnet"):
        mm.load_weights(models.create("mixnet_s"), written("torchvision", small()))


def test_a_network_of_ones_own_may_have_any_names():
    """Here those of torchvision's first layers."""

    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3)), nn.Sequential(nn.Conv2d(4, 4, 1)))

    net = Own()
    entries = {name: np.ones_like(array) for name, array in net.state_dict().items()}
    assert mm.load_weights(net, entries).features[0][0].bias.data.all()


def test_numbers_are_checked_as_ever():
    entries = written("torchvision", small(), lambda name, array: array - 2 if name == "features.0.1.running_var" else array)
    with pytest.raises(ValueError, match="bn1.running_var holds a negative variance"):
        mm.load_weights(small(), entries)


def test_keras_counts_on_from_the_models_before():
    """A session's second network has numbers that begin where those of the first ended."""
    net = models.create("mini_xception", num_classes=2)
    entries = written("keras-numbered", net)
    late = {}
    for name, array in entries.items():
        layer, last = name.split("/")
        what, _, number = layer.rpartition("_")
        late[f"{what}_{int(number) + 9}/{what}_{int(number) + 9}/{last}:0"] = array
    order = sorted(late, key=lambda name: name[::-1])  # any
    found = mm.load_weights(net, {name: late[name] for name in order})
    np.testing.assert_array_equal(found.conv1.weight.data, draw("conv1.weight", found.conv1.weight.shape))
    norm = "blocks.3.rep.4.running_var"
    np.testing.assert_array_equal(found.state_dict()[norm], draw(norm, found.state_dict()[norm].shape))


def test_moving_averages_are_taken_for_slim():
    entries = written("slim", small())
    both = {name: np.zeros_like(array) for name, array in entries.items()}
    both |= {f"{name}/ExponentialMovingAverage": array for name, array in entries.items() if "moving_" not in name}
    both |= {name: array for name, array in entries.items() if "moving_" in name}
    both |= {"global_step": np.array(3), "MobilenetV2/Conv/weights/RMSProp": np.ones(1, np.float32)}
    net = mm.load_weights(small(eps=1e-3, padding="tf_same"), both)
    np.testing.assert_array_equal(net.conv_stem.weight.data, draw("conv_stem.weight", net.conv_stem.weight.shape))


@pytest.mark.parametrize(
    "library, from_, to",
    [
        ("torchvision", "classifier.1.", "classifier."),  # as many replace it
        ("mobilenetv2.pytorch", "features.18.", "conv."),
        ("mobilenetv2.pytorch", "classifier.1.", "classifier."),
        ("keras", "predictions/", "dense_2/"),
        ("keras", "predictions/", "Logits/"),
    ],
)
def test_layers_that_have_two_names(library, from_, to):
    options = by_name(library).function(small()).given()
    entries = {name.replace(from_, to) if name.startswith(from_) else name: a for name, a in written(library, small()).items()}
    net = mm.load_weights(small(**options), entries)
    np.testing.assert_array_equal(net.conv_head.weight.data, draw("conv_head.weight", net.conv_head.weight.shape))
    np.testing.assert_array_equal(net.classifier.weight.data, draw("classifier.weight", net.classifier.weight.shape))


def test_a_first_block_that_expands_is_another_network():
    entries = written("mobilenetv2.pytorch", small())
    entries |= {"features.1.conv.6.weight": np.zeros((8, 16, 1, 1), np.float32)}
    with pytest.raises(RuntimeError, match="(?s)unexpected features.1.conv.6.weight.*first version of pytorch-mobilenet-v2"):
        mm.load_weights(small(), entries)


def test_counts_that_thop_leaves_behind():
    entries = written("torchvision", small())
    more = {"total_ops": np.zeros(1), "features.0.0.total_params": np.zeros(1)}
    mm.load_weights(small(), entries | more)
    mm.load_weights(small(), {**small().state_dict(), **more})


def test_a_part_of_a_checkpoint(tmp_path):
    torch = pytest.importorskip("torch")
    parts = {
        name: {key: torch.tensor(array + number) for key, array in written("torchvision", small()).items()}
        for number, name in enumerate(("state_dict", "state_dict_ema"))
    }
    torch.save({"epoch": 3, **parts}, tmp_path / "checkpoint.pth")
    expected = draw("classifier.weight", (3, 1280))
    found = mm.load_weights(small(), tmp_path / "checkpoint.pth").classifier.weight.data
    np.testing.assert_allclose(found, expected + 1, rtol=1e-6)
    found = mm.load_weights(small(), tmp_path / "checkpoint.pth", take="state_dict").classifier.weight.data
    np.testing.assert_array_equal(found, expected)


NAMES = {"own": lambda net: {**net.state_dict()}, "torchvision": lambda net: written("torchvision", net)}


def under(prefix, entries, change=0.0):
    return {prefix + name: array + change if array.dtype.kind == "f" else array for name, array in entries.items()}


@pytest.mark.parametrize("names", NAMES)
def test_several_networks_in_one_state_dict(names):
    """Averages go before the others; and what else is there is left alone, if it is no network of this kind."""
    net = small()
    entries = NAMES[names](net)
    expected = mm.load_weights(small(), dict(entries)).classifier.weight.data
    beside = {"0.mean": np.zeros(3), "0.std": np.ones(3), "projector.weight": np.zeros((4, 4))}
    for mixed in (
        under("model.", entries, 1.0) | under("ema.module.", entries),
        under("model.", entries) | under("teacher.", entries, 1.0),
        under("model.", entries) | under("ema.", {name: a for name, a in entries.items() if "running" not in name}, 1.0),
        under("1.", entries) | beside,
        under("lit.net_of_mine.", entries) | beside,
    ):
        found = mm.load_weights(small(), mixed)
        np.testing.assert_array_equal(found.classifier.weight.data, expected)
        np.testing.assert_array_equal(
            mm.load_weights(small(), mixed, names="timm" if names == "own" else names).bn1.running_var, found.bn1.running_var
        )
    mixed = under("teacher.", entries) | under("student.", entries, 1.0)
    with pytest.raises(ValueError, match='the dict holds several sets .*"teacher.", .*"student.": say .* take=\'teacher\' or'):
        mm.load_weights(small(), mixed)
    np.testing.assert_array_equal(mm.load_weights(small(), mixed, take="student").classifier.weight.data, expected + 1)


def test_two_networks_alike_that_belong_together():
    """Of one's own: nothing is taken for a copy of the other."""
    pair = nn.Sequential(small(), small())
    mm.load_weights(nn.Sequential(small(), small()), pair.state_dict())
    with pytest.raises(ValueError, match="holds several sets"):
        mm.load_weights(small(), pair.state_dict())


def test_parts_that_were_wrapped_by_themselves():
    """As nn.DataParallel(net.features) is."""
    for entries in (under("", small().state_dict()), written("torchvision", small())):
        wrapped = {name.replace("blocks.", "blocks.module.").replace("features.", "features.module."): array
                   for name, array in entries.items()}  # fmt: skip
        found = mm.load_weights(small(), wrapped).state_dict()
        for name, array in mm.load_weights(small(), entries).state_dict().items():
            np.testing.assert_array_equal(found[name], array)


def test_counters_in_a_row_of_one():
    state = {name: np.atleast_1d(array) for name, array in small().state_dict().items()}
    assert mm.load_weights(small(), state).bn1.num_batches_tracked.shape == ()


def test_pretrainedmodels_classifier(blank):
    net = models.create("legacy_xception", num_classes=2)
    entries = {name.replace("fc.", "last_linear."): np.ones_like(array) for name, array in net.state_dict().items()}
    assert mm.load_weights(net, entries).fc.bias.data.all()


# -- predict ----------------------------------------------------------------------------------------------------------


def test_predict_computes_and_prepares_as_the_library(tmp_path):
    entries = written("keras", small())
    ready = seer_by_name("mobilenetv2_035", {"num_classes": 3}, entries)
    assert function_of(ready.model)[:2] == (1e-3, "tf_same")
    assert ready.how.mean == (0.5, 0.5, 0.5) and ready.how.interpolation == "bilinear" and ready.how.size == 224
    assert (
        "names are those of keras: pictures are prepared as there, computed with eps=0.001, padding='tf_same'"
        in ready.remarks[1]
    )
    expected = mm.load_weights(small(eps=1e-3, padding="tf_same"), entries).eval()(picture(64)).data
    np.testing.assert_array_equal(ready.model(picture(64)).data, expected)


def test_predict_refuses_options_that_are_not_the_librarys():
    with pytest.raises(ValueError, match="keras .*has eps=0.001, and this network has eps=1e-05"):
        seer_by_name("mobilenetv2_035", {"num_classes": 3, "eps": 1e-5}, written("keras", small()))
    with pytest.raises(ValueError, match="names says nothing without weights"):
        seer_by_name("mobilenetv2_035", {}, names="keras")


def test_from_the_command_line(minimix, tmp_path):
    from PIL import Image

    Image.new("RGB", (60, 40), "red").save(tmp_path / "red.png")
    np.savez(tmp_path / "w.npz", **written("mindcv", small()))
    typed = "predict", tmp_path / "red.png", "--model", "mobilenetv2_035:num_classes=3", "--weights", tmp_path / "w.npz"
    code, output, errors = minimix(*typed)
    assert code == 0, errors
    assert "its names are those of mindcv" in output
    code, output, errors = minimix(*typed, "--names", "torchvision")
    assert code != 0 and "They look like those of mindcv" in errors
    code, output, errors = minimix("predict", tmp_path / "red.png", "--names", "keras")
    assert code != 0 and "--model" in errors


def test_a_function_is_printed_as_options():
    assert str(Function(1e-3, "same")) == "eps=0.001, padding='same'"


def test_training_may_begin_with_them(tmp_path):
    """For other classes: all but the classifier is taken."""
    from minimix.train import starting

    np.savez(tmp_path / "w.npz", **written("mindcv", small()))
    start = starting.find(tmp_path / "w.npz", tmp_path)
    net = models.create("mobilenetv2_035", num_classes=5)
    lines = starting.take(net, start, tuple("abcde"))
    assert (
        "new, because they are not in it or of another shape: classifier.weight (there (3, 1280), here (5, 1280))" in lines[1]
    )
    np.testing.assert_array_equal(net.conv_head.weight.data, draw("conv_head.weight", net.conv_head.weight.shape))
    with pytest.raises(ValueError, match="those of mindcv .* has eps=1e-05, padding='same', and this network has eps=0.001"):
        starting.take(small(eps=1e-3, padding="tf_same"), start, ())


def test_training_says_how_a_part_of_a_file_is_made_one(tmp_path):
    """Training has no such options: a file with that part alone can be made."""
    from minimix.train import starting

    net = small()
    np.savez(tmp_path / "w.npz", **(under("a.", net.state_dict()) | under("b.", net.state_dict())))
    with pytest.raises(ValueError, match="^from: .*several sets of weights, .*`minimix export .* --take PART` does, and train"):
        starting.take(net, starting.find(tmp_path / "w.npz", tmp_path), ())
    np.savez(tmp_path / "w.npz", **{f"x{i}": array for i, array in enumerate(net.state_dict().values())})
    with pytest.raises(ValueError, match="0 of .*: say which network it is.*; of another library's.* --names LIBRARY` makes"):
        starting.take(net, starting.find(tmp_path / "w.npz", tmp_path), ())
