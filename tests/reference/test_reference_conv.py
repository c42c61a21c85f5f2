"""Dense and pointwise convolution of the reference: against the loops, against PyTorch, and by their own properties."""

import conv_cases as cases
import numpy as np
import pytest
from hypothesis import given

from minimix import reference
from minimix.padding import pair, resolve

close = {"rtol": 1e-12, "atol": 1e-12}


@cases.tiny
@given(cases.dense())
def test_taps_are_loops(case):
    x, weight, bias, options = case
    out = reference.conv2d(x, weight, bias, **options)
    np.testing.assert_allclose(out, reference.loops.conv2d(x, weight, bias, **options), **close)
    gradient = np.cos(np.arange(out.size)).reshape(out.shape)
    grad_x, grad_weight = reference.loops.conv2d_grads(gradient, x, weight, **options)
    np.testing.assert_allclose(reference.conv2d_input_grad(gradient, x, weight, **options), grad_x, **close)
    np.testing.assert_allclose(reference.conv2d_weight_grad(gradient, x, weight, **options), grad_weight, **close)


@cases.tiny
@given(cases.dense())
def test_against_torch(case):
    torch = pytest.importorskip("torch")
    x, weight, bias, options = case
    # PyTorch knows neither "tf_same" nor asymmetric padding: the border is laid on before the convolution
    stride, dilation = pair(options["stride"], "stride"), pair(options["dilation"], "dilation")
    (top, bottom), (left, right) = resolve(options["padding"], x.shape[2:], weight.shape[2:], stride, dilation)
    tx, tw = (torch.tensor(a, requires_grad=True) for a in (x, weight))
    framed = torch.nn.functional.pad(tx, (left, right, top, bottom))
    tb = None if bias is None else torch.tensor(bias)
    oracle = torch.nn.functional.conv2d(framed, tw, tb, stride, 0, dilation, options["groups"])
    out = reference.conv2d(x, weight, bias, **options)
    np.testing.assert_allclose(out, oracle.detach().numpy(), **close)
    gradient = np.cos(np.arange(out.size)).reshape(out.shape)
    oracle.backward(torch.tensor(gradient))
    np.testing.assert_allclose(reference.conv2d_input_grad(gradient, x, weight, **options), tx.grad.numpy(), **close)
    np.testing.assert_allclose(reference.conv2d_weight_grad(gradient, x, weight, **options), tw.grad.numpy(), **close)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize("kernel", [(3, 3), (2, 4), (4, 1), (1, 5)])
@pytest.mark.parametrize("dilation", [1, 2, (1, 3)])
def test_same_is_torchs_same(kernel, dilation):
    torch = pytest.importorskip("torch")
    x, weight = cases.normal(1, (2, 3, 7, 6), (4, 3, *kernel))
    oracle = torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(weight), padding="same", dilation=dilation)
    np.testing.assert_allclose(reference.conv2d(x, weight, padding="same", dilation=dilation), oracle.numpy(), **close)


@cases.tiny
@given(cases.dense())
def test_the_gradients_are_adjoint_to_the_convolution(case):
    """<g, A x> = <A' g, x>, for A as a map of x and as a map of weight."""
    x, weight, _, options = case
    out = reference.conv2d(x, weight, **options)
    gradient = np.sin(1 + np.arange(out.size)).reshape(out.shape)
    product = np.vdot(gradient, out)
    scale = 1e-11 * max(1, out.size)
    assert np.vdot(reference.conv2d_input_grad(gradient, x, weight, **options), x) == pytest.approx(product, abs=scale)
    assert np.vdot(reference.conv2d_weight_grad(gradient, x, weight, **options), weight) == pytest.approx(product, abs=scale)


@cases.tiny
@given(cases.dense())
def test_linear_in_x_and_in_weight(case):
    x, weight, _, options = case
    other_x, other_weight = np.cos(x * 7), np.cos(weight * 5)
    both = reference.conv2d(2 * x - other_x, weight + 3 * other_weight, **options)
    parts = [reference.conv2d(a, b, **options) for a in (x, other_x) for b in (weight, other_weight)]
    np.testing.assert_allclose(both, 2 * parts[0] + 6 * parts[1] - parts[2] - 3 * parts[3], rtol=1e-11, atol=1e-11)


def test_groups_are_convolutions_side_by_side():
    x, weight, bias = cases.normal(2, (2, 6, 5, 5), (9, 2, 3, 3), (9,))
    parts = [
        reference.conv2d(x[:, 2 * t : 2 * t + 2], weight[3 * t : 3 * t + 3], bias[3 * t : 3 * t + 3], padding=1)
        for t in range(3)
    ]
    np.testing.assert_allclose(reference.conv2d(x, weight, bias, padding=1, groups=3), np.concatenate(parts, axis=1), **close)


@pytest.mark.parametrize("groups", [1, 2])
def test_pointwise_is_a_1x1_convolution(groups):
    x, weight, bias = cases.normal(3, (2, 6, 4, 5), (8, 6 // groups, 1, 1), (8,))
    out = reference.pointwise_conv2d(x, weight, bias, groups)
    np.testing.assert_allclose(out, reference.loops.conv2d(x, weight, bias, groups=groups), **close)
    without = reference.pointwise_conv2d(x, weight, groups=groups)
    np.testing.assert_allclose(out - without, np.broadcast_to(bias[:, None, None], out.shape), **close)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_dtypes_stay(dtype):
    x, weight = (a.astype(dtype) for a in cases.normal(4, (2, 3, 5, 5), (4, 3, 3, 3)))
    out = reference.conv2d(x, weight, weight[:, 0, 0, 0])
    assert out.dtype == dtype
    assert reference.conv2d_input_grad(out, x, weight).dtype == reference.conv2d_weight_grad(out, x, weight).dtype == dtype
    assert reference.pointwise_conv2d(x, weight[:, :, :1, :1]).dtype == dtype


def test_complex_numbers_are_multiplied_without_conjugation():
    a, b, c, d = cases.normal(5, (1, 2, 5, 5), (1, 2, 5, 5), (3, 2, 3, 3), (3, 2, 3, 3))
    out = reference.conv2d(a + 1j * b, c + 1j * d)
    real = [[reference.conv2d(x, w) for w in (c, d)] for x in (a, b)]
    np.testing.assert_allclose(out, real[0][0] - real[1][1] + 1j * (real[0][1] + real[1][0]), **close)


def test_an_empty_batch():
    x, weight = np.zeros((0, 2, 4, 4)), np.ones((3, 2, 3, 3))
    assert reference.conv2d(x, weight).shape == (0, 3, 2, 2)
    assert reference.conv2d_input_grad(np.zeros((0, 3, 2, 2)), x, weight).shape == x.shape
    assert not reference.conv2d_weight_grad(np.zeros((0, 3, 2, 2)), x, weight).any()


def test_nan_spreads_to_the_windows_that_hold_it_and_no_further():
    x, weight = cases.normal(7, (1, 1, 6, 6), (1, 1, 3, 3))
    x[0, 0, 2, 3] = np.nan
    expected = np.zeros((6, 6), bool)
    expected[1:4, 2:5] = True
    np.testing.assert_array_equal(np.isnan(reference.conv2d(x, weight, padding=1)[0, 0]), expected)


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_not_finite_meets_no_border(poison):
    x, weight = np.ones((1, 2, 4, 4)), np.ones((2, 2, 3, 3))
    weight[0, 0, 0, 0] = poison
    out, rest = reference.conv2d(x, weight, padding=1), np.array([8.0, 12, 12, 8])  # as without that tap
    np.testing.assert_array_equal(out[0, 0, 0], rest)
    np.testing.assert_array_equal(out[0, 0, 1:, 0], rest[1:])
    np.testing.assert_array_equal(out[0, 0, 1:, 1:], np.full((3, 3), poison))
    assert np.isfinite(out[0, 1]).all()
    np.testing.assert_array_equal(out, reference.loops.conv2d(x, weight, padding=1))


def test_an_infinite_gradient_counts_only_for_taps_on_the_picture():
    x, weight, gradient = np.ones((1, 1, 4, 4)), np.ones((1, 1, 3, 3)), np.zeros((1, 1, 4, 4))
    gradient[0, 0, 0, 0] = np.inf  # in the corner, where the first row and column of taps lie on the border
    found = reference.conv2d_weight_grad(gradient, x, weight, padding=1)
    np.testing.assert_array_equal(found[0, 0], [[0, 0, 0], [0, np.inf, np.inf], [0, np.inf, np.inf]])
    np.testing.assert_array_equal(found, reference.loops.conv2d_grads(gradient, x, weight, padding=1)[1])


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_infinite_numbers_against_torch():
    """Without padding: with it, PyTorch's float64 multiplies the border, too, and its float32 does not."""
    torch = pytest.importorskip("torch")
    x, weight = normal_with_infinities()
    oracle = torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(weight), stride=2)
    np.testing.assert_allclose(reference.conv2d(x, weight, stride=2), oracle.numpy(), **close)


def normal_with_infinities():
    x, weight = cases.normal(9, (2, 2, 6, 6), (2, 2, 3, 3))
    weight[0, 1, 0, 2], weight[1, 0, 1, 1] = np.inf, -np.inf
    x[1, 0, 3, 3] = np.inf
    return x, weight


def test_inputs_are_left_alone():
    arrays = cases.normal(8, (2, 4, 5, 5), (4, 2, 3, 3), (2, 4, 5, 5))
    before = [a.copy() for a in arrays]
    x, weight, gradient = arrays
    reference.conv2d(x, weight, weight[:, 0, 0, 0], padding=1, groups=2)
    reference.conv2d_input_grad(gradient, x, weight, padding=1, groups=2)
    reference.conv2d_weight_grad(gradient, x, weight, padding=1, groups=2)
    for a, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_gradient_of_another_shape_is_refused_not_broadcast():
    x, weight = np.ones((1, 1, 5, 5)), np.ones((1, 1, 3, 3))
    for function in (reference.conv2d_input_grad, reference.conv2d_weight_grad):
        with pytest.raises(RuntimeError, match=r"gradient has shape \(1, 1, 1, 1\).*\(1, 1, 3, 3\)"):
            function(np.ones((1, 1, 1, 1)), x, weight)
