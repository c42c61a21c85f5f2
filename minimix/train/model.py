"""A trained network back from its file, with what is needed to use it: classes and normalisation."""

import dataclasses
from pathlib import Path

from minimix import models
from minimix.models.weights import unusable
from minimix.nn import Module
from minimix.train import checkpoint
from minimix.train.checkpoint import CheckpointError
from minimix.train.description import check, reading


@dataclasses.dataclass(frozen=True, eq=False)
class Trained:
    """A network in evaluation mode, and what it was trained on.

    classes: their names, in the order of the logits. data: name of the data set. image_shape: (channels, height, width).
    mean, std: of each channel, in units of 255, for ``minimix.data.make_batch``.
    epoch, accuracy: how long it was trained, and its accuracy on the test images then (None: not known yet).
    recipe: the configuration of its run. path: the file.
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


def load_model(path, model: Module | None = None) -> Trained:
    """The network in a checkpoint. Where its run used averaged weights (``ema``), these.

    path:  a .safetensors file that ``train`` wrote, or a run's folder: then its best.safetensors.
    model: the module to load into; needed where the run was given a module rather than a name.

    Raises FileNotFoundError; CheckpointError, naming the file, where it is damaged or of another network.
    """
    path = Path(path)
    if path.is_dir():
        names = [name for name in ("best.safetensors", "last.safetensors") if (path / name).exists()]
        if not names:
            raise FileNotFoundError(f"there is no best.safetensors or last.safetensors in the folder {path}")
        path = path / names[0]
    arrays, state = checkpoint.load(path)
    check(path, state)
    recipe, about = state["recipe"], state["about"]
    if model is None:
        if recipe["model"] not in models.names():
            raise CheckpointError(f"{path} is of a module of your own, {recipe['model']}: pass it, load_model(path, model)")
        with reading(path):
            model = models.create(recipe["model"], num_classes=len(about["classes"]), **recipe["model_options"])
    averages = {name.removeprefix("ema/average/"): array for name, array in arrays.items() if name.startswith("ema/average/")}
    load_weights(path, model, {name: array for name, array in arrays.items() if "/" not in name} | averages)
    history = state["history"]
    return Trained(
        model=model.eval(),
        classes=tuple(about["classes"]),
        data=recipe["data"],
        image_shape=tuple(about["image_shape"]),
        mean=tuple(about["mean"]),
        std=tuple(about["std"]),
        epoch=len(history),
        accuracy=history[-1].get("test_accuracy") if history else None,
        recipe=recipe,
        path=path,
    )


def load_weights(path, model: Module, arrays: dict) -> None:
    """``model.load_state_dict(arrays)``, with a refusal that names the file, also of numbers with which no network works."""
    if found := unusable(arrays, model.state_dict()):
        raise CheckpointError(f"{path}: {found}")
    try:
        model.load_state_dict(arrays)
    except RuntimeError as error:
        raise CheckpointError(f"{path} holds another network: {error}") from error
