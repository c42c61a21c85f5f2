"""A job: a plain configuration from which a few numbers follow, to the bit, on whatever machine and in whatever order."""

import dataclasses
import hashlib
import importlib
import json
import threading

import numpy as np

KINDS = {  # a configuration's "job": where the function is that makes numbers of the rest
    "train": "minimix.study.training:trained",
    "chosen": "minimix.study.search:chosen",
    "ranked": "minimix.study.search:ranked",
    "transferred": "minimix.study.transfer:transferred",
    "detection": "minimix.study.detecting:detected",
    "nothing": "minimix.study.job:nothing",
}
_ONE_AT_A_TIME = threading.Lock()  # minimix's random numbers belong to the process


@dataclasses.dataclass(frozen=True)
class Job:
    """family, name: what is compared, such as "MobileNetV1" and "5x5". seed: the repetition.

    config: all that the result depends on, the seed among it: JSON's kinds of values; "job" is one of ``KINDS``, or a function
        of your own, "module:function", which gets the rest as its arguments, and returns {name: number}.
    """

    family: str
    name: str
    seed: int
    config: dict

    @property
    def key(self) -> str:
        """The same for equal configurations, and only for them.

        >>> Job("V1", "3x3", 0, {"job": "nothing", "seed": 0}).key == Job("", "3", 0, {"seed": 0, "job": "nothing"}).key
        True
        """
        return hashlib.sha256(canonical(self.config).encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        return f"{self.family} {self.name}, seed {self.seed}"


def canonical(config: dict) -> str:
    """JSON with sorted keys: one text for one configuration. Raises ValueError or TypeError for what JSON has no word for."""
    return json.dumps(config, sort_keys=True, separators=(",", ":"), allow_nan=False)


def perform(config: dict) -> dict:
    """What comes of a configuration: {name: number}.

    >>> perform({"job": "nothing", "name": "one", "seed": 3})["accuracy"]
    3.0
    """
    config = json.loads(canonical(config))  # as a job sees it that has come from a file, or over a network
    kind = config.pop("job")
    module, function = KINDS.get(kind, kind).split(":")
    if module == "__main__":
        raise ValueError(f"job {kind}: other processes do not have your script: put {function} into a module")
    with _ONE_AT_A_TIME:
        found = getattr(importlib.import_module(module), function)(**config)
    if not isinstance(found, dict) or not found:
        raise TypeError(f"job {kind}: expected {{name: number}} from it, such as {{'accuracy': 71.5}}, not {found!r}"[:200])
    return {str(name): value.item() if isinstance(value, np.generic) else value for name, value in found.items()}


def nothing(name: str, seed: int) -> dict:
    """A job that costs nothing: what is left is the cost of having jobs."""
    return {"accuracy": float(seed), "validation": float(seed), "macs": 0, "params": 0}
