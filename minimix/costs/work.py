"""What each op costs: its multiply-adds, and apart from them all else that some counter or other counts.

A multiply-add is one term of a convolution's or a matrix product's sum; those with the zero border are terms like any other.
"""

import math
from dataclasses import dataclass, field

from minimix import convargs
from minimix.costs.shapes import ACTIVATIONS, Geometry
from minimix.ops import block, block_room, pool
from minimix.ops.excite import SQUEEZE_EXCITE
from minimix.ops.folded import FOLDED_MIXCONV2D
from minimix.ops.matmul import LINEAR, MATMUL
from minimix.ops.norm import BATCH_NORM
from minimix.ops.op import Op
from minimix.padding import Pair

KINDS = ("depthwise", "pointwise", "se", "dense", "linear")  # "dense": convolutions with larger kernels over several channels
OTHER = "other"  # the kind of ops that are somebody else's, or of several kinds
POOLS = {
    pool.MAX_POOL2D: "max_pool",
    pool.AVG_POOL2D: "avg_pool",
    pool.ADAPTIVE_AVG_POOL2D: "global_pool",
    pool.GLOBAL_AVG_POOL2D: "global_pool",
}
APART = {  # what is listed apart, of what it is made up, and in which unit
    "batch norm": (("batch_norm",), "elements"),
    "activation": (tuple(op.name for op in ACTIVATIONS), "elements"),
    "bias": (("bias",), "additions"),
    "pooling": (tuple(dict.fromkeys(POOLS.values())), "input elements"),
}
COUNTED = (  # all names in ``Work.others``
    *("bias", "linear_bias", "batch_norm", "batch_norm_params", "batch_norm_kept", "add", "mul", "concat"),
    *APART["activation"][0],
    *(name + end for name in APART["pooling"][0] for end in ("", "_out", "_taps")),
    *("squeeze", "squeeze_out"),
)


@dataclass(frozen=True)
class Work:
    """What one op does.

    macs:   multiply-adds. kind: one of ``KINDS``, or ``OTHER``; "" where there are none.
    others: {name: how many}: "bias" (additions; "linear_bias" are those among them of matrix products), "batch_norm" and the
            names of activations (elements that pass through), "max_pool", "avg_pool", "global_pool" and "squeeze", the means
            of squeeze-and-excite (elements that go in; those that come out have "_out" behind, those that all windows see
            together "_taps"), "batch_norm_params" (numbers of scale and shift, for each image), "add" and "mul" (elements of
            sums and products), and what ``Outline`` alone can tell.
    parts:  of a convolution, (kernel size, input channels) of each group of channels.
    """

    macs: int = 0
    kind: str = ""
    others: dict[str, int] = field(default_factory=dict)
    parts: tuple[tuple[Pair, int], ...] = ()


def work_of(op: Op, arrays: tuple, options: dict, shape: tuple, geometry: Geometry | None) -> Work:
    """The cost of ``op`` on ``arrays``, of which only the shapes are looked at. shape: of the output."""
    size = math.prod(shape)
    if isinstance(geometry, convargs.MixGeometry):
        return _mixed(op, options, size, geometry)
    if geometry is not None:
        return _dense(arrays, options, size, geometry)
    if op is SQUEEZE_EXCITE:
        return _squeeze_excite(*arrays, **options)
    if op is block.MIX_BLOCK:
        return Work(block.multiply_adds(block_room.split(arrays, options["counts"]), shape), OTHER)
    if op in (LINEAR, MATMUL):
        bias = {"bias": size, "linear_bias": size} if len(arrays) > 2 else {}
        return Work(size * arrays[0].shape[-1], "linear", bias)
    if op is BATCH_NORM:
        return Work(others=added(_norm(shape, options["activation"]), {"add": size} if len(arrays) > 3 else {}))
    if op in POOLS:
        return Work(others=_pool(POOLS[op], math.prod(arrays[0].shape), size, options.get("windows")))
    if op in ACTIVATIONS:
        return Work(others={op.name: size})
    return Work()


def _mixed(op, options, size: int, g: convargs.MixGeometry) -> Work:
    """One multiply-add a tap, for each output."""
    pixels = g.batch * g.out_height * g.out_width
    taps = sum((group.out_last - group.out_first) * math.prod(group.kernel) for group in g.groups)
    others = _biased(options, size) if op is FOLDED_MIXCONV2D else {}
    return Work(pixels * taps, "depthwise", others, tuple((group.kernel, group.last - group.first) for group in g.groups))


def _dense(arrays, options, size: int, g: convargs.ConvGeometry) -> Work:
    others = _biased(options, size) if len(arrays) > 2 else {}
    macs = size * math.prod(arrays[1].shape[1:])
    if g.groups == g.channels > 1:
        return Work(macs, "depthwise", others, ((g.kernel, g.channels),))
    kind = "pointwise" if g.kernel == (1, 1) else "dense"
    return Work(macs, kind, others, ((g.kernel, g.channels // g.groups),) * g.groups)


def _biased(options: dict, size: int) -> dict[str, int]:
    """A bias, and the activation that a folded convolution has."""
    return {"bias": size, **_activated(options.get("activation", "identity"), size)}


def _squeeze_excite(x, reduce_weight, reduce_bias, expand_weight, expand_bias, activation) -> Work:
    """Two 1x1 convolutions of a picture of one pixel, the means before them and the products with x behind."""
    images, channels, hidden = x.shape[0], x.shape[1], len(reduce_weight)
    size = math.prod(x.shape)
    others = {"bias": images * (hidden + channels), **_activated(activation, images * hidden)}
    others |= {"squeeze": size, "squeeze_out": images * channels, "mul": size}
    parts = (((1, 1), channels), ((1, 1), hidden))
    return Work(2 * images * channels * hidden, "se", added(others, {"sigmoid": images * channels}), parts)


def _pool(name: str, size_in: int, size: int, windows) -> dict[str, int]:
    others = {name: size_in, f"{name}_out": size}
    return others if windows is None else {**others, f"{name}_taps": size * math.prod(windows.kernel)}


def _norm(shape: tuple, activation: str) -> dict[str, int]:
    size = math.prod(shape)
    return {"batch_norm": size, "batch_norm_params": 2 * shape[0] * shape[1], **_activated(activation, size)}


def _activated(activation: str, size: int) -> dict[str, int]:
    return {} if activation == "identity" else {activation: size}


def added(*counts: dict[str, int]) -> dict[str, int]:
    """Sums by name.

    >>> added({"relu": 2, "bias": 1}, {"relu": 3})
    {'relu': 5, 'bias': 1}
    """
    total: dict[str, int] = {}
    for count in counts:
        for name, n in count.items():
            total[name] = total.get(name, 0) + n
    return total
