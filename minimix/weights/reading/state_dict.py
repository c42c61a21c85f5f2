"""The state dict in a checkpoint: which of its parts are weights, and which of several to take.

Programs put it beside an epoch, an optimizer, options and further weights, under names of their own. An average of the weights
over training (EMA) goes before the weights themselves, as the published accuracies are its, unless it lacks some of them.
"""

from typing import Any

import numpy as np

from minimix.pickled.arrays import Array
from minimix.pickled.machine import text
from minimix.weights.reading.names import BESIDE, MODELS, OTHERS, averages, begin_with, common_prefix, rank, under, words
from minimix.weights.reading.result import ReadError, SeveralError, shown
from minimix.weights.reading.tensors import Tensor, Unreadable
from minimix.words import nearest, some

DEPTH, LONGEST = 4, 16  # so deep is looked for weights, and into lists and tuples of so many things
Leaf = Tensor | Unreadable | Array | np.ndarray


class Part:
    """A dict with arrays in it. path: the keys, or places, that lead to it. start: what its names began with, where only those
    are meant.
    """

    def __init__(self, path: tuple, found: dict, start: str = ""):
        self.path, self.found, self.start = path, found, start
        self.averages = any(map(averages, path))

    def __str__(self) -> str:
        keys = "".join(f"[{key}]" if isinstance(key, int) else f'["{shown(key)}"]' for key in self.path)
        return ", ".join(filter(None, (keys, self.start and begin_with(self.start))))

    @property
    def rank(self) -> int:
        return rank(self.path)

    def is_within(self, path: tuple, number: int) -> bool:
        """Whether these are the weights, and not the ``number`` arrays beside them: a best accuracy, for instance."""
        return self.averages or self.path[len(path)] in MODELS or len(self.names()) > number

    def names(self) -> set[str]:
        names = {name for name, value in self.found.items() if isinstance(value, Leaf)} - BESIDE
        prefix = common_prefix(names)
        return {name.removeprefix(prefix) for name in names}


def find(value: Any, take: str = "") -> tuple[dict[str, Any], str]:
    """({name: array or description of one}, what that is in words, or "" where it is all).

    take: the part to take, by a key that leads to it alone, by all keys, "ema.module", or as errors write it; or what the names
        of one begin with, up to a "."; "": decide.

    Raises ReadError where there is none, where there are several and nothing tells which is meant, and for a name in it that
    stands for something unreadable.
    """
    parts = _parts(value)
    if not parts:
        raise ReadError(f"holds no weights: {_kind(value)}, expected a dict of tensors by name")
    part = _asked(parts, take) if take else _chosen(parts)
    others = [str(other) for other in parts if other.path != part.path]
    weights, left = _weights(part.found)
    said = str(part) + (f", not {some(others)}" if others else "")
    return weights, ", ".join(filter(None, (said, f"without {some(map(shown, left))}" if left else "")))


def _parts(value: Any) -> list[Part]:
    """All sets of weights, in the order of the checkpoint. A dict is one where arrays stand in it themselves, and what is below
    it then is none of its own; but where weights are below it, those arrays are something else (see ``Part.is_within``).
    """
    found: list[Part] = []
    seen: set[int] = set()  # ids: a pickle of a few bytes can have the same dict in a thousand places, each in the other

    def look(value, path: tuple) -> None:
        if id(value) in seen or len(path) > DEPTH:
            return
        seen.add(id(value))
        inner: list[tuple[Any, Any]]
        if isinstance(value, dict):
            value = _with_text_keys(value)
            inner = [(key, below) for key, below in value.items() if isinstance(key, str) and not OTHERS & words(key)]
            direct = sum(isinstance(below, Leaf) for below in value.values())
        elif isinstance(value, (list, tuple)) and len(value) <= LONGEST:
            inner, direct = list(enumerate(value)), 0
        else:
            return
        before = len(found)
        for key, below in inner:
            look(below, (*path, key))
        if direct and not any(part.is_within(path, direct) for part in found[before:]):
            found[before:] = [Part(path, value)]

    look(value, ())
    return found


def _chosen(parts: list[Part]) -> Part:
    averages, plain = [part for part in parts if part.averages], [part for part in parts if not part.averages]
    best = _likeliest(plain) if plain else None
    average = _likeliest(averages) if averages else None
    if average is not None and (best is None or average.names() >= best.names()):
        return average
    if best is None:
        raise SeveralError.of(list(map(str, parts)), _key(parts[0]))
    return best


def _likeliest(parts: list[Part]) -> Part | None:
    first, *others = sorted(parts, key=lambda part: (part.rank, len(part.path)))
    return None if any((part.rank, len(part.path)) == (first.rank, len(first.path)) for part in others) else first


def _key(part: Part) -> str:
    """What to type for it."""
    return ".".join(map(str, part.path))


def _asked(parts: list[Part], take: str) -> Part:
    asked = [part for part in parts if take in (str(part), _key(part))] or [part for part in parts if take in part.path]
    asked = asked or [Part(part.path, inside, take) for part in parts if (inside := under(part.found, take))]
    if not asked and not any(part.path for part in parts):
        raise ReadError(f"has no part {shown(take)}, and no parts at all: it is one set of weights, leave out take")
    if len(asked) > 1:
        raise ReadError(f"has several parts {shown(take)}: say which, {some(map(_key, asked), 10)}")
    if not asked:
        near = nearest(take, map(_key, parts))
        there = f"did you mean {shown(near[0])}?" if near else f"there is {some(map(str, parts), 10)}"
        raise ReadError(f"has no part {shown(take)}: {there}")
    return asked[0]


def _weights(found: dict) -> tuple[dict[str, Any], list[str]]:
    """The arrays, and the names of what is none."""
    weights, left = dict[str, Any](), []
    for name, value in found.items():
        if isinstance(value, Unreadable):
            raise ReadError(f"{shown(name)} is {value.what}")
        if isinstance(value, (Tensor, np.ndarray)):
            weights[name] = value
        elif isinstance(value, Array) and value.value is not None:
            weights[name] = value.value
        elif isinstance(value, (bool, int, float)) and not (isinstance(value, int) and abs(value) >= 1 << 63):
            weights[name] = np.array(value)
        else:
            left.append(name)
    return weights, left


def _with_text_keys(found: dict) -> dict:
    """The same with strings for Python 2's."""
    try:
        made = {text(key) if isinstance(key, bytes) else key: value for key, value in found.items()}
    except UnicodeDecodeError:
        raise ReadError("holds a name that is no text: damaged") from None
    if len(made) != len(found):
        raise ReadError("holds a name twice: damaged")
    return {key: value for key, value in made.items() if isinstance(key, str) or not isinstance(value, Leaf)}


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return f"a dict with {some(map(shown, value))}" if value else "an empty dict"
    names = {Tensor: "one tensor", Unreadable: "one tensor", Array: "one array", type(None): "nothing"}
    return names.get(type(value), f"a {type(value).__name__}")
