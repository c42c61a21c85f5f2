"""Receptive fields: how many pixels of the picture, down and across, one number in a layer's output can depend on.

A window of K taps, D apart, on a map whose neighbours lie T pixels of the picture apart, adds D * (K - 1) * T pixels; a stride
of S makes the neighbours of its output S * T apart. The field may be larger than the picture: then it reaches into the zeros
around it. Of several kernel sizes the largest counts. The gate of a squeeze-and-excite depends on every pixel, but only scales
what the layer itself sees: it is left out, and so is any factor that is one number a channel.
"""

import math
from typing import NamedTuple

from minimix import convargs
from minimix.costs.shapes import REDUCTIONS, Geometry, reduced_axes
from minimix.ops import pool, shape
from minimix.ops.matmul import MATMUL
from minimix.ops.op import Op
from minimix.padding import Pair


class Field(NamedTuple):
    """size: (vertical, horizontal), in pixels of the picture; None where it is unknown. step: how far apart neighbours are."""

    size: Pair | None = (1, 1)
    step: Pair = (1, 1)

    def seen_through(self, window: Pair, stride: Pair = (1, 1)) -> "Field":
        """The field behind windows of so many pixels, borders and gaps included.

        >>> Field().seen_through((3, 3), (2, 2)).seen_through((3, 3))
        Field(size=(7, 7), step=(2, 2))
        """
        if self.size is None:
            return self
        size = tuple(n + (w - 1) * t for n, w, t in zip(self.size, window, self.step, strict=True))
        return Field(size, tuple(s * t for s, t in zip(stride, self.step, strict=True)))


def field_of(
    op: Op, arrays: tuple, fields: list[Field], options: dict, shape_out: tuple, geometry: Geometry | None
) -> Field | None:
    """The field of an op's output. fields: those of ``arrays``, None for what does not depend on the picture."""
    field = _largest(arrays, fields, shape_out)
    if field is None:
        return None
    if op is MATMUL and None not in fields:
        return Field(None)  # a product of activations: which pixels meet is not to be seen from the shapes
    window = _window(op, arrays[0], options, shape_out, geometry)
    return field if window is None else field.seen_through(*window)


def _largest(arrays, fields, shape_out) -> Field | None:
    """Of the inputs; those that are spread over the pixels only scale or shift."""
    known = [(a.shape, field) for a, field in zip(arrays, fields, strict=True) if field is not None]
    whole = [field for shape_in, field in known if shape_in[-2:] == shape_out[-2:]]
    found = whole or [field for _, field in known]
    if not found:
        return None
    if any(field.size is None for field in found):
        return Field(None)
    return Field(tuple(max(sizes) for sizes in zip(*(f.size for f in found), strict=True)), found[0].step)


def _window(op: Op, x, options: dict, shape_out: tuple, geometry: Geometry | None) -> tuple[Pair, Pair] | None:
    """(size, stride) of the windows that an op looks through; None where it goes pixel by pixel."""
    if geometry is not None:
        groups = geometry.groups if isinstance(geometry, convargs.MixGeometry) else [geometry]
        return tuple(max(g.dilation[i] * (g.kernel[i] - 1) + 1 for g in groups) for i in (0, 1)), geometry.stride
    if op in (pool.MAX_POOL2D, pool.AVG_POOL2D):
        windows = options["windows"]
        return tuple(d * (k - 1) + 1 for d, k in zip(windows.dilation, windows.kernel, strict=True)), windows.stride
    if op is pool.ADAPTIVE_AVG_POOL2D:
        pairs = list(zip(x.shape[2:], shape_out[2:], strict=True))
        return tuple(_widest(n, parts) for n, parts in pairs), tuple(max(1, n // parts) for n, parts in pairs)
    if len(x.shape) == 4:
        flat = op is shape.RESHAPE and len(shape_out) == 2 and shape_out[0] == x.shape[0]  # (N, C, H, W) -> (N, C * H * W)
        gone = {2, 3} if flat or op is pool.GLOBAL_AVG_POOL2D else set()
        if op in REDUCTIONS:
            gone = reduced_axes(4, options.get("axis"))
        size = tuple(x.shape[axis] if axis in gone else 1 for axis in (2, 3))
        return size, size
    return None


def _widest(n: int, parts: int) -> int:
    """Of ``parts`` windows that share ``n`` pixels out, from floor(i * n / parts) to ceil((i + 1) * n / parts)."""
    return max(math.ceil((i + 1) * n / parts) - i * n // parts for i in range(parts))
