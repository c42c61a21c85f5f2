"""Solutions by fresh eyes, wrong and right, of mixed convolution, forwards and backwards: mixconv2d, embed,
mixconv2d_backward."""

import itertools

import numpy as np
from corpus import collected

import minimix as mm
from minimix import reference

SOLUTIONS, solution = collected()


# mixconv2d


@solution(
    "mixconv2d",
    "moves on by the number of groups",
    "after each group the first channel moves on by len(weights), the number of groups, and not by the group's channels",
)
def mix_number_of_groups(x, weights):
    out, first = np.zeros(x.shape), 0
    for weight in weights:
        last = first + len(weight)
        out[:, first:last] = mm.reference.depthwise_conv2d(x[:, first:last], weight)
        first += len(weights)
    return out


@solution(
    "mixconv2d",
    "stacked",
    "the groups' results are stacked along a new axis and not joined along the channels: five axes, or a ValueError for groups"
    " of different sizes",
)
def mix_stacked(x, weights):
    results, start = [], 0
    for weight in weights:
        part = x[:, start : start + weight.shape[0]]
        results.append(mm.reference.depthwise_conv2d(part, weight))
        start += weight.shape[0]
    return np.stack(results, axis=1)


@solution(
    "mixconv2d",
    "border grows from group to group",
    "x itself is padded anew for each group, so from the second group on the border of the groups before is still there",
)
def mix_border_grows(x, weights):
    out = np.zeros(x.shape)
    height, width = x.shape[2:]
    first = 0
    for weight in weights:
        count, kernel = weight.shape[0], weight.shape[-1]
        x = np.pad(x, ((0, 0), (0, 0), (kernel // 2, kernel // 2), (kernel // 2, kernel // 2)))
        for i in range(kernel):
            for j in range(kernel):
                seen = x[:, first : first + count, i : i + height, j : j + width]
                out[:, first : first + count] += seen * weight[:, 0, i, j][:, None, None]
        first += count
    return out


@solution(
    "mixconv2d",
    "the picture's channel in the group's weight",
    "the weight of a group is indexed by the channel's number in the whole picture, and not within the group: an IndexError"
    " from the second group on",
)
def mix_global_channel(x, weights):
    height, width = x.shape[2:]
    out = np.zeros(x.shape)
    first = 0
    for weight in weights:
        border = weight.shape[-1] // 2
        padded = np.pad(x, ((0, 0), (0, 0), (border, border), (border, border)))
        for c in range(first, first + len(weight)):
            for i in range(weight.shape[2]):
                for j in range(weight.shape[3]):
                    out[:, c] += padded[:, c, i : i + height, j : j + width] * weight[c, 0, i, j]
        first += len(weight)
    return out


@solution(
    "mixconv2d",
    "last channel of each group",
    "the loop over a group's channels ends one too early: the last channel of each group stays 0",
)
def mix_last_channel(x, weights):
    out = np.zeros(x.shape)
    first = 0
    for weight in weights:
        for c in range(len(weight) - 1):
            channel = x[:, first + c : first + c + 1]
            out[:, first + c] = mm.reference.depthwise_conv2d(channel, weight[c : c + 1])[:, 0]
        first += len(weight)
    return out


@solution("mixconv2d", "right, from the last group")
def mix_from_last(x, weights):
    out, end = np.empty(x.shape), x.shape[1]
    for weight in weights[::-1]:
        first = end - len(weight)
        out[:, first:end] = mm.reference.depthwise_conv2d(x[:, first:end], weight)
        end = first
    return out


@solution("mixconv2d", "right, a kernel for each channel")
def mix_each_channel(x, weights):
    kernels = [kernel for weight in weights for kernel in weight[:, 0]]

    def plane(pixels, kernel):
        seen = np.lib.stride_tricks.sliding_window_view(np.pad(pixels, len(kernel) // 2), kernel.shape)
        return np.tensordot(seen, kernel, axes=2)

    return [[plane(pixels, kernel) for pixels, kernel in zip(image, kernels, strict=True)] for image in x]


# embed


@solution(
    "embed",
    "every kernel placed as a 3x3",
    "all kernels begin one row and column before the middle, which is right for 3x3 only: a 1x1 is not in the middle, and"
    " larger ones are not or do not fit",
)
def embed_as_three(weights):
    largest = max(weight.shape[2] for weight in weights)
    out = np.zeros((sum(map(len, weights)), 1, largest, largest))
    first = 0
    for weight in weights:
        size = weight.shape[2]
        start = largest // 2 - 1 if largest > 1 else 0
        out[first : first + len(weight), :, start : start + size, start : start + size] = weight
        first += len(weight)
    return out


@solution(
    "embed",
    "no place within the window",
    "each kernel is assigned to the group's whole windows, without a place in them: a ValueError for kernels smaller than the"
    " largest, and a 1x1 fills the window",
)
def embed_no_place(weights):
    largest = max(weight.shape[-1] for weight in weights)
    out = np.zeros((sum(weight.shape[0] for weight in weights), 1, largest, largest))
    first = 0
    for weight in weights:
        out[first : first + len(weight)] = weight
        first += len(weight)
    return out


@solution(
    "embed",
    "last row and column of taps lost",
    "the taps run over range(-r, r), which leaves out the last row and the last column of each kernel",
)
def embed_open_range(weights):
    largest = max(weight.shape[-1] for weight in weights)
    middle = largest // 2
    rows = []
    for weight in weights:
        r = weight.shape[-1] // 2
        for kernel in weight:
            window = np.zeros((1, largest, largest))
            for i in range(-r, r):
                for j in range(-r, r):
                    window[0, middle + i, middle + j] = kernel[0, r + i, r + j]
            rows.append(window)
    return np.array(rows)


@solution("embed", "true division", "the border is (K - K_t) / 2, a float, which np.pad refuses with a TypeError")
def embed_true_division(weights):
    largest = max(weight.shape[-1] for weight in weights)
    padded = []
    for weight in weights:
        border = (largest - weight.shape[-1]) / 2
        padded.append(np.pad(weight, ((0, 0), (0, 0), (border, border), (border, border))))
    return np.concatenate(padded)


@solution(
    "embed",
    "rows at the top, axis of one lost",
    "two mistakes: all zeros of the rows come below the kernel, so that it lies at the top, and the axis of one is missing",
)
def embed_two_mistakes(weights):
    largest = max(weight.shape[-1] for weight in weights)
    padded = []
    for weight in weights:
        border = (largest - weight.shape[-1]) // 2
        padded.append(np.pad(weight[:, 0], ((0, 0), (0, 2 * border), (border, border))))
    return np.vstack(padded)


@solution("embed", "right, by distance from the middle")
def embed_distances(weights):
    reach = max(weight.shape[-1] for weight in weights) // 2
    moves = range(-reach, reach + 1)

    def at(kernel, i, j):
        r = len(kernel) // 2
        return kernel[r + i][r + j] if max(abs(i), abs(j)) <= r else 0.0

    return [[[[at(kernel[0], i, j) for j in moves] for i in moves]] for weight in weights for kernel in weight.tolist()]


# mixconv2d_backward


@solution(
    "mixconv2d_backward",
    "only the last dW",
    "the gradient of the weights is overwritten by each group: the last one is returned instead of the list of all",
)
def back_last_weight(gradient, x, weights):
    grad_x, first = np.zeros_like(x), 0
    for weight in weights:
        own = slice(first, first + len(weight))
        grad_x[:, own] = reference.depthwise_conv2d_input_grad(gradient[:, own], x[:, own], weight)
        grad_weights = reference.depthwise_conv2d_weight_grad(gradient[:, own], x[:, own], weight)
        first += len(weight)
    return grad_x, grad_weights


@solution(
    "mixconv2d_backward",
    "extend for append",
    "the list is extended by each dW and not appended to, so it holds an array (1, K_t, K_t) for each channel, not one for each"
    " group",
)
def back_extend(gradient, x, weights):
    parts, grad_weights, first = [], [], 0
    for weight in weights:
        g, seen = gradient[:, first : first + len(weight)], x[:, first : first + len(weight)]
        parts.append(reference.depthwise_conv2d_input_grad(g, seen, weight))
        grad_weights.extend(reference.depthwise_conv2d_weight_grad(g, seen, weight))
        first += len(weight)
    return np.concatenate(parts, axis=1), grad_weights


@solution(
    "mixconv2d_backward",
    "one array for groups of different sizes",
    "np.stack makes one array of the dW of all groups, which have different shapes, where a list is wanted: a ValueError",
)
def back_one_array(gradient, x, weights):
    grad_x, grad_weights = [], []
    first = 0
    for weight in weights:
        last = first + weight.shape[0]
        grad_x.append(reference.depthwise_conv2d_input_grad(gradient[:, first:last], x[:, first:last], weight))
        grad_weights.append(reference.depthwise_conv2d_weight_grad(gradient[:, first:last], x[:, first:last], weight))
        first = last
    return np.concatenate(grad_x, axis=1), np.stack(grad_weights)


@solution(
    "mixconv2d_backward",
    "the group's size for its end",
    "a group's channels end at len(weight) and not at first + len(weight): from the second group on there are too few or none",
)
def back_end_is_size(gradient, x, weights):
    grad_x, grad_weights, first = np.zeros_like(x), [], 0
    for weight in weights:
        own = slice(first, len(weight))
        grad_x[:, own] = reference.depthwise_conv2d_input_grad(gradient[:, own], x[:, own], weight)
        grad_weights.append(reference.depthwise_conv2d_weight_grad(gradient[:, own], x[:, own], weight))
        first += len(weight)
    return grad_x, grad_weights


@solution(
    "mixconv2d_backward",
    "x divided along the batch",
    "np.split divides gradient along the channels but x along the images, because its axis is missing",
)
def back_x_by_images(gradient, x, weights):
    bounds = np.cumsum([len(weight) for weight in weights])[:-1]
    grad_x, grad_weights = [], []
    for g, part, weight in zip(np.split(gradient, bounds, axis=1), np.split(x, bounds), weights, strict=True):
        grad_x.append(reference.depthwise_conv2d_input_grad(g, part, weight))
        grad_weights.append(reference.depthwise_conv2d_weight_grad(g, part, weight))
    return np.concatenate(grad_x, axis=1), grad_weights


@solution("mixconv2d_backward", "right, accumulated bounds")
def back_accumulated(gradient, x, weights):
    bounds = itertools.pairwise(itertools.accumulate(map(len, weights), initial=0))
    groups = [(gradient[:, a:b], x[:, a:b], weight) for (a, b), weight in zip(bounds, weights, strict=True)]
    joined = np.hstack([reference.depthwise_conv2d_input_grad(*group) for group in groups])
    return [joined, tuple(reference.depthwise_conv2d_weight_grad(*group) for group in groups)]
