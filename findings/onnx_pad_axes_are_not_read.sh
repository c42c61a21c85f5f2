#!/usr/bin/env bash
# onnxslim 0.1.98, onnxoptimizer 0.4.2, onnxsim 0.8.1: a Pad before a convolution is merged with it as if it had no `axes`.
#
# Since opset 18 a Pad may name the axes that its numbers belong to. Zeros below and to the right of a picture, as TensorFlow's
# MobileNets have them before a convolution of stride 2, can be written as pads (0,0,0,0,0,0,1,1), or as (0,0,1,1) with axes (2,3).
# onnxslim takes the latter's first two numbers for batch and channels and keeps (1,1): a convolution with two pads of the four it
# needs, which the checker and onnxruntime refuse. The other two read the numbers of a Pad with four axes in their natural order:
# one below and two to the right, with axes (0,1,3,2), become two below and one to the right, without a complaint; onnxslim, too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxslim==0.1.98 onnxoptimizer==0.4.2 onnxsim==0.8.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnxoptimizer
import onnxruntime
import onnxsim
import onnxslim
from onnx import TensorProto, checker, helper, numpy_helper

x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
TOOLS = {
    "none": lambda model: model,
    "onnxslim": onnxslim.slim,
    "onnxoptimizer": lambda model: onnxoptimizer.optimize(model, ["fuse_pad_into_conv"]),
    "onnxsim": lambda model: onnxsim.simplify(model)[0],
}


def padded(pads, axes=None):
    constants = [numpy_helper.from_array(np.ones((1, 1, 3, 3), np.float32), "w"), numpy_helper.from_array(np.array(pads), "p")]
    if axes:
        constants.append(numpy_helper.from_array(np.array(axes), "a"))
    pad = helper.make_node("Pad", ["x", "p", "", "a"] if axes else ["x", "p"], ["padded"])
    nodes = [pad, helper.make_node("Conv", ["padded", "w"], ["y"], kernel_shape=[3, 3])]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)
    found = helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 1, "h", "w"))
    model = helper.make_model(helper.make_graph(nodes, "net", [given], [found], constants),
                              opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    checker.check_model(model, full_check=True)
    return model


def outcome(model):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        return "refused: pads" if "Attribute pads has incorrect size" in str(error) else str(error)
    y = session.run(None, {"x": x})[0]
    return y.shape[2:]


MODELS = {
    "no axes, one below and right": padded([0, 0, 0, 0, 0, 0, 1, 1]),
    "axes (2,3), one below and right": padded([0, 0, 1, 1], [2, 3]),
    "no axes, one below, two right": padded([0, 0, 0, 0, 0, 0, 1, 2]),
    "axes (0,1,3,2), one below, two right": padded([0, 0, 0, 0, 0, 0, 2, 1], [0, 1, 3, 2]),
}
found = {}
for name, model in MODELS.items():
    found[name] = [outcome(tool(model)) for tool in TOOLS.values()]
    print(f"{name}:", dict(zip(TOOLS, found[name])))
one, two = (3, 3), (3, 4)
assert list(found.values()) == [[one] * 4, [one, "refused: pads", one, one], [two] * 4, [two, (4, 3), (4, 3), (4, 3)]]
PY
echo "as described"
