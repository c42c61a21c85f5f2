"""Where a run's first weights come from, if not from chance: another run, or a file of weights."""

import dataclasses
from pathlib import Path

from minimix.models.weights import read_weights, unusable
from minimix.nn import Module
from minimix.train import checkpoint, model
from minimix.train.config import Config

LEAST = 0.5  # this part of a network's parameters must be found; less is another network, some of whose names agree


@dataclasses.dataclass(frozen=True, eq=False)
class Start:
    """What ``from_`` leads to. recipe: that of the run, where it is one. note: a line for the user, or ""."""

    path: Path
    arrays: dict
    recipe: dict
    note: str


def find(from_, runs) -> Start:
    """The weights of a run (its folder, its name in ``runs``, or one of its checkpoints) or of a .safetensors file.

    Raises FileNotFoundError; CheckpointError or ValueError for a file that is damaged or something else.
    """
    path = Path(from_)
    if not path.exists() and (Path(runs) / path).is_dir():
        path = Path(runs) / path
    if not path.exists():
        raise FileNotFoundError(f"from: there is no run and no file {from_}")
    if path.is_dir() or checkpoint.is_checkpoint(path):
        path, arrays, state, note = model.read(path)
        return Start(path, arrays, state["recipe"], note)
    return Start(path, read_weights(path), {}, "")


def with_network(config: Config, start: Start, asked: dict, own_model) -> Config:
    """The configuration, with the run's network where none was asked for; options that were asked for go before its own."""
    if own_model is not None or "model" in asked or not start.recipe:
        return config
    options = {**start.recipe["model_options"], **config.model_options}
    return dataclasses.replace(config, model=start.recipe["model"], model_options=options)


def take(network: Module, start: Start) -> list[str]:
    """Copy into ``network`` every array that fits by name and shape. Returns what to tell the user, in lines.

    Raises ValueError where less than half of the network's parameters are found, naming some that are not.
    """
    own, arrays = network.state_dict(), start.arrays
    fitting = {name for name, array in own.items() if name in arrays and _fits(array, arrays[name])}
    parameters = [name for name, _ in network.named_parameters()]
    new = [name for name in parameters if name not in fitting]
    reasons = [f"{name} ({_shape(arrays.get(name))}, here {own[name].shape})" for name in new]
    if len(new) > LEAST * len(parameters):
        raise ValueError(
            f"from: {start.path} holds another network: {len(parameters) - len(new)} of {len(parameters)} parameters fit by "
            f"name and shape; not {_some(reasons)}: say which network it is (model, width, kernels, ...)"
        )
    taken = {name: arrays[name] for name in own if name in fitting}
    if wrong := unusable(taken, own):
        raise ValueError(f"from: {start.path}: {wrong}")
    network.load_state_dict(taken, strict=False)
    lines = [f"weights of {start.path}: {len(parameters) - len(new)} of {len(parameters)} parameters"]
    if new:
        lines.append(f"new, because they are not in it or of another shape: {_some(reasons)}")
    unused = [name for name in arrays if name not in own]
    if unused:
        lines.append(f"not used: {_some(unused)}")
    return lines


def _fits(own, given) -> bool:
    return own.shape == given.shape and (own.dtype.kind == given.dtype.kind or given.dtype.kind == "f")


def _shape(array) -> str:
    return "not there" if array is None else f"there {array.shape}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
