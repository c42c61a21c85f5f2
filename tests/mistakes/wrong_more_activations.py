"""Activations, gates and masks that are less common, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def within(low, high, *shapes):
    return lambda rng: [rng.uniform(low, high, shape) for shape in shapes]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def srelu_forward(x, low, high):
    y = np.where(x < -0.5, -0.5 + low * (x + 0.5), np.where(x > 0.5, 0.5 + high * (x - 0.5), x))
    return y, (x, low, high)


def srelu_backward(g, saved):
    x, low, high = saved
    dx = g * np.where(x < -0.5, low, np.where(x > 0.5, high, 1))
    return dx, (g * (x > 0.5) * (x - 0.5)).sum(0), (g * (x < -0.5) * (x + 0.5)).sum(0)


def pelu_forward(x, a):
    return np.where(x > 0, a * x, a * np.expm1(np.minimum(x, 0) / a)), (x, a)


def pelu_backward(g, saved):
    x, a = saved
    e = np.exp(np.minimum(x, 0) / a)
    return g * np.where(x > 0, a, e), (g * np.where(x > 0, x, e - 1)).sum()


def apl_forward(x, w, b):
    return np.maximum(x, 0) + w * np.maximum(0, b - x), (x, w, b)


def apl_backward(g, saved):
    x, w, b = saved
    below = x < b
    return g * ((x > 0) - w * below), g * np.maximum(0, b - x), g * w


def mod_relu_forward(x, b):
    """Pairs (real, imaginary) in the last axis; their length is shortened by b."""
    r = np.sqrt((x**2).sum(-1, keepdims=True))
    return x * np.maximum(0, 1 - b / r), (x, b, r)


def mod_relu_backward(g, saved):
    x, b, r = saved
    on = r > b
    inner = (g * x).sum(-1, keepdims=True)
    return g * np.maximum(0, 1 - b / r), (-(on * inner) / r).sum().reshape(b.shape)


def squash_forward(x):
    square = (x**2).sum(-1, keepdims=True)
    return x * np.sqrt(square) / (1 + square), (x, square)


def squash_backward(g, saved):
    x, square = saved
    inner = (g * x).sum(-1, keepdims=True)
    r = np.sqrt(square)
    return (g * r / (1 + square) + x * inner * (1 / r + r) / (1 + square) ** 2,)


def clip_norm_forward(x):
    norm = np.sqrt((x**2).sum(-1, keepdims=True))
    return x * np.minimum(1, 2 / norm), (x, norm)


def band(n):
    i = np.arange(n)
    return np.abs(i[:, None] - i) <= 1


def window_softmax_forward(x):
    e = np.exp(x) * band(x.shape[-1])
    p = e / e.sum(-1, keepdims=True)
    return p, p


def window_softmax_backward(g, p):
    return (p * (g - (g * p).sum(-1, keepdims=True)) * np.triu(np.ones(p.shape[-2:])),)


def checkerboard(shape):
    return (np.add.outer(np.arange(shape[-2]), np.arange(shape[-1])) % 2).astype(float)


def coupling_forward(x, s):
    mask = checkerboard(x.shape)
    return x * np.exp(s * mask), (x, s, mask)


def coupling_backward(g, saved):
    x, s, mask = saved
    e = np.exp(s * mask)
    return g * e, g * x * e


def zoneout_forward(old, new):
    keep = np.arange(old.shape[-1]) % 3 == 0
    return np.where(keep, old, new), keep


def drop_block_mask(shape):
    mask = np.ones(shape)
    mask[..., :2, 1:3] = 0
    return mask * mask.size / mask.sum()


def hysteresis_loop(g, x):
    dx = np.empty_like(g)
    on = True
    for i in range(x.size):
        on = x.flat[i] > 0 or (on and x.flat[i] > -0.5)
        dx.flat[i] = g.flat[i] if on else 0
    return (dx,)


def pade_forward(x, p, q):
    return (p[0] + p[1] * x + p[2] * x**2) / (1 + np.abs(q * x)), (x, p, q)


def pade_backward(g, saved):
    x, p, q = saved
    below = 1 + np.abs(q * x)
    above = p[0] + p[1] * x + p[2] * x**2
    dx = g * ((p[1] + 2 * p[2] * x) / below - above * q / below**2)
    dp = np.array([(g * x**k / below).sum() for k in range(3)])
    return dx, dp, -(g * above * np.sign(q) * np.abs(x) / below**2).sum().reshape(q.shape)


def elish_backward(g, x):
    s = sigmoid(x)
    return (g * np.where(x > 0, s + x * s * (1 - s), np.exp(x) * s),)


LAST = {}


def residual_tanh_forward(x):
    LAST["slope"] = 1 / np.cosh(x) ** 2
    return np.tanh(x) + x, None


def tanh_exp_backward(g, x):
    t = np.tanh(np.exp(x))
    return (g * (t + x * (1 - t * t)),)


def sequence_mask_forward(x):
    lengths = 1 + np.arange(len(x))
    return x * (np.arange(x.shape[-1]) < lengths[:, None]), lengths


def first_row_lengths(g, lengths):
    return (g * (np.arange(g.shape[-1]) < lengths[:1, None]),)


def reglu_backward(g, saved):
    a, b = np.split(saved, 2, axis=-1)
    return (np.concatenate([g * np.maximum(b, 0), g * a], axis=-1),)


def rising_rows(n, m):
    return lambda rng: [rng.standard_normal((n, m)) + 2 * np.arange(n)[:, None]]


def sparse_rows_forward(x):
    """All but the two largest of each row become 0."""
    keep = x >= np.sort(x, axis=-1)[..., -2:-1]
    return x * keep, (x, keep)


def sparse_rows_backward(g, saved):
    x, keep = saved
    return (np.where(np.isin(x, np.sort(x.ravel())[-keep.sum() :]), g, 0),)


def upper_triangle_out(g, _):
    np.multiply(g, np.triu(np.ones(g.shape)), out=g)
    return (g,)


WRONG = [
    Wrong(
        "S-shaped relu: slopes' gradients exchanged",
        op("srelu", srelu_forward, srelu_backward),
        (normal((8, 3), (3,), (3,)), normal((6, 6), (6,), (6,)), normal((20, 2), (2,), (2,))),
        "exchanged",
        "the upper slope's gradient is returned for the lower one, and the reverse",
    ),
    Wrong(
        "parametric elu: a inside the exponential",
        op("pelu", pelu_forward, pelu_backward),
        (lambda rng: [rng.standard_normal((4, 5)), np.array(0.8)], lambda rng: [rng.standard_normal(12) - 0.5, np.array(2.0)]),
        "term missing",
        "- x / a exp(x / a) is missing in a's gradient: the a of the exponent is not differentiated",
        ("wrong formula",),
    ),
    Wrong(
        "piecewise linear unit: hinge's place unmasked",
        op("apl", apl_forward, apl_backward),
        (normal((9,), (9,), (9,)), normal((3, 4), (3, 4), (3, 4)), normal((2, 2, 3), (2, 2, 3), (2, 2, 3))),
        "no mask",
        "b gets w g where x > b, too: the hinge is zero there",
        ("independent",),
    ),
    Wrong(
        "modulus relu: length taken for a constant",
        op("mod_relu", mod_relu_forward, mod_relu_backward),
        (lambda rng: [rng.standard_normal((6, 2)), np.array(0.6)], lambda rng: [rng.standard_normal((2, 3, 2)), np.array(0.4)]),
        "term missing",
        "the gradient of x lacks the summand b x (x . g) / r**3, from the length in the scale",
    ),
    Wrong(
        "squash: sign of the second term",
        op("squash", squash_forward, squash_backward),
        (normal((4, 3)), normal((2, 2, 5)), normal((3, 3))),
        "sign of a term",
        "(1/r - r) / (1 + r**2)**2 is the scale's derivative over r: r is added",
        ("wrong formula",),
    ),
    Wrong(
        "clip by length: projection forgotten",
        op("clip_norm", clip_norm_forward, lambda g, s: (g * np.minimum(1, 2 / s[1]),)),
        (normal((6, 5)), within(-3, 3, (4, 4)), normal((2, 3, 6))),
        "term missing",
        "rows that were shortened lack - x (x . g) 2 / norm**3",
        ("value",),
    ),
    Wrong(
        "softmax in a window: queries' window shifted",
        op("window_softmax", window_softmax_forward, window_softmax_backward),
        (normal((5, 5)), normal((2, 4, 4)), normal((7, 7))),
        "wrong mask",
        "keys before the query are cut off: a window of 0 and 1 step, forward's is of -1, 0 and 1",
        ("left out",),
    ),
    Wrong(
        "coupling by a checkerboard: scale's mask",
        op("coupling", coupling_forward, coupling_backward),
        (normal((4, 4), (4, 4)), normal((2, 3, 3), (2, 3, 3)), normal((1, 6), (1, 6))),
        "no mask",
        "the scales of masked places get a gradient, too, though they are multiplied by 0 in forward",
        ("independent",),
    ),
    Wrong(
        "zoneout: states exchanged",
        op("zoneout", zoneout_forward, lambda g, keep: (np.where(keep, 0, g), np.where(keep, g, 0))),
        (normal((3, 6), (3, 6)), normal((4, 4), (4, 4)), normal((7,), (7,))),
        "inverted mask",
        "the old state gets the gradient where the new one was taken, and the reverse",
        ("exchanged",),
    ),
    Wrong(
        "DropBlock: scale forgotten",
        op(
            "drop_block",
            lambda x: (x * drop_block_mask(x.shape), x.shape),
            lambda g, shape: (g * (drop_block_mask(shape) > 0),),
        ),
        (normal((2, 4, 4)), normal((3, 5)), normal((2, 2, 3, 6))),
        "factor",
        "the mask of zeros and ones, without the factor size / kept",
    ),
    Wrong(
        "relu: mask with a memory",
        op("relu", lambda x: (np.maximum(x, 0), x), hysteresis_loop),
        (within(-0.7, 0.5, (24,)), within(-0.7, 0.5, (5, 6)), within(-0.6, 0.6, (3, 3, 4))),
        "wrong mask",
        "small negative numbers after a positive one keep the gradient",
        ("no mask",),
    ),
    Wrong(
        "Padé unit: sign in the denominator",
        op("pade", pade_forward, pade_backward),
        (
            lambda rng: [rng.standard_normal(9), rng.standard_normal(3), np.array(0.7)],
            lambda rng: [rng.standard_normal((3, 4)), rng.standard_normal(3), np.array(1.5)],
        ),
        "value",
        "|q x| is differentiated as q x: where x < 0, the second summand has the wrong sign",
        ("sign of a term",),
    ),
    Wrong(
        "elish: negative side's second factor",
        op("elish", lambda x: (np.where(x > 0, x, np.expm1(x)) * sigmoid(x), x), elish_backward),
        (normal((8,)), normal((4, 4)), normal((2, 3, 3))),
        "term missing",
        "below 0 the product rule's summand (exp(x) - 1) s (1 - s) is missing",
        ("value",),
    ),
    Wrong(
        "x + tanh(x): slope kept between calls",
        op("residual_tanh", residual_tanh_forward, lambda g, _: (g * (1 + LAST.get("slope", 1)),)),
        (normal((6,)), normal((3, 4))),
        "state",
        "backward uses the slope of the latest forward pass, of whichever input it was",
        ("wrong point",),
    ),
    Wrong(
        "TanhExp: exponential's derivative",
        op("tanhexp", lambda x: (x * np.tanh(np.exp(x)), x), tanh_exp_backward),
        (normal((8,)), normal((3, 5)), normal((2, 2, 4))),
        "chain factor",
        "exp(x), the inner derivative, is missing in the second summand",
        ("wrong formula",),
    ),
    Wrong(
        "sequence mask: length of the first",
        op("sequence_mask", sequence_mask_forward, first_row_lengths),
        (normal((4, 6)), normal((5, 5)), normal((3, 3))),
        "wrong mask",
        "all rows are cut at the length of row 0",
        ("left out",),
    ),
    Wrong(
        "ReGLU: gate's mask",
        op("reglu", lambda x: (np.split(x, 2, -1)[0] * np.maximum(np.split(x, 2, -1)[1], 0), x), reglu_backward),
        (normal((4, 6)), normal((2, 3, 4)), normal((10,))),
        "no mask",
        "the gate's half gets g a where the gate is closed, too",
        ("value",),
    ),
    Wrong(
        "two largest of each row: of all rows",
        op("top2", sparse_rows_forward, sparse_rows_backward),
        (rising_rows(4, 6), rising_rows(5, 5), rising_rows(3, 4)),
        "wrong mask",
        "as many elements as were kept, but the largest of the whole array, get a gradient",
        ("other place",),
    ),
    Wrong(
        "upper triangle: out=g",
        op("triu", lambda x: (np.triu(x), None), upper_triangle_out),
        (normal((4, 4)), normal((3, 5))),
        "changes gradient",
        "the mask is multiplied into the incoming gradient",
        ("gradient strides",),
    ),
    Wrong(
        "lisht: absolute value of tanh",
        op("lisht", lambda x: (x * np.tanh(x), x), lambda g, x: (g * (np.abs(np.tanh(x)) + x / np.cosh(x) ** 2),)),
        (normal((9,)), normal((4, 4)), normal((1, 12))),
        "value",
        "abs where none belongs: wrong for x < 0 only",
        ("sign of a term",),
    ),
    Wrong(
        "hard tanh of two limits: one too wide",
        op("hardtanh", lambda x: (np.clip(x, -0.5, 1), x), lambda g, x: (g * ((x > -1) & (x < 1)),)),
        (within(-1.5, 1.5, (16,)), within(-1.2, 1.2, (4, 5)), within(-1.5, 1, (2, 3, 4))),
        "wrong mask",
        "the lower limit is -0.5 in forward, -1 in backward",
        ("wrong constant", "no mask"),
    ),
    Wrong(
        "swish with constants: beta of 1",
        op("swish", lambda x: (x * sigmoid(1.7 * x), x), lambda g, x: (g * (sigmoid(x) + x * sigmoid(x) * (1 - sigmoid(x))),)),
        (normal((7,)), normal((3, 3)), normal((2, 8))),
        "wrong constant",
        "forward has the sharpness 1.7, backward 1",
        ("wrong formula",),
    ),
]
