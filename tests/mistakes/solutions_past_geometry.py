"""Held-out solutions, wrong and right: receptive_field, partition, tap_offsets."""

from itertools import chain, product
from operator import mul

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


# receptive_field


@solution(
    "receptive_field",
    "zip of no layers",
    "kernels, strides, dilations = zip(*layers) fails for an empty list, a ValueError; for others it is right",
)
def zip_of_no_layers(layers):
    kernels, strides, dilations = zip(*layers)  # noqa: B905
    size, jump = 1, 1
    for number, kernel in enumerate(kernels):
        size += (kernel - 1) * dilations[number] * jump
        jump *= strides[number]
    return size, jump


@solution(
    "receptive_field",
    "dilation added once",
    "a dilated kernel is said to cover kernel + dilation - 1 pixels instead of dilation * (kernel - 1) + 1: "
    "as if there were one gap only",
)
def dilation_added_once(layers):
    field, step = 1, 1
    for kernel, stride, dilation in layers:
        covered = kernel + (dilation - 1)
        field, step = field + (covered - 1) * step, step * stride
    return field, step


@solution(
    "receptive_field",
    "one subtracted outside",
    "covered * jump - 1 is added instead of (covered - 1) * jump: too much wherever the jump is above 1",
)
def one_subtracted_outside(layers):
    size = jump = 1
    for k, s, d in layers:
        size += ((k - 1) * d + 1) * jump - 1
        jump = jump * s
    return size, jump


@solution(
    "receptive_field",
    "either stride or kernel",
    "a layer with a stride above 1 only enlarges the jump (an else), its kernel does not enlarge the field",
)
def either_or(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        if stride > 1:
            jump *= stride
        else:
            size += dilation * (kernel - 1) * jump
    return size, jump


@solution("receptive_field", "sorted layers", "the layers are sorted by their kernels first, so that they run in another order")
def sorted_layers(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in sorted(layers):
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return [size, jump]


@solution(
    "receptive_field",
    "formula from the top in running order",
    "(size - 1) * stride + covered, which goes from the last layer to the first, is applied from the first to the last",
)
def top_formula_forwards(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size = (size - 1) * stride + dilation * (kernel - 1) + 1
        jump *= stride
    return size, jump


@solution(
    "receptive_field",
    "from 0, own stride included",
    "two mistakes: the size starts from 0 instead of 1, and a layer's own stride is already in the jump with which its taps "
    "are multiplied",
)
def from_zero_own_stride(layers):
    def walk(index, size, jump):
        if index == len(layers):
            return size, jump
        kernel, stride, dilation = layers[index]
        jump *= stride
        return walk(index + 1, size + (kernel - 1) * dilation * jump, jump)

    return walk(0, 0, 1)


@solution("receptive_field", "right, bits of a mask")
def bits_of_a_mask(layers):
    jump, seen = 1, "1"
    for kernel, stride, dilation in reversed(layers):
        spread, seen = int(("0" * (stride - 1)).join(seen), 2), 0
        for tap in range(kernel):
            seen |= spread << tap * dilation
        seen = f"{seen:b}"
        jump *= stride
    return len(seen), jump


class Field:
    """Where one output and its neighbour begin, and how many pixels an output reaches."""

    def __init__(self):
        self.first, self.second, self.last = 0, 1, 0

    def put(self, kernel, stride=1, dilation=1):
        jump = self.second - self.first
        self.last += jump * dilation * (kernel - 1)
        self.second = self.first + jump * stride
        return self


@solution("receptive_field", "right, a class that grows")
def field_that_grows(layers):
    field = Field()
    for layer in layers:
        field = field.put(*layer)
    return float(field.last - field.first + 1), float(field.second - field.first)


# partition


@solution(
    "partition",
    "share and rest exchanged",
    "the two results of divmod are exchanged in the equal kind: each group gets the remainder, and the first the quotient "
    "on top",
)
def share_and_rest_exchanged(channels, groups, kind):
    if kind == "equal":
        rest, share = divmod(channels, groups)
        return (share + rest, *[share] * (groups - 1))
    sizes = [channels // 2**t for t in range(1, groups)]
    return (*sizes, channels - sum(sizes))


@solution(
    "partition",
    "one group too many",
    "in the equal kind `groups` shares follow the first group instead of groups - 1: one group and its channels too many",
)
def one_group_too_many(channels, groups, kind):
    if kind == "equal":
        share = channels // groups
        return (share + channels % groups,) + (share,) * groups
    halves = tuple(channels >> t for t in range(1, groups))
    return (*halves, channels - sum(halves))


@solution(
    "partition",
    "at least two groups",
    "the exponential kind begins with half of the channels whatever `groups` is: for one group it gives two",
)
def at_least_two(channels, groups, kind):
    if kind == "equal":
        return tuple(channels // groups + (channels % groups if t == 0 else 0) for t in range(groups))
    sizes = [channels // 2]
    while len(sizes) < groups - 1:
        sizes.append(sizes[-1] // 2)
    sizes.append(channels - sum(sizes))
    return tuple(sizes)


@solution(
    "partition",
    "only one group subtracted",
    "the last group of the exponential kind gets channels minus the group before it, not minus all groups before it: "
    "right up to two groups only",
)
def one_group_subtracted(channels, groups, kind):
    if kind == "exponential":
        sizes = [0]
        for t in range(1, groups):
            sizes.append(channels // 2**t)
        sizes.append(channels - sizes[-1])
        return sizes[1:]
    sizes = [channels // groups] * groups
    sizes[0] += channels - sum(sizes)
    return sizes


@solution(
    "partition",
    "rest as a further group",
    "a remainder of the equal kind becomes one more group at the end instead of going to the first one",
)
def rest_as_a_group(channels, groups, kind):
    share, rest = divmod(channels, groups)
    if kind == "equal":
        return [share] * groups + [rest] * (rest > 0)
    left, sizes = channels, []
    for t in range(groups - 1):
        sizes.append(channels // 2 ** (t + 1))
        left -= sizes[-1]
    return [*sizes, left]


@solution(
    "partition",
    "floats from np.floor",
    "np.floor makes the sizes of the exponential kind floats, where integers are asked for; the numbers are right",
)
def floats_from_floor(channels, groups, kind):
    if kind == "equal":
        return (channels - channels // groups * (groups - 1),) + (channels // groups,) * (groups - 1)
    sizes = np.floor(channels / 2.0 ** np.arange(1, groups + 1))
    sizes[-1] = channels - sizes[:-1].sum()
    return tuple(sizes)


@solution(
    "partition",
    "a misspelt kind",
    "the second kind is compared with 'exponental', so that None is returned for 'exponential'",
)
def misspelt_kind(channels, groups, kind):
    if kind == "equal":
        share = channels // groups
        return tuple([channels - share * (groups - 1)] + [share] * (groups - 1))
    if kind == "exponental":
        sizes = [channels // 2**t for t in range(1, groups)]
        return (*sizes, channels - sum(sizes))
    return None


@solution(
    "partition",
    "rest lost, halves rounded up",
    "two mistakes: the remainder of the equal kind is dropped, and the halves of the exponential kind are rounded up "
    "instead of down",
)
def lost_and_rounded_up(channels, groups, kind):
    if kind == "equal":
        return tuple(channels // groups for _ in range(groups))
    sizes = [-(-channels // 2**t) for t in range(1, groups)]
    return (*sizes, channels - sum(sizes))


@solution("partition", "right, halved on the way")
def halved_on_the_way(channels, groups, kind):
    if kind == "equal":
        return np.array([channels // groups] * groups) + np.eye(groups, dtype=int)[0] * (channels % groups)
    sizes, half = [], channels
    while len(sizes) + 1 < groups:
        half //= 2
        sizes.append(half)
    return [*sizes, channels - sum(sizes)]


@solution("partition", "right, corrected at one end")
def corrected_at_one_end(channels, groups, kind):
    rules = {"equal": (lambda t: channels // groups, 0), "exponential": (lambda t: channels >> (t + 1), -1)}
    rule, end = rules[kind]
    sizes = list(map(rule, range(groups)))
    sizes[end] -= sum(sizes) - channels
    return tuple(sizes)


# tap_offsets


@solution(
    "tap_offsets",
    "parentheses missing",
    "two mistakes: i * columns + j * dilation * images without parentheses, so that the rows are neither dilated nor "
    "multiplied by the images",
)
def parentheses_missing(kernel, dilation, columns, images):
    return [i * columns + j * dilation * images for i in range(kernel) for j in range(kernel)]


@solution(
    "tap_offsets", "array of zeros", "np.zeros makes the offsets floats, where integers are asked for; the numbers are right"
)
def array_of_zeros(kernel, dilation, columns, images):
    offsets = np.zeros(kernel * kernel)
    for i in range(kernel):
        for j in range(kernel):
            offsets[i * kernel + j] = dilation * (i * columns + j) * images
    return offsets


@solution(
    "tap_offsets",
    "divided by the columns",
    "the tap's number is divided by `columns` instead of by `kernel` to find its row: taps are taken to lie side by side",
)
def divided_by_columns(kernel, dilation, columns, images):
    offsets = []
    for tap in range(kernel**2):
        i, j = divmod(tap, columns)
        offsets.append((i * dilation * columns + j * dilation) * images)
    return offsets


@solution(
    "tap_offsets", "row one too short", "a row is taken for columns - 1 places long, as if only the steps within it counted"
)
def row_one_too_short(kernel, dilation, columns, images):
    row, place = (columns - 1) * images, images
    return tuple(dilation * (i * row + j * place) for i, j in np.ndindex(kernel, kernel))


@solution(
    "tap_offsets",
    "row moves with every tap",
    "the line that moves to the next row stands in the inner loop: the row moves on with every tap instead of after each row",
)
def row_moves_with_taps(kernel, dilation, columns, images):
    offsets, row = [], 0
    for _ in range(kernel):
        for j in range(kernel):
            offsets.append(row + j * dilation * images)
            row += dilation * columns * images
    return offsets


@solution("tap_offsets", "what sort returns", "list.sort sorts in place and returns None, and that is returned")
def what_sort_returns(kernel, dilation, columns, images):
    offsets = [(i * columns + j) * dilation * images for j in range(kernel) for i in range(kernel)]
    return offsets.sort()


@solution(
    "tap_offsets",
    "linspace to the end",
    "np.linspace up to kernel * dilation, which it includes: the taps lie kernel * dilation / (kernel - 1) places apart, "
    "cut to whole numbers, instead of `dilation`",
)
def linspace_to_the_end(kernel, dilation, columns, images):
    places = np.linspace(0, kernel * dilation, kernel).astype(int)
    return ((places[:, None] * columns + places) * images).ravel()


@solution("tap_offsets", "right, strides times places")
def strides_times_places(kernel, dilation, columns, images):
    strides = (dilation * columns * images, dilation * images)
    return [sum(map(mul, strides, tap)) for tap in product(range(kernel), repeat=2)]


@solution("tap_offsets", "right, every row a range")
def every_row_a_range(kernel, dilation, columns, images):
    step = dilation * images
    starts = range(0, kernel * step * columns, step * columns)
    return tuple(chain.from_iterable(range(start, start + kernel * step, step) for start in starts))
