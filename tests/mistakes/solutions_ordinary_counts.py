"""Solutions by fresh eyes, wrong and right, of what is counted: separable_macs, receptive_field, partition, block_macs,
tap_offsets."""

import numpy as np
from corpus import collected

import minimix as mm

SOLUTIONS, solution = collected()


# separable_macs


@solution("separable_macs", "always 3x3", "9 taps are counted whatever the kernel's size")
def macs_always_nine(height, width, channels, out_channels, kernel):
    pixels = height * width
    dense = pixels * channels * out_channels * 9
    return dense, pixels * channels * 9 + pixels * channels * out_channels


@solution(
    "separable_macs",
    "what is saved",
    "the second number is what the separable convolution saves, dense minus separable, and not what it costs",
)
def macs_saved(height, width, channels, out_channels, kernel):
    dense = height * width * channels * out_channels * kernel**2
    depthwise = height * width * channels * kernel**2
    pointwise = height * width * channels * out_channels
    return dense, dense - (depthwise + pointwise)


@solution(
    "separable_macs",
    "depthwise of one channel",
    "the depthwise part is counted for one channel only: it is assigned, not added up, in the loop over the channels",
)
def macs_one_depthwise(height, width, channels, out_channels, kernel):
    dense = pointwise = 0
    for _ in range(channels):
        depthwise = height * width * kernel * kernel
        pointwise += height * width * out_channels
        dense += height * width * out_channels * kernel * kernel
    return dense, depthwise + pointwise


@solution(
    "separable_macs",
    "separable in two parts",
    "the parts of the separable convolution are not added: the second element is a tuple (depthwise, pointwise)",
)
def macs_two_parts(height, width, channels, out_channels, kernel):
    n = height * width
    return n * channels * out_channels * kernel**2, (n * channels * kernel**2, n * channels * out_channels)


@solution(
    "separable_macs",
    "side not squared, pointwise of one pixel",
    "two mistakes in the separable number: the depthwise part has kernel and not kernel squared taps, and the pointwise part is"
    " counted for one pixel",
)
def macs_two_mistakes(height, width, channels, out_channels, kernel):
    dense = height * width * kernel * kernel * channels * out_channels
    return dense, height * width * kernel * channels + channels * out_channels


@solution("separable_macs", "right, less what is saved")
def macs_right_less(height, width, channels, out_channels, kernel):
    terms = channels * out_channels * kernel**2
    saved = channels * (out_channels * kernel**2 - kernel**2 - out_channels)
    return [height * width * n for n in (terms, terms - saved)]


# receptive_field


@solution("receptive_field", "0 for no layers", "of an empty list the size is 0, and not 1")
def field_empty(layers):
    if len(layers) == 0:
        return 0, 1
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size = size + (kernel - 1) * dilation * jump
        jump = jump * stride
    return size, jump


@solution(
    "receptive_field",
    "D pixels between the taps",
    "dilation D is taken for D pixels between two taps, so neighbouring taps lie D + 1 apart and not D",
)
def field_pixels_between(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        covered = kernel + (kernel - 1) * dilation
        size += (covered - 1) * jump
        jump *= stride
    return size, jump


@solution(
    "receptive_field",
    "overlap of the windows",
    "each layer adds what its kernel covers minus its own stride, and not minus 1",
)
def field_overlap(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        covered = dilation * (kernel - 1) + 1
        size += (covered - stride) * jump
        jump *= stride
    return size, jump


@solution(
    "receptive_field",
    "first layer without its dilation",
    "the size begins with the kernel of the first layer, whose dilation is left out",
)
def field_first_undilated(layers):
    if not layers:
        return 1, 1
    size, jump = layers[0][:2]
    for kernel, stride, dilation in layers[1:]:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size, jump


@solution(
    "receptive_field",
    "strides added up, from the top",
    "two mistakes: the layers are walked from the last to the first with the rule for the other direction, and the strides are"
    " added and not multiplied",
)
def field_two_mistakes(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in reversed(layers):
        size += dilation * (kernel - 1) * jump
        jump += stride - 1
    return size, jump


@solution("receptive_field", "right, pixels for two outputs")
def field_needed(layers):
    def needed(outputs):
        for kernel, stride, dilation in layers[::-1]:
            outputs = stride * (outputs - 1) + dilation * (kernel - 1) + 1
        return outputs

    return needed(1), needed(2) - needed(1)


# partition


@solution(
    "partition",
    "divided by one group less",
    "the equal share is channels // (groups - 1), a group too few: too large, and a division by zero for one group",
)
def partition_one_less(channels, groups, kind):
    if kind == "equal":
        share = channels // (groups - 1)
        return (channels - share * (groups - 1),) + (share,) * (groups - 1)
    parts = [channels // 2 ** (t + 1) for t in range(groups - 1)]
    return *parts, channels - sum(parts)


@solution(
    "partition",
    "keeps what append returns",
    "in the exponential kind the list is replaced by what append returns, None, so what follows fails",
)
def partition_append(channels, groups, kind):
    parts = []
    if kind == "equal":
        parts = [channels // groups] * groups
        parts[0] += channels % groups
        return parts
    for t in range(1, groups):
        parts = parts.append(channels // 2**t)
    return [*parts, channels - sum(parts)]


@solution(
    "partition",
    "a tuple without its comma",
    "(share) * (groups - 1) is a number and not a tuple, because the comma is missing: the equal kind fails with a TypeError",
)
def partition_comma(channels, groups, kind):
    if kind == "equal":
        share = channels // groups
        rest = channels % groups
        return (share + rest,) + (share) * (groups - 1)
    halves = tuple(channels // 2**t for t in range(1, groups))
    return (*halves, channels - sum(halves))


@solution(
    "partition",
    "the rest to every group",
    "in the equal kind the remainder is added to every group, and not to the first only: they add up to too many",
)
def partition_rest_everywhere(channels, groups, kind):
    sizes = []
    for t in range(groups):
        if kind == "equal":
            sizes.append(channels // groups + channels % groups)
        elif t < groups - 1:
            sizes.append(channels // 2 ** (t + 1))
        else:
            sizes.append(channels - sum(sizes))
    return tuple(sizes)


@solution(
    "partition",
    "the last share replaced by the rest",
    "in the exponential kind the last group gets only what remains after its own share c // 2^g is taken away, too: they add up"
    " to too few",
)
def partition_last_replaced(channels, groups, kind):
    if kind == "equal":
        sizes = np.full(groups, channels // groups)
        sizes[0] += channels - sizes.sum()
    else:
        sizes = np.array([channels // 2**t for t in range(1, groups + 1)])
        sizes[-1] = channels - sizes.sum()
    return sizes


@solution("partition", "right, binary digits")
def partition_digits(channels, groups, kind):
    if kind == "equal":
        share, rest = divmod(channels, groups)
        return [share + rest * (t == 0) for t in range(groups)]
    digits = f"{channels:b}"
    sizes = [int(digits[:-t] or "0", 2) for t in range(1, groups)]
    sizes.append(channels - sum(sizes))
    return sizes


# block_macs


@solution(
    "block_macs",
    "depthwise of the input's channels",
    "the depthwise layer is counted with the block's input channels, and not with the expanded ones",
)
def block_unexpanded(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    out = -(-height // stride) * -(-width // stride)
    hidden = max(1, int(channels * se_ratio)) if se_ratio else 0
    groups = mm.partition(channels, len(kernels))
    return {
        "expand": height * width * channels * inside if expansion != 1 else 0,
        "depthwise": out * sum(c * k * k for c, k in zip(groups, kernels, strict=True)),
        "se": 2 * inside * hidden,
        "project": out * inside * out_channels,
    }


@solution(
    "block_macs",
    "mean area of the kernels",
    "the depthwise layer is counted with the mean of k squared for every channel, which is wrong where the channels do not"
    " divide evenly among the kernels",
)
def block_mean_area(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    out = len(range(0, height, stride)) * len(range(0, width, stride))
    hidden = max(1, int(channels * se_ratio)) if se_ratio > 0 else 0
    return (
        (expansion > 1) * height * width * channels * inside,
        int(out * inside * sum(k**2 for k in kernels) / len(kernels)),
        2 * inside * hidden,
        out * inside * out_channels,
    )


@solution(
    "block_macs",
    "hidden channels not whole",
    "channels * se_ratio is not cut off to a whole number of hidden channels",
)
def block_fractional(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    rows, columns = (height + stride - 1) // stride, (width + stride - 1) // stride
    costs = {"expand": 0, "depthwise": 0, "se": 0, "project": rows * columns * inside * out_channels}
    if expansion > 1:
        costs["expand"] = height * width * channels * inside
    for c, k in zip(mm.partition(inside, len(kernels)), kernels, strict=True):
        costs["depthwise"] += rows * columns * c * k**2
    if se_ratio:
        costs["se"] = 2 * inside * max(1, channels * se_ratio)
    return costs


@solution("block_macs", "a sum beside the parts", "there is a fifth key, 'total', although no others are wanted")
def block_total(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    out = -(-height // stride) * -(-width // stride)
    taps = sum(c * k**2 for c, k in zip(mm.partition(inside, len(kernels)), kernels, strict=True))
    costs = {
        "expand": height * width * channels * inside if expansion > 1 else 0,
        "depthwise": out * taps,
        "se": 2 * inside * max(1, int(channels * se_ratio)) if se_ratio else 0,
        "project": out * inside * out_channels,
    }
    costs["total"] = sum(costs.values())
    return costs


@solution(
    "block_macs",
    "kernels for their number",
    "mm.partition is called with the kernels themselves as the number of groups, and raises an error",
)
def block_kernels_as_groups(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    out = -(-height // stride) * -(-width // stride)
    groups = mm.partition(inside, kernels)
    return {
        "expand": height * width * channels * inside if expansion > 1 else 0,
        "depthwise": out * sum(c * k**2 for c, k in zip(groups, kernels, strict=True)),
        "se": 2 * inside * max(1, int(channels * se_ratio)) if se_ratio else 0,
        "project": out * inside * out_channels,
    }


@solution("block_macs", "right, one line a key")
def block_right(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    costs = dict.fromkeys(("expand", "depthwise", "se", "project"), 0.0)
    inside = expansion * channels
    after = (1 + (height - 1) // stride) * (1 + (width - 1) // stride)
    costs["project"] += after * inside * out_channels
    costs["expand"] += (inside - channels and inside) * channels * height * width
    share = inside // len(kernels)
    costs["depthwise"] += after * (share * sum(k * k for k in kernels) + (inside - share * len(kernels)) * kernels[0] ** 2)
    if se_ratio != 0:
        costs["se"] += 2 * inside * (int(channels * se_ratio) or 1)
    return costs


# tap_offsets


@solution(
    "tap_offsets",
    "row by true division",
    "the tap's row is t / kernel and not t // kernel: a fraction, and floats instead of integers",
)
def offsets_true_division(kernel, dilation, columns, images):
    return [(t / kernel * columns + t % kernel) * dilation * images for t in range(kernel * kernel)]


@solution(
    "tap_offsets",
    "places for numbers",
    "a pair (row, column) is returned for each tap, and not one number",
)
def offsets_pairs(kernel, dilation, columns, images):
    return [(i * dilation * columns * images, j * dilation * images) for i in range(kernel) for j in range(kernel)]


@solution(
    "tap_offsets",
    "columns of the output",
    "the next row begins as many places behind as the output has columns, columns - dilation * (kernel - 1), and not the plane",
)
def offsets_output_columns(kernel, dilation, columns, images):
    places = columns - dilation * (kernel - 1)
    return [(i * dilation * places + j * dilation) * images for i in range(kernel) for j in range(kernel)]


@solution("tap_offsets", "a dictionary", "a dictionary from (i, j) to the offset is returned, and not a list of the offsets")
def offsets_dictionary(kernel, dilation, columns, images):
    return {(i, j): dilation * images * (i * columns + j) for i in range(kernel) for j in range(kernel)}


@solution(
    "tap_offsets",
    "images forgotten, dilation in the rows only",
    "two mistakes: the offsets are not multiplied by the number of images, and within a row the taps are not dilated",
)
def offsets_two_mistakes(kernel, dilation, columns, images):
    return [i * dilation * columns + j for i in range(kernel) for j in range(kernel)]


@solution("tap_offsets", "right, a matrix of places times steps")
def offsets_matrix(kernel, dilation, columns, images):
    places = np.indices((kernel, kernel)).reshape(2, -1).T * dilation
    return tuple((places @ (columns * images, images)).tolist())
