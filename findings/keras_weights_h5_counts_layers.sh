#!/usr/bin/env bash
# Keras 3.15.1 (on torch 2.13.0): a file of weights alone, .weights.h5, does not have the layers' names. It has their classes, counted.
#
# A layer is called "first", another "second". The weights are at
#   net.h5 (whole model)           model_weights/first/sequential/first/kernel
#   net.weights.h5                 layers/conv2d/vars/0, layers/conv2d_1/vars/0: first or second, whichever comes first in the graph
# "_1" is counted within the file: it is not the number that Keras gave a layer without a name, which counts through a session.
# So layers can be told from each other by their order alone, and a file that a renamed model wrote loads into the old one.
# The .weights.h5 of MobileNetV2 has "conv2d" to "conv2d_34", and not one of "Conv1", "block_1_expand", ...
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet keras==3.15.1 h5py==3.16.0 numpy==2.4.6 torch==2.13.0
cd "$folder"
KERAS_BACKEND=torch "$folder/venv/bin/python" - <<'PY'
import h5py
import keras
import numpy as np


def net(*names):
    layers = [keras.layers.Conv2D(4, 3, name=name, use_bias=False) for name in names]
    return keras.Sequential([keras.Input((8, 8, 3)), *layers])


def paths(file):
    found = []
    with h5py.File(file) as group:
        group.visititems(lambda name, thing: found.append(name) if hasattr(thing, "shape") else None)
    return sorted(name for name in found if "optimizer" not in name)


keras.layers.Conv2D(1, 1)  # counts in this session: a layer without a name would now be conv2d_1
model = net("first", "second")
model.save("net.h5")
model.save_weights("net.weights.h5")
for file in ("net.h5", "net.weights.h5"):
    print(file, paths(file))
assert [path.split("/")[1] for path in paths("net.h5")] == ["first", "second"]
assert paths("net.weights.h5") == ["layers/conv2d/vars/0", "layers/conv2d_1/vars/0"]

other = net("second", "first")
other.load_weights("net.weights.h5")
assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), other.get_weights()))  # by order, not by name

large = keras.applications.MobileNetV2(weights=None)
large.save_weights("large.weights.h5")
layers = {path.split("/")[1] for path in paths("large.weights.h5")}
print(len(layers), "layers:", sorted(layers)[:4])
assert {"conv2d", "conv2d_34"} <= layers and not {"Conv1", "block_1_expand"} & layers
PY
echo "as described"
