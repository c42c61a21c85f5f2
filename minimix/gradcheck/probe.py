"""The function under test, made callable at any point, and its tape.

Nothing here writes into memory that the caller owns. The caller's Tensor objects are lent other arrays for the length of a
call and get everything back afterwards. Because they are the same objects, a function that reaches them through a closure
(a module and its parameters) is checked just as well as one that only uses its arguments.
"""

import contextlib

import numpy as np

from minimix.tensor import Tensor, backpropagate, no_grad


def same_strides(array: np.ndarray) -> np.ndarray:
    """A copy with the strides of ``array``, overlaps and holes included, and NaN (all bits set) in the holes.

    An op that assumes a dense array reads the holes, and its NaNs give it away.
    """
    reach = [(length - 1) * stride for length, stride in zip(array.shape, array.strides, strict=True)]
    start = -sum(r for r in reach if r < 0)
    extent = start + sum(r for r in reach if r > 0) + array.itemsize
    if array.size == 0 or extent > 8 * array.nbytes + 2**20:  # a small window on something huge
        return np.array(array, order="K")
    memory = np.full(extent, 255, np.uint8)
    copy = np.ndarray(array.shape, array.dtype, memory, start, array.strides)
    copy[...] = array
    return copy


def flatten(arrays) -> np.ndarray:
    """One new vector out of several arrays, each in C order whatever its memory order is."""
    return np.concatenate([np.asarray(a).reshape(-1) for a in arrays])


def index_of(position: int, shape: tuple) -> tuple:
    return tuple(int(i) for i in np.unravel_index(position, shape))


def output_at(shapes, position: int) -> tuple:
    """(number of the output, index in it) of a position in the flat vector of all outputs."""
    for number, shape in enumerate(shapes):
        size = int(np.prod(shape))
        if position < size:
            return number, index_of(position, shape)
        position -= size
    raise IndexError(position)


class Probe:
    """A function of Tensors together with the point where it is checked.

    func: takes ``inputs``, returns a Tensor or a tuple of Tensors.
    inputs: Tensors (or anything else, which is passed on as it is).
    names: how to call the inputs in reports.
    """

    def __init__(self, func, inputs, names=None):
        inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
        self.func, self.inputs = func, inputs
        names = (
            list(names)
            if names is not None
            else [t.name or f"input {k}" if isinstance(t, Tensor) else "" for k, t in enumerate(inputs)]
        )
        unique = {id(t): (t, name) for t, name in reversed(list(zip(inputs, names, strict=True))) if isinstance(t, Tensor)}
        self.tensors = [t for t, _ in reversed(unique.values())]  # a Tensor that is passed twice is one variable
        self.names = [name for _, name in reversed(unique.values())]
        self.points = [np.array(t.data, order="K") for t in self.tensors]
        self.checked = [k for k, t in enumerate(self.tensors) if t.requires_grad]
        self.kept = []  # which outputs are differentiated; set by the first record()
        self.closure = []  # float64 Tensors that the function uses without being given them; set by record()
        self._lends = False  # whether those must be complex where the inputs are

    def dense(self) -> list[np.ndarray]:
        """The point, in fresh arrays without holes that keep the inputs' memory order."""
        return [np.array(p, order="K") for p in self.points]

    def strided(self) -> list[np.ndarray]:
        """The point, in fresh arrays with exactly the inputs' strides."""
        return [same_strides(t.data) for t in self.tensors]

    @contextlib.contextmanager
    def at(self, arrays):
        """While it lasts, the Tensors hold ``arrays`` and are leaves without a gradient."""
        before = self._lend(arrays)
        try:
            yield
        finally:
            self._take_back(before)

    def _lend(self, arrays) -> list[tuple]:
        before = [(t.data, t.grad, t.node) for t in self.tensors]
        for t, array in zip(self.tensors, arrays, strict=True):
            t.data, t.grad, t.node = array, None, None
        return before

    def _take_back(self, before: list[tuple]) -> None:
        for t, state in zip(self.tensors, before, strict=True):
            t.data, t.grad, t.node = state

    def call(self) -> tuple:
        """Those outputs that are Tensors. Others (places from an argmax, numbers for a log) have no gradient."""
        result = self.func(*self.inputs)
        if isinstance(result, Tensor):
            return (result,)
        outputs = tuple(result) if isinstance(result, (tuple, list)) else (result,)
        for position, output in enumerate(outputs):
            parts = output.values() if isinstance(output, dict) else output if isinstance(output, (tuple, list)) else ()
            if any(isinstance(part, Tensor) for part in parts):
                raise TypeError(
                    f"gradcheck: output {position} of the function is a {type(output).__name__} with Tensors in it: return a "
                    "Tensor, or a flat tuple of Tensors"
                )
        tensors = tuple(output for output in outputs if isinstance(output, Tensor))
        if not tensors:
            found = ", ".join(type(output).__name__ for output in outputs) or "nothing"
            raise TypeError(f"gradcheck needs a function that returns a Tensor or a tuple of Tensors, but this returns {found}")
        return tensors

    def values(self, arrays) -> np.ndarray:
        """All differentiated outputs at ``arrays``, as one new vector."""
        before = self._lend(arrays)
        try:
            with no_grad():
                outputs = self._call_complex() if any(a.dtype.kind == "c" for a in arrays) else self.call()
                return flatten([outputs[k].data for k in self.kept])
        finally:
            self._take_back(before)

    def _call_complex(self) -> tuple:
        """``call`` with complex inputs. Ops that mix no dtypes want a closure's Tensors (a layer's weights) complex, too."""
        if not self._lends:
            try:
                return self.call()
            except (TypeError, ValueError, RuntimeError):
                if not self.closure:
                    raise
        before = [t.data for t in self.closure]
        try:
            for t in self.closure:
                t.data = t.data.astype(complex)
            outputs = self.call()
            self._lends = True
            return outputs
        finally:
            for t, data in zip(self.closure, before, strict=True):
                t.data = data

    @contextlib.contextmanager
    def record(self, arrays, watch=None):
        """Run forward at ``arrays``, within the context manager ``watch``, and give its Tape."""
        with self.at(arrays):
            with watch or contextlib.nullcontext():
                outputs = self.call()
            # As torch does, leave out what is not differentiable; but where nothing is, a gradient may have got lost.
            real = [k for k, o in enumerate(outputs) if o.dtype.kind in "fc"]
            self.kept = [k for k in real if outputs[k].requires_grad] or real
            tape = Tape(self, [outputs[k] for k in self.kept])
            strangers = [t for t in tape.leaves() if not any(t is mine for mine in self.tensors)]
            self.closure = [t for t in strangers if t.dtype == np.float64]
            gradients = [t.grad for t in strangers]
            try:
                yield tape
            finally:
                for t, gradient in zip(strangers, gradients, strict=True):  # not ours to leave gradients in
                    t.grad = gradient


class Tape:
    """One recorded forward pass, to be walked backward as often as wanted (while its ``record`` block lasts)."""

    def __init__(self, probe: Probe, outputs: list[Tensor]):
        self.probe, self.outputs = probe, outputs
        self.shapes = [o.shape for o in outputs]
        self.size = sum(o.size for o in outputs)

    def cotangents(self, vector: np.ndarray) -> list[np.ndarray]:
        """A flat vector cut into arrays of the outputs' shapes and memory orders."""
        pieces, start = [], 0
        for output in self.outputs:
            piece = np.empty_like(output.data)
            piece[...] = vector[start : start + output.size].reshape(output.shape)
            pieces.append(piece)
            start += output.size
        return pieces

    def pull(self, vector: np.ndarray) -> list[np.ndarray]:
        """Transposed Jacobian times ``vector``: one gradient for each checked input, zeros where none arrived.

        They are copies: what an op returned may be memory that it writes into again.
        """
        tensors = [self.probe.tensors[k] for k in self.probe.checked]
        for t in tensors:
            t.grad = None
        pieces = self.cotangents(vector)
        backpropagate([(o, g) for o, g in zip(self.outputs, pieces, strict=True) if o.requires_grad], retain_graph=True)
        return [np.zeros_like(t.data) if t.grad is None else np.array(t.grad, order="K") for t in tensors]

    def nodes(self) -> list:
        """Every op that was recorded, each once."""
        found, waiting = {}, [o.node for o in self.outputs]
        while waiting:
            node = waiting.pop()
            if node is not None and id(node) not in found:
                found[id(node)] = node
                waiting.extend(t.node for t in node.inputs)
        return list(found.values())

    def leaves(self) -> list[Tensor]:
        """The Tensors that no op made, each once."""
        return list({id(t): t for node in self.nodes() for t in node.inputs if t.node is None}.values())
