"""What comes out of an op, known from the shapes that go in: each op's rule, so that a network can be followed unrun.

A rule takes what the op's ``forward`` takes, arrays and options, looks at ``.shape`` and ``.dtype`` alone, and gives the shape
of the output. Convolutions have a geometry, from the same ``convargs`` that their ops start from: it refuses what they refuse.
"""

from collections.abc import Callable

import numpy as np

from minimix import convargs
from minimix.ops import activation, block, elementwise, pool, reduce, shape
from minimix.ops.convolution import CONV2D, POINTWISE_CONV2D
from minimix.ops.depthwise import DEPTHWISE_CONV2D, MIXCONV2D
from minimix.ops.excite import SQUEEZE_EXCITE
from minimix.ops.folded import FOLDED_CONV2D, FOLDED_MIXCONV2D
from minimix.ops.indexing import GETITEM
from minimix.ops.loss import CROSS_ENTROPY, NLL_LOSS
from minimix.ops.matmul import LINEAR, MATMUL
from minimix.ops.norm import BATCH_NORM
from minimix.ops.op import Op

Geometry = convargs.ConvGeometry | convargs.MixGeometry


def _folded_conv2d(x, weight, bias, activation="identity", **options) -> Geometry:
    return convargs.conv2d(x, weight, bias, **options)


def _folded_mixconv2d(x, bias, *weights, activation="identity", **options) -> Geometry:
    return convargs.mixconv2d(x, weights, **options)


def _mixconv2d(x, *weights, **options) -> Geometry:
    return convargs.mixconv2d(x, weights, **options)


GEOMETRIES: dict[Op, Callable[..., Geometry]] = {
    CONV2D: convargs.conv2d,
    FOLDED_CONV2D: _folded_conv2d,
    FOLDED_MIXCONV2D: _folded_mixconv2d,
    POINTWISE_CONV2D: convargs.pointwise_conv2d,
    DEPTHWISE_CONV2D: convargs.depthwise_conv2d,
    MIXCONV2D: _mixconv2d,
}


def _like_the_first(x, *others, **options) -> tuple:
    return x.shape


def _broadcast(*arrays, condition=None, **options) -> tuple:
    return np.broadcast_shapes(*(a.shape for a in arrays), () if condition is None else condition.shape)


def _reduced(x, axis=None, keepdims=False, **options) -> tuple:
    gone = reduced_axes(x.ndim, axis)
    return tuple(1 if i in gone else n for i, n in enumerate(x.shape) if keepdims or i not in gone)


def reduced_axes(ndim: int, axis) -> set[int]:
    """The axes that a reduction over ``axis`` (None, an int or a tuple of them) goes over, counted from the front.

    >>> reduced_axes(4, -1), reduced_axes(2, None)
    ({3}, {0, 1})
    """
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return {a % ndim for a in axes}


def _concatenated(*arrays, axis=0) -> tuple:
    first = arrays[0].shape
    return *first[:axis], sum(a.shape[axis] for a in arrays), *first[axis:][1:]


def _padded(x, before, after, value=0.0) -> tuple:
    return tuple(b + n + a for b, n, a in zip(before, x.shape, after, strict=True))


def _product(a, b) -> tuple:
    """a (..., n, k) @ b (..., k, m); the axis of a 1-D operand is dropped."""
    front = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return *front, *a.shape[:-1][-1:], *b.shape[-2:][1:]


def _loss(x, targets, reduction, **options) -> tuple:
    return targets.shape if reduction == "none" else ()


def _same_elements(op: Op) -> Callable:
    """For ops whose output is a view: NumPy itself says which, without looking at a number."""
    return lambda x, **options: op.forward(x, **options)[0].shape


def _block(*arrays, counts, options, stride, padding, dilation, keep=True) -> tuple:
    return block.layout_of(block.split(arrays, counts), stride, padding, dilation).output_shape


VIEWS = (shape.RESHAPE, shape.PERMUTE, shape.EXPAND, GETITEM)
REDUCTIONS = (reduce.SUM, reduce.MEAN, reduce.MAX, reduce.MIN, reduce.VAR, reduce.STD)
ACTIVATIONS = (
    activation.RELU, activation.RELU6, activation.SIGMOID, activation.SWISH, activation.HARD_SIGMOID, activation.HARD_SWISH,
    activation.SOFTMAX, activation.LOG_SOFTMAX, elementwise.TANH,
)  # fmt: skip
_OF_ONE = (elementwise.NEG, elementwise.EXP, elementwise.LOG, elementwise.SQRT, elementwise.ABS, elementwise.CLIP,
           elementwise.CAST, activation.DROPOUT, BATCH_NORM, SQUEEZE_EXCITE)  # fmt: skip
_OF_SEVERAL = (elementwise.ADD, elementwise.SUB, elementwise.MUL, elementwise.DIV, elementwise.POW, elementwise.MAXIMUM,
               elementwise.MINIMUM, elementwise.WHERE)  # fmt: skip

SHAPES: dict[Op, Callable[..., tuple]] = {
    **{op: _same_elements(op) for op in VIEWS},
    **dict.fromkeys(REDUCTIONS, _reduced),
    **dict.fromkeys((*ACTIVATIONS, *_OF_ONE), _like_the_first),
    **dict.fromkeys(_OF_SEVERAL, _broadcast),
    shape.CONCATENATE: _concatenated,
    shape.PAD: _padded,
    MATMUL: _product,
    LINEAR: lambda x, weight, bias=None: (*x.shape[:-1], len(weight)),
    pool.MAX_POOL2D: lambda x, windows: (*x.shape[:2], *windows.output),
    pool.AVG_POOL2D: lambda x, windows, count_padding: (*x.shape[:2], *windows.output),
    pool.GLOBAL_AVG_POOL2D: lambda x: x.shape[:2],
    pool.ADAPTIVE_AVG_POOL2D: lambda x, output_size: (*x.shape[:2], *output_size),
    block.MIX_BLOCK: _block,
    CROSS_ENTROPY: _loss,
    NLL_LOSS: _loss,
}


def geometry_of(op: Op, arrays: tuple, options: dict) -> Geometry | None:
    """Of a convolution; None for all other ops."""
    return GEOMETRIES[op](*arrays, **options) if op in GEOMETRIES else None


def shape_of(op: Op, arrays: tuple, options: dict, geometry: Geometry | None) -> tuple | None:
    """The shape of the output; None for an op that has no rule here."""
    if geometry is not None:
        return geometry.output_shape
    return SHAPES[op](*arrays, **options) if op in SHAPES else None


def dtype_of(op: Op, arrays: tuple, options: dict) -> np.dtype:
    """The output's: all that an op is given has one dtype, and only a cast changes it."""
    return np.dtype(options["dtype"]) if op is elementwise.CAST else arrays[0].dtype
