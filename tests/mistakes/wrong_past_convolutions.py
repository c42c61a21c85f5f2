"""Convolutions of several kinds (dilated, causal, transposed, tied, turned, mixed, generated), with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def depthwise(x, w, strides=(1, 1)):
    """x: (N, C, H, W), w: (C, KH, KW), no padding."""
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[1:], axis=(2, 3))[:, :, :: strides[0], :: strides[1]]
    return np.einsum("nchwij,cij->nchw", windows, w), (x, w, windows)


def depthwise_backward(g, saved, strides=(1, 1)):
    x, w, windows = saved
    dx = np.zeros_like(x)
    for i, j in np.ndindex(w.shape[1:]):
        rows = dx[:, :, i : i + strides[0] * g.shape[2] : strides[0], j : j + strides[1] * g.shape[3] : strides[1]]
        rows += (g * w[:, i, j][:, None, None])[:, :, : rows.shape[2], : rows.shape[3]]
    return dx, np.einsum("nchwij,nchw->cij", windows, g)


def causal(x, w, dilation):
    """x: (C, T), w: (C, K): depthwise, padded in front by dilation (K - 1)."""
    k, t = w.shape[1], x.shape[1]
    padded = np.pad(x, ((0, 0), (dilation * (k - 1), 0)))
    return sum(w[:, i : i + 1] * padded[:, i * dilation : i * dilation + t] for i in range(k)), (padded, w, t)


def causal_backward(g, saved, dilation, crop, step=None):
    padded, w, t = saved
    step = step or dilation
    dpadded, dw = np.zeros((len(w), padded.shape[1] + crop)), np.zeros_like(w)
    for i in range(w.shape[1]):
        dpadded[:, i * dilation : i * dilation + t] += w[:, i : i + 1] * g
        dw[:, i] = (padded[:, i * step : i * step + t] * g).sum(1)
    return dpadded[:, crop : crop + t], dw


def causal_by_two(x, w):
    return causal(x, w, 2)


def dilations(c):
    return 1 + np.arange(c) % 3


def dilated_by_channel(x, w):
    """Each channel with a dilation of its own: 1, 2, 3, 1 ..."""
    return np.concatenate([causal(x[c : c + 1], w[c : c + 1], d)[0] for c, d in enumerate(dilations(len(x)))]), (x, w)


def dilated_by_channel_backward(g, saved):
    x, w = saved
    parts = []
    for c, d in enumerate(dilations(len(x))):
        one = causal(x[c : c + 1], w[c : c + 1], 1)[1]
        full = causal(x[c : c + 1], w[c : c + 1], d)[1]
        own = causal_backward(g[c : c + 1], full, d, d * (w.shape[1] - 1))
        parts.append((own[0], causal_backward(g[c : c + 1], one, 1, w.shape[1] - 1)[1]))
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def full_backward(g, saved):
    x, w = saved
    return np.correlate(g, w, "full")[: len(x)], np.correlate(g, x, "valid")


def transposed_2d(x, w, padding=0):
    """x: (H, W), w: (2, 2) or (3, 3), stride 2, a row and a column more behind."""
    k = len(w)
    y = np.zeros((2 * len(x) + k - 1, 2 * x.shape[1] + k - 1))
    for i, j in np.ndindex(k, k):
        y[i : i + 2 * len(x) : 2, j : j + 2 * x.shape[1] : 2] += w[i, j] * x
    return y, (x, w)


def transposed_2d_backward(g, saved):
    x, w = saved
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i, j in np.ndindex(w.shape):
        seen = g[i + 1 :: 2, j + 1 :: 2][: len(x), : x.shape[1]]
        dx[: len(seen), : seen.shape[1]] += w[i, j] * seen
        dw[i, j] = (x * g[i : i + 2 * len(x) : 2, j : j + 2 * x.shape[1] : 2]).sum()
    return dx, dw


def grouped_transposed(x, w):
    """x: (C, T), w: (C, K), stride equal to K; the channels of each half are summed up."""
    parts = np.einsum("gct,gck->gtk", x.reshape(2, -1, x.shape[1]), w.reshape(2, -1, w.shape[1]))
    return parts.reshape(2, -1), (x, w)


def grouped_transposed_backward(g, saved):
    x, w = saved
    g = np.repeat(g.reshape(2, x.shape[1], -1), len(x) // 2, axis=0)
    other = np.roll(g, len(x) // 2, axis=0)
    return np.einsum("ctk,ck->ct", g, w), np.einsum("ctk,ct->ck", other, x)


def rows_then_columns(x, r, c):
    """Separable filter, rows first; 'valid'."""
    k = len(r)
    inner = sum(r[i] * x[:, i : i + x.shape[1] - k + 1] for i in range(k))
    return sum(c[i] * inner[i : i + len(x) - k + 1] for i in range(k)), (x, r, c, inner)


def rows_then_columns_backward(g, saved):
    x, r, c, inner = saved
    k = len(r)
    dinner = np.zeros_like(inner)
    for i in range(k):
        dinner[i : i + len(g)] += c[i] * g
    dx = np.zeros_like(x)
    for i in range(k):
        dx[:, i : i + inner.shape[1]] += r[i] * dinner
    dc = np.array([(g * inner[i : i + len(g)]).sum() for i in range(k)])
    dr = np.array([(dinner * x[:, i : i + inner.shape[1]]).sum() for i in range(k)])
    return dx, dc, dr


def octave(high, low, a, b):
    """The low branch of an octave convolution: means of pairs of the high one, and the low one, each with a weight."""
    pooled = high.reshape(len(high), -1, 2).mean(2)
    return a @ pooled + b @ low, (pooled, low, a, b)


def octave_backward(g, saved):
    pooled, low, a, b = saved
    return np.repeat(a.T @ g, 2, axis=1), b.T @ g, g @ pooled.T, g @ low.T


def involution(x, kernel):
    """x: (C, T), kernel: (G, 3, T): each place has a kernel of its own, shared by the C / G channels of a group."""
    windows = np.stack([np.pad(x, ((0, 0), (1, 1)))[:, i : i + x.shape[1]] for i in range(3)], axis=1)
    full = np.repeat(kernel, len(x) // len(kernel), axis=0)
    return (windows * full).sum(1), (windows, full, kernel.shape)


def involution_backward(g, saved):
    windows, full, shape = saved
    dwindows = g[:, None] * full
    dx = np.zeros((len(g), g.shape[1] + 2))
    for i in range(3):
        dx[:, i : i + g.shape[1]] += dwindows[:, i]
    return dx[:, 1:-1], (g[:, None] * windows)[:: len(g) // shape[0]]


def involution_tiled(g, saved):
    windows, _full, shape = saved
    dx = involution_backward(g, saved)[0]
    return dx, (g[:, None] * windows).reshape((-1, *shape)).sum(0)


def mirrored(w):
    """(H, K): kernels of 2 K - 1 columns, left and right alike."""
    return np.concatenate([w, w[:, -2::-1]], axis=1)


def tied_conv(x, w):
    return depthwise(x[None, None], mirrored(w)[None])[0][0, 0], (x, w)


def tied_conv_backward(g, saved):
    x, w = saved
    dx, dw = depthwise_backward(g[None, None], depthwise(x[None, None], mirrored(w)[None])[1])
    return dx[0, 0], dw[0, :, : w.shape[1]]


def turned_conv(x, w):
    """One square kernel in its four quarter turns, four outputs."""
    return np.stack([depthwise(x[None, None], np.rot90(w, r)[None])[0][0, 0] for r in range(4)]), (x, w)


def turned_conv_backward(g, saved):
    x, w = saved
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for r in range(4):
        one, dturned = depthwise_backward(g[r][None, None], depthwise(x[None, None], np.rot90(w, r)[None])[1])
        dx += one[0, 0]
        dw += np.rot90(dturned[0], r)
    return dx, dw


def mixed_strided(x, small, large):
    """MixConv of stride 2: the first half of the channels with 1 x 1, the second with 3 x 3 kernels, padded alike."""
    half = x.shape[1] // 2
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    first = depthwise(x[:, :half], small, (2, 2))[0]
    second, saved = depthwise(padded[:, half:], large, (2, 2))
    return np.concatenate([first, second], axis=1), (x, small, saved)


def mixed_strided_backward(g, saved):
    x, small, second = saved
    half = x.shape[1] // 2
    dx = np.zeros_like(x)
    dx[:, :half, ::2, ::2] = g[:, :half] * small
    dsmall = (g[:, :half] * x[:, :half, : g.shape[2], : g.shape[3]]).sum((0, 2, 3), keepdims=True)[0]
    dpadded, dlarge = depthwise_backward(g[:, half:], second, (2, 2))
    dx[:, half:] = dpadded[:, :, 1:-1, 1:-1]
    return dx, dsmall, dlarge


def folded_frames(x, w):
    """x: (N, C, T), w: (C, C): a pointwise convolution as one matmul over all frames."""
    n, c, t = x.shape
    rows = x.transpose(0, 2, 1).reshape(n * t, c)
    return (rows @ w.T).reshape(n, t, c).transpose(0, 2, 1), (rows, w, x.shape)


def folded_frames_backward(g, saved):
    rows, w, (n, c, t) = saved
    back = g.reshape(n, c, t).swapaxes(0, 1).reshape(c, n * t)
    return (w.T @ back).reshape(n, c, t), back @ rows


def squeeze_scaled(x, w):
    """Depthwise 1 x 1 weights made from the channels' means by a matrix."""
    mean = x.mean((2, 3))
    gain = mean @ w.T
    return x * gain[:, :, None, None], (x, w, mean, gain)


def squeeze_scaled_backward(g, saved):
    x, w, mean, gain = saved
    dgain = (g * x).sum((2, 3))
    dx = g * gain[:, :, None, None] + (dgain @ w)[:, :, None, None]
    return dx, dgain.T @ mean


WRONG = [
    Wrong(
        "depthwise conv2d of strides 2 and 1: exchanged in backward",
        op(
            "depthwise",
            lambda x, w: depthwise(x, w, (2, 1)),
            lambda g, saved: depthwise_backward(g, saved, (1, 2)),
        ),
        (normal((1, 2, 7, 7), (2, 3, 3)), normal((2, 1, 5, 6), (1, 2, 2)), normal((1, 3, 6, 4), (3, 1, 3))),
        "stride",
        "x's gradient is spread by stride 1 along rows and 2 along columns, the reverse of forward",
        also=("other place", "transposed"),
    ),
    Wrong(
        "causal conv1d, dilation 2: padding without the dilation",
        op("causal", causal_by_two, lambda g, s: causal_backward(g, s, 2, s[1].shape[1] - 1)),
        (normal((2, 8), (2, 3)), normal((1, 6), (1, 2)), normal((3, 9), (3, 4))),
        "shifted",
        "k - 1 columns are cropped in front, forward pads by twice as many",
        also=("stride", "border"),
    ),
    Wrong(
        "causal conv1d, dilation 2: weight's taps side by side",
        op("causal", causal_by_two, lambda g, s: causal_backward(g, s, 2, 2 * (s[1].shape[1] - 1), 1)),
        (normal((2, 8), (2, 3)), normal((1, 6), (1, 2)), normal((3, 9), (3, 4))),
        "stride",
        "the weight's gradient reads taps one step apart, forward two",
        also=("shifted", "other place"),
    ),
    Wrong(
        "causal conv1d, a dilation for each channel: 1 for all weights",
        op("dilated_by_channel", dilated_by_channel, dilated_by_channel_backward),
        (normal((3, 8), (3, 3)), normal((2, 6), (2, 2)), normal((4, 9), (4, 3))),
        "stride",
        "the weight's gradient is that of dilation 1 in all channels",
        also=("shifted", "other place", "value"),
    ),
    Wrong(
        "np.convolve full: front of the correlation",
        op("full_convolution", lambda x, w: (np.convolve(x, w), (x, w)), full_backward),
        (normal(7, 3), normal(5, 2), normal(9, 4)),
        "shifted",
        "x's gradient is taken from the beginning of the full correlation, not from its middle",
        also=("other place", "border"),
    ),
    Wrong(
        "transposed conv2d with a row more behind: that row in front",
        op("transposed_2d", transposed_2d, transposed_2d_backward),
        (normal((3, 3), (3, 3)), normal((2, 4), (2, 2)), normal((4, 3), (3, 3))),
        "shifted",
        "x's gradient is read one row and one column too late, as if the output's extra ones were in front",
        also=("border", "other place"),
    ),
    Wrong(
        "grouped transposed conv1d: weights from the other group",
        op("grouped_transposed", grouped_transposed, grouped_transposed_backward),
        (normal((4, 5), (4, 3)), normal((2, 4), (2, 2)), normal((6, 3), (6, 2))),
        "groups",
        "the weight's gradient of one group is made from the outputs of the other",
        also=("permuted", "exchanged", "other place"),
    ),
    Wrong(
        "filter along rows, then along columns: gradients exchanged",
        op("rows_then_columns", rows_then_columns, rows_then_columns_backward),
        (normal((5, 6), 3, 3), normal((4, 4), 2, 2), normal((6, 5), 4, 4)),
        "exchanged",
        "the two kernels' gradients are returned in the wrong order",
    ),
    Wrong(
        "octave convolution: means of pairs not divided",
        op("octave", octave, octave_backward),
        (
            normal((2, 6), (2, 3), (3, 2), (3, 2)),
            normal((2, 4), (2, 2), (2, 2), (2, 2)),
            normal((1, 4), (3, 2), (2, 1), (2, 3)),
        ),
        "not averaged",
        "the high branch is averaged over pairs; its gradient lacks 1 / 2",
        also=("factor",),
    ),
    Wrong(
        "involution: kernel from the first channel of each group",
        op("involution", involution, involution_backward),
        (normal((4, 5), (2, 3, 5)), normal((3, 4), (1, 3, 4)), normal((6, 3), (2, 3, 3))),
        "not summed",
        "a kernel's gradient is not summed over the channels that share it",
        also=("left out", "groups"),
    ),
    Wrong(
        "involution: groups in the other order",
        op("involution", involution, involution_tiled),
        (normal((4, 5), (2, 3, 5)), normal((6, 4), (2, 3, 4)), normal((6, 3), (3, 3, 3))),
        "groups",
        "forward repeats each kernel for neighbouring channels, backward sums channels at a distance of G",
        also=("permuted", "memory order", "other place"),
    ),
    Wrong(
        "mirrored kernel: left half's use only",
        op("tied_conv", tied_conv, tied_conv_backward),
        (normal((5, 6), (3, 2)), normal((4, 5), (2, 2)), normal((3, 7), (1, 3))),
        "not summed",
        "each column but the middle one is used twice, and gets the gradient of its left use",
        also=("term missing", "left out"),
    ),
    Wrong(
        "kernel in four quarter turns: turned on, not back",
        op("turned_conv", turned_conv, turned_conv_backward),
        (normal((5, 5), (3, 3)), normal((4, 5), (2, 2)), normal((5, 6), (3, 3))),
        "flipped",
        "np.rot90(d, r) in place of np.rot90(d, -r): odd turns come back turned by half",
        also=("permuted", "transposed", "other place"),
    ),
    Wrong(
        "MixConv of stride 2: small kernels' weights without the stride",
        op("mixed_strided", mixed_strided, mixed_strided_backward),
        (
            normal((1, 4, 6, 6), (2, 1, 1), (2, 3, 3)),
            normal((2, 2, 5, 4), (1, 1, 1), (1, 3, 3)),
            normal((1, 2, 4, 4), (1, 1, 1), (1, 3, 3)),
        ),
        "stride",
        "the 1 x 1 kernels' gradient reads the first pixels, not every second one",
        also=("other place",),
    ),
    Wrong(
        "pointwise convolution of frames: channels before samples in backward",
        op("folded_frames", folded_frames, folded_frames_backward),
        (normal((2, 3, 4), (3, 3)), normal((3, 2, 2), (2, 2)), normal((2, 2, 2), (2, 2))),
        "memory order",
        "x's gradient, (C, N T), is reshaped to (N, C, T) without a transpose",
        also=("permuted", "transposed"),
    ),
    Wrong(
        "gains made of the channels' means: mean not divided",
        op("squeeze_scaled", squeeze_scaled, squeeze_scaled_backward),
        (normal((2, 3, 2, 3), (3, 3)), normal((1, 2, 3, 3), (2, 2)), normal((3, 4, 1, 2), (4, 4))),
        "not averaged",
        "the gradient that passes through the means is not divided by the number of pixels",
        also=("wrong constant",),
    ),
]
