"""Losses between distributions, samples and views of the same data, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def within(low, high, *shapes):
    return lambda rng: [rng.uniform(low, high, shape) for shape in shapes]


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def info_nce_forward(a, b):
    p = softmax(a @ b.T / 0.5)
    n = len(a)
    return -np.log(p[np.arange(n), np.arange(n)]).sum(), (a, b, p)


def info_nce_backward(g, saved):
    a, b, p = saved
    d = g * (p - np.eye(len(a)))
    return d @ b / 0.5, d.T @ a * 0.5


def gaussians_kl_forward(m1, s1, m2, s2):
    return np.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5, (m1, s1, m2, s2)


def gaussians_kl_backward(g, saved):
    m1, s1, m2, s2 = saved
    d = (m1 - m2) / s2**2
    return g * d, g * (s1 / s2**2 - 1 / s1), -g * d, g * (1 / s2 - (s1**2 + (m1 - m2) ** 2) / s2**2)


def js_forward(p, q):
    m = (p + q) / 2
    return (p * np.log(p / m) + q * np.log(q / m)).sum(-1) / 2, (p, q, m)


def js_backward(g, saved):
    p, q, m = saved
    g = g[..., None] / 2
    return g * (np.log(p / m) + 1), g * (np.log(q / m) + 1)


def wasserstein_forward(a, b):
    i, j = np.argsort(a), np.argsort(b)
    d = a[i] - b[j]
    return (d**2).mean(), (i, j, d)


def wasserstein_backward(g, saved):
    i, _, d = saved
    da, db = np.empty_like(d), np.empty_like(d)
    da[i] = 2 * g * d / len(d)
    db[i] = -2 * g * d / len(d)
    return da, db


def cox_forward(risk):
    """Rows are sorted by time of death: those from i on are at risk at time i."""
    at_risk = np.cumsum(np.exp(risk)[::-1])[::-1]
    return (np.log(at_risk) - risk).sum(), (risk, at_risk)


def cox_backward(g, saved):
    risk, at_risk = saved
    return (g * (np.exp(risk) * np.cumsum((1 / at_risk)[::-1])[::-1] - 1),)


def mmd_forward(a, b):
    """Kernel exp(-(a - b)**2) between two samples of numbers, the part between the two."""
    d = a[:, None] - b
    return np.exp(-(d**2)).mean(), d


def mmd_backward(g, d):
    k = -2 * g * d * np.exp(-(d**2)) / len(d)
    return k.sum(1), -k.sum(0)


def distillation_backward(g, saved):
    student, teacher = saved
    return (g * (softmax(student / 3) - softmax(teacher / 3)) * 3**2,)


TEACHER = np.random.default_rng(3).standard_normal((8, 8))


def distillation_forward(x):
    teacher = TEACHER[: x.shape[0], : x.shape[1]]
    p = softmax(teacher / 3)
    return 9 * (p * (np.log(p) - np.log(softmax(x / 3)))).sum(), (x, teacher)


def weibull_forward(t, k):
    return t**k - (k - 1) * np.log(t) - np.log(k), (t, k)


def weibull_backward(g, saved):
    t, k = saved
    return g * (k * t ** (k - 1) - (k - 1) / t), g * (t**k * np.log(t) - np.log(t))


def list_net_backward(g, saved):
    x, t = saved
    return g * (softmax(x) - t), -g * np.log(softmax(x))


def barlow_forward(a, b):
    c = a.T @ b / len(a)
    weight = np.where(np.eye(len(c)), 1, 0.1)
    return (weight * (c - np.eye(len(c))) ** 2).sum(), (a, b, c, weight)


def barlow_backward(g, saved):
    a, b, c, _ = saved
    dc = 2 * g * (c - np.eye(len(c))) / len(a)
    return b @ dc.T, a @ dc


WRONG = [
    Wrong(
        "InfoNCE: temperature multiplied for the keys",
        op("info_nce", info_nce_forward, info_nce_backward),
        (normal((4, 3), (4, 3)), normal((3, 3), (3, 3)), normal((5, 2), (5, 2))),
        "factor",
        "b's gradient is multiplied by the temperature 0.5, a's divided",
        ("wrong constant",),
    ),
    Wrong(
        "KL of two Gaussians: second deviation's power",
        op("kl_gaussians", gaussians_kl_forward, gaussians_kl_backward),
        (
            lambda rng: [rng.standard_normal(5), rng.uniform(0.5, 2, 5), rng.standard_normal(5), rng.uniform(0.5, 2, 5)],
            lambda rng: [
                rng.standard_normal((3, 3)),
                rng.uniform(0.5, 2, (3, 3)),
                rng.standard_normal((3, 3)),
                rng.uniform(1.2, 2, (3, 3)),
            ],
        ),
        "wrong formula",
        "1 / s2**2 for 1 / s2**3 in the second summand of s2's gradient",
        ("chain factor",),
    ),
    Wrong(
        "Jensen-Shannon divergence: ones",
        op("js", js_forward, js_backward),
        (within(0.1, 1, (3, 4), (3, 4)), within(0.1, 1, (5, 5), (5, 5)), within(0.2, 2, (6,), (6,))),
        "term extra",
        "p's own 1 cancels with those of the mean: + 1 is too much",
    ),
    Wrong(
        "squared Wasserstein distance on a line: one order for both",
        op("wasserstein", wasserstein_forward, wasserstein_backward),
        (normal((8,), (8,)), normal((15,), (15,)), normal((5,), (5,))),
        "permuted",
        "b's gradient is put back by a's permutation",
        ("other place",),
    ),
    Wrong(
        "Cox likelihood: risk sets from the wrong end",
        op("cox", cox_forward, cox_backward),
        (normal((6,)), normal((12,)), within(-1, 1, (4,))),
        "flipped",
        "1 / (sum at risk) is summed over later deaths, not over the earlier ones",
        ("transposed", "other place", "wrong formula"),
    ),
    Wrong(
        "kernel mean of two samples: one mean for a sum",
        op("mmd", mmd_forward, mmd_backward),
        (normal((4,), (3,)), normal((5,), (5,)), normal((2,), (8,))),
        "not averaged",
        "the mean is over both axes: divided by the length of the first only",
        ("factor",),
    ),
    Wrong(
        "distillation: temperature once too often",
        op("distillation", distillation_forward, distillation_backward),
        (normal((4, 5)), normal((3, 3)), normal((8, 2))),
        "factor",
        "T**2 times the gradient of softmax(x / T) is T, not T**2: the 1 / T within is forgotten",
        ("wrong constant",),
    ),
    Wrong(
        "Weibull likelihood: shape's own logarithm",
        op("weibull", weibull_forward, weibull_backward),
        (within(0.5, 2, (6,), (6,)), within(0.5, 2, (3, 4), (3, 4)), within(0.2, 3, (2, 2, 2), (2, 2, 2))),
        "term missing",
        "- 1 / k, of - log(k), is missing in the shape's gradient",
    ),
    Wrong(
        "ListNet: targets that do not sum to one",
        op("list_net", lambda x, t: (-(t * np.log(softmax(x))).sum(), (x, t)), list_net_backward),
        (
            lambda rng: [rng.standard_normal((3, 4)), rng.uniform(0, 1, (3, 4))],
            lambda rng: [rng.standard_normal((5, 5)), rng.uniform(0, 2, (5, 5))],
        ),
        "scale",
        "softmax(x) must be multiplied by the sum of each row's targets",
        ("wrong formula", "chain factor", "term missing"),
    ),
    Wrong(
        "redundancy reduction: weights beside the diagonal",
        op("barlow", barlow_forward, barlow_backward),
        (normal((6, 3), (6, 3)), normal((4, 4), (4, 4)), normal((3, 5), (3, 5))),
        "chain factor",
        "the weight 0.1 of the elements beside the diagonal is forgotten",
        ("wrong constant", "scale", "wrong formula"),
    ),
]
