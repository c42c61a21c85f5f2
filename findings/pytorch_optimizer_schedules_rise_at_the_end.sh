#!/usr/bin/env bash
# pytorch_optimizer 4.1.0, on torch 2.13.0: schedules that end with a rate that nobody asked for.
#
#   get_wsd_schedule   with min_lr_ratio=0.1: "linear", "1-square" and "1-sqrt", the default, cool down to 0, not to the tenth, and
#                      jump back up at the end. Of a rate of 0.1 over 50 steps of cooling, the last steps of "1-sqrt" have 0.0030,
#                      0.0020, 0.0010, and from then on it is 0.01, ten times as much. Only "cosine" cools down to 0.01 and stays.
#   PolyScheduler      rises after the warmup, without an end: max_lr=0.1 is reached after 10 steps, 0.95 after 100 and 3.15 after
#                      1000. Its description gives that formula, a root of the steps; t_max is not in it.
#   LinearScheduler    with min_lr=0 is negative after t_max steps, and SGD climbs; CosineScheduler rises again to max_lr. PyTorch's
#                      LinearLR and PolynomialLR keep the last rate.
# None of them warns. A run of a few steps more than planned, as batches that do not divide the pictures make it, is enough for
# the last one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --no-deps pytorch_optimizer==4.1.0
"$folder/venv/bin/python" - <<'PY'
import torch
from pytorch_optimizer import get_wsd_schedule
from pytorch_optimizer.lr_scheduler import CosineScheduler, LinearScheduler, PolyScheduler
from torch.optim.lr_scheduler import LinearLR, PolynomialLR


def rates(make, steps):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    schedule = make(optimizer)
    found = []
    for _ in range(steps):
        weight.grad = torch.zeros(1)
        optimizer.step()
        schedule.step()
        found.append(float(optimizer.param_groups[0]["lr"]))
    return found  # after each of the schedule's steps


for kind in ("1-sqrt", "1-square", "linear", "cosine"):
    options = dict(num_warmup_steps=10, num_stable_steps=40, num_decay_steps=50, min_lr_ratio=0.1)
    found = rates(lambda optimizer: get_wsd_schedule(optimizer, cooldown_type=kind, **options), 110)
    print(f"{kind:<8} steps 97 to 101:", *(f"{rate:.4f}" for rate in found[96:101]))
    assert abs(found[-1] - 0.01) < 1e-9 and found[48] == 0.1
    assert (min(found[50:]) > 0.0099) == (kind == "cosine") and (found[98] < 0.5 * found[99]) == (kind != "cosine")
    if kind == "1-sqrt":
        assert [round(rate, 4) for rate in found[96:101]] == [0.0030, 0.0020, 0.0010, 0.01, 0.01], found[96:101]
        assert found == rates(lambda optimizer: get_wsd_schedule(optimizer, **options), 110)

for make, steps, expected in (
    (lambda optimizer: PolyScheduler(optimizer, t_max=1000, max_lr=0.1, warmup_steps=10), (11, 101, 1001), (0.1, 0.9487, 3.1464)),
    (lambda optimizer: LinearScheduler(optimizer, t_max=100, max_lr=0.1), (1, 101, 106), (0.1, 0.0, -0.005)),
    (lambda optimizer: CosineScheduler(optimizer, t_max=100, max_lr=0.1), (1, 101, 201), (0.1, 0.0, 0.1)),
    (lambda optimizer: LinearLR(optimizer, 1.0, 0.0, 100), (1, 100, 106), (0.099, 0.0, 0.0)),
    (lambda optimizer: PolynomialLR(optimizer, 100), (1, 100, 106), (0.099, 0.0, 0.0)),
):
    found = rates(make, steps[-1])
    found = [round(found[step - 1], 4) + 0.0 for step in steps]
    print("after steps", steps, found)
    assert found == list(expected), (found, expected)
PY
echo "as described"
