"""One factor for everything: which number it is, and what it changes with."""

import itertools

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis import altered, flat
from minimix.gradcheck.diagnosis.places import arrangements
from minimix.gradcheck.evidence import Evidence

ANY = ("factor", "wrong constant", "chain factor", "scale")  # what a factor may be called that is the same for all entries


def ratio(a: np.ndarray, n: np.ndarray, e: Evidence) -> float | None:
    """c with a = c n, or None."""
    norm = float(np.vdot(n, n))
    if norm == 0:
        return None
    c = float(np.vdot(n, a)) / norm
    return (
        c if c != 0 and np.max(np.abs(a - c * n)) <= 1e-5 * abs(c) * np.max(np.abs(n)) + 4 * e.noise * max(1, abs(c)) else None
    )


def constant(e: Evidence) -> Cause | None:
    """One factor for all entries, here and at another point."""
    c = ratio(*e.mixed[1:], e)
    if c is None or not e.wrong.any():
        return None
    a, n = e.mixed[1:]
    if abs(c - 1) < 1e-4 and abs(c - 1) * e.size < 20 * np.max(np.abs(a - c * n)):
        return None  # digits are lacking, no factor
    rng = np.random.default_rng(4)
    moved = e.elsewhere({e.k: np.where(e.point == 0, 0.05, e.point * rng.uniform(0.8, 1.0, e.shape))})
    there = ratio(*moved.mixed[1:], e) if moved is not None else None
    if there is not None and abs(there - c) > _apart(c, e):
        return _varying(e, moved, c, there)
    if there is None and moved is not None and np.max(np.abs(moved.analytical - c * moved.numerical)) > 1e-3 * moved.size:
        return None  # one factor at this point only
    text = (
        "sign flipped: analytical is minus numerical everywhere"
        if abs(c + 1) < 1e-4
        else f"constant ratio: analytical is {_number(c)} times numerical everywhere"
    )
    if found := _with_others(e, c, text) or _at_other_values(e, c, text) or _here_only(e, c, text):
        return found
    if abs(c + 1) < 1e-4:
        return _negated(e, text)
    flipped = ", and the sign is flipped" if c < 0 else ""
    readings, claims = _readings(e, abs(c))
    counted = None if readings else _whole(abs(c))
    if abs(abs(c) - 2) < 1e-4:
        readings.append("counted twice")
        claims += ["summed", "term extra"]
    if abs(abs(c) - 0.5) < 1e-4:
        readings.append("a factor of 2 missing (from a square, or a term used twice)")
        claims += ["term missing"]
    if counted is not None:
        readings.append(counted[0])
        claims += counted[1]
    sign = ["sign"] if c < 0 else []
    rest = "a constant that is rounded, or not forward's (eps)" if abs(c - 1) < 2e-3 else "a constant that is not forward's"
    claims += ["precision", "approximate", "term missing"] if abs(c - 1) < 2e-3 else []
    readings.append(f"a factor missing or doubled, or {rest}")
    return Cause(f"{text} ({'; or '.join(readings)}{flipped})", *ANY, *dict.fromkeys(claims), *sign)


def _negated(e: Evidence, text: str) -> Cause:
    """Minus the gradient; what else gives the same numbers here? In a - b, b's gradient is minus a's, and where an axis has two
    indices, each may be minus the other."""
    n = e.mixed[2]
    found = [
        (f"it is the gradient of {e.probe.names[j]}, with which it is exchanged", ("exchanged", "permuted"))
        for j, value in e.others.items()
        if value.shape == e.shape and e.explained(of=j)
    ]
    if e.point.size > 1:
        moves = ((words, claims) for words, claims, move in arrangements(e.shape) if e.alike(np.stack([*map(move, n)]), -n))
        found += [(f"the numbers are {words}", claims) for words, claims in moves]
    if e.others:  # whose terms may be subtracted
        found.append(("it is that of the only term that it is in", ("sign of a term",)))
    more = "".join(f", or {words}" for words, _ in found[:3])
    claims = dict.fromkeys(claim for _, some in found for claim in some)
    return Cause(f"{text}{': its sign is wrong' * bool(found)}{more}", "sign", *claims)


def _whole(c: float) -> tuple[str, tuple] | None:
    """A whole number of times, or of parts, that is no length of an axis."""
    for k, words, claims in (
        (
            1 / c,
            "of {} equal contributions one remains, or their mean is taken",
            ("not summed", "overwritten", "averaged", "left out"),
        ),
        (c, "{} equal contributions for one, or the division of a mean forgotten", ("summed", "not averaged", "term extra")),
    ):
        if 1.5 < k < 64.5 and abs(k - round(k)) < 1e-4:
            return words.format(round(k)), claims
    return None


def _with_others(e: Evidence, c: float, text: str) -> Cause | None:
    """The factor changes with another input: it is computed from that."""
    single = e.point.size == 1  # of one number, any error is a factor
    for j, value in e.others.items():
        there = _ratio_at(e, {j: np.where(value == 0, 0.05, 1.3 * value)})
        if there is None or abs(there - c) <= _apart(c, e):
            continue
        if found := altered.other_inputs(e):
            return Cause(f"{text}; {found}", *found.claims, "factor", *(("sign",) if c < 0 else ()))
        return Cause(
            f"{text}, but {_number(there)} times where {e.probe.names[j]} is 1.3 times as large: a factor that is computed "
            f"from {e.probe.names[j]} is missing, there once too often, or is another than forward's",
            *(() if single else ("chain factor", "scale", "wrong formula")),
        )
    return None


def _at_other_values(e: Evidence, c: float, text: str) -> Cause | None:
    """Another factor where the input's values are quite different: a branch, or another function."""
    rng = np.random.default_rng(7)
    for scale, words in ((-1.0, "-1"), (3.0, "3"), (0.1, "0.1")):
        there = _ratio_at(e, {e.k: scale * e.point * rng.uniform(0.9, 1.1, e.shape)})
        if there is None or abs(there - c) <= _apart(c, e):
            continue
        now = "right" if abs(there - 1) < 1e-4 else "minus that" if abs(there + 1) < 1e-4 else f"{_number(there)} times that"
        return Cause(
            f"{text} at this point, but {now} where the input is about {words} times this one: which of several formulas (a "
            "branch, a sign) belongs to a value is wrong, or a factor depends on it",
            *(() if e.point.size == 1 else ("value", "sign of a term", "wrong formula", "chain factor")),
        )
    return None


def _here_only(e: Evidence, c: float, text: str) -> Cause | None:
    """No such factor where the input's values have little to do with these."""
    for other in flat.elsewhere(e):
        if not other.point.all():  # at 0 there may be a kink
            continue
        if other.size > 1e-3 * e.size and np.max(np.abs(other.analytical - c * other.numerical)) > 1e-3 * other.size:
            return Cause(
                f"{text} at this point, but not where the input's values are others: a sign, a branch, a mask or a factor that "
                "depends on them is wrong",
                *(() if e.point.size == 1 else ("value", "sign of a term", "wrong formula", "chain factor", "wrong mask")),
                *(() if e.point.size == 1 else ("no mask", "wrong point", "term missing", "wrong constant")),
            )
    return None


def _ratio_at(e: Evidence, arrays: dict) -> float | None:
    """The one factor between analytical and numerical for other values of some inputs, along two directions; None where there
    is none, or where nothing can be said."""
    rng = np.random.default_rng(13)
    at = e.probe.dense()
    for j, array in arrays.items():
        at[j][...] = array
    u, place = e.mixed[0][:2], e.probe.checked.index(e.k)
    directions = [rng.uniform(0.5, 1, e.shape) * rng.choice([-1, 1], e.shape) for _ in range(2)]
    try:
        with np.errstate(all="ignore"), e.probe.record(at) as tape:
            if tape.shapes != e.shapes:
                return None
            theirs = np.array([[np.sum(g * v) for g in (tape.pull(row)[place] for row in u)] for v in directions])
    except Exception:
        return None
    columns = [e.slope(v, arrays) for v in directions]
    if any(column is None for column in columns):
        return None
    ours = np.stack([u @ column * np.max(np.abs(v)) for column, v in zip(columns, directions, strict=True)])
    norm = float(np.vdot(ours, ours))
    if not np.all(np.isfinite(theirs)) or norm <= (1e-3 * e.size) ** 2 + (64 * e.noise) ** 2:
        return None
    c = float(np.vdot(ours, theirs)) / norm
    return (
        c
        if c != 0 and np.max(np.abs(theirs - c * ours)) <= 1e-5 * abs(c) * np.max(np.abs(ours)) + 64 * e.noise * abs(c)
        else None
    )


def _apart(c: float, e: Evidence) -> float:
    """How far another factor must be away from c to be another."""
    return max(1e-3 * min(abs(c), abs(c - 1)), 1e-7) + 64 * e.noise / e.size * abs(c)


def _number(c: float) -> str:
    return f"{c:.6g}" if abs(abs(c) - 1) > 1e-3 else f"1 {'+' if c > 1 else '-'} {abs(c - 1):.2g}" if c > 0 else f"{c:.9g}"


def sizes(e: Evidence) -> dict[int, list[str]]:
    """Numbers of elements by what they count: axes of the outputs and of the inputs, and several together."""
    found: dict[int, list[str]] = {}
    shapes = {("the output" if len(e.shapes) == 1 else f"output {i}"): s for i, s in enumerate(e.shapes)}
    shapes |= {"the input": e.shape} | {e.probe.names[j]: p.shape for j, p in e.others.items()}
    for name, lengths in shapes.items():
        for count in range(1, min(len(lengths), 4) + 1):
            for axes in itertools.combinations(range(len(lengths)), count):
                n = int(np.prod([lengths[a] for a in axes]))
                if n > 1:
                    which = f"axis {axes[0]}" if count == 1 else f"axes {axes}" if count < len(lengths) else "all axes"
                    found.setdefault(n, []).append(f"{which} of {name}")
    return found


def _readings(e: Evidence, c: float) -> tuple[list[str], list[str]]:
    """What a constant factor may come from: numbers of elements."""
    readings, claims = [], []
    for n, places in sizes(e).items():
        shown = " and of ".join(places[:2])
        if abs(c - 1 / n) < 1e-4 / n:
            readings.append(f"1/{n}, {n} being the length of {shown}: averaged where it should be summed")
            claims += ["averaged", "not summed"]
        elif abs(c - n) < 1e-4 * n:
            readings.append(f"{n} is the length of {shown}: the division of a mean forgotten, or summed once too often")
            claims += ["not averaged", "summed"]
        elif n > 2 and (abs(c - n / (n - 1)) < 1e-5 or abs(c - (n - 1) / n) < 1e-5):
            readings.append(f"{n} against {n - 1}, {n} being the length of {shown}: another divisor than forward's")
            claims += ["wrong constant"]
        elif n not in (4, 9, 16) and (abs(c - n**0.5) < 1e-5 * n or abs(c - n**-0.5) < 1e-5):
            readings.append(f"the root of {n}, the length of {shown}: a scaling by it is missing or used twice")
    return readings[:3], claims


def _varying(e: Evidence, moved: Evidence, c: float, there: float) -> Cause:
    """One factor for all entries, but another one at another point: something computed from the whole input."""
    text = f"analytical is {c:.6g} times numerical everywhere, but {there:.6g} times at another point"
    if e.point.size == 1:
        return Cause(text.replace(" everywhere", ""))  # of a single number, nothing more can be said
    for name, function in _SCALARS.items():
        here, then = function(e.point), function(moved.point)
        for power, words in ((1, "once too often"), (-1, "missing"), (2, "twice too often"), (-2, "missing twice")):
            if here and then and abs(c * here**-power - there * then**-power) < 1e-4 * abs(c * here**-power):
                return Cause(f"{text}: a factor proportional to {name} is {words}", "chain factor", "scale")
    if e.values.size == 1 == moved.values.size:
        here, then = float(e.values[0]), float(moved.values[0])
        for power, words in ((1, "once too often"), (-1, "missing"), (2, "twice too often"), (-2, "missing twice")):
            if here and then and abs(c * here**-power - there * then**-power) < 1e-4 * abs(c * here**-power):
                return Cause(f"{text}: a factor proportional to the output is {words}", "chain factor", "scale")
    if abs(c - 1) < 0.05:
        return Cause(
            f"{text}: a small summand or constant (eps), or a factor near 1 that is computed from the input",
            *("term missing", "wrong constant", "chain factor", "term extra"),
        )
    return Cause(
        f"{text}: a factor that is computed from the input is missing, there too often, or has a wrong formula or constant",
        *("chain factor", "wrong formula", "wrong point", "wrong constant", "scale", "term missing", "term extra"),
    )


_SCALARS = {
    "the input's norm": lambda x: float(np.linalg.norm(x)),
    "the input's sum": lambda x: float(x.sum()),
    "the sum of the input's absolute values": lambda x: float(np.abs(x).sum()),
    "the sum of the input's squares": lambda x: float((x * x).sum()),
    "the input's standard deviation": lambda x: float(x.std()),
    "the input's product": lambda x: float(np.prod(x)),
    "the input's largest value": lambda x: float(x.max()),
}
