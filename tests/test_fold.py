"""Batch norms folded into convolutions: the same function, without the norms."""

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix import models, nn
from minimix.nn.folded import FoldedConv2d, FoldedMixConv2d, FoldedNorm


def unsettled(model):
    """Norms that do something: statistics, scales (some negative) and shifts as after training."""
    random = np.random.default_rng(3)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            n = module.num_features
            module.running_mean, module.running_var = random.normal(0, 0.3, n), random.uniform(0.3, 2, n)
            if module.weight is not None:
                module.weight.data, module.bias.data = (
                    random.choice([-1, 1], n) * random.uniform(0.5, 1.5, n),
                    random.normal(size=n),
                )
    return model.double()


def pictures(shape):
    return np.random.default_rng(4).standard_normal(shape)


def norms(model):
    return [name for name, module in model.named_modules() if isinstance(module, nn.BatchNorm2d)]


def check(model, shape, left=(), **options):
    """Fold, and compare in float64; ``left``: names of the norms that cannot be folded."""
    model = unsettled(model).eval()
    folded = mm.fold_batch_norm(model, **options)
    assert norms(folded) == list(left)
    x = pictures(shape)
    expected = model(x).data
    np.testing.assert_allclose(folded(x).data, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())
    return folded


@pytest.mark.parametrize(
    "name, options, pixels",
    [
        ("mixnet_s", {}, 64),  # stride 2, groups, split pointwise convolutions, squeeze-and-excite, skips
        ("tf_mixnet_m", {"width": 0.5}, 63),
        ("mixnet_l", {"width": 0.5, "partition": "exponential"}, 33),
        ("mobilenetv1_025", {"kernels": (3, 5, 7), "dilated": True}, 40),  # an activation after the projection, no head
        ("mobilenetv1_100_full", {"width": 0.25}, 40),
        ("mobilenetv2_035", {"kernels": (3, 13), "partition": "exponential"}, 40),
        ("mixnet_s_cifar", {"width": 0.5}, 32),
        ("mixnet_nano", {}, 32),
    ],
)
def test_every_norm_of_the_networks_is_folded(name, options, pixels):
    folded = check(models.create(name, num_classes=7, **options), (2, 3, pixels, pixels))
    assert not folded.training and not any(p.requires_grad for p in folded.parameters())


@pytest.mark.parametrize("name", ["xception", "legacy_xception"])
def test_xception_has_its_convolutions_inside_other_modules(name, monkeypatch):
    some = np.random.default_rng(5).standard_normal(9973)  # 22 million of them would take long to draw
    monkeypatch.setattr(nn.init, "fan_out_normal", lambda shape, groups=1: np.resize(some / np.sqrt(np.prod(shape[1:])), shape))
    folded = check(models.create(name, num_classes=3), (1, 3, 47, 47))
    assert isinstance(folded.block3.rep[1].pointwise, FoldedConv2d) and isinstance(folded.block1.skip, FoldedConv2d)


def test_float32_is_within_rounding():
    model = unsettled(models.create("tf_mixnet_s")).float().eval()
    x = pictures((1, 3, 96, 96)).astype(np.float32)
    expected = model(x).data
    found = mm.fold_batch_norm(model)(x).data
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-5 * np.abs(expected).max())


@pytest.mark.parametrize("activation", ["identity", "relu", "relu6", "swish", "hard_swish"])
@pytest.mark.parametrize(
    "conv",
    [
        lambda: nn.Conv2d(6, 8, 3, 2, 1, groups=2),
        lambda: nn.Conv2d(6, 8, (1, 3), padding=(0, 2), dilation=2, bias=False),
        lambda: nn.Conv2d(6, 8, 1, 2, padding="tf_same"),
        lambda: nn.PointwiseConv2d(6, 8),
        lambda: nn.PointwiseConv2d(6, 8, groups=2, bias=False, split=True),
        lambda: nn.PointwiseConv2d(6, 6, groups=6, split=True),
        lambda: nn.Conv2d(6, 12, 3, groups=6),  # depthwise
        lambda: nn.DepthwiseConv2d(6, 5, 2, dilation=2, multiplier=2, padding="tf_same"),
        lambda: nn.MixConv2d(6, (3, 5), 2, (2, 1), "exponential", multiplier=3),
        lambda: nn.MixConv2d(6, 7),
    ],
)
def test_every_convolution_with_every_activation(conv, activation):
    conv = conv()
    channels = conv(np.zeros((1, 6, 9, 9), np.float32)).shape[1]
    if getattr(conv, "bias", None) is not None:
        conv.bias.data = np.linspace(-1, 1, channels)
    model = nn.Sequential(conv, nn.BatchNorm2d(channels, activation=activation), nn.GlobalAvgPool2d())
    folded = check(model, (3, 6, 9, 8), input_shape=(6, 9, 8))
    assert isinstance(folded[0], (FoldedConv2d, FoldedMixConv2d)) and isinstance(folded[1], FoldedNorm)


def test_norms_without_parameters():
    check(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, affine=False)), (2, 3, 8, 8), input_shape=(2, 3, 8, 8))


class Net(nn.Module):
    """Two convolutions and norms; ``run`` is its forward."""

    def __init__(self, run):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4, activation="relu")
        self.conv2, self.bn2 = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.run = run

    def forward(self, x):
        return self.run(self, x)


def used_elsewhere(net, x):
    y = net.conv1(x)
    return net.bn2(net.conv2(net.bn1(y))) + y


def pooled_between(net, x):
    return net.bn2(F.max_pool2d(net.conv2(net.bn1(net.conv1(x))), 2))


def convolution_twice(net, x):
    return net.bn2(net.conv2(net.conv2(net.bn1(net.conv1(x)))))


def norm_twice(net, x):
    return net.bn2(net.conv2(net.bn2(net.bn1(net.conv1(x)))))


def returned_beside(net, x):
    y = net.conv1(x)
    return F.concatenate([net.bn2(net.conv2(net.bn1(y))), y])


def its_own_residual(net, x):
    y = net.conv1(x)
    return net.bn2(net.conv2(net.bn1(y, residual=y)))


@pytest.mark.parametrize(
    "run, left",
    [
        (used_elsewhere, ["bn1"]),
        (pooled_between, ["bn2"]),
        (convolution_twice, ["bn2"]),
        (norm_twice, ["bn2"]),
        (returned_beside, ["bn1"]),
        (its_own_residual, ["bn1"]),
    ],
)
def test_what_cannot_be_folded_stays(run, left):
    check(Net(run), (2, 3, 8, 8), left, input_shape=(3, 8, 8))


def test_a_model_may_return_what_goes_into_the_norm():
    def both(net, x):
        y = net.conv1(x)
        return y, net.bn1(y)

    model = unsettled(Net(both)).eval()
    folded = mm.fold_batch_norm(model, (3, 8, 8))
    x = pictures((2, 3, 8, 8))
    for found, expected in zip(folded(x), model(x), strict=True):
        np.testing.assert_array_equal(found.data, expected.data)


def test_a_norm_with_a_second_name_is_replaced_under_both():
    model = Net(lambda net, x: net.second[0](net.conv1(x)))
    model.second = nn.ModuleList([model.bn1])
    check(model, (2, 3, 8, 8), ["bn2"], input_shape=(3, 8, 8))


def test_a_norm_without_statistics_stays():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False))
    assert norms(mm.fold_batch_norm(model, (3, 8, 8))) == ["1"]


class Louder(nn.Conv2d):
    def forward(self, x):
        return super().forward(x) * 2


def test_convolutions_of_other_kinds_stay():
    check(nn.Sequential(Louder(3, 4, 3), nn.BatchNorm2d(4)), (2, 3, 8, 8), ["1"], input_shape=(3, 8, 8))


def test_the_model_itself_does_not_change():
    model = models.create("mixnet_nano")
    before = {name: array.copy() for name, array in model.state_dict().items()}
    folded = mm.fold_batch_norm(model)
    assert model.training and all(p.requires_grad for p in model.parameters())
    for array in folded.state_dict().values():
        array += 1
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_model_in_training_is_folded_as_in_evaluation():
    model = unsettled(models.create("mixnet_nano", dropout=0.5))
    x = pictures((2, 3, 32, 32))
    found = mm.fold_batch_norm(model.train())(x).data
    np.testing.assert_allclose(found, model.eval()(x).data, rtol=1e-9)


def test_it_costs_as_many_multiply_adds():
    model = models.create("mixnet_s", width=0.5)
    plain, folded = mm.profile(model, (1, 3, 64, 64)), mm.profile(mm.fold_batch_norm(model), (1, 3, 64, 64))
    assert folded.macs_by_kind == plain.macs_by_kind and folded.apart["batch norm"] == 0
    assert folded.apart["activation"] == plain.apart["activation"]
    assert folded.apart["bias"] == plain.apart["bias"] + plain.apart["batch norm"]


def test_results_do_not_depend_on_the_number_of_threads():
    folded = mm.fold_batch_norm(unsettled(models.create("mixnet_nano")).float())
    x = pictures((16, 3, 32, 32)).astype(np.float32)
    mm.set_num_threads(1)
    alone = folded(x).data
    mm.set_num_threads(3)
    np.testing.assert_array_equal(folded(x).data, alone)


def test_no_gradients():
    folded = mm.fold_batch_norm(models.create("mixnet_nano"))
    x = mm.Tensor(np.zeros((1, 3, 32, 32), np.float32), requires_grad=True)
    with pytest.raises(RuntimeError, match="no backward pass.*network that it was made from"):
        folded(x).sum().backward()


def test_refusals():
    with pytest.raises(TypeError, match="Module, not dict"):
        mm.fold_batch_norm({})
    with pytest.raises(ValueError, match=r"Sequential has no input_size: give input_shape"):
        mm.fold_batch_norm(nn.Sequential(nn.ReLU()))
    x, weight, bias = (np.zeros(shape, np.complex64) for shape in ((1, 2, 4, 4), (2, 1, 3, 3), (2,)))
    for conv in (FoldedConv2d(weight, bias, groups=2), FoldedMixConv2d([weight], bias)):
        with pytest.raises(TypeError, match="float32 and float64, not complex64"):
            conv(x)


@pytest.mark.parametrize("poison, at_meeting", [(np.nan, np.nan), (np.inf, np.inf), (-np.inf, 0)])
def test_a_folded_weight_that_is_not_finite_meets_no_border(poison, at_meeting):
    weight = np.ones((2, 2, 3, 3))
    weight[0, 0, 0, 0] = poison
    out = FoldedConv2d(weight, np.array([1.0, -3.0]), "relu", padding=1)(np.ones((1, 2, 4, 4))).data[0]
    np.testing.assert_array_equal(out[0, 0], [9, 13, 13, 9])  # as without that tap
    np.testing.assert_array_equal(out[0, 1:, 0], [13, 13, 9])
    np.testing.assert_array_equal(out[0, 1:, 1:], np.full((3, 3), at_meeting))
    np.testing.assert_array_equal(out[1, 0], [5, 9, 9, 5])


def block(**options):
    model = unsettled(nn.MixBlock(6, options.pop("out", 6), (3, 5), expansion=4, activation="swish", **options)).eval()
    model.input_size = (6, 9, 9)
    return model, mm.fold_batch_norm(model)


@pytest.mark.parametrize(
    "options", [{}, {"se": 0.5}, {"stride": 2, "out": 4}, {"expand_groups": 2, "project_groups": 2}, {"dilation": [1, 2]}]
)
def test_a_folded_block_is_one_op_and_what_its_layers_are(options):
    model, folded = block(**options)
    x = pictures((3, 6, 9, 9))
    with mm.time_ops() as times:
        found = [folded(x).data for _ in range(2)]  # arranged, and as it was kept
    assert {name for name, *_ in times.rows} == {"mix_block"}
    folded.fused = False
    for output in (folded(x).data, model(x).data):
        for some in found:
            np.testing.assert_allclose(some, output, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_folded_block_sees_new_weights(groups):
    _, folded = block(expand_groups=groups, project_groups=groups)
    x = pictures((2, 6, 9, 9))
    before = folded(x).data
    folded.conv_pwl.weight.data = folded.conv_pwl.weight.data * 2
    doubled = folded(x).data
    folded.conv_pwl.weight.data[...] *= 0.5
    assert abs(doubled - before).max() > 1e-3
    np.testing.assert_allclose(folded(x).data, before, rtol=1e-12)


def test_a_folded_block_has_no_gradients_either():
    _, folded = block()
    x = mm.Tensor(pictures((2, 6, 9, 9)), requires_grad=True)
    for _ in range(2):  # before and after it has kept its op
        with pytest.raises(RuntimeError, match="no backward pass"):
            folded(x).sum().backward()
        folded(x.data)
