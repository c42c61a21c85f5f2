"""The arrays of another library's file under our names, or a refusal that names what does not fit, as the file calls it."""

import re
from collections.abc import Mapping

import numpy as np

from minimix.nn import Module
from minimix.weights.libraries.library import Library, array_names
from minimix.weights.libraries.structure import family
from minimix.words import count, nearest

MOST = 8  # lines of one kind in a refusal


def renamed(library: Library, entries: Mapping, net: Module) -> dict[str, np.ndarray]:
    """The state dict of ``net`` from the arrays of one of the library's files.

    Raises ValueError for a network of a family that the library's rule does not know; RuntimeError, with the file's names and
    the nearest that were expected, for arrays that are missing, left over or of another shape.
    """
    if library.refusal:
        raise ValueError(library.refusal)
    if family(net) not in library.families():
        raise ValueError(
            f"the names are those of {library.name}, of which only {', '.join(library.families())} can be used here, not "
            f"{family(net) or type(net).__name__}"
        )
    return library.convert(entries, net) if library.convert else _by_layers(library, entries, net)


def _by_layers(library: Library, entries: Mapping, net: Module) -> dict[str, np.ndarray]:
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
        array = _lying_as_ours(array, own[ours].shape, library.arrays.tensorflow)
        if array.shape != own[ours].shape:
            shapes.append(
                f"{written} is {found[name][1].shape}, as {ours} it would be {array.shape}: expected {own[ours].shape}"
            )
        state[ours] = array
    unexpected = {name: found[name][0] for name in found if name not in used}
    strange = [ours for ours in own if ours not in named and not _may_lack(library, ours, net)]
    if missing or unexpected or shapes or strange:
        raise RuntimeError(_refusal(library, net, missing, unexpected, shapes, strange, state))
    for ours, array in own.items():
        if ours not in state and _may_lack(library, ours, net):
            state[ours] = np.zeros_like(array)
    return {ours: state[ours] for ours in own if ours in state}


def partly(library: Library, entries: Mapping, net: Module) -> dict[str, np.ndarray]:
    """{our name: array} for what there is of ``net``, also of other shapes, as a classifier's for other classes is."""
    own, found, state = net.state_dict(), library.clean(entries), dict[str, np.ndarray]()
    for ours, candidates in array_names(library, net):
        for name in candidates:
            if name in found and ours not in state:
                state[ours] = _lying_as_ours(found[name][1], own[ours].shape, library.arrays.tensorflow)
    return state


def _may_lack(library: Library, ours: str, net: Module) -> bool:
    if ours.endswith("num_batches_tracked"):
        return True
    return ours in ("classifier.bias", "fc.bias") and family(net) in library.no_bias


def _lying_as_ours(array: np.ndarray, shape: tuple, tensorflow: bool) -> np.ndarray:
    """TensorFlow's axes in our order, and a classifier that is a 1x1 convolution as a matrix."""
    if tensorflow and array.ndim == 4:
        depthwise = len(shape) == 4 and shape[1] == 1 and array.shape[3] == 1 and array.shape[2] == shape[0]
        array = array.transpose((2, 3, 0, 1) if depthwise else (3, 2, 0, 1))
    elif tensorflow and array.ndim == 2:
        array = array.T
    if len(shape) == 2 and array.ndim == 4 and array.shape[2:] == (1, 1):
        array = array[:, :, 0, 0]
    return np.ascontiguousarray(array) if array.ndim else array


def _refusal(
    library: Library, net: Module, missing: dict, unexpected: dict, shapes: list[str], strange: list[str], state: dict
) -> str:
    lines = [f"the names are those of {library.name}, but not of this {family(net)}:"]
    lines += [f"  nothing there becomes {ours}" for ours in strange[:MOST]]
    for name, written in list(unexpected.items())[:MOST]:
        near = nearest(name, missing, cutoff=0.5)
        lines.append(f"  unexpected {written}" + (f" (nearest that is missing: {near[0]})" if near else ""))
    lines += [f"  ... {count(len(unexpected) - MOST, 'name')} more are unexpected"] if len(unexpected) > MOST else []
    lines += [f"  missing {name}, to become {ours}" for name, ours in list(missing.items())[:MOST]]
    lines += [f"  ... {count(len(missing) - MOST, 'name')} more are missing"] if len(missing) > MOST else []
    lines += [f"  shape of {line}" for line in shapes[:MOST]]
    lines += [f"  ... {count(len(shapes) - MOST, 'array')} more of other shapes"] if len(shapes) > MOST else []
    own = net.state_dict()
    for name in ("classifier.bias", "fc.bias"):
        if name in state and len(state[name]) != len(own[name]):
            classes = len(state[name])
            lines.append(f"It knows {count(classes, 'class', 'classes')}: create the network with num_classes={classes}")
    lines += [why for mark, why in library.others.items() if any(re.search(mark, name) for name in unexpected)]
    return "\n".join(lines)
