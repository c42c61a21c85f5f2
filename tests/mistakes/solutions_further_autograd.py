"""New solutions, wrong and right, of the exercises of notebook 6: backward, unbroadcast."""

from functools import reduce

import numpy as np
from corpus import collected

import minimix as mm

SOLUTIONS, solution = collected()


# backward


def users_first(root):
    """All numbers that root depends on, each before its inputs."""
    done, order, stack = set(), [], [(root, iter(root.inputs))]
    done.add(id(root))
    while stack:
        node, left = stack[-1]
        for x in left:
            if id(x) not in done:
                done.add(id(x))
                stack.append((x, iter(x.inputs)))
                break
        else:
            order.append(node)
            stack.pop()
    return order[::-1]


@solution(
    "backward",
    "slopes added",
    "slope and gradient are added instead of multiplied: x.grad += slope + node.grad",
)
def backward_slopes_added(root):
    root.grad = 1.0
    for node in users_first(root):
        for x, slope in zip(node.inputs, node.slopes, strict=True):
            x.grad += slope + node.grad


@solution(
    "backward",
    "listed once for each way",
    "the sorted list holds a number once for each way to it, as nothing asks whether it is there already, so "
    "it passes on several times",
)
def backward_listed_often(root):
    order = []

    def visit(node):
        for x in node.inputs:
            visit(x)
        order.append(node)

    visit(root)
    root.grad = 1.0
    for node in reversed(order):
        for x, slope in zip(node.inputs, node.slopes, strict=True):
            x.grad += slope * node.grad


@solution(
    "backward",
    "ends at a zero",
    "a number whose gradient is 0 ends the walk (break instead of continue): what stands behind it in the order gets nothing",
)
def backward_ends_at_zero(root):
    root.grad = 1.0
    for node in users_first(root):
        if node.grad == 0:
            break
        for x, slope in zip(node.inputs, node.slopes, strict=True):
            x.grad += slope * node.grad


@solution(
    "backward",
    "depth at first sight",
    "numbers are sorted by their distance from the root along the way by which the recursion first met them, "
    "not along the longest way",
)
def backward_first_sight(root):
    depth = {}

    def visit(node, steps):
        if node not in depth:
            depth[node] = steps
            for x in node.inputs:
                visit(x, steps + 1)

    visit(root, 0)
    root.grad = 1.0
    for node in sorted(depth, key=depth.get):
        for x, slope in zip(node.inputs, node.slopes, strict=True):
            x.grad += slope * node.grad


@solution(
    "backward",
    "overwrites, slopes reversed",
    "two mistakes: a gradient is overwritten (= instead of +=), and the slopes of two inputs are exchanged",
)
def backward_overwrites_reversed(root):
    root.grad = 1.0
    for node in users_first(root):
        for x, slope in zip(node.inputs, node.slopes[::-1], strict=True):
            x.grad = slope * node.grad


@solution(
    "backward",
    "slope 1 overwrites",
    "where the slope is 1 the gradient is handed on as it is with =, which overwrites what the input had; "
    "other slopes are added up",
)
def backward_slope_one(root):
    root.grad = 1.0
    for node in users_first(root):
        for x, slope in zip(node.inputs, node.slopes, strict=True):
            if slope == 1:
                x.grad = node.grad
            else:
                x.grad += slope * node.grad


@solution("backward", "clipped", "each gradient is limited to -10 ... 10 before it is passed on, so larger ones are wrong")
def backward_clipped(root):
    root.grad = 1.0
    for node in users_first(root):
        node.grad = min(max(node.grad, -10.0), 10.0)
        for x, slope in zip(node.inputs, node.slopes, strict=True):
            x.grad += slope * node.grad


@solution("backward", "right, most ancestors first")
def backward_ancestors(root):
    below = {}
    for node in reversed(users_first(root)):
        below[node] = {node}.union(*(below[x] for x in node.inputs))
    root.grad = 1.0
    for node in sorted(below, key=lambda node: -len(below[node])):
        for x, slope in zip(node.inputs, node.slopes, strict=True):
            x.grad += slope * node.grad


@solution("backward", "right, forward for each number")
def backward_forward(root):
    order = users_first(root)
    for number in order:
        moves = {}
        for node in reversed(order):
            shares = (slope * moves[x] for x, slope in zip(node.inputs, node.slopes, strict=True))
            moves[node] = 1.0 if node is number else sum(shares)
        number.grad = moves[root]


# unbroadcast


@solution(
    "unbroadcast",
    "as many axes as the shape has",
    "the first len(shape) axes are summed instead of the gradient.ndim - len(shape) that were put in front",
)
def undo_len_axes(gradient, shape):
    if gradient.ndim > len(shape):
        gradient = gradient.sum(axis=tuple(range(min(len(shape), gradient.ndim))))
    for axis, length in enumerate(shape):
        if length == 1 and axis < gradient.ndim:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


@solution(
    "unbroadcast",
    "axes counted from the end",
    "the stretched axes are counted from the end: for axis i of the shape it sums axis -1 - i, right for mirrored shapes only",
)
def undo_from_end(gradient, shape):
    gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    for axis, length in enumerate(shape):
        if length == 1:
            gradient = gradient.sum(axis=-1 - axis, keepdims=True)
    return gradient


@solution(
    "unbroadcast",
    "leading ones dropped",
    "axes of length 1 at the front of the shape are taken for axes that broadcasting put there, and are missing in the result",
)
def undo_leading_ones(gradient, shape):
    shape = list(shape)
    while shape and shape[0] == 1:
        shape.pop(0)
    gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    stretched = tuple(axis for axis, length in enumerate(shape) if length == 1)
    return gradient.sum(axis=stretched, keepdims=True)


@solution(
    "unbroadcast",
    "mean in front, axes dropped",
    "two mistakes: the mean instead of the sum over the axes in front, and the stretched axes are dropped "
    "instead of kept with length 1",
)
def undo_mean_dropped(gradient, shape):
    if gradient.ndim > len(shape):
        gradient = gradient.mean(axis=tuple(range(gradient.ndim - len(shape))))
    stretched = tuple(a for a, length in enumerate(shape) if length == 1 and gradient.shape[a] != 1)
    return gradient.sum(axis=stretched)


@solution(
    "unbroadcast",
    "two axes in front at most",
    "of the axes that were put in front no more than two are summed: with three or more the result has too many axes",
)
def undo_two_in_front(gradient, shape):
    more = gradient.ndim - len(shape)
    if more == 1:
        gradient = gradient.sum(axis=0)
    elif more >= 2:
        gradient = gradient.sum(axis=(0, 1))
    first = gradient.ndim - len(shape)
    ones = tuple(first + axis for axis, length in enumerate(shape) if length == 1)
    return gradient.sum(axis=ones, keepdims=True)


@solution(
    "unbroadcast",
    "repeats counted again",
    "the sum is multiplied by how often the array was repeated, which the sum contains already",
)
def undo_counted_again(gradient, shape):
    repeats = gradient.size // max(int(np.prod(shape)), 1)
    front = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    ones = tuple(axis for axis, length in enumerate(shape) if length == 1)
    return front.sum(axis=ones, keepdims=True) * repeats


@solution(
    "unbroadcast",
    "first and last",
    "of a stretched axis only the first and the last entry are added, which is right for length 2",
)
def undo_first_and_last(gradient, shape):
    gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    for axis, length in enumerate(shape):
        if length == 1 and gradient.shape[axis] > 1:
            gradient = gradient.take([0], axis=axis) + gradient.take([-1], axis=axis)
    return gradient.sum(axis=tuple(a for a, n in enumerate(shape) if n == 1), keepdims=True)


@solution("unbroadcast", "right, minimix's own")
def undo_minimix(gradient, shape):
    array = mm.Tensor(np.zeros(shape), requires_grad=True)
    product = array * mm.Tensor(np.asarray(gradient, float))
    product.sum().backward()
    return np.asarray(array.grad).reshape(shape)


@solution("unbroadcast", "right, slices added one by one")
def undo_slices(gradient, shape):
    total = np.asarray(gradient)
    filled = (1,) * (total.ndim - len(shape)) + tuple(shape)
    for axis, length in enumerate(filled):
        if length != total.shape[axis]:
            layers = np.moveaxis(total, axis, 0)
            layer = reduce(np.add, layers, np.zeros(layers.shape[1:], total.dtype))
            total = np.expand_dims(layer, axis)
    return total.sum(axis=tuple(range(total.ndim - len(shape)))).reshape(shape)
