"""What learners write for a central difference: wrong ones, and right ones that look odd."""

import math

import numpy as np
from corpus import Solution


def no_parentheses(function, x, h):
    return (function(x + h) - function(x - h)) / 2 * h


def forward_difference(function, x, h):
    return (function(x + h) - function(x)) / h


def backward_difference(function, x, h):
    return (function(x) - function(x - h)) / h


def forward_over_two(function, x, h):
    before = function(x)
    after = function(x + h)
    return (after - before) / (2 * h)


def over_h(function, x, h):
    return (function(x + h) - function(x - h)) / h


def over_two(function, x, h):
    change = function(x + h) - function(x - h)
    return change / 2


def reversed_sign(function, x, h):
    left, right = function(x - h), function(x + h)
    return (left - right) / (2 * h)


def summed(function, x, h):
    total = 0
    for step in (h, -h):
        total += function(x + step)
    return total / (2 * h)


def only_second_divided(function, x, h):
    return function(x + h) - function(x - h) / (2 * h)


def h_outside(function, x, h):
    return ((function(x) + h) - (function(x) - h)) / (2 * h)


def relative_step(function, x, h):
    return (function(x * (1 + h)) - function(x * (1 - h))) / (2 * h)


def relative_step_divided(function, x, h):
    step = h * x
    return (function(x + step) - function(x - step)) / (2 * step)


def own_step(function, x, h):
    h = 1e-5
    return (function(x + h) - function(x - h)) / (2 * h)


def least_step(function, x, h):
    h = max(h, 1e-4)
    return (function(x + h) - function(x - h)) / (2 * h)


def half_step(function, x, h):
    return (function(x + h / 2) - function(x - h / 2)) / h


def half_step_over_two_h(function, x, h):
    middle = h / 2
    return (function(x + middle) - function(x - middle)) / (2 * h)


def floor_division(function, x, h):
    return (function(x + h) - function(x - h)) // (2 * h)


def rounded(function, x, h):
    return round((function(x + h) - function(x - h)) / (2 * h), 3)


def second_derivative(function, x, h):
    return (function(x + h) - 2 * function(x) + function(x - h)) / h**2


def five_points(function, x, h):
    near = function(x + h) - function(x - h)
    far = function(x + 2 * h) - function(x - 2 * h)
    return (8 * near - far) / (12 * h)


def absolute(function, x, h):
    return abs(function(x + h) - function(x - h)) / (2 * h)


def not_back_far_enough(function, x, h):
    x += h
    plus = function(x)
    x -= h
    minus = function(x)
    return (plus - minus) / (2 * h)


def one_step_too_far(function, x, h):
    values = [function(x + step * h) for step in range(3)]
    return (values[2] - values[0]) / (2 * h)


def printed(function, x, h):
    slope = (function(x + h) - function(x - h)) / (2 * h)
    print(f"slope: {slope}", end="")


def two_values(function, x, h):
    return function(x + h) / (2 * h), -function(x - h) / (2 * h)


def curried(function, x, h):
    def derivative(at=x):
        return (function(at + h) - function(at - h)) / (2 * h)

    return derivative


def single_precision(function, x, h):
    x, h = np.float32(x), np.float32(h)
    plus, minus = np.float32(function(float(x + h))), np.float32(function(float(x - h)))
    return float((plus - minus) / (2 * h))


def none_where_flat(function, x, h):
    plus, minus = function(x + h), function(x - h)
    if plus != minus:
        return (plus - minus) / (2 * h)


def nothing_at_zero(function, x, h):
    if not x:
        return 0.0
    return (function(x + h) - function(x - h)) / (2 * h)


def whole_x(function, x, h):
    x = int(x)
    return (function(x + h) - function(x - h)) / (2 * h)


def remembered(function, x, h, known={}):  # noqa: B006
    for place in (x + h, x - h):
        if place not in known:
            known[place] = function(place)
    return (known[x + h] - known[x - h]) / (2 * h)


def array_passed(function, x, h):
    left, right = function(np.array([x - h, x + h]))
    return (right - left) / (2 * h)


def complex_step(function, x, h):
    return function(x + 1j * h).imag / h


def until_it_settles(function, x, h):
    before = (function(x + h) - function(x - h)) / (2 * h)
    for _ in range(20):
        h /= 2
        after = (function(x + h) - function(x - h)) / (2 * h)
        if abs(after - before) < 1e-9:
            break
        before = after
    return after


def clipped(function, x, h):
    return float(np.clip((function(x + h) - function(x - h)) / (2 * h), -10, 10))


def forward_and_sign(function, x, h):
    return (function(x) - function(x + h)) / h


# right


def with_diff(function, x, h):
    return np.diff([function(x - h), function(x + h)])[0] / (2 * h)


def signed_sum(function, x, h):
    return sum(sign * function(x + sign * h) for sign in (1, -1)) / (2 * h)


def numpy_gradient(function, x, h):
    values = [function(x - h), 0.0, function(x + h)]  # the one in the middle is not used
    return float(np.gradient(values, h)[1])


def dot_product(function, x, h):
    weights = np.array([0.5, -0.5]) / h
    return weights @ [function(x + h), function(x - h)]


def halves(function, x, h):
    half = (function(x + h) - function(x - h)) / 2
    return half / h


def line_through_both(function, x, h):
    (x_0, y_0), (x_1, y_1) = ((step, function(x + step)) for step in (-h, h))
    return (y_1 - y_0) / (x_1 - x_0)


def exact_sum(function, x, h):
    h_twice = h + h
    return math.fsum(map(float, (function(x + h), -function(x - h)))) / h_twice


SOLUTIONS = [
    Solution("central_difference", f"central_difference: {name}", function, truth)
    for name, function, truth in [
        ("/ 2 * h", no_parentheses, "multiplied by h, where it should be divided: parentheses around 2 * h are missing"),
        ("forward difference", forward_difference, "a forward difference: f(x + h) - f(x), over h"),
        ("backward difference", backward_difference, "a backward difference: f(x) - f(x - h), over h"),
        ("forward over 2h", forward_over_two, "f(x) in place of f(x - h): a forward difference over 2h, half the slope"),
        ("over h", over_h, "divided by h instead of 2h: twice too large"),
        ("over 2", over_two, "divided by 2 only, the division by h is forgotten"),
        ("reversed sign", reversed_sign, "f(x - h) - f(x + h): the sign is wrong"),
        ("summed", summed, "f(x + h) + f(x - h): both are added, where they should be subtracted"),
        ("only one divided", only_second_divided, "only f(x - h) is divided by 2h: the difference has no parentheses"),
        ("h added outside", h_outside, "h is added to f(x) rather than to x: always 1, up to rounding"),
        ("relative step", relative_step, "the step is h * x, but it is divided by 2h: off by the factor x (0 at x = 0)"),
        (
            "relative step, divided by it",
            relative_step_divided,
            "a step of h * x is used instead of h: another estimate, and a division by zero at x = 0",
        ),
        ("step of its own", own_step, "h is ignored: a step of 1e-5 is used always"),
        ("least step", least_step, "a step h below 1e-4 is replaced by 1e-4"),
        ("half step", half_step, "values at x + h/2 and x - h/2, over h: the central difference of half the step"),
        (
            "half step over 2h",
            half_step_over_two_h,
            "values at x + h/2 and x - h/2 but divided by 2h: about half the slope",
        ),
        ("floor division", floor_division, "// rounds the quotient down to a whole number"),
        ("rounded", rounded, "rounded to three decimals"),
        ("second derivative", second_derivative, "the second derivative is estimated, not the first"),
        ("five points", five_points, "the five-point formula of fourth order, with four values, not the central difference"),
        ("absolute", absolute, "the absolute value is taken: wrong where the slope is negative"),
        (
            "not back far enough",
            not_back_far_enough,
            "x is moved by +h, then by -h back to x itself: f(x + h) - f(x) over 2h",
        ),
        ("one step too far", one_step_too_far, "f(x + 2h) - f(x) over 2h: the central difference at x + h, not at x"),
        ("printed", printed, "the result is printed, and None returned"),
        ("two values", two_values, "a tuple of the two terms is returned, they are not added"),
        ("curried", curried, "a function is returned, not a number"),
        (
            "single precision",
            single_precision,
            "x, h and the values are rounded to float32: few digits of the difference remain",
        ),
        ("None where flat", none_where_flat, "None is returned where f(x + h) and f(x - h) are equal, in place of 0"),
        ("nothing at zero", nothing_at_zero, "0 is returned for x = 0, whatever the function"),
        ("whole x", whole_x, "x is cut to a whole number: wrong for any other x"),
        (
            "remembered",
            remembered,
            "values are remembered by place only: another function at the same place gets the values of the first one",
        ),
        (
            "array passed",
            array_passed,
            "function is called with an array, though it takes a number: fails for functions that take no arrays",
        ),
        (
            "complex step",
            complex_step,
            "the imaginary part at x + ih over h: another estimate, fails for functions of real numbers",
        ),
        ("until it settles", until_it_settles, "the step is halved again and again: not the difference with the given h"),
        ("clipped", clipped, "slopes are clipped to -10 to 10: wrong where it is steeper"),
        ("forward and sign", forward_and_sign, "two mistakes: a forward difference, and of the wrong sign"),
        ("right, np.diff", with_diff, None),
        ("right, a sum with signs", signed_sum, None),
        ("right, np.gradient", numpy_gradient, None),
        ("right, a dot product", dot_product, None),
        ("right, divided twice", halves, None),
        ("right, a line through two points", line_through_both, None),
        ("right, fsum", exact_sum, None),
    ]
]
