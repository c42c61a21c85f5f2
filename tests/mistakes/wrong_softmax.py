"""Softmax, log-softmax and their kin, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def right_backward(g, s):
    return (s * (g - (s * g).sum(-1, keepdims=True)),)


def forward(x):
    s = softmax(x)
    return s, s


def loop_without_last(g, s):
    dx = np.zeros_like(s)
    for n in range(len(s) - 1):
        jacobian = np.diag(s[n]) - np.outer(s[n], s[n])
        dx[n] = jacobian @ g[n]
    return (dx,)


def loop_sigmoid_jacobian(g, s):
    """Element by element, with i == j only."""
    dx = np.zeros_like(s)
    for n in range(s.shape[0]):
        for i in range(s.shape[1]):
            dx[n, i] = s[n, i] * (1 - s[n, i]) * g[n, i]
    return (dx,)


def loop_overwritten(g, s):
    dx = np.zeros_like(s)
    for n in range(s.shape[0]):
        for i in range(s.shape[1]):
            for j in range(s.shape[1]):
                dx[n, i] = s[n, i] * ((i == j) - s[n, j]) * g[n, j]
    return (dx,)


def middle_axis_forward(x):
    s = softmax(x, axis=1)
    return s, s


def channels_flat_backward(g, s):
    """As rows of C channels, without moving the channels to the end first."""
    c = s.shape[1]
    rows = s.transpose(0, 2, 3, 1).reshape(-1, c)
    grad = g.reshape(-1, c)
    dx = rows * (grad - (rows * grad).sum(1, keepdims=True))
    n, _, h, w = s.shape
    return (dx.reshape(n, h, w, c).transpose(0, 3, 1, 2),)


def tempered_forward(x):
    s = softmax(x / 0.25)
    return s, s


def learned_temperature_forward(x, t):
    s = softmax(x / t)
    return s, (x, t, s)


def learned_temperature_backward(g, saved):
    x, t, s = saved
    dz = s * (g - (s * g).sum(-1, keepdims=True))
    return dz / t, np.sum(dz * x / t**2, axis=-1, keepdims=True)


def causal_forward(x):
    allowed = np.tril(np.ones(x.shape[-2:], bool))
    s = softmax(np.where(allowed, x, -np.inf))
    return s, (s, allowed)


def causal_backward(g, saved):
    s, allowed = saved
    dx = s * (g - np.einsum("...ij,...ij->...i", s, g)[..., None])
    return (dx * np.swapaxes(allowed, -1, -2),)


def padded_forward(x):
    """The last key of each row is padding: it gets a low score."""
    keep = np.arange(x.shape[-1]) < x.shape[-1] - 1
    s = softmax(np.where(keep, x, -2.0))
    return s, s


def gumbel_forward(x):
    noise = np.random.default_rng(0).gumbel(size=x.shape)
    return softmax((x + noise) / 0.7), x


def gumbel_backward(g, x):
    s = softmax((x + np.random.default_rng().gumbel(size=x.shape)) / 0.7)
    return (right_backward(g, s)[0] / 0.7,)


def in_place_backward(g, s):
    inner = (s * g).sum(-1, keepdims=True)
    s *= g - inner
    return (s,)


def sparsemax_forward(x):
    z = -np.sort(-x, axis=1)
    total = z.cumsum(axis=1)
    k = np.arange(1, x.shape[1] + 1)
    size = (1 + k * z > total).sum(axis=1)
    tau = (total[np.arange(len(x)), size - 1] - 1) / size
    y = np.maximum(x - tau[:, None], 0)
    return y, y > 0


def sparsemax_backward(g, support):
    mean = (g * support).sum(1, keepdims=True) / support.sum(1, keepdims=True)
    return (g - mean,)


def entropy_forward(x):
    p = softmax(x)
    return -(p * np.log(p)).sum(-1), p


def entropy_backward(g, p):
    return (-g[..., None] * p * (np.log(p) + 1),)


def expected_value_forward(x, v):
    """Of values v (C) under softmax(x): soft-argmax, as keypoint networks use it."""
    p = softmax(x)
    return p @ v, (p, v)


def expected_value_backward(g, saved):
    p, v = saved
    dx = g[:, None] * p * v
    return dx, g @ p


SOFTMAX = op("softmax", forward, right_backward)
NO_SCALE = op("scale", lambda x: (x / np.sqrt(4 * x.shape[-1]), None), lambda g, _: (g,))


def attention(q, k, v):
    """(T, D) each, with scores divided by the root of 4 T."""
    scores = NO_SCALE(F.matmul(q, F.transpose(k, 0, 1)))
    return F.matmul(SOFTMAX(scores), v)


ATTENTION_SOFTMAX = op("softmax", forward, lambda g, s: (s.T * (g - (s * g).sum(-1, keepdims=True)),))


def self_attention(x):
    return F.matmul(ATTENTION_SOFTMAX(F.matmul(x, F.transpose(x, 0, 1))), x)


def log_forward(x):
    y = x - x.max(axis=-1, keepdims=True)
    y = y - np.log(np.exp(y).sum(axis=-1, keepdims=True))
    return y, y


def log_softmax_keepdims(g, y):
    return (g - np.exp(y) * g.sum(axis=-1),)


def log_softmax_loop(g, y):
    dx = np.empty_like(y)
    for i in range(len(y)):
        dx[i] = g[i] - np.exp(y[i]) * g.sum()
    return (dx,)


WRONG = [
    Wrong(
        "softmax: the Jacobian's diagonal only",
        op("softmax", forward, loop_sigmoid_jacobian),
        (normal((3, 4)), normal((5, 5)), normal((2, 3))),
        "term missing",
        "s (1 - s) g, as for a sigmoid: the other outputs, which each input changes too, are forgotten",
        ("not summed", "wrong formula"),
    ),
    Wrong(
        "softmax: plus the inner product",
        op("softmax", forward, lambda g, s: (s * (g + (s * g).sum(-1, keepdims=True)),)),
        (normal((5,)), normal((3, 4)), normal((2, 2, 3))),
        "sign of a term",
        "s (g + s . g) for s (g - s . g)",
    ),
    Wrong(
        "softmax: one inner product for all rows",
        op("softmax", forward, lambda g, s: (s * (g - np.vdot(s, g)),)),
        (normal((3, 4)), normal((4, 4)), normal((2, 2, 3))),
        "summed",
        "s * g is summed over the whole batch in place of each row",
    ),
    Wrong(
        "softmax: log-softmax's backward",
        op("softmax", forward, lambda g, s: (g - s * g.sum(-1, keepdims=True),)),
        (normal((5,)), normal((3, 4)), normal((2, 2, 3))),
        "wrong formula",
        "g - s sum(g) is the gradient of the logarithm of softmax",
    ),
    Wrong(
        "softmax: the input for the output",
        op("softmax", lambda x: (softmax(x), x), lambda g, x: right_backward(g, x)),
        (normal((5,)), normal((3, 4)), normal((2, 2, 3))),
        "wrong point",
        "the formula is for softmax's output, but forward saved its input",
    ),
    Wrong(
        "softmax over channels: the inner product over the last axis",
        op("softmax", middle_axis_forward, right_backward),
        (normal((2, 3, 4)), normal((3, 3, 3)), normal((1, 4, 2))),
        "transposed",
        "forward normalises over axis 1, backward sums over axis -1",
        ("wrong formula", "summed"),
    ),
    Wrong(
        "softmax over channels of pictures: the gradient as rows",
        op("softmax2d", middle_axis_forward, channels_flat_backward),
        (normal((2, 3, 2, 2)), normal((2, 2, 2, 2)), normal((1, 4, 3, 2))),
        "memory order",
        "g is reshaped to rows of C, without a transpose that brings channels to the end, as s got it",
    ),
    Wrong(
        "softmax with a temperature: 1 / T missing",
        op("softmax", tempered_forward, right_backward),
        (normal((5,)), normal((3, 4)), normal((2, 2, 3))),
        "factor",
        "the inner derivative, 1 / 0.25, is forgotten",
        ("wrong constant",),
    ),
    Wrong(
        "softmax, learned temperature: its gradient's sign",
        op("softmax", learned_temperature_forward, learned_temperature_backward),
        (
            lambda rng: [rng.standard_normal((3, 4)), rng.uniform(0.5, 2, (3, 1))],
            lambda rng: [rng.standard_normal((5, 5)), rng.uniform(0.5, 2, (5, 1))],
        ),
        "sign",
        "d(x / t) / dt is -x / t**2: the minus is missing; the gradient of x is right",
    ),
    Wrong(
        "causal softmax: the mask transposed",
        op("causal_softmax", causal_forward, causal_backward),
        (normal((4, 4)), normal((2, 3, 3)), normal((2, 2))),
        "wrong mask",
        "backward lets the upper triangle through, forward the lower: only the diagonal is left",
        ("inverted mask", "transposed", "left out"),
    ),
    Wrong(
        "softmax with padding: the padding gets a gradient",
        op("padded_softmax", padded_forward, right_backward),
        (normal((3, 4)), normal((4, 4)), normal((2, 2, 3))),
        "no mask",
        "scores of padding are replaced by a number, yet get a gradient",
        ("independent",),
    ),
    Wrong(
        "Gumbel-softmax: new noise in backward",
        op("gumbel_softmax", gumbel_forward, gumbel_backward),
        (normal((3, 4)), normal((5, 5)), normal((8, 3))),
        "random",
        "the noise is drawn again, forward's is needed",
    ),
    Wrong(
        "softmax: saved as float16",
        op("softmax", lambda x: (softmax(x), softmax(x).astype(np.float16)), right_backward),
        (normal((5,)), normal((3, 4)), normal((4, 4, 4))),
        "precision",
        "the output is saved in half precision to save memory",
    ),
    Wrong(
        "softmax: backward in place",
        op("softmax", forward, in_place_backward),
        (normal((5,)), normal((3, 4)), normal((2, 2, 3))),
        "changes output",
        "s is the output and the saved array: the gradient is written over it",
        ("changes saved", "aliased"),
    ),
    Wrong(
        "softmax: the last sample is left out",
        op("softmax", forward, loop_without_last),
        (normal((3, 4)), normal((5, 5)), normal((2, 6))),
        "left out",
        "range(len(s) - 1): the last row's gradient stays zero",
    ),
    Wrong(
        "softmax: triple loop with =",
        op("softmax", forward, loop_overwritten),
        (normal((3, 4)), normal((4, 4)), normal((2, 3))),
        "overwritten",
        "dx[n, i] = ... in the loop over j: only the last output's contribution remains",
        ("not summed",),
    ),
    Wrong(
        "sparsemax: zeros get a gradient",
        op("sparsemax", sparsemax_forward, sparsemax_backward),
        (
            normal((3, 6)),
            normal((5, 5)),
            normal((4, 8)),
        ),
        "no mask",
        "the gradient is not restricted to the support",
    ),
    Wrong(
        "entropy of softmax: the distribution's sum is not held at 1",
        op("entropy", entropy_forward, entropy_backward),
        (normal((5,)), normal((3, 4)), normal((2, 2, 3))),
        "term missing",
        "-(log p + 1) is multiplied by p only: softmax's inner product is not subtracted",
        ("wrong formula",),
    ),
    Wrong(
        "soft-argmax: values are not centred",
        op("soft_argmax", expected_value_forward, expected_value_backward),
        (normal((3, 4), (4,)), normal((5, 5), (5,)), normal((2, 8), (8,))),
        "term missing",
        "p v for p (v - y): the normalisation of softmax is forgotten in x's gradient; v's is right",
    ),
    Wrong(
        "attention: scores' scale is forgotten",
        attention,
        (normal((4, 3), (4, 3), (4, 3)), normal((3, 5), (3, 5), (3, 2))),
        "factor",
        "backward of the division of scores by a constant returns g: queries' and keys' gradients are too large",
        ("wrong constant",),
    ),
    Wrong(
        "self-attention: softmax's weights transposed",
        self_attention,
        (normal((4, 3)), normal((3, 3)), normal((5, 2))),
        "transposed",
        "s.T stands in the place of s in softmax's gradient",
    ),
    Wrong(
        "log-softmax: diagonal only",
        op("log_softmax", log_forward, lambda g, y: (g * (1 - np.exp(y)),)),
        (normal((5,)), normal((3, 4)), normal((2, 2, 3))),
        "term missing",
        "g (1 - s): what each input does to the other outputs is forgotten",
        ("not summed", "wrong formula"),
    ),
    Wrong(
        "log-softmax: exp forgotten",
        op("log_softmax", log_forward, lambda g, y: (g - y * g.sum(-1, keepdims=True),)),
        (normal((5,)), normal((3, 4)), normal((2, 2, 3))),
        "wrong point",
        "the log-probabilities stand where the probabilities belong",
        ("wrong formula",),
    ),
    Wrong(
        "log-softmax: sum without keepdims",
        op("log_softmax", log_forward, log_softmax_keepdims),
        (normal((4, 4)), normal((3, 3)), normal((2, 2))),
        "transposed",
        "the sums of rows are broadcast along columns, which works for square matrices",
    ),
    Wrong(
        "log-softmax: the sum over the batch, too",
        op("log_softmax", log_forward, log_softmax_loop),
        (normal((3, 4)), normal((4, 4)), normal((2, 6))),
        "summed",
        "g.sum() over all rows for each row's sum",
    ),
    Wrong(
        "log-softmax: g - p",
        op("log_softmax", log_forward, lambda g, y: (g - np.exp(y),)),
        (normal((5,)), normal((3, 4)), normal((2, 2, 3))),
        "ones",
        "the probabilities are not multiplied by the sum of g, as though it were 1",
        ("nonlinear", "scale"),
    ),
]
