"""Which parameters weight decay pulls towards zero: kernels, but not biases and not batch norm.

A kernel's size is free (batch norm divides it out again), so decay only keeps its learning rate effective. A bias or a batch
norm scale has a meaning of its own, and decay would merely distort it. The two kinds are told apart by their shape: whatever
multiplies an input has two axes or more.
"""

from collections.abc import Iterable

from minimix.tensor import Tensor


def decay_groups(named_parameters: Iterable, weight_decay: float) -> list[dict]:
    """Two parameter groups for an optimiser: decayed (more than one axis) and not decayed (at most one axis).

    named_parameters: a module, or ``(name, Tensor)`` pairs such as its ``named_parameters()``; the order is kept.
    weight_decay: for the first group; the second gets 0.

    Raises TypeError for anything but named Tensors, ValueError where there are none or ``weight_decay`` is negative.

    Source: He et al., Bag of Tricks (arXiv 1812.01187), sec. 3.1, "no bias decay".

    >>> import numpy as np
    >>> import minimix as mm
    >>> kernel = mm.Tensor(np.ones((8, 1, 3, 3), np.float32), requires_grad=True)
    >>> scale = mm.Tensor(np.ones(8, np.float32), requires_grad=True)
    >>> groups = decay_groups([("conv.weight", kernel), ("bn.weight", scale)], weight_decay=1e-5)
    >>> [(group["weight_decay"], [name for name, _ in group["params"]]) for group in groups]
    [(1e-05, ['conv.weight']), (0.0, ['bn.weight'])]
    """
    decayed, kept = _by_axes("decay_groups", named_parameters, weight_decay)
    return [{"params": decayed, "weight_decay": float(weight_decay)}, {"params": kept, "weight_decay": 0.0}]


SGD_RATE, SGD_DECAY = 20 / 3, 0.01  # of what SGD takes, beside Muon's


def muon_groups(
    named_parameters: Iterable, lr: float = 0.045, weight_decay: float = 0.05, bias_rate: float = 1.0
) -> list[dict]:
    """Three parameter groups for ``MuonWithSGD``: matrices between channels, other kernels, and what has at most one axis; with
    another ``bias_rate`` than 1 a fourth: biases.

    named_parameters: as for ``decay_groups``, in the order in which a picture meets them. To Muon go weights that mix channels
        and have no bias: a batch norm follows, which divides their size out again, so that a step may have any length. Left to
        SGD are those with a bias (squeeze-and-excite, the classifier), the first one, which sees the picture itself, depthwise
        ones, which see one channel each, and all biases and batch norms.
    lr, weight_decay: of the matrices. SGD gets ``SGD_RATE`` times the rate and ``SGD_DECAY`` times the decay: 0.3 and 5e-4
        for the default ones. What has one axis is not decayed.
    bias_rate: biases learn at so many times SGD's rate. For networks where most of them are a batch norm's (8 gained a few
        tenths of a point with ``mixnet_nano`` on CIFAR-10: notebook 9).

    Raises TypeError and ValueError as ``decay_groups``, and ValueError for a ``bias_rate`` that is not above 0.

    Source: Jordan et al., "Muon" (2024), which leaves the first and the last layer to another rule. Biases of batch norms with
    64 times the rate: Jordan, "94% on CIFAR-10 in 3.29 Seconds" (arXiv 2404.00498).

    >>> from minimix import models
    >>> [(group["matrices"], len(group["params"])) for group in muon_groups(models.create("mixnet_nano"))]
    [(True, 16), (False, 34), (False, 61)]
    >>> [len(group["params"]) for group in muon_groups(models.create("mixnet_nano"), bias_rate=8)]
    [16, 34, 25, 36]
    """
    if not 0 < bias_rate < float("inf"):
        raise ValueError(f"bias_rate is {bias_rate}, but must be above 0")
    kernels, kept = _by_axes("muon_groups", named_parameters, weight_decay)
    biased = {name.removesuffix("bias") for name, _ in kept if name.endswith("bias")}
    inner = {name for name, weight in kernels[1:] if weight.shape[1] > 1 and name.removesuffix("weight") not in biased}
    matrices, others = ([pair for pair in kernels if (pair[0] in inner) == wanted] for wanted in (True, False))
    scales, biases = ([pair for pair in kept if pair[0].endswith("bias") == wanted] for wanted in (False, True))
    rates = [(kept, 1.0)] if bias_rate == 1 else [(scales, 1.0), (biases, bias_rate)]
    sgd = {"matrices": False, "lr": SGD_RATE * lr}
    return [
        {"params": matrices, "matrices": True, "lr": lr, "weight_decay": float(weight_decay)},
        {"params": others, "weight_decay": SGD_DECAY * weight_decay, **sgd},
        *({"params": some, "weight_decay": 0.0, **sgd, "lr": rate * SGD_RATE * lr} for some, rate in rates),
    ]


def _by_axes(called: str, named_parameters: Iterable, weight_decay: float) -> tuple[list[tuple], list[tuple]]:
    """The pairs whose Tensor has more than one axis, and the others."""
    if hasattr(named_parameters, "named_parameters"):
        named_parameters = named_parameters.named_parameters()
    if not weight_decay >= 0:
        raise ValueError(f"weight_decay is {weight_decay}, but must be 0 or more")
    many: list[tuple] = []
    few: list[tuple] = []
    for pair in named_parameters:
        if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[1], Tensor)):
            raise TypeError(f"{called} takes (name, Tensor) pairs, not {type(pair).__name__}: pass model.named_parameters()")
        (many if pair[1].ndim > 1 else few).append(pair)
    if not many and not few:
        raise ValueError(f"{called} got no parameters: does the model have any, or was the iterator already used up?")
    return many, few
