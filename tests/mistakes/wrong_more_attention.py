"""Attention and small layers of several ops, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def keep(forward):
    """A forward pass that saves its inputs."""
    return lambda *x: (np.asarray(forward(*x)), x)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_gradient(g, p):
    return p * (g - (g * p).sum(-1, keepdims=True))


def linear_backward(g, saved):
    x, w = saved
    return g @ w.T, x.T @ g


right_linear = op("linear", keep(np.matmul), linear_backward)


def cross_attention_forward(q, k, v):
    p = softmax(q @ k.T)
    return p @ v, (q, k, v, p)


def cross_attention_backward(g, saved):
    q, k, v, p = saved
    dz = softmax_gradient(g @ v.T, p)
    return dz @ k, dz @ q, p.T @ g


def additive_scores_forward(q, k, v):
    """v . tanh(q_i + k_j)"""
    z = q[:, None] + k
    return np.tanh(z) @ v, (z, v)


def additive_scores_backward(g, saved):
    z, v = saved
    dz = g[:, :, None] * v * (1 - np.tanh(z) ** 2)
    return dz.sum(1), dz.sum(0), np.einsum("ij,ijd->d", g, z)


def near(n, width):
    return np.where(np.abs(np.arange(n)[:, None] - np.arange(n)) <= width, 0, -1e9)


def local_weights_backward(g, z):
    return (softmax_gradient(g, softmax(z + near(len(z), 2))),)


def mixed_heads_backward(g, saved):
    p, m = saved
    return np.einsum("hij,hk->kij", g, m.T), np.einsum("hij,kij->hk", g, p)


def quiet_softmax_forward(z):
    """With one in the denominator, so that a query may attend to nothing."""
    e = np.exp(z)
    p = e / (1 + e.sum(-1, keepdims=True))
    return p, p


def quiet_softmax_backward(g, p):
    return (softmax_gradient(g, p / p.sum(-1, keepdims=True)),)


def scaled_scores_forward(q, k, tau):
    return q @ k.T / tau, (q, k, tau)


def scaled_scores_backward(g, saved):
    q, k, tau = saved
    return g @ k / tau, g.T @ q / tau, np.array(-(g * (q @ k.T)).sum() / tau)


def relative_index(n):
    return np.clip(np.arange(n)[:, None] - np.arange(n), -2, 2) + 2


def relative_bias_backward(g, saved):
    n = len(g)
    db = np.zeros(5)
    np.add.at(db, (np.arange(n)[:, None] - np.arange(n) + 2) % 5, g)
    return g, db


def shared_keys_backward(g, saved):
    q, k = saved
    return np.einsum("hij,jd->hid", g, k), np.einsum("hij,hid->hjd", g, q).mean(0)


def latents_forward(latents, x):
    return np.einsum("ld,btd->blt", latents, x), (latents, x)


def latents_backward(g, saved):
    latents, x = saved
    dx = np.einsum("blt,ld->btd", g, latents)
    return np.einsum("lt,td->ld", g[-1], x[-1]), dx


def waves_forward(f, t):
    return np.concatenate([np.sin(np.outer(t, f)), np.cos(np.outer(t, f))], axis=1), (f, t)


def waves_backward(g, saved):
    f, t = saved
    s, c = np.split(g, 2, axis=1)
    d = s * np.cos(np.outer(t, f)) + c * np.sin(np.outer(t, f))
    return t @ d, (s * np.cos(np.outer(t, f)) - c * np.sin(np.outer(t, f))) @ f


def prefix_attention_forward(q, k, v):
    """Causal and without a softmax: q_t . sum over s <= t of k_s v_s."""
    memory = np.cumsum(k[:, :, None] * v[:, None], axis=0)
    return np.einsum("td,tde->te", q, memory), (q, k, v, memory)


def prefix_attention_backward(g, saved):
    q, k, v, memory = saved
    dm = np.cumsum(q[:, :, None] * g[:, None], axis=0)
    after = np.cumsum((q[:, :, None] * g[:, None])[::-1], axis=0)[::-1]
    return np.einsum("te,tde->td", g, memory), np.einsum("tde,te->td", dm, v), np.einsum("tde,td->te", after, k)


def weights_saved_backward(g, p):
    g = g - (g * p).sum(-1, keepdims=True)
    p *= g
    return (p.copy(),)


def gates_backward(g, p):
    return (g * p * (1 - p),)


gates = op("gates", lambda z: (softmax(z), softmax(z)), gates_backward)


def mixture(x, gate, first, second):
    """Two experts, mixed by a softmax."""
    p = gates(right_linear(x, gate))
    return p[:, 0:1] * F.tanh(right_linear(x, first)) + p[:, 1:2] * F.tanh(right_linear(x, second))


generated = op(
    "generated", keep(lambda x, z, a: x * (z @ a)), lambda g, s: (g * (s[1] @ s[2]), None, np.outer(s[1], (g * s[0]).sum(0)))
)


def squash_forward(x):
    """Of capsules: length n becomes n^2 / (1 + n^2)."""
    n = np.sqrt((x**2).sum(-1, keepdims=True))
    return x * n / (1 + n**2), n


def distance_backward(g, saved):
    s = np.sign(saved[0] - saved[1]) * g
    return s, s


def siamese(a, b, w):
    """|f(a) - f(b)| with one w for both."""
    distance = op("distance", keep(lambda x, y: np.abs(x - y)), distance_backward)
    return distance(F.tanh(right_linear(a, w)), F.tanh(right_linear(b, w)))


def coupling_forward(a, b, w):
    """Of a normalising flow: b stretched by exp(tanh(a w))."""
    s = np.tanh(a @ w)
    return b * np.exp(s), (a, b, w, s)


def coupling_backward(g, saved):
    a, _, w, s = saved
    dz = g * np.exp(s) * (1 - s**2)
    return dz @ w.T, g * np.exp(s), a.T @ dz


NOISE = np.random.default_rng(3).standard_normal((8, 8))


def sampled_backward(g, saved):
    logvar, eps = saved
    return g, g * np.exp(logvar / 2) * eps


def sampled_forward(mean, logvar):
    eps = NOISE[: mean.shape[0], : mean.shape[1]]
    return mean + np.exp(logvar / 2) * eps, (logvar, eps)


def factorisation_backward(g, saved):
    p, q, users, items = saved
    dp, dq = np.zeros_like(p), np.zeros_like(q)
    np.add.at(dp, users, g[:, None] * q[items])
    np.add.at(dq, users, g[:, None] * p[users])
    return dp, dq, None, None


def factorisation_forward(p, q, users, items):
    return (p[users] * q[items]).sum(1), (p, q, users, items)


def pairs(n, d, k):
    return lambda rng: [rng.standard_normal((n, d)), rng.standard_normal((n, d)), rng.integers(0, n, k), rng.integers(0, n, k)]


def factorisation_machine_backward(g, saved):
    """Of half the squared sum less the sum of squares: all pairs' products."""
    x, v = saved
    s = x @ v
    return g[:, None] * (s @ v.T), np.einsum("n,nd,nk->dk", g, x, s) - (g[:, None] * x**2).sum(0)[:, None] * v


WRONG = [
    Wrong(
        "cross attention: scores' gradient not transposed for the keys",
        op("attention", cross_attention_forward, cross_attention_backward),
        (normal((4, 3), (4, 3), (4, 2)), normal((2, 5), (2, 5), (2, 5))),
        "transposed",
        "as many keys as queries, and dz @ q stands for dz.T @ q",
    ),
    Wrong(
        "additive attention: v before the tanh",
        op("scores", additive_scores_forward, additive_scores_backward),
        (normal((3, 2), (4, 2), 2), normal((2, 3), (2, 3), 3), normal((1, 5), (6, 5), 5)),
        "wrong point",
        "v's gradient sums z where it should sum tanh(z)",
    ),
    Wrong(
        "local attention: window one wider in backward",
        op("weights", lambda z: (softmax(z + near(len(z), 1)), z), local_weights_backward),
        (normal((5, 5)), normal((4, 4)), normal((8, 8))),
        "wrong mask",
        "the weights are recomputed with a window of two neighbours on each side, forward has one",
        ("wrong constant",),
    ),
    Wrong(
        "talking heads: mixing matrix",
        op("mix", keep(lambda p, m: np.einsum("kij,hk->hij", p, m)), mixed_heads_backward),
        (normal((2, 3, 4), (2, 2)), normal((3, 3, 3), (3, 3)), normal((4, 2, 1), (4, 4))),
        "transposed",
        "the heads are mixed by the same matrix in backward, not by its transpose",
    ),
    Wrong(
        "softmax plus one: normalised in backward",
        op("softmax", quiet_softmax_forward, quiet_softmax_backward),
        (normal((3, 4)), normal((2, 2, 2)), normal((5, 7))),
        "wrong formula",
        "the weights do not sum to one, and backward makes them do so before it uses softmax's rule",
        ("scale",),
    ),
    Wrong(
        "cosine scores: temperature's square",
        op("scores", scaled_scores_forward, scaled_scores_backward),
        (
            lambda rng: [rng.standard_normal((3, 2)), rng.standard_normal((4, 2)), np.array(0.4)],
            lambda rng: [rng.standard_normal((3, 3)), rng.standard_normal((3, 3)), np.array(2.5)],
        ),
        "wrong formula",
        "the derivative of 1 / tau is -1 / tau^2, backward divides once",
        ("factor", "chain factor"),
    ),
    Wrong(
        "clipped relative bias: wrapped in backward",
        op("bias", keep(lambda z, b: z + b[relative_index(len(z))]), relative_bias_backward),
        (normal((5, 5), 5), normal((4, 4), 5), normal((9, 9), 5)),
        "other place",
        "distances beyond 2 share the last bias, backward takes them modulo 5",
    ),
    Wrong(
        "one set of keys for all heads: mean over heads",
        op("scores", keep(lambda q, k: np.einsum("hid,jd->hij", q, k)), shared_keys_backward),
        (normal((2, 3, 4), (5, 4)), normal((3, 3, 3), (3, 3)), normal((4, 1, 2), (6, 2))),
        "averaged",
        "the shared keys get the mean of what the heads give, it should be the sum",
        ("factor",),
    ),
    Wrong(
        "latent queries: those of the last sample",
        op("latents", latents_forward, latents_backward),
        (normal((2, 3), (4, 5, 3)), normal((3, 3), (3, 3, 3)), normal((1, 4), (2, 6, 4))),
        "not summed",
        "the latent queries serve the whole batch, their gradient is the last sample's only",
        ("left out", "overwritten"),
    ),
    Wrong(
        "learned frequencies: cosine's sign",
        op("waves", waves_forward, waves_backward),
        (normal(3, 4), normal(2, 2), normal(5, 9)),
        "sign of a term",
        "for the frequencies cosine's derivative has lost its minus, for the times it has it",
    ),
    Wrong(
        "causal linear attention: keys look back",
        op("prefix attention", prefix_attention_forward, prefix_attention_backward),
        (normal((4, 2), (4, 2), (4, 3)), normal((3, 3), (3, 3), (3, 3)), normal((8, 1), (8, 1), (8, 2))),
        "flipped",
        "the keys' gradient sums over the queries before, not over those after",
        ("transposed", "other place", "wrong formula"),
    ),
    Wrong(
        "attention weights: backward in the saved weights",
        op("softmax", lambda z: (lambda p: (p, p))(softmax(z)), weights_saved_backward),
        (normal((3, 4)), normal((2, 2, 3))),
        "changes saved",
        "p *= g overwrites the saved weights, which are the output as well",
        ("changes output", "state"),
    ),
    Wrong(
        "mixture of experts: gates as if independent",
        mixture,
        (
            normal((4, 3), (3, 2), (3, 2), (3, 2)),
            normal((2, 2), (2, 2), (2, 2), (2, 2)),
            normal((5, 1), (1, 2), (1, 4), (1, 4)),
        ),
        "term missing",
        "the gates are a softmax, and get p (1 - p), each its own derivative only",
        ("wrong formula",),
    ),
    Wrong(
        "generated weights: nothing for what generates them",
        generated,
        (normal((3, 4), 2, (2, 4)), normal((2, 2), 2, (2, 2)), normal((5, 3), 1, (1, 3))),
        "zero",
        "z makes the weights, and its gradient is None",
    ),
    Wrong(
        "capsules: length as a constant",
        op("squash", squash_forward, lambda g, n: (g * n / (1 + n**2),)),
        (normal((3, 4)), normal((2, 2, 2)), normal((6, 3))),
        "term missing",
        "the length depends on x, too, its derivative is left out",
    ),
    Wrong(
        "siamese distance: both branches alike",
        siamese,
        (normal((3, 4), (3, 4), (4, 2)), normal((2, 2), (2, 2), (2, 2)), normal((1, 3), (1, 3), (3, 5))),
        "sign of a term",
        "the second branch gets the first one's gradient without its minus, the shared weight as well",
        ("sign",),
    ),
    Wrong(
        "coupling layer: scale without what it scales",
        op("coupling", coupling_forward, coupling_backward),
        (normal((3, 2), (3, 2), (2, 2)), normal((4, 3), (4, 5), (3, 5)), normal((1, 4), (1, 1), (4, 1))),
        "chain factor",
        "the derivative of b exp(s) for s lacks b",
    ),
    Wrong(
        "sampled latent: log-variance's half",
        op("sample", sampled_forward, sampled_backward),
        (normal((3, 4), (3, 4)), normal((2, 2), (2, 2)), normal((8, 5), (8, 5))),
        "factor",
        "exp(logvar / 2) has the inner derivative 1/2",
    ),
    Wrong(
        "matrix factorisation: items' gradient at the users",
        op("factorisation", factorisation_forward, factorisation_backward),
        (pairs(4, 2, 7), pairs(3, 3, 5), pairs(6, 1, 12)),
        "other place",
        "the items' gradient is added in the rows of the users' numbers",
    ),
    Wrong(
        "factorisation machine: pairs of one feature with itself",
        op("machine", keep(lambda x, v: ((x @ v) ** 2 - x**2 @ v**2).sum(1) / 2), factorisation_machine_backward),
        (normal((3, 4), (4, 2)), normal((2, 2), (2, 2)), normal((5, 3), (3, 1))),
        "term missing",
        "of x's gradient the term - x sum(v^2) is forgotten, of v's it is there",
    ),
]
