"""Libraries whose weights can be used: how their names become ours, and what their networks compute besides.

library          a row of the table            structure    what a network consists of, as other libraries list it
renaming         a file's arrays under our names, or the refusal
torch_names, imgclsmob, mindcv, keras, tensorflow    the rows       refused    networks that are others under MixNet's name
"""

from collections.abc import Iterable

from minimix.weights.libraries import imgclsmob, keras, mindcv, refused, tensorflow, torch_names
from minimix.weights.libraries.library import Library
from minimix.words import nearest

__all__ = ["LIBRARIES", "Library", "by_name", "recognised", "usable"]

# The first whose marks fit has written a file.
LIBRARIES: tuple[Library, ...] = (
    *refused.LIBRARIES,
    *torch_names.LIBRARIES,
    *imgclsmob.LIBRARIES,
    mindcv.LIBRARY,
    *tensorflow.LIBRARIES,
    *keras.LIBRARIES,
)


def by_name(name: str) -> Library:
    """The library that is called ``name``.

    Raises ValueError, with the nearest, where there is none; TypeError for what is no text.

    >>> by_name("pytorchcv").families()
    ['mixnet', 'mobilenetv1', 'mobilenetv2', 'xception']
    """
    if not isinstance(name, str):
        raise TypeError(f"names: expected the name of a library, such as 'torchvision', not a {type(name).__name__}: {name!r}")
    found = {library.name: library for library in LIBRARIES}
    if name not in found:
        near = nearest(name, found)
        there = f"did you mean {near[0]}?" if near else f"there are {', '.join(usable())}"
        raise ValueError(f"names: no library is called {name!r}: {there}")
    return found[name]


def usable() -> list[str]:
    """The names of the libraries whose weights can be used."""
    return [library.name for library in LIBRARIES if not library.refusal]


def recognised(names: Iterable[str]) -> Library | None:
    """The library that has written arrays of these names, or None.

    >>> recognised(["features.init_block.conv1.conv.weight", "features.stage1.unit1.conv1.bn.weight"]).name
    'pytorchcv'
    """
    names = list(names)
    return next((library for library in LIBRARIES if library.wrote(names)), None)
