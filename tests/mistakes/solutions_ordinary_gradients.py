"""Solutions by fresh eyes, wrong and right, of the gradients of notebooks 6 and 7: backward, unbroadcast,
depthwise_input_grad, depthwise_weight_grad."""

import math

import numpy as np
from corpus import collected
from numpy.lib.stride_tricks import sliding_window_view

from minimix import reference

SOLUTIONS, solution = collected()


# backward


@solution(
    "backward",
    "what reverse returns",
    "the loop runs over order.reverse(), which turns the list round in place and returns None: a TypeError",
)
def backward_reverse(root):
    order = []

    def visit(node):
        if node not in order:
            for x in node.inputs:
                visit(x)
            order.append(node)

    visit(root)
    root.grad = 1.0
    for node in order.reverse():
        for x, slope in zip(node.inputs, node.slopes, strict=True):
            x.grad += slope * node.grad


@solution(
    "backward",
    "every number becomes a root",
    "the function calls itself for each input, and its first line sets that number's gradient to 1 again",
)
def backward_all_roots(root):
    root.grad = 1.0
    for x, slope in zip(root.inputs, root.slopes, strict=True):
        x.grad += slope * root.grad
        backward_all_roots(x)


@solution(
    "backward",
    "visits all inputs at once",
    "visit is called with the tuple of the inputs and not with each of them: a tuple has no inputs, an AttributeError",
)
def backward_visit_tuple(root):
    order, seen = [], set()

    def visit(node):
        if node in seen:
            return
        seen.add(node)
        visit(node.inputs)
        order.append(node)

    visit(root)
    root.grad = 1.0
    for node in reversed(order):
        for x, slope in zip(node.inputs, node.slopes, strict=True):
            x.grad += slope * node.grad


@solution(
    "backward",
    "passes on while it sorts",
    "each number passes its gradient on as soon as its inputs were visited, which is before its users had their turn: inputs"
    " first, not users first",
)
def backward_while_sorting(root):
    done = set()

    def visit(node):
        if id(node) in done:
            return
        done.add(id(node))
        for x in node.inputs:
            visit(x)
        for x, slope in zip(node.inputs, node.slopes, strict=True):
            x.grad += slope * node.grad

    root.grad = 1.0
    visit(root)


@solution(
    "backward",
    "appended after each input",
    "the append is indented into the loop over the inputs: a number stands in the list before its second input was visited, and"
    " once for each input",
)
def backward_appended_in_loop(root):
    order = []

    def visit(node):
        if node not in order:
            for x in node.inputs:
                visit(x)
                order.append(node)

    visit(root)
    root.grad = 1.0
    for node in reversed(order):
        for x, slope in zip(node.inputs, node.slopes, strict=True):
            x.grad += slope * node.grad


@solution("backward", "right, numbers ranked by their depth")
def backward_ranked(root):
    rank = {}

    def measure(node):
        if node not in rank:
            rank[node] = 1 + max(map(measure, node.inputs), default=-1)
        return rank[node]

    measure(root)
    root.grad += 1
    for node in sorted(rank, key=rank.get, reverse=True):
        for place, x in enumerate(node.inputs):
            x.grad = x.grad + node.grad * node.slopes[place]


# unbroadcast


@solution(
    "unbroadcast",
    "one axis in front at most",
    "only one of the axes in front is summed, by an if where a while is needed: wrong for two or more of them",
)
def undo_one_front(gradient, shape):
    if gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    for axis, n in enumerate(shape):
        if n == 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


@solution(
    "unbroadcast",
    "broadcast once more",
    "np.broadcast_to is called with the small shape, where the gradient must be summed: a ValueError if the shapes differ",
)
def undo_broadcast_to(gradient, shape):
    return np.broadcast_to(gradient, shape)


@solution(
    "unbroadcast",
    "the last 0 of the indices",
    "the index is cut with [-len(shape):], which for the shape () is the whole index and not an empty one: an IndexError",
)
def undo_last_zero(gradient, shape):
    out = np.zeros(shape)
    for index in np.ndindex(gradient.shape):
        own = list(index[-len(shape) :])
        for axis, n in enumerate(shape):
            if n == 1:
                own[axis] = 0
        out[tuple(own)] += gradient[index]
    return out


@solution(
    "unbroadcast",
    "added into the small array",
    "the gradient is added to zeros of the small shape in place: NumPy does not sum over repeated axes, a ValueError",
)
def undo_added_into(gradient, shape):
    out = np.zeros(shape)
    out += gradient
    return out


@solution(
    "unbroadcast",
    "sum of no rows",
    "the axes in front are summed with Python's sum, which is the number 0 for an axis of length 0: the other axes are lost",
)
def undo_python_sum(gradient, shape):
    while np.ndim(gradient) > len(shape):
        gradient = sum(gradient)
    stretched = tuple(axis for axis in range(len(shape)) if shape[axis] == 1)
    return np.sum(gradient, axis=stretched, keepdims=True)


@solution("unbroadcast", "right, places modulo the lengths")
def undo_modulo(gradient, shape):
    out = np.zeros(shape)
    new = gradient.ndim - len(shape)
    for index, value in np.ndenumerate(gradient):
        out[tuple(i % n for i, n in zip(index[new:], shape, strict=True))] += value
    return out


# depthwise_input_grad


@solution(
    "depthwise_input_grad",
    "a sum of its own",
    "the slice of the padded picture is replaced by a new array, seen = seen + ..., and nothing is written back: all zeros",
)
def dx_not_written(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    for i, j in np.ndindex(weight.shape[2:]):
        top, left = i * dilation, j * dilation
        seen = padded[:, :, top : top + rows : stride, left : left + columns : stride]
        seen = seen + gradient * weight[:, :, i, j, None]
    return padded[:, :, padding : padding + h, padding : padding + w]


@solution(
    "depthwise_input_grad",
    "zeros anew for each image",
    "the array of zeros is made inside of the loop over the images: only the last image keeps its gradient",
)
def dx_anew(gradient, weight, x_shape, stride, padding, dilation):
    _, _, h, w = x_shape
    for n in range(x_shape[0]):
        grad_x = np.zeros(x_shape)
        for c, y, x, i, j in np.ndindex(*gradient.shape[1:], *weight.shape[2:]):
            row, column = y * stride + i * dilation - padding, x * stride + j * dilation - padding
            if 0 <= row < h and 0 <= column < w:
                grad_x[n, c, row, column] += gradient[n, c, y, x] * weight[c, 0, i, j]
    return grad_x


@solution(
    "depthwise_input_grad",
    "places of the picture",
    "the loops over the places of the window run over the picture's height and width, H x W, where dY has OH x OW entries: an"
    " IndexError, or entries left out",
)
def dx_loops_over_picture(gradient, weight, x_shape, stride, padding, dilation):
    h, w = x_shape[2:]
    kernel = weight.shape[-1]
    grad_x = np.zeros(x_shape)
    for y in range(h):
        for x in range(w):
            for i in range(kernel):
                for j in range(kernel):
                    row, column = y * stride + i * dilation - padding, x * stride + j * dilation - padding
                    if 0 <= row < h and 0 <= column < w:
                        grad_x[:, :, row, column] += gradient[:, :, y, x] * weight[:, 0, i, j]
    return grad_x


@solution(
    "depthwise_input_grad",
    "more padding than the kernel reaches",
    "the gradient is padded with dilation * (K - 1) - padding zeros, which np.pad refuses where that is negative",
)
def dx_negative_border(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    oh, ow = gradient.shape[2:]
    covered = dilation * (weight.shape[-1] - 1) + 1
    apart = np.zeros((n, c, h + 2 * padding - covered + 1, w + 2 * padding - covered + 1))
    apart[:, :, : stride * (oh - 1) + 1 : stride, : stride * (ow - 1) + 1 : stride] = gradient
    border = (covered - 1 - padding, covered - 1 - padding)
    apart = np.pad(apart, ((0, 0), (0, 0), border, border))
    turned = weight[:, 0, ::-1, ::-1]
    seen = sliding_window_view(apart, (covered, covered), axis=(2, 3))[..., ::dilation, ::dilation]
    return np.einsum("nchwij,cij->nchw", seen, turned)


@solution(
    "depthwise_input_grad",
    "axis of one forgotten",
    "the weight is indexed as weight[c, i, j], without its axis of length 1: a row of taps, not a number, a ValueError",
)
def dx_axis_of_one(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    grad_x = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    for image, channel, y, x in np.ndindex(gradient.shape):
        for i in range(weight.shape[2]):
            for j in range(weight.shape[3]):
                product = gradient[image, channel, y, x] * weight[channel, i, j]
                grad_x[image, channel, y * stride + i * dilation, x * stride + j * dilation] += product
    return grad_x[:, :, padding : padding + h, padding : padding + w]


@solution("depthwise_input_grad", "right, pictures of one pixel each")
def dx_unit_pictures(gradient, weight, x_shape, stride, padding, dilation):
    _, c, h, w = x_shape
    units = np.broadcast_to(np.eye(h * w).reshape(-1, 1, h, w), (h * w, c, h, w))
    seen = reference.depthwise_conv2d(units.copy(), weight, stride, padding, dilation)
    return np.einsum("ncyx,pcyx->ncp", gradient, seen).reshape(x_shape)


# depthwise_weight_grad


@solution(
    "depthwise_weight_grad",
    "summed over the channels and not the columns",
    "the sum runs over the axes (0, 1, 2), the channels instead of the columns",
)
def dw_wrong_axes(gradient, x, weight_shape, stride, padding, dilation):
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        top, left = i * dilation, j * dilation
        seen = padded[:, :, top : top + rows : stride, left : left + columns : stride]
        found[:, 0, i, j] = (gradient * seen).sum(axis=(0, 1, 2))
    return found


@solution(
    "depthwise_weight_grad",
    "x not padded",
    "the border of zeros is missing: the slices of x are too short, or begin at other pixels",
)
def dw_not_padded(gradient, x, weight_shape, stride, padding, dilation):
    oh, ow = gradient.shape[2:]
    found = np.zeros(weight_shape)
    for i in range(weight_shape[2]):
        for j in range(weight_shape[3]):
            top, left = i * dilation, j * dilation
            seen = x[:, :, top : top + stride * oh : stride, left : left + stride * ow : stride]
            found[:, 0, i, j] = np.einsum("nchw,nchw->c", gradient, seen[:, :, :oh, :ow])
    return found


@solution(
    "depthwise_weight_grad",
    "slices of OH pixels",
    "what a tap saw is cut to OH x OW pixels whatever the stride, so with a stride it has too few entries",
)
def dw_short_slices(gradient, x, weight_shape, stride, padding, dilation):
    oh, ow = gradient.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        seen = padded[:, :, i * dilation : i * dilation + oh : stride, j * dilation : j * dilation + ow : stride]
        found[:, 0, i, j] = (gradient * seen).sum(axis=(0, 2, 3))
    return found


@solution(
    "depthwise_weight_grad",
    "first channel of the picture",
    "every channel's gradient is multiplied by the first channel of x, and not by its own",
)
def dw_first_channel(gradient, x, weight_shape, stride, padding, dilation):
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    found = np.zeros(weight_shape)
    for n, c, y, s in np.ndindex(gradient.shape):
        for i, j in np.ndindex(weight_shape[2:]):
            found[c, 0, i, j] += gradient[n, c, y, s] * padded[n, 0, y * stride + i * dilation, s * stride + j * dilation]
    return found


@solution(
    "depthwise_weight_grad",
    "dilation ignored, first image only",
    "two mistakes: the taps are not dilated, and only the first image of the batch is counted",
)
def dw_two_mistakes(gradient, x, weight_shape, stride, padding, dilation):
    oh, ow = gradient.shape[2:]
    padded = np.pad(x[0], ((0, 0), (padding, padding), (padding, padding)))
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        seen = padded[:, i::stride, j::stride][:, :oh, :ow]
        found[:, 0, i, j] = (gradient[0] * seen).sum(axis=(1, 2))
    return found


@solution("depthwise_weight_grad", "right, fsum of every tap")
def dw_fsum(gradient, x, weight_shape, stride, padding, dilation):
    n, c, h, w = x.shape

    def terms(channel, i, j):
        for image, y, s in np.ndindex(n, *gradient.shape[2:]):
            row, column = y * stride + i * dilation - padding, s * stride + j * dilation - padding
            if row in range(h) and column in range(w):
                yield float(gradient[image, channel, y, s]) * float(x[image, channel, row, column])

    taps = range(weight_shape[3])
    return [[[[math.fsum(terms(channel, i, j)) for j in taps] for i in taps]] for channel in range(c)]
