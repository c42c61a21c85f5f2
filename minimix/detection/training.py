"""A detector from scratch on drawn scenes, then what it finds on others."""

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minimix import optim, rng
from minimix.costs import profile
from minimix.data import make_batch
from minimix.data.draws import SHUFFLE, VALIDATION, Draws
from minimix.detection.anchors import match
from minimix.detection.average_precision import AveragePrecision, average_precision
from minimix.detection.boxes import Objects, encode
from minimix.detection.detecting import detect
from minimix.detection.loss import detection_loss
from minimix.detection.network import Detector
from minimix.detection.scenes import CLASSES, MEAN, SIDE, STD, Scenes, scenes
from minimix.tensor import Tensor
from minimix.train import Diverged
from minimix.train.limits import limited

TEST = 500  # scenes that are drawn for testing
KEPT = 0.1  # part of the training scenes that is kept for choices
BATCH = 16
# AdamW's. The rate was chosen on validation scenes, 12 epochs of 10,000, as that of the best mean AP over kernels {3}, {7} and
# {3,5,7} at equal multiply-adds: 30.2 % at 0.004, 36.9 at 0.008, 39.4 at 0.016; at 0.03 less ({3}: 36.1 after 43.0).
LR, WEIGHT_DECAY = 0.016, 0.05


class Begun(NamedTuple):
    """A training before its first step. labels: (N, A), codes: (N, A, 4): what the network should say of each scene."""

    model: Detector
    optimizer: optim.Optimizer
    scheduler: optim.Scheduler
    images: np.ndarray
    labels: np.ndarray
    codes: np.ndarray
    validation: Scenes
    epochs: int
    seed: int

    @property
    def steps(self) -> int:
        """In an epoch."""
        return _steps(len(self.images))

    def batch(self, epoch: int, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """float32 (N, 3, 64, 64), and its labels and codes."""
        order = Draws(SHUFFLE, self.seed, epoch).permutation(len(self.images))
        index = order[number * BATCH : (number + 1) * BATCH]
        return make_batch(self.images, index, MEAN, STD), self.labels[index], self.codes[index]


def _steps(images: int) -> int:
    return max(1, images // BATCH)


drawn = functools.lru_cache(maxsize=2)(scenes)  # once in a process


def begin(seed: int, images: int, epochs: int, kernels: Sequence[int], width: float) -> Begun:
    """images: scenes, of which a tenth is kept for choices. kernels, width: of the ``Detector``."""
    if images < 2:
        raise ValueError(f"images: of {images}, none would be left for choices: expected 2 or more")
    every = drawn("train", images)
    order = Draws(VALIDATION, seed).permutation(images)
    kept, used = np.split(order, [max(1, round(KEPT * images))])
    rng.manual_seed(seed)
    model = Detector(kernels, width)
    targets = [wanted(every.objects[i], model.anchors) for i in used]
    labels, codes = (np.stack(part) for part in zip(*targets, strict=True))
    validation = Scenes(every.images[kept], tuple(every.objects[i] for i in kept))
    optimizer = optim.AdamW(optim.decay_groups(model, WEIGHT_DECAY), LR)
    steps = epochs * _steps(len(used))
    scheduler = optim.Scheduler(optimizer, optim.one_cycle(LR, steps, pct_start=0.2, anneal="linear"))
    return Begun(model, optimizer, scheduler, every.images[used], labels, codes, validation, epochs, seed)


def wanted(objects: Objects, anchors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a network should say of a picture: int64 (A,) labels, -1 where no object is; float32 (A, 4) codes, 0 there.

    >>> labels, codes = wanted(Objects(np.array([[1.0, 0, 9, 8]]), np.array([3])), np.array([[0.0, 0, 8, 8], [20, 20, 28, 28]]))
    >>> labels, codes[0]
    (array([ 3, -1]), array([1.25, 0.  , 0.  , 0.  ], dtype=float32))
    """
    number = match(anchors, objects.boxes)
    there = number >= 0
    labels, codes = np.full(len(anchors), -1, np.int64), np.zeros((len(anchors), 4), np.float32)
    labels[there] = objects.labels[number[there]]
    codes[there] = encode(objects.boxes[number[there]], anchors[there])
    return labels, codes


def step(begun: Begun, images: np.ndarray, labels: np.ndarray, codes: np.ndarray) -> float:
    """Forward, loss, backward, update. Returns the loss; where it is not finite, nothing has been updated."""
    begun.optimizer.zero_grad()
    loss = detection_loss(begun.model(Tensor(images)), labels, codes)
    value = loss.item()
    if math.isfinite(value):
        loss.backward()
        begun.optimizer.step()
        begun.scheduler.step()
    return value


def fit(begun: Begun) -> None:
    """Take all steps. Raises Diverged where the loss is not finite."""
    for epoch in range(begun.epochs):
        for number in range(begun.steps):
            loss = step(begun, *begun.batch(epoch, number))
            if not math.isfinite(loss):
                raise Diverged(f"the loss is {loss} in epoch {epoch + 1}, step {number + 1}")


def judged(model: Detector, part: Scenes) -> AveragePrecision:
    """How well the network finds what is in these scenes."""
    return average_precision(part.objects, detect(model, part.images), len(CLASSES))


@limited(threads=1)
def trained(seed: int, images: int, epochs: int, kernels: Sequence[int], width: float, test: int = TEST) -> dict:
    """A detector with the weights after the last step: ``numbers`` of it. The same arguments give the same ones, to the bit.

    >>> sorted(trained(0, images=8, epochs=1, kernels=[3], width=0.25, test=8))
    ['accuracy', 'ap50', 'ap75', 'ap_large', 'ap_medium', 'ap_small', 'macs', 'params', 'validation']
    """
    begun = begin(seed, images, epochs, kernels, width)
    fit(begun)
    return numbers(begun, test)


def numbers(begun: Begun, test: int = TEST) -> dict:
    """COCO's average precision of the network as it is now, in percent, and what it costs.

    ``accuracy`` is AP on ``test`` scenes that were not trained on, under the name by which studies compare; ``ap50``,
    ``ap_small``, ``ap_medium``, ``ap_large`` are of the same scenes. ``validation`` is AP on the tenth of the training scenes
    that is kept for choices.
    """
    found, validation = judged(begun.model, drawn("test", test)), judged(begun.model, begun.validation)
    cost = profile(begun.model, (1, 3, SIDE, SIDE))
    by_name = {name: 100 * value for name, value in found._asdict().items() if name != "ap" and not math.isnan(value)}
    return {
        "accuracy": 100 * found.ap,
        "validation": 100 * validation.ap,
        **by_name,
        "macs": cost.macs,
        "params": cost.params,
    }
