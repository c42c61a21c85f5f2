"""Focal loss and smooth L1: values by their formulas, gradients by differences, both far out; PyTorch's where it is there."""

import numpy as np
import pytest

import minimix as mm
from minimix.detection import detection_loss, focal_loss, smooth_l1_loss

rng = np.random.default_rng(0)
LOGITS, TARGETS = rng.normal(0, 3, (4, 5)), rng.integers(0, 2, (4, 5))


def point(values):
    return mm.Tensor(np.asarray(values, np.float64), requires_grad=True)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("alpha", [None, 0.25, 0.0])
def test_focal_loss_is_its_formula_and_has_its_gradient(alpha, gamma):
    p = 1 / (1 + np.exp(-LOGITS))
    p = np.where(TARGETS, p, 1 - p)
    weight = 1 if alpha is None else np.where(TARGETS, alpha, 1 - alpha)
    found = focal_loss(point(LOGITS), TARGETS, alpha, gamma, reduction="none").data
    np.testing.assert_allclose(found, -weight * (1 - p) ** gamma * np.log(p), rtol=1e-9)
    for reduction in ("none", "mean", "sum"):
        assert mm.gradcheck(lambda x: focal_loss(x, TARGETS, alpha, gamma, reduction), point(LOGITS))  # noqa: B023


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_overflows_and_what_is_small_is_not_lost(dtype):
    x = mm.Tensor(np.array([1000, -1000, 100, -100, 30, 0], dtype), requires_grad=True)
    loss = focal_loss(x, np.array([1, 1, 0, 0, 1, 1]), alpha=None, gamma=0, reduction="none")
    assert loss.dtype == dtype
    np.testing.assert_allclose(loss.data, [0, 1000, 100, np.exp(-100.0), np.exp(-30.0), np.log(2)], rtol=1e-5, atol=1e-38)
    loss.sum().backward()
    np.testing.assert_allclose(x.grad, [0, -1, 1, np.exp(-100.0), -np.exp(-30.0), -0.5], rtol=1e-5, atol=1e-38)
    focal = focal_loss(x, np.array([1, 1, 0, 0, 1, 1]))
    x.grad = None
    focal.backward()
    assert np.isfinite(focal.data) and np.isfinite(x.grad).all()


@pytest.mark.parametrize("beta", [0.0, 0.1, 1.0, 3.0])
def test_smooth_l1_is_its_formula_and_has_its_gradient(beta):
    x, target = rng.normal(0, 2, (6, 4)), rng.normal(0, 2, (6, 4))
    far = np.abs(x - target)
    expected = np.where(far < beta, 0.5 * far**2 / max(beta, 1e-9), far - 0.5 * beta)
    np.testing.assert_allclose(smooth_l1_loss(point(x), target, beta, "none").data, expected, rtol=1e-9)
    for reduction in ("none", "mean", "sum"):
        assert mm.gradcheck(lambda a, b: smooth_l1_loss(a, b, beta, reduction), (point(x), point(target)))  # noqa: B023
    large = point([1e200, -1e200, 0.0])
    smooth_l1_loss(large, np.zeros(3), beta, "sum").backward()
    np.testing.assert_array_equal(large.grad, [1, -1, 0])


def test_both_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    x, target = rng.normal(0, 2, (2, 7, 3))
    for reduction in ("none", "mean", "sum"):
        theirs = torch.nn.functional.smooth_l1_loss(torch.tensor(x), torch.tensor(target), reduction=reduction, beta=0.7)
        np.testing.assert_allclose(smooth_l1_loss(point(x), target, 0.7, reduction).data, theirs.numpy(), rtol=1e-12)
    ops = pytest.importorskip("torchvision.ops")
    theirs = ops.sigmoid_focal_loss(torch.tensor(LOGITS), torch.tensor(TARGETS, dtype=torch.float64), 0.3, 1.5)
    np.testing.assert_allclose(focal_loss(point(LOGITS), TARGETS, 0.3, 1.5, "none").data, theirs.numpy(), rtol=1e-9)


def test_a_detectors_loss_is_the_sum_over_the_number_of_objects_and_has_its_gradient():
    outputs, labels, codes = rng.normal(0, 1, (2, 3, 2 + 4)), np.array([[1, -1, 0], [-1, -1, 0]]), rng.normal(0, 2, (2, 3, 4))
    there = labels >= 0
    what = focal_loss(point(outputs[..., :2]), (labels[..., None] == [0, 1]), reduction="sum").item()
    where = smooth_l1_loss(point(outputs[there, 2:]), codes[there], reduction="sum").item()
    assert detection_loss(point(outputs), labels, codes).item() == pytest.approx((what + where) / 3)
    assert mm.gradcheck(lambda x: detection_loss(x, labels, codes), point(outputs))
    empty = detection_loss(point(outputs), np.full((2, 3), -1), codes)  # no object at all: over 1
    assert np.isfinite(empty.item())


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: focal_loss([1.0], [0, 1]), ValueError, "must be equal"),
        (lambda: focal_loss([1.0], [2]), ValueError, "0 or 1"),
        (lambda: focal_loss([1.0], [0.5]), ValueError, "0 or 1"),
        (lambda: focal_loss(np.array([1]), [1]), TypeError, "floating-point"),
        (lambda: focal_loss([1.0], [1], alpha=2), ValueError, "alpha"),
        (lambda: focal_loss([1.0], [1], gamma=-1), ValueError, "gamma"),
        (lambda: focal_loss([1.0], [1], reduction="all"), ValueError, "reduction"),
        (lambda: smooth_l1_loss([1.0], [1.0, 2.0]), ValueError, "must be equal"),
        (lambda: smooth_l1_loss([1.0], [1.0], beta=-1), ValueError, "beta"),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()
