#!/usr/bin/env bash
# PyTorch 2.13.0, CPU: the mean of a float16 loss over more than 65,504 rows is wrong in a way that depends on the loss.
#
# 70,000 rows of two equal logits. The right cross-entropy is 0.6931.
#   F.cross_entropy, class numbers     0.0 (the sum 48,520 over a number of rows that is infinite in float16), and its gradient is 0
#   F.cross_entropy, probabilities     0.6934
#   F.nll_loss of log-probabilities -1 NaN (70,000 is infinite twice), right is 1
#   F.l1_loss, F.mse_loss, x.mean()    right
# bfloat16, with float32's range, is right in all of them. A segmentation map of 265x265 pixels has as many rows.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import math

import torch
import torch.nn.functional as F

rows, found = 70_000, {}
for dtype in (torch.float16, torch.bfloat16):
    logits = torch.zeros(rows, 2, dtype=dtype, requires_grad=True)
    classes, shares = torch.zeros(rows, dtype=torch.long), torch.full((rows, 2), 0.5, dtype=dtype)
    hard = F.cross_entropy(logits, classes)
    hard.backward()
    soft, nll = F.cross_entropy(logits, shares), F.nll_loss(logits - 1, classes)
    l1 = F.l1_loss(logits, logits.detach() + 1)
    found[dtype] = [value.item() for value in (hard, soft, nll, l1)], logits.grad.abs().max().item()
    print(dtype, "cross_entropy {:.4f}, with probabilities {:.4f}, nll_loss {:.4f}, l1_loss {:.4f}".format(*found[dtype][0]),
          f"largest gradient {found[dtype][1]:.1e}")
(hard, soft, nll, l1), gradient = found[torch.float16]
assert hard == 0.0 and gradient == 0.0 and abs(soft - 0.6931) < 1e-3 and math.isnan(nll) and l1 == 1.0
(hard, soft, nll, l1), gradient = found[torch.bfloat16]
assert abs(hard - 0.6931) < 3e-3 and gradient > 5e-6 and nll == 1.0 and l1 == 1.0
PY
echo "as described"
