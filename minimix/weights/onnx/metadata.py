"""The texts in an ONNX file: whose classes it knows and how pictures are prepared, as JSON; and whatever else the user says."""

import json
from collections.abc import Mapping, Sequence

import numpy as np

from minimix.seer import Seer
from minimix.words import count

OURS = ("minimix", "classes", "mean", "std")  # keys that are written, or have an argument of their own


def texts(seer: Seer, channels: int | None, classes, mean, std, metadata) -> dict[str, str]:
    """{key: text}. channels: of the pictures; None where the input is none. The others: as for ``export_onnx``."""
    from minimix import __version__

    mean, std = numbers("mean", mean, channels), numbers("std", std, channels)
    if std is not None and min(std) <= 0:
        raise ValueError(f"std: pixels are divided by it, so each number must be above 0, not {min(std):g}")
    how = seer.how
    found = {
        "classes": seer.classes if classes is None else listed_names("classes", classes),
        "mean": seer.mean if mean is None else mean,
        "std": seer.std if std is None else std,
        "crop": None if how is None else how.crop,
        "interpolation": None if how is None else how.interpolation,
    }
    about = {key: value if isinstance(value, str) else _json(value) for key, value in found.items() if value is not None}
    return {"minimix": __version__, **about, **_further(metadata, {*OURS, *about})}


def listed_names(argument: str, given) -> list[str]:
    """A list of names, of classes or arrays.

    >>> listed_names("classes", "cat")
    Traceback (most recent call last):
        ...
    TypeError: classes: expected a list of names, not 'cat'
    """
    if not isinstance(given, (Sequence, np.ndarray)) or isinstance(given, (str, bytes)):
        raise TypeError(f"{argument}: expected a list of names, not {given!r}")
    for name in given:
        if not isinstance(name, str):
            raise TypeError(f"{argument}: expected names that are texts, not {name!r}")
        if not name:
            raise ValueError(f"{argument}: one of the names is empty, expected texts with something in them")
    return list(map(str, given))


def numbers(argument: str, given, channels: int | None) -> list[float] | None:
    """A finite number for each channel; None where none are given."""
    if given is None:
        return None
    wanted = f"{argument}: expected {'a number' if channels is None else count(channels, 'number')}, one a channel"
    try:
        array = np.asarray(given)
    except ValueError as error:  # rows of several lengths
        raise ValueError(f"{wanted}, not {given!r}") from error
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{wanted}, not {given!r}")
    if array.ndim != 1 or not len(array) or len(array) != (channels or len(array)):
        raise ValueError(f"{wanted}, not {given!r}")
    if not np.isfinite(array).all():
        raise ValueError(f"{argument}: expected finite numbers, not {given!r}")
    return array.tolist()


def need_fitting(classes: str | None, output) -> None:
    """Refuse more or fewer classes than the network gives numbers for. output: what it returned, where that is one array."""
    if classes is None or getattr(output, "ndim", 0) not in (2, 4):
        return
    named, known = len(json.loads(classes)), output.shape[1]
    if named != known:
        raise ValueError(f"classes: {count(named, 'name')}, but the network knows {count(known, 'class', 'classes')}")


def _further(metadata, taken: set[str]) -> dict[str, str]:
    """What the user says, as text."""
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise TypeError(f"metadata: expected a dict of texts, such as {{'author': 'me'}}, not {metadata!r}")
    for key, value in metadata.items():
        if not isinstance(key, str):
            raise TypeError(f"metadata: expected keys that are texts, not {key!r}")
        if not key:
            raise ValueError("metadata: one of the keys is empty")
        if key in taken:
            own = f"give {key}=..." if key in OURS[1:] else "minimix writes it itself: take another key"
            raise ValueError(f"metadata: {key!r} has its meaning in the file already: {own}")
        if not isinstance(value, (str, int, float, np.integer, np.floating)):
            raise TypeError(f"metadata[{key!r}]: expected a text or a number, not {value!r}: json.dumps makes it a text")
    return {key: str(value) for key, value in metadata.items()}


def _json(value) -> str:
    return json.dumps(np.asarray(value).tolist(), ensure_ascii=False)
