"""Factors that belong to an axis: one for each channel, row or column. What are they, and do they depend on the input?"""

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.evidence import Evidence

STATISTICS = (
    ("standard deviation", lambda x, a: x.std(axis=a)),
    ("norm", lambda x, a: np.sqrt((x * x).sum(axis=a))),
    ("sum", lambda x, a: x.sum(axis=a)),
    ("sum of absolute values", lambda x, a: np.abs(x).sum(axis=a)),
    ("sum of exponentials", lambda x, a: np.exp(x).sum(axis=a)),
    ("sum of exponentials of the differences to the largest", lambda x, a: np.exp(x - x.max(axis=a, keepdims=True)).sum(axis=a)),
    ("largest number", lambda x, a: x.max(axis=a)),
    ("product", lambda x, a: x.prod(axis=a)),
)


def along_an_axis(e: Evidence, d: np.ndarray, live: np.ndarray, of_output: bool) -> Cause | None:
    """d: the ratio of analytical to numerical for each entry (of the output), where ``live``: is it one for each index?"""
    for axis in range(d.ndim):
        rest = tuple(a for a in range(d.ndim) if a != axis)
        if d.shape[axis] < 2 or (not of_output and d.size == d.shape[axis]):
            continue
        ratios = np.array([np.median(part[there]) if there.any() else 1.0 for part, there in _slices(d, live, axis)])
        spread = np.expand_dims(ratios, rest)
        if np.max(np.abs(d - spread)[live]) > 1e-4 * np.max(np.abs(d)) or np.ptp(ratios) <= 1e-4 * np.max(np.abs(ratios)):
            continue
        return _named(e, ratios, axis, rest, of_output)
    return None


def _slices(d: np.ndarray, live: np.ndarray, axis: int):
    return zip(np.moveaxis(d, axis, 0), np.moveaxis(live, axis, 0), strict=True)


def _named(e: Evidence, ratios: np.ndarray, axis: int, rest: tuple, of_output: bool) -> Cause:
    """What the ratios are: a statistic of the slices, numbers of elements, or numbers that the input does not change."""
    which = f"axis {axis}{' of the output' if of_output else ''}"
    text = f"the ratio of analytical to numerical is constant for each index of {which} ({_few(ratios)})"
    if found := _statistic(e, ratios, axis, rest, of_output):
        return Cause(f"{text}: {found}", "scale", "chain factor")
    if _at_the_ends(ratios):
        return Cause(f"{text}, 1 but at its ends: what happens at the border (padding) counts differently", "border", "scale")
    if counts := _counts(ratios):
        reading, claim = {
            "averaged": ("1 divided by whole numbers", "what belongs to an index is averaged where it should be summed"),
            "not averaged": ("whole numbers", "the division of a mean over what belongs to an index is forgotten"),
        }[counts]
        return Cause(f"{text}, {reading}: a scale or weight that belongs to it is wrong, or {claim}", "scale", counts)
    return Cause(f"{text}: a factor that belongs to it (a weight, a scale) is missing, wrong or there once too often", "scale")


def _at_the_ends(ratios: np.ndarray) -> bool:
    """Whether only the first and the last few are not 1, on both sides."""
    wrong = np.abs(ratios - 1) > 1e-4
    inner = np.flatnonzero(~wrong)
    return len(inner) > 1 and bool(wrong[0] and wrong[-1] and not wrong[inner[0] : inner[-1]].any())


def _statistic(e: Evidence, ratios: np.ndarray, axis: int, rest: tuple, of_output: bool) -> str | None:
    """A power of a statistic of the input's slices, or of the output, times a constant."""
    if len(ratios) < 3:
        return None
    named = []
    if not of_output:
        differences = [("the input", e.point)]
        differences += [(f"the input minus {e.probe.names[j]}", e.point - p) for j, p in e.others.items() if p.shape == e.shape]
        named += [(f"the {words} of {name}", function(t, rest)) for name, t in differences for words, function in STATISTICS]
    if e.output is not None and e.output.size == len(ratios):
        named.append(("the output", e.output.reshape(-1)))
    logs = np.log(np.abs(ratios))
    for name, numbers in named:
        with np.errstate(all="ignore"):
            there = np.log(np.abs(numbers.reshape(-1)))
        if there.shape != logs.shape or not np.all(np.isfinite(there)) or np.ptp(there) < 1e-3:
            continue
        for power in (1, -1, 2, -2, 3, -3):
            if np.ptp(logs - power * there) <= 3e-5:
                times = {1: "", 2: " squared", 3: " cubed"}[abs(power)]
                return f"{name}{times} over the other axes is a factor {'too many' if power > 0 else 'that is missing'}"
    return None


def _counts(ratios: np.ndarray) -> str | None:
    for word, numbers in (("averaged", 1 / ratios), ("not averaged", ratios)):
        if np.all(numbers > 0.5) and np.max(np.abs(numbers - np.round(numbers))) < 1e-3 and numbers.max() <= 1000:
            return word
    return None


def _few(values) -> str:
    return ", ".join(f"{v:.4g}" for v in values[:4]) + (", ..." if len(values) > 4 else "")
