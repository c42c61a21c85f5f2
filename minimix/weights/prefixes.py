"""What stands before all names of a file: whether it belongs to them, the network or the libraries know.

Wrappers put "module." or "model." there, and reading takes it away. But a network of one's own may have such an attribute
itself; and whoever wraps one may call it as he likes, "cnn." for instance.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from minimix.weights.reading import Read
from minimix.weights.reading.state_dict import WRAPPERS, unprefixed


def seen_through(read: Read, own: set[str], known: Callable[[Iterable[str]], bool]) -> Read:
    """The same arrays under those names of which the network has most, or that are known.

    own: the network's names. known: whether names are those of a library.
    """
    ways = [read, *_with(read), *_without(read)]
    numbers = [len(own & way.entries.keys()) for way in ways]
    best = ways[numbers.index(max(numbers))]
    if 2 * max(numbers) >= len(own):
        return best
    return next((way for way in ways if known(way.entries)), best)


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
