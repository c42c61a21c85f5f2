"""New solutions, wrong and right, of the other exercises of notebook 7: mixconv2d_backward, batch_norm_backward."""

import numpy as np
from corpus import collected

from minimix import reference

SOLUTIONS, solution = collected()


# mixconv2d_backward


def split(array, weights):
    return np.split(array, np.cumsum([len(w) for w in weights])[:-1], axis=1)


def input_grads(gradient, x, weights):
    parts = zip(split(gradient, weights), split(x, weights), weights, strict=True)
    return np.concatenate([reference.depthwise_conv2d_input_grad(*part) for part in parts], axis=1)


def weight_grads(gradient, x, weights):
    parts = zip(split(gradient, weights), split(x, weights), weights, strict=True)
    return [reference.depthwise_conv2d_weight_grad(*part) for part in parts]


@solution(
    "mixconv2d_backward",
    "dX joined from the last",
    "the groups' parts of dX are concatenated from the last group to the first",
)
def mixed_joined_from_last(gradient, x, weights):
    parts = split(input_grads(gradient, x, weights), weights)
    return np.concatenate(parts[::-1], axis=1), weight_grads(gradient, x, weights)


@solution(
    "mixconv2d_backward",
    "sizes for places",
    "np.split gets the groups' sizes instead of the places where they begin, which is right for one and two groups only",
)
def mixed_sizes(gradient, x, weights):
    sizes = [len(w) for w in weights][:-1]
    parts = list(zip(np.split(gradient, sizes, axis=1), np.split(x, sizes, axis=1), weights, strict=True))
    dx = [reference.depthwise_conv2d_input_grad(*part) for part in parts]
    return np.concatenate(dx, axis=1), [reference.depthwise_conv2d_weight_grad(*part) for part in parts]


@solution(
    "mixconv2d_backward",
    "x from its first channels",
    "for dW every group reads x from channel 0 on; the gradient is divided rightly",
)
def mixed_x_from_first(gradient, x, weights):
    parts = zip(split(gradient, weights), weights, strict=True)
    dw = [reference.depthwise_conv2d_weight_grad(part, x[:, : len(w)], w) for part, w in parts]
    return input_grads(gradient, x, weights), dw


@solution(
    "mixconv2d_backward",
    "outer taps get nothing",
    "in a kernel larger than the picture dW is 0 for the taps that are further from the middle than half of "
    "the picture, though they see pixels",
)
def mixed_outer_taps(gradient, x, weights):
    dw = weight_grads(gradient, x, weights)
    half = min(x.shape[2:]) // 2
    for grad in dw:
        middle = grad.shape[-1] // 2
        if grad.shape[-1] > min(x.shape[2:]):
            far = np.abs(np.arange(grad.shape[-1]) - middle) > half
            grad[:, :, far] = 0
            grad[:, :, :, far] = 0
    return input_grads(gradient, x, weights), dw


@solution(
    "mixconv2d_backward",
    "no list for one group",
    "with a single group its dW is returned itself instead of a list that holds it",
)
def mixed_no_list(gradient, x, weights):
    dw = weight_grads(gradient, x, weights)
    return input_grads(gradient, x, weights), dw if len(dw) > 1 else dw[0]


@solution(
    "mixconv2d_backward",
    "x from its first channels, mean",
    "two mistakes: for dW every group reads x from channel 0 on, and dW is divided by the number of images",
)
def mixed_two(gradient, x, weights):
    dx, dw = mixed_x_from_first(gradient, x, weights)
    return dx, [grad / len(x) for grad in dw]


@solution(
    "mixconv2d_backward",
    "dX of x",
    "dX is computed from x instead of the gradient: the two arguments are exchanged in depthwise_conv2d_input_grad",
)
def mixed_dx_of_x(gradient, x, weights):
    return input_grads(x, gradient, weights), weight_grads(gradient, x, weights)


@solution(
    "mixconv2d_backward",
    "dX added up",
    "the groups' parts of dX are added instead of concatenated: the shape is wrong for two groups or more, "
    "and unequal groups fail",
)
def mixed_added(gradient, x, weights):
    parts = split(input_grads(gradient, x, weights), weights)
    return sum(parts), weight_grads(gradient, x, weights)


@solution("mixconv2d_backward", "right, by size and back")
def mixed_by_size(gradient, x, weights):
    kernels = [kernel for w in weights for kernel in w]
    dx, dkernels = np.empty(x.shape), [None] * len(kernels)
    for k in {kernel.shape[-1] for kernel in kernels}:
        which = [c for c, kernel in enumerate(kernels) if kernel.shape[-1] == k]
        given = gradient[:, which], x[:, which], np.stack([kernels[c] for c in which])
        dx[:, which] = reference.depthwise_conv2d_input_grad(*given)
        for c, grad in zip(which, reference.depthwise_conv2d_weight_grad(*given), strict=True):
            dkernels[c] = grad
    remaining = iter(dkernels)
    return dx, [np.stack([next(remaining) for _ in w]) for w in weights]


@solution("mixconv2d_backward", "right, a walk through all terms")
def mixed_walk(gradient, x, weights):
    dx, dw, c = np.zeros(x.shape), [np.zeros(w.shape) for w in weights], 0
    height, width = x.shape[2:]
    for w, grad in zip(weights, dw, strict=True):
        half = w.shape[-1] // 2
        for channel in range(len(w)):
            for y, column, i, j in np.ndindex(height, width, *w.shape[2:]):
                row, col = y + i - half, column + j - half
                if 0 <= row < height and 0 <= col < width:
                    dx[:, c, row, col] += gradient[:, c, y, column] * w[channel, 0, i, j]
                    grad[channel, 0, i, j] += gradient[:, c, y, column] @ x[:, c, row, col]
            c += 1
    return dx, dw


# batch_norm_backward

ALL = (0, 2, 3)


def normalised(x, eps):
    """x hat and sigma."""
    sigma = np.sqrt(x.var(axis=ALL, keepdims=True) + eps)
    return (x - x.mean(axis=ALL, keepdims=True)) / sigma, sigma


def backward(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight[:, None, None]
    dx = (g - g.mean(axis=ALL, keepdims=True) - hat * (g * hat).mean(axis=ALL, keepdims=True)) / sigma
    return dx, (gradient * hat).sum(axis=ALL), gradient.sum(axis=ALL)


@solution("batch_norm_backward", "eps twice", "eps is added to the variance twice")
def norm_eps_twice(gradient, x, weight, eps):
    return backward(gradient, x, weight, 2 * eps)


@solution(
    "batch_norm_backward",
    "deviation for x hat",
    "in the part through sigma the mean of g * x hat is multiplied by x - mean instead of x hat, which is not divided by sigma",
)
def norm_deviation(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight[:, None, None]
    through_sigma = hat * sigma * (g * hat).mean(axis=ALL, keepdims=True)
    dx = (g - g.mean(axis=ALL, keepdims=True) - through_sigma) / sigma
    return dx, (gradient * hat).sum(axis=ALL), gradient.sum(axis=ALL)


@solution(
    "batch_norm_backward",
    "bars over each image",
    "in dX the means of g and of g * x hat are taken over each image by itself, though mean and variance are the batch's",
)
def norm_bars_per_image(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight[:, None, None]
    dx = (g - g.mean(axis=(2, 3), keepdims=True) - hat * (g * hat).mean(axis=(2, 3), keepdims=True)) / sigma
    return dx, (gradient * hat).sum(axis=ALL), gradient.sum(axis=ALL)


@solution(
    "batch_norm_backward",
    "sums for means",
    "in dX the sums of g and of g * x hat are subtracted instead of their means: 1 / M is missing",
)
def norm_sums(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight[:, None, None]
    dx = (g - g.sum(axis=ALL, keepdims=True) - hat * (g * hat).sum(axis=ALL, keepdims=True)) / sigma
    return dx, (gradient * hat).sum(axis=ALL), gradient.sum(axis=ALL)


@solution(
    "batch_norm_backward",
    "flat channels get nothing",
    "where all values of a channel are equal dX is 0, instead of gamma times the gradient less its mean, over the root of eps",
)
def norm_flat(gradient, x, weight, eps):
    dx, dgamma, dbeta = backward(gradient, x, weight, eps)
    flat = np.ptp(x, axis=ALL) == 0
    dx[:, flat] = 0
    return dx, dgamma, dbeta


@solution(
    "batch_norm_backward",
    "a single value passes through",
    "where a channel has one value only (one image of one pixel), dX is the gradient times gamma instead of 0",
)
def norm_single(gradient, x, weight, eps):
    if x.size == x.shape[1]:
        return gradient * weight[:, None, None], np.zeros(len(weight)), gradient.sum(axis=ALL)
    return backward(gradient, x, weight, eps)


@solution(
    "batch_norm_backward",
    "M - 1, and eps outside of the root",
    "two mistakes: the variance is divided by M - 1, and eps is added to the standard deviation instead of the variance",
)
def norm_two(gradient, x, weight, eps):
    count = x.size // x.shape[1]
    deviation = x - x.mean(axis=ALL, keepdims=True)
    sigma = np.sqrt((deviation**2).sum(axis=ALL, keepdims=True) / max(count - 1, 1)) + eps
    hat, g = deviation / sigma, gradient * weight[:, None, None]
    dx = (g - g.mean(axis=ALL, keepdims=True) - hat * (g * hat).mean(axis=ALL, keepdims=True)) / sigma
    return dx, (gradient * hat).sum(axis=ALL), gradient.sum(axis=ALL)


@solution(
    "batch_norm_backward",
    "M counts the channels, too",
    "in dX the sums are divided by x.size, the numbers of all channels, instead of those of one: right for one channel",
)
def norm_all_numbers(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    dgamma, dbeta = (gradient * hat).sum(axis=ALL), gradient.sum(axis=ALL)
    mean, along = dbeta[:, None, None] / x.size, hat * dgamma[:, None, None] / x.size
    return weight[:, None, None] / sigma * (gradient - mean - along), dgamma, dbeta


@solution("batch_norm_backward", "right, three numbers a channel")
def norm_affine(gradient, x, weight, eps):
    count, centred = x.size // x.shape[1], x - x.mean(axis=ALL, keepdims=True)
    variance = np.einsum("nchw,nchw->c", centred, centred) / count + eps
    dbeta, moment = np.einsum("nchw->c", gradient), np.einsum("nchw,nchw->c", gradient, centred)
    a, b, c = weight / variance**0.5, -weight * moment / (count * variance**1.5), -weight * dbeta / (count * variance**0.5)
    dx = np.einsum("nchw,c->nchw", gradient, a) + np.einsum("nchw,c->nchw", centred, b) + c[:, None, None]
    return dx, moment / variance**0.5, dbeta


@solution("batch_norm_backward", "right, channel by channel, by dot products")
def norm_dots(gradient, x, weight, eps):
    dx, dgamma, dbeta = np.empty(x.shape), [], []
    for c, gamma in enumerate(weight):
        dy, values = gradient[:, c].ravel(), x[:, c].ravel()
        ones = np.ones(len(dy))
        centred = values - values @ ones / len(ones)
        sigma = np.sqrt(centred @ centred / len(ones) + eps)
        hat = centred / sigma
        dgamma.append(dy @ hat)
        dbeta.append(dy @ ones)
        rest = dy - ones * (dbeta[-1] / len(ones)) - hat * (dgamma[-1] / len(ones))
        dx[:, c] = (gamma / sigma * rest).reshape(dx[:, c].shape)
    return dx, np.array(dgamma), np.array(dbeta)
