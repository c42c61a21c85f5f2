#!/usr/bin/env bash
# pycocotools 2.0.11: an object of exactly 32x32 pixels is small and medium, one of 96x96 is medium and large.
#
# The limits of "small", "medium" and "large" belong to both sides. Of detections that find nothing but the object of 1024 pixels,
# AP small and AP medium are both 1; a table of AP by size counts it twice. Synthetic scenes, whose sides are round numbers, have
# many of these.
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


def by_size(side):
    """AP of small, medium and large objects, where the only object is found; -1: there is none of this size."""
    box = [0, 0, side, side]
    with contextlib.redirect_stdout(io.StringIO()):
        real = COCO()
        real.dataset = {
            "images": [{"id": 1, "width": 200, "height": 200}], "categories": [{"id": 1}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": box, "area": side * side, "iscrowd": 0}],
        }
        real.createIndex()
        evaluation = COCOeval(real, real.loadRes([{"image_id": 1, "category_id": 1, "bbox": box, "score": 0.9}]), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [round(float(value), 3) for value in evaluation.stats[3:6]]


found = {side: by_size(side) for side in (31, 32, 33, 96, 97)}
for side, values in found.items():
    print(f"{side}x{side}: AP small, medium, large {values}")
assert found == {31: [1, -1, -1], 32: [1, 1, -1], 33: [-1, 1, -1], 96: [-1, 1, 1], 97: [-1, -1, 1]}
PY
echo "as described"
