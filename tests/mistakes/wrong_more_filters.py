"""Filters of one axis, stencils and other filters with few taps, with a wrong backward pass."""

import numpy as np
from corpus import Wrong
from numpy.lib.stride_tricks import sliding_window_view

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def keep(forward):
    """A forward pass that saves its inputs."""
    return lambda *x: (np.asarray(forward(*x)), x)


def deformable_places(x, offset):
    """Between which two elements of x, and where between, each tap of each output lies; offset: (T, K)."""
    n, k = offset.shape
    place = np.clip(np.arange(n)[:, None] + np.arange(k) + np.tanh(offset), 0, len(x) - 1.001)
    low = place.astype(int)
    return low, place - low


def deformable_forward(x, offset, w):
    low, share = deformable_places(x, offset)
    return ((1 - share) * x[low] + share * x[low + 1]) @ w, (x, offset, w)


def deformable_backward(g, saved):
    x, offset, w = saved
    low, share = deformable_places(x, offset)
    gw = g[:, None] * w
    dx = np.zeros_like(x)
    np.add.at(dx, low, gw * (1 - share))
    np.add.at(dx, low + 1, gw * share)
    free = (np.arange(len(g))[:, None] + np.arange(len(w)) + np.tanh(offset)) > 0
    do = gw * (x[low] - x[low + 1]) * (1 - np.tanh(offset) ** 2) * free
    return dx, do, g @ ((1 - share) * x[low] + share * x[low + 1])


def dynamic_forward(x, a):
    """A kernel of three taps made from the mean over time, then applied to the row."""
    taps = np.tanh(x.mean(1) @ a)
    return np.einsum("ctk,ck->ct", sliding_window_view(x, 3, axis=1), taps[:, None].repeat(3, 1) * [1, 2, 1]), (x, a, taps)


def dynamic_backward(g, saved):
    x, _, taps = saved
    dx = np.zeros_like(x)
    for k, share in enumerate([1, 2, 1]):
        dx[:, k : k + g.shape[1]] += g * share * taps[:, None]
    dtaps = np.einsum("ct,ctk,k->c", g, sliding_window_view(x, 3, axis=1), [1, 2, 1]) * (1 - taps**2)
    return dx, np.outer(x.mean(1), dtaps)


def fold_averaged(g, shape):
    dx, count = np.zeros(shape), np.zeros(shape)
    for k in range(3):
        dx[:, k : k + g.shape[1]] += g[:, :, k]
        count[:, k : k + g.shape[1]] += 1
    return (dx / count,)


RADIUS = np.arange(-2.0, 3.0)


def blur_forward(x, sigma):
    taps = np.exp(-(RADIUS**2) / (2 * sigma**2))
    taps /= taps.sum()
    return sliding_window_view(x, 5, axis=-1) @ taps, (x, sigma, taps)


def blur_backward(g, saved):
    x, sigma, taps = saved
    dx = np.zeros_like(x)
    for k in range(5):
        dx[..., k : k + g.shape[-1]] += g * taps[k]
    dtaps = (g[..., None] * sliding_window_view(x, 5, axis=-1)).reshape(-1, 5).sum(0)
    return dx, np.array((dtaps * taps * RADIUS**2).sum() / sigma**3)


def box_forward(x):
    sums = np.concatenate([[0], np.cumsum(x)])
    return (sums[3:] - sums[:-3]) / 3, None


def box_backward(g, saved):
    """Each difference of running sums gives g to the upper one and -g to the lower one."""
    ds = np.zeros(len(g) + 3)
    ds[3:] += g / 3
    ds[:-3] -= g / 3
    return (np.append(np.cumsum(ds[::-1])[::-1][2:], 0),)


def causal_forward(x, w):
    y = np.zeros_like(x)
    for k, tap in enumerate(w.T):
        y[:, 2 * k :] += tap[:, None] * x[:, : x.shape[1] - 2 * k]
    return y, (x, w)


def causal_backward(g, saved):
    x, w = saved
    dw = [(g[:, 2 * k :] * x[:, : x.shape[1] - 2 * k]).sum(1) for k in range(w.shape[1])]
    return causal_forward(g, w)[0], np.stack(dw, axis=1)


def grouped_bias_forward(x, b):
    return x + b.reshape(1, -1, 1), x.shape


def grouped_bias_backward(g, shape):
    return g, g.sum((0, 2)).reshape(2, -1).T.ravel()


WINOGRAD_G = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])


WINOGRAD_B = np.array([[1.0, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])


WINOGRAD_A = np.array([[1.0, 1, 1, 0], [0, 1, -1, -1]])


def winograd_forward(d, w):
    """Two outputs of a kernel of three from four inputs; d: (N, 4)."""
    return ((d @ WINOGRAD_B.T) * (WINOGRAD_G @ w)) @ WINOGRAD_A.T, (d, w)


def winograd_backward(g, saved):
    d, w = saved
    dm = g @ WINOGRAD_A
    return (dm * (WINOGRAD_G @ w)) @ WINOGRAD_B.T, ((dm * (d @ WINOGRAD_B.T)).sum(0)) @ WINOGRAD_G


def two_dilations_forward(x, w):
    t = x.shape[1] - 4
    return sum(w[k] * (x[:, 1 + k : 1 + k + t] + x[:, 2 * k : 2 * k + t]) for k in range(3)), (x, w)


def two_dilations_backward(g, saved):
    x, w = saved
    dx, dw, t = np.zeros_like(x), np.zeros_like(w), g.shape[1]
    for k in range(3):
        dx[:, 1 + k : 1 + k + t] += w[k] * g
        dx[:, 2 * k : 2 * k + t] += w[k] * g
        dw[k] = (g * x[:, 1 + k : 1 + k + t]).sum()
    return dx, dw


def separable_filter_backward(g, saved):
    x, u, v = saved
    windows = sliding_window_view(x, (len(u), len(v)))
    dx = np.zeros_like(x)
    for i, j in np.ndindex(len(u), len(v)):
        dx[i : i + g.shape[0], j : j + g.shape[1]] += g * u[i] * v[j]
    return dx, np.einsum("hw,hwij,j->i", g, windows, v), np.einsum("hw,hwij->j", g, windows)


HOLES = (np.arange(400) * 7 % 5 > 1).astype(float)


def partial_forward(x, w):
    """A filter that only reads where nothing is missing, scaled up by how much is missing."""
    mask = HOLES[: x.size].reshape(x.shape)
    seen = sliding_window_view(mask, len(w), axis=-1).sum(-1)
    ratio = len(w) / np.maximum(seen, 1)
    return sliding_window_view(x * mask, len(w), axis=-1) @ w * ratio, (x, w, mask, ratio)


def partial_backward(g, saved):
    x, w, mask, ratio = saved
    dx = np.zeros_like(x)
    for k in range(len(w)):
        dx[..., k : k + g.shape[-1]] += g * w[k]
    return dx * mask, ((g * ratio)[..., None] * sliding_window_view(x * mask, len(w), axis=-1)).reshape(-1, len(w)).sum(0)


def laplacian(x, mode):
    p = np.pad(x, 1, mode=mode)
    return p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:] - 4 * x


def slope_backward(g, saved):
    """Of np.gradient: central differences, one-sided ones at the ends."""
    dx = np.zeros_like(g)
    dx[..., 2:] += g[..., 1:-1] / 2
    dx[..., :-2] -= g[..., 1:-1] / 2
    dx[..., [1, -1]] += g[..., [0, -1]] / 2
    dx[..., [0, -2]] -= g[..., [0, -1]] / 2
    return (dx,)


WRONG = [
    Wrong(
        "deformable conv1d: neighbours exchanged for the offsets",
        op("deformable", deformable_forward, deformable_backward),
        (normal(9, (5, 3), 3), normal(6, (4, 1), 1), normal(12, (4, 5), 5)),
        "sign",
        "an offset's slope is the right neighbour less the left one, and the left less the right is taken",
    ),
    Wrong(
        "dynamic convolution: x through the kernel",
        op("dynamic", dynamic_forward, dynamic_backward),
        (normal((3, 6), (3, 3)), normal((2, 4), (2, 2)), normal((5, 9), (5, 5))),
        "term missing",
        "the kernel is made from x, too, and this way back to x is left out",
    ),
    Wrong(
        "unfold: folded back as a mean",
        op("unfold", lambda x: (sliding_window_view(x, 3, axis=1).copy(), x.shape), fold_averaged),
        (normal((2, 6)), normal((3, 4)), normal((1, 12))),
        "averaged",
        "overlapping windows are averaged, as one does to rebuild a signal, where their gradients are to be summed",
        ("scale", "chain factor"),
    ),
    Wrong(
        "gaussian blur: sigma without the normaliser",
        op("blur", blur_forward, blur_backward),
        (
            lambda rng: [rng.standard_normal((3, 8)), np.array(1.2)],
            lambda rng: [rng.standard_normal(7), np.array(0.8)],
            lambda rng: [rng.standard_normal((2, 2, 6)), np.array(2.0)],
        ),
        "term missing",
        "the taps are divided by their sum, which depends on sigma, too",
    ),
    Wrong(
        "box filter by running sums: one place early",
        op("box", box_forward, box_backward),
        (normal(8), normal(5), normal(20)),
        "shifted",
        "the sums begin with a zero, for which one element is to be cut off, not two",
        ("other place",),
    ),
    Wrong(
        "dilated causal filter: causal backwards, too",
        op("causal", causal_forward, causal_backward),
        (normal((2, 7), (2, 3)), normal((3, 5), (3, 2)), normal((1, 10), (1, 4))),
        "flipped",
        "the gradient looks into the past as forward does, it must look into the future",
        ("transposed", "shifted", "other place"),
    ),
    Wrong(
        "conv1d and bias of two groups: bias interleaved",
        op("bias", grouped_bias_forward, grouped_bias_backward),
        (normal((2, 6, 3), 6), normal((3, 4, 5), 4), normal((1, 8, 2), 8)),
        "permuted",
        "the bias' gradient is laid out as (channel, group) where it is (group, channel)",
        ("groups", "memory order", "transposed"),
    ),
    Wrong(
        "Winograd F(2, 3): input's transform not transposed",
        op("winograd", winograd_forward, winograd_backward),
        (normal((5, 4), 3), normal((1, 4), 3), normal((4, 4), 3)),
        "transposed",
        "B.T is applied on the way back, as on the way there, where it should be B",
        ("wrong formula",),
    ),
    Wrong(
        "two dilations, one kernel: the second's use",
        op("two dilations", two_dilations_forward, two_dilations_backward),
        (normal((2, 8), 3), normal((1, 5), 3), normal((3, 12), 3)),
        "term missing",
        "the kernel is used with dilation 1 and 2, and only its use with dilation 1 counts",
        ("not summed",),
    ),
    Wrong(
        "separable filter: second vector without the first",
        op(
            "separable",
            keep(lambda x, u, v: np.einsum("hwij,i,j->hw", sliding_window_view(x, (len(u), len(v))), u, v)),
            separable_filter_backward,
        ),
        (normal((5, 6), 2, 3), normal((4, 4), 3, 3), normal((3, 8), 1, 4)),
        "chain factor",
        "the gradient of v sums over the windows without the factor u[i]",
        ("wrong formula", "scale", "factor"),
    ),
    Wrong(
        "partial convolution: scaled up in forward only",
        op("partial", partial_forward, partial_backward),
        (normal((3, 8), 3), normal((2, 5), 4), normal(12, 2)),
        "chain factor",
        "the ratio that makes up for missing elements is not in the input's gradient",
        ("scale",),
    ),
    Wrong(
        "laplacian with replicated edges: zeros around in backward",
        op("laplacian", lambda x: (laplacian(x, "edge"), None), lambda g, s: (laplacian(g, "constant"),)),
        (normal((4, 5)), normal((3, 3)), normal((6, 8))),
        "border",
        "the stencil is symmetric inside, but the replicated edge gives an element of the border its own g once or twice more",
        ("term missing", "not summed"),
    ),
    Wrong(
        "np.gradient: ends halved",
        op("gradient", lambda x: (np.gradient(x, axis=-1), None), slope_backward),
        (normal((3, 6)), normal(9), normal((4, 4))),
        "border",
        "the one-sided differences at the ends are not halved in forward, but in backward",
        ("wrong constant", "scale"),
    ),
]
