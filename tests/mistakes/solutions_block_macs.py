"""The multiply-adds of a block (exercise of notebook 5), as learners count them: wrong ones, part 1."""
# ruff: noqa: B905

import math

import numpy as np
from corpus import Solution

from minimix import partition


def expand_after_stride(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    pixels = math.ceil(height / stride) * math.ceil(width / stride)
    hidden = max(1, int(channels * se_ratio)) if se_ratio else 0
    return {
        "expand": pixels * channels * inside if expansion != 1 else 0,
        "depthwise": sum(pixels * c * k * k for c, k in zip(partition(inside, len(kernels)), kernels)),
        "se": 2 * inside * hidden,
        "project": pixels * inside * out_channels,
    }


def sides_rounded_down(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside, after = channels * expansion, (height // stride) * (width // stride)
    hidden = 0 if se_ratio == 0 else max(1, int(channels * se_ratio))
    groups = partition(inside, len(kernels))
    return {
        "expand": 0 if expansion == 1 else height * width * channels * inside,
        "depthwise": after * sum(c * k**2 for c, k in zip(groups, kernels)),
        "se": inside * hidden + hidden * inside,
        "project": after * inside * out_channels,
    }


def depthwise_before_stride(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside, before = channels * expansion, height * width
    h, w = -(-height // stride), -(-width // stride)
    costs = {"expand": 0, "depthwise": 0, "se": 0, "project": h * w * inside * out_channels}
    if expansion > 1:
        costs["expand"] = before * channels * inside
    for c, k in zip(partition(inside, len(kernels)), kernels):
        costs["depthwise"] += before * c * k**2
    if se_ratio:
        costs["se"] = 2 * inside * max(1, int(channels * se_ratio))
    return costs


def hidden_from_inside(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    after = ((height + stride - 1) // stride) * ((width + stride - 1) // stride)
    hidden = max(1, int(inside * se_ratio)) if se_ratio > 0 else 0
    depthwise = 0
    for group, kernel in zip(partition(inside, len(kernels)), kernels):
        depthwise += after * group * kernel**2
    expand = height * width * channels * inside if expansion > 1 else 0
    return {"expand": expand, "depthwise": depthwise, "se": 2 * hidden * inside, "project": after * inside * out_channels}


def se_once(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    after = len(range(0, height, stride)) * len(range(0, width, stride))
    groups = partition(inside, len(kernels))
    return dict(
        expand=height * width * channels * inside * (expansion > 1),
        depthwise=after * sum(c * k * k for c, k in zip(groups, kernels)),
        se=inside * max(1, int(channels * se_ratio)) if se_ratio else 0,
        project=after * inside * out_channels,
    )


def no_least_hidden(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    before, after = height * width, -(-height // stride) * -(-width // stride)
    return {
        "expand": before * channels * inside if expansion > 1 else 0,
        "depthwise": after * sum(c * k**2 for c, k in zip(partition(inside, len(kernels)), kernels)),
        "se": 2 * inside * int(channels * se_ratio),
        "project": after * inside * out_channels,
    }


def always_se(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    before, after = height * width, -(-height // stride) * -(-width // stride)
    return {
        "expand": before * channels * inside if expansion > 1 else 0,
        "depthwise": after * sum(c * k**2 for c, k in zip(partition(inside, len(kernels)), kernels)),
        "se": 2 * inside * max(1, int(channels * se_ratio)),
        "project": after * inside * out_channels,
    }


def always_expands(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside, h, w = channels * expansion, math.ceil(height / stride), math.ceil(width / stride)
    hidden = max(1, int(channels * se_ratio)) if se_ratio != 0 else 0
    found = {}
    found["expand"] = height * width * channels * inside
    found["depthwise"] = h * w * sum(c * k**2 for c, k in zip(partition(inside, len(kernels)), kernels))
    found["se"] = 2 * inside * hidden
    found["project"] = h * w * inside * out_channels
    return found


def dense_groups(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside, hidden = channels * expansion, max(1, int(channels * se_ratio)) if se_ratio else 0
    before, after = height * width, -(-height // stride) * -(-width // stride)
    groups = np.array(partition(inside, len(kernels)))
    return {
        "expand": before * channels * inside if expansion > 1 else 0,
        "depthwise": after * int((groups**2 * np.array(kernels) ** 2).sum()),
        "se": 2 * inside * hidden,
        "project": after * inside * out_channels,
    }


def kernel_not_squared(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside, hidden = channels * expansion, max(1, int(channels * se_ratio)) if se_ratio else 0
    after = -(-height // stride) * -(-width // stride)
    return {
        "expand": height * width * channels * inside if expansion > 1 else 0,
        "depthwise": after * int(np.dot(partition(inside, len(kernels)), kernels)),
        "se": 2 * inside * hidden,
        "project": after * inside * out_channels,
    }


def projects_input(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside, hidden = channels * expansion, max(1, int(channels * se_ratio)) if se_ratio else 0
    before, after = height * width, -(-height // stride) * -(-width // stride)
    return {
        "expand": before * channels * inside if expansion > 1 else 0,
        "depthwise": after * sum(c * k**2 for c, k in zip(partition(inside, len(kernels)), kernels)),
        "se": 2 * inside * hidden,
        "project": after * channels * out_channels,
    }


def se_at_each_pixel(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    before, after = height * width, -(-height // stride) * -(-width // stride)
    hidden = max(1, int(channels * se_ratio)) if se_ratio else 0
    groups = partition(inside, len(kernels))
    return {
        "expand": before * channels * inside if expansion > 1 else 0,
        "depthwise": after * sum(c * k**2 for c, k in zip(groups, kernels)),
        "se": after * 2 * inside * hidden,
        "project": after * inside * out_channels,
    }


def two_flops(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    before, after = height * width, -(-height // stride) * -(-width // stride)
    hidden = max(1, int(channels * se_ratio)) if se_ratio else 0
    macs = {
        "expand": before * channels * inside if expansion > 1 else 0,
        "depthwise": after * sum(c * k**2 for c, k in zip(partition(inside, len(kernels)), kernels)),
        "se": 2 * inside * hidden,
        "project": after * inside * out_channels,
    }
    return {part: 2 * count for part, count in macs.items()}


def all_channels_each_kernel(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    before, after = height * width, -(-height // stride) * -(-width // stride)
    hidden = max(1, int(channels * se_ratio)) if se_ratio else 0
    return {
        "expand": before * channels * inside if expansion > 1 else 0,
        "depthwise": sum(after * inside * k**2 for k in kernels),
        "se": 2 * inside * hidden,
        "project": after * inside * out_channels,
    }


def whole_shares(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    before, after = height * width, -(-height // stride) * -(-width // stride)
    hidden = max(1, int(channels * se_ratio)) if se_ratio else 0
    share = inside // len(kernels)
    return {
        "expand": before * channels * inside if expansion > 1 else 0,
        "depthwise": after * share * sum(k**2 for k in kernels),
        "se": 2 * inside * hidden,
        "project": after * inside * out_channels,
    }


def rest_to_last(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    before, after = height * width, -(-height // stride) * -(-width // stride)
    hidden = max(1, int(channels * se_ratio)) if se_ratio else 0
    groups = [inside // len(kernels)] * len(kernels)
    groups[-1] += inside % len(kernels)
    return {
        "expand": before * channels * inside if expansion > 1 else 0,
        "depthwise": after * sum(c * k**2 for c, k in zip(groups, kernels)),
        "se": 2 * inside * hidden,
        "project": after * inside * out_channels,
    }


def square_pictures(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside, out = channels * expansion, -(-height // stride)
    hidden = max(1, int(channels * se_ratio)) if se_ratio else 0
    return {
        "expand": height**2 * channels * inside if expansion > 1 else 0,
        "depthwise": out**2 * sum(c * k**2 for c, k in zip(partition(inside, len(kernels)), kernels)),
        "se": 2 * inside * hidden,
        "project": out**2 * inside * out_channels,
    }


ENTRIES = [
    ("expand after the stride", expand_after_stride,
     "the first 1x1 convolution is counted at the output's size in place of the input's: wrong for stride > 1"),
    ("sides rounded down", sides_rounded_down, "the output's sides are rounded down in place of up"),
    ("depthwise before the stride", depthwise_before_stride,
     "the depthwise layer is counted at the input's size in place of the output's: wrong for stride > 1"),
    ("hidden from inside", hidden_from_inside,
     "the hidden channels of squeeze-and-excite are taken from the expanded channels in place of the block's input "
     "channels"),
    ("se once", se_once, "only one of the two layers of squeeze-and-excite is counted"),
    ("no least hidden", no_least_hidden,
     "hidden channels may be 0: the least number, 1, is forgotten (small ratio, few channels)"),
    ("always squeeze-and-excite", always_se, "se_ratio 0 is counted as one hidden channel in place of none"),
    ("always expands", always_expands, "the first 1x1 convolution is counted with expansion 1, too, where there is none"),
    ("dense groups", dense_groups, "the depthwise layer is counted as dense within each group: c^2 k^2 in place of c k^2"),
    ("kernel not squared", kernel_not_squared, "the depthwise layer is counted with k in place of k^2"),
    ("projects the input's channels", projects_input,
     "project is counted from the input's channels in place of the expanded ones: wrong for expansion > 1"),
    ("se at each pixel", se_at_each_pixel,
     "squeeze-and-excite is counted at every pixel of the output in place of once for the mean"),
    ("two FLOPs", two_flops, "FLOPs are returned, two for each multiply-add"),
    ("all channels for each kernel", all_channels_each_kernel,
     "every kernel is applied to all channels in place of those of its group"),
    ("whole shares", whole_shares, "each group has inside // groups channels: the remainder is dropped"),
    ("rest to the last", rest_to_last,
     "the remainder of the division goes to the last group (largest kernel) in place of the first"),
    ("square pictures", square_pictures, "the width is ignored: right for square pictures only"),
]  # fmt: skip
SOLUTIONS = [Solution("block_macs", f"block_macs: {name}", *rest) for name, *rest in ENTRIES]
