#!/usr/bin/env bash
# PyTorch 2.13.0, CPU, float32: a global average pool is 1 % off or right, by the name under which one asks for it.
#
# The mean of a 1024x1024 picture of 0.1:
#   F.avg_pool2d(x, 1024)               0.10099, in NCHW and channels_last: it adds one by one
#   F.adaptive_avg_pool2d(x, 1)         0.1: it calls mean(), which adds in blocks
#   F.adaptive_avg_pool2d(x2, (2, 2))   0.10099 again, on 2048x2048, with windows of the same size
#   x.mean((2, 3))                      0.1
# Two spellings of one layer, which large pictures tell apart.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import torch
import torch.nn.functional as F

for order in (torch.contiguous_format, torch.channels_last):
    x = torch.full((1, 3, 1024, 1024), 0.1).to(memory_format=order)
    x2 = torch.full((1, 3, 2048, 2048), 0.1).to(memory_format=order)
    found = {
        "avg_pool2d": F.avg_pool2d(x, 1024),
        "adaptive_avg_pool2d to 1": F.adaptive_avg_pool2d(x, 1),
        "adaptive_avg_pool2d to 2": F.adaptive_avg_pool2d(x2, (2, 2)),
        "mean": x.mean((2, 3)),
    }
    found = {name: value.flatten()[0].item() for name, value in found.items()}
    print(order, {name: round(value, 6) for name, value in found.items()})
    off = {name: abs(value / 0.1 - 1) > 5e-3 for name, value in found.items()}
    assert off == {"avg_pool2d": True, "adaptive_avg_pool2d to 1": False, "adaptive_avg_pool2d to 2": True, "mean": False}
PY
echo "as described"
