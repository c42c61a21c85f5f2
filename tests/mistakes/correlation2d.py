"""What wrong convolutions of pictures, (N, C, H, W), are made of: right correlations without padding, and their gradients."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def windows_of(x, kernel, stride=(1, 1), dilation=(1, 1)):
    """x (N, C, H, W) -> (N, C, OH, OW, KH, KW), a view."""
    span = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
    view = sliding_window_view(x, span, axis=(2, 3))
    return view[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]


def correlate(x, w, stride=(1, 1), dilation=(1, 1)):
    return np.einsum("nchwij,ocij->nohw", windows_of(x, w.shape[2:], stride, dilation), w, optimize=True)


def slices(i, j, shape, stride=(1, 1), dilation=(1, 1)):
    return tuple(
        slice(t * d, t * d + s * (n - 1) + 1, s) for t, n, s, d in zip((i, j), shape[-2:], stride, dilation, strict=True)
    )


def input_gradient(g, w, size, stride=(1, 1), dilation=(1, 1)):
    dx = np.zeros((len(g), w.shape[1], *size))
    for i, j in np.ndindex(w.shape[2:]):
        rows, columns = slices(i, j, g.shape, stride, dilation)
        dx[:, :, rows, columns] += np.einsum("nohw,oc->nchw", g, w[:, :, i, j])
    return dx


def weight_gradient(g, x, kernel, stride=(1, 1), dilation=(1, 1)):
    return np.einsum("nohw,nchwij->ocij", g, windows_of(x, kernel, stride, dilation), optimize=True)


def pad(x, rows, columns):
    return np.pad(x, ((0, 0), (0, 0), (rows, rows), (columns, columns)))
