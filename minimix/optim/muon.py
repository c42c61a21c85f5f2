"""Muon: momentum whose matrices are made orthogonal before the step is taken.

The momentum of a weight matrix is mostly a few directions, those in which the loss is steep. Gradient descent moves along them
and hardly anywhere else. Orthogonalised, all directions that occur in it count the same: U S V^T becomes U V^T, which is the
longest step downhill among all whose spectral norm is 1. So a matrix changes by as much in every step as the learning rate
says, however large its gradient is.

U V^T needs no singular values. ``orthogonal`` applies an odd polynomial to the matrix a few times; it acts on the singular
values alone, and pushes all of them towards 1.
"""

import contextlib
import functools
import math

import numpy as np

from minimix.optim.optimizer import Optimizer, slot
from minimix.optim.rules import SGD

ADJUSTED = {
    "original": lambda rows, columns: max(1.0, rows / columns) ** 0.5,
    "match_rms_adamw": lambda rows, columns: 0.2 * max(rows, columns) ** 0.5,
}
QUINTIC = (3.4445, -4.775, 2.0315)  # steep at 0, so that small singular values grow fast; they end between 0.7 and 1.2


def orthogonal(matrix: np.ndarray, steps: int = 5, coefficients: tuple = QUINTIC, eps: float = 1e-7) -> np.ndarray:
    """Nearly U V^T of ``matrix`` = U S V^T, (M, K): X <- a X + (b A + c A^2) X with A = X X^T, ``steps`` times.

    X begins as matrix / |matrix|, of which no singular value is above 1. The matrix is laid on its side where it is high, so
    that A is the smaller square. float32 or float64.

    Source: Newton-Schulz iteration with the coefficients of Keller Jordan et al., "Muon: An optimizer for hidden layers in
    neural networks" (2024).

    >>> import numpy as np
    >>> found = orthogonal(np.diag([3.0, 1.0, 0.3]))
    >>> bool((abs(np.diag(found) - 1) < 0.35).all())
    True
    """
    high = matrix.shape[0] > matrix.shape[1]
    x = np.array(matrix.T if high else matrix, order="C")
    x /= max(math.sqrt(float(np.vdot(x, x))), eps)
    a, b, c = (x.dtype.type(number) for number in coefficients)
    for _ in range(steps):
        square = x @ x.T
        x = a * x + (b * square + c * (square @ square)) @ x
    return x.T if high else x


@functools.cache
def _blas():
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def one_thread() -> contextlib.AbstractContextManager:
    """Within it, NumPy's products are done by one thread. BLAS's own threads, once woken, spin for some twenty milliseconds, on
    the cores that the kernels of the next step need: a training step on two cores took three times as long."""
    return _blas().limit(limits=1, user_api="blas")


class Muon(Optimizer):
    """Momentum, orthogonalised: for the weights of hidden layers, as ``torch.optim.Muon``.

        b = momentum * b + (1 - momentum) * gradient               (b starts at 0)
        u = orthogonal((1 - momentum) * gradient + momentum * b)   (without Nesterov: of b)
        w = w - lr * weight_decay * w - lr * adjusted * u

    params: Tensors with two axes or more; a convolution's weight (O, I, KH, KW) is taken as the matrix (O, I KH KW), which
        PyTorch's refuses. Biases, batch norms, depthwise kernels (whose rows have nothing to do with each other) and the
        classifier are better left to another rule: see ``MuonWithSGD``.
    ns_coefficients, eps, ns_steps: of ``orthogonal``.
    adjust_lr_fn: "original", also None: adjusted = sqrt(max(1, rows / columns)); "match_rms_adamw": 0.2 sqrt(max(rows,
        columns)), with which AdamW's rates and decays fit (arXiv 2502.16982, sec. 2.2).

    PyTorch computes the polynomial in bfloat16, this one in the weight's dtype.

    Raises ValueError for numbers out of range and for parameters with fewer than two axes; else as ``SGD``.

    Source: Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024), kellerjordan.github.io/posts/muon.

    >>> import numpy as np
    >>> import minimix as mm
    >>> w = mm.Tensor(np.zeros((2, 2), np.float32), requires_grad=True)
    >>> optimizer = Muon([w], lr=0.1, weight_decay=0)
    >>> w.grad = np.diag([100.0, 1.0]).astype(np.float32)  # steep in one direction, hardly so in the other
    >>> optimizer.step()
    >>> w.data.diagonal().round(1)
    array([-0.1, -0.1], dtype=float32)
    """

    slots = ("momentum_buffer",)

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = QUINTIC,
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
        *,
        maximize: bool = False,
    ):
        numbers = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov}
        polynomial = {"ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps, "adjust_lr_fn": adjust_lr_fn}
        super().__init__(params, {**numbers, **polynomial, "maximize": maximize})

    @classmethod
    def check(cls, group: dict) -> None:
        super().check(group)
        coefficients, steps, adjust = group["ns_coefficients"], group["ns_steps"], group["adjust_lr_fn"]
        if len(coefficients) != 3:
            raise ValueError(f"ns_coefficients is {coefficients}, but must be three numbers, such as {QUINTIC}")
        if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or not 0 <= steps < 100:
            raise ValueError(f"ns_steps is {steps!r}, but must be a whole number from 0 to 99")
        if adjust not in (None, *ADJUSTED):
            raise ValueError(f"adjust_lr_fn is {adjust!r}, but must be one of {', '.join(ADJUSTED)}, or None")

    def add_param_group(self, group: dict) -> None:
        super().add_param_group(group)
        added = self.param_groups[-1]
        low = [p for p in added["params"] if p.ndim < 2 and self.takes(added)]
        if low:
            name = self._names()[low[0]]
            self.param_groups = self.param_groups[:-1]
            raise ValueError(
                f"parameter {name} has shape {low[0].shape}, but Muon takes matrices: leave it to SGD, or see MuonWithSGD"
            )

    @staticmethod
    def takes(group: dict) -> bool:
        """Whether the group's parameters are updated by Muon's rule."""
        return True

    def update(self, items, group, number) -> None:
        momentum, lr = number(group["momentum"]), float(group["lr"])
        with one_thread():
            for weight, gradient, state in items:
                buffer = slot(state, "momentum_buffer", weight)
                buffer += (1 - momentum) * (gradient - buffer)
                change = gradient + momentum * (buffer - gradient) if group["nesterov"] else buffer
                wide = np.float32 if weight.dtype.itemsize < 4 else weight.dtype  # float16 has too few digits for the products
                matrix = change.reshape(len(weight), -1).astype(wide, copy=False)
                step = orthogonal(matrix, group["ns_steps"], group["ns_coefficients"], group["eps"])
                rate = lr * ADJUSTED[group["adjust_lr_fn"] or "original"](*matrix.shape)
                weight *= number(1 - lr * group["weight_decay"])
                weight -= number(rate) * step.reshape(weight.shape)


class MuonWithSGD(Muon, SGD):
    """``Muon`` for the groups with ``"matrices": True``, Nesterov SGD for all others: one optimiser for a whole network.

    params: group dicts, such as those of ``muon_groups``, or Tensors (all of one kind). Groups of SGD take ``lr``, ``momentum``
        and ``weight_decay`` as ``SGD`` does.
    matrices: for groups that do not say.

    >>> from minimix import models
    >>> from minimix.optim import muon_groups
    >>> optimizer = MuonWithSGD(muon_groups(models.create("mixnet_nano"), lr=0.02), lr=0.02)
    >>> [(group["matrices"], len(group["params"])) for group in optimizer.param_groups]
    [(True, 16), (False, 34), (False, 61)]
    """

    def __init__(self, params, lr: float = 0.045, weight_decay: float = 0.05, momentum: float = 0.9, nesterov: bool = True,
                 ns_steps: int = 3, matrices: bool = False, *, maximize: bool = False):  # fmt: skip
        numbers = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov}
        polynomial = {"ns_coefficients": QUINTIC, "eps": 1e-7, "ns_steps": ns_steps, "adjust_lr_fn": None}
        Optimizer.__init__(
            self, params, {**numbers, **polynomial, "matrices": matrices, "dampening": 0.0, "maximize": maximize}
        )

    @staticmethod
    def takes(group: dict) -> bool:
        return group["matrices"]

    def update(self, items, group, number) -> None:
        rule: type[Muon] | type[SGD] = Muon if group["matrices"] else SGD
        rule.update(self, items, group, number)
