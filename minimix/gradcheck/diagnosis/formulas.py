"""Rules on formulas: which function of which number stands in backward, and which one is the derivative?

Where a function works entry by entry, the numbers that backward multiplies by are held against families of functions with one
constant each, and so are the true derivatives.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis.factors import sigmoid
from minimix.gradcheck.diagnosis.own import own_numbers
from minimix.gradcheck.evidence import Evidence

GRID = np.geomspace(0.02, 60, 161)
LEAST = 6  # different numbers that two constants are fitted to


@dataclass(frozen=True)
class Family:
    """words: with {t}, and {p} for the constant. function: of t and p > 0. inside: the constant multiplies t."""

    words: str
    function: Callable
    constant: bool = True
    inside: bool = False

    @property
    def pieces(self) -> bool:
        """Whether it consists of branches."""
        return any(word in self.words for word in ("where", "cut off", "beyond", "moved towards", "sign("))


FAMILIES = (
    Family("{t}", lambda t, p: t, False),
    Family("sign({t})", lambda t, p: np.sign(t), False),
    Family("1 where {t} is above 0", lambda t, p: (t > 0) * 1.0, False),
    Family("1 / (1 + |{t}|) squared", lambda t, p: 1 / (1 + np.abs(t)) ** 2, False),
    Family("log({t})", lambda t, p: np.log(t), False),
    Family("{t} cut off at -{p} and {p}", lambda t, p: np.clip(t, -p, p)),
    Family("{t} beyond -{p} and {p}, {p} sign({t}) between", lambda t, p: np.where(np.abs(t) < p, p * np.sign(t), t)),
    Family("{t} / root({t} squared + {p} squared)", lambda t, p: t / np.sqrt(t * t + p * p)),
    Family("{t} / ({t} squared + {p} squared)", lambda t, p: t / (t * t + p * p)),
    Family("1 / ({p} squared + {t} squared)", lambda t, p: 1 / (t * t + p * p)),
    Family("1 / ({p} squared - {t} squared)", lambda t, p: 1 / (p * p - t * t)),
    Family("1 / root({p} squared + {t} squared)", lambda t, p: 1 / np.sqrt(t * t + p * p)),
    Family("1 / root({p} squared - {t} squared)", lambda t, p: 1 / np.sqrt(p * p - t * t)),
    Family("1 / ({t} + {p})", lambda t, p: 1 / (t + p)),
    Family("1 / ({t} - {p})", lambda t, p: 1 / (t - p)),
    Family("1 / ({t} + {p}) squared", lambda t, p: 1 / (t + p) ** 2),
    Family("tanh({p} * {t})", lambda t, p: np.tanh(t * p), inside=True),
    Family("sigmoid({p} * {t})", lambda t, p: sigmoid(t * p), inside=True),
    Family("sigmoid(-{p} * {t})", lambda t, p: sigmoid(-t * p), inside=True),
    Family("1 / cosh({p} * {t}) squared", lambda t, p: 1 / np.cosh(t * p) ** 2, inside=True),
    Family("1 / cosh({p} * {t})", lambda t, p: 1 / np.cosh(t * p), inside=True),
    Family("exp({p} * {t})", lambda t, p: np.exp(t * p), inside=True),
    Family("exp(-{p} * {t})", lambda t, p: np.exp(-t * p), inside=True),
    Family("exp(-({p} * {t}) squared)", lambda t, p: np.exp(-((t * p) ** 2)), inside=True),
    Family("{t} exp(-({p} * {t}) squared)", lambda t, p: t * np.exp(-((t * p) ** 2)), inside=True),
    Family("sin({p} * {t})", lambda t, p: np.sin(t * p), inside=True),
    Family("cos({p} * {t})", lambda t, p: np.cos(t * p), inside=True),
    Family("sinh({p} * {t})", lambda t, p: np.sinh(t * p), inside=True),
    Family("cosh({p} * {t})", lambda t, p: np.cosh(t * p), inside=True),
    Family("{t} + {p}", lambda t, p: t + p),
    Family("{t} - {p}", lambda t, p: t - p),
    Family("{t} squared + {p}", lambda t, p: t * t + p),
    Family("{t} squared - {p}", lambda t, p: t * t - p),
    Family("log({t}) + {p}", lambda t, p: np.log(t) + p),
    Family("log({t}) - {p}", lambda t, p: np.log(t) - p),
    Family("|{t}| to the power {p}, with its sign", lambda t, p: np.sign(t) * np.abs(t) ** p),
    Family("|{t}| to the power {p}", lambda t, p: np.abs(t) ** p),
    Family("|{t}| to the power -{p}, with its sign", lambda t, p: np.sign(t) * np.abs(t) ** -p),
    Family("|{t}| to the power -{p}", lambda t, p: np.abs(t) ** -p),
    Family("1 where {t} is above 0, -{p} where it is below", lambda t, p: np.where(t > 0, 1, -p)),
    Family("1 where {t} is above 0, {p} where it is below", lambda t, p: np.where(t > 0, 1, p)),
    Family("1 where {t} is above 0, {p} exp({t}) where it is below", lambda t, p: np.where(t > 0, 1, p * np.exp(t))),
    Family("{t} moved towards 0 by {p}", lambda t, p: np.sign(t) * np.maximum(np.abs(t) - p, 0)),
)
LIMITS = {  # what a function becomes as its constant goes to 0 or to infinity
    "sign({t})": {"{t} / root({t} squared + {p} squared)", "tanh({p} * {t})"},
    "1 where {t} is above 0": {"sigmoid({p} * {t})"},
    "{t}": {"{t} cut off at -{p} and {p}", "{t} moved towards 0 by {p}"},
}
BRANCHES = {"{t} cut off at -{p} and {p}", "{t} beyond -{p} and {p}, {p} sign({t}) between"}
OPPOSITE = {
    frozenset(pair)
    for pair in (
        ("1 / ({p} squared + {t} squared)", "1 / ({p} squared - {t} squared)"),
        ("1 / root({p} squared + {t} squared)", "1 / root({p} squared - {t} squared)"),
        ("1 / ({t} + {p})", "1 / ({t} - {p})"),
        ("{t} + {p}", "{t} - {p}"),
        ("{t} squared + {p}", "{t} squared - {p}"),
        ("log({t}) + {p}", "log({t}) - {p}"),
    )
}


def _misfit(values: np.ndarray, shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(c, largest misfit relative to the largest value) for values = c shape, for each row of shapes."""
    with np.errstate(all="ignore"):
        c = (shapes @ values) / (shapes * shapes).sum(axis=1)
        off = np.max(np.abs(values - c[:, None] * shapes), axis=1) / np.max(np.abs(values))
    return c, np.where(np.isfinite(off), off, np.inf)


def _drawn(family: Family, t: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """The family at t for each constant of a grid."""
    with np.errstate(all="ignore"):
        return np.broadcast_to(family.function(t[None], grid[:, None]), (len(grid), len(t)))


@lru_cache(maxsize=32)
def _unit_shapes(numbers: bytes) -> np.ndarray:
    """All families at all constants of the grid, scaled to the norm 1, (families, constants, numbers); 0 if not finite."""
    t = np.frombuffer(numbers)
    shapes = np.stack([_drawn(family, t, GRID) for family in FAMILIES])
    with np.errstate(all="ignore"):
        shapes = shapes / np.sqrt((shapes * shapes).sum(axis=2, keepdims=True))
    shapes[~np.isfinite(shapes).all(axis=2)] = 0
    return shapes


def fit(values: np.ndarray, t: np.ndarray, tolerance: float) -> tuple[Family, float, float] | None:
    """(family, c, p) with values = c family(t, p), the first family that fits."""
    if len(np.unique(np.round(t, 9))) < LEAST or np.ptp(values) <= 1e-3 * np.max(np.abs(values)):
        return None
    if np.median(np.abs(values)) < 1e-3 * np.max(np.abs(values)):
        return None  # one or a few numbers: any pole fits those
    order = np.linspace(0, values.size - 1, min(values.size, 40)).astype(int)  # enough to search with
    some, at = values[order], t[order]
    size = np.linalg.norm(some)
    if not (np.isfinite(size) and size > 0):
        return None
    along = np.abs(_unit_shapes(np.ascontiguousarray(at).tobytes()) @ (some / size))  # cosines
    best = along.argmax(axis=1)
    closest = along[np.arange(len(FAMILIES)), best]
    for k in np.flatnonzero(closest > 0.997)[:8]:
        family = FAMILIES[k]
        p = _refined(family, some, at, int(best[k])) if family.constant else 1.0
        c, off = _misfit(values, _drawn(family, t, np.array([p])))
        if off[0] <= tolerance and _needed(family, values, t, p):
            return family, float(c[0]), p
    return None


def _refined(family: Family, values: np.ndarray, t: np.ndarray, best: int) -> float:
    """The constant, by ever finer grids around the best one."""
    low, high = GRID[max(best - 1, 0)], GRID[min(best + 1, len(GRID) - 1)]
    for _ in range(9):
        grid = np.linspace(low, high, 21)
        _, off = _misfit(values, _drawn(family, t, grid))
        i = int(np.argmin(off))
        low, high = grid[max(i - 1, 0)], grid[min(i + 1, len(grid) - 1)]
    return float(grid[i])


def _needed(family: Family, values: np.ndarray, t: np.ndarray, p: float) -> bool:
    """Whether the constant matters: with another one, the family would not fit."""
    if not family.constant:
        return True
    _, off = _misfit(values, _drawn(family, t, np.array([0.8 * p, 1.25 * p])))
    return bool(np.all(off > 1e-3))


def worded(name: str, family: Family, c: float, p: float) -> tuple[str, str]:
    """(the letter that stands for the number of that name, the fitted formula)."""
    letter = "d" if "minus" in name else "x" if name == "the input" else "p" if " times " in name else "w"
    words = family.words.format(t=letter, p=f"{p:.4g}").replace("(1 * ", "(").replace("-1 * ", "-")
    return letter, words if abs(c - 1) < 1e-4 else f"-({words})" if abs(c + 1) < 1e-4 else f"{c:.4g} ({words})"


def levels(e: Evidence) -> Cause | None:
    """One number for all entries, where the derivative differs from one to the other."""
    own = own_numbers(e)
    if own is None or own.analytical.size < 4 or not np.all(np.abs(own.analytical) > e.tiny):
        return None
    a, n = own.analytical, own.numerical
    if np.ptp(a) > 1e-9 * np.max(np.abs(a)) or np.ptp(n) <= 1e-3 * np.max(np.abs(n)):
        return None
    moved = e.elsewhere({e.k: e.point * np.where(np.arange(e.point.size).reshape(e.shape) % 2, -1.5, 1.5)})
    there = own_numbers(moved) if moved is not None else None
    if there is not None and np.max(np.abs(there.analytical - a[0])) > 1e-6 * abs(a[0]):
        return None  # the same number for all at this point only
    return Cause(
        f"backward multiplies by {a[0]:.4g} everywhere, where the derivative differs from entry to entry: as though forward "
        "were linear (the factor or the summands that depend on the values are missing)",
        *("chain factor", "term missing", "wrong formula", "wrong point", "value"),
    )


def other_formula(e: Evidence) -> Cause | None:
    """Both formulas are recognised: another constant, a sign, or another function."""
    own = own_numbers(e)
    if own is None or own.analytical.size < LEAST:
        return None
    for words, part in own.parts():
        a, n = own.analytical / part, own.numerical / part
        noise = 1e-5 + 4 * e.noise / (np.min(np.abs(part)) * np.max(np.abs(n)) or 1.0)
        for name, t in own.numbers:
            ours = fit(a, t, 1e-7)
            theirs = fit(n, t, noise) if ours and noise < 1e-3 else None
            if ours and theirs:
                (letter, mine), (_, right) = worded(name, *ours), worded(name, *theirs)
                text = f"backward multiplies by {words}{mine}, where the derivative is {words}{right} ({letter}: {name})"
                if ours[0] is not theirs[0] and (cause := _vanished(text, (a, n), t, ours, theirs, noise)):
                    return cause
                return _compared(text, ours, theirs, float(a @ n / (np.linalg.norm(a) * np.linalg.norm(n))))
    return None


def _vanished(text: str, values: tuple, t: np.ndarray, ours: tuple, theirs: tuple, noise: float) -> Cause | None:
    """One formula is the other's without its summand: an eps that is forgotten, or that forward does not have."""
    for (family, _, p), other, words, claims in (
        (theirs, values[0], "is forgotten", ("wrong constant", "term missing")),
        (ours, values[1], "is one too many", ("wrong constant", "term extra")),
    ):
        if any(part in family.words for part in (" + {p}", " - {p}", "{p} squared")):
            _, off = _misfit(other, _drawn(family, t, np.array([1e-9])))
            if off[0] <= noise:
                return Cause(f"{text}: the constant {p:.4g} in it {words}", *claims)
    return None


def factor(e: Evidence) -> Cause | None:
    """The ratio of the two is a function of one number."""
    own = own_numbers(e)
    if own is None or own.analytical.size < LEAST:
        return None
    a, n = own.analytical, own.numerical
    sure = np.abs(n) > 1e-2 * np.max(np.abs(n))  # differences leave no digits of the others
    if sure.sum() < max(LEAST, 0.6 * n.size) or np.any(a[sure] == 0):
        return None
    if np.max(np.abs(a[~sure]), initial=0) > 0.1 * np.max(np.abs(a)):
        return None
    ratio, noise = a[sure] / n[sure], 2e-5 + 4 * e.noise / np.min(np.abs(n[sure]))
    for name, t in own.numbers:
        for power, what in ((1, "is there too often, or a division by it is missing"), (-1, "is missing, or is divided by")):
            if noise < 1e-3 and (hit := fit(ratio**power, t[sure], noise)) and not hit[0].pieces:
                letter, shown = worded(name, *hit)
                made = any(sign in hit[0].words for sign in (" + ", " - ", "sigmoid", "tanh", "cosh"))
                more = ", or one of the summands that make it up is forgotten, counted twice or negated" if made else ""
                return Cause(
                    f"the ratio of analytical to numerical is {'1 / ' if power < 0 else ''}({shown}) ({letter}: {name}): "
                    f"that factor {what}{more}",
                    *("chain factor", "wrong formula", "wrong point", "wrong constant"),
                    *(("term missing", "term extra", "sign of a term") if made else ()),
                )
    return None


def _compared(text: str, ours: tuple, theirs: tuple, cosine: float) -> Cause:
    """What two recognised formulas say of a mistake."""
    (f, _, p), (g, _, q) = ours, theirs
    if f is g and f.inside and "exp(" in f.words:
        return Cause(
            f"{text}: a constant in the exponent is another than forward's, or a factor is missing or there twice",
            *("wrong constant", "wrong point", "chain factor"),
        )
    if f is g and f.inside:
        return Cause(
            f"{text}: a constant inside the function is another than forward's, or the formula is taken at the wrong number",
            *("wrong constant", "wrong point"),
        )
    if f is g and "to the power" in f.words:
        return Cause(
            f"{text}: a wrong exponent, or a factor is missing or there once too often",
            *("wrong formula", "wrong constant", "chain factor"),
        )
    if f is g and any(f.words in pair and "/" not in f.words for pair in OPPOSITE):
        return Cause(
            f"{text}: a constant is another than forward's, or a summand is counted twice or in part",
            *("wrong constant", "term extra", "term missing"),
        )
    if f is g and f.pieces:
        return Cause(
            f"{text}: a constant (a slope or a limit of its branches) is another than forward's", "wrong constant", "value"
        )
    if f is g:
        return Cause(f"{text}: a constant is another than forward's", "wrong constant")
    if g.words in LIMITS.get(f.words, ()):
        if f.words == "{t}":
            return Cause(
                f"{text}: the branch or mask beyond the limits is forgotten, or their constant",
                "value",
                "no mask",
                "wrong constant",
            )
        return Cause(
            f"{text}: a constant is forgotten, or it is an approximation", "wrong constant", "approximate", "wrong formula"
        )
    if {f.words, g.words} == BRANCHES:
        return Cause(f"{text}: its two branches are exchanged", "inverted mask", "value")
    if frozenset((f.words, g.words)) in OPPOSITE:
        same = abs(p - q) < 1e-3 * q
        sign = "a sign in it is" if same else "a sign and a constant in it are"
        return Cause(f"{text}: {sign} wrong", "sign of a term", "wrong formula")
    branch = (", or of one branch alone", "value", "wrong mask") if f.pieces or g.pieces else ("",)
    if cosine > 0.9:
        return Cause(
            f"{text}: an approximation, a wrong or forgotten constant or exponent, or the derivative of another "
            f"function{branch[0]}",
            *("approximate", "wrong formula", "wrong constant", "chain factor", "term missing", *branch[1:]),
        )
    return Cause(
        f"{text}: the derivative of another function{branch[0]}, or at another number, or a factor or a term is missing",
        *("wrong formula", "wrong point", "chain factor", "term missing", "wrong constant", *branch[1:]),
    )
