#!/usr/bin/env bash
# pycocotools 2.0.11: the average precision depends on the order in which the annotations of a picture stand in the file.
#
# A detection that overlaps two objects equally is matched with the one that comes last. If a second detection fits only that one,
# it finds it taken. Two objects, two detections, AP at an overlap of 0.5: 1.000 with the annotations in one order, 0.505 in the
# other. Grids of equal boxes, and shapes drawn at whole pixels, have such ties.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pycocotools==2.0.11 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import contextlib
import io

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

LEFT, RIGHT = [0, 0, 10, 10], [4, 0, 10, 10]
BETWEEN = [2, 0, 10, 10]  # 80 of 120 pixels in common with either


def ap50(boxes):
    with contextlib.redirect_stdout(io.StringIO()):
        real = COCO()
        real.dataset = {
            "images": [{"id": 1, "width": 20, "height": 20}], "categories": [{"id": 1}],
            "annotations": [{"id": i, "image_id": 1, "category_id": 1, "bbox": box, "area": 100, "iscrowd": 0}
                            for i, box in enumerate(boxes, 1)],
        }
        real.createIndex()
        found = [{"image_id": 1, "category_id": 1, "bbox": box, "score": score} for box, score in ((BETWEEN, 0.9), (RIGHT, 0.8))]
        evaluation = COCOeval(real, real.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return round(float(evaluation.stats[1]), 3)


one, other = ap50([LEFT, RIGHT]), ap50([RIGHT, LEFT])
print(f"AP50: {one} with the left object first, {other} with the right one first")
assert (one, other) == (0.505, 1.0)
PY
echo "as described"
