import numpy as np
import pytest
from helpers import assert_slopes, same_as_torch
from hypothesis import given, settings
from hypothesis import strategies as st

import minimix as mm
import minimix.functional as F

rng = np.random.default_rng(0)
A = rng.standard_normal((2, 3, 7, 6))

MAX_CASES = [
    {"kernel_size": 2},
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": (3, 2), "stride": (1, 3)},
    {"kernel_size": 3, "dilation": 2},
    {"kernel_size": 3, "stride": 2, "ceil_mode": True},
    {"kernel_size": 2, "dilation": (3, 2), "padding": 1},
    {"kernel_size": 3, "stride": 4, "padding": 1, "ceil_mode": True},
    {"kernel_size": 1},
    {"kernel_size": (7, 6)},
    {"kernel_size": 5, "padding": 2},
    {"kernel_size": 8},
    {"kernel_size": 3, "padding": 2},
    {"kernel_size": 0},
    {"kernel_size": 2, "stride": 0},
    {"kernel_size": 2, "padding": -1},
    {"kernel_size": 2, "dilation": 0},
    {"kernel_size": (2, 2, 2)},
    {"kernel_size": 2, "stride": (1, 1, 1)},
    {"kernel_size": 2.5},
]
AVG_CASES = [case for case in MAX_CASES if "dilation" not in case]


@pytest.mark.parametrize("options", MAX_CASES, ids=str)
def test_max_pool_as_torch(options):
    torch = pytest.importorskip("torch")
    same_as_torch(lambda x: F.max_pool2d(x, **options), lambda x: torch.nn.functional.max_pool2d(x, **options), A)


@pytest.mark.parametrize("options", AVG_CASES, ids=str)
@pytest.mark.parametrize("count_include_pad", [True, False])
def test_avg_pool_as_torch(options, count_include_pad):
    torch = pytest.importorskip("torch")
    options = {**options, "count_include_pad": count_include_pad}
    same_as_torch(lambda x: F.avg_pool2d(x, **options), lambda x: torch.nn.functional.avg_pool2d(x, **options), A)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_any_windows_as_torch(data):
    torch = pytest.importorskip("torch")
    pair = lambda low, high: data.draw(st.tuples(st.integers(low, high), st.integers(low, high)))  # noqa: E731
    h, w = pair(1, 9)
    x = np.random.default_rng(data.draw(st.integers(0, 99))).integers(-2, 3, (2, 2, h, w)).astype(float)  # many ties
    options = {"kernel_size": pair(1, 4), "stride": pair(1, 4), "padding": pair(0, 2), "ceil_mode": data.draw(st.booleans())}
    same_as_torch(lambda x: F.avg_pool2d(x, **options), lambda x: torch.nn.functional.avg_pool2d(x, **options), x)
    if min(h, w) > 2:  # on smaller pictures, a dilated window can miss the picture, and PyTorch then reads beyond it
        options["dilation"] = pair(1, 2)
    same_as_torch(lambda x: F.max_pool2d(x, **options), lambda x: torch.nn.functional.max_pool2d(x, **options), x)


@pytest.mark.parametrize("size", [1, 2, (3, 4), (None, 2), (7, 6), (9, 8), (1, 2, 3)], ids=str)
def test_adaptive_as_torch(size):
    torch = pytest.importorskip("torch")
    same_as_torch(lambda x: F.adaptive_avg_pool2d(x, size), lambda x: torch.nn.functional.adaptive_avg_pool2d(x, size), A)


def test_global_average_as_torch():
    same_as_torch(F.global_avg_pool2d, lambda x: x.mean((2, 3)), A)
    same_as_torch(F.global_avg_pool2d, lambda x: x.mean((1, 2)), A[0])


@pytest.mark.parametrize(
    "pool",
    [
        lambda x: F.max_pool2d(x, 3, 2, 1),
        lambda x: F.avg_pool2d(x, 3, 2, 1),
        F.global_avg_pool2d,
        lambda x: F.adaptive_avg_pool2d(x, (2, 4)),
        lambda x: F.max_pool2d(x, 2, dilation=2),
    ],
)
def test_slopes_complex_step_and_memory_order(pool):
    small = A[:, :2, :5, :4]
    assert_slopes(pool, small)
    x = mm.Tensor(small, requires_grad=True)
    y = pool(x)
    weights = rng.standard_normal(y.shape)
    y.backward(weights)
    moved = small.astype(complex)
    moved[1, 0, 2, 1] += 1e-30j
    np.testing.assert_allclose((pool(mm.Tensor(moved)).data * weights).sum().imag / 1e-30, x.grad[1, 0, 2, 1], atol=1e-13)
    activation = np.ascontiguousarray(small.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2)
    z = pool(mm.Tensor(activation))
    np.testing.assert_array_equal(z.data, y.data)
    if z.ndim == 4:
        assert z.data.transpose(1, 2, 3, 0).flags.c_contiguous and y.data.transpose(1, 2, 3, 0).flags.c_contiguous


def test_one_image():
    torch = pytest.importorskip("torch")
    same_as_torch(lambda x: F.max_pool2d(x, 2), lambda x: torch.nn.functional.max_pool2d(x, 2), A[0])
    same_as_torch(lambda x: F.avg_pool2d(x, 2), lambda x: torch.nn.functional.avg_pool2d(x, 2), A[0])


def test_ties_nan_and_infinity():
    torch = pytest.importorskip("torch")
    strange = np.array(
        [[1.0, 1.0, np.nan, 2.0], [1.0, 1.0, 3.0, np.nan], [-np.inf, -np.inf, 0.0, -0.0], [-np.inf, -np.inf, -0.0, np.inf]]
    )
    for options in ({"kernel_size": 2}, {"kernel_size": 3, "stride": 1, "padding": 1}):
        same_as_torch(
            lambda x, o=options: F.max_pool2d(x, **o),
            lambda x, o=options: torch.nn.functional.max_pool2d(x, **o),
            strange[None, None],
        )
    x = mm.Tensor(np.zeros((1, 1, 2, 2)), requires_grad=True)
    F.max_pool2d(x, 2).sum().backward()
    np.testing.assert_array_equal(x.grad[0, 0], [[1, 0], [0, 0]])


def test_no_images():
    assert F.max_pool2d(np.ones((0, 3, 4, 4)), 2).shape == (0, 3, 2, 2)
    assert F.global_avg_pool2d(np.ones((0, 3, 4, 4))).shape == (0, 3)


def test_refusals():
    with pytest.raises(ValueError, match=r"expected \(N, C, H, W\)"):
        F.max_pool2d(np.ones((4, 4)), 2)
    with pytest.raises(TypeError, match="floating-point, not int64"):
        F.avg_pool2d(np.ones((1, 1, 4, 4), np.int64), 2)
    with pytest.raises(ValueError, match="more than half"):
        F.max_pool2d(A, 3, padding=2)
    with pytest.raises(ValueError, match="do not fit"):
        F.avg_pool2d(A, 9)
    with pytest.raises(ValueError, match="only N may be 0"):
        F.global_avg_pool2d(np.ones((1, 0, 4, 4)))


def test_a_window_by_hand():
    x = mm.Tensor(np.array([[[[1.0, 1.0, 5.0], [1.0, 1.0, np.nan]]]]), requires_grad=True)
    y = F.max_pool2d(x, 2, stride=1)
    np.testing.assert_array_equal(y.data[0, 0], [[1, np.nan]])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad[0, 0], [[1, 0, 0], [0, 0, 1]])  # the first of equals; NaN before all


def test_what_an_average_is_divided_by():
    x = mm.Tensor(np.ones((1, 1, 3, 3)), requires_grad=True)
    full = F.avg_pool2d(x, 2, stride=2, padding=1, ceil_mode=True)
    np.testing.assert_array_equal(full.data[0, 0], [[1 / 4, 1 / 2], [1 / 2, 1]])
    np.testing.assert_array_equal(F.avg_pool2d(x, 2, 2, 1, count_include_pad=False).data[0, 0], np.ones((2, 2)))
    # windows at 0-1 and 2-3; of the second only one pixel is there, and beyond the padding nothing counts
    cut = F.avg_pool2d(x, 2, stride=2, ceil_mode=True)
    np.testing.assert_array_equal(cut.data[0, 0], np.ones((2, 2)))
    assert_slopes(lambda x: F.avg_pool2d(x, 2, stride=2, ceil_mode=True), A[:1, :1, :3, :5])
    assert_slopes(lambda x: F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False), A[:1, :1, :4, :5])


@pytest.mark.parametrize("poison", [np.nan, np.inf])
@pytest.mark.parametrize("size", [1, (2, 3), (7, 6), (9, 4)])
def test_a_pixel_that_is_not_finite_stays_in_its_windows_as_in_torch(size, poison):
    torch = pytest.importorskip("torch")
    x, gradient = A.copy(), rng.standard_normal((2, 3, *((size, size) if size == 1 else size)))
    x[0, 1, 2, 5] = x[1, 2, 6, 0] = poison
    gradient[1, 0, 0, -1] = poison
    mine, peer = mm.Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    found, expected = F.adaptive_avg_pool2d(mine, size), torch.nn.functional.adaptive_avg_pool2d(peer, size)
    found.backward(gradient)
    expected.backward(torch.tensor(gradient))
    np.testing.assert_allclose(found.data, expected.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(mine.grad, peer.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize("size", [0, (0, 3), (2, 0)])
def test_adaptive_pool_to_nothing_as_torch(size):
    torch = pytest.importorskip("torch")
    adaptive = torch.nn.functional.adaptive_avg_pool2d
    same_as_torch(lambda x: F.adaptive_avg_pool2d(x, size), lambda x: adaptive(x, size), A, gradient=False)


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
@pytest.mark.parametrize("stride", [50_000, (50_000, 1), (2, 50_000)])
def test_steps_far_beyond_the_picture_as_torch(name, stride):
    torch = pytest.importorskip("torch")
    same_as_torch(lambda x: getattr(F, name)(x, 3, stride, 1), lambda x: getattr(torch.nn.functional, name)(x, 3, stride, 1), A)
