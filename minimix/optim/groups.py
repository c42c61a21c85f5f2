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
    if hasattr(named_parameters, "named_parameters"):
        named_parameters = named_parameters.named_parameters()
    if not weight_decay >= 0:
        raise ValueError(f"weight_decay is {weight_decay}, but must be 0 or more")
    decayed: list[tuple] = []
    kept: list[tuple] = []
    for pair in named_parameters:
        if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[1], Tensor)):
            raise TypeError(
                f"decay_groups takes (name, Tensor) pairs, not {type(pair).__name__}: pass model.named_parameters()"
            )
        (decayed if pair[1].ndim > 1 else kept).append(pair)
    if not decayed and not kept:
        raise ValueError("decay_groups got no parameters: does the model have any, or was the iterator already used up?")
    return [{"params": decayed, "weight_decay": float(weight_decay)}, {"params": kept, "weight_decay": 0.0}]
