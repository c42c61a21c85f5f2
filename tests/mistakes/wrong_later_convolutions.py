"""Two-dimensional convolutions with one slip in the backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def pad(x, p):
    return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))


def cut(x, p):
    return x[:, :, p : x.shape[2] - p, p : x.shape[3] - p]


def taps(x, w, g_shape, stride, dilation):
    """For each tap: its place in the kernel, and the slices of the (padded) picture that it meets."""
    oh, ow = g_shape[2:]
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            top, left = i * dilation, j * dilation
            rows, columns = slice(top, top + stride * oh, stride), slice(left, left + stride * ow, stride)
            yield i, j, (slice(None), slice(None), rows, columns)


def output_shape(x, w, stride, dilation):
    size = [(x.shape[a] - dilation * (w.shape[a] - 1) - 1) // stride + 1 for a in (2, 3)]
    return x.shape[0], w.shape[0], *size


def conv2d(dx=None, dw=None, db=None, padding=0, stride=1, dilation=1):
    """A convolution of its own with bias; what is given takes the place of one right gradient: a function of
    (gradient, padded picture, weight)."""

    def forward(x, w, b):
        x = pad(x, padding)
        y = np.zeros(output_shape(x, w, stride, dilation)) + b[:, None, None]
        for i, j, place in taps(x, w, y.shape, stride, dilation):
            y += np.einsum("nchw,oc->nohw", x[place], w[:, :, i, j])
        return y, (x, w)

    def right_dx(g, x, w):
        d = np.zeros_like(x)
        for i, j, place in taps(x, w, g.shape, stride, dilation):
            d[place] += np.einsum("nohw,oc->nchw", g, w[:, :, i, j])
        return d

    def right_dw(g, x, w):
        d = np.zeros_like(w)
        for i, j, place in taps(x, w, g.shape, stride, dilation):
            d[:, :, i, j] = np.einsum("nohw,nchw->oc", g, x[place])
        return d

    def backward(g, saved):
        x, w = saved
        bias = g.sum((0, 2, 3)) if db is None else db(g, x, w)
        return cut((dx or right_dx)(g, x, w), padding), (dw or right_dw)(g, x, w), bias

    return op("conv2d", forward, backward)


# slips, one for each


def bias_for_each_channel(g, x, w):
    db = np.zeros(w.shape[0])
    for o in range(w.shape[0]):
        for _ in range(w.shape[1]):
            db[o] += g[:, o].sum()
    return db


def columns_reshaped(g, x, w):
    o, c, kh, kw = w.shape
    n, _, oh, ow = g.shape
    columns = np.empty((n, oh, ow, c, kh, kw))
    for i in range(kh):
        for j in range(kw):
            columns[..., i, j] = x[:, :, i : i + oh, j : j + ow].transpose(0, 2, 3, 1)
    dw = columns.reshape(-1, c * kh * kw).T @ g.transpose(0, 2, 3, 1).reshape(-1, o)
    return dw.reshape(w.shape)


def weight_without_stride(g, x, w):
    oh, ow = g.shape[2:]
    dw = np.zeros_like(w)
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            dw[:, :, i, j] = np.tensordot(g, x[:, :, i : i + oh, j : j + ow], ((0, 2, 3), (0, 2, 3)))
    return dw


def picture_without_stride(g, x, w):
    dx = np.zeros_like(x)
    kh, kw = w.shape[2:]
    for i in range(g.shape[2]):
        for j in range(g.shape[3]):
            dx[:, :, i : i + kh, j : j + kw] += np.einsum("no,ocij->ncij", g[:, :, i, j], w)
    return dx


def picture_all_axes_flipped(g, x, w):
    kh, kw = w.shape[2:]
    full = np.pad(g, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
    turned = np.flip(w)
    windows = np.lib.stride_tricks.sliding_window_view(full, (kh, kw), axis=(2, 3))
    return np.einsum("nohwij,ocij->nchw", windows, turned)


def weight_of_dense_corner(g, x, w):
    kh, kw = w.shape[2:]
    oh, ow = g.shape[2:]
    dense = np.zeros((*w.shape[:2], 2 * kh - 1, 2 * kw - 1))
    for i in range(dense.shape[2]):
        for j in range(dense.shape[3]):
            dense[:, :, i, j] = np.einsum("nohw,nchw->oc", g, x[:, :, i : i + oh, j : j + ow])
    return dense[:, :, :kh, :kw]


def picture_assigned_for_outputs(g, x, w):
    dx = np.zeros_like(x)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            for o in range(w.shape[0]):
                d = np.zeros(x.shape[2:])
                for i in range(g.shape[2]):
                    for j in range(g.shape[3]):
                        d[i : i + w.shape[2], j : j + w.shape[3]] += g[n, o, i, j] * w[o, c]
                dx[n, c] = d
    return dx


def weight_with_padding_behind(g, x, w):
    x = np.pad(cut(x, 1), ((0, 0), (0, 0), (0, 2), (0, 2)))
    oh, ow = g.shape[2:]
    dw = np.zeros_like(w)
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            dw[:, :, i, j] = np.einsum("nohw,nchw->oc", g, x[:, :, i : i + oh, j : j + ow])
    return dw


def picture_dilation_forgotten(g, x, w):
    dx = np.zeros_like(x)
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            dx[:, :, i : i + g.shape[2], j : j + g.shape[3]] += np.einsum("nohw,oc->nchw", g, w[:, :, i, j])
    return dx


def accumulating_layer():
    """A layer whose weight's gradient is allocated once, and added to by every backward pass."""
    kept = {}

    def dw(g, x, w):
        d = kept.setdefault(w.shape, np.zeros_like(w))
        oh, ow = g.shape[2:]
        for i in range(w.shape[2]):
            for j in range(w.shape[3]):
                d[:, :, i, j] += np.einsum("nohw,nchw->oc", g, x[:, :, i : i + oh, j : j + ow])
        return d

    return conv2d(dw=dw)


# channels last


def nhwc_forward(x, w):
    """x (N, H, W, C), w (K, K, C, O)."""
    k = w.shape[0]
    h, v = x.shape[1] - k + 1, x.shape[2] - k + 1
    y = sum(x[:, i : i + h, j : j + v] @ w[i, j] for i in range(k) for j in range(k))
    return y, (x, w)


def nhwc_backward(g, saved):
    x, w = saved
    k = w.shape[0]
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for n in range(g.shape[0]):
        for i in range(g.shape[1]):
            for j in range(g.shape[2]):
                dx[n, i : i + k, j : j + k] += w @ g[n, i, j]
                dw = x[n, i : i + k, j : j + k][..., None] * g[n, i, j]
    return dx, dw


WRONG = [
    Wrong(
        "conv2d by loops: bias in the loop over input channels",
        conv2d(db=bias_for_each_channel),
        (
            normal((2, 3, 4, 4), (2, 3, 3, 3), (2,)),
            normal((1, 2, 5, 3), (3, 2, 2, 2), (3,)),
            normal((2, 4, 3, 3), (4, 4, 2, 1), (4,)),
        ),
        "summed",
        "db is added to once for each input channel",
        ("factor",),
    ),
    Wrong(
        "conv2d by columns: weight's gradient reshaped, not transposed",
        conv2d(dw=columns_reshaped),
        (
            normal((2, 2, 4, 4), (3, 2, 2, 2), (3,)),
            normal((1, 2, 5, 5), (2, 2, 3, 3), (2,)),
            normal((2, 1, 3, 4), (4, 1, 2, 2), (4,)),
        ),
        "memory order",
        "columns.T @ g is (C K K, O), and is reshaped to (O, C, K, K) without a transpose",
        ("transposed", "permuted", "other place"),
    ),
    Wrong(
        "conv2d of stride 2: weight's gradient without stride",
        conv2d(dw=weight_without_stride, stride=2),
        (normal((2, 2, 5, 5), (2, 2, 3, 3), (2,)), normal((1, 3, 6, 4), (2, 3, 2, 2), (2,))),
        "stride",
        "the picture is read at i : i + OH, not at i : i + 2 OH : 2",
    ),
    Wrong(
        "conv2d of stride 2 by loops: windows of x next to each other",
        conv2d(dx=picture_without_stride, stride=2, padding=1),
        (normal((2, 2, 5, 5), (3, 2, 3, 3), (3,)), normal((1, 2, 4, 6), (2, 2, 2, 2), (2,))),
        "stride",
        "the window of output (i, j) begins at (2 i, 2 j), not at (i, j)",
        ("other place", "shifted"),
    ),
    Wrong(
        "conv2d: np.flip without axes",
        conv2d(dx=picture_all_axes_flipped),
        (
            normal((2, 3, 4, 4), (2, 3, 3, 3), (2,)),
            normal((2, 2, 5, 5), (2, 2, 2, 2), (2,)),
            normal((1, 2, 4, 6), (3, 2, 2, 3), (3,)),
        ),
        "permuted",
        "np.flip(w) reverses the channels along with the taps",
        ("flipped", "groups"),
    ),
    Wrong(
        "dilated conv2d as a large kernel: weight's gradient from its corner",
        conv2d(dw=weight_of_dense_corner, dilation=2),
        (normal((2, 2, 6, 6), (2, 2, 3, 3), (2,)), normal((1, 3, 5, 7), (2, 3, 2, 2), (2,))),
        "stride",
        "the large kernel's gradient is cut as [:K, :K], not taken at every second tap",
        ("other place",),
    ),
    Wrong(
        "conv2d by loops: x's gradient assigned for each output channel",
        conv2d(dx=picture_assigned_for_outputs),
        (normal((2, 2, 4, 4), (3, 2, 2, 2), (3,)), normal((1, 2, 5, 4), (2, 2, 3, 3), (2,))),
        "overwritten",
        "dx[n, c] = in the loop over outputs: the last one's share remains",
        ("not summed",),
    ),
    Wrong(
        "padded conv2d: padding behind alone for the weight",
        conv2d(dw=weight_with_padding_behind, padding=1),
        (normal((2, 2, 4, 4), (2, 2, 3, 3), (2,)), normal((1, 3, 3, 5), (2, 3, 3, 3), (2,))),
        "shifted",
        "the weight's gradient reads a picture that is padded by two behind and not in front: one pixel off",
        ("other place",),
    ),
    Wrong(
        "dilated conv2d, padded: taps next to each other for x",
        conv2d(dx=picture_dilation_forgotten, dilation=2, padding=2),
        (normal((2, 2, 4, 4), (2, 2, 3, 3), (2,)), normal((1, 2, 3, 5), (3, 2, 2, 2), (3,))),
        "stride",
        "x's gradient is laid down at offsets i, j in place of 2 i, 2 j",
        ("shifted", "other place"),
    ),
    Wrong(
        "conv2d: weight's gradient added up in the layer",
        accumulating_layer(),
        (normal((2, 2, 4, 4), (2, 2, 3, 3), (2,)), normal((1, 3, 4, 4), (2, 3, 2, 2), (2,))),
        "state",
        "the layer's own array grows with each backward pass, and is what is returned",
        ("aliased", "summed"),
    ),
    Wrong(
        "conv2d, channels last, by loops: dw = for dw +=",
        op("conv2d_nhwc", nhwc_forward, nhwc_backward),
        (normal((2, 4, 4, 2), (3, 3, 2, 2)), normal((1, 3, 5, 3), (2, 2, 3, 2))),
        "overwritten",
        "the weight's gradient is that of the last picture's last window",
        ("not summed",),
    ),
]
