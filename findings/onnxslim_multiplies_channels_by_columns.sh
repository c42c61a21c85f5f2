#!/usr/bin/env bash
# onnxslim 0.1.98: factors for the columns of a picture become factors of its channels, if there are as many columns as channels.
#
# Conv, then Mul by a constant: the factors are multiplied into the weights, whichever axis they belong to; only their number is
# compared with the number of channels. Shapes (5,), (1,1,1,5) (columns) and (5,1) (rows) after a convolution with 5 channels over
# 5x5 pixels are taken for (5,1,1). With 6 channels the model is right. A bias added that way is left alone: Add has the check that
# Mul lacks. So is a constant that comes first. Masks and windows over square maps have such shapes: 7x7 with 7 channels, 32x32
# with 32, ...; the checker, the shapes and the number of parameters tell nothing. onnxoptimizer 0.4.2 keeps the values.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxslim==0.1.98 onnxoptimizer==0.4.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnxoptimizer
import onnxruntime
import onnxslim
from onnx import TensorProto, checker, helper, numpy_helper

rng = np.random.default_rng(0)
x = rng.standard_normal((1, 3, 5, 5)).astype(np.float32)


def outputs(model):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def kept(op, channels, shape, first=False):
    """By onnxslim and by onnxoptimizer: are the outputs what they were? And what they should be, by NumPy?"""
    weight, factors = (rng.standard_normal(size).astype(np.float32) for size in ((channels, 3, 1, 1), shape))
    constants = [numpy_helper.from_array(array, name) for array, name in ((weight, "w"), (factors, "f"))]
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node(op, ["f", "c"] if first else ["c", "f"], ["y"])]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)
    found = helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, channels, 5, 5))
    graph = helper.make_graph(nodes, "net", [given], [found], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    checker.check_model(model, full_check=True)
    convolved = np.einsum("nchw,oc->nohw", x, weight[:, :, 0, 0])
    right = convolved * factors if op == "Mul" else convolved + factors
    assert np.allclose(outputs(model), right, atol=1e-5)
    optimized = onnxoptimizer.optimize(model, onnxoptimizer.get_fuse_and_elimination_passes())
    assert np.allclose(outputs(optimized), right, atol=1e-5)
    slim = onnxslim.slim(model)
    checker.check_model(slim, full_check=True)
    return len(slim.graph.node), bool(np.allclose(outputs(slim), right, atol=1e-5))


CASES = {
    ("Mul", 5, (5, 1, 1)): (1, True), ("Mul", 5, (5,)): (1, False), ("Mul", 5, (1, 1, 1, 5)): (1, False),
    ("Mul", 5, (5, 1)): (1, False), ("Mul", 6, (5,)): (2, True), ("Add", 5, (5,)): (2, True), ("Mul", 5, (5,), True): (2, True),
}
for case, expected in CASES.items():
    found = kept(*case)
    print(*case, "-> nodes, right:", *found)
    assert found == expected
PY
echo "as described"
