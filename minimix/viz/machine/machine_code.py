"""What the compiler made of a loop: its instructions, coloured by what they do."""

from collections.abc import Mapping

from matplotlib.patches import Rectangle

from minimix.listing import Loop, main_loop
from minimix.viz.drawing import cells, theme
from minimix.viz.drawing.values import short

MONO, LETTER = "DejaVu Sans Mono", 0.6021 * theme.FONT / 72  # inches, of each of its letters
MARGIN, GAP = 0.12, 0.2
COLUMNS = 3  # listings side by side
MOST = 16  # lines of a listing
COLOURS = {
    "multiply-add": theme.BLUE, "add": "#9A4D86", "load": "#007A59", "store": "#B34E00", "other": theme.GREY,  # letters: darker
}  # fmt: skip
WORDS = {
    "multiply-add": "multiplies (fmadd, fmla: and adds)", "add": "adds", "load": "reads memory", "store": "writes memory",
    "other": "counts, moves, jumps",
}  # fmt: skip


@theme.styled
def machine_code(kernels: Mapping, ax=None) -> theme.Picture:
    """The main loops of compiled kernels side by side, an instruction a line, and how many numbers each works on at once.

    kernels: {title: a function compiled by Numba and called, machine code as text, or a ``Loop``}; see ``main_loop``. An
    address is shown as "memory"; an instruction that computes may read one of its numbers from there. Of processors other than
    x86-64 and 64-bit ARM it is only said that their instructions are not known.

    Raises ValueError for no kernels, and what ``main_loop`` raises.

    >>> from minimix import viz
    >>> import numba, numpy as np
    >>> @numba.njit(fastmath=True)
    ... def add(target, source, weight):
    ...     for i in range(target.size):
    ...         target[i] += weight * source[i]
    >>> add(np.zeros(64, np.float32), np.ones(64, np.float32), np.float32(2))
    >>> figure = viz.machine_code({"one tap": add})
    """
    if not kernels:
        raise ValueError("kernels is empty: give {title: compiled function}")
    loops = {title: kernel if isinstance(kernel, Loop) else main_loop(kernel) for title, kernel in kernels.items()}
    columns = min(len(loops), COLUMNS)
    wide = (theme.WIDTH - 2 * MARGIN + GAP) / COLUMNS - GAP
    parts = [(theme.wrapped(str(title), 0.88 * wide), _listed(loop, int(wide / LETTER)), loop) for title, loop in loops.items()]
    rows = [parts[i : i + columns] for i in range(0, len(parts), columns)]
    tops = [max(cells.title_size(title)[1] for title, _, _ in row) for row in rows]
    heights = [
        top + theme.LINE * (max(len(lines) for _, lines, _ in row) + 3) + 0.35 for top, row in zip(tops, rows, strict=True)
    ]
    used = [kind for kind in COLOURS if any(line.kind == kind for loop in loops.values() for line in loop.instructions)]
    width = max(2 * MARGIN + columns * (wide + GAP) - GAP, 4.5)
    places, under = _legend(used, width)
    figure, ax = theme.sheet(ax, width, 2 * MARGIN + sum(heights) + under)
    y = MARGIN
    for row, top, high in zip(rows, tops, heights, strict=True):
        for i, (title, lines, loop) in enumerate(row):
            _panel(ax, MARGIN + i * (wide + GAP), y + top, title, lines, loop)
        y += high
    for x, down, kind in places:
        ax.add_patch(Rectangle((x, y + down + 0.02), 0.13, 0.13, color=COLOURS[kind], linewidth=0))
        ax.text(x + 0.2, y + down + 0.08, WORDS[kind], ha="left", va="center", color=theme.DARK)
    said = [f"{title}: {_numbers(loop)}" for title, loop in loops.items()]
    return theme.told(figure, f"The instructions of the main loops in machine code. {'. '.join(said)}.")


def _numbers(loop: Loop) -> str:
    """What is counted in a loop, in words."""
    if not loop.known:
        return "the instructions of this processor are not known"
    passes = f"{_many(loop.lanes, 'number')} at once, {_many(loop.multiply_adds, 'multiply-add')} a pass"
    return f"{passes}, {short(loop.accesses)} memory accesses for each"


def _listed(loop: Loop, letters: int) -> list[tuple[str, str]]:
    """(text, kind) of each line that is shown."""
    if not loop.known:
        return [("This processor's", "other"), ("instructions are", "other"), ("not known here.", "other")]
    texts = [line.text if len(line.text) <= letters else line.text[: letters - 1] + "…" for line in loop.instructions]
    lines = [(text, line.kind) for text, line in zip(texts, loop.instructions, strict=True)]
    if len(lines) <= MOST:
        return lines
    return [*lines[: MOST - 1], (f"… and {len(lines) - MOST + 1} more", "other")]


def _panel(ax, x: float, top: float, title: str, lines, loop: Loop) -> None:
    cells.titled(ax, x, top, title)
    for i, (text, kind) in enumerate(lines):
        weight = "bold" if kind == "multiply-add" else "normal"
        place = x, top + theme.LINE * (i + 0.5)
        ax.text(*place, text, ha="left", va="center", color=COLOURS[kind], family=MONO, weight=weight)
    if not loop.known:
        return
    y = top + theme.LINE * len(lines) + 0.1
    said = [_many(loop.lanes, "number") + " at once", _many(loop.multiply_adds, "multiply-add") + " a pass"]
    said += [f"{short(loop.accesses)} memory accesses for each"]
    ax.text(x, y, "\n".join(said), ha="left", va="top", color=theme.DARK, linespacing=1.2)


def _many(n: int, what: str) -> str:
    return f"{n} {what}{'s' if n != 1 else ''}"


def _legend(kinds: list[str], width: float) -> tuple[list[tuple[float, float, str]], float]:
    """([(x, y, kind)], height), as many in a line as fit."""
    places, x, y = [], MARGIN, 0.0
    for kind in kinds:
        needed = 0.2 + theme.text_width(WORDS[kind]) + 0.25
        if x + needed > width and x > MARGIN:
            x, y = MARGIN, y + theme.LINE + 0.04
        places.append((x, y, kind))
        x += needed
    return places, y + theme.LINE + 0.04
