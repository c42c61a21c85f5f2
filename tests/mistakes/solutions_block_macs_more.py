"""The multiply-adds of a block (exercise of notebook 5), as learners count them: wrong ones, part 2, and right ones."""
# ruff: noqa: B905

import collections
import fractions
import math
import types

import numpy as np
from corpus import Solution

from minimix import partition

# wrong ones


def stride_of_rows_only(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    before, after = height * width, -(-height // stride) * width
    hidden = max(1, int(channels * se_ratio)) if se_ratio else 0
    return {
        "expand": before * channels * inside if expansion > 1 else 0,
        "depthwise": after * sum(c * k**2 for c, k in zip(partition(inside, len(kernels)), kernels)),
        "se": 2 * inside * hidden,
        "project": after * inside * out_channels,
    }


def hidden_rounded(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    before, after = height * width, -(-height // stride) * -(-width // stride)
    hidden = max(1, round(channels * se_ratio)) if se_ratio else 0
    return {
        "expand": before * channels * inside if expansion > 1 else 0,
        "depthwise": after * sum(c * k**2 for c, k in zip(partition(inside, len(kernels)), kernels)),
        "se": 2 * inside * hidden,
        "project": after * inside * out_channels,
    }


def key_missing(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside, macs = channels * expansion, {}
    before, after = height * width, math.ceil(height / stride) * math.ceil(width / stride)
    if expansion > 1:
        macs["expand"] = before * channels * inside
    macs["depthwise"] = after * sum(c * k**2 for c, k in zip(partition(inside, len(kernels)), kernels))
    if se_ratio > 0:
        macs["se"] = 2 * inside * max(1, int(channels * se_ratio))
    macs["project"] = after * inside * out_channels
    return macs


def a_tuple(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    before, after = height * width, -(-height // stride) * -(-width // stride)
    expand = before * channels * inside if expansion > 1 else 0
    depthwise = after * sum(c * k**2 for c, k in zip(partition(inside, len(kernels)), kernels))
    se = 2 * inside * max(1, int(channels * se_ratio)) if se_ratio else 0
    return expand, depthwise, se, after * inside * out_channels


def only_the_sum(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    total = height * width * channels * inside if expansion > 1 else 0
    after = -(-height // stride) * -(-width // stride)
    for c, k in zip(partition(inside, len(kernels)), kernels):
        total += after * c * k**2
    if se_ratio:
        total += 2 * inside * max(1, int(channels * se_ratio))
    return total + after * inside * out_channels


def sides_to_nearest(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    before, after = height * width, round(height / stride) * round(width / stride)
    hidden = max(1, int(channels * se_ratio)) if se_ratio else 0
    return {
        "expand": before * channels * inside if expansion > 1 else 0,
        "depthwise": after * sum(c * k**2 for c, k in zip(partition(inside, len(kernels)), kernels)),
        "se": 2 * inside * hidden,
        "project": after * inside * out_channels,
    }


def area_rounded(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    before, after = height * width, math.ceil(height * width / stride**2)
    hidden = max(1, int(channels * se_ratio)) if se_ratio else 0
    return {
        "expand": before * channels * inside if expansion > 1 else 0,
        "depthwise": after * sum(c * k**2 for c, k in zip(partition(inside, len(kernels)), kernels)),
        "se": 2 * inside * hidden,
        "project": after * inside * out_channels,
    }


def area_by_stride(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    before = height * width
    after = -(-before // stride)
    hidden = max(1, int(channels * se_ratio)) if se_ratio else 0
    return {
        "expand": before * channels * inside if expansion > 1 else 0,
        "depthwise": after * sum(c * k**2 for c, k in zip(partition(inside, len(kernels)), kernels)),
        "se": 2 * inside * hidden,
        "project": after * inside * out_channels,
    }


def without_padding(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    def out(size, kernel):
        return max(0, (size - kernel) // stride + 1)

    inside = channels * expansion
    groups = partition(inside, len(kernels))
    return {
        "expand": height * width * channels * inside if expansion > 1 else 0,
        "depthwise": sum(out(height, k) * out(width, k) * c * k**2 for c, k in zip(groups, kernels)),
        "se": 2 * inside * max(1, int(channels * se_ratio)) if se_ratio else 0,
        "project": out(height, 1) * out(width, 1) * inside * out_channels,
    }


def biases_too(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    before, after = height * width, -(-height // stride) * -(-width // stride)
    hidden = max(1, int(channels * se_ratio)) if se_ratio else 0
    return {
        "expand": before * channels * inside if expansion > 1 else 0,
        "depthwise": after * sum(c * k**2 for c, k in zip(partition(inside, len(kernels)), kernels)),
        "se": 2 * inside * hidden + hidden + (inside if hidden else 0),
        "project": after * inside * out_channels,
    }


def project_before_stride(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    before, after = height * width, -(-height // stride) * -(-width // stride)
    hidden = max(1, int(channels * se_ratio)) if se_ratio else 0
    return {
        "expand": before * channels * inside if expansion > 1 else 0,
        "depthwise": after * sum(c * k**2 for c, k in zip(partition(inside, len(kernels)), kernels)),
        "se": 2 * inside * hidden,
        "project": before * inside * out_channels,
    }


def no_se_without_expansion(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside, hidden = channels * expansion, 0
    before, after = height * width, -(-height // stride) * -(-width // stride)
    macs = dict.fromkeys(("expand", "depthwise", "se", "project"), 0)
    if expansion > 1:
        macs["expand"] = before * channels * inside
        if se_ratio:
            hidden = max(1, int(channels * se_ratio))
        macs["se"] = 2 * inside * hidden
    macs["depthwise"] += after * sum(c * k**2 for c, k in zip(partition(inside, len(kernels)), kernels))
    macs["project"] += after * inside * out_channels
    return macs


def thirty_two_bits(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    before, after = height * width, -(-height // stride) * -(-width // stride)
    hidden = max(1, int(channels * se_ratio)) if se_ratio else 0
    terms = {
        "expand": [before, channels, inside, int(expansion > 1)],
        "depthwise": [after, sum(c * k**2 for c, k in zip(partition(inside, len(kernels)), kernels))],
        "se": [2, inside, hidden],
        "project": [after, inside, out_channels],
    }
    return {part: int(np.prod(np.array(factors, np.int32), dtype=np.int32)) for part, factors in terms.items()}


def once_and_from_inside(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    before, after = height * width, -(-height // stride) * -(-width // stride)
    hidden = max(1, int(inside * se_ratio)) if se_ratio else 0
    return {
        "expand": before * channels * inside if expansion > 1 else 0,
        "depthwise": after * sum(c * k**2 for c, k in zip(partition(inside, len(kernels)), kernels)),
        "se": inside * hidden,
        "project": after * inside * out_channels,
    }


# right ones


def counted_by_pixels(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    macs = collections.Counter({"expand": 0, "se": 0})
    inside = channels * expansion
    shares = partition(inside, len(kernels))
    for y in range(height):
        for x in range(width):
            if expansion != 1:
                macs["expand"] += channels * inside
            if y % stride == x % stride == 0:
                macs["depthwise"] += sum(k * k * share for k, share in zip(kernels, shares))
                macs["project"] += inside * out_channels
    if se_ratio:
        macs["se"] += sum(2 for _ in range(max(1, int(channels * se_ratio)))) * inside
    return macs


def layer_by_layer(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    def layer(size, o, i, k=1, groups=1):
        return size[0] * size[1] * o * (i // groups) * k * k

    large, small = (height, width), tuple((side - 1) // stride + 1 for side in (height, width))
    inside = channels * expansion
    mixed = [layer(small, c, c, k, c) for c, k in zip(partition(inside, len(kernels)), kernels)]
    found = collections.defaultdict(int, expand=layer(large, inside, channels), depthwise=sum(mixed))
    if expansion == 1:
        found["expand"] = 0
    hidden = int(channels * se_ratio) or 1
    found["se"] = layer((1, 1), hidden, inside) + layer((1, 1), inside, hidden) if se_ratio else 0
    found["project"] = layer(small, out_channels, inside)
    return dict(found)


def numpy_integers(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = np.int64(channels) * expansion
    before, after = (np.prod(np.ceil(np.array([height, width]) / s).astype(np.int64)) for s in (1, stride))
    hidden = np.int64(se_ratio > 0) * np.maximum(1, int(channels * se_ratio))
    squares = np.square(np.array(kernels, np.int64))
    return {
        "expand": before * channels * inside * (expansion > 1),
        "depthwise": after * (np.array(partition(int(inside), len(kernels))) * squares).sum(),
        "se": inside * hidden * 2,
        "project": after * inside * out_channels,
    }


def by_hand_partition(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = channels * expansion
    first, *others = kernels
    share, rest = divmod(inside, len(kernels))
    kernel_weights = (share + rest) * first**2 + share * sum(k**2 for k in others)
    after = len(range(0, height, stride)) * len(range(0, width, stride))
    return {
        "project": out_channels * inside * after,
        "se": 2 * inside * (max(int(channels * se_ratio), 1) if se_ratio else 0),
        "depthwise": kernel_weights * after,
        "expand": 0 if expansion == 1 else channels**2 * expansion * height * width,
    }


def with_fractions(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    block = types.SimpleNamespace(inside=channels * expansion, parts=partition(channels * expansion, len(kernels)))
    rows, columns = (math.ceil(fractions.Fraction(side, stride)) for side in (height, width))
    weights = {
        "expand": channels * block.inside if expansion > 1 else 0,
        "depthwise": sum(map(math.prod, zip(block.parts, kernels, kernels))),
        "se": 2 * block.inside * (max(1, math.floor(channels * se_ratio)) if se_ratio else 0),
        "project": block.inside * out_channels,
    }
    times = {"expand": height * width, "se": 1}
    return {part: count * times.get(part, rows * columns) for part, count in weights.items()}


ENTRIES = [
    ("stride of the rows only", stride_of_rows_only, "the stride is used for the height but not for the width"),
    ("hidden rounded", hidden_rounded, "hidden channels are rounded to the nearest number in place of down"),
    ("keys missing", key_missing,
     "the keys \"expand\" (expansion 1) and \"se\" (se_ratio 0) are missing where they should be 0"),
    ("a tuple", a_tuple),  # right: the statement takes the four numbers in order, too
    ("only the sum", only_the_sum, "the sum of the four is returned in place of a dict"),
    ("sides to nearest", sides_to_nearest,
     "the output's sides are rounded to nearest (halves to even): wrong for sides like 5 and 9 with stride 2, and 4 "
     "with stride 3"),
    ("area rounded", area_rounded, "the output's pixels are the area / stride^2 rounded up, in place of each side rounded up"),
    ("area by the stride", area_by_stride,
     "the output's pixels are the area divided by the stride once, in place of twice (each side)"),
    ("without padding", without_padding,
     "the depthwise layer is counted without padding: its output is smaller the larger the kernel"),
    ("biases, too", biases_too, "the biases of squeeze-and-excite are counted as multiply-adds"),
    ("project before the stride", project_before_stride,
     "project is counted at the input's size in place of the output's: wrong for stride > 1"),
    ("no squeeze-and-excite without expansion", no_se_without_expansion, "with expansion 1 squeeze-and-excite is not counted"),
    ("32 bits", thirty_two_bits,
     "multiplied in 32-bit integers, which overflow from 2^31 on (large pictures with many channels)"),
    ("se once, and from inside", once_and_from_inside,
     "two mistakes in squeeze-and-excite: one of two layers is counted, and hidden channels come from the expanded ones"),
    ("right, counted by pixels", counted_by_pixels),
    ("right, layer by layer", layer_by_layer),
    ("right, NumPy integers", numpy_integers),
    ("right, partition by hand", by_hand_partition),
    ("right, fractions", with_fractions),
]  # fmt: skip
SOLUTIONS = [Solution("block_macs", f"block_macs: {name}", *rest) for name, *rest in ENTRIES]
