"""Plain ways to write the exercises on backward passes."""

import numpy as np


def depthwise_input_grad_places(gradient, weight, x_shape, stride, padding, dilation):
    images, channels, height, width = x_shape
    kernel, rows, columns = weight.shape[2], gradient.shape[2], gradient.shape[3]
    padded = np.zeros((images, channels, height + 2 * padding, width + 2 * padding))
    for c in range(channels):
        for row in range(rows):
            for column in range(columns):
                for i in range(kernel):
                    for j in range(kernel):
                        y = row * stride + i * dilation
                        z = column * stride + j * dilation
                        padded[:, c, y, z] += gradient[:, c, row, column] * weight[c, 0, i, j]
    return padded[:, :, padding : padding + height, padding : padding + width]


def depthwise_input_grad_bounds(gradient, weight, x_shape, stride, padding, dilation):
    images, channels, height, width = x_shape
    kernel, rows, columns = weight.shape[2], gradient.shape[2], gradient.shape[3]
    result = np.zeros(x_shape)
    for row in range(rows):
        for column in range(columns):
            for i in range(kernel):
                for j in range(kernel):
                    y = row * stride + i * dilation - padding
                    z = column * stride + j * dilation - padding
                    if y >= 0 and y < height and z >= 0 and z < width:
                        result[:, :, y, z] += gradient[:, :, row, column] * weight[:, 0, i, j]
    return result


def depthwise_weight_grad_taps(gradient, x, weight_shape, stride, padding, dilation):
    channels, kernel = weight_shape[0], weight_shape[2]
    rows, columns = gradient.shape[2], gradient.shape[3]
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    result = np.zeros(weight_shape)
    for c in range(channels):
        for i in range(kernel):
            for j in range(kernel):
                top, left = i * dilation, j * dilation
                bottom, right = top + stride * (rows - 1) + 1, left + stride * (columns - 1) + 1
                seen = padded[:, c, top:bottom:stride, left:right:stride]
                result[c, 0, i, j] = (gradient[:, c] * seen).sum()
    return result


def depthwise_weight_grad_places(gradient, x, weight_shape, stride, padding, dilation):
    images, channels, height, width = x.shape
    kernel, rows, columns = weight_shape[2], gradient.shape[2], gradient.shape[3]
    result = np.zeros(weight_shape)
    for n in range(images):
        for row in range(rows):
            for column in range(columns):
                for i in range(kernel):
                    for j in range(kernel):
                        y = row * stride + i * dilation - padding
                        z = column * stride + j * dilation - padding
                        if y >= 0 and y < height and z >= 0 and z < width:
                            result[:, 0, i, j] += gradient[n, :, row, column] * x[n, :, y, z]
    return result


def mixconv2d_backward_groups(gradient, x, weights):
    images, channels, height, width = x.shape
    grad_x = np.zeros(x.shape)
    grad_weights = []
    start = 0
    for weight in weights:
        count, kernel = weight.shape[0], weight.shape[2]
        padding = kernel // 2
        padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        grad_padded = np.zeros(padded.shape)
        grad_weight = np.zeros(weight.shape)
        for c in range(count):
            for i in range(kernel):
                for j in range(kernel):
                    pull = gradient[:, start + c]
                    grad_padded[:, start + c, i : i + height, j : j + width] += pull * weight[c, 0, i, j]
                    grad_weight[c, 0, i, j] = (pull * padded[:, start + c, i : i + height, j : j + width]).sum()
        grad_x += grad_padded[:, :, padding : padding + height, padding : padding + width]
        grad_weights.append(grad_weight)
        start += count
    return grad_x, grad_weights


def mixconv2d_backward_bounds(gradient, x, weights):
    images, channels, height, width = x.shape
    grad_x = np.zeros(x.shape)
    grad_weights = []
    start = 0
    for weight in weights:
        count, kernel = weight.shape[0], weight.shape[2]
        stop = start + count
        grad_weight = np.zeros(weight.shape)
        for row in range(height):
            for column in range(width):
                for i in range(kernel):
                    for j in range(kernel):
                        y = row + i - kernel // 2
                        z = column + j - kernel // 2
                        if y >= 0 and y < height and z >= 0 and z < width:
                            pull = gradient[:, start:stop, row, column]
                            grad_x[:, start:stop, y, z] += pull * weight[:, 0, i, j]
                            grad_weight[:, 0, i, j] += (pull * x[:, start:stop, y, z]).sum(axis=0)
        grad_weights.append(grad_weight)
        start = stop
    return grad_x, grad_weights


def batch_norm_backward_means(gradient, x, weight, eps):
    axes = (0, 2, 3)
    weight = weight[None, :, None, None]
    mean = x.mean(axis=axes, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=axes, keepdims=True)
    scale = 1 / np.sqrt(variance + eps)
    normalised = (x - mean) * scale
    grad_bias = gradient.sum(axis=axes)
    grad_weight = (gradient * normalised).sum(axis=axes)
    pull = gradient * weight
    straight = pull - pull.mean(axis=axes, keepdims=True)
    bent = normalised * (pull * normalised).mean(axis=axes, keepdims=True)
    grad_x = scale * (straight - bent)
    return grad_x, grad_weight, grad_bias


def batch_norm_backward_sums(gradient, x, weight, eps):
    images, channels, height, width = x.shape
    count = images * height * width
    mean = x.mean(axis=(0, 2, 3)).reshape(1, channels, 1, 1)
    variance = x.var(axis=(0, 2, 3)).reshape(1, channels, 1, 1)
    scale = 1 / np.sqrt(variance + eps)
    normalised = (x - mean) * scale
    grad_bias = gradient.sum(axis=(0, 2, 3))
    grad_weight = (gradient * normalised).sum(axis=(0, 2, 3))
    of_bias = grad_bias.reshape(1, channels, 1, 1)
    of_weight = grad_weight.reshape(1, channels, 1, 1)
    factor = weight.reshape(1, channels, 1, 1) * scale / count
    grad_x = factor * (count * gradient - of_bias - normalised * of_weight)
    return grad_x, grad_weight, grad_bias


def batch_norm_backward_chain(gradient, x, weight, eps):
    images, channels, height, width = x.shape
    count = images * height * width
    grad_x, grad_weight, grad_bias = np.zeros(x.shape), np.zeros(channels), np.zeros(channels)
    for c in range(channels):
        centred = x[:, c] - x[:, c].mean()
        variance = (centred**2).sum() / count
        deviation = np.sqrt(variance + eps)
        grad_bias[c] = gradient[:, c].sum()
        grad_weight[c] = (gradient[:, c] * centred / deviation).sum()
        grad_normalised = gradient[:, c] * weight[c]
        grad_variance = (grad_normalised * centred).sum() * -0.5 / deviation**3
        grad_mean = -grad_normalised.sum() / deviation
        grad_x[:, c] = grad_normalised / deviation + grad_variance * 2 * centred / count + grad_mean / count
    return grad_x, grad_weight, grad_bias


def mean_square_grad_arrays(matrix, target, weight):
    places = len(target)
    error = matrix @ weight - target
    return 2 / places * (matrix.T @ error)


def mean_square_grad_loops(matrix, target, weight):
    places, taps = matrix.shape
    result = np.zeros(taps)
    for k in range(places):
        output = 0.0
        for j in range(taps):
            output += matrix[k, j] * weight[j]
        error = output - target[k]
        for j in range(taps):
            result[j] += 2 * error * matrix[k, j]
    return result / places


def unbroadcast_axes(gradient, shape):
    extra = gradient.ndim - len(shape)
    gradient = gradient.sum(axis=tuple(range(extra)))
    for axis in range(len(shape)):
        if shape[axis] == 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


def unbroadcast_padded(gradient, shape):
    padded = (1,) * (gradient.ndim - len(shape)) + tuple(shape)
    axes = tuple(i for i in range(gradient.ndim) if padded[i] == 1 and gradient.shape[i] != 1)
    total = gradient.sum(axis=axes, keepdims=True)
    return total.reshape(shape)
