"""An exercise on numbers that are too large for their type: the logarithm of softmax."""

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, numbers
from minimix.course.checking.report import Report


def _log_softmax(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _logits(rng):
    for rows in [
        [[0, 0.5]], [[1, -0.5]], [[1000.5, 0]], [[-900, -900.5]], [[0, 1.5], [3, 0.5]], [[2, 1.5, 0]], [[800, 800.5], [1, 2]],
        [[0, 1.5], [-900, -902]], [[5, 0.5], [0, 5], [1, 1]], [[-1000, 0, 1000.5]], [[1e4, 1e4 - 3]],
        [[30, -30, 0.5], [700, 705.5, 710]],
    ]:  # fmt: skip
        yield {"logits": np.array(rows, float)}
    for n, classes, shift in [(2, 5, 0), (4, 3, -2000), (3, 10, 1500), (8, 4, 0)]:
        yield {"logits": numbers(rng, n, classes) + shift * np.arange(n)[:, None]}


def _sum_over(axis):
    def wrong(logits):
        shifted = logits - logits.max(axis=axis, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))

    return wrong


def _probabilities(logits):
    return np.exp(_log_softmax(logits))


def _shifted(logits):
    return logits - logits.max(axis=1, keepdims=True)


def _naive(logits):
    powers = np.exp(logits)
    return np.log(powers / powers.sum(axis=1, keepdims=True))


def _whole_batch(logits):
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


LOG_SOFTMAX = Exercise(
    "log_softmax",
    _log_softmax,
    _logits,
    (
        Mistake(
            "the formula as it stands",
            "The exp of a large logit is infinite, and infinite / infinite is NaN; that of a far smaller one is 0, and its "
            "logarithm minus infinity. Subtract each row's largest logit first: the result does not change.",
            _naive,
        ),
        Mistake(
            "the logarithm of a sum that overflows",
            "There is no division left, but exp of a large logit is still infinite. Subtract each row's largest logit first.",
            lambda logits: logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)),
        ),
        Mistake(
            "log of probabilities that are 0",
            "Nothing overflows, but the probability of a logit far below the largest is 0, and its logarithm minus infinity. "
            "Take the logarithm by hand: log(a / b) = log a - log b, and log(exp(z)) = z.",
            lambda logits: np.log(_probabilities(logits)),
        ),
        Mistake(
            "the largest of the whole batch",
            "The largest logit of all images is subtracted. In rows far below it every exp is 0: each has its own.",
            _whole_batch,
        ),
        Mistake(
            "summed over the images",
            "The classes of one image compete with each other, so the sum is over the columns of a row, axis 1.",
            _sum_over(0),
        ),
        Mistake(
            "summed over everything",
            "One sum is taken over all images and classes. Each image has its own sum.",
            _sum_over((0, 1)),
        ),
        Mistake(
            "softmax without the logarithm",
            "These are probabilities. Their logarithms are wanted, without computing the probabilities first.",
            _probabilities,
        ),
        Mistake(
            "the logarithm of the sum is missing",
            "Only the largest logit is subtracted. The result is right up to a number for each row: the logarithm of the sum.",
            _shifted,
        ),
        Mistake(
            "shifted in the sum only",
            "The largest logit is subtracted inside of exp and not elsewhere. Go on with the shifted logits, or add it again.",
            lambda logits: logits - np.log(np.exp(_shifted(logits)).sum(axis=1, keepdims=True)),
        ),
        Mistake(
            "mean instead of sum",
            "The logarithm is that of a mean: it is too small by log(number of classes).",
            lambda logits: _log_softmax(logits) + np.log(logits.shape[1]),
        ),
        Mistake(
            "a small number added inside of the logarithm",
            "A log(p + small) is finite, but wrong: smaller probabilities all look the same, and their gradient is lost.",
            lambda logits: np.log(_probabilities(logits) + 1e-9),
        ),
        Mistake(
            "sign flipped",
            "These are the losses. Log probabilities are never above 0.",
            lambda logits: -_log_softmax(logits),
        ),
        Mistake(
            "a logarithm to another base",
            "The inverse of exp is the natural logarithm, np.log.",
            lambda logits: _log_softmax(logits) / np.log(2),
        ),
    ),
)


def check_log_softmax(function) -> Report:
    """Check f(logits) -> log(softmax(logits)) over the classes: (images, classes), finite for logits of any size.

    >>> check_log_softmax(lambda logits: np.log(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))).mistake
    'the formula as it stands'
    """
    return check(LOG_SOFTMAX, function)
