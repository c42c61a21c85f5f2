"""``mm.load_weights``: a file of weights, of this program or of another library, into a network.

Same names and shapes do not mean the same function. A library's row in ``libraries`` says what its networks compute besides
their weights, such as the eps of their batch norms; where the network here has something else, that is an error, not a guess.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minimix import models
from minimix.models.own import is_own
from minimix.models.weights import put_in, read_weights
from minimix.nn import Module
from minimix.nn.module import Own
from minimix.weights import reading
from minimix.weights.libraries import LIBRARIES, Function, Library, by_name, family, function_of, recognised, renaming
from minimix.words import count, nearest, some

_PLAIN = "timm"  # its names are those here
_NUMBERED = re.compile(r"(arr_)?\d+")


class Named(NamedTuple):
    """Arrays under our names. library: whose names they had; None where nobody knows them, so that they stay as they are."""

    state: dict[str, np.ndarray]
    library: Library | None
    path: Any
    taken: str = ""


def load_weights(model: Own, path, check: bool = True, names: str | None = None, take: str = "") -> Own:
    """Read a file of weights into ``model``, and return it. Numbers are converted to the model's dtype.

    path: safetensors, NumPy's .npz, PyTorch's .pth or .pt, Keras' .h5; what it is, its content says. Or {name: array}.
    names: the library whose names the file has: "torchvision", "pytorchcv", "mindcv", "keras", ... By default it is recognised
        by them; README has a table. "timm": the names are the network's own.
    check: refuse numbers with which no network works: NaN, infinity (also where a number is too large for the model's dtype),
        and negative running variances; and a network that computes something else than the library's with the same weights,
        with another eps, padding or activation. False: read them all the same, for a look at them.

    take: which part of a checkpoint with several, such as "model_ema". By default averages go before the weights themselves.

    The batch norms' num_batches_tracked may be missing, as older files do not have them. Everything is checked before anything
    is changed.

    Raises RuntimeError, with their names, for arrays that are missing, unexpected, or of another shape; ValueError for such
    numbers, for another library's function, with the options that give it, for networks that are others under the same name,
    for arrays that are not what ``save_weights`` wrote, and for files that cannot be read; FileNotFoundError.

    >>> from minimix import nn
    >>> from minimix.models.weights import save_weights
    >>> save_weights(nn.Linear(3, 2), "linear.safetensors")
    >>> load_weights(nn.Linear(3, 2), "linear.safetensors")
    Linear(3, 2, bias=True)
    >>> load_weights(nn.Linear(3, 1), "linear.safetensors")
    Traceback (most recent call last):
        ...
    RuntimeError: linear.safetensors: the state does not fit Linear:
      shape of weight is (2, 3), expected (1, 3)
      shape of bias is (2,), expected (1,)
    """
    if not isinstance(model, Module):
        raise TypeError(f"load_weights(model, path): model is a {type(model).__name__}, expected a Module")
    put_named(model, named(model, opened(path, take), names), check)
    return model


def opened(path, take: str = "") -> reading.Read:
    """The arrays of a file, or of {name: array}. take: as for ``load_weights``."""
    if isinstance(path, Mapping):
        arrays = {str(name): np.asarray(array) for name, array in path.items()}
        return reading.Read(arrays, Path("the arrays"), "arrays")
    try:
        return reading.read(path, take)
    except reading.ReadError:
        if Path(path).suffix.lower() == ".safetensors" and Path(path).is_file():
            # or the error of this says what is wrong with it as such
            return reading.Read(read_weights(path), Path(path), "safetensors")
        raise


def named(model: Module, read: reading.Read, names: str | None = None) -> Named:
    """What has been read, under the names of ``model``."""
    entries = read.entries
    library = by_name(names) if names is not None else _library(model, entries)
    try:
        if library is None or library.name == _PLAIN:
            state = {name: array for name, (_, array) in by_name(_PLAIN).clean(entries).items()}
            _need_some(model, state)
            return Named(state, library if names else None, read.path, read.taken)
        return Named(renaming.renamed(library, entries, model), library, read.path, read.taken)
    except (RuntimeError, ValueError) as error:
        also = _also(names, entries) if names else ""
        raise type(error)(f"{read.path}: {error}{also}") from error


def put_named(model: Module, found: Named, check: bool = True) -> None:
    """Copy them into ``model``. check: as for ``load_weights``."""
    if check and found.library is not None and (wrong := mismatch(found.library, model)):
        raise ValueError(f"{found.path}: {wrong}")
    put_in(model, found.state, found.path, check)


def _library(model: Module, entries: Mapping) -> Library | None:
    """Whose names they are; None where they are mostly the network's own, which may be the user's, with any names."""
    ours = {name for name in model.state_dict() if not name.endswith("num_batches_tracked")}
    return None if 2 * len(ours & set(entries)) >= len(ours) else recognised(entries)


def _also(names: str, entries: Mapping) -> str:
    library = recognised(entries)
    return f"\nThey look like those of {library.name}" if library is not None and library.name != names else ""


def _need_some(model: Module, entries: Mapping) -> None:
    """Refuse arrays of which the network knows none."""
    own = model.state_dict()
    if own.keys() & entries.keys():
        return
    numbers = sum(array.size for name, array in entries.items() if "running_" not in name and "moving_" not in name)
    have = sum(array.size for name, array in model.named_parameters())
    first = list(entries)[:3]
    if all(_NUMBERED.fullmatch(name) for name in entries):
        raise ValueError(
            f"its {count(len(entries), 'array')} have no names, only numbers ({some(first, 3)}), and libraries order them "
            "otherwise: MindSpore has a batch norm's mean and variance before its weight and bias, and in every shape that "
            "fits. Save them with their names: numpy.savez(file, **{name: array})"
        )
    lines = [f"its names are those of no library that is known, and not of this {type(model).__name__}:"]
    for name in first:
        near = nearest(name, own, cutoff=0.3)
        lines.append(f"  {name}, {entries[name].shape}" + (f" (nearest here: {near[0]}, {own[near[0]].shape})" if near else ""))
    lines.append(f"It holds {count(numbers, 'parameter')}, this network has {have:,}.")
    lines.append(f"Known are {', '.join(library.name for library in LIBRARIES if not library.refusal)}: names=..., or --names")
    raise RuntimeError("\n".join(lines))


def network_for(name: str, options: dict, path, names: str | None, label: str) -> tuple[Module, Library | None, list[str]]:
    """(the network ``name`` with the weights in a file, the library whose names these have, lines about both).

    Options that are not given are those with which the library's network computes. label: what the user calls the network.
    Raises what ``load_weights`` raises.
    """
    model, read = models.create(name, **options), opened(path)
    found = named(model, read, names)
    lines = [f"{label} with {read.path}" + (f", {read.taken}" if read.taken else "")]
    if found.library is not None:
        changed = differences(found.library, model)
        wanted = {key: value for key, value in options_of(found.library, model).items() if key not in options}
        if changed and wanted and not is_own(name):
            model = models.create(name, **options, **wanted)
        computed = f", computed with {Function(**changed)}" if changed else ""
        lines.append(f"its names are those of {found.library.name}: pictures are prepared as there{computed}")
    put_named(model, found)
    return model, found.library, lines


def partly(model: Module, read: reading.Read) -> dict[str, np.ndarray]:
    """What there is for ``model`` under its names, as a beginning for training: classes may be others.

    Raises ValueError for networks that are others under the same name, and that compute something else.
    """
    library = _library(model, read.entries)
    if library is not None and library.refusal:
        raise ValueError(f"{read.path}: {library.refusal}")
    if library is None or family(model) not in library.layers:
        return read.entries
    if library.name != _PLAIN and (wrong := mismatch(library, model)):
        raise ValueError(f"{read.path}: {wrong}")
    return renaming.partly(library, read.entries, model)


# -- functions --------------------------------------------------------------------------------------------------------


def mismatch(library: Library, model: Module) -> str:
    """What the library's network computes otherwise than ``model``, and the options that change it; "" where all agrees."""
    wrong, own = differences(library, model), function_of(model)._asdict()
    if not wrong:
        return ""
    has = ", ".join(f"{name}={own[name]!r}" for name in wrong)
    return (
        f"the names are those of {library.name} ({library.version}), whose {family(model)} has {Function(**wrong)}, and this "
        f"network has {has}: with these weights it would compute something else. Create it with {Function(**wrong)}, in "
        f"`minimix predict` --model NAME:{':'.join(f'{name}={value}' for name, value in wrong.items())}; "
        "load_weights(model, file, check=False) loads them all the same"
    )


def differences(library: Library, model: Module) -> dict:
    """The options with which the library's network computes otherwise than ``model``."""
    theirs, own = library.function(model).given(), function_of(model)._asdict()
    return {name: value for name, value in theirs.items() if not _same(own[name], value)}


def _same(own, theirs) -> bool:
    return abs(own - theirs) < 1e-12 if isinstance(own, float) and isinstance(theirs, float) else own == theirs


def options_of(library: Library | None, model: Module) -> dict:
    """The options of ``models.create`` with which a network like ``model`` computes what the library's does."""
    return {} if library is None else library.function(model).given()
