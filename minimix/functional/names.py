"""Names that arguments have elsewhere, in PyTorch and in NumPy, for what has another name here. They mean the same."""

import inspect
from collections.abc import Callable

SAME = {  # ours: theirs
    "axis": ("dim",),
    "axes": ("dims",),
    "axis0": ("dim0",),
    "axis1": ("dim1",),
    "start_axis": ("start_dim",),
    "end_axis": ("end_dim",),
    "keepdims": ("keepdim",),
    "correction": ("ddof", "unbiased"),  # True and False are 1 and 0
    "x": ("input",),
    "logits": ("input",),
    "log_probabilities": ("input",),
    "targets": ("target",),
    "size_or_sizes": ("split_size_or_sections", "split_size"),
}
UNUSED = ("out", "dtype")  # np.sum(tensor) passes them on, as None


def foreign_names(function: Callable) -> dict[str, str | None]:
    """{name elsewhere: the parameter of ``function`` that it means}; None for what NumPy passes on unused.

    >>> from minimix.functional.names import foreign_names
    >>> def total(x, axis=None, keepdims=False): ...
    >>> foreign_names(total)
    {'input': 'x', 'dim': 'axis', 'keepdim': 'keepdims', 'out': None, 'dtype': None}
    """
    parameters = inspect.signature(function).parameters
    several = [name for name, parameter in parameters.items() if parameter.kind is parameter.VAR_POSITIONAL]  # as in *axes
    known = {
        theirs: ours for ours in parameters for theirs in SAME.get(ours, ()) if theirs not in parameters or ours in several
    }
    return known | {name: None for name in UNUSED if name not in parameters}


def translate(function: Callable, foreign: dict, args: tuple, options: dict) -> tuple[tuple, dict]:
    """``args`` and ``options`` under the names of ``function``. Raises TypeError where one thing is given twice."""
    label = function.__qualname__.removesuffix(".__init__")
    translated: dict = {}
    for name, value in options.items():
        ours = foreign.get(name, name)
        if ours is None:
            if value is not None:
                raise TypeError(f"{label}: {name}={value!r} does not exist here: use the result, or convert it with astype()")
        elif ours in translated:
            first = next(other for other in options if foreign.get(other, other) == ours)
            raise TypeError(f"{label}: {first} and {name} mean the same, pass one of them")
        else:
            translated[ours] = value
    parameters = inspect.signature(function).parameters
    for name in [n for n in translated if n in parameters and parameters[n].kind is inspect.Parameter.VAR_POSITIONAL]:
        if len(args) > 1:
            raise TypeError(f"{label}: {name} are given twice, by name and without")
        args = (*args, translated.pop(name))
    return args, translated
