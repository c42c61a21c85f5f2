"""Wrong convolutions along one axis: taps, strides, dilations, padding, groups, FFTs."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


# -- x (N, C, L), w (O, C, K) ----------------------------------------------------------------------------------------------


def taps(k, length, stride=1, dilation=1):
    """Which inputs tap k of the kernel meets."""
    return slice(k * dilation, k * dilation + stride * (length - 1) + 1, stride)


def conv1d(stride=1, dilation=1):
    def forward(x, w):
        length = (x.shape[2] - dilation * (w.shape[2] - 1) - 1) // stride + 1
        out = sum(np.einsum("oc,ncl->nol", w[:, :, k], x[:, :, taps(k, length, stride, dilation)]) for k in range(w.shape[2]))
        return out, (x, w)

    return forward


def weight_gradient(g, x, w, stride=1, dilation=1):
    each = [np.einsum("nol,ncl->oc", g, x[:, :, taps(k, g.shape[2], stride, dilation)]) for k in range(w.shape[2])]
    return np.stack(each, axis=2)


def input_gradient(g, x, w, stride=1, dilation=1):
    dx = np.zeros_like(x)
    for k in range(w.shape[2]):
        dx[:, :, taps(k, g.shape[2], stride, dilation)] += np.einsum("oc,nol->ncl", w[:, :, k], g)
    return dx


def weight_mirrored(g, saved):
    x, w = saved
    dw = np.zeros_like(w)
    for o in range(w.shape[0]):
        for c in range(w.shape[1]):
            for n in range(len(x)):
                dw[o, c] += np.convolve(x[n, c], g[n, o][::-1], mode="valid")[::-1]
    return input_gradient(g, x, w), dw


def input_mirrored(g, saved):
    x, w = saved
    reach = w.shape[2] - 1
    padded = np.pad(g, ((0, 0), (0, 0), (reach, reach)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2], axis=2)
    return np.einsum("nolk,ock->ncl", windows, w), weight_gradient(g, x, w)


def stride_forgotten(g, saved):
    x, w = saved
    dx = np.zeros_like(x)
    for i in range(g.shape[2]):
        dx[:, :, i : i + w.shape[2]] += np.einsum("no,ock->nck", g[:, :, i], w)
    return dx, weight_gradient(g, x, w, stride=2)


def dilation_forgotten(g, saved):
    x, w = saved
    return input_gradient(g, x, w, dilation=2), weight_gradient(g, x, w, dilation=1)


def windows_assigned(g, saved):
    x, w = saved
    dx = np.zeros(x.shape)
    for i in range(g.shape[2]):
        dx[:, :, i * 2 : i * 2 + w.shape[2]] = np.tensordot(g[:, :, i], w, axes=1)
    return dx, weight_gradient(g, x, w, stride=2)


def columns_added_by_index(g, saved):
    x, w = saved
    index = np.arange(g.shape[2])[:, None] + np.arange(w.shape[2])  # (OL, K)
    dx = np.zeros_like(x)
    dx[:, :, index] += np.einsum("nol,ock->nclk", g, w)
    return dx, weight_gradient(g, x, w)


def all_taps_but_the_last(g, saved):
    x, w = saved
    dw = np.zeros_like(w)
    for k in range(w.shape[2] - 1):
        dw[..., k] = np.einsum("nol,ncl->oc", g, x[..., k : k + g.shape[2]])
    return input_gradient(g, x, w), dw


def first_sample_weight(g, saved):
    x, w = saved
    dw = np.zeros_like(w)
    for k in range(w.shape[2]):
        dw[:, :, k] = g[0] @ x[0, :, k : k + g.shape[2]].T
    return input_gradient(g, x, w), dw


# -- padding ---------------------------------------------------------------------------------------------------------------


def causal(x, w):
    padded = np.pad(x, ((0, 0), (0, 0), (w.shape[2] - 1, 0)))
    out, _ = conv1d()(padded, w)
    return out, (padded, w)


def causal_cropped_at_the_end(g, saved):
    padded, w = saved
    dx = input_gradient(g, padded, w)
    return dx[:, :, : g.shape[2]], weight_gradient(g, padded, w)


def reflected(x, w):
    reach = w.shape[2] // 2
    padded = np.pad(x, ((0, 0), (0, 0), (reach, reach)), mode="reflect")
    out, _ = conv1d()(padded, w)
    return out, (padded, w, reach)


def reflections_cropped(g, saved):
    padded, w, reach = saved
    dx = input_gradient(g, padded, w)
    return dx[:, :, reach:-reach], weight_gradient(g, padded, w)


def reflections_as_symmetric(g, saved):
    padded, w, reach = saved
    dp = input_gradient(g, padded, w)
    dx = dp[:, :, reach:-reach].copy()
    dx[:, :, :reach] += dp[:, :, :reach][:, :, ::-1]
    dx[:, :, -reach:] += dp[:, :, -reach:][:, :, ::-1]
    return dx, weight_gradient(g, padded, w)


def same(x, w):
    """np.convolve(..., "same") of one signal, no longer a kernel than a signal."""
    return np.convolve(x, w, mode="same"), (x, w)


def same_by_correlate(g, saved):
    x, w = saved
    start = (len(w) - 1) // 2
    dw = np.correlate(np.pad(x, len(w)), g, mode="valid")[len(w) + start - np.arange(len(w))]
    return np.correlate(g, w, mode="same"), dw


def circular(x, w):
    """Circular convolution of signals as long as their kernel, by FFT."""
    return np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(w), x.shape[-1]), (x, w)


def circular_without_conjugate(g, saved):
    x, w = saved
    f = np.fft.rfft(g)
    n = x.shape[-1]
    return np.fft.irfft(f * np.fft.rfft(w), n), np.fft.irfft(f * np.conj(np.fft.rfft(x)), n)


def ring(x, w):
    """Each sum of neighbours on a ring, with weights for left, own and right."""
    return w[0] * np.roll(x, 1, -1) + w[1] * x + w[2] * np.roll(x, -1, -1), (x, w)


def ring_rolled_the_same_way(g, saved):
    x, w = saved
    dw = np.array([np.sum(g * np.roll(x, s, -1)) for s in (1, 0, -1)])
    return w[0] * np.roll(g, 1, -1) + w[1] * g + w[2] * np.roll(g, -1, -1), dw


# -- bias, groups, depth ---------------------------------------------------------------------------------------------------


def add_bias(y, b):
    return y + b[:, None], y.shape


def bias_mean(g, shape):
    return g, g.mean(axis=(0, 2))


def bias_last_sample(g, shape):
    db = np.zeros(shape[1])
    for n in range(shape[0]):
        db = g[n].sum(axis=1)
    return g, db


def with_bias(bias_backward):
    product = op("conv1d", conv1d(), lambda g, s: (input_gradient(g, *s), weight_gradient(g, *s)))
    bias = op("bias", add_bias, bias_backward)
    return lambda x, w, b: bias(product(F.pad(x, (1, 1)), w), b)


def depthwise(x, w):  # w (C, K)
    length = x.shape[2] - w.shape[1] + 1
    return sum(w[:, k, None] * x[:, :, k : k + length] for k in range(w.shape[1])), (x, w)


def depthwise_next_channel(g, saved):
    x, w = saved
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for c in range(len(w)):
        for k in range(w.shape[1]):
            dx[:, c, k : k + g.shape[2]] += g[:, c] * w[c - 1, k]
            dw[c, k] = np.vdot(g[:, c], x[:, c, k : k + g.shape[2]])
    return dx, dw


def depthwise_all_channels(g, saved):
    x, w = saved
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for k in range(w.shape[1]):
        part = x[:, :, k : k + g.shape[2]]
        dx[:, :, k : k + g.shape[2]] += g * w[:, k, None]
        dw[:, k] = (g * part).sum()
    return dx, dw


def grouped(x, w):  # pointwise in two groups; w (2, O, C / 2)
    parts = x.reshape(len(x), 2, -1, x.shape[2])
    return np.einsum("ngcl,goc->ngol", parts, w).reshape(len(x), -1, x.shape[2]), (parts, w)


def grouped_interleaved(g, saved):
    parts, w = saved
    gradient = g.reshape(len(g), -1, 2, g.shape[2]).swapaxes(1, 2)  # output o belongs to group o % 2
    dx = np.einsum("ngol,goc->ngcl", g.reshape(len(g), 2, -1, g.shape[2]), w)
    return dx.reshape(len(g), -1, g.shape[2]), np.einsum("ngol,ngcl->goc", gradient, parts)


# -- recursive filter ------------------------------------------------------------------------------------------------------


def smooth(x, a):
    """y[t] = a y[t - 1] + (1 - a) x[t], from zero, along the last axis."""
    y = np.zeros_like(x)
    state = np.zeros_like(x[..., 0])
    for t in range(x.shape[-1]):
        state = y[..., t] = a * state + (1 - a) * x[..., t]
    return y, (x, a, y)


def smooth_forwards_again(g, saved):
    x, a, y = saved
    back = np.zeros_like(g)  # the right one, for a
    carry = np.zeros_like(g[..., 0])
    for t in reversed(range(g.shape[-1])):
        carry = back[..., t] = g[..., t] + a * carry
    before = np.concatenate([np.zeros_like(y[..., :1]), y[..., :-1]], axis=-1)
    return smooth(g, a)[0], np.sum(back * (before - x))


def smooth_without_memory(g, saved):
    x, a, y = saved
    before = np.concatenate([np.zeros_like(y[..., :1]), y[..., :-1]], axis=-1)
    dx = np.zeros_like(x)
    carry = np.zeros_like(g[..., 0])
    for t in reversed(range(g.shape[-1])):
        carry = g[..., t] + a * carry
        dx[..., t] = (1 - a) * carry
    return dx, np.sum(g * (before - x))


CONV = (normal((2, 3, 8), (4, 3, 3)), normal((3, 2, 6), (2, 2, 4)), normal((1, 1, 7), (1, 1, 5)))
BATCH = (normal((2, 3, 8), (4, 3, 3)), normal((3, 3, 6), (3, 3, 2)), normal((4, 1, 5), (1, 1, 5)))
DEPTHWISE = (normal((2, 3, 8), (3, 3)), normal((3, 3, 5), (3, 5)), normal((1, 2, 6), (2, 1)))
SIGNALS = (lambda rng: [rng.standard_normal((3, 6)), np.array(0.7)], lambda rng: [rng.standard_normal(9), np.array(0.4)])
BIAS = (normal((2, 3, 8), (4, 3, 3), (4,)), normal((3, 3, 3), (3, 3, 3), (3,)), normal((2, 1, 6), (2, 1, 3), (2,)))

WRONG = [
    Wrong("conv1d: weight gradient mirrored", op("conv1d", conv1d(), weight_mirrored), CONV,
          "flipped", "the taps of the weight's gradient are in reverse order"),
    Wrong("conv1d: input gradient with kernel not mirrored", op("conv1d", conv1d(), input_mirrored), CONV,
          "flipped", "the padded gradient is correlated with the kernel; the mirrored kernel is right"),
    Wrong("conv1d: input gradient without stride", op("conv1d", conv1d(stride=2), stride_forgotten),
          (normal((2, 3, 9), (4, 3, 3)), normal((3, 2, 8), (2, 2, 2)), normal((1, 1, 12), (1, 1, 4))),
          "stride", "windows of the input's gradient start at i where 2 i is right"),
    Wrong("conv1d: weight gradient without dilation", op("conv1d", conv1d(dilation=2), dilation_forgotten),
          (normal((2, 3, 9), (4, 3, 3)), normal((3, 2, 8), (2, 2, 2)), normal((1, 1, 12), (1, 1, 4))),
          "stride", "tap k of the weight's gradient meets inputs from k where 2 k is right"),
    Wrong("conv1d: overlapping windows assigned", op("conv1d", conv1d(stride=2), windows_assigned),
          (normal((2, 3, 9), (4, 3, 3)), normal((3, 2, 8), (2, 2, 4)), normal((1, 1, 13), (1, 1, 5))),
          "overwritten", "windows that overlap are assigned to the input's gradient, not added"),
    Wrong("conv1d: += with repeated indices", op("conv1d", conv1d(), columns_added_by_index), CONV,
          "overwritten", "dx[:, :, index] += adds once where an index comes several times", ("not summed",)),
    Wrong("conv1d: last tap forgotten", op("conv1d", conv1d(), all_taps_but_the_last), CONV,
          "left out", "the last tap of the weight's gradient stays zero"),
    Wrong("conv1d: weight gradient of sample 0", op("conv1d", conv1d(), first_sample_weight), BATCH,
          "not summed", "the weight's gradient comes from sample 0 alone", ("left out",)),
    Wrong("causal conv1d: padding cropped at the end", op("causal", causal, causal_cropped_at_the_end), CONV,
          "shifted", "forward pads in front, backward crops at the end: the input's gradient is moved by K - 1"),
    Wrong("conv1d, reflected: border cropped", op("reflected", reflected, reflections_cropped),
          (normal((2, 3, 8), (4, 3, 3)), normal((3, 2, 6), (2, 2, 5)), normal((1, 1, 9), (1, 1, 7))),
          "border", "what arrives at the reflected padding is dropped, not added to the inputs it came from",
          ("term missing", "not summed")),
    Wrong("conv1d, reflected: folded back one off", op("reflected", reflected, reflections_as_symmetric),
          (normal((2, 3, 8), (4, 3, 3)), normal((3, 2, 6), (2, 2, 5)), normal((1, 1, 9), (1, 1, 7))),
          "border", "the padding's gradient is folded back as though the edge were repeated: one place off",
          ("shifted", "other place")),
    Wrong("np.convolve same: even kernels", op("same", same, same_by_correlate),
          (normal((8,), (4,)), normal((6,), (2,)), normal((9,), (6,))),
          "shifted", "np.correlate centres even kernels otherwise than the adjoint does: x's gradient is moved by one"),
    Wrong("FFT convolution: conjugate forgotten", op("circular", circular, circular_without_conjugate),
          (normal((8,), (8,)), normal((3, 6), (3, 6)), normal((5,), (5,))),
          "flipped", "x's gradient is multiplied by the kernel's transform, not its conjugate: a mirrored kernel"),
    Wrong("neighbours on a ring: rolled the same way", op("ring", ring, ring_rolled_the_same_way),
          (normal((7,), (3,)), normal((3, 5), (3,)), normal((2, 2, 4), (3,))),
          "flipped", "backward rolls in forward's direction: left and right weights are exchanged", ("shifted", "transposed")),
    Wrong("conv1d and bias: bias gradient is a mean", with_bias(bias_mean), BIAS,
          "averaged", "the bias' gradient is averaged over batch and length", ("factor",)),
    Wrong("conv1d and bias: bias gradient of the last sample", with_bias(bias_last_sample), BIAS,
          "overwritten", "the bias' gradient is assigned for each sample; the last one's remains", ("not summed", "left out")),
    Wrong("depthwise conv1d: neighbouring channel's kernel", op("depthwise", depthwise, depthwise_next_channel), DEPTHWISE,
          "permuted", "channel c of the input's gradient is made with the kernel of channel c - 1", ("groups", "shifted")),
    Wrong("depthwise conv1d: weight gradient over all channels", op("depthwise", depthwise, depthwise_all_channels), DEPTHWISE,
          "summed", "the weight's gradient is summed over channels, too", ("groups",)),
    Wrong("grouped pointwise conv1d: weight groups interleaved", op("grouped", grouped, grouped_interleaved),
          (normal((2, 4, 3), (2, 2, 2)), normal((3, 6, 1), (2, 3, 3)), normal((1, 2, 5), (2, 4, 1))),
          "groups", "for the weight's gradient, output o counts to group o % 2 in place of o // (O / 2)",
          ("permuted", "memory order")),
    Wrong("exponential smoothing: backward runs forwards", op("smooth", smooth, smooth_forwards_again), SIGNALS,
          "flipped", "x's gradient is smoothed from the first to the last; from the last to the first is right",
          ("transposed",)),
    Wrong("exponential smoothing: rate without memory", op("smooth", smooth, smooth_without_memory), SIGNALS,
          "term missing", "the rate's gradient lacks what it does to later outputs through the state", ("approximate",)),
]  # fmt: skip
