"""What a detector is trained by: focal loss for what is in a box, smooth L1 for where it is."""

import numpy as np

import minimix.functional as F
from minimix.functional.loss import check_reduction
from minimix.functional.promotion import as_tensor
from minimix.ops.op import Op
from minimix.tensor import Tensor, apply


def focal_forward(logits, targets, alpha, gamma):
    """Of each logit: -weight * (1 - p)**gamma * log(p), p being the probability of what is so: sigmoid(logit), or 1 minus that.

    With sigmoids' logarithms, log p = -log(1 + exp(-z)), nothing overflows and nothing is cut off.
    """
    z = np.where(targets, logits, -logits)
    log_p, log_q = -np.logaddexp(0, -z), -np.logaddexp(0, z)  # q = 1 - p
    weight = np.where(targets, alpha, 1 - alpha).astype(z.dtype) if alpha is not None else z.dtype.type(1)
    return -weight * np.exp(log_q) ** z.dtype.type(gamma) * log_p, (targets, log_p, log_q, weight, gamma)


def focal_backward(gradient, saved):
    """(arXiv 1708.02002, appendix B.)"""
    targets, log_p, log_q, weight, gamma = saved
    p, q = np.exp(log_p), np.exp(log_q)
    to_z = weight * q ** p.dtype.type(gamma) * (p.dtype.type(gamma) * p * log_p - q)
    return (gradient * np.where(targets, to_z, -to_z),)


FOCAL = Op("focal_loss", focal_forward, focal_backward)


def focal_loss(logits, targets, alpha: float | None = 0.25, gamma: float = 2.0, reduction: str = "mean") -> Tensor:
    """Cross-entropy of yes-or-no questions, which leaves those that are answered rightly already to themselves.

    logits: floating-point, any shape, of sigmoids: a question each. targets: of that shape, 0 and 1, or False and True. alpha:
    weight of the ones; zeros have 1 - alpha; None: all have 1. gamma: 0: plain cross-entropy; larger: what is sure counts less.
    reduction: "mean", "sum", "none".

    Anchors without an object are a hundred times as many as those with one; nearly all are easy, and would drown the rest.

    Raises ValueError for shapes that do not fit and targets that are neither 0 nor 1, TypeError for logits that are no floats.

    Source: Lin et al., Focal Loss (arXiv 1708.02002), eq. 5; ``torchvision.ops.sigmoid_focal_loss``.

    >>> import minimix as mm
    >>> logits = mm.Tensor([2.0, 2.0, -2.0], requires_grad=True)
    >>> [f"{loss:.4f}" for loss in focal_loss(logits, [1, 0, 0], reduction="none").data]
    ['0.0005', '1.2376', '0.0014']
    """
    check_reduction("focal_loss", reduction)
    logits, targets = as_tensor(logits), as_tensor(targets).data
    if logits.dtype.kind != "f":
        raise TypeError(f"focal_loss: logits must be floating-point, not {logits.dtype}")
    if logits.shape != targets.shape:
        raise ValueError(f"focal_loss: logits have shape {logits.shape}, targets {targets.shape}: they must be equal")
    if not np.isin(targets, (0, 1)).all():
        raise ValueError("focal_loss: targets must be 0 or 1: for class numbers c use np.eye(classes)[c]")
    if alpha is not None and not 0 <= alpha <= 1:
        raise ValueError(f"alpha: expected a number from 0 to 1, or None, not {alpha!r}")
    if not gamma >= 0:
        raise ValueError(f"gamma: expected a number, 0 or more, not {gamma!r}")
    return _reduced(apply(FOCAL, logits, targets=targets.astype(bool), alpha=alpha, gamma=gamma), reduction)


def smooth_l1_loss(x, target, beta: float = 1.0, reduction: str = "mean") -> Tensor:
    """The absolute difference, but rounded off below ``beta``: 0.5 * d**2 / beta there, |d| - 0.5 * beta beyond.

    x, target: of one shape. beta: 0: the absolute difference alone. reduction: "mean", "sum", "none".

    Huber's loss over beta: far from the target the gradient is 1, however far; near to it the loss is smooth.

    Source: Fast R-CNN (arXiv 1504.08083), eq. 3; PyTorch's ``smooth_l1_loss``.

    >>> import minimix as mm
    >>> x = mm.Tensor([0.5, 3.0], requires_grad=True)
    >>> loss = smooth_l1_loss(x, [0.0, 0.0], reduction="none")
    >>> loss.sum().backward()
    >>> loss.data, x.grad
    (array([0.125, 2.5  ], dtype=float32), array([0.5, 1. ], dtype=float32))
    """
    check_reduction("smooth_l1_loss", reduction)
    x, target = as_tensor(x), as_tensor(target)
    if x.shape != target.shape:
        raise ValueError(f"smooth_l1_loss: x has shape {x.shape}, target {target.shape}: they must be equal")
    if not beta >= 0:
        raise ValueError(f"beta: expected a number, 0 or more, not {beta!r}")
    far = F.abs(x - target)
    if beta == 0:
        return _reduced(far, reduction)
    near = F.minimum(far, beta)
    return _reduced(near * (far - 0.5 * near) / beta, reduction)  # both cases: where far < beta, near is far


def detection_loss(outputs: Tensor, labels: np.ndarray, codes: np.ndarray) -> Tensor:
    """The focal loss of all anchors and classes, plus smooth L1 of the codes where there is an object, over the number of
    these.

    outputs: (N, A, K + 4), of a ``Detector``: logits of the classes, and codes. labels: (N, A), the class at each anchor, below
    0 for none. codes: (N, A, 4), what the codes should be; where there is none, anything.

    Source: SSD (arXiv 1512.02325), eq. 1 and 2, with the focal loss in place of its classification loss.

    >>> outputs = Tensor(np.zeros((1, 3, 2 + 4), np.float32))
    >>> round(detection_loss(outputs, np.array([[1, -1, -1]]), np.ones((1, 3, 4))).item(), 4)
    2.6931
    """
    classes = outputs.shape[-1] - 4
    there = (labels >= 0).astype(outputs.dtype)  # (N, A)
    wanted = labels[..., None] == np.arange(classes)  # (N, A, K)
    what = focal_loss(outputs[..., :classes], wanted, reduction="sum")
    where = smooth_l1_loss(outputs[..., classes:], np.asarray(codes, outputs.dtype), reduction="none")
    return (what + (where * there[..., None]).sum()) / max(1.0, float(there.sum()))


def _reduced(losses: Tensor, reduction: str) -> Tensor:
    return losses if reduction == "none" else F.mean(losses) if reduction == "mean" else F.sum(losses)
