"""Wrong solutions of the exercise "the backward pass of a mixed convolution"."""

import numpy as np
from corpus import Solution
from numpy.lib.stride_tricks import sliding_window_view

from minimix import reference

input_grad, weight_grad = reference.depthwise_conv2d_input_grad, reference.depthwise_conv2d_weight_grad


def owns(weights):
    """The channels of each group."""
    ends = np.cumsum([len(weight) for weight in weights])
    return [slice(end - len(weight), end) for end, weight in zip(ends, weights, strict=True)]


def first_never_moves(gradient, x, weights):
    grad_x, grad_weights, first = np.zeros_like(x), [], 0
    for weight in weights:
        own = slice(first, first + len(weight))
        grad_x[:, own] = input_grad(gradient[:, own], x[:, own], weight)
        grad_weights.append(weight_grad(gradient[:, own], x[:, own], weight))
    return grad_x, grad_weights


def first_moves_by_kernel_size(gradient, x, weights):
    grad_x, grad_weights, first = np.zeros_like(x), [], 0
    for weight in weights:
        size = weight.shape[2]
        grad_x[:, first : first + size] = input_grad(gradient[:, first : first + size], x[:, first : first + size], weight)
        grad_weights.append(weight_grad(gradient[:, first : first + size], x[:, first : first + size], weight))
        first += size
    return grad_x, grad_weights


def even_groups(gradient, x, weights):
    size = x.shape[1] // len(weights)
    parts = [slice(t * size, (t + 1) * size) for t in range(len(weights))]
    dx = [input_grad(gradient[:, s], x[:, s], w) for s, w in zip(parts, weights, strict=True)]
    return np.concatenate(dx, axis=1), [weight_grad(gradient[:, s], x[:, s], w) for s, w in zip(parts, weights, strict=True)]


def array_split_groups(gradient, x, weights):
    n = len(weights)
    trios = list(zip(np.array_split(gradient, n, axis=1), np.array_split(x, n, axis=1), weights, strict=True))
    return np.concatenate([input_grad(*trio) for trio in trios], axis=1), [weight_grad(*trio) for trio in trios]


def joined_along_the_batch(gradient, x, weights):
    dx = [input_grad(gradient[:, s], x[:, s], w) for s, w in zip(owns(weights), weights, strict=True)]
    dw = [weight_grad(gradient[:, s], x[:, s], w) for s, w in zip(owns(weights), weights, strict=True)]
    return np.concatenate(dx), dw


def never_joined(gradient, x, weights):
    dx, dw = [], []
    for s, w in zip(owns(weights), weights, strict=True):
        dx.append(input_grad(gradient[:, s], x[:, s], w))
        dw.append(weight_grad(gradient[:, s], x[:, s], w))
    return dx, dw


def forward_for_dx(gradient, x, weights):
    dw = [weight_grad(gradient[:, s], x[:, s], w) for s, w in zip(owns(weights), weights, strict=True)]
    return reference.mixconv2d(gradient, weights), dw


def exchanged_in_dw(gradient, x, weights):
    parts = list(zip(owns(weights), weights, strict=True))
    dx = np.concatenate([input_grad(gradient[:, s], x[:, s], w) for s, w in parts], axis=1)
    return dx, [weight_grad(x[:, s], gradient[:, s], w) for s, w in parts]


def rows_for_columns_in_dw(gradient, x, weights):
    dw = []
    for s, w in zip(owns(weights), weights, strict=True):
        k = w.shape[-1]
        b = k // 2
        padded = np.pad(x[:, s], ((0, 0), (0, 0), (b, b), (b, b)))
        windows = sliding_window_view(padded, (k, k), axis=(2, 3))
        dw.append(np.einsum("ncyx,ncyxij->cji", gradient[:, s], windows)[:, None])
    return reference.mixconv2d_input_grad(gradient, x, weights), dw


def list_is_reversed(gradient, x, weights):
    grad_x, grad_weights = np.zeros_like(x), []
    for s, w in zip(owns(weights), weights, strict=True):
        grad_x[:, s] = input_grad(gradient[:, s], x[:, s], w)
        grad_weights.insert(0, weight_grad(gradient[:, s], x[:, s], w))
    return grad_x, grad_weights


def dw_averaged(gradient, x, weights):
    dw = [weight_grad(gradient[:, s], x[:, s], w) / len(x) for s, w in zip(owns(weights), weights, strict=True)]
    return reference.mixconv2d_input_grad(gradient, x, weights), dw


def last_image_only(gradient, x, weights):
    grad_x, grad_weights = np.zeros_like(x), [np.zeros_like(w) for w in weights]
    for n in range(len(x)):
        for t, (s, w) in enumerate(zip(owns(weights), weights, strict=True)):
            one = slice(n, n + 1)
            grad_x[one, s] = input_grad(gradient[one, s], x[one, s], w)
            grad_weights[t] = weight_grad(gradient[one, s], x[one, s], w)
    return grad_x, grad_weights


def weights_first(gradient, x, weights):
    dw = reference.mixconv2d_weight_grad(gradient, x, weights)
    return dw, reference.mixconv2d_input_grad(gradient, x, weights)


def flat_tuple(gradient, x, weights):
    dw = reference.mixconv2d_weight_grad(gradient, x, weights)
    return (reference.mixconv2d_input_grad(gradient, x, weights), *dw)


def never_cropped(gradient, x, weights):
    largest = max(w.shape[-1] for w in weights)
    border = [(largest - w.shape[-1]) // 2 for w in weights]
    full = np.concatenate([np.pad(w, ((0, 0), (0, 0), (b, b), (b, b))) for w, b in zip(weights, border, strict=True)])
    dw = weight_grad(gradient, x, full)
    return input_grad(gradient, x, full), [dw[s] for s in owns(weights)]


def interleaved_channels(gradient, x, weights):
    grad_x, grad_weights = np.zeros_like(x), []
    for t, weight in enumerate(weights):
        own = slice(t, None, len(weights))
        grad_x[:, own] = input_grad(gradient[:, own], x[:, own], weight)
        grad_weights.append(weight_grad(gradient[:, own], x[:, own], weight))
    return grad_x, grad_weights


def last_group_forgotten(gradient, x, weights):
    grad_x, grad_weights, first = np.zeros_like(x), [], 0
    for t in range(len(weights) - 1):
        own = slice(first, first + len(weights[t]))
        grad_x[:, own] = input_grad(gradient[:, own], x[:, own], weights[t])
        grad_weights.append(weight_grad(gradient[:, own], x[:, own], weights[t]))
        first += len(weights[t])
    return grad_x, grad_weights


def border_cut_by_minus_zero(gradient, x, weights):
    grads = []
    for s, w in zip(owns(weights), weights, strict=True):
        k, (n, c, height, width) = w.shape[-1], gradient[:, s].shape
        b = k // 2
        padded = np.zeros((n, c, height + 2 * b, width + 2 * b))
        for i, j in np.ndindex(k, k):
            padded[:, :, i : i + height, j : j + width] += gradient[:, s] * w[:, :, i, j, None]
        grads.append(padded[:, :, b:-b, b:-b])
    return np.concatenate(grads, axis=1), reference.mixconv2d_weight_grad(gradient, x, weights)


def kernel_of_one_is_identity(gradient, x, weights):
    grad_x, grad_weights = gradient.copy(), []
    for s, w in zip(owns(weights), weights, strict=True):
        if w.shape[-1] > 1:
            grad_x[:, s] = input_grad(gradient[:, s], x[:, s], w)
        grad_weights.append(weight_grad(gradient[:, s], x[:, s], w))
    return grad_x, grad_weights


def axis_of_one_lost(gradient, x, weights):
    dw = [weight_grad(gradient[:, s], x[:, s], w)[:, 0] for s, w in zip(owns(weights), weights, strict=True)]
    return reference.mixconv2d_input_grad(gradient, x, weights), dw


def border_of_the_largest(gradient, x, weights):
    b = max(w.shape[-1] for w in weights) // 2
    (n, c, height, width), dw = x.shape, []
    padded_x, padded = np.pad(x, ((0, 0), (0, 0), (b, b), (b, b))), np.zeros((n, c, height + 2 * b, width + 2 * b))
    for s, w in zip(owns(weights), weights, strict=True):
        dw.append(np.zeros(w.shape))
        for i, j in np.ndindex(w.shape[2:]):
            here = (slice(None), s, slice(i, i + height), slice(j, j + width))
            padded[here] += gradient[:, s] * w[:, :, i, j, None]
            dw[-1][:, 0, i, j] = (gradient[:, s] * padded_x[here]).sum(axis=(0, 2, 3))
    return padded[:, :, b : b + height, b : b + width], dw


def overwrites_the_gradient(gradient, x, weights):
    dw = []
    for s, w in zip(owns(weights), weights, strict=True):
        dw.append(weight_grad(gradient[:, s], x[:, s], w))
        gradient[:, s] = input_grad(gradient[:, s], x[:, s], w)
    return gradient, dw


def dw_of_an_overwritten_gradient(gradient, x, weights):
    grad, dw = gradient.copy(), []
    for s, w in zip(owns(weights), weights, strict=True):
        grad[:, s] = input_grad(grad[:, s], x[:, s], w)
        dw.append(weight_grad(grad[:, s], x[:, s], w))
    return grad, dw


def list_kept_between_calls(gradient, x, weights, grads=[]):  # noqa: B006
    for s, w in zip(owns(weights), weights, strict=True):
        grads.append(weight_grad(gradient[:, s], x[:, s], w))
    return reference.mixconv2d_input_grad(gradient, x, weights), grads


def square_pictures_only(gradient, x, weights):
    size, dw = x.shape[2], []
    for s, w in zip(owns(weights), weights, strict=True):
        b = w.shape[-1] // 2
        padded = np.pad(x[:, s], ((0, 0), (0, 0), (b, b), (b, b)))
        dw.append(np.zeros_like(w))
        for i, j in np.ndindex(w.shape[2:]):
            dw[-1][:, 0, i, j] = np.sum(gradient[:, s, :, :size] * padded[:, :, i : i + size, j : j + size], axis=(0, 2, 3))
    return reference.mixconv2d_input_grad(gradient, x, weights), dw


def slices_of_small_pictures(gradient, x, weights):
    grad_x, height, width = np.zeros_like(x), *x.shape[2:]

    def pair(d, size):  # rows of x, rows of the gradient
        return slice(max(0, d), size + min(0, d)), slice(max(0, -d), size - max(0, d))

    for s, w in zip(owns(weights), weights, strict=True):
        b = w.shape[-1] // 2
        for i, j in np.ndindex(w.shape[2:]):
            (to_y, from_y), (to_x, from_x) = pair(i - b, height), pair(j - b, width)
            grad_x[:, s, to_y, to_x] += gradient[:, s, from_y, from_x] * w[:, :, i, j, None]
    return grad_x, reference.mixconv2d_weight_grad(gradient, x, weights)


def divided_by_groups(gradient, x, weights):
    dx = reference.mixconv2d_input_grad(gradient, x, weights) / len(weights)
    return dx, reference.mixconv2d_weight_grad(gradient, x, weights)


def generator_for_a_list(gradient, x, weights):
    parts = list(zip(owns(weights), weights, strict=True))
    dx = np.concatenate([input_grad(gradient[:, s], x[:, s], w) for s, w in parts], axis=1)
    return dx, (weight_grad(gradient[:, s], x[:, s], w) for s, w in parts)


def sorted_by_kernel_size(gradient, x, weights):
    weights = sorted(weights, key=lambda weight: weight.shape[-1])
    dw = reference.mixconv2d_weight_grad(gradient, x, weights)
    return reference.mixconv2d_input_grad(gradient, x, weights), dw


def whole_numbers_only(gradient, x, weights):
    grad_x, grad_weights = np.zeros(x.shape, int), []
    for s, w in zip(owns(weights), weights, strict=True):
        grad_x[:, s] = input_grad(gradient[:, s], x[:, s], w)
        grad_weights.append(weight_grad(gradient[:, s], x[:, s], w))
    return grad_x, grad_weights


def shape_of_the_first_kernel(gradient, x, weights):
    size, dw = weights[0].shape[2:], []
    for s, w in zip(owns(weights), weights, strict=True):
        dw.append(weight_grad(gradient[:, s], x[:, s], np.zeros((len(w), 1, *size))))
    return reference.mixconv2d_input_grad(gradient, x, weights), dw


def nothing_for_one_group(gradient, x, weights):
    if len(weights) > 1:
        dw = reference.mixconv2d_weight_grad(gradient, x, weights)
        return reference.mixconv2d_input_grad(gradient, x, weights), dw


def made_anew_for_each_group(gradient, x, weights):
    grad_weights, first = [], 0
    for weight in weights:
        grad_x = np.zeros_like(x)
        own = slice(first, first + len(weight))
        grad_x[:, own] = input_grad(gradient[:, own], x[:, own], weight)
        grad_weights.append(weight_grad(gradient[:, own], x[:, own], weight))
        first += len(weight)
    return grad_x, grad_weights


def around_the_corner(gradient, x, weights):
    grad_x = np.zeros_like(x)
    for s, w in zip(owns(weights), weights, strict=True):
        b = w.shape[-1] // 2
        for i, j in np.ndindex(w.shape[2:]):
            grad_x[:, s] += np.roll(gradient[:, s], (i - b, j - b), axis=(2, 3)) * w[:, :, i, j, None]
    return grad_x, reference.mixconv2d_weight_grad(gradient, x, weights)


def images_for_channels(gradient, x, weights):
    grad_x, grad_weights, first = np.zeros_like(x), [], 0
    for weight in weights:
        last = first + len(weight)
        grad_x[first:last] = input_grad(gradient[first:last], x[first:last], weight)
        grad_weights.append(weight_grad(gradient[first:last], x[first:last], weight))
        first = last
    return grad_x, grad_weights


def mean_and_forward(gradient, x, weights):
    dx = [reference.depthwise_conv2d(gradient[:, s], w) for s, w in zip(owns(weights), weights, strict=True)]
    dw = [weight_grad(gradient[:, s], x[:, s], w) / len(x) for s, w in zip(owns(weights), weights, strict=True)]
    return np.concatenate(dx, axis=1), dw


WRONG = [
    ("the first channel never moves", first_never_moves,
     "every group works on the first channels: the start is never moved on"),
    ("moves on by the kernel size", first_moves_by_kernel_size,
     "a group's channels are counted by its kernel size K_t, where it has C_t = len(weight) channels"),
    ("groups of one size", even_groups,
     "the channels are divided evenly; groups of different numbers of channels are wrong or fail"),
    ("array_split", array_split_groups, "channels are divided as evenly as possible by array_split, not as the weights say"),
    ("joined along the batch", joined_along_the_batch,
     "the dX of the groups are concatenated along the batch axis, not the channels"),
    ("never joined", never_joined, "dX is returned as a list of the groups' gradients, not as one array (N, C, H, W)"),
    ("forward for dX", forward_for_dx, "dX is the forward convolution of dY: the kernels are not turned by 180 degrees"),
    ("x and gradient exchanged in dW", exchanged_in_dw,
     "x and dY are exchanged in the weight's gradient, so each dW is turned by 180 degrees"),
    ("rows for columns in dW", rows_for_columns_in_dw, "each dW has its rows and columns exchanged (transposed)"),
    ("list is reversed", list_is_reversed, "the list of dW is in reverse order of the groups"),
    ("dW averaged", dw_averaged, "dW is divided by the number of images, where it must be summed over the batch"),
    ("last image only", last_image_only, "dW is overwritten image by image: only the last image counts, they are not summed"),
    ("weights first", weights_first, "the two results are returned in the wrong order: the list of dW first, then dX"),
    ("flat tuple", flat_tuple, "returns a flat tuple (dX, dW1, dW2, ...), not dX and a list of all dW"),
    ("never cropped", never_cropped,
     "each dW has the size of the largest kernel: the gradients of the smaller kernels are not cropped"),
    ("interleaved channels", interleaved_channels,
     "group t takes every g-th channel from t on, where groups are blocks of neighbours"),
    ("last group forgotten", last_group_forgotten,
     "the loop ends one group early: the last has no dW, and dX is zero in its channels"),
    ("border cut by -0", border_cut_by_minus_zero,
     "the border is cut off by b:-b, which leaves nothing of a group with a 1x1 kernel (b = 0)"),
    ("1x1 is taken for the identity", kernel_of_one_is_identity,
     "for a 1x1 kernel dX is dY itself, not multiplied by the weight"),
    ("axis of one lost", axis_of_one_lost, "each dW has shape (C_t, K_t, K_t): the axis of length 1 is missing"),
    ("border of the largest", border_of_the_largest,
     "all groups get the border of the largest kernel, but their taps count from its corner: smaller kernels are shifted"),
    ("overwrites the gradient", overwrites_the_gradient,
     "the results are right, but the array gradient that was passed in is overwritten with dX"),
    ("dW of an overwritten gradient", dw_of_an_overwritten_gradient,
     "dW is computed from dX in place of dY, which was overwritten just before"),
    ("list kept between calls", list_kept_between_calls,
     "the list of dW is a default argument that keeps growing: the second call returns those of the first call, too"),
    ("square pictures only", square_pictures_only,
     "dW takes the height for the width: wrong or failing for pictures that are not square"),
    ("slices of small pictures", slices_of_small_pictures,
     "dX fails where a kernel reaches beyond the picture (K // 2 > H >= 3): a slice's end is negative, counts from the end"),
    ("divided by the number of groups", divided_by_groups, "dX is divided by the number of groups"),
    ("generator for a list", generator_for_a_list, "the gradients of the weights come as a generator, not as a list"),
    ("sorted by kernel size", sorted_by_kernel_size,
     "the groups are sorted by kernel size: weights in another order meet wrong channels, and the list of dW is reordered"),
    ("whole numbers only", whole_numbers_only, "dX is cut off to whole numbers, because the array for it is of integers"),
    ("shape of the first kernel", shape_of_the_first_kernel, "every dW gets the kernel size of the first group"),
    ("nothing for one group", nothing_for_one_group, "returns None where there is only one group"),
    ("made anew for each group", made_anew_for_each_group,
     "dX is reset to zeros for each group, so only the last group's channels are kept"),
    ("around the corner", around_the_corner, "dX wraps around at the border (np.roll) where it should drop what falls outside"),
    ("images for channels", images_for_channels, "the groups are cut from the batch axis, not from the channels"),
    ("mean and forward", mean_and_forward,
     "two mistakes: dX is the forward convolution (kernels not turned), and dW is divided by the number of images"),
]  # fmt: skip
SOLUTIONS = [Solution("mixconv2d_backward", f"mixconv2d_backward: {name}", wrong, truth) for name, wrong, truth in WRONG]
