"""What learners write for the exercise of notebook 6 that walks the tape backwards: orders that are wrong."""
# ruff: noqa: B905

import collections

from corpus import Solution


def pass_on(node):
    for x, slope in zip(node.inputs, node.slopes):
        x.grad += slope * node.grad


def as_reached(root):
    root.grad = 1.0
    queue = [root]
    for node in queue:
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad
            if x not in queue:
                queue.append(x)


def depth_first(root):
    order = []

    def visit(node):
        if node not in order:
            order.append(node)
            for x in node.inputs:
                visit(x)

    visit(root)
    root.grad = 1.0
    for node in order:
        pass_on(node)


def forwards(root):
    order = []

    def visit(node):
        if node not in order:
            for x in node.inputs:
                visit(x)
            order.append(node)

    visit(root)
    root.grad = 1.0
    for node in order:
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad


def each_way_passes_all(root):
    root.grad = 1.0

    def walk(node):
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad
            walk(x)

    walk(root)


def recursive_once(root, visited=None):
    if visited is None:
        root.grad, visited = 1.0, set()
    if root in visited:
        return
    visited.add(root)
    pass_on(root)
    for x in root.inputs:
        recursive_once(x, visited)


def stack(root):
    root.grad = 1.0
    seen, waiting = {root}, [root]
    while waiting:
        node = waiting.pop()
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad
            if x not in seen:
                seen.add(x)
                waiting.append(x)


def largest_first(root):
    tape, waiting = {root}, [root]
    while waiting:
        for x in waiting.pop().inputs:
            if x not in tape:
                tape.add(x)
                waiting.append(x)
    root.grad = 1.0
    for node in sorted(tape, key=lambda node: node.value, reverse=True):
        pass_on(node)


def shortest_distance(root):
    distance, queue = {root: 0}, collections.deque([root])
    while queue:
        node = queue.popleft()
        for x in node.inputs:
            if x not in distance:
                distance[x] = distance[node] + 1
                queue.append(x)
    root.grad = 1.0
    for node in sorted(distance, key=distance.get):
        pass_on(node)


def moved_to_the_end(root):
    order, i = [root], 0
    while i < len(order):
        for x in order[i].inputs:
            if x in order[i + 1 :]:
                order.remove(x)
            if x not in order:
                order.append(x)
        i += 1
    root.grad = 1.0
    for node in order:
        pass_on(node)


def first_not_reversed_level(root):
    root.grad = 1.0
    level = [root]
    while level:
        for node in level:
            pass_on(node)
        level = list(dict.fromkeys(x for node in level for x in node.inputs))


def users_counted_once(root):
    users = collections.Counter()
    tape = [root]
    for node in tape:
        for x in dict.fromkeys(node.inputs):
            users[x] += 1
            if x not in tape:
                tape.append(x)
    root.grad = 1.0
    ready = [root]
    for node in ready:
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad
            users[x] -= 1
            if users[x] == 0:
                ready.append(x)


def waits_for_uses_that_never_come(root):
    uses, tape = collections.Counter(), [root]
    for node in tape:
        for x in node.inputs:
            uses[x] += 1
            if x not in tape:
                tape.append(x)
    root.grad, ready = 1.0, [root]
    while ready:
        node = ready.pop()
        pass_on(node)
        for x in set(node.inputs):
            uses[x] -= 1
            if uses[x] == 0:
                ready.append(x)


def zero_slopes_not_counted(root):
    missing, tape = {root: 0}, [root]
    for node in tape:
        for x in node.inputs:
            if x not in missing:
                missing[x] = 0
                tape.append(x)
            missing[x] += 1
    root.grad, ready = 1.0, [root]
    while ready:
        node = ready.pop()
        for x, slope in zip(node.inputs, node.slopes):
            if slope == 0:
                continue
            x.grad += slope * node.grad
            missing[x] -= 1
            if not missing[x]:
                ready.append(x)


def inputs_in_front(root):
    order = []

    def visit(node):
        order.append(node)
        for x in node.inputs:
            if x not in order:
                visit(x)

    visit(root)
    order.sort(key=lambda node: len(node.inputs), reverse=True)  # leaves come last
    root.grad = 1.0
    for node in order:
        pass_on(node)


def leaves_wait(root):
    root.grad = 1.0
    seen, now, leaves = set(), [root], []
    while now:
        node = now.pop(0)
        if node in seen:
            continue
        seen.add(node)
        if node.inputs:
            pass_on(node)
            now.extend(node.inputs)
        else:
            leaves.append(node)
    for leaf in leaves:
        pass_on(leaf)


def nearest_leaf(root):
    heights = {}

    def height(node):
        if node not in heights:
            heights[node] = min((1 + height(x) for x in node.inputs), default=0)
        return heights[node]

    height(root)
    root.grad = 1.0
    for node in sorted(heights, key=heights.get, reverse=True):
        pass_on(node)


def revisits_when_changed(root):
    root.grad = 1.0
    queue = [root]
    while queue:
        node = queue.pop(0)
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad
            if x.inputs and x not in queue:
                queue.append(x)


def overwrites_and_as_reached(root):
    root.grad = 1.0
    queue, seen = [root], {root}
    while queue:
        node = queue.pop(0)
        for x, slope in zip(node.inputs, node.slopes):
            x.grad = slope * node.grad
            if x not in seen:
                seen.add(x)
                queue.append(x)


ENTRIES = [
    ("as reached", as_reached,
     "takes each number when it is first reached (breadth first), so some pass on before all their users have"),
    ("depth first", depth_first,
     "takes each number when first reached, depth first (preorder), so some pass on before all their users have"),
    ("forwards", forwards, "the order is sorted rightly but walked from the inputs to the root: it is not reversed"),
    ("each way passes all", each_way_passes_all,
     "a number that is reached several times passes on all it holds each time: shares count more than once"),
    ("recursive, once", recursive_once,
     "each number passes on at its first visit (depth first) and never again, before all its users have"),
    ("a stack", stack, "a stack takes the number reached last first: some pass on before all their users have"),
    ("largest first", largest_first,
     "sorted by value, the largest first: that is not users first where results are smaller than what they came from"),
    ("shortest distance", shortest_distance,
     "sorted by the shortest distance from the root in place of the longest: a number used both near and far passes on "
     "too early"),
    ("moved to the end", moved_to_the_end,
     "a number that is reached again moves to the end only if its own inputs were not listed yet; else it stays before "
     "a user of it"),
    ("level by level", first_not_reversed_level,
     "goes level by level without remembering who passed on: a number on two levels passes on twice, its first share "
     "again"),
    ("users counted once", users_counted_once,
     "counts a user that takes a number twice once, but subtracts twice: such a number passes on before all its users "
     "have"),
    ("waits forever", waits_for_uses_that_never_come,
     "counts a number taken twice (x * x) twice but subtracts once: it never has its turn, and nothing behind it gets a "
     "gradient"),
    ("zero slopes not counted", zero_slopes_not_counted,
     "a zero slope is skipped without being counted: the number waits forever, and nothing behind it gets a gradient"),
    ("most inputs first", inputs_in_front,
     "sorted by the number of inputs: leaves come last, but among the others numbers pass on before all their users "
     "have"),
    ("only leaves wait", leaves_wait,
     "only leaves wait until the end; other numbers are taken as first reached, before all their users have passed on"),
    ("nearest leaf", nearest_leaf, "sorted by the shortest way to a leaf in place of the longest: that is not users first"),
    ("again when changed", revisits_when_changed,
     "a number that receives more is queued again and passes on all it holds, what it passed on before included"),
    ("overwrites, and as reached", overwrites_and_as_reached,
     "two mistakes: = in place of +=, and the numbers are taken as first reached"),
]  # fmt: skip
SOLUTIONS = [Solution("backward", f"backward: {name}", *rest) for name, *rest in ENTRIES]
