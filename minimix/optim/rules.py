"""The update rules, sorted by increasing complexity: SGD, RMSProp, Adam, AdamW.

A rule is one method, ``update(items, group, number)``. For each (weight, gradient, state) it changes the array ``weight`` in
place, never ``gradient``, and remembers what it needs in the dict ``state``, which starts empty. ``group`` holds the rule's
numbers (``lr``, ...); ``number`` makes constants of the weights' dtype, for rules written with NumPy. The arithmetic of those
here is in ``kernels/update.py``, all else in ``optimizer.py``.

``weight_decay`` in a gradient, gradient + weight_decay * weight, makes it that of loss + weight_decay / 2 * |weight|**2.
"""

import math

import numpy as np

from minimix.kernels import update as kernels
from minimix.optim.optimizer import Optimizer, slot

COMPILED = (np.dtype(np.float32), np.dtype(np.float64))


def run(kernel, weight: np.ndarray, gradient: np.ndarray, remembered: list[np.ndarray], *numbers) -> None:
    """Run a kernel of ``kernels/update.py`` on one parameter: it changes ``weight`` and what is ``remembered`` in place.

    What the compiler does not know goes through copies: arrays in another order, float16 (as float32), numbers of two dtypes.
    """
    arrays = [weight, gradient, *remembered]
    known = weight.dtype in COMPILED and gradient.dtype == weight.dtype
    if known and all([type(array) is np.ndarray and array.flags.carray for array in arrays]):
        kernel(*[array.ravel() for array in arrays], *numbers)  # views
        return
    dtype = np.float32 if weight.dtype.itemsize <= 4 else np.float64
    flat = [np.array(array, dtype, order="C").reshape(-1) for array in arrays]
    kernel(*flat, *numbers)
    for array, new in zip([weight, *remembered], [flat[0], *flat[2:]], strict=True):
        array[...] = new.reshape(array.shape)


class SGD(Optimizer):
    """Stochastic gradient descent with (Nesterov) momentum, as ``torch.optim.SGD``.

        g = gradient + weight_decay * w
        b = momentum * b + (1 - dampening) * g        (first step: b = g)
        w = w - lr * b                                (Nesterov: g + momentum * b in place of b)

    params: Tensors, ``(name, Tensor)`` pairs, or group dicts ``{"params": [...], "lr": ..., ...}`` with numbers of their own.
    maximize: climb instead of descend.

    Raises ValueError for negative numbers, for Nesterov without momentum or with dampening, and for an empty or duplicate list
    of parameters; TypeError for what is not a Tensor.

    Source: Sutskever et al., On the importance of initialization and momentum in deep learning (ICML 2013), sec. 2, with the
    learning rate outside of the momentum.

    >>> import minimix as mm
    >>> w = mm.Tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = SGD([w], lr=0.1, momentum=0.9)
    >>> w.grad = w.data * 2                # as loss.backward() would leave it, for the loss w**2
    >>> optimizer.step()
    >>> w.data
    array([0.8, 1.6], dtype=float32)
    """

    slots = ("momentum_buffer",)

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ):
        numbers = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(params, {**numbers, "nesterov": nesterov, "maximize": maximize})

    @classmethod
    def check(cls, group: dict) -> None:
        super().check(group)
        if group["nesterov"] and (not group["momentum"] > 0 or group["dampening"] != 0):
            raise ValueError(
                f"nesterov=True needs a momentum above 0 and no dampening, not momentum={group['momentum']} and "
                f"dampening={group['dampening']}: pass momentum=0.9, for example"
            )

    def update(self, items, group, number) -> None:
        lr, momentum, decay, nesterov = (float(group[name]) for name in ("lr", "momentum", "weight_decay", "nesterov"))
        for weight, gradient, state in items:
            undamped = 1 - group["dampening"] if "momentum_buffer" in state else 1
            remembered = slot(state, "momentum_buffer", weight) if momentum else weight.reshape(-1)[:0]
            run(kernels.sgd, weight, gradient, [remembered], lr, momentum, float(undamped), decay, bool(nesterov))


class RMSProp(Optimizer):
    """RMSProp with momentum as TensorFlow computes it, the optimiser of MnasNet and MixNet; the defaults are their recipe's.

        g = gradient + weight_decay * w
        s = decay * s + (1 - decay) * g**2            (s starts at 1)
        b = momentum * b + lr * g / sqrt(s + eps)     (b starts at 0)
        w = w - b

    ``torch.optim.RMSprop`` is another rule in three places: its s starts at 0, it divides by sqrt(s) + eps, and its learning
    rate is applied after the momentum, so that a change of rate also rescales the past.

    params: as in ``SGD``. ``decay`` is what PyTorch calls ``alpha``.

    Raises ValueError for negative numbers or a ``decay`` above 1, and for parameters as ``SGD`` does.

    Source: Tieleman and Hinton, lecture 6.5 of Neural Networks for Machine Learning (2012); MnasNet, arXiv 1807.11626, sec. 5.

    >>> import minimix as mm
    >>> w = mm.Tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = RMSProp([w], lr=0.1)
    >>> w.grad = w.data * 2
    >>> optimizer.step()
    >>> w.data.round(3)
    array([0.825, 1.747], dtype=float32)
    """

    slots = ("square_avg", "momentum_buffer")

    def __init__(
        self,
        params,
        lr: float = 1e-2,
        decay: float = 0.9,
        eps: float = 1e-3,
        weight_decay: float = 0.0,
        momentum: float = 0.9,
        *,
        maximize: bool = False,
    ):
        numbers = {"lr": lr, "decay": decay, "eps": eps, "weight_decay": weight_decay, "momentum": momentum}
        super().__init__(params, {**numbers, "maximize": maximize})

    @classmethod
    def check(cls, group: dict) -> None:
        super().check(group)
        if group["decay"] > 1:
            raise ValueError(f"decay is {group['decay']}, but must be from 0 to 1")

    def update(self, items, group, number) -> None:
        numbers = [float(group[name]) for name in ("lr", "decay", "eps", "weight_decay", "momentum")]
        for weight, gradient, state in items:
            remembered = [slot(state, "square_avg", weight, start=1.0), slot(state, "momentum_buffer", weight)]
            run(kernels.rmsprop, weight, gradient, remembered, *numbers)


class Adam(Optimizer):
    """Adam, as ``torch.optim.Adam``: steps scaled by running averages of the gradient and of its square.

        g = gradient + weight_decay * w
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        w = w - lr * M / (sqrt(V) + eps)              M = m / (1 - beta1**t), V = v / (1 - beta2**t)

    M and V correct for m and v having started at 0; t counts the steps of this parameter from 1.

    params: as in ``SGD``.

    Raises ValueError for negative numbers or betas outside [0, 1), and for parameters as ``SGD`` does.

    Source: Kingma and Ba, arXiv 1412.6980, algorithm 1.

    >>> import minimix as mm
    >>> w = mm.Tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = Adam([w], lr=0.1)
    >>> w.grad = w.data * 2
    >>> optimizer.step()
    >>> w.data.round(3)                        # the first step is lr, whatever the gradient's size
    array([0.9, 1.9], dtype=float32)
    """

    slots = ("step", "exp_avg", "exp_avg_sq")
    decoupled = False

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize})

    @classmethod
    def check(cls, group: dict) -> None:
        super().check(group)
        betas = group["betas"]
        if not isinstance(betas, (tuple, list)) or len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"betas is {betas}, but must be two numbers, both from 0 to below 1, such as (0.9, 0.999)")

    def update(self, items, group, number) -> None:
        lr, beta1, beta2, weight_decay = map(float, (group["lr"], *group["betas"], group["weight_decay"]))
        decay, kept = (0.0, 1 - lr * weight_decay) if self.decoupled else (weight_decay, 1.0)
        for weight, gradient, state in items:
            t = state["step"] = state.get("step", 0) + 1
            remembered = [slot(state, "exp_avg", weight), slot(state, "exp_avg_sq", weight)]
            # lr * M / (sqrt(V) + eps), multiplied out: the corrections cost nothing then
            correction = math.sqrt(1 - beta2**t)
            rate, eps = lr * correction / (1 - beta1**t), group["eps"] * correction
            run(kernels.adam, weight, gradient, remembered, rate, beta1, beta2, float(eps), decay, kept)


class AdamW(Adam):
    """Adam with weight decay beside the gradient rather than in it, as ``torch.optim.AdamW``.

        w = w * (1 - lr * weight_decay),  then Adam's update with g = gradient

    In Adam, decay that enters through the gradient is divided by sqrt(V) like everything else, so that weights with large
    gradients are hardly decayed. Here all decay at the same rate.

    Arguments and refusals are Adam's.

    Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization, arXiv 1711.05101, algorithm 2.

    >>> import numpy as np
    >>> import minimix as mm
    >>> w = mm.Tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = AdamW([w], lr=0.1, weight_decay=0.5)
    >>> w.grad = np.zeros(2, np.float32)
    >>> optimizer.step()
    >>> w.data                                 # no gradient, so decay alone: 5 %
    array([0.95, 1.9 ], dtype=float32)
    """

    decoupled = True

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        *,
        maximize: bool = False,
    ):
        super().__init__(params, lr, betas, eps, weight_decay, maximize=maximize)
