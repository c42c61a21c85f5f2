"""Each op in ONNX, beside minimix: in float32 by onnxruntime, and exactly, in float64, by onnx's own implementation."""

import inspect

import numpy as np
import pytest
from onnx_runs import exported, node_by_node, onnx, run

import minimix as mm
import minimix.functional as F
from minimix import nn
from minimix.detection import Detector
from minimix.ops import activation, block, loss
from minimix.ops.op import Op
from minimix.weights.onnx.forms import FORMS, WRITTEN_OUT

RANDOM = np.random.default_rng(5)
PADDINGS = ("same", "tf_same", "valid", 0, 1, (2, 0), (0, 3))


class Net(nn.Module):
    """A function, with weights of its own: those drawn by ``w`` are in float64 in a model in float64."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.dtype_of = nn.Parameter(np.zeros(1, np.float32))

    def forward(self, x):
        few = len(inspect.signature(self.function).parameters) == 1
        return self.function(x) if few else self.function(x, self.weight)

    def weight(self, *shape):
        """Always the same for a shape."""
        return mm.Tensor(np.random.default_rng(shape).standard_normal(shape).astype(self.dtype_of.dtype))


def check(model, shape, fold=False, opset=18):
    """Both ways; of every op that runs."""
    model = model if isinstance(model, nn.Module) else Net(model)
    model.eval()
    found = node_by_node(model, shape, fold, opset)
    assert found and max(found.values()) < 1e-5, found
    exact = node_by_node(model.double(), shape, fold, opset, reference=True)
    assert len(exact) == len(found) and max(exact.values()) < 3e-7, exact  # HardSigmoid has its slope in float32


IMAGES = (1, 6, 9, 8)
ROWS = np.zeros((1, 5, 3), np.float32)
OPS = {  # what is computed of x, and x's shape
    "arithmetic": (lambda x: (2 - x) * (x + 0.5) / (x.abs() + 1) - (-x), ROWS),
    "broadcast": (lambda x, w: w(5, 1) * x + w(3), ROWS),
    "powers": (lambda x: (x.abs() + 0.1) ** 1.5 + x**2, (1, 7)),
    "extremes": (lambda x, w: F.maximum(x, 0.3) + F.minimum(x, w(7)), (1, 7)),
    "functions": (lambda x: x.exp().sqrt() + (x.abs() + 1).log() + x.tanh(), (1, 7)),
    "where": (lambda x: F.where(np.arange(7) % 2 == 0, x, 3), (1, 7)),
    "clips": (lambda x: x.clip(-1, 0.5) + x.clip(max=0.2) + x.clip(min=0), (1, 7)),
    "relu": (lambda x: F.relu(x) + F.relu6(x * 9), (1, 7)),
    "sigmoid": (lambda x: F.sigmoid(x) + F.hard_sigmoid(3 * x), (1, 7)),
    "swish": (lambda x: F.swish(x) + F.hard_swish(3 * x), (1, 7)),
    "softmax": (lambda x: F.softmax(x, 1) + F.log_softmax(x), ROWS),
    "casts": (lambda x: x.astype("float16").astype("float64").astype("float32").astype("float64") + 1, (1, 7)),
    "sum": (lambda x: x.sum(1) + x.sum((1, 2), keepdims=True)[:, :, 0].sum(-1, keepdims=True), ROWS),
    "mean": (lambda x: x.mean((2, 3)) + x.mean(-1).mean(-1) + x.mean(), IMAGES),
    "max": (lambda x: x.max(1) - x.min(1), IMAGES),
    "of all": (lambda x: x - x.max() + x.sum() * 0 + x.min(), (1, 4)),
    "variance": (lambda x: x.var((1, 2)) + x.std((1, 2), correction=0), ROWS),
    "reshape": (lambda x: x.flatten(1).reshape(len(x), 2, -1), IMAGES),
    "batch into rows": (lambda x: x.permute(0, 2, 3, 1).reshape(-1, 6), IMAGES),
    "squeeze": (lambda x: x.unsqueeze(1).squeeze(1).unsqueeze(-1), IMAGES),
    "permute": (lambda x: x.permute(0, 2, 3, 1).transpose(1, 2), IMAGES),
    "shuffle": (lambda x: x.reshape(len(x), 2, 3, 9, 8).transpose(1, 2).reshape(x.shape), IMAGES),
    "expand": (lambda x: x[:, :1].expand(len(x), 4, 9, 8), IMAGES),
    "class token": (lambda x, w: F.concatenate([w(1, 1, 3).expand(len(x), 1, 3), x], 1), ROWS),
    "concatenate": (lambda x, w: F.concatenate([x, x * 2], 1) + w(12, 1, 1), IMAGES),
    "split": (lambda x: F.concatenate(x.split((1, 2, 3), 1)[::-1], 1), IMAGES),
    "stack": (lambda x: F.stack([x, x + 1], 1), (1, 4)),
    "pad": (lambda x: F.pad(x, (1, 2, 0, 3), value=1.5), IMAGES),
    "crop": (lambda x: F.pad(x, (-1, 2, -2, -1)), IMAGES),
    "cut": (lambda x: F.pad(x, (-1, 0)), IMAGES),
    "slices": (lambda x: x[:, 1:-1, ::2, 7:2:-2], IMAGES),
    "last": (lambda x: x[:, -1] + x[:, 2], IMAGES),
    "dots": (lambda x: x[..., None, -3:], IMAGES),
    "pictures": (lambda x: x[1:] - x[:-1], IMAGES),
    "a picture": (lambda x: x[0] + x[-1] + x, IMAGES),
    "all": (lambda x: x[:] + x[...], IMAGES),
    "gather": (lambda x: x[:, [0, 3, 3, 1]], IMAGES),
    "places": (lambda x: x[:, :, [0, 1, 2], [3, 4, 0]], IMAGES),
    "far places": (lambda x: x[:, [0, 1], :, [3, 4]][:, 0], IMAGES),
    "mask": (lambda x: x[:, np.arange(6) % 2 == 0], IMAGES),
    "large mask": (lambda x: x[:, np.arange(54).reshape(6, 9) % 3 == 0], IMAGES),
    "matmul": (lambda x, w: x @ w(3, 4) + w(5, 5) @ (x @ w(3, 4)), ROWS),
    "vector": (lambda x, w: x @ w(3), ROWS),
    "attention": (lambda x: F.softmax(x @ x.transpose(1, 2), -1) @ x, ROWS),
    "linear": (lambda x, w: F.linear(x, w(4, 3), w(4)) + F.linear(x, w(4, 3)), (1, 3)),
    "linear of more": (lambda x, w: F.linear(x, w(4, 3), w(4)) + F.linear(x, w(4, 3)), ROWS),
    "weight of the pictures": (lambda x: F.linear(x, x.mean(0, keepdims=True).expand(4, 3)) + F.linear(x[None], x[:1])[0],
                               (1, 3)),
    "weights of ops": (lambda x, w: F.conv2d(x, w(4, 6, 3, 3) - w(4, 6, 3, 3).mean((1, 2, 3), keepdims=True)), IMAGES),
    "norm without statistics": (lambda x, w: F.batch_norm(x, weight=w(6), bias=w(6), training=True, activation="relu"), IMAGES),
    "norm of rows": (lambda x, w: F.batch_norm(x, np.zeros(3), np.ones(3), w(3), residual=x), (1, 3)),
    "global": (lambda x: F.global_avg_pool2d(x), IMAGES),
    "adaptive": (lambda x: F.adaptive_avg_pool2d(x, (4, 3)), IMAGES),
    "adaptive to one": (lambda x: F.adaptive_avg_pool2d(x, 1), IMAGES),
    "adaptive to more": (lambda x: F.adaptive_avg_pool2d(x, (11, None)), IMAGES),
    "one picture": (lambda x, w: F.conv2d(x[0], w(4, 6, 3, 3))[None] + 0 * x[:, :1, :7, :6], IMAGES),
}  # fmt: skip


@pytest.mark.parametrize("name", OPS)
def test_op(name):
    check(*OPS[name])


@pytest.mark.parametrize("opset", [13, 15, 17, 20])
def test_other_opsets(opset):
    pytest.importorskip("onnxruntime")
    if opset > onnx.defs.onnx_opset_version():
        pytest.skip("a newer opset than this onnx knows")
    for name in ("mean", "max", "variance", "sum", "split", "pad", "crop", "clips", "swish", "softmax", "squeeze", "reshape"):
        check(*OPS[name], opset=opset)
    block = nn.MixBlock(4, 4, (3, 5), se=0.5)  # not by onnx's implementation, which takes 13's norms for those of training
    assert max(node_by_node(block.eval(), (1, 4, 6, 6), False, opset).values()) < 1e-5


@pytest.mark.parametrize("padding", PADDINGS, ids=str)
@pytest.mark.parametrize("stride", [1, 2, (3, 1)], ids=str)
def test_depthwise_and_mixed_convolutions_with_every_padding(padding, stride):
    size = (1, 6, 15, 12)
    check(lambda x, w: F.depthwise_conv2d(x, w(6, 1, 4, 3), stride, padding), size)
    check(lambda x, w: F.depthwise_conv2d(x, w(12, 1, 3, 2), stride, padding, (1, 2)), size)
    check(lambda x, w: F.mixconv2d(x, [w(6, 1, 3, 3), w(2, 1, 5, 2), w(4, 1, 1, 7)], stride, padding, [2, 1, 1])
          if padding in ("same", "tf_same") else
          F.mixconv2d(x, [w(8, 1, 3, 3), w(4, 1, 3, 3)], stride, padding, [2, 2]), size)  # fmt: skip


@pytest.mark.parametrize("padding", PADDINGS, ids=str)
@pytest.mark.parametrize("stride, dilation, groups", [(1, 1, 1), (2, 1, 2), (1, (2, 3), 3), ((3, 2), 2, 6)], ids=str)
def test_dense_convolutions_with_every_padding(padding, stride, dilation, groups):
    if padding == "same" and stride != 1:
        padding = "tf_same"  # the other is for stride 1
    check(lambda x, w: F.conv2d(x, w(6, 6 // groups, 3, 2), w(6), stride, padding, dilation, groups), (1, 6, 11, 14))


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("stride", [1, 2, 3, (2, 5)], ids=str)
def test_pools(padding, ceil_mode, stride):
    for size in (IMAGES, (1, 2, 10, 11)):
        check(lambda x: F.max_pool2d(x, (2, 3), stride, padding, 1, ceil_mode), size)
        check(lambda x: F.max_pool2d(x - 9, 2, stride, padding, (2, 1), ceil_mode), size)
        check(lambda x: F.avg_pool2d(x, (3, 2), stride, padding, ceil_mode, True), size)
        check(lambda x: F.avg_pool2d(x, (3, 2), stride, padding, ceil_mode, False), size)


@pytest.mark.parametrize("fold", [False, True])
def test_layers(fold):
    layers = [
        nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8, activation="swish"), nn.MixConv2d(8, (3, 5)),
        nn.BatchNorm2d(8, activation="hard_swish"), nn.SqueezeExcite(8, 4, "relu"), nn.PointwiseConv2d(8, 6, 2),
        nn.BatchNorm2d(6, activation="relu6"), nn.MaxPool2d(2), nn.DepthwiseConv2d(6, 3, padding="tf_same"),
        nn.BatchNorm2d(6), nn.ReLU(), nn.HardSwish(), nn.Identity(), nn.Dropout(0.5), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(2),
        nn.ReLU6(), nn.SiLU(), nn.Flatten(), nn.Linear(24, 5), nn.Sigmoid(), nn.Softmax(1),
    ]  # fmt: skip
    model = nn.Sequential(*layers)
    for array in (array for name, array in model.named_buffers() if "running" in name):
        array[...] = 0.5 + RANDOM.random(array.shape)
    check(model, (3, 18, 22), fold)


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("options", [
    {"se": 0.25}, {"expansion": 1, "activation": "relu"}, {"stride": 2, "padding": "tf_same", "expand_groups": 2},
    {"expand_groups": 2, "project_groups": 2, "dilation": (2, 1), "skip": False, "out_activation": "relu6"},
], ids=str)  # fmt: skip
def test_blocks(options, fold):
    check(nn.MixBlock(8, 8, (3, 5), **{"expansion": 3, **options}), (8, 9, 9), fold)


def test_a_whole_block_as_one_op():
    def norm(w, channels, activation="identity"):
        running = w(channels).data, w(1, channels).data[0] ** 2 + 0.5
        return w(channels), w(channels), F.Normalisation(running, activation=activation)

    def function(x, w):
        se = (w(3, 12, 1, 1), w(3), w(12, 3, 1, 1), w(12), "swish")
        norms = norm(w, 12, "relu"), norm(w, 12, "swish"), norm(w, 6)
        expand, project = [w(6, 3, 1, 1), w(6, 3, 1, 1)], [w(6, 12, 1, 1)]
        kernels = [w(8, 1, 3, 3), w(4, 1, 5, 5)]
        return F.mix_block(x, kernels, project, norms, expand=expand, excite=se, skip=True)

    check(function, IMAGES)
    check(lambda x, w: F.mix_block(x, [w(6, 1, 3, 3)], [w(4, 6, 1, 1)], (None, norm(w, 6, "relu6"), norm(w, 4)), stride=2),
          IMAGES)  # fmt: skip


def test_a_detector(tmp_path):
    check(Detector(kernels=(3, 5), width=0.5), None, fold=True)


def test_whole_numbers_are_added_up_as_here(tmp_path):
    net = Net(lambda x: mm.Tensor(np.arange(4, dtype=np.int32)).sum() + x)
    (found,) = run(exported(net, tmp_path, (1, 2)), np.zeros((3, 2), np.float32))
    assert (found == 6).all()


def test_every_op_has_a_form_or_is_refused():
    ops = {op for module in (activation, block, loss) for op in vars(module).values() if isinstance(op, Op)}
    for name in "conv2d pointwise_conv2d depthwise_conv2d mixconv2d".split():
        assert any(op.name == name for op in FORMS)
    from minimix.costs import shapes

    ops |= set(shapes.SHAPES) | set(shapes.GEOMETRIES)
    assert {op.name for op in ops - FORMS.keys() - WRITTEN_OUT.keys()} == {"dropout", "cross_entropy", "nll_loss"}
