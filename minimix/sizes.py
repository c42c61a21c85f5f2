"""How many numbers there are, in NumPy's manner and in PyTorch's."""

import math
from typing import Any


class Size(int):
    """A number of elements, as NumPy's ``size``, that can be called as PyTorch's: for the shape, or the length of an axis.

    >>> size = Size((2, 3))
    >>> size, size(), size(-1)
    (6, (2, 3), 3)
    """

    shape: tuple[int, ...]

    def __new__(cls, shape: tuple[int, ...]) -> "Size":
        size = super().__new__(cls, math.prod(shape))
        size.shape = shape
        return size

    def __call__(self, dim: int | None = None) -> Any:
        if dim is not None and not -len(self.shape) <= dim < len(self.shape):
            raise IndexError(f"size: no axis {dim} in shape {self.shape}")
        return self.shape if dim is None else self.shape[dim]

    def __reduce__(self) -> tuple:
        return Size, (self.shape,)
