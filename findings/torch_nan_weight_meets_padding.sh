#!/usr/bin/env bash
# PyTorch 2.13.0, CPU, x86-64: which outputs of conv2d a NaN weight reaches depends on how the sum is carried out, not on its definition.
#
# A 3x3 kernel whose upper left weight is NaN, all others 1, over a 4x4 picture of ones with padding 1. That weight lies in the
# padding for the 4 outputs of the first row and 3 more of the first column: by the sum over the pixels that there are, 9 of 16
# outputs are NaN; by the sum over a padded picture, where NaN times 0 is NaN, all 16. PyTorch gives 9, 12 or 16, by dtype,
# groups, channels and memory format:
#   float32  dense and depthwise                          9, NCHW and channels_last
#            two output channels a group, or two groups  16 in NCHW, 9 in channels_last
#            a single channel                             9 in NCHW, 12 in channels_last
#   float64                                              16 always
# So a diverged network shows its NaNs at other pixels when its layout or dtype is changed to look for them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import torch
import torch.nn.functional as F

KINDS = {"dense": (4, 4, 1), "depthwise": (4, 4, 4), "multiplier 2": (4, 8, 4), "two groups": (4, 4, 2), "one channel": (1, 1, 1)}
found = {}
for dtype in (torch.float32, torch.float64):
    for kind, (channels, outputs, groups) in KINDS.items():
        weight = torch.ones(outputs, channels // groups, 3, 3, dtype=dtype)
        weight[0, 0, 0, 0] = float("nan")
        pictures = torch.ones(2, channels, 4, 4, dtype=dtype)
        counts = []
        for order in (torch.contiguous_format, torch.channels_last):
            y = F.conv2d(pictures.to(memory_format=order), weight, padding=1, groups=groups)
            counts.append(int(y[0, 0].isnan().sum()))
        found[str(dtype), kind] = tuple(counts)
        print(f"{dtype} {kind:<14} NaNs of 16 outputs: NCHW {counts[0]:>2}, channels_last {counts[1]:>2}")
float32 = {"dense": (9, 9), "depthwise": (9, 9), "multiplier 2": (16, 9), "two groups": (16, 9), "one channel": (9, 12)}
assert all(found["torch.float32", kind] == counts for kind, counts in float32.items()), found
assert all(found["torch.float64", kind] == (16, 16) for kind in KINDS), found
PY
echo "as described"
