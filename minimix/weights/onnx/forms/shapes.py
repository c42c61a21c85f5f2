"""The same numbers in another shape, in ONNX; for a batch of any length."""

import numpy as np

from minimix.ops import shape
from minimix.ops.indexing import GETITEM
from minimix.weights.onnx.graph import Graph, Value, like, whole

TO_THE_END = np.iinfo(np.int64).max


def _reshape(g: Graph, x: Value, shape) -> str:
    target = g.out.shape
    if target.count(None) > 1:
        raise ValueError(f"several axes of the result {_text(target)} depend on the number of pictures")
    zero = {"allowzero": 1} if 0 in target else {}  # else 0 is the length that x has there
    return g.add("Reshape", x, whole(*(-1 if n is None else n for n in target)), **zero)


def _expand(g: Graph, x: Value, shape) -> str:
    target = g.out.shape
    own = (*(1,) * (len(target) - len(x.shape)), *x.shape)
    lengths = [1 if n is None else n for n in target]  # an axis of x that is as long as the batch stays so
    new = [i for i, (n, m) in enumerate(zip(target, own, strict=True)) if n is None and m is not None]
    if not new:
        return g.add("Expand", x, whole(*lengths))
    if len(new) > 1 or g.out.array.shape[new[0]] != len(g.batch.array):
        raise ValueError(f"axes of the result {_text(target)} depend on the number of pictures, but are not it")
    (axis,) = new
    pictures = g.add("Slice", g.add("Shape", g.batch), whole(0), whole(1))
    parts = [whole(*lengths[:axis]), pictures, whole(*lengths[axis + 1 :])]
    return g.add("Expand", x, g.add("Concat", *(p for p in parts if isinstance(p, str) or p.size), axis=0))


def _permute(g: Graph, x: Value, axes) -> str:
    return g.add("Transpose", x, perm=[int(axis) for axis in axes])


def _concatenate(g: Graph, *values: Value, axis=0) -> str:
    return g.add("Concat", *values, axis=int(axis))


def _pad(g: Graph, x: Value, before, after, value=0.0) -> str:
    return padded(g, x, before, after, value)


def padded(g: Graph, x: Value, before, after, value: float) -> str:
    """``before[i]`` and ``after[i]`` elements of ``value`` around axis i; negative numbers cut away, by a Slice in front."""
    given: Value | str = x
    cut = [i for i, (b, a) in enumerate(zip(before, after, strict=True)) if b < 0 or a < 0]
    if cut:
        starts = [max(0, -int(before[i])) for i in cut]
        ends = [min(int(after[i]), 0) or TO_THE_END for i in cut]
        given = g.add("Slice", x, whole(*starts), whole(*ends), whole(*cut))
    pads = [max(0, int(n)) for n in (*before, *after)]
    if any(pads) or given is x:
        return g.add("Pad", given, whole(*pads), like(x, value))
    return given


def _getitem(g: Graph, x: Value, index) -> str:
    parts = _parts(index, len(x.shape))
    if any(isinstance(part, np.ndarray) for part in parts):
        return _taken(g, x, parts)
    slices, dropped, added = [], [], []  # (axis, bounds) of x; axes of x; axes of the result
    axis = place = 0  # how far x and the result have been gone through
    for part in parts:
        if part is None:
            added.append(place)
            place += 1
            continue
        if isinstance(part, slice):
            slices.append((axis, _bounds(part)))
            place += 1
        else:
            number = int(part)
            slices.append((axis, (number, number + 1 if number != -1 else TO_THE_END, 1)))
            dropped.append(axis)
        axis += 1
    given: Value | str = x
    slices = [(axis, bounds) for axis, bounds in slices if bounds != (0, TO_THE_END, 1)]
    if slices:
        axes, bounds = zip(*slices, strict=True)
        starts, ends, steps = zip(*bounds, strict=True)
        given = g.add("Slice", given, whole(*starts), whole(*ends), whole(*axes), whole(*steps))
    if dropped:
        given = g.add("Squeeze", given, whole(*dropped))
    if added:
        given = g.add("Unsqueeze", given, whole(*added))
    return g.add("Identity", given) if given is x else given


def _parts(index, ndim: int) -> list:
    """The index with one part for each axis, besides None for new ones; arrays of booleans as those of their places."""
    parts = list(index) if isinstance(index, tuple) else [index]
    parts = [place for part in parts for place in _places(part)]
    axes = sum(part is not None and part is not Ellipsis for part in parts)
    rest = [slice(None)] * (ndim - axes)
    at = next((i for i, part in enumerate(parts) if part is Ellipsis), None)
    return [*parts, *rest] if at is None else [*parts[:at], *rest, *parts[at + 1 :]]


def _places(part) -> list:
    if not isinstance(part, np.ndarray):
        return [part]
    return list(np.nonzero(part)) if part.dtype == bool else [part if part.ndim else int(part)]


def _bounds(part: slice) -> tuple[int, int, int]:
    step = 1 if part.step is None else int(part.step)
    start = (0 if step > 0 else TO_THE_END) if part.start is None else int(part.start)
    stop = (TO_THE_END if step > 0 else -TO_THE_END) if part.stop is None else int(part.stop)
    return start, stop, step


def _taken(g: Graph, x: Value, parts: list) -> str:
    """With arrays of places: along one axis a Gather; along several, a Gather of each picture's numbers as one row."""
    arrays = [part for part in parts if isinstance(part, np.ndarray)]
    others = [part for part in parts if not isinstance(part, np.ndarray)]
    if len(arrays) == 1 and all(part == slice(None) for part in others):
        axis = next(i for i, part in enumerate(parts) if part is arrays[0])
        return g.add("Gather", x, arrays[0].astype(np.int64), axis=axis)
    free = None in x.shape
    alone = x.shape[0] is None and x.shape.count(None) == 1 and isinstance(parts[0], slice) and parts[0] == slice(None)
    if free and not alone:
        raise ValueError("an index with arrays that reaches into the axis of the pictures, of which there may be any number")
    lengths, parts = (x.array.shape[1:], parts[1:]) if free else (x.array.shape, parts)
    size = int(np.prod(lengths))
    places = np.arange(size).reshape(lengths)[tuple(parts)]
    row = g.add("Reshape", x, whole(-1, size) if free else whole(size))
    taken = g.add("Gather", row, places.astype(np.int64), axis=int(free))
    axis = g.out.shape.index(None) if free else 0  # NumPy puts arrays that do not stand together in front of all
    return g.add("Transpose", taken, perm=[*range(1, axis + 1), 0, *range(axis + 1, places.ndim + 1)]) if axis else taken


def _text(target) -> str:
    return f"({', '.join('N' if n is None else str(n) for n in target)})"


FORMS = {
    shape.RESHAPE: _reshape,
    shape.EXPAND: _expand,
    shape.PERMUTE: _permute,
    shape.CONCATENATE: _concatenate,
    shape.PAD: _pad,
    GETITEM: _getitem,
}
