"""How the pictures of a network by name are prepared, and what its classes are called: what was asked for goes before what a
file of weights says of itself, and that before what is known of where the weights are from.
"""

import numpy as np

from minimix import data, models
from minimix.data.classes import IMAGENET_FILE
from minimix.data.official import CLASSES, STATISTICS, TITLES
from minimix.models import pretrained
from minimix.models.function import family
from minimix.models.pretrained import Preparation
from minimix.nn import Module
from minimix.padding import number, pair
from minimix.tensor import Tensor, no_grad
from minimix.weights import loading, pictures
from minimix.words import count

BACKGROUND = "background"  # the class before ImageNet's in TensorFlow's networks
MOST = 4  # of a mean or std in units of 255: more is one of pixels from 0 to 255


def size_of(model: Module, name: str, resolution, said: tuple[int, int] | None, size) -> tuple[tuple[int, int], str]:
    """((height, width) of the pictures, a line about it): what is asked for goes before what the file says."""
    made_for = tuple(model.input_size[1:])
    wanted = sides(size) if size is not None else made_for if resolution is not None or said is None else said
    why = "as asked" if size is not None else "by resolution" if resolution is not None else "as the file says"
    others = []
    if said is not None and wanted != said:
        others.append(f"the file says {times(said)}")
    if resolution is None and wanted != made_for:
        others.append(f"{name} is made for {times(made_for)}")
    if not others and said is None:
        return wanted, ""
    return wanted, f"pictures are {times(wanted)} pixels, {why}" + (f"; {', '.join(others)}" if others else "")


def preparation_of(
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
    values = {key: each(given, channels) for key, given in zip(("mean", "std"), numbers, strict=True)}
    if said.mean is not None and said.std is not None:
        values = {"mean": each(said.mean, channels), "std": each(said.std, channels)}
        line, where = "pixels are normalised as the file says: {}", "there"
    lines = [line.format(in_words(values), where)] if where and not asked else as_asked(asked)
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


def checked(what: str, given, channels: int | None = None) -> tuple[float, ...]:
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
    return values if channels is None else each(values, channels)


def asked_for(mean, std, channels: int) -> dict[str, tuple[float, ...]]:
    """What of the two was asked for, by name, checked."""
    return {key: checked(key, given, channels) for key, given in (("mean", mean), ("std", std)) if given is not None}


def each(values, channels: int) -> tuple[float, ...]:
    """One number for each channel; of a grey picture, the mean of those for colours."""
    values = tuple(values)
    if len(values) == channels:
        return values
    return values * channels if len(values) == 1 else (float(np.mean(values)),) * channels


def as_asked(asked: dict) -> list[str]:
    found = {key: asked[key] for key in ("mean", "std") if key in asked}
    return [f"pixels are normalised as asked: {in_words(found)}"] if found else []


def in_words(values: dict) -> str:
    """
    >>> in_words({"mean": (0.5, 0.5, 0.5), "std": (0.229, 0.224, 0.225)})
    'mean 0.5, std (0.229, 0.224, 0.225)'
    """
    texts = {key: [f"{value:g}" for value in numbers] for key, numbers in values.items()}
    return ", ".join(f"{key} {few[0] if len(set(few)) == 1 else '(' + ', '.join(few) + ')'}" for key, few in texts.items())


def times(size) -> str:
    return "x".join(map(str, size))


def outputs(model: Module) -> int:
    """How many classes a network knows: asked of its classifier, or of what it makes of a black picture."""
    for name, array in model.state_dict().items():
        if name in ("classifier.bias", "fc.bias"):
            return len(array)
    with no_grad():
        return model(Tensor(np.zeros((1, *model.input_size), np.float32))).shape[-1]


def class_names(path, known: int, source: str | None) -> tuple[tuple | None, str]:
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
