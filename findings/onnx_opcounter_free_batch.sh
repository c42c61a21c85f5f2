#!/usr/bin/env bash
# onnx-opcounter 0.0.4: a network with a free batch size has 0 multiply-adds.
#
# A 3x3 convolution, 8 -> 16 channels, over 16x16 pixels: 294,912 with an input of (1, 8, 16, 16), and 0 with ("N", 8, 16, 16) or
# (1, 8, "height", 16), which is how exporters write networks that take any batch. Sizes that have a name are read as 0, and the
# product over the output's shape is then 0, for each layer. No warning says so. The command `onnx_opcounter --calculate-macs` takes
# the count's logarithm, too, and ends in a ValueError. The number of parameters is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx-opcounter==0.0.4 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, checker, helper, numpy_helper
from onnx_opcounter import calculate_macs, calculate_params

weight = numpy_helper.from_array(np.ones((16, 8, 3, 3), np.float32), "w")
node = helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
found = {}
for size in ((1, 8, 16, 16), ("N", 8, 16, 16), (1, 8, "height", 16)):
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, size)
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, (size[0], 16, *size[2:]))
    graph = helper.make_graph([node], "net", [given], [made], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    checker.check_model(model, full_check=True)
    onnx.save(model, "net.onnx")
    command = [Path(sys.executable).with_name("onnx_opcounter"), "--calculate-macs", "net.onnx"]
    said = subprocess.run(command, capture_output=True, text=True).stderr.strip()
    found[size] = int(calculate_macs(model)), int(calculate_params(model)), said.rpartition("ValueError")[1]
    print(size, "multiply-adds, parameters, error of the command:", found[size])
assert list(found.values()) == [(294_912, 1152, ""), (0, 1152, "ValueError"), (0, 1152, "ValueError")]
PY
echo "as described"
