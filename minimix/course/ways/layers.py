"""Plain ways to write the exercises that slide windows over pictures."""

import numpy as np


def conv2d_places(x, weight, stride, padding):
    images, channels, height, width = x.shape
    outputs, kernel = weight.shape[0], weight.shape[2]
    padded = np.zeros((images, channels, height + 2 * padding, width + 2 * padding))
    padded[:, :, padding : padding + height, padding : padding + width] = x
    rows = (height + 2 * padding - kernel) // stride + 1
    columns = (width + 2 * padding - kernel) // stride + 1
    result = np.zeros((images, outputs, rows, columns))
    for o in range(outputs):
        for row in range(rows):
            for column in range(columns):
                top, left = row * stride, column * stride
                window = padded[:, :, top : top + kernel, left : left + kernel]
                result[:, o, row, column] = (window * weight[o]).sum(axis=(1, 2, 3))
    return result


def conv2d_taps(x, weight, stride, padding):
    images, channels, height, width = x.shape
    outputs, kernel = weight.shape[0], weight.shape[2]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows = (height + 2 * padding - kernel) // stride + 1
    columns = (width + 2 * padding - kernel) // stride + 1
    result = np.zeros((images, outputs, rows, columns))
    for n in range(images):
        for o in range(outputs):
            for row in range(rows):
                for column in range(columns):
                    total = 0.0
                    for c in range(channels):
                        for i in range(kernel):
                            for j in range(kernel):
                                total += x[n, c, row * stride + i, column * stride + j] * weight[o, c, i, j]
                    result[n, o, row, column] = total
    return result


def windows_places(x, kernel, stride):
    images, channels, height, width = x.shape
    rows = (height - kernel) // stride + 1
    columns = (width - kernel) // stride + 1
    result = np.zeros((images, channels, rows, columns, kernel, kernel))
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride, column * stride
            result[:, :, row, column] = x[:, :, top : top + kernel, left : left + kernel]
    return result


def windows_taps(x, kernel, stride):
    images, channels, height, width = x.shape
    rows = (height - kernel) // stride + 1
    columns = (width - kernel) // stride + 1
    result = np.zeros((images, channels, rows, columns, kernel, kernel))
    for row in range(rows):
        for column in range(columns):
            for i in range(kernel):
                for j in range(kernel):
                    result[:, :, row, column, i, j] = x[:, :, row * stride + i, column * stride + j]
    return result


def windows_view(x, kernel, stride):
    view = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(2, 3))
    return view[:, :, ::stride, ::stride]


def depthwise_conv2d_places(x, weight, stride, padding):
    images, channels, height, width = x.shape
    kernel = weight.shape[2]
    padded = np.zeros((images, channels, height + 2 * padding, width + 2 * padding))
    padded[:, :, padding : padding + height, padding : padding + width] = x
    rows = (height + 2 * padding - kernel) // stride + 1
    columns = (width + 2 * padding - kernel) // stride + 1
    result = np.zeros((images, channels, rows, columns))
    for c in range(channels):
        for row in range(rows):
            for column in range(columns):
                top, left = row * stride, column * stride
                window = padded[:, c, top : top + kernel, left : left + kernel]
                result[:, c, row, column] = (window * weight[c, 0]).sum(axis=(1, 2))
    return result


def depthwise_conv2d_taps(x, weight, stride, padding):
    images, channels, height, width = x.shape
    kernel = weight.shape[2]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows = (height + 2 * padding - kernel) // stride + 1
    columns = (width + 2 * padding - kernel) // stride + 1
    result = np.zeros((images, channels, rows, columns))
    for n in range(images):
        for c in range(channels):
            for row in range(rows):
                for column in range(columns):
                    total = 0.0
                    for i in range(kernel):
                        for j in range(kernel):
                            total += x[n, c, row * stride + i, column * stride + j] * weight[c, 0, i, j]
                    result[n, c, row, column] = total
    return result


def depthwise_conv2d_slices(x, weight, stride, padding):
    images, channels, height, width = x.shape
    kernel = weight.shape[2]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows = (height + 2 * padding - kernel) // stride + 1
    columns = (width + 2 * padding - kernel) // stride + 1
    result = np.zeros((images, channels, rows, columns))
    for i in range(kernel):
        for j in range(kernel):
            bottom, right = i + stride * (rows - 1) + 1, j + stride * (columns - 1) + 1
            result += x[:, :, i:bottom:stride, j:right:stride] * weight[:, 0, i, j].reshape(-1, 1, 1)
    return result


def dilated_conv2d_taps(x, weight, dilation):
    images, channels, height, width = x.shape
    kernel = weight.shape[2]
    total = dilation * (kernel - 1)
    before = total // 2
    after = total - before
    padded = np.pad(x, ((0, 0), (0, 0), (before, after), (before, after)))
    result = np.zeros((images, channels, height, width))
    for c in range(channels):
        for i in range(kernel):
            for j in range(kernel):
                top, left = i * dilation, j * dilation
                result[:, c] += weight[c, 0, i, j] * padded[:, c, top : top + height, left : left + width]
    return result


def dilated_conv2d_places(x, weight, dilation):
    images, channels, height, width = x.shape
    kernel = weight.shape[2]
    padding = dilation * (kernel - 1) // 2
    result = np.zeros((images, channels, height, width))
    for c in range(channels):
        for row in range(height):
            for column in range(width):
                for i in range(kernel):
                    for j in range(kernel):
                        y = row + i * dilation - padding
                        z = column + j * dilation - padding
                        if y >= 0 and y < height and z >= 0 and z < width:
                            result[:, c, row, column] += x[:, c, y, z] * weight[c, 0, i, j]
    return result


def mixconv2d_groups(x, weights):
    images, channels, height, width = x.shape
    result = np.zeros((images, channels, height, width))
    start = 0
    for t in range(len(weights)):
        weight = weights[t]
        count, kernel = weight.shape[0], weight.shape[2]
        padding = kernel // 2
        padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        for c in range(count):
            for i in range(kernel):
                for j in range(kernel):
                    result[:, start + c] += weight[c, 0, i, j] * padded[:, start + c, i : i + height, j : j + width]
        start += count
    return result


def mixconv2d_parts(x, weights):
    images, channels, height, width = x.shape
    parts = []
    start = 0
    for weight in weights:
        stop = start + len(weight)
        kernel = weight.shape[-1]
        padding = kernel // 2
        part = np.pad(x[:, start:stop], ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        result = np.zeros((images, len(weight), height, width))
        for row in range(height):
            for column in range(width):
                window = part[:, :, row : row + kernel, column : column + kernel]
                result[:, :, row, column] = (window * weight[:, 0]).sum(axis=(2, 3))
        parts.append(result)
        start = stop
    return np.concatenate(parts, axis=1)


def embed_slices(weights):
    channels = sum(len(weight) for weight in weights)
    kernel = max(weight.shape[-1] for weight in weights)
    result = np.zeros((channels, 1, kernel, kernel))
    start = 0
    for weight in weights:
        count, size = weight.shape[0], weight.shape[-1]
        margin = (kernel - size) // 2
        result[start : start + count, :, margin : margin + size, margin : margin + size] = weight
        start += count
    return result


def embed_padded(weights):
    kernel = max(weight.shape[-1] for weight in weights)
    parts = []
    for weight in weights:
        margin = (kernel - weight.shape[-1]) // 2
        part = np.pad(weight, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
        parts.append(part)
    return np.concatenate(parts, axis=0)
