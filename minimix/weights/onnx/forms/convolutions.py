"""Convolutions in ONNX: its Conv knows strides, dilations, groups and any number of zeros on each side.

The zeros are written as numbers, for the size of picture that the network was recorded with: TensorFlow's padding follows the
size. A mixed convolution is a Split of the channels, a Conv for each group of them, and a Concat.
"""

from minimix.convargs import MixGeometry
from minimix.costs.shapes import geometry_of
from minimix.ops.convolution import CONV2D, POINTWISE_CONV2D
from minimix.ops.depthwise import DEPTHWISE_CONV2D, MIXCONV2D
from minimix.ops.folded import FOLDED_CONV2D, FOLDED_MIXCONV2D
from minimix.padding import Pads, Pair
from minimix.weights.onnx.forms.arithmetic import activated
from minimix.weights.onnx.graph import Graph, Value, whole


def conv(g: Graph, x, weight, bias, kernel: Pair, stride: Pair, dilation: Pair, pads: Pads, groups: int) -> str:
    """One Conv node. bias: None for none."""
    (top, bottom), (left, right) = pads
    return g.add(
        "Conv", x, weight, *([] if bias is None else [bias]), kernel_shape=list(kernel), strides=list(stride),
        dilations=list(dilation), pads=[top, left, bottom, right], group=groups,
    )  # fmt: skip


def _dense(op):
    def form(g: Graph, x: Value, weight: Value, bias: Value | None = None, activation: str = "identity", **options):
        arrays = tuple(value.array for value in (x, weight, bias) if value is not None)
        s = geometry_of(op, arrays, options)
        return activated(g, conv(g, x, weight, bias, s.kernel, s.stride, s.dilation, s.pads, s.groups), activation, x.dtype)

    return form


def _depthwise(g: Graph, x: Value, weight: Value, **options):
    return _mixed(g, x, [weight], None, geometry_of(DEPTHWISE_CONV2D, (x.array, weight.array), options))


def _mixconv(g: Graph, x: Value, *weights: Value, **options):
    return _mixed(g, x, weights, None, geometry_of(MIXCONV2D, (x.array, *(w.array for w in weights)), options))


def _folded_mixconv(g: Graph, x: Value, bias: Value, *weights: Value, activation: str, **options):
    s = geometry_of(FOLDED_MIXCONV2D, (x.array, bias.array, *(w.array for w in weights)), options)
    return activated(g, _mixed(g, x, weights, bias, s), activation, x.dtype)


def _mixed(g: Graph, x: Value, weights, bias: Value | None, s: MixGeometry) -> str:
    parts = [x]
    if len(s.groups) > 1:
        sizes = whole(*(group.last - group.first for group in s.groups))
        parts = g.several("Split", len(s.groups), x, sizes, axis=1)
    made = []
    for part, weight, group in zip(parts, weights, s.groups, strict=True):
        own = bias
        if bias is not None and len(s.groups) > 1:
            own = bias.array[group.out_first : group.out_last]
        made.append(conv(g, part, weight, own, group.kernel, s.stride, group.dilation, group.pads, group.last - group.first))
    return made[0] if len(made) == 1 else g.add("Concat", *made, axis=1)


FORMS = {
    CONV2D: _dense(CONV2D),
    FOLDED_CONV2D: _dense(FOLDED_CONV2D),
    POINTWISE_CONV2D: _dense(POINTWISE_CONV2D),
    DEPTHWISE_CONV2D: _depthwise,
    MIXCONV2D: _mixconv,
    FOLDED_MIXCONV2D: _folded_mixconv,
}
