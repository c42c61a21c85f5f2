#!/usr/bin/env bash
# onnx2torch 1.5.15: ReduceMax, ReduceMin and ReduceProd over axes (-2, -1), without keepdims, reduce the wrong ones.
#
# A global max pool may be written as ReduceMax over axes (-2, -1): the maximum of each picture's channel. The converted network takes
# one axis after the other, each one place further to the left, which is right for axes counted from the front; counted from behind,
# the second is the channels' axis. What comes out are maxima over rows and channels, one for each column: with as many columns as
# channels, no shape tells. PyTorch 2.13.0's own export of x.amax((-2, -1)), in opset 13 and 17, is such a file. Axes (2, 3),
# keepdims=1, and ReduceMean are right; onnxruntime 1.32.0 agrees with NumPy. (torchvision, which the package needs for two other
# operators, is an empty stand-in here.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 pillow
"$folder/venv/bin/pip" install --quiet --no-deps onnx2torch==1.5.15
mkdir -p "$folder/instead/torchvision"
echo "roi_align = None" > "$folder/instead/torchvision/ops.py"
touch "$folder/instead/torchvision/__init__.py"
PYTHONPATH="$folder/instead" "$folder/venv/bin/python" -W ignore - <<'PY'
import io

import numpy as np
import onnx
import torch
from onnx import TensorProto, checker, helper
from onnx2torch import convert
from onnxruntime import InferenceSession

X = 0.5 + np.random.default_rng(0).permutation(96).reshape(2, 4, 3, 4).astype(np.float32) / 96  # pictures, channels, rows, columns
HOW = {"ReduceMax": np.max, "ReduceMin": np.min, "ReduceProd": np.prod, "ReduceMean": np.mean}


def file(operator, axes, keepdims):
    shape = HOW[operator](X, axis=axes, keepdims=keepdims).shape
    node = helper.make_node(operator, ["x"], ["y"], axes=axes, keepdims=int(keepdims))
    ends = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, size)] for name, size in (("x", X.shape), ("y", shape))]
    model = helper.make_model(helper.make_graph([node], "net", *ends), opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model, full_check=True)
    return model


def results(model):
    by_runtime = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": X})[0]
    return by_runtime, convert(model).eval()(torch.from_numpy(X)).numpy()


wrong = []
for operator, function in HOW.items():
    for axes in ((2, 3), (-2, -1)):
        for keepdims in (True, False):
            right, (by_runtime, converted) = function(X, axis=axes, keepdims=keepdims), results(file(operator, axes, keepdims))
            assert np.allclose(by_runtime, right) and converted.shape == right.shape
            if not np.allclose(converted, right):
                wrong.append(operator)
                assert axes == (-2, -1) and not keepdims and np.allclose(converted, function(X, axis=(1, 2)))
                print(f"{operator} over {axes}: {converted[0].round(3)}, should be {right[0].round(3)}")
assert wrong == ["ReduceMax", "ReduceMin", "ReduceProd"]


class Pool(torch.nn.Module):
    def forward(self, x):
        return x.amax((-2, -1))


for opset in (13, 17):
    written = io.BytesIO()
    torch.onnx.export(Pool(), torch.from_numpy(X), written, input_names=["x"], opset_version=opset, dynamo=False)
    by_runtime, converted = results(onnx.load_from_string(written.getvalue()))
    print(f"opset {opset}, x.amax((-2, -1)) exported by PyTorch, and back: largest error {abs(converted - by_runtime).max():.3f}")
    assert np.allclose(by_runtime, X.max((-2, -1))) and np.allclose(converted, X.max((1, 2)))
PY
echo "as described"
