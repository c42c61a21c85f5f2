"""New solutions, wrong and right, of the exercises of notebook 4 with kernels: mixconv2d, embed."""

from itertools import product

import numpy as np
from corpus import collected

from minimix import reference

SOLUTIONS, solution = collected()


# mixconv2d


def split(x, weights):
    starts = np.cumsum([0] + [len(w) for w in weights])
    return [x[:, a : a + len(w)] for a, w in zip(starts, weights, strict=False)]


def convolve(part, weight):
    return reference.depthwise_conv2d(part, weight)


@solution("mixconv2d", "every g-th channel", "group t gets the channels t, t + g, t + 2g ... instead of neighbouring ones")
def mix_interleaved(x, weights):
    parts = [x[:, t :: len(weights)] for t in range(len(weights))]
    return np.concatenate([convolve(part, w) for part, w in zip(parts, weights, strict=True)], axis=1)


@solution(
    "mixconv2d",
    "kernels from the last",
    "the list of kernels is taken from its end, so that the first channels get the last group's kernels",
)
def mix_reversed(x, weights):
    weights = weights[::-1]
    return np.concatenate([convolve(part, w) for part, w in zip(split(x, weights), weights, strict=True)], axis=1)


@solution(
    "mixconv2d",
    "whole kernel as padding",
    "K zeros on each side instead of K // 2, and the first H rows and W columns are kept: the result is shifted down and right",
)
def mix_whole_padding(x, weights):
    height, width = x.shape[2:]
    found = []
    for part, w in zip(split(x, weights), weights, strict=True):
        found.append(reference.depthwise_conv2d(part, w, 1, w.shape[-1])[:, :, :height, :width])
    return np.concatenate(found, axis=1)


@solution(
    "mixconv2d",
    "sizes for places",
    "np.split gets the groups' sizes instead of the places where they begin, which is right for one and two groups only",
)
def mix_sizes(x, weights):
    parts = np.split(x, [len(w) for w in weights][:-1], axis=1)
    return np.concatenate([convolve(part, w) for part, w in zip(parts, weights, strict=True)], axis=1)


@solution("mixconv2d", "1x1 left as it is", "the channels of a group with a 1x1 kernel are not multiplied by its weights")
def mix_one(x, weights):
    parts = split(x, weights)
    return np.concatenate([p if w.shape[-1] == 1 else convolve(p, w) for p, w in zip(parts, weights, strict=True)], axis=1)


@solution(
    "mixconv2d",
    "sizes for places, transposed",
    "two mistakes: np.split gets the groups' sizes instead of their places, and rows and columns of the kernels are exchanged",
)
def mix_sizes_transposed(x, weights):
    parts = np.split(x, [len(w) for w in weights][:-1], axis=1)
    turned = [w.transpose(0, 1, 3, 2) for w in weights]
    return np.concatenate([convolve(part, w) for part, w in zip(parts, turned, strict=True)], axis=1)


@solution(
    "mixconv2d",
    "groups added up",
    "the groups' results are added instead of concatenated: the shape is wrong for two groups or more, and unequal groups fail",
)
def mix_added(x, weights):
    return sum(convolve(part, w) for part, w in zip(split(x, weights), weights, strict=True))


@solution(
    "mixconv2d",
    "rim cut off for small pictures",
    "of a kernel larger than the picture only the middle part that fits into the picture is used, though its "
    "other taps see pixels, too",
)
def mix_rim(x, weights):
    found = []
    for part, w in zip(split(x, weights), weights, strict=True):
        fits = min(x.shape[2:])
        fits -= fits % 2 == 0
        cut = max((w.shape[-1] - fits) // 2, 0)
        found.append(convolve(part, w[:, :, cut : w.shape[-1] - cut, cut : w.shape[-1] - cut]))
    return np.concatenate(found, axis=1)


@solution("mixconv2d", "right, by size and back")
def mix_by_size(x, weights):
    kernels = [kernel for w in weights for kernel in w]
    sizes = np.array([kernel.shape[-1] for kernel in kernels])
    out = np.empty(x.shape)
    for k in set(sizes.tolist()):
        (which,) = np.nonzero(sizes == k)
        out[:, which] = convolve(x[:, which], np.stack([kernels[c] for c in which]))
    return out


@solution("mixconv2d", "right, matrices of shifts")
def mix_matrices(x, weights):
    height, width = x.shape[2:]
    out, start = [], 0
    for w in weights:
        part, half = x[:, start : start + len(w)], w.shape[-1] // 2
        taps = product(range(-half, half + 1), repeat=2)
        out.append(sum(np.eye(height, k=i) @ part @ np.eye(width, k=-j) * w[:, :, half + i, half + j, None] for i, j in taps))
        start += len(w)
    return np.concatenate(out, axis=1)


# embed


def largest(weights):
    return max(w.shape[-1] for w in weights)


def put_at(weights, row, column):
    """Each kernel with its corner at (row(margin), column(margin)) in a window of the largest size."""
    size, found = largest(weights), []
    for w in weights:
        margin, k = size - w.shape[-1], w.shape[-1]
        window = np.zeros((len(w), 1, size, size))
        window[:, :, row(margin) : row(margin) + k, column(margin) : column(margin) + k] = w
        found.append(window)
    return np.concatenate(found)


@solution(
    "embed",
    "margin of one",
    "every kernel smaller than the largest lies one row and one column from the corner, which is right for two less only",
)
def embed_margin_one(weights):
    return put_at(weights, lambda margin: min(margin, 1), lambda margin: min(margin, 1))


@solution(
    "embed", "stretched", "the small kernels are stretched to the large size, each tap repeated, instead of bordered with zeros"
)
def embed_stretched(weights):
    size = largest(weights)
    nearest = [np.arange(size) * w.shape[-1] // size for w in weights]
    return np.concatenate([w[:, :, rows[:, None], rows] for w, rows in zip(weights, nearest, strict=True)])


@solution(
    "embed",
    "start moves by one",
    "the first channel of a group is counted on by one a group instead of by the group's channels: groups overwrite each other",
)
def embed_start_by_one(weights):
    size = largest(weights)
    out = np.zeros((sum(len(w) for w in weights), 1, size, size))
    for start, w in enumerate(weights):
        margin = (size - w.shape[-1]) // 2
        out[start : start + len(w), :, margin : size - margin, margin : size - margin] = w
    return out


@solution("embed", "taps transposed", "rows and columns of each kernel are exchanged")
def embed_transposed(weights):
    return put_at([w.swapaxes(2, 3) for w in weights], lambda margin: margin // 2, lambda margin: margin // 2)


@solution(
    "embed",
    "size from the number of groups",
    "K is taken to be 2g + 1 for g groups, instead of the largest size that there is: wrong or failing where "
    "the sizes are not 3, 5, 7 ...",
)
def embed_number_of_groups(weights):
    size, found = 2 * len(weights) + 1, []
    for w in weights:
        margin = (size - w.shape[-1]) // 2
        found.append(np.pad(w, ((0, 0), (0, 0), (margin, margin), (margin, margin))))
    return np.concatenate(found)


@solution(
    "embed",
    "left margin missing, transposed",
    "two mistakes: the kernels are in the middle of the rows but begin at column 0, and rows and columns of "
    "each are exchanged before",
)
def embed_two(weights):
    return put_at([w.swapaxes(2, 3) for w in weights], lambda margin: margin // 2, lambda margin: 0)


@solution(
    "embed", "1x1 in the corner", "a kernel of 1x1 is put into the top left corner instead of the middle; all others are right"
)
def embed_one_corner(weights):
    size, found = largest(weights), []
    for w in weights:
        before = (size - w.shape[-1]) // 2 if w.shape[-1] > 1 else 0
        after = size - w.shape[-1] - before
        found.append(np.pad(w, ((0, 0), (0, 0), (before, after), (before, after))))
    return np.concatenate(found)


@solution("embed", "right, chosen places")
def embed_chosen(weights):
    size = largest(weights)
    out = np.zeros((sum(map(len, weights)), 1, size, size))
    kernels = (kernel for w in weights for kernel in w[:, 0])
    for window, kernel in zip(out[:, 0], kernels, strict=True):
        middle = np.arange(len(kernel)) + (size - len(kernel)) // 2
        window[np.ix_(middle, middle)] = kernel
    return out


@solution("embed", "right, the response to a dot")
def embed_response(weights):
    size = largest(weights)
    dot = np.zeros((1, 1, size, size))
    dot[..., size // 2, size // 2] = 1
    responses = [reference.depthwise_conv2d(np.repeat(dot, len(w), axis=1), w) for w in weights]
    return np.concatenate(responses, axis=1)[0, :, None, ::-1, ::-1]
