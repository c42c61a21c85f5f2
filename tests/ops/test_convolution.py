"""Every convolution against its reference twin: values, gradients, memory orders, and what must not happen on the way."""

import itertools

import conv_draws as draws
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minimix as mm
import minimix.functional as F
from minimix.kernels import memory

rng = np.random.default_rng(0)


def assert_close(found, expected, dtype, what=""):
    """Within rounding of sums: relative to the largest entry."""
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    assert found.shape == expected.shape and found.dtype == dtype, what
    np.testing.assert_allclose(found, expected, rtol=0, atol=scale * (2e-5 if dtype == np.float32 else 1e-12), err_msg=what)


def check(case, dtype=np.float64, how="as it is"):
    """Forward and gradients in ``dtype`` against the twin in float64."""
    case = case.cast(dtype)
    exact = case.cast(np.float64)
    expected = exact.reference()
    arrays = [draws.frozen(a, how) for a in case.arrays]
    out, tensors = case.run(arrays=arrays)
    assert_close(out.data, expected, dtype, "output")
    gradient = draws.frozen(draws.cotangent(expected).astype(dtype), how)
    kept = gradient.copy()
    out.backward(gradient)
    for i, (tensor, grad) in enumerate(zip(tensors, exact.reference_gradients(gradient.astype(float)), strict=True)):
        assert_close(tensor.grad, grad, dtype, f"gradient of array {i}")
    for a, b in zip([*arrays, gradient], [*case.arrays, kept], strict=True):
        np.testing.assert_array_equal(a, b, err_msg="an input was changed")


@draws.many
@given(draws.mixed(), draws.dtypes)
def test_mixed_is_its_twin(case, dtype):
    check(case, dtype)


@draws.many
@given(draws.depthwise(), draws.dtypes)
def test_depthwise_is_its_twin(case, dtype):
    check(case, dtype)


@draws.many
@given(draws.dense(), draws.dtypes)
def test_dense_is_its_twin(case, dtype):
    check(case, dtype)


@draws.many
@given(draws.pointwise(), draws.dtypes)
def test_pointwise_is_its_twin(case, dtype):
    check(case, dtype)


@draws.many
@given(draws.anything, st.sampled_from(draws.ARRANGEMENTS), draws.dtypes)
def test_any_memory_order(case, how, dtype):
    check(case, dtype, how)


@pytest.mark.parametrize("how", draws.ARRANGEMENTS)
@pytest.mark.parametrize("n", [5, 32])
def test_any_memory_order_of_large_arrays(n, how):
    """Above the sizes where work is shared among threads and pictures are turned by a kernel."""
    x, w3, w5, w1, w = (
        rng.standard_normal(s) for s in ((n, 12, 17, 13), (8, 1, 3, 3), (4, 1, 5, 5), (10, 12, 1, 1), (8, 6, 3, 3))
    )
    check(draws.Case("mixconv2d", [x, w3, w5], {"stride": 2}), how=how)
    check(draws.Case("pointwise_conv2d", [x, w1], {}), how=how)
    check(draws.Case("conv2d", [x, w, rng.standard_normal(8)], {"groups": 2, "padding": 1}), how=how)


@draws.few
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 70), st.integers(1, 300), draws.dtypes, draws.seeds)
def test_products_of_any_size(ins, outs, n, pixels, dtype, seed):
    """More rows and columns than the tiles of the product have."""
    random = np.random.default_rng(seed)
    x, weight = random.standard_normal((n, ins, 1, pixels)), random.standard_normal((outs, ins, 1, 1))
    check(draws.Case("pointwise_conv2d", [x, weight], {}), dtype)


@pytest.mark.parametrize("outs, ins", [(64, 3), (65, 130), (3, 257), (130, 1)])
def test_products_with_many_rows(outs, ins):
    check(draws.Case("pointwise_conv2d", [rng.standard_normal((7, ins, 5, 9)), rng.standard_normal((outs, ins, 1, 1))], {}))


# -- gradients that nobody asked for -----------------------------------------------------------------------------------


@draws.few
@given(draws.anything)
def test_selected_gradients_are_those_of_the_full_pass(case):
    out, tensors = case.run()
    out.backward(draws.cotangent(out.data))
    full = [t.grad for t in tensors]
    for needed in itertools.product([True, False], repeat=len(tensors)):
        if any(needed):
            out, tensors = case.run(needed)
            out.backward(draws.cotangent(out.data))
            for tensor, wanted, grad in zip(tensors, needed, full, strict=True):
                assert (tensor.grad is not None) == wanted
                if wanted:
                    np.testing.assert_array_equal(tensor.grad, grad)


def test_backward_twice_gives_the_same():
    case = draws.Case("mixconv2d", [rng.standard_normal(s) for s in ((3, 5, 6, 7), (6, 1, 3, 3), (4, 1, 5, 4))], {"stride": 2})
    out, tensors = case.run()
    out.backward(draws.cotangent(out.data), retain_graph=True)
    once = [t.grad.copy() for t in tensors]
    out.backward(draws.cotangent(out.data))
    for tensor, grad in zip(tensors, once, strict=True):
        np.testing.assert_array_equal(tensor.grad, grad + grad)


# -- what is not finite ------------------------------------------------------------------------------------------------


def finite_as(found, expected):
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected), err_msg="NaN")
    np.testing.assert_array_equal(np.isposinf(found), np.isposinf(expected), err_msg="inf")
    np.testing.assert_array_equal(np.isneginf(found), np.isneginf(expected), err_msg="-inf")


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # inf - inf in the twin
@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
@draws.many
@given(data=st.data())
def test_a_pixel_that_is_not_finite_spreads_as_in_the_twin(poison, data):
    case = data.draw(draws.anything.filter(lambda c: c.arrays[0].size))
    x = case.arrays[0]
    x[tuple(data.draw(st.integers(0, length - 1)) for length in x.shape)] = poison
    out, _ = case.run()
    finite_as(out.data, case.reference())


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("poison", [np.nan, np.inf])
@draws.few
@given(data=st.data())
def test_a_gradient_that_is_not_finite_spreads_as_in_the_twin(poison, data):
    case = data.draw(draws.anything.filter(lambda c: c.arrays[0].size))
    out, tensors = case.run()
    gradient = draws.cotangent(out.data)
    gradient[tuple(data.draw(st.integers(0, length - 1)) for length in gradient.shape)] = poison
    out.backward(gradient)
    expected = case.reference_gradients(gradient)
    finite_as(tensors[0].grad, expected[0])
    for tensor, grad in zip(tensors[1:], expected[1:], strict=True):
        finite_as(tensor.grad, grad)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
@draws.few
@given(data=st.data())
def test_a_number_that_is_not_finite_reaches_only_what_it_meets(poison, data):
    """Neither a weight nor a pixel meets the border of zeros, forward or backward."""
    case = data.draw(draws.anything.filter(lambda c: c.arrays[0].size))
    array = case.arrays[data.draw(st.integers(0, len(case.arrays) - 1))]
    array[tuple(data.draw(st.integers(0, length - 1)) for length in array.shape)] = poison
    out, tensors = case.run()
    expected = case.reference()
    finite_as(out.data, expected)
    np.testing.assert_allclose(out.data[np.isfinite(expected)], expected[np.isfinite(expected)], rtol=0, atol=1e-11)
    gradient = draws.cotangent(out.data)
    out.backward(gradient)
    for tensor, grad in zip(tensors, case.reference_gradients(gradient), strict=True):
        finite_as(tensor.grad, grad)


# -- complex numbers: forward only -------------------------------------------------------------------------------------


@draws.few
@given(draws.anything, draws.seeds)
def test_complex_forward(case, seed):
    random = np.random.default_rng(seed)
    case.arrays = [a + 1j * random.standard_normal(a.shape) for a in case.arrays]
    out, _ = case.run()
    assert out.dtype == np.complex128
    np.testing.assert_allclose(out.data, case.reference(), rtol=1e-12, atol=1e-12)
    with pytest.raises(TypeError, match="complex"):
        out.backward(np.ones_like(out.data))


# -- one image ---------------------------------------------------------------------------------------------------------


@draws.few
@given(draws.anything.filter(lambda c: c.arrays[0].shape[0] > 0))
def test_one_image_without_the_axis_of_images(case):
    case.arrays[0] = case.arrays[0][:1]
    batch, tensors = case.run()
    batch.backward(draws.cotangent(batch.data))
    x = mm.Tensor(case.arrays[0][0], requires_grad=True)
    single = case.call(F, [x, *(mm.Tensor(a) for a in case.arrays[1:])])
    np.testing.assert_array_equal(single.data, batch.data[0])
    single.backward(draws.cotangent(batch.data)[0])
    np.testing.assert_array_equal(x.grad, tensors[0].grad[0])


@pytest.mark.parametrize("name", ["conv2d", "depthwise_conv2d", "mixconv2d", "pointwise_conv2d"])
def test_an_empty_batch_has_gradients_of_zero(name):
    k = 1 if name == "pointwise_conv2d" else 3
    case = draws.Case(
        name, [np.zeros((0, 2, 5, 6)), rng.standard_normal((2, 2 if k == 1 or name == "conv2d" else 1, k, k))], {}
    )
    out, (x, weight) = case.run()
    assert out.shape[:2] == (0, 2)
    out.backward(np.zeros(out.shape))
    assert x.grad.shape == (0, 2, 5, 6) and weight.grad.shape == weight.shape and not weight.grad.any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_a_corner_tap_that_is_not_finite_reaches_nine_of_sixteen_pixels(groups, poison, dtype):
    weight = np.ones((4, 4 // groups, 3, 3), dtype)
    weight[0, 0, 0, 0] = poison
    x, weight = mm.Tensor(np.ones((2, 4, 4, 4), dtype), requires_grad=True), mm.Tensor(weight, requires_grad=True)
    out = F.conv2d(x, weight, padding=1, groups=groups)
    wild = np.zeros((4, 4, 4), bool)
    wild[0, 1:, 1:] = True
    np.testing.assert_array_equal(~np.isfinite(out.data), np.broadcast_to(wild, (2, 4, 4, 4)))
    plain = weight.data.copy()
    plain[0, 0, 0, 0] = 0
    np.testing.assert_array_equal(out.data[:, ~wild], F.conv2d(x, plain, padding=1, groups=groups).data[:, ~wild])
    out.backward(np.ones_like(out.data))
    assert np.isfinite(weight.grad).all()
    wild[0] = wild[0, ::-1, ::-1]  # the pixels that the tap meets
    np.testing.assert_array_equal(~np.isfinite(x.grad), np.broadcast_to(wild, (2, 4, 4, 4)))


@pytest.mark.parametrize("kernel", [3, 1])
def test_a_gradient_that_is_not_finite_leaves_taps_on_the_border_alone(kernel):
    x = mm.Tensor(np.ones((1, 2, 4, 4)), requires_grad=True)
    weight = mm.Tensor(np.ones((3, 2, kernel, kernel)), requires_grad=True)
    out = F.conv2d(x, weight, padding=1)
    gradient = np.ones_like(out.data)
    gradient[0, 1, 0, 0] = np.inf
    out.backward(gradient)
    met = np.zeros((3, 2, kernel, kernel), bool)
    if kernel == 3:
        met[1, :, 1:, 1:] = True
    np.testing.assert_array_equal(np.isposinf(weight.grad), met)
    assert np.isfinite(weight.grad[~met]).all()


def test_padding_of_two_lengths_and_weights_that_are_not_finite():
    x, weight = rng.standard_normal((1, 2, 4, 4)), rng.standard_normal((2, 2, 3, 3))
    weight[0, 0, 2, 2] = np.nan  # with zeros at the end alone, it meets all but the last window of each row and column
    out = F.conv2d(x, weight, padding="tf_same", stride=2).data
    np.testing.assert_array_equal(np.isnan(out[0]), [[[True, False], [False, False]], np.zeros((2, 2))])


@pytest.mark.parametrize("size", [(1, 2), (2, 1), (2, 2), (3, 3)])
@pytest.mark.parametrize("groups", [1, 2])
def test_one_pixel_of_several_through_a_1x1_kernel(size, groups):
    """A stride that leaves one window is no stride, but the window is not the picture."""
    x, weight = rng.standard_normal((5, 4, *size)), rng.standard_normal((6, 4 // groups, 1, 1))
    check(draws.Case("conv2d", [x, weight], {"stride": 3, "groups": groups}))


@pytest.mark.parametrize(
    "n, c, size, outs, options",
    [
        (3, 62, (7, 6), 9, {"padding": 1}),  # 558 rows of columns: more than are summed in one go
        (2, 3, (6, 9), 530, {"stride": 2, "padding": 1}),  # more rows of a gradient than that
        (300, 2, (7, 5), 3, {"stride": 2, "padding": 2}),  # tiles that begin and end among the images of a pixel
        (1, 5, (41, 83), 70, {"stride": (1, 2), "padding": 1}),  # one image; more outputs than one thread takes at once
        (1, 4, (3, 50), 6, {"dilation": (1, 20), "groups": 2, "padding": (1, 19)}),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dense_beyond_one_tile(n, c, size, outs, options, dtype):
    arrays = [rng.standard_normal(shape) for shape in ((n, c, *size), (outs, c // options.get("groups", 1), 3, 3), (outs,))]
    check(draws.Case("conv2d", arrays, options), dtype)


def test_the_windows_of_a_picture_never_lie_in_memory_together(monkeypatch):
    x, weight = mm.Tensor(np.ones((8, 3, 96, 96)), requires_grad=True), mm.Tensor(np.ones((4, 3, 7, 7)), requires_grad=True)
    asked, empty = [], memory.empty
    monkeypatch.setattr(memory, "empty", lambda *args: asked.append(empty(*args).nbytes) or empty(*args))
    mm.set_num_threads(1)
    F.conv2d(x, weight, padding=3).sum().backward()
    assert asked and max(asked) < 2 * x.data.nbytes < 49 * x.data.nbytes
