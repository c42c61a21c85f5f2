"""Right samplers, convolutions, cells and losses of intervals in odd styles: odd memory, several outputs, large flat parts."""

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
