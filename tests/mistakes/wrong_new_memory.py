"""Activations, norms and losses with bad manners towards memory: written-to arrays, shared buffers, assumed strides."""

import math

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def plain(*shapes):
    return tuple(normal(shape) for shape in shapes)


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def log_softmax(x):
    x = x - x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def gelu_forward(x):
    phi = (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2))) / 2
    return x * phi, (x, phi)


def gelu_backward(g, saved):
    x, phi = saved
    phi += x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return (g * phi,)


def standardised(x):
    c = x - x.mean(axis=-1, keepdims=True)
    inv = 1 / np.sqrt((c * c).mean(axis=-1, keepdims=True) + 1e-5)
    return c * inv, (c * inv, inv)


def layer_norm_backward(g, saved):
    xhat, inv = saved
    dot = (g * xhat).mean(axis=-1, keepdims=True)
    g -= g.mean(axis=-1, keepdims=True)
    return (inv * (g - xhat * dot),)


def log_softmax_in_gradient(g, y):
    g -= np.exp(y) * g.sum(axis=-1, keepdims=True)
    return (g,)


def log_softmax_in_output(g, y):
    p = np.exp(y, out=y)
    return (g - p * g.sum(axis=-1, keepdims=True),)


def huber_forward(x, target):
    d = x - target
    return np.where(np.abs(d) < 0.7, d * d / 2, 0.7 * (np.abs(d) - 0.35)).sum(), d


def huber_backward(g, d):
    np.clip(d, -0.7, 0.7, out=d)
    return g * d, -g * d


def max_forward(x):
    best = x.max(axis=-1, keepdims=True)
    return best[..., 0], (x == best).astype(float)


def max_backward(g, mask):
    mask *= g[..., None]
    return (mask,)


def folded_norm_forward(x, gamma, beta):
    """Evaluation with fixed statistics, folded into one factor."""
    gamma /= np.sqrt(1.7)
    return (x - 0.3) * gamma + beta, (x, gamma)


def folded_norm_backward(g, saved):
    x, gamma = saved
    return g * gamma, (g * (x - 0.3)).sum(axis=0) / np.sqrt(1.7), g.sum(axis=0)


def unit_weights_forward(x, w):
    norm = np.sqrt((w * w).sum(axis=1, keepdims=True))
    w /= norm
    return x @ w.T, (x, w, norm)


def unit_weights_backward(g, saved):
    x, w, norm = saved
    dw = g.T @ x
    return g @ w, (dw - w * (dw * w).sum(axis=1, keepdims=True)) / norm


def middle_forward(x):
    """The middle one of an odd number."""
    before = x.copy()
    x.partition(x.shape[-1] // 2, axis=-1)
    middle = x[..., x.shape[-1] // 2]
    return middle.copy(), before == middle[..., None]


def residual_forward(x, branch):
    np.add(x, 0.5 * branch, out=x)
    return x.copy(), None


WORKSPACE = np.empty(512)


def mish_forward(x):
    t = WORKSPACE[: x.size].reshape(x.shape)
    np.tanh(np.logaddexp(0, x), out=t)
    return x * t, (x, t)


def mish_backward(g, saved):
    x, t = saved
    return (g * (t + x * (1 - t * t) / (1 + np.exp(-x))),)


OUTPUTS = {}


def softmax_forward(x):
    y = OUTPUTS.setdefault(x.shape, np.empty(x.shape))
    y[...] = softmax(x)
    return y, y


def softmax_backward(g, y):
    return (y * (g - (g * y).sum(axis=-1, keepdims=True)),)


def rms_in_memory_order(x):
    rows = x.ravel(order="K").reshape(x.shape)
    y = np.sqrt((rows * rows).mean(axis=-1))
    return y, (rows, y)


def rms_backward(g, saved):
    rows, y = saved
    return ((g / y)[..., None] * rows / rows.shape[-1],)


def buffer_max_forward(x):
    rows = np.asarray(memoryview(x).cast("B").cast("d", x.shape))
    return rows.max(axis=-1), rows == rows.max(axis=-1, keepdims=True)


def swish_backward(g, x):
    s = 1 / (1 + np.exp(-x))
    slope = s + x * s * (1 - s)
    return ((g.ravel(order="A") * slope.ravel()).reshape(x.shape),)


def instance_forward(x):
    flat, saved = standardised(x.reshape(*x.shape[:2], -1))
    return flat.reshape(x.shape), saved


def instance_backward(g, saved):
    xhat, inv = saved
    rows = g.view()
    rows.shape = xhat.shape  # a reshape that never copies
    mean, dot = rows.mean(axis=-1, keepdims=True), (rows * xhat).mean(axis=-1, keepdims=True)
    return ((inv * (rows - mean - xhat * dot)).reshape(g.shape),)


def kept(shape):
    return np.random.default_rng(3).random(shape) < 0.6


def dropout_backward(g, mask):
    g.setflags(write=True)
    g[~mask] = 0
    return (g / 0.6,)


def unit_rows_forward(x):
    norm = np.sqrt((x * x).sum(axis=-1, keepdims=True))
    y = x / norm
    return y, (y, norm)


def unit_rows_backward(g, saved):
    y, norm = saved
    along = (g * y).sum(axis=-1, keepdims=True)
    dx = (g - y * along) / norm
    y *= norm
    return (dx,)


def ignoring_forward(x, y):
    valid = y >= 0
    y[~valid] = 0  # any class: it is masked below
    rows = np.arange(len(y))
    return -(log_softmax(x)[rows, y] * valid).sum(), (x, y, valid)


def ignoring_backward(g, saved):
    x, y, valid = saved
    return g * valid[:, None] * (softmax(x) - np.eye(x.shape[1])[y]), None


def ignored(n, k):
    def point(rng):
        y = rng.integers(1, k, n)
        y[::3] = -1
        return [rng.standard_normal((n, k)), y]

    return point


def weight_order_a_forward(x, w):
    """Features (N, H, W) times one weight a pixel."""
    return x.reshape(len(x), -1) @ w.reshape(-1, order="A"), (x, w)


def weight_order_a_backward(g, saved):
    x, w = saved
    return g[:, None, None] * w, (g[:, None, None] * x).sum(axis=0)


WRONG = [
    Wrong(
        "gelu: x phi added to the saved Phi",
        op("gelu", gelu_forward, gelu_backward),
        plain((8,), (4, 4), (2, 3, 2)),
        "changes saved",
        "phi += in backward writes into what forward saved: a second backward pass is wrong",
    ),
    Wrong(
        "layer norm without parameters: centred in the gradient",
        op("layer_norm", standardised, layer_norm_backward),
        plain((4, 5), (3, 3), (2, 2, 6)),
        "changes gradient",
        "g -= g.mean() writes into the incoming gradient",
    ),
    Wrong(
        "log-softmax: subtracted from the gradient in place",
        op("log_softmax", lambda x: (log_softmax(x),) * 2, log_softmax_in_gradient),
        plain((4, 5), (7,), (2, 3, 3)),
        "changes gradient",
        "g -= ... writes into the incoming gradient",
    ),
    Wrong(
        "log-softmax: exp written into the output",
        op("log_softmax", lambda x: (log_softmax(x),) * 2, log_softmax_in_output),
        plain((4, 5), (3, 3), (9,)),
        "changes output",
        "the saved array is the output: np.exp(y, out=y) turns it into probabilities",
        ("changes saved",),
    ),
    Wrong(
        "huber: saved difference clipped in place",
        op("huber", huber_forward, huber_backward),
        (normal((8,), (8,)), normal((4, 3), (4, 3)), normal((3, 3), (3, 3))),
        "changes saved",
        "np.clip(d, ..., out=d) writes into the saved difference (the numbers come out right, even twice)",
    ),
    Wrong(
        "maximum of a row: saved mask multiplied and returned",
        op("max", max_forward, max_backward),
        plain((4, 5), (3, 3), (2, 2, 6)),
        "changes saved",
        "mask *= g writes into the saved mask, which is then returned",
        ("aliased",),
    ),
    Wrong(
        "batch norm in evaluation: gamma divided in place",
        op("batch_norm", folded_norm_forward, folded_norm_backward),
        (normal((4, 3), (3,), (3,)), normal((3, 3), (3,), (3,)), normal((1, 6), (6,), (6,))),
        "changes input",
        "gamma /= deviation in forward: gamma shrinks with every call",
        ("state",),
    ),
    Wrong(
        "linear with unit rows of weights: w /= norm",
        op("unit_linear", unit_weights_forward, unit_weights_backward),
        (normal((4, 3), (5, 3)), normal((3, 3), (3, 3)), normal((2, 6), (2, 6))),
        "changes input",
        "the weights are normalised in place",
    ),
    Wrong(
        "median of an odd number: x.partition()",
        op("median", middle_forward, lambda g, mask: (g[..., None] * mask,)),
        plain((4, 5), (3, 3), (7,)),
        "changes input",
        "partition() reorders the input in place",
    ),
    Wrong(
        "residual branch: added into the input",
        op("residual", residual_forward, lambda g, _: (g * 1.0, 0.5 * g)),
        (normal((4, 3), (4, 3)), normal((8,), (8,)), normal((2, 3, 3), (2, 3, 3))),
        "changes input",
        "np.add(..., out=x) changes the first input",
    ),
    Wrong(
        "mish: tanh kept in one workspace",
        op("mish", mish_forward, mish_backward),
        plain((8,), (4, 4), (2, 3, 4)),
        "state",
        "the saved tanh lies in a workspace of the module, which the next call of any shape overwrites",
        ("aliased", "changes saved"),
    ),
    Wrong(
        "softmax: one output array for each shape",
        op("softmax", softmax_forward, softmax_backward),
        plain((4, 5), (3, 3), (2, 2, 4)),
        "aliased",
        "the output of every call of a shape is the same array: earlier outputs change",
        ("state", "changes output", "changes saved"),
    ),
    Wrong(
        "root mean square of rows: of memory order",
        op("rms", rms_in_memory_order, rms_backward),
        plain((4, 5), (3, 3), (2, 3, 4)),
        "input strides",
        "x.ravel(order='K').reshape(x.shape) takes Fortran-ordered input apart wrongly",
        ("memory order",),
    ),
    Wrong(
        "maximum of a row: through a cast memoryview",
        op("max", buffer_max_forward, lambda g, mask: (g[..., None] * mask,)),
        plain((4, 5), (3, 3), (2, 2, 4)),
        "input strides",
        "memoryview.cast needs C-ordered memory: it refuses all other inputs",
    ),
    Wrong(
        "weight of each pixel: reshaped with order A",
        op("pixel_weights", weight_order_a_forward, weight_order_a_backward),
        (normal((4, 2, 3), (2, 3)), normal((3, 3, 3), (3, 3)), normal((1, 4, 2), (4, 2))),
        "input strides",
        "order='A' reads a Fortran-ordered weight in another order than the picture",
        ("memory order",),
    ),
    Wrong(
        "swish: gradient flattened with order A",
        op("swish", lambda x: (x / (1 + np.exp(-x)), x), swish_backward),
        plain((4, 5), (3, 3), (2, 3, 4)),
        "gradient strides",
        "a Fortran-ordered gradient is flattened in its own order, the slopes in C order",
        ("memory order",),
    ),
    Wrong(
        "instance norm: gradient's view set to another shape",
        op("instance_norm", instance_forward, instance_backward),
        plain((2, 3, 2, 3), (3, 3, 3, 3), (1, 2, 4, 2)),
        "gradient strides",
        "setting .shape of a view fails for a gradient that is not dense",
    ),
    Wrong(
        "dropout: gradient made writeable and cleared",
        op("dropout", lambda x: (x * kept(x.shape) / 0.6, kept(x.shape)), dropout_backward),
        plain((12,), (4, 5), (2, 3, 3)),
        "changes gradient",
        "dropped entries of the incoming gradient are set to zero in place; a read-only one is refused",
        ("gradient strides",),
    ),
    Wrong(
        "unit rows: output scaled back in place",
        op("unit_rows", unit_rows_forward, unit_rows_backward),
        (normal((4, 3), scale=2.0), normal((3, 3), scale=3.0), normal((2, 2, 4), scale=2.0)),
        "changes output",
        "y *= norm in backward: y is the output, and saved",
        ("changes saved",),
    ),
    Wrong(
        "cross-entropy with ignored labels: labels overwritten",
        op("cross_entropy", ignoring_forward, ignoring_backward),
        (ignored(6, 4), ignored(4, 3), ignored(9, 5)),
        "changes input",
        "y[y < 0] = 0 writes into the caller's labels: at the next call nothing is ignored any more",
        ("state",),
    ),
]
