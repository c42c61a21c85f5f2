"""A trained network back from its file, with what is needed to use it: classes and normalisation."""

import dataclasses
import warnings
from pathlib import Path

from minimix import models
from minimix.models.weights import unusable
from minimix.nn import Module
from minimix.train import checkpoint, sources
from minimix.train.checkpoint import CheckpointError
from minimix.train.description import check, reading
from minimix.words import count

BEST, LAST = "best.safetensors", "last.safetensors"


@dataclasses.dataclass(frozen=True, eq=False)
class Trained:
    """A network in evaluation mode, and what it was trained on.

    classes: their names, in the order of the logits. data: name of the data set. image_shape: (channels, height, width).
    mean, std: of each channel, in units of 255, for ``minimix.data.make_batch``.
    epoch, accuracy: how long it was trained, and its accuracy on the validation images then. None where there were none; in
    runs of older versions, which had no validation images, it is that on the test images.
    recipe: the configuration of its run. about: what it remembers of its data, and where they were. path: the file.
    """

    model: Module
    classes: tuple
    data: str
    image_shape: tuple
    mean: tuple
    std: tuple
    epoch: int
    accuracy: float | None
    recipe: dict
    path: Path
    about: dict = dataclasses.field(default_factory=dict)


def load_model(path, model: Module | str | None = None) -> Trained:
    """The network in a checkpoint. Where its run used averaged weights (``ema``), these.

    path:  a .safetensors file that ``train`` wrote, or a run's folder: then its best.safetensors. Where that is missing or
        damaged, a warning says so, and that last.safetensors is used instead.
    model: the module to load into; needed where the run was given a module rather than a name. Or "file.py:function", where
        that of the run is elsewhere now.

    Raises FileNotFoundError; CheckpointError, naming the file, where it is damaged or of another network.
    """
    path, arrays, state, note = read(path)
    if note:
        warnings.warn(note, stacklevel=2)
    recipe, about = state["recipe"], state["about"]
    model = sources.network(about, path) if model is None else model
    if not isinstance(model, Module):
        if model is None and recipe["model"] not in models.names():
            mine = f"{path} is of a module of your own, {recipe['model']}"
            raise CheckpointError(f"model: {mine}: pass it to load_model, or give FILE.py:FUNCTION")
        with reading(path):
            model = models.create(model or recipe["model"], num_classes=len(about["classes"]), **recipe["model_options"])
    load_weights(path, model, arrays)
    history = state["history"]
    last = history[-1] if history else {}
    return Trained(
        model=model.eval(),
        classes=tuple(about["classes"]),
        data=recipe["data"],
        image_shape=tuple(about["image_shape"]),
        mean=tuple(about["mean"]),
        std=tuple(about["std"]),
        epoch=len(history),
        accuracy=last["validation_accuracy"] if "validation_accuracy" in last else last.get("test_accuracy"),
        recipe=recipe,
        path=path,
        about=about,
    )


def read(path) -> tuple[Path, dict, dict, str]:
    """(file, weights by name, description, note) of a checkpoint, or of the one to use in a run's folder.

    note: what is wrong with the folder's best.safetensors, and what is taken instead; or "".
    """
    path, note = Path(path), ""
    if not path.is_dir():
        arrays, state = _loaded(path)
    else:
        best, last = path / BEST, path / LAST
        if not (best.exists() or last.exists()):
            raise FileNotFoundError(f"there is no {BEST} or {LAST} in the folder {path}")
        try:
            arrays, state = _loaded(best)
            path = best
        except (FileNotFoundError, CheckpointError) as error:
            if not last.exists():
                raise
            arrays, state = _loaded(last)
            path, epochs = last, len(state["history"])
            what = error if isinstance(error, CheckpointError) else f"there is no {best}"
            if isinstance(error, FileNotFoundError) and not epochs:
                what = f"{path.parent} has not finished an epoch"
            note = f"{what}. Using {last} instead, the weights after {count(epochs, 'whole epoch')}"
    averages = {name.removeprefix("ema/average/"): array for name, array in arrays.items() if name.startswith("ema/average/")}
    return path, {name: array for name, array in arrays.items() if "/" not in name} | averages, state, note


def _loaded(path: Path) -> tuple[dict, dict]:
    arrays, state = checkpoint.load(path)
    check(path, state)
    return arrays, state


def load_weights(path, model: Module, arrays: dict) -> None:
    """``model.load_state_dict(arrays)``, with a refusal that names the file, also of numbers with which no network works."""
    if found := unusable(arrays, model.state_dict()):
        raise CheckpointError(f"{path}: {found}")
    try:
        model.load_state_dict(arrays)
    except RuntimeError as error:
        raise CheckpointError(f"{path} holds another network: {error}") from error
