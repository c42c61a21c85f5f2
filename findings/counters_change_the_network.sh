#!/usr/bin/env bash
# ptflops 0.7.5, pthflops 0.4.2, flopco-pytorch 0.1.4, flopsmeter 0.1.0, on torch 2.13.0: a network whose cost was counted is another.
#
# A network in training mode, a convolution and a batch norm, before and after its multiply-adds are counted:
#   ptflops      (both backends) and pthflops leave it in evaluation mode: trained on from there, batch norms keep the statistics
#                that they have, 0 and 1 in a new network, and dropout does nothing. pthflops means to put the mode back, but asks
#                for it again after it has changed it.
#   flopco       moves the batch norms' statistics by one picture of noise, and removes all forward hooks of the network: the
#                caller's own, which watch activations, are not called again.
#   flopsmeter   sends 200 batches of noise through, after which the batch norms' statistics are the noise's, whatever they were,
#                and leaves a hook of its own on each layer.
# None says so. A network in evaluation mode keeps its mode and its statistics. PyTorch's own FlopCounterMode changes neither
# hooks nor mode; like any forward pass in training mode it moves statistics.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6 tqdm==4.70.1
"$folder/venv/bin/pip" install --quiet --no-deps ptflops==0.7.5 pthflops==0.4.2 flopco-pytorch==0.1.4 flopsmeter==0.1.0
"$folder/venv/bin/python" - <<'PY'
import contextlib
import io

import torch
from flopco import FlopCo
from flopsmeter import Complexity_Calculator
from ptflops import get_model_complexity_info
from pthflops import count_ops
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

SHAPE = (3, 16, 16)


def ptflops(backend):
    return lambda net: get_model_complexity_info(net, SHAPE, backend=backend, print_per_layer_stat=False)


def own(net):
    with FlopCounterMode(display=False):
        net(torch.zeros(1, *SHAPE))


COUNTERS = {
    "ptflops, pytorch": ptflops("pytorch"),
    "ptflops, aten": ptflops("aten"),
    "pthflops": lambda net: count_ops(net, torch.zeros(1, *SHAPE), print_readable=False, verbose=False),
    "flopco": lambda net: FlopCo(net, img_size=(1, *SHAPE)),
    "flopsmeter": lambda net: Complexity_Calculator(net, SHAPE, torch.device("cpu")).log(),
    "FlopCounterMode": own,
}


def counted(count, training):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)).train(training)
    net[1].running_mean.fill_(50)
    heard = []
    net[0].register_forward_hook(lambda *_: heard.append(1))
    with contextlib.redirect_stdout(io.StringIO()):
        count(net)
    mode, mean, steps = net[1].training, round(float(net[1].running_mean.mean())), int(net[1].num_batches_tracked)
    heard.clear()
    net(torch.zeros(1, *SHAPE))
    return mode, mean, steps, len(heard), sum(len(layer._forward_hooks) for layer in net) - len(heard)


EXPECTED = {
    "ptflops, pytorch": (False, 50, 0, 1, 0),
    "ptflops, aten": (False, 50, 0, 1, None),
    "pthflops": (False, 50, 0, 1, 0),
    "flopco": (True, 45, 1, 0, 0),
    "flopsmeter": (True, 0, 200, 1, 2),
    "FlopCounterMode": (True, 45, 1, 1, 0),
}
print("training mode, mean (was 50), batches, the caller's hook called, other hooks")
for name, count in COUNTERS.items():
    found = counted(count, training=True)
    still = counted(count, training=False)
    print(f"{name:<17}", *found)
    expected = EXPECTED[name]
    assert found[:4] == expected[:4] and expected[4] in (None, found[4]), (name, found)
    assert still[:3] == (False, 50, 0), (name, still)
PY
echo "as described"
