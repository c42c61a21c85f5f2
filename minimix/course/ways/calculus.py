"""Plain ways to write the exercises with derivatives, errors and logarithms, the walk along a tape and a step of training."""

import numpy as np

import minimix.functional as F
from minimix.tensor import Tensor


def central_difference_steps(function, x, h):
    right = function(x + h)
    left = function(x - h)
    return (right - left) / (2 * h)


def central_difference_means(function, x, h):
    right = (function(x + h) - function(x)) / h
    left = (function(x) - function(x - h)) / h
    return (right + left) / 2


def difference_variances(a, b):
    first, second = a.var(ddof=1), b.var(ddof=1)
    error = np.sqrt(first / len(a) + second / len(b))
    return a.mean() - b.mean(), error


def difference_sums(a, b):
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    square_a = sum((value - mean_a) ** 2 for value in a)
    square_b = sum((value - mean_b) ** 2 for value in b)
    error_a = np.sqrt(square_a / (len(a) - 1)) / np.sqrt(len(a))
    error_b = np.sqrt(square_b / (len(b) - 1)) / np.sqrt(len(b))
    return mean_a - mean_b, np.sqrt(error_a**2 + error_b**2)


def log_softmax_shifted(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    total = powers.sum(axis=1, keepdims=True)
    return shifted - np.log(total)


def log_softmax_largest(logits):
    largest = logits.max(axis=1, keepdims=True)
    total = np.exp(logits - largest).sum(axis=1, keepdims=True)
    return logits - (largest + np.log(total))


def log_softmax_rows(logits):
    result = np.zeros(logits.shape)
    for n in range(len(logits)):
        largest = logits[n].max()
        total = 0.0
        for c in range(logits.shape[1]):
            total += np.exp(logits[n, c] - largest)
        for c in range(logits.shape[1]):
            result[n, c] = logits[n, c] - largest - np.log(total)
    return result


def backward_sorted(root):
    order, seen = [], set()

    def visit(node):
        if node in seen:
            return
        seen.add(node)
        for other in node.inputs:
            visit(other)
        order.append(node)

    visit(root)
    root.grad = 1.0
    for node in reversed(order):
        for other, slope in zip(node.inputs, node.slopes, strict=True):
            other.grad += slope * node.grad


def backward_paths(root, pull=1.0):
    root.grad += pull
    for other, slope in zip(root.inputs, root.slopes, strict=True):
        backward_paths(other, pull * slope)


def train_step_lines(net, optimizer, images, labels):
    optimizer.zero_grad()
    logits = net(Tensor(images))
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    optimizer.step()
    return loss.item()
