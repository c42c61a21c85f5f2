"""``load_weights`` with other libraries' names: what it sets, demands and refuses."""

import numpy as np
import pytest
from drawn import draw
from written import small, under, written

import minimix as mm
from minimix import models, nn
from minimix.weights.libraries import by_name

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
