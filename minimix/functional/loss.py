"""Losses. PyTorch's rules, except that an empty batch and shapes that merely broadcast are refused: both are mistakes."""

import numpy as np

from minimix.functional import reduce
from minimix.functional.activation import log_softmax
from minimix.functional.promotion import accepts_torch_names, as_tensor
from minimix.functional.shape import permute
from minimix.ops import loss as ops
from minimix.tensor import Tensor, apply


@accepts_torch_names
def cross_entropy(
    logits, targets, weight=None, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
) -> Tensor:
    """-log softmax(logits)[target], averaged over the batch.

    logits: (N, C), (C) for a single one, or (N, C, ...) for a class at each pixel.
    targets: whole numbers 0 .. C-1, of shape (N), () or (N, ...); or probabilities of the classes, of logits' shape.
    weight: (C), how much each class counts. ignore_index: a target that does not count.
    reduction: "mean" (weighted, over the targets that count), "sum", "none".
    label_smoothing: this share of each target is spread evenly over all classes.

    Raises ValueError for shapes that do not fit, an empty batch, classes that do not exist; TypeError for dtypes.

    >>> import numpy as np
    >>> import minimix as mm, minimix.functional as F
    >>> logits = mm.Tensor([[0.0, 0.0], [0.0, 0.0]], requires_grad=True)
    >>> loss = F.cross_entropy(logits, np.array([0, 1]))
    >>> round(loss.item(), 4)  # log 2
    0.6931
    >>> loss.backward()
    >>> logits.grad  # (softmax - target) / N
    array([[-0.25,  0.25],
           [ 0.25, -0.25]], dtype=float32)
    """
    name = "cross_entropy"
    logits = _scores(name, "logits", logits, reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"{name}: label_smoothing={label_smoothing}: expected 0 to 1")
    targets = as_tensor(targets)
    weight = _class_weights(name, weight, logits)
    rows = _classes_last(logits)
    if targets.dtype.kind == "f":
        if ignore_index >= 0:
            raise RuntimeError(f"cross_entropy: ignore_index={ignore_index} is for class numbers: probabilities all count")
        return _soft_cross_entropy(logits, rows, targets, weight, reduction, label_smoothing)
    targets, kept = _check_targets(name, logits, targets, ignore_index)
    return apply(
        ops.CROSS_ENTROPY,
        rows,
        targets=targets,
        weight=weight,
        kept=kept,
        label_smoothing=label_smoothing,
        reduction=reduction,
    )


@accepts_torch_names
def nll_loss(log_probabilities, targets, weight=None, ignore_index: int = -100, reduction: str = "mean") -> Tensor:
    """-log_probabilities[target]: cross_entropy for scores that went through ``log_softmax`` already. Arguments as there.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> F.nll_loss([[-0.1, -2.0], [-3.0, -0.5]], np.array([0, 0])).item()
    1.5499999523162842
    """
    name = "nll_loss"
    scores = _scores(name, "log_probabilities", log_probabilities, reduction)
    weight = _class_weights(name, weight, scores)
    targets, kept = _check_targets(name, scores, as_tensor(targets), ignore_index)
    return apply(ops.NLL_LOSS, _classes_last(scores), targets=targets, weight=weight, kept=kept, reduction=reduction)


@accepts_torch_names
def mse_loss(x, target, reduction: str = "mean") -> Tensor:
    """Mean squared difference of two Tensors of one shape.

    >>> import minimix.functional as F
    >>> F.mse_loss([1.0, 2.0], [1.0, 4.0]).item()
    2.0
    """
    x, target = as_tensor(x), as_tensor(target)
    check_reduction("mse_loss", reduction)
    if x.shape != target.shape:
        raise ValueError(f"mse_loss: x has shape {x.shape}, target {target.shape}: they must be equal; reshape() one of them")
    difference = x - target
    return _reduce(difference * difference, reduction)


def _reduce(losses: Tensor, reduction: str) -> Tensor:
    return losses if reduction == "none" else reduce.mean(losses) if reduction == "mean" else reduce.sum(losses)


def _soft_cross_entropy(logits, rows, targets, weight, reduction, label_smoothing) -> Tensor:
    """The definition, put together from other ops: targets are probabilities, and may require gradients themselves."""
    if targets.shape != logits.shape:
        raise ValueError(
            f"cross_entropy: floating-point targets are class probabilities and need logits' shape {logits.shape}, "
            f"not {targets.shape}; for class numbers use integers, targets.astype(int)"
        )
    classes = rows.shape[-1]
    wanted = _classes_last(targets) * (1 - label_smoothing) + label_smoothing / classes
    losses = -(wanted * log_softmax(rows) * Tensor(weight)).sum(axis=-1)
    return reduce.sum(losses) / max(losses.size, 1) if reduction == "mean" else _reduce(losses, reduction)


def check_reduction(name: str, reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction={reduction!r}: expected 'mean', 'sum' or 'none'")


def _scores(name: str, argument: str, scores, reduction: str) -> Tensor:
    check_reduction(name, reduction)
    scores = as_tensor(scores)
    if scores.dtype.kind not in "fc":
        raise TypeError(f"{name}: {argument} must be floating-point, not {scores.dtype}")
    if scores.ndim == 0:
        raise ValueError(f"{name}: {argument} has shape (): expected (N, C), (C) or (N, C, ...)")
    if scores.size == 0:
        raise ValueError(f"{name}: {argument} has shape {scores.shape}: the loss of an empty batch is not defined")
    return scores


def _classes_last(x: Tensor) -> Tensor:
    """(N, C, ...) -> (N, ..., C)."""
    return x if x.ndim < 3 else permute(x, 0, *range(2, x.ndim), 1)


def _class_weights(name: str, weight, scores: Tensor) -> np.ndarray:
    classes = scores.shape[0 if scores.ndim == 1 else 1]
    if weight is None:
        return np.ones(classes, scores.dtype)
    weight = as_tensor(weight)
    if weight.requires_grad:
        raise RuntimeError(f"{name}: weight requires gradients, and the loss has none for it: pass weight.detach()")
    if weight.shape != (classes,):
        raise ValueError(f"{name}: weight has shape {weight.shape}, expected {(classes,)}, one for each class")
    return weight.data.astype(scores.dtype)


def _check_targets(name: str, scores: Tensor, targets: Tensor, ignore_index: int) -> tuple[np.ndarray, np.ndarray]:
    """(class numbers, with 0 for those that do not count; which of them count)."""
    if targets.dtype.kind not in "iu":
        raise TypeError(f"{name}: targets must be integers (class numbers), not {targets.dtype}")
    classes = scores.shape[0 if scores.ndim == 1 else 1]
    expected = () if scores.ndim == 1 else (scores.shape[0], *scores.shape[2:])
    if targets.shape != expected:
        raise ValueError(f"{name}: targets have shape {targets.shape}, expected {expected} for scores of shape {scores.shape}")
    kept = targets.data != ignore_index
    wrong = kept & ((targets.data < 0) | (targets.data >= classes))
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        where = ", ".join(map(str, place))
        raise ValueError(
            f"{name}: targets[{where}] = {targets.data[place]}, but there are {classes} classes: 0 to {classes - 1}"
        )
    return np.where(kept, targets.data, 0).astype(np.intp), kept
