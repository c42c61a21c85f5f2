"""What is counted, against loops that list every multiply-add, and for modules that nobody foresaw."""

import importlib
import inspect
import json
import pkgutil

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix import convargs, models, nn, ops
from minimix.ops.op import Op
from minimix.profile import PRODUCTS, WEIGHTS, profile
from minimix.reference import loops


def terms(layer, x_shape) -> int:
    """How many multiply-adds the literal loops over indices make for a layer."""
    x = np.zeros(x_shape, np.float32)
    if isinstance(layer, nn.MixConv2d):
        weights = [w.data for w in layer.weights]
        geometry = convargs.mixconv2d(x, weights, layer.stride, layer.padding, list(layer.dilation))
        return sum(1 for _ in loops.mixed_terms(geometry))
    if isinstance(layer, nn.DepthwiseConv2d):
        geometry = convargs.depthwise_conv2d(x, layer.weight.data, layer.stride, layer.padding, layer.dilation)
        return sum(1 for _ in loops.mixed_terms(geometry))
    options = (layer.stride, layer.padding, layer.dilation) if isinstance(layer, nn.Conv2d) else (1, 0, 1)
    bias = None if layer.bias is None else layer.bias.data
    return sum(1 for _ in loops.dense_terms(convargs.conv2d(x, layer.weight.data, bias, *options, layer.groups)))


LAYERS = [
    (lambda: nn.Conv2d(3, 4, 3, padding=1), (1, 3, 5, 6)),
    (lambda: nn.Conv2d(4, 6, (3, 2), stride=(2, 1), dilation=(1, 2), groups=2, bias=False), (2, 4, 7, 6)),
    (lambda: nn.Conv2d(4, 8, 3, stride=2, padding="tf_same", groups=4), (1, 4, 6, 6)),
    (lambda: nn.PointwiseConv2d(6, 4, groups=2), (3, 6, 4, 3)),
    (lambda: nn.DepthwiseConv2d(3, 4, stride=3, multiplier=2), (2, 3, 7, 8)),
    (lambda: nn.DepthwiseConv2d(3, 3, padding="valid", dilation=2), (1, 3, 7, 6)),
    (lambda: nn.MixConv2d(7, (3, 5)), (1, 7, 6, 5)),
    (lambda: nn.MixConv2d(8, (3, 5, 7), stride=2, partition="exponential", multiplier=2), (2, 8, 6, 6)),
    (lambda: nn.MixConv2d(4, (3, 3), dilation=(1, 2)), (1, 4, 5, 5)),
    (lambda: nn.MixConv2d(4, (5,)), (1, 4, 5, 5)),
]


@pytest.mark.parametrize("make, shape", LAYERS)
def test_multiply_adds_are_those_of_the_loops(make, shape):
    layer = make()
    cost = profile(layer, shape)
    assert cost.macs == terms(layer, shape) > 0
    assert cost.params == sum(p.size for p in layer.parameters())


@pytest.mark.parametrize("make, shape", LAYERS)
def test_shapes_are_those_of_a_real_run(make, shape):
    layer = make()
    (row,) = profile(layer, shape).rows
    output = layer(np.zeros(shape, np.float32))
    assert row.output_shape == output.shape
    assert row.activation_bytes == output.data.nbytes
    assert (row.name, row.kind) == ("model", type(layer).__name__)


def test_mixnet_nano():
    model = models.create("mixnet_nano")
    cost = profile(model, (1, 3, 32, 32))
    assert (cost.params, cost.macs) == (202_004, 8_658_304)
    modules = dict(model.named_modules())
    named = {row.name: row for row in cost.rows}
    leaves = {name for name, module in modules.items() if isinstance(module, (nn.MixConv2d, nn.Linear, nn.BatchNorm2d))}
    assert leaves <= named.keys()
    for name, module in modules.items():  # the whole is the sum of right parts
        if isinstance(module, nn.MixConv2d):
            row = named[name]
            assert row.kernel_sizes == module.kernel_sizes
            assert row.channels_per_group == module.channels_per_group
            taps = sum(c * h * w for c, (h, w) in zip(module.channels_per_group, module.kernel_sizes, strict=True))
            assert row.params == taps
            assert row.macs == taps * row.output_shape[2] * row.output_shape[3]


def test_squeeze_and_excite():
    (row,) = profile(nn.SqueezeExcite(12, 3), (5, 12, 8, 6)).rows
    assert row.macs == 5 * 2 * 12 * 3
    assert row.params == 2 * 12 * 3 + 12 + 3
    assert row.kernel_sizes == ((1, 1), (1, 1)) and row.channels_per_group == (12, 3)
    assert row.output_shape == (5, 12, 8, 6)


def test_rows_come_in_the_order_in_which_layers_run():
    names = [row.name for row in profile(models.create("mixnet_nano"), (1, 3, 32, 32)).rows]
    assert names[:4] == ["conv_stem", "bn1", "blocks.0.0.conv_dw", "blocks.0.0.bn2"]
    assert names[-1] == "classifier"


@pytest.mark.parametrize("size, channels", [((32, 32), 3), ((20, 28), 1)])
def test_the_batch_multiplies_what_depends_on_it(size, channels):
    model = models.create("mixnet_nano", width=0.5, in_channels=channels)
    one, seven = (profile(model, (n, channels, *size)) for n in (1, 7))
    assert seven.macs == 7 * one.macs
    assert seven.activation_bytes == 7 * one.activation_bytes
    assert seven.params == one.params


def test_double_precision_takes_twice_the_memory():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    single, double = profile(model, (2, 3, 8, 8)), profile(model.double(), (2, 3, 8, 8))
    assert double.activation_bytes == 2 * single.activation_bytes
    assert double.macs == single.macs


def test_linear_counts_a_product_for_each_row():
    cost = profile(nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 2, bias=False)), (4, 3, 2, 2))
    assert [row.macs for row in cost.rows] == [0, 4 * 12 * 5, 0, 4 * 5 * 2]
    assert [row.params for row in cost.rows] == [0, 65, 0, 10]
    assert [row.output_shape for row in cost.rows] == [(4, 12), (4, 5), (4, 5), (4, 2)]


# -- modules of the user's own ----------------------------------------------------------------------------------------


class Functional(nn.Module):
    """Owns its weights and calls the functions itself, before and after a layer."""

    def __init__(self):
        super().__init__()
        self.first = nn.Parameter(np.zeros((4, 3, 3, 3), np.float32))
        self.layer = nn.PointwiseConv2d(4, 2)
        self.last = nn.Parameter(np.zeros((2, 1, 3, 3), np.float32))

    def forward(self, x):
        return F.mixconv2d(self.layer(F.relu(F.conv2d(x, self.first, padding=1))), [self.last])


def test_functions_called_by_a_module_are_its_own():
    inner, outer = profile(Functional(), (1, 3, 5, 5)).rows
    assert (inner.name, inner.macs, inner.params) == ("layer", 4 * 2 * 25, 10)
    assert (outer.name, outer.kind) == ("model", "Functional")
    assert outer.macs == 3 * 4 * 9 * 25 + 2 * 9 * 25
    assert outer.params == 4 * 3 * 9 + 2 * 9
    assert outer.kernel_sizes == ((3, 3), (3, 3)) and outer.channels_per_group == (3, 2)


class Fused(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.MixConv2d(6, (3, 5))
        self.norm = nn.BatchNorm2d(6)

    def forward(self, x):
        return F.mixed_stage(x, self.weights.weights, None, self.norm.as_option(), self.training)


def test_fused_ops_count_as_their_parts_do():
    cost = profile(Fused(), (2, 6, 8, 8))
    assert cost.macs == profile(nn.MixConv2d(6, (3, 5)), (2, 6, 8, 8)).macs
    assert cost.params == 3 * 9 + 3 * 25 + 12
    assert cost.rows[0].kernel_sizes == ((3, 3), (5, 5))


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.PointwiseConv2d(4, 4)

    def forward(self, x):
        return self.layer(self.layer(x)) + x


def test_a_layer_that_runs_twice_is_computed_twice_and_stored_once():
    cost = profile(Twice(), (1, 4, 3, 3))
    assert [row.macs for row in cost.rows] == [144, 144]
    assert [row.params for row in cost.rows] == [20, 0]
    assert cost.params == 20


class Unused(nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.unused = nn.Linear(3, 2), nn.Linear(5, 5)

    def forward(self, x):
        return self.used(x)


def test_parameters_that_do_nothing_are_still_parameters():
    cost = profile(Unused(), (2, 3))
    assert cost.params == 8 + 30
    assert cost.macs == 2 * 6


class Frozen(Unused):
    def __init__(self):
        super().__init__()
        self.requires_grad_(False)


def test_frozen_layers_count():
    assert profile(Frozen(), (2, 3)).macs == 12


class PixelsAsRows(nn.Module):
    """The same linear layer at every pixel: no images tell nothing about N * H * W rows."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 5)

    def forward(self, x):
        return self.layer(x.permute(0, 2, 3, 1).reshape(-1, 3))


class Halves(PixelsAsRows):
    def forward(self, x):
        return self.layer(x[::2].mean((2, 3)))


class Doubled(PixelsAsRows):
    def forward(self, x):
        return self.layer(F.concatenate([x, x]).mean((2, 3)))


class Padded(PixelsAsRows):
    def forward(self, x):
        return self.layer(F.pad(x.mean((2, 3)), (0, 0, 1, 2)))


class LengthOfImages(PixelsAsRows):
    def forward(self, x):
        return self.layer(x.reshape(len(x) * 3, -1).mean(1).reshape(len(x), -1))


class ImageByImage(PixelsAsRows):
    def forward(self, x):
        return F.stack([self.layer(image.mean((1, 2))) for image in x])


class FirstImage(PixelsAsRows):
    def forward(self, x):
        return self.layer(x[0].mean((1, 2)))


class MeanOfBatch(PixelsAsRows):
    def forward(self, x):
        return self.layer(x.mean((0, 2, 3)))


@pytest.mark.parametrize(
    "module, rows",
    [
        (PixelsAsRows, 6 * 4 * 7),
        (Halves, 3),
        (Doubled, 12),
        (Padded, 9),
        (LengthOfImages, 6),
        (ImageByImage, 6),
        (FirstImage, 1),
        (MeanOfBatch, 1),
    ],
)
def test_whatever_is_done_to_the_images(module, rows):
    assert profile(module(), (6, 3, 4, 7)).macs == 15 * rows


class SelfAttention(nn.Module):
    def forward(self, x):  # (N, T, C)
        return F.softmax(x @ x.permute(0, 2, 1), -1) @ x


def test_products_of_activations_count():
    assert profile(SelfAttention(), (2, 5, 3)).macs == 2 * (5 * 3 * 5 + 5 * 5 * 3)


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, x):
        return {"a": self.layer(x), "b": [x * 2]}


def test_several_outputs():
    layer, model = profile(nn.Sequential(Pair()), (2, 3)).rows[0], profile(Pair(), (2, 3))
    assert layer.macs == model.macs == 18


# -- manners ----------------------------------------------------------------------------------------------------------


def test_the_model_is_left_as_it_was():
    model = models.create("mixnet_nano", width=0.5).train()
    attributes = {name: set(vars(module)) for name, module in model.named_modules()}
    state = {name: array.copy() for name, array in model.state_dict().items()}
    fused = [module.fused for module in model.modules() if hasattr(module, "fused")]
    profile(model, (2, 3, 16, 16))
    assert model.training and all(module.training for module in model.modules())
    assert fused == [module.fused for module in model.modules() if hasattr(module, "fused")] and all(fused)
    assert {name: set(vars(module)) for name, module in model.named_modules()} == attributes
    assert all(p.grad is None and p.is_leaf for p in model.parameters())
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, state[name])


def test_nothing_is_computed(monkeypatch):
    from minimix.ops import depthwise, product

    def refuse(*args, **options):
        raise AssertionError("a kernel was called")

    for module in (depthwise, product):
        monkeypatch.setattr(module, "parallel", refuse)
    assert profile(models.create("mixnet_nano"), (64, 3, 32, 32)).macs == 64 * 8_658_304


def test_counts_even_without_recording():
    with mm.no_grad():
        assert profile(nn.Linear(3, 2), (1, 3)).macs == 6


@pytest.mark.parametrize("shape", [(), (1, 3, 0, 32), (-1, 3, 32, 32), (1.0, 3, 32, 32), 32, None, "1x3", (True, 3, 8, 8)])
def test_shapes_that_are_none(shape):
    with pytest.raises(ValueError, match="input_shape"):
        profile(nn.Conv2d(3, 4, 3), shape)


def test_refuses_as_the_layers_do_and_in_the_users_numbers():
    with pytest.raises(RuntimeError, match=r"\(5, 4, 32, 32\)"):
        profile(models.create("mixnet_nano"), (5, 4, 32, 32))
    with pytest.raises(TypeError, match="Module"):
        profile(lambda x: x, (1, 3))


def test_no_op_with_weights_is_forgotten():
    """Whoever adds an op with multiply-adds must say in profile.py which they are."""
    found = {
        value
        for file in pkgutil.iter_modules(ops.__path__, "minimix.ops.")
        for value in vars(importlib.import_module(file.name)).values()
        if isinstance(value, Op)
        and (value.flops or any("weight" in name for name in inspect.signature(value.forward).parameters))
    }
    assert {"conv2d", "mixed_stage", "linear"} <= {op.name for op in found}
    elsewhere = {"batch_norm", "cross_entropy", "nll_loss"}  # their weights are for channels, classes and images
    assert {op for op in found if op.name not in elsewhere} <= {*WEIGHTS, *PRODUCTS}


# -- as text and as JSON ----------------------------------------------------------------------------------------------


def test_printed_it_is_a_table_that_ends_in_the_totals():
    cost = profile(nn.Sequential(nn.MixConv2d(8, (3, (5, 1))), nn.ReLU()), (2, 8, 4, 4))
    lines = str(cost).splitlines()
    assert len(lines) == 4
    assert lines[1].split() == ["0", "MixConv2d", "2x8x4x4", "3", "5x1", "4", "4", "56", "1,792", "1.0"]
    assert lines[-1].split() == ["total", "56", "1,792", "2.0"]


def test_json():
    cost = profile(models.create("mixnet_nano"), (1, 3, 32, 32))
    back = json.loads(json.dumps(cost.to_dict()))
    assert (back["params"], back["macs"], back["input_shape"]) == (202_004, 8_658_304, [1, 3, 32, 32])
    assert sum(row["macs"] for row in back["rows"]) == back["macs"]
    assert sum(row["params"] for row in back["rows"]) == back["params"]
