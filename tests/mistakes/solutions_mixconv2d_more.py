"""What learners write for the exercise of notebook 4 that computes a mixed convolution: wrong ones, part 2."""
# ruff: noqa: B905

import numpy as np
from corpus import Solution

from minimix import partition, reference


def wraps_around(x, weights):
    out, first = np.zeros_like(x), 0
    for weight in weights:
        part, r = x[:, first : first + len(weight)], weight.shape[-1] // 2
        for i in range(-r, r + 1):
            for j in range(-r, r + 1):
                out[:, first : first + len(weight)] += np.roll(part, (-i, -j), (2, 3)) * weight[:, :, r + i, r + j, None]
        first += len(weight)
    return out


def negative_index(x, weights):
    _, _, h, w = x.shape
    out, z = np.zeros(x.shape), 0
    for weight in weights:
        r = weight.shape[-1] // 2
        for kernel in weight:
            for row in range(h):
                for column in range(w):
                    for i in range(-r, r + 1):
                        for j in range(-r, r + 1):
                            if row + i < h and column + j < w and row + i >= -h and column + j >= -w:
                                out[:, z, row, column] += x[:, z, row + i, column + j] * kernel[0, r + i, r + j]
            z += 1
    return out


def sizes_by_position(x, weights):
    outputs, first = [], 0
    for t, weight in enumerate(weights, start=1):
        k = 2 * t + 1
        part = x[:, first : first + len(weight)]
        padded = np.pad(part, ((0, 0), (0, 0), (t, t), (t, t)))
        out = np.zeros(part.shape)
        for i in range(k):
            for j in range(k):
                out += padded[:, :, i : i + x.shape[2], j : j + x.shape[3]] * weight[:, :, i, j, None]
        outputs.append(out)
        first += len(weight)
    return np.concatenate(outputs, 1)


def list_of_results(x, weights):
    results, first = [], 0
    for weight in weights:
        results.append(reference.depthwise_conv2d(x[:, first : first + len(weight)], weight))
        first += len(weight)
    return results


def half_precision(x, weights):
    _, _, h, w = x.shape
    outputs, first = [], 0
    for weight in weights:
        k = weight.shape[-1]
        part = x[:, first : first + len(weight)].astype(np.float16)
        padded = np.pad(part, ((0, 0), (0, 0), (k // 2, k // 2), (k // 2, k // 2)))
        out = np.zeros(part.shape, np.float16)
        for i, j in np.ndindex(k, k):
            out += padded[:, :, i : i + h, j : j + w] * weight[:, :, i, j, None].astype(np.float16)
        outputs.append(out)
        first += len(weight)
    return np.concatenate(outputs, axis=1).astype(float)


def channels_of_group_summed(x, weights):
    out, first = np.zeros_like(x), 0
    for weight in weights:
        last, r = first + len(weight), weight.shape[-1] // 2
        padded = np.pad(x[:, first:last], [(0, 0), (0, 0), (r, r), (r, r)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[-2:], axis=(-2, -1))
        out[:, first:last] = np.einsum("nchwij,dij->ndhw", windows, weight[:, 0])
        first = last
    return out


def slices_for_large_pictures(x, weights):
    _, _, h, w = x.shape
    out, first = np.zeros_like(x), 0
    for weight in weights:
        own, r = slice(first, first + len(weight)), weight.shape[-1] // 2
        for i in range(-r, r + 1):
            for j in range(-r, r + 1):
                to = out[:, own, max(0, -i) : h - max(0, i), max(0, -j) : w - max(0, j)]
                to += x[:, own, max(0, i) : h + min(0, i), max(0, j) : w + min(0, j)] * weight[:, :, r + i, r + j, None]
        first += len(weight)
    return out


def size_for_channels(x, weights):
    outputs, first = [], 0
    for weight in weights:
        last = first + weight.shape[-1]
        outputs.append(reference.depthwise_conv2d(x[:, first:last], weight))
        first = last
    return np.concatenate(outputs, axis=1)


def channels_from_partition(x, weights):
    sizes = partition(x.shape[1], len(weights), "equal")
    ends = np.cumsum(sizes)[:-1]
    parts = np.split(x, ends, axis=1)
    return np.concatenate([reference.depthwise_conv2d(p, w) for p, w in zip(parts, weights)], axis=1)


def kernels_transposed(x, weights):
    kernels = [kernel for weight in weights for kernel in weight]
    channels = [
        reference.depthwise_conv2d(x[:, z : z + 1], kernel[None].transpose(0, 1, 3, 2)) for z, kernel in enumerate(kernels)
    ]
    return np.concatenate(channels, axis=1)


def columns_not_padded(x, weights):
    _, _, h, w = x.shape
    outputs, first = [], 0
    for weight in weights:
        k = weight.shape[-1]
        part = x[:, first : first + len(weight)]
        padded = np.pad(part, ((0, 0), (0, 0), (k // 2, k // 2), (0, k - 1)))  # all of the columns on the right
        out = sum(padded[:, :, i : i + h, j : j + w] * weight[:, 0, i, j][:, None, None] for i in range(k) for j in range(k))
        outputs.append(out)
        first += len(weight)
    return np.concatenate(outputs, axis=1)


def returns_in_loop(x, weights):
    outputs, first = [], 0
    for weight in weights:
        last = first + len(weight)
        outputs.append(reference.depthwise_conv2d(x[:, first:last], weight))
        first = last
        return np.concatenate(outputs, axis=1)


def first_size_for_all(x, weights):
    kernels = np.concatenate([weight[:, :, : weights[0].shape[2], : weights[0].shape[3]] for weight in weights])
    return reference.depthwise_conv2d(x, kernels)


def embedded_in_corner(x, weights):
    largest = max(weight.shape[-1] for weight in weights)
    kernels, first = np.zeros((x.shape[1], 1, largest, largest)), 0
    for weight in weights:
        k = weight.shape[-1]
        kernels[first : first + len(weight), :, :k, :k] = weight
        first += len(weight)
    return reference.depthwise_conv2d(x.astype(float), kernels)


def accumulator_kept(x, weights):
    _, _, h, w = x.shape
    out, z, total = np.zeros_like(x), 0, np.zeros((len(x), h, w))
    for weight in weights:
        r = weight.shape[-1] // 2
        for kernel in weight[:, 0]:
            padded = np.pad(x[:, z], ((0, 0), (r, r), (r, r)))
            for i, j in np.ndindex(kernel.shape):
                total += padded[:, i : i + h, j : j + w] * kernel[i, j]
            out[:, z] = total
            z += 1
    return out


def not_small_pictures(x, weights):
    outputs, first = [], 0
    for weight in weights:
        part, k = x[:, first : first + len(weight)], weight.shape[-1]
        if k > min(x.shape[2:]):
            outputs.append(np.zeros_like(part))
        else:
            outputs.append(reference.depthwise_conv2d(part, weight))
        first += len(weight)
    return np.concatenate(outputs, axis=1)


def turned_and_in_batch(x, weights):
    outputs, first = [], 0
    for weight in weights:
        part = x[:, first : first + len(weight)]
        outputs.append(reference.depthwise_conv2d(part, np.flip(weight, (2, 3))))
        first += len(weight)
    return np.concatenate(outputs, axis=0)


ENTRIES = [
    ("wraps around", wraps_around, "np.roll: beyond the edge the picture goes on at its other side, in place of zeros"),
    ("negative index", negative_index,
     "no check for pixels above or left of the picture: negative indices read from its other side"),
    ("sizes by position", sizes_by_position,
     "takes group t's kernel to be 2t + 1 wide in place of reading its size from its shape"),
    ("a list of results", list_of_results, "a list with one array for each group is returned: the concatenation is missing"),
    ("half precision", half_precision, "computes in float16: only three digits are right"),
    ("channels of a group summed", channels_of_group_summed,
     "each output channel sums over all channels of its group: right only for groups of one channel"),
    ("slices for large pictures", slices_for_large_pictures,
     "slices by a negative bound fail where the picture has fewer rows or columns than half of the kernel"),
    ("kernel size for channels", size_for_channels, "takes the kernel's width, K_t, for the group's number of channels, C_t"),
    ("channels from partition", channels_from_partition,
     "divides the channels in the equal way in place of reading C_t from each weight's shape"),
    ("kernels transposed", kernels_transposed, "rows and columns of the kernels are exchanged"),
    ("padding of columns on one side", columns_not_padded,
     "all padding of the columns is on the right, none on the left: results are shifted sideways by half a kernel"),
    ("return in the loop", returns_in_loop, "the return stands in the loop: only the first group is computed"),
    ("first size for all", first_size_for_all,
     "all kernels are cut to the first group's size (top left part); fails where that is not the smallest"),
    ("kernels in the corner", embedded_in_corner,
     "small kernels are laid into the top left corner of the large window in place of its middle: shifted"),
    ("total never reset", accumulator_kept,
     "the accumulator is not set back to zero for each channel: each channel adds to those before it"),
    ("kernel larger than picture", not_small_pictures,
     "zeros for groups whose kernel is larger than the picture, where padding would make it fit"),
    ("turned, and along the batch", turned_and_in_batch,
     "two mistakes: kernels are turned by 180 degrees, and results concatenated along the batch"),
]  # fmt: skip
SOLUTIONS = [Solution("mixconv2d", f"mixconv2d: {name}", *rest) for name, *rest in ENTRIES]
