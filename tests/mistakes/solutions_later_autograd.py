"""Ordinary solutions, mostly wrong: backward, unbroadcast."""

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


def in_order(root):
    """All Scalars that root was computed from, and root, each behind its inputs."""
    order, seen = [], set()

    def visit(node):
        if id(node) in seen:
            return
        seen.add(id(node))
        for x in node.inputs:
            visit(x)
        order.append(node)

    visit(root)
    return order


# backward


@solution(
    "backward",
    "input's value for the slope",
    "the gradient is multiplied by the input's own value instead of the slope of the step with respect to it: right only by "
    "chance, or where the root is a number that was given",
)
def input_s_value_for_the_slope(root):
    root.grad = 1.0
    for node in reversed(in_order(root)):
        for x in node.inputs:
            x.grad += node.grad * x.value


@solution(
    "backward",
    "break at the first leaf",
    "break instead of continue at a number without inputs: the walk ends at the first such number, though others that have to "
    "pass their gradient on may still follow in the list",
)
def break_at_the_first_leaf(root):
    root.grad = 1.0
    for node in reversed(in_order(root)):
        if not node.inputs:
            break
        for x, slope in zip(node.inputs, node.slopes):  # noqa: B905
            x.grad += slope * node.grad


@solution(
    "backward",
    "given numbers only",
    "the gradients are collected in a dictionary and written only to the numbers that were given, those without inputs: the "
    "root and the numbers in between keep 0.0",
)
def given_numbers_only(root):
    order = in_order(root)
    grads = {id(node): 0.0 for node in order}
    grads[id(root)] = 1.0
    for node in order[::-1]:
        for x, slope in zip(node.inputs, node.slopes):  # noqa: B905
            grads[id(x)] += slope * grads[id(node)]
        if len(node.inputs) == 0:
            node.grad = grads[id(node)]


@solution(
    "backward",
    "no zip",
    "for x, slope in node.inputs, node.slopes without zip: unpacks the tuple of the inputs and then that of the slopes, which "
    "fails at the first number, with an AttributeError or a ValueError",
)
def no_zip(root):
    root.grad = 1.0
    for node in reversed(in_order(root)):
        for x, slope in node.inputs, node.slopes:
            x.grad += slope * node.grad


@solution("backward", "right, a generator that is reversed")
def a_generator_that_is_reversed(root):
    def behind_its_inputs(node, seen):
        if node not in seen:
            for x in node.inputs:
                yield from behind_its_inputs(x, seen)
            seen.add(node)
            yield node

    *others, last = behind_its_inputs(root, set())
    last.grad = 1.0
    for node in [last, *reversed(others)]:
        for number, x in enumerate(node.inputs):
            x.grad = x.grad + node.slopes[number] * node.grad


# unbroadcast


@solution(
    "unbroadcast",
    "either in front or stretched",
    "elif: where axes were put in front only these are summed, and axes of length 1 that were stretched as well are left as "
    "they are",
)
def either_in_front_or_stretched(gradient, shape):
    front = gradient.ndim - len(shape)
    stretched = tuple(axis for axis, length in enumerate(shape) if length == 1)
    if front > 0:
        gradient = gradient.sum(axis=tuple(range(front)))
    elif stretched:
        gradient = gradient.sum(axis=stretched, keepdims=True)
    return gradient


@solution(
    "unbroadcast",
    "minus zero",
    "the axes are counted from the end with -k from k = 0 on instead of -k - 1: -0 is the first axis, and all others are one "
    "too far to the right",
)
def minus_zero(gradient, shape):
    front = gradient.ndim - len(shape)
    gradient = gradient.sum(axis=tuple(range(front)))
    for k, length in enumerate(reversed(shape)):
        if length == 1:
            gradient = gradient.sum(axis=-k, keepdims=True)
    return gradient


@solution(
    "unbroadcast",
    "as many numbers, as they are",
    "a gradient with as many numbers as the array is returned as it is: where the axes in front all have length 1, they are "
    "not removed, and the shape is wrong",
)
def as_many_numbers_as_they_are(gradient, shape):
    if gradient.size == np.prod(shape):
        return gradient
    extra = gradient.ndim - len(shape)
    for _ in range(extra):
        gradient = gradient.sum(axis=0)
    for axis, length in enumerate(shape):
        if length == 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


@solution(
    "unbroadcast",
    "returns after the first repeated axis",
    "return stands inside the if in the loop: only the first repeated axis is summed, and if others remain the reshape fails "
    "with a ValueError",
)
def returns_after_the_first_repeated_axis(gradient, shape):
    full = (1,) * (gradient.ndim - len(shape)) + tuple(shape)
    for axis in range(gradient.ndim):
        if full[axis] == 1 and gradient.shape[axis] != 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
            return gradient.reshape(shape)
    return gradient.reshape(shape)
