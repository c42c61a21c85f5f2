#!/usr/bin/env bash
# onnx 1.23.2: its ReferenceEvaluator computes a BatchNormalization of opset 9 to 13, in inference, with statistics that are a tenth
# the batch's own.
#
# A node with a single output is in test mode: it uses the mean and variance that it is given. For x = [1, 3] with mean 0 and
# variance 1 the reference gives [0.8, 2.8]: its mean is 0.9 * 0 + 0.1 * 2, so that the answer for a picture depends on the others
# beside it. In opset 14 and 15, and by onnxruntime 1.32.0 in all of them, it is [1, 3].
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper
from onnx.reference import ReferenceEvaluator

x = np.array([[1], [3]], np.float32)


def answers(opset):
    constants = [helper.make_tensor(name, TensorProto.FLOAT, [1], [value]) for name, value in zip("sbmv", (1, 0, 0, 1))]
    node = helper.make_node("BatchNormalization", ["x", *"sbmv"], ["y"], epsilon=0.0)
    shapes = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 1]) for name in "xy"]
    graph = helper.make_graph([node], "net", shapes[:1], shapes[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return [runner.run(None, {"x": x})[0].ravel().astype(float).round(4).tolist() for runner in (ReferenceEvaluator(model), session)]


for opset in (9, 13, 14, 15):
    reference, runtime = answers(opset)
    print(f"opset {opset}: reference {reference}, onnxruntime {runtime}")
    assert runtime == [1.0, 3.0] and reference == ([0.8, 2.8] if opset < 14 else [1.0, 3.0])
PY
echo "as described"
