"""Networks that are ready to look at pictures, of whatever ``mm.predict`` takes, and how their pictures are to be prepared.

A network and how its pictures are prepared belong together. A run knows both; of published weights, ``models.preparation``
does; a network for 32x32 pictures by name sees them as those who train on CIFAR do. Of a file of weights, the library may be
known that wrote it, and the file itself may say it; where neither does, what is taken is told. Of a bare Module, whoever calls
must say.
"""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minimix import data, models
from minimix.data.classes import IMAGENET_FILE
from minimix.data.official import CLASSES, STATISTICS, TITLES
from minimix.data.pictures import fitted, prepare
from minimix.models import own, pretrained
from minimix.models.function import family
from minimix.models.pretrained import Preparation
from minimix.nn import Module
from minimix.padding import number, pair
from minimix.tensor import Tensor, no_grad
from minimix.train import Result, Trained, load_model
from minimix.train.checkpoint import is_checkpoint
from minimix.train.checkpoint import load as load_checkpoint
from minimix.train.naming import located
from minimix.weights import loading, pictures
from minimix.words import count

BACKGROUND = "background"  # the class before ImageNet's in TensorFlow's networks
MOST = 4  # of a mean or std in units of 255: more is one of pixels from 0 to 255
LARGEST = 4096  # pixels a side of what a photograph is made into


class Seer(NamedTuple):
    """A network that is ready to look at pictures: it makes them ``size`` (height, width), or as ``how`` says."""

    model: Module
    classes: tuple[str, ...] | None
    size: tuple[int, int]
    mean: tuple | None
    std: tuple | None
    how: Preparation | None = None
    remarks: tuple[str, ...] = ()

    def batch(self, pictures: list) -> np.ndarray:
        """Pillow images -> float32 (N, 3, H, W)."""
        if self.how is not None:
            return np.stack([prepare(picture, self.how) for picture in pictures])
        pixels = np.stack([fitted(picture, *self.size) for picture in pictures])
        return data.make_batch(pixels, np.arange(len(pixels)), self.mean, self.std)


def seer_of(model, *, weights=None, names=None, take="", mean=None, std=None, size=None, runs="runs") -> Seer:
    """For whatever ``predict`` takes as ``model``."""
    if isinstance(model, Module):
        if mean is None or std is None:
            raise ValueError("mean, std: a Module does not know how its pictures are normalised: give them, in units of 255")
        size = getattr(model, "input_size", (None,))[1:] if size is None else size
        if not size:
            raise ValueError("size: this Module has no input_size: give the side of the pictures in pixels")
        return Seer(model, None, sides(size), _numbers("mean", mean), _numbers("std", std))
    if isinstance(model, Result):
        about = load_checkpoint(model.folder / "last.safetensors")[1]["about"]
        shape = tuple(about["image_shape"][1:])
        return seen_as_asked(Seer(model.model, tuple(about["classes"]), shape, about["mean"], about["std"]), size, mean, std)
    if isinstance(model, Trained):
        return seen_as_asked(seer_of_run(model), size, mean, std)
    if not isinstance(model, (str, os.PathLike)):
        raise TypeError(
            "model: expected a run, the name of a network, a Module, or what train or load_model returned, not a "
            f"{type(model).__name__}"
        )
    name, path = str(model), Path(model).expanduser()
    if own.is_own(name) or (name in models.names() and not (path / "last.safetensors").exists()):
        return seer_by_name(name, {}, weights, names=names, take=take, size=size, mean=mean, std=std)
    if weights is not None or names is not None or take:
        raise ValueError(f"weights, names, take: {name} is no network by name; a run has weights of its own")
    found = located(model, runs)
    if not found.exists():
        raise FileNotFoundError(f"model: {name} is no run in {runs}, no file and no network by name")
    return seen_as_asked(seer_of_run(load_model(found)), size, mean, std)


def seer_of_run(trained: Trained) -> Seer:
    """A network in a checkpoint, which knows what its pictures were like."""
    remarks = (f"{trained.path}, trained on {trained.data}",)
    return Seer(trained.model, trained.classes, trained.image_shape[1:], trained.mean, trained.std, None, remarks)


def seen_as_asked(seer: Seer, size=None, mean=None, std=None) -> Seer:
    """The same network on pictures of another size, or normalised otherwise, where that is asked for."""
    channels = len(tuple(seer.mean or ())) or 3
    asked: dict = {} if mean is None else {"mean": _numbers("mean", mean, channels)}
    asked |= {} if std is None else {"std": _numbers("std", std, channels)}
    remarks = _as_asked(asked)
    if size is not None and (wanted := sides(size)) != tuple(seer.size):
        remarks.append(f"pictures are {_times(wanted)} pixels, as asked; the network was trained on {_times(seer.size)}")
        asked["size"] = wanted
    return seer._replace(**asked, remarks=(*seer.remarks, *remarks))


def seer_by_name(
    name: str,
    options: dict,
    weights=None,
    classes_file=None,
    label: str = "",
    names: str | None = None,
    *,
    take: str = "",
    size=None,
    mean=None,
    std=None,
) -> Seer:
    """A network by name, which sees pictures as its published weights, or those who train on CIFAR, expect them; with the
    weights of another library, as these do there, and as the file says.

    label: what the user calls it. names: the library, where the file does not show it. take: a part of the file. size, mean,
    std: as for ``predict``, in place of what is known.
    """
    label = label or name
    if (channels := options.get("in_channels", 3)) != 3:
        raise ValueError(f"--model: {label} is for pictures of {channels} channels, but those in files have 3")
    if own.is_own(name) and weights is None:
        raise ValueError(f"--model: nobody has published weights of {name}: give a file with --weights, or a run with --run")
    if isinstance(weights, (str, os.PathLike)) and is_checkpoint(weights):
        raise ValueError(
            f"{weights} is a checkpoint of `minimix train`, which knows its network, classes and normalisation: use --run "
            f"{weights} in place of --model and --weights"
        )
    if weights is None and (names is not None or take):
        raise ValueError(f"{'take' if take else 'names'} says nothing without weights: the published ones are timm's")
    ready = None
    try:
        if weights is None:
            model, remarks = models.create(name, pretrained=True, **options), [f"{label} with its published weights"]
        else:
            ready = loading.network_for(name, options, weights, names, label, take)
            model, remarks = ready.model, ready.lines
    except RuntimeError as error:  # layers refuse some arguments so, as PyTorch's do
        raise ValueError(str(error)) from error
    model.eval()
    said = pictures.Said() if ready is None else pictures.said(ready.read)
    wanted, remark = _size(model, name, options.get("resolution"), said.size, size)
    remarks += [remark] if remark else []
    channels = model.input_size[0]
    model.input_size = (channels, *wanted)
    asked = {key: _numbers(key, given, channels) for key, given in (("mean", mean), ("std", std)) if given is not None}
    source, how, values, lines = _preparation(name, model, options, ready, said, asked)
    remarks += lines
    if how is not None:
        if max(wanted) > LARGEST:
            raise ValueError(f"size: expected {LARGEST} pixels a side at most, not {_times(wanted)}")
        how = how._replace(size=wanted[0] if wanted[0] == wanted[1] else wanted, **values)
    known = outputs(model)
    classes, remark = _class_names(classes_file, known, None if own.is_own(name) else source)
    return Seer(model, classes, wanted, values["mean"], values["std"], how, tuple(filter(None, (*remarks, remark))))


# -- how pictures are prepared ----------------------------------------------------------------------------------------


def _size(model: Module, name: str, resolution, said: tuple[int, int] | None, size) -> tuple[tuple[int, int], str]:
    """((height, width) of the pictures, a line about it): what is asked for goes before what the file says."""
    made_for = tuple(model.input_size[1:])
    wanted = sides(size) if size is not None else made_for if resolution is not None or said is None else said
    why = "as asked" if size is not None else "by resolution" if resolution is not None else "as the file says"
    others = []
    if said is not None and wanted != said:
        others.append(f"the file says {_times(said)}")
    if resolution is None and wanted != made_for:
        others.append(f"{name} is made for {_times(made_for)}")
    if not others and said is None:
        return wanted, ""
    return wanted, f"pictures are {_times(wanted)} pixels, {why}" + (f"; {', '.join(others)}" if others else "")


def _preparation(
    name: str, model: Module, options: dict, ready: loading.Ready | None, said: pictures.Said, asked: dict
) -> tuple[str | None, Preparation | None, dict, list[str]]:
    """(the set that the classes may be named as, the Preparation or None, {mean, std}, lines about them).

    What was asked for goes before what the file says, and that before what is known, or usual, where the weights are from.
    """
    library, channels = None if ready is None else ready.library, model.input_size[0]
    source, how, line = None, None, "how its pictures were prepared, the file does not say: {}, {}; --mean and --std change it"
    if library is not None and family(model) in library.preparations:
        how = library.preparations[family(model)]
        numbers, where = (how.mean, how.std), "as is usual there" if family(model) in library.guessed else ""
    elif models.is_small(name):
        source = "cifar100" if options.get("num_classes") == 100 else "cifar10"
        numbers, where, line = STATISTICS[source], TITLES[source], "pictures are normalised as in {1}"
    else:
        how = models.preparation(name)
        numbers, where = (how.mean, how.std), f"as of timm's weights of {name}" if ready is not None else ""
    values = {key: _each(given, channels) for key, given in zip(("mean", "std"), numbers, strict=True)}
    if said.mean is not None and said.std is not None:
        values = {"mean": _each(said.mean, channels), "std": _each(said.std, channels)}
        line, where = "pixels are normalised as the file says: {}", "there"
    lines = [line.format(_in_words(values), where)] if where and not asked else _as_asked(asked)
    return source, how, values | asked, lines


def sides(size) -> tuple[int, int]:
    """(height, width) of a side in pixels, or of both.

    >>> sides(160), sides((160, 192))
    ((160, 160), (160, 192))
    """
    try:
        return pair(tuple(size) if np.ndim(size) else size, "size", 1)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"size: expected the side of the pictures in pixels, or (height, width), not {size!r}") from None


def _numbers(what: str, given, channels: int | None = None) -> tuple[float, ...]:
    """mean or std, of each channel."""
    try:
        values = tuple(float(number(one, what)) for one in (given if np.ndim(given) else [given]))
    except (TypeError, ValueError):
        values = ()
    if not values or (channels is not None and len(values) not in (1, channels)):
        numbers = "numbers" if channels is None else count(channels, "number")
        raise ValueError(f"{what}: expected {numbers} in units of 255, such as 0.5, not {given!r}")
    if max(map(abs, values)) > MOST:
        raise ValueError(f"{what}: expected numbers in units of 255, such as 0.5, not {given!r}: divide them by 255")
    if what == "std" and min(values) <= 0:
        raise ValueError(f"std: expected numbers above 0, not {given!r}")
    return values if channels is None else _each(values, channels)


def _each(values, channels: int) -> tuple[float, ...]:
    """One number for each channel; of a grey picture, the mean of those for colours."""
    values = tuple(values)
    if len(values) == channels:
        return values
    return values * channels if len(values) == 1 else (float(np.mean(values)),) * channels


def _as_asked(asked: dict) -> list[str]:
    found = {key: asked[key] for key in ("mean", "std") if key in asked}
    return [f"pixels are normalised as asked: {_in_words(found)}"] if found else []


def _in_words(values: dict) -> str:
    """
    >>> _in_words({"mean": (0.5, 0.5, 0.5), "std": (0.229, 0.224, 0.225)})
    'mean 0.5, std (0.229, 0.224, 0.225)'
    """
    texts = {key: [f"{value:g}" for value in numbers] for key, numbers in values.items()}
    return ", ".join(f"{key} {few[0] if len(set(few)) == 1 else '(' + ', '.join(few) + ')'}" for key, few in texts.items())


def _times(size) -> str:
    return "x".join(map(str, size))


# -- classes ----------------------------------------------------------------------------------------------------------


def outputs(model: Module) -> int:
    """How many classes a network knows: asked of its classifier, or of what it makes of a black picture."""
    for name, array in model.state_dict().items():
        if name in ("classifier.bias", "fc.bias"):
            return len(array)
    with no_grad():
        return model(Tensor(np.zeros((1, *model.input_size), np.float32))).shape[-1]


def _class_names(path, known: int, source: str | None) -> tuple[tuple | None, str]:
    """The names, None where there are none, and a line about that. source: the set whose classes they may be."""
    if path is None and source is not None and len(CLASSES[source][0]) == known:
        return CLASSES[source][0], f"classes are named as in {TITLES[source]}; other names, one a line, go in --classes-file"
    if path is None and known in (pretrained.CLASSES, pretrained.CLASSES + 1):
        folders = data.folders()
        path = next((folder / IMAGENET_FILE for folder in folders if (folder / IMAGENET_FILE).is_file()), None)
        if path is None:
            places = " or ".join(map(str, folders))
            return None, f"classes are numbers; names, one a line, may be in {IMAGENET_FILE} in {places}, or in --classes-file"
        if known > pretrained.CLASSES:  # TensorFlow's have one more, the first
            return (BACKGROUND, *data.read_classes(path, pretrained.CLASSES)), ""
    return (None, "") if path is None else (data.read_classes(path, known), "")
