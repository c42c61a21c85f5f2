"""Arithmetic and activations, element by element, in ONNX."""

from collections.abc import Callable

import numpy as np

from minimix.ops import activation, elementwise
from minimix.weights.onnx.graph import Graph, Value, like


def activated(g: Graph, x: Value | str, name: str, dtype: np.dtype) -> Value | str:
    """``x`` after one of ``ops.activation.ACTIVATIONS``."""
    if name == "identity":
        return x
    if name == "relu":
        return g.add("Relu", x)
    if name == "relu6":
        return g.add("Clip", x, np.array(0, dtype), np.array(6, dtype))
    if name == "swish":
        return g.add("Mul", x, g.add("Sigmoid", x))
    return g.add("Mul", x, _hard_sigmoid(g, x))


def _hard_sigmoid(g: Graph, x: Value | str) -> str:
    return g.add("HardSigmoid", x, alpha=1 / 6, beta=0.5)


def _plain(kind: str) -> Callable:
    """For ops that are one node, without options."""
    return lambda g, *values: g.add(kind, *values)


def _activation(name: str) -> Callable:
    return lambda g, x: activated(g, x, name, x.dtype)


def _clip(g: Graph, x: Value, low, high) -> str:
    return g.add("Clip", x, *(None if bound is None else like(x, bound) for bound in (low, high)))


def _where(g: Graph, a: Value, b: Value, condition: np.ndarray) -> str:
    return g.add("Where", condition, a, b)


def cast(g: Graph, x: Value, dtype) -> str:
    """``x`` in another dtype."""
    from onnx.helper import np_dtype_to_tensor_dtype

    return g.add("Cast", x, to=np_dtype_to_tensor_dtype(np.dtype(dtype)))


FORMS = {
    elementwise.ADD: _plain("Add"),
    elementwise.SUB: _plain("Sub"),
    elementwise.MUL: _plain("Mul"),
    elementwise.DIV: _plain("Div"),
    elementwise.POW: _plain("Pow"),
    elementwise.MAXIMUM: _plain("Max"),
    elementwise.MINIMUM: _plain("Min"),
    elementwise.NEG: _plain("Neg"),
    elementwise.EXP: _plain("Exp"),
    elementwise.LOG: _plain("Log"),
    elementwise.SQRT: _plain("Sqrt"),
    elementwise.TANH: _plain("Tanh"),
    elementwise.ABS: _plain("Abs"),
    elementwise.CLIP: _clip,
    elementwise.WHERE: _where,
    elementwise.CAST: cast,
    activation.RELU: _activation("relu"),
    activation.RELU6: _activation("relu6"),
    activation.SWISH: _activation("swish"),
    activation.HARD_SWISH: _activation("hard_swish"),
    activation.SIGMOID: _plain("Sigmoid"),
    activation.HARD_SIGMOID: _hard_sigmoid,
}
