#!/usr/bin/env bash
# onnx 1.23.2: its ReferenceEvaluator computes a MaxPool with auto_pad SAME_LOWER like SAME_UPPER, and with one window too few.
#
# SAME_LOWER puts the odd zero before the numbers, and has ceil(length / stride) outputs. 6 falling numbers, windows of 3, 2 apart:
# (6, 5, 3) by onnxruntime 1.32.0 and the definition; the reference gives (6, 4, 2), which is SAME_UPPER's. 5 numbers: (5, 4, 2),
# and by the reference (5, 3), floor(5 / 2) outputs, where the same package's infer_shapes says 3. AveragePool is right, by the
# same reference; so is MaxPool with SAME_UPPER.
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

onnxruntime.set_default_logger_severity(3)
REDUCE = {"MaxPool": max, "AveragePool": lambda window: sum(window) / len(window)}


def by_definition(kind, side, x, kernel=3, stride=2):
    outputs = -(-len(x) // stride)
    padding = max((outputs - 1) * stride + kernel - len(x), 0)
    before = padding // 2 if side == "SAME_UPPER" else padding - padding // 2
    starts = [i * stride - before for i in range(outputs)]
    return [REDUCE[kind]([x[j] for j in range(start, start + kernel) if 0 <= j < len(x)]) for start in starts]


for kind in REDUCE:
    for side in ("SAME_UPPER", "SAME_LOWER"):
        for length in (5, 6):
            x = np.arange(length, 0, -1, dtype=np.float32)
            node = helper.make_node(kind, ["x"], ["y"], kernel_shape=[3], strides=[2], auto_pad=side)
            given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, length])
            found = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, None])
            model = helper.make_model(helper.make_graph([node], "net", [given], [found]),
                                      opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
            checker.check_model(model, full_check=True)
            session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
            reference, runtime = (runner.run(None, {"x": x[None, None]})[0].ravel().tolist()
                                  for runner in (ReferenceEvaluator(model), session))
            right = by_definition(kind, side, x.tolist())
            inferred = shape_inference.infer_shapes(model).graph.output[0].type.tensor_type.shape.dim[2].dim_value
            print(f"{kind} {side} of {length}: reference {reference}, onnxruntime {runtime}, inferred {inferred}")
            assert runtime == right and inferred == len(right) == 3
            if (kind, side) == ("MaxPool", "SAME_LOWER"):
                assert reference == {5: [5, 3], 6: [6, 4, 2]}[length]
            else:
                assert reference == right
PY
echo "as described"
