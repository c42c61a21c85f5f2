"""Trigonometric functions, spectra, densities and likelihoods, with a wrong backward pass."""

import math

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def uniform(low, high, *shapes):
    return lambda rng: [rng.uniform(low, high, shape) for shape in shapes]


def then(*points):
    return lambda rng: [array for point in points for array in point(rng)]


def of_x(function, derivative):
    return op("function", lambda x: (function(x), x), lambda g, x: (g * derivative(x),))


def harmonics_forward(a, t):
    """Sum of a[k] sin((k + 1) t)."""
    k = np.arange(1, len(a) + 1)
    return np.sin(t[..., None] * k) @ a, (a, t, k)


def harmonics_backward(g, saved):
    a, t, k = saved
    angle = t[..., None] * k
    return (g[..., None] * np.sin(angle)).reshape(-1, len(a)).sum(0), g * (np.cos(angle) @ a)


def spectrum(x):
    """Real and imaginary part of the discrete Fourier transform of each row, two outputs of two ops."""
    real = op("real part", lambda x: (np.fft.fft(x).real, None), lambda g, _: (np.fft.fft(g).real,))
    imaginary = op("imaginary part", lambda x: (np.fft.fft(x).imag, None), lambda g, _: (-np.fft.fft(g).imag,))
    return real(x), imaginary(x)


def cosine_matrix(n):
    """DCT-II, not scaled."""
    return np.cos(np.pi * np.outer(np.arange(n), np.arange(n) + 0.5) / n)


DCT = op("DCT", lambda x: (x @ cosine_matrix(x.shape[-1]).T, None), lambda g, _: (g @ cosine_matrix(g.shape[-1]).T,))


def power_forward(x):
    f = np.fft.fft(x)
    return np.abs(f) ** 2, f


def power_backward(g, f):
    return (2 * np.fft.fft(g * f).real,)


def window_forward(x):
    """Frames tapered by Hann's window, then squared."""
    n = x.shape[-1]
    w = np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2
    return (w * x) ** 2, (x, w)


def cdf(x):
    return 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def density(z):
    return np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def normal_cdf_forward(x, mean, deviation):
    z = (x - mean) / deviation
    return cdf(z), (z, deviation)


def normal_cdf_backward(g, saved):
    z, deviation = saved
    d = g * density(z)
    return d, (-d / deviation).sum(0), (-d * z / deviation).sum(0)


def beta_forward(x, a, b):
    """(a - 1) log x + (b - 1) log(1 - x), the logarithm of Beta's density without its constant."""
    return (a - 1) * np.log(x) + (b - 1) * np.log(1 - x), (x, a, b)


def beta_backward(g, saved):
    x, a, b = saved
    return g * ((a - 1) / x + (b - 1) / (1 - x)), (g * np.log(x)).sum(0), (g * np.log(1 - x)).sum(0)


def waiting_forward(t, rate):
    """Mean negative log-likelihood of waiting times t with a rate: rate t - log(rate)."""
    return np.array((rate * t - np.log(rate)).mean()), (t, rate)


def waiting_backward(g, saved):
    t, rate = saved
    return g * rate / t.size * np.ones_like(t), np.array(g * t.mean())


WRONG = [
    Wrong(
        "sin times cos: one of the products",
        of_x(lambda x: np.sin(x) * np.cos(x), lambda x: np.cos(x) ** 2),
        (normal((6,)), normal((2, 4))),
        "term missing",
        "the product rule's - sin^2 is missing",
        ("wrong formula",),
    ),
    Wrong(
        "chirp sin(x^2): inner derivative",
        of_x(lambda x: np.sin(x * x), lambda x: np.cos(x * x)),
        (normal((7,)), normal((3, 3))),
        "chain factor",
        "the inner derivative 2 x is missing",
    ),
    Wrong(
        "cot: sign",
        of_x(lambda x: 1 / np.tan(x), lambda x: 1 / np.sin(x) ** 2),
        (uniform(0.4, 2.5, (6,)), uniform(-2.5, -0.4, (2, 4))),
        "sign",
        "the derivative of cot is -1 / sin^2",
    ),
    Wrong(
        "sin(1 / x): sign of the inner derivative",
        of_x(lambda x: np.sin(1 / x), lambda x: np.cos(1 / x) / x**2),
        (uniform(0.4, 2, (5,)), uniform(0.5, 3, (2, 3))),
        "sign",
        "the inner derivative is -1 / x^2",
    ),
    Wrong(
        "sinh of arcsinh scaled: inner root",
        of_x(lambda x: np.sinh(1.5 * np.arcsinh(x)), lambda x: 1.5 * np.cosh(1.5 * np.arcsinh(x))),
        (normal((6,)), normal((2, 2, 2))),
        "chain factor",
        "arcsinh's derivative 1 / sqrt(1 + x^2) is missing",
    ),
    Wrong(
        "arctan of the double: outer derivative at x",
        of_x(lambda x: np.arctan(2 * x), lambda x: 2 / (1 + x * x)),
        (normal((6,)), normal((4, 2))),
        "wrong point",
        "arctan's derivative is taken at x, not at 2 x",
        ("chain factor", "wrong formula", "wrong constant"),
    ),
    Wrong(
        "sum of harmonics: their number",
        op("harmonics", harmonics_forward, harmonics_backward),
        (normal((3,), (6,)), normal((4,), (2, 3))),
        "chain factor",
        "the k-th harmonic's inner derivative k is missing",
        ("wrong formula",),
    ),
    Wrong(
        "Fourier transform's two parts, two outputs: sign of the imaginary one",
        spectrum,
        (normal((2, 5)), normal((8,))),
        "sign of a term",
        "the imaginary part's gradient comes back with the wrong sign",
        ("sign", "flipped"),
    ),
    Wrong(
        "cosine transform: the same once more",
        DCT,
        (normal((2, 4)), normal((5,)), normal((3, 3))),
        "transposed",
        "backward multiplies by the matrix, not by its transpose",
    ),
    Wrong(
        "power spectrum: not conjugated",
        op("power spectrum", power_forward, power_backward),
        (normal((2, 5)), normal((8,))),
        "flipped",
        "backward transforms g f, not its conjugate: the result is mirrored",
    ),
    Wrong(
        "squares of tapered frames: taper once",
        op("taper", window_forward, lambda g, s: (2 * g * s[1] * s[0],)),
        (normal((2, 6)), normal((8,))),
        "scale",
        "the window's factor of each place stands squared in forward and once in backward",
        ("chain factor",),
    ),
    Wrong(
        "normal distribution: density without its deviation",
        op("normal cdf", normal_cdf_forward, normal_cdf_backward),
        (then(normal((5, 3), (3,)), uniform(0.5, 2, (3,))), then(normal((4, 2), (2,)), uniform(1.5, 3, (2,)))),
        "scale",
        "x's gradient lacks the division by the column's deviation",
        ("chain factor",),
    ),
    Wrong(
        "Beta's log-density: sign of the second shape",
        op("Beta", beta_forward, beta_backward),
        (
            then(uniform(0.2, 0.8, (4, 3)), uniform(1.5, 4, (3,), (3,))),
            then(uniform(0.1, 0.9, (3, 2)), uniform(1.5, 3, (2,), (2,))),
        ),
        "sign of a term",
        "log(1 - x) has the derivative -1 / (1 - x)",
    ),
    Wrong(
        "waiting times' likelihood: logarithm of the rate",
        op("waiting", waiting_forward, waiting_backward),
        (then(uniform(0.2, 2, (5,)), uniform(0.5, 2, ())), then(uniform(0.2, 2, (2, 4)), uniform(0.5, 2, ()))),
        "term missing",
        "the rate's gradient lacks -1 / rate",
    ),
]
