"""Losses that are likelihoods: soft targets, binary cross-entropy, divergences, Gauss, Poisson, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def binary(*shape):
    def point(rng):
        t = rng.integers(0, 2, shape)
        t.flat[0], t.flat[1] = 0, 1
        return [rng.standard_normal(shape), t]

    return point


def distributions(*shape):
    """Any array, and a distribution along the last axis."""

    def point(rng):
        q = rng.uniform(0.1, 1, shape)
        return [rng.standard_normal(shape), q / q.sum(-1, keepdims=True)]

    return point


def softmax(x, axis=1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def soft_forward(x, q):
    """Probabilities as targets, which may want a gradient themselves."""
    log_p = np.log(softmax(x))
    return -(q * log_p).sum(1).mean(), (log_p, q)


def soft_exchanged(g, saved):
    log_p, q = saved
    n = len(q)
    return -log_p * g / n, (np.exp(log_p) - q) * g / n


def soft_none(g, saved):
    log_p, q = saved
    return (np.exp(log_p) - q) * g / len(q), None


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def focal_forward(x, t):
    """(1 - p_t)^2 times the cross-entropy, on binary logits."""
    s = np.where(t == 1, 1.0, -1.0)
    p = sigmoid(s * x)
    return -((1 - p) ** 2 * np.log(p)).sum(), (s, p)


def focal_backward(g, saved):
    s, p = saved
    return -g * s * (1 - p) ** 3, None


def positive_weight_forward(x, t):
    """Positives count three times."""
    loss = 3 * t * np.logaddexp(0, -x) + (1 - t) * np.logaddexp(0, x)
    return loss.mean(), (x, t)


def positive_weight_backward(g, saved):
    x, t = saved
    return g * (sigmoid(x) - t) / x.size, None


def probabilities(*shape):
    def point(rng):
        t = rng.integers(0, 2, shape)
        t.flat[0], t.flat[1] = 0, 1
        return [rng.uniform(0.1, 0.9, shape), t]

    return point


def certain(*shape):
    """Probabilities some of which are exactly as their targets: 0 and 1."""

    def point(rng):
        p, t = probabilities(*shape)(rng)
        p.flat[:2] = 0, 1
        return [p, t]

    return point


def bce_forward(p, t):
    return -np.log(np.where(t == 1, p, 1 - p)).sum(), (p, t)


def kl_forward(log_q, p):
    """Of targets p from log-probabilities, divided by the batch."""
    return (p * (np.log(p) - log_q)).sum() / len(p), (log_q, p)


def kl_mean_of_elements(g, saved):
    log_q, p = saved
    return -g * p / p.size, g * (np.log(p) + 1 - log_q) / len(p)


def kl_no_one(g, saved):
    log_q, p = saved
    return -g * p / len(p), g * (np.log(p) - log_q) / len(p)


def gaussian_forward(mean, variance, x):
    return 0.5 * (np.log(variance) + (x - mean) ** 2 / variance).sum(), (mean, variance, x)


def gaussian_backward(g, saved):
    mean, variance, x = saved
    d = x - mean
    return -g * d / variance, g * 0.5 * (1 / variance - d**2 / variance), g * d / variance


def gaussian_point(*shape):
    return lambda rng: [rng.standard_normal(shape), rng.uniform(0.3, 3, shape), rng.standard_normal(shape)]


def vae_forward(mean, log_variance):
    return -0.5 * (1 + log_variance - mean**2 - np.exp(log_variance)).sum(), (mean, log_variance)


PAIRS = tuple(lambda rng, s=s: [rng.standard_normal(s), rng.standard_normal(s)] for s in [(6,), (3, 4), (2, 2, 3)])

WRONG = [
    Wrong(
        "cross-entropy with soft targets: gradients exchanged",
        op("cross_entropy", soft_forward, soft_exchanged),
        (distributions(3, 4), distributions(5, 5), distributions(1, 2)),
        "exchanged",
        "the targets' gradient is returned for the logits, and the logits' for the targets",
    ),
    Wrong(
        "cross-entropy with soft targets: none for the targets",
        op("cross_entropy", soft_forward, soft_none),
        (distributions(3, 4), distributions(5, 5), distributions(1, 2)),
        "zero",
        "targets are taken for constants, but are an input",
    ),
    Wrong(
        "cross-entropy with soft targets: as though they summed to one",
        op("cross_entropy", soft_forward, lambda g, s: ((np.exp(s[0]) - s[1]) * g / len(s[1]), -s[0] * g / len(s[1]))),
        tuple(lambda rng, s=s: [rng.standard_normal(s), rng.uniform(0.2, 2, s)] for s in [(3, 4), (5, 5), (2, 3)]),
        "scale",
        "p - q for sum(q) p - q: right only where a row of targets sums to 1",
        ("chain factor", "wrong formula", "term missing"),
    ),
    Wrong(
        "focal loss: the modulating factor taken for a constant",
        op("focal", focal_forward, focal_backward),
        (binary(6), binary(3, 4), binary(2, 2, 2)),
        "term missing",
        "(1 - p)**2 depends on p, too: the product rule's other summand is missing",
    ),
    Wrong(
        "binary cross-entropy, positive weight: forgotten",
        op("bce_logits", positive_weight_forward, positive_weight_backward),
        (binary(6), binary(3, 4), binary(2, 2, 2)),
        "chain factor",
        "sigmoid(x) - t also where t = 1, where it should be three times that",
        ("wrong constant", "scale", "value"),
    ),
    Wrong(
        "binary cross-entropy of probabilities: the logits' gradient",
        op("bce", bce_forward, lambda g, s: (g * (s[0] - s[1]), None)),
        (probabilities(6), probabilities(3, 4), probabilities(5, 5)),
        "chain factor",
        "p - t is the gradient of the logits: it must be divided by p (1 - p)",
        ("wrong formula",),
    ),
    Wrong(
        "binary cross-entropy of probabilities: 0 / 0",
        op("bce", bce_forward, lambda g, s: (g * (s[0] - s[1]) / (s[0] * (1 - s[0])), None)),
        (certain(6), certain(3, 4), certain(5, 5)),
        "not finite",
        "where p is exactly 0 or 1, p (1 - p) is zero",
    ),
    Wrong(
        "binary cross-entropy of probabilities: one sign",
        op("bce", bce_forward, lambda g, s: (g * (-(s[1] / s[0]) - (1 - s[1]) / (1 - s[0])), None)),
        (probabilities(6), probabilities(3, 4), probabilities(5, 5)),
        "sign of a term",
        "-(t / p) - (1 - t) / (1 - p): the second summand should be added",
        ("value", "chain factor"),
    ),
    Wrong(
        "KL divergence, batchmean: the mean over all elements",
        op("kl_div", kl_forward, kl_mean_of_elements),
        (distributions(3, 4), distributions(5, 5), distributions(2, 7)),
        "averaged",
        "the gradient of the log-probabilities is divided by N C, where forward divides by N",
        ("factor",),
    ),
    Wrong(
        "KL divergence: p log p without the + 1",
        op("kl_div", kl_forward, kl_no_one),
        (distributions(3, 4), distributions(5, 5), distributions(2, 7)),
        "term missing",
        "log p - log q for log p + 1 - log q in the gradient of the targets",
    ),
    Wrong(
        "Poisson loss: of a rate, not of its logarithm",
        op("poisson", lambda x, k: ((np.exp(x) - k * x).sum(), (x, k)), lambda g, s: (g * (1 - s[1] / np.exp(s[0])), None)),
        tuple(lambda rng, s=s: [rng.standard_normal(s), rng.integers(0, 6, s)] for s in [(6,), (3, 4), (5, 5)]),
        "chain factor",
        "1 - k / rate is the derivative by the rate, exp(x) - k the one by x",
        ("wrong formula",),
    ),
    Wrong(
        "Gaussian likelihood: the variance not squared",
        op("gaussian_nll", gaussian_forward, gaussian_backward),
        (gaussian_point(6), gaussian_point(3, 4), gaussian_point(5, 5)),
        "wrong formula",
        "d**2 / v for d**2 / v**2 in the gradient of the variance",
        ("chain factor",),
    ),
    Wrong(
        "KL of a Gaussian to the standard one: + 1 for - 1",
        op("vae_kl", vae_forward, lambda g, s: (g * s[0], 0.5 * g * (np.exp(s[1]) + 1))),
        PAIRS,
        "sign of a term",
        "(exp(s) + 1) / 2 for (exp(s) - 1) / 2 in the gradient of the log-variance",
    ),
]
