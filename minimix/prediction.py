"""``mm.predict``: which classes a network sees in pictures or arrays, a few at a time.

A network and how its pictures are prepared belong together. A run knows both; of published weights, ``models.preparation``
does; a network for 32x32 pictures by name sees them as those who train on CIFAR do; of a bare Module, whoever calls must say.
"""

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

import minimix.functional as F
from minimix import data, models
from minimix.data.arrays import as_images
from minimix.data.classes import IMAGENET_FILE
from minimix.data.official import CLASSES, STATISTICS, TITLES
from minimix.data.pictures import fitted, open_upright, prepare
from minimix.fold import fold_batch_norm
from minimix.models import own, pretrained
from minimix.models.pretrained import Preparation
from minimix.nn import Module
from minimix.tensor import Tensor, no_grad
from minimix.train import Result, Trained, load_model
from minimix.train.checkpoint import is_checkpoint
from minimix.train.checkpoint import load as load_checkpoint
from minimix.train.limits import limited
from minimix.train.naming import located
from minimix.weights import loading
from minimix.weights.libraries import family
from minimix.weights.signs import signs
from minimix.words import count

BACKGROUND = "background"  # the class before ImageNet's in TensorFlow's networks
AT_ONCE = 16  # photographs: they, and what a network makes of them, then take little memory


class Guess(NamedTuple):
    """One class: its number, its name (the number as text where it has none), and the probability that the network gives it."""

    label: int
    name: str
    probability: float


@dataclasses.dataclass(frozen=True, eq=False)
class Predictions:
    """What a network sees in N images, of C classes.

    probabilities: float (N, C).
    classes: their names; None where nobody has given them any.
    images:  what was looked at: paths, or the places in the array.
    failed:  {path: why} of pictures that could not be read; they are not among the N.
    remarks: lines about how the pictures were prepared.
    warnings: lines about what cannot be right, where the numbers show it reliably (see ``weights/signs.py``).
    """

    probabilities: np.ndarray
    classes: tuple[str, ...] | None
    images: list
    failed: dict = dataclasses.field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def labels(self) -> np.ndarray:
        """int64 (N,): the likeliest class of each image."""
        return self.probabilities.argmax(axis=1).astype(np.int64)

    @property
    def names(self) -> list[str]:
        """The name of the likeliest class of each image."""
        return [self._name(label) for label in self.labels]

    def top(self, k: int = 5) -> list[list[Guess]]:
        """The ``k`` likeliest classes of each image, likeliest first; all, where there are fewer."""
        if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
            raise ValueError(f"k: expected a number of classes, 1 or more, not {k!r}")
        order = np.argsort(-self.probabilities, axis=1, kind="stable")[:, :k]
        return [
            [Guess(int(c), self._name(c), float(p[c])) for c in row] for row, p in zip(order, self.probabilities, strict=True)
        ]

    def _name(self, index) -> str:
        return str(index if self.classes is None else self.classes[index])

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        failed = f", {len(self.failed)} that could not be read" if self.failed else ""
        classes = count(self.probabilities.shape[1], "class", "classes")
        return f"Predictions({count(len(self), 'image')}, {classes}{failed})"


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


def predict(
    model,
    images,
    *,
    weights=None,
    names: str | None = None,
    classes=None,
    mean=None,
    std=None,
    size=None,
    fold: bool = False,
    batch_size: int = AT_ONCE,
    runs: str | os.PathLike = "runs",
) -> Predictions:
    """Which classes a network sees in pictures or arrays.

    model: what ``train`` returned, or ``train.load_model``; a run's folder, its name in the folder ``runs``, or its
        .safetensors file; the name of a network, with its published weights or with those in the file ``weights``; or a Module.
    images: a path or several; a ``Dataset``, or an array: uint8, whole numbers or floating-point numbers, (N, C, H, W), (N, H,
        W, C) or (N, H, W), as ``data.from_arrays`` takes them; or one picture, (C, H, W), (H, W, C) or (H, W). They are
        resized and normalised as the network expects. A picture that cannot be read is left out, and named in ``failed``.
    names: the library whose names the file ``weights`` has, where they do not show it (see ``load_weights``). The network is
        made to compute what that library's does, and pictures are prepared as there.
    classes: the names of the classes, where the network has none or others.
    mean, std, size: for a Module: of each channel in units of 255, and the side or (height, width) in pixels; size is the
        Module's ``input_size``, or the array's own, where it is not given. Without mean and std, a Module gets an array of
        floating-point numbers (N, C, H, W) as it is, as in ``model(x)``.
    fold:  fold batch norms into the convolutions: the same answers.
    batch_size: images that are looked at together.

    Raises ValueError where nothing can be read, or the network does not fit; FileNotFoundError for a run or file that is not
    there.

    >>> from PIL import Image
    >>> Image.new("RGB", (300, 200), "red").save("red.png")
    >>> net = models.create("mixnet_nano", width=0.5, num_classes=3)
    >>> seen = predict(net, ["red.png"], mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25), classes=("cat", "dog", "red"))
    >>> seen, [len(row) for row in seen.top(2)]
    (Predictions(1 image, 3 classes), [2])
    >>> predict(net, np.zeros((4, 3, 32, 32), np.float32)).probabilities.shape
    (4, 3)
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ValueError(f"batch_size: expected a number of images, 1 or more, not {batch_size!r}")
    paths = _paths(images)
    pixels = _array(images) if paths is None else None
    if isinstance(model, Module) and pixels is not None and mean is None and std is None:
        return _as_it_is(model, pixels, classes, fold, batch_size)
    several = paths if pixels is None else _several(pixels)[0]
    own_size = None if pixels is None else several.shape[2:]
    seer = seer_of(model, weights=weights, names=names, mean=mean, std=std, size=own_size if size is None else size, runs=runs)
    if classes is not None:
        seer = seer._replace(classes=tuple(map(str, classes)))
    return look(seer, several, fold, batch_size)


def look(seer: Seer, images, fold: bool = False, batch_size: int = AT_ONCE) -> Predictions:
    """What ``seer`` sees in ``images``: paths, or uint8 (N, 3, H, W)."""
    from PIL import Image

    parts, good, failed, resized, first = [], [], {}, False, np.zeros(0)
    model = fold_batch_norm(seer.model, (3, *seer.size)) if fold else seer.model
    for chunk in _chunks(images, batch_size):
        pictures = []
        for place, image in chunk:
            try:
                picture = Image.fromarray(image.transpose(1, 2, 0)) if isinstance(image, np.ndarray) else open_upright(image)
            except (OSError, ValueError) as error:
                failed[place] = str(error)
                continue
            resized = resized or (picture.height, picture.width) != tuple(seer.size)
            pictures.append(picture)
            good.append(place)
        if pictures:
            batch = seer.batch(pictures)
            first = first if parts else batch
            parts.append(_probabilities(model, batch))
    if not parts:
        raise ValueError("\n".join(failed.values()) or "images: there are none")
    remarks = seer.remarks
    if resized and seer.how is None:
        height, width = seer.size
        remarks += (f"the centre of each image, made {height}x{width} pixels, is what the network sees",)
    probabilities = _numbers(np.concatenate(parts), good)
    if seer.classes is not None and len(seer.classes) != probabilities.shape[1]:
        raise ValueError(f"classes: {len(seer.classes)} names, but the network knows {probabilities.shape[1]} classes")
    return Predictions(probabilities, seer.classes, good, failed, remarks, tuple(signs(seer.model, first, probabilities)))


# -- what was given ---------------------------------------------------------------------------------------------------


def _paths(images) -> list[Path] | None:
    """Paths, or None for arrays."""
    if isinstance(images, (str, os.PathLike)):
        images = [images]
    if isinstance(images, (list, tuple)) and images and all(isinstance(image, (str, os.PathLike)) for image in images):
        return [Path(image).expanduser() for image in images]
    return None


def _array(images) -> np.ndarray:
    """One array of whatever holds numbers; Pillow's images as they look, in colour."""
    if isinstance(images, data.Dataset):
        images = images.images
    if hasattr(images, "convert"):
        return np.asarray(images.convert("RGB"))
    if isinstance(images, (list, tuple)):
        if not images:
            raise ValueError("images: there are none")
        images = [np.asarray(image.convert("RGB")) if hasattr(image, "convert") else np.asarray(image) for image in images]
        shapes = sorted({image.shape for image in images})
        if len(shapes) > 1:
            raise ValueError(
                f"images: of several shapes, {shapes[0]} and {shapes[1]}: give those of one shape together, or files"
            )
    return np.asarray(images)


def _several(images: np.ndarray) -> tuple[np.ndarray, str]:
    """uint8 (N, 3, H, W) of an array of pictures, or of one."""
    shape = images.shape
    if images.ndim == 2 or (images.ndim == 3 and (shape[-1] in (3, 4) or shape[0] in (1, 3))):
        images = images[None]
    return as_images(images)


def _chunks(images, size: int) -> Iterator[list]:
    """(what to call it, image) pairs, ``size`` at a time."""
    names = range(len(images)) if isinstance(images, np.ndarray) else images
    pairs = list(zip(names, images, strict=True))
    return (pairs[start : start + size] for start in range(0, len(pairs), size))


def _as_it_is(model: Module, images: np.ndarray, classes, fold: bool, batch_size: int) -> Predictions:
    if images.dtype.kind != "f" or images.ndim != 4:
        raise ValueError(
            f"images: without mean and std, a Module takes floating-point numbers (N, C, H, W), normalised, not {images.dtype} "
            f"{images.shape}: say mean and std of each channel, in units of 255"
        )
    if not len(images):
        raise ValueError("images: there are none")
    whole, model = model, fold_batch_norm(model, images.shape[1:]) if fold else model
    dtype = next((parameter.dtype for parameter in model.parameters()), images.dtype)
    images = images.astype(dtype, copy=False)
    chunks = (images[start : start + batch_size] for start in range(0, len(images), batch_size))
    probabilities = _numbers(np.concatenate([_probabilities(model, chunk) for chunk in chunks]), list(range(len(images))))
    if classes is not None and len(classes) != probabilities.shape[1]:
        raise ValueError(f"classes: {len(classes)} names, but the network knows {probabilities.shape[1]} classes")
    names, found = None if classes is None else tuple(classes), tuple(signs(whole, images[:batch_size], probabilities))
    return Predictions(probabilities, names, list(range(len(images))), warnings=found)


def _probabilities(model: Module, batch: np.ndarray) -> np.ndarray:
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        with no_grad(), limited(), np.errstate(all="ignore"):
            logits = model(Tensor(batch))
            if logits.ndim != 2 or len(logits) != len(batch):
                raise ValueError(f"the network makes {logits.shape} of {len(batch)} images: expected ({len(batch)}, classes)")
            found = F.softmax(logits, -1).data
    finally:
        for module, mode in modes:
            module.training = mode
    return found


def _numbers(probabilities: np.ndarray, images: list) -> np.ndarray:
    """Refuse answers that are none."""
    lost = [str(image) for image, row in zip(images, probabilities, strict=True) if not np.isfinite(row).all()]
    if lost:
        named = f"{', '.join(lost[:5])}{', ...' if len(lost) > 5 else ''}"
        raise ValueError(f"the network's answers are no numbers (NaN) for {named}: weights that have diverged?")
    return probabilities


# -- networks ---------------------------------------------------------------------------------------------------------


def seer_of(model, *, weights=None, names=None, mean=None, std=None, size=None, runs="runs") -> Seer:
    """For whatever ``predict`` takes as ``model``."""
    if isinstance(model, Module):
        if mean is None or std is None:
            raise ValueError("mean, std: a Module does not know how its pictures are normalised: give them, in units of 255")
        size = getattr(model, "input_size", (None,))[1:] if size is None else size
        if not size:
            raise ValueError("size: this Module has no input_size: give the side of the pictures in pixels")
        size = (int(size), int(size)) if np.ndim(size) == 0 else tuple(map(int, size))
        return Seer(model, None, size, tuple(mean), tuple(std))
    if isinstance(model, Result):
        about = load_checkpoint(model.folder / "last.safetensors")[1]["about"]
        return Seer(model.model, tuple(about["classes"]), tuple(about["image_shape"][1:]), about["mean"], about["std"])
    if isinstance(model, Trained):
        return seer_of_run(model)
    if not isinstance(model, (str, os.PathLike)):
        raise TypeError(
            "model: expected a run, the name of a network, a Module, or what train or load_model returned, not a "
            f"{type(model).__name__}"
        )
    name, path = str(model), Path(model).expanduser()
    if own.is_own(name) or (name in models.names() and not (path / "last.safetensors").exists()):
        return seer_by_name(name, {}, weights, names=names)
    if weights is not None or names is not None:
        raise ValueError(f"weights, names: {name} is no network by name; a run has weights of its own")
    found = located(model, runs)
    if not found.exists():
        raise FileNotFoundError(f"model: {name} is no run in {runs}, no file and no network by name")
    return seer_of_run(load_model(found))


def seer_of_run(trained: Trained) -> Seer:
    """A network in a checkpoint, which knows what its pictures were like."""
    remarks = (f"{trained.path}, trained on {trained.data}",)
    return Seer(trained.model, trained.classes, trained.image_shape[1:], trained.mean, trained.std, None, remarks)


def seer_by_name(name: str, options: dict, weights=None, classes_file=None, label: str = "", names: str | None = None) -> Seer:
    """A network by name, which sees pictures as its published weights, or those who train on CIFAR, expect them; with the
    weights of another library, as these do there.

    label: what the user calls it. names: the library, where the file does not show it.
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
    if weights is None and names is not None:
        raise ValueError("names says nothing without weights: the published ones are timm's")
    library = None
    try:
        if weights is None:
            model, remarks = models.create(name, pretrained=True, **options), [f"{label} with its published weights"]
        else:
            model, library, remarks = loading.network_for(name, options, weights, names, label)
    except RuntimeError as error:  # layers refuse some arguments so, as PyTorch's do
        raise ValueError(str(error)) from error
    model.eval()
    size = model.input_size[1]
    known = outputs(model)
    if library is not None and family(model) in library.preparations:
        source, how = None, library.preparations[family(model)]._replace(size=size)
        mean, std = how.mean, how.std
    elif models.is_small(name):
        source = "cifar100" if options.get("num_classes") == 100 else "cifar10"
        remarks.append(f"pictures are normalised as in {TITLES[source]}")
        mean, std, how = *STATISTICS[source], None
    else:
        source, how = None, models.preparation(name)._replace(size=size)
        mean, std = how.mean, how.std
    classes, remark = _class_names(classes_file, known, None if own.is_own(name) else source)
    return Seer(model, classes, (size, size), mean, std, how, tuple(filter(None, (*remarks, remark))))


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
