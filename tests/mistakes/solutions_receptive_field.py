"""What learners write for a receptive field: wrong ones, and right ones that look odd."""

import math
from functools import reduce

import numpy as np
from corpus import Solution


def jump_first(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        jump *= stride
        size += dilation * (kernel - 1) * jump
    return size, jump


def jump_ignored(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1)
        jump *= stride
    return size, jump


def dilation_ignored(layers):
    size, jump = 1, 1
    for kernel, stride, _ in layers:
        size, jump = size + (kernel - 1) * jump, jump * stride
    return size, jump


def whole_kernel(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * kernel * jump
        jump *= stride
    return size, jump


def from_zero(layers):
    size, jump = 0, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size, jump


def jump_from_zero(layers):
    size, jump = 1, 0
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size, jump


def strides_added(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump += stride - 1
    return size, jump


def stride_before_only(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump = stride
    return size, jump


def own_stride_only(layers):
    sizes = [dilation * (kernel - 1) * stride for kernel, stride, dilation in layers]
    return 1 + sum(sizes), math.prod(stride for _, stride, _ in layers)


def backwards(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in reversed(layers):
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size, jump


def sizes_multiplied(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size *= dilation * (kernel - 1) + 1
        jump *= stride
    return size, jump


def sizes_added(layers):
    covered = [dilation * (kernel - 1) + 1 for kernel, _, dilation in layers]
    jumps = np.cumprod([1, *(stride for _, stride, _ in layers)])
    return int(np.dot(covered, jumps[:-1])), int(jumps[-1])


def exchanged(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return jump, size


def size_only(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size


def dilation_in_jump(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        jump, size = jump * stride * dilation, size + dilation * (kernel - 1) * jump
    return size, jump


def last_jump_missed(layers):
    size, jumps = 1, [1]
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jumps[-1]
        jumps.append(jumps[-1] * stride)
    return size, jumps[-2]


def consumed(layers):
    size, jump = 1, 1
    while layers:
        kernel, stride, dilation = layers.pop(0)
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size, jump


def other_order_in_tuple(layers):
    size, jump = 1, 1
    for kernel, dilation, stride in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size, jump


def kernel_one_skipped(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        if kernel == 1:
            continue  # sees nothing new
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size, jump


def radius_doubled(layers):
    radius, jump = 0, 1
    for kernel, stride, dilation in layers:
        radius += dilation * ((kernel - 1) // 2) * jump
        jump *= stride
    return 2 * radius + 1, jump


def pixels_really_seen(layers):
    seen = {0}
    for kernel, stride, dilation in reversed(layers):
        seen = {place * stride + tap * dilation for place in seen for tap in range(kernel)}
    return len(seen), math.prod(stride for _, stride, _ in layers)


def state_kept(layers, state=[1, 1]):  # noqa: B006
    for kernel, stride, dilation in layers:
        state[0] += dilation * (kernel - 1) * state[1]
        state[1] *= stride
    return tuple(state)


def last_layer_missed(layers):
    size, jump = 1, 1
    for i in range(len(layers) - 1):
        kernel, stride, dilation = layers[i]
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size, jump


def largest(layers):
    jumps = [math.prod(stride for _, stride, _ in layers[:i]) for i in range(len(layers) + 1)]
    fields = [1 + d * (k - 1) * jump for (k, _, d), jump in zip(layers, jumps, strict=False)]
    return max(fields, default=1), jumps[-1]


def from_the_top_without_dilation(layers):
    size = 1
    for kernel, stride, _ in layers[::-1]:
        size = stride * (size - 1) + kernel
    return size, math.prod(layer[1] for layer in layers)


def from_the_top_not_less_one(layers):
    size = 1
    for kernel, stride, dilation in layers[::-1]:
        size = stride * size + dilation * (kernel - 1)
    return size, math.prod(layer[1] for layer in layers)


def squared(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size**2, jump**2


def returned_in_the_loop(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
        return size, jump
    return size, jump


def one_more_per_layer(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size = size + dilation * (kernel - 1) * jump + (stride > 1)
        jump *= stride
    return size, jump


def gaps_only(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += ((kernel - 1) + (dilation - 1)) * jump
        jump *= stride
    return size, jump


def stride_two_assumed(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        if stride > 1:
            jump *= 2
    return size, jump


def jump_for_small_kernels(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= min(stride, dilation * (kernel - 1) + 1)
    return size, jump


def sizes_of_all_layers(layers):
    size, jump, sizes = 1, 1, []
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
        sizes.append(size)
    return sizes, jump


def jump_first_dilation_ignored(layers):
    size, jump = 1, 1
    for kernel, stride, _ in layers:
        jump *= stride
        size += (kernel - 1) * jump
    return size, jump


# right


def reduced(layers):
    return reduce(lambda r, layer: (r[0] + layer[2] * (layer[0] - 1) * r[1], r[1] * layer[1]), layers, (1, 1))


def recursive(layers):
    if not layers:
        return 1, 1
    *before, (kernel, stride, dilation) = layers
    size, jump = recursive(before)
    return size + dilation * (kernel - 1) * jump, jump * stride


def from_the_top(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers[::-1]:
        size, jump = (size - 1) * stride + dilation * (kernel - 1) + 1, jump * stride
    return size, jump


def first_and_last_pixel(layers):
    def ends(first, last, layers):
        for kernel, stride, dilation in reversed(layers):
            first, last = first * stride, last * stride + dilation * (kernel - 1)
        return first, last

    (first, last), (neighbour, _) = ends(0, 0, layers), ends(1, 1, layers)
    return last - first + 1, neighbour - first


def closed_form(layers):
    kernels, strides, dilations = np.array(layers, dtype=np.int64).reshape(-1, 3).T
    jumps = np.cumprod(np.append(1, strides))
    return 1 + (dilations * (kernels - 1)) @ jumps[:-1], jumps[-1]


def enumerated(layers):
    return (
        1 + sum(d * (k - 1) * math.prod(s for _, s, _ in layers[:i]) for i, (k, _, d) in enumerate(layers)),
        math.prod(s for _, s, _ in layers),
    )


SOLUTIONS = [
    Solution("receptive_field", f"receptive_field: {name}", function, truth)
    for name, function, truth in [
        ("jump first", jump_first, "the jump is multiplied before the size grows: a layer's own stride widens its own field"),
        ("jump ignored", jump_ignored, "the size grows by dilation * (kernel - 1) without the jump: strides ignored"),
        ("dilation ignored", dilation_ignored, "dilation is ignored"),
        ("whole kernel", whole_kernel, "kernel instead of kernel - 1"),
        ("from 0", from_zero, "the size begins with 0 instead of 1: one too small"),
        ("jump from 0", jump_from_zero, "the jump begins with 0 instead of 1, and stays 0: the size never grows"),
        ("strides added", strides_added, "strides are added up (stride - 1 each) instead of multiplied"),
        ("stride before only", stride_before_only, "jump = stride instead of *=: only the layer before counts"),
        (
            "own stride only",
            own_stride_only,
            "each layer's growth is multiplied by its own stride instead of the strides of all layers before it",
        ),
        ("backwards", backwards, "the layers are taken from last to first"),
        ("sizes multiplied", sizes_multiplied, "what the layers cover is multiplied; the jump is ignored in the size"),
        ("sizes added", sizes_added, "a jump too large for each layer after the first: + 1 in each, from 0 on"),
        ("exchanged", exchanged, "(jump, size) instead of (size, jump)"),
        ("size only", size_only, "only the size is returned"),
        ("dilation in the jump", dilation_in_jump, "the jump is multiplied by the dilation, too"),
        ("last jump missed", last_jump_missed, "the jump before the last layer is returned: its stride is missing"),
        ("consumed", consumed, "the numbers are right, but the list of layers is emptied"),
        ("other order in the tuple", other_order_in_tuple, "stride and dilation are exchanged"),
        ("kernel 1 skipped", kernel_one_skipped, "layers with kernel 1 are skipped: their stride is lost"),
        ("radius doubled", radius_doubled, "(kernel - 1) // 2 on both sides: even kernels are taken for one smaller"),
        (
            "pixels really seen",
            pixels_really_seen,
            "pixels with a path are counted, without the holes that dilation or stride leave: smaller than the formula's size",
        ),
        ("state kept", state_kept, "a mutable default argument: each call goes on from the result of the one before"),
        ("last layer missed", last_layer_missed, "the last layer is never handled: range(len(layers) - 1)"),
        ("largest", largest, "the largest growth of a single layer, instead of the sum over all"),
        (
            "from the top, without dilation",
            from_the_top_without_dilation,
            "counted from the last layer down, which is right, but dilation is ignored",
        ),
        (
            "from the top, not less one",
            from_the_top_not_less_one,
            "counted from the last layer down with stride * size instead of stride * (size - 1) + 1",
        ),
        ("squared", squared, "pixels and steps in the plane: both numbers are squared, though asked for along an axis"),
        ("returned in the loop", returned_in_the_loop, "return stands inside of the loop: only the first layer counts"),
        ("one more per stride", one_more_per_layer, "1 too many for each layer with a stride"),
        (
            "gap counted once",
            gaps_only,
            "the kernel is taken to cover kernel + dilation - 1: the gap is counted once, not between all taps",
        ),
        ("stride 2 assumed", stride_two_assumed, "every stride above 1 is taken for 2"),
        (
            "stride at most covered",
            jump_for_small_kernels,
            "a stride larger than what the kernel covers is replaced by that in the jump",
        ),
        ("sizes of all layers", sizes_of_all_layers, "a list of all layers' sizes in place of the last one"),
        (
            "jump first, dilation ignored",
            jump_first_dilation_ignored,
            "two mistakes: the jump is multiplied before the size grows, and dilation is ignored",
        ),
        ("right, reduced", reduced, None),
        ("right, recursive", recursive, None),
        ("right, from the top", from_the_top, None),
        ("right, first and last pixel", first_and_last_pixel, None),
        ("right, closed form in NumPy", closed_form, None),
        ("right, enumerated", enumerated, None),
    ]
]
