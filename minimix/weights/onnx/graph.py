"""A graph of ONNX nodes while it grows: what is called what, in which module, with which constants."""

from typing import Any, NamedTuple

import numpy as np

from minimix.weights.onnx.recording import Shape


class Value(NamedTuple):
    """An array of the network: its name in the graph, its shape (None: as long as the batch), and what it was when the network
    was recorded. fixed: a constant, which is always that."""

    name: str
    shape: Shape
    array: np.ndarray
    fixed: bool = False

    @property
    def dtype(self) -> np.dtype:
        return self.array.dtype


class Graph:
    """Nodes and constants, and what each form (``forms``) needs to know of the op that it writes.

    opset: the version of ONNX's operators. names: {id(array): name} of the network's parameters and buffers.
    layer: the module that is being written, by which its nodes are called. out: the ``Value`` that the op made, with no name.
    batch: the ``Value`` of the network's input.
    """

    def __init__(self, opset: int, names: dict[int, str], batch: Value) -> None:
        self.opset, self.batch, self.out = opset, batch, batch
        self.layer = ""
        self.nodes: list[tuple[str, list[str], list[str], dict[str, Any]]] = []  # kind, inputs, outputs, attributes
        self.constants: dict[str, np.ndarray] = {}
        self._names = names
        self._constants: dict[tuple, str] = {}  # (dtype, shape, bytes) of small ones, which many nodes have in common
        self._taken = {batch.name, *names.values()}

    def add(self, kind: str, *inputs: Value | str | np.ndarray | None, **attributes: Any) -> str:
        """A node ``kind``, ONNX's word; the name of its output. Arrays become constants; None leaves an input out."""
        return self.several(kind, 1, *inputs, **attributes)[0]

    def several(self, kind: str, outputs: int, *inputs: Value | str | np.ndarray | None, **attributes: Any) -> list[str]:
        """The same with several outputs."""
        made = [self.fresh(f"{self.layer}/{kind}") for _ in range(outputs)]
        self.nodes.append((kind, [self._name(given) for given in inputs], made, attributes))
        return made

    def constant(self, array: np.ndarray) -> str:
        """The name of a constant: the parameter's or buffer's that it is, or one by its layer."""
        known = self._names.get(id(array))
        if known not in (None, self.batch.name):  # a parameter may be called as the input is: then it gets another name
            self.constants[known] = array
            return known
        key = (array.dtype, array.shape, array.tobytes()) if array.size <= 64 else (id(array),)
        if key not in self._constants:
            name = self.fresh(f"{self.layer}/constant")
            self._constants[key] = name
            self.constants[name] = array  # which also keeps id(array) from being given to another
        return self._constants[key]

    def fresh(self, name: str) -> str:
        """``name``, or with a number behind it where that is taken."""
        found, number = name, 1
        while found in self._taken:
            found, number = f"{name}_{number}", number + 1
        self._taken.add(found)
        return found

    def _name(self, given: Value | str | np.ndarray | None) -> str:
        if given is None:
            return ""
        return given.name if isinstance(given, Value) else given if isinstance(given, str) else self.constant(given)


def whole(*numbers: int) -> np.ndarray:
    """Whole numbers as ONNX takes them: shapes, axes, lengths.

    >>> whole(1, -1)
    array([ 1, -1])
    """
    return np.array(numbers, np.int64)


def like(value: Value, number: float) -> np.ndarray:
    """A number in the dtype of ``value``."""
    return np.array(number, value.dtype)
