"""What a checkpoint says of itself, checked before anything of it is used: another program may have written it.

The checksums in ``checkpoint.py`` tell that a file is whole. That it makes sense is told here.
"""

import contextlib
import math

from minimix import models
from minimix.train.checkpoint import CheckpointError

LARGEST = {"width": 20, "partition": 100_000, "rows": 4096}  # of a network's options; a larger one would only fill the memory
OTHERS = 1000
FAULTS = (
    ValueError, KeyError, TypeError, AttributeError, IndexError, ArithmeticError, RecursionError, RuntimeError, MemoryError,
)  # fmt: skip


@contextlib.contextmanager
def reading(path):
    """Whatever goes wrong inside, where only a checkpoint's contents are used, is that file's fault, and said of it."""
    try:
        yield
    except CheckpointError:
        raise
    except FAULTS as error:
        raise CheckpointError(f"{path} cannot be used: {error or type(error).__name__}") from error


def check(path, description: dict) -> None:
    """Refuse a description without the parts that are needed, or with others in their places. More parts do no harm.

    >>> check("a.safetensors", {"kind": "weights", "recipe": {"model": 3}})
    Traceback (most recent call last):
        ...
    minimix.train.checkpoint.CheckpointError: a.safetensors: its description has 3 as recipe.model, expected a text
    """

    def need(what: str, good, expected: str):
        value = description
        for key in what.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if not good(value):
            given = repr(value)
            given = f"{given[:40]}..." if len(given) > 40 else given
            raise CheckpointError(f"{path}: its description has {given} as {what}, expected {expected}")
        return value

    def is_shape(value) -> bool:
        return isinstance(value, list) and len(value) == 3 and all(_is_whole(n) and 0 < n < 65536 for n in value)

    with reading(path):
        kind = need("kind", lambda value: value in ("run", "weights"), "'run' or 'weights'")
        model = need("recipe.model", lambda value: isinstance(value, str), "a text")
        need("recipe.data", lambda value: isinstance(value, str), "a text")
        of_ours = model in models.names()  # of your own may have any options
        good = _is_modest if of_ours else lambda value: isinstance(value, dict)
        need("recipe.model_options", good, "an object, with numbers that a network may have")
        need("about.classes", _is_list_of(lambda item: isinstance(item, (str, int)), 1), "a list of names")
        channels = need("about.image_shape", is_shape, "three sizes: channels, height and width")[0]
        need("about.mean", _is_list_of(_is_number, channels, channels), f"{channels} numbers")
        positive = _is_list_of(lambda item: _is_number(item) and item > 0, channels, channels)
        need("about.std", positive, f"{channels} numbers above 0")
        need("about.places", lambda value: value is None or _is_texts(value), "an object of texts")
        need("history", _is_list_of(_is_epoch), "a list with an object of numbers for each epoch")
        if kind == "run":
            need("random", lambda value: isinstance(value, dict), "an object")
            for name in ("epoch", "batch", "step", "correct", "seen"):
                need(f"position.{name}", lambda value: _is_whole(value) and 0 <= value < 2**53, "a whole number, 0 or more")
            need("position.loss_sum", _is_number, "a number")
            epochs = len(description["history"])
            need("position.epoch", lambda value: value == epochs, f"{epochs}, the number of epochs in its history")


def _is_texts(value) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _is_whole(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_list_of(good, least: int = 0, most: float = math.inf):
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(good, value))


def _is_epoch(value) -> bool:
    return isinstance(value, dict) and all(item is None or _is_number(item) for item in value.values())


def _is_modest(value) -> bool:
    """Whether these are options that a network may have been built with."""
    if not isinstance(value, dict):
        return False
    for name, option in value.items():
        items = _flat(option)
        numbers = [item for item in items if isinstance(item, (int, float))]
        if len(items) > OTHERS or any(not abs(number) <= LARGEST.get(name, OTHERS) for number in numbers):
            return False
    return True


def _flat(option) -> list:
    """What is in lists and objects at any depth: kernels may be given for each block, and rows by name."""
    option = list(option.values()) if isinstance(option, dict) else option
    return [item for part in option for item in _flat(part)] if isinstance(option, list) else [option]
