#!/usr/bin/env bash
# torchmeter 0.1.0 and flopco-pytorch 0.1.4, on torch 2.13.0: what a convolution in groups costs, counted as if there were none, or
# as if there were as many as channels.
#
# Conv2d(8, 16, 3, padding=1, bias=False) over 16x16 pixels, in multiply-adds:
#   groups                    1         2         4         8
#   by the definition   294,912   147,456    73,728    36,864
#   torchmeter          294,912   294,912   294,912   294,912     each output is charged for every input channel
#   flopco-pytorch      294,912    36,864    36,864    36,864     any grouping is charged for one input channel
# torchmeter's depthwise layers cost as many times too much as they have channels: a separable block, depthwise 3x3 and 1x1 with 32
# channels, is 2,621,440 in place of 335,872, more than the dense 3x3 that it replaces. Its FLOPs are wrong alike, the parameters
# are right. flopco-pytorch is right for depthwise layers; with n channels in a group, as in ResNeXt, it counts an n-th. No warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6 polars==2.1.0 rich==15.0.0 pyyaml==6.0.4 tqdm==4.70.1 \
    pympler==1.1 xlsxwriter==3.3.1
"$folder/venv/bin/pip" install --quiet --no-deps torchmeter==0.1.0 flopco-pytorch==0.1.4
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import contextlib
import io

import torch
from flopco import FlopCo
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchmeter import Meter


def counts(*layers, channels=8):
    x = torch.zeros(1, channels, 16, 16)
    network = nn.Sequential(*layers)
    with FlopCounterMode(display=False) as own:
        network(x)
    with contextlib.redirect_stdout(io.StringIO()):
        meter = Meter(network, device="cpu")
        meter(x)
        torchmeter = int(meter.cal.Macs.val), int(meter.cal.Flops.val), int(meter.param.TotalNum.val)
    parameters = sum(weight.numel() for weight in network.parameters())
    flopco = FlopCo(nn.Sequential(*layers), img_size=tuple(x.shape))
    assert torchmeter[2] == parameters
    return own.get_total_flops() // 2, torchmeter[0], int(flopco.total_macs), torchmeter[1]


for groups, macs, flopco in ((1, 294_912, 294_912), (2, 147_456, 36_864), (4, 73_728, 36_864), (8, 36_864, 36_864)):
    found = counts(nn.Conv2d(8, 16, 3, padding=1, groups=groups, bias=False))
    print(f"{groups} groups: torch {found[0]}, torchmeter {found[1]}, flopco {found[2]}")
    assert found == (macs, 294_912, flopco, 2 * 294_912 - 16 * 256)
dense = nn.Conv2d(32, 32, 3, padding=1, bias=False)
block = nn.Conv2d(32, 32, 3, padding=1, groups=32, bias=False), nn.Conv2d(32, 32, 1, bias=False)
print("dense 3x3, separable 3x3:", counts(dense, channels=32)[:3], counts(*block, channels=32)[:3])
assert counts(dense, channels=32)[:3] == (2_359_296,) * 3
assert counts(*block, channels=32)[:3] == (335_872, 2_621_440, 335_872)
PY
echo "as described"
