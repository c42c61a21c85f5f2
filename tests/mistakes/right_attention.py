"""Right attention, recurrent networks and losses, saturated and not."""

import numpy as np
from corpus import Right

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0, centre=0.0):
    return lambda rng: [np.asarray(centre + scale * rng.standard_normal(shape)) for shape in shapes]


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


# -- attention and recurrence ---------------------------------------------------------------------------------------------


def attention(q, k, v):
    return F.matmul(F.softmax(F.matmul(q, F.transpose(k, -1, -2)) / np.sqrt(q.shape[-1])), v)


def causal_attention(q, k, v):
    scores = F.matmul(q, F.transpose(k))
    return F.matmul(F.softmax(F.where(np.tri(len(q.data)) > 0, scores, -1e9)), v)


def two_heads(x, w):
    n, d = x.shape
    q, k, v = (F.transpose(F.reshape(F.matmul(x, part), n, 2, -1), 0, 1) for part in F.split(w, d, 1))
    return F.reshape(F.transpose(attention(q, k, v), 0, 1), n, d)


def softmax_backward(gradient, saved):
    p, axis = saved
    return (p * (gradient - (gradient * p).sum(axis, keepdims=True)),)


def softmax_over(axis):
    return op("softmax", lambda x: (softmax(x, axis), (softmax(x, axis), axis)), softmax_backward)


def rnn(x, w, u):
    h = F.tanh(F.matmul(x[:1], w))
    for t in range(1, x.shape[0]):
        h = F.tanh(F.matmul(x[t : t + 1], w) + F.matmul(h, u))
    return h


def gru(x, w, u):
    n = x.shape[1]
    h = x[:1] * 0.0
    for t in range(x.shape[0]):
        a, b = F.matmul(x[t : t + 1], w), F.matmul(h, u)
        z = F.sigmoid(a[:, :n] + b[:, :n])
        r = F.sigmoid(a[:, n : 2 * n] + b[:, n : 2 * n])
        h = z * h + (1.0 - z) * F.tanh(a[:, 2 * n :] + r * b[:, 2 * n :])
    return h


def scan_backward(gradient, saved):
    """Of h[t] = a[t] h[t-1] + x[t]."""
    a, h = saved
    to_a, to_x, later = np.zeros_like(a), np.zeros_like(a), 0.0
    for t in range(len(a) - 1, -1, -1):
        later = gradient[t] + later
        to_x[t] = later
        to_a[t] = later * (h[t - 1] if t else 0)
        later = later * a[t]
    return to_a, to_x


def scan_forward(a, x):
    h = np.zeros_like(x)
    for t in range(len(x)):
        h[t] = a[t] * (h[t - 1] if t else 0) + x[t]
    return h, (a, h)


# -- losses ---------------------------------------------------------------------------------------------------------------


def nll_backward(gradient, saved):
    x, y = saved
    p = softmax(x)
    p[np.arange(len(y)), y] -= 1
    return p * gradient[:, None], None


def nll_forward(x, y):
    top = x.max(1)
    return np.log(np.exp(x - top[:, None]).sum(1)) + top - x[np.arange(len(y)), y], (x, y)


def labelled(n, classes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal((n, classes)), rng.integers(0, classes, n)]


def kl(p, q):
    p, q = F.softmax(p), F.log_softmax(q)
    return F.sum(p * (F.log(p) - q)) / p.shape[0]


def focal(x):
    p = F.log_softmax(x)[:, 0]
    return -F.mean((1.0 - F.exp(p)) ** 2 * p)


def cosine(a, b):
    return F.sum(a * b, -1) / (F.sqrt(F.sum(a * a, -1)) * F.sqrt(F.sum(b * b, -1)))


def triplet(a, b, c):
    return F.sum(F.relu(F.sum((a - b) ** 2, -1) - F.sum((a - c) ** 2, -1) + 1.0))


def hinge(x):
    return F.mean(F.relu(1.0 - x * np.where(np.arange(x.shape[-1]) % 2, 1.0, -1.0)))


def contrastive(a, b):
    return F.cross_entropy(F.matmul(a, F.transpose(b)) * 10.0, np.arange(a.shape[0]))


RIGHT = [
    Right("softmax over any axis", softmax_over(0), (normal((3, 4)), normal(5), normal((2, 2, 3)))),
    Right("softmax saturated", softmax_over(-1), (normal((3, 4), scale=30), normal((2, 5), scale=200))),
    Right("softmax of one class: constant", softmax_over(-1), (normal((4, 1)), normal(1))),
    Right("log-softmax of huge logits", F.log_softmax, (normal((3, 4), scale=1000), normal(5, centre=1e6))),
    Right("attention", attention, (normal((3, 4), (5, 4), (5, 2)), normal((2, 2, 2), (2, 2, 2), (2, 2, 2)))),
    Right("attention, saturated", attention, (normal((3, 4), (3, 4), (3, 4), scale=6),)),
    Right("attention with itself", lambda x: attention(x, x, x), (normal((3, 4)), normal((2, 2, 2)))),
    Right("attention of one key: queries do not matter", attention, (normal((3, 4), (1, 4), (1, 2)),)),
    Right("causal attention", causal_attention, (normal((4, 3), (4, 3), (4, 2)), normal((2, 2), (2, 2), (2, 2)))),
    Right("two heads from one weight", two_heads, (normal((3, 4), (4, 12)), normal((2, 2), (2, 6)))),
    Right("recurrent network of six steps", rnn, (normal((6, 3), (3, 2), (2, 2)), normal((6, 2), (2, 2), (2, 2), scale=3))),
    Right("gated recurrent unit", gru, (normal((4, 3), (3, 9), (3, 9)), normal((2, 2), (2, 6), (2, 6)))),
    Right("linear recurrence", op("scan", scan_forward, scan_backward), (normal(8, 8), normal((5, 2), (5, 2)))),
    Right("cross-entropy by rows", op("nll", nll_forward, nll_backward), (labelled(4, 3), labelled(3, 3, 20), labelled(2, 1))),
    Right("cross-entropy, smoothed and weighted",
          lambda x: F.cross_entropy(x, np.arange(x.shape[0]) % 3, np.array([1.0, 0.0, 5.0]), label_smoothing=0.1),
          (normal((4, 3)), normal((6, 3), scale=20))),
    Right("cross-entropy with ignored rows", lambda x: F.cross_entropy(x, np.array([0, -100, 2, -100])),
          (normal((4, 3)), normal((4, 4)))),
    Right("Kullback-Leibler divergence", kl, (normal((3, 4), (3, 4)), normal((2, 2), (2, 2), scale=5))),
    Right("divergence from itself: a gradient of zero", lambda x: kl(x, x), (normal((3, 4)), normal((2, 2)))),
    Right("focal loss", focal, (normal((4, 3)), normal((3, 2), scale=6))),
    Right("cosine similarity", cosine, (normal((3, 4), (3, 4)), normal((2, 3), (2, 3), scale=1e-6))),
    Right("cosine of x with itself: constant", lambda x: cosine(x, x), (normal((3, 4)), normal(5))),
    Right("triplet loss", triplet, (normal((4, 3), (4, 3), (4, 3)), normal((1, 2), (1, 2), (1, 2)))),
    Right("hinge loss", hinge, (normal(8), normal((4, 3), scale=0.1))),
    Right("contrastive loss, saturated", contrastive, (normal((3, 4), (3, 4)), normal((2, 2), (2, 2)))),
]  # fmt: skip
