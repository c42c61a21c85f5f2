"""Weights as the libraries write them, of a small network."""

import numpy as np
from drawn import draw

from minimix import models
from minimix.weights.libraries import by_name
from minimix.weights.libraries.library import array_names
from minimix.weights.libraries.structure import kind


def written(library, net, change=lambda name, array: array):
    """The arrays of ``net`` as a library would write them, drawn, in the order of its layers."""
    row, state, found = by_name(library), net.state_dict(), {}
    for ours, (theirs, *_) in array_names(row, net):
        array = np.zeros((), np.int64) if ours.endswith("num_batches_tracked") else draw(ours, state[ours].shape)
        if row.arrays.tensorflow and array.ndim > 1:
            depthwise = kind(net.get_submodule(ours.rpartition(".")[0])) == "depthwise"
            array = array.transpose({4: (2, 3, 0, 1) if depthwise else (2, 3, 1, 0), 2: (1, 0)}[array.ndim])
        found[theirs.replace("#", "_")] = change(theirs, array)
    return found


def small(**options):
    return models.create("mobilenetv2_035", num_classes=3, **options)


def under(prefix, entries, change=0.0):
    return {prefix + name: array + change if array.dtype.kind == "f" else array for name, array in entries.items()}
