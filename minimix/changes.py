"""Which memory was written into, and when: what an op kept for backward must still be there when backward comes.

    y = w * w                  the op keeps w's array, not a copy: the gradient will be 2 w
    optimizer.step()           writes into that array
    y.sum().backward()         would be 2 w of another w, without a word

NumPy's arrays cannot notice that they change, so whoever writes into arrays that others may have kept calls ``mark``: the
optimisers, ``EMA``, ``load_state_dict`` and ``w -= step`` under ``no_grad``. Ops and changes get their ages from one clock, so
that the tape (``minimix/tensor.py``) asks a single question of nearly every op: is it younger than the last change? Only where
it is not, it asks of each array. PyTorch counts each tensor's versions for this. As there, what you write into ``tensor.data``
yourself is not noticed: call ``mark`` after it if a graph may hold the array.
"""

import itertools
from collections.abc import Iterable

import numpy as np

tick = itertools.count().__next__  # the clock
latest = -1  # when memory was last written into
_when: dict[int, int] = {}  # of each piece of memory, the last one at the end
REMEMBERED = 1 << 16  # pieces; the one that was changed longest ago is forgotten then


def owner(array: np.ndarray) -> int:
    """Which memory an array lies in. Views of one array, and of their views, have the same."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return id(array if array.base is None else array.base)


def mark(arrays: Iterable[np.ndarray]) -> None:
    """``arrays`` were written into just now.

    >>> import numpy as np
    >>> from minimix import changes
    >>> array, before = np.zeros(3), changes.tick()
    >>> changes.mark([array])
    >>> changes.since(before, array[1:]), changes.since(changes.tick(), array)
    (True, False)
    """
    global latest
    latest = tick()
    for array in arrays:
        key = owner(array)
        _when.pop(key, None)
        _when[key] = latest
    while len(_when) > REMEMBERED:
        del _when[next(iter(_when))]


def since(age: int, array: np.ndarray) -> bool:
    """Whether the memory of ``array`` was written into after ``age``. The asker must have held it since then: an owner that
    is gone may have left its number to another."""
    return _when.get(owner(array), -1) > age


def refuse(node) -> None:
    """Raise RuntimeError where an array was written into from which ``node`` (of ``minimix/tensor.py``) makes its gradients."""
    if node.op.reads is None:
        arrays = arrays_in(node.saved)
    else:
        arrays = (t.data for t, read in zip(node.inputs, node.op.reads(node.needed), strict=True) if read)
    for array in arrays:
        if since(node.age, array):
            names = [t.name or f"input {i}" for i, t in enumerate(node.inputs) if owner(t.data) == owner(array)]
            raise RuntimeError(
                f"backward through {node.op.name}: an array that its gradient is made from, {(*names, 'its output')[0]} of "
                f"shape {array.shape}, has been modified by an inplace operation since the forward pass (an optimizer's step, "
                "an EMA, load_state_dict), so the gradient would be wrong. Call backward() before optimizer.step(), or run the "
                "forward pass again."
            )


def arrays_in(saved) -> Iterable[np.ndarray]:
    """All arrays in what an op saved: in tuples, lists and dicts at any depth."""
    if isinstance(saved, np.ndarray):
        yield saved
    elif isinstance(saved, (tuple, list, dict)):
        for part in saved.values() if isinstance(saved, dict) else saved:
            yield from arrays_in(part)
