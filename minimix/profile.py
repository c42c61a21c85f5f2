"""What a network costs, counted from its structure: parameters, multiply-adds and memory, layer by layer.

The network runs once on a batch of *no* images, of shape (0, C, H, W). Its own code then says which layer follows which and
what shape comes out of each, and refuses what does not fit; nothing is computed, for there is nothing to compute with. What
has run is read off the tape. So a user's own modules count like those in ``nn``, and there is no second set of rules for shapes
that could disagree with the layers.

With no images the tape cannot tell N images from N*H*W pixels laid end to end. Where a network does such a thing it runs
once more, on zeros.
"""

import contextlib
import copy
import dataclasses
import math
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from minimix.nn import Module
from minimix.ops.convolution import CONV2D
from minimix.ops.depthwise import DEPTHWISE_CONV2D, MIXCONV2D
from minimix.ops.excite import SQUEEZE_EXCITE
from minimix.ops.indexing import GETITEM
from minimix.ops.matmul import LINEAR, MATMUL
from minimix.ops.pointwise import POINTWISE_CONV2D
from minimix.ops.shape import CONCATENATE, PAD, RESHAPE
from minimix.ops.stage import MIXED_STAGE
from minimix.padding import Pair
from minimix.tensor import Node, Tensor, enable_grad

# Where a convolution has its weights among its inputs. What else it is given (biases, batch norms) costs no multiply-adds.
WEIGHTS = {
    CONV2D: slice(1, 2),
    POINTWISE_CONV2D: slice(1, 2),
    DEPTHWISE_CONV2D: slice(1, 2),
    MIXCONV2D: slice(1, None),
    MIXED_STAGE: slice(5, None),
    SQUEEZE_EXCITE: slice(1, 4, 2),
}
PRODUCTS = (LINEAR, MATMUL)


class LayerRow(NamedTuple):
    """One layer, in the order in which they run; a layer that runs twice has two rows, the second with no parameters.

    name, kind:  as in ``model.named_modules()`` ("model" for the model itself), and the name of its class.
    kernel_sizes, channels_per_group: of its convolutions, one (KH, KW) for each group of channels that share a kernel size, and
        how many input channels that group has.
    params:      numbers that are trained.
    macs:        multiply-adds of convolutions and matrix products, those with the zero border included.
    activation_bytes: memory of its output.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    kernel_sizes: tuple[Pair, ...]
    channels_per_group: tuple[int, ...]
    params: int
    macs: int
    activation_bytes: int

    def cells(self) -> tuple[str, ...]:
        """The row as text, under ``HEADINGS``."""
        kernels = " ".join(str(h) if h == w else f"{h}x{w}" for h, w in self.kernel_sizes)
        channels = " ".join(map(str, self.channels_per_group))
        shape = "x".join(map(str, self.output_shape))
        numbers = (f"{self.params:,}", f"{self.macs:,}", f"{self.activation_bytes / 1024:,.1f}")
        return self.name, self.kind, shape, kernels, channels, *numbers


HEADINGS = ("layer", "kind", "output", "kernels", "channels", "parameters", "multiply-adds", "KiB out")


@dataclasses.dataclass(frozen=True)
class Profile:
    """The cost of a model for inputs of ``input_shape``; printed, it is a table."""

    input_shape: tuple[int, ...]
    rows: tuple[LayerRow, ...]

    @property
    def params(self) -> int:
        """Numbers that are trained."""
        return sum(row.params for row in self.rows)

    @property
    def macs(self) -> int:
        """Multiply-adds of convolutions and matrix products, for the whole batch."""
        return sum(row.macs for row in self.rows)

    @property
    def activation_bytes(self) -> int:
        """Memory of all layers' outputs together. Training keeps about so much; in use, a few layers' at a time."""
        return sum(row.activation_bytes for row in self.rows)

    def table(self) -> list[tuple[str, ...]]:
        """Headings, a line for each row, and the totals, as text."""
        totals = f"{self.params:,}", f"{self.macs:,}", f"{self.activation_bytes / 1024:,.1f}"
        return [HEADINGS, *(row.cells() for row in self.rows), ("total", "", "", "", "", *totals)]

    def to_dict(self) -> dict:
        """All of it in lists and numbers, for JSON."""
        totals = {"params": self.params, "macs": self.macs, "activation_bytes": self.activation_bytes}
        return {"input_shape": self.input_shape, **totals, "rows": [row._asdict() for row in self.rows]}

    def __str__(self) -> str:
        lines = self.table()
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        aligned = [str.ljust] * 5 + [str.rjust] * 3
        return "\n".join(
            "  ".join(align(*cell) for align, *cell in zip(aligned, line, widths, strict=True)).rstrip() for line in lines
        )


def profile(model: Module, input_shape: tuple[int, ...]) -> Profile:
    """Count parameters, multiply-adds and memory of ``model`` in evaluation, for an input of ``input_shape``.

    input_shape: (N, C, H, W) for networks that look at pictures; the first axis is the images. The model is not changed.
    Returns a Profile with ``params``, ``macs``, ``activation_bytes`` and ``rows``. As in the literature, batch norms,
    activations, pooling and biases count no multiply-adds.

    Raises TypeError for what is not a Module, ValueError for a shape that is none, and what the model's own layers raise.

    >>> import minimix as mm
    >>> from minimix.profile import profile
    >>> cost = profile(mm.nn.MixConv2d(32, (3, 5)), (1, 32, 8, 8))
    >>> cost.params, cost.macs
    (544, 34816)
    >>> cost.rows[0].kernel_sizes, cost.rows[0].channels_per_group
    (((3, 3), (5, 5)), (16, 16))
    """
    if not isinstance(model, Module):
        raise TypeError(f"profile: model must be a Module, got a {type(model).__name__}")
    listed = isinstance(input_shape, (tuple, list)) and len(input_shape) > 0
    if not listed or not all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) and n > 0 for n in input_shape):
        raise ValueError(f"profile: input_shape {input_shape!r} must be whole numbers above 0, (N, C, H, W)")
    shape = tuple(map(int, input_shape))
    rows = None
    with warnings.catch_warnings(), contextlib.suppress(Exception):  # some layer may not like an empty batch
        warnings.simplefilter("ignore")
        rows = _rows(model, (0, *shape[1:]), shape[0])
    if rows is None:  # also where the shape fits no layer: then this refuses it, in the user's own numbers
        rows = _rows(model, shape)
    return Profile(shape, rows)


class _Call(NamedTuple):
    """A module that has run. ``inner``: whether other modules ran within it."""

    name: str
    module: Module
    inputs: tuple
    output: Any
    inner: bool


def _rows(model: Module, shape: tuple, images: int = 0) -> tuple[LayerRow, ...] | None:
    """Run the model on ``shape``, and read the tape, with ``images`` for every axis of length 0.

    None where such an axis may be something else than the images.
    """
    counted: set[int] = set()  # parameters, by identity
    claimed: set[Node] = set()
    rows = []
    for call in _run(model, shape):
        nodes = _nodes_of(call, claimed)
        if images and not all(map(_keeps_images, nodes)):
            return None
        macs = sum(_multiply_adds(node, images) for node in nodes)
        parameters = [p for p in call.module.parameters() if id(p) not in counted]
        counted.update(map(id, parameters))
        if call.inner and not macs and not parameters:
            continue  # it only calls others
        outputs = list(_tensors(call.output))
        groups = [group for node in nodes for group in _groups(node)]
        rows.append(
            LayerRow(
                call.name,
                type(call.module).__name__,
                _with_images(outputs[0].shape, images) if outputs else (),
                tuple(kernel for kernel, _ in groups),
                tuple(channels for _, channels in groups),
                sum(p.size for p in parameters),
                macs,
                sum(math.prod(_with_images(t.shape, images)) * t.dtype.itemsize for t in outputs),
            )
        )
    return tuple(rows)


def _run(model: Module, shape: tuple) -> list[_Call]:
    """Every call of a module, in the order in which they end: a module after all that it calls."""
    model = copy.deepcopy(model).eval()  # a copy may be written into
    calls: list[_Call] = []

    def watch(name: str, module: Module) -> None:
        forward = module.forward

        def watched(*inputs, **options):
            before = len(calls)
            output = forward(*inputs, **options)
            calls.append(_Call(name or "model", module, (inputs, options), output, len(calls) > before))
            return output

        module.forward = watched

    for name, module in list(model.named_modules()):
        if hasattr(module, "fused"):
            module.fused = False  # so that each of its layers runs, and is seen, on its own
        watch(name, module)
    dtype = next((p.dtype for p in model.parameters()), np.float32)
    with enable_grad():
        model(Tensor(np.zeros(shape, dtype), requires_grad=True))  # all that follows from it is on the tape
    return calls


def _tensors(value) -> Iterator[Tensor]:
    """The Tensors in nested tuples, lists and dicts."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _tensors(item)


def _nodes_of(call: _Call, claimed: set[Node]) -> list[Node]:
    """What the module did itself, oldest first: ops that lead from its inputs to its output, without those of inner modules."""
    seen = {t.node for t in _tensors(call.inputs)}
    seen.add(None)
    nodes, waiting = [], [t.node for t in _tensors(call.output)]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            nodes.append(node)
            waiting.extend(t.node for t in node.inputs)
    mine = sorted((node for node in nodes if node not in claimed), key=lambda node: node.age)
    claimed.update(mine)
    return mine


def _with_images(shape: tuple, images: int) -> tuple:
    """``shape`` as it would be for a batch of that size."""
    return tuple(length or images for length in shape)


def _keeps_images(node: Node) -> bool:
    """Whether an axis of length 0 that comes out of an op is an axis of length 0 that went in."""
    into, out = node.inputs[0].shape, node.output_shape
    if 0 not in into:
        return True
    if node.op is RESHAPE:
        return into.count(0) == out.count(0) and math.prod(filter(None, into)) == math.prod(filter(None, out))
    if node.op is PAD:
        return into.count(0) == out.count(0)
    if node.op is CONCATENATE:
        _, axis = node.saved
        return out[axis] != 0
    if node.op is GETITEM:
        _, index = node.saved
        first = index[0] if isinstance(index, tuple) and index else index
        return isinstance(first, slice) and first == slice(None)
    return True


def _multiply_adds(node: Node, images: int) -> int:
    outputs = _with_images(node.output_shape, images)
    if node.op in WEIGHTS:
        places = outputs[0] if node.op is SQUEEZE_EXCITE else outputs[0] * outputs[2] * outputs[3]  # its image is one pixel
        return places * sum(weight.size for weight in node.inputs[WEIGHTS[node.op]])
    if node.op in PRODUCTS:
        return math.prod(outputs) * _with_images(node.inputs[0].shape, images)[-1]
    return 0


def _groups(node: Node) -> Iterator[tuple[Pair, int]]:
    """(kernel size, input channels) of each part of a convolution."""
    if node.op not in WEIGHTS:
        return
    outputs, channels = node.output_shape[1], node.inputs[0].shape[1]
    for weight in node.inputs[WEIGHTS[node.op]]:
        share = weight.shape[1] if node.op is SQUEEZE_EXCITE else weight.shape[0] * channels // outputs
        yield weight.shape[2:], share
