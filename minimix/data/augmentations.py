"""What may be said for ``augment``: names, an ``Augment``, functions of your own, or several of them.

    "flip,crop=6,cutout,file.py:noise"          what the command line takes, the last a function of your own in a file
    "alternate,crop"                            flips that alternate, in place of random ones
    Augment(pad=6, cutout=16)
    noise                                       noise(images, rng) -> images
    ["flip", "crop", noise]

A function of your own gets a batch, uint8 (N, 3, H, W), which it may change, and a ``numpy.random.Generator`` that is the same
for the same seed, epoch and batch; it returns uint8 of the same shape. Flips, crops and cut-outs come after it.
"""

import inspect
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minimix.data.augment import Augment
from minimix.data.draws import OWN_AUGMENT
from minimix.models import own as files

SIZES = {"crop": 4, "cutout": 8}  # pixels, where no others are given, as in crop=6
NAMES = ("flip", "alternate", *SIZES)
OWN = "own:"  # what the name of a function of your own begins with, in a run's recipe


class Augmentations(NamedTuple):
    """names: as a recipe holds them, in one order, so that equal choices compare equal. own: the functions."""

    names: tuple[str, ...]
    own: tuple[Callable, ...]

    def standard(self) -> Augment | None:
        """Those that are not of your own."""
        sizes = {name.partition("=")[0]: name.partition("=")[2] for name in self.names if not name.startswith(OWN)}
        pad, cutout = (int(sizes[name] or least) if name in sizes else 0 for name, least in SIZES.items())
        return Augment("alternate" if "alternate" in sizes else "flip" in sizes, pad, cutout) if sizes else None


def augmentations(value) -> Augmentations:
    """What ``value`` says. Raises TypeError or ValueError, which name ``augment``, for what it cannot.

    >>> augmentations("crop=6, flip").names, augmentations(Augment(cutout=8)).names, augmentations(None).names
    (('flip', 'crop=6'), ('flip', 'crop', 'cutout'), ())
    >>> def noise(images, rng):
    ...     return images ^ rng.integers(0, 8, images.shape, np.uint8)
    >>> augmentations(["flip", noise]).names
    ('flip', 'own:noise')
    """
    if value is None or isinstance(value, str):
        value = [] if value in (None, "", "none") else value.split(",")
    parts = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
    sizes: dict[str, int] = {}
    names, own = [], []
    for part in parts:
        name, functions = _of_own(part)
        if name:
            names.append(name)
            own += functions
            continue
        new = _standard(part)
        if twice := [name for name in new if sizes.get(name, new[name]) != new[name]]:
            raise ValueError(f"augment: {twice[0]} is given twice, as {sizes[twice[0]]} and {new[twice[0]]} pixels")
        sizes |= new
        if {"flip", "alternate"} <= sizes.keys():
            raise ValueError("augment: flip is by chance, alternate is every other epoch: give one of the two")
    standard = [name if sizes[name] == SIZES.get(name, 1) else f"{name}={sizes[name]}" for name in NAMES if name in sizes]
    return Augmentations((*standard, *names), tuple(own))


def _of_own(part) -> tuple[str, list]:
    """(name in a recipe, [the function]) of one of your own; none of what a recipe names that is in no file. ("", []) of
    others."""
    if isinstance(part, str):
        text = part.strip()
        if text.startswith(OWN):  # out of a recipe
            return text, [files.maker(text.removeprefix(OWN))] if in_file(text) else []
        return (OWN + files.whole(text), [files.maker(text)]) if files.is_own(text) else ("", [])
    if not callable(part) or isinstance(part, type):
        return "", []
    return OWN + getattr(part, "__qualname__", type(part).__qualname__).rpartition(".<locals>.")[2], [part]


def _standard(part) -> dict[str, int]:
    """{name: pixels, or 1} of what is not of your own."""
    if type(part) is Augment:
        flip = "alternate" if part.flip == "alternate" else "flip"
        return {name: int(bool(size)) if name == flip else int(size)
                for name, size in ((flip, part.flip), ("crop", part.pad), ("cutout", part.cutout)) if size}  # fmt: skip
    if not isinstance(part, str):
        raise TypeError(
            f"augment: expected some of {', '.join(NAMES)}, an Augment, a function (images, rng) -> images, or a list of "
            f"these, not {part!r}"
        )
    part = part.replace(" ", "")
    name, sign, size = part.partition("=")
    if name not in NAMES or (sign and (name not in SIZES or not size.isdecimal() or int(size) < 1)):
        raise ValueError(f"augment: expected some of {', '.join(NAMES)}, or pixels, as in crop=6, not {part!r}")
    return {name: int(size) if sign else SIZES.get(name, 1)}


def in_file(name: str) -> bool:
    """Whether an augmentation in a recipe is a function in a file, which can be found again; not on another machine."""
    name = name.removeprefix(OWN)
    return files.is_own(name) and not name.startswith(("\\\\", "//"))


def apply(function: Callable, images: np.ndarray, key: tuple[int, ...]) -> np.ndarray:
    """``function(images, rng)``, or ``function(images)`` where it takes one argument, with the answer checked.

    images: uint8 (N, 3, H, W). key: numbers that name the stream of random numbers: seed, epoch, batch, which function.
    """
    name = getattr(function, "__qualname__", type(function).__qualname__)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence((OWN_AUGMENT, *key))))
    found = np.asarray(function(images, rng) if _takes_two(function) else function(images))
    if found.dtype != np.uint8 or found.shape != images.shape:
        advice = ": round, clip to 0 .. 255 and cast, .round().clip(0, 255).astype(np.uint8)" if found.dtype.kind == "f" else ""
        raise ValueError(
            f"augment: {name} gave {found.dtype} {found.shape} for uint8 {images.shape}, expected the same of both{advice}"
        )
    return np.ascontiguousarray(found)


def _takes_two(function: Callable) -> bool:
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        return False
    except ValueError:  # written in C: nobody says
        return True
    return True
