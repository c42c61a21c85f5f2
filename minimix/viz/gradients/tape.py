"""A tape of single numbers, drawn: what was computed from what, the slopes on the way, and how far a backward pass has come.

Whole networks, whose tapes hold arrays, are drawn by ``minimix.graph``.
"""

import math
from collections.abc import Mapping, Sequence

from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path

from minimix import graph_svg
from minimix.graph_svg import Box, Item
from minimix.viz.drawing import theme

MARGIN, HIGH, LAYER = 0.15, 0.46, 1.0  # inches: around all; of a box; from one layer to the next
NARROWEST = 1.05  # inches: room for the text of a box
INCHES = 0.0128  # of a unit of ``graph_svg.layout``
ENDS = 0.36  # inches between two arrows that end at one box
BESIDE = 0.08  # inches from an arrow to its slope
MOST, LETTERS = 60, 15  # numbers; letters that every box has room for: "grad 15, turn 5"
GIVEN, MADE, DONE = "#fdf1dc", "#eef3fb", "#bcd7ea"  # fills: of a number that was given, of one that was computed, of a visited


@theme.styled
def tape(root, names: Mapping[str, object] | None = None, visits: Sequence = (), ax=None) -> theme.Picture:
    """How a number was computed, from above to below, with the slope of every step beside its arrow.

    root: anything with ``value``, ``inputs`` (such things, too), ``slopes`` (a number for each input) and ``grad``; for
    instance ``course.Scalar``. names: {name: thing}. visits: those that have passed their gradient on, in this order; the last
    one is orange, and all bear their places in the order. A ``grad`` of 0 (or None) is not written.

    Raises TypeError for what has no such attributes, ValueError for more than 60 numbers.

    >>> from minimix import viz
    >>> from minimix.course import Scalar
    >>> a, b = Scalar(3.0), Scalar(2.0)
    >>> figure = viz.tape(a * b + a, {"a": a, "b": b})
    """
    for attribute in ("value", "inputs", "slopes", "grad"):
        if not hasattr(root, attribute):
            raise TypeError(f"root needs value, inputs, slopes and grad, as course.Scalar has; {root!r} has no {attribute}")
    nodes = _sorted(root)
    if len(nodes) > MOST:
        raise ValueError(f"the tape has {len(nodes)} numbers: at most {MOST} can be drawn")
    known = {id(thing): name for name, thing in (names or {}).items()}
    place = {id(node): i for i, node in enumerate(nodes)}
    turns: dict[int, list[int]] = {}
    for turn, node in enumerate(visits, 1):
        turns.setdefault(id(node), []).append(turn)
    texts = [_texts(node, known.get(id(node)), turns.get(id(node), [])) for node in nodes]
    # the kind of a box says here which number it is; blanks keep the places, however far a walk has come
    boxes = [
        Box(name, detail.ljust(LETTERS), i, tuple(place[id(x)] for x in nodes[i].inputs))
        for i, (name, detail) in enumerate(texts)
    ]
    layers = graph_svg.layout(boxes)
    items = [item for layer in layers for item in layer]
    reaches = [_reach(item, nodes) for item in items]
    left, right = min(low for low, _ in reaches), max(high for _, high in reaches)
    figure, ax = theme.sheet(ax, right - left + 2 * MARGIN, LAYER * (len(layers) - 1) + HIGH + 2 * MARGIN)
    for item in items:
        if item.box is not None:
            node = nodes[item.box.kind]
            fill = MADE if node.inputs else GIVEN
            if id(node) in turns:
                fill = theme.ORANGE if node is visits[-1] else DONE
            _draw(ax, item, left, fill, bool(node.inputs))
            _arrows(ax, item, left, node.slopes)
    said = [f"{name}{f' ({detail.rstrip()})' if detail.rstrip() else ''}" for name, detail in texts[:12]]
    more = f" and {len(texts) - 12} more" if len(texts) > 12 else ""
    return theme.told(
        figure,
        f"Graph of how a number was computed, with the slope at each arrow, from inputs to result: {', '.join(said)}{more}.",
    )


def _sorted(root) -> list:
    """Each behind its inputs, without recursion."""
    order, done, waiting = [], set(), [(root, False)]
    while waiting:
        node, inputs_are_there = waiting.pop()
        if inputs_are_there:
            order.append(node)
        elif id(node) not in done:
            done.add(id(node))
            waiting.append((node, True))
            waiting.extend((x, False) for x in reversed(node.inputs))
    return order


def _texts(node, name: str | None, turns: list[int]) -> tuple[str, str]:
    """
    >>> from minimix.course import Scalar
    >>> _texts(Scalar(2.0), "a", [2])
    ('a = 2', 'turn 2')
    """
    value = f"{node.value:.4g}"
    parts = [f"grad {node.grad:.4g}"] if node.grad else []
    if turns:
        parts.append(f"turn {' and '.join(map(str, turns))}")
    return f"{name} = {value}" if name else value, ", ".join(parts)


def _width(item: Item) -> float:
    if item.box is None:
        return item.width * INCHES
    ends = ENDS * len(item.above) + 0.1
    texts = theme.text_width(item.box.caption, weight="bold"), theme.text_width(item.box.detail.rstrip())
    return max(*texts, ends, NARROWEST) + 0.2


def _reach(item: Item, nodes: list) -> tuple[float, float]:
    """From where to where it takes room, with the slopes at its arrows."""
    middle, half = item.x * INCHES, _width(item) / 2
    if item.box is None:
        return middle - half, middle + half
    room = max((theme.text_width(_slope(slope)) for slope in nodes[item.box.kind].slopes), default=0.0)
    half = max(half, ENDS * max(0, len(item.above) - 1) / 2 + BESIDE + room + 0.03 if room else 0.0)
    return middle - half, middle + half


def _top(item: Item) -> float:
    return MARGIN + LAYER * item.layer


def _middle(item: Item, left: float) -> float:
    return MARGIN + item.x * INCHES - left


def _draw(ax, item: Item, left: float, fill: str, made: bool) -> None:
    width, x, y = _width(item), _middle(item, left), _top(item)
    shape = f"round,pad=0,rounding_size={0.05 if made else HIGH / 2}"
    box = FancyBboxPatch((x - width / 2, y), width, HIGH, shape, facecolor=fill, edgecolor=theme.GREY, linewidth=1.1, zorder=3)
    ax.add_patch(box)
    middle = y + HIGH / 2
    detail = item.box.detail.rstrip()
    up = 0.5 * theme.LINE if detail else 0.0
    ax.text(x, middle - up, item.box.caption, ha="center", va="center", weight="bold", zorder=4)
    if detail:
        ax.text(x, middle + up, detail, ha="center", va="center", zorder=4)


def _arrows(ax, item: Item, left: float, slopes) -> None:
    """From all inputs down to ``item``; arrows end beside each other, in the order in which they come from left to right."""
    order = sorted(range(len(item.above)), key=lambda k: item.above[k].x)
    bottom = _top(item)
    for spot, k in enumerate(order):
        end = _middle(item, left) + ENDS * (spot - (len(order) - 1) / 2)
        chain = [item.above[k]]
        while chain[-1].box is None:  # through the gaps that are kept for it
            chain.append(chain[-1].above[0])
        chain.reverse()
        points, codes = [(_middle(chain[0], left), _top(chain[0]) + HIGH)], [Path.MOVETO]
        for stop in [*chain[1:], None]:
            x, y = points[-1]
            to = (_middle(stop, left), _top(stop)) if stop else (end, bottom - 0.03)
            half = (y + to[1]) / 2
            points += [(x, half), (to[0], half), to]
            codes += [Path.CURVE4] * 3
            if stop:
                points.append((to[0], _top(stop) + HIGH))
                codes.append(Path.LINETO)
        ax.add_patch(PathPatch(Path(points, codes), fill=False, edgecolor=theme.GREY, linewidth=1.2, zorder=2))
        head = [(end - 0.05, bottom - 0.11), (end, bottom - 0.005), (end + 0.05, bottom - 0.11)]
        ax.add_patch(PathPatch(Path(head), facecolor=theme.GREY, edgecolor="none", zorder=2))
        side = -1 if spot < len(order) / 2 else 1
        look = {"color": theme.BLUE, "bbox": {"fc": "white", "ec": "none", "pad": 0.6}, "zorder": 2.5}
        ax.text(end + BESIDE * side, bottom - 0.14, _slope(slopes[k]), ha="right" if side < 0 else "left", va="center", **look)


def _slope(value: float) -> str:
    """
    >>> _slope(-2.0), _slope(0.12344)
    ('· (-2)', '· 0.1234')
    """
    text = f"{value:.4g}" if math.isfinite(value) else str(value)
    return f"· ({text})" if text.startswith("-") else f"· {text}"
