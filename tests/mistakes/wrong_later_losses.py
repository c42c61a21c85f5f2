"""Losses of classes and of distances, with one slip in the backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def labels(n, classes):
    return np.arange(n) * 3 % classes


def one_hot(n, classes):
    return np.eye(classes)[labels(n, classes)]


# cross-entropy of logits (N, C), the mean over the batch


def cross_entropy(backward):
    def forward(x):
        p = softmax(x)
        n = len(x)
        return -np.log(p[np.arange(n), labels(n, x.shape[1])]).mean(), (x, p)

    return op("cross_entropy", forward, lambda g, saved: (backward(g, *saved),))


def divided_twice(g, x, p):
    n, c = p.shape
    d = (p - one_hot(n, c)) / n
    return g * d / len(d)


def softmax_over_batch(g, x, p):
    n, c = x.shape
    e = np.exp(x)
    return g * (e / e.sum(0) - one_hot(n, c)) / n


def softmax_twice(g, x, p):
    return g * (softmax(p) - one_hot(*p.shape)) / len(p)


def target_column_only(g, x, p):
    n, c = p.shape
    d = np.zeros_like(p)
    d[range(n), labels(n, c)] = p[range(n), labels(n, c)] - 1
    return g * d / n


# a classifier in one op: logits x w, cross-entropy


def classifier_forward(x, w):
    p = softmax(x @ w)
    n = len(x)
    return -np.log(p[np.arange(n), labels(n, w.shape[1])]).sum() / n, (x, w, p)


def classifier_backward(g, saved):
    x, w, p = saved
    d = p - one_hot(*p.shape)
    return g * d @ w.T / len(x), g * x.T @ d


def svm_forward(w, x):
    """Multiclass hinge of x (N, D) times w, with a penalty of 0.5 on the weights."""
    n = len(x)
    scores = x @ w
    y = labels(n, w.shape[1])
    margins = np.maximum(0, scores - scores[np.arange(n), y][:, None] + 1)
    margins[np.arange(n), y] = 0
    return margins.sum() / n + 0.5 * (w * w).sum(), (w, x, margins, y)


def svm_backward(g, saved):
    w, x, margins, y = saved
    n = len(x)
    d = (margins > 0).astype(float)
    d[np.arange(n), y] -= d.sum(axis=1)
    return g * (x.T @ d / n + 0.5 * w), g * (d @ w.T) / n


def bce_forward(p, t):
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(), (p, t)


def bce(p):
    t = np.arange(p.size).reshape(p.shape) % 2
    return op("bce", lambda p: bce_forward(p, t), lambda g, saved: (g * (-t / saved[0] + (1 - t) / (1 - saved[0])),))(p)


def kl_div(x):
    t = softmax(np.sin(np.arange(x.size)).reshape(x.shape))
    return op("kl_div", lambda x: ((t * (np.log(t) - x)).sum(), x), lambda g, x: (-g * t / np.exp(x),))(x)


def nll_of_linear(x):
    def forward(logp):
        n, c = logp.shape
        return -logp[np.arange(n), labels(n, c)].sum(), logp.shape

    def backward(g, shape):
        d = np.zeros(shape)
        d[np.arange(shape[0]), labels(*shape)] = g
        return (d,)

    return op("nll", forward, backward)(F.log_softmax(x, -1))


# distances


def mse_forward(x, t):
    return ((x - t) ** 2).mean(axis=1).sum(), (x, t)


def mse_by_all(g, saved):
    x, t = saved
    d = 2 * (x - t) / x.size * g
    return d, -d


def mae_backward(g, saved):
    x, t = saved
    s = np.sign(t - x) * g / x.size
    return s, -s


def mse_in_saved(g, d):
    d *= 2 * g / d.size
    return d, -d


def squared_hinge(x):
    y = np.where(np.arange(x.size) % 3, 1.0, -1.0).reshape(x.shape)
    margin = lambda x: np.maximum(0, 1 - y * x)  # noqa: E731
    return op("squared_hinge", lambda x: ((margin(x) ** 2).mean(), x), lambda g, x: (-g * y * margin(x) / x.size,))(x)


def triplet_forward(a, p, n):
    loss = np.maximum(0, ((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1) + 1)
    return loss, (a, p, n, loss > 0)


def triplet_backward(g, saved):
    a, p, n, active = saved
    g = (g * active)[:, None]
    return 2 * g * (n - p), 2 * g * (p - a), 2 * g * (n - a)


def dice_forward(p, t):
    both, total = (p * t).sum(1), p.sum(1) + t.sum(1)
    return 1 - 2 * both / total, (p, t, both[:, None], total[:, None])


def dice_backward(g, saved):
    p, t, both, total = saved
    g = g[:, None]
    return -2 * g * (t * total - both) / total, -2 * g * (p * total - both) / total


def gaussian_forward(mu, s):
    """Of zeros, with log-variance s."""
    return 0.5 * (s + mu**2 * np.exp(-s)).sum(-1), (mu, s)


def gaussian_backward(g, saved):
    mu, s = saved
    g = np.expand_dims(g, -1)
    return g * mu * np.exp(-s), -0.5 * g * mu**2 * np.exp(-s)


def vae_forward(mu, s):
    return 0.5 * np.sum(np.exp(s) + mu**2 - 1 - s), (mu, s)


def vae_backward(g, saved):
    mu, s = saved
    return g * mu, g * 0.5 * (s - 1)


def uniform(shape):
    return lambda rng: [rng.uniform(0.1, 0.9, shape)]


WRONG = [
    Wrong(
        "cross-entropy, mean: divided by N twice",
        cross_entropy(divided_twice),
        (normal((3, 4)), normal((5, 5)), normal((2, 6))),
        "averaged",
        "the mean's 1 / N is applied where p - y is made, and once more at the end",
        ("factor",),
    ),
    Wrong(
        "cross-entropy: softmax over the batch in backward",
        cross_entropy(softmax_over_batch),
        (normal((3, 5)), normal((4, 4)), normal((2, 3))),
        "transposed",
        "backward normalises the exponentials along axis 0, forward along axis 1",
        ("summed", "wrong formula"),
    ),
    Wrong(
        "cross-entropy: softmax of the probabilities",
        cross_entropy(softmax_twice),
        (normal((3, 4), scale=2.0), normal((2, 2), scale=3.0), normal((5, 3), scale=2.0)),
        "wrong point",
        "the saved probabilities go through softmax again before the one-hot labels are subtracted",
    ),
    Wrong(
        "cross-entropy: gradient of the target's column only",
        cross_entropy(target_column_only),
        (normal((3, 4)), normal((4, 2)), normal((1, 6))),
        "left out",
        "zeros are filled with p - 1 at the labels; p of the other classes is never written",
        ("term missing", "zero"),
    ),
    Wrong(
        "softmax classifier: weight's gradient not divided by N",
        op("classifier", classifier_forward, classifier_backward),
        (normal((4, 3), (3, 5)), normal((3, 3), (3, 3)), normal((6, 2), (2, 2))),
        "not averaged",
        "x's gradient is divided by the batch, as the loss is, the weight's is not",
        ("factor",),
    ),
    Wrong(
        "multiclass hinge with a penalty: the penalty's 2",
        op("svm", svm_forward, svm_backward),
        (normal((3, 4), (5, 3)), normal((4, 4), (4, 4)), normal((2, 3), (6, 2))),
        "wrong constant",
        "0.5 w^2 has the derivative w; 0.5 w stands there",
        ("wrong formula", "term missing"),
    ),
    Wrong(
        "bce of probabilities, mean: not divided",
        bce,
        (uniform((3, 4)), uniform((7,)), uniform((2, 2, 2))),
        "not averaged",
        "the mean's 1 / n is forgotten",
        ("factor",),
    ),
    Wrong(
        "divergence of log-probabilities: derivative by probabilities",
        kl_div,
        (lambda rng: [np.log(softmax(rng.standard_normal((3, 4))))], lambda rng: [np.log(softmax(rng.standard_normal(6)))]),
        "wrong formula",
        "the input is log q, whose gradient is -t; -t / q is q's",
        ("chain factor",),
    ),
    Wrong(
        "log-softmax, likelihood: minus forgotten",
        nll_of_linear,
        (normal((3, 4)), normal((5, 2)), normal((3, 3))),
        "sign",
        "the loss is minus the log-probabilities, their gradient +1",
    ),
    Wrong(
        "mse, mean over features and sum over samples: divided by all",
        op("mse", mse_forward, mse_by_all),
        (normal((3, 4), (3, 4)), normal((5, 5), (5, 5)), normal((2, 7), (2, 7))),
        "averaged",
        "backward divides by the batch, too, over which forward sums",
        ("factor",),
    ),
    Wrong(
        "l1 loss: sign of target minus prediction",
        op("mae", lambda x, t: (np.abs(x - t).mean(), (x, t)), mae_backward),
        (normal((3, 4), (3, 4)), normal((6,), (6,)), normal((2, 2, 2), (2, 2, 2))),
        "sign",
        "prediction and target are exchanged within the sign",
        ("exchanged",),
    ),
    Wrong(
        "mse: difference scaled where it was saved",
        op("mse", lambda x, t: (((x - t) ** 2).mean(), x - t), mse_in_saved),
        (normal((3, 4), (3, 4)), normal((5,), (5,))),
        "changes saved",
        "the saved difference is multiplied in place, and returned as the gradient",
        ("aliased",),
    ),
    Wrong(
        "squared hinge: 2 forgotten",
        squared_hinge,
        (normal((9,)), normal((3, 4)), normal((5, 2))),
        "factor",
        "the square's 2 is missing",
    ),
    Wrong(
        "triplet loss of squared distances: negative pulled nearer",
        op("triplet", triplet_forward, triplet_backward),
        (normal((5, 3), (5, 3), (5, 3)), normal((4, 4), (4, 4), (4, 4)), normal((6, 2), (6, 2), (6, 2))),
        "sign",
        "the negative's gradient is 2 (n - a) for 2 (a - n)",
    ),
    Wrong(
        "dice loss: denominator not squared",
        op("dice", dice_forward, dice_backward),
        (
            lambda rng: [rng.uniform(0, 1, (3, 5)), rng.uniform(0, 1, (3, 5))],
            lambda rng: [rng.uniform(0, 1, (4, 4)), rng.uniform(0, 1, (4, 4))],
        ),
        "scale",
        "the quotient rule's denominator is each row's total, not its square",
        ("wrong formula", "chain factor"),
    ),
    Wrong(
        "gaussian likelihood, log-variance: 1 forgotten",
        op("gaussian_nll", gaussian_forward, gaussian_backward),
        (normal((3, 4), (3, 4)), normal((5,), (5,)), normal((2, 2, 3), (2, 2, 3))),
        "term missing",
        "s itself is a summand of the loss; its 1/2 is missing in the gradient of s",
    ),
    Wrong(
        "divergence from a standard normal, log-variance: exp forgotten",
        op("vae_kl", vae_forward, vae_backward),
        (normal((3, 4), (3, 4)), normal((6,), (6,)), normal((2, 2), (2, 2))),
        "wrong formula",
        "the log-variance's gradient is (s - 1) / 2, with s where exp(s) belongs",
        ("wrong point", "chain factor"),
    ),
]
