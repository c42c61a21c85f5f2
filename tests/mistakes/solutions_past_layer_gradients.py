"""Held-out solutions, wrong and right: mixconv2d_backward, batch_norm_backward."""

from itertools import accumulate, pairwise

import numpy as np
from corpus import collected

from minimix import reference

SOLUTIONS, solution = collected()


# mixconv2d_backward


@solution(
    "mixconv2d_backward",
    "gradient not cut",
    "x is cut into the groups' channels, but the whole gradient is passed to each of them, which fails for two groups or more",
)
def gradient_not_cut(gradient, x, weights):
    dxs, dws, first = [], [], 0
    for weight in weights:
        part = x[:, first : first + len(weight)]
        dxs.append(reference.depthwise_conv2d_input_grad(gradient, part, weight))
        dws.append(reference.depthwise_conv2d_weight_grad(gradient, part, weight))
        first += len(weight)
    return np.concatenate(dxs, axis=1), dws


@solution(
    "mixconv2d_backward",
    "moved on before use",
    "the first channel is moved on before the part is cut: each group gets the channels behind its own, the last one none, "
    "which fails",
)
def moved_on_before_use(gradient, x, weights):
    dx, dws, first = np.zeros(x.shape), [], 0
    for weight in weights:
        first += len(weight)
        part = slice(first, first + len(weight))
        dx[:, part] = reference.depthwise_conv2d_input_grad(gradient[:, part], x[:, part], weight)
        dws.append(reference.depthwise_conv2d_weight_grad(gradient[:, part], x[:, part], weight))
    return dx, dws


@solution(
    "mixconv2d_backward",
    "dX of the last group",
    "dX is assigned anew in each step of the loop and never joined: only the last group's channels are returned",
)
def dx_of_last_group(gradient, x, weights):
    start, all_dw = 0, []
    for weight in weights:
        stop = start + weight.shape[0]
        g, part = gradient[:, start:stop], x[:, start:stop]
        dx = reference.depthwise_conv2d_input_grad(g, part, weight)
        all_dw.append(reference.depthwise_conv2d_weight_grad(g, part, weight))
        start = stop
    return dx, all_dw


@solution(
    "mixconv2d_backward",
    "backwards from the first channel",
    "the kernels are walked from the last to the first, but the channels from the first on: kernels meet other groups' "
    "channels; the results are put back into the kernels' order",
)
def backwards_from_first(gradient, x, weights):
    dxs, dws, first = [], [], 0
    for weight in reversed(weights):
        part = slice(first, first + len(weight))
        dxs.insert(0, reference.depthwise_conv2d_input_grad(gradient[:, part], x[:, part], weight))
        dws.insert(0, reference.depthwise_conv2d_weight_grad(gradient[:, part], x[:, part], weight))
        first += len(weight)
    return np.concatenate(dxs, axis=1), dws


@solution(
    "mixconv2d_backward",
    "one array many times",
    "[zeros] * groups is the same array for all groups: all dW are added up in it where kernels have one shape, and other "
    "shapes fail",
)
def one_array_many_times(gradient, x, weights):
    dx = np.zeros(x.shape)
    dws = [np.zeros(weights[0].shape)] * len(weights)
    bounds = np.cumsum([0] + [len(w) for w in weights])
    for t, weight in enumerate(weights):
        part = slice(bounds[t], bounds[t + 1])
        dx[:, part] += reference.depthwise_conv2d_input_grad(gradient[:, part], x[:, part], weight)
        dws[t] += reference.depthwise_conv2d_weight_grad(gradient[:, part], x[:, part], weight)
    return dx, dws


@solution(
    "mixconv2d_backward",
    "gradient times the taps' sum",
    "dX is the gradient times the sum of each channel's taps, as if all taps met the same pixel; dW is right",
)
def gradient_times_sum(gradient, x, weights):
    sums = np.concatenate([weight.sum(axis=(1, 2, 3)) for weight in weights])
    dws, first = [], 0
    for weight in weights:
        part = slice(first, first := first + len(weight))
        dws.append(reference.depthwise_conv2d_weight_grad(gradient[:, part], x[:, part], weight))
    return gradient * sums[:, None, None], dws


@solution(
    "mixconv2d_backward",
    "both joined along axis 0",
    "two mistakes: the parts of dX are joined along the images instead of the channels, and the dW, which should be a list, "
    "are joined, too; both fail where the shapes differ",
)
def both_joined_along_zero(gradient, x, weights):
    dx, dw, first = [], [], 0
    for weight in weights:
        g, part = (a[:, first : first + len(weight)] for a in (gradient, x))
        dx.append(reference.depthwise_conv2d_input_grad(g, part, weight))
        dw.append(reference.depthwise_conv2d_weight_grad(g, part, weight))
        first += len(weight)
    return np.concatenate(dx), np.concatenate(dw)


@solution("mixconv2d_backward", "right, filled in place")
def filled_in_place(gradient, x, weights):
    dx, dws = np.empty(x.shape), tuple(np.empty(weight.shape) for weight in weights)
    bounds = accumulate((len(weight) for weight in weights), initial=0)
    for (first, last), weight, dw in zip(pairwise(bounds), weights, dws, strict=True):
        dx[:, first:last] = reference.depthwise_conv2d_input_grad(gradient[:, first:last], x[:, first:last], weight)
        dw[...] = reference.depthwise_conv2d_weight_grad(gradient[:, first:last], x[:, first:last], weight)
    return dx, dws


@solution("mixconv2d_backward", "right, convolved with turned kernels")
def convolved_with_turned(gradient, x, weights):
    first, dx, dws = 0, [], []
    for weight in weights:
        (count, _, k, _), last = weight.shape, first + len(weight)
        dx.append(reference.depthwise_conv2d(gradient[:, first:last], np.flip(weight, axis=(2, 3))))
        p = k // 2
        wide = np.pad(x[:, first:last], ((0, 0), (0, 0), (p, p), (p, p)))
        seen = np.lib.stride_tricks.sliding_window_view(wide, x.shape[2:], axis=(2, 3))  # (N, C_t, K, K, H, W)
        dws.append(np.einsum("ncijhw,nchw->cij", seen, gradient[:, first:last]).reshape(count, 1, k, k))
        first = last
    return [np.concatenate(dx, axis=1), dws]


# batch_norm_backward


def over_batch(values):
    return values.mean(axis=(0, 2, 3), keepdims=True)


@solution(
    "batch_norm_backward",
    "channels taken for last",
    "all means and sums run over the axes 0, 1 and 2, as for (N, H, W, C), instead of over 0, 2 and 3: one of each column",
)
def channels_taken_for_last(gradient, x, weight, eps):
    axes = (0, 1, 2)
    sigma = np.sqrt(x.var(axis=axes) + eps)
    x_hat = (x - x.mean(axis=axes)) / sigma
    g = gradient * weight
    dx = (g - g.mean(axis=axes) - x_hat * (g * x_hat).mean(axis=axes)) / sigma
    return dx, (gradient * x_hat).sum(axis=axes), gradient.sum(axis=axes)


@solution(
    "batch_norm_backward",
    "means of shape (C,)",
    "mean and variance have the shape (C,) and meet x without new axes, along its columns: it fails, or is wrong where "
    "there are as many columns as channels",
)
def means_of_shape_c(gradient, x, weight, eps):
    mu, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
    sigma = np.sqrt(var + eps)
    x_hat = (x - mu) / sigma
    g = weight.reshape(1, -1, 1, 1) * gradient
    dx = (g - over_batch(g) - x_hat * over_batch(g * x_hat)) / sigma
    return dx, (gradient * x_hat).sum((0, 2, 3)), gradient.sum((0, 2, 3))


@solution(
    "batch_norm_backward",
    "M without the images",
    "the sums over all images are divided by H * W instead of N * H * W: right for one image only",
)
def m_without_images(gradient, x, weight, eps):
    m = x.shape[2] * x.shape[3]

    def total(values):
        return values.sum(axis=(0, 2, 3), keepdims=True)

    sigma = np.sqrt(x.var(axis=(0, 2, 3), keepdims=True) + eps)
    x_hat = (x - over_batch(x)) / sigma
    g = gradient * weight[None, :, None, None]
    dx = (g - total(g) / m - x_hat * total(g * x_hat) / m) / sigma
    return dx, total(gradient * x_hat).ravel(), total(gradient).ravel()


@solution(
    "batch_norm_backward",
    "mean minus x",
    "x hat is (mean - x) / sigma, of the wrong sign: dgamma is reversed, dX is right because x hat stands in it twice",
)
def mean_minus_x(gradient, x, weight, eps):
    sigma = np.sqrt(np.var(x, axis=(0, 2, 3), keepdims=True) + eps)
    x_hat = (over_batch(x) - x) / sigma
    g = np.einsum("nchw,c->nchw", gradient, weight)
    dx = (g - over_batch(g) - x_hat * over_batch(g * x_hat)) / sigma
    return dx, np.einsum("nchw,nchw->c", gradient, x_hat), np.einsum("nchw->c", gradient)


@solution(
    "batch_norm_backward",
    "gamma inside of x hat",
    "x hat is multiplied by gamma, too: dgamma gets a factor gamma, and the third part of dX a factor gamma squared",
)
def gamma_inside(gradient, x, weight, eps):
    gamma = weight[:, None, None]
    sigma = np.sqrt(over_batch((x - over_batch(x)) ** 2) + eps)
    x_hat = gamma * (x - over_batch(x)) / sigma
    g = gamma * gradient
    dx = (g - over_batch(g) - x_hat * over_batch(g * x_hat)) / sigma
    return dx, (gradient * x_hat).sum(axis=(0, 2, 3)), gradient.sum(axis=(0, 2, 3))


@solution(
    "batch_norm_backward",
    "root of the deviation",
    "sigma is the root of the standard deviation plus eps (np.std for np.var): the root is taken twice",
)
def root_of_deviation(gradient, x, weight, eps):
    dx, dgamma = np.zeros(x.shape), np.zeros(len(weight))
    for c in range(len(weight)):
        values, dy = x[:, c], gradient[:, c]
        sigma = np.sqrt(values.std() + eps)
        x_hat = (values - values.mean()) / sigma
        g = weight[c] * dy
        dx[:, c] = (g - g.mean() - x_hat * (g * x_hat).mean()) / sigma
        dgamma[c] = (dy * x_hat).sum()
    return dx, dgamma, gradient.sum(axis=(0, 2, 3))


@solution(
    "batch_norm_backward",
    "/ M * sigma",
    "the formula with M taken out ends with / M * sigma without parentheses: it is multiplied by sigma instead of divided",
)
def divided_then_multiplied(gradient, x, weight, eps):
    axes, m = (0, 2, 3), x.size // x.shape[1]
    sigma = np.sqrt(x.var(axes, keepdims=True) + eps)
    x_hat = (x - x.mean(axes, keepdims=True)) / sigma
    g = gradient * weight.reshape(-1, 1, 1)
    dx = (m * g - g.sum(axes, keepdims=True) - x_hat * (g * x_hat).sum(axes, keepdims=True)) / m * sigma
    return dx, (gradient * x_hat).sum(axes), gradient.sum(axes)


@solution(
    "batch_norm_backward",
    "product of means, eps forgotten",
    "two mistakes: the mean of the product g * x hat is taken as the product of both means, which is 0, so that the third "
    "part is missing, and eps is not used",
)
def product_of_means(gradient, x, weight, eps):
    sigma = x.std(axis=(0, 2, 3), keepdims=True)
    x_hat = (x - over_batch(x)) / sigma
    g = gradient * weight[:, None, None]
    dx = (g - over_batch(g) - x_hat * (over_batch(g) * over_batch(x_hat))) / sigma
    return dx, (gradient * x_hat).sum(axis=(0, 2, 3)), gradient.sum(axis=(0, 2, 3))


@solution("batch_norm_backward", "right, forwards along the gradient")
def forwards_along(gradient, x, weight, eps):
    direction = gradient * weight[:, None, None]  # the Jacobian of x hat is symmetric
    centred, moved = x - over_batch(x), direction - over_batch(direction)
    variance = over_batch(centred**2) + eps
    variance_moved = 2 * over_batch(centred * moved)
    dx = moved / np.sqrt(variance) - centred * variance_moved / (2 * variance**1.5)
    return [dx, (gradient * centred / np.sqrt(variance)).sum(axis=(0, 2, 3)), gradient.sum(axis=(0, 2, 3))]


@solution("batch_norm_backward", "right, a function along rows")
def function_along_rows(gradient, x, weight, eps):
    n, c, h, w = x.shape
    both = np.concatenate([a.swapaxes(0, 1).reshape(c, -1) for a in (x, gradient)] + [weight.reshape(-1, 1)], axis=1)

    def of_channel(line):
        values, dy, gamma = line[: n * h * w], line[n * h * w : -1], line[-1]
        d = values - values.sum() / values.size
        s = (d @ d / d.size + eps) ** 0.5
        dx = gamma / s * (dy - dy.mean() - d * (d @ dy) / (d.size * s**2))
        return np.r_[dx, d @ dy / s, dy.sum()]

    out = np.apply_along_axis(of_channel, 1, both)
    return out[:, :-2].reshape(c, n, h, w).swapaxes(0, 1), out[:, -2], out[:, -1]
