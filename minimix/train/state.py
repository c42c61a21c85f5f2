"""All that must be remembered so that a run goes on to the bit: weights, optimiser, averages, random numbers, position.

What is not here needs no remembering: the order of the images and their augmentation follow from (seed, epoch, batch), the
learning rate from the step.
"""

import dataclasses
import zlib

import numpy as np

from minimix import optim, rng
from minimix.data import Dataset
from minimix.nn import Module
from minimix.train import metrics
from minimix.train.checkpoint import CheckpointError
from minimix.train.description import FAULTS
from minimix.train.freezing import frozen_names
from minimix.train.metrics import Epoch
from minimix.train.model import load_weights


@dataclasses.dataclass
class State:
    """A run at one moment: what learns, and how far it has come.

    epoch: complete epochs. batch: steps taken in the next one. step: steps taken in all.
    loss_sum, correct, seen: over the images of the epoch that is under way, for its line in the metrics.
    patient_since: complete epochs when ``patience`` began to count: 0, or when the run was last told to be longer.
    chosen: the epoch whose weights are in best.safetensors; None: there are none. That file says it, so no other one does.
    """

    model: Module
    optimizer: optim.Optimizer
    scheduler: optim.Scheduler
    ema: optim.EMA | None
    recipe: dict
    about: dict
    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    seen: int = 0
    patient_since: int = 0
    history: list = dataclasses.field(default_factory=list)
    chosen: int | None = None

    POSITION = ("epoch", "batch", "step", "loss_sum", "correct", "seen", "patient_since")

    @property
    def best(self) -> Epoch | None:
        """The epoch that did best on the validation images; without them the last."""
        return metrics.best(self.history)

    def arrays(self) -> dict:
        """Everything that is an array, by name: weights as in ``state_dict()``, the rest with a "/" in its name."""
        arrays = dict(self.model.state_dict())
        arrays |= {f"optimizer/{name}": array for name, array in self.optimizer.state_arrays().items()}
        if self.ema is not None:
            arrays |= {f"ema/{name}": array for name, array in self.ema.state_arrays().items()}
        return arrays

    def description(self) -> dict:
        """Everything else, as JSON. Nothing in it depends on the time, the machine or the folder."""
        return {
            **self.summary(),
            "kind": "run",
            "frozen": frozen_names(self.model),
            "position": {name: getattr(self, name) for name in self.POSITION},
            "random": {name: _encoded(generator.bit_generator.state) for name, generator in self._generators().items()},
        }

    def summary(self) -> dict:
        """What a file needs that holds nothing but weights."""
        history = [dataclasses.asdict(epoch.without_timing()) for epoch in self.history]
        return {"kind": "weights", "recipe": self.recipe, "about": self.about, "history": history}

    def restore(self, path, arrays: dict, description: dict) -> None:
        """Become what was saved in ``path``. Raises CheckpointError, naming the file, for what does not fit."""
        parts: dict = {"": {}, "optimizer": {}, "ema": {}}
        for name, array in arrays.items():
            part, _, rest = name.partition("/") if "/" in name else ("", "", name)
            parts.setdefault(part, {})[rest] = array
        if bool(parts["ema"]) != (self.ema is not None) or set(parts) != {"", "optimizer", "ema"}:
            raise CheckpointError(f"{path}: beside the weights it holds {sorted(filter(None, parts))}, against its own recipe")
        load_weights(path, self.model, parts[""])
        try:
            changed = set(frozen_names(self.model)) ^ set(description.get("frozen", frozen_names(self.model)))
            if changed:
                raise ValueError(f"what requires gradients is not what it was: {', '.join(sorted(changed)[:5])}")
            self.optimizer.load_state_arrays(parts["optimizer"])
            if self.ema is not None:
                self.ema.load_state_arrays(parts["ema"])
            for name in self.POSITION:
                setattr(self, name, {"patient_since": 0, **description["position"]}[name])  # which older runs lack
            self.patient_since = int(self.patient_since)
            self.history = [Epoch(**epoch) for epoch in description["history"]]
            self.scheduler.last_step = self.step
            saved, own = description["random"], self._generators()
            if set(saved) != set(own):
                raise ValueError(f"it has random generators {sorted(saved)}, the model {sorted(own)}")
            for name, generator in own.items():
                generator.bit_generator.state = _decoded(saved[name])
        except FAULTS as error:
            raise CheckpointError(f"{path} does not fit this run: {error}") from error

    def _generators(self) -> dict:
        """Every random generator that training draws from: the default one, and those that dropout layers were given."""
        own = {name: getattr(module, "generator", None) for name, module in self.model.named_modules()}
        return {"default": rng.generator()} | {
            f"module {name}": generator for name, generator in own.items() if isinstance(generator, np.random.Generator)
        }


def about_data(train_set: Dataset, test_set: Dataset | None, validation_set: Dataset | None = None) -> dict:
    """What a checkpoint says of the data: how to feed the network, and a checksum by which other data are recognised.

    train_set: all of it, with the part that is kept for validation. validation_set: where it is no part of the former.
    """
    checksum = 0
    for part in filter(None, (train_set, test_set, validation_set)):
        for array in (part.images, part.labels):
            checksum = zlib.crc32(np.ascontiguousarray(array), checksum)
    return {
        "classes": list(train_set.classes),
        "mean": list(train_set.mean),
        "std": list(train_set.std),
        "image_shape": list(train_set.images.shape[1:]),
        "images": [len(train_set), 0 if test_set is None else len(test_set)],
        "checksum": checksum,
    }


def _encoded(value):
    """The state of a bit generator, as JSON: some kinds have arrays in it."""
    if isinstance(value, dict):
        return {key: _encoded(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return {"dtype": value.dtype.str, "values": value.tolist()}
    return value.item() if isinstance(value, np.generic) else value


def _decoded(value):
    if not isinstance(value, dict):
        return value
    if set(value) == {"dtype", "values"}:
        return np.array(value["values"], value["dtype"])
    return {key: _decoded(item) for key, item in value.items()}
