"""How every figure of this package looks: colours, letters, sizes. And what all of them need to be laid out exactly.

The colours are Okabe and Ito's (2008), which colour-blind readers can tell apart. Letters have 10 points or more at the size at
which a figure is drawn, and no figure is wider than ``WIDTH``: so a notebook shows it without shrinking it.

There are two kinds of figures: with labelled axes (``axes``), and drawings (``sheet``), whose units are inches, to the right
and downwards: then it is known how much room a text takes (``text_width``), and nothing has to overlap.

Only matplotlib's objects are used, never pyplot: no window, no global state, nothing shown twice.
"""

import base64
import functools
import io
import re
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np
from matplotlib import cycler, rc_context
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

BLUE, ORANGE, GREEN, PURPLE, VERMILLION, SKY, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000",
)  # fmt: skip
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, VERMILLION, SKY, BLACK)  # not their yellow, which nobody sees on white
WINDOW = "#80CEB9"  # what a window lies on: none of the colours that stand for numbers (``SEQUENTIAL``, ``DIVERGING``)
DARK, GREY, LIGHT, PALE = "0.15", "0.43", "0.75", "0.93"
SEQUENTIAL, DIVERGING = "Blues", "PuOr"  # from 0 up, and both ways from 0

WIDTH = 9.0  # inches: of the widest figure
FONT = 10  # points: of the smallest letters
LINE = 0.17  # inches: height of a line of them
HINTED = 1.03  # letters that are fitted to a screen's pixels take a little more room
FAMILY = "DejaVu Sans"  # comes with matplotlib, so that a figure is the same everywhere

STYLE = {
    "figure.facecolor": "white", "axes.facecolor": "white", "savefig.facecolor": "white", "figure.dpi": 100,
    "font.family": FAMILY, "font.size": FONT, "axes.titlesize": FONT + 1, "axes.labelsize": FONT, "legend.fontsize": FONT,
    "xtick.labelsize": FONT, "ytick.labelsize": FONT, "figure.titlesize": FONT + 1, "text.usetex": False,
    "text.color": DARK, "axes.labelcolor": DARK, "axes.edgecolor": GREY, "xtick.color": GREY, "ytick.color": GREY,
    "xtick.labelcolor": DARK, "ytick.labelcolor": DARK, "axes.titlecolor": DARK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": False, "grid.color": "0.9", "axes.axisbelow": True,
    "legend.frameon": False, "lines.linewidth": 1.6, "hatch.linewidth": 0.7, "hatch.color": LIGHT,
    "axes.prop_cycle": cycler(color=PALETTE), "image.interpolation": "nearest", "savefig.bbox": None, "savefig.dpi": "figure",
}  # fmt: skip

P = ParamSpec("P")
R = TypeVar("R")


class Picture(Figure):
    """A matplotlib Figure that notebooks show by itself, and that keeps its style when it is drawn.

    alt: what is to be seen in it, in words, for readers who do not see it; see ``told``.
    """

    alt = ""

    def draw(self, renderer):
        with rc_context(STYLE):  # some artists, such as ticks, are made when they are first drawn
            super().draw(renderer)

    def _repr_png_(self) -> bytes:
        content = io.BytesIO()
        with rc_context(STYLE):
            self.savefig(content, format="png")
        return content.getvalue()

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        """The picture, and its words: as what nbconvert and those who follow it take for ``alt``, and in place of a repr."""
        data = {"image/png": base64.b64encode(self._repr_png_()).decode(), "text/plain": self.alt or repr(self)}
        return data, {"image/png": {"alt": self.alt}} if self.alt else {}


def told(figure, text: str):
    """The figure, with ``text`` as its description in words (``figure.alt``), behind those that it has of other axes.

    >>> told(told(Figure(), "Nothing."), "Nothing more.").alt
    'Nothing. Nothing more.'
    """
    figure.alt = " ".join(f"{getattr(figure, 'alt', '')} {text}".replace("\\$", "$").split())
    return figure


def listed(parts) -> str:
    """
    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    *first, last = map(str, parts)
    return f"{', '.join(first)} and {last}" if first else last


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Decorator of functions that draw: what they make has this package's style, whatever the user's own settings are."""

    @functools.wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with rc_context(STYLE):
            return draw(*args, **kwargs)

    return wrapper


def axes(ax, width: float, height: float, rows: int = 1, columns: int = 1, **options):
    """(figure, axes): those given, or new ones of so many inches. Several (rows, columns) come as a 2-D array.

    >>> figure, ax = axes(None, 4, 3)
    >>> figure.get_size_inches().tolist()
    [4.0, 3.0]
    """
    if ax is not None:
        return ax.figure, ax
    figure = Picture(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.09, h_pad=0.09)
    return figure, figure.subplots(rows, columns, squeeze=rows * columns == 1, **options)


def sheet(ax, width: float, height: float):
    """(figure, axes) for a drawing in inches, y downwards. In axes that are given, it is scaled to their size.

    >>> figure, ax = sheet(None, 4, 3)
    >>> ax.get_xlim(), ax.get_ylim()
    ((np.float64(0.0), np.float64(4.0)), (np.float64(3.0), np.float64(0.0)))
    """
    if ax is None:
        figure = Picture(figsize=(width, height))
        ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    ax.axis("off")
    return ax.figure, ax


def colours(n: int) -> list[str]:
    """``n`` colours that differ: the palette's, or where there are not enough, steps of an even scale from dark to light.

    >>> colours(2)
    ['#0072B2', '#E69F00']
    >>> len(set(colours(12)))
    12
    """
    if n <= len(PALETTE):
        return list(PALETTE[:n])
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colour) for colour in colormaps["cividis"](np.linspace(0, 0.72, n))]  # more is too pale


def ink(colour) -> str:
    """Black or white, whichever can be read better on ``colour``.

    >>> ink("white"), ink("#0072B2"), ink("#D55E00")
    ('black', 'white', 'black')
    """
    return max(("black", "white"), key=lambda letters: contrast(letters, colour))


def contrast(one, other) -> float:
    """How well one colour is seen on another, as the Web Content Accessibility Guidelines define it: 1 to 21; texts need 4.5.

    >>> contrast("white", "black"), round(contrast("#F0E442", "white"), 1)
    (21.0, 1.3)
    """
    from matplotlib.colors import to_rgb

    def luminance(colour) -> float:
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@functools.lru_cache(maxsize=4096)
def text_width(text: str, size: float = FONT, weight: str = "normal") -> float:
    """Inches that the longest line of ``text`` takes.

    >>> text_width("mmm") > text_width("iii") > 0
    True
    """
    font = FontProperties(family=FAMILY, size=size, weight=weight)
    measured = [TextToPath().get_text_width_height_descent(line, font, False)[0] for line in text.split("\n")]
    return HINTED * max(measured) / 72


def lines_in(text: str) -> int:
    """
    >>> lines_in("a\\nb"), lines_in("")
    (2, 0)
    """
    return text.count("\n") + 1 if text else 0


def wrapped(text: str, width: float, size: float = FONT) -> str:
    """``text`` with its lines broken so that none takes more than ``width`` inches; a word that is too long is broken, too.

    >>> wrapped("one two three", 0.7)
    'one two\\nthree'
    """
    done = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if text_width(longer, size) <= width:
                line = longer
                continue
            if line:
                done.append(line)
            while text_width(word, size) > width and len(word) > 1:
                fits = next((n for n in range(len(word) - 1, 1, -1) if text_width(word[:n], size) <= width), 1)
                done.append(word[:fits])
                word = word[fits:]
            line = word
        done.append(line)
    return literal("\n".join(done))


def literal(text: str) -> str:
    """``text`` for Matplotlib, which takes what stands between two dollars for a formula: names are what they are.

    >>> literal("a$b$")
    'a\\\\$b\\\\$'
    """
    return re.sub(r"(?<!\\)\$", r"\\$", text)


def shortened(text: str, width: float, size: float = FONT) -> str:
    """``text``, without its middle where it would take more than ``width`` inches.

    >>> shortened("blocks.3.2.depthwise_convolution", 1.2)
    'blocks.…olution'
    """
    keep = len(text)
    shown = text
    while text_width(shown, size) > width and keep > 2:
        keep -= 1
        shown = text[: keep // 2] + "…" + text[len(text) - (keep - keep // 2) :]
    return literal(shown)


def spread(wishes, sizes, low: float, high: float, gap: float = 0.0) -> list[float]:
    """Where the middles of things of these ``sizes`` go on a line from ``low`` to ``high``, in order, near to ``wishes``,
    ``gap`` apart. Where there is too little room, they are packed from ``low`` on.

    >>> spread([1, 1, 5], [2, 2, 2], 0, 10)
    [1.0, 3.0, 5.0]
    """
    places = []
    edge = low
    for wish, size in zip(wishes, sizes, strict=True):
        places.append(max(float(wish), edge + size / 2))
        edge = places[-1] + size / 2 + gap
    edge = high
    for i in range(len(places) - 1, -1, -1):  # back from the other end
        places[i] = min(places[i], edge - sizes[i] / 2)
        edge = places[i] - sizes[i] / 2 - gap
    shift = max(0.0, low - (places[0] - sizes[0] / 2)) if places else 0.0
    return [place + shift for place in places]


def times(lengths) -> str:
    """
    >>> times((3, 5))
    '3x5'
    """
    return "x".join(map(str, lengths))
