"""What a network does with a batch, op by op, noted while it does it; and twice, so that what depends on the batch is seen.

A program that reads the network's file later gets other pictures, and more or fewer of them. So the network is run on two
batches, of different lengths and with different numbers in them. An axis that is 2 long in one recording and 5 in the other is
as long as the batch; a constant that differs was computed from the pictures behind the tape's back, and is none.

Parts that depend on weights alone are computed here and now: what they give is a constant.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from minimix.costs.outline import tensors_in
from minimix.nn import Module
from minimix.nn.watching import watched
from minimix.ops.op import Op
from minimix.ops.shape import EXPAND, RESHAPE
from minimix.tensor import Tensor, apply, instead, no_grad

Shape = tuple[int | None, ...]  # None: as long as the batch, or a multiple of it


class Step(NamedTuple):
    """An op that ran, in the module ``layer``."""

    layer: str
    op: Op
    inputs: tuple[Tensor, ...]
    options: dict
    output: Tensor

    def __str__(self) -> str:
        return f"{self.op.name} in {self.layer}"


class Recording:
    """All ops that ``model``, in evaluation, does to the batch ``x``, oldest first.

    written_out: {op: function} for ops in whose place other ops are to be noted: the function computes the same with these.

    Attributes: ``batch``; ``steps``; ``output``, what the model returned; ``names``, {id(array): its name} of parameters and
    buffers.

    >>> from minimix import nn
    >>> recording = Recording(nn.Sequential(nn.Linear(3, 2), nn.ReLU()), np.ones((4, 3), np.float32), {})
    >>> [str(step) for step in recording.steps]
    ['linear in 0', 'relu in 1']
    """

    def __init__(self, model: Module, x: np.ndarray, written_out: Mapping[Op, Callable]) -> None:
        self.steps: list[Step] = []
        self.batch = x
        self._written_out = written_out
        self._layers: list[str] = []
        self._places: dict[int, int] = {id(x): 0}  # by array: a Tensor of the same array, such as detach() makes, is the same
        self._kept: list[np.ndarray] = []  # so that no array made later has an identity that was noted
        model = watched(model, self._around)
        arrays = [(name, p.data) for name, p in model.named_parameters()] + list(model.named_buffers())
        self.names = {id(array): name for name, array in arrays}
        with instead(self._follow), no_grad():
            self.output: Any = model(Tensor(x))
        self.model = model  # which keeps those arrays

    def place(self, tensor: Tensor) -> int | None:
        """0 for the batch, i for what ``steps[i - 1]`` made, None for a constant."""
        return self._places.get(id(tensor.data))

    def _around(self, name: str, module: Module, forward: Callable, *inputs, **options):
        self._layers.append(name)
        try:
            return forward(*inputs, **options)
        finally:
            self._layers.pop()

    def _follow(self, op: Op, tensors: tuple, options: dict) -> Tensor:
        if op in self._written_out:
            return self._written_out[op](*tensors, **options)
        with instead(None):
            output = apply(op, *tensors, **options)
        self._kept += [output.data, *(tensor.data for tensor in tensors)]
        # what repeats a constant may repeat it for each picture
        if op is EXPAND or any(self.place(tensor) is not None for tensor in tensors):
            self.steps.append(Step(self._layers[-1], op, tensors, options, output))
            self._places[id(output.data)] = len(self.steps)
        return output


def shapes_of(first: Recording, second: Recording) -> list[Shape]:
    """The shape of the batch and of what each step made; None where it differs between two recordings of one network.

    Raises ValueError where the recordings differ in anything else: the network cannot be written down as a list of ops.
    """
    for step, other in zip(first.steps, second.steps, strict=False):
        _need_alike(first, second, step, other)
    if len(first.steps) != len(second.steps):
        steps = max(first.steps, second.steps, key=len)
        raise _depends(steps[min(len(first.steps), len(second.steps))])
    outputs = [list(tensors_in(recording.output)) for recording in (first, second)]
    if len(outputs[0]) != len(outputs[1]):
        raise ValueError("the network returns more or fewer Tensors for another batch")
    for tensor, other in zip(*outputs, strict=True):
        if first.place(tensor) != second.place(other) or (first.place(tensor) is None and not _same(tensor, other)):
            raise ValueError(
                "what the network returns was not computed by ops of minimix alone: NumPy's functions on x.data leave no trace"
            )
    made = [(first.batch, second.batch)]
    made += [(step.output.data, other.output.data) for step, other in zip(first.steps, second.steps, strict=True)]
    return [tuple(n if n == m else None for n, m in zip(a.shape, b.shape, strict=True)) for a, b in made]


def _need_alike(first: Recording, second: Recording, step: Step, other: Step) -> None:
    if step.op is not other.op or len(step.inputs) != len(other.inputs) or step.output.ndim != other.output.ndim:
        raise _depends(step)
    free = {"shape"} if step.op in (RESHAPE, EXPAND) else set()
    if any(not _same(step.options[name], other.options[name]) for name in step.options.keys() - free):
        raise _depends(step)
    for tensor, twin in zip(step.inputs, other.inputs, strict=True):
        place = first.place(tensor)
        if place != second.place(twin) or (place is None and not _same(tensor, twin)):
            raise _depends(step)


def _depends(step: Step) -> ValueError:
    return ValueError(
        f"{step} is given something else for another batch: a number that depends on how many pictures there are (batch=1 "
        "writes the network for one), or one that was computed from them outside minimix's ops, such as a comparison, or "
        "NumPy's functions on x.data, which leave no trace: use minimix.functional"
    )


def _same(a, b) -> bool:
    """Whether two constants are equal; also in the options of an op: numbers, tuples, slices, arrays."""
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return _same(a.data, b.data)
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a is b or (a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(map(_same, a, b))
    return type(a) is type(b) and bool(a == b)
