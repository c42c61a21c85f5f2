"""``mm.load_weights``: a file of weights, of this program or of another library, into a network.

Same names and shapes do not mean the same function. A library's row in ``libraries`` says what its networks compute besides
their weights, such as the eps of their batch norms; where the network here has something else, that is an error, not a guess.
"""

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from minimix import models
from minimix.models.function import Function, family, function_of
from minimix.models.own import is_own
from minimix.models.weights import put_in
from minimix.nn import Module
from minimix.nn.module import Own, called
from minimix.weights import reading
from minimix.weights.libraries import Library, by_name, recognised, renaming, usable
from minimix.weights.libraries.renaming import Match
from minimix.weights.prefixes import seen_through
from minimix.weights.reading.safetensors import FUNCTION
from minimix.words import count, nearest, some

_PLAIN = "timm"  # its names are those here
_NUMBERED = re.compile(r"(arr_)?\d+")
_STATISTICS = re.compile("running_|moving_|num_batches_tracked")


class Named(NamedTuple):
    """Arrays under our names.

    library: whose names they had; None where nobody knows them, so that they stay as they are. function: what their network
    computes besides, where that is known; whose: who has it so, in words.
    """

    state: dict[str, np.ndarray]
    library: Library | None
    path: Any
    taken: str
    function: Function
    whose: str


def load_weights(model: Own, path, check: bool = True, names: str | None = None, take: str = "") -> Own:
    """Read a file of weights into ``model``, and return it. Numbers are converted to the model's dtype.

    path: safetensors, NumPy's .npz, PyTorch's .pth or .pt, Keras' .h5, MindSpore's .ckpt; what it is, its content says. Or
        {name: array}, or a checkpoint as ``torch.load`` gives it; its arrays may be Tensors, from here or of PyTorch.
    names: the library whose names the file has: "torchvision", "pytorchcv", "mindcv", "keras", ... By default it is recognised
        by them; README has a table. "timm": the names are the network's own.
    check: refuse numbers with which no network works: NaN, infinity (also where a number is too large for the model's dtype),
        and negative running variances; and a network that computes something else than the library's with the same weights,
        with another eps, padding or activation. False: read them all the same, for a look at them.
    take: which part of a checkpoint with several, such as "model_ema", or what the names in it begin with, "teacher". By
        default averages go before the weights themselves.

    The batch norms' num_batches_tracked may be missing, as older files do not have them. Everything is checked before anything
    is changed.

    Raises TypeError for a model that is no Module, a path that is neither path nor dict, names and take that are no text;
    FileNotFoundError, with the nearest file in its folder; ImportError for Keras' files without h5py; OSError for a file that
    the system does not let be read. RuntimeError, with their names, for arrays that are missing, unexpected, or of another
    shape. ValueError for such numbers, and for whole ones where floating-point numbers belong; for another library's function,
    with the options that give it; for networks that are others under the same name, and names of a family of networks that a
    library's rule does not know; for arrays without names; for an unknown library or part; for arrays that are not what
    ``save_weights`` wrote; and (``reading.ReadError``) for files that cannot be read.

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


def opened(path, take: str | None = "") -> reading.Read:
    """The arrays of a file, or of {name: array}. take: as for ``load_weights``."""
    if not isinstance(take, (str, type(None))):
        raise TypeError(f"take: expected the name of a part of a checkpoint, such as 'model_ema', not {take!r}")
    if isinstance(path, Mapping):
        return reading.read_given(path, take or "")
    if not isinstance(path, (str, os.PathLike)):
        advice = ": give its state_dict()" if hasattr(path, "state_dict") else ""
        what = f"the network {called(path)}" if isinstance(path, Module) else f"a {type(path).__name__}"
        raise TypeError(f"path: expected a file's path, or a dict of arrays by name, not {what}{advice}")
    if path == "":
        raise ValueError("path: expected a file's path, not an empty text")
    return reading.read(path, take or "")


def named(model: Module, read: reading.Read, names: str | None = None) -> Named:
    """What has been read, under the names of ``model``.

    Raises RuntimeError for arrays that are missing, left over or of another shape (among the network's own names, ``put_named``
    finds these), and ValueError as ``load_weights`` does.
    """
    found, library, read = _matched(model, read, names)
    if library is None or library.name == _PLAIN:
        _need_some(model, found.state, read.path, names)
    if found.refusal:
        raise RuntimeError(f"{read.path}: {found.refusal}{_also(names, read.entries)}")
    return Named(found.state, library, read.path, read.taken, *_function(model, library, read))


def partly(model: Module, read: reading.Read) -> Match:
    """What there is for ``model`` under its names, as a beginning for training: classes may be others, arrays missing.

    Raises ValueError for networks that are others under the same name, and that compute something else.
    """
    found, library, read = _matched(model, read, None)
    if wrong := mismatch(model, *_function(model, library, read)):
        raise ValueError(f"{read.path}: {wrong}")
    return found


def _matched(model: Module, read: reading.Read, names: str | None) -> tuple[Match, Library | None, reading.Read]:
    """(the arrays for ``model``, whose names they had: None for its own, what was read, without prefixes)."""
    asked = None if names is None else by_name(names)
    own = model.state_dict().keys()
    ours = {name for name in own if not name.endswith("num_batches_tracked")}
    read = seen_through(read, ours, (lambda names: recognised(names) is not None) if asked is None else asked.wrote)
    # Mostly the network's own names, which may be the user's, any names; or another library's
    library = asked or (None if 2 * len(ours & read.entries.keys()) >= len(ours) else recognised(read.entries))
    if library is None or library.name == _PLAIN:
        state = {name: array for name, (_, array) in by_name(_PLAIN).clean(read.entries).items()}
        return Match(state, [name for name in state if name not in own], ""), asked, read
    if asked is None and not family(model) and ours & read.entries.keys():  # the user's own, in part of a library's layers
        return Match(read.entries, [name for name in read.entries if name not in own], ""), None, read
    try:
        return renaming.match(library, read.entries, model, asked is not None), library, read
    except ValueError as error:
        raise ValueError(f"{read.path}: {error}{_also(names, read.entries)}") from error


def put_named(model: Module, found: Named, check: bool = True) -> None:
    """Copy them into ``model``. check: as for ``load_weights``."""
    if check and (wrong := mismatch(model, found.function, found.whose)):
        raise ValueError(f"{found.path}: {wrong}; load_weights(model, file, check=False) loads them all the same")
    put_in(model, found.state, found.path, check)


def _also(names: str | None, entries: Mapping) -> str:
    library = None if names is None else recognised(entries)
    return f"\nThey look like those of {library.name}" if library is not None and library.name != names else ""


def _need_some(model: Module, entries: Mapping, path, names: str | None) -> None:
    """Refuse arrays of which the network knows none. names: as which they were given."""
    own = model.state_dict()
    if own.keys() & entries.keys():
        return
    if all(_NUMBERED.fullmatch(name) for name in entries):
        raise ValueError(
            f"{path}: its {count(len(entries), 'array')} have no names, only numbers ({some(entries, 3)}), and libraries order "
            "them otherwise: MindSpore has a batch norm's mean and variance before its weight and bias, and they fit in every "
            "shape. Save them with their names: numpy.savez(file, **{name: array})"
        )
    numbers = sum(array.size for name, array in entries.items() if not _STATISTICS.search(name))
    have = sum(array.size for name, array in model.named_parameters())
    whose = "its names are those of no library that is known, and not" if names is None else f"as names of {names}, none is"
    lines = [f"{path}: {whose} of this {called(model)}:"]
    for name in list(entries)[:3]:
        near = nearest(name, [ours for ours in own if own[ours].shape == entries[name].shape], cutoff=0.3)
        lines.append(f"  {name}, {entries[name].shape}" + (f" (nearest here: {near[0]})" if near else ""))
    lines.append(f"It holds {count(numbers, 'parameter')}, this network has {have:,}.")
    lines += [] if names else [f"Known are {', '.join(usable())}: names=..., or --names"]
    raise RuntimeError("\n".join(lines) + _also(names, entries))


class Ready(NamedTuple):
    """A network with weights. library: whose names these had; None: its own. read: the file. lines: for the user."""

    model: Module
    library: Library | None
    read: reading.Read
    lines: list[str]


def network_for(name: str, options: dict, path, names: str | None, label: str, take: str = "") -> Ready:
    """The network ``name`` with the weights in a file.

    Options that are not given are those with which the library's network computes. label: what the user calls the network.
    Raises what ``load_weights`` raises.
    """
    model, read = models.create(name, **options), opened(path, take)
    found = named(model, read, names)
    lines = [f"{label} with {found.path}" + (f", {found.taken}" if found.taken else "")]
    changed = differences(found.function, model)
    more = {key: value for key, value in found.function.given().items() if key not in options}
    if changed and more and not is_own(name):
        model = models.create(name, **options, **more)
    computed = f"computed with {Function(**changed)}" if changed else ""
    if found.library is not None:
        known = family(model) in found.library.preparations and family(model) not in found.library.guessed
        prepared = ": pictures are prepared as there" if known else ""
        lines.append(f"its names are those of {found.library.name}{prepared}{computed and ', '}{computed}")
    elif computed:
        lines.append(f"{computed}, as the file says")
    put_named(model, found)
    return Ready(model, found.library, read, lines)


# -- functions --------------------------------------------------------------------------------------------------------


def _function(model: Module, library: Library | None, read: reading.Read) -> tuple[Function, str]:
    """(what a network like ``model`` computes besides its weights where they are from, whose network that is, in words)."""
    if library is None and FUNCTION in read.about:
        try:
            return Function.read(read.about[FUNCTION]), "it was saved from a network that"
        except ValueError as error:
            raise reading.ReadError(f"{read.path}: {error}: damaged metadata") from None
    if library is None:
        return Function(), ""
    whose = f"the names are those of {library.name} ({library.version}), whose {family(model)}"
    return library.function(model), whose


def mismatch(model: Module, theirs: Function, whose: str) -> str:
    """What that network computes otherwise than ``model``, and the options that change it; "" where all agrees."""
    wrong, own = differences(theirs, model), function_of(model)._asdict()
    if not wrong:
        return ""
    has = ", ".join(f"{name}={own[name]!r}" for name in wrong)
    typed = ":".join(f"{name}={value}" for name, value in wrong.items())
    return (
        f"{whose} has {Function(**wrong)}, and this network has {has}: with these weights it would compute something else. "
        f"Create it with {Function(**wrong)}, on the command line --model NAME:{typed}"
    )


def differences(theirs: Function, model: Module) -> dict:
    """Those of the options ``theirs`` with which a network computes otherwise than ``model``, where that has such a thing."""
    own = function_of(model).given()
    return {name: value for name, value in theirs.given().items() if name in own and not _same(own[name], value)}


def _same(own, theirs) -> bool:
    return abs(own - theirs) < 1e-12 if isinstance(own, float) and isinstance(theirs, float) else own == theirs
