"""Networks by name: ``models.create("mixnet_nano", num_classes=10)``."""

import difflib

from minimix.models.mixnet import mixnet_nano

_NETWORKS = {"mixnet_nano": mixnet_nano}


def names() -> list[str]:
    """All names that ``create`` knows."""
    return sorted(_NETWORKS)


def create(name: str, **options):
    """Build the network ``name``, with fresh weights. ``options``: ``num_classes`` and those of the network's own function.

    Raises ValueError for an unknown name, TypeError for an unknown option.

    >>> from minimix import models
    >>> type(models.create("mixnet_nano", num_classes=100)).__name__
    'RowNet'
    """
    if name not in _NETWORKS:
        near = difflib.get_close_matches(str(name), names(), n=1)
        raise ValueError(
            f"no network is called {name!r}" + (f": did you mean {near[0]!r}?" if near else f"; there are {', '.join(names())}")
        )
    return _NETWORKS[name](**options)
