"""What is counted, for networks and for modules that nobody foresaw, and that nothing runs meanwhile."""

import importlib
import pkgutil

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix import models, nn, ops
from minimix.costs import profile
from minimix.kernels import memory
from minimix.ops.op import Op
from minimix.tensor import apply


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
    assert names[:4] == ["conv_stem", "bn1", "blocks.0.0.conv_dw", "blocks.0.0.bn1"]
    assert names[-3:] == ["model", "dropout", "classifier"]  # the model itself takes the mean over the pixels


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
        self.block = nn.MixBlock(6, 6, (3, 5), expansion=2, se=0.5)

    def forward(self, x):
        b = self.block
        return F.mix_block(x, b.conv_dw.weights, b.project.weights, [n.as_option() for n in b.norms], expand=b.expand.weights,
                           excite=b.se.as_option(), skip=True)  # fmt: skip


def test_a_fused_op_counts_as_its_parts_do():
    cost, parts = profile(Fused(), (2, 6, 8, 8)), profile(Fused().block, (2, 6, 8, 8))
    assert (cost.macs, cost.params) == (parts.macs, parts.params)


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.PointwiseConv2d(4, 4)

    def forward(self, x):
        return self.layer(self.layer(x)) + x


def test_a_layer_that_runs_twice_is_computed_twice_and_stored_once():
    cost = profile(Twice(), (1, 4, 3, 3))
    assert [(row.name, row.kind) for row in cost.rows] == [("layer", "PointwiseConv2d")] * 2 + [("model", "add")]
    assert [row.macs for row in cost.rows] == [144, 144, 0]
    assert [row.params for row in cost.rows] == [20, 0, 0]
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
    """No kernel is called, and nothing allocated: a batch of a million would be 600 GB."""

    def refuse(*args, **options):
        raise AssertionError("called")

    for file in pkgutil.iter_modules(ops.__path__, "minimix.ops."):
        module = importlib.import_module(file.name)
        for name in {"parallel", "channel_major", "nchw", "reference"} & vars(module).keys():
            monkeypatch.setattr(module, name, refuse)
    monkeypatch.setattr(memory, "empty", refuse)
    with pytest.raises(AssertionError, match="called"):
        models.create("mixnet_nano").eval()(np.zeros((1, 3, 32, 32), np.float32))
    assert profile(models.create("mixnet_nano"), (10**6, 3, 32, 32)).macs == 10**6 * 8_658_304
    assert profile(models.create("mixnet_nano"), (10**6, 3, 224, 224)).rows[-1].output_shape == (10**6, 10)


DOUBLE = Op("double", lambda x: (2 * x, None), lambda g, saved: (2 * g,), flops=lambda output, saved: 2 * output.size)


class SomebodyElses(nn.Module):
    def forward(self, x):
        return apply(DOUBLE, x) + apply(DOUBLE._replace(name="quadruple", flops=None), 1.0)


def test_an_op_that_nobody_knows_runs_on_zeros():
    cost = profile(SomebodyElses(), (2, 3, 4, 5))
    assert cost.rows[0].output_shape == (2, 3, 4, 5)
    assert cost.macs == 2 * 3 * 4 * 5 and cost.macs_by_kind["other"] == cost.macs
    assert cost.rows[0].receptive_field is None


class Scribbler(nn.Module):
    """Writes into what it is given, and into itself."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)
        self.register_buffer("calls", np.zeros(1, np.float32))

    def forward(self, x):
        x.data[...] = 1
        self.calls += 1
        return self.layer(x)


def test_writing_forwards():
    model = Scribbler()
    assert profile(model, (4, 3)).macs == 24
    assert model.calls == 0


@pytest.mark.parametrize("expansion", [1, 3])
def test_every_layer_of_a_block_has_a_row(expansion):
    """Blocks may run several layers as one: here each is seen on its own."""
    block = nn.MixBlock(8, 8, (3, 5), expansion=expansion, se=0.5)
    rows = profile(nn.Sequential(block), (1, 8, 6, 6)).rows
    assert [row.name for row in rows] == [f"0.{name}" for name, _ in block.named_children()]
    assert [row.params for row in rows] == [sum(p.size for p in layer.parameters()) for layer in block.children()]


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
