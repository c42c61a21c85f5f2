"""Solutions that are right but in a corner: the checks try corners, too."""

import numpy as np
import pytest

from minimix import course

RIGHT = {exercise.name: exercise.solution for exercise in course.EXERCISES}


def raw(array):
    """What lies in memory, taken for C order."""
    return array.ravel(order="K").reshape(array.shape)


def but(name, **changes):
    """The solution of an exercise, some of its arguments changed first: change(value)."""
    names = list(next(exercise for exercise in course.EXERCISES if exercise.name == name).configurations()[0])

    def function(*given):
        case = dict(zip(names, given, strict=True))
        return RIGHT[name](*(changes[key](value) if key in changes else value for key, value in case.items()))

    return function


def wrapped(kernel, dilation, columns, images):
    return [(offset + 2**31) % 2**32 - 2**31 for offset in RIGHT["tap_offsets"](kernel, dilation, columns, images)]


def small_left_out(array):
    return np.where(abs(array) < 1e-2, 0, array)


CORNERS = [
    ("partition", lambda c, g, kind: RIGHT["partition"](c, g, kind) if g < 21 else (c // g,) * g),
    ("tap_offsets", wrapped),
    ("tap_offsets", but("tap_offsets", dilation=lambda d: min(d, 4))),
    ("mixconv2d", but("mixconv2d", x=raw)),
    ("mixconv2d", but("mixconv2d", x=small_left_out)),
    ("mixconv2d", but("mixconv2d", x=lambda x: np.clip(x, -1000, 1000))),
    ("embed", but("embed", weights=lambda weights: [np.clip(w, -100, 100) for w in weights])),
    ("block_macs", but("block_macs", kernels=lambda kernels: tuple(sorted(kernels)))),
    ("block_macs", but("block_macs", expansion=lambda expansion: min(expansion, 6))),
    ("unbroadcast", but("unbroadcast", gradient=lambda gradient: gradient.astype(np.float32))),
    ("unbroadcast", but("unbroadcast", gradient=raw)),
    ("depthwise_input_grad", but("depthwise_input_grad", gradient=raw)),
    ("depthwise_weight_grad", but("depthwise_weight_grad", x=lambda x: np.where(abs(x) > 4000, 0, x))),
    ("batch_norm_backward", but("batch_norm_backward", eps=lambda eps: min(eps, 1.0))),
    ("batch_norm_backward", but("batch_norm_backward", weight=lambda weight: np.clip(weight, -5, 5))),
    ("confusion", but("confusion", labels=lambda labels: np.minimum(labels, 127))),
    ("difference", but("difference", a=lambda a: np.sort(a)[1:-1] if len(a) > 20 else a)),
    ("log_softmax", but("log_softmax", logits=lambda logits: logits.astype(np.float32).astype(float))),
    ("log_softmax", but("log_softmax", logits=raw)),
]


@pytest.mark.parametrize("name, wrong", CORNERS)
def test_what_is_wrong_in_a_corner_only_is_not_accepted(name, wrong):
    assert not getattr(course, f"check_{name}")(wrong).passed


def test_numbers_with_the_same_value_are_not_the_same_number():
    def by_value(root):
        seen, order = set(), []

        def visit(node):
            if node.value not in seen:
                seen.add(node.value)
                for other in node.inputs:
                    visit(other)
                order.append(node)

        visit(root)
        root.grad = 1.0
        for node in order[::-1]:
            for other, slope in zip(node.inputs, node.slopes, strict=True):
                other.grad += slope * node.grad

    assert not course.check_backward(by_value).passed
