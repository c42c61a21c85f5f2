"""Tables of rows made into other tables: wider, deeper, with other kernels, for smaller pictures.

Each function takes stages (see ``RowNet``) and returns new ones; nothing is changed. What they return can be printed and read
like the published table.
"""

import math
import operator
from collections.abc import Callable, Iterator

from minimix.padding import count


def stages_of(stages) -> list[list]:
    """A list of rows for each stage, also where a stage is given as a Row alone."""
    return [[stage] if hasattr(stage, "kernels") else list(stage) for stage in stages]


def unroll(stages) -> list[list]:
    """Each block a row of its own, with one repeat.

    >>> from minimix.models.rows import Row
    >>> [(row.stride, row.repeats) for row in unroll([Row((3,), 6, 24, stride=2, repeats=3)])[0]]
    [(2, 1), (1, 1), (1, 1)]
    """
    return [
        [row._replace(stride=row.stride if i == 0 else 1, repeats=1) for row in stage for i in range(row.repeats)]
        for stage in stages_of(stages)
    ]


def widen(stages, width: float, rounding: Callable) -> list[list]:
    """Every row's channels times ``width``, made whole by ``rounding``."""
    return [[row._replace(channels=rounding(row.channels * width)) for row in stage] for stage in stages_of(stages)]


def deepen(stages, depth: float, whole: Callable, keep_ends: bool = False) -> list[list]:
    """Each stage's number of blocks times ``depth``, made whole by ``whole`` (math.ceil or round).

    Within a stage the later rows get their share first. keep_ends: first and last stage stay as they are.

    Source: PyTorch Image Models, for its mixnet_xl and mobilenetv2_110d; no paper has it.

    >>> from minimix.models.rows import Row
    >>> [row.repeats for row in deepen([(Row((3,), 6, 40), Row((3, 5), 6, 40, repeats=3))], 1.2, round)[0]]
    [1, 4]
    """
    stages = stages_of(stages)
    result = []
    for i, stage in enumerate(stages):
        old = sum(row.repeats for row in stage)
        new = old if keep_ends and i in (0, len(stages) - 1) else max(1, whole(old * depth))
        rows: list = []
        for row in reversed(stage):
            repeats = max(1, round(row.repeats / old * new))
            rows.insert(0, row._replace(repeats=repeats))
            old, new = old - row.repeats, new - repeats
        result.append(rows)
    return result


def with_kernels(stages, kernels=None, partition=None, dilated: bool = False, layers=None) -> list[list]:
    """Other depthwise layers in the same network: the paper's Figures 1, 4, 5 and 6.

    kernels: sizes. Integers are for all blocks, one a group of channels: (3, 5, 7) for MixConv, 9 for plain depthwise
        convolution. A list with lists in it has an entry for each block, such as [3, (3, 5), (3, 5, 7), ...], where None keeps
        the table's. None: the table's everywhere.
    partition: "equal", "exponential", or the channels of each group; or a list with one of these, or None, for each block.
        None: the table's.
    dilated: in place of each kernel of size K one of 3x3 with dilation (K - 1) / 2, which reaches as far. As in MixNet's code
        only in layers with stride 1; the others keep the full size.
    layers: number of a block, or numbers, counted from 0 through the whole network: only these change, and lists for each block
        have an entry for each of them. None: all.
        The paper's Figure 5 numbers 15 layers, with strides at 2, 5, 9, 12; its MobileNetV2 has 17 blocks, with strides at
        1, 3, 6, 13, and the paper does not say which is which. Here the blocks count.

    Raises TypeError, ValueError and RuntimeError for sizes and numbers that cannot be, among them even sizes with ``dilated``,
    and as many integers as blocks: they might be meant for one block each.

    >>> from minimix.models.rows import Row
    >>> [[row]] = with_kernels([Row((3,), 6, 24)], kernels=(3, 7), dilated=True)
    >>> row.kernels, row.dilation
    ((3, 3), (1, 3))
    >>> [[a, b, c]] = with_kernels([Row((3,), 6, 24, repeats=3)], kernels=[3, (5, 7), None])
    >>> a.kernels, b.kernels, c.kernels
    ((3,), (5, 7), (3,))
    """
    if not isinstance(dilated, bool):
        raise TypeError(f"dilated must be True or False, got {dilated!r}")
    stages = unroll(stages)
    total = sum(map(len, stages))
    chosen = list(_numbers(layers, total))
    if layers is None and isinstance(kernels, (tuple, list)) and len(kernels) == total > 1 and not _is_for_each(kernels):
        raise ValueError(
            f"kernels={kernels} could be {total} groups in every block, or one size for each of the {total} blocks: for the "
            f"latter write {[[kernel] for kernel in kernels]}, else [{kernels}] * {total}"
        )
    kernels = [_sizes(sizes) for sizes in _for_each("kernels", kernels, chosen, layers)]
    partitions = _for_each("partition", partition, chosen, layers)
    own = {block: (kernels[i], partitions[i]) for i, block in enumerate(chosen)}
    number = 0
    for stage in stages:
        for j, row in enumerate(stage):
            if number in own:
                sizes, parts = own[number]
                row = row._replace(kernels=sizes or row.kernels, partition=parts or row.partition)
                stage[j] = _dilate(row) if dilated and row.stride == 1 else row
            number += 1
    return stages


def _numbers(layers, total: int) -> Iterator[int]:
    if layers is None:
        yield from range(total)
        return
    for layer in layers if isinstance(layers, (tuple, list, set, range)) else (layers,):
        if isinstance(layer, bool) or not hasattr(layer, "__index__"):
            raise TypeError(f"layers must be the number of a block, or several, got {layers!r}")
        if not 0 <= layer < total:
            raise ValueError(f"layers: there is no block {layer}, the network has blocks 0 to {total - 1}")
        yield operator.index(layer)


def _is_for_each(value) -> bool:
    """Whether an option has an entry for each block, rather than one value for all: lists, words and None show it."""
    return isinstance(value, (tuple, list)) and any(entry is None or isinstance(entry, (tuple, list, str)) for entry in value)


def _for_each(name: str, value, chosen: list[int], layers) -> list:
    """``value`` for each of the chosen blocks."""
    if not _is_for_each(value):
        return [value] * len(chosen)
    if isinstance(layers, (set, frozenset)) or len(set(chosen)) < len(chosen):
        raise ValueError(f"{name} has an entry for each of layers={layers!r}: give them as a list, each number once")
    if len(value) != len(chosen):
        blocks = "blocks" if layers is None else "layers"
        plain = " (plain integers, such as kernels=(5, 7), are the groups of every block)" if name == "kernels" else ""
        raise ValueError(
            f"{name}={value} has {len(value)} entries, one for each block, but there are {len(chosen)} {blocks}: give "
            f"{len(chosen)}; None keeps the network's own{plain}"
        )
    return list(value)


def _sizes(kernels) -> tuple | None:
    """The kernel sizes of a block, one a group."""
    if kernels is None:
        return None
    kernels = tuple(kernels) if isinstance(kernels, (tuple, list)) else (kernels,)
    if not kernels:
        raise ValueError("kernels is empty: give one kernel size a group, for example (3, 5, 7)")
    return tuple(count(kernel, "kernels") for kernel in kernels)


def _dilate(row):
    if any(kernel % 2 == 0 or kernel < 3 for kernel in row.kernels):
        raise ValueError(f"dilated: kernel sizes must be odd and 3 or more, got {row.kernels}: 3x3 taps cannot reach as far")
    return row._replace(kernels=(3,) * len(row.kernels), dilation=tuple((kernel - 1) // 2 for kernel in row.kernels))


def lower_strides(strides: list[int], output_stride: int | None) -> list[int]:
    """``strides`` with the first ones set to 1, until their product is ``output_stride``. None: as they are.

    Raises ValueError where it cannot be reached so.

    >>> lower_strides([2, 1, 2, 2, 2, 1, 2], 8)
    [1, 1, 1, 2, 2, 1, 2]
    """
    given, strides = strides, list(strides)
    if output_stride is None:
        return strides
    wanted = count(output_stride, "output_stride")
    for i in range(len(strides)):
        if math.prod(strides) > wanted:
            strides[i] = 1
    if math.prod(strides) != wanted:
        raise ValueError(f"output_stride must be one of {', '.join(map(str, _products(given)))}, got {output_stride}")
    return strides


def _products(strides: list[int]) -> list[int]:
    """What the strides come to, with none of them left out, the first, the first two, ..."""
    return sorted({math.prod(strides[i:]) for i in range(len(strides) + 1)}, reverse=True)


def with_output_stride(stages, stem_stride: int, output_stride: int | None) -> tuple[list[list], int]:
    """The stages, and the stem's stride, with so many early strides left out that ``lower_strides`` asks for."""
    stages = unroll(stages)
    stem_stride, *strides = lower_strides([stem_stride, *(row.stride for stage in stages for row in stage)], output_stride)
    left = iter(strides)
    return [[row._replace(stride=next(left)) for row in stage] for stage in stages], stem_stride


def round_channels(channels: float, divisor: int = 8) -> int:
    """To a multiple of ``divisor``, at least one, and never down by more than a tenth. MixNet's and MobileNetV2's code have it.

    >>> round_channels(24 * 1.3), round_channels(4)
    (32, 8)
    """
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


def whole_channels(channels: float) -> int:
    """Down to the next whole number, at least 8: MobileNetV1's rule in TensorFlow's "slim" code.

    >>> whole_channels(512 * 0.35), whole_channels(4)
    (179, 8)
    """
    return max(int(channels), 8)
