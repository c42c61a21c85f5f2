"""Ops that draw anew, remember, use few digits, or break the contract of forward and backward."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def plain(*shapes):
    return tuple(normal(shape) for shape in shapes)


def labelled(n, k):
    return lambda rng: [rng.standard_normal((n, k)), rng.integers(0, k, n)]


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


DRAWN = np.random.default_rng(20)
ORDERS = {}


def mixup_forward(x):
    """Each sample mixed with another one; the pairs are drawn once for each size of batch."""
    order = ORDERS.setdefault(len(x), np.random.default_rng(4).permutation(len(x)))
    return 0.7 * x + 0.3 * x[order], None


def mixup_backward(g, _):
    dx = 0.7 * g
    np.add.at(dx, DRAWN.permutation(len(g)), 0.3 * g)
    return (dx,)


def crop_forward(x):
    """Columns 3 to n - 4, where a random crop happened to fall."""
    return x[..., 3:-4].copy(), x.shape


def crop_backward(g, shape):
    start = DRAWN.integers(0, 8)
    dx = np.zeros(shape)
    dx[..., start : start + g.shape[-1]] = g
    return (dx,)


LOSS_SCALE = [1.0]


def scaled_square_backward(g, d):
    scale = LOSS_SCALE[0]
    LOSS_SCALE[0] = 2 * scale if scale < 1000 else 1.0
    return (2 * g * d * scale,)


QUEUES = {}


def queue_forward(q):
    """Scores of queries (N, D) against the keys of a queue, which they then enter."""
    keys = QUEUES.get(q.shape[1], np.random.default_rng(1).standard_normal((6, q.shape[1])))
    QUEUES[q.shape[1]] = np.concatenate([q, keys])[:6]
    return q @ keys.T, keys


ROOTS = {}


def rms_forward(x):
    inv = ROOTS.setdefault(x.shape, 1 / np.sqrt((x * x).mean(axis=-1, keepdims=True)))
    return x * inv, (x, inv)


def rms_backward(g, saved):
    x, inv = saved
    return (inv * (g - x * inv**2 * (g * x).mean(axis=-1, keepdims=True)),)


def prelu_forward(x, a):
    return np.where(x > 0, x, a * x), (x, a)


def prelu_float32(g, saved):
    x, a = saved
    return np.where(x > 0, g, a * g), (g * x * (x <= 0)).sum(axis=0).astype(np.float32)


def float32_softmax(x):
    p = softmax(x.astype(np.float32)).astype(float)
    return p, p


def softmax_backward(g, p):
    return (p * (g - (g * p).sum(axis=-1, keepdims=True)),)


def float32_norm_forward(x):
    mean = x.mean(axis=0, dtype=np.float32)
    inv = 1 / np.sqrt(((x - mean) ** 2).mean(axis=0, dtype=np.float32) + np.float32(1e-5))
    return (x - mean) * inv, ((x - mean) * inv, inv)


def norm_backward(g, saved):
    xhat, inv = saved
    return (inv * (g - g.mean(axis=0) - xhat * (g * xhat).mean(axis=0)),)


def cross_entropy_forward(x, y):
    p = softmax(x)
    return -np.log(p[np.arange(len(y)), y]).mean(), (p, y)


def cross_entropy_float32(g, saved):
    p, y = saved
    d = p.astype(np.float32)
    d[np.arange(len(y)), y] -= 1
    return (d / np.float32(len(y))).astype(float) * g, None


def cross_entropy_single(g, saved):
    p, y = saved
    return (g * (p - np.eye(p.shape[1])[y]) / len(y),)


def heads_backward(g, saved):
    x, w = saved
    dw = np.einsum("bnm,bnk->km", g.astype("f"), x.astype("f"))
    return np.einsum("bnm,km->bnk", g, w), dw.astype(float)


def huber_forward(d):
    return np.where(np.abs(d) < 1, d * d / 2, np.abs(d) - 0.5).sum(), d


def huber_backward(g, d):
    out = np.zeros(d.shape, "f")
    small = np.abs(d) < 1
    out[small] = d[small]
    out[~small] = np.sign(d[~small])
    out *= g
    return (out,)


def clip_forward(x, low=0.0, high=1.0):
    return np.clip(x, low, high), (x > low) & (x < high)


CLIP = mm.Op("clip", clip_forward, lambda g, inside: (g * inside, None, None))


def stacked_backward(g, saved):
    a, b = saved
    larger = a > b
    return np.stack([g * larger, g * ~larger])


def tensor_forward(x):
    return mm.Tensor(np.log1p(np.exp(x))), x


def layer_norm_forward(x, gamma):
    c = x - x.mean(axis=-1, keepdims=True)
    inv = 1 / np.sqrt((c * c).mean(axis=-1, keepdims=True) + 1e-5)
    return gamma * c * inv, (c * inv, inv, gamma)


def layer_norm_backward(g, saved):
    xhat, inv, gamma = saved
    s = g * gamma
    dx = inv * (s - s.mean(axis=-1, keepdims=True) - xhat * (s * xhat).mean(axis=-1, keepdims=True))
    return dx, (g * xhat).sum(axis=0, keepdims=True)


WRONG = [
    Wrong(
        "mixup: partners drawn anew",
        op("mixup", mixup_forward, mixup_backward),
        plain((8, 2), (12, 1), (9, 3)),
        "random",
        "backward draws a permutation of its own, forward used another one",
        ("permuted",),
    ),
    Wrong(
        "crop of columns: place drawn anew",
        op("crop", crop_forward, crop_backward),
        plain((3, 12), (14,), (2, 2, 11)),
        "random",
        "backward draws where the gradient is put",
        ("shifted",),
    ),
    Wrong(
        "squared errors: loss scale doubled by every backward pass",
        op("scaled_squares", lambda d: ((d * d).sum(), d), scaled_square_backward),
        plain((6,), (4, 3)),
        "state",
        "each backward pass doubles a scale (up to 1024, then it is 1 again) that the next one multiplies by",
        ("factor",),
    ),
    Wrong(
        "scores against a queue: it moves on in forward",
        op("queue", queue_forward, lambda g, keys: (g @ keys,)),
        plain((2, 3), (3, 4), (1, 5)),
        "state",
        "every forward pass enqueues its inputs: the next one has other keys",
    ),
    Wrong(
        "RMS norm: root kept by shape",
        op("rms_norm", rms_forward, rms_backward),
        plain((3, 7), (4, 9), (2, 2, 11)),
        "state",
        "the root mean square of the first call of a shape is used for all later ones",
    ),
    Wrong(
        "prelu: slopes' gradient in float32",
        op("prelu", prelu_forward, prelu_float32),
        (normal((4, 3), (3,)), normal((3, 3), (3,)), normal((1, 8), (8,))),
        "dtype",
        "the slopes are float64, their gradient is float32",
        ("precision",),
    ),
    Wrong(
        "softmax: float32 in forward",
        op("softmax", float32_softmax, softmax_backward),
        plain((4, 5), (3, 3), (2, 2, 6)),
        "forward precision",
        "the probabilities are computed in float32 and cast back",
        ("precision",),
    ),
    Wrong(
        "batch norm: statistics in float32",
        op("batch_norm", float32_norm_forward, norm_backward),
        plain((6, 3), (4, 4), (9, 2)),
        "forward precision",
        "mean and variance are accumulated in float32",
        ("precision",),
    ),
    Wrong(
        "cross-entropy, mean: float32 in backward",
        op("cross_entropy", cross_entropy_forward, cross_entropy_float32),
        (labelled(5, 4), labelled(3, 3), labelled(7, 2)),
        "precision",
        "the difference p - one_hot is formed in float32",
    ),
    Wrong(
        "einsum of sequences: weight's gradient by float32",
        op("einsum", lambda x, w: (np.einsum("bnk,km->bnm", x, w), (x, w)), heads_backward),
        (normal((2, 3, 4), (4, 2)), normal((3, 3, 3), (3, 3)), normal((1, 5, 2), (2, 6))),
        "precision",
        "both factors of the weight's gradient are rounded to float32",
    ),
    Wrong(
        "huber: gradient allocated as float32",
        op("huber", huber_forward, huber_backward),
        plain((9,), (4, 4), (2, 3, 3)),
        "dtype",
        "np.zeros(shape, 'f') makes a float32 gradient of a float64 input",
        ("precision",),
    ),
    Wrong(
        "clip with options: gradients for them, too",
        lambda x: mm.apply(CLIP, x, low=-0.5, high=1.0),
        plain((9,), (4, 4), (2, 3, 3)),
        "contract",
        "backward returns three gradients for one input: options are no inputs",
    ),
    Wrong(
        "cross-entropy, labels as an input: one gradient",
        op("cross_entropy", cross_entropy_forward, cross_entropy_single),
        (labelled(5, 4), labelled(3, 3)),
        "contract",
        "two inputs, one gradient: None for the labels is missing",
    ),
    Wrong(
        "maximum of two: gradients stacked in one array",
        op("maximum", lambda a, b: (np.maximum(a, b), (a, b)), stacked_backward),
        (normal((8,), (8,)), normal((3, 4), (3, 4))),
        "contract",
        "backward returns an array of shape (2, ...), no tuple of two arrays",
    ),
    Wrong(
        "softplus: forward returns a Tensor",
        op("softplus", tensor_forward, lambda g, x: (g * sigmoid(x),)),
        plain((6,), (3, 4)),
        "contract",
        "forward returns a Tensor where an ndarray is expected",
    ),
    Wrong(
        "softsign: backward returns Tensors",
        op("softsign", lambda x: (x / (1 + np.abs(x)), x), lambda g, x: (mm.Tensor(g / (1 + np.abs(x)) ** 2),)),
        plain((6,), (3, 4)),
        "contract",
        "the gradient is a Tensor where an ndarray is expected",
    ),
    Wrong(
        "layer norm: gamma's gradient keeps the batch axis",
        op("layer_norm", layer_norm_forward, layer_norm_backward),
        (normal((4, 5), (5,)), normal((3, 3), (3,)), normal((1, 6), (6,))),
        "shape",
        "gamma has the shape (C,), its gradient (1, C)",
    ),
    Wrong(
        "mean of everything: one number for all",
        op("mean", lambda x: (x.mean(), x.size), lambda g, n: (np.asarray(g / n),)),
        plain((6,), (3, 4), (2, 2, 3)),
        "shape",
        "the gradient is a 0-d array in place of one of the input's shape",
    ),
]
