"""Wrong attention: scaled products, softmax, masks, heads, positions."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def softmax(s):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(p, dp):
    return p * (dp - (p * dp).sum(axis=-1, keepdims=True))


def swap(a):
    return np.swapaxes(a, -1, -2)


# -- one head: q (..., T, D), k (..., S, D), v (..., S, E) ------------------------------------------------------------------


def attention(q, k, v):
    p = softmax(q @ swap(k) / np.sqrt(q.shape[-1]))
    return p @ v, (q, k, v, p)


def scale_forgotten(g, saved):
    q, k, v, p = saved
    ds = softmax_backward(p, g @ swap(v))
    return ds @ k, swap(ds) @ q / np.sqrt(k.shape[-1]), swap(p) @ g


def values_direct(g, saved):
    q, k, v, p = saved
    ds = softmax_backward(p, g @ swap(v)) / np.sqrt(q.shape[-1])
    return ds @ k, swap(ds) @ q, p @ g


def softmax_sum_missing(g, saved):
    q, k, v, p = saved
    ds = p * (g @ swap(v)) / np.sqrt(q.shape[-1])
    return ds @ k, swap(ds) @ q, swap(p) @ g


def softmax_elementwise(g, saved):
    q, k, v, p = saved
    ds = (g @ swap(v)) * p * (1 - p) / np.sqrt(q.shape[-1])
    return ds @ k, swap(ds) @ q, swap(p) @ g


def softmax_over_queries(g, saved):
    q, k, v, p = saved
    dp = g @ swap(v)
    ds = p * (dp - (p * dp).sum(axis=-2, keepdims=True)) / np.sqrt(q.shape[-1])
    return ds @ k, swap(ds) @ q, swap(p) @ g


def queries_and_keys(g, saved):
    q, k, v, p = saved
    ds = softmax_backward(p, g @ swap(v)) / np.sqrt(q.shape[-1])
    dq, dk = swap(ds) @ q, ds @ k
    return dq, dk, swap(p) @ g


def scores_in_half_precision(g, saved):
    q, k, v, p = saved
    dp = (g.astype(np.float16) @ swap(v).astype(np.float16)).astype(g.dtype)
    ds = softmax_backward(p, dp) / np.sqrt(q.shape[-1])
    return ds @ k, swap(ds) @ q, swap(p) @ g


def whole_blocks_of_queries(g, saved, size=2):
    q, k, v, p = saved
    dk = np.zeros_like(k)
    dv = np.zeros_like(v)
    ds = softmax_backward(p, g @ swap(v)) / np.sqrt(q.shape[-1])
    for start in range(0, q.shape[-2] // size * size, size):
        rows = slice(start, start + size)
        dk += swap(ds[..., rows, :]) @ q[..., rows, :]
        dv += swap(p[..., rows, :]) @ g[..., rows, :]
    return ds @ k, dk, dv


def gradient_subtracted_in_place(g, saved):
    q, k, v, p = saved
    dv = swap(p) @ g
    ds = g @ swap(v)
    ds -= (ds * p).sum(axis=-1, keepdims=True)
    p *= ds
    p /= np.sqrt(q.shape[-1])
    return p @ k, swap(p) @ q, dv


# -- masks -----------------------------------------------------------------------------------------------------------------


def causal_weights(s):
    """Weights of a causal average: softmax first, then the mask, nothing renormalised."""
    p = softmax(s)
    return np.tril(p), p


def causal_mask_forgotten(g, p):
    return (softmax_backward(p, g),)


def causal_mask_inverted(g, p):
    return (softmax_backward(p, np.triu(g, 1)),)


def causal_without_diagonal(g, p):
    return (softmax_backward(p, np.tril(g, -1)),)


def padded_keys(k):
    """Which keys count: the last of each sequence does not."""
    return np.arange(k.shape[-2]) < k.shape[-2] - 1


def attention_with_padding(q, k, v):
    s = np.where(padded_keys(k), q @ swap(k), -np.inf)
    return softmax(s) @ v, (q, k, v)


def recomputed_without_mask(g, saved):
    q, k, v = saved
    p = softmax(q @ swap(k))
    ds = softmax_backward(p, g @ swap(v))
    return ds @ k, swap(ds) @ q, swap(p) @ g


def tempered(s, t):
    """Causal softmax of s / t."""
    masked = np.where(np.tril(np.ones(s.shape[-2:], bool)), s, -np.inf)
    return softmax(masked / t), (masked, t)


def tempered_masked_scores(g, saved):
    masked, t = saved
    ds = softmax_backward(softmax(masked / t), g)
    return ds / t, -np.sum(ds * masked) / t**2


def sharpened(s, t):
    p = softmax(s / t)
    return p, (s, t, p)


def temperature_once(g, saved):
    s, t, p = saved
    ds = softmax_backward(p, g)
    return ds / t, -np.sum(ds * s) / t


DROPS = np.random.default_rng(7)


def dropped(p):
    keep = np.random.default_rng(p.size).random(p.shape) < 0.7
    return p * keep / 0.7, None


def dropped_anew(g, saved):
    keep = DROPS.random(g.shape) < 0.7
    return (g * keep / 0.7,)


# -- heads -----------------------------------------------------------------------------------------------------------------


def split_heads(x):
    """(N, T, 2 D) -> (N, 2, T, D)"""
    return x.reshape(*x.shape[:2], 2, -1).swapaxes(1, 2), x.shape


def heads_by_reshape(g, shape):
    return (g.reshape(shape),)


def shared_values(p, v):
    """Every head p (N, H, T, S) reads the same values v (N, S, D)."""
    return p @ v[:, None], (p, v)


def shared_values_mean(g, saved):
    p, v = saved
    return g @ swap(v[:, None]), (swap(p) @ g).mean(axis=1)


def shared_values_first(g, saved):
    p, v = saved
    return np.einsum("nhtd,nsd->nhts", g, v), p[:, 0].swapaxes(1, 2) @ g[:, 0]


def grouped_keys(q, k):
    """Scores of 2 K heads of queries (H, T, D), two for each of the heads of keys (K, S, D)."""
    return q @ swap(np.repeat(k, 2, axis=0)), (q, k)


def grouped_keys_tiled(g, saved):
    q, k = saved
    dk = swap(g) @ q
    return g @ np.repeat(k, 2, axis=0), dk.reshape(2, *k.shape).sum(axis=0)


def self_attention(x, wq, wk, wv):
    q, k, v = x @ wq, x @ wk, x @ wv
    p = softmax(q @ swap(k))
    return p @ v, (x, wq, wk, wv, q, k, v, p)


def self_attention_scores_only(g, saved):
    x, wq, wk, _wv, q, k, v, p = saved
    ds, dv = softmax_backward(p, g @ swap(v)), swap(p) @ g
    dq, dk = ds @ k, swap(ds) @ q
    return dq @ wq.T + dk @ wk.T, x.T @ dq, x.T @ dk, x.T @ dv


def pooled_by_query(x, query):
    """One learned query (D,) attends to each sequence of x (N, T, D)."""
    p = softmax(x @ query)
    return np.einsum("nt,ntd->nd", p, x), (x, query, p)


def query_of_last_sequence(g, saved):
    x, query, p = saved
    dx = np.empty_like(x)
    for n in range(len(x)):
        ds = softmax_backward(p[n], x[n] @ g[n])
        dx[n] = np.outer(p[n], g[n]) + np.outer(ds, query)
        dquery = ds @ x[n]
    return dx, dquery


# -- positions -------------------------------------------------------------------------------------------------------------


def relative(s, bias):
    """Adds bias[i - j + T - 1] to score (i, j)."""
    t = s.shape[-1]
    index = np.arange(t)[:, None] - np.arange(t) + t - 1
    return s + bias[index], (index, bias)


def relative_added_once(g, saved):
    index, bias = saved
    db = np.zeros_like(bias)
    db[index] += g
    return g, db


def relative_mirrored(g, saved):
    index, bias = saved
    return g, np.bincount(index.T.ravel(), weights=g.ravel(), minlength=len(bias))


def angles(x):
    half = x.shape[-1] // 2
    return np.arange(1, 1 + x.shape[-2])[:, None] * 3.0 ** -np.arange(half)


def rotary(x):
    a, b = np.split(x, 2, axis=-1)
    cos, sin = np.cos(angles(x)), np.sin(angles(x))
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1), None


def rotary_same_way(g, saved):
    return rotary(g)[:1]


def slopes(s, m):
    """ALiBi: head h's scores sink by m[h] for each step of distance."""
    distance = np.abs(np.arange(s.shape[-2])[:, None] - np.arange(s.shape[-1]))
    return s - m[:, None, None] * distance, distance


def slopes_upwards(g, distance):
    return g, (g * distance).sum(axis=(1, 2))


def linear_attention(q, k, v):
    """With elu + 1 in place of the exponential, not normalised."""
    fq, fk = (np.where(a > 0, a + 1, np.exp(np.minimum(a, 0))) for a in (q, k))
    return fq @ (fk.T @ v), (fq, fk, v, q > 0, k > 0)


def linear_attention_upper_branch(g, saved):
    fq, fk, v, q_positive, _k_positive = saved
    dq = g @ (fk.T @ v).T
    dk = v @ (fq.T @ g).T
    return np.where(q_positive, dq, dq * fq), dk, fk @ (fq.T @ g)


HEAD = (normal((3, 4), (5, 4), (5, 2)), normal((2, 3, 3), (2, 3, 3), (2, 3, 3)), normal((4, 2), (2, 2), (2, 6)))
SQUARE = (normal((4, 4), (4, 4), (4, 3)), normal((2, 3, 2), (2, 3, 2), (2, 3, 2)), normal((5, 3), (5, 3), (5, 1)))
SCORES = (normal((4, 4)), normal((2, 3, 3)), normal((5, 5)))
WARM = (lambda rng: [rng.standard_normal((4, 4)), np.array(1.7)], lambda rng: [rng.standard_normal((2, 3, 3)), np.array(0.6)])
PAIRS = (normal((4, 4), (7,)), normal((3, 3), (5,)), normal((6, 6), (11,)))
SHARED = (normal((2, 3, 4, 5), (2, 5, 3)), normal((1, 2, 3, 3), (1, 3, 3)), normal((3, 3, 2, 2), (3, 2, 2)))

WRONG = [
    Wrong("attention: scale forgotten for queries", op("attention", attention, scale_forgotten), HEAD,
          "factor", "the queries' gradient lacks 1 / sqrt(D)"),
    Wrong("attention: values' gradient by p", op("attention", attention, values_direct), SQUARE,
          "transposed", "the values' gradient is p @ g where p.T @ g is right"),
    Wrong("attention: softmax' sum", op("attention", attention, softmax_sum_missing), HEAD,
          "term missing", "softmax' backward is p * dp, without the sum over the keys"),
    Wrong("attention: softmax entry by entry", op("attention", attention, softmax_elementwise), HEAD,
          "wrong formula", "softmax' backward is p (1 - p) dp, the diagonal of its Jacobian", ("term missing", "approximate")),
    Wrong("attention: softmax over the queries", op("attention", attention, softmax_over_queries), SQUARE,
          "summed", "softmax' backward sums over queries, not over keys", ("transposed", "wrong formula")),
    Wrong("attention: queries and keys", op("attention", attention, queries_and_keys), SQUARE,
          "exchanged", "the gradients of queries and keys are exchanged"),
    Wrong("attention: float16 in backward", op("attention", attention, scores_in_half_precision), HEAD,
          "precision", "the product of gradient and values is computed in float16"),
    Wrong("attention: last block of queries", op("attention", attention, whole_blocks_of_queries),
          (normal((3, 4), (5, 4), (5, 2)), normal((2, 5, 3), (2, 3, 3), (2, 3, 3)), normal((3, 2), (2, 2), (2, 6))),
          "left out", "queries are handled in blocks of 2; the rest never reaches keys and values", ("not summed",)),
    Wrong("attention: saved weights overwritten", op("attention", attention, gradient_subtracted_in_place), HEAD,
          "changes saved", "backward makes the scores' gradient in the saved weights"),
    Wrong("causal weights: mask forgotten", op("causal", causal_weights, causal_mask_forgotten), SCORES,
          "no mask", "gradients of later steps, which forward sets to zero, are let through"),
    Wrong("causal weights: mask inverted", op("causal", causal_weights, causal_mask_inverted), SCORES,
          "inverted mask", "the gradient is kept above the diagonal, not on and below it"),
    Wrong("causal weights: diagonal", op("causal", causal_weights, causal_without_diagonal), SCORES,
          "wrong mask", "backward blocks the diagonal, which forward lets through", ("left out",)),
    Wrong("attention with padding: recomputed without mask", op("attention", attention_with_padding, recomputed_without_mask),
          HEAD, "no mask", "backward recomputes the weights without masking the last key", ("independent",)),
    Wrong("causal softmax: temperature's gradient", op("tempered", tempered, tempered_masked_scores), WARM,
          "not finite", "0 times the masked scores' minus infinity is NaN in the temperature's gradient"),
    Wrong("softmax with temperature: square forgotten", op("sharpened", sharpened, temperature_once), WARM,
          "wrong formula", "the temperature's gradient has 1 / t where 1 / t**2 is right", ("factor", "chain factor")),
    Wrong("attention dropout: drawn anew", op("dropped", dropped, dropped_anew),
          (normal((4, 6)), normal((2, 3, 3)), normal((5, 5))),
          "random", "backward draws other entries to drop than forward"),
    Wrong("heads: joined by reshape alone", op("split heads", split_heads, heads_by_reshape),
          (normal((2, 3, 4)), normal((1, 2, 6)), normal((3, 4, 2))),
          "memory order", "(N, 2, T, D) is reshaped to (N, T, 2 D) without a transpose", ("permuted",)),
    Wrong("shared values: mean over heads", op("shared values", shared_values, shared_values_mean), SHARED,
          "averaged", "the gradient of the values that all heads share is a mean over heads, not a sum", ("factor",)),
    Wrong("shared values: first head", op("shared values", shared_values, shared_values_first), SHARED,
          "not summed", "the gradient of the values that all heads share is that of the first head", ("left out",)),
    Wrong("grouped queries: heads tiled", op("grouped keys", grouped_keys, grouped_keys_tiled),
          (normal((4, 3, 2), (2, 5, 2)), normal((6, 2, 3), (3, 2, 3)), normal((8, 1, 2), (4, 2, 2))),
          "groups", "head h of the queries is taken for one of keys h % K, not h // 2", ("permuted", "memory order")),
    Wrong("self-attention: values' path", op("self-attention", self_attention, self_attention_scores_only),
          (normal((3, 4), (4, 2), (4, 2), (4, 5)), normal((3, 3), (3, 3), (3, 3), (3, 3))),
          "term missing", "the input's gradient lacks its use in the values"),
    Wrong("pooling by a learned query: last sequence", op("pooled", pooled_by_query, query_of_last_sequence),
          (normal((3, 4, 2), (2,)), normal((2, 3, 3), (3,)), normal((4, 2, 5), (5,))),
          "overwritten", "the query's gradient is assigned for each sequence; the last one's remains",
          ("not summed", "left out")),
    Wrong("relative positions: += with repeated indices", op("relative", relative, relative_added_once), PAIRS,
          "overwritten", "db[index] += g adds once where an index comes several times", ("not summed",)),
    Wrong("relative positions: mirrored", op("relative", relative, relative_mirrored), PAIRS,
          "flipped", "the biases' gradient is gathered by j - i in place of i - j", ("transposed",)),
    Wrong("rotary positions: turned the same way", op("rotary", rotary, rotary_same_way),
          (normal((3, 4)), normal((2, 2, 2)), normal((5, 6))),
          "sign of a term", "backward rotates as forward does; the opposite angle is right", ("transposed",)),
    Wrong("ALiBi: slopes' sign", op("slopes", slopes, slopes_upwards),
          (normal((2, 3, 4), (2,)), normal((3, 3, 3), (3,)), normal((1, 2, 5), (1,))),
          "sign", "the slopes' gradient lacks its minus"),
    Wrong("linear attention: elu of the keys", op("linear attention", linear_attention, linear_attention_upper_branch),
          (normal((3, 4), (5, 4), (5, 2)), normal((6, 3), (6, 3), (6, 3)), normal((2, 2), (7, 2), (7, 4))),
          "value", "keys below 0 get elu's derivative for those above, 1", ("chain factor",)),
]  # fmt: skip
