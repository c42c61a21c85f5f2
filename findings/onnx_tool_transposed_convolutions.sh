#!/usr/bin/env bash
# onnx-tool 1.0.1: the multiply-adds of a transposed convolution are counted without its input channels.
#
# Each number of the input meets each weight of its channel once: 8 -> 16 channels, 3x3, stride 2, 16x16 pixels to 31x31 is
# 294,912 multiply-adds, as many as the convolution 16 -> 8 from 31x31 to 16x16, whose gradient it is. onnx-tool gives that to the
# convolution, and 2,214,144 to its transpose: places of the output times 3x3 times output channels times output channels.
# So a layer from 64 channels to one has 8,649 in place of 147,456, 17 times too few, and one from 1 to 64 has 35,426,304 in place of
# 147,456, 240 times too many. Only with stride 1, padding that keeps the size, and as many channels behind as before, is it right.
# Parameters are right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx-tool==1.0.1 onnx==1.23.2 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import contextlib
import io

import numpy as np
import onnx_tool
from onnx import TensorProto, checker, helper, numpy_helper


def counted(operator, shape, given, made, stride, group=1):
    weight = numpy_helper.from_array(np.ones(shape, np.float32), "w")
    node = helper.make_node(operator, ["x", "w"], ["y"], pads=[1, 1, 1, 1], strides=[stride, stride], group=group)
    ends = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, size)] for name, size in (("x", given), ("y", made))]
    graph = helper.make_graph([node], "net", *ends, [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    with contextlib.redirect_stdout(io.StringIO()):
        tool = onnx_tool.Model(model)
        tool.graph.shape_infer(None)
        tool.graph.profile()
    return int(np.ravel(tool.graph.macs)[0]), int(np.ravel(tool.graph.params)[0])


found = {}
for name, operator, shape, given, made, stride, group in (
    ("convolution 16 -> 8", "Conv", (8, 16, 3, 3), (1, 16, 31, 31), (1, 8, 16, 16), 2, 1),
    ("transposed 8 -> 16", "ConvTranspose", (8, 16, 3, 3), (1, 8, 16, 16), (1, 16, 31, 31), 2, 1),
    ("transposed 64 -> 1", "ConvTranspose", (64, 1, 3, 3), (1, 64, 16, 16), (1, 1, 31, 31), 2, 1),
    ("transposed 1 -> 64", "ConvTranspose", (1, 64, 3, 3), (1, 1, 16, 16), (1, 64, 31, 31), 2, 1),
    ("transposed, depthwise", "ConvTranspose", (8, 1, 3, 3), (1, 8, 16, 16), (1, 8, 31, 31), 2, 8),
    ("transposed 8 -> 8, stride 1", "ConvTranspose", (8, 8, 3, 3), (1, 8, 16, 16), (1, 8, 16, 16), 1, 1),
):
    transposed = operator == "ConvTranspose"
    right = int(np.prod(shape) * np.prod((given if transposed else made)[2:]))  # each weight, at each place
    found[name], parameters = counted(operator, shape, given, made, stride, group)
    print(f"{name}: {found[name]:,} multiply-adds, should be {right:,}")
    assert parameters == np.prod(shape)
    assert (found[name] == right) == (name in ("convolution 16 -> 8", "transposed 8 -> 8, stride 1"))
assert list(found.values()) == [294_912, 2_214_144, 8_649, 35_426_304, 69_192, 147_456]
PY
echo "as described"
