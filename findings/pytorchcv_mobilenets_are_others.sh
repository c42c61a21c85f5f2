#!/usr/bin/env bash
# pytorchcv 0.0.74 (torch 2.13.0): its MobileNets are not the networks that others have under these names.
#
#   mobilenet_w1      ReLU everywhere, as the paper writes; TensorFlow's slim, Keras and timm have ReLU6. All names and shapes
#                     can be paired with timm's mobilenetv1_100, and nothing says that the function is another.
#   mobilenetv2_w1    has a 1x1 convolution and a batch norm, 32 -> 32, before the first block's depthwise convolution:
#                     3,504,960 parameters. mobilenetv2b_w1 is without (3,503,872); torchvision has 3,504,872, with a bias.
#   both V2           the classifier is a 1x1 convolution without a bias; output.weight is (1000, 1280, 1, 1).
#   mobilenetv2b_w3d4 channels are cut to whole numbers, not rounded to multiples of 8: the first three stages are 12, 18 and 24
#                     wide, where the paper's code and torchvision have 16, 24 and 24.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --no-deps pytorchcv==0.0.74
"$folder/venv/bin/python" - <<'PY'
from torch import nn
from pytorchcv.models import mobilenet, mobilenetv2  # its model_provider wants torchvision


def get_model(name):
    return getattr(mobilenetv2 if "v2" in name else mobilenet, name)()


def parameters(name):
    return sum(parameter.numel() for parameter in get_model(name).parameters())


v1 = get_model("mobilenet_w1")
kinds = {type(module).__name__ for module in v1.modules() if "ReLU" in type(module).__name__}
print("mobilenet_w1:", kinds, parameters("mobilenet_w1"))
assert kinds == {"ReLU"} and parameters("mobilenet_w1") == 4_231_976
assert {type(m) for m in get_model("mobilenetv2b_w1").modules()} & {nn.ReLU6}

found = {name: parameters(name) for name in ("mobilenetv2_w1", "mobilenetv2b_w1")}
print(found)
assert found == {"mobilenetv2_w1": 3_504_960, "mobilenetv2b_w1": 3_503_872}
names = [set(get_model(name).state_dict()) for name in found]
more = names[0] - names[1]
assert {name.rpartition(".")[0] for name in more} == {"features.stage1.unit1.conv1.conv", "features.stage1.unit1.conv1.bn"}
state = get_model("mobilenetv2b_w1").state_dict()
assert tuple(state["output.weight"].shape) == (1000, 1280, 1, 1) and "output.bias" not in state

state = get_model("mobilenetv2b_w3d4").state_dict()
widths = [state[f"features.stage{i}.unit1.conv3.conv.weight"].shape[0] for i in (1, 2, 3)]
print("w3d4:", widths)
assert widths == [12, 18, 24]
PY
echo "as described"
