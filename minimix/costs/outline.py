"""Following a network without running it.

The network's own ``forward`` is called, so that it says which layer follows which, whatever its modules are; but no op runs. In
place of each array stands one number that is read as if it filled the shape (all strides are 0), and in place of each op its
rule in ``shapes``. So nothing is computed, compiled or allocated, and every layer refuses what it would refuse in earnest. Only
an op that has no rule, because somebody else defined it, does run: on zeros.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from minimix.convargs import MixGeometry
from minimix.costs.fields import Field, field_of
from minimix.costs.shapes import Geometry, dtype_of, geometry_of, shape_of
from minimix.costs.work import OTHER, Work, added, work_of
from minimix.nn import Module, SqueezeExcite
from minimix.nn.watching import watched
from minimix.ops.elementwise import ADD, MUL
from minimix.ops.norm import BATCH_NORM
from minimix.ops.op import Op
from minimix.ops.shape import CONCATENATE
from minimix.padding import Pair
from minimix.tensor import Tensor, enable_grad, instead


@dataclass(eq=False)
class Call:
    """A module that was called, and has returned ``output``. inner: whether it called other modules."""

    name: str
    module: Module
    inner: bool = False
    output: Any = None


class Step(NamedTuple):
    """An op on ``inputs``, at the place where it would have run; ``call`` is the innermost module that asked for it."""

    call: Call
    op: Op
    work: Work
    inputs: tuple
    output: Tensor


class Outline:
    """All that a model does with an input of ``shape``, in order: ``events`` are Steps, and Calls at the time of their return.

    >>> from minimix import nn
    >>> [type(event).__name__ for event in Outline(nn.Sequential(nn.Linear(3, 2), nn.ReLU()), (1, 3)).events]
    ['Step', 'Call', 'Step', 'Call', 'Call']
    """

    def __init__(self, model: Module, shape: tuple):
        self.events: list[Call | Step] = []
        self._stack: list[Call] = []
        self._fields: dict[int, Field | None] = {}  # of Tensors, by identity; events keep all of them alive
        self._single: set[int] = set()  # what single convolutions have made, by identity
        model = watched(model, self._around)
        dtype = next((p.dtype for p in model.parameters()), np.float32)
        self._input = Tensor(stand_in(shape, dtype), requires_grad=True)
        self._fields[id(self._input)] = Field() if len(shape) in (3, 4) else None
        with instead(self._follow), enable_grad():
            model(self._input)

    def field(self, tensor: Tensor) -> Pair | None:
        """The receptive field of a Tensor's numbers, None where it is not known, or there is none."""
        field = self._fields.get(id(tensor))
        return field and field.size

    def _around(self, name: str, module: Module, forward, *inputs, **options):
        """Called in place of a module's ``forward``."""
        call = Call(name, module)
        if self._stack:
            self._stack[-1].inner = True
        self._stack.append(call)
        try:
            call.output = forward(*inputs, **options)
        finally:
            self._stack.pop()
        self.events.append(call)
        return call.output

    def _follow(self, op: Op, tensors: tuple, options: dict) -> Tensor:
        """Note what ``op`` would do, and give a Tensor of the shape that would come out."""
        arrays = tuple(t.data for t in tensors)
        geometry = geometry_of(op, arrays, options)
        shape = shape_of(op, arrays, options, geometry)
        if shape is None:
            output, work = _run(op, arrays, options)
        else:
            output = stand_in(shape, dtype_of(op, arrays, options))
            work = work_of(op, arrays, options, shape, geometry)
        if work.macs and any(isinstance(call.module, SqueezeExcite) for call in self._stack):
            work = replace(work, kind="se")
        result = Tensor(output)
        work = replace(work, others=added(work.others, self._by_its_place(op, tensors, result, geometry)))
        result.requires_grad = any(t.requires_grad for t in tensors)
        fields = [self._fields.get(id(t)) for t in tensors]
        if shape is not None:
            self._fields[id(result)] = field_of(op, arrays, fields, options, shape, geometry)
        elif any(fields):
            self._fields[id(result)] = Field(None)
        self.events.append(Step(self._stack[-1], op, work, tensors, result))
        return result

    def _by_its_place(self, op: Op, tensors: tuple, result: Tensor, geometry: Geometry | None) -> dict[str, int]:
        """What else is in ``Work.others``, and only those know who see what comes before: "add" and "mul" of pictures, not of
        weights; "concat", elements that several convolutions, or other layers, have made and that are put together;
        "batch_norm_kept", elements of the batch norms that cannot be folded, as they do not follow a single convolution."""
        if not any(id(t) in self._fields for t in tensors):
            return {}
        layer, others = self._stack[-1].module, {}
        if isinstance(geometry, MixGeometry):
            joined = len(geometry.groups) > 1
        else:  # a convolution in groups is one, unless it stands for several (``PointwiseConv2d``)
            joined = op is CONCATENATE or (geometry is not None and geometry.groups > 1 and getattr(layer, "split", False))
        if joined:
            others["concat"] = result.data.size
        elif geometry is not None:
            self._single.add(id(result))
        if op is BATCH_NORM and id(tensors[0]) not in self._single:
            others["batch_norm_kept"] = result.data.size
        if op in (ADD, MUL):
            others[op.name] = result.data.size
        return others


def stand_in(shape: tuple, dtype) -> np.ndarray:
    """An array of any shape that takes no memory: one zero, seen everywhere. Writing into it does no harm.

    >>> stand_in((1000, 1000, 1000), np.float32).shape
    (1000, 1000, 1000)
    """
    return np.lib.stride_tricks.as_strided(np.zeros(1, dtype), shape, (0,) * len(shape))


def _run(op: Op, arrays: tuple, options: dict) -> tuple[np.ndarray, Work]:
    arrays = tuple(np.zeros(a.shape, a.dtype) if a.size > 1 and not any(a.strides) else a for a in arrays)
    with np.errstate(all="ignore"):
        output, saved = op.forward(*arrays, **options)
    macs = op.flops(output, saved) // 2 if op.flops else 0
    return output, Work(macs, OTHER if macs else "")


def tensors_in(value) -> Iterator[Tensor]:
    """The Tensors in nested tuples, lists and dicts.

    >>> [t.item() for t in tensors_in({"a": Tensor(1.0), "b": [Tensor(2.0), None]})]
    [1.0, 2.0]
    """
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from tensors_in(item)
