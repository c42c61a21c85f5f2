"""Convolutions in one dimension, plain, strided, dilated, grouped and transposed, with a wrong backward pass."""

import numpy as np
from corpus import Wrong
from correlation1d import correlate, input_gradient, normal, op, weight_gradient
from numpy.lib.stride_tricks import as_strided, sliding_window_view


def atrous_and_strided(stride, dilation):
    """The two numbers exchanged in the weight's gradient; only there."""

    def forward(x, w):
        return correlate(x, w, stride, dilation), (x, w)

    def backward(g, saved):
        x, w = saved
        dw = np.zeros_like(w)
        for k in range(w.shape[2]):
            for m in range(g.shape[2]):
                dw[:, :, k] += g[:, :, m].T @ x[:, :, min(m * dilation + k * stride, x.shape[2] - 1)]
        return input_gradient(g, w, x.shape[2], stride, dilation), dw

    return op("conv1d", forward, backward)


def tf_same(length, taps, stride):
    """How many zeros TensorFlow puts in front and behind."""
    total = max((-(-length // stride) - 1) * stride + taps - length, 0)
    return total // 2, total - total // 2


def tf_same_forward(x, w):
    before, after = tf_same(x.shape[2], w.shape[2], 2)
    padded = np.pad(x, ((0, 0), (0, 0), (before, after)))
    return correlate(padded, w, 2), (padded, w, x.shape[2])


def tf_same_backward(g, saved):
    padded, w, length = saved
    d = input_gradient(g, w, padded.shape[2] + w.shape[2], 2)
    start = w.shape[2] // 2
    return d[:, :, start : start + length], weight_gradient(g, padded, w.shape[2], 2)


def plain_forward(x, w):
    return correlate(x, w), (x, w)


def last_image_backward(g, saved):
    x, w = saved
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    k = w.shape[2]
    for n in range(len(x)):
        columns = sliding_window_view(x[n], k, axis=1)
        dw = np.tensordot(g[n], columns, axes=([1], [1]))
        for t in range(g.shape[2]):
            dx[n, :, t : t + k] += np.tensordot(g[n, :, t], w, axes=1)
    return dx, dw


def transposed(x, w, stride):
    """x (N, C, L), w (C, O, K) -> (N, O, (L - 1) stride + K)."""
    n, _, length = x.shape
    y = np.zeros((n, w.shape[1], (length - 1) * stride + w.shape[2]))
    for k in range(w.shape[2]):
        y[:, :, k : k + stride * (length - 1) + 1 : stride] += np.einsum("ncl,co->nol", x, w[:, :, k])
    return y


def transposed_first_taps(stride):
    def forward(x, w):
        return transposed(x, w, stride), (x, w)

    def backward(g, saved):
        x, w = saved
        length = x.shape[2]
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        for k in range(w.shape[2]):
            part = g[:, :, k : k + stride * (length - 1) + 1 : stride]
            dw[:, :, k] = np.einsum("ncl,nol->co", x, part)
            if k < stride:  # the taps behind belong to the next input, or so it was thought
                dx += np.einsum("nol,co->ncl", part, w[:, :, k])
        return dx, dw

    return op("transposed conv1d", forward, backward)


def two_scales_forward(x, a, b):
    """A kernel of 3 and one of 5 around the same centre, added."""
    padded = np.pad(x, ((0, 0), (0, 0), (2, 2)))
    y = correlate(padded[:, :, 1:-1], a) + correlate(padded, b)
    return y, (padded, a, b)


def two_scales_backward(g, saved):
    padded, a, _b = saved
    d = np.zeros_like(padded)
    d[:, :, 1:-1] = input_gradient(g, a, padded.shape[2] - 2)
    return d[:, :, 2:-2], weight_gradient(g, padded[:, :, 1:-1], 3), weight_gradient(g, padded, 5)


def grouped(groups):
    def split(x):
        return np.split(x, groups, axis=1)

    def forward(x, w):
        parts = np.split(w, groups)
        return np.concatenate([correlate(p, v) for p, v in zip(split(x), parts, strict=True)], axis=1), (x, w)

    def backward(g, saved):
        x, w = saved
        weights = np.split(w, groups)
        dx = [input_gradient(gg, weights[0], x.shape[2]) for gg in split(g)]
        dw = [weight_gradient(gg, p, w.shape[2]) for gg, p in zip(split(g), split(x), strict=True)]
        return np.concatenate(dx, axis=1), np.concatenate(dw)

    return op("grouped conv1d", forward, backward)


def channels_last_forward(x, w):
    """x (N, L, C), w (K, C, O), by columns (N, M, K * C)."""
    n, length, c = x.shape
    k = len(w)
    step = x.strides
    view = as_strided(x, (n, length - k + 1, k, c), (step[0], step[1], step[1], step[2]))
    columns = view.reshape(n, -1, k * c)
    return columns @ w.reshape(k * c, -1), (columns, w, x.shape)


def channels_last_backward(g, saved):
    columns, w, shape = saved
    k, c, o = w.shape
    dw = np.einsum("nmo,nmp->op", g, columns)  # (O, K * C)
    d = (g @ w.reshape(k * c, o).T).reshape(*g.shape[:2], k, c)
    dx = np.zeros(shape)
    for i in range(k):
        dx[:, i : i + g.shape[1]] += d[:, :, i]
    return dx, dw.reshape(k, c, o)


def channels_first_columns_backward(g, saved):
    """The columns' gradient is (C, K) for each place, and folded as though it were (K, C)."""
    x, w = saved
    o, c, k = w.shape
    d = np.einsum("nol,op->nlp", g, w.reshape(o, c * k)).reshape(len(x), -1, k, c)
    dx = np.zeros_like(x)
    for i in range(k):
        dx[:, :, i : i + g.shape[2]] += d[:, :, i].transpose(0, 2, 1)
    return dx, weight_gradient(g, x, k)


WRONG = [
    Wrong(
        "conv1d, stride and dilation: exchanged for the weight",
        atrous_and_strided(2, 3),
        (normal((2, 2, 11), (2, 2, 3)), normal((1, 3, 13), (1, 3, 2))),
        "stride",
        "the weight's gradient looks at m * dilation + k * stride: the two steps are exchanged",
        ("other place",),
    ),
    Wrong(
        "conv1d as in TensorFlow, stride 2: padding of stride 1",
        op("conv1d", tf_same_forward, tf_same_backward),
        (normal((2, 2, 8), (2, 2, 3)), normal((1, 2, 6), (3, 2, 5)), normal((2, 1, 4), (1, 1, 3))),
        "shifted",
        "the padding in front is total // 2, but the gradient is cropped from kernel // 2: one too far",
        ("border", "stride"),
    ),
    Wrong(
        "conv1d, image by image: weight's = in the loop",
        op("conv1d", plain_forward, last_image_backward),
        (normal((3, 2, 6), (2, 2, 3)), normal((2, 2, 5), (3, 2, 2))),
        "overwritten",
        "dw = for each image: the last image's remains",
        ("not summed", "left out"),
    ),
    Wrong(
        "transposed conv1d: overlapping taps",
        transposed_first_taps(2),
        (normal((2, 2, 4), (2, 3, 3)), normal((1, 2, 3), (2, 2, 4))),
        "left out",
        "in the input's gradient only the first `stride` taps are read: the overlapping ones are never handled",
        ("not summed", "stride", "term missing"),
    ),
    Wrong(
        "sum of two kernels' conv1d: second branch's input",
        op("two scales", two_scales_forward, two_scales_backward),
        (normal((2, 2, 6), (2, 2, 3), (2, 2, 5)), normal((1, 1, 9), (1, 1, 3), (1, 1, 5))),
        "term missing",
        "x feeds both kernels, its gradient comes from the smaller one alone",
        ("not summed", "left out"),
    ),
    Wrong(
        "grouped conv1d: first group's weight for all inputs",
        grouped(2),
        (normal((2, 4, 5), (4, 2, 2)), normal((1, 2, 6), (2, 1, 3)), normal((2, 4, 4), (2, 2, 3))),
        "groups",
        "the input's gradient of each group goes through the first group's weight",
        ("permuted", "other place"),
    ),
    Wrong(
        "conv1d, channels last: weight's gradient reshaped, not transposed",
        op("conv1d", channels_last_forward, channels_last_backward),
        (normal((2, 6, 2), (3, 2, 3)), normal((1, 5, 2), (2, 2, 2))),
        "memory order",
        "the weight's gradient is (O, K C), reshaped to (K, C, O) without a transpose",
        ("transposed", "permuted"),
    ),
    Wrong(
        "conv1d by columns: (C, K) folded as (K, C)",
        op("conv1d", plain_forward, channels_first_columns_backward),
        (normal((2, 2, 6), (2, 2, 3)), normal((1, 3, 5), (2, 3, 2)), normal((2, 2, 5), (3, 2, 2))),
        "memory order",
        "the columns' gradient is laid out (C, K), and reshaped as though it were (K, C)",
        ("permuted", "transposed", "groups"),
    ),
]
