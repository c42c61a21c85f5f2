"""Tensor and the tape: run ops forward, remember them, and walk them backward.

Every op that runs on a Tensor leaves a Node behind: its inputs, and what its backward pass needs. ``backward`` visits the
nodes from the youngest to the oldest. That order is the whole trick: a node may pass its gradient on only when it holds
*all* of it, so every use of its output must have come first. With ``b = a + a; c = b + b`` a walk that simply follows the
edges would visit ``b`` twice, the first time with half of its gradient. A use is always younger than what it uses, so age
sorts the graph, and no recursion is needed however deep it is.
"""

import contextlib
import copy
import heapq
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minimix import changes, op_times
from minimix.kernels import memory
from minimix.ops import contract
from minimix.ops.op import Op
from minimix.recording import enable_grad as enable_grad
from minimix.recording import is_grad_enabled as is_grad_enabled  # they belong to what a Tensor needs
from minimix.recording import no_grad as no_grad
from minimix.sizes import Size

_state = threading.local()  # of ``instead``


@contextlib.contextmanager
def instead(run: Callable[..., "Tensor"] | None) -> Iterator[None]:
    """Within it no op runs in this Python thread: ``run(op, tensors, options)`` is called for each, and returns its Tensor.

    None: ops run again, in the midst of another ``instead``.
    """
    before = getattr(_state, "instead", None)
    _state.instead = run
    try:
        yield
    finally:
        _state.instead = before


class Node:
    """One op that ran: what it was given (``inputs``), what its backward needs (``saved``), and its age."""

    __slots__ = ("age", "flops", "freed", "inputs", "needed", "op", "output_dtype", "output_shape", "saved")

    def __init__(self, op: Op, inputs: tuple["Tensor", ...], saved: Any, output: np.ndarray, flops: int | None = None) -> None:
        self.age: int = changes.tick()
        self.op: Op = op
        self.inputs: tuple[Tensor, ...] = inputs
        self.needed: tuple[bool, ...] = tuple([t.requires_grad for t in inputs])
        self.saved = saved
        self.output_shape: tuple[int, ...] = output.shape
        self.output_dtype: np.dtype = output.dtype
        self.flops: int | None = flops  # of forward; each gradient costs about as much again
        self.freed: bool = False

    def backward(self, gradient: np.ndarray) -> tuple[np.ndarray | None, ...]:
        """Gradients of the inputs, None for those that nobody wants."""
        if self.freed:
            raise RuntimeError(
                f"backward through {self.op.name} a second time: its saved arrays were freed by the first. "
                "Pass retain_graph=True to the first backward(), or run the forward pass again."
            )
        if self.age < changes.latest:
            changes.refuse(self)
        with op_times.timed(self.op, "backward") as record:
            extra = (self.needed,) if self.op.selective else ()
            gradients = self.op.backward(gradient, self.saved, *extra)
            record(gradient.shape, self.flops and self.flops * sum(self.needed[:2]))
        if type(gradients) is not tuple or len(gradients) != len(self.inputs):
            contract.check_backward(self.op, gradients, len(self.inputs))
        for i, (tensor, found) in enumerate(zip(self.inputs, gradients, strict=True)):
            if found is not None and (type(found) is not np.ndarray or found.shape != tensor.data.shape):
                contract.check_gradient(self.op, i, found, tensor.data.shape)
        return gradients

    def free(self) -> None:
        self.saved, self.inputs, self.freed = None, (), True


class Tensor:
    """An n-dimensional array that remembers how it was computed.

    data: anything that ``np.asarray`` takes. Python numbers and lists become float32, as in PyTorch; arrays keep their dtype,
        and are not copied, unless their bytes are in another order than this machine's. What is written into one between
        forward and backward changes the gradients; only writers that tell (optimisers, ``EMA``, ``load_state_dict``,
        ``w -= ...`` under ``no_grad``; see ``minimix/changes.py``) are noticed.
    requires_grad: whether ``backward`` shall leave a gradient in ``.grad``. Only floating-point (and complex) data can.

    Attributes: ``data`` and ``grad`` (ndarrays of one shape; ``grad`` is None until a backward pass adds to it), ``shape``,
    ``dtype``, ``ndim``, ``size``.

    Operators (+ - * / ** @, comparisons, indexing) and methods (sum, exp, reshape, ...) come from ``minimix/functional``, which
    attaches them in ``functional/methods.py``.

    >>> import minimix as mm
    >>> x = mm.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    array([2., 4., 6.], dtype=float32)
    """

    __slots__ = {  # and what ``help`` says of them
        "__weakref__": None,
        "_keep_grad": None,
        "data": "The numbers, an ndarray.",
        "grad": "What backward passes added up, an ndarray of the shape of ``data``; None before the first.",
        "name": "What graphs call it.",
        "node": "The op that made it, as the tape remembers it; None for a leaf.",
        "requires_grad": "Whether backward passes leave a gradient here.",
    }
    __array_priority__ = 1000  # ndarray + Tensor goes to Tensor.__radd__ ...
    __array_ufunc__ = None  # ... as a whole, not element by element

    def __init__(self, data: Any, requires_grad: bool = False, name: str | None = None) -> None:
        if isinstance(data, Tensor):
            data = data.data
        array = np.asarray(data)
        if array.dtype == np.float64 and not isinstance(data, (np.ndarray, np.generic)):
            array = array.astype(np.float32)  # Python numbers carry no precision of their own
        if array.dtype.kind not in "biufc":
            raise TypeError(
                f"a Tensor holds numbers, not {array.dtype} from a {type(data).__name__}: convert to float or int, check that "
                "nested lists are rectangular"
            )
        if not array.dtype.isnative:  # a file's order of bytes, such as >f4
            array = array.astype(array.dtype.newbyteorder("="))
        if requires_grad and array.dtype.kind not in "fc":
            raise TypeError(
                f"only floating-point Tensors can require gradients, not {array.dtype}: use data.astype(np.float32)"
            )
        self.data: np.ndarray = array
        self.grad: np.ndarray | Any = None  # an array or None; "Any" spares a check for None before every use
        self.requires_grad: bool = bool(requires_grad)
        self.node: Node | None = None
        self.name: str | None = name
        self._keep_grad: bool = False

    # -- what it is ---------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.data.shape

    @property
    def dtype(self) -> np.dtype:
        """The type of its numbers."""
        return self.data.dtype

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return self.data.ndim

    @property
    def size(self) -> Size:
        """How many numbers it holds. Called, as in PyTorch, it gives the shape: ``x.size()``, ``x.size(0)``."""
        return Size(self.data.shape)

    @property
    def is_leaf(self) -> bool:
        """True where no recorded op made it: inputs, parameters, constants."""
        return self.node is None

    def item(self) -> float:
        """The one number in it. Raises ValueError where there are more, or none."""
        if self.size != 1:
            raise ValueError(f"a Tensor of shape {self.shape} is not one number: index it, or take its sum() or mean() first")
        return self.data.item()

    def numpy(self) -> np.ndarray:
        """The array itself, not a copy."""
        return self.data

    def detach(self) -> "Tensor":
        """The same data, cut off from the graph."""
        return Tensor(self.data)

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len() of a 0-d Tensor: it has no axes")
        return len(self.data)

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(f"whether a Tensor of shape {self.shape} is true is not clear: use (x != 0).any() or .all()")
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self.size != 1 or self.dtype.kind not in "biu":
            raise TypeError(f"only a Tensor of a single whole number is an index, not one of shape {self.shape}, {self.dtype}")
        return int(self.item())

    def __round__(self, digits: int | None = None) -> float:
        return round(self.item(), digits)

    def __format__(self, spec: str) -> str:
        """``f"{loss:.3f}"``: a 0-d Tensor is written as its number is. Others have no format but their ``repr``."""
        if self.ndim == 0:
            return format(self.item(), spec)
        if spec:
            raise TypeError(
                f"{spec!r} cannot format a Tensor of shape {self.shape}, only one of shape (): use .item(), or .data"
            )
        return str(self)

    def __repr__(self) -> str:
        body = np.array2string(self.data, separator=", ", prefix="Tensor(", threshold=200)
        dtype = "" if self.dtype == np.float32 else f", dtype={self.dtype}"
        made = f", op={self.node.op.name}" if self.node is not None else ", requires_grad=True" if self.requires_grad else ""
        return f"Tensor({body}{dtype}{made})"

    # -- copies -------------------------------------------------------------------------------------------------------

    def __deepcopy__(self, memo: dict) -> "Tensor":
        """Arrays of its own, ``grad`` too. Raises RuntimeError where an op made it: its graph cannot be copied with it."""
        if self.node is not None:
            raise RuntimeError(
                f"deepcopy of a Tensor that {self.node.op.name} made, with a graph behind it: only leaves (inputs, parameters) "
                "can be copied deeply. Copy x.detach(); in a module, do not keep outputs as attributes, or detach() them"
            )
        other = memo[id(self)] = type(self).__new__(type(self))
        other.__setstate__(copy.deepcopy(self.__getstate__(), memo))
        return other

    def __getstate__(self) -> dict:
        """For ``pickle`` and ``copy.copy``: everything but the graph, so that what comes out is a leaf, as in PyTorch."""
        state = {name: getattr(self, name) for name in ("data", "grad", "requires_grad", "name")}
        return state | getattr(self, "__dict__", {})  # of subclasses

    def __setstate__(self, state: dict) -> None:
        self.node, self._keep_grad = None, False
        for name, value in state.items():
            setattr(self, name, value)

    # -- the backward pass --------------------------------------------------------------------------------------------

    def retain_grad(self) -> "Tensor":
        """Keep ``.grad`` here too, although an op made this Tensor."""
        self._keep_grad = True
        return self

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.grad = None

    def backward(self, gradient: Any = None, retain_graph: bool = False) -> None:
        """Add d(self)/d(leaf), weighted by ``gradient``, to ``.grad`` of every leaf that requires it.

        gradient: array of this Tensor's shape; may be left out where it holds a single number (then 1).
        retain_graph: keep what the ops saved, so that backward can run again. Without it, everything is freed as soon as it
            has been used.

        Raises RuntimeError where nothing requires gradients, ``gradient`` is missing or misshapen, the graph was freed, or an
        array that a gradient is made from has been written into since (see ``minimix/changes.py``).
        """
        if not self.requires_grad:
            raise RuntimeError(
                "backward() on a Tensor that does not require gradients: no input had requires_grad=True, "
                "or it was computed under no_grad()"
            )
        backpropagate([(self, _seed(self, gradient))], retain_graph)


def _seed(tensor: Tensor, gradient: Any) -> np.ndarray:
    if gradient is None:
        if tensor.size != 1:
            raise RuntimeError(
                f"backward() without a gradient needs a single number, not shape {tensor.shape}: "
                "call .sum() or .mean() first, or pass gradient="
            )
        return np.ones(tensor.shape, tensor.dtype)
    array = gradient.data if isinstance(gradient, Tensor) else np.asarray(gradient)
    if array.shape != tensor.shape:
        raise RuntimeError(f"gradient has shape {array.shape}, but the Tensor has shape {tensor.shape}: they must be equal")
    return array.astype(tensor.dtype, copy=False)


def backpropagate(seeds: "list[tuple[Tensor, np.ndarray]]", retain_graph: bool = False) -> None:
    """Run the backward pass from several (Tensor, gradient) pairs at once. ``Tensor.backward`` is the usual way in."""
    pending: dict[Node, np.ndarray] = {}  # gradient of a node's output, as far as it is known
    queue: list = []  # nodes waiting, youngest first
    owned: set[int] = set()  # pending arrays made here: they may be added to in place

    def send(tensor: Tensor, gradient: np.ndarray, alone: bool) -> None:
        """alone: nobody else has the memory of ``gradient``."""
        node = tensor.node
        if node is None or tensor._keep_grad:
            _accumulate(tensor, gradient, alone and node is None and _writable(gradient))
        if node is None:
            return
        if node not in pending:
            pending[node] = gradient
            heapq.heappush(queue, (-node.age, node))
        elif id(node) in owned:
            pending[node] += gradient
        else:  # the first gradient may be shared with other inputs of the same op: do not write into it
            first = pending[node]
            pending[node] = np.add(first, gradient, out=memory.empty_like(first))
            owned.add(id(node))

    for tensor, gradient in seeds:
        send(tensor, gradient, False)
    with np.errstate(all="ignore"):  # as in PyTorch, infinities and NaNs are results, not warnings
        while queue:
            _, node = heapq.heappop(queue)
            incoming = pending.pop(node)
            gradients = node.backward(incoming)
            owned.discard(id(node))
            inputs, needed = node.inputs, node.needed
            if not retain_graph:
                node.free()
            once, shared = set(), {changes.owner(incoming)}
            owners = [gradient if gradient is None else changes.owner(gradient) for gradient in gradients]
            for owner in owners:
                (shared if owner in once else once).add(owner)
            for tensor, wanted, gradient, owner in zip(inputs, needed, gradients, owners, strict=True):
                if wanted and gradient is not None:
                    send(tensor, gradient, owner not in shared)
            del gradients, gradient, incoming, inputs, tensor  # the next node may need the memory


def _writable(gradient: np.ndarray) -> bool:
    return gradient.flags.writeable and 0 not in gradient.strides


def _accumulate(tensor: Tensor, gradient: np.ndarray, fresh: bool) -> None:
    """tensor.grad += gradient, in an array of its own."""
    if tensor.grad is None:
        dtype = tensor.data.dtype
        tensor.grad = gradient if fresh and gradient.dtype == dtype else gradient.astype(dtype, order="K")
    else:
        tensor.grad = np.asarray(tensor.grad + gradient)


def apply(op: Op, *inputs: Any, **options: Any) -> Tensor:
    """Run ``op`` on Tensors (or anything that makes one), and remember it where a gradient may be asked for.

    Outputs that are not floating-point (or complex) have no gradient: they require none. Raises TypeError where ``op`` is not
    an Op, or its forward does not return (output, saved).
    """
    if not isinstance(op, Op):
        raise TypeError(f"apply(op, *inputs) takes a minimix.Op(name, forward, backward) first, not a {type(op).__name__}")
    tensors = tuple([x if isinstance(x, Tensor) else Tensor(x) for x in inputs])
    run = getattr(_state, "instead", None)
    if run is not None:
        return run(op, tensors, options)
    # as in PyTorch, infinities and NaNs are results, not warnings
    with op_times.timed(op, "forward") as record, np.errstate(all="ignore"):
        result = op.forward(*[t.data for t in tensors], **options)
        if type(result) is not tuple or len(result) != 2 or type(result[0]) is not np.ndarray:
            contract.check_forward(op, result)
        output, saved = result
        flops = op.flops(output, saved) if op.flops and op_times.enabled() else None
        record(output.shape, flops)
    tensor = Tensor(output)
    if is_grad_enabled() and any(t.requires_grad for t in tensors) and tensor.dtype.kind in "fc":
        tensor.requires_grad = True
        tensor.node = Node(op, tensors, saved, output, flops)
    return tensor
