#!/usr/bin/env bash
# onnxruntime 1.32.0: a dilated pool with SAME padding is padded as if it were not dilated, and has fewer outputs than the file says.
#
# 8 numbers, windows of 3 with dilation 2, auto_pad SAME_UPPER, stride 1: by the standard there are as many outputs as inputs;
# infer_shapes and the ReferenceEvaluator of onnx 1.23.2 say 8. onnxruntime pads one on each side in place of two, gives 6 outputs,
# and warns of the shape; with stride 2 it is 3 in place of 4. MaxPool, AveragePool and LpPool do so alike. A Conv with the
# same attributes, in the same library, is refused: "Dilation not supported for AutoPadType::SAME_UPPER". Pads written as numbers
# are right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(4)
x = np.arange(1, 9, dtype=np.float32)[None, None]


def lengths(kind, stride, **padding):
    """Of the output: inferred, by onnxruntime (or its refusal), and the outputs."""
    node = helper.make_node(kind, ["x", "w"] if kind == "Conv" else ["x"], ["y"], kernel_shape=[3], dilations=[2], strides=[stride],
                            **padding)
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 8])
    found = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, None])
    constants = [numpy_helper.from_array(np.ones((1, 1, 3), np.float32), "w")] if kind == "Conv" else []
    model = helper.make_model(helper.make_graph([node], "net", [given], [found], constants),
                              opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    checker.check_model(model, full_check=True)
    assert ReferenceEvaluator(model).run(None, {"x": x})[0].shape == (1, 1, -(-8 // stride))
    inferred = shape_inference.infer_shapes(model).graph.output[0].type.tensor_type.shape.dim[2].dim_value
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    try:
        y = session.run(None, {"x": x})[0].ravel().tolist()
    except Exception as error:
        return inferred, "refused" if "Dilation not supported for AutoPadType::SAME" in str(error) else str(error), []
    return inferred, len(y), y


for kind in ("MaxPool", "AveragePool", "LpPool"):
    for side in ("SAME_UPPER", "SAME_LOWER"):
        for stride, inferred, made in ((1, 8, 6), (2, 4, 3)):
            found = lengths(kind, stride, auto_pad=side)
            print(f"{kind} {side}, stride {stride}: inferred {found[0]}, made {found[1]}: {np.round(found[2], 2).tolist()}")
            assert found[:2] == (inferred, made)
assert lengths("MaxPool", 1, auto_pad="SAME_UPPER")[2] == [4, 5, 6, 7, 8, 7]
assert lengths("MaxPool", 1, pads=[2, 2])[1:] == (8, [3, 4, 5, 6, 7, 8, 7, 8])
found = lengths("Conv", 1, auto_pad="SAME_UPPER")
print("Conv SAME_UPPER, stride 1:", found[:2])
assert found[:2] == (8, "refused")
PY
echo "as described"
