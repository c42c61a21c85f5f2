"""What a check finds out by running more than the configurations: sentences, and when they must not be said."""

import warnings

import numpy as np
import pytest

from minimix import course, reference
from minimix.course.checking import broadcasts, patterns
from minimix.course.checking.conditions import separating
from minimix.course.checking.formulas import formula


def said(report) -> str:
    return " ".join([report.title, *report.paragraphs])


def right(x, weight, stride, padding):
    return reference.depthwise_conv2d(x, weight, stride, padding)


# -- conditions ------------------------------------------------------------------------------------------------------------


def test_a_mistake_in_a_part_of_the_configurations_is_told_with_the_condition():
    report = course.check_conv2d(lambda x, w, s, p: reference.conv2d(x, w, None, s, p if s == 1 else 0))
    assert "Wherever stride is greater than 1, the results are what this mistake gives: padding ignored." in said(report)
    assert report.mistake is None


def test_what_fails_under_a_condition_is_told_where_no_mistake_fits():
    def f(x, kernel, stride):
        windows = course.WINDOWS.solution(x, kernel, stride)
        return np.sort(windows, axis=-1)[..., ::-1] if kernel == 3 else windows

    assert "kernel is 3" in said(course.check_windows(f))  # but for constant windows


def test_an_exception_under_a_condition():
    def f(x, weight, stride, padding):
        if weight.shape[-1] % 2 == 0:
            raise ValueError("odd kernels only")
        return right(x, weight, stride, padding)

    assert "Wrong wherever the kernel size is even" in said(course.check_depthwise_conv2d(f))


def test_a_branch_that_returns_nothing_is_told_with_its_condition():
    def f(size, kernel, stride, padding, dilation):
        if stride > 2:
            return None
        return course.OUTPUT_SIZE.solution(size, kernel, stride, padding, dilation)

    assert "Wrong wherever stride is greater than 2" in said(course.check_output_size(f))


def test_one_configuration_among_many_is_no_condition():
    rows = [{"stride": n} for n in range(6)]
    assert separating(rows, [n == 5 for n in range(6)]) == ""


def test_a_condition_must_hold_for_all_and_for_no_other():
    rows = [{"a": a, "b": b} for a in (1, 2, 5) for b in (-1, 0, 3)]
    assert separating(rows * 9, [row["b"] < 0 for row in rows * 9]) == "b is below 0"
    assert separating(rows * 9, [row["a"] > row["b"] for row in rows * 9]) == "a is greater than b"
    assert separating(rows, [(row["a"] + row["b"]) % 3 == 0 for row in rows]) == ""


# -- formulas, arguments ---------------------------------------------------------------------------------------------------


def test_a_factor_is_told_by_the_numbers_that_it_is_made_of():
    report = course.check_conv2d(lambda x, w, s, p: reference.conv2d(x, w, None, s, p) * len(x))
    assert "The number of images times the right result, in all configurations." in said(report)
    report = course.check_separable_macs(lambda h, w, c, o, k: (h * w * c * o * k * k, h * w * c * (k * k + o) + h * o))
    assert "separable: too large by height * out_channels, in all configurations." in said(report)


def test_numbers_of_one_kind_are_no_formula():
    rows = [{"n": n} for n in (2, 2, 2, 3, 3, 3)]
    assert formula([row["n"] for row in rows], rows) == ""


def test_an_argument_that_was_added():
    report = course.check_mean_square_grad(lambda m, t, w: 3 * course.MEAN_SQUARE_GRAD.solution(m, t, w) - 0.25 * w)
    assert "3 times the right result minus 0.25 times weight, in all configurations." in said(report)


def test_an_argument_without_effect():
    def f(x, weight, stride, padding):
        shape = right(x, weight, stride, padding).shape
        return np.cos(np.arange(np.prod(shape), dtype=float)).reshape(shape) * weight.sum()

    report = course.check_depthwise_conv2d(f)
    assert "With another x your result stays the same" in said(report)
    assert "With another weight" not in said(report)


def test_an_argument_that_matters_only_here_and_there_is_not_called_without_effect():
    report = course.check_central_difference(lambda f, x, h: np.clip((f(x + h) - f(x - h)) / (2 * h), -10, 10))
    assert "stays the same" not in said(report)
    assert "There your result is always 10 or -10." in said(report)


# -- two things at once ----------------------------------------------------------------------------------------------------


def test_two_mistakes_are_named_where_no_other_two_fit():
    report = course.check_conv2d(lambda x, w, s, p: reference.conv2d(x, w[..., ::-1, ::-1], None, s, 0))
    assert "Two mistakes at once give exactly these numbers: kernel flipped, and padding ignored." in said(report)
    report = course.check_central_difference(lambda f, x, h: (f(x) - f(x + h)) / h)
    assert "a forward difference, and sign flipped" in said(report)


def test_a_mistake_and_something_done_to_its_result():
    report = course.check_receptive_field(lambda layers: [-3 * n for n in _dilation_ignored(layers)])
    assert report.mistake is None and "always -3 times" in said(report)


def _dilation_ignored(layers):
    size, jump = 1, 1
    for kernel, stride, _ in layers:
        size += (kernel - 1) * jump
        jump *= stride
    return size, jump


def test_right_numbers_of_a_function_that_changes_its_input_are_not_explained():
    def f(matrix, target, weight):
        gradient = course.MEAN_SQUARE_GRAD.solution(matrix, target, weight)
        target -= 1
        return gradient

    report = course.check_mean_square_grad(f)
    assert report.kind == "in-place" and len(report.paragraphs) == 1


# -- what is kept between calls --------------------------------------------------------------------------------------------


def test_results_that_are_remembered_under_too_short_a_key():
    def f(x, weight, stride, padding, known={}):  # noqa: B006
        key = x.shape, weight.shape, stride, padding
        if key not in known:
            known[key] = right(x, weight, stride, padding)
        return known[key]

    report = course.check_depthwise_conv2d(f)
    assert report.kind == "state" and "After calls with other inputs it is wrong" in said(report)


def test_a_function_that_counts_its_calls_in_an_object():
    class Layer:
        calls = 0

        def __call__(self, layers):
            self.calls += 1
            size, jump = course.RECEPTIVE_FIELD.solution(layers).values()
            return size + (self.calls > 9), jump

    assert course.check_receptive_field(Layer()).kind == "state"


# -- warnings, what NumPy met ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda r: np.exp(np.abs(r) * 400), "NumPy met an overflow"),
        (lambda r: r / (r * 0), "NumPy met an invalid value"),
        (lambda r: np.abs(r) / (r * 0), ""),
        (lambda r: r * float("nan"), "though NumPy told of no division by zero and no overflow"),
        (lambda r: r * 1e308, ""),
        (lambda r: r.astype(np.complex128) + 1j, ""),
    ],
)
def test_no_warning_gets_out(change, words):
    with warnings.catch_warnings(), np.errstate(all="warn"):
        warnings.simplefilter("error")
        assert words in said(course.check_depthwise_conv2d(lambda *given: change(right(*given))))


def test_a_warning_of_the_learners_own_does_not_get_out():
    def f(x, weight, stride, padding):
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        return right(x, weight, stride, padding)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert course.check_depthwise_conv2d(f).passed


# -- the two classics ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_place", [True, False])
def test_weights_without_new_axes(in_place):
    def f(x, weight, stride, padding):
        x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        k = weight.shape[-1]
        rows, columns = ((n - k) // stride + 1 for n in x.shape[2:])
        out = np.zeros((*x.shape[:2], rows, columns))
        for i, j in np.ndindex(k, k):
            seen = x[:, :, i : i + rows * stride : stride, j : j + columns * stride : stride] * weight[:, 0, i, j]
            if in_place:
                out += seen
            else:
                out = out + seen
        return out

    report = course.check_depthwise_conv2d(f)
    assert report.mistake == "no new axes behind the weights"
    assert "weight[:, 0, i, j, None, None]" in said(report)


def test_a_column_against_a_vector():
    report = course.check_mean_square_grad(lambda m, t, w: 2 / len(t) * m.T @ ((m @ w) - t[:, None]))
    assert report.kind == "shape" and "A" in said(report) and "NumPy makes a square of them" in said(report)
    report = course.check_mean_square_grad(lambda m, t, w: 2 * (m.T @ ((m @ w)[:, None] - t)).mean(axis=1))
    assert "A column (n, 1) against a vector (n,) does so, too" in said(report)


@pytest.mark.parametrize(
    "message, words",
    [
        ("operands could not be broadcast together with shapes (2,3,4,4) (3,) ", "[:, None, None]"),
        ("operands could not be broadcast together with shapes (2,3,3,4) (3,) ", ""),  # of two axes: which, is not known
        ("operands could not be broadcast together with shapes (2,3) (4,5) ", ""),
        ("operands could not be broadcast together with shapes (1,2) (0,2) ", "is empty"),
        ("could not broadcast input array from shape (1,3) into shape (1,4)", "one entry too short along axis 1"),
        ("could not broadcast input array from shape (5,3) into shape (2,3)", "too long along axis 0"),
        ("could not broadcast input array from shape (5,3) into shape (0,3)", "which is empty"),
        ("list index out of range", ""),
    ],
)
def test_complaints_about_shapes(message, words):
    text = broadcasts.explained(message)
    assert words in text and bool(words) == bool(text)


# -- patterns that must not be said ----------------------------------------------------------------------------------------


def test_one_image_is_not_the_first_of_several():
    one, two = np.arange(1.0, 5.0).reshape(1, 1, 2, 2), np.arange(1.0, 9.0).reshape(2, 1, 2, 2)
    assert "first image" not in patterns.describe([(one, one**2 + 7)])
    text = patterns.describe([(one, one**2 + 7), (two, np.concatenate([two[:1] ** 2 + 7, two[1:]]))])
    assert text == ""  # a single one that tells may do so by accident


def test_axes_that_have_become_one_are_not_called_axes_of_length_one():
    report = course.check_windows(lambda x, k, s: course.WINDOWS.solution(x, k, s).reshape(*x.shape[:2], -1, k * k))
    assert report.mistake == "places in one axis and taps in one axis"
    expected = np.arange(24.0).reshape(1, 2, 3, 4)
    assert patterns.describe([(expected, expected.reshape(1, 2, 12))]) == "the right numbers, but axes 2 and 3 have become one"


def test_a_number_that_is_right_among_too_many():
    report = course.check_output_size(lambda *given: (course.OUTPUT_SIZE.solution(*given),) * 2)
    assert "The right number comes more than once" in said(report)
    report = course.check_output_size(lambda *given: list(range(course.OUTPUT_SIZE.solution(*given))))
    assert "it has as many entries as this number says" in said(report)


def test_one_value_is_no_ratio():
    """Of results that are all to be 1, twice as much is also one too many."""
    assert patterns.describe([(np.array(1), np.array(2))] * 5) == ""


def test_sums_over_axes_are_named():
    expected = np.arange(1.0, 13.0).reshape(3, 4)
    assert patterns.describe([(expected, expected.sum(axis=0))]) == "the right numbers, added up over axis 0"
    assert patterns.describe([(expected, expected.mean())]) == "the right numbers, averaged over all axes"


# -- what was accepted once ------------------------------------------------------------------------------------------------


def half(array):
    return np.asarray(array).astype(np.float16)


def test_half_precision_is_not_accepted():
    assert not course.check_windows(lambda *given: half(course.WINDOWS.solution(*given))).passed
    assert not course.check_depthwise_conv2d(lambda *given: half(right(*given))).passed
    report = course.check_conv2d(lambda x, w, s, p: half(reference.conv2d(x, w, None, s, p)))
    assert "has the dtype float16" in said(report)


def test_strides_taken_for_those_of_a_dense_array_are_not_accepted():
    def f(x, kernel, stride):
        n, c, h, w = x.shape
        a, b, d, e = (x.itemsize * size for size in (c * h * w, h * w, w, 1))
        shape = (n, c, (h - kernel) // stride + 1, (w - kernel) // stride + 1, kernel, kernel)
        return np.lib.stride_tricks.as_strided(x, shape, (a, b, d * stride, e * stride, d, e)).copy()

    assert not course.check_windows(f).passed


def test_a_function_of_numbers_is_not_to_be_called_with_arrays():
    def f(function, x, h):
        left, right = function(np.array([x - h, x + h]))
        return (right - left) / (2 * h)

    assert "this function takes one real number, not an array of shape (2,)" in said(course.check_central_difference(f))


def test_counts_of_32_bits_are_not_accepted():
    def f(h, w, c, o, k):
        dense = np.prod([h, w, c, o, k, k], dtype=np.int32)
        return dense, np.prod([h, w, c, k * k + o], dtype=np.int32)

    assert course.check_separable_macs(f).mistake == "32 bits are too few"


def test_a_gradient_with_decay_is_not_accepted():
    report = course.check_mean_square_grad(lambda m, t, w: course.MEAN_SQUARE_GRAD.solution(m, t, w) + 1e-4 * w)
    assert "The right result plus 0.0001 times weight" in said(report)


# -- what only exceptions show, and what is not to be said ------------------------------------------------------------------


def test_of_exceptions_alone_the_mistake_is_named_that_raises_the_same():
    def f(layers):
        kernel, stride, dilation = layers[0]
        size, jump = dilation * (kernel - 1) + 1, stride
        for kernel, stride, dilation in layers[1:]:
            size, jump = size + dilation * (kernel - 1) * jump, jump * stride
        return size, jump

    report = course.check_receptive_field(f)
    assert report.kind == "exception" and report.mistake == "begins with the first layer"

    def other(layers):
        if not layers:
            raise IndexError("something else")
        return f(layers)

    assert course.check_receptive_field(other).mistake is None


def test_an_argument_that_is_not_used_is_not_given_for_the_only_mistake():
    """Here nothing but the first tap counts, so that the dilation does not matter."""

    def f(x, weight, dilation):
        return np.sort(x * weight[:, 0, 0, 0, None, None], axis=3)

    text = said(course.check_dilated_conv2d(f))
    assert "With another dilation your result stays the same" not in text or "it is wrong with any dilation" in text


def test_what_float64_loses_where_zeros_are_wanted_is_no_mistake():
    """Windows that see nothing but the border, of huge numbers, by way of Fourier transforms."""

    def f(gradient, x, weight_shape, stride, padding, dilation):
        right = course.DEPTHWISE_WEIGHT_GRAD.solution(gradient, x, weight_shape, stride, padding, dilation)
        return right + 1e-16 * np.abs(x).max() * np.abs(gradient).max()

    assert course.check_depthwise_weight_grad(f).passed
    wrong = course.check_depthwise_weight_grad(lambda *case: f(*case) + 1e-3)
    assert not wrong.passed


def test_a_channel_of_a_single_value_has_no_gradient():
    def f(gradient, x, weight, eps):
        right = course.BATCH_NORM_BACKWARD.solution(gradient, x, weight, eps)
        return right | ({"grad_x": gradient * weight[:, None, None]} if x[:, 0].size == 1 else {})

    assert course.check_batch_norm_backward(f).mistake == "a single value passes through"
