"""Networks that are ready to look at pictures, of whatever ``mm.predict`` takes.

A network and how its pictures are prepared belong together. A run knows both; of published weights, ``models.preparation``
does; a network for 32x32 pictures by name sees them as those who train on CIFAR do. Of a file of weights, the library may be
known that wrote it, and the file itself may say it; where neither does, what is taken is told. Of a bare Module, whoever calls
must say.
"""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minimix import data, looks, models
from minimix.data.pictures import fitted, prepare
from minimix.models import own
from minimix.models.pretrained import Preparation
from minimix.nn import Module
from minimix.train import Result, Trained, load_model
from minimix.train.checkpoint import is_checkpoint
from minimix.train.checkpoint import load as load_checkpoint
from minimix.train.naming import located
from minimix.weights import loading, pictures

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
        return Seer(model, None, looks.sides(size), looks.checked("mean", mean), looks.checked("std", std))
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
    asked: dict = looks.asked_for(mean, std, channels)
    remarks = looks.as_asked(asked)
    if size is not None and (wanted := looks.sides(size)) != tuple(seer.size):
        remarks.append(
            f"pictures are {looks.times(wanted)} pixels, as asked; the network was trained on {looks.times(seer.size)}"
        )
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
    wanted, remark = looks.size_of(model, name, options.get("resolution"), said.size, size)
    remarks += [remark] if remark else []
    channels = model.input_size[0]
    model.input_size = (channels, *wanted)
    asked = looks.asked_for(mean, std, channels)
    source, how, values, lines = looks.preparation_of(name, model, options, ready, said, asked)
    remarks += lines
    if how is not None:
        if max(wanted) > LARGEST:
            raise ValueError(f"size: expected {LARGEST} pixels a side at most, not {looks.times(wanted)}")
        how = how._replace(size=wanted[0] if wanted[0] == wanted[1] else wanted, **values)
    known = looks.outputs(model)
    classes, remark = looks.class_names(classes_file, known, None if own.is_own(name) else source)
    return Seer(model, classes, wanted, values["mean"], values["std"], how, tuple(filter(None, (*remarks, remark))))
