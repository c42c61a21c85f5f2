"""Factors that belong to an axis: one for each channel, row or column. What are they, and do they depend on the input?"""

import itertools

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis.words import few
from minimix.gradcheck.evidence import Evidence

SCALE = ("scale", "chain factor", "term missing")
MORE = ("wrong constant", "chain factor", "not summed", "overwritten", "summed")
WRONG = ("wrong formula", "wrong point", "wrong constant")  # a wrong formula, in words
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
    text = f"{where}the ratio of analytical to numerical is constant for each index of {which} ({few(numbers)})"
    if not of_output and _balanced(e, rest):
        return Cause(f"{text}; there, two entries have gradients of one size each, so that most mistakes leave such a ratio")
    if found := _statistic(e, ratios, known, rest, of_output):
        return Cause(f"{text}: {found}", "scale", "chain factor", "wrong formula", "wrong point")
    if known.all() and _at_the_ends(ratios, axes):
        text += ", 1 but at the ends"
        if not of_output or _windows(e, ratios, axes):
            return Cause(f"{text}: what happens at the border (padding) counts differently", "border", "scale")
        return Cause(text)
    if rest and known.all() and _two(numbers):
        other = numbers[np.abs(numbers - 1) > 1e-4][0]
        return Cause(
            f"{text}: 1 or {other:.4g}; a weight, a slope or another constant of some indices is wrong, or contributions to "
            "them are lost or averaged",
            *("scale", "wrong constant", "value", "averaged", "overwritten", "not summed", "factor", "term missing"),
        )
    if rest and (counts := _counts(numbers)):
        reading, claim = {
            "averaged": ("1 divided by whole numbers", "what belongs to an index is averaged where it should be summed"),
            "not averaged": ("whole numbers", "the division of a mean over what belongs to an index is forgotten"),
        }[counts]
        return Cause(f"{text}, {reading}: a scale or weight that belongs to it is wrong, or {claim}", "scale", counts, *MORE)
    return _of_other_origin(e, ratios, axes, text, of_output, bool(where))


def _balanced(e: Evidence, rest: tuple) -> bool:
    """Whether each index has at most two entries, whose gradients are as large: as those of two classes, of a sum of 1."""
    if not rest:
        return False
    moved = np.moveaxis(np.abs(e.numerical), [axis + 1 for axis in rest], range(-len(rest), 0))
    rows = np.sort(moved.reshape(*moved.shape[: moved.ndim - len(rest)], -1), axis=-1)
    top = rows[..., -1:]
    few_entries = (rows > e.tiny).sum(axis=-1).max() == 2
    return bool(few_entries and np.max(np.where(rows > e.tiny, top - rows, 0)) <= 1e-5 * e.size + 4 * e.noise)


def _of_other_origin(e: Evidence, ratios: np.ndarray, axes: tuple, text: str, of_output: bool, partly: bool) -> Cause:
    """What the ratios depend on: their inputs are moved, one after the other. partly: some entries are right."""
    numbers = ratios[np.isfinite(ratios)]
    changing = None if partly else _movers(e, ratios, axes, of_output)
    if len(numbers) > 3 and abs(np.prod(numbers) - 1) < 1e-4:
        return Cause(
            f"{text}, and their product is 1: each index has the factor of another one (mirrored, in another order, along "
            "another axis), or is divided by what it should be multiplied by",
            *("scale", "permuted", "flipped", "transposed", "shifted", "groups", "other place", "wrong formula"),
        )
    if changing is None:
        return Cause(f"{text}: a factor that belongs to it is missing, there once too often, or wrong", *SCALE, *WRONG)
    if not changing:
        return Cause(
            f"{text}, whatever the values of the inputs are: a constant of each index (a weight, a count, a sign) is missing, "
            "there once too often, or another than forward's",
            *("scale", "wrong constant", "chain factor", "sign of a term"),
        )
    names = " and ".join(changing)
    if "the input" in changing:
        return Cause(
            f"{text}, and changes with {names}: a factor computed from it is missing or there once too often, or its formula "
            "is wrong: a sign, a constant, a summand in it",
            *SCALE,
            *WRONG,
            "sign of a term",
        )
    return Cause(
        f"{text}, and changes with {names}, not with the input: a factor made of it is missing, there once too often, or has a "
        "wrong formula: a sign, a constant, a limit in it",
        *SCALE,
        *WRONG,
        *("sign of a term", "no mask", "wrong mask"),
    )


def _movers(e: Evidence, ratios: np.ndarray, axes: tuple, of_output: bool) -> list[str] | None:
    """The names of the inputs with which the ratios change; None where there are no such ratios any more."""
    rng, found = np.random.default_rng(5), []
    for j in (e.k, *e.others):
        p = e.probe.points[j]
        nearby = e.elsewhere({j: p * rng.uniform(0.9, 1, p.shape)})
        other = e.elsewhere({j: rng.permutation(p.reshape(-1)).reshape(p.shape)})  # where other branches may be taken
        if nearby is None or (there := _measured(nearby, axes, of_output)) is None:
            return None
        moved = [there, *([] if other is None or (far := _measured(other, axes, of_output)) is None else [far])]
        before = ratios.reshape(-1)
        if any(np.nanmax(np.abs(now.reshape(-1) - before)) > 1e-3 * np.nanmax(np.abs(before)) for now in moved):
            found.append("the input" if j == e.k else e.probe.names[j])
    return found


def _measured(there: Evidence, axes: tuple, of_output: bool) -> np.ndarray | None:
    """The ratio for each index of the axes, if there still is one; NaN where nothing is known."""
    a, n = there.analytical, there.numerical
    if of_output:
        a, n = (part.reshape(*there.shapes[0], -1) for part in (a, n))
        rest = (*(axis for axis in range(len(there.shapes[0])) if axis not in axes), a.ndim - 1)
    else:
        rest = (0, *(axis + 1 for axis in range(len(there.shape)) if axis not in axes))
    squares = (n * n).sum(axis=rest, keepdims=True)
    ratios = np.where(squares > there.tiny**2, (a * n).sum(axis=rest, keepdims=True) / squares, np.nan)
    return ratios if np.nanmax(np.abs(a - ratios * n)) <= 1e-4 * np.max(np.abs(a)) else None


def _at_the_ends(ratios: np.ndarray, axes: tuple) -> bool:
    """Whether only the first and the last few along each axis are not 1, on both sides."""
    wrong = np.abs(ratios - 1) > 1e-4
    for margin in range(1, (min(ratios.shape[axis] for axis in axes) - 1) // 2 + 1):
        inner = tuple(slice(margin, -margin) if axis in axes else slice(None) for axis in range(ratios.ndim))
        if not wrong[inner].any():
            return all(wrong.take(end, axis).any() for axis in axes for end in (0, -1))
    return False


def _windows(e: Evidence, ratios: np.ndarray, axes: tuple) -> bool:
    """Whether output entries depend on places of an axis of the input that move on with them: windows, which have a border.

    ratios: 1 inside, where all windows are as long.
    """
    live = (np.abs(e.numerical) > e.tiny).reshape(*e.shapes[0], *e.shape)
    for axis in axes:
        rows = np.moveaxis(live, axis, 0)
        inside = np.any(np.abs(np.moveaxis(ratios, axis, 0).reshape(len(rows), -1) - 1) < 1e-4, axis=1)
        for place in range(len(e.shapes[0]), live.ndim):
            used = rows.any(axis=tuple(a for a in range(1, rows.ndim) if a != place))
            first, last = used.argmax(axis=1), used.shape[1] - used[:, ::-1].argmax(axis=1)
            moving = all(np.all(np.diff(end) >= 0) and np.ptp(end) > 0 for end in (first, last))
            if moving and np.ptp((last - first)[inside]) == 0:
                break
        else:
            return False
    return True


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


def _two(numbers: np.ndarray) -> bool:
    """Whether these are 1 and one other number."""
    others = numbers[np.abs(numbers - 1) > 1e-4]
    return len(others) < len(numbers) and np.ptp(others) <= 1e-4 * np.max(np.abs(others))


def _counts(ratios: np.ndarray) -> str | None:
    for word, numbers in (("averaged", 1 / ratios), ("not averaged", ratios)):
        if np.all(numbers > 0.5) and np.max(np.abs(numbers - np.round(numbers))) < 1e-3 and numbers.max() <= 1000:
            return word
    return None
