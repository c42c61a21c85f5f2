"""Multiply-adds and shapes, against loops that count their own multiplications, and against real runs."""

import numpy as np
import pytest

from minimix import convargs, nn
from minimix.costs import profile
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


class Counted:
    """A network once more, as loops over numbers that count their own multiplications: ``counts`` has one entry a layer.

    Only convolutions and products count; norms, activations and means are left to NumPy.
    """

    def __init__(self):
        self.counts = []

    def __call__(self, x, net):
        stem, norm, block, _, classifier = net
        x = np.maximum(self.norm(self.layer(x, [stem.weight], stride=2), norm), 0)
        y = self.swish(self.norm(self.layer(x, [block.conv_pw.weight]), block.bn1))
        y = self.swish(self.norm(self.layer(y, block.conv_dw.weights, stride=2, groups=y.shape[1]), block.bn2))
        y = y * self.gate(y, block.se.conv_reduce, block.se.conv_expand)
        y = self.norm(self.layer(y, [block.conv_pwl.weight], groups=2), block.bn3)
        logits = self.layer(y.mean((2, 3), keepdims=True), [classifier.weight.data[:, :, None, None]])
        return logits[:, :, 0, 0] + classifier.bias.data

    def layer(self, x, weights, **options):
        self.counts.append(0)
        return self.convolution(x, weights, **options)

    def gate(self, x, reduce, expand):
        """Both of its 1x1 convolutions are one layer."""
        hidden = self.swish(self.layer(x.mean((2, 3), keepdims=True), [reduce.weight]) + self.column(reduce.bias))
        return 1 / (1 + np.exp(-self.convolution(hidden, [expand.weight]) - self.column(expand.bias)))

    def convolution(self, x, weights, stride=1, groups=1):
        """One array of weights a kernel size. With (K - 1) / 2 zeros on each side, so that stride 1 keeps the size."""
        images, _, height, width = x.shape
        outputs = []
        for weight in (np.asarray(getattr(w, "data", w)) for w in weights):
            border = weight.shape[2] // 2
            padded = np.pad(x, ((0, 0), (0, 0), (border, border), (border, border)))
            out = np.zeros((images, len(weight), -(-height // stride), -(-width // stride)))
            start = sum(o.shape[1] for o in outputs)  # of its channels among those of the whole layer
            per_group = sum(len(w.data) for w in weights) // groups
            for n, z, row, column in np.ndindex(out.shape):
                first = (start + z) // per_group * weight.shape[1]
                for c, i, j in np.ndindex(weight.shape[1:]):
                    pixel = padded[n, first + c, row * stride + i, column * stride + j]
                    out[n, z, row, column] += self.times(pixel, weight[z, c, i, j])
            outputs.append(out)
        return np.concatenate(outputs, axis=1)

    def times(self, a, b):
        self.counts[-1] += 1
        return a * b

    @staticmethod
    def column(values):
        return np.asarray(getattr(values, "data", values))[:, None, None]

    @staticmethod
    def swish(x):
        return x / (1 + np.exp(-x))

    def norm(self, x, norm):
        x = (x - self.column(norm.running_mean)) / np.sqrt(self.column(norm.running_var) + norm.eps)
        return x * self.column(norm.weight) + self.column(norm.bias)


def test_a_network_against_loops_that_count_their_multiplications():
    """The loops compute what the network computes, so what they count is what it takes."""
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(4, activation="relu"),
        nn.MixBlock(4, 6, (3, 5, 7), stride=2, expansion=2, se=0.5),
        nn.GlobalAvgPool2d(),
        nn.Linear(6, 3),
    )
    net[2].conv_pwl = nn.PointwiseConv2d(8, 6, groups=2, bias=False)
    net.double().eval()
    random = np.random.default_rng(0)
    for array in (*(p.data for p in net.parameters()), *net.buffers()):
        array[...] = random.uniform(0.5, 1.5, array.shape) * (random.choice([-1, 1], array.shape) if array.ndim > 1 else 1)
    counted, x = Counted(), random.standard_normal((2, 3, 9, 8))
    np.testing.assert_allclose(counted(x, list(net)), net(x).data, rtol=1e-9)
    cost = profile(net, x.shape)
    assert [row.macs for row in cost.rows if row.macs] == counted.counts
    assert cost.macs == sum(counted.counts)
    stem, expand, depthwise, excite, project, linear = counted.counts
    assert cost.macs_by_kind == {
        "depthwise": depthwise, "pointwise": expand + project, "se": excite, "dense": stem, "linear": linear
    }  # fmt: skip
