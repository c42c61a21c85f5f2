"""Watching one op's backward pass, so that a broken rule is told of the op that broke it.

An op may change nothing that it is given or that forward saved, and what it returns is new memory or (a view of) the gradient
it was given. Otherwise a gradient that lies in somebody's ``.grad`` changes later, or is changed there and spoils what was
saved. Whether memory is shared does not depend on the numbers: it is seen where a wrong result is not, yet.
"""

import math
import types

import numpy as np

from minimix import changes
from minimix.gradcheck.causes import Cause
from minimix.tensor import Tensor, apply, instead


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return bool((a == b).all()) or (a.dtype.kind in "fc" and np.array_equal(a, b, equal_nan=True))


def shared(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays have memory in common. Where that is too hard to tell, yes."""
    if not np.may_share_memory(a, b):
        return False
    try:
        return np.shares_memory(a, b, max_work=1000)
    except RuntimeError:  # NumPy's TooHardError
        return True


def peak(array: np.ndarray) -> float:
    """The largest finite number, without its sign."""
    top = float(np.abs(array).max(initial=0))
    return top if math.isfinite(top) else float(np.max(np.abs(array), initial=0, where=np.isfinite(array)))


_OPAQUE = (types.ModuleType, types.FunctionType, type, np.random.Generator)


def arrays_in(saved, seen: set[int] | None = None) -> list[np.ndarray]:
    """All arrays in what an op saved: in tuples, lists, dicts and attributes of objects, at any depth."""
    if isinstance(saved, np.ndarray):
        return [saved]
    seen = set() if seen is None else seen
    if id(saved) in seen:  # what holds itself
        return []
    seen.add(id(saved))
    if isinstance(saved, dict):
        parts = list(saved.values())
    elif isinstance(saved, (tuple, list)):
        parts = list(saved)
    elif hasattr(saved, "__dict__") and not isinstance(saved, _OPAQUE):
        parts = list(vars(saved).values())
    else:
        return []
    return [array for part in parts for array in arrays_in(part, seen)]


def watched(problems: list[Cause]):
    """Within it, what an op's forward writes into an input of it is noted in ``problems``."""

    def run(op, tensors: tuple, options: dict) -> Tensor:
        before = [np.array(t.data, order="K") for t in tensors]
        with instead(None):
            result = apply(op, *tensors, **options)
        for i, (array, t) in enumerate(zip(before, tensors, strict=True)):
            if not same_bits(array, t.data):
                problems.append(
                    Cause(f"{op.name}: forward changes its input {i}: work on a copy, not in place", "changes input")
                )
        return result

    return instead(run)


class Returned:
    """What the ops of a tape returned so far, kept alive: memory that comes back a second time is then no chance."""

    def __init__(self):
        self._by_owner: dict[int, list] = {}

    def __contains__(self, array: np.ndarray) -> bool:
        return any(shared(array, other) for other in self._by_owner.get(changes.owner(array), ()))

    def add(self, array: np.ndarray) -> None:
        self._by_owner.setdefault(changes.owner(array), []).append(array)


class Spy:
    """Stands before one op's backward while a tape is walked, and notes in ``problems`` what no op may do.

    handed: a gradient that came, for its shape and memory order; None before the first call.
    peak: the largest number that it returned.
    """

    def __init__(self, node, problems: list[Cause], returned: Returned):
        self.node, self.op, self.problems, self.returned = node, node.op, problems, returned
        self.handed: np.ndarray | None = None
        self.peak = 0.0
        node.op = self.op._replace(backward=self.backward)

    def tell(self, text: str, *claims: str) -> None:
        self.problems.append(Cause(f"{self.op.name}: {text}", *claims))

    def plain(self, gradient: np.ndarray) -> tuple:
        """The gradients themselves, unwatched."""
        with np.errstate(all="ignore"):
            return self.op.backward(gradient, self.node.saved, *((self.node.needed,) if self.op.selective else ()))

    def backward(self, gradient, saved, *needed):
        if self.handed is None:
            results = self._first(gradient, saved, *needed)
        else:
            results = self.op.backward(gradient, saved, *needed)
        self.look_at(results, gradient)
        return results

    def _first(self, gradient, saved, *needed):
        """Run backward, and compare all that it can reach with what it was before."""
        self.handed = handed = np.array(gradient, order="K")
        inputs = [t.data for t in self.node.inputs]
        kept = arrays_in(saved)
        copies = {id(array): np.array(array, order="K") for array in (*inputs, *kept)}
        results = self.op.backward(gradient, saved, *needed)
        written = [array for array in (*inputs, *kept) if not same_bits(copies[id(array)], array)]
        if not same_bits(handed, gradient):
            self.tell("backward changes the gradient that it is given; other ops may use the same array", "changes gradient")
        self._tell_of_writing(inputs, kept, written)
        if [id(array) for array in arrays_in(saved)] != [id(array) for array in kept]:
            self.tell("backward puts other arrays in the place of those that forward saved", "changes saved")
        return results

    def look_at(self, results, gradient: np.ndarray) -> None:
        """Whether what backward returned for ``gradient`` has the right dtypes and is nobody else's memory."""
        if not isinstance(results, tuple) or len(results) != len(self.node.inputs):
            return  # the tape refuses that
        inputs, kept = [t.data for t in self.node.inputs], arrays_in(self.node.saved)
        for position, (result, array, wanted) in enumerate(zip(results, inputs, self.node.needed, strict=True)):
            if wanted and isinstance(result, (np.ndarray, np.generic)) and result.shape == array.shape:
                self._look_at_one(position, result, gradient, inputs, kept)
        for result in results:  # after all were looked at: two inputs may share one gradient
            if isinstance(result, np.ndarray) and result.flags.writeable:
                self.returned.add(result)

    def _tell_of_writing(self, inputs: list, kept: list, written: list) -> None:
        numbers = [i for i, array in enumerate(inputs) if any(array is w for w in written)]
        saved = [array for array in kept if any(array is w for w in written)]
        own = [array for array in saved if not any(shared(array, x) for x in inputs)]
        if own:
            self.tell(
                f"backward writes into what forward saved (an array of shape {own[0].shape}): work on a copy", "changes saved"
            )
        for i in numbers:
            if any(shared(array, inputs[i]) for array in saved):
                self.tell(
                    f"backward writes into what forward saved, which is the memory of its input {i}: work on a copy",
                    *("changes saved", "changes input"),
                )
            else:
                self.tell(f"backward changes an input of forward (input {i}): work on a copy", "changes input")

    def _look_at_one(self, position: int, result, gradient, inputs: list, kept: list) -> None:
        self.peak = max(self.peak, peak(result))
        dtype = inputs[position].dtype
        if result.dtype != dtype:
            self.tell(
                f"gradient {position} is {result.dtype}, but its input is {dtype}",
                *(("dtype", "state") if result.dtype.kind == "c" else ("dtype",)),  # complex numbers of an earlier call
            )
        # The tape never writes into what is read-only, and keeps a copy of it.
        if not isinstance(result, np.ndarray) or not result.flags.writeable or shared(result, gradient):
            return
        sources = [i for i, x in enumerate(inputs) if shared(result, x)]
        if sources:
            whose = f"the memory of its input {sources[0]}"
        elif any(shared(result, array) for array in kept):
            whose = "an array that forward saved"
        elif result in self.returned:
            whose = "the same memory in two calls"
        else:
            return
        self.tell(f"backward returns {whose} (gradient {position}): return a new array", "aliased")
