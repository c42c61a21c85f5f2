"""What a check says of functions that are wrong in other ways than their numbers, and of numbers that fit no mistake."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from minimix import course, reference
from minimix.course.checking import patterns


def right(x, weight, stride, padding):
    return reference.depthwise_conv2d(x, weight, stride, padding)


def said(report) -> str:
    return " ".join(report.paragraphs)


# -- what is no result -----------------------------------------------------------------------------------------------------


def test_a_branch_without_return_is_told_from_a_stub():
    def f(size, kernel, stride, padding, dilation):
        if dilation == 1:
            return (size + 2 * padding - kernel) // stride + 1
        return None

    report = course.check_output_size(f)
    assert report.kind == "stub" and report.case["dilation"] == 2
    assert "does one of its branches lack a return?" in said(report)


def test_a_part_that_is_not_written_yet():
    def f(channels, groups, kind):
        if kind == "exponential":
            raise NotImplementedError
        return (channels - channels // groups * (groups - 1), *[channels // groups] * (groups - 1))

    assert course.check_partition(f).title == "partition: not written yet"


def test_what_returns_none_is_told_from_what_is_empty():
    def forgotten(channels, groups, kind):
        sizes = [channels // groups] * groups
        sizes.sort()

    def empty(channels, groups, kind):
        """The channels of each group."""
        ...

    def begun(channels, groups, kind):
        return ...

    assert course.check_partition(forgotten).title == "partition: your function returns None"
    for function in (empty, begun, lambda channels, groups, kind: None):
        assert course.check_partition(function).title == "partition: not written yet"


def test_fractions_are_numbers():
    def flips(differences):
        sums = [0]
        for difference in differences.tolist():
            sums = [total + sign * difference for total in sums for sign in (1, -1)]
        return Fraction(sum(total >= differences.sum() for total in sums), len(sums))

    def tables(a, b):
        return [[Fraction(share) for share in row] for row in course.INTERSECTION_OVER_UNION.solution(a, b).tolist()]

    assert course.check_sign_flips(flips).passed
    assert course.check_sign_flips(lambda differences: Decimal("0.5")).kind == "values"
    assert course.check_intersection_over_union(tables).passed
    assert course.check_seeds_needed(lambda deviation, half: Fraction(2)).kind == "values"


@pytest.mark.parametrize(
    "result, words",
    [
        ("an image", "It returns a str that is no array of real numbers."),
        ([[1.0], [1.0, 2.0]], "(do its rows differ in length?)"),
        (np.array([1j]), "an array of shape (1,) that is no array of real numbers"),
        ({"a": 1}, "It returns a dict that is no array of real numbers."),
        (right, "It returns a function that is no array of real numbers."),
    ],
)
def test_a_result_that_holds_no_numbers(result, words):
    report = course.check_depthwise_conv2d(lambda x, weight, stride, padding: result)
    assert report.kind == "type" and words in said(report)


@pytest.mark.parametrize(
    "result, words",
    [
        (3, "It returns an int; expected 2 values, (size, jump)."),
        ((1, 2, 3), "It returns 3 values; expected 2, (size, jump)."),
        ({"size": 1}, "It returns a dict without 'jump'; expected 'size', 'jump'."),
        ((1, None), "It returns None for a part of the result."),
    ],
)
def test_a_result_with_too_few_or_too_many_parts(result, words):
    assert said(course.check_receptive_field(lambda layers: result)) == words


def test_floats_will_not_do_where_whole_numbers_are_used_as_sizes():
    report = course.check_output_size(lambda n, k, s, p, d: float((n + 2 * p - d * (k - 1) - 1) // s + 1))
    assert report.kind == "type" and "The numbers are right, but they are floats" in said(report)
    assert course.check_output_size(lambda n, k, s, p, d: np.int32((n + 2 * p - d * (k - 1) - 1) // s + 1)).passed


def test_whole_numbers_must_be_equal():
    """A multiply-add more or less in a hundred million is wrong, however close."""
    wrong = course.check_separable_macs(lambda h, w, c, o, k: (h * w * c * o * k * k + 1, h * w * c * (k * k + o)))
    assert wrong.failed == wrong.total
    assert "channels * kernel ** 2 + 1`" in said(wrong)


def test_a_wrong_shape_is_reported_with_both_shapes():
    report = course.check_depthwise_conv2d(lambda *given: right(*given)[:, 0])
    assert report.kind == "shape" and report.mistake is None
    assert "Expected shape (1, 1, 1, 2), got (1, 1, 2)." in said(report)


def test_an_axis_of_length_one_too_many():
    report = course.check_unbroadcast(lambda g, shape: course.UNBROADCAST.solution(g, shape)[None])
    assert "the right numbers, but axis 0, of length 1, is one too many" in said(report).lower()


def test_the_right_numbers_along_other_axes():
    """There are as many axes as there should be: none of them is missing."""
    expected = np.arange(6.0).reshape(1, 2, 3)
    assert patterns.describe([(expected, expected.reshape(2, 3, 1))]).startswith("the right numbers in their order")
    assert "axis 0, of length 1, is missing" in patterns.describe([(expected, expected[0])])
    assert "axes of length 1 are missing" in patterns.describe([(expected[None], expected[0])])


def test_names_keep_their_small_letters():
    report = course.check_mixconv2d_backward(lambda gradient, x, weights: (gradient[0], [w[0] for w in weights]))
    assert "grad_x: expected shape (1, 1, 1, 2), got (1, 1, 2); grad_weights[0]: expected" in said(report)


def test_an_array_where_a_list_of_arrays_is_wanted():
    def flat(gradient, x, weights):
        found = course.MIXCONV2D_BACKWARD.solution(gradient, x, weights)
        return found["grad_x"], *found["grad_weights"]

    words = "It returns an array of shape (1, 1, 1, 1) for grad_weights; expected a list of arrays, 1 here."
    assert words in said(course.check_mixconv2d_backward(flat))
    words = "It returns an array of shape (1, 1, 1, 2); expected 2 values, (grad_x, grad_weights)."
    assert words in said(course.check_mixconv2d_backward(lambda gradient, x, weights: x))


def test_a_walk_that_starts_with_nothing():
    """It is to return None: no "return" is missing."""

    def walk(root):
        for other, slope in zip(root.inputs, root.slopes, strict=True):
            other.grad += slope * root.grad
            walk(other)

    report = course.check_backward(walk)
    assert report.kind == "stub" and "every grad is still 0.0" in said(report) and "return" not in said(report)


# -- how it is called ------------------------------------------------------------------------------------------------------


def test_the_result_instead_of_the_function():
    report = course.check_conv2d(np.zeros((1, 1, 2, 2)))
    assert report.kind == "signature" and "Hand it over by its name" in said(report)
    assert report.title == "conv2d: a function is wanted, not an array of shape (1, 1, 2, 2)"


@pytest.mark.parametrize("function", [lambda x, weight: x, lambda: 0, lambda x, weight, stride, padding, dilation: x])
def test_other_arguments_than_those_that_are_given(function):
    report = course.check_conv2d(function)
    assert report.kind == "signature"
    assert report.title == "conv2d: your function must take (x, weight, stride, padding)"


def test_names_and_defaults_of_arguments_are_free():
    assert course.check_depthwise_conv2d(lambda image, *others: right(image, *others)).passed
    assert course.check_depthwise_conv2d(lambda a, b, c=1, d=0, more=None: right(a, b, c, d)).passed

    class Layer:
        def __call__(self, x, weight, stride, padding):
            return right(x, weight, stride, padding)

    assert course.check_depthwise_conv2d(Layer()).passed


# -- side effects ----------------------------------------------------------------------------------------------------------


def test_an_input_that_is_changed_is_named():
    def f(x, weight, stride, padding):
        result = right(x, weight, stride, padding)
        weight *= 2
        return result

    report = course.check_depthwise_conv2d(f)
    assert report.kind == "in-place" and "After the call weight is not what it was" in said(report)
    assert report.failed >= report.total - 3  # twice 0 is 0


def test_an_input_that_is_changed_and_wrong_numbers():
    def f(x, weight, stride, padding):
        weight[...] = weight[..., ::-1, ::-1].copy()
        return right(x, weight, stride, padding)

    report = course.check_depthwise_conv2d(f)
    assert report.kind == "in-place" and report.mistake == "kernel flipped"
    assert "The numbers show something else, too" in said(report)


def test_a_list_that_is_changed():
    def f(x, weights):
        weights.reverse()
        return reference.mixconv2d(x, weights[::-1])

    report = course.check_mixconv2d(f)
    assert report.kind == "in-place" and "After the call weights is not" in said(report)


def test_views_of_the_input_are_allowed():
    def identity(x, kernel, stride):
        return np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(2, 3))[:, :, ::stride, ::stride]

    assert course.check_windows(identity).passed
    report = course.check_unbroadcast(lambda gradient, shape: gradient)
    assert report.kind == "shape" and report.mistake == "nothing summed"


def test_one_buffer_for_all_results():
    buffer = np.zeros(100_000)

    def f(x, weight, stride, padding):
        result = right(x, weight, stride, padding)
        view = buffer[: result.size].reshape(result.shape)
        view[...] = result
        return view

    report = course.check_depthwise_conv2d(f)
    assert report.kind == "state" and "hands out an array that it uses again" in said(report)


def test_something_that_is_kept_between_calls():
    def f(layers, kept=[1, 1]):  # noqa: B006
        for kernel, stride, dilation in layers:
            kept[0] += dilation * (kernel - 1) * kept[1]
            kept[1] *= stride
        return tuple(kept)

    report = course.check_receptive_field(f)
    assert report.kind == "state" and "Does it keep something between calls" in said(report)


def test_a_random_result():
    rng = np.random.default_rng(0)
    report = course.check_depthwise_conv2d(lambda *given: right(*given) + rng.normal())
    assert report.kind == "state"


def test_rare_wrong_numbers_are_not_taken_for_what_is_kept():
    """Small shares are found by other numbers in arrays that were seen before; a function that was never called is wrong there,
    too."""

    def f(a, b):
        shared = course.INTERSECTION_OVER_UNION.solution(a, b)
        shared[shared < 1e-3] = 0
        return shared

    report = course.check_intersection_over_union(f)
    assert not report.passed and report.kind == "values" and "between calls" not in said(report)


def test_a_result_that_is_right_only_the_first_time():
    calls = []

    def f(layers):
        calls.append(layers)
        right_so_far = len(calls) <= len(course.RECEPTIVE_FIELD.configurations())
        return tuple(course.RECEPTIVE_FIELD.solution(layers).values()) if right_so_far else (0, 0)

    report = course.check_receptive_field(f)
    assert report.kind == "state" and len(report.case["layers"]) == 0


# -- numbers that fit no mistake, or more than one -------------------------------------------------------------------------


def test_two_mistakes_at_once():
    """Neither alone gives these numbers, both together do."""
    report = course.check_depthwise_conv2d(lambda x, w, s, p: right(x, w[..., ::-1, ::-1], 1, p))
    assert report.mistake is None
    assert "Two mistakes at once give exactly these numbers: kernel flipped, and stride ignored." in said(report)


def changed(change):
    return course.check_depthwise_conv2d(lambda *given: change(right(*given)))


def last_column_wrong(result):
    result = result.copy()
    result[..., -1] += 1
    return result


def border_wrong(result):
    result = result.copy()
    inner = result[..., 1:-1, 1:-1].copy()
    result += 1
    result[..., 1:-1, 1:-1] = inner
    return result


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda r: -r, "The sign is wrong everywhere."),
        (lambda r: 3 * r, "Always 3 times the right result."),
        (lambda r: r + 0.5, "Always 0.5 too large."),
        (lambda r: r * 0, "Nothing but zeros"),
        (lambda r: r * np.nan, "There are NaNs or infinities"),
        (lambda r: r[..., ::-1, :], "Top and bottom are exchanged."),
        (last_column_wrong, "Right but for the last column, as larger configurations"),
        (border_wrong, "Right inside, wrong at the border, as larger configurations"),
        (lambda r: r * 1.001, "Always 1.001 times the right result."),
        (lambda r: np.concatenate([r[:1], r[1:] + 1]), "Right in the first image, wrong in others."),
        (lambda r: np.concatenate([r[:, :1], r[:, 1:] * 2], axis=1), "Right in the first channel, wrong in others."),
        (lambda r: r.astype(int), "Whole numbers only: was the result made with an integer dtype?"),
    ],
)
def test_a_statement_that_is_true_of_all_wrong_results(change, words):
    report = changed(change)
    assert report.mistake is None and words in said(report), said(report)


@pytest.mark.parametrize(
    "expected, actual, words",
    [
        (np.eye(3)[:, [1, 2, 0]], np.eye(3)[:, [1, 2, 0]].T, "rows and columns are exchanged (transposed)"),
        (np.arange(12.0).reshape(3, 4), np.arange(12.0).reshape(3, 4).T, "rows and columns are exchanged (transposed)"),
        (np.arange(9.0).reshape(3, 3) ** 2, np.pad(np.arange(9.0).reshape(3, 3) ** 2, 1)[:-2, 1:-1],
         "the right picture, moved by one pixel down"),
        (np.array([1, 2, 4]), np.array([4, 2, 1]), "the order along axis 0 is reversed"),
        (np.arange(24.0).reshape(1, 3, 2, 4) ** 2, np.arange(24.0).reshape(1, 3, 2, 4)[:, [1, 2, 0]] ** 2,
         "the channels are right but in another order, [1, 2, 0]"),
        (np.zeros((2, 3)), np.zeros((2, 4)), "the result has more columns than it should"),
        (np.zeros(3), np.zeros(2), "the result has a shorter axis 0 than it should"),
        (np.ones((2, 3)), np.zeros(3), "the result has 1 axis instead of 2"),
        (np.arange(6.0).reshape(2, 3), np.arange(6.0), "the right numbers, but axes 0 and 1 have become one"),
        (np.arange(5.0) + 1, np.arange(5.0) + 1 + 0.01 * np.array([1, -1, 2, 1, 0]), "nearly right"),
        (np.random.default_rng(0).normal(size=(4, 4)), np.random.default_rng(1).normal(size=(4, 4)), ""),
        (np.array(3), np.array(6), ""),  # of a single number, any other is a multiple
    ],
)  # fmt: skip
def test_patterns(expected, actual, words):
    text = patterns.describe([(expected, actual)])
    assert text.startswith(words) and bool(text) == bool(words)


def test_a_pattern_must_be_there_in_every_pair():
    a = np.arange(1.0, 5.0)
    assert patterns.describe([(a, 2 * a), (a, 2 * a)]) == "always 2 times the right result"
    assert patterns.describe([(a, 2 * a), (a, 3 * a)]) == ""
    assert patterns.describe([(a, 2 * a), (a, a[[1, 0, 3, 2]])]) == ""


# -- where a failing check must be noticed ---------------------------------------------------------------------------------


def test_strict_checks_raise(monkeypatch):
    monkeypatch.setenv("MINIMIX_COURSE_STRICT", "1")
    assert course.check_depthwise_conv2d(right).passed
    with pytest.raises(course.CheckFailed, match="depthwise_conv2d: stride ignored") as caught:
        course.check_depthwise_conv2d(lambda x, weight, stride, padding: right(x, weight, 1, padding))
    assert caught.value.report.mistake == "stride ignored"
    with pytest.raises(AssertionError, match="not written yet"):
        course.check_conv2d(lambda x, weight, stride, padding: None)
    monkeypatch.setenv("MINIMIX_COURSE_STRICT", "0")
    assert not course.check_conv2d(lambda x, weight, stride, padding: None).passed


def test_a_check_may_be_told_whether_to_raise(monkeypatch):
    monkeypatch.setenv("MINIMIX_COURSE_STRICT", "1")
    assert course.check(course.CONV2D, lambda x, weight, stride, padding: None, strict=False).kind == "stub"
    monkeypatch.delenv("MINIMIX_COURSE_STRICT")
    with pytest.raises(course.CheckFailed):
        course.check(course.CONV2D, lambda x, weight, stride, padding: None, strict=True)
