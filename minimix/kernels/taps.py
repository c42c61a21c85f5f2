"""Lists of taps: where, relative to the beginning of an output row, each weight of a depthwise kernel reads.

``forward_taps`` and ``input_grad_taps`` describe the two directions of one convolution in the same terms, so that one loop runs
both (``shifted.py``; ``lanes.py`` for short rows). Everything is in array elements, for arrays of (row, column phase, column,
image), where ``images`` is how many numbers lie together in a column.

A stride of S splits the columns into S phases (column q is number q // S of phase q % S): then the columns that one tap reads
for neighbouring outputs lie side by side again. Rows need no splitting, since a row's beginning is just a number.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np


class Buffer(NamedTuple):
    """A zero-bordered copy of one channel, the picture beginning at (top, left), its columns sorted by phase.

    Row y of the copy (border included) begins at y * row_step, and its column x lies x % phases * phase_step + x // phases
    behind that. All are counted in columns, of N numbers each; so is ``length``.
    """

    top: int
    left: int
    phases: int
    phase_step: int
    row_step: int
    length: int

    def size(self, images: int) -> int:
        return self.length * images


def _buffer(top: int, left: int, rows: int, phases: int, columns: int) -> Buffer:
    return Buffer(top, left, phases, columns, phases * columns, rows * phases * columns)


class Taps(NamedTuple):
    """One direction of a mixed depthwise convolution.

    offset, index: one entry a tap, all lists of all groups one after the other: where it reads, and which entry of its kernel
        (flattened) it is.
    lists: (G, 2) where each group's entries begin and end.
    base, begin, end: (G, rows of the output, phases of the output): where the row starts to read; its first tap, and its last
    + 1.
    run: (phases of the output,) elements of an output row that belong to each phase.
    """

    buffer: Buffer
    offset: np.ndarray
    index: np.ndarray
    lists: np.ndarray
    base: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    run: np.ndarray


class Group(NamedTuple):
    """Kernel (KH, KW), dilation (DH, DW), and padding above and to the left of the channels of one group."""

    kernel: tuple
    dilation: tuple
    before: tuple


def _met(size: tuple, output: tuple, stride: tuple, groups: tuple) -> list:
    """([(i, dy)], [(j, dx)]) of each group: the displacement of each kernel row and column, without those that never meet the
    picture."""
    (H, W), (OH, OW), (SH, SW) = size, output, stride
    lists = []
    for group in groups:
        rows = [(i, i * group.dilation[0] - group.before[0]) for i in range(group.kernel[0])]
        columns = [(j, j * group.dilation[1] - group.before[1]) for j in range(group.kernel[1])]
        rows = [(i, dy) for i, dy in rows if any(0 <= y * SH + dy < H for y in range(OH))]
        columns = [(j, dx) for j, dx in columns if any(0 <= x * SW + dx < W for x in range(OW))]
        lists.append((rows, columns))
    return lists


@lru_cache(maxsize=256)
def forward_taps(images: int, size: tuple, output: tuple, stride: tuple, groups: tuple) -> Taps:
    """Output row y, column x of a group reads, for tap (i, j), input (y*SH + i*DH - top, x*SW + j*DW - left).

    size: (H, W). output: (OH, OW). groups: of ``Group``.
    """
    (H, W), (OH, OW), (SH, SW) = size, output, stride
    lists = _met(size, output, stride, groups)
    dys = [dy for rows, _ in lists for _, dy in rows] or [0]
    dxs = [dx for _, columns in lists for _, dx in columns] or [0]
    top, left = max(0, -min(dys)), max(0, -min(dxs))
    columns = -(-(left + max(W, (OW - 1) * SW + max(dxs) + 1)) // SW)
    buffer = _buffer(top, left, top + max(H, (OH - 1) * SH + max(dys) + 1), SW, columns)
    pitch = buffer.row_step * images
    table = _Table(len(groups), OH, 1)
    for g, (group, (rows, across)) in enumerate(zip(groups, lists, strict=True)):
        first = table.length
        for i, dy in rows:
            for j, dx in across:
                number, phase = divmod(dx + left, SW)
                table.add((dy + top) * pitch + (phase * columns + number) * images, i * group.kernel[1] + j)
        table.close(g)
        for y in range(OH):
            inside = [n for n, (_, dy) in enumerate(rows) if 0 <= y * SH + dy < H]
            table.row((g, y, 0), y * SH * pitch, first, inside, len(across))
    return table.finish(buffer, [OW * images])


@lru_cache(maxsize=256)
def input_grad_taps(images: int, size: tuple, output: tuple, stride: tuple, groups: tuple) -> Taps:
    """The same for the input's gradient: input row y reads output row (y + top - i*DH) / SH, where that is whole.

    With a stride, neighbouring input columns use different taps: each phase of the columns has a list of its own.
    """
    (H, W), (OH, OW), (SH, SW) = size, output, stride

    def sources(taps, dilation, before, length, out_length, step):
        """{phase: [(tap, displacement of its source)]} for one axis, without taps that never meet the picture."""
        found = {}
        for phase in range(step):
            entries = []
            for tap in range(taps):
                whole, remainder = divmod(phase + before - tap * dilation, step)
                places = range(len(range(phase, length, step)))
                if remainder == 0 and any(0 <= n + whole < out_length for n in places):
                    entries.append((tap, whole))
            found[phase] = entries
        return found

    lists = [
        (
            sources(group.kernel[0], group.dilation[0], group.before[0], H, OH, SH),
            sources(group.kernel[1], group.dilation[1], group.before[1], W, OW, SW),
        )
        for group in groups
    ]
    dys = [dy for rows, _ in lists for entries in rows.values() for _, dy in entries] or [0]
    dxs = [dx for _, columns in lists for entries in columns.values() for _, dx in entries] or [0]
    top, left = max(0, -min(dys)), max(0, -min(dxs))
    buffer = _buffer(top, left, top + max(OH, (H - 1) // SH + max(dys) + 1), 1, left + max(OW, (W - 1) // SW + max(dxs) + 1))
    pitch = buffer.row_step * images
    table = _Table(len(groups), H, SW)
    for g, (group, (rows, columns)) in enumerate(zip(groups, lists, strict=True)):
        for row_phase, row_entries in rows.items():
            for column_phase, column_entries in columns.items():
                first = table.length
                for i, dy in row_entries:
                    for j, dx in column_entries:
                        table.add((dy + top) * pitch + (dx + left) * images, i * group.kernel[1] + j)
                for n, y in enumerate(range(row_phase, H, SH)):
                    inside = [k for k, (_, dy) in enumerate(row_entries) if 0 <= n + dy < OH]
                    table.row((g, y, column_phase), n * pitch, first, inside, len(column_entries))
        table.close(g)
    return table.finish(buffer, [len(range(phase, W, SW)) * images for phase in range(SW)])


class _Table:
    """Gathers the entries of a ``Taps``."""

    def __init__(self, groups: int, rows: int, phases: int):
        self.offset, self.index = [], []
        self.lists = np.zeros((groups, 2), np.int64)
        self.base, self.begin, self.end = (np.zeros((groups, rows, phases), np.int64) for _ in range(3))
        self.opened = 0

    @property
    def length(self) -> int:
        return len(self.offset)

    def add(self, offset: int, index: int) -> None:
        self.offset.append(offset)
        self.index.append(index)

    def close(self, group: int) -> None:
        self.lists[group] = self.opened, self.length
        self.opened = self.length

    def row(self, at, base, first, inside, columns) -> None:
        """The newest list begins at ``first``; ``inside``: which of its kernel rows, neighbours, meet the picture."""
        self.base[at] = base
        if inside:
            self.begin[at], self.end[at] = first + inside[0] * columns, first + (inside[-1] + 1) * columns

    def finish(self, buffer: Buffer, run: list) -> Taps:
        offset, index = np.array(self.offset, np.uint64), np.array(self.index, np.int64)
        taps = Taps(buffer, offset, index, self.lists, self.base, self.begin, self.end, np.array(run, np.int64))
        for array in taps[1:]:
            array.flags.writeable = False  # they are shared by all calls of this shape
        return taps
