"""Wrong residual blocks, gates, dense connections; squeeze-and-excitation."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# -- residual blocks -------------------------------------------------------------------------------------------------------


def residual(x, w):
    h = np.tanh(x @ w)
    return x + h, (x, w, h)


def skip_forgotten(g, saved):
    x, w, h = saved
    dz = g * (1 - h**2)
    return dz @ w.T, x.T @ dz


def skip_twice(g, saved):
    x, w, h = saved
    dz = g * (1 - h**2)
    dx = g.copy()
    dx += dz @ w.T + g
    return dx, x.T @ dz


def residual_relu(x, w):
    """relu(x + x w): the activation after the addition."""
    z = x + x @ w
    return np.maximum(z, 0), (x, w, z > 0)


def skip_unmasked(g, saved):
    x, w, on = saved
    d = g * on
    return g + d @ w.T, x.T @ d


def scaled_branch(x, h, scale):
    """x + scale h, a scale for each channel."""
    return x + scale * h, (h, scale)


def scale_averaged(g, saved):
    h, scale = saved
    return g, g * scale, (g * h).mean(axis=0)


def branch_unscaled(g, saved):
    h, _scale = saved
    return g, g.copy(), (g * h).sum(axis=0)


def scaled_block(x, w, scale):
    """A block of several ops, of which the last is wrong."""
    return op("scaled branch", scaled_branch, branch_unscaled)(x, F.tanh(x @ w), scale)


def shortcut(x, w):
    """A 1 x 1 convolution of every other pixel."""
    return np.einsum("oc,nchw->nohw", w, x[:, :, ::2, ::2]), (x, w)


def shortcut_blown_up(g, saved):
    x, w = saved
    dx = np.einsum("oc,nohw->nchw", w, g).repeat(2, axis=2).repeat(2, axis=3)
    return dx[:, :, : x.shape[2], : x.shape[3]], np.einsum("nohw,nchw->oc", g, x[:, :, ::2, ::2])


def stochastic_depth(x, h):
    """The branch h is kept in every other sample only, and doubled there."""
    keep = (np.arange(len(x)) % 2 == 0).reshape(-1, *[1] * (x.ndim - 1))
    return x + 2 * keep * h, keep


def branch_of_dropped_samples(g, keep):
    return g, 2 * g * ~keep


def dense_block(x, w):
    """Concatenates what it makes to its input, as in DenseNet."""
    h = np.maximum(x @ w, 0)
    return np.concatenate([h, x], axis=1), (x, w, h)


def dense_block_cut_elsewhere(g, saved):
    x, w, h = saved
    gx, gh = g[:, : x.shape[1]], g[:, x.shape[1] :]
    dz = gh * (h > 0)
    return gx + dz @ w.T, x.T @ dz


def dense_block_new_only(g, saved):
    x, w, h = saved
    dz = g[:, : h.shape[1]] * (h > 0)
    return dz @ w.T, x.T @ dz


def highway(x, h, t):
    s = sigmoid(t)
    return s * h + (1 - s) * x, (x, h, s)


def highway_gate_plus(g, saved):
    x, h, s = saved
    return g * (1 - s), g * s, g * (h + x) * s * (1 - s)


def highway_gate_swapped(g, saved):
    x, h, s = saved
    return g * s, g * (1 - s), g * (h - x) * s * (1 - s)


def gated(x):
    """A gated linear unit: the first half of the channels times the sigmoid of the second."""
    a, b = np.split(x, 2, axis=-1)
    return a * sigmoid(b), (a, sigmoid(b))


def gated_halves(g, saved):
    a, s = saved
    return (np.concatenate([g * a * s * (1 - s), g * s], axis=-1),)


# -- squeeze-and-excitation of (N, C, H, W) --------------------------------------------------------------------------------


def excite(x, w1, w2):
    m = x.mean(axis=(2, 3))
    z = m @ w1
    logits = np.maximum(z, 0.1 * z) @ w2
    return x * sigmoid(logits)[:, :, None, None], (x, w1, w2, m, z, logits)


def excite_backward(saved, g, path=1.0, slope=0.1, pool=np.sum, point=sigmoid):
    x, w1, w2, m, z, logits = saved
    gate = sigmoid(logits)
    s = point(logits)
    dlogits = pool(g * x, axis=(2, 3)) * s * (1 - s)
    dz = dlogits @ w2.T * np.where(z > 0, 1, slope)
    dm = dz @ w1.T / (x.shape[2] * x.shape[3])
    return g * gate[:, :, None, None] + path * dm[:, :, None, None], m.T @ dz, np.maximum(z, 0.1 * z).T @ dlogits


def without_gate(g, saved):
    return excite_backward(saved, g, path=0)


def gate_averaged(g, saved):
    return excite_backward(saved, g, pool=np.mean)


def squeeze_not_averaged(g, saved):
    return excite_backward(saved, g, path=g.shape[2] * g.shape[3])


def squeezed_without_slope(g, saved):
    return excite_backward(saved, g, slope=1)


def gate_from_logits(g, saved):
    return excite_backward(saved, g, point=lambda logits: logits)


SQUEEZED = (normal((3, 4, 2, 3), (4, 4), (4, 4)), normal((3, 2, 3, 3), (2, 4), (4, 2)), normal((4, 3, 2, 2), (3, 3), (3, 3)))
SQUARE = (normal((5, 4), (4, 4)), normal((3, 3), (3, 3)), normal((6, 2), (2, 2)))
BRANCH = (normal((5, 4), (5, 4), (4,)), normal((3, 3), (3, 3), (3,)), normal((6, 1), (6, 1), (1,)))
DENSE = (normal((5, 4), (4, 4)), normal((3, 3), (3, 3)), normal((6, 5), (5, 2)))
GATES = (normal((5, 4), (5, 4), (5, 4)), normal((3, 3), (3, 3), (3, 3)), normal((7,), (7,), (7,)))

WRONG = [
    Wrong("residual block: skip connection", op("residual", residual, skip_forgotten), SQUARE,
          "term missing", "the input's gradient lacks that of the skip connection"),
    Wrong("residual block: skip connection twice", op("residual", residual, skip_twice), SQUARE,
          "term extra", "the skip connection's gradient is added twice", ("summed",)),
    Wrong("residual block: relu after the sum", op("residual relu", residual_relu, skip_unmasked),
          (normal((5, 4), (4, 4)), normal((4, 4), (4, 4)), normal((8, 2), (2, 2))),
          "no mask", "the skip connection's gradient is not masked by the relu after the sum"),
    Wrong("residual block: branch's scale averaged", op("scaled branch", scaled_branch, scale_averaged), BRANCH,
          "averaged", "the scale's gradient is averaged over samples, not summed", ("factor",)),
    Wrong("residual block: branch's scale forgotten", scaled_block,
          (normal((5, 4), (4, 4), (4,)), normal((3, 3), (3, 3), (3,))),
          "scale", "the branch's gradient is not multiplied by the scale of each channel", ("chain factor",)),
    Wrong("shortcut of stride 2: all pixels", op("shortcut", shortcut, shortcut_blown_up),
          (normal((1, 3, 4, 6), (4, 3)), normal((1, 2, 5, 5), (2, 2)), normal((3, 3, 2, 3), (1, 3))),
          "independent", "pixels that the stride skips get their neighbour's gradient", ("no mask", "stride")),
    Wrong("stochastic depth: dropped samples", op("stochastic depth", stochastic_depth, branch_of_dropped_samples),
          (normal((4, 3), (4, 3)), normal((3, 3), (3, 3)), normal((2, 3, 4), (2, 3, 4))),
          "inverted mask", "the samples whose branch was dropped get its gradient, the others none"),
    Wrong("dense block: cut at the wrong place", op("dense block", dense_block, dense_block_cut_elsewhere),
          (normal((5, 4), (4, 4)), normal((3, 3), (3, 3)), normal((6, 2), (2, 2))),
          "permuted", "new channels come first in the output; backward takes the input's channels for the first",
          ("exchanged",)),
    Wrong("dense block: channels passed on", op("dense block", dense_block, dense_block_new_only), DENSE,
          "term missing", "the input's gradient lacks the channels that are passed on", ("left out",)),
    Wrong("highway: gate's sign", op("highway", highway, highway_gate_plus), GATES,
          "sign of a term", "the gate's gradient has h + x where h - x is right"),
    Wrong("highway: gate and its complement", op("highway", highway, highway_gate_swapped), GATES,
          "wrong formula", "input and branch get each other's weights: s in place of 1 - s, and the reverse",
          ("exchanged", "chain factor")),
    Wrong("gated linear unit: halves", op("gated", gated, gated_halves),
          (normal((3, 4)), normal((2, 2, 6)), normal((8,))),
          "permuted", "the gradients of the two halves are in each other's places", ("exchanged",)),
    Wrong("squeeze-and-excitation: path through the gate", op("excite", excite, without_gate), SQUEEZED,
          "term missing", "the input's gradient lacks the path through its mean and the gate"),
    Wrong("squeeze-and-excitation: gate averaged", op("excite", excite, gate_averaged), SQUEEZED,
          "averaged", "the gate's gradient is a mean over pixels where a sum is right", ("factor",)),
    Wrong("squeeze-and-excitation: mean not divided", op("excite", excite, squeeze_not_averaged), SQUEEZED,
          "not averaged", "the path through the mean is not divided by the number of pixels"),
    Wrong("squeeze-and-excitation: leaky slope forgotten", op("excite", excite, squeezed_without_slope), SQUEEZED,
          "value", "where the hidden layer is below 0, its slope of 0.1 is forgotten",
          ("chain factor", "no mask", "wrong constant")),
    Wrong("squeeze-and-excitation: sigmoid' of the logits", op("excite", excite, gate_from_logits), SQUEEZED,
          "wrong point", "sigmoid's derivative s (1 - s) is taken with the logits for s"),
]  # fmt: skip
