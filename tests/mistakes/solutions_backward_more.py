"""What learners write for the exercise of notebook 6 that walks the tape backwards: other mistakes than the order."""
# ruff: noqa: B905

from corpus import Solution


def sorted_tape(root):
    """All numbers that root was computed from, users first."""
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for x in node.inputs:
                visit(x)
            order.append(node)

    visit(root)
    return order[::-1]


def overwrites(root):
    root.grad = 1.0
    for node in sorted_tape(root):
        for x, slope in zip(node.inputs, node.slopes):
            x.grad = slope * node.grad


def root_has_none(root):
    for node in sorted_tape(root):
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad


def inputs_as_set(root):
    root.grad = 1.0
    for node in sorted_tape(root):
        for x in set(node.inputs):
            x.grad += node.slopes[node.inputs.index(x)] * node.grad


def inputs_as_keys(root):
    root.grad = 1.0
    for node in sorted_tape(root):
        slopes = dict(zip(node.inputs, node.slopes))
        for x in slopes:
            x.grad += slopes[x] * node.grad


def value_for_grad(root):
    root.grad = 1.0
    for node in sorted_tape(root):
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.value


def own_grad(root):
    root.grad = 1.0
    for node in sorted_tape(root):
        for i in range(len(node.inputs)):
            node.inputs[i].grad += node.slopes[i] * node.inputs[i].grad


def slopes_ignored(root):
    root.grad = 1.0
    for node in sorted_tape(root):
        for x in node.inputs:
            x.grad += node.grad


def two_inputs_only(root):
    root.grad = 1.0
    for node in sorted_tape(root):
        if len(node.inputs) == 2:
            (a, b), (to_a, to_b) = node.inputs, node.slopes
            a.grad += to_a * node.grad
            b.grad += to_b * node.grad


def first_inputs_only(root):
    root.grad, node = 1.0, root
    while node.inputs:
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad
        node = node.inputs[0]


def seen_by_value(root):
    order, seen = [], []

    def visit(node):
        if node.value in seen:
            return
        seen.append(node.value)
        for x in node.inputs:
            visit(x)
        order.append(node)

    visit(root)
    root.grad = 1.0
    for node in reversed(order):
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad


def default_kept(root, order=[]):  # noqa: B006
    def visit(node):
        if node not in order:
            for x in node.inputs:
                visit(x)
            order.append(node)

    visit(root)
    root.grad = 1.0
    for node in order[::-1]:
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad


def marks_kept(root):
    order = []

    def visit(node):
        if not hasattr(node, "visited"):
            node.visited = True
            for x in node.inputs:
                visit(x)
            order.insert(0, node)

    visit(root)
    root.grad = 1.0
    for node in order:
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad


def root_set_last(root):
    for node in sorted_tape(root):
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad
    root.grad = 1.0


def root_is_its_value(root):
    root.grad = root.value
    for node in sorted_tape(root):
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad


def results_cleared(root):
    root.grad = 1.0
    for node in sorted_tape(root):
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad
        if node.inputs and node is not root:
            node.grad = 0.0


def no_leaves(root):
    root.grad = 1.0
    for node in sorted_tape(root):
        for x, slope in zip(node.inputs, node.slopes):
            if x.inputs:
                x.grad += slope * node.grad


def only_first_share(root):
    root.grad = 1.0
    for node in sorted_tape(root):
        for x, slope in zip(node.inputs, node.slopes):
            if x.grad == 0:
                x.grad = slope * node.grad


def one_user_each(root):
    user, slope_to = {}, {}
    for node in reversed(sorted_tape(root)):
        for x, slope in zip(node.inputs, node.slopes):
            user[x], slope_to[x] = node, slope
    root.grad = 1.0
    for node in sorted_tape(root)[1:]:
        node.grad = slope_to[node] * user[node].grad


def slopes_reversed(root):
    root.grad = 1.0
    for node in sorted_tape(root):
        for x, slope in zip(node.inputs, node.slopes[::-1]):
            x.grad += slope * node.grad


def sizes_of_slopes(root):
    root.grad = 1.0
    for node in sorted_tape(root):
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += abs(slope) * node.grad


def sum_of_slopes(root):
    root.grad = 1.0
    for node in sorted_tape(root):
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope + node.grad


def leaf_as_root(root):
    if not root.inputs:
        return
    root.grad = 1.0
    for node in sorted_tape(root):
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad


def twenty_steps(root):
    root.grad = 1.0
    level = {root: 1.0}
    for _ in range(20):
        below = {}
        for node, share in level.items():
            for x, slope in zip(node.inputs, node.slopes):
                below[x] = below.get(x, 0.0) + slope * share
        for x, share in below.items():
            x.grad += share
        level = below


def only_direct_inputs(root):
    root.grad = 1.0
    for x, slope in zip(root.inputs, root.slopes):
        x.grad += slope
        for y, steeper in zip(x.inputs, x.slopes):
            y.grad += slope * steeper


def returns_gradients(root):
    root.grad = 1.0
    tape = sorted_tape(root)
    for node in tape:
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad
    return [node.grad for node in tape]


def product_by_value(root):
    root.grad = 1.0
    for node in sorted_tape(root):
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad * (x.value if slope not in (1.0, -1.0) else 1.0)


def root_in_whole_numbers(root):
    root.grad = 1
    for node in sorted_tape(root):
        for x, slope in zip(node.inputs, node.slopes):
            x.grad = x.grad + int(slope * node.grad)


def none_for_the_root(root):
    shares = {root: 1.0}
    for node in sorted_tape(root):
        for x, slope in zip(node.inputs, node.slopes):
            shares[x] = shares.get(x, 0.0) + slope * shares[node]
            x.grad = shares[x]


def averages(root):
    users = {}
    for node in sorted_tape(root):
        for x in node.inputs:
            users[x] = users.get(x, 0) + 1
    root.grad = 1.0
    for node in sorted_tape(root):
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad / users[x]


def overwrites_without_slopes(root):
    root.grad = 1.0
    for node in sorted_tape(root):
        for x in node.inputs:
            x.grad = node.grad


ENTRIES = [
    ("overwrites", overwrites, "= in place of +=: of several shares only the last remains"),
    ("root has none", root_has_none, "the root's grad is never set to 1: all gradients are zero"),
    ("inputs as a set", inputs_as_set, "inputs go through a set: a number taken twice (x + x, x * x) receives one share only"),
    ("inputs as keys", inputs_as_keys,
     "inputs are keys of a dict: of a number taken twice (x * x, x - x) only the last slope remains"),
    ("value for grad", value_for_grad, "slopes are multiplied by the node's value in place of its grad"),
    ("own grad", own_grad,
     "slopes are multiplied by the input's own grad in place of the node's, so nothing but zeros arrives below the root"),
    ("slopes ignored", slopes_ignored, "the slopes are ignored: each grad is passed on as it is"),
    ("two inputs only", two_inputs_only, "only steps with two inputs pass on: nothing goes through squared()"),
    ("first inputs only", first_inputs_only, "follows the first inputs only: what lies behind other inputs receives nothing"),
    ("seen by value", seen_by_value, "numbers are told apart by value: of two with the same value only one passes on"),
    ("default kept", default_kept,
     "the list is a default argument: numbers of earlier calls stay in it, and pass their gradients on once more"),
    ("marks kept", marks_kept, "numbers keep the mark of an earlier walk: a second walk over the same numbers does nothing"),
    ("root set last", root_set_last, "the root's grad is set to 1 after the walk: all others stay zero"),
    ("root is its value", root_is_its_value, "the root's grad is its value in place of 1"),
    ("results cleared", results_cleared, "grads of numbers between the leaves and the root are set back to 0 once passed on"),
    ("no leaves", no_leaves, "leaves (numbers without inputs) receive nothing"),
    ("only the first share", only_first_share,
     "a number that already holds a gradient receives no more: later shares are dropped"),
    ("one user each", one_user_each, "remembers one user of each number, the last: shares from its other users are lost"),
    ("slopes reversed", slopes_reversed, "the slopes of the two inputs are exchanged"),
    ("sizes of slopes", sizes_of_slopes, "absolute values of slopes: signs are lost"),
    ("sum of slopes", sum_of_slopes, "slope and grad are added in place of multiplied"),
    ("a leaf as root", leaf_as_root, "a root without inputs does not get its grad of 1"),
    ("twenty steps", twenty_steps, "ways of more than 20 steps are left out"),
    ("two steps", only_direct_inputs, "goes two steps down only"),
    ("returns gradients", returns_gradients,
     "grads are right, but a list is returned where the function should return nothing"),
    ("value, too", product_by_value, "a factor too many: the input's value, wherever the slope is not 1 or -1"),
    ("whole numbers", root_in_whole_numbers, "shares are cut to whole numbers"),
    ("root's own missing", none_for_the_root, "the root's own grad stays 0; all others are right"),
    ("averages", averages, "shares are divided by the number of uses: averaged in place of summed"),
    ("overwrites, without slopes", overwrites_without_slopes, "two mistakes: = in place of +=, and the slopes are ignored"),
]  # fmt: skip
SOLUTIONS = [Solution("backward", f"backward: {name}", *rest) for name, *rest in ENTRIES]
