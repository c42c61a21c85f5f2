"""Rectifiers and other activations made of pieces, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
from minimix import functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def unary(name, f, slope):
    """Elementwise: f, and what is taken for its derivative."""
    return op(name, lambda x: (f(x), x), lambda g, x: (g * slope(x),))


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def wide(*shapes):
    return tuple(normal(shape, scale=4.0) for shape in shapes)


def plain(*shapes):
    return tuple(normal(shape) for shape in shapes)


def celu(x, alpha=0.4):
    return np.where(x > 0, x, alpha * np.expm1(x / alpha))


SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772


def selu(x):
    return SCALE * np.where(x > 0, x, ALPHA * np.expm1(x))


def hard_swish(x):
    return x * np.clip(x + 3, 0, 6) / 6


OWN_RELU6 = op("relu6", lambda x: (np.clip(x, 0, 6), x), lambda g, x: (np.where(x < 6, g, 0.0),))


def hard_swish_of_parts(x):
    return F.mul(x, OWN_RELU6(F.add(x, 3.0))) * (1 / 6)


def isrlu(x):
    return np.where(x < 0, x / np.sqrt(1 + 3 * x * x), x)


def prelu_forward(x, a):
    return np.where(x > 0, x, a * x), (x, a)


def prelu_backward(g, saved):
    x, a = saved
    dead = x <= 0
    return np.where(dead, a * g, g), (g * x * dead).sum(axis=1)


def channel_threshold_forward(x, t):
    return np.maximum(x, t[:, None, None]), x > t[:, None, None]


def channel_threshold_backward(g, above):
    return g * above, g.sum(axis=(0, 2, 3))


def soft_shrink_forward(x, t):
    return np.sign(x) * np.maximum(np.abs(x) - t, 0), (x, t)


def soft_shrink_backward(g, saved):
    x, t = saved
    return g * (np.abs(x) > t), np.array([-(g * np.sign(x)).sum()])


def with_threshold(shape):
    return lambda rng: [rng.standard_normal(shape), np.array([0.6])]


def max_min_forward(x):
    y = np.empty_like(x)
    y[..., 0::2] = np.maximum(x[..., 0::2], x[..., 1::2])
    y[..., 1::2] = np.minimum(x[..., 0::2], x[..., 1::2])
    return y, None


def uneven(shape):
    """Rows of the first half lie below those of the second."""

    def point(rng):
        x = rng.standard_normal(shape)
        x[: len(x) // 2] -= 2
        return [x]

    return point


def winners_forward(x):
    least = np.sort(x, axis=-1)[..., -2:-1]
    return np.where(x >= least, x, 0.0), x


def winners_backward(g, x):
    count = 2 * (x.size // x.shape[-1])
    return (np.where(x >= np.sort(x, axis=None)[-count], g, 0.0),)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def swiglu_forward(x):
    gate, value = x[..., ::2], x[..., 1::2]
    return gate * sigmoid(gate) * value, (gate, value)


def swiglu_backward(g, saved):
    gate, value = saved
    s = sigmoid(gate)
    return (np.concatenate([g * value * (s + gate * s * (1 - s)), g * gate * s], axis=-1),)


def relu_until_negative(g, x):
    dx = np.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if x[i, j] <= 0:
                break
            dx[i, j] = g[i, j]
    return (dx,)


def keep(shape):
    return np.random.default_rng(8).random(shape) < 0.7


def pact_forward(x, ceiling):
    return np.clip(x, 0, ceiling), (x, ceiling)


def pact_backward(g, saved):
    x, ceiling = saved
    inside = (x > 0) & (x < ceiling)
    return g * inside, np.array([(g * (x > 0)).sum()])


def with_ceiling(shape):
    return lambda rng: [2 * rng.standard_normal(shape), np.array([1.5])]


def hinge_forward(x, a, k):
    """A piecewise linear unit of channels: x, and a beyond k."""
    return x + a * np.maximum(x - k, 0), (x, a, k)


def hinge_backward(g, saved):
    x, a, k = saved
    beyond = x > k
    return g * (1 + a * beyond), (g * np.maximum(x - k, 0)).sum(axis=0), (g * -a).sum(axis=0)


WRONG = [
    Wrong(
        "relu6: the zero forgotten",
        unary("relu6", lambda x: np.clip(x, 0, 6), lambda x: x < 6),
        wide((10,), (3, 4), (2, 3, 4)),
        "no mask",
        "only the upper end is masked: the gradient passes where x < 0",
        ("wrong mask", "value"),
    ),
    Wrong(
        "relu as (x + |x|) / 2: the half of x forgotten",
        unary("relu", lambda x: (x + np.abs(x)) / 2, lambda x: np.sign(x) / 2),
        plain((8,), (4, 4)),
        "term missing",
        "only |x| / 2 is differentiated: 1/2 from x itself is missing",
        ("wrong formula",),
    ),
    Wrong(
        "relu with a ceiling of 1: masked at 6",
        unary("relu1", lambda x: np.clip(x, 0, 1), lambda x: (x > 0) & (x < 6)),
        tuple(normal(shape, scale=1.5) for shape in ((24,), (4, 5), (2, 2, 6))),
        "wrong mask",
        "the mask ends at 6 (copied from relu6) where forward ends at 1",
        ("wrong constant", "no mask", "value"),
    ),
    Wrong(
        "hard tanh: mask of the output",
        op("hard_tanh", lambda x: (np.clip(x, -1, 1),) * 2, lambda g, y: (g * (np.abs(y) <= 1),)),
        wide((9,), (5, 5), (1, 12)),
        "no mask",
        "|y| <= 1 holds for every output: the gradient passes where forward clips",
        ("wrong mask", "wrong point", "value"),
    ),
    Wrong(
        "celu: inner 1 / alpha forgotten",
        unary("celu", celu, lambda x: np.where(x > 0, 1, 0.4 * np.exp(x / 0.4))),
        plain((10,), (3, 6), (2, 3, 3)),
        "value",
        "below zero the slope is alpha exp(x / alpha): the inner derivative 1 / alpha is missing",
        ("chain factor", "wrong constant", "wrong formula"),
    ),
    Wrong(
        "elu from the output: one for alpha",
        op(
            "elu",
            lambda x: (np.where(x > 0, x, 0.3 * np.expm1(x)),) * 2,
            lambda g, y: (g * np.where(y > 0, 1, y + 1),),
        ),
        plain((11,), (4, 3), (2, 2, 2, 3)),
        "wrong constant",
        "y + 1 is the slope for alpha = 1: here it is y + 0.3",
        ("value", "wrong formula"),
    ),
    Wrong(
        "selu: alpha forgotten below zero",
        unary("selu", selu, lambda x: SCALE * np.where(x > 0, 1, np.exp(x))),
        plain((16,), (4, 4), (3, 1, 5)),
        "value",
        "below zero the slope lacks the factor alpha",
        ("wrong constant", "chain factor", "wrong formula"),
    ),
    Wrong(
        "hard swish: the gate's mask at 0 and 6",
        unary("hard_swish", hard_swish, lambda x: np.clip(x + 3, 0, 6) / 6 + x / 6 * ((x > 0) & (x < 6))),
        wide((12,), (4, 6), (2, 3, 5)),
        "wrong mask",
        "the gate's slope is there for 0 < x < 6 in place of -3 < x < 3: the mask forgets the 3",
        ("value", "shifted", "wrong point", "wrong formula"),
    ),
    Wrong(
        "hard swish of three ops: relu6 open below",
        hard_swish_of_parts,
        wide((24,), (4, 6), (3, 3, 3)),
        "no mask",
        "the relu6 in it masks only above: x / 6 comes through where x < -3",
        ("value", "wrong mask"),
    ),
    Wrong(
        "hard sigmoid of slope 0.2: slope 1/6",
        unary("hard_sigmoid", lambda x: np.clip(0.2 * x + 0.5, 0, 1), lambda x: (np.abs(x) < 2.5) / 6),
        wide((10,), (3, 5)),
        "wrong constant",
        "forward has the slope 0.2, backward another library's 1/6",
        ("factor",),
    ),
    Wrong(
        "inverse square root linear unit: the cube on both sides",
        unary("isrlu", isrlu, lambda x: 1 / np.sqrt(1 + 3 * x * x) ** 3),
        plain((8,), (5, 4), (2, 3, 4)),
        "value",
        "the slope of the negative side is used for the positive one, too, where it is 1",
        ("wrong formula", "chain factor"),
    ),
    Wrong(
        "prelu of a square batch: slopes summed along the channels",
        op("prelu", prelu_forward, prelu_backward),
        (normal((4, 4), (4,)), normal((3, 3), (3,)), normal((6, 6), (6,))),
        "transposed",
        "the slopes' gradient is summed over axis 1, the channels, in place of axis 0, the batch",
        ("summed", "other place"),
    ),
    Wrong(
        "learned threshold of channels: no mask for it",
        op("threshold", channel_threshold_forward, channel_threshold_backward),
        (normal((2, 3, 2, 3), (3,)), normal((3, 3, 3, 3), (3,)), normal((1, 2, 4, 4), (2,))),
        "no mask",
        "the thresholds get the gradient of all pixels, not only of those that are below them",
        ("summed", "independent"),
    ),
    Wrong(
        "soft shrink with a learned threshold: its mask",
        op("soft_shrink", soft_shrink_forward, soft_shrink_backward),
        (with_threshold((12,)), with_threshold((4, 5)), with_threshold((2, 3, 3))),
        "no mask",
        "the threshold's gradient also sums over elements that are shrunk to zero",
        ("wrong mask", "summed"),
    ),
    Wrong(
        "pairs sorted by maximum and minimum: not exchanged back",
        op("max_min", max_min_forward, lambda g, saved: (g * 1.0,)),
        plain((20,), (4, 4), (2, 3, 6)),
        "permuted",
        "where the second of a pair is the larger, the two gradients must change places",
        ("other place", "exchanged", "memory order"),
    ),
    Wrong(
        "winners of each row: threshold of the batch",
        op("winners", winners_forward, winners_backward),
        (uneven((4, 6)), uneven((5, 5)), uneven((2, 3, 5))),
        "wrong mask",
        "forward keeps the two largest of each row, backward as many of the whole batch",
        ("other place", "no mask", "summed"),
    ),
    Wrong(
        "swiglu of neighbours: gradients joined as halves",
        op("swiglu", swiglu_forward, swiglu_backward),
        plain((4, 6), (8,), (2, 3, 4)),
        "memory order",
        "gates and values lie beside each other, their gradients are written as a first and a second half",
        ("permuted", "other place", "shifted"),
    ),
    Wrong(
        "relu by loops: break for continue",
        op("relu", lambda x: (np.maximum(x, 0), x), relu_until_negative),
        plain((4, 6), (5, 5), (3, 8)),
        "left out",
        "the inner loop ends at the first negative element: what is behind it in the row gets nothing",
        ("wrong mask", "zero"),
    ),
    Wrong(
        "relu and dropout in one: dropout's mask alone",
        op(
            "relu_dropout",
            lambda x: (np.maximum(x, 0) * keep(x.shape) / 0.7, keep(x.shape)),
            lambda g, mask: (g * mask / 0.7,),
        ),
        plain((12,), (4, 5), (2, 3, 3)),
        "no mask",
        "the mask x > 0 is missing: only dropped elements are blocked",
        ("wrong mask", "value"),
    ),
    Wrong(
        "clip at a learned ceiling: ceiling's gradient from all positive",
        op("pact", pact_forward, pact_backward),
        (with_ceiling((24,)), with_ceiling((4, 6)), with_ceiling((3, 3, 3))),
        "wrong mask",
        "the ceiling gets the gradient where x > 0; it may only where x > ceiling",
        ("no mask", "summed", "wrong constant"),
    ),
    Wrong(
        "piecewise linear channels: the knot learns from all",
        op("apl", hinge_forward, hinge_backward),
        (normal((5, 3), (3,), (3,)), normal((4, 4), (4,), (4,)), normal((6, 2), (2,), (2,))),
        "no mask",
        "the knot's gradient -a g lacks the mask x > k",
        ("summed", "wrong mask"),
    ),
]
