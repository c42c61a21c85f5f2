"""Wrong ops that choose or block elements: clip, shrinking, max and min, where, masks, dropout, abs, rounding."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, by=1.0):
    return lambda rng: [np.asarray(by * rng.standard_normal(shape)) for shape in shapes]


ANY = (normal(12), normal((3, 4)), normal((2, 3, 4, 5)))
MANY = (normal(40), normal((5, 8)), normal((2, 3, 4, 5)))
PAIR = (normal(14, 14), normal((3, 5), (3, 5)), normal((4, 4), (4, 4)))
ROW = (normal((4, 5), 5), normal((6, 6), 6), normal((2, 3, 4), 4))  # the second is broadcast

# -- clip, shrinking --------------------------------------------------------------------------------------------------------


def clip_forward(x):
    return np.clip(x, -0.5, 1.0), x


def clip_inner(gradient, x):
    """Loop over the elements, all but the first and last."""
    result = np.zeros(x.size)
    for i in range(1, x.size - 1):
        if -0.5 < x.flat[i] < 1.0:
            result[i] = gradient.flat[i]
    return (result.reshape(x.shape),)


def clip_by_row(gradient, x):
    result = gradient.copy()
    result[((x < -0.5) | (x > 1)).any(axis=-1)] = 0
    return (result,)


def bounded_forward(x, low, high):
    """x (..., C) between low and high (C,)."""
    return np.minimum(np.maximum(x, low), high), (x < low, x > high)


def bounded_zero(gradient, saved):
    below, above = saved
    return gradient * ~(below | above), None, None


def bounded_exchanged(gradient, saved):
    below, above = saved
    axes = tuple(range(gradient.ndim - 1))
    return gradient * ~(below | above), (gradient * above).sum(axes), (gradient * below).sum(axes)


def bounds(*shape):
    return lambda rng: [1.5 * rng.standard_normal(shape), rng.uniform(-1, -0.3, shape[-1]), rng.uniform(0.3, 1, shape[-1])]


def shrink_soft(gradient, x):
    result = np.zeros_like(x)
    for side in (-1, 1):
        far = side * x > 0.5
        result[far] = side * gradient[far]
    return (result,)


BOUNDS = (bounds(6, 3), bounds(8, 2), bounds(2, 5, 4))
CLIP = [
    Wrong("clip: all passes", op("clip", clip_forward, lambda g, x: (g.copy(),)), ANY,
          "no mask", "the gradient passes outside the limits, too"),
    Wrong("clip: only outside", op("clip", clip_forward, lambda g, x: (g * np.logical_or(x < -0.5, x > 1),)), ANY,
          "inverted mask", "the gradient passes where x was clipped, and only there"),
    Wrong("clip: |x| below the upper limit", op("clip", clip_forward, lambda g, x: (g * (np.abs(x) < 1),)), MANY,
          "wrong mask", "the limits -0.5 and 1 are not symmetric: it passes between -1 and -0.5", ("value",)),
    Wrong("clip: the gradient is clipped", op("clip", clip_forward, lambda g, x: (np.clip(g, -0.5, 1),)), ANY,
          "nonlinear", "the incoming gradient is clipped in place of being masked by x", ("no mask",)),
    Wrong("clip: loop without first and last", op("clip", clip_forward, clip_inner),
          (normal(7, by=0.25), normal((2, 3), by=0.2)), "left out", "the loop leaves out the first and the last element",
          ("border",)),
    Wrong("clip: the lower limit forgotten", op("clip", lambda x: (np.clip(x, -0.5, 1.0), x <= 1.0), lambda g, low: (g * low,)),
          ANY, "wrong mask", "only the upper limit is asked: it passes below -0.5", ("no mask", "value")),
    Wrong("clip: rows with a clipped element", op("clip", clip_forward, clip_by_row),
          (normal((6, 3)), normal((4, 4)), normal((3, 3, 2))), "wrong mask", "one clipped element blocks its whole row"),
    Wrong("clip with tensors: limits get none", op("bounded", bounded_forward, bounded_zero), BOUNDS,
          "zero", "low and high, which the output equals where x is clipped, get no gradient"),
    Wrong("clip with tensors: limits exchanged", op("bounded", bounded_forward, bounded_exchanged), BOUNDS,
          "exchanged", "low gets the gradient from above, high that from below", ("inverted mask",)),
    Wrong("hard shrink: one side", op("hardshrink", lambda x: (x * (abs(x) > 0.4), x), lambda g, x: (g * (x > 0.4),)), ANY,
          "wrong mask", "negative values beyond the limit pass forward, but not backward", ("value",)),
    Wrong("soft shrink: sign of x", op("softshrink", lambda x: (np.sign(x) * np.maximum(abs(x) - 0.5, 0), x), shrink_soft), ANY,
          "value", "the derivative is 1 on both sides, here -1 for negative x"),
    Wrong("soft shrink: hard tanh's mask",
          op("softshrink", lambda x: (x - np.clip(x, -0.5, 0.5), x), lambda g, x: (g * (abs(x) < 0.5),)), ANY, "inverted mask",
          "the gradient passes within the limits, where the output is 0"),
]  # fmt: skip

# -- max, min, where --------------------------------------------------------------------------------------------------------


def maximum_forward(a, b):
    return np.maximum(a, b), (a, b)


def least_of_three(gradient, saved):
    a, b, c = saved
    return gradient * ((a < b) & (a < c)), gradient * (b < a), gradient * ((c < a) & (c < b))


def second_place(gradient, saved):
    """Of three stacked arrays the largest is asked for by sorting; the last but one is taken."""
    order = np.argsort(np.stack(saved), axis=0)[-2]
    return tuple(np.where(order == i, gradient, 0) for i in range(3))


def maximum_row(gradient, saved):
    a, b = saved
    axes = tuple(range(a.ndim - 1))
    return gradient * (a > b), gradient.sum(axes) * (b > a.reshape(-1, a.shape[-1])[0])


def maximum_mean(gradient, saved):
    a, b = saved
    axes = tuple(range(a.ndim - 1))
    return gradient * (a > b), (gradient * (b > a)).mean(axes)


def maximum_soft(gradient, saved):
    a, b = saved
    weight = np.exp(a) / (np.exp(a) + np.exp(b))
    return gradient * weight, gradient * (1 - weight)


def where(backward, choices=2):
    """where(c, a, b) with a fixed c, drawn for each shape."""

    def run(a, b):
        c = np.random.default_rng([7, a.size]).integers(0, choices, a.shape)
        return op("where", lambda a, b: (np.where(c, a, b), None), lambda g, _: backward(g, c))(a, b)

    return run


def where_else(backward):
    """where(x > 0.2, x, value) for a single value, of shape ()."""
    return op("where", lambda x, v: (np.where(x > 0.2, x, v), x > 0.2), backward)


CHOICE = [
    Wrong("maximum: to both", op("maximum", maximum_forward, lambda g, s: (g, g)), PAIR,
          "no mask", "the smaller input gets the gradient, too"),
    Wrong("maximum: to the smaller", op("maximum", maximum_forward, lambda g, s: (g * (s[0] < s[1]), g * (s[1] < s[0]))), PAIR,
          "inverted mask", "the masks are minimum's", ("exchanged",)),
    Wrong("maximum: a gets all of it", op("maximum", maximum_forward, lambda g, s: (g, np.where(s[1] > s[0], g, 0))), PAIR,
          "no mask", "only b's gradient is masked"),
    Wrong("maximum: b left at zero", op("maximum", maximum_forward, lambda g, s: (g * (s[0] >= s[1]), np.zeros_like(s[1]))),
          PAIR, "zero", "b gets zeros, though the output is b where b is larger"),
    Wrong("maximum: sign of the larger one", op("maximum", maximum_forward, lambda g, s: (g * (s[0] > 0), g * (s[1] > 0))),
          PAIR, "wrong mask", "each input is compared with 0 as in relu, not with the other one"),
    Wrong("maximum: softmax's weights", op("maximum", maximum_forward, maximum_soft), PAIR,
          "approximate", "the gradient of logaddexp, which is a smooth maximum", ("no mask", "wrong formula")),
    Wrong("maximum of a row: mask of the first", op("maximum", maximum_forward, maximum_row), ROW,
          "wrong mask", "the row's gradient is summed before it is masked, by a's first row", ("not summed",)),
    Wrong("maximum of a row: mean over rows", op("maximum", maximum_forward, maximum_mean), ROW,
          "averaged", "the row's gradient is averaged over what it was broadcast to, not summed", ("factor",)),
    Wrong("minimum of three: b not compared with c",
          op("min3", lambda a, b, c: (np.minimum(np.minimum(a, b), c), (a, b, c)), least_of_three),
          (normal(30, 30, 30), normal((5, 8), (5, 8), (5, 8))), "wrong mask",
          "b gets the gradient wherever it is below a, though c may be smaller still", ("no mask",)),
    Wrong("maximum of three: the second largest",
          op("max3", lambda a, b, c: (np.maximum(np.maximum(a, b), c), (a, b, c)), second_place),
          (normal(10, 10, 10), normal((2, 6), (2, 6), (2, 6))), "other place",
          "an index one off in the sorted values: the median gets the gradient", ("wrong mask",)),
    Wrong("where: one mask for both", where(lambda g, c: (g * c, g * c)), PAIR,
          "inverted mask", "b gets the gradient where a was taken"),
    Wrong("where: none masked", where(lambda g, c: (g.copy(), g.copy())), PAIR,
          "no mask", "both get the whole gradient, wherever it came from"),
    Wrong("where: condition of 0, 1, 2 multiplied in", where(lambda g, c: (g * c, g * (c == 0)), choices=3), PAIR,
          "wrong mask", "a condition of 2 counts as true forward, and doubles the gradient backward", ("chain factor",)),
    Wrong("where: one less the condition", where(lambda g, c: (g * (c != 0), g * (1 - c)), choices=4), PAIR,
          "wrong mask", "1 - c is not the opposite of c: it is -1 and -2 where c is 2 and 3", ("chain factor", "term extra")),
    Wrong("where, a number: averaged over its places", where_else(lambda g, c: (g * c, np.asarray(g[~c].mean()))),
          (normal(14, ()), normal((4, 5), ())), "averaged",
          "the number's gradient is the mean over where it was filled in, not the sum", ("factor",)),
    Wrong("where, a number: from all places", where_else(lambda g, c: (g * c, np.asarray(g.sum()))),
          (normal(14, ()), normal((4, 5), ())), "no mask",
          "the number's gradient is summed over all elements, also those that x filled", ("term extra",)),
]  # fmt: skip

# -- fixed masks, dropout ---------------------------------------------------------------------------------------------------


def dropout(backward, rate=0.4):
    """backward(gradient, keep, rest): keep is the mask that forward drew, rest the probability of being kept."""

    def forward(x):
        keep = np.random.default_rng([7, x.size]).random(x.shape) >= rate
        return x * keep / (1 - rate), keep

    return op("dropout", forward, lambda g, keep: (backward(g, keep, 1 - rate),))


def redrawn_order(gradient, keep, rest):
    again = np.random.default_rng([7, gradient.size]).random(gradient.shape[::-1]).T >= 1 - rest
    return gradient * again / rest


def redrawn(gradient, keep, rest):
    return gradient * (np.random.random(gradient.shape) < rest) / rest


def one_after(gradient, keep, rest):
    """The same seed, but a number was drawn in between."""
    generator = np.random.default_rng([7, gradient.size])
    generator.random()
    return gradient * (generator.random(gradient.shape) >= 1 - rest) / rest


def channel_dropout(x):
    """(N, C, H, W): whole channels of single pictures."""
    keep = np.random.default_rng(7).random(x.shape[:2]) > 0.5
    return x * keep[:, :, None, None] * 2, keep


def padded(backward):
    """scores (N, T, T): keys from each sample's length on set to -5."""

    def forward(scores):
        n, t, _ = scores.shape
        padding = np.arange(t) >= 1 + np.arange(n)[:, None] % t  # (N, T)
        return np.where(padding[:, None, :], -5.0, scores), padding

    return op("padding", forward, backward)


def filled_then_tanh(x):
    """Of three ops, of which the first forgets its mask."""
    blocked = np.arange(x.shape[-1]) % 3 == 1
    filled = op("masked_fill", lambda x: (np.where(blocked, 2.0, x), None), lambda g, _: (g,))(x)
    return F.tanh(filled * 0.7)


BATCH_OF_SCORES = (normal((2, 4, 4)), normal((3, 3, 3)), normal((4, 5, 5)))
FIXED = [
    Wrong("dropout: drawn anew", dropout(redrawn), ANY, "random", "backward draws another mask", ("wrong mask",)),
    Wrong("dropout: seed kept, one number on", dropout(one_after), (normal(20), normal((3, 7)), normal((2, 3, 4))),
          "wrong mask", "the mask is drawn again with the same seed, but one number later", ("shifted",)),
    Wrong("dropout: drawn in another order", dropout(redrawn_order), (normal((3, 8)), normal((5, 5)), normal((2, 3, 6))),
          "wrong mask", "the mask is drawn again with the same seed, but for the shape turned round",
          ("memory order", "transposed")),
    Wrong("dropout: scale forgotten", dropout(lambda g, keep, rest: g * keep), ANY,
          "factor", "the division by the probability of keeping is missing"),
    Wrong("dropout: scale alone", dropout(lambda g, keep, rest: g / rest), ANY, "no mask", "dropped elements get a gradient"),
    Wrong("dropout: kept for dropped", dropout(lambda g, keep, rest: np.where(keep, 0, g / rest)), ANY,
          "inverted mask", "the gradient goes to the dropped elements"),
    Wrong("dropout: divided by the share kept", dropout(lambda g, keep, rest: g * keep / keep.mean()),
          (normal(15), normal((3, 7))), "wrong constant", "divided by the share that was really kept, not by the probability",
          ("factor",)),
    Wrong("channel dropout: batch = channels",
          op("dropout2d", channel_dropout, lambda g, keep: (2 * np.einsum("nchw,cn->nchw", g, keep),)),
          (normal((4, 4, 2, 2)), normal((5, 5, 1, 3))), "transposed", "the mask (N, C) is read as (C, N)",
          ("wrong mask", "permuted")),
    Wrong("channel dropout: first picture's mask",
          op("dropout2d", channel_dropout, lambda g, keep: (2 * g * keep[0].reshape(-1, 1, 1),)),
          (normal((4, 3, 2, 2)), normal((3, 5, 2, 1))), "wrong mask", "all pictures get the mask of the first"),
    Wrong("padding mask: of queries", padded(lambda g, padding: (np.where(padding[:, :, None], 0, g),)), BATCH_OF_SCORES,
          "transposed", "rows (queries) are blocked in place of columns (keys)", ("wrong mask",)),
    Wrong("padding mask: first sample's", padded(lambda g, padding: (g * ~padding[0],)), BATCH_OF_SCORES,
          "wrong mask", "all samples are masked by the length of the first"),
    Wrong("masked fill, then tanh: mask forgotten", filled_then_tanh, (normal(9), normal((2, 7)), normal((3, 2, 5))),
          "no mask", "elements that were replaced by a constant get a gradient", ("independent",)),
]  # fmt: skip

# -- abs, sign, rounding ----------------------------------------------------------------------------------------------------


def mod_forward(x, y):
    return x - y * np.floor(x / y), (x, y)


def divisors(*shape):
    return lambda rng: [4 * rng.standard_normal(shape), 0.5 + rng.random(shape)]


def with_zeros(*shape):
    def point(rng):
        x = rng.standard_normal(shape)
        x[..., ::2] = 0
        return [x]

    return point


def hard_gate(x, gate):
    return x * (gate > 0), (x, gate > 0)


KINKS = [
    Wrong("abs: sign forgotten", op("abs", lambda x: (np.abs(x), None), lambda g, _: (g,)), ANY,
          "value", "the derivative is 1 for negative x, too"),
    Wrong("abs: sign of the output", op("abs", lambda x: (np.abs(x),) * 2, lambda g, y: (g * np.sign(y),)), ANY,
          "value", "the sign is taken of |x|, which is positive", ("wrong point",)),
    Wrong("abs: minus one", op("abs", lambda x: (np.sqrt(x * x), x), lambda g, x: (np.where(x < 0, g, -g),)), ANY,
          "sign", "the branches are exchanged: -1 for positive x, 1 for negative", ("inverted mask",)),
    Wrong("abs: relu's derivative", op("abs", lambda x: (np.abs(x), x), lambda g, x: (g * np.heaviside(x, 0),)), ANY,
          "value", "zero for negative x, where it is -1", ("wrong formula", "term missing")),
    Wrong("abs: x / |x| at 0", op("abs", lambda x: (np.abs(x), x), lambda g, x: (g * x / np.abs(x),)),
          (with_zeros(6), with_zeros(3, 4)), "not finite", "0 / 0 is NaN where x is 0"),
    Wrong("abs: x times the gradient", op("abs", lambda x: (np.abs(x), x), lambda g, x: (g * x,)), ANY,
          "chain factor", "x in place of x / |x|", ("wrong formula",)),
    Wrong("round: straight through", op("round", lambda x: (np.round(4 * x) / 4, None), lambda g, _: (g,)), ANY, "approximate",
          "the derivative of a step function is 0; it is taken for that of the identity", ("independent", "no mask")),
    Wrong("mod: divisor gets none", op("mod", mod_forward, lambda g, s: (g, None)), (divisors(8), divisors(3, 4)),
          "zero", "the divisor's gradient, -floor(x / y), is missing"),
    Wrong("mod: divisor without floor", op("mod", mod_forward, lambda g, s: (g, -g * s[0] / s[1])),
          (divisors(8), divisors(3, 4)), "wrong formula", "-x / y in place of -floor(x / y)", ("approximate",)),
    Wrong("hard gate: gate gets x", op("gate", hard_gate, lambda g, s: (g * s[1], g * s[0])), PAIR,
          "independent", "a step's derivative is 0: the output does not depend on the gate's value", ("approximate",)),
]  # fmt: skip

WRONG = CLIP + CHOICE + FIXED + KINKS
