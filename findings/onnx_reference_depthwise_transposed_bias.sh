#!/usr/bin/env bash
# onnx 1.23.2: its ReferenceEvaluator adds the first channel's bias to every channel of a depthwise ConvTranspose.
#
# Each group is computed alone, as one output channel numbered 0, with the whole vector of biases. With biases (1, 2, 3) the second
# and third channel are 1 and 2 too low; onnxruntime 1.32.0 agrees with the definition. Without a bias the result is right. Any
# other grouping, with or without a bias, is not computed: several outputs a group, or several inputs a group, end in a ValueError
# of NumPy's ("cannot reshape array of size ..." or "could not broadcast input array ..."). groups=1 is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(3)


def transposed(channels, outputs, groups, bias):
    rng = np.random.default_rng(0)
    arrays = {"w": rng.standard_normal((channels, outputs // groups, 2, 2)).astype(np.float32)}
    if bias:
        arrays["b"] = np.arange(1, outputs + 1, dtype=np.float32)
    node = helper.make_node("ConvTranspose", ["x", *arrays], ["y"], group=groups, strides=[2, 2])
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, channels, 3, 3])
    found = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, outputs, 6, 6])
    constants = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    model = helper.make_model(helper.make_graph([node], "net", [given], [found], constants),
                              opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = rng.standard_normal((1, channels, 3, 3)).astype(np.float32)
    right = np.zeros((1, outputs, 6, 6), np.float32)  # by the definition: windows of 2x2, 2 apart, do not meet
    for channel in range(channels):
        first = channel // (channels // groups) * (outputs // groups)
        for output in range(outputs // groups):
            right[0, first + output] += np.kron(x[0, channel], arrays["w"][channel, output])
    right += arrays["b"][:, None, None] if bias else 0
    assert np.allclose(session.run(None, {"x": x})[0], right, atol=1e-5)
    try:
        off = ReferenceEvaluator(model).run(None, {"x": x})[0] - right
    except ValueError as error:
        return " ".join(str(error).split()[:3])
    return [round(float(value), 3) for value in off.mean((0, 2, 3))]  # by channel


CASES = {
    (3, 3, 3, False): [0, 0, 0], (3, 3, 3, True): [0, -1, -2], (3, 3, 1, True): [0, 0, 0],
    (3, 6, 3, False): "cannot reshape array", (4, 2, 2, False): "cannot reshape array", (4, 4, 2, False): "could not broadcast",
}
for case, expected in CASES.items():
    found = transposed(*case)
    print("{} -> {} channels, {} groups, bias {}:".format(*case), "reference off by", found)
    assert found == expected
PY
echo "as described"
