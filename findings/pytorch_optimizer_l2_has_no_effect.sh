#!/usr/bin/env bash
# pytorch_optimizer 4.1.0, on torch 2.13.0: with weight_decouple=False, nine optimizers do not decay weights at all.
#
# That option is described as adding the decay to the gradient, in place of shrinking the weights. With
#   AdamP, AdamWSN, Grams, LaProp, Prodigy, RAdam, SGDP, SGDSaI, TAM
# 50 steps with weight_decay=0.5 and weight_decouple=False give the same bits as weight_decay=0, without a warning. Eight of them do
# add it, to p.grad, but after the update was computed from the gradient; the next zero_grad() throws it away, and what logs the
# gradient's norm after step() has the weights' in it. RAdam never adds it. With weight_decouple=True, the default, all nine decay.
# AdaBelief, AdaBound, DiffGrad, Lion, SGDW and Yogi of the same package decay either way. So a comparison of L2 with decoupled decay
# compares, for these nine, no decay with decay.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --no-deps pytorch_optimizer==4.1.0
"$folder/venv/bin/python" - <<'PY'
import pytorch_optimizer
import torch

SILENT = ("AdamP", "AdamWSN", "Grams", "LaProp", "Prodigy", "RAdam", "SGDP", "SGDSaI", "TAM")
RIGHT = ("AdaBelief", "AdaBound", "DiffGrad", "Lion", "SGDW", "Yogi")


def train(name, **options):
    random = torch.Generator().manual_seed(0)
    weight = torch.nn.Parameter(torch.randn(6, 4, 3, 3, generator=random))
    if name == "Prodigy":
        options["d0"] = 0.1  # it begins with steps of a millionth, too small for float32 to show a decay
    optimizer = getattr(pytorch_optimizer, name)([weight], lr=0.01, **options)
    for _ in range(50):
        optimizer.zero_grad()
        gradient = torch.randn(weight.shape, generator=random)
        weight.grad = gradient.clone()
        optimizer.step()
    return weight.detach(), float((weight.grad - gradient).abs().max())


for name in SILENT + RIGHT:
    none, untouched = train(name, weight_decay=0.0)
    added, left = train(name, weight_decay=0.5, weight_decouple=False)
    shrunk, _ = train(name, weight_decay=0.5, weight_decouple=True)
    print(f"{name:<10} L2 changes weights by {float((added - none).abs().max()):.4f} (p.grad after step by {left:.4f}),", end=" ")
    print(f"decoupled decay by {float((shrunk - none).abs().max()):.4f}")
    assert torch.equal(added, none) == (name in SILENT) and not torch.equal(shrunk, none), name
    if name in SILENT:
        assert untouched == 0 and (left > 0.1) == (name != "RAdam"), name
PY
echo "as described"
