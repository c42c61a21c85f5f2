"""Layers: that they pass everything on to ``functional``, what they refuse, and whole small nets beside PyTorch's."""

import inspect
import math

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix import nn, reference

rng = np.random.default_rng(0)
X = rng.standard_normal((2, 6, 9, 8))


def double(layer):
    return layer.double()


def test_dense_with_every_argument():
    layer = double(nn.Conv2d(6, 4, (3, 2), (2, 1), (1, 2), (1, 2), 2))
    layer.bias.data[...] = rng.standard_normal(4)
    expected = reference.conv2d(X, layer.weight.data, layer.bias.data, (2, 1), (1, 2), (1, 2), 2)
    np.testing.assert_allclose(layer(X).data, expected, atol=1e-12)
    assert layer.weight.shape == (4, 3, 3, 2) and not double(nn.Conv2d(6, 4, 3)).bias.data.any()
    assert nn.Conv2d(6, 4, 3, bias=False).bias is None
    same = double(nn.Conv2d(6, 4, 3, padding="same", bias=False))
    np.testing.assert_allclose(same(X).data, reference.conv2d(X, same.weight.data, padding=1), atol=1e-12)


def test_pointwise_with_every_argument():
    layer = double(nn.PointwiseConv2d(6, 4, 2))
    layer.bias.data[...] = rng.standard_normal(4)
    np.testing.assert_allclose(layer(X).data, reference.pointwise_conv2d(X, layer.weight.data, layer.bias.data, 2), atol=1e-12)
    assert list(nn.PointwiseConv2d(6, 4, bias=False).state_dict()) == ["weight"]


def test_depthwise_with_every_argument():
    layer = double(nn.DepthwiseConv2d(6, (5, 3), 2, (1, 3), 2, "tf_same"))
    expected = reference.depthwise_conv2d(X, layer.weight.data, 2, "tf_same", (1, 3))
    np.testing.assert_allclose(layer(X).data, expected, atol=1e-12)
    assert layer.weight.shape == (12, 1, 5, 3)


def test_mixed_with_every_argument():
    layer = double(nn.MixConv2d(6, (3, (5, 4), 2), 2, (1, 2, (1, 3)), (3, 1, 2), 2, "tf_same"))
    weights = [w.data for w in layer.weights]
    assert [w.shape for w in weights] == [(6, 1, 3, 3), (2, 1, 5, 4), (4, 1, 2, 2)]
    expected = reference.mixconv2d(X, weights, 2, "tf_same", [1, 2, (1, 3)])
    np.testing.assert_allclose(layer(X).data, expected, atol=1e-12)


def test_mixed_divides_channels_as_the_paper_says():
    assert nn.MixConv2d(32, (3, 5, 7, 9)).channels_per_group == (8, 8, 8, 8)
    assert nn.MixConv2d(32, (3, 5, 7, 9), partition="exponential").channels_per_group == (16, 8, 4, 4)
    assert nn.MixConv2d(11, (3, 5, 7)).channels_per_group == mm.partition(11, 3, "equal")


def test_names_of_the_weights_of_a_mixed_layer():
    assert list(nn.MixConv2d(6, (3, 5)).state_dict()) == ["0.weight", "1.weight"]
    assert list(nn.MixConv2d(6, (3,)).state_dict()) == list(nn.MixConv2d(6, 3).state_dict()) == ["weight"]
    layer = nn.MixConv2d(6, (3, 5))
    assert layer.weights == list(layer.parameters())


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: nn.Conv2d(6, 4, 3, groups=4), ValueError, "multiples of groups=4"),
        (lambda: nn.Conv2d(6, 4, 0), RuntimeError, "kernel_size must be 1 or more"),
        (lambda: nn.Conv2d(6, 4, 3, stride=0), RuntimeError, "stride"),
        (lambda: nn.Conv2d(6.0, 4, 3), TypeError, "in_channels must be"),
        (lambda: nn.Conv2d((6, 6), 4, 3), TypeError, "in_channels must be one integer"),
        (lambda: nn.PointwiseConv2d(6, 4, 4), ValueError, "multiples of groups=4"),
        (lambda: nn.DepthwiseConv2d(6, multiplier=0), RuntimeError, "multiplier must be 1 or more"),
        (lambda: nn.MixConv2d(6, ()), ValueError, "kernel_sizes is empty"),
        (lambda: nn.MixConv2d(6, [(3,), (5, 7)]), ValueError, "a layer has one list of them"),
        (lambda: nn.MixBlock(6, 6, [(3, 5), (3, 5, 7)]), ValueError, "a layer has one list of them"),
        (lambda: nn.MixConv2d(6, (3, 5), dilation=(1, 2, 3)), ValueError, "3 entries for 2 kernel sizes"),
        (lambda: nn.MixConv2d(6, (3, 5), partition=(3, 4)), ValueError, r"partition \(3, 4\).*6 channels in all"),
        (lambda: nn.MixConv2d(6, (3, 5), partition=(6,)), ValueError, "each of the 2 kernel sizes"),
        (lambda: nn.MixConv2d(2, (3, 5, 7)), ValueError, "2"),
        (lambda: nn.Dropout(1.5), ValueError, "between 0 and 1"),
        (lambda: nn.Dropout("half"), TypeError, "dropout probability must be a number, got .half. of type str"),
        (lambda: nn.Dropout(float("nan")), ValueError, "must be finite"),
        (lambda: nn.BatchNorm2d(4, eps="small"), TypeError, "eps must be a number"),
        (lambda: nn.BatchNorm2d(4, eps=-1e-5), ValueError, "eps must not be negative"),
        (lambda: nn.BatchNorm2d(4, momentum=True), TypeError, "momentum must be a number"),
        (lambda: nn.BatchNorm2d(4, activation="gelu"), ValueError, "activation .gelu., expected one of identity, relu,"),
        (lambda: nn.SqueezeExcite(4, 2, "gelu"), ValueError, "activation .gelu., expected one of identity, relu,"),
        (lambda: nn.MixBlock(4, 4, se="half"), TypeError, "se must be a number"),
        (lambda: nn.Conv2d(3, 4, 3)(np.ones((1, 6, 8, 8), np.float32)), RuntimeError, "3 input channels"),
        (lambda: nn.Conv2d(6, 4, 3)(X), RuntimeError, "x is float64 but weight is float32"),
    ],
)
def test_refusals(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_linear_without_inputs_or_outputs_is_one():
    assert nn.Linear(0, 3)(np.zeros((2, 0), np.float32)).shape == (2, 3)
    assert nn.Linear(3, 0)(np.zeros((2, 3), np.float32)).shape == (2, 0)


def test_initial_weights():
    """MixNet's: normal, variance 2 / fan_out. For a depthwise kernel that is the kernel's size."""
    for layer, fan_out in (
        (nn.Conv2d(32, 64, 3), 9 * 64),
        (nn.Conv2d(32, 64, 3, groups=4), 9 * 16),
        (nn.PointwiseConv2d(64, 128), 128),
        (nn.DepthwiseConv2d(256, 5), 25),
        (nn.MixConv2d(512, (5, 7)), 25),
    ):
        weight = next(layer.parameters()).data
        assert weight.dtype == np.float32 and weight.std() == pytest.approx(math.sqrt(2 / fan_out), rel=0.05)
    bound = nn.Linear(100, 50).weight.data
    assert 0.098 < np.abs(bound).max() <= 0.1
    mm.manual_seed(5)
    a = nn.Conv2d(3, 4, 3).weight.data
    mm.manual_seed(5)
    np.testing.assert_array_equal(nn.Conv2d(3, 4, 3).weight.data, a)
    assert not np.array_equal(nn.Conv2d(3, 4, 3).weight.data, a)


@pytest.mark.parametrize(
    "layer, function",
    [
        (nn.ReLU(), F.relu), (nn.ReLU6(), F.relu6), (nn.Sigmoid(), F.sigmoid), (nn.Swish(), F.swish), (nn.SiLU(), F.swish),
        (nn.HardSwish(), F.hard_swish), (nn.Softmax(1), lambda x: F.softmax(x, 1)), (nn.Flatten(), lambda x: F.flatten(x, 1)),
        (nn.Flatten(2, 3), lambda x: F.flatten(x, 2, 3)), (nn.GlobalAvgPool2d(), F.global_avg_pool2d),
        (nn.MaxPool2d(3, 2, 1), lambda x: F.max_pool2d(x, 3, 2, 1)), (nn.MaxPool2d(2), lambda x: F.max_pool2d(x, 2)),
        (nn.MaxPool2d(2, 3, 1, 2, True), lambda x: F.max_pool2d(x, 2, 3, 1, 2, True)),
        (nn.AvgPool2d(3, 2, 1), lambda x: F.avg_pool2d(x, 3, 2, 1)),
        (nn.AvgPool2d(3, 2, 1, True, False), lambda x: F.avg_pool2d(x, 3, 2, 1, True, False)),
    ],
    ids=lambda v: repr(v) if isinstance(v, nn.Module) else "",
)  # fmt: skip
def test_layers_without_weights(layer, function):
    np.testing.assert_array_equal(layer(X * 4).data, function(X * 4).data)
    assert not layer.state_dict()


def test_every_layer_shows_an_example():
    layers = [value for value in vars(nn).values() if inspect.isclass(value) and issubclass(value, (nn.Module, nn.Parameter))]
    assert len(layers) > 20
    assert not [layer.__name__ for layer in layers if ">>>" not in (layer.__doc__ or "")]


# -- batch norm as a layer ---------------------------------------------------------------------------------------------


def test_batch_norm_without_affine_or_statistics():
    x = X.astype(np.float32)
    plain = nn.BatchNorm2d(6, affine=False, track_running_stats=False)
    assert not plain.state_dict()
    np.testing.assert_allclose(plain(x).data, reference.batch_norm(X, training=True), atol=1e-5)
    np.testing.assert_array_equal(plain.eval()(x).data, plain.train()(x).data)  # the batch's statistics, always
    assert list(nn.BatchNorm2d(6, affine=False).state_dict()) == ["running_mean", "running_var", "num_batches_tracked"]
    assert list(nn.BatchNorm2d(6).state_dict())[:2] == ["weight", "bias"]


def test_plain_average_of_all_batches():
    norm = nn.BatchNorm2d(6, momentum=None)
    batches = [X.astype(np.float32) * k for k in (1, 2, 5)]
    for x in batches:
        norm(x)
    np.testing.assert_allclose(norm.running_mean, np.mean([x.mean(axis=(0, 2, 3)) for x in batches], axis=0), rtol=1e-5)
    np.testing.assert_allclose(norm.running_var, np.mean([x.var(axis=(0, 2, 3), ddof=1) for x in batches], axis=0), rtol=1e-5)
    before = norm.running_mean.copy()
    norm.eval()(batches[0])
    np.testing.assert_array_equal(norm.running_mean, before)
    assert norm.num_batches_tracked == 3


# -- dropout -----------------------------------------------------------------------------------------------------------


def test_dropout():
    x = np.ones((200, 200), np.float32)
    out = nn.Dropout(0.25)(x).data
    assert set(np.unique(out)) == {0, np.float32(1 / 0.75)} and (out == 0).mean() == pytest.approx(0.25, abs=0.02)
    np.testing.assert_array_equal(nn.Dropout(0.25).eval()(x).data, x)
    np.testing.assert_array_equal(nn.Dropout(0.0)(x).data, x)
    assert not nn.Dropout(1.0)(x).data.any()
    a, b = (nn.Dropout(0.5, np.random.default_rng(3))(x).data for _ in range(2))
    np.testing.assert_array_equal(a, b)


# -- whole nets beside PyTorch's ---------------------------------------------------------------------------------------


def test_a_small_net_as_torch():
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)  # its threads spin: on a busy machine a hundred times slower
    ours = nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 5, padding=2, groups=8, bias=False),
        nn.BatchNorm2d(8, momentum=0.3), nn.ReLU6(), nn.MaxPool2d(2), nn.Conv2d(8, 12, 1, groups=2), nn.SiLU(),
        nn.AvgPool2d(2, 1), nn.HardSwish(), nn.Flatten(), nn.Linear(12 * 9, 7), nn.Sigmoid(),
    ).double()  # fmt: skip
    theirs = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, 2, 1), torch.nn.BatchNorm2d(8), torch.nn.ReLU(),
        torch.nn.Conv2d(8, 8, 5, padding=2, groups=8, bias=False), torch.nn.BatchNorm2d(8, momentum=0.3), torch.nn.ReLU6(),
        torch.nn.MaxPool2d(2), torch.nn.Conv2d(8, 12, 1, groups=2), torch.nn.SiLU(), torch.nn.AvgPool2d(2, 1),
        torch.nn.Hardswish(), torch.nn.Flatten(), torch.nn.Linear(12 * 9, 7), torch.nn.Sigmoid(),
    ).double()  # fmt: skip
    ours.load_state_dict(theirs.state_dict())  # the same names, in the same order
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    for training in (True, True, False):
        ours.train(training), theirs.train(training)
        x = rng.standard_normal((5, 3, 16, 16))
        mine, peer = mm.Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        a, b = ours(mine), theirs(peer)
        np.testing.assert_allclose(a.data, b.detach().numpy(), rtol=1e-11, atol=1e-12)
        ours.zero_grad(), theirs.zero_grad()
        gradient = rng.standard_normal(a.shape)
        a.backward(gradient), b.backward(torch.tensor(gradient))
        np.testing.assert_allclose(mine.grad, peer.grad.numpy(), rtol=1e-9, atol=1e-12)
        for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            np.testing.assert_allclose(p.grad, q.grad.numpy(), rtol=1e-9, atol=1e-12, err_msg=name)
        for name, value in theirs.state_dict().items():
            np.testing.assert_allclose(ours.state_dict()[name], value.numpy(), rtol=1e-12, err_msg=name)


def test_arguments_of_constructors_say_what_they_are():
    layers = [getattr(nn, name) for name in nn.__all__ if isinstance(getattr(nn, name), type)]
    assert len(layers) > 20
    for layer in layers:
        for name, argument in inspect.signature(layer).parameters.items():
            assert argument.annotation is not argument.empty or name == "data", f"{layer.__name__}({name})"
