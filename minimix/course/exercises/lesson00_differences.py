"""The exercise that shows how exercises work: a derivative from two values of a function."""

from dataclasses import dataclass

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake
from minimix.course.checking.report import Report


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

    def __repr__(self) -> str:
        terms = [_term(c, power) for power, c in reversed(list(enumerate(self.coefficients))) if c]
        return "t -> " + (" + ".join(terms) or "0").replace("+ -", "- ")


def _term(coefficient, power: int) -> str:
    letter = "" if power == 0 else "t" if power == 1 else f"t**{power}"
    if not letter:
        return f"{coefficient}"
    sign = {1: "", -1: "-"}.get(coefficient, f"{coefficient}*")
    return sign + letter


def _central_difference(function, x, h):
    return (function(x + h) - function(x - h)) / (2 * h)


def _cases(rng):
    rows = [
        ((0, 3), 1, 1), ((0, 0, 1), 1, 1), ((1, 0, 1), 2, 1), ((0, 0, 0, 1), 1, 1), ((0, 0, 1), 2, 0.5), ((2, -1, 0, 1), 2, 2),
        ((0, 2, 1, -1), -1, 0.5), ((5, 0, 0, 2), 3, 0.1), ((1, 1, 1, 1), -2, 0.25), ((0, -4, 0, 0, 1), 2, 0.5),
        ((3, 0, -2, 1), 1, 0.01), ((0, 0, 0, 0, 1), -3, 0.1), ((1, 2, 3, 4, 5), 1, 0.001), ((-7, 1, 0, 3), 4, 0.2),
    ]  # fmt: skip
    return [{"function": Polynomial(coefficients), "x": x, "h": h} for coefficients, x, h in rows]


CENTRAL_DIFFERENCE = Exercise(
    "central_difference",
    _central_difference,
    _cases,
    (
        Mistake(
            "a forward difference",
            "One of the two values is the one at x itself. The central difference takes a step to each side.",
            lambda f, x, h: (f(x + h) - f(x)) / h,
        ),
        Mistake(
            "a backward difference",
            "One of the two values is the one at x itself. The central difference takes a step to each side.",
            lambda f, x, h: (f(x) - f(x - h)) / h,
        ),
        Mistake(
            "divided by h instead of 2h",
            "The two places are a step to the left and a step to the right of x. How far are they apart?",
            lambda f, x, h: (f(x + h) - f(x - h)) / h,
        ),
        Mistake(
            "not divided",
            "The difference of the two values is not divided by the distance of the two places.",
            lambda f, x, h: f(x + h) - f(x - h),
        ),
        Mistake(
            "multiplied by h",
            "Python reads a / 2 * h from left to right: it divides by 2, then multiplies by h. Put (2 * h) in parentheses.",
            lambda f, x, h: (f(x + h) - f(x - h)) / 2 * h,
        ),
        Mistake(
            "only the second value divided",
            "Division comes before subtraction: put the difference of the two values in parentheses.",
            lambda f, x, h: f(x + h) - f(x - h) / (2 * h),
        ),
        Mistake(
            "sign flipped",
            "The value on the left is the one to subtract. Where the function rises, the derivative is above 0.",
            lambda f, x, h: (f(x - h) - f(x + h)) / (2 * h),
        ),
        Mistake(
            "sum instead of difference",
            "The two values are added. The slope is in their difference.",
            lambda f, x, h: (f(x + h) + f(x - h)) / (2 * h),
        ),
        Mistake(
            "a step of its own",
            "The result does not depend on h: the function takes a small step of its own.",
            lambda f, x, h: (f(x + 1e-5) - f(x - 1e-5)) / 2e-5,
        ),
        Mistake(
            "steps of h / 2",
            "Each of the two steps is h / 2. Here each is h, and they are 2h apart.",
            lambda f, x, h: (f(x + h / 2) - f(x - h / 2)) / h,
        ),
        Mistake(
            "steps relative to x",
            "The steps are h times x. Here they are h, wherever x is: at x = 0 there would be no step at all.",
            lambda f, x, h: (f(x * (1 + h)) - f(x * (1 - h))) / (2 * h * x),
        ),
        Mistake(
            "the second derivative",
            "This combination of three values measures how the function curves, not how it rises.",
            lambda f, x, h: (f(x + h) - 2 * f(x) + f(x - h)) / h**2,
        ),
    ),
)


def check_central_difference(function) -> Report:
    """Check f(function, x, h) -> (function(x + h) - function(x - h)) / 2h, which is nearly the derivative at the number x.

    >>> check_central_difference(lambda function, x, h: (function(x + h) - function(x)) / h).mistake
    'a forward difference'
    """
    return check(CENTRAL_DIFFERENCE, function)
