"""Rarer mistakes of the exercises on counting: many are right but in a corner, and are to be named all the same.

The exercises put them behind their common ones.
"""

import math

import numpy as np

from minimix import partition
from minimix.course.exercises import wrong_counting as blocks
from minimix.course.exercises.rare_convolutions import made
from minimix.course.exercises.wrong_counting import but, changed


def _halves_up(channels, groups):
    shares = [-(-channels // 2**i) for i in range(1, groups)]
    return (*shares, channels - sum(shares))


def _one_more(channels, groups, kind):
    share, rest = divmod(channels, groups)
    return partition(channels, groups, kind) if kind != "equal" else (share + (rest > 0), *[share] * (groups - 1))


def _powers_of_two_only(channels, groups, kind):
    return partition(channels, groups, "equal" if channels & (channels - 1) else kind)


def _large_rest_spread(channels, groups, kind):
    share, rest = divmod(channels, groups)
    if kind != "equal" or rest < share:
        return partition(channels, groups, kind)
    return tuple(share + (group < rest) for group in range(groups))


def _last_not_larger(channels, groups, kind):
    sizes = list(partition(channels, groups, kind))
    if groups > 1 and sizes[-1] > sizes[-2]:
        sizes[0] += sizes[-1] - sizes[-2]
        sizes[-1] = sizes[-2]
    return tuple(sizes)


def _rounding_to_the_first(channels, groups, kind):
    if kind == "equal":
        return partition(channels, groups, kind)
    others = [channels // 2 ** min(i, groups - 1) for i in range(2, groups + 1)]
    return (channels - sum(others), *others)


def _last_and_up(channels, groups, kind):
    return partition(channels, groups, "equal")[::-1] if kind == "equal" else _halves_up(channels, groups)


def _powers_of_groups(channels, groups, kind):
    if kind == "equal":
        return partition(channels, groups, kind)
    shares = [channels // groups**i for i in range(1, groups)]
    return (*shares, channels - sum(shares))


PARTITION = made(
    ("equal: a single channel more for the first", "Of what is left over the first group gets one channel only. It gets all.",
     _one_more),
    ("exponential: for powers of two only", "Where the number of channels is no power of two, they are divided in the equal "
     "way. The exponential one is there for any number.", _powers_of_two_only),
    ("equal: a large remainder spread", "Where what is left over is as large as a share, it is spread over the first groups. "
     "All of it belongs to the first.", _large_rest_spread),
    ("the last group no larger than the one before", "Where the last group would be larger than the one before it, channels of "
     "it go to the first. It gets all that is left over, however much that is.", _last_not_larger),
    ("exponential: what rounding leaves to the first group", "The last group is as large as the one before it, and what "
     "rounding leaves over goes to the first. All that is left over belongs to the last.", _rounding_to_the_first),
    ("remainder to the last, halves rounded up", "Two things: in the equal kind what is left over goes to the last group, "
     "where the first should have it; and in the exponential kind the halves are rounded up, not down.", _last_and_up),
    ("exponential: powers of the number of groups", "The channels are divided by powers of the number of groups. It is powers "
     "of two: C / 2, C / 4, ...", _powers_of_groups),
)  # fmt: skip


def _inside(size, kernel) -> int:
    """How many taps of all windows along a side meet a pixel."""
    starts = np.arange(size) - (kernel - 1) // 2
    return int((np.minimum(starts + kernel, size) - np.maximum(starts, 0)).clip(0).sum())


def _macs(h, w, c, o, k, taps=None, pairs=None):
    taps = h * w * k * k if taps is None else taps
    return taps * c * o, taps * c + h * w * (c * o if pairs is None else pairs)


SEPARABLE_MACS = made(
    ("kernel cut to the picture's size", "A kernel larger than the picture counts only as many rows and columns of taps as the "
     "picture has. All taps are multiplied, also with the border.",
     lambda h, w, c, o, k: _macs(h, w, c, o, k, h * w * min(k, h) * min(k, w))),
    ("no pointwise part for as many channels", "Where there are as many outputs as inputs, the pointwise half is not counted. "
     "It mixes the channels then, too.", lambda h, w, c, o, k: _macs(h, w, c, o, k, pairs=0 if c == o else None)),
    ("taps on the border not counted", "Multiplications with the zeros of the border are left out. Each window counts in full.",
     lambda h, w, c, o, k: _macs(h, w, c, o, k, _inside(h, k) * _inside(w, k))),
)  # fmt: skip


def _field(layers, spread=lambda spread, d: d, jump_before=None):
    size = jump = now = 1
    for number, (k, s, d) in enumerate(layers):
        now = spread(now, d)
        size += now * (k - 1) * (jump_before(s, number) if jump_before else jump)
        jump = jump_before(s, number + 1) if jump_before else jump * s
    return size, jump


def _until_one(layers):
    stops = [number for number, (k, s, _) in enumerate(layers) if k == 1 and s == 1]
    return _field(layers[: stops[0]] if stops else layers)


def _from_the_first(layers):
    layers[0]
    return _field(layers)


RECEPTIVE_FIELD = made(
    ("begins with the first layer", "The first layer is looked at before the loop: an empty list has none. Begin with a field "
     "of 1 and a jump of 1.", _from_the_first),
    ("dilations multiplied up", "The dilations of all layers so far are multiplied, as strides are. A dilation spreads "
     "the taps of its own layer alone.", lambda layers: _field(layers, spread=lambda now, d: now * d)),
    ("equal layers counted once", "Of layers that are equal only the first counts: does a set or a dict hold them?",
     lambda layers: _field(dict.fromkeys(map(tuple, layers)))),
    ("a layer of 1 x 1 ends the loop", "A layer with kernel 1 and stride 1 ends the loop: break where it should be continue. "
     "Those behind it count.", _until_one),
    ("powers of the layer's own stride", "The jump before a layer is its own stride to the power of how many layers come "
     "before. It is the product of those layers' strides.", lambda layers: _field(layers, jump_before=lambda s, n: s**n)),
)  # fmt: skip


def _in_eights(given):
    return max(8, int(given["channels"] * given["se_ratio"] + 4) // 8 * 8)


def _rounded_up(given):
    return max(1, math.ceil(given["channels"] * given["se_ratio"]))


def _skip(right, given):
    skips = given["stride"] == 1 and given["channels"] == given["out_channels"]
    return {"project": right["project"] + given["height"] * given["width"] * given["out_channels"] * skips}


def _small_and_up(*values):
    return but("expand", side_before=blocks.up)(*values) | {"se": but("se", hidden=_rounded_up)(*values)["se"]}


def _kernel_in_picture(height, width, *others):
    return blocks.counted(height, width, *others, taps=lambda k: min(k, height) * min(k, width))


def _sorted_kernels(height, width, channels, expansion, kernels, *others):
    return blocks.counted(height, width, channels, expansion, sorted(kernels), *others)


BLOCK_MACS = made(
    ("hidden channels in steps of 8", "The hidden channels of squeeze-and-excite are rounded to a multiple of 8. They are "
     "int(channels * se_ratio), at least 1.", but("se", hidden=_in_eights)),
    ("the skip counted", "The addition of the input is counted in the projection. Additions count nothing here.",
     changed(_skip)),
    ("any stride halves", "Every stride above 1 halves the sides. A stride of 3 leaves a third.",
     but(side=lambda side, stride: -(-side // min(stride, 2)))),
    ("expansion at the output's size, hidden channels rounded up", "Two things: the expansion is counted at the size behind "
     "the stride, though it runs before; and the hidden channels are rounded up, where int() rounds down.", _small_and_up),
    ("kernel cut to the picture's size", "A kernel larger than the picture counts only as many rows and columns of taps as the "
     "picture has. All taps are multiplied, also with the border.", _kernel_in_picture),
    ("kernels sorted before the channels are divided", "The kernels are sorted, so that the smallest gets what is left over. "
     "It belongs to the first one.", _sorted_kernels),
)  # fmt: skip


def _offsets(to_row, to_column):
    """Of (kernel, dilation, columns, images) each."""
    return lambda *given: [i * to_row(*given) + j * to_column(*given) for i in range(given[0]) for j in range(given[0])]


TAP_OFFSETS = made(
    ("images and columns exchanged", "Columns and images are exchanged: a place of the plane is taken to hold as many numbers "
     "as there are columns, and a row as many places as there are images.",
     _offsets(lambda k, d, c, n: d * n * c, lambda k, d, c, n: d * c)),
    ("all offsets below 0", "The offsets are negative: how far each tap lies before the first one. They count forward.",
     _offsets(lambda k, d, c, n: -d * c * n, lambda k, d, c, n: -d * n)),
    ("dilation cut to the kernel", "A dilation larger than the kernel is cut to that. Taps may lie further apart.",
     _offsets(lambda k, d, c, n: min(d, k) * c * n, lambda k, d, c, n: min(d, k) * n)),
)  # fmt: skip
