#!/usr/bin/env bash
# rf-calc 0.0.7, on torch 2.13.0: a kernel of 11x11 is taken for 1x1, one of 10x10 for 0x0, and dilations for 1.
#
# The sizes are read from the network's printed text, one character each: the last digit before the comma. Sizes from 10 on lose
# the rest: kernels, strides (16 is 6) and paddings (10 is 0). Receptive fields, against what the gradient of one output reaches:
#   Conv2d 9x9                      9, right      Conv2d 11x11                       1 in place of 11
#   Conv2d 3x3, dilation 2          3, not 5      Conv2d 10x10                       0 in place of 10, and 32 pixels become 33
#   7x7 with stride 2, then 11x11   7, not 27     AvgPool2d of 2, then 3x3           3, not 6: only MaxPool2d is seen
#   16x16 with stride 16, then 3x3  18, not 48    Conv2d 3x5                         3 for both directions
# No warning. MixNets, with kernels of 11x11, and AlexNet, which begins with one, are within that.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6 pandas==3.1.1 tabulate==0.10.0
"$folder/venv/bin/pip" install --quiet --no-deps rf-calc==0.0.7
"$folder/venv/bin/python" - <<'PY'
import contextlib
import io

import torch
from rf_calc import receptive_field
from torch import nn


def conv(size, **options):
    return nn.Conv2d(1, 1, size, bias=False, **options)


def reached(layers):
    network = nn.Sequential(*layers).double()
    for parameter in network.parameters():
        nn.init.ones_(parameter)
    picture = torch.ones(1, 1, 80, 80, dtype=torch.float64, requires_grad=True)
    output = network(picture)
    output[0, 0, output.shape[2] // 2, output.shape[3] // 2].backward()
    seen = picture.grad[0, 0] != 0
    return [int(places[-1] - places[0]) + 1 for places in (seen.any(1).nonzero(), seen.any(0).nonzero())]


CASES = {
    "9x9": ([conv(9)], 9, 9),
    "10x10": ([conv(10)], 0, 10),
    "11x11": ([conv(11)], 1, 11),
    "3x3, dilation 2": ([conv(3, dilation=2)], 3, 5),
    "7x7 with stride 2, then 11x11": ([conv(7, stride=2), conv(11)], 7, 27),
    "16x16 with stride 16, then 3x3": ([conv(16, stride=16), conv(3)], 18, 48),
    "average of 2x2, then 3x3": ([nn.AvgPool2d(2), conv(3)], 3, 6),
}
for name, (layers, said, true) in CASES.items():
    with contextlib.redirect_stdout(io.StringIO()):
        table = receptive_field(nn.Sequential(*layers), 32)
    print(f"{name:<31} rf-calc {table.Receptive_field.iloc[-1]}, by the gradient {reached(layers)}")
    assert table.Receptive_field.iloc[-1] == f"{said}*{said}" and reached(layers) == [true, true], name
    assert name != "10x10" or table.Output_Img_size.iloc[-1] == "33*33"
with contextlib.redirect_stdout(io.StringIO()):
    table = receptive_field(nn.Sequential(conv((3, 5))), 32)
assert table.Receptive_field.iloc[-1] == "3*3" and reached([conv((3, 5))]) == [3, 5]
PY
echo "as described"
