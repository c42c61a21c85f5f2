"""Convolutions in one, two and three dimensions, with a wrong backward pass."""

import numpy as np
from corpus import Wrong
from numpy.lib.stride_tricks import sliding_window_view

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def keep(forward):
    """A forward pass that saves its inputs."""
    return lambda *x: (np.asarray(forward(*x)), x)


def around(x, before, after):
    """x with zeros around its last two axes."""
    return np.pad(x, [(0, 0)] * (x.ndim - 2) + [(before, after)] * 2)


def conv(x, w, stride=1):
    windows = sliding_window_view(x, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("nchwij,ocij->nohw", windows, w)


def conv_gradients(g, x, w, stride=1):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    height, width = g.shape[2:]
    for i, j in np.ndindex(*w.shape[2:]):
        rows, columns = slice(i, i + stride * height, stride), slice(j, j + stride * width, stride)
        dx[:, :, rows, columns] += np.einsum("nohw,oc->nchw", g, w[:, :, i, j])
        dw[:, :, i, j] = np.einsum("nohw,nchw->oc", g, x[:, :, rows, columns])
    return dx, dw


def same_forward(x, w):
    k = w.shape[2]
    padded = around(x, (k - 1) // 2, k // 2)
    return conv(padded, w), (padded, w)


def same_backward(g, saved):
    padded, w = saved
    k = w.shape[2]
    dx, dw = conv_gradients(g, padded, w)
    start, size = k // 2, padded.shape[2] - k + 1
    return dx[:, :, start : start + size, start : start + size], dw


def strided_backward(g, saved):
    x, w = saved
    dw = conv_gradients(g, x, w, 2)[1]
    spread = around(g.repeat(2, axis=2).repeat(2, axis=3), 2, 2)
    dx = conv(spread, w[:, :, ::-1, ::-1].swapaxes(0, 1))
    return dx[:, :, : x.shape[2], : x.shape[3]], dw


def conv3d(x, w):
    return np.einsum("ncdhwijk,ocijk->nodhw", sliding_window_view(x, w.shape[2:], axis=(2, 3, 4)), w)


def conv3d_backward(g, saved):
    x, w = saved
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    depth, height, width = g.shape[2:]
    for d in range(w.shape[2]):
        for i in range(w.shape[3]):
            for j in range(w.shape[4]):
                at = np.s_[:, :, d : d + depth, i : i + height, j : j + width]
                dx[at] += np.einsum("nodhw,oc->ncdhw", g, w[:, :, d, i, j])
                if d < depth:
                    dw[:, :, d, i, j] = np.einsum("nodhw,ncdhw->oc", g, x[at])
    return dx, dw


def local_backward(g, saved):
    """Each place has a kernel of its own; w: (L, K)."""
    x, w = saved
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for k in range(w.shape[1]):
        dx[:, k : k + len(w)] += g * w[:, k]
        dw[:, k] += (g * x[:, k : k + len(w)]).sum()
    return dx, dw


def circular_forward(x, w):
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)], mode="wrap")
    return conv(padded, w), (padded, w)


def circular_backward(g, saved):
    dx, dw = conv_gradients(g, *saved)
    return dx[:, :, 1:-1, 1:-1], dw


def transposed_conv1d_forward(x, w, b):
    """x: (N, C, T), w: (C, O, K), stride 2."""
    n, _, t = x.shape
    y = np.zeros((n, w.shape[1], 2 * (t - 1) + w.shape[2])) + b[:, None]
    for k in range(w.shape[2]):
        y[:, :, k : k + 2 * t - 1 : 2] += np.einsum("nct,co->not", x, w[:, :, k])
    return y, (x, w)


def transposed_conv1d_backward(weight, bias):
    def backward(g, saved):
        x, w = saved
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        for k in range(w.shape[2]):
            gk = g[:, :, k : k + 2 * x.shape[2] - 1 : 2]
            dx += np.einsum("not,co->nct", gk, w[:, :, k])
            dw[:, :, k] = np.einsum(weight, gk, x)
        return dx, dw, bias(g)

    return backward


def cropped(pad):
    def backward(g, saved):
        x, w = saved
        dx, dw = conv_gradients(g, around(x, pad, pad), w)
        return dx[:, :, pad:-pad, pad:-pad], dw

    return op("conv2d", lambda x, w: (conv(around(x, pad, pad), w), (x, w)), backward)


def single_weight_backward(g, saved):
    dx, dw = conv_gradients(g, *saved)
    return dx, dw.astype(np.float32)


def running_gradient_forward(x, w):
    return conv(x, w), (x, w, np.zeros_like(x))


def running_gradient_backward(g, saved):
    x, w, dx = saved
    for i, j in np.ndindex(*w.shape[2:]):
        dx[:, :, i : i + g.shape[2], j : j + g.shape[3]] += np.einsum("nohw,oc->nchw", g, w[:, :, i, j])
    return dx, conv_gradients(g, x, w)[1]


def stem(x, w, b):
    """conv2d, a bias and relu, of which the bias is wrong."""
    bias = op("bias", lambda y, b: (y + b[:, None, None], None), lambda g, s: (g, g.sum((2, 3)).mean(0)))
    return F.relu(bias(F.conv2d(x, w), b))


WRONG = [
    Wrong(
        "conv2d, same padding, even kernels: cropped from k // 2",
        op("conv2d", same_forward, same_backward),
        (normal((1, 2, 4, 4), (2, 2, 2, 2)), normal((2, 1, 5, 5), (3, 1, 4, 4)), normal((2, 2, 3, 3), (1, 2, 2, 2))),
        "shifted",
        "forward pads (k - 1) // 2 before and k // 2 behind, backward crops k // 2 before: one off for even kernels",
        ("border", "other place"),
    ),
    Wrong(
        "conv2d, stride 2: gradient repeated for spread with zeros",
        op("conv2d", lambda x, w: (conv(x, w, 2), (x, w)), strided_backward),
        (normal((1, 2, 5, 5), (2, 2, 3, 3)), normal((2, 1, 7, 7), (2, 1, 3, 3)), normal((1, 1, 3, 3), (1, 1, 3, 3))),
        "stride",
        "the input's gradient convolves a gradient whose entries are repeated 2 x 2 where zeros belong between them",
        ("summed", "other place"),
    ),
    Wrong(
        "conv3d: weight's taps in depth bounded by the output's depth",
        op("conv3d", keep(conv3d), conv3d_backward),
        (
            normal((1, 2, 4, 3, 3), (1, 2, 3, 2, 2)),
            normal((2, 1, 3, 3, 2), (2, 1, 3, 1, 2)),
            normal((1, 1, 2, 4, 4), (2, 1, 2, 2, 2)),
        ),
        "left out",
        "the last taps in depth never get a gradient, as the loop stops at the output's depth",
    ),
    Wrong(
        "locally connected: one gradient for all places",
        op("local", keep(lambda x, w: np.einsum("ntk,tk->nt", sliding_window_view(x, w.shape[1], axis=1), w)), local_backward),
        (normal((2, 6), (4, 3)), normal((3, 5), (4, 2)), normal((1, 8), (6, 3))),
        "summed",
        "the kernels differ from place to place, but each gets the sum over all places, as a convolution's would",
    ),
    Wrong(
        "circular conv2d: padding cropped",
        op("conv2d", circular_forward, circular_backward),
        (normal((1, 2, 4, 4), (2, 2, 3, 3)), normal((2, 1, 3, 5), (1, 1, 3, 3)), normal((2, 2, 2, 2), (2, 2, 3, 3))),
        "border",
        "what the wrapped border got is cut off where it belongs to the opposite side",
        ("term missing", "not summed", "left out"),
    ),
    Wrong(
        "transposed conv1d: weight's channels",
        op("conv1d", transposed_conv1d_forward, transposed_conv1d_backward("not,nct->oc", lambda g: g.sum((0, 2)))),
        (normal((2, 3, 4), (3, 3, 2), 3), normal((1, 2, 3), (2, 2, 3), 2), normal((4, 4, 2), (4, 4, 3), 4)),
        "transposed",
        "the weight is (in, out, K), its gradient is made as (out, in, K)",
    ),
    Wrong(
        "transposed conv1d: bias' gradient is a mean",
        op("conv1d", transposed_conv1d_forward, transposed_conv1d_backward("not,nct->co", lambda g: g.mean((0, 2)))),
        (normal((2, 3, 4), (3, 2, 2), 2), normal((1, 2, 3), (2, 2, 3), 2), normal((3, 1, 2), (1, 5, 4), 5)),
        "averaged",
        "the mean over batch and time where the sum is needed",
        ("factor",),
    ),
    Wrong(
        "conv2d without padding: cropped by 0:-0",
        cropped(0),
        (normal((1, 2, 4, 4), (2, 2, 3, 3)), normal((2, 1, 3, 3), (1, 1, 1, 1))),
        "shape",
        "x[:, :, 0:-0, 0:-0] is empty, so the input's gradient has no elements",
    ),
    Wrong(
        "conv2d: weight's gradient returned in float32",
        op("conv2d", keep(conv), single_weight_backward),
        (normal((1, 2, 4, 4), (2, 2, 3, 3)), normal((2, 1, 3, 5), (2, 1, 2, 2))),
        "dtype",
        "the gradient of a float64 weight is float32",
        ("precision",),
    ),
    Wrong(
        "conv2d: gradient summed up in an array of forward's",
        op("conv2d", running_gradient_forward, running_gradient_backward),
        (normal((1, 2, 4, 4), (2, 2, 3, 3)), normal((2, 1, 3, 5), (2, 1, 2, 2))),
        "changes saved",
        "the zeros are made once, in forward, so a second backward pass adds to what the first one left",
        ("state", "aliased"),
    ),
    Wrong(
        "conv2d, bias, relu: bias averaged over the pictures",
        stem,
        (normal((2, 2, 4, 4), (3, 2, 3, 3), 3), normal((3, 1, 3, 3), (3, 1, 2, 2), 3), normal((5, 2, 2, 2), (2, 2, 1, 1), 2)),
        "averaged",
        "summed over the pixels, but averaged over the pictures",
        ("factor",),
    ),
]
