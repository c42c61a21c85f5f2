"""What wrong convolutions of one dimension, (N, C, L), are made of: right correlations without padding, and their gradients."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def correlate(x, w, stride=1, dilation=1):
    """x (N, C, L), w (O, C, K) -> (N, O, M), without padding."""
    span = dilation * (w.shape[2] - 1) + 1
    windows = sliding_window_view(x, span, axis=2)[:, :, ::stride, ::dilation]
    return np.einsum("nclk,ock->nol", windows, w, optimize=True)


def input_gradient(g, w, length, stride=1, dilation=1):
    dx = np.zeros((g.shape[0], w.shape[1], length))
    for k in range(w.shape[2]):
        start = k * dilation
        dx[:, :, start : start + stride * (g.shape[2] - 1) + 1 : stride] += np.einsum("nol,oc->ncl", g, w[:, :, k])
    return dx


def weight_gradient(g, x, taps, stride=1, dilation=1):
    dw = np.zeros((g.shape[1], x.shape[1], taps))
    for k in range(taps):
        start = k * dilation
        part = x[:, :, start : start + stride * (g.shape[2] - 1) + 1 : stride]
        dw[:, :, k] = np.einsum("nol,ncl->oc", g, part)
    return dw
