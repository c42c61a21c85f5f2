"""Rules on sums: a term of the formula that is missing, too many, or has the wrong sign."""

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis import where
from minimix.gradcheck.diagnosis.constants import sizes
from minimix.gradcheck.diagnosis.own import own_numbers
from minimix.gradcheck.diagnosis.places import subsets
from minimix.gradcheck.evidence import Evidence

TERM = (
    *("term missing", "sign of a term", "term extra", "wrong constant", "averaged", "not averaged", "summed", "wrong formula"),
    *("chain factor", "scale"),
)  # "missing, or has a wrong size or sign"
SIZE = ("wrong constant", "chain factor", "scale", "wrong point")  # a factor in a term


def diagonal(e: Evidence) -> Cause | None:
    """Each output's own entry right, all others 0."""
    if not e.whole or e.output is None or e.output.size != e.point.size or e.point.size < 2:
        return None
    a, n = (part.reshape(len(part), -1) for part in (e.analytical, e.numerical))
    own = np.eye(len(a), dtype=bool)
    if np.max(np.abs(a[~own])) > e.tiny or np.max(np.abs(n[~own])) <= 1e-3 * e.size:
        return None
    if np.any(np.abs(n[own]) <= e.tiny):
        return None
    if not e.alike(a[own], n[own]):
        if np.ptp(a[own]) > 1e-6 * np.max(np.abs(a)) and np.median((np.abs(n) > 1e-6 * e.size).sum(axis=1)) < 3:
            return Cause("each output gives a gradient to its own entry only, although it depends on another one, too")
        return Cause(
            "each output gives a gradient to its own entry only, although it depends on others, too: what they have in "
            "common (a sum, a norm, another use of the input) is forgotten or cut off, as an approximation may, or the "
            "formula is that of a function that "
            "works entry by entry",
            *("term missing", "not summed", "approximate", "wrong formula"),
        )
    return Cause(
        "right for each output's own entry, but 0 for all others, on which it depends as well: what they have in common (a "
        "sum, a mean, a norm) is forgotten",
        *("term missing", "not summed", "left out"),
    )


def homogeneous(e: Evidence) -> Cause | None:
    """The derivative along the input itself: 0 where forward divides by a norm or a sum of it, but not for its numerator."""
    if e.output is None or e.point.size < 2 or e.output.size < 1:
        return None
    u, a, n = e.mixed
    given, true = ((part * e.point).reshape(len(u), -1).sum(axis=1) for part in (a, n))
    y = u @ e.values
    if len(u) < 2 or np.min(np.abs(y)) < 1e-3 * np.max(np.abs(y)):
        return None
    size = np.max(np.abs(y))
    if np.max(np.abs(true)) > 1e-2 * size:
        return None
    degree = float(np.median(given / y))
    if abs(degree) < 0.5 or np.max(np.abs(given - degree * y)) > 1e-4 * abs(degree) * size:
        return None
    text = (
        "forward does not change when the input is multiplied by a number (it divides by a norm, a deviation or a sum of "
        f"it), but backward's gradient along the input is {degree:.4g} times the output"
    )
    if abs(degree - 1) < 1e-3:
        return Cause(
            f"{text}: what it divides by is taken for a constant, or its share goes to the wrong entries",
            *("term missing", "wrong formula", "other place"),
        )
    if abs(degree - 2) < 1e-3 and _linear_error(e) and not _own_only(e):
        return Cause(
            f"{text}: the divisor's term has the wrong sign, or, where the input stands twice in the numerator, what it "
            "divides by is taken for a constant",
            *("sign of a term", "term missing"),
        )
    return None


def _own_only(e: Evidence) -> bool:
    """Whether backward gives each output's gradient to its own entry alone."""
    a = e.analytical.reshape(len(e.analytical), -1)
    return e.whole and a.shape[0] == a.shape[1] and bool(np.max(np.abs(a - np.diag(np.diag(a)))) <= e.tiny)


def _linear_error(e: Evidence) -> bool:
    """Whether the error is a number plus a number times the input, over some axes: as terms of sums, means and squares are."""
    error = e.mixed[1] - e.mixed[2]
    for axes in subsets(range(len(e.shape))):
        if not axes or (count := int(np.prod([e.shape[axis] for axis in axes]))) < 3:
            continue
        rows = np.moveaxis(error, [axis + 1 for axis in axes], range(-len(axes), 0)).reshape(len(error), -1, count)
        x = np.moveaxis(e.point, axes, range(-len(axes), 0)).reshape(-1, count)
        x = x - x.mean(axis=-1, keepdims=True)
        rows = rows - rows.mean(axis=-1, keepdims=True)
        slope = (rows * x).sum(axis=-1, keepdims=True) / np.maximum((x * x).sum(axis=-1, keepdims=True), 1e-300)
        if np.max(np.abs(rows - slope * x)) <= 1e-5 * np.max(np.abs(error)) + 4 * e.noise:
            return True
    return False


def levelled(e: Evidence) -> Cause | None:
    """Every entry gets the mean of what the entries along some axes should get."""
    a, n = e.mixed[1:]
    for axes in subsets(range(1, n.ndim)):
        if axes and int(np.prod([n.shape[axis] for axis in axes])) > 2:
            mean = np.broadcast_to(n.mean(axis=axes, keepdims=True), n.shape)
            if e.alike(a, mean) and np.max(np.abs(n - mean)) > 1e-3 * e.size:
                if not _levelled_there(e, axes):
                    return None
                named = tuple(axis - 1 for axis in axes)
                text = (
                    f"every entry gets the mean over axes {named} of what the entries there should get: backward averages "
                    "where it should treat each on its own, takes the mean in place of each one's number, or leaves out "
                    "what differs between them"
                )
                if e.dead.any():
                    return Cause(
                        f"{text}; a mask that chooses among them is missing",
                        *("averaged", "no mask", "approximate", "wrong formula", "left out"),
                    )
                return Cause(text, "averaged", "wrong point", "wrong formula", "left out")
    return None


def _levelled_there(e: Evidence, axes: tuple) -> bool:
    """The same at other points: three numbers may have a mean that is a fourth by chance."""
    for other in where.scattered(e):
        a, n = other.mixed[1:]
        if np.any(n) and not other.alike(a, np.broadcast_to(n.mean(axis=axes, keepdims=True), n.shape)):
            return False
    return True


def passed_on(e: Evidence) -> Cause | None:
    """The incoming gradient itself is lost, or added."""
    if e.output is None or e.output.shape != e.shape:
        return None
    u, a, n = e.mixed
    error = (a - n).reshape(len(u), -1)
    for c, words, claims in (
        (1, "is added once too often", ("term extra", "sign of a term")),
        (-1, "is missing", ("term missing", "left out", "sign of a term")),
        (2, "is added twice too often, or has the wrong sign", ("term extra", "sign of a term")),
        (-2, "is subtracted where it should be added, or missing twice", ("sign of a term", "term missing")),
    ):
        if np.max(np.abs(error - c * u)) <= 1e-5 * max(e.size, abs(c)) * np.abs(u).max() + 8 * e.noise:
            if min(e.shape, default=1) <= 2:  # few entries: borders and strides may leave it, too
                return Cause(f"the error is {c} times the incoming gradient")
            text = f"the error is {c} times the incoming gradient: as a term of the sum, it {words}, or its factor is wrong"
            return Cause(text, *claims, "wrong constant", "chain factor")
    return None


def common(e: Evidence) -> Cause | None:
    """An error that is constant, or linear in the input, over some axes: what normalisations leave when a term is wrong."""
    a, n = e.mixed[1:]
    missing = n - a
    ndim = len(e.shape)
    if e.output is not None and e.output.shape == e.shape and own_numbers(e) is not None:
        return None  # nothing is summed: each output depends on its own entry only
    for axes in reversed(list(subsets(range(ndim)))):  # the widest statement first
        count = int(np.prod([e.shape[axis] for axis in axes]))
        if not axes or count < 3:
            continue
        along = tuple(axis + 1 for axis in axes)
        rows = np.moveaxis(missing, along, range(-len(axes), 0)).reshape(len(missing), -1, count)
        x = np.moveaxis(e.point, axes, range(-len(axes), 0)).reshape(-1, count)
        allowed = 1e-5 * max(np.max(np.abs(missing)), 1e-2 * e.size) + 4 * e.noise
        flat = rows - rows.mean(axis=-1, keepdims=True)
        if np.max(np.abs(flat)) <= allowed:
            text = f"the error is constant over axes {axes}"
            if e.alike(a - a.mean(axis=along, keepdims=True), n):
                text += ", and right once its mean over them is subtracted: the term that the mean leaves in a normalisation"
            else:
                text += ": a term that is the same for all of them (a sum, a mean)"
            return _wrong_term(e, text, axes, "constant")
        if (count - 2) * rows.shape[1] * min(len(e.cotangents), 4) < 2:
            continue  # two numbers are fitted to each row
        centred = x - x.mean(axis=-1, keepdims=True)
        slope = (flat * centred).sum(axis=-1, keepdims=True) / np.maximum((centred**2).sum(axis=-1, keepdims=True), 1e-300)
        if np.max(np.abs(flat - slope * centred)) > allowed:
            continue
        through = np.max(np.abs(rows - slope * x)) <= allowed
        if through and np.ptp(slope) <= 1e-5 * np.max(np.abs(slope)):
            return Cause(
                f"the error is {-slope.flat[0]:.4g} times the input itself, whatever the incoming gradient is: weight decay or "
                "the like got in, or is missing",
                *("term extra", "term missing", "sign of a term"),
            )
        kind = "proportional" if through else "linear"
        text = f"the error is {'proportional to' if through else 'linear in'} the input over axes {axes}: "
        if e.output is None or e.output.shape != e.shape:
            return _wrong_term(e, f"{text}a term with it, as a square, a norm or a variance leaves one,", axes, kind)
        if through:
            text += "the term that dividing by a norm or a deviation leaves (input times a sum)"
        else:
            text += "the term that the variance or a norm leaves in a normalisation (the centred input times a sum)"
        return _wrong_term(e, text, axes, kind)
    return None


def _wrong_term(e: Evidence, text: str, axes: tuple, kind: str) -> Cause:
    """What is wrong with a term: how large is it in backward, and how large should it be?"""
    share = _share(e, axes, kind)
    if kind == "constant" and (share is None or np.isnan(share)):
        return Cause(
            f"{text} is wrong"
        )  # it may have come through a matrix or a kernel: anything may have happened to it there
    if share is None:
        return Cause(f"{text} is missing, or has a wrong size or sign", *TERM, "wrong point")
    if np.isnan(share):
        return Cause(
            f"{text} is there, but for each output with another size, relative to what it should be: what is summed in it is "
            "wrong (a factor, the point where it is taken)",
            *("wrong formula", "wrong point", "chain factor", "scale"),
        )
    if np.isinf(share):
        return Cause(
            f"{text} should not be there: these entries get nothing else from the others, as though forward took what it "
            "divides by (or subtracts) for a constant, or kept it from an earlier call",
            *("term extra", "summed", "state"),
        )
    if abs(share) < 1e-3:
        return Cause(f"{text} is missing", "term missing", "wrong formula")
    if abs(share + 1) < 1e-3:
        return Cause(f"{text} has the wrong sign", "sign of a term", "wrong formula")
    text = f"{text} is {share:.4g} times what it should be"
    lengths = {int(np.prod([e.shape[a] for a in some])): some for some in reversed(list(subsets(axes))) if some}
    for n, some in {**{n: f"of {places[0]}" for n, places in sizes(e).items()}, **lengths}.items():
        for number, claims in ((n, ("not averaged", "summed")), (1 / n, ("averaged", "summed"))):
            if n > 1 and abs(share - number) < 1e-3 * number:
                of = some if isinstance(some, str) else f"of axes {some}"
                more = (", or it is counted twice", ("term extra",)) if n == 2 else ("", ())
                return Cause(
                    f"{text}, {n} being the length {of}: a sum for a mean, a mean for a sum, or one over other axes{more[0]}",
                    *(*claims, "wrong constant", *more[1]),
                )
    if any(abs(share * n - round(share * n)) < 1e-3 for n in {*sizes(e), *lengths} if n <= 64):
        return Cause(
            f"{text}, a quotient of numbers of elements: of another axis, or of other groups, or a factor is wrong",
            *SIZE,
            "groups",
        )
    return Cause(f"{text}: a factor in it is missing, or wrong, or taken at another point", *SIZE)


def _share(e: Evidence, axes: tuple, kind: str) -> float | None:
    """How large a term is, relative to what it should be; NaN where that differs from output to output, infinite where none
    should be; None where it cannot be told from the rest.

    An output's own entry gets what else there is, the other entries that it depends on get nothing but the terms in question.
    """
    if not e.whole or e.output is None or e.output.shape != e.shape:
        return None
    found = []
    for place in np.ndindex(e.shape):
        row = np.ravel_multi_index(place, e.shape) if e.shape else 0
        group = tuple(slice(None) if axis in axes else index for axis, index in enumerate(place))
        x, n, a = (part[group].reshape(-1) for part in (e.point, e.numerical[row], e.analytical[row]))
        own = np.ravel_multi_index([place[axis] for axis in axes], [e.shape[axis] for axis in axes])
        others = np.arange(x.size) != own
        centred = x if kind == "proportional" else x - x.mean()
        basis = np.stack([centred] if kind == "proportional" else [np.ones(x.size), centred], axis=1)
        if others.sum() < basis.shape[1] + 1:
            return None
        true = np.linalg.lstsq(basis[others], n[others], rcond=None)[0]
        if np.max(np.abs(basis[others] @ true - n[others])) > 1e-5 * e.size + 8 * e.noise:
            return None
        error = np.linalg.lstsq(basis, a - n, rcond=None)[0]
        at = 0 if kind in ("constant", "proportional") else 1
        scale = np.max(np.abs(centred)) if at else 1.0
        if abs(error[at]) * scale > 1e-4 * e.size:
            found.append((scale * true[at], scale * error[at]))
    if len(found) < 3:
        return None
    true, error = np.transpose(found)
    if np.max(np.abs(true)) <= 1e-4 * e.size:
        return np.inf
    more = float(true @ error / (true @ true))
    alike = np.max(np.abs(error - more * true)) <= 1e-4 * max(1, abs(more)) * e.size + 16 * e.noise
    return 1 + more if alike else np.nan
