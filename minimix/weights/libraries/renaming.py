"""The arrays of another library's file under our names, or a refusal that names what does not fit, as the file calls it."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from minimix.models.function import family
from minimix.nn import Module
from minimix.nn.module import called
from minimix.weights.libraries.library import Library, array_names
from minimix.words import count, nearest

MOST = 8  # lines of one kind in a refusal


class Match(NamedTuple):
    """What a file's arrays are for a network.

    state: {our name: array}, also of other shapes. left: names in the file, of what becomes nothing.
    refusal: why they do not fit, in lines; "" where all do.
    """

    state: dict[str, np.ndarray]
    left: list[str]
    refusal: str


def match(library: Library, entries: Mapping, net: Module, asked: bool = False) -> Match:
    """The arrays of one of the library's files under the names of ``net``.

    asked: the library was given, so that the names may be those of another.

    Raises ValueError for a network of a family that the library's rule does not know, and for those that are others under the
    same name.
    """
    if library.refusal:
        whose = f"{library.name}, as asked, is" if asked else "these are the names of"
        raise ValueError(f"{whose} {library.version}. {library.refusal}")
    if family(net) not in library.families():
        whose = f"taken for names of {library.name}, as asked" if asked else f"the names are those of {library.name}"
        raise ValueError(
            f"{whose}, of which only {', '.join(library.families())} can be used here, not {family(net) or called(net)}"
        )
    if library.convert is None:
        return _by_layers(library, entries, net, asked)
    state, problems, left = library.convert(entries, net)
    lines = [*problems, *(f"unexpected {name}" for name in left)]
    lines = lines[: 2 * MOST] + ([f"... and {len(lines) - 2 * MOST} more"] if len(lines) > 2 * MOST else [])
    return Match(state, left, "\n  ".join([_heading(library, net, asked), *lines]) if lines else "")


def _by_layers(library: Library, entries: Mapping, net: Module, asked: bool) -> Match:
    own, state = net.state_dict(), dict[str, np.ndarray]()
    found = library.clean(entries)
    named, used, missing, shapes = set[str](), set[str](), dict[str, str](), list[str]()
    for ours, candidates in array_names(library, net):
        named.add(ours)
        name = next((name for name in candidates if name in found), None)
        if name is None:
            if not _may_lack(library, ours, net):
                missing[candidates[0]] = ours
            continue
        used.add(name)
        written, array = found[name]
        array = np.asarray(_turned(array, own[ours].shape, library.arrays.tensorflow), order="C")
        if array.shape != own[ours].shape:
            turned = "" if array.shape == found[name][1].shape else f", here {array.shape}"
            shapes.append(f"{written} is {found[name][1].shape}{turned}: expected {own[ours].shape}, to become {ours}")
        state[ours] = array
    unexpected = {name: found[name][0] for name in found if name not in used}
    strange = [ours for ours in own if ours not in named and not _may_lack(library, ours, net)]
    refusal = ""
    if missing or unexpected or shapes or strange:
        lines = _lines(library, net, {name: found[name] for name in unexpected}, missing, shapes, strange, state)
        refusal = "\n".join([_heading(library, net, asked), *lines])
    else:
        state |= {ours: np.zeros_like(array) for ours, array in own.items() if ours not in state}  # that may lack
    return Match({ours: state[ours] for ours in own if ours in state}, list(unexpected.values()), refusal)


def _heading(library: Library, net: Module, asked: bool) -> str:
    if asked:
        return f"taken for names of {library.name}, as asked, they do not fit this {called(net)}:"
    return f"the names are those of {library.name}, but not of this {called(net)}:"


def _may_lack(library: Library, ours: str, net: Module) -> bool:
    if ours.endswith("num_batches_tracked"):
        return True
    return ours in ("classifier.bias", "fc.bias") and family(net) in library.no_bias


def _turned(array: np.ndarray, shape: tuple, tensorflow: bool) -> np.ndarray:
    """TensorFlow's axes in our order, and a classifier that is a 1x1 convolution as a matrix. shape: what it is to become."""
    if tensorflow and array.ndim == 4:
        depthwise = len(shape) == 4 and shape[1] == 1 and array.shape[3] == 1 and array.shape[2] == shape[0]
        array = array.transpose((2, 3, 0, 1) if depthwise else (3, 2, 0, 1))
    elif tensorflow and array.ndim == 2:
        array = array.T
    return array[:, :, 0, 0] if len(shape) == 2 and array.ndim == 4 and array.shape[2:] == (1, 1) else array


def _lines(
    library: Library, net: Module, unexpected: dict, missing: dict, shapes: list[str], strange: list[str], state: dict
) -> list[str]:
    """What does not fit. unexpected: {name: (name in the file, array)}. missing: {name there: ours}."""
    own = net.state_dict()
    lines = [f"  nothing there becomes {ours}" for ours in strange[:MOST]]
    for name, (written, array) in list(unexpected.items())[:MOST]:
        shaped = {
            there: own[ours].shape
            for there, ours in missing.items()
            if _turned(array, own[ours].shape, library.arrays.tensorflow).shape == own[ours].shape
        }
        near = nearest(name, shaped, cutoff=0.5)
        lines.append(f"  unexpected {written}" + (f" (nearest that is missing: {near[0]})" if near else ""))
    lines += [f"  ... {count(len(unexpected) - MOST, 'name')} more are unexpected"] if len(unexpected) > MOST else []
    lines += [f"  missing {name}, to become {ours}" for name, ours in list(missing.items())[:MOST]]
    lines += [f"  ... {count(len(missing) - MOST, 'name')} more are missing"] if len(missing) > MOST else []
    lines += [f"  shape of {line}" for line in shapes[:MOST]]
    lines += [f"  ... {count(len(shapes) - MOST, 'array')} more of other shapes"] if len(shapes) > MOST else []
    for name in ("classifier.bias", "fc.bias"):
        if name in state and len(state[name]) != len(own[name]):
            classes = len(state[name])
            lines.append(f"It knows {count(classes, 'class', 'classes')}: create the network with num_classes={classes}")
    lines += [why for mark, why in library.others.items() if any(re.search(mark, name) for name in unexpected)]
    return lines
