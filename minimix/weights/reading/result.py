"""What reading a file gives, and how it fails."""

import dataclasses
from pathlib import Path

import numpy as np

from minimix.words import count, some

RATIO, SPARE = 32, 16 << 20  # a file may become so many times its size, and so many bytes


class ReadError(ValueError):
    """A file cannot be read as weights. The message names the file and says why, and what would help."""


class SeveralError(ReadError):
    """There are several sets of weights, and nothing tells which is meant."""

    @classmethod
    def of(cls, sets: list[str], take: str) -> "SeveralError":
        """sets: what they are called. take: what to type for one of them."""
        return cls(
            f"holds several sets of weights, {some(sets, 10)}: say which to take, take={take!r} or --take {take}, or save it "
            "alone"
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Read:
    """The arrays of a file, under the names that it gives them.

    entries: {name: array}, in the file's order. They are not to be written to: some share memory, as they did in the file.
        bfloat16, which NumPy does not have, has become float32; all other numbers are of the file's dtype.
    path, format: "PyTorch (zip)", "Keras (HDF5)", ...
    part: which part of the file that is, in words; "" where it is all of it.
    prefix: what stood before every name, and is not in ``entries`` any more: "module.", or "".
    beside: arrays that were set aside because they are without that prefix, and no layers: a loss' weights.
    about: what the file says of itself besides, as text: safetensors' metadata; Keras' model_config, keras_version, ...;
        the options that timm trained with, args.
    """

    entries: dict[str, np.ndarray]
    path: Path
    format: str
    part: str = ""
    prefix: str = ""
    beside: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    about: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def taken(self) -> str:
        """What was taken of the file, in words; "" where it is all of it, and as it stands there."""
        prefix = f'names without "{self.prefix}"' if self.prefix else ""
        beside = f"without {some(map(shown, self.beside))}" if self.beside else ""
        return ", ".join(filter(None, (self.part, prefix, beside)))


class Budget:
    """How much memory the arrays of a file may take.

    A few bytes can claim to be a thousand times as many: compressed zeros, or one number that a stride of zero repeats. Weights
    never are; a network's file becomes a few times its size, if it was pruned and compressed.

    >>> budget = Budget(1000)
    >>> budget.take(2**60, "an array")
    Traceback (most recent call last):
        ...
    minimix.weights.reading.result.ReadError: an array would take 1,152,921,504,606,846,976 bytes, too many \
for a file of 1,000 bytes
    """

    def __init__(self, size: int):
        self.size, self.left = size, RATIO * size + SPARE

    def take(self, number: int, what: str) -> None:
        """Count ``number`` bytes for ``what``. Raises ReadError where that is more than the file justifies."""
        self.left -= number
        if self.left < 0:
            claimed = count(number, "byte") if number < 1 << 80 else "more than 2**80 bytes"
            raise ReadError(f"{what} would take {claimed}, too many for a file of {count(self.size, 'byte')}")


def empty(shape, dtype) -> np.ndarray:
    """An array without numbers. Raises ReadError for lengths that are too many for NumPy, though one of them is zero."""
    try:
        return np.zeros(shape, dtype)
    except ValueError as error:
        raise ReadError(f"an array of shape {shown(tuple(shape))} ({error}): damaged") from None


def sentence(path, reason: str) -> str:
    """A line about a file: the reason may go on from its name.

    >>> sentence("net.pth", "is empty"), sentence("net.pth", "bn1.weight is sparse")
    ('net.pth is empty', 'net.pth: bn1.weight is sparse')
    """
    return f"{path} {reason}" if reason.startswith(("is ", "has ", "holds ", "says ")) else f"{path}: {reason}"


def shown(name) -> str:
    """A name out of a file, as it can stand in a line of text: short, and without control characters.

    >>> shown("a" * 200), shown("two\\nlines")
    ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...', 'two\\\\nlines')
    """
    try:
        text = repr(str(name))[1:-1]
    except ValueError:  # Python does not write numbers of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= 80 else f"{text[:77]}..."
