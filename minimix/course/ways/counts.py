"""Plain ways to write the exercises that count: sizes, fields, multiply-adds, channels, offsets, answers."""

import numpy as np


def output_size_formula(size, kernel, stride, padding, dilation):
    covered = dilation * (kernel - 1) + 1
    padded = size + 2 * padding
    return (padded - covered) // stride + 1


def separable_macs_formula(height, width, channels, out_channels, kernel):
    places = height * width
    dense = places * out_channels * channels * kernel**2
    depthwise = places * channels * kernel**2
    pointwise = places * channels * out_channels
    return dense, depthwise + pointwise


def receptive_field_forward(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size, jump


def receptive_field_backward(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in reversed(layers):
        covered = dilation * (kernel - 1) + 1
        size = (size - 1) * stride + covered
    for layer in layers:
        jump = jump * layer[1]
    return size, jump


def partition_loop(channels, groups, kind):
    if kind == "equal":
        sizes = [channels // groups] * groups
        sizes[0] += channels - sum(sizes)
    else:
        sizes = [channels // 2 ** (i + 1) for i in range(groups)]
        sizes[-1] += channels - sum(sizes)
    return tuple(sizes)


def partition_rest(channels, groups, kind):
    sizes = []
    rest = channels
    for i in range(groups - 1):
        if kind == "equal":
            sizes.append(channels // groups)
            rest -= channels // groups
        else:
            sizes.append(channels // 2 ** (i + 1))
            rest -= channels // 2 ** (i + 1)
    if kind == "equal":
        return tuple([rest, *sizes])
    return tuple([*sizes, rest])


def block_macs_steps(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    expanded = channels * expansion
    out_height, out_width = -(-height // stride), -(-width // stride)
    expand = 0
    if expansion > 1:
        expand = height * width * channels * expanded
    share = expanded // len(kernels)
    depthwise = 0
    for t in range(len(kernels)):
        count = share
        if t == 0:
            count = expanded - share * (len(kernels) - 1)
        depthwise += out_height * out_width * count * kernels[t] ** 2
    se = 0
    if se_ratio > 0:
        hidden = max(1, int(channels * se_ratio))
        se = expanded * hidden + hidden * expanded
    project = out_height * out_width * expanded * out_channels
    return {"expand": expand, "depthwise": depthwise, "se": se, "project": project}


def tap_offsets_loops(kernel, dilation, columns, images):
    offsets = []
    for i in range(kernel):
        for j in range(kernel):
            row, column = i * dilation, j * dilation
            offsets.append((row * columns + column) * images)
    return offsets


def confusion_loop(labels, predictions, classes):
    counts = np.zeros((classes, classes), int)
    for n in range(len(labels)):
        counts[labels[n], predictions[n]] += 1
    return counts


def confusion_masks(labels, predictions, classes):
    counts = np.zeros((classes, classes), int)
    for i in range(classes):
        for j in range(classes):
            counts[i, j] = ((labels == i) & (predictions == j)).sum()
    return counts


def confusion_codes(labels, predictions, classes):
    codes = labels * classes + predictions
    counts = np.bincount(codes, minlength=classes * classes)
    return counts.reshape(classes, classes)
