"""MixNet's blocks: the fast way through a block against the plain composition of its layers."""

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix import nn
from minimix.functional.block import MixBlockCall
from minimix.ops.activation import ACTIVATIONS

rng = np.random.default_rng(0)


def composed(block, x):
    """MixBlock as its docstring says, layer by layer."""
    if block.expands:
        y = block.bn2(block.conv_dw(block.bn1(block.conv_pw(x))))
        y = block.bn3(block.conv_pwl(y if block.se is None else block.se(y)))
    else:
        y = block.bn1(block.conv_dw(x))
        y = block.bn2(block.conv_pw(y if block.se is None else block.se(y)))
    return x + y if block.has_skip else y


def run(function, block, x, gradient_seed=1):
    """Output, gradients of x and of all parameters, buffers afterwards."""
    tensor = mm.Tensor(x, requires_grad=True)
    block.zero_grad()
    out = function(tensor)
    out.backward(np.random.default_rng(gradient_seed).standard_normal(out.shape).astype(out.dtype))
    found = {"output": out.data, "input": tensor.grad}
    found |= {f"gradient of {name}": p.grad for name, p in block.named_parameters()}
    return found | {name: np.array(buffer) for name, buffer in block.named_buffers()}


def randomised(block, dtype=np.float64):
    """Affine parameters and statistics that are not all ones and zeros."""
    block.to(dtype)
    for module in block.modules():
        if isinstance(module, nn.BatchNorm2d):
            n = module.num_features
            module.weight.data[...], module.bias.data[...] = 1 + rng.standard_normal(n) / 2, rng.standard_normal(n)
            module.running_mean[...], module.running_var[...] = rng.standard_normal(n), rng.uniform(0.5, 2, n)
    return block


OPTIONS = [
    {},
    {"expansion": 1},
    {"expansion": 1, "se": 0.5, "out_activation": "relu6", "skip": False},
    {"stride": 2, "se": 0.5},
    {"stride": 3, "kernel_sizes": (3, 4)},
    {"stride": (1, 2), "kernel_sizes": (3,), "padding": "tf_same"},
    {"expansion": 2, "kernel_sizes": (3, 3), "padding": [1, 1]},
    {"expansion": 3, "activation": "relu", "expand_groups": 2, "project_groups": 2},
    {"expansion": 2, "activation": "hard_swish", "dilation": (1, 2, 9)},
    {"expansion": 2, "activation": "identity", "se": 0.25},
    {"expansion": 2, "activation": "relu6", "partition": "exponential", "momentum": 0.5, "eps": 1e-3, "se": 0.25},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: " ".join(f"{k}={v}" for k, v in o.items()) or "default")
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("out_channels", [8, 6])
def test_a_block_is_its_layers_one_after_the_other(options, training, out_channels):
    block = randomised(nn.MixBlock(8, out_channels, **options)).train(training)
    twin = randomised(nn.MixBlock(8, out_channels, **options)).train(training)
    twin.load_state_dict(block.state_dict())
    x = rng.standard_normal((3, 8, 9, 7))
    found, expected = run(block, block, x), run(lambda t: composed(twin, t), twin, x)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-9, atol=1e-10, err_msg=name)


def test_in_float32():
    block, twin = (randomised(nn.MixBlock(16, 16, (3, 5, 7), expansion=3, se=0.5), np.float32) for _ in range(2))
    twin.load_state_dict(block.state_dict())
    x = rng.standard_normal((33, 16, 12, 12)).astype(np.float32)
    found, expected = run(block, block, x), run(lambda t: composed(twin, t), twin, x)
    for name, array in expected.items():
        scale = np.abs(array).max()
        np.testing.assert_allclose(found[name], array, rtol=0, atol=2e-4 * max(1, scale), err_msg=name)


@pytest.mark.parametrize("fused", [True, False])
def test_nested_lists_are_taken_as_elsewhere(fused):
    block, x = nn.MixBlock(4, 4, (3, 5), expansion=2, se=0.5).eval(), np.ones((1, 4, 5, 5), np.float32)
    block.fused = fused
    assert np.array_equal(block(x.tolist()).data, block(x).data)


@pytest.mark.parametrize("trained", ["bn1.weight", "conv_dw.1.weight", "bn2.bias", "conv_pw.weight", "conv_pwl.weight"])
def test_only_one_parameter_is_trained(trained):
    block = randomised(nn.MixBlock(8, 8, (3, 5), expansion=2))
    x = rng.standard_normal((3, 8, 6, 6))
    full = run(block, block, x)
    block.requires_grad_(False)
    parameter = block.get_parameter(trained)
    parameter.requires_grad = True
    block.zero_grad()
    out = block(x)
    out.backward(np.random.default_rng(1).standard_normal(out.shape))
    np.testing.assert_allclose(parameter.grad, full[f"gradient of {trained}"], rtol=1e-12, atol=1e-13)
    assert all(p.grad is None for p in block.parameters() if p is not parameter)


def test_nan_goes_through():
    block = nn.MixBlock(8, 8, (3, 5), expansion=2).eval()
    x = np.zeros((2, 8, 9, 9), np.float32)
    x[1, 3, 4, 4] = np.nan
    out = block(x).data
    assert np.isnan(out[1]).any() and np.isfinite(out[0]).all()
    assert np.isnan(block.train()(x).data).all()


def test_an_empty_batch():
    block = nn.MixBlock(8, 8, (3, 5), expansion=2, se=0.5)
    before = [buffer.copy() for buffer in (block.bn1.running_mean, block.bn2.running_var, block.bn3.running_mean)]
    for training in (True, False):
        x = mm.Tensor(np.zeros((0, 8, 6, 6), np.float32), requires_grad=True)
        out = block.train(training)(x)
        out.backward(np.zeros(out.shape, np.float32))
        assert out.shape == x.grad.shape == (0, 8, 6, 6)
    for a, b in zip(before, (block.bn1.running_mean, block.bn2.running_var, block.bn3.running_mean), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_single_value_a_channel_is_refused_in_training_wherever_it_arises():
    block = nn.MixBlock(8, 8, (3, 5), stride=2, expansion=2)
    with pytest.raises(ValueError, match="more than one value a channel"):
        block(np.ones((1, 8, 2, 2), np.float32))  # the depthwise convolution leaves one pixel of one image
    assert block.eval()(np.ones((1, 8, 2, 2), np.float32)).shape == (1, 8, 1, 1)


@pytest.mark.parametrize("expansion, se, expected", [
    (2, 0.5, "conv_pw.0 conv_pw.1 bn1 conv_dw.0 conv_dw.1 bn2 se.conv_reduce se.conv_expand conv_pwl.0 conv_pwl.1 bn3"),
    (1, 0.5, "conv_dw.0 conv_dw.1 bn1 se.conv_reduce se.conv_expand conv_pw.0 conv_pw.1 bn2"),
])  # fmt: skip
def test_names_are_those_of_pytorch_image_models(expansion, se, expected):
    block = nn.MixBlock(8, 12, (3, 5), expansion=expansion, se=se, expand_groups=2, project_groups=2)
    names = [name.removesuffix(".weight") for name, _ in block.named_parameters() if name.endswith("weight")]
    assert names == expected.split()
    assert [w.shape[0] for w in block.project.weights] == [6, 6] and block.norms[2].num_features == 12
    assert block.expand is (block.conv_pw if expansion > 1 else None)


def test_a_pointwise_convolution_with_a_weight_for_each_group():
    whole, split = nn.PointwiseConv2d(6, 4, groups=2), nn.PointwiseConv2d(6, 4, groups=2, split=True)
    assert {name: array.shape for name, array in split.state_dict().items()} == {
        "0.weight": (2, 3, 1, 1),
        "1.weight": (2, 3, 1, 1),
        "bias": (4,),
    }
    whole.weight.data = np.concatenate([weight.data for weight in split.weights])
    whole.bias.data[...] = split.bias.data[...] = rng.standard_normal(4)
    x = rng.standard_normal((2, 6, 5, 3)).astype(np.float32)
    found, expected = run(split, split, x), run(whole, whole, x)
    np.testing.assert_array_equal(found["output"], expected["output"])
    halves = found["gradient of 0.weight"], found["gradient of 1.weight"]
    np.testing.assert_allclose(np.concatenate(halves), expected["gradient of weight"], rtol=1e-6)
    assert list(nn.PointwiseConv2d(6, 4, split=True, bias=False).state_dict()) == ["weight"]
    with pytest.raises(ValueError, match="multiples of groups=4"):
        nn.PointwiseConv2d(8, 6, groups=4, split=True)


def test_where_a_block_expands_and_skips():
    assert not nn.MixBlock(8, 8, skip=False).has_skip
    assert nn.MixBlock(8, 8, stride=(1, 1)).has_skip and not nn.MixBlock(8, 8, stride=(1, 2)).has_skip
    assert next(iter(nn.MixBlock(8, 8, 3, expansion=1).state_dict())) == "conv_dw.weight"
    assert nn.MixBlock(8, 8).has_skip and not nn.MixBlock(8, 8, stride=2).has_skip and not nn.MixBlock(8, 9).has_skip
    assert nn.MixBlock(8, 8, se=0.0).se is None
    assert nn.MixBlock(8, 8, expansion=6, se=0.5).se.conv_reduce.weight.shape == (4, 48, 1, 1)  # half of 8, not of 48


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "identity"])
def test_squeeze_and_excite(activation):
    layer = nn.SqueezeExcite(6, 3, activation).double()
    x = rng.standard_normal((4, 6, 5, 5))
    reduce, expand = layer.conv_reduce, layer.conv_expand
    hidden = x.mean(axis=(2, 3)) @ reduce.weight.data[:, :, 0, 0].T + reduce.bias.data
    hidden = getattr(mm.reference, activation)(hidden)
    gate = mm.reference.sigmoid(hidden @ expand.weight.data[:, :, 0, 0].T + expand.bias.data)
    np.testing.assert_allclose(layer(x).data, x * gate[:, :, None, None], rtol=1e-12)
    assert list(layer.state_dict()) == ["conv_reduce.weight", "conv_reduce.bias", "conv_expand.weight", "conv_expand.bias"]


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-10), (np.float32, 1e-5)])
@pytest.mark.parametrize("images", [1, 4, 19])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_squeeze_and_excite_is_its_parts(activation, images, dtype, tolerance):
    """Values and gradients are those of means, two linear layers and a product."""
    random = np.random.default_rng(images)
    shapes = (images, 13, 5, 6), (7, 13, 1, 1), (7,), (13, 7, 1, 1), (13,)
    arrays = [random.standard_normal(shape).astype(dtype) for shape in shapes]
    cotangent = random.standard_normal(shapes[0]).astype(dtype)

    def parts(x, first, b1, second, b2):
        hidden = F.linear(x.mean((2, 3)), first.reshape(7, 13), b1)
        hidden = hidden if activation == "identity" else getattr(F, activation)(hidden)
        return x * F.sigmoid(F.linear(hidden, second.reshape(13, 7), b2)).reshape(images, 13, 1, 1)

    found, expected = [], []
    for results, function in ((found, lambda *a: F.squeeze_excite(*a, activation)), (expected, parts)):
        tensors = [mm.Tensor(array, requires_grad=True) for array in arrays]
        out = function(*tensors)
        out.backward(cotangent)
        results += [out.data, *(tensor.grad for tensor in tensors)]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * np.abs(theirs).max())


def test_squeeze_and_excite_of_no_image():
    layer = nn.SqueezeExcite(6, 3)
    x = mm.Tensor(np.zeros((0, 6, 5, 5), np.float32), requires_grad=True)
    layer(x).sum().backward()
    assert x.grad.shape == x.shape and not layer.conv_expand.bias.grad.any()


def test_blocks_learn():
    """Plain gradient descent lowers the loss: signs, scales and places of all gradients belong together."""
    block = nn.Sequential(nn.MixBlock(4, 6, (3, 5), expansion=2, se=0.5), nn.GlobalAvgPool2d(), nn.Linear(6, 3))
    labels = np.arange(12) % 3
    x = np.random.default_rng(0).standard_normal((12, 4, 6, 6)).astype(np.float32)
    x[np.arange(12), labels] += 0.5  # each class a little brighter in a channel of its own
    losses = []
    for _ in range(60):
        block.zero_grad()
        loss = F.cross_entropy(block(x), labels)
        loss.backward()
        losses.append(loss.item())
        for p in block.parameters():
            p.data -= 0.3 * p.grad
    assert losses[-1] < 0.3 * losses[0]


# -- in one go while the op can describe the layers, else one after the other ------------------------------------------------


@pytest.fixture
def calls(monkeypatch):
    """One entry for every block that runs in one go."""
    found, real = [], MixBlockCall.__call__
    monkeypatch.setattr(MixBlockCall, "__call__", lambda call, x: (found.append(1), real(call, x))[1])
    return found


def compare_with_layers(change, steps):
    """Some training steps of a block that ``change`` was done to, and of its twin that runs layer by layer."""
    block, twin = (randomised(nn.MixBlock(8, 8, (3, 5), expansion=2, se=0.5)) for _ in range(2))
    change(block), change(twin)
    twin.load_state_dict(block.state_dict())
    twin.fused = False
    for seed in range(steps):
        x = rng.standard_normal((3, 8, 6, 6))
        found, expected = run(block, block, x, seed), run(twin, twin, x, seed)
        for name, array in expected.items():
            np.testing.assert_allclose(found[name], array, rtol=1e-9, atol=1e-10, err_msg=name)


class Squared(nn.Module):
    """A layer of one's own around another."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x, **options):
        y = self.layer(x, **options)
        return y * y


class MyNorm(nn.BatchNorm2d):
    def forward(self, x, residual=None):
        return 3 * super().forward(x, residual)


class MyPointwise(nn.PointwiseConv2d):
    def forward(self, x):
        return super().forward(x) - 1


def multiplied(block):
    """8 channels inside, of which the depthwise convolution makes 16."""
    block.conv_pw, block.bn1 = nn.PointwiseConv2d(8, 8, bias=False).double(), nn.BatchNorm2d(8).double()
    block.conv_dw = nn.MixConv2d(8, (3, 5), multiplier=2).double()


def replaced(name, make):
    return lambda block: setattr(block, name, make(getattr(block, name)).double())


LAYERED = {
    "the depthwise convolution": replaced("conv_dw", Squared),
    "the depthwise convolution by one with a multiplier": multiplied,
    "the expansion": replaced("conv_pw", Squared),
    "the expansion by a kind of it": replaced("conv_pw", lambda old: MyPointwise(8, 16, bias=False)),
    "the projection by one with a bias": replaced("conv_pwl", lambda old: nn.PointwiseConv2d(16, 8)),
    "the projection by one whose groups share a weight": replaced(
        "conv_pwl", lambda old: nn.PointwiseConv2d(16, 8, 2, bias=False)
    ),
    "the first norm": replaced("bn1", lambda old: nn.Swish()),
    "the second norm by a kind of it": replaced("bn2", lambda old: MyNorm(16)),
    "the third norm": replaced("bn3", Squared),
    "the gate": replaced("se", Squared),
    "the gate by an activation": replaced("se", lambda old: nn.ReLU6()),
    "a norm without parameters": replaced("bn2", lambda old: nn.BatchNorm2d(16, affine=False, activation="swish")),
    "a norm without statistics": replaced("bn1", lambda old: nn.BatchNorm2d(16, track_running_stats=False)),
    **{f"{name} frozen": lambda block, name=name: getattr(block, name).eval() for name in ("bn1", "bn2", "bn3")},
    "a norm that trains alone": lambda block: (block.eval(), block.bn2.train()),
    "on request": lambda block: setattr(block, "fused", False),
}
IN_ONE_GO = {
    "as made": lambda block: None,
    "plain averages": lambda block: [setattr(norm, "momentum", None) for norm in block.norms],
    "no gate any more": lambda block: setattr(block, "se", None),
    "in evaluation": lambda block: block.eval(),
    "other kernels": replaced("conv_dw", lambda old: nn.MixConv2d(16, (7, 1), dilation=(1, 2), padding="tf_same")),
    "another norm": replaced("bn2", lambda old: nn.BatchNorm2d(16, 1e-2, 0.7, activation="hard_swish")),
    "another gate": replaced("se", lambda old: nn.SqueezeExcite(16, 5, "relu")),
}


@pytest.mark.parametrize("name", LAYERED)
def test_a_block_with_other_layers_runs_them(name, calls):
    compare_with_layers(LAYERED[name], steps=2)
    assert not calls


@pytest.mark.parametrize("name", IN_ONE_GO)
def test_a_block_that_the_op_can_describe_runs_in_one_go(name, calls):
    compare_with_layers(IN_ONE_GO[name], steps=3)
    assert len(calls) == 3


def test_complex_numbers_go_through_the_layers(calls):
    block = randomised(nn.MixBlock(8, 8, (3, 5), expansion=2, se=0.5)).eval()
    x = rng.standard_normal((3, 8, 6, 6))
    expected = block(x).data
    for parameter in block.parameters():
        parameter.data = parameter.data + 0j
    found = block(x + 0j).data
    assert len(calls) == 1 and found.dtype == np.complex128
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)
