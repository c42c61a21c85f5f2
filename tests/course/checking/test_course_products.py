"""Sums of products are taken apart where a function is one, and not spoken of where it is none."""

import numpy as np
import pytest

from minimix import course


def said(report):
    return " ".join(report.paragraphs)


def conv(x, weight, stride, padding, taps):
    """A convolution whose product of tap (i, j) and the pixel below it is what ``taps`` makes of it."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    kernel = weight.shape[-1]
    rows, columns = (x.shape[2] - kernel) // stride + 1, (x.shape[3] - kernel) // stride + 1
    out = np.zeros((len(x), len(weight), rows, columns))
    for r in range(rows):
        for c in range(columns):
            window = x[:, :, r * stride : r * stride + kernel, c * stride : c * stride + kernel]
            out[:, :, r, c] = taps(window, weight)
    return out


def diagonal_twice(window, weight):
    total = np.einsum("ncij,ocij->no", window, weight)
    return total + (np.einsum("nc,oc->no", window[..., 0, -1], weight[..., -1, 0]) if weight.shape[-1] == 3 else 0)


def test_a_product_too_many_is_named():
    report = course.check_conv2d(lambda x, weight, stride, padding: conv(x, weight, stride, padding, diagonal_twice))
    assert report.kind == "values" and report.mistake is None
    assert "has too much of x[" in said(report) and "* weight[0, 0, 2, 0]." in said(report) and " lacks " not in said(report)


def test_what_is_never_used_is_named():
    def function(x, weight, dilation):
        weight = weight.copy()
        if weight.shape[-1] == 3:
            weight[:, :, 0, 1] = weight[:, :, 2, 2] = 0
        return course.DILATED_CONV2D.solution(x, weight, dilation)

    text = said(course.check_dilated_conv2d(function))
    assert "entries of weight that count are never used" in text and "weight[0, 0, 0, 1]" in text


@pytest.mark.parametrize("wrong", [lambda y: y + np.where(y > 2, y * y, 0) * 1e-2, lambda y: np.sign(y) * np.sqrt(abs(y))])
def test_what_is_no_sum_of_products_is_not_called_one(wrong):
    report = course.check_conv2d(lambda *given: wrong(course.CONV2D.solution(*given)))
    assert not report.passed and "Product by product" not in said(report)


def test_functions_that_fail_on_zeros_are_left_alone():
    def function(x, weight, stride, padding):
        if not (x.any() and weight.all()):
            raise ValueError("zeros")
        return conv(x, weight, stride, padding, diagonal_twice)

    report = course.check_conv2d(function)
    assert not report.passed and "Product by product" not in said(report)
