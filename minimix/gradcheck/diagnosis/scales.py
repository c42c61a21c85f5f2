"""Factors that belong to an axis: one for each channel, row or column. What are they, and do they depend on the input?"""

import itertools

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.evidence import Evidence

TERM = ("term missing", "sign of a term")
STATISTICS = (
    ("standard deviation", lambda x, a: x.std(axis=a)),
    ("norm", lambda x, a: np.sqrt((x * x).sum(axis=a))),
    ("sum", lambda x, a: x.sum(axis=a)),
    ("sum of absolute values", lambda x, a: np.abs(x).sum(axis=a)),
    ("sum of exponentials", lambda x, a: np.exp(x).sum(axis=a)),
    (
        "sum of exponentials of the differences to the largest",
        lambda x, a: np.exp(x - x.max(axis=a, keepdims=True)).sum(axis=a),
    ),
    ("largest number", lambda x, a: x.max(axis=a)),
    ("product", lambda x, a: x.prod(axis=a)),
)


def along_axes(e: Evidence, d: np.ndarray, live: np.ndarray, where: str = "", of_output: bool = False) -> Cause | None:
    """d: the ratio of analytical to numerical for each entry (of the output), where ``live``: is it one for each index of an
    axis, or for each pair of indices? where: words on what ``live`` leaves out."""
    long = [axis for axis in range(d.ndim) if d.shape[axis] > 1]
    for count in range(1, len(long) + 1 if of_output else len(long)):
        for axes in itertools.combinations(long, count):
            rest = tuple(a for a in range(d.ndim) if a not in axes)
            held = np.where(live, d, np.nan)
            ratios = np.where(live, d, 0).sum(axis=rest, keepdims=True) / live.sum(
                axis=rest, keepdims=True
            )  # NaN where none is
            known = ratios[np.isfinite(ratios)]
            enough = of_output or live.sum() >= (known.size + 1 if count == 1 else 2 * known.size)
            if known.size < 2 or not enough or np.min(np.abs(known)) < 1e-4 or np.ptp(known) <= 1e-4 * np.max(np.abs(known)):
                continue
            if np.nanmax(np.abs(held - ratios)) <= 1e-4 * np.max(np.abs(known)):
                return _named(e, ratios, axes, rest, where, of_output)
    return None


def _named(e: Evidence, ratios: np.ndarray, axes: tuple, rest: tuple, where: str, of_output: bool) -> Cause:
    """What the ratios are: a statistic of the slices, numbers of elements, or others. ratios: NaN where nothing is known."""
    which = f"{f'axis {axes[0]}' if len(axes) == 1 else f'axes {axes}'}{' of the output' if of_output else ''}"
    known = np.isfinite(ratios)
    numbers = ratios[known]
    text = f"{where}the ratio of analytical to numerical is constant for each index of {which} ({_few(numbers)})"
    if found := _statistic(e, ratios, known, rest, of_output):
        return Cause(f"{text}: {found}", "scale", "chain factor")
    if len(axes) == 1 and known.all() and _at_the_ends(numbers):
        return Cause(f"{text}, 1 but at its ends: what happens at the border (padding) counts differently", "border", "scale")
    if rest and (counts := _counts(numbers)):
        reading, claim = {
            "averaged": ("1 divided by whole numbers", "what belongs to an index is averaged where it should be summed"),
            "not averaged": ("whole numbers", "the division of a mean over what belongs to an index is forgotten"),
        }[counts]
        return Cause(f"{text}, {reading}: a scale or weight that belongs to it is wrong, or {claim}", "scale", counts)
    if not rest:
        return Cause(
            f"{text}: a factor of each output (the derivative of what is applied last, a weight of the row) is missing, there "
            "twice, taken at another point or of another function, or a term or a constant of it is wrong",
            *("chain factor", "scale", "wrong formula", "wrong point", "wrong constant", *TERM, "value"),
        )
    return Cause(
        f"{text}: a factor that belongs to it (a weight, a scale, another input) is missing, there once too often, lacks a "
        "summand, or is taken at another point or of another function",
        *("scale", "chain factor", "term missing", "wrong point", "wrong formula", "wrong constant"),
    )


def _at_the_ends(ratios: np.ndarray) -> bool:
    """Whether only the first and the last few are not 1, on both sides."""
    wrong = np.abs(ratios - 1) > 1e-4
    inner = np.flatnonzero(~wrong)
    return len(inner) > 1 and bool(wrong[0] and wrong[-1] and not wrong[inner[0] : inner[-1]].any())


def _statistic(e: Evidence, ratios: np.ndarray, known: np.ndarray, rest: tuple, of_output: bool) -> str | None:
    """A power of a statistic of the input's slices, or of the output, times a constant."""
    logs = np.log(np.abs(ratios[known]))
    if len(logs) < 3 or np.any(np.isinf(logs)):
        return None
    named = []
    if not of_output and rest:
        arrays = [("the input", e.point)]
        arrays += [(f"the input minus {e.probe.names[j]}", e.point - p) for j, p in e.others.items() if p.shape == e.shape]
        named += [
            (f"the {words} of {name} over axes {rest}", function(t, rest))
            for name, t in arrays
            for words, function in STATISTICS
        ]
    if e.output is not None and e.output.size == ratios.size:
        named.append(("the output", e.output))
    for name, numbers in named:
        with np.errstate(all="ignore"):
            there = np.log(np.abs(numbers.reshape(ratios.shape)))[known]
        if not np.all(np.isfinite(there)) or np.ptp(there) < 1e-3:
            continue
        for power in (1, -1, 2, -2, 3, -3):
            if np.ptp(logs - power * there) <= 3e-5:
                times = {1: "", 2: " squared", 3: " cubed"}[abs(power)]
                return f"{name}{times} is a factor {'too many' if power > 0 else 'that is missing'}"
    return None


def _counts(ratios: np.ndarray) -> str | None:
    for word, numbers in (("averaged", 1 / ratios), ("not averaged", ratios)):
        if np.all(numbers > 0.5) and np.max(np.abs(numbers - np.round(numbers))) < 1e-3 and numbers.max() <= 1000:
            return word
    return None


def _few(values) -> str:
    return ", ".join(f"{v:.4g}" for v in values[:4]) + (", ..." if len(values) > 4 else "")
