"""Rarer wrong walks over a tape; as ``wrong_walks``."""

from minimix.course.exercises.wrong_walks import right_order, share_out


def depth_at_first_sight(root) -> list:
    depth: dict = {}

    def visit(node, steps):
        if node not in depth:
            depth[node] = steps
            for other in node.inputs:
                visit(other, steps + 1)

    visit(root, 0)
    return sorted(depth, key=depth.__getitem__)


def sharing_ones_by_overwriting(node) -> None:
    for other, slope in zip(node.inputs, node.slopes, strict=True):
        other.grad = node.grad if slope == 1 else other.grad + slope * node.grad


def exchanged_and_overwritten(root) -> None:
    root.grad = 1.0
    for node in right_order(root):
        for other, slope in zip(node.inputs, node.slopes[::-1], strict=True):
            other.grad = slope * node.grad


def limiting(most: float):
    def pass_on(node):
        node.grad = min(max(node.grad, -most), most)
        share_out(node)

    return pass_on


def until_a_zero(root) -> None:
    root.grad = 1.0
    for node in right_order(root):
        if node.grad == 0:
            break
        share_out(node)
