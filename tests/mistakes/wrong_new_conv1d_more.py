"""Convolutions in one dimension, plain, strided, dilated, grouped and transposed, with a wrong backward pass (second part)."""

import numpy as np
from corpus import Wrong
from correlation1d import correlate, input_gradient, normal, op, weight_gradient
from numpy.lib.stride_tricks import sliding_window_view

import minimix.functional as F


def plain_forward(x, w):
    return correlate(x, w), (x, w)


def wavenet_forward(x, filters, gates):
    a, b = np.tanh(correlate(x, filters)), 1 / (1 + np.exp(-correlate(x, gates)))
    return a * b, (x, filters, gates, a, b)


def wavenet_backward(g, saved):
    x, filters, gates, a, b = saved
    da, db = g * b * (1 - a * a), g * a * b * (1 - b)
    k, length = filters.shape[2], x.shape[2]
    dx = input_gradient(da, filters, length) + input_gradient(db, gates, length)
    return dx, weight_gradient(db, x, k), weight_gradient(da, x, k)


def delay_forward(x, f):
    """A delay by a fraction of a step, one for each channel: (1 - f) x[t] + f x[t - 1]."""
    before = np.pad(x, ((0, 0), (1, 0)))[:, :-1]
    return (1 - f)[:, None] * x + f[:, None] * before, (x, before, f)


def delay_backward(g, saved):
    x, before, f = saved
    dx = (1 - f)[:, None] * g
    dx[:, :-1] += f[:, None] * g[:, 1:]
    return dx, (g * (x - before)).sum(1)


def lengths_of(x):
    return np.arange(x.shape[2]) < 2 + np.arange(len(x))[:, None] % (x.shape[2] - 3)


def masked_forward(x, w):
    m = lengths_of(x)[:, None]
    return correlate(x * m, w), (x * m, w)


def masked_backward(g, saved):
    x, w = saved
    return input_gradient(g, w, x.shape[2]), weight_gradient(g, x, w.shape[2])


def untied_bias_forward(y, b):
    return y + b, b.shape


def untied_bias_backward(g, shape):
    return g, np.broadcast_to(g.sum((0, 2))[:, None], shape).copy()


UNTIED = op("untied bias", untied_bias_forward, untied_bias_backward)


def conv_with_untied_bias(x, w, b):
    y = F.conv2d(F.reshape(x, x.shape[0], x.shape[1], 1, x.shape[2]), F.reshape(w, w.shape[0], w.shape[1], 1, w.shape[2]))
    return UNTIED(F.reshape(y, y.shape[0], y.shape[1], y.shape[3]), b)


def causal_depthwise(dilation):
    def forward(x, w):
        _c, k = w.shape
        padded = np.pad(x, ((0, 0), (0, 0), ((k - 1) * dilation, 0)))
        y = sum(w[:, i, None] * padded[:, :, i * dilation : i * dilation + x.shape[2]] for i in range(k))
        return y, (padded, w, x.shape[2])

    def backward(g, saved):
        padded, w, length = saved
        k = w.shape[1]
        dw = np.zeros_like(w)
        d = np.zeros_like(padded)
        for i in range(k):
            start = i * dilation
            d[:, :, start : start + length] += w[:, i, None] * g
            dw[:, i] = (g * padded[:, :, i : i + length]).sum((0, 2))
        return d[:, :, (k - 1) * dilation :], dw

    return op("causal depthwise conv1d", forward, backward)


def highpass_forward(x, w):
    """x minus a depthwise filter of it."""
    k = w.shape[1]
    padded = np.pad(x, ((0, 0), (0, 0), (k // 2, k // 2)))
    windows = sliding_window_view(padded, k, axis=2)
    return x - np.einsum("nclk,ck->ncl", windows, w), (windows, w)


def highpass_backward(g, saved):
    windows, w = saved
    k = w.shape[1]
    d = np.zeros((*g.shape[:2], g.shape[2] + k - 1))
    for i in range(k):
        d[:, :, i : i + g.shape[2]] += g * w[:, i, None]
    return g + d[:, :, k // 2 : k // 2 + g.shape[2]], -np.einsum("nclk,ncl->ck", windows, g)


def unfold_gradient_of_first_half(g, saved):
    """Strides of the gradient's windows written down by hand: one channel too few."""
    x, w = saved
    padded = np.pad(g, ((0, 0), (0, 0), (w.shape[2] - 1,) * 2))
    dx = np.empty_like(x)
    for c in range(x.shape[1]):
        source = min(c, g.shape[1] - 1)
        dx[:, c] = correlate(padded[:, source : source + 1], w[source : source + 1, c : c + 1, ::-1])[:, 0]
    return dx, weight_gradient(g, x, w.shape[2])


WRONG = [
    Wrong(
        "WaveNet's gate: filter's and gate's weights",
        op("gated conv1d", wavenet_forward, wavenet_backward),
        (normal((2, 2, 5), (2, 2, 2), (2, 2, 2)), normal((1, 3, 6), (1, 3, 3), (1, 3, 3))),
        "exchanged",
        "the gradients of the filter's and the gate's weights are exchanged",
    ),
    Wrong(
        "fractional delay: the delay's sign",
        op("delay", delay_forward, delay_backward),
        (normal((3, 8), (3,)), normal((1, 5), (1,)), normal((4, 4), (4,))),
        "sign",
        "the delay's gradient is x[t] - x[t - 1] for x[t - 1] - x[t]",
    ),
    Wrong(
        "conv1d of padded sequences: padding learns",
        op("conv1d", masked_forward, masked_backward),
        (normal((3, 2, 8), (2, 2, 3)), normal((2, 1, 6), (2, 1, 2))),
        "no mask",
        "steps behind each sequence's end are zeroed forwards, but get a gradient",
    ),
    Wrong(
        "conv1d with a bias for each place: summed over places",
        conv_with_untied_bias,
        (normal((2, 2, 6), (3, 2, 3), (3, 4)), normal((3, 1, 4), (2, 1, 2), (2, 3))),
        "summed",
        "the bias of each place gets the sum over all places",
    ),
    Wrong(
        "causal depthwise conv1d: taps one apart for the weight",
        causal_depthwise(2),
        (normal((2, 3, 8), (3, 3)), normal((1, 2, 6), (2, 2)), normal((2, 2, 7), (2, 4))),
        "stride",
        "the weight's gradient reads taps one step apart, forward has a dilation of 2",
        ("shifted", "other place"),
    ),
    Wrong(
        "x minus its average, learned: plus for the input",
        op("high pass", highpass_forward, highpass_backward),
        (normal((2, 2, 7), (2, 3)), normal((1, 3, 6), (3, 5))),
        "sign of a term",
        "the input's gradient adds the filter's part, where forward subtracts it",
    ),
    Wrong(
        "conv1d: input channel c from output channel c alone",
        op("conv1d", plain_forward, unfold_gradient_of_first_half),
        (normal((2, 2, 6), (2, 2, 3)), normal((1, 3, 5), (3, 3, 2)), normal((2, 2, 5), (4, 2, 2))),
        "left out",
        "the input's gradient of channel c only sees output channel c: no sum over output channels",
        ("not summed", "term missing", "groups"),
    ),
]
