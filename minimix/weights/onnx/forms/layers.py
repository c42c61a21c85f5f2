"""Batch norms, squeeze-and-excite, products of matrices and softmax in ONNX."""

import numpy as np

from minimix.ops.activation import LOG_SOFTMAX, SOFTMAX
from minimix.ops.excite import SQUEEZE_EXCITE
from minimix.ops.matmul import LINEAR, MATMUL
from minimix.ops.norm import BATCH_NORM
from minimix.weights.onnx.forms.arithmetic import activated
from minimix.weights.onnx.forms.convolutions import conv
from minimix.weights.onnx.forms.reductions import reduced
from minimix.weights.onnx.graph import Graph, Value, like, whole


def _batch_norm(g: Graph, x: Value, weight: Value, bias: Value, *residual: Value, running, training, momentum, eps, activation):
    if training:
        y = _by_the_batch(g, x, weight, bias, eps)
    else:
        statistics = [s if s.dtype == x.dtype else s.astype(x.dtype) for s in running]
        y = g.add("BatchNormalization", x, weight, bias, *statistics, epsilon=float(eps))
    y = activated(g, y, activation, x.dtype)
    return g.add("Add", y, *residual) if residual else y


def _by_the_batch(g: Graph, x: Value, weight: Value, bias: Value, eps: float) -> str:
    """With the statistics of the pictures that are given: of layers that keep none."""
    axes = tuple(axis for axis in range(len(x.shape)) if axis != 1)
    column = whole(1, -1, *(1 for _ in axes[1:]))  # (C,) -> (1, C, 1, 1)
    centred = g.add("Sub", x, reduced(g, "ReduceMean", x, axes, True))
    variance = reduced(g, "ReduceMean", g.add("Mul", centred, centred), axes, True)
    y = g.add("Div", centred, g.add("Sqrt", g.add("Add", variance, like(x, eps))))
    y = g.add("Mul", y, g.add("Reshape", weight, column))
    return g.add("Add", y, g.add("Reshape", bias, column))


def _squeeze_excite(g: Graph, x: Value, reduce, reduce_bias, expand, expand_bias, activation: str) -> str:
    plain = {"kernel": (1, 1), "stride": (1, 1), "dilation": (1, 1), "pads": ((0, 0), (0, 0)), "groups": 1}
    hidden = conv(g, g.add("GlobalAveragePool", x), reduce, reduce_bias, **plain)
    gate = conv(g, activated(g, hidden, activation, x.dtype), expand, expand_bias, **plain)
    return g.add("Mul", x, g.add("Sigmoid", gate))


def _linear(g: Graph, x: Value, weight: Value, bias: Value | None = None) -> str:
    added = [] if bias is None else [bias]
    if len(x.shape) == 2:
        return g.add("Gemm", x, weight, *added, transB=1)
    turned = np.ascontiguousarray(weight.array.T) if weight.fixed else g.add("Transpose", weight, perm=[1, 0])
    y = g.add("MatMul", x, turned)
    return g.add("Add", y, *added) if added else y


def _softmax(kind: str):
    return lambda g, x, axis: g.add(kind, x, axis=int(axis))


FORMS = {
    BATCH_NORM: _batch_norm,
    SQUEEZE_EXCITE: _squeeze_excite,
    LINEAR: _linear,
    MATMUL: lambda g, a, b: g.add("MatMul", a, b),
    SOFTMAX: _softmax("Softmax"),
    LOG_SOFTMAX: _softmax("LogSoftmax"),
}
