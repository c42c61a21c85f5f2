"""Learning rate schedules: pure functions of the step, sorted by increasing complexity.

``schedule(step)`` is the learning rate of training step 0, 1, 2, ... Nothing is remembered between calls, so that a resumed
run needs only its step number. After their last step, schedules hold their last value.
"""

import math
from collections.abc import Callable, Sequence

from minimix.optim.optimizer import Optimizer

Schedule = Callable[[int], float]


def _require(good: bool, name: str, value, expected: str) -> None:
    if not good:
        raise ValueError(f"{name} is {value}, but must be {expected}")


def constant(lr: float) -> Schedule:
    """Always ``lr``.

    >>> constant(0.1)(7)
    0.1
    """
    _require(lr >= 0, "lr", lr, "0 or more")
    return lambda step: float(lr)


def staircase_exponential(lr: float, steps_per_decay: float, decay_rate: float = 0.97) -> Schedule:
    """``lr * decay_rate ** floor(step / steps_per_decay)``, MnasNet's decay (arXiv 1807.11626, sec. 5: 0.97 every 2.4 epochs).

    steps_per_decay: optimiser steps between two stairs; may be a fraction, as in ``2.4 * steps_per_epoch``.

    Raises ValueError for a negative ``lr``, or ``steps_per_decay`` or ``decay_rate`` that are not positive.

    >>> schedule = staircase_exponential(0.256, steps_per_decay=2.4 * 10)
    >>> [round(schedule(step), 4) for step in (0, 23, 24, 48)]
    [0.256, 0.256, 0.2483, 0.2409]
    """
    _require(lr >= 0, "lr", lr, "0 or more")
    _require(steps_per_decay > 0, "steps_per_decay", steps_per_decay, "more than 0")
    _require(decay_rate > 0, "decay_rate", decay_rate, "more than 0")
    return lambda step: float(lr * decay_rate ** math.floor(step / steps_per_decay))


def _between(start: float, end: float, part: float, anneal: str = "cos") -> float:
    """From start (part = 0) to end (part = 1), straight or along half a cosine wave."""
    if anneal == "linear":
        return start + (end - start) * part
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2


def cosine(lr: float, total_steps: int, final_lr: float = 0.0) -> Schedule:
    """Half a cosine wave from ``lr`` at step 0 to ``final_lr`` at ``total_steps`` (SGDR, arXiv 1608.03983, eq. 5).

    Raises ValueError for a negative learning rate, or ``total_steps`` below 1.

    >>> schedule = cosine(0.2, total_steps=100)
    >>> [round(schedule(step), 4) for step in (0, 50, 100, 120)]
    [0.2, 0.1, 0.0, 0.0]
    """
    _require(lr >= 0, "lr", lr, "0 or more")
    _require(final_lr >= 0, "final_lr", final_lr, "0 or more")
    _require(total_steps >= 1, "total_steps", total_steps, "1 or more")
    return lambda step: float(_between(lr, final_lr, min(step / total_steps, 1.0)))


def warmup(schedule: Schedule, steps: int, start: float = 0.0, peak: float | None = None, delay: bool = False) -> Schedule:
    """A straight line from ``start`` to ``peak`` over the first ``steps`` steps, and ``schedule`` from there on.

    peak: where the line leads; the schedule's own value at its step 0 by default.
    delay: where the schedule's own step 0 lies. False: at the first step of training, under the line, as in MnasNet, whose
        decay is counted from there. True: at the end of the line, so that nothing of the schedule is lost.

    Raises ValueError for negative ``steps``, ``start`` or ``peak``, TypeError where ``schedule`` is not a function of the step.

    Source: Goyal et al., arXiv 1706.02677, sec. 2.2, "gradual warm-up".

    MnasNet's recipe, with 10 steps an epoch (the decay of the first two stairs shows at the end of the warm-up):

    >>> mnasnet = warmup(staircase_exponential(0.256, steps_per_decay=24), steps=50)
    >>> [round(mnasnet(step), 4) for step in (0, 25, 49, 50, 72)]
    [0.0, 0.128, 0.2509, 0.2409, 0.2336]
    >>> delayed = warmup(cosine(0.2, 100), steps=10, delay=True)
    >>> [round(delayed(step), 4) for step in (0, 5, 10, 60, 110)]
    [0.0, 0.1, 0.2, 0.1, 0.0]
    """
    if not callable(schedule):
        raise TypeError(f"schedule is {schedule!r}, but must be a function of the step, such as constant({schedule!r})")
    top = float(schedule(0)) if peak is None else peak
    _require(steps >= 0, "steps", steps, "0 or more")
    _require(start >= 0, "start", start, "0 or more")
    _require(top >= 0, "peak", top, "0 or more")

    def warmed_up(step: int) -> float:
        if step < steps:
            return float(_between(start, top, step / steps, "linear"))
        return float(schedule(step - steps if delay else step))

    return warmed_up


def one_cycle(
    max_lr: float,
    total_steps: int,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    anneal: str = "cos",
) -> Schedule:
    """Up from ``max_lr / div_factor`` to ``max_lr``, and down to ``max_lr / div_factor / final_div_factor`` at the last step.

    total_steps: optimiser steps of the whole run; the last one is number ``total_steps - 1``.
    pct_start: part of the run (0 to 1) that goes up.
    anneal: shape of both parts, "cos" or "linear".

    The values are those of ``torch.optim.lr_scheduler.OneCycleLR``; the momentum stays as it is
    (there: ``cycle_momentum=False``).

    Raises ValueError for arguments out of these ranges.

    Source: Smith and Topin, Super-Convergence, arXiv 1708.07120, sec. 3.

    >>> schedule = one_cycle(0.3, total_steps=100)
    >>> [round(schedule(step), 4) for step in (0, 29, 64, 99)]
    [0.012, 0.3, 0.15, 0.0]
    """
    _require(max_lr >= 0, "max_lr", max_lr, "0 or more")
    _require(total_steps >= 1, "total_steps", total_steps, "1 or more")
    _require(0 <= pct_start <= 1, "pct_start", pct_start, "from 0 to 1")
    _require(div_factor > 0, "div_factor", div_factor, "more than 0")
    _require(final_div_factor > 0, "final_div_factor", final_div_factor, "more than 0")
    _require(anneal in ("cos", "linear"), "anneal", repr(anneal), '"cos" or "linear"')
    first = max_lr / div_factor
    last = first / final_div_factor
    turn, end = pct_start * total_steps - 1, total_steps - 1  # steps at which max_lr and the last value are reached

    def cycle(step: int) -> float:
        if step <= turn:
            return float(_between(first, max_lr, step / turn if turn > 0 else 1.0, anneal))
        return float(_between(max_lr, last, min((step - turn) / (end - turn), 1.0) if end > turn else 1.0, anneal))

    return cycle


class Scheduler:
    """Sets the learning rate of an optimiser: that of step 0 when it is made, that of the next step at every ``step()``.

    optimizer: all its groups get ``schedule(step) * multiplier``.
    schedule: function from step to learning rate.
    multipliers: one a group. By default a group keeps its proportion: one that was given its own ``lr`` gets that divided
        by the optimiser's ``lr``. Kept as ``group["lr_multiplier"]``, where it may also be given, and saved with the optimiser.
        Groups that are added later (``add_param_group``) are treated alike, from the moment they are added.

    Attributes: ``last_step``, the step whose rate is set now; setting it goes there, which is all that resuming needs.

    >>> import minimix as mm
    >>> from minimix import optim
    >>> a, b = mm.Tensor([1.0], requires_grad=True), mm.Tensor([2.0], requires_grad=True)
    >>> optimizer = optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.01}], lr=0.1)
    >>> scheduler = optim.Scheduler(optimizer, optim.cosine(0.2, total_steps=2))
    >>> scheduler.get_last_lr()
    [0.2, 0.02]
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.1, 0.01]
    """

    def __init__(self, optimizer: Optimizer, schedule: Schedule, multipliers: Sequence[float] | None = None):
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"optimizer is a {type(optimizer).__name__}, but must be one of minimix.optim's optimisers")
        if not callable(schedule):
            raise TypeError(f"schedule is {schedule!r}, but must be a function of the step, such as constant({schedule!r})")
        groups = optimizer.param_groups
        if multipliers is None:
            multipliers = [optimizer.lr_proportion(group) for group in groups]
        if len(multipliers) != len(groups):
            raise ValueError(f"{len(multipliers)} multipliers for {len(groups)} parameter groups: give one for each group")
        for group, multiplier in zip(groups, multipliers, strict=True):
            _require(multiplier >= 0, "multiplier", multiplier, "0 or more")
            group["lr_multiplier"] = float(multiplier)
        self.optimizer = optimizer
        self.schedule = schedule
        self.last_step = 0

    @property
    def last_step(self) -> int:
        """The step whose rates the optimiser has; setting it hands over those of another."""
        return self._last_step

    @last_step.setter
    def last_step(self, step: int) -> None:
        _require(step >= 0, "last_step", step, "0 or more")
        self._last_step = int(step)
        lr = float(self.schedule(self._last_step))
        _require(lr >= 0, f"the learning rate of step {step}", lr, "0 or more")
        self.optimizer.scheduled_lr = lr
        for group in self.optimizer.param_groups:
            group["lr_multiplier"] = self.optimizer.lr_proportion(group)  # fixed at the first time
            group["lr"] = lr * group["lr_multiplier"]

    def step(self) -> None:
        """Go on to the next step. Call it after the optimiser's ``step()``."""
        self.last_step += 1

    def get_last_lr(self) -> list[float]:
        """The learning rate of every group now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict:
        """The step number; everything else follows from it."""
        return {"last_step": self.last_step}

    def load_state_dict(self, state: dict) -> None:
        """Go to the step that ``state_dict()`` gave."""
        if "last_step" not in state:
            raise ValueError(f'a scheduler\'s state has the key "last_step", not {sorted(state)}')
        self.last_step = state["last_step"]
