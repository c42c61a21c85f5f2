"""Right layers, recursions and losses in odd styles: integers and masks as inputs, loops, complex numbers inside, views."""

import numpy as np
from corpus import Right

import minimix as mm

COMPLEX = ("complex",)  # not analytic there, or it compares, sorts or takes real parts


def op(name, forward, backward, **more):
    return lambda *x: mm.apply(mm.Op(name, forward, backward, **more), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def csr_forward(values, x, pointers, columns):
    """A sparse matrix in compressed rows, given as integers, times a matrix; rows may be empty."""
    y = np.zeros((len(pointers) - 1, x.shape[1]), dtype=np.result_type(values, x))
    for row in range(len(y)):
        for k in range(pointers[row], pointers[row + 1]):
            y[row] += values[k] * x[columns[k]]
    return y, (values, x, pointers, columns)


def csr_backward(g, saved):
    values, x, pointers, columns = saved
    rows = np.repeat(np.arange(len(g)), np.diff(pointers))
    dx = np.zeros_like(x)
    np.add.at(dx, columns, values[:, None] * g[rows])
    return np.einsum("kd,kd->k", g[rows], x[columns]), dx, None, None


def sparse_point(pointers, columns, n, d):
    return lambda rng: [
        rng.standard_normal(len(columns)),
        rng.standard_normal((n, d)),
        np.array(pointers),
        np.array(columns, dtype=int),
    ]


def masked_mean(x, mask):
    return (x * mask).sum(1) / np.maximum(mask.sum(1), 1), (mask, x.shape)


def masked_mean_backward(g, saved):
    mask, _ = saved
    return g[:, None] * mask / np.maximum(mask.sum(1, keepdims=True), 1), None


def with_mask(shape):
    """Numbers with a mask of booleans, whose first row is empty."""

    def point(rng):
        mask = rng.random(shape) < 0.6
        mask[0] = False
        return [rng.standard_normal(shape), mask]

    return point


def positions(x, t):
    """Pairs of neighbours turned by integer positions that are an input."""
    angle = np.multiply.outer(t, 0.5 ** np.arange(x.shape[1] // 2))
    a, b = x[:, 0::2], x[:, 1::2]
    y = np.stack([a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)], axis=-1)
    return y.reshape(x.shape), angle


def positions_backward(g, angle):
    turned = (g[:, ::2] + 1j * g[:, 1::2]) * np.exp(-1j * angle)
    return turned.view(float), None


def label_mixture(table, labels, share):
    """Rows of a table mixed by shares: two integer labels for each output."""
    return share[:, :1] * table[labels[:, 0]] + share[:, 1:] * table[labels[:, 1]], (table, labels, share)


def label_mixture_backward(g, saved):
    table, labels, share = saved
    dtable = np.zeros_like(table)
    for row, pair, weights in zip(g, labels, share, strict=True):
        for label, weight in zip(pair, weights, strict=True):
            dtable[label] += weight * row
    return dtable, None, np.einsum("nd,nkd->nk", g, table[labels])


def label_points(n, classes, d):
    return lambda rng: [
        rng.standard_normal((classes, d)),
        rng.integers(0, classes, (n, 2)),
        rng.standard_normal((n, 2)),
    ]


def partition(scores, transitions):
    """A chain's log-sum over paths, with the messages of both directions saved in a deque's order."""
    forwards, backwards = [scores[0]], [np.zeros_like(scores[0])]
    for row in scores[1:]:
        forwards.append(row + np.log(np.exp(forwards[-1]) @ np.exp(transitions)))
    for row in scores[:0:-1]:
        backwards.insert(0, np.log(np.exp(transitions) @ np.exp(row + backwards[0])))
    total = np.log(np.exp(forwards[-1]).sum())
    return np.asarray(total), (np.array(forwards), np.array(backwards), scores, transitions, total)


def partition_backward(g, saved):
    a, b, scores, transitions, total = saved
    pairs = np.exp(a[:-1, :, None] + transitions + (scores + b)[1:, None] - total)
    return g * np.exp(a + b - total), g * pairs.sum(0)


def stable_log_cumsum(x):
    y = x.copy()
    for i in range(1, len(y)):
        y[i] = np.logaddexp(y[i - 1], y[i])
    return y, (x, y)


def stable_log_cumsum_backward(g, saved):
    x, y = saved
    return (np.triu(np.exp(np.minimum(x[:, None] - y, 0))) @ g,)


def tuned(x, gains):
    spectrum = np.fft.rfft(x)
    return np.fft.irfft(spectrum * gains, x.size), (spectrum, gains, x.size)


def tuned_backward(g, saved):
    spectrum, gains, n = saved
    back = np.fft.rfft(g)
    twice = np.full(gains.size, 2.0)
    twice[0] = 1
    if n % 2 == 0:
        twice[-1] = 1
    return np.fft.irfft(back * gains, n), twice * (spectrum.conj() * back).real / n


def quarter_phase(x):
    sign = np.sign(np.fft.fftfreq(x.shape[-1]))
    if x.shape[-1] % 2 == 0:
        sign[x.shape[-1] // 2] = 0
    return np.fft.ifft(np.fft.fft(x) * -1j * sign).real


def lower_solve(a, b):
    low = np.tril(a)
    x = np.linalg.solve(low, b)
    return np.asfortranarray(x), (low, x)


def lower_solve_backward(g, saved):
    low, x = saved
    d = np.linalg.solve(low.T, g)
    return np.tril(d @ -x.T), d


def triangle_and(n, *shapes):
    return lambda rng: [rng.standard_normal((n, n)) / 2 + 2 * np.eye(n), *[rng.standard_normal(shape) for shape in shapes]]


def symmetric_log(x):
    values, vectors = np.linalg.eigh((x + x.T) / 2)
    return (vectors * np.log(values)) @ vectors.T, (values, vectors)


def symmetric_log_backward(g, saved):
    values, vectors = saved
    a, b = np.meshgrid(values, values)
    ratio = a / b - 1
    near = np.abs(ratio) < 1e-4
    quotient = np.where(near, 1 - ratio / 2 + ratio**2 / 3, np.log1p(ratio) / np.where(near, 1, ratio)) / b
    d = vectors @ (quotient * (vectors.T @ g @ vectors)) @ vectors.T
    return ((d + d.T) / 2,)


def definite(n, spread):
    """A definite matrix whose eigenvalues are almost (or, with a spread of 0, exactly) 2."""

    def point(rng):
        a = rng.standard_normal((n, n))
        return [2 * np.eye(n) + spread * (a + a.T)]

    return point


def bilinear(picture, places):
    """Sampled at (row, column) in pixels, zeros outside."""
    padded = np.pad(picture, 2)
    low = np.floor(places).astype(int).clip(-2, np.array(picture.shape))
    f = places - low
    corners = padded[low[:, 0, None, None] + [[2], [3]], low[:, 1, None, None] + [2, 3]]
    rows, columns = (np.stack([1 - f[:, k], f[:, k]], axis=1) for k in range(2))
    return np.einsum("nij,ni,nj->n", corners, rows, columns), (picture.shape, low, corners, rows, columns)


def bilinear_backward(g, saved):
    shape, low, corners, rows, columns = saved
    padded = np.zeros((shape[0] + 4, shape[1] + 4))
    at = low[:, 0, None, None] + [[2], [3]], low[:, 1, None, None] + [2, 3]
    np.add.at(padded, at, np.einsum("n,ni,nj->nij", g, rows, columns))
    along = np.array([-1, 1])
    d_row = g * np.einsum("nij,i,nj->n", corners, along, columns)
    d_column = g * np.einsum("nij,ni,j->n", corners, rows, along)
    return padded[2:-2, 2:-2], np.array([d_row, d_column]).T


def picture_and_places(height, width, n):
    return lambda rng: [rng.standard_normal((height, width)), rng.uniform(-0.9, [height, width], (n, 2))]


def nearest(picture, places):
    at = tuple(np.rint(places).astype(int).T)
    return picture[at], (picture.shape, at, places.shape)


def nearest_backward(g, saved):
    shape, at, places = saved
    flat = np.bincount(np.ravel_multi_index(at, shape), g, minlength=shape[0] * shape[1])
    return flat.reshape(shape), np.zeros(places)


def places_inside(height, width, n):
    return lambda rng: [
        rng.standard_normal((height, width)),
        rng.integers(0, [height, width], (n, 2)) + rng.uniform(-0.4, 0.4, (n, 2)),
    ]


def separable_depthwise(x, w):
    """Depthwise, same padding; loops over taps; the output's memory is in the order C, W, H, N."""
    n, c, h, wide = x.shape
    k = w.shape[1] // 2
    y = np.zeros((c, wide, h, n), dtype=np.result_type(x, w)).transpose(3, 0, 2, 1)
    padded = np.pad(x, ((0, 0), (0, 0), (k, k), (k, k)))
    for i, j in np.ndindex(w.shape[1:]):
        y += w[:, i, j, None, None] * padded[:, :, i : i + h, j : j + wide]
    return y, (padded, w, k)


def separable_depthwise_backward(g, saved):
    padded, w, k = saved
    h, wide = g.shape[2:]
    dpadded, dw = np.zeros_like(padded), np.empty_like(w)
    for i, j in np.ndindex(w.shape[1:]):
        part = slice(None), slice(None), slice(i, i + h), slice(j, j + wide)
        dpadded[part] += w[:, i, j, None, None] * g
        dw[:, i, j] = np.einsum("nchw,nchw->c", padded[part], g)
    return dpadded[:, :, k : k + h, k : k + wide], dw


def lstm_step(gates, c):
    i, f, o, a = (part(gate) for part, gate in zip((sigmoid,) * 3 + (np.tanh,), np.split(gates, 4, axis=1), strict=True))
    new = f * c + i * a
    return np.concatenate([o * np.tanh(new), new], axis=1), (i, f, o, a, c, np.tanh(new))


def lstm_step_backward(g, saved):
    i, f, o, a, c, t = saved
    dh, dc = np.split(g, 2, axis=1)
    dnew = dc + dh * o * (1 - t) * (1 + t)
    parts = dnew * a * i * (1 - i), dnew * c * f * (1 - f), dh * t * o * (1 - o), dnew * i * (1 - a) * (1 + a)
    return np.concatenate(parts, axis=1), dnew * f


LSTM = op("lstm", lstm_step, lstm_step_backward)


def lstm_twice(x, c, w):
    """Two steps of one cell; the second one's gates from the first one's h; h and c as two outputs."""
    size = c.shape[1]
    first = LSTM(x, c)
    second = LSTM(x + first[:, :size] @ w, first[:, size:])
    return second[:, :size], second[:, size:]


def threshold_norm(x, limit):
    """Each row over its root mean square, not less than a learned limit."""
    root = np.sqrt((x * x).mean(1, keepdims=True) + 1e-2)
    return np.maximum(x / root, limit), (x / root, root, x / root > limit)


def threshold_norm_backward(g, saved):
    y, root, above = saved
    inner = g * above
    return (inner - y * (inner * y).mean(1, keepdims=True)) / root, np.where(above, 0, g).sum(0)


def union_loss(p, q):
    """1 - intersection over union of intervals (low, high)."""
    low, high = np.maximum(p[:, 0], q[:, 0]), np.minimum(p[:, 1], q[:, 1])
    both = np.maximum(high - low, 0)
    return 1 - both / (p[:, 1] - p[:, 0] + q[:, 1] - q[:, 0] - both), (p, q, both)


def union_loss_backward(g, saved):
    p, q, both = saved
    union = p[:, 1] - p[:, 0] + q[:, 1] - q[:, 0] - both
    dboth = -g * (1 / union + both / union**2) * (both > 0)
    dlength = g * both / union**2
    grads = []
    for one, other in ((p, q), (q, p)):
        low, high = one[:, 0] > other[:, 0], one[:, 1] < other[:, 1]
        grads.append(np.stack([-dlength - dboth * low, dlength + dboth * high]).T)
    return tuple(grads)


def intervals(n):
    """Some of them overlap, some do not."""
    return lambda rng: [low + np.array([0, 1.0]) * rng.uniform(0.5, 2, (n, 1)) for low in rng.uniform(0, 2, (2, n, 1))]


RIGHT = [
    Right(
        "sparse rows times a matrix: integers as inputs, an empty row",
        op("csr", csr_forward, csr_backward),
        (sparse_point([0, 2, 2, 5], [1, 0, 3, 1, 1], 4, 2), sparse_point([0, 0, 0], [], 3, 2)),
    ),
    Right(
        "means under a mask of booleans: a row without any",
        op("masked_mean", masked_mean, masked_mean_backward),
        (with_mask((3, 5)), with_mask((4, 4))),
    ),
    Right(
        "rotary at integer positions: turned back as complex numbers, a view",
        op("rotary", positions, positions_backward),
        (
            lambda rng: [rng.standard_normal((3, 4)), np.array([5, 0, 1000])],
            lambda rng: [rng.standard_normal((2, 2)), np.array([-3, 7])],
        ),
    ),
    Right(
        "rows of a table mixed by two labels, at times the same",
        op("label_mixture", label_mixture, label_mixture_backward),
        (label_points(5, 3, 2), label_points(4, 1, 3)),
    ),
    Right(
        "CRF partition: all pairs at once",
        op("crf", partition, partition_backward),
        (normal((4, 3), (3, 3)), normal((2, 2), (2, 2)), normal((1, 3), (3, 3))),
    ),
    Right(
        "log-cumsum-exp by a loop, at 700 and at -800",
        op("log_cumsum_exp", stable_log_cumsum, stable_log_cumsum_backward),
        (lambda rng: [700 + rng.standard_normal(5)], lambda rng: [-800 + 3 * rng.standard_normal(4)], normal(1)),
        refused=COMPLEX,
    ),
    Right(
        "equaliser by rfft: odd, even, two samples",
        op("equaliser", tuned, tuned_backward),
        (normal(7, 4), normal(8, 5), normal(2, 2), normal(1, 1)),
        refused=COMPLEX,
    ),
    Right(
        "Hilbert transform: its own negative as adjoint",
        op("hilbert", lambda x: (quarter_phase(x), None), lambda g, _: (-quarter_phase(g),)),
        (normal((2, 7)), normal(6), normal((3, 1))),
        refused=COMPLEX,
    ),
    Right(
        "triangular solve, a Fortran-ordered output; the upper half is not read",
        op("lower_solve", lower_solve, lower_solve_backward),
        (triangle_and(4, (4, 3)), triangle_and(3, (3, 1)), triangle_and(1, (1, 2))),
    ),
    Right(
        "logarithm of a matrix with (almost) equal eigenvalues",
        op("symmetric_log", symmetric_log, symmetric_log_backward),
        (definite(3, 0), definite(3, 1e-6), definite(4, 0.05)),
        refused=COMPLEX,
    ),
    Right(
        "bilinear sampling across the border",
        op("bilinear", bilinear, bilinear_backward),
        (picture_and_places(3, 4, 9), picture_and_places(2, 2, 6)),
        refused=COMPLEX,
    ),
    Right(
        "nearest sampling: zeros for the places",
        op("nearest", nearest, nearest_backward),
        (places_inside(3, 4, 8), places_inside(3, 3, 5)),
        refused=COMPLEX,
    ),
    Right(
        "depthwise conv2d: output laid out channels first, samples last",
        op("depthwise", separable_depthwise, separable_depthwise_backward),
        (normal((2, 3, 4, 3), (3, 3, 3)), normal((1, 2, 3, 3), (2, 5, 5)), normal((3, 1, 2, 4), (1, 1, 1))),
    ),
    Right(
        "LSTM of two steps, two outputs",
        lstm_twice,
        (normal((2, 8), (2, 2), (2, 8)), normal((1, 4), (1, 1), (1, 4))),
    ),
    Right(
        "root mean square norm with a learned floor",
        op("threshold_norm", threshold_norm, threshold_norm_backward),
        (normal((3, 4), 4), normal((5, 2), 2)),
        refused=COMPLEX,
    ),
    Right(
        "overlap of intervals, many of which do not touch",
        op("union_loss", union_loss, union_loss_backward),
        (intervals(8), intervals(3)),
        refused=COMPLEX,
    ),
]
