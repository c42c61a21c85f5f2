"""New solutions, wrong and right, of the counting exercises of notebooks 4 and 5: partition, block_macs."""

import numpy as np
from corpus import collected

import minimix as mm

SOLUTIONS, solution = collected()


# partition


def exponential(channels, groups):
    shares = [channels >> t for t in range(1, groups)]
    return (*shares, channels - sum(shares))


def equal(channels, groups):
    share, rest = divmod(channels, groups)
    return (share + rest, *[share] * (groups - 1))


@solution(
    "partition",
    "one more for the first",
    "of the equal kind's remainder the first group gets one channel only, so the sum is too small where more than one is left",
)
def partition_one_more(channels, groups, kind):
    if kind == "exponential":
        return exponential(channels, groups)
    share, rest = divmod(channels, groups)
    return (share + (rest > 0), *[share] * (groups - 1))


@solution(
    "partition",
    "exponential rounds up",
    "the groups of the exponential kind get c / 2^t rounded up instead of down",
)
def partition_round_up(channels, groups, kind):
    if kind == "equal":
        return equal(channels, groups)
    shares = [-(-channels // 2**t) for t in range(1, groups)]
    return (*shares, channels - sum(shares))


@solution(
    "partition",
    "exponential for powers of two only",
    "where the number of channels is no power of two the exponential kind is divided in the equal way",
)
def partition_powers(channels, groups, kind):
    if kind == "equal" or channels & (channels - 1):
        return equal(channels, groups)
    return exponential(channels, groups)


@solution(
    "partition",
    "a large rest is spread",
    "the equal kind's remainder goes to the first groups, one each, where it is as large as a share or "
    "larger, instead of to the first",
)
def partition_spread(channels, groups, kind):
    if kind == "exponential":
        return exponential(channels, groups)
    share, rest = divmod(channels, groups)
    if rest >= share:
        return tuple(share + (t < rest) for t in range(groups))
    return (share + rest, *[share] * (groups - 1))


@solution(
    "partition",
    "last no larger than the one before",
    "where the exponential kind's last group would have more channels than the one before it, they are given "
    "to the first group",
)
def partition_last_smaller(channels, groups, kind):
    counts = list(exponential(channels, groups) if kind == "exponential" else equal(channels, groups))
    if groups > 1 and counts[-1] > counts[-2]:
        counts[0] += counts[-1] - counts[-2]
        counts[-1] = counts[-2]
    return tuple(counts)


@solution(
    "partition",
    "rest to the last, rounded up",
    "two mistakes: the equal kind's remainder goes to the last group, and the exponential kind rounds up instead of down",
)
def partition_two(channels, groups, kind):
    if kind == "equal":
        return tuple(channels // groups + (channels % groups if t == groups - 1 else 0) for t in range(groups))
    shares = [(channels + 2**t - 1) // 2**t for t in range(1, groups)]
    return (*shares, channels - sum(shares))


@solution(
    "partition",
    "powers of the groups",
    "the exponential kind divides by powers of the number of groups instead of powers of two: right for two groups only",
)
def partition_groups_powers(channels, groups, kind):
    if kind == "equal":
        return equal(channels, groups)
    shares = [channels // groups**t for t in range(1, groups)]
    return (*shares, channels - sum(shares))


@solution("partition", "right, differences of bounds")
def partition_bounds(channels, groups, kind):
    if kind == "equal":
        bounds = [0] + [channels - channels // groups * left for left in range(groups - 1, -1, -1)]
    else:
        bounds = [0, *np.cumsum([channels // 2**t for t in range(1, groups)]).tolist(), channels]
    return tuple(int(count) for count in np.diff(bounds))


@solution("partition", "right, channels numbered")
def partition_numbered(channels, groups, kind):
    of = {"equal": [0] * (channels % groups), "exponential": []}[kind]
    for t in range(groups):
        of += [t] * (channels // groups if kind == "equal" else channels // 2 ** (t + 1))
    of = of[:channels] + [groups - 1] * (channels - len(of))
    return tuple(of.count(t) for t in range(groups))


# block_macs


def macs(
    height, width, channels, expansion, kernels, out_channels, stride, se_ratio,
    *, out=lambda size, stride: -(-size // stride), hidden=lambda c, ratio: max(1, int(c * ratio)), taps=lambda k: k * k
):  # fmt: skip
    """The right counts, with parts that can be exchanged for others."""
    inner = channels * expansion
    area, small = height * width, out(height, stride) * out(width, stride)
    parts = mm.partition(inner, len(kernels))
    return {
        "expand": area * channels * inner if expansion != 1 else 0,
        "depthwise": small * sum(c * taps(k) for c, k in zip(parts, kernels, strict=True)),
        "se": 2 * inner * hidden(channels, se_ratio) if se_ratio else 0,
        "project": small * inner * out_channels,
    }


@solution(
    "block_macs",
    "squeezes the input",
    "the squeeze-and-excite is counted between the block's input channels and the hidden ones, instead of the "
    "expanded channels",
)
def block_squeezes_input(*given):
    found = macs(*given)
    return {**found, "se": found["se"] // given[3]}


@solution(
    "block_macs",
    "exponential groups",
    "the channels are divided among the kernels in the exponential way instead of the equal one",
)
def block_exponential(*given):
    _, _, channels, expansion, kernels, *_ = given
    counts = [channels * expansion // 2**t for t in range(1, len(kernels))]
    counts.append(channels * expansion - sum(counts))
    area = -(-given[0] // given[6]) * -(-given[1] // given[6])
    return {**macs(*given), "depthwise": area * sum(c * k**2 for c, k in zip(counts, kernels, strict=True))}


@solution(
    "block_macs",
    "hidden in steps of eight",
    "the hidden channels are rounded to a multiple of 8, at least 8, instead of being int(channels * se_ratio), at least 1",
)
def block_hidden_eight(*given):
    return macs(*given, hidden=lambda c, ratio: max(8, int(c * ratio + 4) // 8 * 8))


@solution(
    "block_macs",
    "skip counted",
    "with stride 1 and as many output as input channels the addition of the input is counted in the "
    "projection, one for each number",
)
def block_skip(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    found = macs(height, width, channels, expansion, kernels, out_channels, stride, se_ratio)
    if stride == 1 and channels == out_channels:
        found["project"] += height * width * out_channels
    return found


@solution(
    "block_macs", "any stride halves", "every stride above 1 halves the sides, as if it were 2: wrong for stride 3 and more"
)
def block_halves(*given):
    return macs(*given, out=lambda size, stride: (size + 1) // 2 if stride > 1 else size)


@solution(
    "block_macs",
    "expands small, hidden rounded up",
    "two mistakes: the first 1x1 convolution is counted at the size after the stride, and the hidden channels are rounded up",
)
def block_small_rounded_up(*given):
    height, width, channels, expansion, _, _, stride, _ = given
    found = macs(*given, hidden=lambda c, ratio: max(1, int(np.ceil(c * ratio))))
    small = -(-height // stride) * -(-width // stride)
    return {**found, "expand": small * channels**2 * expansion if expansion > 1 else 0}


@solution(
    "block_macs",
    "kernel within the picture",
    "a kernel larger than the picture counts only as many rows and columns of taps as the picture has",
)
def block_within(*given):
    height, width = given[:2]
    return macs(*given, taps=lambda k: min(k, height) * min(k, width))


@solution(
    "block_macs",
    "smallest kernel first",
    "the kernels are sorted before the channels are divided, so the remainder goes to the smallest instead of the first kernel",
)
def block_sorted(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    return macs(height, width, channels, expansion, sorted(kernels), out_channels, stride, se_ratio)


@solution("block_macs", "right, a kernel for each channel")
def block_each_channel(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inner = channels * expansion
    outputs = len(range(0, height, stride)) * len(range(0, width, stride))
    sides = np.full(inner, kernels[0])
    share = inner // len(kernels)
    for back, k in enumerate(reversed(kernels[1:])):
        sides[inner - share * (back + 1) : inner - share * back] = k
    hidden = 0 if se_ratio == 0 else int(channels * se_ratio) or 1
    return {
        "expand": (expansion != 1) * height * width * channels * inner,
        "depthwise": int((sides**2).sum()) * outputs,
        "se": inner * hidden + hidden * inner,
        "project": out_channels * inner * outputs,
    }


@solution("block_macs", "right, sizes of arrays")
def block_sizes(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    def terms(*shape):
        return np.broadcast_to(np.int8(0), shape).size

    inner = expansion * channels
    rows, columns = (terms(size + stride - 1) // stride for size in (height, width))
    hidden = max(1, int(channels * se_ratio)) if se_ratio > 0 else 0
    counts = mm.partition(inner, len(kernels))
    return dict(
        project=terms(rows, columns, inner, out_channels),
        se=terms(2, hidden, inner),
        depthwise=sum(terms(rows, columns, c, k, k) for c, k in zip(counts, kernels, strict=True)),
        expand=terms(height, width, channels, inner) if expansion > 1 else 0,
    )
