"""What stands before the names of a file, or within them: whether it belongs to them, the network or the libraries know.

Wrappers put "module." or "model." there, and reading takes it away. But a network of one's own may have such an attribute
itself; whoever wraps one may call it as he likes, "cnn." for instance; and a file may have several networks in it, each with
its own: "student." and "teacher.", "model." and its averages in "ema.".
"""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator

from minimix.weights.reading import Read, SeveralError
from minimix.weights.reading.names import WRAPPERS, averages, begin_with, rank, unprefixed
from minimix.weights.reading.result import sentence

Known = Callable[[Iterable[str]], bool]
_INSIDE = ".module."  # of a part that was wrapped by itself, as the examples of PyTorch wrap "features" of a network


def seen_through(read: Read, own: set[str], known: Known) -> Read:
    """The same arrays under those names of which the network has most, or that are known; or a part of them, under a prefix.

    own: the network's names. known: whether names are those of a library.

    Raises SeveralError where there are several such parts, and nothing tells which is meant.
    """
    ways = [read, *_with(read), *_without(read), *_within(read)]
    numbers = [len(own & way.entries.keys()) for way in ways]
    best = ways[numbers.index(max(numbers))]
    if 2 * max(numbers) >= len(own):
        return best
    return next((way for way in ways if known(way.entries)), None) or _part(read, own, known) or best


def _with(read: Read) -> Iterator[Read]:
    """With a part of the prefix again, and with all of it."""
    for place in reversed([i for i, letter in enumerate(read.prefix) if letter == "."]):
        start = read.prefix.rfind(".", 0, place) + 1
        back = read.prefix[start:]
        entries = {back + name: array for name, array in read.entries.items()}
        yield dataclasses.replace(read, entries=entries | read.beside, prefix=read.prefix[:start], beside={})


def _without(read: Read) -> Iterator[Read]:
    """Without the first word of most names, and without the next."""
    for _ in range(WRAPPERS):
        first = Counter(name.partition(".")[0] for name in read.entries if "." in name and "/" not in name).most_common(1)
        entries, prefix, beside = unprefixed(read.entries, (f"{first[0][0]}.",)) if first else ({}, "", {})
        if not prefix:
            return
        read = dataclasses.replace(read, entries=entries, prefix=read.prefix + prefix, beside=read.beside | beside)
        yield read


def _within(read: Read) -> Iterator[Read]:
    """Without the wrappers of parts."""
    entries = {name.replace(_INSIDE, "."): array for name, array in read.entries.items()}
    if entries.keys() != read.entries.keys() and len(entries) == len(read.entries):
        said = ", ".join(filter(None, (read.part, 'names without "module." in them')))
        yield dataclasses.replace(read, entries=entries, part=said)


def _part(read: Read, own: set[str], known: Known) -> Read | None:
    """The arrays under one prefix, of several: those of which the network, or a library, knows most; averages of as many go
    before the others. None where it knows too few.
    """
    parts: dict[str, dict] = defaultdict(dict)
    for name, array in read.entries.items():
        words = name.split(".") if "/" not in name else []
        for number in range(1, min(len(words), WRAPPERS + 1)):
            parts[".".join(words[:number]) + "."][".".join(words[number:])] = array
    numbers = {prefix: len(own & part.keys()) for prefix, part in parts.items()}
    if 2 * max(numbers.values(), default=0) < len(own):
        numbers = {prefix: len(part) for prefix, part in parts.items() if known(part)}
    likely = [prefix for prefix, number in numbers.items() if number == max(numbers.values())]
    if not likely:
        return None
    chosen = [prefix for prefix in likely if averages(prefix)] or likely
    first = min(map(rank, (prefix.split(".") for prefix in chosen)))
    chosen = [prefix for prefix in chosen if rank(prefix.split(".")) == first]
    if len(chosen) > 1:
        several = SeveralError.of([begin_with(prefix) for prefix in likely], chosen[0].rstrip("."))
        raise SeveralError(sentence(read.path, str(several)))
    prefix = chosen[0]
    beside = {name: array for name, array in read.entries.items() if not name.startswith(prefix)}
    return dataclasses.replace(read, entries=parts[prefix], prefix=read.prefix + prefix, beside=read.beside | beside)
