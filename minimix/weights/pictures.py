"""What a file of weights says of the pictures that its network was made for.

Keras' files do, where a model was saved whole: "model_config" lists its layers, of which the first may resize pictures, or
multiply their pixels. And so do checkpoints of timm's training, in "args": its options. Nobody's code is run: what is looked
for are numbers in JSON.
"""

import itertools
import json
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from minimix.weights.reading import Read

LARGEST = 65536  # pixels a side: more is no picture
MOST, DEEPEST = 100, 10  # layers that are looked at, and in one another
_SIZES = ("batch_shape", "batch_input_shape")  # Keras 3, Keras 2


class Said(NamedTuple):
    """size: (height, width). mean, std: of pixels from 0 to 1, one number or one a channel. None: the file does not say."""

    size: tuple[int, int] | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None


def said(read: Read) -> Said:
    """What ``read`` says.

    >>> layers = [
    ...     {"class_name": "InputLayer", "config": {"batch_shape": [None, 160, 160, 3]}},
    ...     {"class_name": "Rescaling", "config": {"scale": 1 / 127.5, "offset": -1.0}},
    ... ]
    >>> config = json.dumps({"class_name": "Functional", "config": {"layers": layers}})
    >>> said(Read({}, "net.h5", "Keras (HDF5)", about={"model_config": config}))
    Said(size=(160, 160), mean=(0.5,), std=(0.5,))
    """
    try:
        model, options = (json.loads(read.about.get(key, "null")) for key in ("model_config", "args"))
        first = list(_first(model))
    except (ValueError, RecursionError):  # it says nothing that can be read
        return Said()
    if isinstance(options, dict):
        return _by_options(options)
    scale, offset = [1.0], [0.0]  # pixels from 0 to 255 become pixels * scale + offset
    size = next(filter(None, (_resized(kind, config) for kind, config in first)), None)
    size = size or next(filter(None, (_shaped(config) for _, config in first)), None)
    rescaled = False
    for kind, config in first:
        if kind == "Rescaling":
            factors, terms = _numbers(config.get("scale")), _numbers(config.get("offset", 0.0))
            if not (factors and terms):
                return Said(size)
            scale, offset = _each(scale, factors), _each(offset, factors)
            offset = [a + b for a, b in zip(*_alike(offset, terms), strict=True)]
            rescaled = True
    if not rescaled or not all(factor > 0 for factor in scale):
        return Said(size)
    scale, offset = _alike(scale, offset)
    std = [1 / (255 * factor) for factor in scale]
    mean = [-term * one for term, one in zip(offset, std, strict=True)]
    return Said(size, _rounded(mean), _rounded(std))


def _by_options(options: dict) -> Said:
    """Of timm's training, where None is for what the network has of itself.

    >>> _by_options({"img_size": None, "input_size": [3, 160, 192], "mean": [0.5], "std": None})
    Said(size=(160, 192), mean=(0.5,), std=None)
    """
    shape, side = options.get("input_size"), options.get("img_size")
    size = _size(*shape[1:]) if isinstance(shape, list) and len(shape) == 3 else _size(shape, shape) or _size(side, side)
    mean, std = (_numbers(options.get(key)) for key in ("mean", "std"))
    mean, std = (numbers if all(0 <= one <= 1 for one in numbers) else [] for numbers in (mean, std))
    return Said(size, tuple(mean) or None, tuple(std) or None if all(std) else None)


def _first(network: Any) -> Iterator[tuple[str, dict]]:
    """(class, configuration) of the layers down to the first convolution, this one included."""
    for kind, config in itertools.islice(_layers(network), MOST):
        yield kind, config
        if kind.endswith("Conv2D"):
            return


def _layers(layer: Any, depth: int = 0) -> Iterator[tuple[str, dict]]:
    """All layers, in the order of the list, with those that lie in others."""
    if not isinstance(layer, dict) or depth > DEEPEST:
        return
    kind, config = str(layer.get("class_name")).rpartition(">")[2], layer.get("config")  # "package>Class"
    below = config  # a list: Sequential, before Keras 2.2
    if isinstance(config, dict):
        yield kind, config
        below = config.get("layers")
    for one in below if isinstance(below, list) else ():
        yield from _layers(one, depth + 1)


def _shaped(config: dict) -> tuple[int, int] | None:
    """The size in a layer's shape of (N, H, W, C), or of (N, C, H, W) where C can only be that."""
    for key in _SIZES:
        shape = config.get(key)
        if isinstance(shape, list) and len(shape) == 4:
            first = shape[1] in (1, 3) and shape[3] not in (1, 3)
            return _size(*(shape[2:] if first else shape[1:3]))
    return None


def _resized(kind: str, config: dict) -> tuple[int, int] | None:
    return _size(config.get("height"), config.get("width")) if kind == "Resizing" else None


def _size(height, width) -> tuple[int, int] | None:
    sides = height, width
    return sides if all(type(side) is int and 0 < side <= LARGEST for side in sides) else None


def _numbers(value) -> list[float]:
    """A number, or a list of them; [] for anything else."""
    values = value if isinstance(value, list) else [value]
    fine = all(type(one) in (int, float) and math.isfinite(one) for one in values)
    return [float(one) for one in values] if fine and len(values) in (1, 3) else []


def _alike(a: list[float], b: list[float]) -> tuple[list[float], list[float]]:
    """Both as long as the longer one."""
    length = max(len(a), len(b))
    return a * (length // len(a)), b * (length // len(b))


def _each(a: list[float], b: list[float]) -> list[float]:
    return [x * y for x, y in zip(*_alike(a, b), strict=True)]


def _rounded(values: list[float]) -> tuple[float, ...]:
    """Without the last digits, which are those of the division: 0.5, not 0.49999999999999994."""
    return tuple(round(value, 9) for value in values)
