"""The tape, made visible: how a Tensor was computed, as text, as Mermaid, or as a picture.

>>> import minimix as mm
>>> from minimix import graph
>>> x = mm.Tensor([1.0, 2.0], requires_grad=True, name="x")
>>> print(graph.graph_text(((x + x) * 3).sum()))
%0  x                (2,)
%1  add(%0, %0)      (2,)
%2  3.0              ()
%3  mul(%1, %2)      (2,)
%4  sum(%3)          ()

Walk it before ``backward``, or keep it with ``retain_graph=True``: backward frees what it has used.
"""

from collections.abc import Mapping
from typing import NamedTuple

from minimix import files
from minimix.graph_svg import Box, layered_svg
from minimix.tensor import Node, Tensor


class Entry(NamedTuple):
    """One line of the graph: a leaf, or an op.

    label: an op's name; a leaf's name, or its value where it is a single constant. kind: "op", "parameter" (a leaf that
    requires gradients) or "constant". inputs: places of its inputs in the list. name: of the Tensor that an op made, if any.
    """

    label: str
    kind: str
    shape: tuple
    inputs: tuple[int, ...]
    name: str | None = None


def entries(tensor: Tensor, names: Mapping[str, Tensor] | None = None) -> list[Entry]:
    """What led to ``tensor``, oldest op first, each leaf just before its first use.

    names: names for Tensors, for instance ``dict(model.named_parameters())``. They go before ``Tensor.name``.
    """
    known = {id(t): name for name, t in (names or {}).items()}

    def name_of(t: Tensor) -> str | None:
        return known.get(id(t), t.name)

    made = {}  # names of the Tensors that ops made
    nodes: set[Node] = set()
    waiting = [tensor]
    while waiting:
        t = waiting.pop()
        if t.node is None:
            continue
        if name_of(t):
            made[t.node] = name_of(t)
        if t.node not in nodes:
            nodes.add(t.node)
            waiting.extend(t.node.inputs)

    result: list[Entry] = []
    place: dict = {}  # Node or leaf Tensor -> index in result

    def place_of_input(t: Tensor) -> int:
        if t.node is not None:
            return place[t.node]
        if t not in place:
            place[t] = len(result)
            result.append(_leaf(t, name_of(t)))
        return place[t]

    for node in sorted(nodes, key=lambda node: node.age):
        inputs = tuple(place_of_input(t) for t in node.inputs)
        place[node] = len(result)
        label = node.op.name + (" (freed by backward)" if node.freed else "")
        result.append(Entry(label, "op", node.output_shape, inputs, made.get(node)))
    if tensor.node is None:
        place_of_input(tensor)
    return result


def _leaf(tensor: Tensor, name: str | None) -> Entry:
    kind = "parameter" if tensor.requires_grad else "constant"
    if name is None:
        value = tensor.data
        name = str(value) if tensor.ndim == 0 else kind
    return Entry(name, kind, tensor.shape, ())


def graph_text(tensor: Tensor, names: Mapping[str, Tensor] | None = None) -> str:
    """The tape as numbered lines, youngest last: what was computed, from which lines, its shape. Example: top of this file."""
    rows = []
    for entry in (found := entries(tensor, names)):
        if entry.kind == "op":
            call = f"{entry.label}({', '.join(f'%{i}' for i in entry.inputs)})"
            rows.append(f"{entry.name} = {call}" if entry.name else call)
        else:
            rows.append(entry.label)
    width = min(max(map(len, rows)), 60)
    digits = len(str(len(rows) - 1))
    return "\n".join(
        f"{f'%{i}':<{digits + 1}}  {row:<{max(width, 15)}}  {entry.shape}"
        for i, (row, entry) in enumerate(zip(rows, found, strict=True))
    )


def _caption(entry: Entry) -> str:
    """ "linear", "h = linear": the first line of a box."""
    return f"{entry.name} = {entry.label}" if entry.name else entry.label


def _size(entry: Entry) -> str:
    """ "128x10": the second line of a box."""
    return "x".join(map(str, entry.shape)) if entry.shape else "scalar"


def to_mermaid(tensor: Tensor, names: Mapping[str, Tensor] | None = None) -> str:
    """The graph as Mermaid text, which GitHub and many editors draw.

    >>> import minimix as mm
    >>> from minimix import graph
    >>> x = mm.Tensor([1.0, 2.0], requires_grad=True, name="x")
    >>> print(graph.to_mermaid(x.exp()))
    flowchart TD
        n0(["x<br>2"])
        n1["exp<br>2"]
        n0 --> n1
    """
    lines = ["flowchart TD"]
    for i, entry in enumerate(entries(tensor, names)):
        text = "".join(c if c.isalnum() or c in " .,_-=()x+" else f"#{ord(c)};" for c in _caption(entry))
        left, right = ("[", "]") if entry.kind == "op" else ("([", "])")
        lines.append(f'    n{i}{left}"{text}<br>{_size(entry)}"{right}')
        lines.extend(f"    n{source} --> n{i}" for source in entry.inputs)
    return "\n".join(lines)


def to_svg(tensor: Tensor, names: Mapping[str, Tensor] | None = None) -> str:
    """The graph as an SVG picture: inputs above, the result at the bottom. No other program is needed.

    >>> import minimix as mm
    >>> from minimix import graph
    >>> graph.to_svg(mm.Tensor([1.0], requires_grad=True).exp())[:4]
    '<svg'
    """
    boxes = []
    for entry in entries(tensor, names):
        number = entry.kind == "constant" and not entry.shape
        boxes.append(Box(_caption(entry), "" if number else _size(entry), entry.kind, entry.inputs, repeat=number))
    return layered_svg(boxes)


class Drawing:
    """An SVG picture that notebooks show by themselves. ``svg`` is its text."""

    def __init__(self, svg: str):
        self.svg = svg

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"Drawing({len(self.svg)} characters of SVG; .save('graph.svg') writes it)"

    def save(self, path) -> None:
        """Write the picture to a file."""
        files.write(path, self.svg)


def draw(tensor: Tensor, names: Mapping[str, Tensor] | None = None) -> Drawing:
    """The graph as a picture for a notebook: make it the last line of a cell.

    >>> import minimix as mm
    >>> from minimix import graph
    >>> graph.draw(mm.Tensor([1.0], requires_grad=True).exp())._repr_svg_()[:4]
    '<svg'
    """
    return Drawing(to_svg(tensor, names))
