"""Sums, means, extremes and variances over axes in ONNX."""

import numpy as np

from minimix.costs.shapes import reduced_axes
from minimix.ops import reduce
from minimix.weights.onnx.forms.arithmetic import cast
from minimix.weights.onnx.graph import Graph, Value, like, whole

AXES_AS_INPUT = {"ReduceSum": 13}  # since that opset; the others since 18, and before that they were an attribute


def reduced(g: Graph, kind: str, x: Value | str, axes: tuple[int, ...], keepdims: bool) -> str:
    """A node such as ReduceMean."""
    if g.opset >= AXES_AS_INPUT.get(kind, 18):
        return g.add(kind, x, whole(*axes), keepdims=int(keepdims), noop_with_empty_axes=1)
    return g.add(kind, x, axes=list(axes), keepdims=int(keepdims))


def _reduction(kind: str):
    def form(g: Graph, x: Value, axis=None, keepdims=False) -> str:
        given = x if x.dtype == g.out.dtype else cast(g, x, g.out.dtype)  # NumPy adds small whole numbers up in larger ones
        return reduced(g, kind, given, tuple(sorted(reduced_axes(x.array.ndim, axis))), keepdims)

    return form


def _variance(g: Graph, x: Value, axis=None, keepdims=False, correction=1) -> str:
    axes = tuple(sorted(reduced_axes(x.array.ndim, axis)))
    lengths = [x.shape[a] for a in axes]
    if None in lengths:
        raise ValueError("a variance over the pictures of a batch, of which there may be any number: batch=N writes it for N")
    centred = g.add("Sub", x, reduced(g, "ReduceMean", x, axes, True))
    total = reduced(g, "ReduceSum", g.add("Mul", centred, centred), axes, keepdims)
    return g.add("Div", total, like(x, max(int(np.prod(lengths)) - correction, 0)))


FORMS = {
    reduce.SUM: _reduction("ReduceSum"),
    reduce.MEAN: _reduction("ReduceMean"),
    reduce.MAX: _reduction("ReduceMax"),
    reduce.MIN: _reduction("ReduceMin"),
    reduce.VAR: _variance,
    reduce.STD: lambda g, x, **options: g.add("Sqrt", _variance(g, x, **options)),
}
