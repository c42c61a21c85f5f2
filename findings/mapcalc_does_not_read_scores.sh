#!/usr/bin/env bash
# mapcalc 0.2.2: the average precision does not depend on the detections' scores. It depends on the order in which they are given.
#
# Average precision walks through the detections from the highest score to the lowest. One object, one detection of it and one false
# alarm: AP is 1 if the detection has the higher score, 0.5 if the false alarm has it. calculate_map checks that there are as many
# scores as boxes, keeps them, and does not look at them again: it says 1 if the detection stands first in the list, 0.5 if it stands
# last. Detections sorted by class or by place, as networks and label files have them, are not in that order; the README's example is,
# and does not say that it must be.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet mapcalc==0.2.2 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
from mapcalc import calculate_map

OBJECT, NOTHING = [0, 0, 50, 50], [100, 100, 150, 150]
found = {}
for boxes in ([OBJECT, NOTHING], [NOTHING, OBJECT]):
    for scores in ([0.9, 0.1], [0.1, 0.9]):
        real = {"boxes": [OBJECT], "labels": [1]}
        ap = float(calculate_map(real, {"boxes": boxes, "labels": [1, 1], "scores": scores}, 0.5))
        right = 1.0 if scores[boxes.index(OBJECT)] == 0.9 else 0.5
        found[boxes[0] is OBJECT, right] = ap
        print(f"detection {boxes.index(OBJECT) + 1} of 2, its score {scores[boxes.index(OBJECT)]}: AP {ap}, should be {right}")
assert found == {(True, 1.0): 1, (True, 0.5): 1, (False, 1.0): 0.5, (False, 0.5): 0.5}
PY
echo "as described"
