"""Functions that mix the entries of a row (softmax, norms, cumulative sums, losses), and what goes wrong with them: data.

Each function here gives (name, mistakes) where it recognises the output; a mistake is (words, claims, what backward would give
for an incoming gradient u).
"""

import numpy as np

from minimix.gradcheck.diagnosis.known_numbers import FACTOR, FORMULA, POINT, SIGN, TERM
from minimix.gradcheck.evidence import Evidence


def softmax(x, axis):
    """exp(x) over its sum along an axis (or all of them: None)."""
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def matches(y: np.ndarray, wanted: np.ndarray, tolerance: float = 1e-9) -> bool:
    """Whether an output is that of a formula."""
    return bool(y.shape == wanted.shape and np.all(np.abs(y - wanted) <= tolerance * (1 + np.abs(wanted))))


def _axes(x: np.ndarray):
    yield from range(x.ndim)
    if x.ndim > 1:
        yield None
        yield from ((a, b) for a in range(x.ndim) for b in range(a + 1, x.ndim))


def _sum(v, axis):
    return v.sum(axis=axis, keepdims=True)


def over_axes(x: np.ndarray, y: np.ndarray):
    """Softmax and the like: as many outputs as inputs, mixed along an axis."""
    for axis in _axes(x):
        p = softmax(x, axis)
        along = "all axes" if axis is None else f"axis {axis}"
        others = [a for a in range(x.ndim) if a != axis]
        if matches(y, p):
            yield (
                f"a softmax along {along}",
                [
                    (
                        "multiplies by p (1 - p): the other entries of the row are forgotten",
                        ("term missing", "not summed"),
                        lambda u, p=p: u * p * (1 - p),
                    ),
                    ("multiplies by p alone: the sum over the row is missing", TERM, lambda u, p=p: u * p),
                    (
                        "adds the sum over the row instead of subtracting it",
                        SIGN,
                        lambda u, p=p, a=axis: p * (u + _sum(u * p, a)),
                    ),
                    (
                        "subtracts the sum of the gradient, without the factor p",
                        FACTOR,
                        lambda u, p=p, a=axis: p * (u - _sum(u, a)),
                    ),
                    (
                        "leaves out the factor p in front",
                        FACTOR,
                        lambda u, p=p, a=axis: u - _sum(u * p, a),
                    ),
                    (
                        "subtracts a mean over the row where it should be a sum",
                        ("averaged", "wrong formula"),
                        lambda u, p=p, a=axis: p * (u - (u * p).mean(axis=a, keepdims=True)),
                    ),
                    ("leaves out p in the sum's factor", FACTOR, lambda u, p=p, a=axis: u * p - _sum(u * p, a)),
                    *(
                        (
                            f"sums over axis {b}",
                            ("wrong formula", "transposed", "summed", "not summed", "other place"),
                            lambda u, p=p, b=b: p * (u - _sum(u * p, b)),
                        )
                        for b in others
                    ),
                    (
                        "sums over everything",
                        ("summed", "wrong formula"),
                        lambda u, p=p: p * (u - (u * p).sum()),
                    ),
                ],
            )
        if matches(y, np.log(p)):
            yield (
                f"a log-softmax along {along}",
                [
                    ("subtracts p u where it should be p sum(u)", ("not summed", "term missing"), lambda u, p=p: u - p * u),
                    ("leaves out the term - p sum(u)", TERM, lambda u: u),
                    ("adds the term p sum(u)", SIGN, lambda u, p=p, a=axis: u + p * _sum(u, a)),
                    (
                        "takes the log-probabilities (the output) for probabilities",
                        POINT,
                        lambda u, y=y, a=axis: u - y * _sum(u, a),
                    ),
                    (
                        "subtracts p times a mean where it should be a sum",
                        ("averaged", "wrong formula"),
                        lambda u, p=p, a=axis: u - p * u.mean(axis=a, keepdims=True),
                    ),
                    ("subtracts sum(u) without the factor p", FACTOR, lambda u, a=axis: u - _sum(u, a)),
                    ("subtracts sum(p u)", FORMULA, lambda u, p=p, a=axis: u - _sum(u * p, a)),
                    ("gives softmax's gradient", FORMULA, lambda u, p=p, a=axis: p * (u - _sum(u * p, a))),
                    (
                        "takes exp(x), not divided by its sum, for probabilities",
                        FORMULA,
                        lambda u, a=axis: u - np.exp(x) * _sum(u, a),
                    ),
                    *(
                        (
                            f"sums over axis {b}",
                            ("wrong formula", "transposed", "summed", "not summed", "other place"),
                            lambda u, p=p, b=b: u - p * _sum(u, b),
                        )
                        for b in others
                    ),
                    ("sums over everything", ("summed", "wrong formula"), lambda u, p=p: u - p * u.sum()),
                ],
            )
        norm = np.sqrt(_sum(x * x, axis))
        if np.all(norm > 0) and matches(y, x / norm, 1e-6):
            yield (
                f"a division by the norm along {along}",
                [
                    ("takes the norm for a constant", TERM, lambda u, n=norm: u / n),
                    ("leaves out the division by the norm", FACTOR, lambda u, a=axis: u - y * _sum(u * y, a)),
                    (
                        "adds the norm's term instead of subtracting it",
                        SIGN,
                        lambda u, n=norm, a=axis: (u + y * _sum(u * y, a)) / n,
                    ),
                    (
                        "takes the input for the output in the norm's term",
                        POINT,
                        lambda u, n=norm, a=axis: (u - x * _sum(u * x, a)) / n,
                    ),
                    (
                        "lacks a power of the norm in the norm's term",
                        FACTOR,
                        lambda u, n=norm, a=axis: u / n - x * _sum(u * x, a) / n**2,
                    ),
                    ("leaves the gradient unsummed in the norm's term", ("not summed",), lambda u, n=norm: (u - y * u * y) / n),
                ],
            )
        if axis is not None and not isinstance(axis, tuple) and matches(y, np.cumsum(x, axis)):
            yield (
                f"a cumulative sum along {along}",
                [
                    (
                        "accumulates forward where it should run backward",
                        ("flipped", "wrong formula", "other place"),
                        lambda u, a=axis: np.cumsum(u, a),
                    ),
                    (
                        "runs backward, but does not mirror the result again",
                        ("flipped",),
                        lambda u, a=axis: np.cumsum(np.flip(u, a), a),
                    ),
                    ("passes the gradient on as it is", ("not summed", "chain factor"), lambda u: u),
                    (
                        "leaves out the entry itself",
                        ("shifted", "left out"),
                        lambda u, a=axis: np.flip(np.cumsum(np.flip(u, a), a), a) - u,
                    ),
                    (
                        "sums everything",
                        ("summed", "no mask"),
                        lambda u, a=axis: np.broadcast_to(_sum(u, a), u.shape),
                    ),
                ],
            )


def _spread(u, axis, shape):
    """The gradient of a reduction, back along the axis that it lost."""
    if u.ndim < len(shape) and axis is not None:
        u = np.expand_dims(u, axis)
    return np.broadcast_to(u, shape) if axis is not None else np.broadcast_to(u.reshape([1] * len(shape)), shape)


def reductions(e: Evidence):
    """Functions that lose an axis, or all of them."""
    x, y = e.point, e.output
    if x.size < 2:
        return
    for axis in _axes(x) if x.ndim > 1 else (0, None):
        for keep in (False, True):
            top = x.max(axis=axis, keepdims=True)
            lse = np.log(_sum(np.exp(x - top), axis)) + top
            lse = lse if keep else lse.reshape(np.sum(x, axis=axis).shape)
            if matches(y, lse):
                yield (
                    "a logsumexp",
                    [
                        (
                            "multiplies by exp(x): not divided by the sum",
                            ("chain factor", "scale", "not averaged", "wrong formula", "factor"),
                            lambda u, a=axis: _spread(u, a, x.shape) * np.exp(x),
                        ),
                        ("gives every entry the gradient itself", FACTOR, lambda u, a=axis: _spread(u, a, x.shape)),
                        (
                            "gives all to the largest entry, as a maximum would",
                            ("approximate", "wrong formula", "other place"),
                            lambda u, a=axis, t=top: _spread(u, a, x.shape) * (x == t),
                        ),
                        (
                            "gives every entry of the row the same",
                            ("averaged", "chain factor", "approximate"),
                            lambda u, a=axis: _spread(u, a, x.shape) / (x.size / max(y.size, 1)),
                        ),
                        (
                            "takes the softmax over everything",
                            ("wrong formula", "scale", "chain factor", "summed"),
                            lambda u, a=axis: _spread(u, a, x.shape) * softmax(x, None),
                        ),
                        *(
                            (
                                f"takes the softmax along axis {b}",
                                ("wrong formula", "transposed", "scale", "other place"),
                                lambda u, a=axis, b=b: _spread(u, a, x.shape) * softmax(x, b),
                            )
                            for b in range(x.ndim)
                            if b != axis
                        ),
                    ],
                )
    if y.size == 1 and e.whole:
        yield from _cross_entropy(e)


def _cross_entropy(e: Evidence):
    """A loss whose true gradient is c (softmax - target), the target summing to 1 in each row, or 0."""
    x = e.point
    n = e.numerical.reshape(x.shape)
    for axis in range(x.ndim):
        p = softmax(x, axis)
        rows = np.abs(n).sum(axis=axis, keepdims=True) > e.tiny
        counts = sorted({1, int(rows.sum()), x.size // x.shape[axis], x.shape[0]})
        for count in counts:
            target = np.where(rows, p - n * count, 0)
            if (
                target.min() < -1e-5
                or target.max() > 1 + 1e-5
                or np.max(np.abs(target.sum(axis=axis, keepdims=True) - rows)) > 1e-4
            ):
                continue
            if target.max() < 0.5:
                continue
            hard = (target == target.max(axis=axis, keepdims=True)) * rows
            smooth = target.min() > 1e-6 or np.abs(target - hard).max() > 1e-4
            c = 1.0 / count
            mistakes = [
                (
                    "gives the probabilities alone: 1 at the label is not subtracted",
                    TERM,
                    lambda u, p=p, r=rows, c=c: u * c * p * r,
                ),
                (
                    "gives the probabilities of ignored rows, too, and subtracts no label",
                    TERM,
                    lambda u, p=p, c=c: u * c * p,
                ),
                ("gives minus the target alone: the probabilities are missing", TERM, lambda u, t=target, c=c: -u * c * t),
                ("adds the target to the probabilities", SIGN, lambda u, p=p, t=target, r=rows, c=c: u * c * (p + t) * r),
                (
                    "subtracts the target from the logits, not from the probabilities",
                    POINT,
                    lambda u, t=target, r=rows, c=c: u * c * (x - t) * r,
                ),
                (
                    "subtracts the target from the log-probabilities",
                    POINT,
                    lambda u, p=p, t=target, r=rows, c=c: u * c * (np.log(p) - t) * r,
                ),
                (
                    "subtracts the target from exp(logits), not divided by their sum",
                    FORMULA,
                    lambda u, t=target, r=rows, c=c: u * c * (np.exp(x) - t) * r,
                ),
                (
                    "takes the softmax over everything",
                    FORMULA,
                    lambda u, t=target, r=rows, c=c: u * c * (softmax(x, None) - t) * r,
                ),
                *(
                    (
                        f"takes the softmax along axis {b}",
                        ("wrong formula", "transposed"),
                        lambda u, t=target, r=rows, b=b, c=c: u * c * (softmax(x, b) - t) * r,
                    )
                    for b in range(x.ndim)
                    if b != axis
                ),
            ]
            if smooth:
                mistakes.append(
                    (
                        "subtracts 1 at the label: the smoothing of the labels is forgotten",
                        ("wrong constant", "term missing", "wrong formula"),
                        lambda u, p=p, h=hard, r=rows, c=c: u * c * (p - h) * r,
                    )
                )
            yield "a cross-entropy", mistakes
