"""The same numbers in another order of memory: an op's result must not depend on it.

Arrays that reach an op are often not dense. minimix's own convolutions lay their outputs out as (C, H, W, N), a transpose
makes Fortran's order of C's, and the gradient that ``sum()`` hands on is one number with strides of 0 in read-only memory. An
op that takes an array for a dense, C-ordered one (``as_strided`` with strides of its own, ``ravel(order="K")``, a pointer given
to C) is right in every other check, and wrong there.
"""

from collections.abc import Callable

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.probe import Probe, flatten
from minimix.gradcheck.spy import peak
from minimix.ops.contract import ContractError

ROUGH = 1e-6  # relative; sums in another order differ by less, numbers in each other's places by more


def _with_holes(array: np.ndarray) -> np.ndarray:
    """Every second element of a longer array, NaN between them."""
    memory = np.full((*array.shape[:-1], 2 * array.shape[-1]), np.nan)
    memory[..., ::2] = array
    return memory[..., ::2]


def _reversed(array: np.ndarray) -> np.ndarray:
    """With negative strides."""
    return np.flip(np.ascontiguousarray(np.flip(array)))


def _batch_last(array: np.ndarray) -> np.ndarray:
    """(N, C, H, W) as it lies in memory as (C, H, W, N)."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(array, 0, -1)), -1, 0)


def _everything(array: np.ndarray) -> np.ndarray:
    """All of these at once: what it does not disturb, none of them does."""
    memory = np.full((*array.shape[1:], 2 * array.shape[0]), np.nan)[..., ::2]
    view = memory.transpose(array.ndim - 1, *range(array.ndim - 1))[(slice(None, None, -1),) * array.ndim]
    view[...] = array
    return view


BATCH_LAST = "with its first axis last in memory, as minimix lays out a batch"
HOLES = "as every second element of a longer array"
ORDERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "in C order": np.ascontiguousarray,
    "in Fortran order": np.asfortranarray,
    BATCH_LAST: _batch_last,
    HOLES: _with_holes,
    "reversed in memory, with negative strides": _reversed,
    "as a view into a larger array, reversed and with other strides": _everything,
}
PARTS = {"as a view into a larger array, reversed and with other strides": list(ORDERS)[2:5]}


def others(array: np.ndarray) -> list[str]:
    """Those of ORDERS in which ``array`` is to be tried: dense ones that it has not, and the last."""
    if array.dtype != np.float64 or array.size < 2:
        return []
    flags = array.flags
    dense = [name for name, has in (("in C order", flags.c_contiguous), ("in Fortran order", flags.f_contiguous)) if not has]
    return [*(dense if array.ndim > 1 else ()), *PARTS]


def _different(a: np.ndarray, b: np.ndarray, allowed: float) -> bool:
    if a.shape != b.shape:
        return True
    with np.errstate(invalid="ignore"):
        near = np.abs(a - b) <= allowed
    return not (near.all() or np.all(near[np.isfinite(b)]))


def of_inputs(probe: Probe, u: np.ndarray, values: np.ndarray, gradients: list | None, shaken: float) -> list[Cause]:
    """Forward and backward on inputs in other orders, against ``values`` and ``gradients`` (None: forward alone) for the
    cotangent u.

    shaken: by how much the values change where the inputs do by a 1e-9th; what changes less than that is rounding.
    Stops at the first order in which something is wrong.
    """
    choices = [others(p) for p in probe.points]
    for number in range(max(map(len, choices), default=0)):
        names = [choice[number] if number < len(choice) else None for choice in choices]
        if number > 0:
            gradients = None  # what backward makes of another order, the first has shown
        if (together := _fails(probe, names, u, values, gradients, shaken)) is None:
            continue
        if any(_fails(probe, [None] * len(names), u, values, gradients, shaken) for _ in range(4)):
            text = (
                "a pass over the same numbers, lying in memory as before, gives something else: it is random, or keeps a state"
            )
            return [Cause(text, "random", "state")]
        found = []
        for k, name in enumerate(names):  # which of them?
            for part in (*PARTS.get(name, ()), name) if name else ():
                alone = [part if j == k else None for j in range(len(names))]
                if (text := _fails(probe, alone, u, values, gradients, shaken)) is not None:
                    found.append(Cause(f"with {probe.names[k]} {part}, {text}", "input strides"))
                    break
        return found or [Cause(f"with the inputs in another memory order, {together}", "input strides")]
    return []


def _fails(probe: Probe, names: list, u, values, gradients, shaken: float) -> str | None:
    """What goes wrong where the inputs lie in memory as ``names`` says (None: as they are)."""
    arrays = [p if name is None else ORDERS[name](p) for name, p in zip(names, probe.dense(), strict=True)]
    step = "the forward pass"
    try:
        with probe.record(arrays) as tape:
            size = ROUGH * max(1.0, peak(values)) + shaken
            if _different(flatten([o.data for o in tape.outputs]), values, size):
                return "the forward pass gives other results than for the same numbers: an op takes an array for a dense one"
            if gradients is None:
                return None
            step = "the backward pass"
            pulled = tape.pull(u)
    except ContractError:
        raise
    except Exception as error:
        return f"{step} raises {type(error).__name__}: {error}"
    if any(_different(a, b, ROUGH * (peak(b) + 1e-4 * peak(u))) for a, b in zip(pulled, gradients, strict=True)):
        return "the backward pass gives other gradients than for the same numbers: an op takes an array for a dense one"
    return None


def of_gradients(pull: Callable, v: np.ndarray, at_v: list, at_one: list) -> list[Cause]:
    """One op's backward on v and on ones in other orders; ``at_v`` and ``at_one`` are its gradients for those as they are."""
    tries = [(name, ORDERS[name](v), at_v) for name in others(v)[:1]]
    if v.size > 1:
        constant = np.full(v.size, np.nan)  # whoever takes it for a dense array reads NaNs, not somebody else's memory
        constant[0] = 1.0
        constant = np.ndarray(v.shape, float, constant, 0, (0,) * v.ndim)
        constant.flags.writeable = False
        tries.append(("read-only with strides of 0, as sum() hands it on", constant, at_one))
    found = []
    for name, cotangent, expected in tries:
        where = f"where the gradient that backward is given lies {name}".replace("lies read-only", "is read-only")
        try:
            results = pull(cotangent)
        except Exception as error:
            claims = ("gradient strides", "changes gradient") if "read-only" in str(error) else ("gradient strides",)
            found.append(Cause(f"{where}, it raises {type(error).__name__}: {error}", *claims))
            continue
        for i, (a, b) in enumerate(zip(results, expected, strict=True)):
            if a is not None and b is not None and _different(a, b, ROUGH * (peak(b) + 1e-4 * peak(v))):
                text = f"{where}, gradient {i} is another than for the same numbers: the gradient is taken for a dense array"
                found.append(Cause(text, "gradient strides"))
    return found
