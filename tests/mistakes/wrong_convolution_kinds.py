"""Wrong depthwise, dilated, grouped, mixed and transposed convolutions."""

import numpy as np
from corpus import Wrong
from numpy.lib.stride_tricks import sliding_window_view

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def slices(i, j, g, stride=(1, 1), dilation=(1, 1)):
    """The rows and columns of the picture that tap (i, j) meets."""
    return tuple(
        slice(t * d, t * d + s * (n - 1) + 1, s) for t, n, s, d in zip((i, j), g.shape[-2:], stride, dilation, strict=True)
    )


# -- depthwise: x (N, C, H, W), w (C, K, K) --------------------------------------------------------------------------------


def depthwise(stride=(1, 1), dilation=(1, 1)):
    def forward(x, w):
        reach = [(k - 1) * d + 1 for k, d in zip(w.shape[1:], dilation, strict=True)]
        view = sliding_window_view(x, reach, axis=(2, 3))
        view = view[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
        return np.einsum("nchwij,cij->nchw", view, w), (x, w)

    return forward


def depthwise_input(g, x, w, stride=(1, 1), dilation=(1, 1)):
    dx = np.zeros_like(x)
    for i in range(w.shape[1]):
        for j in range(w.shape[2]):
            rows, columns = slices(i, j, g, stride, dilation)
            dx[:, :, rows, columns] += g * w[:, i, j, None, None]
    return dx


def depthwise_weight(g, x, w, stride=(1, 1), dilation=(1, 1)):
    dw = np.zeros_like(w)
    for i in range(w.shape[1]):
        for j in range(w.shape[2]):
            rows, columns = slices(i, j, g, stride, dilation)
            dw[:, i, j] = np.einsum("nchw,nchw->c", g, x[:, :, rows, columns])
    return dw


def dilation_ignored(g, saved):
    x, w = saved
    return depthwise_input(g, x, w), depthwise_weight(g, x, w, dilation=(2, 2))


def dilations_exchanged(g, saved):
    x, w = saved
    side = max(x.shape[2:])
    big = np.zeros((*x.shape[:2], side, side))
    big[:, :, : x.shape[2], : x.shape[3]] = x
    dw = np.zeros_like(w)
    for i in range(w.shape[1]):
        for j in range(w.shape[2]):
            rows, columns = slices(i, j, g, dilation=(2, 1))
            part = big[:, :, rows, columns]
            dw[:, i, j] = np.sum(g[:, :, : part.shape[2], : part.shape[3]] * part, axis=(0, 2, 3))
    return depthwise_input(g, x, w, dilation=(1, 2)), dw


def stride_of_weight_ignored(g, saved):
    x, w = saved
    return depthwise_input(g, x, w, stride=(2, 2)), depthwise_weight(g, x, w)


def channels_in_reverse(g, saved):
    x, w = saved
    dx = depthwise_input(g, x, w[::-1])
    return dx, depthwise_weight(g, x, w)


def weight_over_channels(g, saved):
    x, w = saved
    return depthwise_input(g, x, w), np.broadcast_to(depthwise_weight(g, x, w).sum(0), w.shape).copy()


def first_channel_only(g, saved):
    x, w = saved
    dw = np.zeros_like(w)
    dw[:1] = depthwise_weight(g[:, :1], x[:, :1], w[:1])
    return depthwise_input(g, x, w), dw


def multiplied(x, w):  # w (C, M, K, K); output channel c M + m
    view = sliding_window_view(x, w.shape[2:], axis=(2, 3))
    out = np.einsum("nchwij,cmij->ncmhw", view, w)
    return out.reshape(len(x), -1, *out.shape[3:]), (x, w)


def multiplier_outside(g, saved):
    x, w = saved
    c, m = w.shape[:2]
    view = sliding_window_view(x, w.shape[2:], axis=(2, 3))
    apart = g.reshape(len(x), m, c, *g.shape[2:])
    dw = np.einsum("nchwij,nmchw->cmij", view, apart)
    dx = np.zeros_like(x)
    right = g.reshape(len(x), c, m, *g.shape[2:])
    for k in range(m):
        dx += depthwise_input(right[:, :, k], x, w[:, k])
    return dx, dw


def multiplier_first(g, saved):
    x, w = saved
    view = sliding_window_view(x, w.shape[2:], axis=(2, 3))
    right = g.reshape(len(x), *w.shape[:2], *g.shape[2:])
    return depthwise_input(right[:, :, 0], x, w[:, 0]), np.einsum("nchwij,ncmhw->cmij", view, right)


# -- groups: w (O, C / G, K, K) --------------------------------------------------------------------------------------------


def grouped(groups):
    def forward(x, w):
        view = sliding_window_view(x, w.shape[2:], axis=(2, 3))
        view = view.reshape(len(x), groups, -1, *view.shape[2:])
        out = np.einsum("ngchwij,gocij->ngohw", view, w.reshape(groups, -1, *w.shape[1:]))
        return out.reshape(len(x), -1, *out.shape[3:]), (x, w, groups)

    return forward


def grouped_parts(g, saved):
    x, w, groups = saved
    view = sliding_window_view(x, w.shape[2:], axis=(2, 3))
    view = view.reshape(len(x), groups, -1, *view.shape[2:])
    gg = g.reshape(len(x), groups, -1, *g.shape[2:])
    return view, w.reshape(groups, -1, *w.shape[1:]), gg


def grouped_gradients(g, saved):
    x, w, groups = saved
    view, wg, gg = grouped_parts(g, saved)
    dx = np.zeros_like(x).reshape(len(x), groups, -1, *x.shape[2:])
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            rows, columns = slices(i, j, g)
            dx[:, :, :, rows, columns] += np.einsum("ngohw,goc->ngchw", gg, wg[..., i, j])
    return dx.reshape(x.shape), np.einsum("ngchwij,ngohw->gocij", view, gg).reshape(w.shape)


def groups_input_interleaved(g, saved):
    x, _w, groups = saved
    dx, dw = grouped_gradients(g, saved)
    return dx.reshape(len(x), groups, -1, *x.shape[2:]).swapaxes(1, 2).reshape(x.shape), dw


def groups_next_weight(g, saved):
    dx, dw = grouped_gradients(g, saved)
    view, _, gg = grouped_parts(g, saved)
    return dx, np.einsum("ngchwij,ngohw->gocij", np.roll(view, 1, axis=1), gg).reshape(dw.shape)


def groups_last_only(g, saved):
    _x, w, groups = saved
    each = len(w) // groups
    dx, _ = grouped_gradients(g, saved)
    view, _, gg = grouped_parts(g, saved)
    for k in range(groups):
        dw = np.zeros_like(w)
        dw[k * each : (k + 1) * each] = np.einsum("nchwij,nohw->ocij", view[:, k], gg[:, k])
    return dx, dw


def shuffled(x):
    """Channel shuffle of two groups."""
    n, c, h, v = x.shape
    return x.reshape(n, 2, c // 2, h, v).swapaxes(1, 2).reshape(x.shape), None


def shuffled_again(g, saved):
    dx, _ = shuffled(g)
    return (dx,)


# -- MixConv: channels in groups, each with a kernel size of its own, padded to the input's size ---------------------------


def same_depthwise(x, w, dilation=1):
    p = w.shape[1] // 2 * dilation
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    return depthwise(dilation=(dilation, dilation))(padded, w)[0], padded, p


def mixed(dilations=(1, 1)):
    def forward(x, *weights):
        parts = np.split(x, [len(weights[0])], axis=1)
        outs = [same_depthwise(*each) for each in zip(parts, weights, dilations, strict=True)]
        return np.concatenate([o[0] for o in outs], axis=1), ([o[1:] for o in outs], weights, dilations)

    return forward


def mixed_parts(g, saved):
    for gradient, (padded, p), w, d in zip(np.split(g, [len(saved[1][0])], axis=1), *saved, strict=True):
        dp = depthwise_input(gradient, padded, w, dilation=(d, d))
        yield dp[:, :, p:-p, p:-p], depthwise_weight(gradient, padded, w, dilation=(d, d))


def mixed_swapped(g, saved):
    (dx1, dw1), (dx2, dw2) = mixed_parts(g, saved)
    return np.concatenate([dx2, dx1], axis=1), dw1, dw2


def mixed_weights_swapped(g, saved):
    (dx1, dw1), (dx2, dw2) = mixed_parts(g, saved)
    return np.concatenate([dx1, dx2], axis=1), dw2, dw1


def mixed_one_padding(g, saved):
    (dx1, dw1), (_, dw2) = mixed_parts(g, saved)
    (padded, _p), w = saved[0][1], saved[1][1]
    dp = depthwise_input(g[:, len(dw1) :], padded, w)
    first = saved[0][0][1]
    h, v = g.shape[2:]
    return np.concatenate([dx1, dp[:, :, first : first + h, first : first + v]], axis=1), dw1, dw2


def mixed_first_group(g, saved):
    (dx1, dw1), (dx2, dw2) = mixed_parts(g, saved)
    return np.concatenate([dx1, np.zeros_like(dx2)], axis=1), dw1, dw2


# -- transposed: x (N, C, H, W), w (C, O, K, K), stride 2 ------------------------------------------------------------------


def transposed(padding=0):
    def forward(x, w):
        n, _, h, v = x.shape
        kh, kw = w.shape[2:]
        out = np.zeros((n, w.shape[1], 2 * (h - 1) + kh, 2 * (v - 1) + kw))
        for i in range(kh):
            for j in range(kw):
                rows, columns = slices(i, j, x, (2, 2))
                out[:, :, rows, columns] += np.einsum("nchw,co->nohw", x, w[:, :, i, j])
        return out[:, :, padding : out.shape[2] - padding, padding : out.shape[3] - padding], (x, w, padding)

    return forward


def transposed_gradients(g, x, w, stride=(2, 2)):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            rows, columns = slices(i, j, x, stride)
            part = g[:, :, rows, columns]
            dx += np.einsum("nohw,co->nchw", part, w[:, :, i, j])
            dw[:, :, i, j] = np.einsum("nchw,nohw->co", x, part)
    return dx, dw


def transposed_without_stride(g, saved):
    x, w, _ = saved
    return transposed_gradients(g, x, w, (1, 1))[0], transposed_gradients(g, x, w)[1]


def transposed_flipped(g, saved):
    x, w, _ = saved
    dx, _ = transposed_gradients(g, x, w[:, :, ::-1, ::-1])
    return dx, transposed_gradients(g, x, w)[1]


def transposed_padded_behind(g, saved):
    x, w, p = saved
    dx, _ = transposed_gradients(np.pad(g, ((0, 0), (0, 0), (0, 2 * p), (0, 2 * p))), x, w)
    _, dw = transposed_gradients(np.pad(g, ((0, 0), (0, 0), (p, p), (p, p))), x, w)
    return dx, dw


def spread(x):
    """Zeros between the pixels, the first step of a transposed convolution in two ops."""
    out = np.zeros((*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3]))
    out[:, :, ::2, ::2] = x
    return out, None


def spread_odd(g, saved):
    return (g[:, :, 1::2, 1::2],)


def spread_and_convolve(x, w):
    return F.conv2d(op("spread", spread, spread_odd)(x), w, padding=1)


DEPTHWISE = (normal((2, 3, 4, 5), (3, 3, 3)), normal((3, 2, 4, 4), (2, 2, 2)), normal((3, 3, 3, 4), (3, 1, 3)))
DILATED = (normal((1, 2, 7, 8), (2, 3, 3)), normal((1, 2, 5, 5), (2, 2, 2)), normal((2, 2, 5, 5), (2, 3, 3)))
STRIDED = (normal((1, 2, 7, 8), (2, 3, 3)), normal((1, 2, 6, 6), (2, 2, 2)), normal((2, 2, 5, 5), (2, 3, 3)))
MULTIPLIED = (normal((2, 3, 4, 5), (3, 2, 3, 3)), normal((1, 2, 4, 4), (2, 2, 2, 2)), normal((2, 2, 3, 3), (2, 4, 1, 1)))
GROUPED = (normal((2, 4, 3, 5), (6, 2, 3, 3)), normal((3, 4, 3, 3), (4, 2, 2, 2)), normal((1, 6, 3, 2), (2, 3, 1, 1)))
MIXED = (normal((2, 4, 3, 5), (2, 3, 3), (2, 5, 5)), normal((1, 2, 6, 6), (1, 3, 3), (1, 5, 5)))
TWINS = (normal((2, 4, 3, 5), (2, 3, 3), (2, 3, 3)), normal((1, 2, 6, 6), (1, 3, 3), (1, 3, 3)))
TRANSPOSED = (normal((2, 3, 3, 4), (3, 2, 3, 3)), normal((1, 2, 3, 3), (2, 2, 4, 4)), normal((2, 1, 2, 5), (1, 3, 3, 3)))

WRONG = [
    Wrong("dilated depthwise: input gradient without dilation", op("dilated", depthwise(dilation=(2, 2)), dilation_ignored),
          DILATED, "stride", "the input's gradient is that of a dilation of 1, not 2"),
    Wrong("dilated depthwise: dilations of the axes exchanged", op("dilated", depthwise(dilation=(1, 2)), dilations_exchanged),
          (normal((1, 3, 5, 7), (3, 3, 3)), normal((1, 2, 5, 5), (2, 2, 2)), normal((2, 2, 4, 6), (2, 2, 3))),
          "stride", "the weight's gradient takes the dilation (1, 2) as (2, 1)"),
    Wrong("strided depthwise: weight gradient without stride", op("strided", depthwise((2, 2)), stride_of_weight_ignored),
          STRIDED, "stride", "the weight's gradient is that of a stride of 1, not 2"),
    Wrong("depthwise: kernels in reverse order", op("depthwise", depthwise(), channels_in_reverse), DEPTHWISE,
          "permuted", "channel c of the input's gradient is made with the kernel of channel C - 1 - c", ("flipped", "groups")),
    Wrong("depthwise: weight gradient summed over channels", op("depthwise", depthwise(), weight_over_channels), DEPTHWISE,
          "summed", "every kernel gets the sum of all channels' gradients", ("groups",)),
    Wrong("depthwise: weight gradient of the first channel", op("depthwise", depthwise(), first_channel_only), DEPTHWISE,
          "left out", "only the first channel's kernel gets a gradient"),
    Wrong("depthwise, multiplier 2 and more: order of outputs", op("multiplied", multiplied, multiplier_outside), MULTIPLIED,
          "permuted", "for the weight's gradient, output c M + m is taken for m C + c", ("memory order", "groups")),
    Wrong("depthwise, multiplier 2 and more: first output", op("multiplied", multiplied, multiplier_first), MULTIPLIED,
          "left out", "the input's gradient comes from the first of each channel's outputs alone", ("not summed",)),
    Wrong("grouped conv2d: input channels interleaved", op("grouped", grouped(2), groups_input_interleaved), GROUPED,
          "groups", "input channels are laid out as c G + g where g C / G + c is right", ("permuted", "memory order")),
    Wrong("grouped conv2d: weight gradient with the next group", op("grouped", grouped(2), groups_next_weight), GROUPED,
          "groups", "the weight's gradient of a group is made with another group's input", ("permuted",)),
    Wrong("grouped conv2d: weight gradient of the last group", op("grouped", grouped(2), groups_last_only), GROUPED,
          "overwritten", "the weight's gradient is made anew for each group; the last group's remains", ("groups", "left out")),
    Wrong("channel shuffle: shuffled a second time", op("shuffle", shuffled, shuffled_again),
          (normal((2, 6, 2, 3)), normal((1, 8, 3, 3)), normal((6, 6, 1, 2))),
          "permuted", "the permutation is applied again, not inverted", ("groups", "memory order")),
    Wrong("MixConv: groups of channels swapped", op("mixed", mixed(), mixed_swapped), MIXED,
          "permuted", "the input's gradient has its two groups of channels in each other's places", ("groups",)),
    Wrong("MixConv: gradients of twin weights swapped", op("mixed", mixed((1, 2)), mixed_weights_swapped), TWINS,
          "exchanged", "the gradients of the two weights, of dilation 1 and 2, are exchanged"),
    Wrong("MixConv: one padding for all kernels", op("mixed", mixed(), mixed_one_padding), MIXED,
          "shifted", "the second group's gradient is cropped by the first kernel's padding: it is moved"),
    Wrong("MixConv: second group's input", op("mixed", mixed(), mixed_first_group), MIXED,
          "left out", "the second group of channels gets no gradient", ("groups",)),
    Wrong("transposed conv2d: input gradient without stride", op("transposed", transposed(), transposed_without_stride),
          TRANSPOSED, "stride", "the input's gradient reads the incoming one with stride 1, not 2"),
    Wrong("transposed conv2d: kernel flipped", op("transposed", transposed(), transposed_flipped), TRANSPOSED,
          "flipped", "the input's gradient is made with a flipped kernel, as that of a convolution would be"),
    Wrong("transposed conv2d: padding behind", op("transposed", transposed(1), transposed_padded_behind), TRANSPOSED,
          "shifted", "for the input's gradient, both borders of padding are put behind, none in front"),
    Wrong("zeros between pixels, then conv2d: odd pixels", spread_and_convolve,
          (normal((2, 3, 3, 4), (4, 3, 3, 3)), normal((1, 2, 4, 4), (2, 2, 3, 3))),
          "shifted", "forward writes pixels to even places, backward reads odd ones", ("stride", "other place")),
]  # fmt: skip
