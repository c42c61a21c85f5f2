"""Elementwise functions of one input, from colours to potentials, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def within(low, high, *shapes):
    return lambda rng: [rng.uniform(low, high, shape) for shape in shapes]


def srgb_forward(x):
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4), x


def mu_law_forward(x):
    return np.sign(x) * np.log1p(255 * np.abs(x)) / np.log1p(255), x


def smoothstep_forward(x):
    t = np.clip(x, 0, 1)
    return t * t * (3 - 2 * t), x


def planck_backward(g, x):
    e = np.expm1(x)
    return (g * (3 * x**2 / e + x**3 * np.exp(x) / e**2),)


def heron_forward(x):
    y = np.ones_like(x)
    for _ in range(2):
        y = (y + x / y) / 2
    return y, y


def rosenbrock_forward(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum(), x


def rosenbrock_backward(g, x):
    dx = np.zeros_like(x)
    dx[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    return (g * dx,)


YUV = np.array([[0.299, 0.587, 0.114], [-0.147, -0.289, 0.436], [0.615, -0.515, -0.1]])


def bent_in_place(g, x):
    slope = x
    slope /= 2 * np.sqrt(x * x + 1)
    slope += 1
    return (g * slope,)


def tent_forward(x):
    return np.maximum(0, 1 - np.abs(x)), x


def bump_forward(x):
    inside = np.abs(x) < 1
    y = np.zeros_like(x)
    y[inside] = np.exp(-1 / (1 - x[inside] ** 2))
    return y, (x, y)


def bump_backward(g, saved):
    x, y = saved
    return (-2 * x / (1 - x * x) * y * g,)


def gudermann_float16(g, x):
    return ((g.astype(np.float16) / np.cosh(x.astype(np.float16))).astype(np.float64),)


def versine_blocks(g, x):
    dx = np.zeros(x.size)
    flat, slope = g.reshape(-1), np.sin(x).reshape(-1)
    for start in range(0, x.size - 3, 3):
        dx[start : start + 3] = flat[start : start + 3] * slope[start : start + 3]
    return (dx.reshape(x.shape),)


def lab_forward(t):
    return np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116), t


def lab_backward(g, t):
    return (g * np.where(t > 0.2, 1 / (3 * np.cbrt(t) ** 2), 24389 / 27 / 116),)


def chebyshev_forward(x):
    return 4 * x**3 - 3 * x, x


WRONG = [
    Wrong(
        "squareplus: half forgotten",
        op("squareplus", lambda x: ((x + np.sqrt(x * x + 4)) / 2, x), lambda g, x: (g * (1 + x / np.sqrt(x * x + 4)),)),
        (normal((7,)), normal((3, 4)), normal((2, 1, 5))),
        "factor",
        "the half before the parenthesis is forgotten: twice the gradient",
    ),
    Wrong(
        "inverse square root unit: numerator alone",
        op("isru", lambda x: (x / np.sqrt(1 + x * x), x), lambda g, x: (g / np.sqrt(1 + x * x),)),
        (normal((9,)), normal((4, 4)), normal((2, 3, 4))),
        "term missing",
        "the denominator is taken for a constant: (1 + x**2)**(-1/2) in place of (1 + x**2)**(-3/2)",
        ("chain factor", "wrong formula"),
    ),
    Wrong(
        "sigmoid by tanh: inner half",
        op("sigmoid", lambda x: (0.5 * (1 + np.tanh(x / 2)), x), lambda g, x: (0.5 * g * (1 - np.tanh(x / 2) ** 2),)),
        (normal((5, 5)), normal((2, 3, 3)), normal((1, 8))),
        "factor",
        "the derivative 1/2 of x / 2 is forgotten",
    ),
    Wrong(
        "x to the x: power rule alone",
        op("xx", lambda x: (x**x, x), lambda g, x: (g * x * x ** (x - 1),)),
        (within(0.5, 2.5, (6,)), within(0.2, 2, (4, 3)), within(1, 3, (2, 2, 2))),
        "term missing",
        "the exponent is x, too: x**x log(x) is missing",
        ("chain factor", "wrong formula"),
    ),
    Wrong(
        "secant: tangent of the output",
        op("sec", lambda x: (1 / np.cos(x), 1 / np.cos(x)), lambda g, y: (g * y * np.tan(y),)),
        (within(-1, 1, (8,)), within(-1, 1, (3, 3)), within(-1.2, 1.2, (2, 5))),
        "wrong point",
        "y tan(y) for y tan(x)",
        ("wrong formula", "chain factor"),
    ),
    Wrong(
        "sRGB to linear: dark branch forgotten",
        op("srgb", srgb_forward, lambda g, x: (g * 2.4 / 1.055 * ((x + 0.055) / 1.055) ** 1.4,)),
        (within(0, 0.1, (4, 3)), within(0, 0.08, (3, 3, 3)), within(0, 0.1, (20,))),
        "value",
        "below 0.04045 forward is linear: backward has the power's derivative everywhere",
        ("wrong formula", "no mask"),
    ),
    Wrong(
        "mu-law: sign in the slope",
        op("mu_law", mu_law_forward, lambda g, x: (np.sign(x) * g * 255 / (1 + 255 * np.abs(x)) / np.log1p(255),)),
        (normal((10,)), normal((2, 7)), normal((3, 3))),
        "value",
        "the slope is positive everywhere, as two signs cancel: for x < 0 its sign is wrong",
        ("chain factor", "wrong formula"),
    ),
    Wrong(
        "smoothstep: not clamped in backward",
        op("smoothstep", smoothstep_forward, lambda g, x: (6 * x * (1 - x) * g,)),
        (within(-1, 2, (12,)), within(-0.5, 1.5, (4, 4)), within(-1, 2, (2, 3, 3))),
        "no mask",
        "6 x (1 - x) outside of 0 to 1, too, where forward is constant",
        ("value",),
    ),
    Wrong(
        "triangle wave: always rising",
        op("triangle", lambda x: (np.abs(np.mod(x, 2) - 1), None), lambda g, _: (g,)),
        (normal((9,)), normal((4, 3)), normal((2, 2, 4))),
        "value",
        "the slope is 1 where the wave falls, too",
        ("chain factor", "wrong formula"),
    ),
    Wrong(
        "fractional part: that of a step",
        op("frac", lambda x: (x - np.floor(x), x.shape), lambda g, shape: (np.zeros(shape),)),
        (normal((6,)), normal((3, 3)), normal((2, 3, 2))),
        "zero",
        "taken for piecewise constant as floor is: the slope is 1",
    ),
    Wrong(
        "signed square root: over twice y",
        op("ssqrt", lambda x: (np.sign(x) * np.sqrt(np.abs(x)), np.sign(x) * np.sqrt(np.abs(x))), lambda g, y: (g / (2 * y),)),
        (normal((9,)), normal((3, 5)), normal((4, 1, 3))),
        "value",
        "1 / (2 |y|) is right: wrong sign where x < 0",
        ("wrong formula", "chain factor"),
    ),
    Wrong(
        "haversine: cosine",
        op("haversine", lambda x: (np.sin(x / 2) ** 2, x), lambda g, x: (g * np.cos(x) / 2,)),
        (normal((4, 2)), normal((5, 5)), normal((11,))),
        "wrong formula",
        "cos(x) / 2 for sin(x) / 2",
    ),
    Wrong(
        "Planck's law: quotient rule's minus",
        op("planck", lambda x: (x**3 / np.expm1(x), x), planck_backward),
        (within(0.5, 5, (7,)), within(1, 4, (3, 4)), within(0.5, 3, (2, 2, 3))),
        "sign of a term",
        "the denominator's summand is added, not subtracted",
    ),
    Wrong(
        "decibels: natural logarithm",
        op("decibels", lambda x: (20 * np.log10(x), x), lambda g, x: (20 * g / x,)),
        (within(0.1, 3, (6,)), within(0.5, 2, (3, 3)), within(0.1, 9, (2, 4, 2))),
        "factor",
        "1 / log(10) is forgotten: the derivative of 20 log(x)",
        ("wrong formula",),
    ),
    Wrong(
        "Heron's root: slope of the limit",
        op("heron", heron_forward, lambda g, y: (g / (2 * y),)),
        (within(0.05, 6, (8,)), within(3, 12, (3, 4)), within(0.02, 0.3, (2, 5))),
        "approximate",
        "two steps of Heron's method are differentiated as though they gave the root",
        ("wrong formula", "chain factor"),
    ),
    Wrong(
        "wrapped angle: only the first turn",
        op("wrap", lambda x: (np.mod(x + np.pi, 2 * np.pi) - np.pi, x), lambda g, x: (g * (np.abs(x) < np.pi),)),
        (lambda rng: [4 * rng.standard_normal(15)], lambda rng: [6 * rng.standard_normal((4, 4))]),
        "wrong mask",
        "the slope is 1 everywhere, but is set to zero for angles beyond a half turn",
        ("value", "left out", "zero"),
    ),
    Wrong(
        "degrees: back to radians",
        op("degrees", lambda x: (np.degrees(x), None), lambda g, _: (np.radians(g),)),
        (normal((5,)), normal((2, 2, 3)), normal((4, 6))),
        "factor",
        "the gradient is divided by 180 / pi where it must be multiplied",
        ("wrong constant",),
    ),
    Wrong(
        "Rosenbrock: the second use",
        op("rosenbrock", rosenbrock_forward, rosenbrock_backward),
        (normal((4,)), normal((9,)), normal((6, 2))),
        "term missing",
        "x[1:] in the first square is not differentiated: its contribution to the same elements is lost",
        ("not summed", "left out"),
    ),
    Wrong(
        "RGB to YUV: matrix not transposed",
        op("yuv", lambda x: (x @ YUV.T, None), lambda g, _: (g @ YUV.T,)),
        (normal((4, 3)), normal((3, 3)), normal((2, 4, 3))),
        "transposed",
        "the colour matrix's transpose is multiplied in again, in place of the matrix",
    ),
    Wrong(
        "bent identity: slope written over x",
        op("bent", lambda x: ((np.sqrt(x * x + 1) - 1) / 2 + x, x.copy()), bent_in_place),
        (normal((6,)), normal((3, 4))),
        "changes saved",
        "the saved copy of x becomes the slope: a second backward pass goes wrong",
        ("state", "wrong formula"),
    ),
    Wrong(
        "tent: no peak",
        op("tent", tent_forward, lambda g, x: (g * (np.abs(x) < 1),)),
        (normal((10,)), normal((4, 4)), normal((2, 6))),
        "value",
        "the slope is -1 right of the peak: backward has 1 on both sides",
        ("chain factor", "wrong formula"),
    ),
    Wrong(
        "tent: mask left out",
        op("tent", tent_forward, lambda g, x: (-np.sign(x) * g,)),
        (within(-2, 2, (10,)), within(-3, 3, (4, 3)), within(-2, 2, (2, 3, 3))),
        "no mask",
        "|x| > 1 gets a gradient, though forward is zero there",
        ("value",),
    ),
    Wrong(
        "bump: inner square forgotten",
        op("bump", bump_forward, bump_backward),
        (within(-1.3, 1.3, (12,)), within(-0.9, 0.9, (3, 3)), within(-1.5, 1.5, (2, 8))),
        "wrong formula",
        "-2 x / (1 - x**2)**2 is the inner derivative: the square of the denominator is forgotten",
        ("chain factor",),
    ),
    Wrong(
        "Gudermannian: in half precision",
        op("gd", lambda x: (2 * np.arctan(np.tanh(x / 2)), x), gudermann_float16),
        (lambda rng: [3 * rng.standard_normal(40)], lambda rng: [2 * rng.standard_normal((6, 8))]),
        "precision",
        "computed in float16 and cast back",
    ),
    Wrong(
        "versine: last block",
        op("versine", lambda x: (1 - np.cos(x), x), versine_blocks),
        (normal((8,)), normal((3, 4)), normal((2, 3, 5))),
        "left out",
        "blocks of three: range ends too early, the last one stays zero",
        ("border",),
    ),
    Wrong(
        "Lab lightness: threshold of another scale",
        op("lab", lab_forward, lab_backward),
        (within(0.001, 0.4, (9,)), within(0.001, 0.3, (4, 4)), within(0, 1, (2, 9))),
        "wrong mask",
        "the linear part ends at 0.0089 in forward, at 0.2 in backward",
        ("value", "wrong constant", "other place"),
    ),
    Wrong(
        "Chebyshev polynomial: index not raised",
        op("t3", chebyshev_forward, lambda g, x: (3 * (2 * x**2 - 1) * g,)),
        (normal((6,)), normal((3, 3)), normal((2, 1, 4))),
        "wrong formula",
        "3 T2 for 3 U2 = 3 (4 x**2 - 1)",
        ("wrong constant",),
    ),
]
