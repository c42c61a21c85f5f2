"""Weights to begin with, and stages that stay as they are."""

import dataclasses
import signal

import numpy as np
import pytest
from safetensors.numpy import save_file
from small import Small

import minimix as mm
from minimix import models, nn
from minimix.data import Dataset
from minimix.train import Config, checkpoint, freezing, load_model, prepare, starting

LAST, BEST = "last.safetensors", "best.safetensors"
NANO = {"model": "mixnet_nano", "model_options": {"width": 0.5, "kernels": 3}}


@pytest.fixture(scope="module")
def pets(tiny):
    """Three classes in place of ten."""
    return tuple(Dataset(part.images, part.labels % 3, ("cat", "dog", "newt"), "pets", part.mean, part.std) for part in tiny)


def arrays(result, name=BEST):
    return {key: array for key, array in checkpoint.load(result.folder / name)[0].items() if "/" not in key}


def log_of(run, path, *inputs, **options):
    with open(path, "w") as file:
        result = run(*inputs, log=file, **options)
    return result, path.read_text()


def interrupt(epoch):
    """As Ctrl-C does, in the first epoch."""
    if epoch.epoch == 1:
        signal.raise_signal(signal.SIGINT)


def tiny_rate(**options):
    """What hardly changes a weight, so that it can be seen where it came from."""
    return {"lr": 1e-12, "schedule": "constant", "weight_decay": 0, "epochs": 1, **options}


# -- from_ ------------------------------------------------------------------------------------------------------------


def test_a_run_begins_where_another_ended_with_a_new_classifier_for_other_classes(run, pets, tmp_path):
    first = run(**NANO)
    before = arrays(first)
    for given in ("a", first.folder, first.folder / BEST, first):  # a name, a folder, a file, all of them
        result, text = log_of(run, tmp_path / "log", "unsaid", data=pets, from_=given, name=None, **tiny_rate())
        assert result.config.model == "mixnet_nano" and result.config.model_options == {"width": 0.5, "kernels": 3}
        after = arrays(result)
        assert after["classifier.weight"].shape == (3, before["classifier.weight"].shape[1])
        for name in before:
            if not name.startswith("classifier") and before[name].dtype.kind == "f" and "running" not in name:
                np.testing.assert_allclose(after[name], before[name], atol=1e-6, err_msg=name)
        assert (
            "new, because" in text and "classifier.weight (there (10," in text and f"weights of {first.folder / BEST}" in text
        )
        assert result.config.from_ == str(getattr(given, "folder", given))


def test_other_classes_get_a_new_classifier_even_where_they_are_as_many(run, small, tiny, tmp_path):
    first = run(name="source")
    before, zero = arrays(first), {name: np.zeros_like(array) for name, array in small().state_dict().items()}
    # "swapped": an output that stood for one class would stand for another
    renamed = tuple(dataclasses.replace(part, classes=tuple("abcdefghij"), name="renamed") for part in tiny)
    swapped = tuple(dataclasses.replace(part, classes=part.classes[::-1], name="swapped") for part in tiny)
    for data, classifier in ((renamed, zero), (swapped, zero), (tiny, before)):
        result, text = log_of(run, tmp_path / "log", data=data, from_="source", name=None, **tiny_rate())
        after = arrays(result)
        np.testing.assert_allclose(after["head.weight"], classifier["head.weight"], atol=1e-6)
        np.testing.assert_allclose(after["head.bias"], classifier["head.bias"], atol=1e-6)
        np.testing.assert_allclose(after["conv.weight"], before["conv.weight"], atol=1e-6)
        assert ("its classes are others" in text and "head.weight, head.bias" in text) == (classifier is zero)
        assert "does not say for which classes" not in text
    assert not np.allclose(before["head.weight"], 0, atol=1e-3)


@pytest.mark.parametrize(("name", "expected"), [
    ("mixnet_nano", "classifier"), ("mobilenetv1_025_cifar", "classifier"), ("xception_cifar", "fc"),
])  # fmt: skip
def test_the_classifier_of_every_kind_of_network_is_found(name, expected):
    assert starting.classifier(models.create(name, num_classes=5), 5) == [f"{expected}.weight", f"{expected}.bias"]


def test_a_network_without_a_layer_for_the_classes_has_no_classifier():
    assert starting.classifier(nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)), 5) == []


def test_an_own_module_begins_with_a_file_of_weights(run, small, tmp_path):
    model = small()
    model.head.weight.data[...] = 0.125
    mm.save_weights(model, tmp_path / "w.safetensors")
    result, text = log_of(run, tmp_path / "log", from_=tmp_path / "w.safetensors", **tiny_rate())
    np.testing.assert_allclose(arrays(result)["head.weight"], 0.125, atol=1e-6)
    assert "parameters" in text and "new, because" not in text
    assert "does not say for which classes it was trained: head.weight, head.bias fit by shape" in text


def test_averaged_weights_are_taken_where_there_are_any(run, small):
    first = run(ema=0.5, epochs=2)
    result = run(small(), from_=first.folder / LAST, name="b", **tiny_rate())
    wanted = checkpoint.load(first.folder / LAST)[0]["ema/average/head.weight"]
    np.testing.assert_allclose(arrays(result)["head.weight"], wanted, atol=1e-6)


def test_options_that_are_asked_for_go_before_those_of_the_run(run):
    first = run(**NANO)
    result = run("unsaid", from_=first.folder, model_options={"dropout": 0.2}, name="b", epochs=1)
    assert result.config.model_options == {"width": 0.5, "kernels": 3, "dropout": 0.2}


@pytest.mark.parametrize(("options", "error", "expected"), [
    ({"from_": "nowhere"}, FileNotFoundError, "no run and no file nowhere"),
    ({"from_": "a", "model": "mixnet_nano"}, ValueError, r"holds another network: 0 of \d+ parameters fit"),
    ({"from_": "other.safetensors"}, ValueError, "holds another network"),
    ({"from_": "text.txt"}, ValueError, "no whole file of a format that is read"),
])  # fmt: skip
def test_weights_of_another_network_are_refused_and_no_folder_is_left(run, tmp_path, monkeypatch, options, error, expected):
    run(epochs=1)
    monkeypatch.chdir(tmp_path)
    mm.save_weights(nn.Linear(8, 10), "other.safetensors")
    (tmp_path / "text.txt").write_text("weights")
    with pytest.raises(error, match=expected):
        run(options.pop("model", None), name="b", **options)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["a"]


def test_damaged_weights_are_told(run, small, tmp_path):
    first = run(epochs=1)
    (first.folder / BEST).write_bytes((first.folder / BEST).read_bytes()[:-3])
    with pytest.raises(ValueError, match=r"best\.safetensors"):
        run(small(), from_=first.folder / BEST, name="b")
    _, text = log_of(run, tmp_path / "log", small(), from_=first.folder, name="b", epochs=1)
    assert f"Using {first.folder / LAST} instead" in text


def test_weights_that_no_network_works_with_are_refused_by_name(run, small, tmp_path):
    model = small()
    model.bn.running_var[0] = -1
    model.mix.weights[0].data[0] = np.nan
    save_file({name: np.ascontiguousarray(array) for name, array in model.state_dict().items()}, tmp_path / "w.safetensors")
    with pytest.raises(
        ValueError, match=r"from: .*w\.safetensors: bn\.running_var holds a negative variance, mix\.0\.weight holds NaN"
    ):
        run(small(), from_=tmp_path / "w.safetensors")


def test_a_run_that_began_with_weights_is_resumed_to_the_bit(run, small):
    run(name="source", epochs=1)
    whole = run(small(), from_="source", name="whole")
    run(small(), from_="source", name="b", on_epoch=interrupt)
    again = run(small(), from_="source", name="b", resume=True)
    assert (again.folder / BEST).read_bytes() == (whole.folder / BEST).read_bytes()
    with pytest.raises(ValueError, match="from_ was 'source' and is 'whole' now"):
        run(small(), from_="whole", name="b", resume=True)


# -- freeze -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "first", "last"), [
    ("mixnet_nano", ["stem", "blocks.0"], ["conv_head", "bn2", "classifier"]),
    ("mobilenetv1_025_cifar", ["stem", "blocks.0"], ["blocks.4", "classifier"]),
    ("xception_cifar", ["stem", "block1"], ["bn4", "fc"]),
])  # fmt: skip
def test_stages_have_the_names_of_the_network(name, first, last):
    found = freezing.stages(models.create(name))
    assert found[: len(first)] == first and found[-len(last) :] == last


def test_frozen_is_everything_up_to_the_stage():
    net = models.create("mixnet_nano", width=0.5)
    freezing.freeze(net, "blocks.1")
    frozen = set(freezing.frozen_names(net))
    assert frozen == {n for n, _ in net.named_parameters() if n.startswith(("conv_stem", "bn1.", "blocks.0.", "blocks.1."))}
    assert net.training and not net.bn1.training and not any(m.training for m in net.blocks[1].modules())
    assert all(m.training for m in net.blocks[2].modules())
    net = models.create("mixnet_nano", width=0.5)
    freezing.freeze(net, "stem")
    assert set(freezing.frozen_names(net)) == {"conv_stem.weight", "bn1.weight", "bn1.bias"}


@pytest.mark.parametrize("stage", ["blocks.99", "", "steem", "classifier"])
def test_a_stage_that_there_is_not_or_that_leaves_nothing(stage):
    net = models.create("mixnet_nano", width=0.5)
    with pytest.raises(ValueError, match="freeze: .*stem, blocks.0"):
        freezing.freeze(net, stage)
    assert not freezing.frozen_names(net)


def test_what_is_frozen_does_not_change_by_a_bit(run, small):
    start = small()
    for options in ({}, {"optimizer": "rmsprop", "weight_decay": 0.1}, {"optimizer": "adamw"}, {"ema": 0}):
        result = run(small(), freeze="bn", lr=0.05, name=None, **options)
        for file in (LAST, BEST):
            every = checkpoint.load(result.folder / file)[0]
            for name, array in start.state_dict().items():
                for key in {name, f"ema/average/{name}"} & every.keys():
                    same = np.array_equal(every[key], array)
                    assert same == name.startswith(("conv", "bn")) or name.endswith("bias"), (file, key)


def test_a_frozen_run_is_resumed_to_the_bit_and_says_how_much_it_trains(run, small, tmp_path):
    whole, text = log_of(run, tmp_path / "log", freeze="bn", name="whole", epochs=3)
    run(freeze="bn", name="b", epochs=3, on_epoch=interrupt)
    again = run(small(), name="b", epochs=3, resume=True)
    assert (again.folder / BEST).read_bytes() == (whole.folder / BEST).read_bytes()
    trained = sum(p.size for n, p in small().named_parameters() if not n.startswith(("conv", "bn")))
    assert f"{trained:,} of them trained" in text


@pytest.mark.parametrize("stage", ["stem", "blocks.0", "blocks.2.0"])
def test_networks_with_frozen_stages_train(run, stage):
    before = {}
    result = run(**NANO, freeze=stage, epochs=1, on_epoch=lambda epoch: before.update(epoch=epoch))
    assert np.isfinite(before["epoch"].train_loss) and load_model(result.folder).recipe["freeze"] == stage


# -- layer_decay ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "muon"])
def test_layers_near_the_picture_change_less(run, optimizer):
    """Small's layers: conv and bn, mix, head."""
    moved = {}
    for decay in (None, 1.0, 0.01):
        options = {
            "layer_decay": decay,
            "optimizer": optimizer,
            "lr": 1e-3,
            "schedule": "constant",
            "ema": 0,
            "weight_decay": 0,
        }
        result = run(epochs=1, batch_size=80, augment=(), validation=0, name=None, **options)
        assert load_model(result.folder, Small()).recipe["layer_decay"] == decay
        last, start = arrays(result, LAST), Small().state_dict()
        moved[decay] = {name: np.abs(last[name] - start[name]).max() for name in ("conv.weight", "mix.0.weight", "head.weight")}
    assert moved[None] == moved[1.0]
    for name, scale in (("conv.weight", 1e-4), ("mix.0.weight", 1e-2), ("head.weight", 1)):
        assert moved[0.01][name] == pytest.approx(scale * moved[None][name], rel=0.05, abs=1e-8), name


def test_a_run_with_rates_by_depth_is_resumed_to_the_bit(run, small):
    options = {"layer_decay": 0.5, "freeze": "bn", "epochs": 3}
    whole = run(name="whole", **options)
    run(name="b", on_epoch=interrupt, **options)
    again = run(small(), name="b", epochs=3, resume=True)
    assert (again.folder / BEST).read_bytes() == (whole.folder / BEST).read_bytes()


@pytest.mark.parametrize("decay", [0, -0.5, 1.1, float("nan"), "half", True])
def test_a_layer_decay_that_is_none(decay):
    with pytest.raises((ValueError, TypeError), match="layer_decay: expected a number above 0, up to 1"):
        Config(layer_decay=decay)


def test_parameters_that_require_no_gradient_stay_without_any_option(run, small):
    model = small()
    model.bn.requires_grad_(False)  # in the middle: gradients pass through it
    model.mix.weights[0].requires_grad = False
    start = {name: array.copy() for name, array in model.state_dict().items()}
    last = arrays(run(model, weight_decay=0.1), LAST)
    same = {name for name, array in start.items() if np.array_equal(array, last[name])}
    assert {"bn.weight", "bn.bias", "bn.running_mean", "bn.running_var", "mix.0.weight"} & start.keys() <= same
    assert not {"conv.weight", "head.weight"} & same
    with pytest.raises(ValueError, match="what requires gradients is not what it was: bn.bias"):
        run(small(), resume=True)
    with pytest.raises(ValueError, match="nothing to train"):
        run(small().requires_grad_(False), name="c")


def test_a_frozen_block_between_trained_ones_has_the_right_gradients(run):
    """In evaluation mode with the tape on: what --freeze never makes, but Python can."""
    net = models.create("mixnet_nano", width=0.5, kernels=3)
    net.blocks[1].requires_grad_(False)
    start = {name: array.copy() for name, array in net.state_dict().items()}
    last = arrays(run(net, epochs=1), LAST)
    changed = {name for name, array in start.items() if not np.array_equal(array, last[name])}
    assert "conv_stem.weight" in changed and not any(name.startswith("blocks.1.") for name in changed)


@pytest.mark.parametrize(("name", "side", "least"), [("mixnet_nano", 4, 5), ("mixnet_s", 16, 17)])
def test_pictures_that_are_too_small_for_the_network_are_refused(run, tmp_path, name, side, least):
    """Below, its last layer with a stride sees a single pixel, and training ends in NaN."""
    pictures = np.random.default_rng(0).random((20, 3, side, side)), np.arange(20) % 2
    with pytest.raises(ValueError, match=f"data: {side}x{side} pixels are too few: {name} .* needs {least} a side or more"):
        run(name, data=pictures)
    assert not (tmp_path / "runs").exists()


def test_a_network_for_grey_pictures_is_refused_with_the_option_that_changes_it(run):
    with pytest.raises(
        ValueError, match="model: mini_xception is for pictures of 1 channel, .* have 3: .* option in_channels=3"
    ):
        run(model="mini_xception")
    prepare.check_start(Config(model="mini_xception", model_options={"in_channels": 3}), None)


def test_the_smallest_pictures_are_known():
    """By the strides: nano divides by 8, mixnet_s by 32."""
    for name, least in (("mixnet_nano", 5), ("mixnet_s", 17)):
        net = models.create(name)
        prepare.check_size(Config(name), net, (3, least, least))
        with pytest.raises(ValueError, match="too few"):
            prepare.check_size(Config(name), net, (3, least - 1, 100))
