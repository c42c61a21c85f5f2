#!/usr/bin/env bash
# mean-average-precision 2024.1.5.0: "difficult" and "crowd", said of objects, are taken for properties of the detections' rows.
#
# VOC's rule: a detection of an object marked as difficult counts neither as right nor as wrong, and such objects are not counted.
# Two objects, the second difficult; the difficult one is found with 0.9, a false alarm has 0.85, the other object is found with 0.8:
# AP is 0.5. The marks are repeated for the detections and then cut into rows the wrong way, so that those of the first detections are
# the first object's, for all objects, and those of the last ones the last object's. By the order of the detections' rows, with the
# same scores, AP is 0, 0.25, 0.5 or 0.8333. A single detection, a single object in the picture, or equal marks hide it.
# Difficult objects are also counted as objects to be found: a detector that finds all others, and nothing else, has an AP of 0.5.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet mean-average-precision==2024.1.5.0 numpy==2.4.6 pandas==2.3.3
"$folder/venv/bin/python" - <<'PY'
from itertools import permutations

import numpy as np
from mean_average_precision import MetricBuilder

EASY, DIFFICULT, NOTHING = [0, 0, 50, 50], [100, 100, 150, 150], [200, 200, 250, 250]
OBJECTS = np.array([[*EASY, 0, 0, 0], [*DIFFICULT, 0, 1, 0]], float)  # class, difficult, crowd
DETECTIONS = {"easy": [*EASY, 0, 0.8], "difficult": [*DIFFICULT, 0, 0.9], "nothing": [*NOTHING, 0, 0.85]}


def ap(names):
    metric = MetricBuilder.build_evaluation_metric("map_2d", async_mode=False, num_classes=1)
    metric.add(np.array([DETECTIONS[name] for name in names], float), OBJECTS)
    return round(float(metric.value(iou_thresholds=0.5)["mAP"]), 4)


found = {names: ap(names) for names in permutations(DETECTIONS)}
for names, value in found.items():
    print(f"rows {names}: AP {value}")
print(f"without the false alarm and the difficult one: AP {ap(('easy',))}")
assert ap(("easy",)) == 0.5, ap(("easy",))
assert set(found.values()) == {0.0, 0.25, 0.5, 0.8333}
PY
echo "as described"
