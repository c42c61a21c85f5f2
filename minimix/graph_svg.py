"""Boxes and arrows in layers, as SVG text. Knows nothing of Tensors.

Each box lies one layer below the lowest of its inputs. An arrow that crosses layers passes through a narrow gap that is kept
free for it in each, so that no line runs through a box. Very long arrows would cost a gap in every layer that they pass:
where the input is far away a stand-in (dashed) is drawn just above the user instead, with the number of the op or the name of
the leaf that it stands for.
"""

from html import escape
from itertools import pairwise
from typing import NamedTuple

LINE, CHARACTER, PADDING = 16, 7.3, 12  # heights and widths in pixels, for a monospaced font of 12
BOX_HEIGHT, LAYER = 2 * LINE + 10, 78  # LAYER: from one layer to the next
APART, LANE = 18, 8  # between boxes; width of a passing arrow
FARTHEST = 8  # layers that an arrow may cross
COLOURS = {"op": ("#eef3fb", "#4a6fa5"), "parameter": ("#fdf1dc", "#c98a1b"), "constant": ("#f3f3f3", "#9a9a9a")}


class Box(NamedTuple):
    """Two lines of text, the kind that chooses colour and form, and the places of the boxes that arrows come from.

    repeat: a small thing, such as a number, that every user gets a copy of.
    """

    caption: str
    detail: str
    kind: str
    inputs: tuple[int, ...]
    repeat: bool = False


class Item:
    """A box, or the place where an arrow passes through a layer (box None)."""

    def __init__(self, layer: int, box: Box | None, stand_in: bool = False):
        self.layer, self.box, self.stand_in = layer, box, stand_in
        lines = () if box is None else (box.caption, box.detail)
        self.width = LANE if box is None else max(map(len, lines)) * CHARACTER + 2 * PADDING
        self.above: list[Item] = []
        self.below: list[Item] = []
        self.x = 0.0


def layered_svg(boxes: list[Box]) -> str:
    """The picture. Inputs of a box stand before it in the list."""
    layers = layout(boxes)
    left = min(item.x - item.width / 2 for layer in layers for item in layer) - APART
    right = max(item.x + item.width / 2 for layer in layers for item in layer) + APART
    width, height = right - left, len(layers) * LAYER - (LAYER - BOX_HEIGHT) + 2 * APART
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
        f'viewBox="{left:.1f} {-APART} {width:.1f} {height}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" '
        'font-size="12" text-anchor="middle">',
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" fill="#666"/></marker></defs>',
        f'<rect x="{left:.1f}" y="{-APART}" width="{width:.1f}" height="{height}" fill="white"/>',
    ]
    items = [item for layer in layers for item in layer]
    parts += [path for item in items if item.box for path in _arrows(item)]
    parts += [_drawn(item) for item in items if item.box]
    return "\n".join([*parts, "</svg>"])


# -- where things lie -----------------------------------------------------------------------------------------------------


def layout(boxes: list[Box]) -> list[list[Item]]:
    """The items of each layer, with their places. ``above`` of a box's item has one item for each input, in their order."""
    depth: list[int] = []
    for box in boxes:
        depth.append(1 + max((depth[i] for i in box.inputs), default=-1))
    first_use: dict[int, int] = {}
    for i, box in enumerate(boxes):
        for source in box.inputs:
            first_use[source] = min(first_use.get(source, depth[i]), depth[i])
    for i, box in enumerate(boxes):  # a leaf belongs just above its first user, not at the very top
        if not box.inputs and i in first_use:
            depth[i] = first_use[i] - 1
    far = {source for i, box in enumerate(boxes) for source in box.inputs if depth[i] - depth[source] > FARTHEST}
    # a stand-in for an op, of which there may be many alike, and the op itself bear its number
    boxes = [box._replace(caption=f"%{i} {box.caption}") if i in far and box.inputs else box for i, box in enumerate(boxes)]
    layers: list[list[Item]] = [[] for _ in range(max(depth) + 1)]

    def place(layer: int, *box) -> Item:
        item = Item(layer, *box)
        layers[layer].append(item)
        return item

    drawn: dict[int, Item] = {}
    lanes: dict[int, list[Item]] = {}  # for each box, itself and where its arrow passes, layer after layer
    for i in sorted(range(len(boxes)), key=lambda i: depth[i]):
        if boxes[i].repeat and i in first_use:
            continue
        drawn[i] = place(depth[i], boxes[i])
        lanes[i] = [drawn[i]]
    for i, box in enumerate(boxes):
        for source in box.inputs:
            if source not in drawn or depth[i] - depth[source] > FARTHEST:
                above = place(depth[i] - 1, boxes[source], True)
            else:
                lane = lanes[source]
                while len(lane) < depth[i] - depth[source]:
                    lane.append(place(lane[-1].layer + 1, None))
                    _join(lane[-2], lane[-1])
                above = lane[depth[i] - depth[source] - 1]
            _join(above, drawn[i])
    _order(layers)
    _spread(layers)
    return layers


def _join(above: Item, below: Item) -> None:
    above.below.append(below)
    below.above.append(above)


def _order(layers: list[list[Item]]) -> None:
    """Few crossings: sort each layer by the average place of what it is joined to, going up and down a few times."""
    for sweep in range(6):
        down = sweep % 2 == 1
        for layer in layers if down else reversed(layers):
            place = {}
            for item in layer:
                near = item.above if down else item.below
                place[id(item)] = sum(n.x for n in near) / len(near) if near else item.x
            layer.sort(key=lambda item: place[id(item)])
            for i, item in enumerate(layer):
                item.x = i - (len(layer) - 1) / 2


def _spread(layers: list[list[Item]]) -> None:
    """Move everything towards what it is joined to, as far as its neighbours in the layer let it."""
    for layer in layers:
        _settle(layer, [item.x * 100 for item in layer])
    for sweep in range(12):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            wishes = []
            for item in layer:
                near = item.above + item.below if sweep > 3 else item.above if down else item.below
                wishes.append(sum(n.x for n in near) / len(near) if near else item.x)
            _settle(layer, wishes)


def _settle(layer: list[Item], wishes: list[float]) -> None:
    """The places nearest to ``wishes`` (least squares) that keep order and distance: pool adjacent violators."""
    offsets = [0.0]  # of each item, if all were packed tightly
    for a, b in pairwise(layer):
        offsets.append(offsets[-1] + (a.width + b.width) / 2 + APART)
    groups: list[list[float]] = []  # [sum of wishes, count]: items that touch, and move as one
    for wish, offset in zip(wishes, offsets, strict=True):
        groups.append([wish - offset, 1])
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            total, count = groups.pop()
            groups[-1][0] += total
            groups[-1][1] += count
    items = iter(zip(layer, offsets, strict=True))
    for total, count in groups:
        for _ in range(count):
            item, offset = next(items)
            item.x = total / count + offset


# -- what is drawn --------------------------------------------------------------------------------------------------------


def _arrows(item: Item):
    """From a box down to each of its users, along the lanes between."""
    y = item.layer * LAYER + BOX_HEIGHT
    for user in item.below:
        yield from _follow(f"M{item.x:.1f} {y}", item, user)


def _follow(path: str, start: Item, item: Item):
    while True:
        top, bottom = start.layer * LAYER + BOX_HEIGHT, item.layer * LAYER
        middle = (top + bottom) / 2
        path += f" C{start.x:.1f} {middle} {item.x:.1f} {middle} {item.x:.1f} {bottom}"
        if item.box is not None:
            yield f'<path d="{path}" fill="none" stroke="#666" marker-end="url(#arrow)"/>'
            return
        path += f" L{item.x:.1f} {bottom + BOX_HEIGHT}"
        for branch in item.below[1:]:
            yield from _follow(path, item, branch)
        start, item = item, item.below[0]


def _drawn(item: Item) -> str:
    box, y = item.box, item.layer * LAYER
    fill, stroke = COLOURS[box.kind]
    dashes = ' stroke-dasharray="4 3"' if item.stand_in and not box.repeat else ""
    corner = 4 if box.kind == "op" else BOX_HEIGHT / 2
    lines = [box.caption, box.detail] if box.detail else [box.caption]
    middle = y + BOX_HEIGHT / 2 + 4
    texts = [
        f'<text x="{item.x:.1f}" y="{middle + (i - (len(lines) - 1) / 2) * LINE:.1f}" '
        f'fill="{("#222", "#777")[i]}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    ]
    rectangle = (
        f'<rect x="{item.x - item.width / 2:.1f}" y="{y}" width="{item.width:.1f}" height="{BOX_HEIGHT}" rx="{corner}" '
        f'fill="{fill}" stroke="{stroke}"{dashes}/>'
    )
    return rectangle + "".join(texts)
