"""Wrong walks over a tape: in another order, too often, or with something else than slope times gradient passed on.

A tape's numbers are ``lesson06_backward.Scalar``.
"""

from collections.abc import Callable


def share_out(node) -> None:
    for other, slope in zip(node.inputs, node.slopes, strict=True):
        other.grad += slope * node.grad


# -- orders: each of them is a list of all numbers below the root, the root first --------------------------------------------


def right_order(root) -> list:
    order = {}

    def visit(node):
        if node not in order:
            for other in node.inputs:
                visit(other)
            order[node] = None

    visit(root)
    return list(order)[::-1]


def computed_order(root) -> list:
    return right_order(root)[::-1]


def breadth_first(root, take: int = 0, backward: bool = False, mark_late: bool = False) -> list:
    """As they are reached. take: 0 from a queue, -1 from a stack. backward: the last input first. mark_late: a number counts as
    seen when it is taken, not when it is put there."""
    waiting, seen, order = [root], [root], []
    while waiting:
        node = waiting.pop(take)
        if mark_late and node in order:
            continue
        order.append(node)
        for other in node.inputs[:: -1 if backward else 1]:
            if mark_late or other not in seen:
                seen.append(other)
                waiting.append(other)
    return order


def preorder(root, backward: bool = False) -> list:
    order = []

    def visit(node):
        if node not in order:
            order.append(node)
            for other in node.inputs[:: -1 if backward else 1]:
                visit(other)

    visit(root)
    return order


def moved_to_the_end(root) -> list:
    """A number that is met again moves to the end, but what it was made of stays where it is."""
    order = []

    def visit(node):
        if node in order:
            order.remove(node)
            order.append(node)
            return
        order.append(node)
        for other in node.inputs:
            visit(other)

    visit(root)
    return order


def moved_in_a_queue(root) -> list:
    order = [root]
    for node in order:
        for other in node.inputs:
            if other in order and order.index(other) > order.index(node):
                order.remove(other)
            if other not in order:
                order.append(other)
    return order


def met_last(root) -> list:
    """All that is met, with repetitions, breadth first, and of each number the last place."""
    met = [root]
    for node in breadth_first(root):
        met += node.inputs
    return [node for i, node in enumerate(met) if node not in met[i + 1 :]]


def sorted_by(key: Callable, reverse: bool = False, base=breadth_first):
    return lambda root: sorted(base(root), key=key, reverse=reverse)


def nearest_leaf(node) -> int:
    return 1 + min(map(nearest_leaf, node.inputs)) if node.inputs else 0


def users_counted(root, once_up: bool, once_down: bool) -> list:
    """A number waits for as many users as were counted; a step that uses it twice counts once, here or there."""
    users: dict = {}
    for node in right_order(root):
        for other in dict.fromkeys(node.inputs) if once_up else node.inputs:
            users[id(other)] = users.get(id(other), 0) + 1
    ready, order = [root], []
    while ready:
        node = ready.pop(0)
        order.append(node)
        for other in dict.fromkeys(node.inputs) if once_down else node.inputs:
            users[id(other)] -= 1
            if users[id(other)] == 0:
                ready.append(other)
    return order


def in_order(order_of, pass_on=share_out, start: float = 1.0):
    def wrong(root):
        root.grad = start
        for node in order_of(root):
            pass_on(node)

    return wrong


def walked(pass_on):
    return in_order(right_order, pass_on)


# -- walks without an order --------------------------------------------------------------------------------------------------


def each_way(backward: bool):
    """Each way passes on all that a number holds."""

    def wrong(root):
        root.grad = 1.0

        def visit(node):
            for other, slope in list(zip(node.inputs, node.slopes, strict=True))[:: -1 if backward else 1]:
                other.grad += slope * node.grad
                visit(other)

        visit(root)

    return wrong


def all_then_each_way(root):
    root.grad = 1.0

    def visit(node):
        share_out(node)
        for other in node.inputs:
            visit(other)

    visit(root)


def each_time(take: int, distinct: bool = False):
    """A number passes on each time it is taken from a queue (0) or a stack (-1)."""

    def wrong(root):
        root.grad = 1.0
        waiting = [root]
        while waiting:
            node = waiting.pop(take)
            share_out(node)
            for other in node.inputs:
                if not distinct or other not in waiting:
                    waiting.append(other)

    return wrong


def last_user_only(root):
    users = {}
    for node in computed_order(root):
        for other, slope in zip(node.inputs, node.slopes, strict=True):
            users[other] = (node, slope)
    root.grad = 1.0
    for node in right_order(root)[1:]:
        user, slope = users[node]
        node.grad = slope * user.grad


def first_chain(root):
    root.grad, node = 1.0, root
    while node.inputs:
        share_out(node)
        node = node.inputs[0]


def limited(levels: int):
    """Only so many steps below the root."""

    def wrong(root):
        depth = {id(root): 0}
        root.grad = 1.0
        for node in right_order(root):
            if depth[id(node)] < levels:
                share_out(node)
                for other in node.inputs:
                    depth[id(other)] = max(depth.get(id(other), 0), depth[id(node)] + 1)
            else:
                for other in node.inputs:
                    depth.setdefault(id(other), levels)

    return wrong


# -- what is passed on ------------------------------------------------------------------------------------------------------


def sharing(share: Callable, inputs=slice(None), assign: bool = False):
    """share(node, input, slope) is added to the input's gradient. inputs: which of them get something."""

    def pass_on(node):
        for other, slope in list(zip(node.inputs, node.slopes, strict=True))[inputs]:
            other.grad = share(node, other, slope) + (0 if assign else other.grad)

    return pass_on


def right_share(node, other, slope) -> float:
    return slope * node.grad


def with_slopes(slopes_of):
    def pass_on(node):
        for other, slope in zip(node.inputs, slopes_of(node), strict=True):
            other.grad += slope * node.grad

    return pass_on


def distinct(first: bool):
    """Equal inputs get one share: that of the first slope, or of the last."""

    def pass_on(node):
        pairs = list(zip(node.inputs, node.slopes, strict=True))
        for other, slope in dict(pairs[:: -1 if first else 1]).items():
            other.grad += slope * node.grad

    return pass_on


def first_share_only(node):
    for other, slope in zip(node.inputs, node.slopes, strict=True):
        if other.grad == 0:
            other.grad = slope * node.grad


def largest_share(node):
    for other, slope in zip(node.inputs, node.slopes, strict=True):
        other.grad = max(other.grad, slope * node.grad)


def only_steps_with(count: int):
    def pass_on(node):
        if len(node.inputs) == count:
            share_out(node)

    return pass_on


def twice(node):
    share_out(node)
    share_out(node)


def cleared(root):
    in_order(right_order)(root)
    for node in right_order(root)[1:]:
        node.grad = 0.0 if node.inputs else node.grad


def averaged(root):
    uses = [other for node in right_order(root) for other in node.inputs]

    def pass_on(node):
        for other, slope in zip(node.inputs, node.slopes, strict=True):
            other.grad += slope * node.grad / uses.count(other)

    in_order(right_order, pass_on)(root)


def changed(change):
    """Right, and then something is done to the root, or to all."""

    def wrong(root):
        in_order(right_order)(root)
        change(root)

    return wrong


def given_only(root):
    in_order(right_order)(root)
    for node in right_order(root):
        if node.inputs:
            node.grad = 0.0


def root_last(root):
    for node in right_order(root):
        share_out(node)
    root.grad = 1.0


def nothing_for_a_leaf(root):
    if root.inputs:
        in_order(right_order)(root)


# -- what is kept, or waited for ---------------------------------------------------------------------------------------------


def marking(root) -> None:
    """What was met carries a mark, in the number itself."""
    order = []

    def visit(node):
        if not getattr(node, "met", False):
            node.met = True
            for other in node.inputs:
                visit(other)
            order.append(node)

    visit(root)
    root.grad = 1.0
    for node in order[::-1]:
        share_out(node)


def keeping(root, kept: list = []) -> None:  # noqa: B006
    """The list of an earlier walk goes on, if that was over the same numbers."""
    order = right_order(root)[::-1]
    if not set(order) & set(kept):
        kept.clear()
    kept += order
    root.grad = 1.0
    for node in kept[::-1]:
        share_out(node)


def waiting_behind_zeros(root) -> None:
    """Each number waits for all of its users, of which those with a slope of 0 never tell it."""
    users: dict = {}
    for node in right_order(root):
        for other in node.inputs:
            users[other] = users.get(other, 0) + 1
    root.grad, ready = 1.0, [root]
    while ready:
        node = ready.pop()
        for other, slope in zip(node.inputs, node.slopes, strict=True):
            if slope == 0:
                continue
            other.grad += slope * node.grad
            users[other] -= 1
            if users[other] == 0:
                ready.append(other)
