"""Whether a backward pass is linear in the gradient that it is given, and if not, what it does with it.

Whatever the function is, its backward pass is a matrix (the transposed Jacobian) times the incoming gradient v. So p(0) = 0,
p(c v) = c p(v) and p(v + 1) = p(v) + p(1), without knowing any derivative. Where one of these fails, a few more v tell what
happens to it: -v and 2 v an absolute value, a sign, a norm or a power; small and large v a clip. A sentence says what the
experiment has shown, and no more.
"""

from collections.abc import Callable

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.spy import peak

ROUNDING = 2e-3  # of float16, relative; no coarser format is in use
FACTOR = -4096.0  # a power of 2, so that nothing is rounded; large enough to meet a clip
SUBNORMAL = 2.0**-14  # below it, float16 has an absolute error
LIKE = 1e-7  # relative: equal, for the experiments


def digits(array: np.ndarray) -> str | None:
    """'float16' or 'float32' where every number in a float64 array is one that this type can hold."""
    told = array[np.isfinite(array) & (array != 0)]
    with np.errstate(over="ignore"):
        if told.size == 0 or not np.all(told == told.astype(np.float32)):
            return None
        return "float16" if np.all(told == told.astype(np.float16)) else "float32"


def inspect(pull: Callable, v: np.ndarray) -> tuple[list[tuple[int, Cause]], list]:
    """pull: from a gradient to the list of what backward gives for each input, float64 arrays or None. v: random numbers.

    Gives [(number of the input, what is wrong)], and [p(v), p(1)] for whoever needs them.
    """
    one = np.ones_like(v)
    first, scaled, flat, both, nothing = pull(v), pull(FACTOR * v), pull(one), pull(v + one), pull(0 * v)
    found = []
    for i, (a, d, b, ab, z) in enumerate(zip(first, scaled, flat, both, nothing, strict=True)):
        if any(x is None for x in (a, d, b, ab, z)):
            continue
        with np.errstate(over="ignore"):
            expected = FACTOR * a
        finite = np.isfinite(expected) & np.isfinite(b)
        size = peak(a) + peak(b)
        allowed = 1e-11 * peak(v) + 1e-9 * size
        departure = _gap(ab, a + b, finite)
        if not np.any(z[np.isfinite(a)]) and _gap(d, expected, finite) <= -FACTOR * allowed and departure <= allowed:
            # What is left of a sum that cancels has few digits, too: no cast made it.
            if peak(a) > 1e-10 * peak(v) and digits(a) and digits(ab) and digits(d) and not digits(v):
                found.append((i, _rounded(digits(a))))
            continue
        if not np.any(z[np.isfinite(z)]) and 0 < departure <= ROUNDING * size and np.all(_scales(a, d, expected) | ~finite):
            found.append((i, _rounded(digits(a), departure / size)))
            continue
        found.append((i, _Experiments(pull, v, i).explain()))
    return found, [first, flat]


def _scales(a: np.ndarray, d: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Where d is FACTOR a to the bit, as any rounding to binary digits leaves it, but for what float16 cannot hold."""
    tiny = (np.abs(a) < SUBNORMAL) & (np.abs(d - expected) <= -FACTOR * 2.0**-24)
    return (d == expected) | tiny | (np.isinf(d) & (np.abs(expected) > 65000))


def unwritten(call: Callable, *shapes: tuple) -> bool:
    """Whether what ``call`` returns holds memory that it never wrote into: a number left in freed memory turns up there."""
    mark = 1.2345678901e77
    blocks = [np.full(shape, mark) for shape in shapes for _ in range(8)]
    del blocks
    return any(np.any(result == mark) for result in call() if result is not None)


def _gap(a: np.ndarray, b: np.ndarray, where: np.ndarray) -> float:
    with np.errstate(invalid="ignore"):
        gap = float(np.abs(a - b)[where].max(initial=0))
    return np.inf if np.isnan(gap) else gap


def _nonlinear(text: str) -> Cause:
    return Cause(f"is not linear in the cotangent v: {text}", "nonlinear")


def _rounded(kind: str | None, departure: float = 0.0) -> Cause:
    if kind:
        return Cause(f"holds only {kind} digits: backward casts to {kind} inside", "precision")
    cast = ", as a cast to float32 does" if departure < 3e-7 else ""
    text = (
        f"is linear in the cotangent for a factor of 2, but for a sum only to {departure:.0e}: backward rounds somewhere{cast}"
    )
    return Cause(text, "precision")


def _like(a: np.ndarray, b: np.ndarray, tolerance: float = LIKE) -> bool:
    size = max(peak(a), peak(b))
    return size > 0 and _gap(a, b, np.ones(np.shape(a), bool)) <= tolerance * size


class _Experiments:
    """What backward does to the gradient of input ``i`` where it is not linear."""

    def __init__(self, pull: Callable, v: np.ndarray, i: int):
        self._pull, self.v, self.i = pull, v, i

    def pull(self, v: np.ndarray) -> np.ndarray:
        result = self._pull(v)[self.i]
        return np.full(1, np.nan) if result is None else result

    def explain(self) -> Cause:
        rules = (self._unwritten, self._constant, self._added, self._vanishing, self._bounded, self._power, self._one_sign)
        with np.errstate(all="ignore"):
            found = next((cause for rule in rules if (cause := rule()) is not None), None)
            if found is not None:
                return found
            zero = self.pull(0 * self.v)
            if np.any(zero) and np.all(np.isfinite(zero)):
                return Cause("is not zero for a zero cotangent", "nonlinear")
            first = self.pull(self.v)
            if any(not np.array_equal(first, self.pull(self.v), equal_nan=True) for _ in range(8)):
                return Cause("differs when backward is called again with the same cotangent", "random", "state")
        return _nonlinear("that of a sum is not the sum of the two")

    def _unwritten(self) -> Cause | None:
        if unwritten(lambda: [self.pull(self.v)], self.pull(self.v).shape):
            text = "holds memory that was never written: some entries of an np.empty are left as they are"
            return Cause(text, "not finite", "left out")
        return None

    def _constant(self) -> Cause | None:
        a = self.pull(self.v)
        if all(_like(a, self.pull(w)) for w in (0 * self.v, np.ones_like(self.v), -3 * self.v)):
            text = (
                "is not zero for a zero cotangent, but the same for every cotangent: backward ignores the gradient it is given"
            )
            return Cause(text, "ones")
        return None

    def _added(self) -> Cause | None:
        v, one, zero = self.v, np.ones_like(self.v), self.pull(0 * self.v)
        if not np.any(zero) or not np.all(np.isfinite(zero)):
            return None
        a, b = self.pull(v) - zero, self.pull(one) - zero
        if _like(self.pull(-2 * v) - zero, -2 * a) and _like(self.pull(v + one) - zero, a + b):
            shown = ", ".join(f"{x:.4g}" for x in zero.flat[:3]) + (", ..." if zero.size > 3 else "")
            text = f"is not zero for a zero cotangent: backward adds the same numbers ({shown}) whatever cotangent it is given"
            return Cause(
                f"{text} (a term too many, one in which the gradient is forgotten, or memory that was never written)",
                *("term extra", "ones", "not finite"),
            )
        return None

    def _power(self) -> Cause | None:
        """The same, or minus the same, for -v; and c times as much for 2 v."""
        v = self.v
        a, minus, double = self.pull(v), self.pull(-v), self.pull(2 * v)
        odd, even = _like(minus, -a), _like(minus, a)
        c = float(np.vdot(double, a) / np.vdot(a, a)) if np.any(a) else 0.0
        if not (odd or even) or not _like(double, c * a):
            return None
        same = "the same for -v as for v"
        if even and abs(c - 2) < 1e-6:
            return _nonlinear(f"{same}, and 2 times that for 2 v: backward takes its absolute value")
        if even and abs(c - 4) < 1e-6:
            return _nonlinear(f"{same}, and 4 times that for 2 v: backward squares it")
        if even and abs(c - 1) < 1e-6:
            return _nonlinear("the same for v, -v and 2 v: backward uses neither its size nor its sign")
        if abs(c - 1) < 1e-6:
            if v.size == 1:
                return _nonlinear("the same for v and 2 v: backward uses its sign, but not its size")
            if _like(self.pull(v * np.linspace(0.5, 2, v.size).reshape(v.shape)), a):
                return _nonlinear(
                    "the same where each entry of v is multiplied by a positive number: backward uses only its sign"
                )
            return _nonlinear("the same for v and 2 v, but not where its entries change by different factors: it is normalised")
        if abs(c - 2) < 1e-6:
            one = np.ones_like(v)
            flat = self.pull(one)
            if _gap(self.pull(v + one), a + flat, np.isfinite(a)) <= 0.1 * (peak(a) + peak(flat)):
                text = "2 times as much for 2 v, but for a sum only nearly the sum of the two (rounded to few digits?)"
                return Cause(f"is not linear in the cotangent v: {text}", "nonlinear", "precision")
            return _nonlinear("2 times as much for 2 v, but for a sum not the sum of the two")
        return _nonlinear(f"{c:.4g} times as much for 2 v: backward raises it to a power")

    def _one_sign(self) -> Cause | None:
        """Another treatment of negative than of positive entries."""
        up, one = np.abs(self.v), np.ones_like(self.v)
        for s, word, other in ((1, "positive", "negative"), (-1, "negative", "positive")):
            a, b = self.pull(s * up), self.pull(s * one)
            if not np.any(a) or not (_like(self.pull(s * (up + one)), a + b) and _like(self.pull(2 * s * up), 2 * a)):
                continue
            opposite = self.pull(-s * up)
            if not np.any(opposite):
                return _nonlinear(f"linear where v is {word}, zero where it is {other}: backward drops its {other} entries")
            if not _like(opposite, -a):
                return _nonlinear(f"linear where v is {word}, but not the same where it is {other}")
        return None

    def _bounded(self) -> Cause | None:
        """Linear for a small cotangent, not for a large one: a clip."""
        v, one = 1e-8 * self.v, np.full_like(self.v, 1e-8)
        small, flat = self.pull(v), self.pull(one)
        if not (_like(self.pull(-v), -small, 1e-4) and _like(self.pull(v + one), small + flat, 1e-4)):
            return None
        big, huge = self.pull(1e14 * v), self.pull(1e16 * v)
        ended = np.abs(huge - big) <= 1e-3 * np.abs(big)  # entries that grow no more
        grown = np.abs(huge - 100 * big) <= 1e-6 * np.abs(huge)
        if not np.all(ended | grown) or not np.any(ended & (small != 0)):
            return _nonlinear("linear only where v is small")
        if np.all(ended) and _like(big / peak(big), small / peak(small)):
            return _nonlinear(
                "linear where v is small; where it is large, its direction is kept, not its size: its norm is clipped"
            )
        signs = np.where(v < 0, -1.0, 1.0)  # all entries of one size: which is the largest that is still linear?
        slope = self.pull(1e-8 * signs) * 1e8
        low, high = 1e-8, 1e6
        while high > low * 1.0001:
            middle = float(np.sqrt(low * high))
            low, high = (middle, high) if _like(self.pull(middle * signs), middle * slope) else (low, middle)
        if _like(self.pull(0.9 * low * signs), 0.9 * low * slope, 1e-12):
            text = f"linear while no entry of v is larger than about {high:.3g} (then that of the gradient is"
            return _nonlinear(f"{text} {peak(self.pull(high * signs)):.3g}), and bounded beyond: backward clips it")
        return _nonlinear("nearly linear where v is small, bounded where it is large: backward squashes it")

    def _vanishing(self) -> Cause | None:
        """Nothing for a small cotangent, linear for a large one: rounded, or a threshold."""
        small, a, big, huge = (self.pull(t * self.v) for t in (1e-8, 1, 1e6, 1e8))
        if np.any(small) or not np.any(big) or not _like(huge, 100 * big, 1e-4):
            return None
        for decimals in range(8):
            scaled = a * 10.0**decimals
            if np.any(a) and np.all(np.abs(scaled - np.round(scaled)) <= 1e-9 * np.abs(scaled) + 1e-12):
                return Cause(
                    f"holds only multiples of {10.0**-decimals:g}: backward rounds to {decimals} decimals", "precision"
                )
        if _like(huge, 100 * big, 1e-12):
            return _nonlinear("zero where v is small, linear where it is large: backward drops small entries")
        text = (
            "is not linear in the cotangent v: zero where v is small, nearly linear where it is large (rounded, or a threshold)"
        )
        return Cause(text, "nonlinear", "precision")
