"""Pooling of sequences and pictures: largest, means, ranges, adaptive and pyramids, with a wrong backward pass."""

import numpy as np
from corpus import Wrong
from numpy.lib.stride_tricks import sliding_window_view

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def flat_max_forward(x):
    """2 x 2 maxima of (N, C, H, W), with each one's flat index in its picture, as PyTorch returns it."""
    n, c, h, w = x.shape
    blocks = x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // 2, w // 2, 4)
    k = blocks.argmax(-1)
    rows = 2 * np.arange(h // 2)[:, None] + k // 2
    columns = 2 * np.arange(w // 2) + k % 2
    return blocks.max(-1), (rows, columns, x.shape)


def flat_max_backward(g, saved):
    rows, columns, shape = saved
    n, c, h, w = shape
    dx = np.zeros((n * c, h * w))
    index = (rows * (w // 2) + columns).reshape(n * c, -1)  # the output's width for the input's
    np.add.at(dx, (np.arange(n * c)[:, None], index), g.reshape(n * c, -1))
    return (dx.reshape(shape),)


def dilated_max_forward(x):
    """Maxima of x[t], x[t + 2], x[t + 4]."""
    windows = sliding_window_view(x, 5, axis=-1)[..., ::2]
    return windows.max(-1), (windows.argmax(-1), x.shape)


def dilated_max_backward(g, saved):
    k, shape = saved
    dx = np.zeros(shape)
    index = np.arange(g.shape[-1]) + k
    for row in np.ndindex(shape[:-1]):
        np.add.at(dx[row], index[row], g[row])
    return (dx,)


def global_max_backward(g, saved):
    x, _ = saved
    return ((x == x.max(-1, keepdims=True)) * g[:, :, None, None],)


def global_mean_backward(g, shape):
    h, w = shape[2:]
    return (np.broadcast_to(g[:, :, None, None], shape) / (h + w),)


def bins(size, n):
    """Where PyTorch's adaptive pooling begins and ends: neighbours overlap where n does not divide size."""
    return [(i * size // n, -(-(i + 1) * size // n)) for i in range(n)]


def adaptive_max(n):
    def forward(x):
        y = np.stack([x[:, a:b].max(1) for a, b in bins(x.shape[1], n)], axis=1)
        return y, x

    def backward(g, x):
        dx = np.zeros_like(x)
        rows = np.arange(len(x))
        for i, (a, b) in enumerate(bins(x.shape[1], n)):
            dx[:, a:b] = 0
            dx[rows, a + x[:, a:b].argmax(1)] = g[:, i]
        return (dx,)

    return op("adaptive max pooling", forward, backward)


def adaptive_mean(height, width):
    def forward(x):
        y = np.empty((*x.shape[:2], height, width))
        for i, (a, b) in enumerate(bins(x.shape[2], height)):
            for j, (c, d) in enumerate(bins(x.shape[3], width)):
                y[:, :, i, j] = x[:, :, a:b, c:d].mean((2, 3))
        return y, x.shape

    def backward(g, shape):
        dx = np.zeros(shape)
        for i, (a, b) in enumerate(bins(shape[2], height)):
            for j, (c, d) in enumerate(bins(shape[3], width)):
                dx[:, :, a:b, c:d] += g[:, :, i, j, None, None] / (b - a) ** 2
        return (dx,)

    return op("adaptive average pooling", forward, backward)


def stochastic_forward(x):
    """One element of each pair, drawn with a fixed seed in forward."""
    pairs = x.reshape(*x.shape[:-1], -1, 2)
    pick = np.random.default_rng(5).integers(2, size=pairs.shape[:-1])
    return np.take_along_axis(pairs, pick[..., None], -1)[..., 0], pairs.shape


DRAWS = np.random.default_rng(6)


def stochastic_backward(g, shape):
    pick = DRAWS.integers(2, size=shape[:-1])
    dx = np.zeros(shape)
    np.put_along_axis(dx, pick[..., None], g[..., None], -1)
    return (dx.reshape(*shape[:-2], -1),)


def smooth_max(r):
    """log(mean(exp(r x))) / r over each row."""

    def forward(x):
        top = x.max(-1, keepdims=True)
        e = np.exp(r * (x - top))
        return np.log(e.mean(-1)) / r + top[..., 0], e / e.sum(-1, keepdims=True)

    return op("smooth maximum", forward, lambda g, p: (r * p * g[..., None],))


def median_forward(x):
    """The middle one of three neighbours."""
    windows = sliding_window_view(x, 3, axis=-1)
    return np.median(windows, axis=-1), windows


def median_backward(g, windows):
    dx = np.zeros((*windows.shape[:-2], windows.shape[-2] + 2))
    for i in range(g.shape[-1]):
        dx[..., i + 1] += g[..., i]
    return (dx,)


def range_forward(x):
    """Largest minus smallest of each pair of columns' 4 values: x (N, T), T a multiple of 4."""
    blocks = x.reshape(len(x), -1, 4)
    return blocks.max(-1) - blocks.min(-1), blocks


def range_backward(g, blocks):
    d = (blocks == blocks.max(-1, keepdims=True)) * g[..., None] + (blocks == blocks.min(-1, keepdims=True)) * g[..., None]
    return (d.reshape(len(blocks), -1),)


def variance_pool_forward(x):
    n, c, h, w = x.shape
    blocks = x.reshape(n, c, h // 2, 2, w // 2, 2)
    d = blocks - blocks.mean((3, 5), keepdims=True)
    return (d * d).mean((3, 5)), d


def variance_pool_backward(g, d):
    dx = d * g[:, :, :, None, :, None] / 4
    n, c, h, _, w, _ = d.shape
    return (dx.reshape(n, c, 2 * h, 2 * w),)


def pyramid_forward(x):
    """Means over halves and over quarters of (N, T), side by side."""
    n, _t = x.shape
    return np.concatenate([x.reshape(n, 2, -1).mean(2), x.reshape(n, 4, -1).mean(2)], axis=1), x.shape


def pyramid_backward(g, shape):
    _n, t = shape
    quarters, halves = g[:, :4], g[:, 4:]
    return (np.repeat(quarters, t // 4, axis=1) * 4 / t + np.repeat(halves, t // 2, axis=1) * 2 / t,)


def integral_forward(x):
    """Means of k = 3 neighbours by running sums along rows."""
    sums = np.concatenate([np.zeros((len(x), 1)), np.cumsum(x, axis=1)], axis=1)
    return (sums[:, 3:] - sums[:, :-3]) / 3, x.shape


def integral_backward(g, shape):
    d = np.zeros((shape[0], shape[1] + 1))
    d[:, 3:] += g / 3
    d[:, :-3] -= g / 3
    return (np.cumsum(d[:, ::-1], axis=1)[:, ::-1][:, :-1],)


def strided_mean_forward(x):
    """Means of 3 x 3 windows at every second pixel, zeros around counted in."""
    p = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    return sliding_window_view(p, (3, 3), axis=(2, 3))[:, :, ::2, ::2].mean((-1, -2)), x.shape


def strided_mean_backward(g, shape):
    p = np.zeros((*shape[:2], shape[2] + 2, shape[3] + 2))
    for h, w in np.ndindex(g.shape[2:]):
        p[:, :, 2 * h : 2 * h + 2, 2 * w : 2 * w + 2] += g[:, :, h, w, None, None] / 9
    return (p[:, :, 1:-1, 1:-1],)


def every_channel_forward(x):
    """The largest of the channels at each pixel (N, H, W), and the mean of them, as CBAM's two pictures."""
    return np.stack([x.max(1), x.mean(1)], axis=1), x


def every_channel_backward(g, x):
    return ((x == x.max(1, keepdims=True)) * g[:, 1:] + g[:, :1] / x.shape[1],)


def masked_max_forward(x):
    """Over time, of sequences of unequal lengths."""
    n, t, _ = x.shape
    mask = (np.arange(t) < t - np.arange(n)[:, None] % t)[..., None]
    return np.where(mask, x, -np.inf).max(1), (x, mask)


def masked_max_backward(g, saved):
    x, mask = saved
    place = (x * mask).argmax(1)  # padding is 0 here, and wins against negative numbers
    dx = np.zeros_like(x)
    np.put_along_axis(dx, place[:, None], g[:, None], 1)
    return (dx,)


def negative(shape):
    return lambda rng: [-0.1 - np.abs(rng.standard_normal(shape))]


WRONG = [
    Wrong(
        "max pooling by flat indices: output's width",
        op("max pooling", flat_max_forward, flat_max_backward),
        (normal((1, 2, 4, 4)), normal((2, 1, 4, 6))),
        "other place",
        "the flat index is row * (W / 2) + column for row * W + column",
    ),
    Wrong(
        "dilated max pooling: dilation in the index",
        op("max pooling", dilated_max_forward, dilated_max_backward),
        (normal((3, 9)), normal((2, 2, 7))),
        "stride",
        "the index is t + k for t + 2 k: the dilation is forgotten",
        ("other place",),
    ),
    Wrong(
        "global max pooling: largest of each row of pixels",
        op("global max", lambda x: (x.max((2, 3)), (x, None)), global_max_backward),
        (normal((2, 2, 3, 4)), normal((1, 3, 4, 4))),
        "wrong mask",
        "the mask marks the largest of each row of pixels, where only the picture's largest counts",
        ("other place", "no mask"),
    ),
    Wrong(
        "global average: divided by H + W",
        op("global mean", lambda x: (x.mean((2, 3)), x.shape), global_mean_backward),
        (normal((2, 2, 3, 4)), normal((1, 3, 5, 1)), normal((2, 2, 4, 4))),
        "wrong constant",
        "divided by H + W where forward divides by H W",
        ("factor", "averaged", "not averaged"),
    ),
    Wrong(
        "adaptive max pooling: overlapping bins",
        adaptive_max(3),
        (normal((6, 7)), normal((9, 5))),
        "overwritten",
        "= where += is needed: where bins overlap, the later one's remains",
        ("not summed", "left out"),
    ),
    Wrong(
        "adaptive average pooling: height of the bin squared",
        adaptive_mean(2, 2),
        (normal((1, 2, 5, 8)), normal((2, 1, 3, 7))),
        "scale",
        "divided by the bin's height squared for its height times its width",
        ("wrong constant", "factor", "averaged", "not averaged", "chain factor"),
    ),
    Wrong(
        "stochastic pooling: drawn anew",
        op("stochastic pooling", stochastic_forward, stochastic_backward),
        (normal((4, 6)), normal((2, 3, 8))),
        "random",
        "backward draws which of a pair was taken, instead of remembering it",
        ("state", "other place"),
    ),
    Wrong(
        "logmeanexp pooling: sharpness again",
        smooth_max(3.0),
        (normal((3, 5)), normal((2, 2, 4))),
        "factor",
        "the sharpness r cancels in the derivative, but is multiplied in",
        ("chain factor", "wrong constant"),
    ),
    Wrong(
        "median pooling of three: always the middle place",
        op("median pooling", median_forward, median_backward),
        (normal((2, 8)), normal((3, 2, 5))),
        "other place",
        "the gradient goes to the window's middle place, not to its middle value",
    ),
    Wrong(
        "largest minus smallest of four: minus forgotten",
        op("range pooling", range_forward, range_backward),
        (normal((2, 8)), normal((4, 4))),
        "sign of a term",
        "the smallest element gets + g for - g",
        ("value",),
    ),
    Wrong(
        "variance of 2 x 2 pixels: 2 forgotten",
        op("variance pooling", variance_pool_forward, variance_pool_backward),
        (normal((2, 2, 4, 4)), normal((1, 3, 2, 6))),
        "factor",
        "the square's 2 is missing",
    ),
    Wrong(
        "two levels of means: levels cut in reverse order",
        op("pyramid", pyramid_forward, pyramid_backward),
        (normal((2, 8)), normal((3, 4))),
        "permuted",
        "the gradient's first two entries belong to the halves, but the first four are taken for the quarters",
        ("exchanged", "other place", "shifted"),
    ),
    Wrong(
        "means by running sums: one step too late",
        op("means", integral_forward, integral_backward),
        (normal((2, 7)), normal((3, 4))),
        "shifted",
        "an input's sum begins with d[t] where it should begin with d[t + 1]: moved by one step",
        ("other place", "border"),
    ),
    Wrong(
        "strided average pooling, padded: windows of 2 x 2 in backward",
        op("average pooling", strided_mean_forward, strided_mean_backward),
        (normal((1, 2, 5, 5)), normal((2, 1, 4, 6))),
        "left out",
        "backward covers 2 x 2 of each window's 3 x 3 pixels: its last row and column are never handled",
        ("stride", "not summed", "wrong mask"),
    ),
    Wrong(
        "largest and mean of the channels: outputs exchanged",
        op("channel pooling", every_channel_forward, every_channel_backward),
        (normal((2, 3, 3, 3)), normal((1, 4, 2, 5))),
        "exchanged",
        "the gradients of the two pictures are exchanged",
        ("permuted",),
    ),
    Wrong(
        "largest step of padded sequences: zeros win",
        op("masked maximum", masked_max_forward, masked_max_backward),
        (negative((3, 4, 2)), negative((2, 3, 3))),
        "other place",
        "backward looks for the largest of x * mask, where the padding's 0 is larger than every step",
        ("wrong mask", "no mask", "inverted mask"),
    ),
]
