#!/usr/bin/env bash
# ensemble-boxes 1.0.9: soft_nms returns the scores that it was given, not the softened ones.
#
# Soft-NMS lowers the scores of boxes that overlap a better one: times 1 - IoU (linear) or exp(-IoU^2 / sigma). Two boxes with an
# IoU of 0.5, scores 0.9 and 0.8, should come out with 0.9 and 0.4, or 0.9 and 0.4852. Both rules return 0.9 and 0.8. The softened
# scores live in a copy, of which only the order and the comparison with `thresh` are left: a third box of 0.6 that overlaps nothing
# comes before the one of 0.8, and with a thresh of 0.45 that one goes by the linear rule, and stays, with 0.8, by the other. An
# average precision, which sorts by the scores returned, is that of no suppression at all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ensemble-boxes==1.0.9 numpy==2.4.6 numba==0.68.1
"$folder/venv/bin/python" - <<'PY'
import math

from ensemble_boxes import soft_nms

BOXES = [[0.0, 0.0, 0.4, 0.2], [0.0, 0.0, 0.4, 0.4], [0.5, 0.5, 0.9, 0.9]]  # IoU of the first two: 0.5
SCORES = [0.9, 0.8, 0.6]
RULES = {1: 1 - 0.5, 2: math.exp(-(0.5**2) / 0.5)}  # linear, Gaussian with sigma 0.5


def returned(method, thresh):
    _, scores, _ = soft_nms([BOXES], [SCORES], [[0, 0, 0]], method=method, iou_thr=0.3, sigma=0.5, thresh=thresh)
    return [round(float(score), 4) for score in scores]


found = {(method, thresh): returned(method, thresh) for method in RULES for thresh in (0.001, 0.45)}
for (method, thresh), scores in found.items():
    print(f"method {method}, thresh {thresh}: {scores}; the second score should be {0.8 * RULES[method]:.4f}")
for method in RULES:
    assert found[method, 0.001] == [0.9, 0.6, 0.8], found
assert found[1, 0.45] == [0.9, 0.6] and found[2, 0.45] == [0.9, 0.6, 0.8], found
PY
echo "as described"
