"""Held-out solutions, wrong and right: mixconv2d, embed."""

from collections import deque
from itertools import accumulate

import numpy as np
from corpus import collected

import minimix as mm

SOLUTIONS, solution = collected()


# mixconv2d


@solution(
    "mixconv2d",
    "last is the length",
    "a part ends at len(weight) instead of at first + len(weight): right for the first group, from the second one on the parts "
    "are empty or too small, which fails",
)
def last_is_the_length(x, weights):
    outputs, first = [], 0
    for weight in weights:
        last = len(weight)
        outputs.append(mm.reference.depthwise_conv2d(x[:, first:last], weight))
        first = last
    return np.concatenate(outputs, axis=1)


@solution(
    "mixconv2d",
    "np.append flattens",
    "np.append without an axis joins the groups to one flat line of numbers, group after group",
)
def append_flattens(x, weights):
    result, first = np.array([]), 0
    for weight in weights:
        part = x[:, first : first + weight.shape[0]]
        result = np.append(result, mm.reference.depthwise_conv2d(part, weight))
        first += weight.shape[0]
    return result


@solution(
    "mixconv2d",
    "kernel of the picture's channel",
    "within a group the kernel is looked up by the channel's number in the picture instead of in the group: an IndexError from "
    "the second group on",
)
def kernel_of_pictures_channel(x, weights):
    out, first = np.zeros(x.shape), 0
    for weight in weights:
        for channel in range(first, first + len(weight)):
            out[:, channel] = mm.reference.depthwise_conv2d(x[:, channel, None], weight[channel][None])[:, 0]
        first += len(weight)
    return out


@solution(
    "mixconv2d",
    "first bound left out",
    "np.split gets the bounds from the second one on: the first part holds two groups' channels, which fails with two "
    "groups or more",
)
def first_bound_left_out(x, weights):
    bounds = np.cumsum([len(weight) for weight in weights])[1:]
    parts = np.split(x, bounds, axis=1)
    return np.concatenate([mm.reference.depthwise_conv2d(p, w) for p, w in zip(parts, weights)], axis=1)  # noqa: B905


@solution(
    "mixconv2d",
    "width from the height",
    "the columns are taken as many as the rows: in pictures that are not square a part of the result is missing (wide ones: "
    "zeros), or a slice falls outside and fails (tall ones)",
)
def width_from_the_height(x, weights):
    result = np.zeros_like(x, dtype=float)
    size, first = x.shape[2], 0
    for weight in weights:
        k = weight.shape[-1]
        p = k // 2
        padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        for c, taps in enumerate(weight[:, 0], start=first):
            for y in range(size):
                for z in range(size):
                    result[:, c, y, z] = (padded[:, c, y : y + k, z : z + k] * taps).sum(axis=(1, 2))
        first += len(weight)
    return result


@solution(
    "mixconv2d",
    "squeezed kernels",
    "weight.squeeze() removes the channels' axis, too, where a group has one channel (and the taps' axes of a 1x1 kernel): "
    "einsum fails there",
)
def squeezed_kernels(x, weights):
    outputs, start = [], 0
    for weight in weights:
        taps, k, stop = weight.squeeze(), weight.shape[-1], start + weight.shape[0]
        p = (k - 1) // 2
        wide = np.pad(x[:, start:stop], ((0, 0), (0, 0), (p, p), (p, p)))
        seen = np.lib.stride_tricks.sliding_window_view(wide, (k, k), axis=(2, 3))
        outputs.append(np.einsum("nchwij,cij->nchw", seen, taps))
        start = stop
    return np.concatenate(outputs, axis=1)


@solution(
    "mixconv2d",
    "equal parts, pixels of the edge",
    "two mistakes: the channels are divided by np.array_split instead of by the weights' shapes, and the border repeats the "
    "edge instead of being zero",
)
def equal_parts_edge(x, weights):
    outputs = []
    for part, weight in zip(np.array_split(x, len(weights), axis=1), weights, strict=True):
        p = weight.shape[-1] // 2
        wide = np.pad(part, ((0, 0), (0, 0), (p, p), (p, p)), mode="edge")
        outputs.append(mm.reference.depthwise_conv2d(wide, weight, padding=0))
    return np.concatenate(outputs, axis=1)


@solution("mixconv2d", "right, a queue of kernels")
def queue_of_kernels(x, weights):
    queue = deque(kernel for weight in weights for kernel in weight)
    out = np.empty(x.shape)
    for channel in out.swapaxes(0, 1):
        number = len(out[0]) - len(queue)
        channel[...] = mm.reference.depthwise_conv2d(x[:, number : number + 1], queue.popleft()[None])[:, 0]
    return out


@solution("mixconv2d", "right, by spectra")
def mixed_by_spectra(x, weights):
    (_, _, h, w), channels = x.shape, []
    kernels = [kernel for weight in weights for kernel in np.asarray(weight, dtype=float)[:, 0]]
    for number, kernel in enumerate(kernels):
        k = len(kernel)
        size = (h + k - 1, w + k - 1)
        product = np.fft.rfft2(x[:, number], size) * np.fft.rfft2(kernel[::-1, ::-1], size)
        channels.append(np.fft.irfft2(product, size)[:, k // 2 : k // 2 + h, k // 2 : k // 2 + w])
    return np.stack(channels, axis=1)


# embed


@solution(
    "embed",
    "np.resize",
    "np.resize fills the larger window with the kernels' numbers over and over, instead of zeros around them",
)
def resized(weights):
    largest = max(weight.shape[-1] for weight in weights)
    return np.concatenate([np.resize(weight, (len(weight), 1, largest, largest)) for weight in weights])


@solution(
    "embed",
    "groups of one size",
    "the number of channels is taken as the number of groups times the first group's: zeros are left over, or the last "
    "channels do not fit and fail, where the groups differ",
)
def groups_of_one_size(weights):
    k_max = max(weight.shape[2] for weight in weights)
    out = np.zeros((len(weights) * len(weights[0]), 1, k_max, k_max))
    first = 0
    for weight in weights:
        k = weight.shape[2]
        m = (k_max - k) // 2
        out[first : first + len(weight), :, m : m + k, m : m + k] = weight
        first += len(weight)
    return out


@solution(
    "embed",
    "begins at the middle",
    "a kernel's first tap is put at the middle of the window, not its middle one: for kernels above 1 it does not fit and "
    "fails",
)
def begins_at_the_middle(weights):
    size = max(weight.shape[-1] for weight in weights)
    rows = []
    for weight in weights:
        start, k = size // 2, weight.shape[-1]
        for kernel in weight[:, 0]:
            window = np.zeros((size, size))
            window[start : start + k, start : start + k] = kernel
            rows.append(window[None])
    return np.stack(rows)


@solution(
    "embed",
    "margin of the first",
    "the margin of the first group is used for all: groups with kernels of another size lie off the middle or do not fit",
)
def margin_of_the_first(weights):
    size = max(weight.shape[-1] for weight in weights)
    margin = (size - weights[0].shape[-1]) // 2
    out = np.zeros((sum(len(weight) for weight in weights), 1, size, size))
    channel = 0
    for weight in weights:
        for kernel in weight[:, 0]:
            for i, j in np.ndindex(kernel.shape):
                out[channel, 0, margin + i, margin + j] = kernel[i, j]
            channel += 1
    return out


@solution(
    "embed",
    "channels never move on",
    "every group is written from channel 0 on: it overwrites the groups before it, and the last channels stay zero",
)
def channels_never_move_on(weights):
    size = max(weight.shape[-1] for weight in weights)
    out = np.zeros((sum(map(len, weights)), 1, size, size))
    for weight in weights:
        m = (size - weight.shape[-1]) // 2
        for c in range(weight.shape[0]):
            out[c, 0, m : size - m, m : size - m] = weight[c, 0]
    return out


@solution("embed", "put in front", "each group is put in front of those before it, so that the groups' order is reversed")
def put_in_front(weights):
    size = max(weight.shape[-1] for weight in weights)
    out = np.zeros((0, 1, size, size))
    for weight in weights:
        margin = (size - weight.shape[-1]) // 2
        out = np.concatenate([np.pad(weight, ((0, 0), (0, 0), (margin, margin), (margin, margin))), out])
    return out


@solution(
    "embed",
    "zeros behind only, rows mirrored",
    "two mistakes: all zeros are put behind the kernel (it lies in the top left corner), and its rows are mirrored",
)
def behind_and_mirrored(weights):
    size = max(weight.shape[-1] for weight in weights)
    padded = []
    for weight in weights:
        missing = size - weight.shape[-1]
        padded.append(np.pad(weight[:, :, ::-1], ((0, 0), (0, 0), (0, missing), (0, missing))))
    return np.vstack(padded)


@solution("embed", "right, numbers of places")
def numbers_of_places(weights):
    size = max(weight.shape[-1] for weight in weights)
    firsts = accumulate((len(weight) for weight in weights), initial=0)
    flat = np.zeros(sum(len(weight) for weight in weights) * size**2)
    for first, weight in zip(firsts, weights, strict=False):
        places = np.arange(weight.shape[-1]) + size // 2 - weight.shape[-1] // 2
        channels = np.arange(first, first + len(weight))
        flat[(channels[:, None, None] * size + places[:, None]) * size + places] = weight[:, 0]
    return flat.reshape(-1, 1, size, size)


@solution("embed", "right, blocks")
def of_blocks(weights):
    size = max(weight.shape[-1] for weight in weights)

    def window(kernel):
        k, m = len(kernel), (size - len(kernel)) // 2
        return np.block(
            [
                [np.zeros((m, m)), np.zeros((m, k)), np.zeros((m, m))],
                [np.zeros((k, m)), kernel, np.zeros((k, m))],
                [np.zeros((m, m)), np.zeros((m, k)), np.zeros((m, m))],
            ]
        )

    return [[window(kernel)] for weight in weights for kernel in weight[:, 0]]
