"""A row of the table of libraries: how its files are known, how its names become ours, and what its networks compute."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from minimix.models.function import Function, family
from minimix.models.pretrained import Preparation
from minimix.nn import Module
from minimix.weights.libraries.structure import kind


class Arrays(NamedTuple):
    """How a library calls a layer's arrays, and how they lie.

    Each dict: our name -> its name, or several of which one is there. between: what stands between layer and array.
    tensorflow: kernels are (KH, KW, C, C_out), those of depthwise convolutions (KH, KW, C, 1), matrices (in, out).
    """

    conv: dict
    depthwise: dict
    dense: dict
    norm: dict
    between: str = "."
    tensorflow: bool = False


_PLAIN = {"weight": "weight", "bias": "bias"}
_STATISTICS = {"running_mean": "running_mean", "running_var": "running_var"}
_MOVING = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}

TORCH = Arrays(_PLAIN, _PLAIN, _PLAIN, {**_PLAIN, **_STATISTICS, "num_batches_tracked": "num_batches_tracked"})
GLUON = TORCH._replace(norm={"weight": "gamma", "bias": "beta", **_STATISTICS})
# In a checkpoint of MindSpore's, a batch norm's arrays come in another order: mean, variance, gamma, beta. Paired by position
# with PyTorch's weight, bias, mean, variance they fit in every shape, and are all wrong. So they go by name.
MINDSPORE = TORCH._replace(norm=_MOVING)
KERAS = Arrays(
    {"weight": "kernel", "bias": "bias"},
    {"weight": ("depthwise_kernel", "kernel")},  # Keras 2, Keras 3
    {"weight": "kernel", "bias": "bias"},
    _MOVING,
    "/",
    True,
)
SLIM = Arrays(
    {"weight": "weights", "bias": "biases"},
    {"weight": "depthwise_weights"},
    {"weight": "weights", "bias": "biases"},
    _MOVING,
    "/",
    True,
)

# (our layer, its layer, or several with | between them, of which one is there; or its array, with = behind it)
Pairs = Iterator[tuple[str, str]]

_COUNTS = ("total_ops", "total_params")


def unchanged(entries: Mapping) -> dict[str, tuple[str, np.ndarray]]:
    """{name: (name in the file, array)}, without the counts that thop leaves in a state dict."""
    return {name: (name, array) for name, array in entries.items() if name.rpartition(".")[2] not in _COUNTS}


@dataclasses.dataclass(frozen=True)
class Library:
    """One library.

    name: as ``--names`` and ``names=`` take it. version: that the row was checked with. source: where the names are from.
    marks: patterns; a file is the library's where each of them fits a name in it.
    layers: {family of networks: the function that lists (our layer, its layer) for a network}.
    arrays: how the arrays of a layer are called and lie.
    functions: {family: what its networks compute besides their weights}; nothing is said of a family that is not in it.
    preparations: {family: how it prepares pictures}; their size is the network's own.
    no_bias: families whose classifier has none.
    clean: {name: (name in the file, array)} of a file's arrays, with names made even and without what is beside the weights.
    convert: in place of layers and arrays: (entries, network) -> (what there is of the state dict, what does not fit, in lines,
        names left over).
    others: {pattern: what it says of a file that a name in it, which was not expected, fits}.
    guessed: families of which its files do not tell how pictures were prepared: ``preparations`` has what is usual.
    refusal: why none of its files can be used.
    """

    name: str
    version: str
    source: str
    marks: tuple[str, ...]
    layers: Mapping[str, Callable[..., Pairs]] = dataclasses.field(default_factory=dict)
    arrays: Arrays = TORCH
    functions: Mapping[str, Function] = dataclasses.field(default_factory=dict)
    preparations: Mapping[str, Preparation] = dataclasses.field(default_factory=dict)
    no_bias: tuple[str, ...] = ()
    clean: Callable[[Mapping], dict] = unchanged
    convert: Callable[..., tuple[dict, list[str], list[str]]] | None = None
    others: Mapping[str, str] = dataclasses.field(default_factory=dict)
    guessed: tuple[str, ...] = ()
    refusal: str = ""

    def wrote(self, names: Iterable[str]) -> bool:
        """Whether these names look like the library's."""
        names = list(names)
        return all(any(re.search(mark, name) for name in names) for mark in self.marks)

    def families(self) -> list[str]:
        """Whose weights can be used."""
        return list(self.layers or self.functions)

    def function(self, net: Module) -> Function:
        """What the library's network of this family computes; nothing is said where it has several."""
        return self.functions.get(family(net), Function())


def array_names(library: Library, net: Module) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(our array, its array, or several of which one is there) for all of a network, in the library's order of layers."""
    for ours, theirs in library.layers[family(net)](net):
        layer = net.get_submodule(ours)
        for name, written in getattr(library.arrays, kind(layer)).items():
            if getattr(layer, name, None) is not None:
                yield f"{ours}.{name}", tuple(_candidates(theirs, written, library.arrays.between))


def _candidates(theirs: str, written: str | tuple[str, ...], between: str) -> Iterator[str]:
    for place in theirs.split("|"):
        if place.endswith("="):
            yield place[:-1]
        else:
            yield from (f"{place}{between}{array}" for array in ((written,) if isinstance(written, str) else written))
