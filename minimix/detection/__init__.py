"""Detection at toy size: what shapes are in a picture, and where. The whole of a single-shot detector, a file for each part.

scenes      pictures of 64x64 with one to five shapes, drawn from a seed
boxes       areas, how far two boxes cover each other, and how a network says where one is
anchors     boxes all over the picture, and which object each stands for
network     a small backbone with any depthwise kernels, and heads on two of its maps
loss        focal loss and smooth L1
training    a network from scratch, and what it finds on other scenes: a study's job
detecting   from a network's answers to detections; suppression: of boxes that cover each other, the surest
average_precision  COCO's, by how much boxes must share and by the size of the objects
"""

from minimix.detection.anchors import Level, anchors, match
from minimix.detection.average_precision import AveragePrecision, average_precision, precisions
from minimix.detection.boxes import Detections, Objects, area, clip, decode, encode, intersection_over_union
from minimix.detection.detecting import detect
from minimix.detection.loss import detection_loss, focal_loss, smooth_l1_loss
from minimix.detection.network import Detector, width_for
from minimix.detection.scenes import CLASSES, Scenes, scenes
from minimix.detection.suppression import suppress

__all__ = [
    "CLASSES", "AveragePrecision", "Detections", "Detector", "Level", "Objects", "Scenes", "anchors", "area",
    "average_precision", "clip", "decode", "detect", "detection_loss", "encode", "focal_loss", "intersection_over_union",
    "match", "precisions", "scenes", "smooth_l1_loss", "suppress", "width_for",
]  # fmt: skip
