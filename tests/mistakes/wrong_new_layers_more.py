"""Small layers of several ops, one of them wrong: gates, residuals, branches, joined and split features (second part)."""

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


FLATTEN = op(
    "flatten",
    lambda x: (np.ascontiguousarray(x.transpose(0, 2, 3, 1)).reshape(len(x), -1), x.shape),
    lambda g, shape: (g.reshape(shape),),
)


def conv_flatten_linear(x, w, v):
    """Flattened channels last."""
    return F.linear(FLATTEN(F.conv2d(x, w)), v)


PAD_BEFORE = op(
    "pad",
    lambda x: (np.pad(x, ((0, 0), (0, 0), (0, 1), (0, 1))), None),
    lambda g, _: (g[:, :, 1:, 1:],),
)


def pad_conv_pool(x, w):
    return F.global_avg_pool2d(F.conv2d(PAD_BEFORE(x), w, stride=2))


LOG_GAIN = op("log gain", lambda x, s: (x * np.exp(s), (x, s)), lambda g, saved: (g * np.exp(saved[1]), (g * saved[0]).sum(0)))


def gain_then_softmax(x, s):
    return F.softmax(LOG_GAIN(x, s))


DOUBLE = op(
    "enlarge",
    lambda x: (x.repeat(2, axis=2).repeat(2, axis=3), None),
    lambda g, _: (g.reshape(*g.shape[:2], g.shape[2] // 2, 2, g.shape[3] // 2, 2).mean((3, 5)),),
)


def u_net_step(deep, skip, w):
    return F.relu(F.conv2d(DOUBLE(deep), w, padding=1) + skip)


def join_two_forward(a, b):
    return np.concatenate([a, b], axis=1), a.shape[1]


JOIN_SWAPPED = op("join", join_two_forward, lambda g, n: (g[:, -n:], g[:, :-n]))


def inception(x, w1, w3):
    return F.swish(JOIN_SWAPPED(F.conv2d(x, w1), F.conv2d(x, w3, padding=1)))


JOIN_LAST = op("join", join_two_forward, lambda g, n: (np.zeros_like(g[:, :n]), g[:, n:]))


def dense_step(x, w):
    """The layer's output beside its input, which goes into the next layer twice over."""
    return F.conv2d(JOIN_LAST(x, F.relu(F.conv2d(x, w, padding=1))), np.ones((1, 2 * x.shape[1], 1, 1)))


IDS = np.array([0, 2, 2, 1, 2, 0])


LOOK_UP = op("look up", lambda w: (w[IDS], w.shape), lambda g, shape: (assigned(g, shape),))


def assigned(g, shape):
    d = np.zeros(shape)
    d[IDS] = g
    return d


def bag_of_words(w, v):
    return F.tanh(F.linear(LOOK_UP(w).mean(0), v))


def log_softmax_forward(x):
    s = x - x.max(1, keepdims=True)
    y = s - np.log(np.exp(s).sum(1, keepdims=True))
    return y, y


LOG_SOFTMAX = op("log-softmax", log_softmax_forward, lambda g, y: (g - g.sum(1, keepdims=True) / g.shape[1],))


def classifier(x, w, b):
    return F.nll_loss(LOG_SOFTMAX(F.linear(x, w, b)), np.arange(len(x)) % len(w))


def scaled_forward(x):
    """Each row divided by its mean square's root, which is remembered without its root."""
    m = (x * x).mean(1, keepdims=True)
    return x / np.sqrt(m), (x, m)


def scaled_backward(g, saved):
    x, m = saved
    return (g / np.sqrt(m) + x * (g * x).mean(1, keepdims=True) / m**1.5,)


RMS = op("rms", scaled_forward, scaled_backward)


def normalised_feed_forward(x, w, v):
    return x + F.linear(F.swish(F.linear(RMS(x), w)), v)


KEPT = np.random.default_rng(3).random((64, 64)) < 0.6


DROP = op(
    "dropout",
    lambda x: (x * KEPT[: x.shape[0], : x.shape[1]] / 0.6, None),
    lambda g, _: (g * KEPT[: g.shape[1], : g.shape[0]].T / 0.6,),
)


def dropped_perceptron(x, w, v):
    return F.linear(DROP(F.sigmoid(F.linear(x, w))), v)


HALF_SWISH = op(
    "swish",
    lambda x: (x * sigmoid(x), x),
    lambda g, x: (g * (sigmoid(x) + sigmoid(x) * (1 - sigmoid(x))),),
)


def inverted_bottleneck(x, expand, depth, project):
    h = HALF_SWISH(F.pointwise_conv2d(x, expand))
    return x + F.pointwise_conv2d(F.swish(F.depthwise_conv2d(h, depth)), project)


WRONG = [
    Wrong(
        "conv2d, flatten, linear: flattened channels last",
        conv_flatten_linear,
        (normal((2, 1, 3, 4), (2, 1, 2, 2), (3, 12)), normal((1, 2, 3, 3), (3, 2, 2, 2), (2, 12))),
        "memory order",
        "forward transposes before it flattens, backward only reshapes",
        ("permuted", "transposed"),
    ),
    Wrong(
        "pad, conv2d of stride 2, mean: padding cropped in front",
        pad_conv_pool,
        (normal((1, 2, 4, 4), (2, 2, 3, 3)), normal((2, 1, 6, 4), (1, 1, 3, 3))),
        "shifted",
        "the zeros stand behind, the gradient is cropped in front",
        ("border",),
    ),
    Wrong(
        "gain as an exponential, softmax: inner derivative",
        gain_then_softmax,
        (normal((3, 4), (4,)), normal((2, 5), (5,))),
        "scale",
        "the gain's logarithm lacks the factor exp(s), one for each column",
        ("chain factor",),
    ),
    Wrong(
        "enlarge, conv2d, skip: mean of four",
        u_net_step,
        (normal((1, 2, 2, 2), (1, 1, 4, 4), (1, 2, 3, 3)), normal((2, 1, 2, 3), (2, 2, 4, 6), (2, 1, 3, 3))),
        "averaged",
        "the four copies' gradients are averaged, where they should be summed",
        ("factor",),
    ),
    Wrong(
        "two kernels side by side: cut from the other end",
        inception,
        (normal((1, 2, 4, 3), (2, 2, 1, 1), (2, 2, 3, 3)), normal((2, 1, 3, 3), (3, 1, 1, 1), (3, 1, 3, 3))),
        "exchanged",
        "the branches' slices of the gradient are exchanged",
        ("permuted", "shifted"),
    ),
    Wrong(
        "dense block: input passed on without a gradient",
        dense_step,
        (normal((1, 2, 3, 4), (2, 2, 3, 3)), normal((2, 1, 4, 3), (1, 1, 3, 3))),
        "term missing",
        "the joined input's own slice of the gradient is dropped: only the way through the layer remains",
        ("left out", "zero", "not summed"),
    ),
    Wrong(
        "mean of looked-up rows, linear, tanh: d[ids] = g",
        bag_of_words,
        (normal((3, 2), (4, 2)), normal((4, 3), (2, 3))),
        "overwritten",
        "a row that is looked up several times gets one of its gradients",
        ("not summed", "averaged", "scale"),
    ),
    Wrong(
        "linear, log-softmax, likelihood: equal probabilities",
        classifier,
        (normal((4, 3), (3, 3), (3,)), normal((3, 2), (4, 2), (4,))),
        "wrong formula",
        "the sum of the gradient is spread evenly over the classes, not by their probabilities",
        ("chain factor", "averaged", "approximate"),
    ),
    Wrong(
        "RMS norm before a feed-forward: plus",
        normalised_feed_forward,
        (normal((3, 4), (5, 4), (4, 5)), normal((2, 3), (3, 3), (3, 3))),
        "sign of a term",
        "the norm's second term is added, not subtracted",
    ),
    Wrong(
        "dropped hidden layer: mask transposed",
        dropped_perceptron,
        (normal((6, 3), (6, 3), (2, 6)), normal((5, 4), (5, 4), (3, 5))),
        "transposed",
        "dropout's mask is transposed in backward",
        ("wrong mask",),
    ),
    Wrong(
        "inverted bottleneck: first swish without x",
        inverted_bottleneck,
        (
            normal((1, 2, 3, 3), (4, 2, 1, 1), (4, 1, 3, 3), (2, 4, 1, 1)),
            normal((2, 1, 3, 2), (3, 1, 1, 1), (3, 1, 3, 3), (1, 3, 1, 1)),
        ),
        "chain factor",
        "swish's second term lacks its factor x",
        ("wrong formula",),
    ),
]
