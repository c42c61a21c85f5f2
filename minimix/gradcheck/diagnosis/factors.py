"""Rules on factors that differ from entry to entry, or from output to output: which known numbers are they?"""

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis import indices, positions, scales, sums, where
from minimix.gradcheck.diagnosis.own import aligned
from minimix.gradcheck.evidence import Evidence


def sigmoid(t):
    """1 / (1 + exp(-t))"""
    return 1 / (1 + np.exp(-t))


FORMS = (  # what a factor may be of a number t: words with {} for t
    ("{}", lambda t: t),
    ("{} squared", lambda t: t * t),
    ("{} cubed", lambda t: t**3),
    ("the absolute value of {}", np.abs),
    ("the root of {}", lambda t: np.sqrt(t)),
    ("1 - {}", lambda t: 1 - t),
    ("1 + {}", lambda t: 1 + t),
    ("1 - {} squared", lambda t: 1 - t * t),
    ("1 + {} squared", lambda t: 1 + t * t),
    ("the root of 1 + {} squared", lambda t: np.sqrt(1 + t * t)),
    ("the root of 1 - {} squared", lambda t: np.sqrt(1 - t * t)),
    ("{} (1 - {})", lambda t: t * (1 - t)),
    ("{} / (1 + {})", lambda t: t / (1 + t)),
    ("exp({})", np.exp),
    ("log({})", np.log),
    ("sin({})", np.sin),
    ("cos({})", np.cos),
    ("sigmoid({})", sigmoid),
    ("1 - sigmoid({})", lambda t: 1 - sigmoid(t)),
    ("the derivative of sigmoid({})", lambda t: sigmoid(t) * (1 - sigmoid(t))),
    ("tanh({})", np.tanh),
    ("the derivative of tanh({})", lambda t: 1 - np.tanh(t) ** 2),
    ("cosh({})", np.cosh),
    ("exp(-{} squared)", lambda t: np.exp(-t * t)),
    ("exp(-{} squared / 2)", lambda t: np.exp(-t * t / 2)),
)


EQUAL = ("overwritten", "averaged", "not summed", "left out", "scale", "wrong constant", "value", "chain factor")
ANOTHER = ("chain factor", "scale", "wrong formula", "wrong point")  # where the ratio is a known factor


def match(e: Evidence, factors: np.ndarray, mask: np.ndarray, fields) -> tuple[str, float, int] | None:
    """(words, c, power) with factors = c form(t) ** power where ``mask``, t being one of ``fields`` (name, array)."""
    f = factors[mask]
    if f.size < 2 or np.ptp(f) <= 1e-4 * np.max(np.abs(f)):
        return None
    few = f.size == 2  # enough for a number itself, without a constant
    hits = []
    for name, values in fields:
        t = np.broadcast_to(values, factors.shape)[mask]
        if few and np.max(np.abs(np.abs(f) - np.abs(t))) <= 1e-5 * np.max(np.abs(f)) and np.ptp(f / t) < 1e-4:
            return name, float(np.sign(f[0] / t[0])), 1
        if few or len(np.unique(np.round(t, 9))) < 3:
            continue
        with np.errstate(all="ignore"):
            for words, form in FORMS[:1] if " index of " in name or " along " in name else FORMS:
                phi = form(t)
                for power in (1, -1):
                    constants = f / phi**power
                    if not np.all(np.isfinite(constants)):
                        continue
                    c = float(np.median(constants))
                    if 1e-3 < abs(c) < 1e3 and np.max(np.abs(constants / c - 1)) <= 3e-5:
                        hits.append((abs(abs(c) - 1) > 1e-4, words.replace("{}", name), c, power))
    if not hits:
        return None
    _, words, c, power = min(hits, key=lambda hit: hit[0])
    return words, c, power


def _fields(e: Evidence, shape: tuple):
    """(name, array) of everything that has a number for each entry of an array of this shape, or along some of its axes."""
    named = [("the input", e.point)] + [(e.probe.names[j], p) for j, p in e.others.items()]
    for axis in range(len(shape)) if e.shape == shape and len(shape) > 1 else ():
        rest = tuple(a for a in range(len(shape)) if a != axis)
        for axes, which in {rest: f"for each index of axis {axis}", (axis,): f"along axis {axis}"}.items():
            named += [
                (f"the input's {words} {which}", function(e.point, axes))
                for words, function in (
                    ("standard deviation", lambda x, a: x.std(axis=a, keepdims=True)),
                    ("variance", lambda x, a: x.var(axis=a, keepdims=True)),
                    ("norm", lambda x, a: np.sqrt((x * x).sum(axis=a, keepdims=True))),
                    ("sum", lambda x, a: x.sum(axis=a, keepdims=True)),
                    ("distance from its mean", lambda x, a: x - x.mean(axis=a, keepdims=True)),
                )
            ]
    if e.output is not None:
        named.append(("the output", e.output))
    for name, values in named:
        yield from ((name, array) for array in aligned(values, shape))


def _per_entry(e: Evidence) -> tuple[np.ndarray, np.ndarray] | None:
    """(factor of each entry, the same for all weightings; where there is one)."""
    a, n = e.analytical.reshape(len(e.analytical), -1), e.numerical.reshape(len(e.analytical), -1)
    if len(a) < 2 and e.point.size < 2:
        return None
    squares = (n * n).sum(axis=0)
    live = ~e.dead.reshape(-1)
    if not live.any():
        return None
    d = np.where(live, (a * n).sum(axis=0) / np.where(live, squares, 1), 1.0)
    if np.max(np.abs(a - d * n)[:, live]) > 1e-5 * max(e.size, np.max(np.abs(a))) + 4 * e.noise or e.silent.all():
        return None
    if (~live & ~e.silent.reshape(-1)).any():
        return None
    return d.reshape(e.shape), live.reshape(e.shape)


def two_kinds(e: Evidence) -> Cause | None:
    """Right at some entries, one factor at all the others."""
    found = _per_entry(e)
    return _split(e, *found) if found else None


def per_entry(e: Evidence) -> Cause | None:
    """Each entry has a factor of its own, the same for all weightings."""
    found = _per_entry(e)
    return _named(e, *found) if found else None


def _split(e: Evidence, d: np.ndarray, live: np.ndarray) -> Cause | None:
    """Right at some entries, one factor at all the others."""
    right = np.abs(d - 1) < 1e-4
    bad = live & ~right
    if not (right & live).any() or not bad.any():
        return None
    c = float(np.median(d[bad]))
    if np.max(np.abs(d[bad] - c)) > 1e-4 * abs(c) + 1e-6:
        return None
    text = "has the wrong sign" if abs(c + 1) < 1e-4 else f"is {c:.6g} times what it should be"
    found = where.by_value(e, bad, lambda other: other.bad)
    if found:
        claims = (
            ("sign", "sign of a term", "wrong point") if abs(c + 1) < 1e-4 else ("wrong constant", "factor", "term missing")
        )
        return Cause(
            f"right where {found[0]} is not {found[1]}; where it is, the gradient {text}: a factor or a branch for those is "
            "wrong",
            *("value", "wrong mask", "chain factor", "scale", "wrong formula", *claims),
        )
    uses = (np.abs(e.numerical) > e.tiny).sum(axis=0) if e.whole else np.zeros(e.shape, int)
    if bad.sum() >= 1 and np.all(uses[bad] > 1) and np.all(uses[right & live] <= 1) and abs(c * uses[bad] - 1).max() < 1e-4:
        return Cause(
            f"the gradient is {c:.6g} times what it should be for each entry that {uses[bad][0]} outputs depend on: averaged "
            "over its uses, where they should be summed",
            "averaged",
        )
    slices, some = where.by_slices(bad), f"{int(bad.sum())} of {bad.size} entries"
    if abs(c + 1) < 1e-4 and bad.sum() > 1 and right.sum() > 1:
        staying = ", whatever the input's values are," if positions.staying(e) else ""
        if staying and min(bad.sum(), (right & live).sum()) < 3:
            return Cause(f"the gradient {text} at {slices or some}{staying} and is right at the others")
        return Cause(
            f"the gradient {text} at {slices if slices and staying else some}{staying} and is right at the others: where a "
            "label, a condition or a value decides for one of two terms or signs, that one is wrong, or another number decides",
            *("sign of a term", "value", "sign", "wrong point", "wrong mask", "wrong formula"),
        )
    if not positions.staying(e):
        return None
    if min(bad.sum(), right.sum()) < 3 or (slices and where.regular(slices)):
        return Cause(f"the gradient {text} at {slices or some}, and right elsewhere")
    if abs(c) < 1e-4:
        return Cause(
            f"nothing arrives at {some}, whatever the input's values are, and the others are right: a term that only these "
            "have (those of a label) is left out, or a mask blocks them",
            *("left out", "term missing", "wrong mask"),
        )
    text = f"the gradient {text} at {some}, whatever the input's values are, and right at the others"
    if abs(1 / c - round(1 / c)) < 1e-3 and round(1 / c) > 1:
        several = f"of {round(1 / c)} equal contributions one remains, or their mean"
        if e.whole and np.all(uses[bad] < round(1 / c)):
            return Cause(
                f"{text}: a weight or a constant of these (of their class) is wrong, or a factor is missing",
                *("scale", "wrong constant", "chain factor", "value"),
            )
        return Cause(f"{text}: {several}; or a weight of these (of their class) is wrong", *EQUAL)
    if abs(c - 2) < 1e-4:
        return Cause(
            f"{text}: these are counted twice, or multiplied by a weight or a condition of 2 that forward has not",
            *("summed", "scale", "wrong mask", "not averaged", "wrong constant", "wrong formula", "term extra"),
        )
    return Cause(
        f"{text}: a weight, a constant, a term or the formula of the case that these belong to (a class, a label, a condition) "
        "is wrong",
        *("scale", "wrong constant", "term missing", "wrong formula", "chain factor", "value"),
    )


def _named(e: Evidence, d: np.ndarray, live: np.ndarray) -> Cause | None:
    """The factors as a known function of known numbers."""
    sure = live & (np.max(np.abs(e.numerical), axis=0) > 1e-3 * e.size)  # differences leave no digits of the others
    if sure.sum() >= min(0.6 * live.sum(), 10) and (hit := match(e, d, sure, _fields(e, e.shape))):
        words, c, power = hit
        times = "" if abs(c - 1) < 1e-4 else " (times -1: the sign is wrong, too)" if abs(c + 1) < 1e-4 else f" (times {c:.6g})"
        if " / (1 + " in words:
            kept, needed = words.split(" / ")[::power]
            return Cause(
                f"the ratio of analytical to numerical is {kept} / {needed}{times}: backward has {kept} where {needed} is "
                "needed",
                *("term missing", "term extra", "chain factor", "wrong formula"),
            )
        what = (
            "there once too often, or a division by it is missing"
            if power == 1
            else "missing, is another, or there is a division by it too many"
        )
        sum_, claims = _made_of_summands(words)
        return Cause(
            f"the ratio of analytical to numerical is {'1 / ' if power == -1 else ''}({words}){times}: the factor {words} is "
            f"{what}{sum_}",
            *(*ANOTHER, *claims),
        )
    if found := scales.along_axes(e, d, live):
        return found
    return scales.along_axes(e, d, live & e.bad, where="where it is wrong, ")


def _made_of_summands(words: str) -> tuple[str, tuple]:
    """What else a factor may come from that is a sum, or a share of one, or a power: a summand or a constant that is wrong."""
    if "exp(" in words:
        return ", or a summand or a constant in an exponent is another than forward's", (
            "wrong constant",
            "wrong point",
            "term missing",
        )
    if any(part in words for part in ("1 - ", "1 + ", "sigmoid", "tanh")):
        return ", or one of the summands that make it up is forgotten, counted twice or negated", (
            "term missing",
            "term extra",
            "sign of a term",
        )
    return "", ()


def per_output(e: Evidence) -> Cause | None:
    """Each output entry's gradient has a factor of its own."""
    if not e.whole or len(e.analytical) < 2:
        return None
    a, n = e.analytical.reshape(len(e.analytical), -1), e.numerical.reshape(len(e.analytical), -1)
    live = np.max(np.abs(n), axis=1) > e.tiny
    if np.median((np.abs(n) > e.tiny).sum(axis=1)[live]) < 2:
        return None  # outputs of one entry each: any numbers have a ratio
    squares = (n * n).sum(axis=1)
    d = np.where(live, (a * n).sum(axis=1) / np.where(live, squares, 1), 1.0)
    if np.max(np.abs(a - d[:, None] * n)) > 1e-5 * max(e.size, np.max(np.abs(a))) + 4 * e.noise or e.output is None:
        return None
    shape = e.shapes[0]
    d, live = d.reshape(shape), live.reshape(shape)
    lost = live & (np.abs(d) < 1e-5)
    kept = live & (np.abs(d - 1) < 1e-4)
    if lost.any() and np.array_equal(lost | kept, live):
        return _uncounted(e, lost, kept)
    if hit := match(e, d, live, _fields(e, shape)):
        words, c, power = hit
        times = "" if abs(c - 1) < 1e-4 else " (times -1: the sign is wrong, too)" if abs(c + 1) < 1e-4 else f" (times {c:.6g})"
        what = (
            "there once too often, or a division by it is missing"
            if power == 1
            else "missing, is another, or there is a division by it too many"
        )
        sum_, claims = _made_of_summands(words)
        return Cause(
            "for each output entry, the ratio of analytical to numerical is "
            f"{'1 / ' if power == -1 else ''}({words}){times}: the factor "
            f"{words} is {what}{sum_}",
            *(*ANOTHER, *claims),
        )
    return scales.along_axes(e, d, live, of_output=True)


def _uncounted(e: Evidence, lost: np.ndarray, kept: np.ndarray) -> Cause:
    """Some outputs are not counted at all."""
    if (cause := indices.repeated(e)) is not None:
        return cause
    if (cause := sums.overwritten(e)) is not None:
        text = where.by_slices(kept)
        return Cause(f"{cause}; only {text} of the output is counted", *cause.claims, "left out") if text else cause
    n = f"{int(lost.sum())} of {lost.size}"
    if kept.any() and (text := where.by_slices(kept)) and kept.sum() <= lost.sum():
        batch = " (not summed over the batch?)" if lost.ndim > 1 and "axis 0" in text else ""
        return Cause(
            f"not summed over all of the output: only {text} of it is counted{batch}",
            *("not summed", "left out", "overwritten", "term missing"),
        )
    if text := where.by_slices(lost):
        return Cause(
            f"not summed over all of the output: {text} of it is left out", "not summed", "left out", "wrong mask", "border"
        )
    return Cause(f"{n} output entries contribute nothing, the others rightly", "not summed", "left out", "wrong mask")
