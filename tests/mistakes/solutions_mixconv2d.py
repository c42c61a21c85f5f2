"""What learners write for the exercise of notebook 4 that computes a mixed convolution: wrong ones, part 1, and right ones."""
# ruff: noqa: B905

import itertools

import numpy as np
from corpus import Solution

from minimix import functional, reference

# wrong ones


def equal_split(x, weights):
    parts = np.split(x, len(weights), axis=1)
    return np.concatenate([reference.depthwise_conv2d(part, w) for part, w in zip(parts, weights)], axis=1)


def side_by_side_in_batch(x, weights):
    outputs, first = [], 0
    for weight in weights:
        outputs.append(reference.depthwise_conv2d(x[:, first : first + len(weight)], weight))
        first += len(weight)
    return np.concatenate(outputs)


def first_never_moves(x, weights):
    outputs, first = [], 0
    for weight in weights:
        last = first + len(weight)
        outputs.append(reference.depthwise_conv2d(x[:, first:last], weight))
    return np.concatenate(outputs, axis=1)


def first_moves_by_one(x, weights):
    outputs = []
    for first, weight in enumerate(weights):
        outputs.append(reference.depthwise_conv2d(x[:, first : first + weight.shape[0]], weight))
    return np.concatenate(outputs, axis=1)


def turned_kernels(x, weights):
    outputs, first = [], 0
    for weight in weights:
        part = x[:, first : first + len(weight)]
        outputs.append(reference.depthwise_conv2d(part, weight[:, :, ::-1, ::-1]))
        first += len(weight)
    return np.concatenate(outputs, axis=1)


def padding_of_largest(x, weights):
    n, _, h, w = x.shape
    border = max(weight.shape[-1] for weight in weights) // 2
    padded = np.pad(x, ((0, 0), (0, 0), (border, border), (border, border)))
    outputs, first = [], 0
    for weight in weights:
        part = padded[:, first : first + len(weight)]
        out = np.zeros((n, len(weight), h, w))
        for i, j in np.ndindex(weight.shape[2:]):
            out += part[:, :, i : i + h, j : j + w] * weight[:, :, i, j, None]
        outputs.append(out)
        first += len(weight)
    return np.concatenate(outputs, axis=1)


def only_where_windows_fit(x, weights):
    out, c = np.zeros(x.shape), 0
    for weight in weights:
        k = weight.shape[-1]
        r = k // 2
        for own in weight[:, 0]:
            for y in range(r, x.shape[2] - r):
                for z in range(r, x.shape[3] - r):
                    out[:, c, y, z] = (x[:, c, y - r : y + r + 1, z - r : z + r + 1] * own).sum(axis=(1, 2))
            c += 1
    return out


def border_repeated(x, weights):
    out, first = np.empty(x.shape), 0
    for weight in weights:
        r = weight.shape[3] // 2
        padded = np.pad(x[:, first : first + len(weight)], ((0, 0), (0, 0), (r, r), (r, r)), mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], axis=(2, 3))
        out[:, first : first + len(weight)] = np.einsum("nchwij,cij->nchw", windows, weight[:, 0])
        first += len(weight)
    return out


def rows_for_columns(x, weights):
    n, c, h, w = x.shape
    out = np.zeros((n, c, w, h))
    kernels = [kernel for weight in weights for kernel in weight[:, 0]]
    for b, z, row, column in np.ndindex(out.shape):
        r = len(kernels[z]) // 2
        for i in range(-r, r + 1):
            for j in range(-r, r + 1):
                if 0 <= row + i < h and 0 <= column + j < w:
                    out[b, z, row, column] += x[b, z, row + i, column + j] * kernels[z][r + i, r + j]
    return out


def whole_numbers(x, weights):
    out = np.zeros(x.shape, dtype=int)
    first = 0
    for weight in weights:
        last = first + len(weight)
        out[:, first:last] = reference.depthwise_conv2d(x[:, first:last], weight)
        first = last
    return out


def first_picture_only(x, weights):
    out = np.zeros_like(x)
    first = 0
    for weight in weights:
        last = first + len(weight)
        out[0, first:last] = reference.depthwise_conv2d(x[:1, first:last], weight)[0]
        first = last
    return out


def written_into_x(x, weights):
    first = 0
    for weight in weights:
        own = slice(first, first + len(weight))
        x[:, own] = reference.depthwise_conv2d(x[:, own], weight)
        first = own.stop
    return x


def sorted_by_size(x, weights):
    outputs, first = [], 0
    for weight in sorted(weights, key=lambda weight: weight.shape[-1]):
        outputs.append(reference.depthwise_conv2d(x[:, first : first + len(weight)], weight))
        first += len(weight)
    return np.concatenate(outputs, axis=1)


def one_kernel_a_group(x, weights):
    outputs, first = [], 0
    for weight in weights:
        for channel in range(first, first + len(weight)):
            outputs.append(reference.depthwise_conv2d(x[:, channel : channel + 1], weight[:1]))
        first += len(weight)
    return np.concatenate(outputs, axis=1)


def last_tap_missing(x, weights):
    out, z = np.zeros(x.shape), 0
    _, _, h, w = x.shape
    for weight in weights:
        r = weight.shape[2] // 2
        for kernel in weight[:, 0]:
            padded = np.pad(x[:, z], ((0, 0), (r, r), (r, r)))
            for i in range(-r, r):
                for j in range(-r, r):
                    out[:, z] += kernel[i + r, j + r] * padded[:, i + r : i + r + h, j + r : j + r + w]
            z += 1
    return out


def by_size_in_dict(x, weights):
    groups = {weight.shape[-1]: weight for weight in weights}
    out, first = np.zeros_like(x), 0
    for weight in groups.values():
        last = first + weight.shape[0]
        out[:, first:last] = reference.depthwise_conv2d(x[:, first:last], weight)
        first = last
    return out


# right ones


def all_loops(x, weights):
    kernels = [kernel[0] for weight in weights for kernel in weight]
    out = np.zeros(x.shape)
    for b, z, row, column in np.ndindex(*x.shape):
        r = len(kernels[z]) // 2
        for i, j in itertools.product(range(-r, r + 1), repeat=2):
            if 0 <= row + i < x.shape[2] and 0 <= column + j < x.shape[3]:
                out[b, z, row, column] += x[b, z, row + i, column + j] * kernels[z][r + i, r + j]
    return out


def recursive(x, weights):
    head, *tail = weights
    result = reference.depthwise_conv2d(x[:, : len(head)], head)
    return np.hstack([result, recursive(x[:, len(head) :], tail)]) if tail else result


def as_one_large(x, weights):
    largest = max(weight.shape[-1] for weight in weights)
    kernels = np.zeros((x.shape[1], 1, largest, largest))
    for kernel, small in zip(kernels, (small for weight in weights for small in weight)):
        border = (largest - small.shape[-1]) // 2
        kernel[:, border : largest - border, border : largest - border] = small
    return reference.depthwise_conv2d(x.astype(float), kernels)


def split_at_ends(x, weights):
    parts = np.split(x, np.cumsum([len(weight) for weight in weights]), axis=1)  # an empty one at the end
    outputs = []
    for part, weight in zip(parts, weights):
        r = weight.shape[-1] // 2
        padded = np.pad(part, ((0, 0), (0, 0), (r, r), (r, r)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], axis=(2, 3))
        outputs.append(np.einsum("nchwij,cij->nchw", windows, weight[:, 0]))
    return np.concatenate(outputs, axis=1)


def minimix_itself(x, weights):
    return functional.mixconv2d(x, weights).data


def stamps(x, weights):
    _, c, h, w = x.shape
    kernels = [kernel for weight in weights for (kernel,) in weight]
    out = np.zeros(x.shape)
    for z, row, column in np.ndindex(c, h, w):  # each pixel leaves its kernel, turned
        k = len(kernels[z])
        large = np.zeros((h + k - 1, w + k - 1))
        large[row : row + k, column : column + k] = kernels[z][::-1, ::-1]
        out[:, z] += x[:, z, row, column, None, None] * large[k // 2 : k // 2 + h, k // 2 : k // 2 + w]
    return out


ENTRIES = [
    ("equal split", equal_split, "takes all groups to have the same number of channels (np.split into equal parts)"),
    ("concatenated along the batch", side_by_side_in_batch,
     "results are concatenated along axis 0, the batch, in place of the channels"),
    ("first never moves", first_never_moves,
     "the first channel of a group is never moved on: all groups read the channels from 0"),
    ("first moves by one", first_moves_by_one,
     "group t begins at channel t: the first channel moves on by 1 in place of the group's number of channels"),
    ("kernels turned", turned_kernels, "kernels are turned by 180 degrees (convolution in place of cross-correlation)"),
    ("padding of the largest", padding_of_largest,
     "all groups get the padding of the largest kernel, so smaller kernels are shifted down and right by the difference"),
    ("only where windows fit", only_where_windows_fit,
     "the border is left at zero: pixels whose window reaches over the edge are not computed"),
    ("border repeated", border_repeated, "pads with the edge's pixels in place of zeros"),
    ("rows for columns", rows_for_columns,
     "height and width are exchanged in the output's shape: right for square pictures only"),
    ("whole numbers", whole_numbers, "the result is stored in an integer array: fractions are cut off"),
    ("first picture only", first_picture_only, "only the first image of the batch is computed, the others stay zero"),
    ("written into x", written_into_x, "the numbers are right, but they are written into x: the input is changed"),
    ("sorted by size", sorted_by_size, "groups are sorted by kernel size: right only if the list is in that order"),
    ("one kernel a group", one_kernel_a_group, "all channels of a group use the kernel of its first channel"),
    ("last tap missing", last_tap_missing, "the last row and column of each kernel are left out"),
    ("sizes as keys", by_size_in_dict, "a dict with kernel sizes as keys: of two groups with the same size the first is lost"),
    ("right, all loops", all_loops),
    ("right, recursive", recursive),
    ("right, as one large depthwise", as_one_large),
    ("right, split and sliding windows", split_at_ends),
    ("right, minimix itself", minimix_itself),
    ("right, stamps", stamps),
]  # fmt: skip
SOLUTIONS = [Solution("mixconv2d", f"mixconv2d: {name}", *rest) for name, *rest in ENTRIES]
