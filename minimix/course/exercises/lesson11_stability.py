"""An exercise on numbers that are too large for their type: the logarithm of softmax."""

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered, numbers
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_data, drawn_numbers, rare_numbers
from minimix.course.exercises.features import Condition, features
from minimix.course.ways import calculus


def _logits(rng):
    for rows in [
        [[0, 0.5]], [[1, -0.5]], [[1000.5, 0]], [[-900, -900.5]], [[0, 1.5], [3, 0.5]], [[2, 1.5, 0]], [[800, 800.5], [1, 2]],
        [[0, 1.5], [-900, -902]], [[5, 0.5], [0, 5], [1, 1]], [[-1000, 0, 1000.5]], [[1e4, 1e4 - 3]], [[3, 3]], [[0, 2, 2]],
        [[-40, 0]], [[0, -25.5, -60.5]], [[700, 705]], [[0, -200.5]], [[-740, -735]], [[4]], [[2.5], [-900]], [[-3, -1],
        [-2000, 5]],
        [[30, -30, 0.5], [700, 705.5, 710]], [[1e30, -1e30]], [[3e30, -5e30], [1, 2]], [[0.125, 0.25], [1e4, -1e4]],
        [[0, 1500, 1500.5, 1500]], [[1200.5, 0, 1, 2]], [[0, 600, 601, 1200.5]],
    ]:  # fmt: skip
        yield {"logits": np.array(rows, float)}
    for n, classes, shift in [(2, 5, 0), (4, 3, -2000), (3, 10, 1500), (8, 4, 0), (3, 3, 700), (5, 5, -300)]:
        yield {"logits": numbers(rng, n, classes) + shift * np.arange(n)[:, None]}
    yield {"logits": np.asfortranarray(rng.normal(0, 5, (6, 7)))}
    yield from ({"logits": drawn} for drawn in drawn_data.logits(rng))


def _broad(rng):
    known = [case for case in _logits(rng) if np.abs(case["logits"]).max() < 1e25]  # float32 is to hold them, however changed
    yield from drawn_numbers.otherwise(known, "logits")
    yield {"logits": rng.normal(0, 4, (45, 30))}


def _largest(logits, axis):
    return logits.max(axis=axis, keepdims=True)


def built(
    axis=1, given=lambda z: z, shift=_largest, inner=None, outer=None, power=np.exp, total=lambda e, axis: e.sum(axis=axis,
    keepdims=True),
    logarithm=np.log, form="sum", told=lambda result, z: result,
):  # fmt: skip
    """f(logits), the right one where no part is given.

    axis: of the classes. given: change the logits. shift: what is subtracted first, of (logits, axis); inner: in the exponent
    only; outer: elsewhere only. power: instead of exp. total: of the powers. logarithm: instead of log. form: "sum" is
    z - log(sum(exp z)); "quotient" log(exp z / sum(exp z)); a number: what is added to the quotient. told: what comes out.
    """

    def function(logits):
        z = given(logits)
        inside, outside = z - (inner or shift)(z, axis), z - (outer or shift)(z, axis)
        if form == "sum":
            return told(outside - logarithm(total(power(inside), axis)), logits)
        powers = power(inside)
        shares = powers / total(powers, axis)
        return told(logarithm(shares if form == "quotient" else form(shares)), logits)

    return function


def _nothing(logits, axis):
    return np.zeros((1, 1))


def _at(index):
    """The first or the last class's logit."""
    return lambda logits, axis: np.take(logits, [index], axis=axis)


def _first_image(logits, axis):
    return logits[:1].max(axis=axis, keepdims=True)


def _plus(small):
    return lambda p: p + small


def _sum_plus(small):
    return lambda powers, axis: powers.sum(axis=axis, keepdims=True) + small


def _power_below(limit):
    return lambda z: np.exp(np.minimum(z, limit))


def _at_least(low):
    return lambda result, z: np.maximum(result, low)


def _repaired(**values):
    return lambda result, z: np.nan_to_num(result, **values)


def _floored(small):
    return lambda p: np.maximum(p, small)


def _clipped(low, high):
    return lambda z: np.clip(z, low, high)


def _total_runs_on(powers, axis):
    """The sum goes on from image to image."""
    return powers.sum(axis=1).cumsum()[:, None]


def _without_keepdims(powers, axis):
    """The sums, one an image, lie along the classes."""
    return powers.sum(axis=1)


def _loop_over_largest_by_image(logits, axis):
    return logits.max(axis=1)


def _ties_once(logits):
    """Logits that are equally large count once."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    sums = [sum(np.exp(np.unique(row))) for row in shifted]
    return shifted - np.log(sums)[:, None]


def _largest_once(logits):
    """1 for the largest, and of the others those that are smaller."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log1p((np.exp(shifted) * (shifted < 0)).sum(axis=1, keepdims=True))


def _sigmoid(logits):
    return -np.logaddexp(0, -logits)


def _one_hot(logits):
    return np.where(logits == logits.max(axis=1, keepdims=True), 0.0, -np.inf)


def _log_sums(logits):
    largest = logits.max(axis=1)
    return largest + np.log(np.exp(logits - largest[:, None]).sum(axis=1))


_stable, _naive = built(), built(shift=_nothing, form="quotient")
_make = altered(built)
LARGEST = "Subtract each row's largest logit first: the result does not change."
SMALL = "A log(p + small) is finite, but wrong: smaller probabilities all look the same, and their gradient is lost."

LOG_SOFTMAX = Exercise(
    "log_softmax",
    _stable,
    _logits,
    (
        _make("the formula as it stands", "The exp of a large logit is infinite, and infinite / infinite is NaN; that of a far "
              f"smaller one is 0, and its logarithm minus infinity. {LARGEST}", shift=_nothing, form="quotient"),
        _make("the logarithm of a sum that overflows", "There is no division left, but exp of a large logit is still infinite, "
              f"and where all are far below 0 the sum is 0. {LARGEST}", shift=_nothing),
        _make("log of probabilities that are 0", "Nothing overflows, but the probability of a logit far below the largest is "
              "0, and its logarithm minus infinity. Take the logarithm by hand: log(a / b) = log a - log b, and log(exp(z)) = "
              "z.", form="quotient"),
        _make("the largest of the whole batch", "The largest logit of all images is subtracted. In rows far below it every exp "
              "is 0: each has its own.", shift=lambda z, axis: z.max(keepdims=True)),
        _make("the largest of the whole batch, log of probabilities", "The largest logit of all images is subtracted: in rows "
              "far below it every exp is 0. And the logarithm of a probability that is 0 is minus infinity.",
              shift=lambda z, axis: z.max(keepdims=True), form="quotient"),
        _make("the largest of the first image",
        "The largest logit of the first image is subtracted from all images. Each has its own.",
              shift=_first_image),
        _make("the largest of each class", "The largest logit of each class over the images is subtracted, which changes the "
              "result. Each image has its own largest: axis 1.", shift=lambda z, axis: z.max(axis=0, keepdims=True)),
        *(
            _make(name + more, text, shift=rule, form=form)
            for name, text, rule in [
                ("the smallest subtracted", "The smallest logit is subtracted. Where the largest is far above it, exp still "
                 "overflows: subtract the largest.", lambda z, axis: z.min(axis=axis, keepdims=True)),
                ("the mean subtracted", "The mean logit is subtracted. Where the largest is far above it, exp still overflows: "
                 "subtract the largest.", lambda z, axis: z.mean(axis=axis, keepdims=True)),
                ("the middle subtracted", "The middle between the largest and the smallest logit is subtracted. Where these "
                 "lie far apart, exp still overflows: subtract the largest.",
                 lambda z, axis: (z.max(axis=axis, keepdims=True) + z.min(axis=axis, keepdims=True)) / 2),
                ("the median subtracted", "The median logit is subtracted. Where the largest is far above it, exp still "
                 "overflows: subtract the largest.", lambda z, axis: np.median(z, axis=axis, keepdims=True)),
                ("the first class subtracted", "The first class's logit is subtracted. Where the largest is far above it, exp "
                 "still overflows: subtract the largest.", _at(0)),
                ("the last class subtracted", "The last class's logit is subtracted. Where the largest is far above it, exp "
                 "still overflows: subtract the largest.", _at(-1)),
                ("the largest size subtracted", "The largest absolute value is subtracted. Where all logits are far below 0, "
                 "it is positive, and every exp is 0: subtract the largest itself.", lambda z, axis: abs(z).max(axis=axis,
                 keepdims=True)),
                ("the place of the largest subtracted", "The number of the largest class is subtracted, argmax, where it "
                 "should be its logit, max: exp still overflows.", lambda z, axis: z.argmax(axis=axis)[:, None]),
                ("the largest subtracted if above 0", "The largest logit is subtracted only where it is above 0. Where "
                 "all are far below 0, every exp is 0: subtract it always.", lambda z, axis: np.maximum(z.max(axis=axis,
                 keepdims=True), 0)),
                ("a fixed number subtracted", "The same number, 1000, is subtracted from all logits, whatever they are: "
                 "subtract the largest of each row.", lambda z, axis: np.full((1, 1), 1000.0)),
            ]
            for more, form in (("", "sum"), (", log of probabilities", "quotient"))
        ),
        _make("summed over the images",
        "The classes of one image compete with each other, so the sum is over the columns of a row, axis 1.",
              axis=0),
        _make("summed over everything", "One sum is taken over all images and classes. Each image has its own sum.", axis=(0,
        1)),
        _make("summed over everything, from each row's largest",
        "One sum is taken over all images and classes. Each image has its own sum.",
              shift=lambda z, axis: z.max(axis=1, keepdims=True), axis=(0, 1)),
        _make("the sum over everything, unshifted", "One sum is taken over all images and classes, and exp overflows. Each "
              "image has its own sum, and its largest logit is to be subtracted.", axis=(0, 1), shift=_nothing),
        _make("the sum over everything, unshifted quotient", "One sum is taken over all images and classes, and exp overflows. "
              "Each image has its own sum, and its largest logit is to be subtracted.", axis=(0, 1), shift=_nothing,
              form="quotient"),
        _make("the sums lie along the classes", "The sums, one an image, have lost their axis and lie along the classes: right "
              "for one image only. keepdims=True, or [:, None].", total=_without_keepdims),
        _make("the sums lie along the classes, unshifted", "The sums, one an image, have lost their axis and lie along the "
              "classes, keepdims=True is missing; and exp overflows.", total=_without_keepdims, shift=_nothing),
        _make("the largest lie along the classes", "The largest logits, one an image, have lost their axis and lie along the "
              "classes: keepdims=True, or [:, None].", shift=_loop_over_largest_by_image),
        _make("largest and sums lie along the classes", "The largest logits and the sums, one an image, have lost their axis "
              "and lie along the classes: keepdims=True, or [:, None].", shift=_loop_over_largest_by_image,
              total=_without_keepdims),
        _make("the sum runs on over the images",
        "The sum is not set back to 0 from image to image: only the first image is right.",
              total=_total_runs_on),
        _make("softmax without the logarithm", "These are probabilities. Their logarithms are wanted, without computing the "
              "probabilities first.", told=lambda result, z: np.exp(result)),
        _make("softmax without the logarithm, unshifted", "These are probabilities, and exp overflows. Logarithms are wanted, "
              "without computing the probabilities first.", shift=_nothing, form="quotient", logarithm=lambda p: p),
        _make("the logarithm of the sum is missing", "Only the largest logit is subtracted. The result is right up to a number "
              "for each row: the logarithm of the sum.", logarithm=lambda total: 0.0),
        _make("the sum without its logarithm", "The sum itself is subtracted, where it should be its logarithm.",
              logarithm=lambda total: total),
        _make("divided by the logarithm of the sum", "The shifted logits are divided by the logarithm of the sum, where it "
              "should be subtracted.", logarithm=lambda total: 0.0, told=lambda result,
              z: result / np.log(np.exp(result).sum(axis=1, keepdims=True))),
        _make("shifted in the sum only", "The largest logit is subtracted inside of exp and not elsewhere. Go on with the "
              "shifted logits, or add it again.", outer=_nothing),
        _make("shifted outside of the sum only",
        "The largest logit is subtracted from the result, but not inside of exp, which overflows.",
              inner=_nothing),
        _make("the largest subtracted once more", "The largest logit is subtracted from the result once more.",
              told=lambda result, z: result - z.max(axis=1, keepdims=True)),
        _make("mean instead of sum", "The logarithm is that of a mean: it is too small by log(number of classes).",
              total=lambda e, axis: e.mean(axis=axis, keepdims=True)),
        _make("one in the sum too many",
        "The sum is too large by 1, which stands for the largest. It is in the sum already: log1p of the whole sum?",
        logarithm=np.log1p),
        _make("the largest is missing in the sum", "The largest logit's own power, 1, is missing in the sum.",
              total=lambda e, axis: e.sum(axis=axis, keepdims=True) - 1),
        _make("the last class is missing in the sum",
        "The last class is not in the sum: what is the last number that range(n) gives?",
              total=lambda e, axis: e[:, :-1].sum(axis=1, keepdims=True)),
        Mistake("equal logits counted once",
                "Logits that are equally large count once in the sum: a set, or np.unique? Each class counts.",
                _ties_once),
        Mistake("the largest counted once, where there are several", "Where several logits are the largest, they count as one "
                "in the sum. Each class counts.", _largest_once),
        *(
            _make(f"{small:g} added to the probabilities{more}", SMALL, form=_plus(small), shift=shift)
            for small in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16, 1e-20, 1e-30, 1e-100, 1e-300,
            np.finfo(float).eps,
                          float(np.finfo(np.float32).eps), float(np.finfo(np.float32).tiny), np.finfo(float).tiny)
            for more, shift in (("", _largest), (", unshifted", _nothing))
        ),
        *(
            _make(f"probabilities at least {small:g}{more}", SMALL.replace("log(p + small)", "log(max(p, small))"),
            form=_floored(small), shift=shift)
            for small in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16, np.finfo(float).eps,
            float(np.finfo(np.float32).eps))
            for more, shift in (("", _largest), (", unshifted", _nothing))
        ),
        *(
            _make(f"{small:g} added to the sum{more}", "A small number is added to the sum. Where all powers are small, it "
                  f"decides; elsewhere it is not needed. {LARGEST}", total=_sum_plus(small), shift=_nothing, form=form)
            for small in (1e-6, 1e-8, 1e-9, 1e-10, 1e-12, 1e-300)
            for more, form in (("", "sum"), (", log of probabilities", "quotient"))
        ),
        *(
            _make(f"logits clipped to {limit} at most", "Large logits are clipped, so that exp does not overflow. But then "
                  f"they are other logits. {LARGEST}", given=_clipped(-limit, limit))
            for limit in (10, 20, 30, 50, 80, 88, 100, 500, 600, 700, 709)
        ),
        *(
            _make(f"exponents not above {limit}",
            f"Exponents are clipped above, so that exp does not overflow. But then it is another sum. {LARGEST}",
                  shift=_nothing, power=_power_below(limit))
            for limit in (50, 80, 88, 100, 500, 600, 700, 709)
        ),
        *(
            _make(f"results at least {low}", "The results are cut off below. Smaller logarithms are as right as others.",
            told=_at_least(low))
            for low in (-1e10, -10000, -1000, -100, -50, -30)
        ),
        *(
            _make(f"repaired: {name}{more}",
            f"NumPy's exp overflows, and the NaNs and infinities are replaced afterwards by numbers that are wrong. {LARGEST}",
                  shift=shift, form=form, told=_repaired(**values))
            for name, values in (("by nan_to_num", {}),
                                 ("0 and -10000", {"nan": 0.0, "posinf": 0.0, "neginf": -1e4}))
            for more, shift, form in ((", of the quotient", _nothing, "quotient"), (", of the sum", _nothing, "sum"), ("",
            _largest, "quotient"))
        ),
        _make("repaired: NaN to 0, of the quotient", f"NumPy's exp overflows, and NaNs are replaced afterwards by 0. {LARGEST}",
              shift=_nothing, form="quotient", told=_repaired(nan=0.0, posinf=np.inf, neginf=-np.inf)),
        _make("sign flipped", "These are the losses. Log probabilities are never above 0.", told=lambda result, z: -result),
        _make("the logarithm added, not subtracted", "The logarithm of the sum is added, where it should be subtracted.",
              logarithm=lambda total: -np.log(total)),
        _make("a logarithm to base 2", "The inverse of exp is the natural logarithm, np.log.", told=lambda result,
        z: result / np.log(2)),
        _make("a logarithm to base 10", "The inverse of exp is the natural logarithm, np.log.", told=lambda result,
        z: result / np.log(10)),
        _make("the sum's logarithm to base 2", "The inverse of exp is the natural logarithm, np.log.", logarithm=np.log2),
        _make("the sum's logarithm to base 10", "The inverse of exp is the natural logarithm, np.log.", logarithm=np.log10),
        _make("powers of 2", "The powers are those of 2, where they should be those of e: np.exp.", power=np.exp2),
        _make("divided by the largest size", "The logits are divided by the largest absolute value: that is another softmax. "
              "Subtract the largest.", given=lambda z: z / np.abs(z).max(axis=1, keepdims=True)),
        _make("divided by the largest", "The logits are divided by the largest: that is another softmax. Subtract it.",
              given=lambda z: z / z.max(axis=1, keepdims=True)),
        _make("divided by the largest of all",
        "The logits are divided by the largest of all: that is another softmax. Subtract each row's.",
              given=lambda z: z / np.abs(z).max()),
        _make("logits normalised", "Mean and standard deviation of each row are taken out first: that is another softmax.",
              given=lambda z: (z - z.mean(axis=1, keepdims=True)) / z.std(axis=1, keepdims=True)),
        Mistake("each class by itself", "This is the logarithm of a sigmoid of each class by itself. In a softmax the classes "
                "of an image compete: their probabilities add up to 1.", _sigmoid),
        Mistake("only the largest class", "The largest class has 0, the others minus infinity, as if it were sure.", _one_hot),
        Mistake("only the logarithm of the sum", "There is one number for each image, the logarithm of the sum of powers. It "
                "is to be subtracted from the logits.", _log_sums),
        Mistake("only the logarithm of the sum, axis kept", "There is one number for each image, the logarithm of the sum of "
                "powers. It is to be subtracted from the logits.", lambda logits: _log_sums(logits)[:, None]),
        Mistake("only the first image", "Only the first image's row is there.", lambda logits: _stable(logits)[0]),
        Mistake("only the first image, the others 0", "Only the first image's row is computed, the others stay 0.",
                lambda logits: _stable(logits) * (np.arange(len(logits)) == 0)[:, None]),
        Mistake("only the last image", "Only the last image's row is there.", lambda logits: _stable(logits)[-1]),
        _make("transposed", "The result is (classes, images). It has the shape of the logits, (images, classes).",
        told=lambda result, z: result.T),
        _make("only the losses", "There is the largest logarithm of each image only. Each class has its own.",
              told=lambda result, z: result.max(axis=1)),
        _make("computed in half precision", "In float16 there are three digits, and exp ends at 65504.",
              given=lambda z: z.astype(np.float16), told=lambda result, z: result.astype(float)),
        _make("half precision, unshifted",
        "In float16 there are three digits, and exp ends at 65504. The largest is not subtracted, either.",
              given=lambda z: z.astype(np.float16), shift=lambda z, axis: np.zeros((1, 1), np.float16), told=lambda result,
              z: result.astype(float)),
        _make("log of probabilities in single precision", "In float32 probabilities are 0 from e^-104 on, and their logarithms "
              "minus infinity. log(exp(z)) = z.", given=lambda z: z.astype(np.float32), form="quotient", told=lambda result,
              z: result.astype(float)),
        _make("the formula as it stands, in single precision", "In float32 exp ends at e^88: it overflows for smaller logits "
              f"than in float64. {LARGEST}", given=lambda z: z.astype(np.float32), shift=lambda z, axis: np.zeros((1, 1),
              np.float32), form="quotient"),
        _make("the sum as it stands, in single precision",
        f"In float32 exp ends at e^88: it overflows for smaller logits than in float64. {LARGEST}",
              given=lambda z: z.astype(np.float32), shift=lambda z, axis: np.zeros((1, 1), np.float32)),
        *rare_numbers.LOG_SOFTMAX,
    ),
    built=built,
    broad=_broad,
    features=features(
        Condition("there is more than one image", "there is a single image", lambda case: len(case["logits"]) > 1),
        Condition("the largest logit of a row occurs twice", "the largest logit of each row occurs once", lambda case: bool(
            ((case["logits"] == case["logits"].max(axis=1, keepdims=True)).sum(axis=1) > 1).any())),
        Condition("a logit is above 700", "no logit is above 700", lambda case: case["logits"].max() > 700),
        Condition("all logits of a row are below -700", "no row has all its logits below -700",
        lambda case: bool((case["logits"].max(axis=1) < -700).any())),
        Condition("two logits of a row are more than 700 apart", "no logits of a row are more than 700 apart",
                  lambda case: np.ptp(case["logits"], axis=1).max() > 700),
        Condition("two logits of a row are more than 30 apart", "no logits of a row are more than 30 apart",
                  lambda case: np.ptp(case["logits"], axis=1).max() > 30),
        Condition("there are as many images as classes", "there are not as many images as classes",
                  lambda case: case["logits"].shape[0] == case["logits"].shape[1]),
        Condition("there is a single class", "there are several classes", lambda case: case["logits"].shape[1] == 1),
    ),
    ways=(calculus.log_softmax_shifted, calculus.log_softmax_largest, calculus.log_softmax_rows,),
)  # fmt: skip


def check_log_softmax(function) -> Report:
    """Check f(logits) -> log(softmax(logits)) over the classes: (images, classes), finite for finite logits of any size, as
    long as their differences are representable. logits: float64. The result may be in float32, too; nested lists will do.

    >>> check_log_softmax(lambda logits: np.log(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))).mistake
    'the formula as it stands'
    """
    return check(LOG_SOFTMAX, function)
