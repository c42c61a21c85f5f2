#!/usr/bin/env bash
# onnx 1.23.2: up to opset 21, shape inference gives a pool in ceil_mode one window more than it has.
#
# 5 numbers with one of padding on each side, windows of 2, 3 apart: the third window would begin in the padding behind, and is
# left out, by onnx's own reference, by onnxruntime 1.32.0 (which warns: "Expected shape from model of {1,1,3} does not match
# actual shape of {1,1,2}") and by PyTorch. infer_shapes says 3, and the checker accepts a declared output of 3, and refuses 2.
# In opset 22 it says 2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, shape_inference
from onnx.reference import ReferenceEvaluator

x = np.arange(5, dtype=np.float32)[None, None]
onnxruntime.set_default_logger_severity(3)


def pool(kind, opset, length=None):
    node = helper.make_node(kind, ["x"], ["y"], kernel_shape=[2], strides=[3], pads=[1, 1], ceil_mode=1)
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 5])
    found = helper.make_tensor_value_info("y", TensorProto.FLOAT, None if length is None else [1, 1, length])
    graph = helper.make_graph([node], "net", [given], [found])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def accepted(model):
    try:
        checker.check_model(model, full_check=True)
    except shape_inference.InferenceError:
        return False
    return True


for kind in ("MaxPool", "AveragePool"):
    for opset in (12, 18, 21, 22):
        model = pool(kind, opset)
        inferred = shape_inference.infer_shapes(model).graph.output[0].type.tensor_type.shape.dim[2].dim_value
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        made = [runner.run(None, {"x": x})[0].shape[2] for runner in (ReferenceEvaluator(model), session)]
        checked = [accepted(pool(kind, opset, length)) for length in (2, 3)]
        print(f"{kind}, opset {opset}: inferred {inferred}, reference and onnxruntime {made}, accepts (2, 3): {checked}")
        assert made == [2, 2] and inferred == (3 if opset < 22 else 2) and checked == [opset >= 22, opset < 22]
PY
echo "as described"
