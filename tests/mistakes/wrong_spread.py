"""Variances, standard deviations, norms and correlations, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def around(mean, *shape):
    return lambda rng: [rng.standard_normal(shape) + mean]


def last(g):
    return np.expand_dims(g, -1)


def var_forward(x):
    return x.var(axis=-1), x


def sample_var_forward(x):
    return x.var(axis=0, ddof=1), x


def sample_var_backward(g, x):
    n = len(x)
    return (g * 2 * (x - x.mean(axis=0)) / n,)


def half_precision_var_backward(g, x):
    centred = x.astype(np.float16) - x.mean(axis=-1, keepdims=True).astype(np.float16)
    return ((2 / x.shape[-1]) * last(g) * centred,)


def std_forward(x):
    mean = x.mean(axis=1, keepdims=True)
    std = np.sqrt(((x - mean) ** 2).mean(axis=1, keepdims=True))
    return std[:, 0], (x - mean, std)


def std_of_var(g, saved):
    centred, _ = saved
    return (g[:, None] * 2 * centred / centred.shape[1],)


def std_divided_by_variance(g, saved):
    centred, std = saved
    n = centred.shape[1]
    return (np.einsum("n,nc->nc", g, centred / (n * np.square(std))),)


def std_in_place(g, saved):
    centred, std = saved
    centred *= g[:, None] / (std * centred.shape[1])
    return (centred.copy(),)


def fano_forward(x):
    """Variance over mean, a measure of dispersion."""
    return x.var() / x.mean(), x


def fano_backward(g, x):
    return (g * 2 * (x - x.mean()) / (x.size * x.mean()),)


def norm_forward(x):
    n = np.sqrt(np.sum(x**2, axis=-1))
    return n, (x, n)


def frobenius_forward(x):
    return np.linalg.norm(x), x


def unit_rows_forward(x):
    n = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / n, (x, n)


def unit_no_projection(g, saved):
    _, n = saved
    return (g / n,)


def unit_plus_projection(g, saved):
    x, n = saved
    u = x / n
    return ((g + u * np.sum(u * g, axis=-1, keepdims=True)) / n,)


def unit_unscaled_projection(g, saved):
    x, n = saved
    return (g / n - x * np.sum(x * g, axis=-1, keepdims=True) / n,)


def unit_one_projection(g, saved):
    """One inner product for the whole batch."""
    x, n = saved
    u = x / n
    return ((g - u * np.sum(u * g)) / n,)


def unit_eps_forward(x):
    n = np.sqrt((x * x).sum(1, keepdims=True) + 1e-5)
    return x / n, x


def unit_eps_backward(g, x):
    n = np.sqrt((x * x).sum(1, keepdims=True) + 0.5)
    return (g / n - x * (x * g).sum(1, keepdims=True) / n**3,)


def p_norm_forward(x):
    y = (np.abs(x) ** 3).sum(axis=1) ** (1 / 3)
    return y, (x, y)


def weighted_norm_forward(x, w):
    """sqrt(sum w x^2) of each row, with a learned weight for each column."""
    y = np.sqrt((w * x**2).sum(axis=1))
    return y, (x, w, y)


def weighted_norm_backward(g, saved):
    x, w, y = saved
    dx = g[:, None] * w * x / y[:, None]
    dw = (g[:, None] * x**2 / y[:, None]).sum(0)
    return dx, dw


def covariance_forward(x):
    centred = x - x.mean(axis=0)
    return centred.T @ centred / len(x), centred


def covariance_backward(g, centred):
    return (centred @ g / len(centred),)


def correlation_forward(a, b):
    a, b = a - a.mean(), b - b.mean()
    na, nb = np.linalg.norm(a), np.linalg.norm(b)
    return a @ b / (na * nb), (a, b, na, nb, a @ b / (na * nb))


def correlation_backward(g, saved):
    a, b, na, nb, r = saved
    da = g * (b / (na * nb) - r * a / na**2)
    db = g * (a / (na * nb) + r * b / nb**2)
    return da, db


VAR_NO_MEAN = op("var", var_forward, lambda g, x: (last(g) * 2 * x / x.shape[-1],))
STD_OF_VAR = op("std", std_forward, std_of_var)


def standardised_by_std(x):
    """x over its rows' standard deviations, which have a wrong gradient: through division the right one, too."""
    return F.div(x, F.reshape(STD_OF_VAR(x), (-1, 1)))


WRONG = [
    Wrong(
        "var: not centred",
        VAR_NO_MEAN,
        (around(1.0, 6), around(-0.5, 3, 4), around(0.7, 2, 2, 5)),
        "term missing",
        "2 x / n for 2 (x - mean) / n",
    ),
    Wrong(
        "var, unbiased: n for n - 1",
        op("var", sample_var_forward, sample_var_backward),
        (normal((6,)), normal((4, 3)), normal((3, 3))),
        "factor",
        "divided by n, where forward divides by n - 1",
        ("wrong constant",),
    ),
    Wrong(
        "var: centred in half precision",
        op("var", var_forward, half_precision_var_backward),
        (around(10.0, 6), around(20.0, 3, 4), around(-15.0, 4, 4)),
        "precision",
        "x and its mean are rounded to float16 before they are subtracted",
    ),
    Wrong(
        "std: the variance's gradient",
        STD_OF_VAR,
        (normal((3, 4)), normal((5, 5)), normal((2, 7))),
        "scale",
        "1 / (2 std), the square root's derivative, is missing",
        ("chain factor",),
    ),
    Wrong(
        "std: divided by the variance",
        op("std", std_forward, std_divided_by_variance),
        (
            lambda rng: [3 * rng.standard_normal((3, 4))],
            lambda rng: [0.3 * rng.standard_normal((5, 5))],
            lambda rng: [4 * rng.standard_normal((2, 6))],
        ),
        "scale",
        "1 / std is used twice",
        ("chain factor", "wrong formula"),
    ),
    Wrong(
        "std: in the saved array",
        op("std", std_forward, std_in_place),
        (normal((3, 4)), normal((5, 5)), normal((1, 7))),
        "changes saved",
        "the centred input is saved, and multiplied in place: right once, wrong in a second backward pass",
    ),
    Wrong(
        "division by std: std with the variance's gradient",
        standardised_by_std,
        (lambda rng: [3 * rng.standard_normal((3, 4))], lambda rng: [0.3 * rng.standard_normal((4, 4))]),
        "scale",
        "inside the gradient of std, 1 / (2 std) is missing; the path through the numerator is right",
        ("chain factor", "wrong formula"),
    ),
    Wrong(
        "variance over mean: the mean taken for a constant",
        op("fano", fano_forward, fano_backward),
        (around(3.0, 6), around(2.0, 3, 4), around(4.0, 2, 2, 2)),
        "term missing",
        "the quotient rule's second summand, -y / (n mean), is missing",
    ),
    Wrong(
        "L2 norm: not divided by the norm",
        op("norm", norm_forward, lambda g, s: (last(g) * s[0],)),
        (normal((5, 2)), normal((3, 4)), normal((2, 3, 3))),
        "scale",
        "x for x / |x|",
        ("chain factor",),
    ),
    Wrong(
        "Frobenius norm: divided by each row's norm",
        op("frobenius", frobenius_forward, lambda g, x: (g * x / np.linalg.norm(x, axis=1, keepdims=True),)),
        (normal((3, 4)), normal((5, 5)), normal((2, 3))),
        "scale",
        "each row is divided by its own norm, where the norm of the whole matrix is needed",
    ),
    Wrong(
        "L1 norm: the sign is forgotten",
        op("l1norm", lambda x: (np.abs(x).sum(axis=1), x.shape), lambda g, shape: (np.ones(shape) * g[:, None],)),
        (normal((3, 4)), normal((5, 5)), normal((2, 6))),
        "value",
        "the gradient is g where x < 0, too, where it should be -g",
    ),
    Wrong(
        "L3 norm: abs without its sign",
        op("p_norm", p_norm_forward, lambda g, s: ((g / s[1] ** 2)[:, None] * s[0] ** 2,)),
        (normal((3, 4)), normal((4, 4)), normal((2, 7))),
        "value",
        "x**2 for |x|**2 sign(x): wrong sign where x < 0",
    ),
    Wrong(
        "L3 norm: wrong power of the norm",
        op("p_norm", p_norm_forward, lambda g, s: ((g / s[1] ** 3)[:, None] * s[0] * np.abs(s[0]),)),
        (lambda rng: [2 * rng.standard_normal((3, 4))], normal((4, 4)), normal((2, 7))),
        "scale",
        "divided by the norm cubed in place of squared",
        ("wrong formula", "chain factor"),
    ),
    Wrong(
        "unit rows: the norm taken for a constant",
        op("normalize", unit_rows_forward, unit_no_projection),
        (normal((5,)), normal((3, 4)), normal((2, 2))),
        "term missing",
        "the projection onto the row is not subtracted",
    ),
    Wrong(
        "unit rows: the projection is added",
        op("normalize", unit_rows_forward, unit_plus_projection),
        (normal((5,)), normal((3, 4)), normal((2, 2))),
        "sign of a term",
        "g + u (u . g) for g - u (u . g)",
    ),
    Wrong(
        "unit rows: the projection is not divided by the norm cubed",
        op("normalize", unit_rows_forward, unit_unscaled_projection),
        (normal((6,)), normal((3, 4)), normal((2, 3, 3))),
        "wrong formula",
        "the second summand is divided by |x|, not by |x|**3",
        ("scale", "chain factor"),
    ),
    Wrong(
        "unit rows: one projection for the batch",
        op("normalize", unit_rows_forward, unit_one_projection),
        (normal((3, 4)), normal((4, 4)), normal((2, 2, 3))),
        "summed",
        "u * g is summed over everything, where each row needs its own sum",
    ),
    Wrong(
        "unit rows: another eps",
        op("normalize", unit_eps_forward, unit_eps_backward),
        (normal((3, 4)), normal((4, 4)), normal((6, 2))),
        "wrong constant",
        "eps is 0.5 in backward, 1e-5 in forward",
    ),
    Wrong(
        "weighted norm: the weights' gradient lacks 1/2",
        op("weighted_norm", weighted_norm_forward, weighted_norm_backward),
        (
            lambda rng: [rng.standard_normal((3, 4)), rng.uniform(0.5, 2, 4)],
            lambda rng: [rng.standard_normal((5, 5)), rng.uniform(0.5, 2, 5)],
            lambda rng: [rng.standard_normal((6, 2)), rng.uniform(0.5, 2, 2)],
        ),
        "factor",
        "the gradient of the weights is twice too large: the square root's 1/2 is forgotten, only in x it cancels with x's 2",
    ),
    Wrong(
        "covariance: one of two factors",
        op("covariance", covariance_forward, covariance_backward),
        (normal((6, 3)), normal((4, 4)), normal((5, 2))),
        "term missing",
        "centred @ g for centred @ (g + g.T): x is on both sides of the product",
        ("not summed",),
    ),
    Wrong(
        "correlation: a plus in the second input's gradient",
        op("correlation", correlation_forward, correlation_backward),
        (
            lambda rng: [a := rng.standard_normal(6), a + rng.standard_normal(6)],
            lambda rng: [a := rng.standard_normal(12), 0.5 * rng.standard_normal(12) - a],
        ),
        "sign of a term",
        "a / (|a| |b|) + r b / |b|**2 for the gradient of b, where it should be minus",
    ),
]
