import numpy as np
import pytest
from helpers import assert_slopes, same_as_torch

import minimix as mm
import minimix.functional as F

rng = np.random.default_rng(0)
LOGITS = rng.standard_normal((6, 4)) * 3
TARGETS = np.array([0, 3, 1, 1, 2, 0])
WEIGHT = np.array([0.5, 1.0, 2.0, 0.1])


def peer(**options):
    torch = pytest.importorskip("torch")

    def loss(logits, targets):
        weight = torch.tensor(options["weight"], dtype=logits.dtype) if "weight" in options else None
        return torch.nn.functional.cross_entropy(logits, targets, **{**options, "weight": weight})

    return loss


@pytest.mark.parametrize("reduction", ["mean", "sum", "none", "average"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0, 1.1])
@pytest.mark.parametrize("more", [{}, {"weight": WEIGHT}, {"ignore_index": 1}, {"weight": WEIGHT, "ignore_index": 1}], ids=str)
def test_cross_entropy_as_torch(reduction, smoothing, more):
    options = {"reduction": reduction, "label_smoothing": smoothing, **more}
    same_as_torch(lambda x, t: F.cross_entropy(x, t, **options), peer(**options), LOGITS, TARGETS)
    pixels, classes = rng.standard_normal((2, 4, 3, 2)), rng.integers(0, 4, (2, 3, 2))
    same_as_torch(lambda x, t: F.cross_entropy(x, t, **options), peer(**options), pixels, classes)
    same_as_torch(lambda x, t: F.cross_entropy(x, t, **options), peer(**options), LOGITS[0], np.array(2))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("more", [{}, {"weight": WEIGHT}], ids=str)
def test_probabilities_as_torch(reduction, smoothing, more):
    options = {"reduction": reduction, "label_smoothing": smoothing, **more}
    probabilities = rng.dirichlet(np.ones(4), 6)
    same_as_torch(lambda x, t: F.cross_entropy(x, t, **options), peer(**options), LOGITS, probabilities)
    pixels, shares = rng.standard_normal((2, 4, 3)), rng.dirichlet(np.ones(4), (2, 3)).transpose(0, 2, 1)
    same_as_torch(lambda x, t: F.cross_entropy(x, t, **options), peer(**options), pixels, shares)


def test_huge_and_infinite_logits_as_torch():
    same_as_torch(F.cross_entropy, peer(), LOGITS * 1e4, TARGETS)
    barred = LOGITS.copy()
    barred[:, 0], targets = -np.inf, np.array([1, 3, 1, 1, 2, 2])
    same_as_torch(F.cross_entropy, peer(), barred, targets)
    strange = LOGITS.copy()
    strange[0, 1] = np.nan
    same_as_torch(F.cross_entropy, peer(), strange, TARGETS)


@pytest.mark.parametrize(
    "options", [{}, {"label_smoothing": 0.1}, {"reduction": "none"}, {"weight": WEIGHT, "label_smoothing": 0.3}], ids=str
)
def test_slopes_and_complex_step(options):
    assert_slopes(lambda x: F.cross_entropy(x, TARGETS, **options), LOGITS)
    x = mm.Tensor(LOGITS, requires_grad=True)
    F.cross_entropy(x, TARGETS, **options).sum().backward()
    moved = LOGITS.astype(complex)
    moved[2, 1] += 1e-30j
    slope = F.cross_entropy(moved, TARGETS, **options).data.sum().imag / 1e-30
    np.testing.assert_allclose(x.grad[2, 1], slope, rtol=1e-12)


def test_the_gradient_is_softmax_minus_target():
    x = mm.Tensor(LOGITS, requires_grad=True)
    F.cross_entropy(x, TARGETS).backward()
    np.testing.assert_allclose(x.grad, (F.softmax(LOGITS).data - np.eye(4)[TARGETS]) / 6, atol=1e-15)


def test_guessing_costs_log_of_the_number_of_classes():
    assert F.cross_entropy(np.zeros((3, 10)), np.arange(3)).item() == pytest.approx(np.log(10))


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_any_whole_numbers_are_targets(dtype):
    assert F.cross_entropy(LOGITS, TARGETS.astype(dtype)).item() == F.cross_entropy(LOGITS, TARGETS).item()


def test_nll_as_torch():
    torch = pytest.importorskip("torch")
    log_p = F.log_softmax(LOGITS).data
    for options in (
        {},
        {"reduction": "sum"},
        {"reduction": "none"},
        {"ignore_index": 3},
        {"ignore_index": 3, "reduction": "none"},
    ):
        same_as_torch(
            lambda x, t, o=options: F.nll_loss(x, t, **o),
            lambda x, t, o=options: torch.nn.functional.nll_loss(x, t, **o),
            log_p,
            TARGETS,
        )
    assert_slopes(lambda x: F.nll_loss(x, TARGETS, weight=WEIGHT), log_p)


def test_mse_as_torch():
    torch = pytest.importorskip("torch")
    for reduction in ("mean", "sum", "none"):
        same_as_torch(
            lambda a, b, r=reduction: F.mse_loss(a, b, r),
            lambda a, b, r=reduction: torch.nn.functional.mse_loss(a, b, reduction=r),
            LOGITS,
            LOGITS[::-1].copy(),
        )
    with pytest.raises(ValueError, match=r"x has shape \(6, 1\), target \(6,\)"):
        F.mse_loss(np.ones((6, 1)), np.ones(6))


def test_refusals():
    with pytest.raises(ValueError, match=r"targets\[2\] = 10, but there are 4 classes: 0 to 3"):
        F.cross_entropy(LOGITS, np.array([0, 1, 10, 0, 0, 0]))
    with pytest.raises(ValueError, match=r"targets\[0\] = -1"):
        F.cross_entropy(LOGITS, np.array([-1, 1, 1, 0, 0, 0]))
    with pytest.raises(ValueError, match=r"need logits' shape \(6, 4\), not \(6,\)"):
        F.cross_entropy(LOGITS, TARGETS.astype(float))
    with pytest.raises(ValueError, match=r"targets have shape \(5,\), expected \(6,\)"):
        F.cross_entropy(LOGITS, TARGETS[:5])
    with pytest.raises(ValueError, match=r"targets have shape \(6, 1\), expected \(6,\)"):
        F.cross_entropy(LOGITS, TARGETS[:, None])
    with pytest.raises(ValueError, match="empty batch"):
        F.cross_entropy(np.ones((0, 4)), np.zeros(0, int))
    with pytest.raises(TypeError, match="must be integers"):
        F.cross_entropy(LOGITS, TARGETS > 1)
    with pytest.raises(TypeError, match="logits must be floating-point"):
        F.cross_entropy(LOGITS.astype(int), TARGETS)
    with pytest.raises(ValueError, match=r"label_smoothing=-0\.1: expected 0 to 1"):
        F.cross_entropy(LOGITS, TARGETS, label_smoothing=-0.1)
    with pytest.raises(RuntimeError, match="ignore_index=1 is for class numbers"):
        F.cross_entropy(LOGITS, np.full((6, 4), 0.25), ignore_index=1)
    for loss in (F.cross_entropy, F.nll_loss):
        with pytest.raises(RuntimeError, match="weight requires gradients"):
            loss(LOGITS, TARGETS, weight=mm.Tensor(WEIGHT, requires_grad=True))
    with pytest.raises(ValueError, match="weight has shape"):
        F.cross_entropy(LOGITS, TARGETS, weight=np.ones(3))


def test_ignored_targets_do_not_count():
    targets = np.array([0, -100, 2, -100, 1, 3])
    for options in ({}, {"label_smoothing": 0.2}, {"weight": WEIGHT, "label_smoothing": 0.2}):
        x, kept = mm.Tensor(LOGITS, requires_grad=True), targets >= 0
        loss = F.cross_entropy(x, targets, **options)
        loss.backward()
        y = mm.Tensor(LOGITS[kept], requires_grad=True)
        alone = F.cross_entropy(y, targets[kept], **options)
        alone.backward()
        assert loss.item() == pytest.approx(alone.item())
        np.testing.assert_allclose(x.grad[kept], y.grad)
        assert not x.grad[~kept].any()


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("more", [{}, {"weight": WEIGHT}, {"weight": 0 * WEIGHT}], ids=["", "weight", "zero weight"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("targets", [[-100] * 6, [-100] * 5 + [2], [0, 3, 1, 1, 2, 0]], ids=["none counts", "one", "all"])
def test_where_nothing_counts_as_torch(reduction, more, smoothing, targets):
    """The mean of no loss is NaN, its gradient 0."""
    torch = pytest.importorskip("torch")
    targets, options = np.array(targets), {"reduction": reduction, **more}
    smoothed = {**options, "label_smoothing": smoothing}
    same_as_torch(lambda x, t: F.cross_entropy(x, t, **smoothed), peer(**smoothed), LOGITS, targets)

    def nll(x, t):
        weight = torch.tensor(more["weight"], dtype=x.dtype) if more else None
        return torch.nn.functional.nll_loss(x, t, weight, reduction=reduction)

    same_as_torch(lambda x, t: F.nll_loss(x, t, **options), nll, LOGITS, targets)
    pixels, places = LOGITS.reshape(1, 4, 3, 2), targets.reshape(1, 3, 2)
    same_as_torch(lambda x, t: F.cross_entropy(x, t, **smoothed), peer(**smoothed), pixels, places)
    same_as_torch(lambda x, t: F.cross_entropy(x, t, **smoothed), peer(**smoothed), LOGITS[0], targets[0])


@pytest.mark.parametrize("loss", [F.cross_entropy, F.nll_loss])
def test_a_batch_in_which_nothing_counts_moves_no_weight(loss):
    x = mm.Tensor(LOGITS, requires_grad=True)
    (loss(x, np.full(6, -100)) + (x * 0.0).sum()).backward()
    np.testing.assert_array_equal(x.grad, np.zeros((6, 4)))


def test_probabilities_of_classes_without_weight_as_torch():
    options = {"weight": 0 * WEIGHT}
    same_as_torch(lambda x, t: F.cross_entropy(x, t, **options), peer(**options), LOGITS, rng.dirichlet(np.ones(4), 6))


def test_nll_of_log_softmax_is_cross_entropy():
    for reduction in ("mean", "sum", "none"):
        found = F.nll_loss(F.log_softmax(LOGITS), TARGETS, weight=WEIGHT, reduction=reduction)
        np.testing.assert_allclose(found.data, F.cross_entropy(LOGITS, TARGETS, weight=WEIGHT, reduction=reduction).data)


def test_one_hot_probabilities_are_classes():
    one_hot = np.eye(4)[TARGETS]
    for options in ({}, {"label_smoothing": 0.1}, {"reduction": "none"}):
        np.testing.assert_allclose(
            F.cross_entropy(LOGITS, one_hot, **options).data, F.cross_entropy(LOGITS, TARGETS, **options).data
        )
