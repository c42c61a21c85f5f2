"""Wrong ops of sums, products and quotients of two or three inputs, with and without broadcasting."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [np.asarray(rng.standard_normal(shape)) for shape in shapes]


def apart(*shapes):
    """Away from 0, of both signs: for denominators."""
    return lambda rng: [np.asarray(rng.choice([-1, 1], shape) * rng.uniform(0.5, 2, shape)) for shape in shapes]


def mul_forward(a, b):
    return a * b, (a, b)


def add_forward(a, b):
    return a + b, (a.shape, b.shape)


def div_forward(a, b):
    return a / b, (a, b)


SAME = (normal(8, 8), normal((3, 4), (3, 4)), normal((2, 3, 2, 2), (2, 3, 2, 2)))
QUOTIENT = (apart(8, 8), apart((3, 4), (3, 4)), apart((5, 5), (5, 5)))
THREE = (normal(7, 7, 7), normal((3, 3), (3, 3), (3, 3)), normal((2, 1, 4), (2, 1, 4), (2, 1, 4)))
ROW = (normal((4, 3), 3), normal((6, 2), 2), normal((5, 5), 5))  # (N, C) with (C,)
EQUAL = (normal((4, 4), 4), normal((5, 5), 5))
CHANNEL = (normal((2, 3, 4, 4), (3, 1, 1)), normal((4, 2, 3, 5), (2, 1, 1)), normal((3, 3, 3, 3), (3, 1, 1)))
COLUMN = (normal((4, 3), (4, 1)), normal((5, 5), (5, 1)), normal((2, 6), (2, 1)))
SCALAR = (normal((3, 4), ()), normal(9, ()))

# -- inputs of one shape ----------------------------------------------------------------------------------------------------


def mul_by_memory(gradient, saved):
    """Element by element, as they lie in memory."""
    a, b = saved
    flat = gradient.ravel(order="K")
    return (flat * b.ravel()).reshape(a.shape), (flat * a.ravel()).reshape(b.shape)


def mul_saved_by_memory(gradient, saved):
    a, b = saved
    flat = gradient.ravel()
    return (flat * b.ravel(order="A")).reshape(a.shape), (flat * a.ravel(order="A")).reshape(b.shape)


def mul_scaled_gradient(gradient, saved):
    a, b = saved
    gradient *= b
    return gradient, gradient * a


def mul_blocks(gradient, saved):
    """Four elements at a time."""
    a, b = saved
    da, db = np.zeros(a.size), np.zeros(b.size)
    for start in range(0, a.size // 4 * 4, 4):
        block = slice(start, start + 4)
        da[block] = gradient.ravel()[block] * b.ravel()[block]
        db[block] = gradient.ravel()[block] * a.ravel()[block]
    return da.reshape(a.shape), db.reshape(b.shape)


def lerp_forward(a, b, t):
    return a + t * (b - a), (a, b, t)


def fused_forward(a, b, c):
    return a * b + c, (a, b, c)


def complex_forward(a, b):
    """Products of complex numbers, stored as pairs in the last axis."""
    re = a[..., 0] * b[..., 0] - a[..., 1] * b[..., 1]
    im = a[..., 0] * b[..., 1] + a[..., 1] * b[..., 0]
    return np.stack([re, im], axis=-1), (a, b)


def complex_not_conjugated(gradient, saved):
    a, b = saved
    return complex_forward(gradient, b)[0], complex_forward(gradient, a)[0]


def cross_forward(a, b):
    return np.cross(a, b), (a, b)


def decayed(gradient, saved):
    x, weight = saved
    return gradient * weight, gradient * x + 0.05 * weight


PRODUCTS = [
    Wrong("mul: exchanged", op("mul", mul_forward, lambda g, s: (g * s[0], g * s[1])), SAME,
          "exchanged", "a gets g a, b gets g b"),
    Wrong("mul: of a and b both", op("mul", mul_forward, lambda g, s: (g * s[0] * s[1],) * 2), SAME,
          "chain factor", "both get g a b: each its own factor too much"),
    Wrong("mul: sum rule", op("mul", mul_forward, lambda g, s: (g.copy(), g.copy())), SAME,
          "chain factor", "both get g, as for a sum: the other factor is missing", ("wrong formula",)),
    Wrong("mul: gradient of b from ones", op("mul", mul_forward, lambda g, s: (g * s[1], np.copy(s[0]))), SAME,
          "ones", "b's gradient is a alone, without the incoming gradient"),
    Wrong("mul: b by a written-to gradient", op("mul", mul_forward, mul_scaled_gradient), SAME, "changes gradient",
          "g is multiplied by b in place for a's gradient, and used again, so b's gets b, too", ("chain factor",)),
    Wrong("mul: blocks of four", op("mul", mul_forward, mul_blocks),
          (normal(7, 7), normal((3, 5), (3, 5)), normal((2, 5), (2, 5))), "left out",
          "the rest behind the last whole block of four is never handled"),
    Wrong("mul: gradient as it lies in memory", op("mul", mul_forward, mul_by_memory),
          (normal((3, 4), (3, 4)), normal((4, 4), (4, 4))), "gradient strides",
          "the gradient is raveled in the order of its memory, which need not be C order"),
    Wrong("mul: factors as they lie in memory", op("mul", mul_forward, mul_saved_by_memory),
          (normal((3, 4), (3, 4)), normal((4, 4), (4, 4))), "input strides",
          "the factors are raveled in the order of their memory: wrong for Fortran-ordered ones"),
    Wrong("mul: a list for a tuple", op("mul", mul_forward, lambda g, s: [g * s[1], g * s[0]]), SAME,
          "contract", "backward returns a list where a tuple is due"),
    Wrong("mul: three factors, c's from one", op("mul3", lambda a, b, c: (a * b * c, (a, b, c)),
                                                 lambda g, s: (g * s[1] * s[2], g * s[0] * s[2], g * s[0])),
          THREE, "chain factor", "c's gradient is g a in place of g a b"),
    Wrong("mul: three factors, turned",
          op("mul3", lambda a, b, c: (a * b * c, (a * b, b * c, a * c)), lambda g, s: tuple(g * p for p in s)), THREE,
          "exchanged", "the products a b, b c, a c are given to a, b, c: one place on", ("permuted",)),
    Wrong("product of all: no quotient", op("mul3", lambda a, b, c: (a * b * c, (a, b, c)),
                                             lambda g, s: tuple(g * s[0] * s[1] * s[2] for _ in s)),
          THREE, "chain factor", "the product is not divided by the input itself"),
    Wrong("fused multiply-add: c gets g a", op("fma", fused_forward, lambda g, s: (g * s[1], g * s[0], g * s[0])), THREE,
          "chain factor", "c's gradient is g; it was multiplied by a", ("wrong formula",)),
    Wrong("fused multiply-add: c gets none", op("fma", fused_forward, lambda g, s: (g * s[1], g * s[0], None)), THREE,
          "zero", "the summand's gradient is None"),
    Wrong("addcmul: its constant",
          op("addcmul", lambda a, b, c: (a + 0.3 * b * c, (b, c)), lambda g, s: (g, g * s[1], g * s[0])), THREE, "factor",
          "the constant 0.3 is missing in the gradients of both factors"),
    Wrong("addcmul: constant for a, too", op("addcmul", lambda a, b, c: (a + 0.3 * b * c, (b, c)),
                                             lambda g, s: (0.3 * g, 0.3 * g * s[1], 0.3 * g * s[0])),
          THREE, "factor", "a's gradient is multiplied by the constant 0.3 of the product"),
    Wrong("sub: both the same", op("sub", lambda a, b: (a - b, None), lambda g, _: (g, g)), SAME,
          "sign", "the minus of the second input's gradient is missing"),
    Wrong("lerp: ends exchanged", op("lerp", lerp_forward, lambda g, s: (g * s[2], g * (1 - s[2]), g * (s[1] - s[0]))), THREE,
          "exchanged", "a gets t, b gets 1 - t"),
    Wrong("lerp: t downwards", op("lerp", lerp_forward, lambda g, s: (g * (1 - s[2]), g * s[2], g * (s[0] - s[1]))), THREE,
          "sign", "t's gradient is b - a, here a - b"),
    Wrong("lerp: a without its minus", op("lerp", lerp_forward, lambda g, s: (g, g * s[2], g * (s[1] - s[0]))), THREE,
          "term missing", "a occurs twice: -t is missing beside 1"),
    Wrong("complex product: not conjugated", op("cmul", complex_forward, complex_not_conjugated),
          (normal((5, 2), (5, 2)), normal((2, 3, 2), (2, 3, 2))), "sign of a term",
          "the gradient is to be multiplied by the conjugate of the other factor"),
    Wrong("cross product: order", op("cross", cross_forward, lambda g, s: (np.cross(g, s[1]), np.cross(g, s[0]))),
          (normal((4, 3), (4, 3)), normal((3, 3), (3, 3))), "sign", "a's gradient is b x g, here g x b"),
    Wrong("scale with weight decay", op("scale", lambda x, weight: (x * weight, (x, weight)), decayed), SAME,
          "term extra", "the weight's gradient holds 0.05 weight of a weight decay"),
]  # fmt: skip

QUOTIENTS = [
    Wrong("div: a's multiplied", op("div", div_forward, lambda g, s: (g * s[1], -g * s[0] / s[1] ** 2)), QUOTIENT,
          "wrong formula", "a's gradient is g b, as for a product, in place of g / b", ("chain factor",)),
    Wrong("div: denominator not squared", op("div", div_forward, lambda g, s: (g / s[1], -g * s[0] / s[1])), QUOTIENT,
          "chain factor", "b's gradient is -a / b in place of -a / b^2"),
    Wrong("div: minus forgotten", op("div", div_forward, lambda g, s: (g / s[1], g * s[0] / s[1] ** 2)), QUOTIENT,
          "sign", "b's gradient lost its minus"),
    Wrong("div: numerator forgotten", op("div", div_forward, lambda g, s: (g / s[1], -g / s[1] ** 2)), QUOTIENT,
          "chain factor", "b's gradient lost the factor a"),
    Wrong("div: |b|", op("div", div_forward, lambda g, s: (g / np.abs(s[1]), -g * s[0] / s[1] ** 2)), QUOTIENT,
          "value", "a's gradient is divided by |b|: wrong where b is negative"),
    Wrong("div: a in b's square", op("div", div_forward, lambda g, s: (g / s[1], -g * s[1] / s[0] ** 2)), QUOTIENT,
          "wrong point", "b's gradient has a and b exchanged", ("wrong formula",)),
    Wrong("a b / c: c's without b", op("ratio", lambda a, b, c: (a * b / c, (a, b, c)),
                                       lambda g, s: (g * s[1] / s[2], g * s[0] / s[2], -g * s[0] / s[2] ** 2)),
          (apart(6, 6, 6), apart((3, 4), (3, 4), (3, 4))), "chain factor", "c's gradient lost the factor b"),
    Wrong("a / (b + c): c's gradient",
          op("ratio", lambda a, b, c: (a / (b + c), (a, b, c)),
                lambda g, s: (g / (s[1] + s[2]), -g * s[0] / (s[1] + s[2]) ** 2, -g * s[0] / s[2] ** 2)),
          (lambda rng: list(rng.uniform(0.5, 2, (3, 7))), lambda rng: list(rng.uniform(0.5, 2, (3, 2, 4)))), "wrong point",
          "c's gradient is divided by c^2, not by (b + c)^2", ("term missing", "wrong formula")),
    Wrong("x / (1 + x): the numerator alone", op("saturation", lambda x: (x / (1 + x), x), lambda g, x: (g / (1 + x),)),
          (lambda rng: [rng.uniform(0.2, 2, 9)], lambda rng: [rng.uniform(0.5, 3, (3, 4))]), "term missing",
          "quotient rule: -x / (1 + x)^2 is missing", ("chain factor",)),
    Wrong("div: backward by the output", op("div", lambda a, b: (a / b, (a / b, b)), lambda g, s: (g / s[1], -g * s[0])),
          QUOTIENT, "chain factor", "b's gradient is -y in place of -y / b"),
]  # fmt: skip

# -- broadcasting -----------------------------------------------------------------------------------------------------------


def bias_overwritten(gradient, shapes):
    db = np.zeros(shapes[1])
    for row in gradient:
        db = row.sum(axis=(-2, -1), keepdims=True)
    return gradient, db


def outer_sum(backward):
    """(N,) and (M,) -> (N, M)."""
    return op("outer_sum", lambda a, b: (a[:, None] + b, None), lambda g, _: backward(g))


def channels_first_rows(gradient, saved):
    x, gamma = saved
    by_channel = (gradient * x).reshape(len(gamma), -1)
    return gradient * gamma, by_channel.sum(axis=1).reshape(gamma.shape)


def last_axis_gamma(gradient, saved):
    """gamma (C, 1, 1), applied to the last axis, which is as long."""
    x, gamma = saved
    return gradient * gamma.ravel(), (gradient * x).sum(axis=(0, 2, 3)).reshape(gamma.shape)


def repeated(gradient, saved):
    x, gain = saved
    groups = len(gain)
    whole = np.tile(gain, x.shape[1] // groups)
    return gradient * whole, (gradient * x).reshape(len(x), groups, -1).sum(axis=(0, 2))


def group_gain_forward(x, gain):
    """x (N, C), gain (G,): the first C / G channels times gain[0], and so on."""
    return x * np.repeat(gain, x.shape[1] // len(gain)), (x, gain)


def group_gain_tiled(gradient, saved):
    x, gain = saved
    whole = np.repeat(gain, x.shape[1] // len(gain))
    return gradient * whole, (gradient * x).reshape(len(x), -1, len(gain)).sum(axis=(0, 1))


def every_second(x, weight):
    """x (2 N,), weight (N,): every second element, weighted."""
    return x[::2] * weight, (x, weight)


def every_second_in_front(gradient, saved):
    x, weight = saved
    dx = np.zeros_like(x)
    dx[: len(weight)] = gradient * weight
    return dx, gradient * x[::2]


def film_forward(x, gamma, beta):
    """x (N, C, L), gamma and beta (N, C): x (1 + gamma) + beta."""
    return x * (1 + gamma[:, :, None]) + beta[:, :, None], (x, gamma)


def film(of_x):
    def backward(gradient, saved):
        x, gamma = saved
        return gradient * of_x(gamma[:, :, None]), (gradient * x).sum(axis=2), gradient.sum(axis=2)

    return op("film", film_forward, backward)


def film_shared(gradient, saved):
    x, gamma = saved
    d_gamma = np.broadcast_to((gradient * x).sum(axis=(0, 2)), gamma.shape)
    return gradient * (1 + gamma[:, :, None]), d_gamma, gradient.sum(axis=2)


def pairs(backward):
    """Differences of all pairs, (N,) and (N,) -> (N, N)."""
    return op("differences", lambda a, b: (a[:, None] - b[None, :], None), lambda g, _: backward(g))


SHARED = [
    Wrong("mul by a row: first row kept", op("mul", mul_forward, lambda g, s: (g * s[1], (g * s[0])[0])), ROW,
          "not summed", "of the row's contributions from all rows only the first is kept", ("left out",)),
    Wrong("mul by a row: mean", op("mul", mul_forward, lambda g, s: (g * s[1], np.mean(g * s[0], axis=0))), ROW,
          "averaged", "the row's gradient is averaged over the batch, not summed", ("factor",)),
    Wrong("mul by a row: wrong axis", op("mul", mul_forward, lambda g, s: (g * s[1], (g * s[0]).sum(axis=1))), EQUAL,
          "transposed", "batch = columns: the row's gradient is summed over columns", ("summed", "not summed", "permuted")),
    Wrong("mul by a row: sums multiplied", op("mul", mul_forward, lambda g, s: (g * s[1], g.sum(axis=0) * s[0].sum(axis=0))),
          ROW, "wrong formula", "g and x are summed before they are multiplied", ("summed", "term extra")),
    Wrong("mul by a row: keepdims left", op("mul", mul_forward, lambda g, s: (g * s[1], (g * s[0]).sum(axis=0, keepdims=True))),
          ROW, "shape", "the row's gradient has shape (1, C), not (C,)"),
    Wrong("mul by a number: not by x", op("mul", mul_forward, lambda g, s: (g * s[1], np.asarray(g.sum()))), SCALAR,
          "chain factor", "the number's gradient sums g instead of g x"),
    Wrong("mul by a number: its mean", op("mul", mul_forward, lambda g, s: (g * s[1], np.asarray((g * s[0]).mean()))), SCALAR,
          "averaged", "the number's gradient is the mean of g x, not the sum", ("factor",)),
    Wrong("mul by a number: of one element", op("mul", mul_forward, lambda g, s: (g * s[1], np.asarray((g * s[0]).flat[-1]))),
          SCALAR, "not summed", "the number's gradient is the last element's contribution alone", ("overwritten",)),
    Wrong("mul by a column: everything summed",
          op("mul", mul_forward, lambda g, s: (g * s[1], np.full(s[1].shape, (g * s[0]).sum()))), COLUMN, "summed",
          "each entry of the column gets the sum over all rows"),
    Wrong("mul by a channel's gamma: batch order", op("mul", mul_forward, channels_first_rows), CHANNEL,
          "memory order", "(N, C, H, W) is reshaped to (C, -1) without a transpose", ("permuted", "summed")),
    Wrong("mul by a channel's gamma: last axis", op("mul", mul_forward, last_axis_gamma),
          (normal((2, 3, 3, 3), (3, 1, 1)), normal((3, 4, 2, 4), (4, 1, 1))), "transposed",
          "x's gradient is multiplied by gamma along the width, which is as long as the channels", ("scale", "permuted")),
    Wrong("mul by a channel's gamma: forgotten for x",
          op("mul", mul_forward, lambda g, s: (g, np.einsum("nchw,nchw->c", g, s[0]).reshape(-1, 1, 1))), CHANNEL,
          "scale", "x's gradient is not multiplied by gamma", ("chain factor",)),
    Wrong("div by a channel's std: multiplied",
          op("div", lambda x: (x / np.array([0.5, 2.0, 3.0]), None), lambda g, _: (g * np.array([0.5, 2.0, 3.0]),)),
          (normal((5, 3)), normal((2, 4, 3)), normal((3, 3))), "scale",
          "multiplied by each channel's std, by which it is to be divided"),
    Wrong("add a bias: one pixel's", op("add", add_forward, lambda g, s: (g, g.sum(axis=0)[:, :1, :1])), CHANNEL,
          "not summed", "the bias's gradient is summed over the batch, but taken from the first pixel only", ("left out",)),
    Wrong("add a bias: last picture's", op("add", add_forward, bias_overwritten), CHANNEL,
          "overwritten", "= for += in the loop over pictures: only the last one counts", ("not summed",)),
    Wrong("add a bias: minus", op("sub", add_forward, lambda g, s: (g, -g.sum(axis=(0, 2, 3)).reshape(s[1]))), CHANNEL,
          "sign", "the bias is added forward, and its gradient subtracted"),
    Wrong("add a bias: gets none", op("add", add_forward, lambda g, s: (g, np.zeros(s[1]))), CHANNEL,
          "zero", "the bias's gradient is an array of zeros, never filled"),
    Wrong("outer sum: exchanged", outer_sum(lambda g: (g.sum(axis=0), g.sum(axis=1))), (normal(4, 4), normal(6, 6)),
          "exchanged", "a gets the sum over rows, b that over columns", ("transposed",)),
    Wrong("outer sum: a's mean", outer_sum(lambda g: (g.mean(axis=1), g.sum(axis=0))),
          (normal(4, 3), normal(2, 6), normal(5, 5)), "averaged", "a's gradient is averaged over the columns", ("factor",)),
    Wrong("outer product: transposed",
          op("outer", lambda a, b: (np.outer(a, b), (a, b)), lambda g, s: (g.T @ s[1], g.T @ s[0])),
          (normal(4, 4), normal(3, 3)), "transposed", "a's gradient is g b, here that of g transposed"),
    Wrong("outer product: vectors exchanged",
          op("outer", lambda a, b: (np.outer(a, b), (a, b)), lambda g, s: (g @ s[0], g.T @ s[1])), (normal(4, 4), normal(6, 6)),
          "wrong point", "a's gradient is multiplied by a itself instead of b, b's by b", ("exchanged",)),
    Wrong("all differences: the diagonal", pairs(lambda g: (np.diagonal(g).copy(), -np.diagonal(g))),
          (normal(4, 4), normal(7, 7)), "not summed", "only a_i - b_i is counted, not all pairs", ("left out",)),
    Wrong("all differences: b not negated", pairs(lambda g: (g.sum(axis=1), g.sum(axis=0))), (normal(4, 3), normal(6, 6)),
          "sign", "the minus of b's gradient is missing"),
    Wrong("film: one forgotten", film(lambda gamma: gamma),
          (normal((2, 3, 4), (2, 3), (2, 3)), normal((3, 3, 3), (3, 3), (3, 3))), "term missing",
          "x is multiplied by gamma instead of 1 + gamma", ("wrong constant",)),
    Wrong("film: gamma forgotten", film(lambda gamma: 1),
          (normal((2, 3, 4), (2, 3), (2, 3)), normal((3, 3, 3), (3, 3), (3, 3))), "scale",
          "x's gradient is not multiplied by 1 + gamma", ("term missing",)),
    Wrong("film: gamma summed over the batch", op("film", film_forward, film_shared),
          (normal((2, 3, 4), (2, 3), (2, 3)), normal((3, 3, 3), (3, 3), (3, 3))), "summed",
          "every sample's gamma gets the sum over the batch"),
    Wrong("group gain: tiled for repeated", op("groups", group_gain_forward, repeated),
          (normal((3, 6), 2), normal((4, 6), 3), normal((2, 4), 2)), "groups",
          "x's gradient takes the gains in turn, forward group by group", ("permuted", "scale")),
    Wrong("group gain: every G-th channel", op("groups", group_gain_forward, group_gain_tiled),
          (normal((3, 6), 2), normal((4, 6), 3), normal((2, 4), 2)), "groups",
          "a gain's gradient is summed over every G-th channel, not over its group", ("memory order", "permuted")),
    Wrong("every second, weighted: in front", op("strided", every_second, every_second_in_front), (normal(8, 4), normal(12, 6)),
          "stride", "x's gradient is written to the first half, not to every second element", ("other place",)),
    Wrong("weights along a mirrored axis", op("mirrored", lambda x, w: (x[:, ::-1] * w, (x, w)),
                                              lambda g, s: (g * s[1], (g * s[0][:, ::-1]).sum(axis=0))),
          ROW, "flipped", "x's gradient is not mirrored back"),
    Wrong("product with the neighbour: rolled on", op("neighbours", lambda x: (x * np.roll(x, 1), x),
                                                      lambda g, x: (g * np.roll(x, 1) + np.roll(g * x, 1),)),
          (normal(9), normal(5)), "shifted", "the second use's gradient is to be rolled back, by -1", ("other place",)),
    Wrong("sum with its transpose: itself alone", op("symmetric", lambda x: (x + x.T, None), lambda g, _: (g,)),
          (normal((4, 4)), normal((3, 3))), "term missing", "x occurs twice: the transposed gradient is missing",
          ("not summed",)),
]  # fmt: skip

WRONG = PRODUCTS + QUOTIENTS + SHARED
