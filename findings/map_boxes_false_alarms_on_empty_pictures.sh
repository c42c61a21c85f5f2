#!/usr/bin/env bash
# map-boxes 1.0.6: false alarms in pictures without objects cost nothing, whatever `exclude_not_in_annotations` says.
#
# That argument is False by default: detections in pictures that have no annotation are to be kept. They are kept in a table, which is
# then read for the pictures with annotations only. One object, found with a score of 0.5, and twenty false alarms of 0.9 in an empty
# picture: AP 1.0, with the argument False and True; it is 1 / 21. As soon as that picture has an object, even of another class, AP is
# 1 / 21 here, too. A detector that sees things everywhere is not told from a perfect one on background pictures.
# And within a picture, objects are given away in the order of the table's rows, not of the scores: two detections of one object have
# an AP of 1.0 with the better score first, and 0.5 with the worse one first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet map-boxes==1.0.6 numpy==2.4.6 pandas==2.3.3
"$folder/venv/bin/python" - <<'PY'
import numpy as np
from map_boxes import mean_average_precision_for_boxes

OBJECT, NEARLY = [0, 50, 0, 50], [0, 50, 0, 45]  # x, x, y, y


def ap(objects, detections, **how):
    table = np.array([[picture, name, *box] for picture, name, box in objects], dtype=object)
    found = np.array([[picture, "a", score, *box] for picture, score, box in detections], dtype=object)
    return round(float(mean_average_precision_for_boxes(table, found, verbose=False, **how)[1]["a"][0]), 4)


one, other = [("full", "a", OBJECT)], [("full", "a", OBJECT), ("empty", "b", OBJECT)]
alarms = [("empty", 0.9, OBJECT)] * 20 + [("full", 0.5, OBJECT)]
kept, excluded = (ap(one, alarms, exclude_not_in_annotations=exclude) for exclude in (False, True))
counted = ap(other, alarms)
print(f"twenty false alarms in an empty picture: AP {kept} kept, {excluded} excluded, {counted} with an object of another class there")
assert (kept, excluded, counted) == (1, 1, round(1 / 21, 4))
twice = [("full", 0.9, OBJECT), ("full", 0.8, NEARLY)]
first, last = ap(one, twice), ap(one, twice[::-1])
print(f"two detections of one object: AP {first} with the better one in the first row, {last} in the last")
assert (first, last) == (1, 0.5)
PY
echo "as described"
