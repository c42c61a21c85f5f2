"""From the names of MixNet's own TensorFlow code. Here they are written from our model, by the rules of that code's numbers."""

import numpy as np
import pytest

from minimix import models
from minimix.models import tensorflow
from minimix.nn import PointwiseConv2d


def official(model, name="mixnet-s", scope="mixnet_model/"):
    """{name: array} of all variables as the published code makes them.

    One counter numbers all convolutions and another all depthwise ones, in the order in which their layers are made: block by
    block the expansion, the squeeze, the excitation, the projection; stem and head come last.
    """
    variables, counters = {}, {"conv2d": 0, "depthwise_conv2d": 0}

    def kernel(place, kind, array, bias=None):
        number, counters[kind] = counters[kind], counters[kind] + 1
        layer = f"{name}/{scope}{place}/{kind}" + (f"_{number}" if number else "")
        variables[f"{layer}/{'kernel' if kind == 'conv2d' else 'depthwise_kernel'}"] = array
        if bias is not None:
            variables[f"{layer}/bias"] = bias.data

    def conv(place, layer):
        for weight in layer.weights if isinstance(layer, PointwiseConv2d) else [layer.weight]:
            kernel(place, "conv2d", np.einsum("oihw->hwio", weight.data), layer.bias)

    def norm(place, layer, number=0):
        scope = f"{name}/{place}/batch_normalization" + (f"_{number}" if number else "")
        variables[f"{scope}/gamma"], variables[f"{scope}/beta"] = layer.weight.data, layer.bias.data
        variables[f"{scope}/moving_mean"], variables[f"{scope}/moving_variance"] = layer.running_mean, layer.running_var

    for b, block in enumerate(block for stage in model.blocks for block in stage):
        place = f"blocks_{b}"
        if block.expand is not None:
            conv(place, block.expand)
        for weight in block.conv_dw.weights:
            kernel(place, "depthwise_conv2d", np.einsum("cmhw->hwcm", weight.data))
        if block.se is not None:
            conv(f"{place}/se", block.se.conv_reduce)
            conv(f"{place}/se", block.se.conv_expand)
        conv(place, block.project)
        for number, layer in enumerate(layer for layer in block.norms if layer is not None):
            norm(place, layer, number)
    conv("stem", model.conv_stem)
    norm("stem", model.bn1)
    conv("head", model.conv_head)
    norm("head", model.bn2)
    variables[f"{name}/{scope}head/dense/kernel"] = model.classifier.weight.data.T
    variables[f"{name}/{scope}head/dense/bias"] = model.classifier.bias.data
    return variables


def unlike(model):
    """Every array its own numbers: zeros and ones would hide what is mistaken for another."""
    for i, (name, array) in enumerate(model.state_dict().items()):
        if not name.endswith("num_batches_tracked"):
            array[...] = np.random.default_rng(i).uniform(0.1, 1, array.shape)  # also fit for variances
    return model


@pytest.fixture(scope="module")
def small():
    return unlike(models.create("tf_mixnet_s", num_classes=5))


def check(found, model):
    expected = model.state_dict()
    assert list(found) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


@pytest.mark.parametrize(
    "name, trained, all_variables", [("tf_mixnet_s", 249, 347), ("tf_mixnet_m", 305, 421), ("tf_mixnet_l", 305, 421)]
)
def test_there_and_back(name, trained, all_variables, blank):
    model = unlike(models.create(name))
    variables = official(model, name[3:].replace("_", "-"))
    assert len(variables) == all_variables
    assert sum("moving_" not in variable for variable in variables) == trained
    check(tensorflow.convert(variables, models.create(name)), model)


def test_the_names_above_are_those_of_tensorflow(small):
    """Some that TensorFlow 2.15 gave for the published code."""
    shapes = {name: array.shape for name, array in official(small).items()}
    assert shapes["mixnet-s/mixnet_model/stem/conv2d_78/kernel"] == (3, 3, 3, 16)
    assert shapes["mixnet-s/stem/batch_normalization/moving_variance"] == (16,)
    assert shapes["mixnet-s/mixnet_model/head/conv2d_79/kernel"] == (1, 1, 200, 1536)
    assert shapes["mixnet-s/mixnet_model/blocks_0/conv2d/kernel"] == (1, 1, 16, 16)
    assert max(int(n.split("/")[-2][17:] or 0) for n in shapes if n.endswith("depthwise_kernel")) == 42


def test_axes_are_turned_not_reshaped(small):
    variables = official(small)
    stem = variables["mixnet-s/mixnet_model/stem/conv2d_78/kernel"]
    found = tensorflow.convert(variables, models.create("tf_mixnet_s", num_classes=5))
    assert found["conv_stem.weight"][7, 2, 0, 1] == stem[0, 1, 2, 7]
    dense = variables["mixnet-s/mixnet_model/head/dense/kernel"]
    assert found["classifier.weight"][3, 1000] == dense[1000, 3]
    depthwise = next(array for name, array in variables.items() if "blocks_3/" in name and array.shape == (7, 7, 48, 1))
    assert found["blocks.2.0.conv_dw.2.weight"][11, 0, 6, 2] == depthwise[6, 2, 11, 0]
    assert all(array.flags.c_contiguous for array in found.values())


def test_older_names(small):
    """Without the scope that Keras added; numbers start again in each scope; batch norm has its name for TPUs, and ":0"."""
    variables, old, seen = official(small, "efficient/mixnet-s", ""), {}, {}
    order = sorted(variables, key=lambda name: int("".join(filter(str.isdigit, name.split("/")[-2].partition("2d")[2])) or 0))
    for name in order:
        *scope, layer, what = name.split("/")
        kind, _, number = layer.rpartition("_") if layer[-1].isdigit() and not layer.endswith("2d") else (layer, "", "0")
        numbers = seen.setdefault(("/".join(scope), kind), {})
        number = numbers.setdefault(number, len(numbers))
        layer = kind.replace("batch_norm", "tpu_batch_norm") + (f"_{number}" if number else "")
        old["/".join([*scope, layer, what]) + ":0"] = variables[name]
    assert "efficient/mixnet-s/blocks_1/conv2d_3/kernel:0" in old and "efficient/mixnet-s/stem/conv2d/kernel:0" in old
    assert len(old) == len(variables)
    check(tensorflow.convert(old, models.create("tf_mixnet_s", num_classes=5)), small)


def test_averages_are_preferred_or_left_out(small):
    model = models.create("tf_mixnet_s", num_classes=5)
    plain = official(small)
    averaged = {f"{name}/ExponentialMovingAverage": array + 1 for name, array in plain.items()}
    one = "mixnet-s/mixnet_model/stem/conv2d_78/kernel"
    found = tensorflow.convert({**averaged, **plain}, model)
    np.testing.assert_array_equal(found["conv_stem.weight"], small.conv_stem.weight.data + 1)
    np.testing.assert_array_equal(found["bn1.running_mean"], small.bn1.running_mean + 1)
    check(tensorflow.convert({**plain, **averaged}, model, averages=False), small)
    del averaged[f"{one}/ExponentialMovingAverage"]  # one that has no average
    found = tensorflow.convert({**plain, **averaged}, model)
    np.testing.assert_array_equal(found["conv_stem.weight"], small.conv_stem.weight.data)
    with pytest.raises(ValueError, match="nothing there becomes conv_stem.weight"):
        tensorflow.convert(averaged, model)


def test_what_training_keeps_is_passed_over(small):
    variables = official(small)
    for name in list(variables):
        variables |= {f"{name}/RMSProp": variables[name], f"{name}/RMSProp_1": variables[name]}
    variables["global_step"] = np.array(109474)
    check(tensorflow.convert(variables, models.create("tf_mixnet_s", num_classes=5)), small)


BN = "mixnet-s/blocks_4/batch_normalization_2"


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda v: v.pop(f"{BN}/gamma"), r"nothing there becomes blocks.2.1.bn3.weight, \(40,\)$"),
        (lambda v: [v.pop(name) for name in list(v) if BN in name], "blocks_4 has 2 x batch_normalization, expected 3"),
        (
            lambda v: v.update({f"{BN}/gamma": np.zeros(3)}),
            rf"{BN}/gamma becomes blocks.2.1.bn3.weight, float64 \(3,\): expected",
        ),
        (lambda v: v.update({f"{BN}/gamma": np.zeros(40, int)}), rf"{BN}/gamma becomes .*, int64 \(40,\): expected float"),
        (
            lambda v: v.update({"mixnet-s/blocks_16/conv2d_9/kernel": np.zeros(3)}),
            "left over: mixnet-s/blocks_16/conv2d_9/kernel",
        ),
        (lambda v: v.update({"mixnet-s/stem/conv2d_78/bias": np.zeros(16)}), "left over: mixnet-s/stem/conv2d_78/bias"),
        (lambda v: v.update({"mixnet-s/tail/scale": np.zeros(3)}), "left over: mixnet-s/tail/scale$"),
        (lambda v: v.update({f"{BN}/kernel": np.zeros(3)}), f"left over: {BN}/kernel"),
        (lambda v: v.update({f"another/{BN}/beta": np.zeros(40)}), f"another/{BN}/beta and {BN}/beta have the same place"),
        (
            lambda v: v.update({"s/blocks_4/se/conv2d_99/bias": np.zeros(3)}),
            "blocks_4/se has 3 x conv2d, expected 2: .*conv2d_99",
        ),
    ],
)
def test_what_does_not_fit_is_named(small, change, message):
    variables = official(small)
    change(variables)
    with pytest.raises(ValueError, match=r"(?s)the variables do not fit the network:\n  .*") as refusal:
        tensorflow.convert(variables, models.create("tf_mixnet_s", num_classes=5))
    refusal.match(message)
    assert len(str(refusal.value).splitlines()) == 2  # one problem, named once


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.5])
def test_numbers_with_which_no_network_works(small, value):
    variables = official(small)
    variables[f"{BN}/moving_variance"] = np.full(40, value)
    with pytest.raises(ValueError, match=r"no network works with these variables: blocks.2.1.bn3.running_var holds"):
        tensorflow.convert(variables, models.create("tf_mixnet_s", num_classes=5))


def test_long_lists_are_cut(small):
    with pytest.raises(ValueError, match=r"\.\.\. and 327 more$"):
        tensorflow.convert({}, models.create("tf_mixnet_s", num_classes=5))


@pytest.mark.parametrize("name", ["mobilenetv1_025", "mobilenetv1_100_full", "legacy_xception"])
def test_other_networks_are_refused(name, blank):
    with pytest.raises(TypeError, match="convert is for networks that are made of MixBlocks"):
        tensorflow.convert({}, models.create(name))


def test_from_a_file(small, tmp_path):
    np.savez(tmp_path / "mixnet-s.npz", **official(small))
    check(tensorflow.convert(tensorflow.read_npz(tmp_path / "mixnet-s.npz"), small), small)


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*none\.npz"):
        tensorflow.read_npz(tmp_path / "none.npz")
    for content in (b"", b"text", b"PK\3\4 and no more"):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(ValueError, match=r"bad\.npz is no whole \.npz file"):
            tensorflow.read_npz(tmp_path / "bad.npz")
    np.savez(tmp_path / "objects.npz", a=np.array([{}], object))
    with pytest.raises(ValueError, match=r"objects\.npz is no whole"):
        tensorflow.read_npz(tmp_path / "objects.npz")
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(ValueError, match=r"one\.npy is no whole \.npz file"):
        tensorflow.read_npz(tmp_path / "one.npy")
