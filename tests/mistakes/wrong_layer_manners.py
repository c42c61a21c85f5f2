"""Wrong layers again: buffers, dtypes, shapes, contracts, rounding, approximations, masks."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


# -- linear layers ---------------------------------------------------------------------------------------------------------


def linear(x, w, b):  # w (I, O)
    return x @ w + b, (x, w)


def bias_keeps_its_axis(g, saved):
    x, w = saved
    return g @ w.T, x.T @ g, g.sum(axis=0, keepdims=True)


def bias_forgotten(g, saved):
    x, w = saved
    return g @ w.T, x.T @ g


def in_a_list(g, saved):
    x, w = saved
    return [g @ w.T, x.T @ g, g.sum(0)]


def one_number_for_the_bias(g, saved):
    x, w = saved
    return g @ w.T, x.T @ g, g.sum()


def single_precision_returned(g, saved):
    x, w = (a.astype(np.float32) for a in saved)
    g = g.astype(np.float32)
    return g @ w.T, x.T @ g, g.sum(axis=0)


def stored_in_integers(g, saved):
    x, w = saved
    dw = np.zeros(w.shape, dtype=int)
    for i, column in enumerate(x.T):
        dw[i] = column @ g
    return g @ w.T, dw, g.sum(0)


OUT: dict = {}


def into_one_buffer(g, saved):
    x, w = saved
    out = OUT.setdefault(w.shape, np.empty(w.shape))
    return g @ w.T, np.matmul(x.T, g, out=out), g.sum(0)


def sign_of_gradient(g, saved):
    x, w = saved
    return g @ w.T, x.T @ np.sign(g), g.sum(0)


def unit_gradient(g, saved):
    x, w = saved
    dw = x.T @ g
    return g @ w.T, dw / np.maximum(np.linalg.norm(dw), 1), g.sum(0)


def linear_in_single_precision(x, w, b):
    return (x.astype(np.float32) @ w.astype(np.float32) + b).astype(x.dtype), (x, w)


def linear_backward(g, saved):
    x, w = saved
    return g @ w.T, x.T @ g, g.sum(axis=0)


def binary(x, w):
    return x @ np.sign(w), (x, w)


def straight_through(g, saved):
    x, w = saved
    return g @ np.sign(w).T, np.where(np.abs(w) <= 1, x.T @ g, 0)


def quantised(x, w):
    """Weights rounded to steps of 1 / 4."""
    return x @ (np.round(w * 4) / 4), (x, w)


def unquantised(g, saved):
    _x, w = saved
    return g @ w.T, np.zeros_like(w)


def clipped_output(x, w):
    z = x @ w
    return np.clip(z, -1, 1), (x, w, z)


def clipped_below_only(g, saved):
    x, w, z = saved
    d = g * (z > -1)
    return d @ w.T, x.T @ d


def leaky_layer(x, w):
    z = x @ w
    return np.where(z > 0, z, 0.2 * z), (x, w, z)


def another_slope(g, saved):
    x, w, z = saved
    d = g * np.where(z > 0, 1, 0.01)
    return d @ w.T, x.T @ d


def prelu_layer(z, slope):
    return np.where(z > 0, z, slope * z), (z, slope)


def slope_of_all(g, saved):
    z, slope = saved
    return g * np.where(z > 0, 1, slope), (g * z).sum(axis=0)


# -- recurrent -------------------------------------------------------------------------------------------------------------


def leaky_sum(x, decay):
    """y[t] = x[t] + decay y[t - 1], decay for each channel; x (T, C)."""
    y = x.copy()
    for t in range(1, len(y)):
        y[t] += decay * y[t - 1]
    return y, (y, decay)


def summed_into_the_gradient(g, saved):
    y, decay = saved
    for t in reversed(range(1, len(g))):
        g[t - 1] += decay * g[t]
    return g, (g[1:] * y[:-1]).sum(axis=0)


def summed_into_the_output(g, saved):
    y, decay = saved
    dx = g.copy()
    for t in reversed(range(1, len(g))):
        dx[t - 1] += decay * dx[t]
    y[:-1] *= dx[1:]
    return dx, y[:-1].sum(axis=0)


class Stateful:
    """An RNN of one step that goes on from where the last call ended."""

    def __init__(self):
        self.states: dict = {}

    def forward(self, x, w):
        before = self.states.get(x.shape, np.zeros(x.shape))
        h = np.tanh(x + before @ w)
        self.states[x.shape] = h
        return h, (before, w, h)

    def backward(self, g, saved):
        before, _w, h = saved
        dz = g * (1 - h**2)
        return dz, before.T @ dz


STATEFUL = Stateful()


# -- attention, pooling, norms ---------------------------------------------------------------------------------------------


def masked_softmax(s):
    s[..., np.triu(np.ones(s.shape[-2:], bool), 1)] = -np.inf
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)
    return p, p


def softmax_backward(g, p):
    return (p * (g - (g * p).sum(axis=-1, keepdims=True)),)


def log_mean_exp(x):
    """A soft maximum over the last axis."""
    return np.log(np.mean(np.exp(x), axis=-1)), x


def by_differences(g, x, step=0.05):
    dx = np.zeros_like(x)
    for k in range(x.shape[-1]):
        moved = x.copy()
        moved[..., k] += step
        dx[..., k] = g * (log_mean_exp(moved)[0] - log_mean_exp(x)[0]) / step
    return (dx,)


def max_pool(x):
    """Over windows of 2 along the last axis."""
    pairs = x.reshape(*x.shape[:-1], -1, 2)
    return pairs.max(axis=-1), pairs


def all_but_the_largest(g, pairs):
    mask = pairs != pairs.max(axis=-1, keepdims=True)
    return ((mask * g[..., None]).reshape(*g.shape[:-1], -1),)


def max_of_output(g, pairs):
    largest = np.maximum(pairs.max(axis=-1, keepdims=True), 0)
    return ((g[..., None] * (pairs == largest)).reshape(*g.shape[:-1], -1),)


def sum_pool_of_sizes(x):
    """Sums of absolute values, in windows of 2 along the last axis."""
    return np.abs(x).reshape(*x.shape[:-1], -1, 2).sum(axis=-1), x


def sizes_without_sign(g, x):
    return (g.repeat(2, axis=-1),)


def safe_unit(x):
    """Rows of length 1; shorter ones than 0.1 are multiplied by 10."""
    norm = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / np.maximum(norm, 0.1), (x, norm)


def unit_of_nothing(g, saved):
    x, norm = saved
    y = x / norm
    return ((g - y * (g * y).sum(axis=-1, keepdims=True)) / norm,)


def unit_of_short_rows(g, saved):
    x, norm = saved
    y = x / np.maximum(norm, 0.1)
    return ((g - y * (g * y).sum(axis=-1, keepdims=True)) / np.maximum(norm, 0.1),)


def with_rows(shape, factor):
    """Normal rows, every other of them times a factor."""

    def point(rng):
        x = rng.standard_normal(shape)
        x[..., ::2, :] *= factor
        return [x]

    return point


LAYER = (normal((5, 3), (3, 4), (4,)), normal((4, 4), (4, 4), (4,)), normal((6, 2), (2, 2), (2,)))
PRODUCT = (normal((5, 3), (3, 4)), normal((4, 4), (4, 4)), normal((6, 3), (3, 3)))
PAIRS = (normal((3, 6)), normal((2, 2, 8)), normal((10,)))
SUMS = (normal((5, 3), (3,)), normal((4, 4), (4,)), normal((7, 1), (1,)))

WRONG = [
    Wrong("linear: bias gradient keeps its axis", op("linear", linear, bias_keeps_its_axis), LAYER,
          "shape", "the bias' gradient has shape (1, O), not (O,)"),
    Wrong("linear: no gradient for the bias", op("linear", linear, bias_forgotten), LAYER,
          "contract", "backward returns two gradients for three inputs"),
    Wrong("linear: gradients in a list", op("linear", linear, in_a_list), LAYER,
          "contract", "backward returns a list, not a tuple"),
    Wrong("linear: bias gradient is one number", op("linear", linear, one_number_for_the_bias), LAYER,
          "shape", "the bias' gradient is summed over everything, to a single number", ("summed",)),
    Wrong("linear: gradients returned as float32", op("linear", linear, single_precision_returned), LAYER,
          "dtype", "all gradients are computed and returned in float32, those of float64 inputs, too", ("precision",)),
    Wrong("linear: weight gradient stored in integers", op("linear", linear, stored_in_integers), LAYER,
          "precision", "the weight's gradient is stored in an array of integers, which cuts its fractions off", ("dtype",)),
    Wrong("linear: weight gradient in one buffer", op("linear", linear, into_one_buffer), LAYER,
          "aliased", "every call returns the same array for the weight's gradient", ("state",)),
    Wrong("linear: sign of the gradient", op("linear", linear, sign_of_gradient), LAYER,
          "nonlinear", "the weight's gradient is made with the incoming gradient's sign"),
    Wrong("linear: weight gradient no longer than 1", op("linear", linear, unit_gradient), LAYER,
          "nonlinear", "the weight's gradient is divided by its length where that is more than 1", ("factor",)),
    Wrong("linear: float32 in forward", op("linear", linear_in_single_precision, linear_backward), LAYER,
          "precision", "forward multiplies in float32"),
    Wrong("binary linear: straight through", op("binary", binary, straight_through), PRODUCT,
          "approximate", "the derivative of a sign, 0, is replaced by that of a clip", ("independent", "wrong formula")),
    Wrong("quantised linear: input's gradient unquantised", op("quantised", quantised, unquantised), PRODUCT,
          "wrong point", "the input's gradient is made with the weights before rounding", ("approximate",)),
    Wrong("linear and clip: upper end", op("clipped", clipped_output, clipped_below_only), PRODUCT,
          "no mask", "what forward clips at 1 lets the gradient through", ("wrong mask", "value")),
    Wrong("linear and leaky relu: another slope", op("leaky layer", leaky_layer, another_slope), PRODUCT,
          "wrong constant", "forward's slope is 0.2, backward's 0.01", ("value",)),
    Wrong("PReLU of channels: slope's gradient", op("prelu", prelu_layer, slope_of_all),
          (normal((5, 3), (3,)), normal((4, 4), (4,)), normal((9, 1), (1,))),
          "no mask", "the slopes' gradient is summed over all samples, not over those below 0", ("term extra",)),
    Wrong("leaky sum: summed in the gradient", op("leaky sum", leaky_sum, summed_into_the_gradient), SUMS,
          "changes gradient", "backward adds up in the incoming gradient"),
    Wrong("leaky sum: products in the output", op("leaky sum", leaky_sum, summed_into_the_output), SUMS,
          "changes output", "backward multiplies the saved output in place", ("changes saved",)),
    Wrong("RNN: goes on from the last call", op("stateful", STATEFUL.forward, STATEFUL.backward),
          (normal((4, 3), (3, 3)), normal((2, 2), (2, 2)), normal((5, 4), (4, 4))),
          "state", "forward starts from the state in which the last call ended"),
    Wrong("masked softmax: mask written into scores", op("masked softmax", masked_softmax, softmax_backward),
          (normal((4, 4)), normal((2, 3, 3)), normal((2, 2))),
          "changes input", "forward writes minus infinity into the scores it is given"),
    Wrong("soft maximum: by differences", op("soft maximum", log_mean_exp, by_differences),
          (normal((3, 4)), normal((2, 2, 3)), normal((6,))),
          "approximate", "backward takes one-sided differences with a step of 0.05"),
    Wrong("max pooling: all but the largest", op("max pool", max_pool, all_but_the_largest), PAIRS,
          "inverted mask", "all entries of a window but the largest get its gradient"),
    Wrong("max pooling: windows below zero", op("max pool", max_pool, max_of_output),
          (normal((3, 16)), normal((2, 2, 24)), normal((60,))),
          "wrong mask", "windows whose largest entry is negative get no gradient, as though forward started from 0",
          ("value", "left out")),
    Wrong("L1 pooling: sign forgotten", op("l1 pool", sum_pool_of_sizes, sizes_without_sign), PAIRS,
          "value", "entries below 0 get the gradient of those above", ("chain factor",)),
    Wrong("unit vectors: of length 0", op("safe unit", safe_unit, unit_of_nothing),
          (with_rows((4, 3), 0), with_rows((3, 3), 0), with_rows((2, 4, 5), 0)),
          "not finite", "backward divides by lengths of 0, forward by 0.1 at least"),
    Wrong("unit vectors: short ones", op("safe unit", safe_unit, unit_of_short_rows),
          (with_rows((6, 3), 0.03), with_rows((5, 5), 0.02), with_rows((2, 4, 2), 0.04)),
          "term extra", "rows that forward divides by a constant get the length's part of the gradient, too", ("value",)),
]  # fmt: skip
