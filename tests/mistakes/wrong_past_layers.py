"""Layers of library ops around one op of one's own, and short functions; all kinds of mistakes in backward."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def unary(name, function, slope):
    return op(name, lambda x: (function(x), x), lambda g, x: (g * slope(x),))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gated_mean(x):
    """Global average of (N, C, H, W) under a fixed window, larger in the middle."""
    h, w = x.shape[2:]
    window = np.outer(np.hanning(h + 2)[1:-1], np.hanning(w + 2)[1:-1])
    window /= window.sum()
    return (x * window).sum((2, 3)), (window, x.shape)


mean_twice_spread = op(
    "windowed_mean",
    gated_mean,
    lambda g, saved: (np.broadcast_to(g[:, :, None, None] / (saved[1][2] * saved[1][3]), saved[1]),),
)
mean_detached = op("windowed_mean", gated_mean, lambda g, saved: (None,))


def excited(x, w):
    return x * F.sigmoid(mean_twice_spread(x) @ w).reshape(x.shape[0], x.shape[1], 1, 1)


def excited_detached(x, w):
    return (mean_detached(x) @ w).tanh()


def shuffled_up(x):
    """(N, 4 C, H, W) to (N, C, 2 H, 2 W)."""
    n, c, h, w = x.shape
    return x.reshape(n, c // 4, 2, 2, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(n, c // 4, 2 * h, 2 * w), x.shape


def shuffled_up_backward(g, shape):
    n, c, h, w = shape
    return (g.reshape(n, c // 4, 2, h, 2, w).transpose(0, 1, 2, 4, 3, 5).reshape(shape),)


shuffle_up = op("pixel_shuffle", shuffled_up, shuffled_up_backward)


def edge_mean(x):
    """Mean of three neighbours; at the ends of the two that are there."""
    padded = np.pad(x, ((0, 0), (1, 1)))
    count = np.full(x.shape[1], 3.0)
    count[[0, -1]] = 2
    return (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / count, count


def edge_mean_backward(g, count):
    padded = np.pad(g / 3, ((0, 0), (1, 1)))
    return (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:],)


def replicated_gradient(x):
    """Central differences with the ends replicated."""
    padded = np.pad(x, ((0, 0), (1, 1)), mode="edge")
    return (padded[:, 2:] - padded[:, :-2]) / 2, None


def replicated_gradient_backward(g, _):
    padded = np.pad(g, ((0, 0), (1, 1)))
    return ((padded[:, :-2] - padded[:, 2:]) / 2,)


def survived(x, branch):
    """Stochastic depth with fixed survivors, every other sample; the survivors' branch is doubled."""
    keep = (np.arange(len(x)) % 2 == 0).reshape((-1,) + (1,) * (x.ndim - 1))
    return x + 2 * keep * branch, keep


def shaken(a, b):
    """Two branches with shares of each sample: 0.1, 0.4, 0.7 ..."""
    share = (0.1 + 0.3 * (np.arange(len(a)) % 4))[:, None]
    return share * a + (1 - share) * b, share


def orthogonality(w):
    """Penalty |W W^T - I|^2 of the rows of a weight."""
    gap = w @ w.T - np.eye(len(w))
    return np.array((gap**2).sum()), (w, gap)


def group_penalty(w):
    """Group lasso: the sum of the rows' lengths."""
    length = np.sqrt((w * w).sum(1, keepdims=True))
    return np.array(length.sum()), (w, length)


def cosine_gate(x, w):
    z = x @ w
    return np.cos(z) * sigmoid(z), (x, w, z)


def cosine_gate_backward(g, saved):
    x, w, z = saved
    s = sigmoid(z)
    dz = g * (np.sin(z) * s + np.cos(z) * s * (1 - s))
    return dz @ w.T, x.T @ dz


def budget(x):
    """Rows scaled down to a length of at most 1."""
    length = np.sqrt((x * x).sum(1, keepdims=True))
    return x / np.maximum(length, 1), (x, length)


def budget_backward(g, saved):
    x, length = saved
    unit = x / length
    projected = (g - unit * (g * unit).sum(1, keepdims=True)) / length
    return (np.where(length < 1, projected, g),)


def budget_always(g, saved):
    x, length = saved
    unit = x / length
    return ((g - unit * (g * unit).sum(1, keepdims=True)) / np.maximum(length, 1),)


def short_and_long(n, d):
    """Rows, of which every other one is shorter than 1."""

    def point(rng):
        x = rng.standard_normal((n, d))
        return [x / np.linalg.norm(x, axis=1, keepdims=True) * np.where(np.arange(n) % 2, 0.5, 2.0)[:, None]]

    return point


WRONG = [
    Wrong(
        "squeeze-and-excite with a windowed mean: an even mean in backward",
        excited,
        (normal((2, 3, 3, 3), (3, 3)), normal((1, 2, 3, 4), (2, 2))),
        "wrong constant",
        "the window's weights are not those of a plain mean",
        also=("chain factor", "scale", "averaged"),
    ),
    Wrong(
        "windowed mean, linear, tanh: None for the picture",
        excited_detached,
        (normal((2, 3, 3, 3), (3, 3)), normal((1, 2, 3, 4), (2, 2))),
        "zero",
        "backward returns None for the picture, on which everything depends",
    ),
    Wrong(
        "conv2d, then pixel shuffle: the blocks' axes exchanged with the pixels'",
        lambda x, w: shuffle_up(F.conv2d(x, w)).tanh(),
        (normal((1, 2, 4, 4), (4, 2, 3, 3)), normal((2, 1, 3, 4), (4, 1, 2, 2))),
        "memory order",
        "the enlarged rows are cut as (2, H) where they are (H, 2)",
        also=("permuted", "other place", "transposed"),
    ),
    Wrong(
        "mean of neighbours, two at the ends: three everywhere in backward",
        op("edge_mean", edge_mean, edge_mean_backward),
        (normal((2, 6)), normal((4, 4)), normal((1, 9))),
        "border",
        "outputs at the ends are means of two, but divided by three in backward",
        also=("wrong constant", "scale"),
    ),
    Wrong(
        "central differences with replicated ends: as with zeros",
        op("replicated_gradient", replicated_gradient, replicated_gradient_backward),
        (normal((2, 6)), normal((4, 4)), normal((1, 9))),
        "border",
        "the replicated ends' own share is dropped",
        also=("term missing", "not summed", "left out"),
    ),
    Wrong(
        "stochastic depth: survivors' factor",
        op("survived", survived, lambda g, keep: (g, g * keep)),
        (normal((4, 3), (4, 3)), normal((3, 2, 2), (3, 2, 2)), normal((5, 1), (5, 1))),
        "factor",
        "the branch's gradient lacks the 2 by which survivors are scaled",
    ),
    Wrong(
        "stochastic depth: the dropped ones learn",
        op("survived", survived, lambda g, keep: (g, 2 * g * ~keep)),
        (normal((4, 3), (4, 3)), normal((3, 2, 2), (3, 2, 2)), normal((5, 1), (5, 1))),
        "inverted mask",
        "the branches of dropped samples get the gradient, those of survivors nothing",
    ),
    Wrong(
        "two branches with shares: the same shares in reverse order in backward",
        op("shaken", shaken, lambda g, share: (g * share[::-1], g * (1 - share[::-1]))),
        (normal((4, 3), (4, 3)), normal((3, 3), (3, 3)), normal((2, 5), (2, 5))),
        "scale",
        "each sample gets the share of the sample at the other end of the batch",
        also=("flipped", "wrong constant", "permuted", "other place", "chain factor"),
    ),
    Wrong(
        "two branches with shares: one for both",
        op("shaken", shaken, lambda g, share: (g, g.copy())),
        (normal((4, 3), (4, 3)), normal((3, 3), (3, 3)), normal((2, 5), (2, 5))),
        "scale",
        "the shares are forgotten: both branches get the whole gradient",
        also=("chain factor", "wrong constant"),
    ),
    Wrong(
        "orthogonality penalty: half of it",
        op("orthogonality", orthogonality, lambda g, s: (2 * g * s[1] @ s[0],)),
        (normal((3, 4)), normal((3, 3)), normal((2, 5))),
        "factor",
        "W is on both sides of the product: 4, not 2",
        also=("term missing", "not summed"),
    ),
    Wrong(
        "orthogonality penalty: incoming gradient ignored",
        op("orthogonality", orthogonality, lambda g, s: (4 * s[1] @ s[0],)),
        (normal((3, 4)), normal((3, 3)), normal((2, 5))),
        "ones",
        "the penalty is taken for the whole loss: g is not multiplied in",
        also=("nonlinear", "factor"),
    ),
    Wrong(
        "group lasso: signs of the elements",
        op("group_penalty", group_penalty, lambda g, s: (g * np.sign(s[0]),)),
        (normal((3, 4)), normal((3, 3)), normal((2, 5))),
        "wrong formula",
        "the derivative of the sum of absolute values, not of the rows' lengths",
    ),
    Wrong(
        "group lasso: gradient of length one",
        lambda w: op("group_penalty", group_penalty, lambda g, s: (np.sign(g) * s[0] / s[1],))(w) * 0.3,
        (normal((3, 4)), normal((3, 3)), normal((2, 5))),
        "nonlinear",
        "the incoming gradient's sign is used in place of the gradient",
        also=("factor", "ones"),
    ),
    Wrong(
        "cosine times sigmoid of a product: cosine's minus",
        op("cosine_gate", cosine_gate, cosine_gate_backward),
        (normal((3, 2), (2, 4)), normal((3, 3), (3, 3)), normal((1, 4), (4, 2))),
        "sign of a term",
        "the derivative of the cosine lacks its minus",
    ),
    Wrong(
        "rows of at most length 1: short and long exchanged",
        op("budget", budget, budget_backward),
        (short_and_long(4, 3), short_and_long(2, 2), short_and_long(5, 4)),
        "inverted mask",
        "short rows are projected, long ones passed through",
        also=("value", "wrong mask"),
    ),
    Wrong(
        "rows of at most length 1: short ones are projected, too",
        op("budget", budget, budget_always),
        (short_and_long(4, 3), short_and_long(2, 2), short_and_long(5, 4)),
        "term extra",
        "rows shorter than 1 are passed on; backward projects them, too",
        also=("no mask", "value", "wrong mask"),
    ),
    Wrong(
        "hard sigmoid (x + 3) / 6: a smooth slope",
        unary("hard_sigmoid", lambda x: np.clip((x + 3) / 6, 0, 1), lambda x: sigmoid(x) * (1 - sigmoid(x))),
        (normal(8), normal((3, 4)), normal((4, 4))),
        "approximate",
        "the sigmoid's slope stands for 1 / 6",
        also=("wrong formula",),
    ),
    Wrong(
        "hard mish x clip(x + 2, 0, 2) / 2: parabola up to 2",
        unary(
            "hard_mish",
            lambda x: x * np.clip(x + 2, 0, 2) / 2,
            lambda x: np.select([x <= -2, x < 2], [0, x + 1], 1),
        ),
        (normal(12), normal((3, 5)), normal((5, 5))),
        "wrong mask",
        "the parabola ends at 0; backward asks for x < 2",
        also=("value", "wrong constant"),
    ),
    Wrong(
        "growing cosine unit x cos(x): plus",
        unary("gcu", lambda x: x * np.cos(x), lambda x: np.cos(x) + x * np.sin(x)),
        (normal(8), normal((3, 4)), normal((4, 4))),
        "sign of a term",
        "cos(x) - x sin(x) has a minus",
    ),
    Wrong(
        "capped scores 2 tanh(x / 2): slope from the capped score",
        op("capped", lambda x: (2 * np.tanh(x / 2), 2 * np.tanh(x / 2)), lambda g, y: (g * (1 - np.tanh(y / 2) ** 2),)),
        (normal(8), normal((3, 4)), normal((4, 4))),
        "wrong point",
        "the slope is taken at the output as though it were the input",
        also=("chain factor",),
    ),
    Wrong(
        "every other unit a mirrored relu: relu's mask for all",
        op(
            "bipolar_relu",
            lambda x: (np.where(np.arange(x.shape[-1]) % 2, np.minimum(x, 0), np.maximum(x, 0)), x),
            lambda g, x: (g * (x > 0),),
        ),
        (normal(8), normal((3, 4)), normal((4, 4))),
        "wrong mask",
        "odd units pass where x < 0; backward asks x > 0 of all units",
        also=("inverted mask",),
    ),
]
