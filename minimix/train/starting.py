"""Where a run's first weights come from, if not from chance: another run, or a file of weights."""

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from minimix.models.weights import unusable
from minimix.nn import Module
from minimix.train import checkpoint, model
from minimix.train.config import Config
from minimix.train.naming import located, there
from minimix.weights import loading, reading
from minimix.words import beside, some

_SAVED = ": `minimix export NETWORK weights.safetensors --weights FILE --take PART` does, and training may begin with that file"
_NAMED = (
    "; of another library's names, if they are not recognised, `minimix export NETWORK weights.safetensors --weights FILE "
    "--names LIBRARY` makes those that fit"
)
LEAST = 0.5  # this part of a network's parameters must be found; less is another network, some of whose names agree


@dataclasses.dataclass(frozen=True, eq=False)
class Start:
    """What ``from_`` leads to.

    recipe, about: those of the run, where it is one. read: else the file, whose names may be those of another library. note: a
    line for the user, or "".
    """

    path: Path
    arrays: dict
    recipe: dict
    note: str
    about: dict = dataclasses.field(default_factory=dict)
    read: reading.Read | None = None


def find(from_, runs) -> Start:
    """The weights of a run (its folder, its name in ``runs``, or one of its checkpoints) or of a file of weights.

    Raises FileNotFoundError; CheckpointError or ValueError for a file that is damaged or something else.
    """
    path = located(from_, runs)
    if not path.exists():
        raise FileNotFoundError(f"from: there is no run and no file {from_}{_nearest(from_, runs)}")
    if path.is_dir() or checkpoint.is_checkpoint(path):
        path, arrays, state, note = model.read(path)
        return Start(path, arrays, state["recipe"], note, state["about"])
    with _one_network():
        read = loading.opened(path)
    return Start(path, read.entries, {}, "", read=read)


@contextlib.contextmanager
def _one_network() -> Iterator[None]:
    """A file that holds several is refused with the command that makes one of it."""
    try:
        yield
    except reading.SeveralError as error:
        raise reading.SeveralError(f"from: {error}{_SAVED}") from error


def _nearest(from_, runs) -> str:
    """A file beside the one that there is not, or a run."""
    path = Path(from_).expanduser()
    return (beside(path) if path.suffix or path.parent != Path() else "") or f": {there(str(from_), runs)}"


def with_network(config: Config, start: Start, asked: dict, own_model) -> Config:
    """The configuration, with the run's network where none was asked for; options that were asked for go before its own."""
    if own_model is not None or "model" in asked or not start.recipe:
        return config
    options = {**start.recipe["model_options"], **config.model_options}
    return dataclasses.replace(config, model=start.recipe["model"], model_options=options)


def take(network: Module, start: Start, classes: tuple) -> list[str]:
    """Copy into ``network`` every array that fits by name and shape. Returns what to tell the user, in lines.

    classes: what the network's outputs stand for now. The classifier of a run with others is a new one, however many they are.
        A new classifier begins at zero, as in "An image is worth 16x16 words" (arXiv 2010.11929, sec. 3.2): all classes are
        then equally likely, and the first steps do not undo in the layers before it what these have learned. From the weights
        of a network that begins by chance, five classes on ImageNet's features start with a loss of 6 in place of log 5.

    Raises ValueError where less than half of the network's parameters are found, naming some that are not; and for weights of
    another library whose network computes something else.
    """
    own, arrays = network.state_dict(), start.arrays
    unused = [name for name in arrays if name not in own]
    if start.read is not None:
        with _one_network():
            arrays, unused, _ = loading.partly(network, start.read)
    fitting = {name for name, array in own.items() if name in arrays and _fits(array, arrays[name])}
    parameters = [name for name, _ in network.named_parameters()]
    new = [name for name in parameters if name not in fitting]
    reasons = [f"{name} ({_shape(arrays.get(name))}, here {own[name].shape})" for name in new]
    if len(new) > LEAST * len(parameters):
        library = _NAMED if start.read is not None and not fitting else ""
        raise ValueError(
            f"from: {start.path} holds another network: {len(parameters) - len(new)} of {len(parameters)} parameters fit by "
            f"name and shape; not {some(reasons)}: say which network it is, by name and options{library}"
        )
    head = classifier(network, len(classes))
    last = [name for name in head if name in fitting]
    before = start.about.get("classes")
    others = last if before is not None and tuple(before) != tuple(classes) else []
    taken = {name: arrays[name] for name in own if name in fitting and name not in others}
    if wrong := unusable(taken, own):
        raise ValueError(f"from: {start.path}: {wrong}")
    network.load_state_dict(taken, strict=False)
    for name in head:
        if name not in taken:
            network.get_parameter(name).data[...] = 0
    lines = [f"weights of {start.path}: {len(parameters) - len(new) - len(others)} of {len(parameters)} parameters"]
    if new:
        lines.append(f"new, because they are not in it or of another shape: {some(reasons)}")
    if others:
        lines.append(f"new, because its classes are others ({some(before)}): {some(others)}")
    if last and before is None:
        lines.append(f"it does not say for which classes it was trained: {some(last)} fit by shape, and are taken, too")
    if unused:
        lines.append(f"not used: {some(unused)}")
    return lines


def classifier(network: Module, classes: int) -> list[str]:
    """The parameters of the last layer that has an output for each class; none where there is no such layer.

    >>> from minimix import models
    >>> classifier(models.create("xception_cifar", num_classes=7), 7)
    ['fc.weight', 'fc.bias']
    """
    for name, layer in reversed(list(network.named_modules())):
        parameters = dict(layer.named_parameters(name, recurse=False))
        if any(parameter.ndim > 1 and len(parameter) == classes for parameter in parameters.values()):
            return list(parameters)
    return []


def _fits(own, given) -> bool:
    return own.shape == given.shape and (own.dtype.kind == given.dtype.kind or given.dtype.kind == "f")


def _shape(array) -> str:
    return "not there" if array is None else f"there {array.shape}"
