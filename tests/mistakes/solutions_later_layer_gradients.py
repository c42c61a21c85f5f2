"""Ordinary solutions, mostly wrong: mixconv2d_backward, batch_norm_backward."""

import numpy as np
from corpus import collected

from minimix import reference

SOLUTIONS, solution = collected()


# mixconv2d_backward


@solution(
    "mixconv2d_backward",
    "start is the last group's size",
    "start = len(weight) instead of start += len(weight): right for one and two groups, from the third on a group takes the "
    "channels from the size of the one group before it on, both for its dX and its dW, and some channels of dX stay 0",
)
def start_is_the_last_group_s_size(gradient, x, weights):
    dx, dws = np.zeros(x.shape), []
    start = 0
    for weight in weights:
        part = slice(start, start + len(weight))
        dx[:, part] = reference.depthwise_conv2d_input_grad(gradient[:, part], x[:, part], weight)
        dws.append(reference.depthwise_conv2d_weight_grad(gradient[:, part], x[:, part], weight))
        start = len(weight)
    return dx, dws


@solution(
    "mixconv2d_backward",
    "arguments in another order",
    "depthwise_conv2d_input_grad is called with (gradient, weight, x) instead of (gradient, x, weight): x is taken for the "
    "kernel, which is refused with an error",
)
def arguments_in_another_order(gradient, x, weights):
    dxs, dws, start = [], [], 0
    for weight in weights:
        stop = start + weight.shape[0]
        dy, part = gradient[:, start:stop], x[:, start:stop]
        dxs.append(reference.depthwise_conv2d_input_grad(dy, weight, part))
        dws.append(reference.depthwise_conv2d_weight_grad(dy, part, weight))
        start = stop
    return np.concatenate(dxs, axis=1), dws


@solution(
    "mixconv2d_backward",
    "one name for two",
    "the variable with the group's channels of x is overwritten by its dX before dW is computed: dW is that of dX instead of "
    "x; dX is right",
)
def one_name_for_two(gradient, x, weights):
    bounds = np.cumsum([len(weight) for weight in weights])[:-1]
    parts, grads = [], []
    for dy, part, weight in zip(np.split(gradient, bounds, axis=1), np.split(x, bounds, axis=1), weights):  # noqa: B905
        part = reference.depthwise_conv2d_input_grad(dy, part, weight)
        parts.append(part)
        grads.append(reference.depthwise_conv2d_weight_grad(dy, part, weight))
    return np.concatenate(parts, axis=1), grads


@solution(
    "mixconv2d_backward",
    "sizes as keys",
    "the dW are kept in a dictionary by kernel size: of two groups with kernels of the same size only the later dW remains, "
    "and the list is too short",
)
def sizes_as_keys(gradient, x, weights):
    dx = np.empty(x.shape)
    dw = {}
    c = 0
    for w in weights:
        n = w.shape[0]
        dx[:, c : c + n] = reference.depthwise_conv2d_input_grad(gradient[:, c : c + n], x[:, c : c + n], w)
        dw[w.shape[-1]] = reference.depthwise_conv2d_weight_grad(gradient[:, c : c + n], x[:, c : c + n], w)
        c += n
    return dx, list(dw.values())


@solution("mixconv2d_backward", "right, one matrix for each channel")
def one_matrix_for_each_channel(gradient, x, weights):
    height, width = x.shape[2:]
    dx, dws, channel = np.zeros(x.shape), (), 0
    for weight in weights:
        middle = weight.shape[-1] // 2
        steps = range(-middle, middle + 1)
        shifts = [[np.kron(np.eye(height, k=i), np.eye(width, k=j)) for j in steps] for i in steps]
        dw = np.zeros(weight.shape)
        for taps, of_taps in zip(weight[:, 0], dw[:, 0]):  # noqa: B905
            dy, seen = (array[:, channel].reshape(len(x), -1) for array in (gradient, x))
            matrix = sum(taps[i, j] * shift for i, row in enumerate(shifts) for j, shift in enumerate(row))
            dx[:, channel] = (dy @ matrix).reshape(-1, height, width)
            of_taps[...] = [[np.vdot(dy, seen @ shift.T) for shift in row] for row in shifts]
            channel += 1
        dws += (dw,)
    return [dx, dws]


# batch_norm_backward


@solution(
    "batch_norm_backward",
    "parentheses missing in x hat",
    "x hat is x - mean / sigma instead of (x - mean) / sigma: only the mean is divided; dX and dgamma are wrong, dbeta is "
    "right",
)
def parentheses_missing_in_x_hat(gradient, x, weight, eps):
    axes = (0, 2, 3)
    mean = x.mean(axis=axes, keepdims=True)
    sigma = np.sqrt(x.var(axis=axes, keepdims=True) + eps)
    x_hat = x - mean / sigma
    dgamma = (gradient * x_hat).sum(axis=axes)
    dbeta = gradient.sum(axis=axes)
    bar = gradient.mean(axis=axes, keepdims=True)
    bar_hat = (gradient * x_hat).mean(axis=axes, keepdims=True)
    dx = weight[:, None, None] / sigma * (gradient - bar - x_hat * bar_hat)
    return dx, dgamma, dbeta


@solution(
    "batch_norm_backward",
    "step by step, the square's two forgotten",
    "in the way through the variance, (x - mean) ** 2 is differentiated to x - mean instead of 2 (x - mean): that term of dX "
    "has half its size; dgamma and dbeta are right",
)
def step_by_step_the_square_s_two_forgotten(gradient, x, weight, eps):
    N, C, H, W = x.shape
    M = N * H * W
    centred = x - x.mean(axis=(0, 2, 3), keepdims=True)
    var = (centred**2).mean(axis=(0, 2, 3), keepdims=True)
    sigma = np.sqrt(var + eps)
    dx_hat = gradient * weight.reshape(1, C, 1, 1)
    dvar = (dx_hat * centred).sum(axis=(0, 2, 3), keepdims=True) * -0.5 / sigma**3
    dmean = -(dx_hat / sigma).sum(axis=(0, 2, 3), keepdims=True)
    dx = dx_hat / sigma + dvar * centred / M + dmean / M
    return dx, (gradient * centred / sigma).sum(axis=(0, 2, 3)), gradient.sum(axis=(0, 2, 3))


@solution(
    "batch_norm_backward",
    "dgamma of the centred picture",
    "dgamma is the sum of gradient * (x - mean), which is not divided by sigma; dX and dbeta are right",
)
def dgamma_of_the_centred_picture(gradient, x, weight, eps):
    def bar(array):
        return array.mean(axis=(0, 2, 3), keepdims=True)

    centred = x - bar(x)
    sigma = (bar(centred**2) + eps) ** 0.5
    normal = centred / sigma
    dx = weight[None, :, None, None] / sigma * (gradient - bar(gradient) - normal * bar(gradient * normal))
    return dx, (gradient * centred).sum(axis=(0, 2, 3)), gradient.sum(axis=(0, 2, 3))


@solution(
    "batch_norm_backward",
    "one bar for all channels, beta a mean",
    "two mistakes: the first bar of dX, the mean of the gradient, is taken over all channels together; and dbeta is the mean "
    "of the gradient instead of its sum",
)
def one_bar_for_all_channels_beta_a_mean(gradient, x, weight, eps):
    mean, var = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
    std = np.sqrt(var + eps)
    xhat = (x - mean) / std
    dx = gradient - gradient.mean() - xhat * np.mean(gradient * xhat, axis=(0, 2, 3), keepdims=True)
    dx = dx * weight[:, np.newaxis, np.newaxis] / std
    return dx, np.sum(gradient * xhat, axis=(0, 2, 3)), np.mean(gradient, axis=(0, 2, 3))
