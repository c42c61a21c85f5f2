"""Ordinary solutions, mostly wrong: separable_macs, receptive_field, block_macs, tap_offsets."""

import math
from functools import reduce
from itertools import product

import numpy as np
from corpus import collected

import minimix as mm

SOLUTIONS, solution = collected()


# separable_macs


@solution(
    "separable_macs",
    "dense with the channels twice",
    "the dense count has channels ** 2 instead of channels * out_channels: right only for as many outputs as inputs; the "
    "separable one is right",
)
def dense_with_the_channels_twice(height, width, channels, out_channels, kernel):
    pixels = height * width
    dense = pixels * channels * channels * kernel**2
    separable = pixels * channels * kernel**2 + pixels * channels * out_channels
    return dense, separable


@solution(
    "separable_macs",
    "divided by the sum",
    "1/N + 1/K^2 is taken for 1 / (N + K^2): the separable count is the dense one divided by out_channels + kernel ** 2, far "
    "too small",
)
def divided_by_the_sum(height, width, channels, out_channels, kernel):
    dense = height * width * channels * out_channels * kernel**2
    return dense, dense // (out_channels + kernel**2)


@solution(
    "separable_macs",
    "outputs without channels",
    "the separable count is H W (C K^2 + N): the pointwise part lacks the factor channels",
)
def outputs_without_channels(height, width, channels, out_channels, kernel):
    places = height * width
    taps = kernel * kernel
    return places * channels * out_channels * taps, places * (channels * taps + out_channels)


@solution(
    "separable_macs",
    "multiplied before it was added",
    "the variable with the depthwise count is multiplied by out_channels to get the dense one, and then used as if it were "
    "still the depthwise count: the separable one is the dense one plus the pointwise one",
)
def multiplied_before_it_was_added(height, width, channels, out_channels, kernel):
    macs = height * width * channels * kernel**2  # depthwise
    macs *= out_channels
    dense = macs
    separable = macs + height * width * channels * out_channels
    return dense, separable


# receptive_field


@solution(
    "receptive_field",
    "first tap again in every layer",
    "each layer adds (D (K - 1) + 1) * jump, all that its kernel covers: the first tap is counted again in every layer",
)
def first_tap_again_in_every_layer(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        covered = dilation * (kernel - 1) + 1
        size += covered * jump
        jump *= stride
    return size, jump


@solution(
    "receptive_field",
    "all strides for every layer",
    "the growth of every layer is multiplied by the strides of all layers, its own and the later ones included, instead of "
    "those before it",
)
def all_strides_for_every_layer(layers):
    jump = math.prod(stride for _, stride, _ in layers)
    size = 1 + jump * sum(dilation * (kernel - 1) for kernel, _, dilation in layers)
    return size, jump


@solution(
    "receptive_field",
    "a loop takes the jump's name",
    "the loop unpacks each layer's stride into jump: instead of the product of the strides before, the field grows by the "
    "layer's own stride, and the last layer's stride is returned as the jump",
)
def a_loop_takes_the_jump_s_name(layers):
    size, jump = 1, 1
    for kernel, jump, dilation in layers:
        size += dilation * (kernel - 1) * jump
    return size, jump


@solution(
    "receptive_field",
    "reduced without a start",
    "the strides are multiplied up by functools.reduce without an initial value: for no layers it fails with a TypeError; for "
    "others all is right",
)
def reduced_without_a_start(layers):
    size = 1
    for number, (kernel, _, dilation) in enumerate(layers):
        before = [stride for _, stride, _ in layers[:number]]
        size += dilation * (kernel - 1) * math.prod(before)
    jump = reduce(lambda a, b: a * b, [stride for _, stride, _ in layers])
    return size, jump


# block_macs


@solution(
    "block_macs",
    "one place more where the stride divides",
    "the output's sides are height // stride + 1 and width // stride + 1 instead of rounded up: one too many where the stride "
    "divides the side, so for a stride of 1 always (depthwise and project)",
)
def one_place_more_where_the_stride_divides(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inner = channels * expansion
    oh, ow = height // stride + 1, width // stride + 1
    expand = 0 if expansion == 1 else height * width * channels * inner
    depthwise = 0
    for part, kernel in zip(mm.partition(inner, len(kernels), "equal"), kernels):  # noqa: B905
        depthwise += oh * ow * part * kernel**2
    hidden = max(1, int(channels * se_ratio)) if se_ratio else 0
    return {"expand": expand, "depthwise": depthwise, "se": 2 * inner * hidden, "project": oh * ow * inner * out_channels}


@solution(
    "block_macs",
    "divided before they are expanded",
    "the block's input channels are divided among the kernels, and each share is multiplied by the expansion, instead of "
    "dividing the channels inside: another division where the number of groups does not divide the channels, and refused by "
    "mm.partition, a ValueError, where there are more groups than input channels (depthwise only)",
)
def divided_before_they_are_expanded(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    out = math.ceil(height / stride) * math.ceil(width / stride)
    shares = [expansion * share for share in mm.partition(channels, len(kernels))]
    squeezed = 0
    if se_ratio > 0:
        squeezed = max(int(channels * se_ratio), 1)
    return {
        "expand": height * width * channels * inside if expansion > 1 else 0,
        "depthwise": out * sum(share * kernel * kernel for share, kernel in zip(shares, kernels)),  # noqa: B905
        "se": inside * squeezed + squeezed * inside,
        "project": out * inside * out_channels,
    }


@solution(
    "block_macs",
    "last group only",
    "depthwise = instead of += in the loop over the groups: only the last kernel's multiply-adds are returned; right for a "
    "single kernel",
)
def last_group_only(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inner = channels * expansion
    oh, ow = (height - 1) // stride + 1, (width - 1) // stride + 1
    expand = height * width * channels * inner
    if expansion == 1:
        expand = 0
    groups = mm.partition(inner, len(kernels), "equal")
    for c, k in zip(groups, kernels):  # noqa: B905
        depthwise = oh * ow * c * k * k
    se = 0
    if se_ratio != 0:
        hidden = max(1, int(channels * se_ratio))
        se = inner * hidden + hidden * inner
    return {"expand": expand, "depthwise": depthwise, "se": se, "project": oh * ow * inner * out_channels}


@solution(
    "block_macs",
    "expand inside, se back to the input",
    "two mistakes: the first 1x1 convolution counts as if it had as many inputs as outputs, inside * inside instead of "
    "channels * inside; and the second half of the squeeze-and-excite leads to the block's input channels, not to those "
    "inside",
)
def expand_inside_se_back_to_the_input(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    mid = expansion * channels
    oh, ow = -(-height // stride), -(-width // stride)
    expand = height * width * mid * mid if expansion != 1 else 0
    depthwise = sum(oh * ow * c * k**2 for c, k in zip(mm.partition(mid, len(kernels), "equal"), kernels))  # noqa: B905
    reduced = max(1, int(channels * se_ratio)) if se_ratio != 0 else 0
    se = mid * reduced + reduced * channels
    project = oh * ow * mid * out_channels
    return {"expand": expand, "depthwise": depthwise, "se": se, "project": project}


# tap_offsets


@solution(
    "tap_offsets",
    "i for j",
    "the tap's row i is used in place of its column j: all taps of a row get the same offset, that of the diagonal",
)
def i_for_j(kernel, dilation, columns, images):
    offsets = []
    for i in range(kernel):
        for _j in range(kernel):
            offsets.append((i * columns + i) * dilation * images)
    return offsets


@solution(
    "tap_offsets",
    "appended after moving on",
    "the offset is moved on before it is appended: in each row the list begins with the second tap and ends one tap behind "
    "the last, so that all are one dilation too far and the first is not 0",
)
def appended_after_moving_on(kernel, dilation, columns, images):
    offsets = []
    for i in range(kernel):
        offset = i * dilation * columns * images
        for _ in range(kernel):
            offset += dilation * images
            offsets.append(offset)
    return offsets


@solution(
    "tap_offsets",
    "meshgrid's order",
    "np.meshgrid without indexing='ij' puts its first argument, the rows, along the columns: the offsets are right but come "
    "column by column",
)
def meshgrid_s_order(kernel, dilation, columns, images):
    taps = dilation * np.arange(kernel)
    rows, cols = np.meshgrid(taps, taps)
    return ((rows * columns + cols) * images).ravel().tolist()


@solution(
    "tap_offsets",
    "memory of kernel rows",
    "np.ravel_multi_index is told that there are only kernel rows, though a dilated tap lies further down: fails with a "
    "ValueError for a dilation above 1 (and a kernel above 1)",
)
def memory_of_kernel_rows(kernel, dilation, columns, images):
    taps = product(range(kernel), repeat=2)
    shape = (kernel, columns, images)
    return [int(np.ravel_multi_index((dilation * i, dilation * j, 0), shape)) for i, j in taps]
