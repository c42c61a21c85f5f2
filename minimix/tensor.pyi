# Written by docs/stubs.py, from tensor.py and the functions of minimix/functional: change those, and run it.
# __array__ is left out: with it, NumPy's types would take array * Tensor for an array. So are
# __getattr__ and __setitem__, which only raise.

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from minimix.functional.methods import Operand
from minimix.functional.reduce import Axis
from minimix.ops.op import Op
from minimix.recording import enable_grad as enable_grad
from minimix.recording import is_grad_enabled as is_grad_enabled
from minimix.recording import no_grad as no_grad
from minimix.sizes import Size
from typing import Any
import builtins
import contextlib
import numpy as np


@contextlib.contextmanager
def instead(run: Callable[..., Tensor] | None) -> Iterator[None]:
    """Within it no op runs in this Python thread: ``run(op, tensors, options)`` is called for each, and returns its Tensor.

    None: ops run again, in the midst of another ``instead``.
    """


class Node:
    """One op that ran: what it was given (``inputs``), what its backward needs (``saved``), and its age."""

    age: int
    op: Op
    inputs: tuple[Tensor, ...]
    needed: tuple[bool, ...]
    output_shape: tuple[int, ...]
    output_dtype: np.dtype
    flops: int | None
    freed: bool

    def __init__(self, op: Op, inputs: tuple[Tensor, ...], saved: Any, output: np.ndarray, flops: int | None=None) -> None:
        ...

    def backward(self, gradient: np.ndarray) -> tuple[np.ndarray | None, ...]:
        """Gradients of the inputs, None for those that nobody wants."""

    def free(self) -> None:
        ...


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

    data: np.ndarray
    grad: np.ndarray | Any
    requires_grad: bool
    node: Node | None
    name: str | None
    _keep_grad: bool

    def __init__(self, data: Any, requires_grad: bool=False, name: str | None=None) -> None:
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""

    @property
    def dtype(self) -> np.dtype:
        """The type of its numbers."""

    @property
    def ndim(self) -> int:
        """How many axes it has."""

    @property
    def size(self) -> Size:
        """How many numbers it holds. Called, as in PyTorch, it gives the shape: ``x.size()``, ``x.size(0)``."""

    @property
    def is_leaf(self) -> bool:
        """True where no recorded op made it: inputs, parameters, constants."""

    def item(self) -> builtins.float:
        """The one number in it. Raises ValueError where there are more, or none."""

    def numpy(self) -> np.ndarray:
        """The array itself, not a copy."""

    def detach(self) -> Tensor:
        """The same data, cut off from the graph."""

    def __len__(self) -> int:
        ...

    def __bool__(self) -> bool:
        ...

    def __float__(self) -> builtins.float:
        ...

    def __int__(self) -> int:
        ...

    def __complex__(self) -> complex:
        ...

    def __index__(self) -> int:
        ...

    def __round__(self, digits: int | None=None) -> builtins.float:
        ...

    def __format__(self, spec: str) -> str:
        """``f"{loss:.3f}"``: a 0-d Tensor is written as its number is. Others have no format but their ``repr``."""

    def __repr__(self) -> str:
        ...

    def __deepcopy__(self, memo: dict) -> Tensor:
        """Arrays of its own, ``grad`` too. Raises RuntimeError where an op made it: its graph cannot be copied with it."""

    def __getstate__(self) -> dict:
        """For ``pickle`` and ``copy.copy``: everything but the graph, so that what comes out is a leaf, as in PyTorch."""

    def __setstate__(self, state: dict) -> None:
        ...

    def retain_grad(self) -> Tensor:
        """Keep ``.grad`` here too, although an op made this Tensor."""

    def zero_grad(self) -> None:
        """Forget the gradient."""

    def backward(self, gradient: Any=None, retain_graph: bool=False) -> None:
        """Add d(self)/d(leaf), weighted by ``gradient``, to ``.grad`` of every leaf that requires it.

        gradient: array of this Tensor's shape; may be left out where it holds a single number (then 1).
        retain_graph: keep what the ops saved, so that backward can run again. Without it, everything is freed as soon as it
            has been used.

        Raises RuntimeError where nothing requires gradients, ``gradient`` is missing or misshapen, the graph was freed, or an
        array that a gradient is made from has been written into since (see ``minimix/changes.py``).
        """

    def __add__(self, other: Operand) -> Tensor:
        """a + b."""

    def __radd__(self, other: Operand) -> Tensor:
        """a + b."""

    def __sub__(self, other: Operand) -> Tensor:
        """a - b."""

    def __rsub__(self, other: Operand) -> Tensor:
        """a - b."""

    def __mul__(self, other: Operand) -> Tensor:
        """a * b, element by element."""

    def __rmul__(self, other: Operand) -> Tensor:
        """a * b, element by element."""

    def __truediv__(self, other: Operand) -> Tensor:
        """a / b. Division by zero gives infinity or NaN; integers are divided as float32."""

    def __rtruediv__(self, other: Operand) -> Tensor:
        """a / b. Division by zero gives infinity or NaN; integers are divided as float32."""

    def __pow__(self, other: Operand) -> Tensor:
        """a to the power of b, each a Tensor or a number."""

    def __rpow__(self, other: Operand) -> Tensor:
        """a to the power of b, each a Tensor or a number."""

    def __matmul__(self, other: Operand) -> Tensor:
        """Matrix product of a (..., n, k) and b (..., k, m); axes in front broadcast. A 1-D ``a`` is a row, a 1-D ``b`` a column.

        Raises ValueError where the shapes do not fit, RuntimeError where the dtypes differ.
        """

    def __rmatmul__(self, other: Operand) -> Tensor:
        """Matrix product of a (..., n, k) and b (..., k, m); axes in front broadcast. A 1-D ``a`` is a row, a 1-D ``b`` a column.

        Raises ValueError where the shapes do not fit, RuntimeError where the dtypes differ.
        """

    def __iadd__(self, other: Operand) -> Tensor:
        """a + b."""

    def __isub__(self, other: Operand) -> Tensor:
        """a - b."""

    def __imul__(self, other: Operand) -> Tensor:
        """a * b, element by element."""

    def __itruediv__(self, other: Operand) -> Tensor:
        """a / b. Division by zero gives infinity or NaN; integers are divided as float32."""

    def __ipow__(self, other: Operand) -> Tensor:
        """a to the power of b, each a Tensor or a number."""

    def __eq__(self, other: object) -> np.ndarray:  # type: ignore[override]
        """Where it is so: an array of booleans, outside the graph."""

    def __ne__(self, other: object) -> np.ndarray:  # type: ignore[override]
        """Where it is so: an array of booleans, outside the graph."""

    def __lt__(self, other: Any) -> np.ndarray:
        """Where it is so: an array of booleans, outside the graph."""

    def __le__(self, other: Any) -> np.ndarray:
        """Where it is so: an array of booleans, outside the graph."""

    def __gt__(self, other: Any) -> np.ndarray:
        """Where it is so: an array of booleans, outside the graph."""

    def __ge__(self, other: Any) -> np.ndarray:
        """Where it is so: an array of booleans, outside the graph."""

    def matmul(self, b: Any) -> Tensor:
        """Matrix product of a (..., n, k) and b (..., k, m); axes in front broadcast. A 1-D ``a`` is a row, a 1-D ``b`` a column.

        Raises ValueError where the shapes do not fit, RuntimeError where the dtypes differ.
        """

    def __hash__(self) -> int:
        ...

    def __neg__(self) -> Tensor:
        """-x."""

    def __abs__(self) -> Tensor:
        """Absolute value; the gradient at 0 is 0. Refuses complex numbers, of which it is not analytic."""

    def __getitem__(self, index: Any) -> Tensor:
        """``x[index]``, with ints, slices, None, ``...``, integer arrays and boolean masks, as in NumPy.

        An element that is taken several times gets the sum of the gradients. Raises IndexError where there is no such element.
        """

    def exp(self) -> Tensor:
        """e to the power of x."""

    def log(self) -> Tensor:
        """Natural logarithm; -inf at 0, NaN below."""

    def sqrt(self) -> Tensor:
        """Square root; NaN of negative numbers."""

    def tanh(self) -> Tensor:
        """Hyperbolic tangent."""

    def abs(self) -> Tensor:
        """Absolute value; the gradient at 0 is 0. Refuses complex numbers, of which it is not analytic."""

    def pow(self, b: Any) -> Tensor:
        """a to the power of b, each a Tensor or a number."""

    def clip(self, min: builtins.float | None=None, max: builtins.float | None=None) -> Tensor:
        """Limit values to min .. max; either may be left out. At a bound itself the gradient still passes."""

    def maximum(self, b: Any) -> Tensor:
        """The larger of each pair; NaN where either is NaN. Equal pairs share the gradient."""

    def minimum(self, b: Any) -> Tensor:
        """The smaller of each pair; NaN where either is NaN. Equal pairs share the gradient."""

    def astype(self, dtype: Any) -> Tensor:
        """``x`` in another dtype, as part of the graph; whole-number dtypes end it, having no slope."""

    def relu(self) -> Tensor:
        """max(x, 0); the gradient at 0 is 0."""

    def relu6(self) -> Tensor:
        """min(max(x, 0), 6) (MobileNet); the gradient at 0 and at 6 is 0."""

    def sigmoid(self) -> Tensor:
        """1 / (1 + exp(-x)), exact at both ends."""

    def swish(self) -> Tensor:
        """x * sigmoid(x) (Ramachandran et al., arXiv 1710.05941). PyTorch calls it ``silu``; so may you."""

    def softmax(self, axis: int=-1, *, dim: int=-1) -> Tensor:
        """exp(x) / sum(exp(x)) over ``axis``: positive numbers that add up to 1."""

    def log_softmax(self, axis: int=-1, *, dim: int=-1) -> Tensor:
        """log(softmax(x)), exact where the softmax itself would round to 0."""

    def sum(self, axis: Axis=None, keepdims: bool=False, *, dim: Axis=None, keepdim: bool=False) -> Tensor:
        """Sum over ``axis``. Booleans and integers are summed as int64 (uint64 as itself)."""

    def mean(self, axis: Axis=None, keepdims: bool=False, *, dim: Axis=None, keepdim: bool=False) -> Tensor:
        """Arithmetic mean over ``axis``; NaN of nothing. Refuses integers, whose mean is none."""

    def max(self, axis: Axis=None, keepdims: bool=False, *, dim: Axis=None, keepdim: bool=False) -> Tensor:
        """Largest value over ``axis``; NaN where there is one. Only the value, not its place: ``argmax`` gives that.

        As in NumPy, that is, where PyTorch gives pairs (values, indices): ``_, places = x.max(1)`` and ``x.max(1)[1]`` raise
        TypeError. Where ``axis`` is named, the meaning is clear: ``x.max(axis=1)[1]`` is the maximum of row 1.

        Several equal largest values share the gradient evenly (the rule of ``torch.amax``).
        """

    def min(self, axis: Axis=None, keepdims: bool=False, *, dim: Axis=None, keepdim: bool=False) -> Tensor:
        """Smallest value over ``axis``, otherwise like ``max``."""

    def var(self, axis: Axis=None, *, keepdims: bool=False, correction: builtins.float=1, dim: Axis=None, keepdim: bool=False, ddof: builtins.float=1, unbiased: builtins.float=1) -> Tensor:
        """Variance over ``axis``: the mean squared deviation, with count - ``correction`` for a count.

        keepdims, correction: by name only, because what stands second is ``unbiased`` in PyTorch and ``dtype`` in NumPy.
        correction: 1 (as in PyTorch) estimates the variance of what the data was drawn from, 0 (NumPy's default) gives its own.
        """

    def std(self, axis: Axis=None, *, keepdims: bool=False, correction: builtins.float=1, dim: Axis=None, keepdim: bool=False, ddof: builtins.float=1, unbiased: builtins.float=1) -> Tensor:
        """Standard deviation over ``axis``: the square root of ``var``. Its gradient is 0 where the deviation is."""

    def argmax(self, axis: int | None=None, keepdims: bool=False, *, dim: int | None=None, keepdim: bool=False) -> np.ndarray:
        """Place of the (first) largest value: an array of whole numbers, outside the graph."""

    def reshape(self, *shape: int | Sequence[int]) -> Tensor:
        """The same elements, row by row, in another shape; one length may be -1: whatever is left."""

    def flatten(self, start_axis: int=0, end_axis: int=-1, *, start_dim: int=0, end_dim: int=-1) -> Tensor:
        """Merge the axes from ``start_axis`` to ``end_axis``, both included, into one."""

    def permute(self, *axes: int | Sequence[int], dims: int | Sequence[int]=...) -> Tensor:
        """Axis i of the output is axis ``axes[i]`` of x. Nothing is copied."""

    def transpose(self, axis0: int | Sequence[int] | None=None, axis1: int | None=None, *others: int, dim0: int | Sequence[int] | None=None, dim1: int | None=None) -> Tensor:
        """Swap two axes; all in reverse order without any; in a given order, as ``permute``, where all or a tuple are given.

        Two numbers are PyTorch's, what else is given NumPy's: ``x.transpose(0, 1)`` swaps axes. Nothing is copied.
        """

    def squeeze(self, axis: int | tuple[int, ...] | None=None, *, dim: int | tuple[int, ...] | None=None) -> Tensor:
        """Drop axes of length 1: all, or those in ``axis``. Axes of another length stay, even if named, as in PyTorch."""

    def unsqueeze(self, axis: int=..., *, dim: int=...) -> Tensor:
        """A new axis of length 1 at ``axis`` of the output."""

    def expand(self, *shape: int | Sequence[int]) -> Tensor:
        """Like ``broadcast_to``; a length of -1 leaves that axis as it is."""

    def broadcast_to(self, *shape: int | Sequence[int]) -> Tensor:
        """Repeat x to ``shape`` as broadcasting would. Nothing is copied; the gradient is summed."""

    def split(self, size_or_sizes: int | list[int] | tuple[int, ...]=..., axis: int=0, *, split_size_or_sections: int | list[int] | tuple[int, ...]=..., split_size: int | list[int] | tuple[int, ...]=..., dim: int=0) -> tuple[Tensor, ...]:
        """Cut along ``axis``: into pieces of one length (the last may be shorter), or of the lengths given."""

    def clamp(self, min: builtins.float | None=None, max: builtins.float | None=None) -> Tensor:
        """Limit values to min .. max; either may be left out. At a bound itself the gradient still passes."""

    def silu(self) -> Tensor:
        """x * sigmoid(x) (Ramachandran et al., arXiv 1710.05941). PyTorch calls it ``silu``; so may you."""

    def view(self, *shape: int | Sequence[int]) -> Tensor:
        """The same elements, row by row, in another shape; one length may be -1: whatever is left."""

    def __iter__(self) -> Iterator[Tensor]:
        """The rows, along the first axis."""

    def float(self) -> Tensor:
        """As float32."""

    def double(self) -> Tensor:
        """As float64."""

    def tolist(self) -> list[Any]:
        """Nested lists of Python numbers."""

    def dim(self) -> int:
        """How many axes it has: PyTorch's name for ``ndim``."""

    def numel(self) -> int:
        """How many numbers it holds: PyTorch's name for ``size``."""

    def requires_grad_(self, flag: bool=True) -> Tensor:
        """Ask for gradients from now on, or for none. Only of leaves. Returns self."""

    @property
    def T(self) -> Tensor:
        """All axes in reverse order."""


def backpropagate(seeds: list[tuple[Tensor, np.ndarray]], retain_graph: bool=False) -> None:
    """Run the backward pass from several (Tensor, gradient) pairs at once. ``Tensor.backward`` is the usual way in."""


def apply(op: Op, *inputs: Any, **options: Any) -> Tensor:
    """Run ``op`` on Tensors (or anything that makes one), and remember it where a gradient may be asked for.

    Outputs that are not floating-point (or complex) have no gradient: they require none. Raises TypeError where ``op`` is not
    an Op, or its forward does not return (output, saved).
    """
