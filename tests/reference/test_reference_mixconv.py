"""Depthwise and mixed convolution of the reference: against the loops, against PyTorch, and by their own properties."""

import conv_cases as cases
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimix import reference
from minimix.padding import pair, resolve

close = {"rtol": 1e-12, "atol": 1e-12}


def some_gradient(out):
    return np.cos(np.arange(out.size)).reshape(out.shape)


@cases.tiny
@given(cases.mixed())
def test_taps_are_loops(case):
    x, weights, options = case
    out = reference.mixconv2d(x, weights, **options)
    np.testing.assert_allclose(out, reference.loops.mixconv2d(x, weights, **options), **close)
    gradient = some_gradient(out)
    grad_x, grad_weights = reference.loops.mixconv2d_grads(gradient, x, weights, **options)
    np.testing.assert_allclose(reference.mixconv2d_input_grad(gradient, x, weights, **options), grad_x, **close)
    ours = reference.mixconv2d_weight_grad(gradient, x, weights, **options)
    for a, b in zip(ours, grad_weights, strict=True):
        np.testing.assert_allclose(a, b, **close)


def torch_depthwise(torch, x, weight, options):
    """PyTorch's depthwise convolution, with the border laid on before it: it pads neither by halves nor as TensorFlow."""
    stride, dilation = pair(options["stride"], "stride"), pair(options["dilation"], "dilation")
    (top, bottom), (left, right) = resolve(options["padding"], tuple(x.shape[2:]), tuple(weight.shape[2:]), stride, dilation)
    framed = torch.nn.functional.pad(x, (left, right, top, bottom))
    return torch.nn.functional.conv2d(framed, weight, None, stride, 0, dilation, groups=x.shape[1])


@cases.tiny
@given(cases.depthwise())
def test_depthwise_against_torch(case):
    torch = pytest.importorskip("torch")
    x, weight, options = case
    tx, tw = (torch.tensor(a, requires_grad=True) for a in (x, weight))
    oracle = torch_depthwise(torch, tx, tw, options)
    out = reference.depthwise_conv2d(x, weight, **options)
    np.testing.assert_allclose(out, oracle.detach().numpy(), **close)
    np.testing.assert_allclose(out, reference.loops.depthwise_conv2d(x, weight, **options), **close)
    gradient = some_gradient(out)
    oracle.backward(torch.tensor(gradient))
    np.testing.assert_allclose(reference.depthwise_conv2d_input_grad(gradient, x, weight, **options), tx.grad.numpy(), **close)
    np.testing.assert_allclose(reference.depthwise_conv2d_weight_grad(gradient, x, weight, **options), tw.grad.numpy(), **close)


@cases.tiny
@given(cases.mixed())
def test_mixed_against_torch(case):
    torch = pytest.importorskip("torch")
    x, weights, options = case
    tx, *tw = (torch.tensor(a, requires_grad=True) for a in (x, *weights))
    multiplier = sum(w.shape[0] for w in weights) // x.shape[1]
    parts = torch.split(tx, [w.shape[0] // multiplier for w in weights], dim=1)
    dilations = options["dilation"] if isinstance(options["dilation"], list) else [options["dilation"]] * len(weights)
    oracle = torch.cat(
        [torch_depthwise(torch, p, w, {**options, "dilation": d}) for p, w, d in zip(parts, tw, dilations, strict=True)], dim=1
    )
    out = reference.mixconv2d(x, weights, **options)
    np.testing.assert_allclose(out, oracle.detach().numpy(), **close)
    gradient = some_gradient(out)
    oracle.backward(torch.tensor(gradient))
    np.testing.assert_allclose(reference.mixconv2d_input_grad(gradient, x, weights, **options), tx.grad.numpy(), **close)
    for a, b in zip(reference.mixconv2d_weight_grad(gradient, x, weights, **options), tw, strict=True):
        np.testing.assert_allclose(a, b.grad.numpy(), **close)


@cases.tiny
@given(cases.mixed())
def test_the_gradients_are_adjoint_to_the_convolution(case):
    """<g, A x> = <A' g, x>, for A as a map of x and as a map of the weights."""
    x, weights, options = case
    out = reference.mixconv2d(x, weights, **options)
    gradient = some_gradient(out)
    product, scale = np.vdot(gradient, out), 1e-11 * max(1, out.size)
    assert np.vdot(reference.mixconv2d_input_grad(gradient, x, weights, **options), x) == pytest.approx(product, abs=scale)
    grads = reference.mixconv2d_weight_grad(gradient, x, weights, **options)
    assert sum(np.vdot(a, b) for a, b in zip(grads, weights, strict=True)) == pytest.approx(product, abs=scale)


@cases.tiny
@given(cases.mixed())
def test_linear_in_x_and_in_the_weights(case):
    x, weights, options = case
    other_x, other = np.cos(x * 7), [np.cos(w * 5) for w in weights]
    both = reference.mixconv2d(2 * x - other_x, [w + 3 * o for w, o in zip(weights, other, strict=True)], **options)
    parts = [reference.mixconv2d(a, b, **options) for a in (x, other_x) for b in (weights, other)]
    np.testing.assert_allclose(both, 2 * parts[0] + 6 * parts[1] - parts[2] - 3 * parts[3], rtol=1e-11, atol=1e-11)


@cases.tiny
@given(st.integers(1, 2), st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(1, 3), cases.seeds)
def test_mixed_is_depthwise_with_small_kernels_embedded_in_zeros(n, h, w, stride, m, seed):
    x, w3, w5, w7 = cases.normal(seed, (n, 4, h, w), (2 * m, 1, 3, 3), (m, 1, 5, 5), (m, 1, 7, 7))
    embedded = np.concatenate([np.pad(a, ((0, 0), (0, 0), (r, r), (r, r))) for a, r in ((w3, 2), (w5, 1), (w7, 0))])
    mixed = reference.mixconv2d(x, [w3, w5, w7], stride)
    np.testing.assert_allclose(mixed, reference.depthwise_conv2d(x, embedded, stride), **close)


@cases.tiny
@given(cases.depthwise())
def test_dilation_is_a_kernel_stuffed_with_zeros(case):
    x, weight, options = case
    dh, dw = pair(options["dilation"], "dilation")
    kh, kw = weight.shape[2:]
    stuffed = np.zeros((weight.shape[0], 1, dh * (kh - 1) + 1, dw * (kw - 1) + 1))
    stuffed[:, :, ::dh, ::dw] = weight
    out = reference.depthwise_conv2d(x, weight, **options)
    np.testing.assert_allclose(out, reference.depthwise_conv2d(x, stuffed, **{**options, "dilation": 1}), **close)


@cases.tiny
@given(cases.depthwise())
def test_depthwise_is_mixed_with_one_group_and_dense_with_as_many_groups_as_channels(case):
    x, weight, options = case
    out = reference.depthwise_conv2d(x, weight, **options)
    mixed = reference.mixconv2d(x, [weight], **{**options, "dilation": [options["dilation"]]})
    np.testing.assert_array_equal(out, mixed)
    if options["padding"] != "same":
        np.testing.assert_allclose(out, reference.conv2d(x, weight, None, **options, groups=x.shape[1]), **close)


def test_output_channel_z_sees_channel_z_over_m():
    x = np.zeros((1, 3, 1, 1))
    x[0, :, 0, 0] = 1, 10, 100
    weights = [np.array([2.0, 3, 4, 5]).reshape(4, 1, 1, 1), np.array([6.0, 7]).reshape(2, 1, 1, 1)]
    assert reference.mixconv2d(x, weights).ravel().tolist() == [2, 3, 40, 50, 600, 700]


def test_a_kernel_of_one_central_tap_changes_nothing_at_stride_1_and_picks_pixels_at_stride_2():
    (x,) = cases.normal(1, (2, 2, 8, 8))
    weights = [np.zeros((1, 1, k, k)) for k in (3, 5)]
    for weight in weights:
        weight[0, 0, weight.shape[2] // 2, weight.shape[3] // 2] = 1
    np.testing.assert_array_equal(reference.mixconv2d(x, weights), x)
    np.testing.assert_array_equal(reference.mixconv2d(x, weights, stride=2), x[:, :, ::2, ::2])
    # TensorFlow's padding has one zero less in front, so its windows are centred on the odd pixels
    np.testing.assert_array_equal(reference.mixconv2d(x, weights, stride=2, padding="tf_same"), x[:, :, 1::2, 1::2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_dtypes_stay(dtype):
    x, *weights = (a.astype(dtype) for a in cases.normal(4, (2, 3, 5, 5), (2, 1, 3, 3), (1, 1, 5, 5)))
    out = reference.mixconv2d(x, weights)
    grads = [reference.mixconv2d_input_grad(out, x, weights), *reference.mixconv2d_weight_grad(out, x, weights)]
    assert [a.dtype for a in (out, *grads)] == [dtype] * 4


def test_complex_numbers_are_multiplied_without_conjugation():
    a, b, c, d = cases.normal(5, (1, 2, 5, 5), (1, 2, 5, 5), (2, 1, 3, 3), (2, 1, 3, 3))
    out = reference.depthwise_conv2d(a + 1j * b, c + 1j * d)
    (ac, ad), (bc, bd) = [[reference.depthwise_conv2d(x, w) for w in (c, d)] for x in (a, b)]
    np.testing.assert_allclose(out, ac - bd + 1j * (ad + bc), **close)


def test_an_empty_batch():
    x, weights = np.zeros((0, 2, 4, 4)), [np.ones((1, 1, 3, 3)), np.ones((1, 1, 5, 5))]
    out = reference.mixconv2d(x, weights)
    assert out.shape == (0, 2, 4, 4)
    assert reference.mixconv2d_input_grad(out, x, weights).shape == x.shape
    assert [g.any() for g in reference.mixconv2d_weight_grad(out, x, weights)] == [False, False]


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_in_its_channel_and_within_reach(poison):
    x, w3, w5 = cases.normal(7, (2, 2, 7, 7), (1, 1, 3, 3), (1, 1, 5, 5))
    x[1, 1, 3, 3] = poison
    expected = np.zeros((2, 2, 7, 7), bool)
    expected[1, 1, 1:6, 1:6] = True
    np.testing.assert_array_equal(~np.isfinite(reference.mixconv2d(x, [w3, w5])), expected)


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_a_weight_that_is_not_finite_meets_no_border(poison):
    x, weight = np.ones((1, 2, 4, 4)), np.ones((2, 1, 3, 3))
    weight[:, 0, 0, 0] = poison
    out, rest = reference.depthwise_conv2d(x, weight), np.array([4.0, 6, 6, 4])  # as without that tap
    np.testing.assert_array_equal(out[:, :, 0], np.broadcast_to(rest, (1, 2, 4)))
    np.testing.assert_array_equal(out[:, :, 1:, 0], np.broadcast_to(rest[1:], (1, 2, 3)))
    np.testing.assert_array_equal(out[:, :, 1:, 1:], np.full((1, 2, 3, 3), poison))
    np.testing.assert_array_equal(out, reference.loops.depthwise_conv2d(x, weight))


def test_any_memory_order():
    x, w3, w5, gradient = cases.normal(9, (2, 3, 6, 5), (2, 1, 3, 3), (1, 1, 5, 5), (2, 3, 3, 3))
    turned = np.ascontiguousarray(x.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2), w3[:, :, ::-1].copy()[:, :, ::-1]
    np.testing.assert_array_equal(reference.mixconv2d(turned[0], [turned[1], w5], 2), reference.mixconv2d(x, [w3, w5], 2))
    expected = reference.mixconv2d_input_grad(gradient, x, [w3, w5], 2)
    np.testing.assert_array_equal(reference.mixconv2d_input_grad(gradient, turned[0], [turned[1], w5], 2), expected)


def test_inputs_are_left_alone():
    arrays = cases.normal(8, (2, 3, 5, 5), (2, 1, 3, 3), (1, 1, 5, 5), (2, 3, 5, 5))
    before = [a.copy() for a in arrays]
    x, *weights, gradient = arrays
    reference.mixconv2d(x, weights)
    reference.mixconv2d_input_grad(gradient, x, weights)
    reference.mixconv2d_weight_grad(gradient, x, weights)
    for a, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_gradient_of_another_shape_is_refused_not_broadcast():
    x, weight = np.ones((1, 1, 5, 5)), np.ones((1, 1, 3, 3))
    for function, argument in (
        (reference.depthwise_conv2d_input_grad, weight),
        (reference.depthwise_conv2d_weight_grad, weight),
        (reference.mixconv2d_input_grad, [weight]),
        (reference.mixconv2d_weight_grad, [weight]),
    ):
        with pytest.raises(RuntimeError, match=r"gradient has shape \(1, 1, 1, 1\).*\(1, 1, 5, 5\)"):
            function(np.ones((1, 1, 1, 1)), x, argument)
