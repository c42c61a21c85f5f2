"""Right answers as learners write them: loops, whole arrays, recursion, other data types."""

import math

import numpy as np
import pytest

import minimix as mm
from minimix import course


def output_size_by_counting(size, kernel, stride, padding, dilation):
    places = 0
    start = -padding
    while start + dilation * (kernel - 1) < size + padding:
        places += 1
        start += stride
    return places


def output_size_with_floor(size, kernel, stride, padding, dilation):
    return math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1


def conv_loops(x, weight, stride, padding):
    images, channels, height, width = x.shape
    outs, _, k, _ = weight.shape
    rows, columns = (height + 2 * padding - k) // stride + 1, (width + 2 * padding - k) // stride + 1
    out = np.zeros((images, outs, rows, columns), np.float32)
    for n in range(images):
        for o in range(outs):
            for y in range(rows):
                for z in range(columns):
                    for c in range(channels):
                        for i in range(k):
                            for j in range(k):
                                row, column = y * stride + i - padding, z * stride + j - padding
                                if 0 <= row < height and 0 <= column < width:
                                    out[n, o, y, z] += x[n, c, row, column] * weight[o, c, i, j]
    return out


def windows_by_slices(x, kernel, stride):
    rows, columns = (x.shape[2] - kernel) // stride + 1, (x.shape[3] - kernel) // stride + 1
    out = np.empty((*x.shape[:2], rows, columns, kernel, kernel))
    for y in range(rows):
        for z in range(columns):
            out[:, :, y, z] = x[:, :, y * stride : y * stride + kernel, z * stride : z * stride + kernel]
    return out


def windows_as_a_view(x, kernel, stride):
    n, c, h, w = x.shape
    a, b, d, e = x.strides
    shape = (n, c, (h - kernel) // stride + 1, (w - kernel) // stride + 1, kernel, kernel)
    return np.lib.stride_tricks.as_strided(x, shape, (a, b, d * stride, e * stride, d, e))


def conv_products(x, weight, stride, padding):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    return np.einsum("ncyzij,ocij->noyz", windows_by_slices(x, weight.shape[-1], stride), weight)


def mean_square_grad_loops(matrix, target, weight):
    grad = [0.0] * len(weight)
    for row, wanted in zip(matrix, target, strict=True):
        error = sum(a * b for a, b in zip(row, weight, strict=True)) - wanted
        for k, seen in enumerate(row):
            grad[k] += 2 * error * seen / len(target)
    return grad


def mean_square_grad_of_tensors(matrix, target, weight):
    weight = mm.Tensor(weight, requires_grad=True)
    ((mm.Tensor(matrix) @ weight - target) ** 2).mean().backward()
    return weight.grad


def depthwise_loops(x, weight, stride, padding):
    return np.concatenate([conv_loops(x[:, c : c + 1], weight[c : c + 1], stride, padding) for c in range(len(weight))], axis=1)


def dilated_by_stuffing(x, weight, dilation):
    k = weight.shape[-1]
    reach = dilation * (k - 1)
    stuffed = np.zeros((len(weight), 1, reach + 1, reach + 1))
    stuffed[:, :, ::dilation, ::dilation] = weight
    return depthwise_loops(x, stuffed, 1, reach // 2)


def field_from_the_end(layers):
    """The field of one pixel, followed backward through the layers."""
    size, jump = 1, 1
    for kernel, stride, dilation in reversed(layers):
        size = (size - 1) * stride + dilation * (kernel - 1) + 1
        jump *= stride
    return [np.int64(size), jump]


def split_by_lists(channels, groups, kind):
    sizes = [channels // groups if kind == "equal" else channels // 2 ** (i + 1) for i in range(groups)]
    sizes[0 if kind == "equal" else -1] += channels - sum(sizes)
    return np.array(sizes)


def mixed_with_embedded_kernels(x, weights):
    """One depthwise convolution with all kernels embedded in the largest."""
    most = max(w.shape[-1] for w in weights)
    embedded = [
        np.pad(w, ((0, 0), (0, 0), ((most - w.shape[-1]) // 2,) * 2, ((most - w.shape[-1]) // 2,) * 2)) for w in weights
    ]
    return depthwise_loops(x, np.concatenate(embedded), 1, most // 2)


def block_by_formula(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    pixels = math.ceil(height / stride) * math.ceil(width / stride)
    hidden = max(1, int(channels * se_ratio)) if se_ratio else 0
    sizes = split_by_lists(inside, len(kernels), "equal")
    return (
        height * width * channels * inside if expansion > 1 else 0,
        pixels * sum(size * k * k for size, k in zip(sizes, kernels, strict=True)),
        2 * inside * hidden,
        float(pixels * inside * out_channels),
    )


def unbroadcast_one_by_one(gradient, shape):
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    for axis, n in enumerate(shape):
        if n == 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


def backward_by_topology(root):
    order, seen = [], set()

    def visit(node):
        if id(node) not in seen:
            seen.add(id(node))
            for other in node.inputs:
                visit(other)
            order.append(node)

    visit(root)
    root.grad = 1.0
    for node in reversed(order):
        for other, slope in zip(node.inputs, node.slopes, strict=True):
            other.grad += slope * node.grad


def backward_by_counting_users(root):
    """A node passes on when its last user has: Kahn's order."""
    users, todo = {root: 0}, [root]
    while todo:
        for other in todo.pop().inputs:
            if other not in users:
                users[other] = 0
                todo.append(other)
            users[other] += 1
    root.grad, ready = 1.0, [root]
    while ready:
        node = ready.pop()
        for other, slope in zip(node.inputs, node.slopes, strict=True):
            other.grad += slope * node.grad
            users[other] -= 1
            if users[other] == 0:
                ready.append(other)


def input_grad_loops(gradient, weight, x_shape, stride, padding, dilation):
    out = np.zeros(x_shape)
    for (n, c, y, z), g in np.ndenumerate(gradient):
        for i, j in np.ndindex(weight.shape[2:]):
            row, column = y * stride + i * dilation - padding, z * stride + j * dilation - padding
            if 0 <= row < x_shape[2] and 0 <= column < x_shape[3]:
                out[n, c, row, column] += g * weight[c, 0, i, j]
    return out


def weight_grad_loops(gradient, x, weight_shape, stride, padding, dilation):
    out = np.zeros(weight_shape)
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    for i, j in np.ndindex(*weight_shape[2:]):
        for (n, c, y, z), g in np.ndenumerate(gradient):
            out[c, 0, i, j] += g * x[n, c, y * stride + i * dilation, z * stride + j * dilation]
    return out


def mixed_backward(gradient, x, weights):
    to_x, to_weights, start = [], [], 0
    for weight in weights:
        group = slice(start, start + len(weight))
        same = weight.shape[-1] // 2
        to_x.append(input_grad_loops(gradient[:, group], weight, x[:, group].shape, 1, same, 1))
        to_weights.append(weight_grad_loops(gradient[:, group], x[:, group], weight.shape, 1, same, 1))
        start += len(weight)
    return np.concatenate(to_x, axis=1), to_weights


def batch_norm_step_by_step(gradient, x, weight, eps):
    """The chain rule through each line of the forward pass, in float32."""
    x, gradient = x.astype(np.float32), gradient.astype(np.float32)
    count = x[:, 0].size
    to_x, to_weight, to_bias = np.empty_like(x), [], []
    for c in range(x.shape[1]):
        centred = x[:, c] - x[:, c].mean()
        inverse = 1 / np.sqrt((centred**2).sum() / count + eps)
        g = gradient[:, c]
        to_weight.append((g * centred * inverse).sum())
        to_bias.append(g.sum())
        to_normal = g * weight[c]
        to_inverse = (to_normal * centred).sum()
        to_variance = to_inverse * -0.5 * inverse**3
        to_centred = to_normal * inverse + to_variance * 2 * centred / count
        to_x[:, c] = to_centred - to_centred.sum() / count
    return to_x, to_weight, np.array(to_bias)


def batch_norm_with_tensors(gradient, x, weight, eps):
    import minimix.functional as F

    given = [mm.Tensor(a, requires_grad=True) for a in (x, weight, np.zeros_like(weight))]
    F.batch_norm(given[0], None, None, given[1], given[2], training=True, eps=eps).backward(gradient)
    return [tensor.grad for tensor in given]


@pytest.mark.parametrize(
    "check, functions",
    [
        (course.check_output_size, [output_size_by_counting, output_size_with_floor]),
        (course.check_conv2d, [conv_loops, conv_products]),
        (course.check_windows, [windows_by_slices, windows_as_a_view]),
        (course.check_mean_square_grad, [mean_square_grad_loops, mean_square_grad_of_tensors]),
        (course.check_depthwise_conv2d, [depthwise_loops]),
        (course.check_separable_macs, [lambda h, w, c, o, k: np.array([c * o * k**2, c * (k**2 + o)]) * h * w]),
        (course.check_dilated_conv2d, [dilated_by_stuffing]),
        (course.check_receptive_field, [field_from_the_end]),
        (course.check_partition, [split_by_lists]),
        (course.check_mixconv2d, [mixed_with_embedded_kernels]),
        (course.check_block_macs, [block_by_formula]),
        (course.check_unbroadcast, [unbroadcast_one_by_one]),
        (course.check_backward, [backward_by_topology, backward_by_counting_users]),
        (course.check_depthwise_input_grad, [input_grad_loops]),
        (course.check_depthwise_weight_grad, [weight_grad_loops]),
        (course.check_mixconv2d_backward, [mixed_backward]),
        (course.check_batch_norm_backward, [batch_norm_step_by_step, batch_norm_with_tensors]),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_right_answers_pass_in_any_style(check, functions):
    for function in functions:
        report = check(function)
        assert report.passed, report


# -- and wrong ones, in a style of their own -------------------------------------------------------------------------------


def flipped_loops(x, weight, stride, padding):
    """As ``conv_loops``, but the tap's index runs backward through the image."""
    k = weight.shape[-1]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows, columns = (x.shape[2] - k) // stride + 1, (x.shape[3] - k) // stride + 1
    out = [
        [
            [[sum((x[n, :, y * stride + k - 1 - i, z * stride + k - 1 - j] * weight[o, :, i, j]).sum()
                  for i in range(k) for j in range(k)) for z in range(columns)] for y in range(rows)]
            for o in range(len(weight))
        ]
        for n in range(len(x))
    ]  # fmt: skip
    return out  # nested lists


def crossed_indices(x, weight, stride, padding):
    """Loops in which the tap's two indices have changed places."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    k = weight.shape[-1]
    rows, columns = (x.shape[2] - k) // stride + 1, (x.shape[3] - k) // stride + 1
    out = np.zeros((len(x), len(weight), rows, columns), np.float32)
    for i, j in np.ndindex(k, k):
        seen = x[:, :, j : j + rows * stride : stride, i : i + columns * stride : stride][:, :, :rows, :columns]
        out += np.einsum("ncyz,oc->noyz", seen, weight[:, :, i, j])
    return out


def steps_of_one(x, weight, stride, padding):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    k = weight.shape[-1]
    rows, columns = (x.shape[2] - k) // stride + 1, (x.shape[3] - k) // stride + 1
    out = np.zeros((len(x), len(weight), rows, columns))
    for y in range(rows):
        for z in range(columns):
            out[:, :, y, z] = np.tensordot(x[:, :, y : y + k, z : z + k], weight, ((1, 2, 3), (1, 2, 3)))
    return out


def overwriting(x, weight, stride, padding):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    k = weight.shape[-1]
    rows, columns = (x.shape[2] - k) // stride + 1, (x.shape[3] - k) // stride + 1
    out = np.zeros((len(x), len(weight), rows, columns))
    for n, o, y, z in np.ndindex(out.shape):
        for c, i, j in np.ndindex(weight.shape[1:]):
            out[n, o, y, z] = x[n, c, y * stride + i, z * stride + j] * weight[o, c, i, j]
    return out


def first_image_weight_grad(gradient, x, weight_shape, stride, padding, dilation):
    return weight_grad_loops(gradient[0][None], x[0][None], weight_shape, stride, padding, dilation).astype(np.float32)


def recursion_without_order(root):
    def visit(node, arrived):
        node.grad += arrived
        for other, slope in zip(node.inputs, node.slopes, strict=True):
            visit(other, slope * node.grad)  # should be: arrived

    visit(root, 1.0)


def overwriting_stamps(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    found = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    for y, x in np.ndindex(gradient.shape[2:]):
        for i, j in np.ndindex(weight.shape[2:]):
            found[:, :, y * stride + i * dilation, x * stride + j * dilation] = gradient[:, :, y, x] * weight[:, 0, i, j]
    return found[:, :, padding : padding + h, padding : padding + w]


def joined_as_images(x, weights):
    parts = np.split(x, np.cumsum([len(weight) for weight in weights])[:-1], axis=1)
    return np.concatenate([mm.reference.depthwise_conv2d(*pair) for pair in zip(parts, weights, strict=True)])


@pytest.mark.parametrize(
    "check, function, name",
    [
        (course.check_conv2d, flipped_loops, "kernel flipped"),
        (course.check_conv2d, crossed_indices, "kernel transposed"),
        (course.check_conv2d, steps_of_one, "window moves by one pixel"),
        (course.check_conv2d, overwriting, "only the last product is kept"),
        (course.check_depthwise_weight_grad, first_image_weight_grad, "not summed over the batch"),
        (course.check_depthwise_input_grad, overwriting_stamps, "= instead of +=, one output at a time"),
        (course.check_mixconv2d, joined_as_images, "groups joined along the batch"),
        (course.check_backward, recursion_without_order, "a node passes on before all has arrived (depth first)"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_mistake_is_recognised_in_another_style(check, function, name):
    report = check(function)
    assert report.mistake == name, report


def test_gradients_without_an_order_that_happen_to_be_right():
    """Passing on what has just arrived, not the sum, needs no order: it is slow, but right."""

    def visit(node, arrived):
        node.grad += arrived
        for other, slope in zip(node.inputs, node.slopes, strict=True):
            visit(other, slope * arrived)

    assert course.check_backward(lambda root: visit(root, 1.0)).passed
