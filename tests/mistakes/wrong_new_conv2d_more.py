"""Convolutions of pictures and volumes (second part): masked, shifted, local, transposed, with a wrong backward pass."""

import numpy as np
from corpus import Wrong
from correlation2d import correlate, input_gradient, normal, op, pad, slices, weight_gradient, windows_of
from numpy.lib.stride_tricks import sliding_window_view

import minimix.functional as F


def raster_mask(k, centre):
    """Of PixelCNN: what comes before the middle, and the middle itself if ``centre``."""
    mask = np.zeros(k * k)
    mask[: k * k // 2 + centre] = 1
    return mask.reshape(k, k)


def raster(mask_forward, mask_backward):
    def forward(x, w):
        k = w.shape[2]
        w = w * mask_forward(k)
        return correlate(pad(x, k // 2, k // 2), w), (x, w)

    def backward(g, saved):
        x, w = saved
        k = w.shape[2]
        p = pad(x, k // 2, k // 2)
        d = input_gradient(g, w, p.shape[2:])[:, :, k // 2 : k // 2 + x.shape[2], k // 2 : k // 2 + x.shape[3]]
        return d, weight_gradient(g, p, (k, k)) * mask_backward(k)

    return op("masked conv2d", forward, backward)


def soft_mask_forward(w, logits):
    m = 1 / (1 + np.exp(-logits))
    return w * m, (w, m)


SOFT_MASK = op("soft mask", soft_mask_forward, lambda g, s: (g * s[1], g * s[0]))


def softly_masked(x, w, logits):
    return F.conv2d(x, SOFT_MASK(w, logits), padding=1)


def coordinates_forward(x, w):
    """Two more channels: the pixel's row and its column."""
    n, _, h, v = x.shape
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, h), np.linspace(-1, 1, v), indexing="ij"))
    full = np.concatenate([x, np.broadcast_to(grid, (n, 2, h, v))], axis=1)
    return correlate(full, w), (x, w)


def coordinates_backward(g, saved):
    x, w = saved
    c = x.shape[1]
    dw = np.zeros_like(w)
    dw[:, :c] = weight_gradient(g, x, w.shape[2:])
    return input_gradient(g, w[:, :c], x.shape[2:]), dw


def siamese_forward(a, b, w):
    return np.abs(correlate(a, w) - correlate(b, w)), (a, b, w)


def siamese_backward(g, saved):
    a, b, w = saved
    g = g * np.sign(correlate(a, w) - correlate(b, w))
    size, kernel = a.shape[2:], w.shape[2:]
    for x, sign in ((a, 1), (b, -1)):
        dw = sign * weight_gradient(g, x, kernel)
    return input_gradient(g, w, size), -input_gradient(g, w, size), dw


def shift_forward(x):
    """Channel 0 one up, 1 one down, 2 one left, 3 one right, and so on; zeros come in."""
    y = np.zeros_like(x)
    y[:, 0::4, :-1] = x[:, 0::4, 1:]
    y[:, 1::4, 1:] = x[:, 1::4, :-1]
    y[:, 2::4, :, :-1] = x[:, 2::4, :, 1:]
    y[:, 3::4, :, 1:] = x[:, 3::4, :, :-1]
    return y, None


def shift_backward(g, _):
    dx = np.zeros_like(g)
    dx[:, 0::4, 1:] = g[:, 0::4, :-1]
    dx[:, 1::4, :-1] = g[:, 1::4, 1:]
    dx[:, 2::4, :, :-1] = g[:, 2::4, :, 1:]
    dx[:, 3::4, :, 1:] = g[:, 3::4, :, :-1]
    return (dx,)


def local_filter_forward(x, a):
    """Every pixel with 3 x 3 weights of its own, shared by the channels: a (N, 9, H, W)."""
    view = windows_of(pad(x, 1, 1), (3, 3))
    return np.einsum("nchwk,nkhw->nchw", view.reshape(*x.shape, 9), a), (x, a)


def local_filter_backward(g, saved):
    x, a = saved
    _n, _c, _h, _v = x.shape
    view = windows_of(pad(x, 1, 1), (3, 3)).reshape(*x.shape, 9)
    gradients = windows_of(pad(g, 1, 1), (3, 3))[..., ::-1, ::-1].reshape(*x.shape, 9)
    return np.einsum("nchwk,nkhw->nchw", gradients, a), np.einsum("nchw,nchwk->nkhw", g, view)


def depthwise3d_forward(x, w):
    """x (N, C, D, H, W), w (C, K, K, K)."""
    view = sliding_window_view(x, w.shape[1:], axis=(2, 3, 4))
    return np.einsum("ncdhwijk,cijk->ncdhw", view, w, optimize=True), (x, w)


def depthwise3d_backward(g, saved):
    x, w = saved
    dx = np.zeros_like(x)
    for i, j, k in np.ndindex(w.shape[1:]):
        dx[:, :, i : i + g.shape[2], j : j + g.shape[3], k : k + g.shape[4]] += g * w[:, j, i, k, None, None, None]
    view = sliding_window_view(x, w.shape[1:], axis=(2, 3, 4))
    return dx, np.einsum("ncdhw,ncdhwijk->cijk", g, view, optimize=True)


BINOMIAL = np.outer([1, 2, 1], [1, 2, 1]) / 16


def blur_pool_forward(x):
    return np.einsum("nchwij,ij->nchw", windows_of(pad(x, 1, 1), (3, 3), (2, 2)), BINOMIAL), x.shape


def blur_pool_backward(g, shape):
    spread = np.zeros(shape)
    spread[:, :, 1::2, 1::2] = g[:, :, : shape[2] // 2, : shape[3] // 2]
    return (np.einsum("nchwij,ij->nchw", windows_of(pad(spread, 1, 1), (3, 3)), BINOMIAL),)


def transposed2d_forward(x, w):
    """Stride 2: x (N, C, H, W), w (C, O, K, K)."""
    n, _, h, v = x.shape
    y = np.zeros((n, w.shape[1], 2 * (h - 1) + w.shape[2], 2 * (v - 1) + w.shape[3]))
    for i, j in np.ndindex(w.shape[2:]):
        rows, columns = slices(i, j, x.shape, (2, 2))
        y[:, :, rows, columns] += np.einsum("nchw,co->nohw", x, w[:, :, i, j])
    return y, (x, w)


def transposed2d_backward(g, saved):
    x, w = saved
    view = windows_of(g, w.shape[2:], (2, 2))
    return np.einsum("nohwij,coij->nchw", view, w), np.einsum("nchw,nohwij->ocij", x, view)


WRONG = [
    Wrong(
        "PixelCNN's conv2d: masked taps learn",
        raster(lambda k: raster_mask(k, 0), lambda k: 1),
        (normal((1, 2, 4, 4), (2, 2, 3, 3)), normal((2, 1, 5, 3), (1, 1, 3, 3))),
        "no mask",
        "taps that forward zeroes get a gradient",
    ),
    Wrong(
        "PixelCNN's conv2d: centre masked in backward only",
        raster(lambda k: raster_mask(k, 1), lambda k: raster_mask(k, 0)),
        (normal((1, 2, 4, 4), (2, 2, 3, 3)), normal((2, 1, 5, 5), (1, 1, 5, 5))),
        "wrong mask",
        "the weight's gradient is masked as in the first layer: the middle tap, which forward uses, gets none",
        ("left out",),
    ),
    Wrong(
        "softly masked conv2d: sigmoid's derivative",
        softly_masked,
        (normal((1, 2, 3, 3), (2, 2, 3, 3), (2, 2, 3, 3)), normal((2, 1, 4, 3), (2, 1, 3, 3), (2, 1, 3, 3))),
        "chain factor",
        "the mask is a sigmoid of its logits: m (1 - m) is missing in their gradient",
    ),
    Wrong(
        "CoordConv: weights of the coordinates",
        op("CoordConv", coordinates_forward, coordinates_backward),
        (normal((2, 2, 4, 4), (2, 4, 2, 2)), normal((1, 1, 3, 5), (3, 3, 2, 3))),
        "left out",
        "the two channels of coordinates get no weight gradient",
    ),
    Wrong(
        "siamese conv2d: weight's = in the loop over branches",
        op("siamese", siamese_forward, siamese_backward),
        (normal((1, 2, 4, 4), (1, 2, 4, 4), (2, 2, 3, 3)), normal((2, 1, 3, 5), (2, 1, 3, 5), (1, 1, 2, 2))),
        "overwritten",
        "the kernel is used in two branches, and keeps the second one's gradient alone",
        ("term missing", "not summed", "left out"),
    ),
    Wrong(
        "shifted channels: columns moved on",
        op("shift", shift_forward, shift_backward),
        (normal((1, 4, 4, 4)), normal((2, 4, 3, 5))),
        "shifted",
        "the channels that move along columns are moved the same way in backward, not back",
        ("flipped", "other place"),
    ),
    Wrong(
        "filter of each pixel: weights where they arrive",
        op("local filter", local_filter_forward, local_filter_backward),
        (normal((1, 2, 3, 4), (1, 9, 3, 4)), normal((1, 1, 2, 5), (1, 9, 2, 5))),
        "wrong point",
        "a pixel's gradient takes its own weights, where it is its neighbours' weights that saw it",
        ("other place", "shifted"),
    ),
    Wrong(
        "depthwise conv3d: depth and height of the kernel",
        op("depthwise conv3d", depthwise3d_forward, depthwise3d_backward),
        (normal((1, 2, 4, 4, 3), (2, 2, 2, 2)), normal((1, 1, 4, 4, 4), (1, 3, 3, 3))),
        "transposed",
        "the input's gradient reads w[j, i, k] for w[i, j, k]",
    ),
    Wrong(
        "blur and every second pixel: odd ones in backward",
        op("blur pool", blur_pool_forward, blur_pool_backward),
        (normal((1, 2, 6, 6)), normal((2, 1, 4, 8))),
        "shifted",
        "outputs stand at even pixels, the gradient is spread to the odd ones",
        ("stride", "other place"),
    ),
    Wrong(
        "transposed conv2d: weight's first two axes",
        op("transposed conv2d", transposed2d_forward, transposed2d_backward),
        (normal((2, 2, 3, 3), (2, 2, 3, 3)), normal((1, 3, 2, 3), (3, 3, 2, 2))),
        "transposed",
        "the weight's gradient is (O, C, K, K), as that of an ordinary convolution",
        ("exchanged",),
    ),
]
