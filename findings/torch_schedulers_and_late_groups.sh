#!/usr/bin/env bash
# PyTorch 2.13.0: a parameter group that joins an optimizer after its scheduler was made is treated in four ways, by scheduler.
#
# Three steps of a schedule, then add_param_group(lr=0.1), then another step:
#   StepLR, ExponentialLR, CosineAnnealingLR, LinearLR, PolynomialLR   the new group's rate is taken for the one that is due now,
#                                                                      and is scaled on from there
#   LambdaLR, CosineAnnealingWarmRestarts                              ValueError of zip(), after the old groups were changed
#   MultiplicativeLR, CyclicLR                                         ValueError of zip(), before anything was changed
#   OneCycleLR                                                         KeyError: 'max_lr'
# Fine-tuning that unfreezes a stage later meets this: whether it runs, and at which rate, depends on the schedule's name.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import torch
from torch.optim import lr_scheduler as S

SCHEDULERS = {
    "StepLR": lambda o: S.StepLR(o, 1, 0.5),
    "ExponentialLR": lambda o: S.ExponentialLR(o, 0.5),
    "CosineAnnealingLR": lambda o: S.CosineAnnealingLR(o, 10),
    "LinearLR": lambda o: S.LinearLR(o, 1.0, 0.1, 10),
    "PolynomialLR": lambda o: S.PolynomialLR(o, 10),
    "LambdaLR": lambda o: S.LambdaLR(o, lambda epoch: 0.5**epoch),
    "CyclicLR": lambda o: S.CyclicLR(o, 0.01, 0.1, step_size_up=5),
    "CosineAnnealingWarmRestarts": lambda o: S.CosineAnnealingWarmRestarts(o, 10),
    "MultiplicativeLR": lambda o: S.MultiplicativeLR(o, lambda epoch: 0.5),
    "OneCycleLR": lambda o: S.OneCycleLR(o, 0.1, total_steps=10),
}
found = {}
for name, make in SCHEDULERS.items():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
    scheduler = make(optimizer)
    for _ in range(3):
        optimizer.step()
        scheduler.step()
    optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.1})
    before = [group["lr"] for group in optimizer.param_groups]
    optimizer.step()
    try:
        scheduler.step()
        outcome = "scaled on"
    except (ValueError, KeyError) as error:
        outcome = f"{type(error).__name__}: {error}"
    after = [group["lr"] for group in optimizer.param_groups]
    found[name] = outcome.partition(":")[0], after[0] != before[0], after[1] / after[0] - before[1] / before[0]
    print(f"{name:<28} {before[0]:.4f}, {before[1]:.4f} -> {after[0]:.4f}, {after[1]:.4f}   {outcome}")
for name in ("StepLR", "ExponentialLR", "CosineAnnealingLR", "LinearLR", "PolynomialLR"):
    assert found[name][0] == "scaled on" and abs(found[name][2]) < 1e-9, found
for name, changed in {"LambdaLR": True, "CosineAnnealingWarmRestarts": True, "MultiplicativeLR": False, "CyclicLR": False}.items():
    assert found[name][:2] == ("ValueError", changed), found
assert found["OneCycleLR"][0] == "KeyError", found
PY
echo "as described"
