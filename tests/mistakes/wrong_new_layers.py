"""Small layers of several ops, one of them wrong: gates, residuals, branches, joined and split features."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def excite_forward(x, w1, b1, w2):
    """Squeeze-and-excite: mean, relu, sigmoid, gate. x (N, C, H, W), w1 (R, C), b1 (R,), w2 (C, R)."""
    mean = x.mean((2, 3))
    z = mean @ w1.T + b1
    h = np.maximum(z, 0)
    gate = sigmoid(h @ w2.T)
    return x * gate[:, :, None, None], (x, mean, z, h, gate, w1, w2)


def excite_gradients(g, saved, mask_bias=True, transposed=False):
    x, mean, z, h, gate, w1, w2 = saved
    ds = (g * x).sum((2, 3)) * gate * (1 - gate)
    dh = ds @ (w2.T if transposed else w2)
    dz = dh * (z > 0)
    dmean = dz @ w1
    dx = g * gate[:, :, None, None] + dmean[:, :, None, None] / (x.shape[2] * x.shape[3])
    return dx, dz.T @ mean, (dz if mask_bias else dh).sum(0), ds.T @ h


def excite_points(shape, hidden, bias=0):
    def point(rng):
        x, w1, b1, w2 = normal(shape, (hidden, shape[1]), (hidden,), (shape[1], hidden))(rng)
        return [x, w1, bias + 0.1 * b1, w2]

    return point


def channel_conv_forward(x, k):
    """Efficient channel attention: a convolution of 3 along the channels' means makes the gates."""
    mean = x.mean((2, 3))
    p = np.pad(mean, ((0, 0), (1, 1)))
    c = x.shape[1]
    gate = sigmoid(sum(k[i] * p[:, i : i + c] for i in range(3)))
    return x * gate[:, :, None, None], (x, p, gate, k)


def channel_conv_backward(g, saved):
    x, p, gate, k = saved
    _n, c, h, w = x.shape
    d = (g * x).sum((2, 3)) * gate * (1 - gate)
    dk = np.array([(d * p[:, i : i + c]).sum() for i in range(3)])
    padded = np.pad(d, ((0, 0), (1, 1)))
    dmean = sum(k[i] * padded[:, i : i + c] for i in range(3))
    return g * gate[:, :, None, None] + dmean[:, :, None, None] / (h * w), dk


def pixel_gate_forward(x, a):
    """Each pixel gated by a sum over channels, weighted by a (C,)."""
    gate = sigmoid(np.einsum("nchw,c->nhw", x, a))[:, None]
    return x * gate, (x, a, gate)


def pixel_gate_backward(g, saved):
    x, a, gate = saved
    d = (g * x).mean(1, keepdims=True) * gate * (1 - gate)
    return g * gate + d * a[:, None, None], np.einsum("nchw,nchw->c", x, np.broadcast_to(d, x.shape))


def projected_forward(x, w1, w2, ws):
    """relu(x w1) w2 + x ws."""
    h = np.maximum(x @ w1, 0)
    return h @ w2 + x @ ws, (x, h, w1, w2, ws)


def projected_backward(g, saved):
    x, h, w1, w2, ws = saved
    dh = g @ w2.T * (h > 0)
    return dh @ w1.T + g @ ws.T, x.T @ dh, h.T @ g, h.T @ g


def residual_relu_backward(g, saved):
    _x, f = saved
    g = g * (f > 0)
    return g, g


RESIDUAL_RELU = op("residual relu", lambda x, f: (np.maximum(x + f, 0), (x, f)), residual_relu_backward)


def residual_conv(x, w):
    return RESIDUAL_RELU(x, F.conv2d(x, w, padding=1))


def stack_three_backward(g, _):
    return g[0], g[1], g[1]


STACK = op("stack", lambda a, b, c: (np.stack([a, b, c]), None), stack_three_backward)


def weighted_branches(a, b, c, weights):
    """Three branches mixed by a softmax of learned weights."""
    shares = F.reshape(F.softmax(weights), 3, *([1] * len(a.shape)))
    return (STACK(a, F.relu(b), F.swish(c)) * shares).sum(0)


def mix_forward(x, logits):
    """Selective kernels: branches x (B, N, C) mixed by the softmax over branches of logits (B, C)."""
    e = np.exp(logits - logits.max(0))
    p = e / e.sum(0)
    return (x * p[:, None]).sum(0), (x, p)


def mix_backward(g, saved):
    x, p = saved
    return g * p[:, None], (g * x).sum(1) * p


def shuffle_unit_forward(x):
    """The first half of the channels as it is, the second through tanh; then the two interleaved."""
    half = x.shape[1] // 2
    y = np.empty_like(x)
    y[:, 0::2], y[:, 1::2] = x[:, :half], np.tanh(x[:, half:])
    return y, y


def shuffle_unit_backward(g, y):
    half = g.shape[1] // 2
    dx = np.empty_like(g)
    dx[:, :half] = g[:, :half]
    dx[:, half:] = g[:, half:] * (1 - y[:, 1::2] ** 2)
    return (dx,)


def grid_forward(a, b):
    """All pairs (a[i], b[j]) as two pictures, of which the product is taken."""
    ga, gb = np.meshgrid(a, b, indexing="ij")
    return ga * np.tanh(gb), (a, b)


def grid_backward(g, saved):
    ga, gb = np.meshgrid(*saved)
    return (g * np.tanh(gb)).sum(1), (g * ga * (1 - np.tanh(gb) ** 2)).sum(0)


def bias_mean_backward(g, _):
    return g, g.mean((0, 2, 3)) * g.shape[2]


CHANNEL_BIAS = op("bias", lambda x, b: (x + b[:, None, None], None), bias_mean_backward)


def depthwise_bias_relu(x, w, b):
    return F.relu6(CHANNEL_BIAS(F.depthwise_conv2d(x, w), b))


WRONG = [
    Wrong(
        "squeeze-and-excite: bias past the relu",
        op("excite", excite_forward, lambda g, s: excite_gradients(g, s, mask_bias=False)),
        (excite_points((3, 3, 2, 3), 4), excite_points((2, 2, 3, 3), 5)),
        "no mask",
        "the reducing layer's bias gets a gradient where relu is shut",
    ),
    Wrong(
        "squeeze-and-excite: second weight not transposed",
        op("excite", excite_forward, lambda g, s: excite_gradients(g, s, transposed=True)),
        (excite_points((3, 3, 2, 3), 3, 1), excite_points((2, 4, 1, 2), 4, 1)),
        "transposed",
        "the gradient goes back through w2 transposed once too often",
    ),
    Wrong(
        "channel attention by conv1d: taps not mirrored",
        op("ECA", channel_conv_forward, channel_conv_backward),
        (normal((2, 4, 2, 2), (3,)), normal((1, 6, 1, 3), (3,))),
        "flipped",
        "the means' gradient is correlated with the taps, not convolved",
    ),
    Wrong(
        "pixel attention: mean over channels",
        op("pixel gate", pixel_gate_forward, pixel_gate_backward),
        (normal((2, 3, 2, 2), (3,)), normal((1, 4, 3, 2), (4,))),
        "averaged",
        "the gate's gradient is a mean over the channels, where it should be their sum",
        ("factor", "wrong constant"),
    ),
    Wrong(
        "residual with a projection: the branch's activations",
        op("residual", projected_forward, projected_backward),
        (normal((3, 4), (4, 4), (4, 2), (4, 2)), normal((5, 2), (2, 2), (2, 3), (2, 3))),
        "wrong point",
        "the projection's weight gradient is made from the branch's hidden values, not from the input",
        ("exchanged", "wrong formula", "chain factor"),
    ),
    Wrong(
        "conv2d, residual, relu: mask of the branch",
        residual_conv,
        (normal((1, 2, 3, 4), (2, 2, 3, 3)), normal((2, 1, 3, 3), (1, 1, 3, 3))),
        "wrong mask",
        "relu's mask is made from the branch alone, not from its sum with the input",
        ("no mask", "wrong point"),
    ),
    Wrong(
        "three branches stacked: second slice twice",
        weighted_branches,
        (normal((3, 2), (3, 2), (3, 2), (3,)), normal((4,), (4,), (4,), (3,))),
        "other place",
        "the third branch gets the second one's slice of the gradient",
        ("exchanged", "permuted", "left out", "scale", "factor"),
    ),
    Wrong(
        "branches mixed by a softmax: its sum",
        op("mix", mix_forward, mix_backward),
        (normal((3, 2, 4), (3, 4)), normal((2, 3, 2), (2, 2))),
        "term missing",
        "the logits' gradient lacks softmax's second term",
    ),
    Wrong(
        "shuffle unit: gradient not taken apart",
        op("shuffle unit", shuffle_unit_forward, shuffle_unit_backward),
        (normal((2, 4, 3)), normal((1, 6, 2))),
        "permuted",
        "outputs are interleaved, the gradient is cut in halves",
        ("groups", "other place"),
    ),
    Wrong(
        "grid of pairs: indexing xy in backward",
        op("grid", grid_forward, grid_backward),
        (normal((4,), (4,)), normal((3,), (3,))),
        "transposed",
        "meshgrid is called without indexing='ij' in backward",
        ("exchanged",),
    ),
    Wrong(
        "depthwise conv2d, bias, relu6: bias averaged",
        depthwise_bias_relu,
        (normal((2, 2, 4, 3), (2, 1, 3, 3), (2,)), normal((1, 3, 3, 5), (3, 1, 3, 3), (3,))),
        "averaged",
        "the bias' gradient is divided by the batch and the width",
        ("factor", "wrong constant"),
    ),
]
