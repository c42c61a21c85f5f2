"""Right solutions of the exercise "the backward pass of a mixed convolution" in styles other than the notebook's."""

import numpy as np
from corpus import Solution
from numpy.lib.stride_tricks import sliding_window_view

import minimix as mm
import minimix.functional as F
from minimix import reference

input_grad, weight_grad = reference.depthwise_conv2d_input_grad, reference.depthwise_conv2d_weight_grad


def by_taps(gradient, x, weights):
    height, width = x.shape[2:]
    dx, dw, first = [], [], 0
    for weight in weights:
        b, last = weight.shape[-1] // 2, first + len(weight)
        seen = np.pad(x[:, first:last], ((0, 0), (0, 0), (b, b), (b, b)))
        stamped = np.zeros_like(seen)
        found = np.empty_like(weight)
        for i in range(2 * b + 1):
            for j in range(2 * b + 1):
                rows, columns = slice(i, i + height), slice(j, j + width)
                found[:, 0, i, j] = np.einsum("ncyx,ncyx->c", gradient[:, first:last], seen[:, :, rows, columns])
                stamped[:, :, rows, columns] += np.einsum("ncyx,c->ncyx", gradient[:, first:last], weight[:, 0, i, j])
        dx.append(stamped[:, :, b : b + height, b : b + width])
        dw.append(found)
        first = last
    return np.hstack(dx), dw


def embedded_in_the_largest(gradient, x, weights):
    largest = max(w.shape[-1] for w in weights)
    full, borders = [], []
    for w in weights:
        b = (largest - w.shape[-1]) // 2
        borders.append(b)
        full.append(np.pad(w, ((0, 0), (0, 0), (b, b), (b, b))))
    full = np.concatenate(full)
    parts = np.split(weight_grad(gradient, x, full), np.cumsum([len(w) for w in weights])[:-1])
    dw = [part[:, :, b : largest - b, b : largest - b] for part, b in zip(parts, borders, strict=True)]  # views
    return input_grad(gradient, x, full), dw


def by_autograd(gradient, x, weights):
    pixels = mm.Tensor(x, requires_grad=True)
    kernels = [mm.Tensor(w, requires_grad=True) for w in weights]
    F.mixconv2d(pixels, kernels).backward(gradient)
    return pixels.grad, [kernel.grad for kernel in kernels]


def by_recursion(gradient, x, weights):
    if not len(weights):
        return x[:, :0].copy(), []
    head, c = weights[0], len(weights[0])
    rest_x, rest_w = by_recursion(gradient[:, c:], x[:, c:], weights[1:])
    own_x = input_grad(gradient[:, :c], x[:, :c], head)
    return np.concatenate([own_x, rest_x], axis=1), [weight_grad(gradient[:, :c], x[:, :c], head), *rest_w]


def by_windows(gradient, x, weights):
    dx, dw = np.empty(x.shape), []
    last = x.shape[1]
    for w in list(weights)[::-1]:  # from the last group to the first
        k = w.shape[-1]
        own, last = slice(last - len(w), last), last - len(w)
        border = ((0, 0), (0, 0), (k // 2, k // 2), (k // 2, k // 2))
        g = sliding_window_view(np.pad(gradient[:, own], border), (k, k), axis=(2, 3))
        p = sliding_window_view(np.pad(x[:, own], border), (k, k), axis=(2, 3))
        dx[:, own] = np.einsum("ncyxij,cij->ncyx", g, w[:, 0, ::-1, ::-1])
        dw.insert(0, np.einsum("ncyx,ncyxij->cij", gradient[:, own], p).reshape(w.shape))
    return dx, dw


def channel_by_channel(gradient, x, weights):
    dx, dw, channel = [], [], 0
    for weight in weights:
        rows = []
        for kernel in weight:
            g, p = gradient[:, channel : channel + 1], x[:, channel : channel + 1]
            dx.append(reference.depthwise_conv2d(g, kernel[None, :, ::-1, ::-1])[:, 0])
            rows.append(weight_grad(g, p, kernel[None])[0])
            channel += 1
        dw.append(np.array(rows))
    return np.stack(dx, axis=1), dw


def by_split(gradient, x, weights):
    ends = np.cumsum([w.shape[0] for w in weights])[:-1]
    trios = list(zip(np.split(gradient, ends, axis=1), np.split(x, ends, axis=1), weights, strict=True))
    return np.concatenate([input_grad(*trio) for trio in trios], axis=1), [weight_grad(*trio) for trio in trios]


def ready_made(gradient, x, weights):
    grads = reference.mixconv2d_weight_grad(gradient, x, weights)
    return reference.mixconv2d_input_grad(gradient, x, weights), grads


def by_spectra(gradient, x, weights):
    (height, width), first, dx, dw = x.shape[2:], 0, [], []
    for w in weights:
        k, own = w.shape[-1], slice(first, first + len(w))
        b, size = k // 2, (height + 2 * k, width + 2 * k)  # so large that nothing comes round the corner
        g, p, t = (np.fft.rfft2(a, size) for a in (gradient[:, own], x[:, own], w[:, 0]))
        dx.append(np.fft.irfft2(g * t, size)[:, :, b : b + height, b : b + width])
        lags = np.fft.irfft2((p * g.conj()).sum(axis=0), size)
        around = np.arange(-b, b + 1)
        dw.append(lags[:, around[:, None], around][:, None])
        first += len(w)
    return np.concatenate(dx, axis=1), dw


RIGHT = [
    ("by taps", by_taps), ("embedded in the largest kernel", embedded_in_the_largest), ("by autograd", by_autograd),
    ("by recursion", by_recursion), ("by windows", by_windows), ("channel by channel", channel_by_channel),
    ("by np.split", by_split), ("ready made", ready_made), ("by spectra", by_spectra),
]  # fmt: skip
SOLUTIONS = [Solution("mixconv2d_backward", f"mixconv2d_backward: right, {name}", right) for name, right in RIGHT]
