"""Activations and other functions of each element, with one slip in the backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gelu_forward(x):
    t = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))
    return 0.5 * x * (1 + t), (x, t)


def gelu_t_not_squared(g, saved):
    x, t = saved
    inner = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)
    return (g * (0.5 * (1 + t) + 0.5 * x * (1 - t) * inner),)


def gelu_half_forgotten(g, saved):
    x, t = saved
    sech2 = 1 - t * t
    left = 0.5 * (1 + t)
    right = x * sech2 * np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)
    return (g * (left + right),)


def silu_forward(x):
    s = sigmoid(x)
    return x * s, (x, s, x * s)


def silu_output_in_place_of_sigmoid(g, saved):
    x, s, y = saved
    return (g * (s + x * s * (1 - y)),)


def mish_forward(x):
    t = np.tanh(np.log1p(np.exp(x)))
    return x * t, (x, t)


def mish_backward(g, saved):
    x, t = saved
    return (g * (t + x * (1 - t) * sigmoid(x)),)


def shifted_relu_forward(x, threshold):
    return np.maximum(x - threshold, 0), x > threshold


def shifted_relu_backward(g, mask):
    dx = g * mask
    return dx, dx.sum(axis=0)


def glu_forward(x):
    a, b = np.split(x, 2, axis=1)
    s = sigmoid(b)
    return a * s, (a, s)


def glu_backward(g, saved):
    a, s = saved
    return (np.concatenate([g * s, g * a * (1 - s)], axis=1),)


def elu_forward(x):
    saved = x.copy()
    x[x < 0] = np.expm1(x[x < 0])
    return x, saved


def parabola_forward(x, a, b):
    return a * x**2 + b * x, (x, a, b)


def parabola_backward(g, saved):
    x, a, b = saved
    return g * (2 * a * x + b), np.sum(g * x, axis=0), np.sum(g * x, axis=0)


def power_by_loop(g, x):
    dx = np.empty_like(x)
    for i in np.ndindex(*x.shape):
        dx[i] = g[i] * 1.5 * abs(x[i]) ** 0.5
    return (dx,)


def sigmoid_layer(x):
    """A layer that squashes twice: its second sigmoid is right, its first one is not."""
    y = op("sigmoid", lambda x: (sigmoid(x), sigmoid(x)), lambda g, y: (g * sigmoid(y) * (1 - sigmoid(y)),))(x)
    return F.sigmoid(y * 2.0)


WRONG = [
    Wrong(
        "leaky relu: np.where(x > 0, g, slope)",
        op("leaky_relu", lambda x: (np.where(x > 0, x, 0.1 * x), x), lambda g, x: (np.where(x > 0, g, 0.1),)),
        (normal((4, 5)), normal((12,)), normal((2, 3, 3))),
        "ones",
        "below zero the slope stands alone, not multiplied by the incoming gradient",
        ("value", "nonlinear", "chain factor"),
    ),
    Wrong(
        "elu: exponential above zero",
        op(
            "elu",
            lambda x: (np.where(x > 0, x, 1.5 * np.expm1(x)), x),
            lambda g, x: (np.where(x < 0, 1, 1.5 * np.exp(x)) * g,),
        ),
        (normal((10,)), normal((3, 6)), normal((2, 2, 5))),
        "inverted mask",
        "the two branches of the derivative are exchanged: x < 0 where x > 0 is asked",
        ("wrong mask", "value"),
    ),
    Wrong(
        "gelu, tanh: 1 - t for 1 - t^2",
        op("gelu", gelu_forward, gelu_t_not_squared),
        (normal((3, 7)), normal((15,))),
        "wrong formula",
        "the derivative of tanh is taken for 1 - tanh",
        ("chain factor",),
    ),
    Wrong(
        "gelu, tanh: 0.5 forgotten in the second summand",
        op("gelu", gelu_forward, gelu_half_forgotten),
        (normal((4, 4)), normal((2, 9)), normal((1, 3, 5))),
        "wrong formula",
        "x times the inner derivative lacks the 0.5 in front, and so counts twice",
        ("wrong constant", "term extra", "summed"),
    ),
    Wrong(
        "silu: output where the sigmoid belongs",
        op("silu", silu_forward, silu_output_in_place_of_sigmoid),
        (normal((3, 5)), normal((14,), scale=2.0), normal((2, 2, 4))),
        "wrong point",
        "the sigmoid's derivative is written as s (1 - y), with the output y for the sigmoid s",
        ("wrong formula", "chain factor"),
    ),
    Wrong(
        "tanh: 1 - x^2",
        op("tanh", lambda x: (np.tanh(x), x), lambda g, x: (g * (1 - x**2),)),
        (normal((4, 5)), normal((11,)), normal((3, 1, 4))),
        "wrong point",
        "1 - y^2 is right for the output y, here x was saved",
        ("wrong formula",),
    ),
    Wrong(
        "sigmoid: sigmoid of the output",
        sigmoid_layer,
        (normal((3, 4), scale=2.0), normal((8,), scale=2.0)),
        "wrong point",
        "the output was saved, and goes through the sigmoid again before s (1 - s)",
    ),
    Wrong(
        "log-sigmoid: the sigmoid's derivative",
        op("log_sigmoid", lambda x: (-np.logaddexp(0, -x), sigmoid(x)), lambda g, s: (g * s * (1 - s),)),
        (normal((5, 4), scale=2.0), normal((9,), scale=2.0)),
        "wrong formula",
        "s (1 - s) is the sigmoid's; its logarithm has 1 - s: the outer 1 / s is missing",
        ("chain factor",),
    ),
    Wrong(
        "smooth abs sqrt(x^2 + 1): 1/2 forgotten",
        op("smooth_abs", lambda x: (np.sqrt(x * x + 1), x), lambda g, x: (g * 2 * x / np.sqrt(x * x + 1),)),
        (normal((7,)), normal((3, 4)), normal((2, 2, 2))),
        "factor",
        "the inner derivative 2 x is there, the root's 1/2 is not",
    ),
    Wrong(
        "relu(x - t), learned thresholds: minus forgotten",
        op("shifted_relu", shifted_relu_forward, shifted_relu_backward),
        (normal((5, 4), (4,)), normal((3, 3), (3,)), normal((8, 1), (1,))),
        "sign",
        "t is subtracted, but gets the gradient of x, summed over the batch, with its sign",
    ),
    Wrong(
        "gaussian exp(-x^2 / 2): inner derivative forgotten",
        op("gaussian", lambda x: (np.exp(-(x**2) / 2), x), lambda g, x: (g * np.exp(-(x**2) / 2),)),
        (normal((6,)), normal((4, 3)), normal((2, 3, 3))),
        "chain factor",
        "exp differentiates to itself, but the inner derivative -x is missing",
    ),
    Wrong(
        "mish: tanh not squared",
        op("mish", mish_forward, mish_backward),
        (normal((3, 5)), normal((10,))),
        "wrong formula",
        "1 - t stands for the derivative 1 - t^2 of tanh",
        ("chain factor",),
    ),
    Wrong(
        "arctan: 1 / (1 + x)^2",
        op("arctan", lambda x: (np.arctan(x), x), lambda g, x: (g / (1 + x) ** 2,)),
        (lambda rng: [rng.uniform(0.2, 3, (4, 4))], lambda rng: [rng.uniform(0.1, 2, 9)]),
        "wrong formula",
        "the square is outside the parenthesis: (1 + x)^2 for 1 + x^2",
    ),
    Wrong(
        "glu of channels: (1 - s) for s (1 - s)",
        op("glu", glu_forward, glu_backward),
        (normal((3, 4)), normal((2, 6, 3)), normal((4, 4))),
        "chain factor",
        "the gate's half lacks one factor s of the sigmoid's derivative",
        ("wrong formula",),
    ),
    Wrong(
        "|x|^1.5 by a loop: sign forgotten",
        op("power", lambda x: (np.abs(x) ** 1.5, x), power_by_loop),
        (normal((3, 3)), normal((8,)), normal((2, 1, 5))),
        "value",
        "the derivative 1.5 |x|^0.5 lacks the sign of x: wrong where x is negative",
        ("chain factor",),
    ),
    Wrong(
        "elu: computed inside the input",
        op("elu", elu_forward, lambda g, x: (g * np.where(x < 0, np.exp(x), 1),)),
        (normal((3, 4)), normal((9,))),
        "changes input",
        "forward writes the exponentials into x and returns it",
        ("aliased",),
    ),
    Wrong(
        "a x^2 + b x, learned: a's gradient with x not squared",
        op("parabola", parabola_forward, parabola_backward),
        (normal((6, 3), (3,), (3,)), normal((4, 4), (4,), (4,)), normal((9, 1), (1,), (1,))),
        "wrong formula",
        "the gradient of a is copied from b's: sum of g x in place of g x^2",
        ("chain factor",),
    ),
    Wrong(
        "a^2 b: gradients returned as b, a",
        op("square_times", lambda a, b: (a**2 * b, (a, b)), lambda g, saved: (g * saved[0] ** 2, 2 * g * saved[0] * saved[1])),
        (normal((3, 4), (3, 4)), normal((7,), (7,)), normal((2, 2, 3), (2, 2, 3))),
        "exchanged",
        "the tuple holds b's gradient first",
    ),
    Wrong(
        "a b + b: the summand alone forgotten",
        op(
            "scale_and_add",
            lambda a, b: (a * b + b, (a, b)),
            lambda g, saved: (g * saved[1], g * saved[0]),
        ),
        (normal((3, 4), (3, 4)), normal((7,), (7,)), normal((2, 2, 3), (2, 2, 3))),
        "term missing",
        "b's gradient is g a, not g (a + 1)",
    ),
]
