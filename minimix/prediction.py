"""``mm.predict``: which classes a network sees in pictures or arrays, a few at a time.

The network, and how its pictures are prepared, are a ``Seer`` (see ``seer.py``).
"""

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

import minimix.functional as F
from minimix import data
from minimix.data.arrays import as_images
from minimix.data.pictures import open_upright
from minimix.fold import fold_batch_norm
from minimix.nn import Module
from minimix.seer import Seer, seer_by_name, seer_of, seer_of_run
from minimix.tensor import Tensor, no_grad
from minimix.train.limits import limited
from minimix.weights.signs import signs
from minimix.words import count

__all__ = ["Predictions", "Seer", "look", "predict", "seer_by_name", "seer_of", "seer_of_run"]

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


def predict(
    model,
    images,
    *,
    weights=None,
    names: str | None = None,
    take: str = "",
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
        resized and normalised as the network expects, and not mirrored, also where the run had ``tta``. A picture that cannot
        be read is left out, and named in ``failed``.
    names: the library whose names the file ``weights`` has, where they do not show it (see ``load_weights``). The network is
        made to compute what that library's does, and pictures are prepared as there; remarks say where that is not known.
    take: which part of a checkpoint with several the weights are, such as "model_ema".
    classes: the names of the classes, where the network has none or others.
    mean, std, size: of each channel in units of 255, and the side or (height, width) in pixels. By default those of the run, of
        the published weights, or of the library whose names a file has; a file of Keras' may have a size of its own. A Module
        knows no mean and std, and its size is its ``input_size``, or the array's own. Without mean and std, a Module gets an
        array of floating-point numbers (N, C, H, W) as it is, as in ``model(x)``.
    fold:  fold batch norms into the convolutions: the same answers.
    batch_size: images that are looked at together.

    Raises ValueError where nothing can be read, or the network does not fit; FileNotFoundError for a run or file that is not
    there.

    >>> from PIL import Image
    >>> Image.new("RGB", (300, 200), "red").save("red.png")
    >>> from minimix import models
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
    if size is None and pixels is not None and isinstance(model, Module):
        size = several.shape[2:]
    seer = seer_of(model, weights=weights, names=names, take=take, mean=mean, std=std, size=size, runs=runs)
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
