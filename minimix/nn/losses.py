"""Losses as modules, for those who write them so: each is a function of ``minimix.functional`` and its options."""

import numpy as np

import minimix.functional as F
from minimix.functional.loss import check_reduction
from minimix.nn.module import Module


class CrossEntropyLoss(Module):
    """``F.cross_entropy``, with its options. weight is a buffer: it counts to the state.

    >>> from minimix import nn
    >>> import numpy as np
    >>> round(nn.CrossEntropyLoss(label_smoothing=0.1)(np.zeros((2, 4), np.float32), np.array([0, 3])).item(), 4)  # log 4
    1.3863
    """

    def __init__(
        self, weight: np.ndarray | None = None, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
    ):
        super().__init__()
        check_reduction("CrossEntropyLoss", reduction)
        self.register_buffer("weight", weight)
        self.ignore_index, self.reduction, self.label_smoothing = ignore_index, reduction, label_smoothing

    def forward(self, logits, targets):
        return F.cross_entropy(logits, targets, self.weight, self.ignore_index, self.reduction, self.label_smoothing)

    def extra_repr(self) -> str:
        return f"reduction={self.reduction!r}, label_smoothing={self.label_smoothing}"


class NLLLoss(Module):
    """``F.nll_loss``, with its options, for scores that went through ``log_softmax``.

    >>> from minimix import nn
    >>> import numpy as np
    >>> nn.NLLLoss()(np.array([[-0.5, -1.0]]), np.array([1])).item()
    1.0
    """

    def __init__(self, weight: np.ndarray | None = None, ignore_index: int = -100, reduction: str = "mean"):
        super().__init__()
        check_reduction("NLLLoss", reduction)
        self.register_buffer("weight", weight)
        self.ignore_index, self.reduction = ignore_index, reduction

    def forward(self, log_probabilities, targets):
        return F.nll_loss(log_probabilities, targets, self.weight, self.ignore_index, self.reduction)

    def extra_repr(self) -> str:
        return f"reduction={self.reduction!r}"


class MSELoss(Module):
    """``F.mse_loss``, with its option.

    >>> from minimix import nn
    >>> nn.MSELoss()([1.0, 2.0], [1.0, 4.0]).item()
    2.0
    """

    def __init__(self, reduction: str = "mean"):
        super().__init__()
        check_reduction("MSELoss", reduction)
        self.reduction = reduction

    def forward(self, x, target):
        return F.mse_loss(x, target, self.reduction)

    def extra_repr(self) -> str:
        return f"reduction={self.reduction!r}"
