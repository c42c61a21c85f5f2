"""What an op's two functions must return, and what is said where they do not.

The tape (``minimix/tensor.py``) asks a quick question of what came back, and comes here only where the answer is no. Then it is
time to look closely: NumPy's scalars and arrays of subclasses are right as well; anything else is refused with what was
expected, what came, and how to mend it.
"""

import itertools

import numpy as np


class ContractError(TypeError, RuntimeError):
    """forward or backward of an op returned what it must not. ``claims``: what that is, in the words of gradcheck's CAUSES."""

    def __init__(self, text: str, *claims: str):
        super().__init__(text)
        self.claims = claims or ("contract",)


def _what(value) -> str:
    """'a float', 'an ndarray of shape (2, 3)', 'a tuple of 3'."""
    if value is None:
        return "None"
    name = type(value).__name__
    article = "an" if name[0] in "aeioAEIO" or name == "ndarray" else "a"
    more = f" of {len(value)}" if isinstance(value, (tuple, list)) else ""
    if isinstance(value, np.ndarray):
        more = f" of shape {value.shape}"
    return f"{article} {name}{more}"


def _is_array(value) -> bool:
    return isinstance(value, (np.ndarray, np.generic))


def _as_array(value, name: str) -> str:
    """How to make an array of what is none."""
    kind = type(value).__name__
    if kind == "Tensor":
        return "ops work on arrays, not on Tensors: compute with NumPy"
    return f"write np.asarray({name})"


def check_forward(op, result) -> None:
    """Raise ContractError unless ``result`` is (output, saved), the output an array."""
    if isinstance(result, tuple) and len(result) == 2 and _is_array(result[0]):
        return
    expected = f"forward of {op.name} must return a tuple (output, saved): an array, and whatever backward needs, or None;"
    if isinstance(result, tuple) and len(result) == 2:
        output, saved = result
        mend = _as_array(output, "output")
        if _is_array(saved) and (output is None or isinstance(output, (tuple, list, dict))):
            mend = "perhaps the two are exchanged, the output comes first"
        raise ContractError(f"{expected} its output is {_what(output)}: {mend}")
    if result is None:
        mend = "it ends without `return output, saved`"
    elif isinstance(result, list):
        mend = "write `return output, saved`, without brackets"
    elif isinstance(result, tuple) and len(result) > 2:
        mend = "put all that backward needs into one, `return output, (a, b)`"
    elif isinstance(result, tuple):
        mend = "write `return output, None` where backward needs nothing"
    else:
        mend = "saved is missing. Write `return output, saved`, or `return output, None` where backward needs nothing"
    raise ContractError(f"{expected} it returned {_what(result)}: {mend}")


def check_backward(op, gradients, count: int) -> None:
    """Raise ContractError unless ``gradients`` is a tuple of ``count``."""
    if isinstance(gradients, tuple) and len(gradients) == count:
        return
    mend = f"; each of the {count} inputs has its place, with None where there is no gradient"
    if gradients is None:
        mend = ": it ends without a return"
    elif not isinstance(gradients, tuple):
        mend = ": write `return (gradient,)`, where the comma makes the tuple" if count == 1 else mend
    raise ContractError(
        f"backward of {op.name} must return a tuple of {count} gradients, one an input, not {_what(gradients)}{mend}"
    )


def check_gradient(op, position: int, found, shape: tuple) -> None:
    """Raise ContractError unless ``found`` is an array of ``shape``."""
    if not _is_array(found):
        mend = _as_array(found, "gradient")
        raise ContractError(f"backward of {op.name}: gradient {position} is {_what(found)}, not an array: {mend}")
    if found.shape != shape:
        text, *claims = _misshapen(found.shape, shape)
        raise ContractError(
            f"backward of {op.name}: gradient {position} has shape {found.shape}, but its input has {shape}: {text}",
            "shape",
            *claims,
        )


def _misshapen(found: tuple, wanted: tuple) -> tuple[str, ...]:
    """(how the shapes differ, labels of what that may come from)."""
    for count in range(1, len(found) + 1):
        for axes in itertools.combinations(range(len(found)), count):
            dropped = tuple(n for axis, n in enumerate(found) if axis not in axes)
            kept = tuple(1 if axis in axes else n for axis, n in enumerate(found))
            if wanted not in (dropped, kept):
                continue
            named = f"axis {axes[0]}" if count == 1 else f"axes {axes}"
            if all(found[axis] == 1 for axis in axes):
                return (f"{named} of length 1 to be removed (from keepdims=True, or [None]): use gradient.reshape(x.shape)",)
            return f"not summed over {named} (the batch, or what was broadcast)", "not summed"
    if tuple(n for n in wanted if n != 1) == tuple(n for n in found if n != 1):
        return ("an axis of length 1 was lost: use keepdims=True where it is summed, or gradient.reshape(x.shape)",)
    for count in range(1, len(wanted) + 1):
        for axes in itertools.combinations(range(len(wanted)), count):
            if found in (
                tuple(n for axis, n in enumerate(wanted) if axis not in axes),
                tuple(1 if axis in axes else n for axis, n in enumerate(wanted)),
            ):
                named = f"axis {axes[0]}" if count == 1 else f"axes {axes}"
                return f"{named} of the input missing: summed over it, or not broadcast back over it", "summed"
    if sorted(found) == sorted(wanted):
        return "axes transposed", "transposed"
    if np.prod(found, dtype=int) == np.prod(wanted, dtype=int):
        return ("as many numbers in another shape: use gradient.reshape(x.shape)",)
    return ("they must be equal; what forward broadcast is summed in backward",)
