"""A layer made for so many channels refuses others, in training and in use, with both numbers in the message."""

import inspect

import numpy as np
import pytest

import minimix as mm
from minimix import nn
from minimix.nn import folded

C, OTHERS = 8, (1, 2, 4, 6, 16)


def ones(*shape):
    return np.ones(shape, np.float32)


def unfused(block):
    block.fused = False
    return block


LAYERS = {  # of images of C channels
    "Conv2d": [lambda: nn.Conv2d(C, 6, 3), lambda: nn.Conv2d(C, C, 3, groups=2), lambda: nn.Conv2d(C, C, 3, groups=C)],
    "PointwiseConv2d": [
        lambda: nn.PointwiseConv2d(C, 4),
        lambda: nn.PointwiseConv2d(C, 4, groups=2),
        lambda: nn.PointwiseConv2d(C, 4, groups=2, split=True),
    ],
    "DepthwiseConv2d": [lambda: nn.DepthwiseConv2d(C, 3), lambda: nn.DepthwiseConv2d(C, 3, multiplier=2)],
    "MixConv2d": [
        lambda: nn.MixConv2d(C, (3, 5)),
        lambda: nn.MixConv2d(C, 3),
        lambda: nn.MixConv2d(C, (3, 5), partition="exponential", multiplier=2),
        lambda: nn.MixConv2d(C, (3, 5), partition=(6, 2), dilation=(2, 1)),
    ],
    "BatchNorm2d": [
        lambda: nn.BatchNorm2d(C),
        lambda: nn.BatchNorm2d(C, affine=False),
        lambda: nn.BatchNorm2d(C, track_running_stats=False),
        lambda: nn.BatchNorm2d(C, affine=False, track_running_stats=False, activation="relu"),
    ],
    "SqueezeExcite": [lambda: nn.SqueezeExcite(C, 2)],
    "MixBlock": [
        lambda: nn.MixBlock(C, 6, (3, 5), expansion=2, se=0.5),
        lambda: nn.MixBlock(C, 6, (3, 5), expansion=1),
        lambda: nn.MixBlock(C, C, (3, 5), expansion=1, se=0.5),
        lambda: unfused(nn.MixBlock(C, 6, (3, 5), expansion=2)),
        lambda: unfused(nn.MixBlock(C, C, 3, expansion=1)),
    ],
    "FoldedConv2d": [
        lambda: folded.FoldedConv2d(ones(4, C, 3, 3), ones(4), padding=1),
        lambda: folded.FoldedConv2d(ones(C, 1, 3, 3), ones(C), padding=1, groups=C),
    ],
    "FoldedMixConv2d": [
        lambda: folded.FoldedMixConv2d([ones(6, 1, 3, 3), ones(2, 1, 5, 5)], ones(C)),
        lambda: folded.FoldedMixConv2d([ones(2 * C, 1, 3, 3)], ones(2 * C), channels=C),
    ],
}
VECTORS = {"Linear": [lambda: nn.Linear(C, 3), lambda: nn.Linear(C, 1, bias=False)]}  # their last axis counts
ANY = {  # take what comes: no weights
    "AdaptiveAvgPool2d", "AvgPool2d", "Dropout", "Flatten", "FoldedNorm", "GlobalAvgPool2d", "HardSwish", "Identity",
    "MaxPool2d", "ReLU", "ReLU6", "Sigmoid", "SiLU", "Softmax", "Swish",
}  # fmt: skip
NO_LAYERS = {"CrossEntropyLoss", "MSELoss", "NLLLoss", "Module", "ModuleList", "Parameter", "Sequential", "init"}


def test_every_public_layer_is_here():
    of_folded = {name for name, value in vars(folded).items() if inspect.isclass(value) and value.__module__ == folded.__name__}
    assert {*LAYERS, *VECTORS, *ANY, *NO_LAYERS} == {*nn.__all__, *of_folded}
    for name in ANY - {"FoldedNorm"}:
        layer = getattr(nn, name)
        assert not list((layer(2) if "Pool2d" in name and name != "GlobalAvgPool2d" else layer()).parameters())


def each(table):
    return [pytest.param(make, id=f"{name} {i}") for name, makes in table.items() for i, make in enumerate(makes)]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("make", each(LAYERS))
def test_images(make, training):
    layer = make().train(training)
    assert layer(ones(2, C, 6, 6)).shape[0] == 2
    for others in OTHERS:
        for x in (ones(2, others, 6, 6), mm.Tensor(ones(3, others, 6, 6)), ones(2, others, 6, 6).tolist()):
            with pytest.raises(RuntimeError, match=rf"{type(layer).__name__}.* is made for {C} .*has {others}\b"):
                layer(x)
    with pytest.raises((RuntimeError, ValueError), match="single|4 axes|N, C, H, W|made for 8 input channels"):
        layer(ones(C, 6, 6)[:4])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("make", each(LAYERS))
@pytest.mark.parametrize("shape", [(), (C,), (2, C), (1, 2, C, 6, 6)], ids=str)
def test_images_have_four_axes(make, training, shape):
    with pytest.raises((RuntimeError, ValueError), match=r"4 axes|\(N, C, H, W\)"):
        make().train(training)(ones(*shape))


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool, np.float64])
@pytest.mark.parametrize("make", each({**LAYERS, **VECTORS}))
def test_dtypes(make, dtype):
    layer = make()
    shape = (2, C) if isinstance(layer, nn.Linear) else (2, C, 6, 6)
    if dtype is np.float64 and not list(layer.parameters()):
        assert layer(np.ones(shape)).dtype == dtype  # nothing of another dtype is there
        return
    with pytest.raises((TypeError, RuntimeError), match=f"{np.dtype(dtype)}"):
        layer(np.ones(shape, dtype))


@pytest.mark.parametrize("make", each(VECTORS))
def test_vectors(make):
    layer = make()
    for shape in [(), (C - 1,), (2, 1), (2, 2 * C), (C, 2)]:
        with pytest.raises(ValueError, match=f"in_features = {C}"):
            layer(ones(*shape))
    assert layer(ones(C)).shape == (layer.out_features,)


def test_the_functions_still_take_a_multiplier():
    assert mm.functional.depthwise_conv2d(ones(2, 4, 6, 6), ones(8, 1, 3, 3)).shape == (2, 8, 6, 6)
    assert mm.functional.mixconv2d(ones(2, 4, 6, 6), [ones(4, 1, 3, 3), ones(4, 1, 5, 5)]).shape == (2, 8, 6, 6)


def test_a_network_names_its_stem():
    with pytest.raises(RuntimeError, match=r"Conv2d is made for 3 input channels, but x \(2, 1, 32, 32\) has 1"):
        mm.models.create("mixnet_nano", width=0.5)(ones(2, 1, 32, 32))


def test_a_folded_multiplier_is_as_strict_as_the_layer_was():
    net = nn.Sequential(nn.DepthwiseConv2d(4, 3, multiplier=2), nn.BatchNorm2d(8)).eval()
    quick = mm.fold_batch_norm(net, (4, 6, 6))
    x = np.random.default_rng(0).standard_normal((2, 4, 6, 6)).astype(np.float32)
    np.testing.assert_allclose(quick(x).data, net(x).data, atol=1e-6)
    with pytest.raises(RuntimeError, match="made for 4 input channels, .* has 8"):
        quick(ones(2, 8, 6, 6))


def test_a_residual_is_not_broadcast():
    for norm in (nn.BatchNorm2d(4), folded.FoldedNorm()):
        with pytest.raises(ValueError, match=r"residual has shape \(1, 4, 1, 1\), expected \(2, 4, 6, 6\)"):
            norm(mm.Tensor(ones(2, 4, 6, 6)), residual=mm.Tensor(ones(1, 4, 1, 1)))
