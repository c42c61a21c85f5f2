#!/usr/bin/env bash
# fvcore 0.1.5.post20221221 and torchprofile 0.1.0, on torch 2.13.0: a convolution whose padding is a word counts nothing.
#
# Conv2d(8, 16, 3, padding="same") and Conv2d(8, 16, 3, padding=1) are the same layer, of 294,912 multiply-adds on 16x16 pixels.
# Both counters say 294,912 for padding=1, and 0 for "same"; "valid" is 0, too, and so are depthwise and dilated ones, in one and
# two dimensions: traced, the words give another operator, aten::_convolution_mode, for which neither has a price. fvcore logs that
# the operator is not supported, torchprofile warns that it was skipped; the totals are given all the same. A padding_mode other
# than "zeros" brings the count back, with padding="same" as well. PyTorch's own FlopCounterMode counts all alike.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6 tqdm==4.70.1 tabulate==0.10.0 termcolor==3.2.0 pillow==13.0.0
"$folder/venv/bin/pip" install --quiet --no-deps fvcore==0.1.5.post20221221 iopath==0.1.10 yacs==0.1.8 portalocker==3.2.0 \
    pyyaml==6.0.4 torchprofile==0.1.0
"$folder/venv/bin/python" - <<'PY'
import logging
import warnings

import torch
from fvcore.nn import FlopCountAnalysis
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchprofile import profile_macs

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
PLANE, LINE = (1, 8, 16, 16), (1, 8, 16)


def counts(layer, shape):
    x = torch.zeros(shape)
    with FlopCounterMode(display=False) as own:
        layer(x)
    return own.get_total_flops() // 2, int(FlopCountAnalysis(layer, x).total()), int(profile_macs(layer, x))


CASES = {
    "padding=1": (nn.Conv2d(8, 16, 3, padding=1, bias=False), PLANE, 294_912, True),
    'padding="same"': (nn.Conv2d(8, 16, 3, padding="same", bias=False), PLANE, 294_912, False),
    'padding="valid"': (nn.Conv2d(8, 16, 3, padding="valid", bias=False), PLANE, 225_792, False),
    "padding=0": (nn.Conv2d(8, 16, 3, bias=False), PLANE, 225_792, True),
    "depthwise, dilated, 4": (nn.Conv2d(8, 8, 5, padding=4, dilation=2, groups=8, bias=False), PLANE, 51_200, True),
    'depthwise, dilated, "same"': (nn.Conv2d(8, 8, 5, padding="same", dilation=2, groups=8, bias=False), PLANE, 51_200, False),
    'one dimension, "same"': (nn.Conv1d(8, 16, 3, padding="same", bias=False), LINE, 6_144, False),
    '"same", circular': (nn.Conv2d(8, 16, 3, padding="same", padding_mode="circular", bias=False), PLANE, 294_912, True),
}
for name, (layer, shape, macs, counted) in CASES.items():
    own, fvcore, torchprofile = counts(layer.eval(), shape)
    print(f"{name:<27} torch {own:>7}, fvcore {fvcore:>7}, torchprofile {torchprofile:>7}")
    assert own == macs and fvcore == torchprofile == (macs if counted else 0)
PY
echo "as described"
