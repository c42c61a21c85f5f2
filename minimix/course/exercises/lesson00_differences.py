"""The exercise that shows how exercises work: a derivative from two values of a function."""

import math
from dataclasses import dataclass

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered
from minimix.course.checking.outcome import kind_of
from minimix.course.checking.report import Report
from minimix.course.exercises import rare_numbers
from minimix.course.ways import calculus


@dataclass(frozen=True, repr=False)
class Polynomial:
    """A function that can be read in a report. coefficients: of t^0, t^1, ...

    >>> p = Polynomial((1, 0, -2))
    >>> p, p(3)
    (t -> -2*t**2 + 1, -17)
    """

    coefficients: tuple

    def __call__(self, t):
        return sum(c * t**power for power, c in enumerate(self.coefficients))

    def slope(self, t):
        return sum(power * c * t ** (power - 1) for power, c in enumerate(self.coefficients) if power)

    def __repr__(self) -> str:
        terms = [_term(c, power) for power, c in reversed(list(enumerate(self.coefficients))) if c]
        return "t -> " + (" + ".join(terms) or "0").replace("+ -", "- ")


def _term(coefficient, power: int) -> str:
    letter = "" if power == 0 else "t" if power == 1 else f"t**{power}"
    if not letter:
        return f"{coefficient}"
    sign = {1: "", -1: "-"}.get(coefficient, f"{coefficient}*")
    return sign + letter


@dataclass(frozen=True, repr=False)
class Elementary:
    """A function of one real number that takes nothing else, as those of the module math.

    >>> f = Elementary("sin")
    >>> f, f(0)
    (t -> sin(t), 0.0)
    >>> f([1, 2])
    Traceback (most recent call last):
        ...
    TypeError: this function takes one real number, not a list
    """

    name: str

    def __call__(self, t):
        if np.ndim(t) or isinstance(t, (complex, np.complexfloating)):
            raise TypeError(f"this function takes one real number, not {kind_of(t)}")
        return getattr(math, self.name)(t)

    def slope(self, t):  # of those that have one everywhere
        return SLOPES[self.name](t)

    def __repr__(self) -> str:
        return f"t -> {self.name}(t)"


SLOPES = {
    "sin": math.cos, "cos": lambda t: -math.sin(t), "exp": math.exp, "atan": lambda t: 1 / (1 + t * t), "sinh": math.cosh,
    "tanh": lambda t: 1 / math.cosh(t) ** 2, "sqrt": lambda t: 0.5 / math.sqrt(t), "log": lambda t: 1 / t,
}  # fmt: skip


def _built(
    step=lambda x, h: h,
    right=lambda x, step: x + step,
    left=lambda x, step: x - step,
    combined=lambda right, left: right - left,
    over=lambda x, h: 2 * h,
    after=lambda result: result,
):
    """(function(right) - function(left)) / over, and what mistakes alter of it."""

    def difference(function, x, h):
        places = right(x, step(x, h)), left(x, step(x, h))
        return after(combined(*map(function, places)) / over(x, h))

    return difference


def _outside(function, x, h):
    return ((function(x) + h) - (function(x) - h)) / (2 * h)


def _five_points(function, x, h):
    near, far = function(x + h) - function(x - h), function(x + 2 * h) - function(x - 2 * h)
    return (8 * near - far) / (12 * h)


def _three_forward(function, x, h):
    return (-3 * function(x) + 4 * function(x + h) - function(x + 2 * h)) / (2 * h)


def _itself(function, x, h):
    return float(function.slope(x))


def _single_precision(function, x, h):
    x, h = np.float32(x), np.float32(h)
    right, left = np.float32(function(float(x + h))), np.float32(function(float(x - h)))
    return float((right - left) / (2 * h))


def _cases(rng):
    rows = [
        ((0, 3), 1, 1), ((0, 0, 1), 1, 1), ((1, 0, 1), 2, 1), ((0, 0, 0, 1), 1, 1), ((0, 0, 1), 2, 0.5), ((2, -1, 0, 1), 2, 2),
        ((0, 2, 1, -1), -1, 0.5), ((5, 0, 0, 2), 3, 0.1), ((1, 1, 1, 1), -2, 0.25), ((0, -4, 0, 0, 1), 2, 0.5),
        ((3, 0, -2, 1), 1, 0.01), ((0, 0, 0, 0, 1), -3, 0.1), ((1, 2, 3, 4, 5), 1, 0.001), ((-7, 1, 0, 3), 4, 0.2),
        ((2, 3), 0, 1), ((0, -2, 0, 4), 0, 0.5), ((4, 5, 0, 1), 0, 0.25), ((0, 1, 0, 0, 0, 1), 1, 1),
        ((0, 0, 1, 0, 0, 1), -1, 0.5), ((900, 1, 1), 30, 0.0001), ((-800, 0, -1), 20, 0.0001), ((1, -3), 2.5, 3),
        ((0, 0, -1), -1.5, 0.5), ((6, 0, 0, -1), 5, 3),
        ((0, 0, 0, 1), 0.5, 0.5), ((0, 1, 0, -2), -0.25, 1),
    ]  # fmt: skip
    yield from ({"function": Polynomial(coefficients), "x": x, "h": h} for coefficients, x, h in rows)
    for name, x, h in [("sin", 0, 0.5), ("exp", 1, 1), ("cos", 2.5, 0.25), ("atan", -1.5, 0.5), ("exp", -2, 0.125)]:
        yield {"function": Elementary(name), "x": x, "h": h}


def _alike(rng):
    """Functions whose values, places or slope happen to be equal, 0, 1, or opposite."""
    for x, h in ((2, 1), (-3, 2), (0.5, 1.5), (0, 2), (-1.25, 0.25), (4, 4), (-2, 2), (4, 2), (1, 2), (0, 1), (1, 1), (-1, 1)):
        yield from ((Polynomial(row), x, h) for row in (
            (0, 1), (-x, 1), (-x - h, 1), (h - x, 1), (x * x, -2 * x, 1), (h * h - x * x, 0, 1), (x,), (0,), (1,),
            (0, 0, 0, -1), (1 - x - h, 1), (1 - x + h, 1), (-x * x - h * h, 0, 1), (0, x, h), (h, 0, 1, 1),
            (-1, -1, -1), (0, h), (0, 0, 0.5),
        ))  # fmt: skip
        yield from ((Elementary(name), x, h) for name in ("fabs", "floor", "ceil", "tanh"))


def _of_any_size(rng):
    """x and h from 1e-12 to 1e12, and functions that bend as much over each step, with slopes of about 1."""
    for number in range(72):
        size = 10.0 ** (number % 24 - 12 + rng.random())
        x, h = size * rng.choice([0, 1, 1, 1]) * rng.uniform(-2, 2), size * rng.uniform(0.2, 2)
        if number % 3 == 1:  # a step that is small beside x
            h *= 10.0 ** rng.uniform(-3, -1)
        if number % 3 == 2:
            x *= 10.0 ** rng.uniform(-3, -1)
        a, b, c = rng.uniform(0.5, 3, 3) * rng.choice([-1, 1], 3)
        yield Polynomial((rng.choice([0, size]) * c, a, b / size, c / size**2)), x, h
    for slope in (1e-3, 1e3, 1e6, 1e9):  # slopes of other sizes
        yield from ((Polynomial((1, sign * slope, slope / 2)), 0.5, 0.25) for sign in (-1, 1))
    for x, h in ((10**6, 10), (2**31 + 5, 2**20 + 3), (-(2**40), 2**33 + 1), (3, 2**32 + 5), (50, 7), (-700, 300)):
        yield from ((Polynomial(row), x, h) for row in ((2, 3), (-1, 0, 1), (7, -2)))
    for name in ("sin", "cos", "exp", "atan", "sinh", "sqrt", "log"):
        for _ in range(3):
            x, h = rng.uniform(3, 12), 10.0 ** rng.uniform(-4, 0.4)
            yield Elementary(name), x, h
    for x, h in ((np.float64(1.5), 0.5), (np.float64(-4.0), np.float64(2.0)), (np.int64(3), np.int64(2))):
        yield from ((Polynomial(row), x, h) for row in ((1, 2, 3), (0, -1, 0, 2)))


def _features(case):
    function, x, h = case.values()
    right, left = function(x + h), function(x - h)
    facts = {
        "x is h": x == h, "x is -h": x == -h, "x is a multiple of h": x % h == 0,
        "x and h are whole numbers": x % 1 == h % 1 == 0,
        "the two values are equal": right == left, "the two values are opposite": right == -left,
        "the value at x + h is 0": right == 0, "the value at x - h is 0": left == 0, "the value at x + h is below 0": right < 0,
        "the value at x - h is below 0": left < 0, "the function falls": right < left,
        "the function takes real numbers only": isinstance(function, Elementary),
    }  # fmt: skip
    return {words: bool(true) for words, true in facts.items()}


def _broad(rng):
    for function, x, h in (*_alike(rng), *_of_any_size(rng)):
        yield {"function": function, "x": x, "h": h}


_altered = altered(_built)
_AT_X = "One of the two values is the one at x itself. The central difference takes a step to each side."
_APART = "The two places are a step to the left and a step to the right of x. How far are they apart?"

CENTRAL_DIFFERENCE = Exercise(
    "central_difference",
    _built(),
    _cases,
    (
        _altered("a forward difference", _AT_X, left=lambda x, h: x, over=lambda x, h: h),
        _altered("a backward difference", _AT_X, right=lambda x, h: x, over=lambda x, h: h),
        _altered("the value at x instead of the left one", _AT_X, left=lambda x, h: x),
        _altered("the value at x instead of the right one", _AT_X, right=lambda x, h: x),
        _altered(
            "from x to x + 2h",
            "The two places are x and x + 2h: that is the central difference at x + h. A step goes to each side of x.",
            right=lambda x, h: x + 2 * h, left=lambda x, h: x,
        ),
        _altered(
            "from x - 2h to x",
            "The two places are x - 2h and x: that is the central difference at x - h. A step goes to each side of x.",
            right=lambda x, h: x, left=lambda x, h: x - 2 * h,
        ),
        _altered("divided by h instead of 2h", _APART, over=lambda x, h: h),
        _altered("divided by h / 2 instead of 2h", _APART, over=lambda x, h: h / 2),
        _altered("divided by 4h instead of 2h", _APART, over=lambda x, h: 4 * h),
        _altered("divided by 2h squared", "The divisor holds h twice. The distance of the two places is 2h.",
                 over=lambda x, h: 2 * h**2),
        _altered("divided by h squared", "The divisor holds h twice. The distance of the two places is 2h.",
                 over=lambda x, h: h**2),
        _altered("divided by (2h) squared", "The divisor is squared. The distance of the two places is 2h.",
                 over=lambda x, h: 4 * h**2),
        _altered("divided by 2 only", "The result is divided by 2, but not by h: the two places are 2h apart.",
                 over=lambda x, h: 2),
        _altered("divided by 2 + h", "The divisor is 2 + h. The distance of the two places is 2 times h.",
                 over=lambda x, h: 2 + h),
        _altered("divided by 2x", "The divisor is 2 * x. The distance of the two places is made of h.",
                 over=lambda x, h: 2 * x),
        _altered(
            "not divided",
            "The difference of the two values is not divided by the distance of the two places.",
            over=lambda x, h: 1,
        ),
        _altered(
            "multiplied by h",
            "Python reads a / 2 * h from left to right: it divides by 2, then multiplies by h. Put (2 * h) in parentheses.",
            over=lambda x, h: 2 / h,
        ),
        _altered("multiplied by 2h", "The difference is multiplied by the distance of the two places. It is to be divided.",
                 over=lambda x, h: 1 / (2 * h)),
        Mistake(
            "only the second value divided",
            "Division comes before subtraction: put the difference of the two values in parentheses.",
            lambda f, x, h: f(x + h) - f(x - h) / (2 * h),
        ),
        Mistake(
            "only the second value divided, and multiplied by h",
            "Division comes before subtraction, and a / 2 * h divides by 2 only: both need parentheses.",
            lambda f, x, h: f(x + h) - f(x - h) / 2 * h,
        ),
        _altered(
            "sign flipped",
            "The value on the left is the one to subtract. Where the function rises, the derivative is above 0.",
            combined=lambda right, left: left - right,
        ),
        _altered(
            "sum instead of difference",
            "The two values are added. The slope is in their difference.",
            combined=lambda right, left: right + left,
        ),
        _altered(
            "without its sign",
            "The result is never below 0. Where the function falls, its derivative is: the sign is to be kept.",
            after=abs,
        ),
        _altered("only the right value", "The value on the left is missing: the slope is in the difference of the two.",
                 combined=lambda right, left: right),
        Mistake(
            "h added outside of the function",
            "The step is added to the function's value, so that the result is always 1. It belongs inside: function(x + h).",
            _outside,
        ),
        Mistake(
            "the derivative itself",
            "The result is the derivative itself, more exactly than this formula with this h gives it. Two values are wanted, "
            "a step of h to each side: is the step another one?",
            _itself,
        ),
        _altered(
            "steps of h / 2",
            "Each of the two steps is h / 2. Here each is h, and they are 2h apart.",
            step=lambda x, h: h / 2, over=lambda x, h: h,
        ),
        _altered(
            "steps of h / 2, divided by 2h",
            "Each of the two steps is h / 2, though 2h divides: about half of the slope. Here each step is h.",
            step=lambda x, h: h / 2,
        ),
        _altered(
            "steps of 2h",
            "Each of the two steps is 2h, and 4h divides. Here each is h, and they are 2h apart.",
            step=lambda x, h: 2 * h, over=lambda x, h: 4 * h,
        ),
        _altered(
            "steps of 2h, divided by 2h",
            "Each of the two steps is 2h, though 2h divides: about twice the slope. Here each step is h.",
            step=lambda x, h: 2 * h,
        ),
        _altered(
            "steps relative to x",
            "The steps are h times x. Here they are h, wherever x is: at x = 0 there would be no step at all.",
            step=lambda x, h: h * x, over=lambda x, h: 2 * h * x,
        ),
        _altered(
            "steps relative to x, divided by 2h",
            "The steps are h times x, but they are divided by 2h. Here they are h, wherever x is.",
            step=lambda x, h: h * x,
        ),
        _altered("steps relative to 1 + |x|", "The steps are h times 1 + |x|. Here they are h, wherever x is.",
                 step=lambda x, h: h * (1 + abs(x)), over=lambda x, h: 2 * h * (1 + abs(x))),
        _altered("steps relative to max(1, |x|)",
                 "The steps are h times |x| where that is above 1. Here they are h everywhere.",
                 step=lambda x, h: h * max(1, abs(x)), over=lambda x, h: 2 * h * max(1, abs(x))),
        Mistake(
            "x and h exchanged",
            "The steps are x long and go from h: the two arguments have changed places.",
            lambda f, x, h: (f(h + x) - f(h - x)) / (2 * x),
        ),
        _altered("at -x", "The left place is h - x, not x - h: its sign is reversed.", left=lambda x, h: h - x),
        _altered("x left out", "The two places are h and -h: they lie around 0, not around x.",
                 right=lambda x, h: h, left=lambda x, h: -h),
        _altered("rounded down", "The result is rounded down to a whole number, as // does. A slope may have a fraction.",
                 after=math.floor),
        _altered("cut to a whole number", "The fraction of the result is cut off, as int() does. A slope may have a fraction.",
                 after=int),
        _altered("rounded to a whole number", "The result is rounded to a whole number. A slope may have a fraction.",
                 after=round),
        _altered("rounded to one decimal", "The result is rounded to one decimal. No rounding is asked for.",
                 after=lambda result: round(result, 1)),
        _altered("rounded to two decimals", "The result is rounded to two decimals. No rounding is asked for.",
                 after=lambda result: round(result, 2)),
        _altered("rounded to three decimals", "The result is rounded to three decimals. No rounding is asked for.",
                 after=lambda result: round(result, 3)),
        Mistake(
            "the five-point formula",
            "These are four values, at x - 2h to x + 2h: another formula, more exact. Two are asked for, a step to each side.",
            _five_points,
        ),
        Mistake(
            "a forward difference of three values",
            "These are three values, at x, x + h and x + 2h. Two are asked for, a step to each side of x.",
            _three_forward,
        ),
        Mistake(
            "the second derivative",
            "This combination of three values measures how the function curves, not how it rises.",
            lambda f, x, h: (f(x + h) - 2 * f(x) + f(x - h)) / h**2,
        ),
        Mistake(
            "a complex step",
            "The result is the imaginary part at x + ih, over h. Two values at real numbers are asked for.",
            lambda f, x, h: f(x + 1j * h).imag / h,
        ),
        Mistake(
            "a function value",
            "The result is function(x). Its slope is asked for: how much the values at x + h and x - h differ.",
            lambda f, x, h: f(x),
        ),
        Mistake("single precision", "All is computed in float32. Of two values that are nearly equal, few digits of the "
            "difference are left: keep float64.", _single_precision),
        *rare_numbers.CENTRAL_DIFFERENCE,
    ),
    built=_built,
    features=_features,
    broad=_broad,
    ways=(calculus.central_difference_steps, calculus.central_difference_means,),
)  # fmt: skip


def check_central_difference(function) -> Report:
    """Check f(function, x, h) -> (function(x + h) - function(x - h)) / 2h, which is nearly the derivative at x.

    x is a number, h a number above 0; function takes one real number and returns one.

    >>> check_central_difference(lambda function, x, h: (function(x + h) - function(x)) / h).mistake
    'a forward difference'
    """
    return check(CENTRAL_DIFFERENCE, function)
