"""Exponential moving average of a model's weights: a smoother model than the last step's, for evaluation."""

from collections.abc import Iterable, Iterator

import numpy as np

from minimix import changes
from minimix.kernels import update as kernels
from minimix.nn.module import Module
from minimix.nn.snapshot import Snapshot
from minimix.optim.rules import run
from minimix.tensor import Tensor


class EMA:
    """Keeps ``average = decay * average + (1 - decay) * weight`` for all parameters *and* buffers of a model.

    Buffers are batch norm's running statistics: averaged weights need averaged statistics beside them.

    model: a module; or ``(name, Tensor or ndarray)`` pairs. Only floating-point arrays are averaged: counters are left alone.
    decay: from 0 to below 1. The average looks back over about 1 / (1 - decay) steps.
    ramp: use ``min(decay, (1 + t) / (10 + t))`` at update t = 1, 2, ..., as TensorFlow does when it is given the number of the
        step, so that the random weights of the start are soon forgotten.

    Call ``update()`` after every step of the optimiser; after every n-th only, with ``decay ** n``, it looks back as far. As a
    context manager it writes the averages into the model's own arrays, and puts the model's weights back at the end, to the
    bit, also after an exception.

    Attributes: ``averages``, dict of name to ndarray; ``updates``, their number.

    Source: Polyak and Juditsky (1992); TensorFlow's ``ExponentialMovingAverage``, with 0.9999 for MixNet.

    >>> import minimix as mm
    >>> w = mm.Tensor([1.0], requires_grad=True)
    >>> ema = EMA([("w", w)], decay=0.75)
    >>> w.data[:] = 5.0
    >>> ema.update()
    >>> with ema:
    ...     print(w.data)
    [2.]
    >>> print(w.data)
    [5.]
    """

    def __init__(self, model, decay: float = 0.9999, ramp: bool = False):
        if not 0 <= decay < 1:
            raise ValueError(f"decay is {decay}, but must be from 0 to below 1, such as 0.999")
        self.decay = decay
        self.ramp = ramp
        self.updates = 0
        self._model = model if hasattr(model, "named_parameters") else _pairs(model)
        self._own: dict[str, np.ndarray] | None = None  # the model's weights, while the averages are in their place
        self._snapshot: Snapshot | None = None
        self._named: list[tuple] = []  # names, with their Tensors or arrays: as long as the snapshot holds
        self.averages = {name: array.copy() for name, array in self._arrays()}
        if not self.averages:
            raise ValueError("EMA got nothing to average: does the model have parameters, or was the iterator already used up?")

    def _arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """The model's arrays as they are now: a layer may have replaced one since the last step."""
        for name, value in self._pairs():
            array = value.data if isinstance(value, Tensor) else value
            if isinstance(array, np.ndarray) and array.dtype.kind == "f":
                yield name, array

    def _pairs(self) -> list[tuple]:
        """(name, Tensor or array) of the model. Its modules are searched again only where an attribute was set."""
        model = self._model
        if isinstance(model, list):
            return model
        if self._snapshot is None or not self._snapshot.holds():
            self._named = [*model.named_parameters(), *(model.named_buffers() if hasattr(model, "named_buffers") else ())]
            self._snapshot = Snapshot(model) if isinstance(model, Module) else None
        return self._named

    def _paired(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """(array of the model, its average), with a check that the model is still the same."""
        pairs = []
        for name, array in self._arrays():
            average = self.averages.get(name)
            if average is None or average.shape != array.shape:
                kept = "none was there" if average is None else f"it had shape {average.shape}"
                raise ValueError(f"{name} has shape {array.shape}, but when the EMA was made {kept}: make a new EMA")
            pairs.append((array, average))
        if len(pairs) != len(self.averages):
            missing = set(self.averages) - {name for name, _ in self._arrays()}
            raise ValueError(f"the model has lost {sorted(missing)} since the EMA was made: make a new EMA")
        return pairs

    def update(self) -> None:
        """Move the averages towards the weights as they are now."""
        if self._own is not None:
            raise RuntimeError("EMA.update() inside its own with block: the model holds the averages there, not its weights")
        pairs = self._paired()
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates)) if self.ramp else self.decay
        for array, average in pairs:
            run(kernels.average, average, array, [], 1 - decay)

    def __enter__(self):
        if self._own is not None:
            raise RuntimeError("this EMA is already swapped in: leave its with block first")
        pairs = self._paired()
        if not all(array.flags.writeable for array, _ in pairs):
            raise ValueError("the model's arrays are read-only, so that averages cannot take their place: copy them first")
        self._own = {name: array.copy() for name, array in self._arrays()}
        for array, average in pairs:
            np.copyto(array, average)
        changes.mark(array for array, _ in pairs)
        return self

    def __exit__(self, *exception) -> None:
        own, self._own = self._own or {}, None
        for name, array in self._arrays():
            np.copyto(array, own[name])
            changes.mark([array])

    def state_arrays(self) -> dict[str, np.ndarray]:
        """Copies of all averages as ``"average/<name>"``, and ``"updates"``: flat, as safetensors wants it."""
        averages = {f"average/{name}": array.copy() for name, array in self.averages.items()}
        return {"updates": np.array(self.updates, np.int64), **averages}

    def load_state_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over what ``state_arrays`` gave. Raises ValueError, and changes nothing, if names or shapes differ."""
        expected = {"updates"} | {f"average/{name}" for name in self.averages}
        if expected != set(arrays):
            missing, unexpected = sorted(expected - set(arrays)), sorted(set(arrays) - expected)
            raise ValueError(f"the saved averages are of another model: missing {missing}, unexpected {unexpected}")
        for name, average in self.averages.items():
            saved = np.asarray(arrays[f"average/{name}"])
            if saved.shape != average.shape:
                raise ValueError(f"the saved average of {name} has shape {saved.shape}, but the model's has {average.shape}")
            if saved.dtype.kind not in "biuf":
                raise ValueError(f"the saved average of {name} is of {saved.dtype}, but must be real numbers")
        updates = np.asarray(arrays["updates"])
        if updates.shape != () or updates.dtype.kind not in "iuf" or not (updates >= 0 and updates == np.floor(updates)):
            raise ValueError(f"the saved number of updates is {updates}, but must be a whole number, 0 or more")
        for name, average in self.averages.items():
            np.copyto(average, arrays[f"average/{name}"], casting="same_kind")
        self.updates = int(updates)


def _pairs(model: Iterable) -> list:
    pairs = list(model.items()) if isinstance(model, dict) else list(model)
    for pair in pairs:
        if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[1], (Tensor, np.ndarray))):
            raise TypeError(f"EMA takes a module, or (name, Tensor or ndarray) pairs, not {type(pair).__name__} items")
    return pairs
