"""Right solutions of the exercise of notebook 6 that walks the tape backwards, in unusual styles."""
# ruff: noqa: B905

import collections
import graphlib
import itertools

import numpy as np
from corpus import Solution


def count_users(root):
    missing, tape = collections.Counter(), [root]
    known = {root}
    for node in tape:
        missing.update(node.inputs)
        new = [x for x in dict.fromkeys(node.inputs) if x not in known]
        known.update(new)
        tape += new
    root.grad, ready = 1.0, [root]
    for node in ready:
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad
            missing[x] -= 1
            if not missing[x]:
                ready.append(x)


def library_sort(root):
    graph, waiting = {}, [root]
    while waiting:
        node = waiting.pop()
        if node not in graph:
            graph[node] = set(node.inputs)
            waiting.extend(node.inputs)
    root.grad = 1.0
    for node in reversed(list(graphlib.TopologicalSorter(graph).static_order())):
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad


def longest_distance(root):
    heights = {}

    def height(node):
        if node not in heights:
            found = 0
            for x in node.inputs:
                found = max(found, 1 + height(x))
            heights[node] = found
        return heights[node]

    height(root)
    root.grad += 1.0
    for node in sorted(heights, key=lambda node: -heights[node]):
        if node.grad:  # a zero passes on nothing
            for i, x in enumerate(node.inputs):
                x.grad = x.grad + node.grad * node.slopes[i]


def ways_by_length(root):
    shares = {root: 1.0}  # over all ways of 0, 1, 2, ... steps
    while shares:
        below = collections.defaultdict(float)
        for node, share in shares.items():
            node.grad += share
            for x, slope in zip(node.inputs, node.slopes):
                below[x] += slope * share
        shares = below


def own_stack(root):
    order, seen, waiting = [], set(), [(root, False)]
    while waiting:
        node, done = waiting.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            waiting.append((node, True))
            waiting.extend((x, False) for x in node.inputs)
    root.grad = 1
    while order:
        node = order.pop()
        for x, slope in zip(node.inputs, node.slopes):
            x.grad += slope * node.grad


def asks_users(root):
    users, tape = collections.defaultdict(list), {root: None}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        for x, slope in zip(node.inputs, node.slopes):
            users[x].append((node, slope))
            if x not in tape:
                tape[x] = None
                waiting.append(x)
    known = {root: 1.0}

    def gradient(node):
        if node not in known:
            total = 0.0
            for user, slope in users[node]:
                total += slope * gradient(user)
            known[node] = total
        return known[node]

    for node in tape:
        node.grad = gradient(node)


def linear_equations(root):
    tape = [root]
    for node in tape:
        tape += [x for x in dict.fromkeys(node.inputs) if x not in tape]
    slopes = np.zeros((len(tape), len(tape)))
    for node in tape:
        for x, slope in zip(node.inputs, node.slopes):
            slopes[tape.index(x), tape.index(node)] += slope
    gradient = seed = np.eye(len(tape))[0]
    for _ in tape:  # gradient = seed + slopes @ gradient; no way is longer than the tape
        gradient = seed + slopes @ gradient
    for node, value in zip(tape, gradient):
        node.grad = float(value)


def peeled_off(root):
    left, waiting = {root}, [root]
    while waiting:
        new = set(waiting.pop().inputs) - left
        left |= new
        waiting += new
    root.grad = 1.0
    while left:  # those that nobody left uses have had all their users' shares
        used = set(itertools.chain.from_iterable(node.inputs for node in left))
        for node in left - used:
            for x, slope in zip(node.inputs, node.slopes):
                x.grad += node.grad * slope
        left &= used


ENTRIES = [
    ("right, counts users", count_users),
    ("right, graphlib", library_sort),
    ("right, longest distance", longest_distance),
    ("right, ways by length", ways_by_length),
    ("right, own stack", own_stack),
    ("right, asks its users", asks_users),
    ("right, linear equations", linear_equations),
    ("right, peeled off", peeled_off),
]
SOLUTIONS = [Solution("backward", f"backward: {name}", *rest) for name, *rest in ENTRIES]
