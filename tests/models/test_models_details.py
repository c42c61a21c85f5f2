"""What the tables do not show: initial weights, padding, batch norms, dropout, activations; and the parts of Xception."""

import numpy as np
import pytest

from minimix import models, nn
from minimix.models.xception import TensorFlowMaxPool2d
from minimix.padding import resolve


def norms(model) -> list:
    return [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]


def spread(weight) -> float:
    return float(weight.data.std())


def test_initial_weights_of_mixnet():
    """MixNet's code: deviation sqrt(2 / fan_out), of each group of channels by itself."""
    model = models.create("mixnet_s", num_classes=400)
    grouped, mixed = model.blocks[2][1], model.blocks[5][0]
    close = {"rel": 0.1}
    assert spread(model.conv_head.weight) == pytest.approx(np.sqrt(2 / 1536), **close)
    for half in (*grouped.conv_pw.weights, *model.blocks[4][1].conv_pw.weights):
        assert spread(half) == pytest.approx(np.sqrt(2 / half.shape[0]), **close)
    for weight, k in zip(mixed.conv_dw.weights, (3, 5, 7, 9, 11), strict=True):
        assert spread(weight) == pytest.approx(np.sqrt(2) / k, **close)
    assert spread(mixed.se.conv_reduce.weight) == pytest.approx(np.sqrt(2 / 60), **close)
    bound = 1 / np.sqrt(400)
    assert 0.99 * bound < np.abs(model.classifier.weight.data).max() <= bound
    zero = [model.classifier.bias, mixed.se.conv_reduce.bias, mixed.se.conv_expand.bias, *(norm.bias for norm in norms(model))]
    assert not any(parameter.data.any() for parameter in zero)
    assert all((norm.weight.data == 1).all() and (norm.running_var == 1).all() for norm in norms(model))


def test_initial_weights_of_mobilenetv1():
    """Slim's: a truncated normal, whose deviation is 0.88 of the normal's that was cut."""
    model = models.create("mobilenetv1_025")
    every = np.concatenate([p.data.ravel() for p in model.parameters() if p.ndim > 1])
    assert np.abs(every).max() <= 0.18 and every.std() == pytest.approx(0.09 * 0.8796, rel=0.01)


@pytest.mark.parametrize("name, dropout, eps, momentum, padding", [
    ("mixnet_s", 0.2, 1e-5, 0.1, "same"),
    ("mixnet_m", 0.25, 1e-5, 0.1, "same"),
    ("mixnet_l", 0.25, 1e-5, 0.1, "same"),
    ("tf_mixnet_s", 0.2, 1e-3, 0.1, "tf_same"),
    ("tf_mixnet_l", 0.25, 1e-3, 0.1, "tf_same"),
    ("mobilenetv1_100", 0.001, 1e-5, 0.1, "same"),
    ("mobilenetv2_100", 0.2, 1e-5, 0.1, "same"),
    ("legacy_xception", 0.5, 1e-5, 0.1, None),
    ("xception", 0.5, 1e-3, 0.01, None),
])  # fmt: skip
def test_constants(name, dropout, eps, momentum, padding, blank):
    model = models.create(name)
    assert model.dropout.p == dropout
    assert {(norm.eps, norm.momentum) for norm in norms(model)} == {(eps, momentum)}
    assert padding is None or {module.padding for module in model.modules() if isinstance(module, nn.MixConv2d)} == {padding}
    changed = models.create(name, dropout=0.1, eps=1e-4, momentum=0.05)
    assert changed.dropout.p == 0.1 and {(norm.eps, norm.momentum) for norm in norms(changed)} == {(1e-4, 0.05)}


def test_how_many_blocks(blank):
    """How many there are of each: MixNet-S, M and L."""
    for name, blocks, norms, excites in (("mixnet_s", 16, 49, 13), ("mixnet_m", 19, 58, 16), ("mixnet_l", 19, 58, 16)):
        kinds = [type(module).__name__ for module in models.create(name).modules()]
        assert [kinds.count(kind) for kind in ("MixBlock", "BatchNorm2d", "SqueezeExcite")] == [blocks, norms, excites]


def test_activations(blank):
    mixnet = models.create("mixnet_m")
    kinds = [{norm.activation for norm in block.norms[:2] if norm} for stage in mixnet.blocks for block in stage]
    assert kinds == [{"relu"}] * 3 + [{"swish"}] * 16
    assert {norm.activation for norm in (mixnet.bn1, mixnet.bn2)} == {"relu"}
    assert {block.se.activation for stage in mixnet.blocks[2:] for block in stage} == {"swish"}
    assert {norm.activation for norm in norms(models.create("mobilenetv1_100"))} == {"relu6"}
    second = models.create("mobilenetv2_100")
    linear = {block.norms[2] for stage in second.blocks for block in stage}
    assert all(norm.activation == ("identity" if norm in linear else "relu6") for norm in norms(second))


def test_skips(blank):
    def skips(name):
        return [int(block.has_skip) for stage in models.create(name).blocks for block in stage]

    assert sum(skips("mobilenetv1_100")) == 0 and sum(skips("mobilenetv2_100")) == 10
    assert skips("mixnet_s") == [1, 0, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1]


@pytest.mark.parametrize("shape", [(6, 6), (7, 7), (6, 9), (1, 4), (74, 37)])
def test_max_pool_padded_as_in_tensorflow(shape):
    x = np.random.default_rng(0).standard_normal((2, 3, *shape)) - 9
    rows, columns = resolve("tf_same", shape, (3, 3), (2, 2))
    padded = np.pad(x, ((0, 0), (0, 0), rows, columns), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))[:, :, ::2, ::2]
    np.testing.assert_array_equal(TensorFlowMaxPool2d()(x).data, windows.max((-1, -2)))


def test_the_units_of_xception(blank):
    pools = {}
    for name in ("xception", "legacy_xception"):
        model = models.create(name)
        assert model.features(np.zeros((0, 3, 299, 299), np.float32)).shape == (0, 2048, 10, 10)
        pools[name] = [type(block.rep[-1]).__name__ for block in (model.block1, model.block12)]
        assert model.block5.skip is None and model.block12.skip is not None
    assert pools == {"xception": ["TensorFlowMaxPool2d"] * 2, "legacy_xception": ["MaxPool2d"] * 2}


@pytest.mark.parametrize("size, same", [(75, False), (71, True)])
def test_the_two_paddings_of_xception_on_one_set_of_weights(size, same):
    """75 becomes 37, 35, then 18, an even size; 71 becomes 35, 33, 17, 9, 5: always odd, so both pad alike."""
    ours = models.create("xception", num_classes=5, eps=1e-5).eval()
    legacy = models.create("legacy_xception", num_classes=5).eval()
    legacy.load_state_dict(ours.state_dict())
    x = np.random.default_rng(0).standard_normal((1, 3, size, size)).astype(np.float32)
    a, b = ours(x).data, legacy(x).data
    assert np.array_equal(a, b) == same


def test_files_without_the_count_of_batches():
    """PyTorch loads them, too: only ``momentum=None`` uses the count."""
    model = models.create("mobilenetv1_025")
    state = {key: array for key, array in model.state_dict().items() if not key.endswith("num_batches_tracked")}
    missing, unexpected = model.load_state_dict(state)
    assert all(key.endswith("num_batches_tracked") for key in missing) and not unexpected
    del state["bn1.weight"]
    with pytest.raises(RuntimeError, match="missing bn1.weight$"):
        model.load_state_dict(state)
