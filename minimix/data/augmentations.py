"""What may be said for ``augment``: names, an ``Augment``, functions of your own, or several of them.

    "flip,crop=6,cutout"                        what the command line takes
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

SIZES = {"crop": 4, "cutout": 8}  # pixels, where no others are given, as in crop=6
NAMES = ("flip", *SIZES)
OWN = "own:"  # what the name of a function of your own begins with, in a run's recipe


class Augmentations(NamedTuple):
    """names: as a recipe holds them, in one order, so that equal choices compare equal. own: the functions."""

    names: tuple[str, ...]
    own: tuple[Callable, ...]

    def standard(self) -> Augment | None:
        """Those that are not of your own."""
        sizes = {name.partition("=")[0]: name.partition("=")[2] for name in self.names if not name.startswith(OWN)}
        pad, cutout = (int(sizes[name] or least) if name in sizes else 0 for name, least in SIZES.items())
        return Augment("flip" in sizes, pad, cutout) if sizes else None


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
        value = [] if value in (None, "", "none") else value.replace(" ", "").split(",")
    parts = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
    sizes: dict[str, int] = {}
    names, own = [], []
    for part in parts:
        if isinstance(part, Augment) and type(part) is Augment:
            new = {"flip": 1} if part.flip else {}
            new |= {name: size for name, size in (("crop", part.pad), ("cutout", part.cutout)) if size}
        elif isinstance(part, str) and part.startswith(OWN):
            names.append(part)
            continue
        elif isinstance(part, str):
            new = _named(part)
        elif callable(part) and not isinstance(part, type):
            names.append(OWN + getattr(part, "__qualname__", type(part).__qualname__).rpartition(".<locals>.")[2])
            own.append(part)
            continue
        else:
            raise TypeError(
                f"augment: expected some of {', '.join(NAMES)}, an Augment, a function (images, rng) -> images, or a list of "
                f"these, not {part!r}"
            )
        if twice := [name for name in new if sizes.get(name, new[name]) != new[name]]:
            raise ValueError(f"augment: {twice[0]} is given twice, as {sizes[twice[0]]} and {new[twice[0]]} pixels")
        sizes |= new
    standard = [name if sizes[name] == SIZES.get(name, 1) else f"{name}={sizes[name]}" for name in NAMES if name in sizes]
    return Augmentations((*standard, *names), tuple(own))


def _named(part: str) -> dict[str, int]:
    name, sign, size = part.partition("=")
    if name not in NAMES or (sign and (name not in SIZES or not size.isdecimal() or int(size) < 1)):
        raise ValueError(f"augment: expected some of {', '.join(NAMES)}, or pixels, as in crop=6, not {part!r}")
    return {name: int(size) if sign else SIZES.get(name, 1)}


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
