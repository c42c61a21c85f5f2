"""Activations, softmax, cross-entropy, batch norm and pooling of the reference."""

import numpy as np
import pytest

from minimix import reference

close = {"rtol": 1e-12, "atol": 1e-12}
wild = np.array([-np.inf, -1000.0, -7.0, -3.0, -1.0, -0.0, 0.0, 0.5, 3.0, 6.0, 8.0, 1000.0, np.inf, np.nan])


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


# -- activations --------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # swish(-inf) is -inf * 0, here as in PyTorch
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("relu", "relu"), ("relu6", "relu6"), ("sigmoid", "sigmoid"), ("swish", "silu"), ("hard_swish", "hardswish")],
)
def test_activations_against_torch(ours, theirs):
    torch = pytest.importorskip("torch")
    x = np.concatenate([wild, 4 * normal(1, 50)])
    if ours == "hard_swish":
        x = x[np.isfinite(x)]  # PyTorch's vectorised and scalar forms differ at infinity
    oracle = getattr(torch.nn.functional, theirs)(torch.tensor(x)).numpy()
    np.testing.assert_allclose(getattr(reference, ours)(x), oracle, **close)


def test_activations_at_known_places():
    assert reference.relu(wild[1:-1]).tolist() == [0] * 6 + [0.5, 3, 6, 8, 1000, np.inf]
    assert reference.relu6(wild[1:-1]).tolist() == [0] * 6 + [0.5, 3, 6, 6, 6, 6]
    x = normal(2, 20)
    np.testing.assert_allclose(reference.sigmoid(x) + reference.sigmoid(-x), 1, **close)
    np.testing.assert_allclose(reference.sigmoid(x), 0.5 * (1 + np.tanh(x / 2)), **close)
    np.testing.assert_allclose(reference.swish(x) - reference.swish(-x), x, **close)
    assert np.isnan([reference.relu(np.nan), reference.relu6(np.nan), reference.swish(np.float64("nan"))]).all()
    assert reference.hard_swish(np.array([-3.0, 0.0, 3.0])).tolist() == [0, 0, 3]


# -- softmax and cross-entropy ------------------------------------------------------------------------------------------


def test_softmax_is_a_distribution_that_a_shift_does_not_change():
    x = normal(3, 4, 6, 5)
    for axis in (0, 1, -1):
        p = reference.softmax(x, axis)
        np.testing.assert_allclose(p.sum(axis=axis), 1, **close)
        np.testing.assert_allclose(reference.softmax(x + 1e3, axis), p, rtol=1e-10)
        np.testing.assert_allclose(np.exp(reference.log_softmax(x, axis)), p, **close)
    assert np.isfinite(reference.log_softmax(x * 1e5)).all()


def test_softmax_against_torch():
    torch = pytest.importorskip("torch")
    x = 30 * normal(4, 4, 6, 5)
    np.testing.assert_allclose(reference.softmax(x, 1), torch.softmax(torch.tensor(x), 1).numpy(), **close)
    np.testing.assert_allclose(reference.log_softmax(x, 1), torch.log_softmax(torch.tensor(x), 1).numpy(), **close)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_cross_entropy_against_torch(smoothing):
    torch = pytest.importorskip("torch")
    logits, target = 5 * normal(5, 7, 4), np.array([0, 3, 1, 1, 2, 0, 3])
    oracle = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(target), label_smoothing=smoothing)
    assert reference.cross_entropy(logits, target, smoothing) == pytest.approx(oracle.item(), rel=1e-12)


def test_cross_entropy_by_hand():
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    target = np.array([0, 2])
    assert reference.cross_entropy(np.log(p), target) == pytest.approx(-(np.log(0.7) + np.log(0.8)) / 2)
    smooth = -(0.8 * np.log(0.7) + 0.1 * np.log(0.2 * 0.1) + 0.8 * np.log(0.8) + 0.1 * np.log(0.01)) / 2
    assert reference.cross_entropy(np.log(p), target, 0.3) == pytest.approx(smooth)


def test_cross_entropy_refusals():
    logits = np.zeros((2, 3))
    for target in (np.array([0, 3]), np.array([-1, 0])):
        with pytest.raises(IndexError, match=r"classes 0 \.\.\. 2"):
            reference.cross_entropy(logits, target)
    for shape in [(3,), (2, 1), ()]:
        with pytest.raises(RuntimeError, match=r"target \(N,\)"):
            reference.cross_entropy(logits, np.zeros(shape, int))
    with pytest.raises(RuntimeError, match="label_smoothing"):
        reference.cross_entropy(logits, np.array([0, 1]), 1.5)


# -- batch norm ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5), (3, 3, 4, 2)])
@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm_against_torch(shape, affine):
    torch = pytest.importorskip("torch")
    x, weight, bias, mean = 3 + 2 * normal(6, *shape), normal(7, 3), normal(8, 3), normal(9, 3)
    var = mean**2 + 0.5
    scale = (weight, bias) if affine else (None, None)
    for training in (True, False):
        ours = mean.copy(), var.copy()
        theirs = [torch.tensor(a) for a in (mean, var)]
        affine_oracle = [None if a is None else torch.tensor(a) for a in scale]
        oracle = torch.nn.functional.batch_norm(torch.tensor(x), *theirs, *affine_oracle, training, 0.3, 1e-3)
        np.testing.assert_allclose(reference.batch_norm(x, *ours, *scale, training, 0.3, 1e-3), oracle.numpy(), **close)
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b.numpy(), **close)


def test_batch_norm_makes_mean_0_and_variance_1():
    out = reference.batch_norm(5 + 3 * normal(10, 8, 2, 4, 4), training=True, eps=0.0)
    np.testing.assert_allclose(out.mean(axis=(0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(out.var(axis=(0, 2, 3)), 1, **close)


def test_eps_is_added_to_the_variance_not_to_its_root():
    out = reference.batch_norm(np.array([[4.0]]), np.array([1.0]), np.array([7.0]), eps=2.0)
    assert out.item() == pytest.approx(1.0)  # (4 - 1) / sqrt(7 + 2)


def test_the_running_variance_is_the_unbiased_one():
    x, mean, var = np.array([[1.0], [3.0]]), np.zeros(1), np.zeros(1)
    reference.batch_norm(x, mean, var, training=True, momentum=0.5)
    assert (mean.item(), var.item()) == (1.0, 1.0)  # half of the mean 2, half of 2 = ((1-2)^2 + (3-2)^2) / (2 - 1)


def test_batch_norm_refusals():
    with pytest.raises(ValueError, match="more than one value a channel"):
        reference.batch_norm(np.ones((1, 3, 1, 1)), training=True)
    with pytest.raises(RuntimeError, match="running_mean"):
        reference.batch_norm(np.ones((2, 3, 1, 1)))


# -- pooling ------------------------------------------------------------------------------------------------------------

pools = pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(2, None, 0), (3, 2, 1), ((3, 2), (1, 2), (1, 0)), (2, 3, 1), ((1, 4), None, (0, 2))]
)


@pools
def test_pooling_against_torch(kernel, stride, padding):
    torch = pytest.importorskip("torch")
    f, x = torch.nn.functional, normal(11, 2, 3, 7, 6)
    x[0, 0, 3, 3] = np.nan
    np.testing.assert_array_equal(
        reference.max_pool2d(x, kernel, stride, padding), f.max_pool2d(torch.tensor(x), kernel, stride, padding).numpy()
    )
    for count in (True, False):
        oracle = f.avg_pool2d(torch.tensor(x), kernel, stride, padding, count_include_pad=count).numpy()
        np.testing.assert_allclose(reference.avg_pool2d(x, kernel, stride, padding, count), oracle, **close)


def test_dilated_max_pooling_against_torch():
    torch = pytest.importorskip("torch")
    x = normal(12, 2, 3, 7, 6)
    oracle = torch.nn.functional.max_pool2d(torch.tensor(x), 2, 1, (0, 1), (3, 2)).numpy()
    np.testing.assert_array_equal(reference.max_pool2d(x, 2, 1, (0, 1), (3, 2)), oracle)


def test_pooling_by_hand():
    x = np.arange(12.0).reshape(1, 1, 3, 4)
    assert reference.max_pool2d(x, (2, 3), 1)[0, 0].tolist() == [[6, 7], [10, 11]]
    assert reference.avg_pool2d(x, (2, 3), 1)[0, 0].tolist() == [[3, 4], [7, 8]]
    assert reference.max_pool2d(-1 - x, 3, 2, 1)[0, 0].tolist() == [[-1, -2], [-5, -6]]  # the border is not a zero that wins
    assert reference.avg_pool2d(x + 1, 3, 2, 1)[0, 0, 0, 0] == pytest.approx(14 / 9)


def test_pooling_refusals():
    x = np.ones((1, 1, 4, 4))
    for function in (reference.max_pool2d, reference.avg_pool2d):
        with pytest.raises(RuntimeError, match="half of kernel_size"):
            function(x, 2, 2, 2)
        with pytest.raises(RuntimeError, match="does not fit"):
            function(x, 5)
        with pytest.raises(RuntimeError, match="stride must be 1 or more"):
            function(x, 2, 0)
        with pytest.raises(TypeError, match="kernel_size"):
            function(x, 2.0)
        with pytest.raises(RuntimeError, match="4 axes"):
            function(x[0], 2)
