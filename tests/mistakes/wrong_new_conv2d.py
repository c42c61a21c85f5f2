"""Convolutions of pictures and volumes: dense, depthwise, mixed, masked, transposed, with a wrong backward pass."""

import numpy as np
from corpus import Wrong
from correlation2d import correlate, input_gradient, normal, op, pad, slices, weight_gradient, windows_of


def plain_forward(x, w):
    return correlate(x, w), (x, w)


def rectangular_backward(g, saved):
    """Both loops over the taps end at the kernel's height."""
    x, w = saved
    dw = np.zeros_like(w)
    for i in range(w.shape[2]):
        for j in range(w.shape[2]):
            rows, columns = slices(i, j, g.shape)
            dw[:, :, i, j] = np.tensordot(g, x[:, :, rows, columns], axes=([0, 2, 3], [0, 2, 3]))
    return input_gradient(g, w, x.shape[2:]), dw


def padded_by(rows, columns):
    """Cropped again with the two widths exchanged; rows is at least columns / 2."""

    def forward(x, w):
        p = pad(x, rows, columns)
        return correlate(p, w), (p, w, x.shape)

    def backward(g, saved):
        p, w, shape = saved
        d = input_gradient(g, w, p.shape[2:])
        return d[:, :, columns : columns + shape[2], rows : rows + shape[3]], weight_gradient(g, p, w.shape[2:])

    return op("conv2d", forward, backward)


def reversed_groups(groups):
    def forward(x, w):
        parts = zip(np.split(x, groups, axis=1), np.split(w, groups), strict=True)
        return np.concatenate([correlate(p, v) for p, v in parts], axis=1), (x, w)

    def backward(g, saved):
        x, w = saved
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        c, o = x.shape[1] // groups, len(w) // groups
        for i in range(groups):
            ours, outputs = slice(i * c, (i + 1) * c), slice(i * o, (i + 1) * o)
            theirs = slice((groups - 1 - i) * o, (groups - i) * o)
            dx[:, ours] = input_gradient(g[:, outputs], w[theirs], x.shape[2:])
            dw[outputs] = weight_gradient(g[:, outputs], x[:, ours], w.shape[2:])
        return dx, dw

    return op("grouped conv2d", forward, backward)


def multiplied_forward(x, w):
    """w (C, M, KH, KW): M outputs of each channel."""
    view = windows_of(x, w.shape[2:])
    y = np.einsum("nchwij,cmij->ncmhw", view, w)
    return y.reshape(len(x), -1, *y.shape[3:]), (x, w)


def multiplied_backward(g, saved):
    x, w = saved
    g = g.reshape(len(x), *w.shape[:2], *g.shape[2:])
    dx = np.zeros_like(x)
    for i, j in np.ndindex(w.shape[2:]):
        rows, columns = slices(i, j, g.shape)
        dx[:, :, rows, columns] += (g * w[:, :, i, j, None, None]).mean(2)
    return dx, np.einsum("ncmhw,nchwij->cmij", g, windows_of(x, w.shape[2:]))


def widened(dilation):
    """The input's gradient by a kernel with zeros between its taps, and behind the last one as well."""

    def forward(x, w):
        return correlate(x, w, dilation=(dilation, dilation)), (x, w)

    def backward(g, saved):
        x, w = saved
        big = np.zeros((*w.shape[:2], dilation * w.shape[2], dilation * w.shape[3]))
        big[:, :, ::dilation, ::dilation] = w
        flipped = big[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
        d = correlate(pad(g, big.shape[2] - 1, big.shape[3] - 1), flipped)
        offset = dilation - 1  # right would be 0: the full result begins with the first input
        dx = d[:, :, offset : offset + x.shape[2], offset : offset + x.shape[3]]
        return dx, weight_gradient(g, x, w.shape[2:], dilation=(dilation, dilation))

    return op("dilated conv2d", forward, backward)


def depthwise(x, w, dilation=(1, 1)):
    """w (C, KH, KW), odd; as large as x."""
    rows, columns = (d * (k // 2) for d, k in zip(dilation, w.shape[1:], strict=True))
    return np.einsum("nchwij,cij->nchw", windows_of(pad(x, rows, columns), w.shape[1:], dilation=dilation), w)


def depthwise_gradients(g, x, w, dilation=(1, 1)):
    rows, columns = (d * (k // 2) for d, k in zip(dilation, w.shape[1:], strict=True))
    padded = pad(x, rows, columns)
    d, dw = np.zeros_like(padded), np.zeros_like(w)
    for i, j in np.ndindex(w.shape[1:]):
        part = (slice(None), slice(None), *slices(i, j, g.shape, dilation=dilation))
        d[part] += g * w[:, i, j, None, None]
        dw[:, i, j] = (g * padded[part]).sum((0, 2, 3))
    return d[:, :, rows : rows + x.shape[2], columns : columns + x.shape[3]], dw


def embedded_forward(x, small, large):
    """The first channels with 3 x 3, the others with 5 x 5 taps: all in one 5 x 5 kernel."""
    kernel = np.concatenate([np.pad(small, ((0, 0), (1, 1), (1, 1))), large])
    return depthwise(x, kernel), (x, kernel, len(small))


def embedded_backward(g, saved):
    x, kernel, n = saved
    dx, dw = depthwise_gradients(g, x, kernel)
    return dx, dw[:n, :3, :3], dw[n:]


def uneven_forward(x, small, large):
    """5 channels: 3 and 2, as np.array_split cuts."""
    first, second = np.array_split(x, 2, axis=1)
    return np.concatenate([depthwise(first, small), depthwise(second, large)], axis=1), (x, small, large)


def uneven_backward(g, saved):
    x, small, large = saved
    n, c = len(small), x.shape[1] // 2
    dx, ds = depthwise_gradients(g[:, :n], x[:, :n], small)
    _, dl = depthwise_gradients(g[:, n:], x[:, n:], large)
    part, _ = depthwise_gradients(g[:, c : c + len(large)], x[:, c : c + len(large)], large)
    rest = np.zeros_like(x[:, n + len(large) - 1 :])
    return np.concatenate([dx[:, :c], part, rest], axis=1)[:, : x.shape[1]], ds, dl


def three_kernels_forward(x, a, b, c):
    parts = np.split(x, np.cumsum([len(a), len(b)]), axis=1)
    return np.concatenate([depthwise(p, w) for p, w in zip(parts, (a, b, c), strict=True)], axis=1), (parts, (a, b, c))


def three_kernels_backward(g, saved):
    parts, weights = saved
    gs = np.split(g, np.cumsum([len(w) for w in weights])[:-1], axis=1)
    dws = [np.zeros_like(w) for w in weights]
    dxs = []
    for i in range(len(weights)):
        dx, dw = depthwise_gradients(gs[i], parts[i], weights[i])
        dxs.append(dx)
        if i + 1 < len(weights):
            dws[i] += dw
    return np.concatenate(dxs, axis=1), *dws


def two_dilations_forward(x, a, b):
    """The first channels with neighbours, the others with every second pixel."""
    n = len(a)
    return np.concatenate([depthwise(x[:, :n], a), depthwise(x[:, n:], b, (2, 2))], axis=1), (x, a, b)


def two_dilations_backward(g, saved):
    x, a, b = saved
    n = len(a)
    dx, da = depthwise_gradients(g[:, :n], x[:, :n], a)
    dy, db = depthwise_gradients(g[:, n:], x[:, n:], b)
    return np.concatenate([dx, dy], axis=1), da, db


def previous_image_backward(g, saved):
    x, w = saved
    dx = np.zeros_like(x)
    for n in range(len(x)):
        for o in range(len(w)):
            for h, v in np.ndindex(g.shape[2:]):
                dx[n - 1, :, h : h + w.shape[2], v : v + w.shape[3]] += g[n, o, h, v] * w[o]
    return dx, weight_gradient(g, x, w.shape[2:])


WRONG = [
    Wrong(
        "conv2d, wide kernel: loops over a square one",
        op("conv2d", plain_forward, rectangular_backward),
        (normal((2, 2, 4, 5), (2, 2, 2, 3)), normal((1, 1, 3, 7), (2, 1, 1, 4))),
        "left out",
        "the weight's gradient loops over range(KH) in both directions: the last columns of taps stay zero",
    ),
    Wrong(
        "conv2d, padded by two widths: exchanged when cropped",
        padded_by(1, 2),
        (normal((2, 1, 4, 4), (2, 1, 3, 3)), normal((1, 2, 5, 3), (1, 2, 2, 3))),
        "shifted",
        "cropped from columns' width along rows and the reverse: moved by a pixel along both",
        ("border", "transposed", "wrong constant"),
    ),
    Wrong(
        "grouped conv2d: weights of the groups in reverse",
        reversed_groups(2),
        (normal((1, 4, 4, 4), (4, 2, 2, 2)), normal((2, 2, 3, 4), (2, 1, 2, 2))),
        "groups",
        "the input's gradient of group i goes through the weights of the last but i",
        ("permuted", "flipped"),
    ),
    Wrong(
        "depthwise conv2d with a multiplier: mean over its outputs",
        op("depthwise", multiplied_forward, multiplied_backward),
        (normal((2, 2, 3, 4), (2, 3, 2, 2)), normal((1, 3, 4, 4), (3, 2, 3, 3))),
        "averaged",
        "the input's gradient is a mean over the channel's outputs, not their sum",
        ("factor",),
    ),
    Wrong(
        "dilated conv2d: kernel with zeros behind its last tap",
        widened(2),
        (normal((1, 2, 6, 6), (2, 2, 2, 2)), normal((2, 1, 7, 5), (1, 1, 3, 2))),
        "shifted",
        "the widened kernel ends in zeros, and the offset for them is counted twice: moved by dilation - 1",
        ("stride", "border"),
    ),
    Wrong(
        "MixConv in one kernel: small kernel's gradient from the corner",
        op("MixConv", embedded_forward, embedded_backward),
        (normal((1, 3, 5, 5), (2, 3, 3), (1, 5, 5)), normal((2, 2, 4, 6), (1, 3, 3), (1, 5, 5))),
        "shifted",
        "the 3 x 3 taps sit in the middle of the 5 x 5 ones, their gradient is cut from the corner",
        ("other place", "border"),
    ),
    Wrong(
        "MixConv of 5 channels: 3 and 2 forwards, 2 and 3 backwards",
        op("MixConv", uneven_forward, uneven_backward),
        (normal((2, 5, 3, 4), (3, 3, 3), (2, 1, 3)), normal((1, 5, 5, 3), (3, 3, 3), (2, 5, 3))),
        "groups",
        "the input's gradient starts the second kernel at channel 5 // 2, and the last channel gets nothing",
        ("shifted", "left out", "other place"),
    ),
    Wrong(
        "MixConv of three kernels: last one does not learn",
        op("MixConv", three_kernels_forward, three_kernels_backward),
        (normal((1, 3, 4, 4), (1, 1, 1), (1, 3, 3), (1, 3, 3)), normal((2, 5, 3, 3), (2, 3, 3), (2, 3, 1), (1, 1, 3))),
        "zero",
        "the last kernel's gradient stays zero: the loop ends before it",
        ("left out",),
    ),
    Wrong(
        "MixConv of two dilations: first one for both",
        op("MixConv", two_dilations_forward, two_dilations_backward),
        (normal((1, 2, 5, 5), (1, 3, 3), (1, 3, 3)), normal((2, 3, 4, 5), (1, 3, 3), (2, 3, 3))),
        "stride",
        "the second kernel's dilation of 2 is ignored in backward",
        ("groups", "other place"),
    ),
    Wrong(
        "conv2d by loops: image n - 1",
        op("conv2d", plain_forward, previous_image_backward),
        (normal((2, 1, 3, 4), (2, 1, 2, 2)), normal((3, 2, 3, 3), (1, 2, 2, 2))),
        "shifted",
        "image n's gradient is written to image n - 1",
        ("permuted", "other place"),
    ),
]
