#!/usr/bin/env bash
# globox 2.9.0: in its table of results, a class's columns "AR 1", "AR 10" and "AR 100" hold average precision.
#
# One class, two objects, both found, and a false alarm with a higher score: the recall at 10 and at 100 detections is 1, the average
# precision 0.667. show_summary() and save_csv() write 0.667 for the class under "AR 10" and "AR 100", and the last line of the
# printed table, "Total", has the recall, 100 %, though there is no other class. "AR S", "AR M" and "AR L" are recalls. Of the
# evaluator, ar_10() is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet globox==2.9.0 numpy==2.4.6
cd "$folder"
COLUMNS=200 "$folder/venv/bin/python" - <<'PY'
import contextlib
import csv
import io

from globox import Annotation, AnnotationSet, BoundingBox, COCOEvaluator


def boxes(*rows):
    found = [BoundingBox(label="a", xmin=x, ymin=x, xmax=x + 50, ymax=x + 50, confidence=score) for x, score in rows]
    return AnnotationSet([Annotation("1", (300, 300), found)])


evaluator = COCOEvaluator(ground_truths=boxes((0, None), (100, None)), predictions=boxes((200, 0.9), (0, 0.8), (100, 0.7)))
evaluator.save_csv("results.csv")
with open("results.csv") as file:
    row = next(csv.DictReader(file))
printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    evaluator.show_summary()
lines = [[cell.strip() for cell in line.replace("┃", "│").split("│")[1:-1]] for line in printed.getvalue().splitlines()]
header, label, total = (next(cells for cells in lines if cells and cells[0] == name) for name in ("Label", "a", "Total"))
print("ar_10()", evaluator.ar_10(), "ap()", round(evaluator.ap(), 4))
found = {}
for name in ("AP 50:95", "AR 10", "AR 100", "AR M"):
    found[name] = round(float(row[name]), 4), label[header.index(name)], total[header.index(name)]
    print(f"{name}: in the CSV {found[name][0]}, printed for the class {found[name][1]}, printed in total {found[name][2]}")
assert evaluator.ar_10() == evaluator.ar_100() == 1 and round(evaluator.ap(), 4) == 0.6667
assert found["AP 50:95"] == (0.6667, "66.67%", "66.67%") and found["AR M"] == (1.0, "100.00%", "100.00%")
assert found["AR 10"] == found["AR 100"] == (0.6667, "66.67%", "100.00%")
PY
echo "as described"
