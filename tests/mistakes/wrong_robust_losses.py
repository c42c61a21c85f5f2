"""Wrong ops of losses by element: squared and absolute errors, huber and its kin, hinge, margins, bce, likelihoods."""

import math

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, by=1.0):
    return lambda rng: [by * rng.standard_normal(shape) for shape in shapes]


def logistic(x):
    return 1 / (1 + np.exp(-x))


def target_like(x):
    return np.random.default_rng([7, x.size]).standard_normal(x.shape)


def labels_like(x):
    return np.random.default_rng([7, x.size]).integers(0, 2, x.shape).astype(float)


MANY = (normal(50), normal((6, 8)), normal((2, 7, 4)))
PAIR = (normal(12, 12), normal((3, 5), (3, 5)), normal((2, 3, 3), (2, 3, 3)))  # prediction and target, both with gradients
ONE = (normal(14), normal((4, 5)), normal((2, 3, 4)))  # the target is fixed by the shape
PAIRS = (normal(30, 30), normal((5, 7), (5, 7)), normal((2, 4, 4), (2, 4, 4)))  # more of them
WIDE = (normal(16, 16, by=2), normal((4, 5), (4, 5), by=2), normal((3, 3, 3), (3, 3, 3), by=2))

# -- squared, absolute, huber and its kin -----------------------------------------------------------------------------------


def mse_forward(a, b):
    return np.mean((a - b) ** 2), a - b


def of_difference(loss, slope, reduce=None):
    """loss(a - b), by element, summed or averaged; slope is what was written for its derivative."""

    def forward(a, b):
        d = a - b
        return (loss(d) if reduce is None else np.asarray(reduce(loss(d)))), d

    def backward(gradient, d):
        step = gradient * slope(d) / (d.size if reduce is np.mean else 1)
        return step, -step

    return op("loss", forward, backward)


def huber(d, delta=1.5):
    return np.where(np.abs(d) <= delta, d * d / 2, delta * (np.abs(d) - delta / 2))


def smooth_l1(d, beta=0.4):
    return np.where(np.abs(d) < beta, d * d / (2 * beta), np.abs(d) - beta / 2)


def huber_of_one(gradient, d, delta=1.5):
    """The branch is chosen once, by the mean error."""
    slope = d if np.abs(d).mean() <= delta else delta * np.sign(d)
    return gradient * slope, -gradient * slope


def huber_forward(a, b):
    return huber(a - b), a - b


def pseudo_huber(d, delta=0.8):
    return delta**2 * (np.sqrt(1 + (d / delta) ** 2) - 1)


def charbonnier(d):
    return np.sqrt(d * d + 0.3**2)


def weighted_forward(a, b):
    """Weights 1, 2, ... for the columns."""
    weight = np.arange(1.0, a.shape[-1] + 1)
    return weight * (a - b) ** 2, (a - b, weight)


def masked_forward(a, b):
    """Every third target is missing, and does not count."""
    there = (np.arange(a.size) % 3 != 0).reshape(a.shape)
    return np.asarray(((a - b) ** 2 * there).sum() / there.sum()), (a - b, there)


def masked(gradient, saved, mask):
    d, there = saved
    step = 2 * gradient * d / there.sum() * mask
    return step, -step


def masked_all(gradient, saved):
    return masked(gradient, saved, 1)


def masked_by_error(gradient, saved):
    return masked(gradient, saved, saved[0] != 0)


def masked_average(gradient, saved):
    d, there = saved
    return 2 * gradient * d * there / d.size, -2 * gradient * d * there / d.size


def pinball(d, tau=0.8):
    return np.where(d > 0, tau * d, (tau - 1) * d)


DIFFERENCES = [
    Wrong("mse: not divided", op("mse", mse_forward, lambda g, d: (2 * g * d, -2 * g * d)), PAIR,
          "not averaged", "the mean's division by the number of elements is missing", ("factor",)),
    Wrong("mse: 2 forgotten", op("mse", mse_forward, lambda g, d: (g * d / d.size, -g * d / d.size)), PAIR,
          "factor", "d / n in place of 2 d / n"),
    Wrong("mse: divided by the rows", op("mse", mse_forward, lambda g, d: (2 * g * d / len(d), -2 * g * d / len(d))), PAIR[1:],
          "not averaged", "divided by the batch only, where the mean was over all elements", ("factor",)),
    Wrong("mse: incoming gradient forgotten", op("mse", mse_forward, lambda g, d: (2 * d / d.size, -2 * d / d.size)), PAIR,
          "ones", "written for a loss that is the end of the graph: the gradient is never multiplied in"),
    Wrong("mse: target gets none", op("mse", mse_forward, lambda g, d: (2 * g * d / d.size, None)), PAIR,
          "zero", "the target is taken for a constant, though it is an input"),
    Wrong("squared error: of the mean error",
          op("sse", lambda a, b: (np.asarray(((a - b) ** 2).sum()), a - b),
                lambda g, d: (np.full(d.shape, 2 * g * d.mean()), np.full(d.shape, -2 * g * d.mean()))), PAIR, "wrong point",
          "every element gets twice the mean error instead of its own", ("summed", "averaged")),
    Wrong("squared error: sum divided", of_difference(np.square, lambda d: 2 * d / d.size, reduce=np.sum), PAIR,
          "averaged", "forward sums, backward divides by the number of elements", ("factor",)),
    Wrong("squared error, weighted: weights forgotten", op("wse", weighted_forward, lambda g, s: (2 * g * s[0], -2 * g * s[0])),
          PAIR[1:], "scale", "the columns' weights are missing"),
    Wrong("squared error, weighted: weights squared",
          op("wse", weighted_forward, lambda g, s: (2 * g * s[0] * s[1] ** 2, -2 * g * s[0] * s[1] ** 2)), PAIR[1:],
          "scale", "the columns' weights are multiplied in twice"),
    Wrong("mse, masked: mask forgotten", op("masked", masked_forward, masked_all), PAIR,
          "no mask", "missing targets give a gradient"),
    Wrong("mse, masked: mask of nonzero errors", op("masked", masked_forward, masked_by_error), PAIR,
          "wrong mask", "the mask asks for errors other than 0, which all are", ("no mask",)),
    Wrong("mse, masked: divided by all", op("masked", masked_forward, masked_average), PAIR,
          "factor", "divided by the number of all elements, not of those that count", ("wrong constant", "averaged")),
    Wrong("l1: the error itself", of_difference(np.abs, lambda d: d), PAIR,
          "chain factor", "d in place of sign(d), as for the squared error", ("wrong formula",)),
    Wrong("l1: mean without a sign", of_difference(np.abs, np.ones_like, reduce=np.mean), PAIR,
          "value", "1 in place of sign(d): wrong where the prediction is below the target"),
    Wrong("l1: sign of the sum", of_difference(np.abs, lambda d: np.full_like(d, np.sign(d.sum())), reduce=np.sum), PAIR,
          "value", "all elements get the sign of the summed error", ("wrong point",)),
    Wrong("huber: delta forgotten", of_difference(huber, lambda d: np.where(abs(d) <= 1.5, d, np.sign(d))), WIDE,
          "value", "the linear part's slope is delta sign(d), here sign(d)", ("wrong constant",)),
    Wrong("huber: quadratic everywhere", of_difference(huber, lambda d: d), WIDE,
          "no mask", "the error is not clipped to delta", ("value",)),
    Wrong("huber: linear everywhere", of_difference(huber, lambda d: 1.5 * np.sign(d)), WIDE,
          "value", "the quadratic part, |d| below delta, is forgotten"),
    Wrong("huber: branch by d without abs", of_difference(huber, lambda d: np.where(d <= 1.5, d, 1.5)), WIDE,
          "value", "errors below -delta get the quadratic part's slope", ("wrong mask", "no mask")),
    Wrong("huber: sign forgotten", of_difference(huber, lambda d: np.where(abs(d) <= 1.5, d, 1.5)), WIDE,
          "value", "the linear part's slope is delta on both sides"),
    Wrong("huber: branches exchanged", of_difference(huber, lambda d: np.where(abs(d) > 1.5, d, 1.5 * np.sign(d))), WIDE,
          "inverted mask", "the quadratic part's slope where the loss is linear, and the reverse"),
    Wrong("huber: delta 1", of_difference(huber, lambda d: np.clip(d, -1, 1)), WIDE,
          "wrong constant", "backward takes delta for 1, forward for 1.5", ("value", "wrong mask")),
    Wrong("huber: one branch for all", op("huber", huber_forward, huber_of_one), WIDE,
          "wrong mask", "the mean error decides between the branches for all elements", ("value",)),
    Wrong("huber: branch by the loss",
          of_difference(lambda d: huber(d, 0.5), lambda d: np.where(huber(d, 0.5) < 0.5, d, 0.5 * np.sign(d))), PAIRS,
          "wrong mask", "the loss is compared with delta instead of the error", ("wrong point", "value")),
    Wrong("smooth l1: beta forgotten", of_difference(smooth_l1, lambda d: np.where(abs(d) < 0.4, d, np.sign(d))), PAIRS,
          "value", "d in place of d / beta in the quadratic part", ("wrong constant",)),
    Wrong("smooth l1: huber's slope", of_difference(smooth_l1, lambda d: np.clip(d, -0.4, 0.4)), PAIR,
          "factor", "beta times the derivative, which is huber's"),
    Wrong("smooth l1: the gradient clipped",
          op("smooth_l1", lambda a, b: (smooth_l1(a - b), a - b),
                lambda g, d: (np.clip(g * d / 0.4, -1, 1), -np.clip(g * d / 0.4, -1, 1))), PAIR, "nonlinear",
          "the slope is multiplied by the incoming gradient before it is clipped to 1", ("no mask",)),
    Wrong("pseudo huber: root forgotten", of_difference(pseudo_huber, lambda d: d / (1 + (d / 0.8) ** 2)), PAIR,
          "wrong formula", "divided by 1 + (d / delta)^2, not by its root", ("chain factor",)),
    Wrong("pseudo huber: delta 1", of_difference(pseudo_huber, lambda d: d / np.sqrt(1 + d**2)), PAIR,
          "wrong constant", "the division of d by delta = 0.8 is forgotten under the root"),
    Wrong("charbonnier: eps forgotten", of_difference(charbonnier, np.sign), PAIR,
          "wrong constant", "without eps under the root the slope is sign(d)", ("approximate",)),
    Wrong("log-cosh: 1 / cosh", of_difference(lambda d: np.log(np.cosh(d)), lambda d: 1 / np.cosh(d)), PAIR,
          "chain factor", "the inner derivative sinh(d) is missing", ("wrong formula",)),
    Wrong("log-cosh: clipped to 1", of_difference(lambda d: np.logaddexp(d, -d) - math.log(2), lambda d: np.clip(d, -1, 1)),
          PAIR, "approximate", "tanh(d) is approximated by d between -1 and 1", ("wrong formula",)),
    Wrong("cauchy loss: inner 1 / c^2", of_difference(lambda d: np.log1p((d / 2) ** 2), lambda d: 2 * d / (1 + (d / 2) ** 2)),
          PAIR, "factor", "the inner derivative is 2 d / c^2; the division by 4 is missing"),
    Wrong("cauchy loss: 2 d", of_difference(lambda d: np.log1p(d**2), lambda d: 2 * d), PAIR,
          "chain factor", "the logarithm's derivative, 1 / (1 + d^2), is missing"),
    Wrong("pinball: tau's sides exchanged", of_difference(pinball, lambda d: np.where(d > 0, 0.2, -0.8)), PAIR,
          "wrong constant", "tau and 1 - tau are exchanged: 0.2 above, -0.8 below", ("value", "inverted mask")),
    Wrong("pinball: tau - 1 without its sign", of_difference(pinball, lambda d: np.where(d > 0, 0.8, 0.2)), PAIR,
          "value", "the slope for negative d is tau - 1, not 1 - tau"),
    Wrong("squared error: b's terms cancel",
          op("sse", lambda a, b: ((a - b) ** 2, (a, b)), lambda g, s: (2 * g * (s[0] - s[1]), -2 * g * s[0] + 2 * g * s[0])),
          PAIR, "zero", "copied terms cancel in b's gradient: -2 g a + 2 g a", ("wrong formula",)),
    Wrong("squared error: each its own part",
          op("sse", lambda a, b: ((a - b) ** 2, (a, b)), lambda g, s: (2 * g * s[0], -2 * g * s[0] + 2 * g * s[1])), PAIR,
          "term missing", "a's gradient is 2 a, without -2 b"),
]  # fmt: skip

# -- margins, labels, likelihoods -------------------------------------------------------------------------------------------


def hinge(backward):
    """max(0, 1 - y x) for labels y of -1 and 1, fixed by the shape."""

    def run(x):
        y = 2 * labels_like(x) - 1
        return op("hinge", lambda x: (np.maximum(0, 1 - y * x), x), lambda g, x: (backward(g, x, y),))(x)

    return run


def ranking_forward(a, b):
    """max(0, b - a + 0.8): a is to be larger than b by 0.8."""
    return np.maximum(0, b - a + 0.8), (a, b)


def ranking(gradient, active):
    return -gradient * active, gradient * active


def logits(backward, weight=1.0):
    """Binary cross-entropy of logits with fixed labels; positive ones weigh `weight`."""

    def run(x):
        y = labels_like(x)

        def forward(x):
            return weight * y * np.logaddexp(0, -x) + (1 - y) * np.logaddexp(0, x), logistic(x)

        return op("bce", forward, lambda g, p: (backward(g, p, y),))(x)

    return run


def probabilities(backward):
    def run(p):
        y = labels_like(p)

        def forward(p):
            return -(y * np.log(p) + (1 - y) * np.log(1 - p)), p

        return op("bce", forward, lambda g, p: (backward(g, p, y),))(p)

    return run


def focal_forward(x):
    """(1 - p)^2 log(1 / p), p = sigmoid(x)."""
    p = logistic(x)
    return -((1 - p) ** 2) * np.log(p), p


def gaussian_forward(mean, variance):
    d = mean - target_like(mean)
    return (np.log(variance) + d * d / variance) / 2, (d, variance)


def means_and_variances(shape):
    return lambda rng: [rng.standard_normal(shape), rng.uniform(0.4, 2, shape)]


def poisson(backward):
    """exp(x) - y x for a log-rate x and counts y."""

    def run(x):
        y = np.random.default_rng([7, x.size]).poisson(2.0, x.shape)
        return op("poisson", lambda x: (np.exp(x) - y * x, x), lambda g, x: (backward(g, x, y),))(x)

    return run


CHANCE = (lambda rng: [rng.uniform(0.1, 0.9, 10)], lambda rng: [rng.uniform(0.05, 0.8, (4, 4))])
LIKELIHOOD = (means_and_variances(9), means_and_variances((3, 4)))
LABELLED = [
    Wrong("hinge: margin never asked", hinge(lambda g, x, y: -g * y), MANY,
          "no mask", "examples beyond the margin, whose loss is 0, get a gradient"),
    Wrong("hinge: mask without label", hinge(lambda g, x, y: np.where(x < 1, -g * y, 0)), MANY,
          "wrong mask", "x < 1 in place of y x < 1", ("value",)),
    Wrong("hinge: towards the wrong side", hinge(lambda g, x, y: g * y * (1 - y * x > 0)), ONE,
          "sign", "the minus of 1 - y x is missing"),
    Wrong("squared hinge: margin forgotten",
          op("hinge2", lambda x: (np.maximum(0, 1 - x) ** 2, x), lambda g, x: (-2 * g * (x < 1),)), ONE, "chain factor",
          "the factor 1 - x of the square is missing"),
    Wrong("ranking: margin forgotten", op("ranking", ranking_forward, lambda g, s: ranking(g, s[1] > s[0])), PAIRS,
          "wrong mask", "the mask asks for b > a, without the margin", ("wrong constant",)),
    Wrong("ranking: all pairs", op("ranking", ranking_forward, lambda g, s: ranking(g, 1)), PAIRS,
          "no mask", "pairs in good order, whose loss is 0, get a gradient"),
    Wrong("ranking: pairs in order", op("ranking", ranking_forward, lambda g, s: ranking(g, s[0] >= s[1] + 0.8)), PAIRS,
          "inverted mask", "only pairs whose loss is 0 get a gradient"),
    Wrong("ranking: a and b exchanged", op("ranking", ranking_forward, lambda g, s: ranking(-g, s[1] - s[0] + 0.8 > 0)), PAIR,
          "exchanged", "a is pushed down, b up", ("sign",)),
    Wrong("bce of logits: sigmoid's derivative, too", logits(lambda g, p, y: g * (p - y) * p * (1 - p)), ONE,
          "chain factor", "p - y is the gradient for the logits already"),
    Wrong("bce of logits: y - p", logits(lambda g, p, y: g * (y - p)), ONE, "sign", "p - y, the other way round"),
    Wrong("bce of logits: p alone", logits(lambda g, p, y: g * p), ONE, "term missing", "the label's term, -y, is missing"),
    Wrong("bce of logits: gradient for p", logits(lambda g, p, y: g * (p - y) / (p * (1 - p))), ONE,
          "chain factor", "the gradient for the probability: the sigmoid's derivative is missing"),
    Wrong("bce of logits: prediction rounded", logits(lambda g, p, y: g * (np.round(p) - y)), ONE,
          "wrong formula", "the class 0 or 1 in place of the probability, as in a perceptron", ("precision", "approximate")),
    Wrong("bce of logits: positive weight forgotten", logits(lambda g, p, y: g * (p - y), weight=3.0), ONE,
          "scale", "positive examples weigh 3 forward, 1 backward", ("value", "wrong constant", "chain factor")),
    Wrong("bce of logits: weight on the label alone", logits(lambda g, p, y: g * (p - 3 * y), weight=3.0), ONE,
          "wrong formula", "where y is 1 the gradient is 3 (p - 1), here p - 3", ("term missing", "value")),
    Wrong("bce: as for logits", probabilities(lambda g, p, y: g * (p - y)), CHANCE,
          "chain factor", "the division by p (1 - p) is missing"),
    Wrong("bce: negative term forgotten", probabilities(lambda g, p, y: -g * y / p), CHANCE,
          "term missing", "(1 - y) / (1 - p) is missing", ("value",)),
    Wrong("bce: sign of the negative term", probabilities(lambda g, p, y: g * (-y / p - (1 - y) / (1 - p))), CHANCE,
          "sign of a term", "log(1 - p) has the derivative -1 / (1 - p); its minus is lost", ("value",)),
    Wrong("bce: eps of 0.1 below", probabilities(lambda g, p, y: g * (p - y) / (p * (1 - p) + 0.1)), CHANCE,
          "wrong constant", "the denominator has an eps that forward does not know", ("approximate", "term extra")),
    Wrong("focal loss: cross-entropy's", op("focal", focal_forward, lambda g, p: (g * (p - 1),)), ONE,
          "wrong formula", "the gradient of plain cross-entropy", ("chain factor", "term missing")),
    Wrong("gaussian likelihood: variance's first term",
          op("gaussian", gaussian_forward, lambda g, s: (g * s[0] / s[1], -g * s[0] ** 2 / (2 * s[1] ** 2))), LIKELIHOOD,
          "term missing", "the derivative of log(variance) / 2 is missing"),
    Wrong("gaussian likelihood: plus",
          op("gaussian", gaussian_forward, lambda g, s: (g * s[0] / s[1], g * (1 / s[1] + (s[0] / s[1]) ** 2) / 2)), LIKELIHOOD,
          "sign of a term", "d^2 / variance falls with the variance: its term is negative"),
    Wrong("gaussian likelihood: mean unscaled",
          op("gaussian", gaussian_forward, lambda g, s: (g * s[0], g * (1 / s[1] - (s[0] / s[1]) ** 2) / 2)), LIKELIHOOD,
          "chain factor", "the mean's gradient is not divided by the variance"),
    Wrong("poisson: rate for log-rate", poisson(lambda g, x, y: g * (1 - y / np.exp(x))), ONE,
          "chain factor", "the gradient for the rate exp(x): the factor exp(x) is missing", ("wrong formula",)),
    Wrong("poisson: x for exp(x)", poisson(lambda g, x, y: g * (x - y)), ONE,
          "wrong point", "the log-rate in place of the rate", ("chain factor", "wrong formula")),
]  # fmt: skip

WRONG = DIFFERENCES + LABELLED
