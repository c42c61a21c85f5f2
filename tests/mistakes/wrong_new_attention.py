"""Attention, masks of time and padding, and encodings of positions, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_gradient(g, p):
    return p * (g - (g * p).sum(-1, keepdims=True))


def window_attention(reach):
    """Each query (T, D) sees the keys at most ``reach`` steps before it."""

    def forward(q, k, v):
        out, weights = np.zeros_like(q), []
        for t in range(len(q)):
            p = softmax(k[max(0, t - reach) : t + 1] @ q[t] / np.sqrt(q.shape[1]))
            out[t] = p @ v[max(0, t - reach) : t + 1]
            weights.append(p)
        return out, (q, k, v, weights)

    def backward(g, saved):
        q, k, v, weights = saved
        dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
        for t, p in enumerate(weights):
            seen = slice(max(0, t - reach), t + 1)
            ds = softmax_gradient(v[seen] @ g[t], p) / np.sqrt(q.shape[1])
            dq[t] = ds @ k[seen]
            dk[seen] = np.outer(ds, q[t])
            dv[seen] += np.outer(p, g[t])
        return dq, dk, dv

    return op("window attention", forward, backward)


def by_blocks(t, size):
    """Whoever is in the same block of ``size`` steps, or before it, is seen."""
    block = np.arange(t) // size
    return block[:, None] >= block


def masked_softmax(mask_forward, mask_backward):
    """Backward computes the weights once more."""

    def forward(s):
        return softmax(np.where(mask_forward(s), s, -1e9)), s

    def backward(g, s):
        return (softmax_gradient(g, softmax(np.where(mask_backward(s), s, -1e9))),)

    return op("masked softmax", forward, backward)


def prefix_mask(s):
    """The first two steps are seen by all."""
    t = s.shape[-1]
    return (np.tri(t) > 0) | (np.arange(t) < 2)


def heads_forward(x, w):
    """x (T, H, D), attention of each head to itself, values through w (H, D, D)."""
    p = softmax(np.einsum("thd,shd->hts", x, x) / np.sqrt(x.shape[2]))
    v = np.einsum("shd,hde->hse", x, w)
    return np.einsum("hts,hse->the", p, v), (x, w, p, v)


def heads_backward(g, saved):
    x, w, p, v = saved
    dv = np.einsum("hts,the->hse", np.broadcast_to(p[:1], p.shape), g)
    ds = softmax_gradient(np.einsum("the,hse->hts", g, v), p) / np.sqrt(x.shape[2])
    dx = np.einsum("hts,shd->thd", ds, x) + np.einsum("hts,thd->shd", ds, x)
    return dx + np.einsum("hse,hde->shd", dv, w), np.einsum("shd,hse->hde", x, dv)


def split_heads(heads):
    """(N, T, H D) to (N H, T, D), and backward as though it were (H N, T, D)."""

    def forward(x):
        n, t, _c = x.shape
        y = x.reshape(n, t, heads, -1).transpose(0, 2, 1, 3).reshape(n * heads, t, -1)
        return y, x.shape

    def backward(g, shape):
        n, t, _c = shape
        return (g.reshape(heads, n, t, -1).transpose(1, 2, 0, 3).reshape(shape),)

    return op("split heads", forward, backward)


def sigmoid_attention_forward(q, k, v):
    """Each score through a sigmoid of its own, no softmax."""
    p = 1 / (1 + np.exp(-q @ k.T))
    return p @ v / len(k), (q, k, v, p)


def sigmoid_attention_backward(g, saved):
    q, k, v, p = saved
    g = g / len(k)
    ds = softmax_gradient(g @ v.T, p)
    return ds @ k, ds.T @ q, p.T @ g


def sink_forward(s, sink):
    """Softmax over the scores and one more, learned for each query, which has no value."""
    full = softmax(np.concatenate([s, sink[:, None]], axis=1))
    return full[:, :-1].copy(), full


def sink_backward(g, full):
    p = full[:, :-1]
    return p * (g - (g * p).sum(1, keepdims=True)), np.zeros(len(g))


def normed_keys_forward(q, k):
    """Scores of queries and keys of length one."""
    r = np.sqrt((k * k).sum(1, keepdims=True))
    return q @ (k / r).T, (q, k, r)


NORMED_KEYS = op("scores", normed_keys_forward, lambda g, s: (g @ (s[1] / s[2]), g.T @ s[0] / s[2]))


def attend_to_normed(q, k, v):
    return F.softmax(NORMED_KEYS(q, k)) @ v


def distances(t):
    return np.abs(np.arange(t)[:, None] - np.arange(t)).astype(float)


def alibi(s, slope):
    def forward(s, slope):
        return s - slope[:, None, None] * distances(s.shape[1]), slope.shape

    def backward(g, shape):
        return g, np.full(shape, -(g * distances(g.shape[1])).sum())

    return F.softmax(op("distance bias", forward, backward)(s, slope))


def buckets(t):
    """Of T5: exact distances up to 1, and all others in one bucket on either side."""
    return np.clip(np.arange(t) - np.arange(t)[:, None], -2, 2) + 2


def bucket_backward(g, _):
    index = buckets(len(g))
    counts = np.bincount(index.ravel(), minlength=5)
    sums = np.bincount(index.ravel(), weights=g.ravel(), minlength=5)
    return g, sums / np.maximum(counts, 1)


def capped(c):
    """Scores between -c and c: c tanh(s / c)."""
    return op(
        "cap",
        lambda s: (c * np.tanh(s / c), np.tanh(s / c)),
        lambda g, t: (g * (1 - t * t) / c,),
    )


CAP = capped(3.0)


WRONG = [
    Wrong(
        "window attention by steps: keys' = where windows overlap",
        window_attention(2),
        (normal((5, 2), (5, 2), (5, 2)), normal((4, 3), (4, 3), (4, 3))),
        "overwritten",
        "dk[seen] = for every query: the last query's contribution remains",
        ("not summed",),
    ),
    Wrong(
        "softmax causal by blocks of two: causal by steps in backward",
        masked_softmax(lambda s: by_blocks(s.shape[-1], 2), lambda s: by_blocks(s.shape[-1], 1)),
        (normal((4, 4)), normal((2, 5, 5))),
        "wrong mask",
        "backward's mask hides the later steps of a query's own block",
    ),
    Wrong(
        "softmax with a seen prefix: causal in backward",
        masked_softmax(prefix_mask, lambda s: np.tri(s.shape[-1]) > 0),
        (normal((4, 4)), normal((2, 3, 3))),
        "wrong mask",
        "the prefix that all steps see is left out of backward's mask",
        ("left out",),
    ),
    Wrong(
        "attention of several heads: first head's weights for all values",
        op("heads", heads_forward, heads_backward),
        (normal((4, 2, 2), (2, 2, 2)), normal((3, 3, 2), (3, 2, 2))),
        "groups",
        "the values' gradients of every head are made with the first head's weights",
        ("permuted", "wrong point"),
    ),
    Wrong(
        "split into heads: heads before samples in backward",
        split_heads(2),
        (normal((2, 3, 4)), normal((3, 2, 2))),
        "permuted",
        "forward puts samples before heads, backward heads before samples",
        ("memory order", "transposed", "groups"),
    ),
    Wrong(
        "attention by sigmoids: softmax' derivative",
        op("sigmoid attention", sigmoid_attention_forward, sigmoid_attention_backward),
        (normal((3, 2), (4, 2), (4, 3)), normal((2, 2), (2, 2), (2, 2))),
        "wrong formula",
        "the derivative of a softmax stands where p (1 - p) is right",
        ("term extra", "term missing", "chain factor"),
    ),
    Wrong(
        "softmax with a sink: none for the sink",
        op("sink", sink_forward, sink_backward),
        (normal((3, 4), (3,)), normal((2, 2), (2,))),
        "zero",
        "the learned score gets a gradient of zero",
    ),
    Wrong(
        "attention to keys of length one: length as a constant",
        attend_to_normed,
        (normal((3, 2), (4, 2), (4, 2)), normal((2, 3), (2, 3), (2, 3))),
        "term missing",
        "the keys' length is taken for a constant",
    ),
    Wrong(
        "distance bias of heads: one sum for all slopes",
        alibi,
        (normal((2, 3, 3), (2,)), normal((3, 4, 4), (3,))),
        "summed",
        "every head's slope gets the sum over all heads",
    ),
    Wrong(
        "bias by buckets of distance: mean of a bucket",
        op("bucket bias", lambda s, b: (s + b[buckets(len(s))], None), bucket_backward),
        (normal((4, 4), (5,)), normal((5, 5), (5,))),
        "averaged",
        "each bucket's gradient is a mean over its pairs, not their sum",
        ("scale",),
    ),
    Wrong(
        "capped scores, softmax: cap's inner derivative twice",
        lambda s: F.softmax(CAP(s)),
        (normal((3, 4)), normal((2, 2, 3))),
        "factor",
        "the outer c and the inner 1 / c cancel, but 1 / c is kept",
        ("wrong constant", "chain factor"),
    ),
]
