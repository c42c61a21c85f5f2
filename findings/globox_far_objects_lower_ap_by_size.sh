#!/usr/bin/env bash
# globox 2.9.0: an object that a detection does not even touch lowers the average precision of its size.
#
# COCO's rule: a detection that finds an object of another size is left out of this size's score. A large object, 97x97, is found
# by a box of 97x95, which is of medium size; a medium object far away is found exactly. AP medium by pycocotools 2.0.11 is 1, and
# globox says 0.5: as soon as the picture has a medium object of that class, its matching takes that for a candidate at an overlap
# of 0, and does not look at objects of other sizes any more, so that the box counts as a false alarm. With the two objects in two
# pictures, both say 1, and AP of all sizes is 1 in any case.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet globox==2.9.0 pycocotools==2.0.11 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import contextlib
import io

from globox import Annotation, AnnotationSet, BoundingBox, COCOEvaluator
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

MEDIUM, LARGE, SMALLER = [0, 0, 50, 50], [100, 100, 97, 97], [100, 100, 97, 95]


def pycocotools(objects, detections):
    with contextlib.redirect_stdout(io.StringIO()):
        real = COCO()
        real.dataset = {
            "images": [{"id": 1}, {"id": 2}], "categories": [{"id": 1}],
            "annotations": [{"id": i, "image_id": image, "category_id": 1, "bbox": box, "area": box[2] * box[3], "iscrowd": 0}
                            for i, (image, box) in enumerate(objects, 1)],
        }
        real.createIndex()
        found = [{"image_id": image, "category_id": 1, "bbox": box, "score": score} for image, box, score in detections]
        evaluation = COCOeval(real, real.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return round(float(evaluation.stats[0]), 3), round(float(evaluation.stats[4]), 3)


def globox(objects, detections):
    def annotations(rows):
        pictures = {image: Annotation(str(image), (200, 200), []) for image in (1, 2)}
        for image, (x, y, w, h), *score in rows:
            score = score[0] if score else None
            pictures[image].boxes.append(BoundingBox(label="a", xmin=x, ymin=y, xmax=x + w, ymax=y + h, confidence=score))
        return AnnotationSet(pictures.values())

    evaluator = COCOEvaluator(ground_truths=annotations(objects), predictions=annotations(detections))
    return round(float(evaluator.ap()), 3), round(float(evaluator.ap_medium()), 3)


found = {}
for name, image in (("one picture", 1), ("two pictures", 2)):
    scene = [(1, MEDIUM), (image, LARGE)], [(image, SMALLER, 0.9), (1, MEDIUM, 0.8)]
    found[name] = pycocotools(*scene), globox(*scene)
    print(f"{name}: AP of all, of medium objects: pycocotools {found[name][0]}, globox {found[name][1]}")
assert found == {"one picture": ((1, 1), (1, 0.5)), "two pictures": ((1, 1), (1, 1))}
PY
echo "as described"
