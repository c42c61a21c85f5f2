"""Depthwise, grouped, transposed, mixed and one-dimensional convolutions with one slip in the backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def windows(x, k, dilation=1):
    """(N, C, L) to (N, C, OL, K)."""
    wide = np.lib.stride_tricks.sliding_window_view(x, dilation * (k - 1) + 1, axis=2)
    return wide[..., ::dilation]


# depthwise, pictures (N, C, H, W), weight (C, K, K), same padding for odd kernels


def depthwise_forward(x, w, dilation=1):
    k = w.shape[-1]
    p = dilation * (k - 1) // 2
    h, v = x.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    y = np.zeros(x.shape)
    for i in range(k):
        for j in range(k):
            y += xp[:, :, i * dilation : i * dilation + h, j * dilation : j * dilation + v] * w[:, i, j][:, None, None]
    return y, (xp, w, p, dilation)


def depthwise_weight(g, xp, w, dilation):
    h, v = g.shape[2:]
    dw = np.empty_like(w)
    for i in range(w.shape[1]):
        for j in range(w.shape[2]):
            dw[:, i, j] = (g * xp[:, :, i * dilation : i * dilation + h, j * dilation : j * dilation + v]).sum((0, 2, 3))
    return dw


def depthwise_not_mirrored(g, saved):
    xp, w, _, d = saved
    return depthwise_forward(g, w, d)[0], depthwise_weight(g, xp, w, d)


def depthwise_cut_undilated(g, saved):
    xp, w, _, d = saved
    h, v = g.shape[2:]
    k = w.shape[-1]
    dxp = np.zeros_like(xp)
    for i in range(k):
        for j in range(k):
            dxp[:, :, i * d : i * d + h, j * d : j * d + v] += g * w[:, i, j][:, None, None]
    p = (k - 1) // 2
    return dxp[:, :, p : p + h, p : p + v], depthwise_weight(g, xp, w, d)


def depthwise_middle_taps(g, saved):
    """The weight's gradient from the picture without its padding."""
    xp, w, p, d = saved
    dw = np.zeros_like(w)
    h, v = g.shape[2:]
    inner = xp[:, :, p : p + h, p : p + v]
    k = w.shape[-1]
    for i in range(k):
        for j in range(k):
            part = inner[:, :, i : i + h, j : j + v]
            dw[:, i, j] = (part * g[:, :, : part.shape[2], : part.shape[3]]).sum((0, 2, 3))
    return depthwise_forward(g, w[:, ::-1, ::-1], d)[0], dw


def depthwise_layer(backward, dilation=1):
    return op("depthwise", lambda x, w: depthwise_forward(x, w, dilation), backward)


def separable(x, w, pointwise):
    """Depthwise, swish, pointwise of the library; the depthwise one is wrong."""
    return F.pointwise_conv2d(F.silu(depthwise_layer(depthwise_channels_summed)(x, w)), pointwise)


def depthwise_channels_summed(g, saved):
    xp, w, _, d = saved
    dx = np.zeros_like(g)
    for c in range(len(w)):
        dx += depthwise_forward(g[:, [c]], w[[c], ::-1, ::-1], d)[0]
    return dx, depthwise_weight(g, xp, w, d)


# conv1d, x (N, C, L), w (O, C, K)


def conv1d_forward(x, w, stride=1):
    v = windows(x, w.shape[2])[:, :, ::stride]
    return np.einsum("nclk,ock->nol", v, w), (x, w, stride)


def conv1d_right_x(g, x, w, stride):
    dx = np.zeros_like(x)
    for i in range(g.shape[2]):
        dx[:, :, i * stride : i * stride + w.shape[2]] += np.einsum("no,ock->nck", g[:, :, i], w)
    return dx


def conv1d_kernel_by_correlate(g, saved):
    x, w, _ = saved
    dx = np.zeros_like(x)
    for n, c, o in np.ndindex(len(x), x.shape[1], len(w)):
        dx[n, c] += np.correlate(g[n, o], w[o, c], mode="full")
    return dx, np.einsum("nol,nclk->ock", g, windows(x, w.shape[2]))


def conv1d_product_of_sums(g, saved):
    x, w, stride = saved
    dw = np.zeros_like(w)
    for k in range(w.shape[2]):
        dw[:, :, k] = g.sum(0) @ x[:, :, k : k + g.shape[2]].sum(0).T
    return conv1d_right_x(g, x, w, stride), dw


# grouped conv1d, w (O, C / G, K)


def grouped_forward(x, w, groups=2):
    pieces = zip(np.split(x, groups, 1), np.split(w, groups), strict=True)
    return np.concatenate([conv1d_forward(a, b)[0] for a, b in pieces], axis=1), (x, w, groups)


def grouped_joined_along_batch(g, saved):
    x, w, groups = saved
    dx, dw = [], []
    for a, b, d in zip(np.split(x, groups, 1), np.split(w, groups), np.split(g, groups, 1), strict=True):
        dx.append(conv1d_right_x(d, a, b, 1))
        dw.append(np.einsum("nol,nclk->ock", d, windows(a, b.shape[2])))
    return np.concatenate(dx).reshape(x.shape), np.concatenate(dw)


def grouped_by_remainder(g, saved):
    x, w, groups = saved
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    per = x.shape[1] // groups
    for o in range(len(w)):
        channels = slice(o % groups * per, (o % groups + 1) * per)
        dx[:, channels] += conv1d_right_x(g[:, [o]], x[:, channels], w[[o]], 1)
        dw[o] = np.einsum("nl,nclk->ck", g[:, o], windows(x[:, channels], w.shape[2]))
    return dx, dw


# transposed conv1d, x (N, C, L), w (C, O, K)


def transposed_forward(x, w, stride=2):
    n, _, length = x.shape
    y = np.zeros((n, w.shape[1], stride * (length - 1) + w.shape[2]))
    for i in range(length):
        y[:, :, i * stride : i * stride + w.shape[2]] += np.einsum("nc,cok->nok", x[:, :, i], w)
    return y, (x, w, stride)


def transposed_right_x(g, w, stride):
    return np.einsum("nolk,cok->ncl", windows(g, w.shape[2])[:, :, ::stride], w)


def transposed_weight_without_stride(g, saved):
    x, w, stride = saved
    dw = np.zeros_like(w)
    for i in range(x.shape[2]):
        dw += np.einsum("nc,nok->cok", x[:, :, i], g[:, :, i : i + w.shape[2]])
    return transposed_right_x(g, w, stride), dw


def transposed_stride_on_taps(g, saved):
    x, w, stride = saved
    dx = np.zeros_like(x)
    for i in range(x.shape[2]):
        for k in range(w.shape[2]):
            dx[:, :, i] += g[:, :, i + stride * k] @ w[:, :, k].T
    dw = np.einsum("ncl,nolk->cok", x, windows(g, w.shape[2])[:, :, ::stride])
    return dx, dw


# mixed: the first half of the channels by 3 taps, the others by 5


def mixed_forward(x, w3, w5):
    half = x.shape[1] // 2
    xp = np.pad(x, ((0, 0), (0, 0), (2, 2)))
    a = np.einsum("nclk,ck->ncl", windows(xp[:, :half, 1:-1], 3), w3)
    b = np.einsum("nclk,ck->ncl", windows(xp[:, half:], 5), w5)
    return np.concatenate([a, b], axis=1), (xp, w3, w5)


def mixed_backward(g, saved):
    xp, w3, w5 = saved
    half = g.shape[1] // 2
    dxp = np.zeros_like(xp)
    for i in range(g.shape[2]):
        dxp[:, :half, i : i + 3] += g[:, :half, i, None] * w3
        dxp[:, half:, i : i + 5] += g[:, half:, i, None] * w5
    d3 = np.einsum("ncl,nclk->ck", g[:, :half], windows(xp[:, :half, 1:-1], 3))
    d5 = np.einsum("ncl,nclk->ck", g[:, half:], windows(xp[:, half:], 5))
    return dxp[:, :, 2:-2], d3, d5


WRONG = [
    Wrong(
        "depthwise conv2d: x's gradient by the same kernel",
        depthwise_layer(depthwise_not_mirrored),
        (normal((2, 3, 4, 4), (3, 3, 3)), normal((1, 2, 5, 6), (2, 5, 5)), normal((2, 2, 3, 3), (2, 3, 3))),
        "flipped",
        "the gradient is correlated with the kernel as forward does it: the kernel is not mirrored",
    ),
    Wrong(
        "dilated depthwise conv2d, same padding: cut by the undilated width",
        depthwise_layer(depthwise_cut_undilated, dilation=2),
        (normal((2, 2, 5, 5), (2, 3, 3)), normal((1, 3, 4, 6), (3, 3, 3))),
        "shifted",
        "the padded gradient is cut from (K - 1) / 2 on, without the dilation",
        ("stride",),
    ),
    Wrong(
        "depthwise conv2d: weight's gradient from the unpadded picture",
        depthwise_layer(depthwise_middle_taps),
        (normal((2, 2, 4, 4), (2, 3, 3)), normal((1, 3, 3, 5), (3, 3, 3))),
        "shifted",
        "the taps are read from the picture without its padding: each one pixel too far",
    ),
    Wrong(
        "depthwise conv2d, swish, pointwise: dx += for every channel",
        separable,
        (normal((2, 3, 3, 3), (3, 3, 3), (2, 3, 1, 1)), normal((1, 2, 4, 5), (2, 3, 3), (4, 2, 1, 1))),
        "summed",
        "the loop over channels adds each channel's gradient to all channels",
        ("groups", "independent", "term extra"),
    ),
    Wrong(
        "conv1d: np.correlate(g, w) for np.convolve",
        op("conv1d", conv1d_forward, conv1d_kernel_by_correlate),
        (normal((2, 2, 6), (3, 2, 3)), normal((1, 2, 5), (2, 2, 2)), normal((3, 1, 7), (1, 1, 4))),
        "flipped",
        "forward correlates; its backward is a full convolution, which correlate does mirrored",
    ),
    Wrong(
        "conv1d: batch summed before the product for the weight",
        op("conv1d", conv1d_forward, conv1d_product_of_sums),
        (normal((3, 2, 6), (2, 2, 3)), normal((2, 2, 5), (3, 2, 2))),
        "summed",
        "the sum of products over the batch is written as a product of sums: samples are mixed",
        ("wrong formula", "term extra"),
    ),
    Wrong(
        "grouped conv1d: pieces joined along the batch, reshaped",
        op("grouped_conv1d", grouped_forward, grouped_joined_along_batch),
        (normal((2, 4, 5), (4, 2, 3)), normal((3, 2, 6), (4, 1, 2))),
        "memory order",
        "np.concatenate without axis=1 joins the groups' gradients along the batch; a reshape hides it",
        ("permuted", "groups", "other place"),
    ),
    Wrong(
        "grouped conv1d by outputs: group o % G",
        op("grouped_conv1d", grouped_forward, grouped_by_remainder),
        (normal((2, 4, 5), (4, 2, 2)), normal((1, 2, 6), (6, 1, 3)), normal((3, 6, 4), (4, 3, 2))),
        "groups",
        "output o belongs to group o // (O / G), not o % G",
        ("permuted",),
    ),
    Wrong(
        "transposed conv1d of stride 2: weight's gradient without stride",
        op("transposed_conv1d", transposed_forward, transposed_weight_without_stride),
        (normal((2, 3, 4), (3, 2, 3)), normal((1, 2, 5), (2, 2, 2))),
        "stride",
        "the output's gradient is read at i, not at 2 i",
    ),
    Wrong(
        "transposed conv1d of stride 2: i + 2 k for 2 i + k",
        op("transposed_conv1d", transposed_forward, transposed_stride_on_taps),
        (normal((2, 3, 4), (3, 2, 3)), normal((1, 2, 5), (2, 2, 2))),
        "stride",
        "the stride multiplies the tap in place of the input's place",
        ("other place",),
    ),
    Wrong(
        "mixed conv1d of 3 and 5 taps: the small kernels one place early",
        op("mixed_conv1d", mixed_forward, mixed_backward),
        (normal((2, 4, 5), (2, 3), (2, 5)), normal((1, 2, 6), (1, 3), (1, 5)), normal((3, 2, 4), (1, 3), (1, 5))),
        "shifted",
        "padded by two for both, but three taps begin one place later: the first half of x's gradient is moved",
    ),
]
