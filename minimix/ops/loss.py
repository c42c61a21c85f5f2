"""Cross-entropy, from logits, in one op: nothing overflows, and the gradient is simply softmax - target."""

import numpy as np

from minimix.ops.activation import log_softmax_of
from minimix.ops.op import Op
from minimix.ops.sums import rounded, summed, wide


def _pick(table, targets):
    """table (..., C) at the classes ``targets`` (...)."""
    return np.take_along_axis(table, targets[..., None], axis=-1)[..., 0]


def _reduce(losses, total_weight, reduction):
    return losses if reduction == "none" else summed(losses) / total_weight if reduction == "mean" else summed(losses)


def cross_entropy_forward(logits, targets, weight, kept, label_smoothing, reduction):
    """-log softmax(logits)[target], the class axis being the last.

    logits (..., C); targets (...) whole numbers below C; weight (C), of classes; kept (...) booleans: which targets count.
    label_smoothing moves that share of every target evenly to all classes (Szegedy et al., arXiv 1512.00567, sec. 7).
    reduction: "none", "sum", or "mean": the sum over the total weight of the targets that count.
    """
    log_p, weight = log_softmax_of(logits, -1), wide(weight)
    own = weight[targets] * kept  # (...)
    losses = np.where(kept, -_pick(log_p, targets), 0) * (own * (1 - label_smoothing))
    if label_smoothing:  # (without it an infinite logit elsewhere shall not disturb)
        losses -= np.where(kept, summed(log_p * weight, -1), 0) * (label_smoothing / log_p.shape[-1])
    total = summed(own)
    return rounded(_reduce(losses, total, reduction), logits.dtype), (
        log_p,
        targets,
        weight,
        kept,
        own,
        label_smoothing,
        reduction,
        total,
    )


def cross_entropy_backward(gradient, saved):
    log_p, targets, weight, kept, own, label_smoothing, reduction, total = saved
    wanted = label_smoothing / log_p.shape[-1] * weight * kept[..., None]  # what the target gives each class, (..., C)
    wanted_sum = wanted.sum(axis=-1, keepdims=True) + (1 - label_smoothing) * own[..., None]
    to_logits = np.exp(log_p) * wanted_sum - wanted
    places = np.expand_dims(targets, -1)
    at_target = np.take_along_axis(to_logits, places, -1) - (1 - label_smoothing) * own[..., None]
    np.put_along_axis(to_logits, places, at_target, -1)
    to_logits *= _per_target(gradient, reduction, total)
    to_logits = np.where(kept[..., None], to_logits, 0)  # where none counts, the mean's total weight is 0: 0 / 0 is NaN
    return (rounded(to_logits, gradient.dtype),)


def _per_target(gradient, reduction, total):
    return np.expand_dims(gradient, -1) if reduction == "none" else gradient / total if reduction == "mean" else gradient


CROSS_ENTROPY = Op("cross_entropy", cross_entropy_forward, cross_entropy_backward)


def nll_loss_forward(log_p, targets, weight, kept, reduction):
    """-log_p[target]: cross-entropy's second half, for those who have log-probabilities already. Arguments as above."""
    own = wide(weight)[targets] * kept
    losses = np.where(kept, -_pick(log_p, targets), 0) * own
    total = summed(own)
    return rounded(_reduce(losses, total, reduction), log_p.dtype), (log_p.shape, targets, kept, own, reduction, total)


def nll_loss_backward(gradient, saved):
    shape, targets, kept, own, reduction, total = saved
    to_log_p = np.zeros(shape, gradient.dtype)
    at_target = np.where(kept[..., None], -own[..., None] * _per_target(gradient, reduction, total), 0)
    np.put_along_axis(to_log_p, targets[..., None], at_target, -1)
    return (to_log_p,)


NLL_LOSS = Op("nll_loss", nll_loss_forward, nll_loss_backward)
