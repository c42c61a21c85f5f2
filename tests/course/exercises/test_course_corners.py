"""Faults in corners that no small configuration reaches: rare values, large lengths, tiny and huge numbers."""

import numpy as np
import pytest

from minimix import course, nn, reference
from minimix.costs import profile


def difference(function, x, h):
    return (function(x + h) - function(x - h)) / (2 * h)


def gradient(matrix, target, weight, error=lambda error: error):
    return 2 / len(target) * matrix.T @ error(matrix @ weight - target)


def macs(h, w, c, o, k):
    return h * w * c * o * k * k, h * w * c * (k * k + o)


CORNERS = [
    (course.check_central_difference, lambda f, x, h: 0 if x == h else difference(f, x, h)),
    (course.check_central_difference, lambda f, x, h: difference(f, x, max(h, 1e-6))),
    (course.check_central_difference, lambda f, x, h: difference(f, x, min(h, 100))),
    (course.check_central_difference, lambda f, x, h: difference(f, min(x, 1e6), h)),
    (course.check_central_difference, lambda f, x, h: (f(x + h) - (f(x - h) or f(x))) / (2 * h)),
    (course.check_output_size, lambda n, k, s, p, d: n // s if n > 1000 else (n + 2 * p - d * (k - 1) - 1) // s + 1),
    (course.check_conv2d, lambda x, w, s, p: reference.conv2d(np.clip(x, -100, 100).astype(x.dtype), w, None, s, p)),
    (course.check_conv2d, lambda x, w, s, p: reference.conv2d(x[:, :16], w[:, :16], None, s, p)),
    (course.check_mean_square_grad, lambda *given: gradient(*given, lambda e: np.where(np.abs(e) < 1e-3, 0, e))),
    (course.check_mean_square_grad, lambda *given: gradient(*given, lambda e: e * ((np.abs(e) < 0.05) | (np.abs(e) > 0.1)))),
    (course.check_mean_square_grad, lambda *given: gradient(*given, lambda e: np.clip(e, -50, 50))),
    (course.check_depthwise_conv2d, lambda x, w, s, p: reference.depthwise_conv2d(
        x, w[np.minimum(np.arange(len(w)), 7)], s, p)),
    (course.check_separable_macs, lambda *given: tuple(int(float(n)) for n in macs(*given))),
    (course.check_dilated_conv2d, lambda x, w, d: reference.depthwise_conv2d(x, w, 1, "same", min(d, 8))),
    (course.check_receptive_field, lambda layers: tuple(course.RECEPTIVE_FIELD.solution(layers[:8]).values())),
]  # fmt: skip


@pytest.mark.parametrize(("check", "wrong"), CORNERS)
def test_a_fault_in_a_corner_shows_and_is_called_by_no_name(check, wrong):
    report = check(wrong)
    assert not report.passed and report.mistake is None, report


def test_lost_digits_are_told():
    report = course.check_separable_macs(lambda *given: tuple(int(float(n)) for n in macs(*given)))
    assert "the last digits of large numbers are lost" in repr(report).replace("\n  ", " ")


def test_the_counts_are_those_of_the_layers():
    for h, w, c, o, k in [(3, 4, 5, 6, 3), (7, 2, 1, 3, 5), (4, 4, 2, 2, 1)]:
        dense = nn.Conv2d(c, o, k, padding=k // 2, bias=False)
        separate = nn.Sequential(nn.DepthwiseConv2d(c, k), nn.PointwiseConv2d(c, o, bias=False))
        counts = {"dense": profile(dense, (1, c, h, w)).macs, "separable": profile(separate, (1, c, h, w)).macs}
        assert counts == course.SEPARABLE_MACS.solution(h, w, c, o, k)
