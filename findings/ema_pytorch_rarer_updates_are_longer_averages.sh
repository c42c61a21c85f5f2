#!/usr/bin/env bash
# ema-pytorch 0.8.3, on torch 2.13.0: update_every=n, "to save on compute", makes another average.
#
# The averages take one step in n into account, but weigh it as if it were the only one: the decay of n steps is not applied. For an
# average whose width is given as a share of the training, sigma_rel, that share is what one gets with update_every=1 alone. Of
# 10,000 steps, where the averaged weights come from, mean and deviation, 0 the beginning and 1 the end:
#                                       update_every=1      10                        100
#   KarrasEMA, sigma_rel=0.05           0.947, 0.050        0.643, 0.246              0.156, 0.242   (100 is the default)
#   KarrasEMA, sigma_rel=0.1            0.888, 0.100        0.443, 0.297              0.078, 0.180
#   EMA, power=1: "a simple average"    0.500, 0.289        0.094, 0.197 (default)    0.015, 0.069
# With the default, 40 % of KarrasEMA's weights at 0.05, and 66 % at 0.1, are those of the first hundredth of the training. The
# package's own example of PostHocEMA, which is made of KarrasEMAs, asks for 10. With a fixed beta the average reaches n times as
# far back. No warning, and no description says more than "to save on compute".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --no-deps ema-pytorch==0.8.3
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import inspect

import torch
from ema_pytorch import EMA, KarrasEMA

STEPS, PARTS = 10_000, 100


def origin(make):
    """Share of the averaged weights that comes from each hundredth of the training."""
    net = torch.nn.Linear(PARTS, 1, bias=False, dtype=torch.float64)
    average = make(net)
    for step in range(STEPS):
        with torch.no_grad():
            net.weight.zero_()[0, step * PARTS // STEPS] = 1  # in each hundredth, another weight is 1
        average.update()
    share = average.ema_model.weight.detach()[0]
    assert abs(float(share.sum()) - 1) < 1e-9
    place = (torch.arange(PARTS) + 0.5) / PARTS
    mean = float((share * place).sum())
    return round(mean, 3), round(float((share * (place - mean) ** 2).sum()) ** 0.5, 3), round(float(share[0]), 2)


def simple(every):
    return lambda net: EMA(net, power=1.0, beta=0.9999, update_after_step=0, update_every=every)


EXPECTED = {
    0.05: ((0.947, 0.05, 0.0), (0.643, 0.246, 0.0), (0.156, 0.242, 0.4)),
    0.1: ((0.888, 0.1, 0.0), (0.443, 0.297, 0.03), (0.078, 0.18, 0.66)),
    "simple": ((0.5, 0.289, 0.01), (0.094, 0.197, 0.63), (0.015, 0.069, 0.95)),
}
for kind, expected in EXPECTED.items():
    for every, numbers in zip((1, 10, 100), expected):
        found = origin(simple(every) if kind == "simple" else lambda net: KarrasEMA(net, sigma_rel=kind, update_every=every))
        print(f"{kind}, update_every={every}: mean, deviation, share of the first hundredth {found}", flush=True)
        assert all(abs(value - number) < 0.006 for value, number in zip(found, numbers)), (kind, every, found, numbers)
for average, every in ((KarrasEMA, 100), (EMA, 10)):
    assert inspect.signature(average.__init__).parameters["update_every"].default == every
PY
echo "as described"
