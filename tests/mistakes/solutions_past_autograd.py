"""Held-out solutions, wrong and right: backward, unbroadcast."""

import heapq

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


def listed(root):
    """All numbers of a tape, each behind its inputs."""
    order, seen, waiting = [], set(), [(root, False)]
    while waiting:
        node, ready = waiting.pop()
        if ready:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            waiting.append((node, True))
            waiting.extend((x, False) for x in node.inputs)
    return order


# backward


@solution(
    "backward",
    "appended before its inputs",
    "a number is appended before its inputs are visited, so that the walk from the list's end takes inputs before their users: "
    "only the root's inputs get a gradient",
)
def appended_before(root):
    order = []

    def visit(node):
        if node not in order:
            order.append(node)
            for x in node.inputs:
                visit(x)

    visit(root)
    root.grad = 1.0
    for node in reversed(order):
        for x, slope in zip(node.inputs, node.slopes, strict=True):
            x.grad += slope * node.grad


@solution(
    "backward",
    "the root twice",
    "the root is appended once more after the visit has appended it: it passes its gradient on twice, all others are doubled",
)
def the_root_twice(root):
    topo, visited = [], set()

    def visit(node):
        if node in visited:
            return
        visited.add(node)
        for x in node.inputs:
            visit(x)
        topo.append(node)

    visit(root)
    topo.append(root)
    root.grad = 1.0
    for node in topo[::-1]:
        for x, slope in zip(node.inputs, node.slopes, strict=True):
            x.grad += slope * node.grad


@solution(
    "backward",
    "added to a copy",
    "the share is added to a local variable that holds x.grad, and never put back: all gradients but the root's stay 0",
)
def added_to_a_copy(root):
    root.grad = 1.0
    for node in reversed(listed(root)):
        for x, slope in zip(node.inputs, node.slopes, strict=True):
            grad = x.grad
            grad += slope * node.grad


@solution(
    "backward",
    "walk without the root",
    "the walk from the end begins at the number before the root ([-2::-1]), so that the root passes nothing on",
)
def walk_without_root(root):
    order = listed(root)
    order[-1].grad = 1.0
    for node in order[-2::-1]:
        for x, slope in zip(node.inputs, node.slopes, strict=True):
            x.grad += slope * node.grad


@solution(
    "backward",
    "every step a product",
    "the slopes on the tape are not used: where there are two inputs each gets the other's value as if they were multiplied, "
    "which is wrong for sums and differences",
)
def every_step_a_product(root):
    root.grad = 1.0
    for node in reversed(listed(root)):
        if len(node.inputs) == 2:
            a, b = node.inputs
            a.grad += node.grad * b.value
            b.grad += node.grad * a.value
        elif node.inputs:
            node.inputs[0].grad += node.grad * 2 * node.inputs[0].value


@solution(
    "backward",
    "depth along first inputs",
    "the order is that of depths which are counted along the first inputs only: where the longer way runs through a second "
    "input, a number passes its gradient on too early",
)
def depth_along_first(root):
    depth = {}
    for node in listed(root):
        depth[node] = 1 + depth[node.inputs[0]] if node.inputs else 0
    root.grad = 1.0
    for node in sorted(depth, key=depth.get, reverse=True):
        for x, slope in zip(node.inputs, node.slopes, strict=True):
            x.grad += slope * node.grad


@solution(
    "backward",
    "slope looked up",
    "the slope is looked up with inputs.index(x), which finds the first of two equal inputs: wrong where a number is "
    "subtracted from itself",
)
def slope_looked_up(root):
    root.grad = 1.0
    for node in listed(root)[::-1]:
        for x in node.inputs:
            x.grad += node.slopes[node.inputs.index(x)] * node.grad


@solution(
    "backward",
    "overwrites, only one input",
    "two mistakes: a share replaces what a number already has (= instead of +=), and of two inputs the second gets nothing",
)
def overwrites_one_input(root):
    root.grad = 1.0
    for node in reversed(listed(root)):
        if node.inputs:
            node.inputs[0].grad = node.slopes[0] * node.grad


@solution("backward", "right, repeated until it holds")
def repeated_until_it_holds(root):
    nodes = listed(root)
    grads = {node: 0.0 for node in nodes}
    for _ in nodes:
        fresh = {node: float(node is root) for node in nodes}
        for node in nodes:
            for x, slope in zip(node.inputs, node.slopes, strict=True):
                fresh[x] += slope * grads[node]
        grads = fresh
    for node, grad in grads.items():
        node.grad = grad


@solution("backward", "right, a heap of places")
def heap_of_places(root):
    place = {node: -number for number, node in enumerate(listed(root))}
    nodes = {number: node for node, number in place.items()}
    heap, inside = [place[root]], {place[root]}
    root.grad += 1.0
    while heap:
        node = nodes[heapq.heappop(heap)]
        for x, slope in zip(node.inputs, node.slopes, strict=True):
            x.grad = x.grad + node.grad * slope
            if place[x] not in inside:
                inside.add(place[x])
                heapq.heappush(heap, place[x])


# unbroadcast


@solution(
    "unbroadcast",
    "sum not kept",
    "the sum over a stretched axis is computed, but its result is not assigned: only the axes in front are summed",
)
def sum_not_kept(gradient, shape):
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    for axis, length in enumerate(shape):
        if length == 1:
            gradient.sum(axis=axis, keepdims=True)
    return gradient


@solution(
    "unbroadcast",
    "one copy times their number",
    "the first copy is multiplied by the number of copies instead of adding all copies up: right for equal ones only",
)
def one_copy_times(gradient, shape):
    extra = gradient.ndim - len(shape)
    times = 1
    for axis in range(extra):
        times *= gradient.shape[axis]
    first = gradient[(slice(0, 1),) * extra]
    for axis, length in enumerate(shape, start=extra):
        if length == 1:
            times *= gradient.shape[axis]
            first = first.take([0], axis=axis) if gradient.shape[axis] else first.sum(axis=axis, keepdims=True)
    return first.sum(axis=tuple(range(extra))) * times


@solution("unbroadcast", "a list of axes", "the axes are given to sum as a list, which NumPy refuses: a TypeError")
def list_of_axes(gradient, shape):
    front = gradient.ndim - len(shape)
    axes = list(range(front))
    for i in range(len(shape)):
        if shape[i] == 1:
            axes.append(front + i)
    return gradient.sum(axis=axes, keepdims=True).reshape(shape)


@solution(
    "unbroadcast",
    "() taken for (1,)",
    "an empty shape is counted as one axis: for shape () the last axis of the gradient remains",
)
def empty_as_one(gradient, shape):
    in_front = gradient.ndim - max(len(shape), 1)
    gradient = gradient.sum(axis=tuple(range(in_front)))
    for axis, length in enumerate(shape):
        if length == 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


@solution(
    "unbroadcast",
    "number of axes as an axis",
    "the number of axes in front is given to sum as the axis: that one axis is summed instead of the axes before it",
)
def number_as_axis(gradient, shape):
    front = gradient.ndim - len(shape)
    if front > 0:
        gradient = gradient.sum(axis=front)
    stretched = tuple(i for i, length in enumerate(shape) if length == 1)
    return gradient.sum(axis=stretched, keepdims=True)


@solution(
    "unbroadcast",
    "ends at the first full axis",
    "the loop over the shape ends (break) at the first axis that is not 1: stretched axes behind it are not summed",
)
def ends_at_full_axis(gradient, shape):
    gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    for axis in range(len(shape)):
        if shape[axis] != 1:
            break
        gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


@solution(
    "unbroadcast",
    "total spread evenly",
    "the sum of the whole gradient is divided evenly among the entries of the shape",
)
def spread_evenly(gradient, shape):
    entries = int(np.prod(shape))
    return np.full(shape, gradient.sum() / max(entries, 1))


@solution(
    "unbroadcast",
    "averaged in front, last copy behind",
    "two mistakes: the axes in front are averaged instead of summed, and of a stretched axis only the last entry is taken",
)
def averaged_and_last(gradient, shape):
    while len(gradient.shape) > len(shape):
        gradient = gradient.sum(axis=0) / max(len(gradient), 1)
    for axis, length in enumerate(shape):
        if length == 1:
            last = gradient.shape[axis] - 1
            gradient = np.take(gradient, [last], axis=axis) if last >= 0 else gradient.sum(axis=axis, keepdims=True)
    return gradient


@solution("unbroadcast", "right, over given axes")
def over_given_axes(gradient, shape):
    lengths = (1,) * (gradient.ndim - len(shape)) + tuple(shape)
    repeated = [axis for axis, length in enumerate(lengths) if length != gradient.shape[axis]]
    return np.apply_over_axes(np.sum, gradient, repeated).sum(axis=tuple(range(gradient.ndim - len(shape))))


@solution("unbroadcast", "right, added up at broadcast places")
def added_at_places(gradient, shape):
    places = np.broadcast_to(np.arange(int(np.prod(shape))).reshape(shape), gradient.shape)
    total = np.zeros(int(np.prod(shape)), dtype=gradient.dtype)
    np.add.at(total, places, gradient)
    return total.reshape(shape)
