"""Elementwise arithmetic with broadcasting.

A gradient rule here is one line of calculus; the rest is ``unbroadcast``: what broadcasting repeats on the way forward is
summed on the way back. Arrays of one op share one dtype (``minimix/functional/promotion.py`` sees to that).

Complex arrays go through every op that is analytic, and the gradients are the plain derivatives (nothing is conjugated), so
that a complex step can check them. Where an op must choose (``maximum``, ``clip``), the real part chooses.
"""

import numpy as np

from minimix.ops.op import Op, reads_of_product
from minimix.ops.sums import summed


def unbroadcast(gradient: np.ndarray, shape: tuple) -> np.ndarray:
    """Sum ``gradient`` over the axes along which an input of this ``shape`` was repeated by broadcasting."""
    if gradient.shape == shape:
        return gradient
    new = gradient.ndim - len(shape)  # axes that broadcasting put in front
    repeated = [new + i for i, n in enumerate(shape) if n == 1 and gradient.shape[new + i] != 1]
    return summed(gradient, (*range(new), *repeated), True).reshape(shape)


# -- two inputs -----------------------------------------------------------------------------------------------------------


def add_forward(a, b):
    return a + b, (a.shape, b.shape)


def add_backward(gradient, saved, needed):
    a_shape, b_shape = saved
    return unbroadcast(gradient, a_shape) if needed[0] else None, unbroadcast(gradient, b_shape) if needed[1] else None


ADD = Op("add", add_forward, add_backward, selective=True)


def sub_forward(a, b):
    return a - b, (a.shape, b.shape)


def sub_backward(gradient, saved, needed):
    a_shape, b_shape = saved
    return unbroadcast(gradient, a_shape) if needed[0] else None, unbroadcast(-gradient, b_shape) if needed[1] else None


SUB = Op("sub", sub_forward, sub_backward, selective=True)


def mul_forward(a, b):
    return a * b, (a, b)


def mul_backward(gradient, saved, needed):
    a, b = saved
    return (
        unbroadcast(gradient * b, a.shape) if needed[0] else None,
        unbroadcast(gradient * a, b.shape) if needed[1] else None,
    )


MUL = Op("mul", mul_forward, mul_backward, selective=True, reads=reads_of_product)


def div_forward(a, b):
    output = a / b
    return output, (a.shape, b, output)


def div_backward(gradient, saved, needed):
    a_shape, b, output = saved
    to_a = gradient / b
    return (
        unbroadcast(to_a, a_shape) if needed[0] else None,
        unbroadcast(-to_a * output, b.shape) if needed[1] else None,
    )


DIV = Op("div", div_forward, div_backward, selective=True)


def pow_forward(base, exponent):
    # NumPy has a faster way, and for complex numbers a more exact one, where the exponent is a single plain number
    output = base ** exponent.item() if exponent.ndim == 0 else base**exponent
    return output, (base, exponent, output)


def pow_backward(gradient, saved, needed):
    base, exponent, output = saved
    to_base = to_exponent = None
    if needed[0]:
        less = base ** (exponent.item() - 1) if exponent.ndim == 0 else base ** (exponent - 1)
        # x**0 is 1 everywhere: its slope is 0 even at x = 0, where the formula says 0 * infinity
        to_base = unbroadcast(np.where(exponent == 0, 0, gradient * exponent * less), base.shape)
    if needed[1]:
        # 0**y is 0 for every y > 0: slope 0, where the formula says 0 * log 0
        flat = (base == 0) & (exponent.real >= 0)
        to_exponent = unbroadcast(np.where(flat, 0, gradient * output * np.log(base)), exponent.shape)
    return to_base, to_exponent


POW = Op("pow", pow_forward, pow_backward, selective=True)


def maximum_forward(a, b):
    output = np.where(a.real >= b.real, a, b) if np.iscomplexobj(a) else np.maximum(a, b)  # the latter propagates NaN
    return output, (a, b)


def maximum_backward(gradient, saved, needed):
    """Ties share the gradient evenly, as in PyTorch."""
    a, b = saved
    return _to_the_winner(gradient, a, b) if needed[0] else None, _to_the_winner(gradient, b, a) if needed[1] else None


def _to_the_winner(gradient, mine, other):
    """``gradient`` where mine > other, half of it where they are equal, 0 where mine < other."""
    share = np.where(mine.real < other.real, 0, np.where(mine.real == other.real, gradient / 2, gradient))
    return unbroadcast(share, mine.shape)


MAXIMUM = Op("maximum", maximum_forward, maximum_backward, selective=True)


def minimum_forward(a, b):
    output = np.where(a.real <= b.real, a, b) if np.iscomplexobj(a) else np.minimum(a, b)
    return output, (a, b)


def minimum_backward(gradient, saved, needed):
    a, b = saved
    return _to_the_winner(gradient, -a, -b) if needed[0] else None, _to_the_winner(gradient, -b, -a) if needed[1] else None


MINIMUM = Op("minimum", minimum_forward, minimum_backward, selective=True)


def where_forward(a, b, condition):
    return np.where(condition, a, b), (condition, a.shape, b.shape)


def where_backward(gradient, saved, needed):
    condition, a_shape, b_shape = saved
    return (
        unbroadcast(np.where(condition, gradient, 0), a_shape) if needed[0] else None,
        unbroadcast(np.where(condition, 0, gradient), b_shape) if needed[1] else None,
    )


WHERE = Op("where", where_forward, where_backward, selective=True)


# -- one input ------------------------------------------------------------------------------------------------------------


def neg_forward(x):
    return -x, None


def neg_backward(gradient, saved):
    return (-gradient,)


NEG = Op("neg", neg_forward, neg_backward)


def exp_forward(x):
    output = np.exp(x)
    return output, output


def exp_backward(gradient, output):
    return (gradient * output,)


EXP = Op("exp", exp_forward, exp_backward)


def log_forward(x):
    return np.log(x), x


def log_backward(gradient, x):
    return (gradient / x,)


LOG = Op("log", log_forward, log_backward)


def sqrt_forward(x):
    output = np.sqrt(x)
    return output, output


def sqrt_backward(gradient, output):
    return (gradient / (2 * output),)


SQRT = Op("sqrt", sqrt_forward, sqrt_backward)


def tanh_forward(x):
    output = np.tanh(x)
    return output, output


def tanh_backward(gradient, output):
    return (gradient * (1 - output * output),)


TANH = Op("tanh", tanh_forward, tanh_backward)


def abs_forward(x):
    if np.iscomplexobj(x):
        raise TypeError("abs of complex numbers is not analytic, so it has no gradient: use maximum(x, -x) to check a real abs")
    return np.abs(x), x


def abs_backward(gradient, x):
    return (gradient * np.sign(x),)


ABS = Op("abs", abs_forward, abs_backward)


def clip_real(x, low, high):
    """Values below ``low`` (or None) become ``low``, above ``high`` (or None) become ``high``, and NaN stays."""
    if not np.iscomplexobj(x):
        return np.clip(x, low, high)
    if low is not None:
        x = np.where(x.real < low, low, x)
    return x if high is None else np.where(x.real > high, high, x)


def clip_forward(x, low, high):
    return clip_real(x, low, high), (x, low, high)


def clip_backward(gradient, saved):
    """The bounds themselves still pass the gradient on, as in PyTorch."""
    x, low, high = saved
    inside = np.ones(x.shape, bool)
    if low is not None:
        inside &= x.real >= low
    if high is not None:
        inside &= x.real <= high
    return (np.where(inside, gradient, 0),)


CLIP = Op("clip", clip_forward, clip_backward)


def cast_forward(x, dtype):
    return x.astype(dtype), x.dtype


def cast_backward(gradient, dtype):
    if np.iscomplexobj(gradient) and dtype.kind != "c":
        gradient = gradient.real
    return (gradient.astype(dtype),)


CAST = Op("astype", cast_forward, cast_backward)
