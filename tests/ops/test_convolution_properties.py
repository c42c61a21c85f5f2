"""What convolutions are, said without an oracle."""

import conv_draws as draws
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minimix.functional as F
from minimix.padding import pair

close = {"rtol": 1e-11, "atol": 1e-11}


@draws.many
@given(draws.anything)
def test_backward_is_the_adjoint(case):
    """<g, A x> = <A' g, x> for A as a map of the picture, and as a map of each weight."""
    out, (x, *rest) = case.run()
    gradient = draws.cotangent(out.data)
    out.backward(gradient)
    whole = np.vdot(gradient, out.data)
    dense = case.name in ("conv2d", "pointwise_conv2d")
    bias = rest.pop() if dense and len(rest) == 2 else None
    of_bias = 0 if bias is None else np.vdot(bias.grad, bias.data)
    scale = 1e-11 * max(1, out.size)
    assert np.vdot(x.grad, x.data) + of_bias == pytest.approx(whole, abs=scale)
    assert sum(np.vdot(w.grad, w.data) for w in rest) + of_bias == pytest.approx(whole, abs=scale)


@draws.many
@given(draws.anything)
def test_linear_in_the_picture_and_in_the_weights(case):
    if case.name in ("conv2d", "pointwise_conv2d"):
        case.arrays = case.arrays[:2]
    x, *weights = case.arrays
    other_x, other = np.cos(x * 7), [np.cos(w * 5) for w in weights]
    both = case.call(F, [2 * x - other_x, *(w + 3 * o for w, o in zip(weights, other, strict=True))]).data
    parts = [case.call(F, [a, *b]).data for a in (x, other_x) for b in (weights, other)]
    np.testing.assert_allclose(both, 2 * parts[0] + 6 * parts[1] - parts[2] - 3 * parts[3], **close)


@draws.few
@given(st.integers(0, 9), st.integers(1, 9), st.integers(1, 9), draws.strides, st.integers(1, 3), draws.seeds)
def test_mixed_is_depthwise_with_small_kernels_embedded_in_zeros(n, h, w, stride, m, seed):
    x, w3, w5, w7 = draws.conv_cases.normal(seed, (n, 4, h, w), (2 * m, 1, 3, 3), (m, 1, 5, 5), (m, 1, 7, 7))
    embedded = np.concatenate([np.pad(a, ((0, 0), (0, 0), (r, r), (r, r))) for a, r in ((w3, 2), (w5, 1), (w7, 0))])
    np.testing.assert_allclose(F.mixconv2d(x, [w3, w5, w7], stride).data, F.depthwise_conv2d(x, embedded, stride).data, **close)


@draws.few
@given(draws.depthwise())
def test_dilation_is_a_kernel_stuffed_with_zeros(case):
    x, weight = case.arrays
    dh, dw = pair(case.options["dilation"], "dilation")
    stuffed = np.zeros((weight.shape[0], 1, dh * (weight.shape[2] - 1) + 1, dw * (weight.shape[3] - 1) + 1))
    stuffed[:, :, ::dh, ::dw] = weight
    out = F.depthwise_conv2d(x, weight, **case.options).data
    np.testing.assert_allclose(out, F.depthwise_conv2d(x, stuffed, **{**case.options, "dilation": 1}).data, **close)


@draws.few
@given(draws.depthwise().filter(lambda c: c.options["padding"] != "same"))
def test_depthwise_is_mixed_with_one_group_and_dense_with_as_many_groups_as_channels(case):
    out, tensors = case.run()
    out.backward(draws.cotangent(out.data))
    given = case.options
    for name, arrays, options in (
        ("mixconv2d", case.arrays, {**given, "dilation": [given["dilation"]]}),
        ("conv2d", case.arrays, {**given, "groups": case.arrays[0].shape[1]}),
        ("conv2d", [*case.arrays, np.zeros(out.shape[1])], {**given, "groups": case.arrays[0].shape[1]}),
    ):
        other, others = draws.Case(name, arrays, options).run()
        other.backward(draws.cotangent(out.data))
        np.testing.assert_allclose(other.data, out.data, **close)
        for a, b in zip(tensors, others, strict=False):
            np.testing.assert_allclose(b.grad, a.grad, **close)


@draws.few
@given(draws.pointwise())
def test_pointwise_is_dense_with_a_kernel_of_one_tap(case):
    out, tensors = case.run()
    out.backward(draws.cotangent(out.data))
    other, others = draws.Case("conv2d", case.arrays, case.options).run()
    other.backward(draws.cotangent(out.data))
    np.testing.assert_allclose(other.data, out.data, **close)
    for a, b in zip(tensors, others, strict=True):
        np.testing.assert_allclose(b.grad, a.grad, **close)


def test_a_kernel_of_one_central_tap_changes_nothing_at_stride_1_and_picks_pixels_at_stride_2():
    x = np.random.default_rng(1).standard_normal((3, 2, 8, 8)).astype(np.float32)
    weights = [np.zeros((1, 1, k, k), np.float32) for k in (3, 5)]
    for weight in weights:
        weight[0, 0, weight.shape[2] // 2, weight.shape[3] // 2] = 1
    np.testing.assert_array_equal(F.mixconv2d(x, weights).data, x)
    np.testing.assert_array_equal(F.mixconv2d(x, weights, stride=2).data, x[:, :, ::2, ::2])
    np.testing.assert_array_equal(F.mixconv2d(x, weights, stride=2, padding="tf_same").data, x[:, :, 1::2, 1::2])
