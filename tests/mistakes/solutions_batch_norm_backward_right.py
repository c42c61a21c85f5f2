"""Right solutions of the exercise "the backward pass of batch norm" in styles other than the notebook's."""

import numpy as np
from corpus import Solution

import minimix as mm
import minimix.functional as F
from minimix import reference


def step_by_step(gradient, x, weight, eps):
    axes, m = (0, 2, 3), x[:, 0].size
    mu = x.sum(axes, keepdims=True) / m
    var = ((x - mu) ** 2).sum(axes, keepdims=True) / m
    d_hat = gradient * weight.reshape(1, -1, 1, 1)
    d_var = (d_hat * (x - mu)).sum(axes, keepdims=True) * -0.5 * (var + eps) ** -1.5
    d_mu = -d_hat.sum(axes, keepdims=True) / np.sqrt(var + eps) + d_var * (-2 * (x - mu)).mean(axes, keepdims=True)
    d_x = d_hat / np.sqrt(var + eps) + d_var * 2 * (x - mu) / m + d_mu / m
    return d_x, (gradient * (x - mu) / np.sqrt(var + eps)).sum(axes), gradient.sum(axes)


def channels_as_rows(gradient, x, weight, eps):
    n, c, h, w = x.shape
    rows, g = (np.moveaxis(a, 1, 0).reshape(c, -1) for a in (x, gradient))
    m = n * h * w
    centred = rows - rows.mean(axis=1, keepdims=True)
    inverse = 1 / np.sqrt((centred**2).mean(axis=1) + eps)
    grad_beta, grad_gamma = g.sum(axis=1), inverse * np.einsum("cm,cm->c", g, centred)
    d = (m * g - grad_beta[:, None] - centred * (inverse * grad_gamma)[:, None]) * (weight * inverse / m)[:, None]
    return np.moveaxis(d.reshape(c, n, h, w), 0, 1), grad_gamma, grad_beta


def matrix_of_each_channel(gradient, x, weight, eps):
    grad_x, grad_gamma, grad_beta = np.zeros(x.shape), [], []
    for c, gamma in enumerate(weight):
        values, down = x[:, c].ravel(), gradient[:, c].ravel()
        m = values.size
        sigma = (values.var() + eps) ** 0.5
        hat = (values - values.mean()) / sigma
        jacobian = gamma / sigma * (np.eye(m) - 1 / m - np.outer(hat, hat) / m)
        grad_x[:, c] = (jacobian @ down).reshape(x[:, c].shape)
        grad_gamma.append(hat @ down)
        grad_beta.append(down.sum())
    return grad_x, np.array(grad_gamma), np.array(grad_beta)


def by_autograd(gradient, x, weight, eps):
    leaves = [mm.Tensor(a, requires_grad=True) for a in (x, weight, np.zeros_like(weight))]
    F.batch_norm(leaves[0], None, None, leaves[1], leaves[2], training=True, eps=eps).backward(gradient)
    return tuple(leaf.grad for leaf in leaves)


def by_complex_steps(gradient, x, weight, eps):
    point, grads = (x, weight, np.zeros(len(weight))), []
    for which, array in enumerate(point):
        found = np.zeros(array.shape)
        for place in np.ndindex(array.shape):
            moved = [a.astype(complex) for a in point]
            moved[which][place] += 1e-30j
            y = reference.batch_norm(moved[0], weight=moved[1], bias=moved[2], training=True, eps=eps)
            found[place] = (gradient * y).sum().imag / 1e-30
        grads.append(found)
    return tuple(grads)


def lists_and_loops(gradient, x, weight, eps):
    n, c, h, w = x.shape
    m, places = n * h * w, [(i, y, z) for i in range(n) for y in range(h) for z in range(w)]
    grad_x, grad_gamma, grad_beta = np.empty(x.shape), np.empty(c), np.empty(c)
    for k in range(c):
        mu = sum(x[i, k, y, z] for i, y, z in places) / m
        sigma = (sum((x[i, k, y, z] - mu) ** 2 for i, y, z in places) / m + eps) ** 0.5
        grad_beta[k] = sum(gradient[i, k, y, z] for i, y, z in places)
        grad_gamma[k] = sum(gradient[i, k, y, z] * (x[i, k, y, z] - mu) / sigma for i, y, z in places)
        for i, y, z in places:
            hat = (x[i, k, y, z] - mu) / sigma
            grad_x[i, k, y, z] = weight[k] / sigma * (gradient[i, k, y, z] - (grad_beta[k] + hat * grad_gamma[k]) / m)
    return grad_x, grad_gamma, grad_beta


def channels_last(gradient, x, weight, eps):
    x, g = x.transpose(0, 2, 3, 1), gradient.transpose(0, 2, 3, 1)  # so that (C,) broadcasts as it is
    axes = (0, 1, 2)
    scale = 1 / np.sqrt(x.var(axis=axes) + eps)
    hat = (x - x.mean(axis=axes)) * scale
    grad_x = weight * scale * (g - g.mean(axis=axes) - hat * (g * hat).mean(axis=axes))
    return grad_x.transpose(0, 3, 1, 2), np.einsum("nhwc,nhwc->c", g, hat), np.einsum("nhwc->c", g)  # a view that is not dense


RIGHT = [
    ("step by step", step_by_step), ("channels as rows", channels_as_rows),
    ("a matrix of each channel", matrix_of_each_channel),
    ("by autograd", by_autograd), ("by complex steps", by_complex_steps), ("lists and loops", lists_and_loops),
    ("channels last", channels_last),
]  # fmt: skip
SOLUTIONS = [Solution("batch_norm_backward", f"batch_norm_backward: right, {name}", right) for name, right in RIGHT]
