"""The arithmetic of convolutions, drawn: one position of the window, and what the kinds of padding do.

A drawn window is what ``minimix.padding`` makes of the same arguments, so that the figure cannot disagree with the code.
"""

from typing import NamedTuple

import numpy as np

from minimix import reference
from minimix.padding import Ints, Padding, Pads, Pair, output_size, pair, resolve
from minimix.viz.drawing import blocks, cells, theme
from minimix.viz.drawing.blocks import Block, Frame
from minimix.viz.drawing.values import as_array, cell_texts


class Window(NamedTuple):
    """Where the taps of a kernel lie on an input of ``size`` with ``pads`` around it."""

    size: Pair
    kernel: Pair
    stride: Pair
    dilation: Pair
    pads: Pads
    places: Pair  # (OH, OW)

    @property
    def padded(self) -> Pair:
        return tuple(n + sum(p) for n, p in zip(self.size, self.pads, strict=True))

    @property
    def covered(self) -> Pair:
        """What the kernel covers, gaps of dilation included."""
        return tuple(d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel, strict=True))

    def taps(self, at: Pair) -> np.ndarray:
        """(KH * KW, 2): row and column, in the padded input, of all that output ``at`` sees."""
        start = np.array(at) * self.stride
        return start + np.array(list(np.ndindex(self.kernel))) * self.dilation

    def border(self) -> np.ndarray:
        """True where the padded input is padding."""
        mask = np.ones(self.padded, bool)
        (top, _), (left, _) = self.pads
        mask[top : top + self.size[0], left : left + self.size[1]] = False
        return mask


def window(
    size: Ints, kernel: Ints, stride: Ints = 1, padding: Padding = 0, dilation: Ints = 1, must_fit: bool = True
) -> Window:
    """The arguments of a convolution, checked, as plain numbers. Raises as ``minimix.padding`` does.

    must_fit: otherwise a kernel that is larger than the padded input has (0, 0) places.

    >>> window(5, 3, 2, "same").places
    (3, 3)
    """
    size, kernel = pair(size, "size", 1), pair(kernel, "kernel", 1)
    stride, dilation = pair(stride, "stride", 1), pair(dilation, "dilation", 1)
    pads = resolve(padding, size, kernel, stride, dilation)
    found = Window(size, kernel, stride, dilation, pads, (0, 0))
    if not must_fit and any(c > p for c, p in zip(found.covered, found.padded, strict=True)):
        return found
    return found._replace(places=output_size(size, pads, kernel, stride, dilation))


@theme.styled
def convolution(
    x, kernel, stride: Ints = 1, padding: Padding = 0, dilation: Ints = 1, at: Pair | None = (0, 0), ax=None
) -> theme.Picture:
    """One position of a sliding kernel: the padded input with the taps that output ``at`` sees, the kernel, and the output.

    x: the input's size, an integer or (H, W), or its values, a 2-D array. kernel: the same for the kernel. Where both are
    arrays, the output has values, too. stride, padding, dilation: as in ``F.depthwise_conv2d``. at: (row, column) of the
    output, or None for none. A dot marks the centre of each window, so that the stride is to be seen; padding is hatched.

    Raises ValueError for a position that the output does not have, and what ``minimix.padding`` raises.

    >>> from minimix import viz
    >>> figure = viz.convolution((5, 5), 3, stride=2, padding=1, at=(1, 2))
    >>> figure = viz.convolution([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[0, 1], [2, 3]], at=(0, 1))
    """
    values, size = _size_or_values(x, "x")
    weights, taps = _size_or_values(kernel, "kernel")
    w = window(size, taps, stride, padding, dilation)
    if at is not None:
        at = pair(at, "at", 0)
        if not (at[0] < w.places[0] and at[1] < w.places[1]):
            raise ValueError(f"at={at} is no position of the output, which has {theme.times(w.places)}")
    output = _output(w, values, weights, at)
    total = ""
    if at is not None and output.texts is not None and len(w.taps(at)) <= 25:
        total = _sum(w, values, weights, at, output.texts[at])
    figure = blocks.draw(ax, [[_input(w, values, at), _kernel(w, weights, at), output]], ("*", "="), total)
    where = (
        f" Marked is output {at[0]}, {at[1]} and the window that it sees{f': {total}' if total else ''}."
        if at is not None
        else ""
    )
    said = f"An input of {theme.times(w.size)}, {_zeros(w.pads)}, and a kernel of {theme.times(w.kernel)}, {_steps(w)}"
    return theme.told(figure, f"{said}, give an output of {theme.times(w.places)}.{where}")


@theme.styled
def paddings(
    size: Ints,
    kernel: Ints,
    stride: Ints = 1,
    dilation: Ints = 1,
    kinds: tuple[Padding, ...] = ("same", "tf_same", "valid"),
    ax=None,
) -> theme.Picture:
    """What each kind of padding puts around an input, side by side, with the first window and the middles of all.

    size: of the input. kernel, stride, dilation: integers or pairs. kinds: words or numbers of zeros.

    >>> from minimix import viz
    >>> figure = viz.paddings(6, 3, stride=2)
    """
    kinds = tuple(kinds) if isinstance(kinds, (tuple, list)) else (kinds,)
    if not kinds:
        raise ValueError("kinds is empty: give one kind of padding or more")
    windows = [window(size, kernel, stride, kind, dilation, must_fit=False) for kind in kinds]
    row = []
    for kind, w in zip(kinds, windows, strict=True):
        fitting = min(w.places) > 0
        output = f"output {theme.times(w.places)}" if fitting else "no output:\nkernel too large"
        block = _input(w, None, (0, 0) if fitting else None)
        row.append(block._replace(title=f"padding={kind!r}\n{_zeros(w.pads)}\n{output}", above=w.pads[0][0]))
    w = windows[0]
    step = f"kernel {theme.times(w.kernel)}, {_steps(w)}, at its first place"
    said = "; ".join(block.title.replace("\n", ", ") for block in row)
    return theme.told(
        blocks.draw(ax, [row], note=step),
        f"What kinds of padding put around an input of {theme.times(w.size)}: {said}; {step}.",
    )


# -- the parts of a drawing -----------------------------------------------------------------------------------------------


def _size_or_values(value, name: str):
    """(array or None, (rows, columns))."""
    if isinstance(value, (int, np.integer)) or (isinstance(value, (tuple, list)) and np.ndim(value) == 1):
        return None, pair(value, name, 1)
    array = as_array(value, name, (2,))
    return array, array.shape


def _input(w: Window, values, at) -> Block:
    fill, mask = cells.plain(*w.padded), w.border()
    fill[mask] = cells.plain(1, 1, theme.PALE)[0, 0]
    bold = np.zeros(w.padded, bool)
    frames = ()
    if at is not None:
        taps = tuple(w.taps(at).T)
        fill[taps], bold[taps] = cells.plain(1, 1, theme.WINDOW)[0, 0], True
        frames = (Frame(at[0] * w.stride[0], at[1] * w.stride[1], *w.covered),)
    texts = None
    if values is not None:
        texts = cell_texts(np.pad(values, w.pads))
    dots = np.argwhere(np.ones(w.places, bool)) * w.stride + np.array(w.covered) / 2
    return Block(f"input {theme.times(w.size)}\n{_zeros(w.pads)}", fill, texts, bold, mask, frames, dots, min(w.stride))


def _kernel(w: Window, weights, at) -> Block:
    fill = cells.plain(*w.covered)
    spots = (slice(None, None, w.dilation[0]), slice(None, None, w.dilation[1]))
    fill[spots] = cells.plain(1, 1, theme.WINDOW if at is not None else "#CCEBE3")[0, 0]
    texts = None
    if weights is not None:
        texts = np.full(w.covered, "", object)
        texts[spots] = cell_texts(weights)
    return Block(f"kernel {theme.times(w.kernel)}\n{_steps(w)}", fill, texts)


def _output(w: Window, values, weights, at) -> Block:
    fill, bold = cells.plain(*w.places), np.zeros(w.places, bool)
    if at is not None:
        fill[at], bold[at] = cells.plain(1, 1, theme.BLUE)[0, 0], True
    texts = None
    if values is not None and weights is not None:
        x, weight = values[None, None].astype(float), weights[None, None].astype(float)
        padding = np.pad(x, ((0, 0), (0, 0), *w.pads))
        texts = cell_texts(reference.depthwise_conv2d(padding, weight, w.stride, "valid", w.dilation)[0, 0])
    return Block(f"output {theme.times(w.places)}", fill, texts, bold)


def _sum(w: Window, values, weights, at, result: str) -> str:
    """
    >>> _sum(window((1, 2), (1, 2)), np.array([[3, -4]]), np.array([[-1, 2]]), (0, 0), "-11")
    '3·(-1) - 4·2 = -11'
    """
    seen = cell_texts(np.pad(values, w.pads))[tuple(w.taps(at).T)]
    text = ""
    for a, b in zip(seen, cell_texts(weights).ravel(), strict=True):
        factor = f"({b})" if b.startswith("-") else b
        sign = (" - " if text else "-") if a.startswith("-") else (" + " if text else "")
        text += f"{sign}{a.removeprefix('-')}·{factor}"
    return f"{text} = {result}"


def _zeros(pads: Pads) -> str:
    """
    >>> _zeros(((1, 1), (1, 1))), _zeros(((0, 1), (0, 1))), _zeros(((0, 0), (0, 0)))
    ('padding 1', 'padding 0+1', 'no padding')
    """
    if not any(map(sum, pads)):
        return "no padding"
    words = [str(a) if a == b else f"{a}+{b}" for a, b in pads]
    return f"padding {words[0]}" if words[0] == words[1] else f"padding {words[0]} down,\n{words[1]} across"


def _steps(w: Window) -> str:
    stride, dilation = (str(v[0]) if v[0] == v[1] else theme.times(v) for v in (w.stride, w.dilation))
    return f"stride {stride}, dilation {dilation}"
