"""Margins, distances, similarities and overlaps as losses, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def pair(*shape):
    return normal(shape, shape)


def triples(n, c):
    """Anchors, positives, negatives; in every second row the positive is the farther one."""

    def point(rng):
        anchor = rng.standard_normal((n, c))
        near = anchor + 0.3 * rng.standard_normal((n, c))
        far = anchor + 2 + rng.uniform(0, 1, (n, c))
        wrong = np.arange(n)[:, None] % 2 == 1
        return [anchor, np.where(wrong, far, near), np.where(wrong, near, far)]

    return point


TRIPLES = (triples(5, 3), triples(4, 4), triples(12, 2))


def signed(*shape):
    """Scores and labels -1, 1, with at least one of each."""

    def point(rng):
        y = rng.choice([-1, 1], shape)
        y.flat[:2] = -1, 1
        return [rng.standard_normal(shape), y]

    return point


def hinge_forward(s, y):
    return np.maximum(0, 1 - y * s).mean(), (s, y)


def hinge_zero_margin(g, saved):
    s, y = saved
    return -g * y * (y * s < 0) / s.size, None


def hinge_no_label(g, saved):
    s, y = saved
    return np.where(1 - y * s > 0, -g / s.size, 0.0), None


def svm_forward(x, y):
    """The sum of the margins of all wrong classes over the right one. x (N, C), y (N)."""
    margins = np.maximum(0, x - x[np.arange(len(y)), y][:, None] + 1)
    margins[np.arange(len(y)), y] = 0
    return margins.sum(), (margins, y)


def svm_overwritten(g, saved):
    margins, y = saved
    dx = np.zeros_like(margins)
    for i in range(margins.shape[0]):
        for j in range(margins.shape[1]):
            if margins[i, j] > 0:
                dx[i, j] = g
                dx[i, y[i]] = -g
    return dx, None


def svm_without_right_class(g, saved):
    margins, _ = saved
    return g * (margins > 0), None


def classes(n, c):
    return lambda rng: [0.3 * rng.standard_normal((n, c)), rng.integers(0, c, n)]


def triplet_forward(a, p, n):
    d = ((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1) + 1
    return np.maximum(d, 0).sum(), (a, p, n, d > 0)


def triplet_anchor(g, saved):
    a, p, n, active = saved
    w = 2 * g * active[:, None]
    return w * (a - p), w * (p - a), w * (a - n)


def triplet_exchanged(g, saved):
    a, p, n, active = saved
    w = 2 * g * active[:, None]
    return w * (n - p), w * (a - n), w * (p - a)


def triplet_no_mask(g, saved):
    a, p, n, _ = saved
    return 2 * g * (n - p), 2 * g * (p - a), 2 * g * (a - n)


def distance_forward(a, b):
    d = np.sqrt(((a - b) ** 2).sum(axis=-1, keepdims=True))
    return d.sum(), (a - b, d)


def distance_backward(g, saved):
    difference, _ = saved
    return g * difference, -g * difference


def pairwise_forward(a, b):
    """Squared distances (N, M) of a (N, D) and b (M, D), by the binomial formula."""
    return (a**2).sum(1)[:, None] - 2 * a @ b.T + (b**2).sum(1), (a, b)


def pairwise_backward(g, saved):
    a, b = saved
    da = 2 * a - 2 * g @ b
    db = 2 * g.sum(0)[:, None] * b - 2 * g.T @ a
    return da, db


def cosine_forward(a, b):
    na = np.linalg.norm(a, axis=-1, keepdims=True)
    nb = np.linalg.norm(b, axis=-1, keepdims=True)
    cos = (a * b).sum(-1, keepdims=True) / (na * nb)
    return cos[..., 0], (a, b, na, nb, cos)


def cosine_no_projection(g, saved):
    a, b, na, nb, _ = saved
    g = g[..., None] / (na * nb)
    return g * b, g * a


def cosine_mixed_norms(g, saved):
    a, b, na, nb, cos = saved
    g = g[..., None]
    return g * (b / (na * nb) - cos * a / (na * nb)), g * (a / (na * nb) - cos * b / nb**2)


def contrastive_forward(a, b, same):
    """Squared distance of equal pairs, squared margin of unequal ones."""
    d = np.sqrt(((a - b) ** 2).sum(1))
    return (same * d**2 + (1 - same) * np.maximum(0, 8 - d) ** 2).sum(), (a - b, d, same)


def contrastive_backward(g, saved):
    difference, d, same = saved
    da = 2 * g * ((same * d + (1 - same) * np.maximum(0, 8 - d)) / d)[:, None] * difference
    return da, -da, None


def pairs_with_labels(n, c):
    return lambda rng: [rng.standard_normal((n, c)), rng.standard_normal((n, c)), np.arange(n) % 2]


def clip_forward(x):
    """Cross-entropy of (N, N) similarities with the diagonal as targets, along rows and along columns."""
    rows = np.exp(x - x.max(1, keepdims=True))
    columns = np.exp(x - x.max(0))
    rows, columns = rows / rows.sum(1, keepdims=True), columns / columns.sum(0)
    return -np.mean(np.log(np.diag(rows)) + np.log(np.diag(columns))), (rows, columns)


def clip_backward(g, saved):
    rows, _ = saved
    return (g * (rows - np.eye(len(rows))) / len(rows),)


def ranking_forward(s):
    """log(1 + exp(s_j - s_i)) over all pairs i < j: earlier items should score higher."""
    i, j = np.triu_indices(len(s), 1)
    return np.logaddexp(0, s[j] - s[i]).sum(), (s, i, j)


def ranking_backward(g, saved):
    s, i, j = saved
    pull = g / (1 + np.exp(s[i] - s[j]))
    ds = np.zeros_like(s)
    np.subtract.at(ds, i, pull)
    return (ds,)


def dice_forward(p, t):
    overlap, total = 2 * (p * t).sum(), p.sum() + t.sum()
    return 1 - overlap / total, (t, overlap, total)


def dice_backward(g, saved):
    t, _, total = saved
    return -g * 2 * t / total, None


def masks(*shape):
    return lambda rng: [rng.uniform(0, 1, shape), np.arange(np.prod(shape)).reshape(shape) % 2]


WRONG = [
    Wrong(
        "hinge loss: only what is misclassified",
        op("hinge", hinge_forward, hinge_zero_margin),
        (signed(8), signed(3, 4), signed(5, 5)),
        "wrong mask",
        "y s < 0 for y s < 1",
    ),
    Wrong(
        "hinge loss: the label is forgotten",
        op("hinge", hinge_forward, hinge_no_label),
        (signed(8), signed(3, 4), signed(5, 5)),
        "chain factor",
        "-1 for -y: wrong sign for labels -1",
        ("value",),
    ),
    Wrong(
        "multiclass hinge: = for the right class",
        op("svm", svm_forward, svm_overwritten),
        (classes(4, 5), classes(5, 5), classes(3, 8)),
        "overwritten",
        "dx[i, y] = -g for each violated margin: they do not add up",
        ("not summed",),
    ),
    Wrong(
        "multiclass hinge: nothing for the right class",
        op("svm", svm_forward, svm_without_right_class),
        (classes(4, 5), classes(5, 5), classes(6, 2)),
        "left out",
        "the score of the right class is in all margins, but gets no gradient",
        ("term missing",),
    ),
    Wrong(
        "triplet loss: the anchor sees the positive only",
        op("triplet", triplet_forward, triplet_anchor),
        TRIPLES,
        "term missing",
        "the anchor's gradient lacks the negative's share, -2 (a - n)",
    ),
    Wrong(
        "triplet loss: positive and negative exchanged",
        op("triplet", triplet_forward, triplet_exchanged),
        TRIPLES,
        "exchanged",
        "the gradients of the second and the third input are in each other's place",
    ),
    Wrong(
        "triplet loss: satisfied triplets count",
        op("triplet", triplet_forward, triplet_no_mask),
        TRIPLES,
        "no mask",
        "triplets whose margin is kept have no loss, but get a gradient",
    ),
    Wrong(
        "distance: not divided by itself",
        op("distance", distance_forward, distance_backward),
        (pair(5, 3), pair(4, 4), pair(2, 2, 3)),
        "scale",
        "a - b for (a - b) / |a - b|",
        ("chain factor",),
    ),
    Wrong(
        "pairwise squared distances: g is not in one summand",
        op("cdist", pairwise_forward, pairwise_backward),
        (normal((3, 4), (5, 4)), normal((4, 4), (4, 4)), normal((6, 2), (2, 2))),
        "ones",
        "2 a for 2 a times the rows' sums of g in a's gradient; b's is right",
        ("nonlinear", "scale", "chain factor"),
    ),
    Wrong(
        "cosine similarity: the norms taken for constants",
        op("cosine", cosine_forward, cosine_no_projection),
        (pair(5, 3), pair(4, 4), pair(2, 2, 3)),
        "term missing",
        "-cos a / |a|**2 is missing, and the same for b",
    ),
    Wrong(
        "cosine similarity: |a| |b| for |a|**2",
        op("cosine", cosine_forward, cosine_mixed_norms),
        (
            lambda rng: [a := 2 * rng.standard_normal((5, 3)), a + rng.standard_normal((5, 3))],
            lambda rng: [a := 0.5 * rng.standard_normal((4, 4)), rng.standard_normal((4, 4)) - a],
        ),
        "wrong formula",
        "the second summand of a's gradient is divided by |a| |b|",
        ("scale",),
    ),
    Wrong(
        "contrastive loss: unequal pairs attract",
        op("contrastive", contrastive_forward, contrastive_backward),
        (pairs_with_labels(6, 3), pairs_with_labels(4, 4), pairs_with_labels(9, 2)),
        "sign of a term",
        "the margin's summand needs a minus: m - d falls as d grows",
        ("value",),
    ),
    Wrong(
        "symmetric contrastive loss: rows only",
        op("clip_loss", clip_forward, clip_backward),
        (normal((4, 4)), normal((2, 2)), normal((7, 7))),
        "term missing",
        "the columns' cross-entropy has no share in the gradient",
    ),
    Wrong(
        "pairwise ranking loss: one of each pair",
        op("ranking", ranking_forward, ranking_backward),
        (normal((5,)), normal((2,)), normal((12,))),
        "term missing",
        "each pair pushes its first item up, but not its second down",
        ("not summed",),
    ),
    Wrong(
        "Dice loss: the denominator taken for a constant",
        op("dice", dice_forward, dice_backward),
        (masks(8), masks(3, 4), masks(5, 5)),
        "term missing",
        "the quotient rule's second summand, overlap / total**2, is missing",
    ),
]
