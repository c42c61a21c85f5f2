"""What a study is run with, checked before any work begins."""

import dataclasses
import re

from minimix.data import NAMES, find, how_to_get
from minimix.data.batches import whole
from minimix.data.official import RECORDS
from minimix.words import count

IMAGES = dict.fromkeys(("cifar10", "cifar100"), RECORDS["train"])  # for training; any number of the others can be drawn
KEPT = 10  # images at least, as a tenth is kept for choices
CLASSES = {"cifar10": 10, "cifar100": 100, "patterns10": 10}
SCENES = "scenes"  # drawn by ``minimix.detection``
# Of every training. All epochs see whole images, as what is compared are kernels. In batches of 128 MobileNetV2 learns next to
# nothing in five epochs of 10,000 images. A comparison of kernels must not depend on the steps: one of the same length in every
# weight moves the sum of many taps farther than that of few, so that where steps are long, large kernels fall behind, and seeds
# lie far apart. MobileNetV2 of width 0.25 with 3x3 and 9x9, in percent of the images kept for choices, two or three seeds: at a
# rate of 0.1 44.5 and 32.5 (and other sizes up to 12 points from seed to seed), at 0.03 41.8 and 41.3, at 0.01 35.8 and 38.4.
# Muon, which is much quicker with 3x3 kernels, came to 54 with these and to 18 with 11x11.
RECIPE: dict = {
    "optimizer": "sgd", "lr": 0.03, "batch_size": 32, "small_first": 0.0, "half_first": 0.0,
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Options:
    """data: "cifar10", "cifar100" or "patterns10"; "scenes" for detection; "auto": CIFAR-10 where it is found, else
    patterns10.

    seeds: repetitions; they have the numbers 0, 1, ... images: so many for training, from the beginning of the set; 0: all.
    epochs: times through them. width: multiplies the networks' channels.

    >>> Options("patterns10", seeds=0)
    Traceback (most recent call last):
        ...
    ValueError: seeds: expected a whole number, 1 or more, not 0
    """

    data: str = "auto"
    seeds: int = 5
    images: int = 10_000
    epochs: int = 5
    width: float = 0.25

    def __post_init__(self):
        if self.data == "auto":
            object.__setattr__(self, "data", "cifar10" if find("cifar10") else "patterns10")
        if self.data not in (*NAMES, SCENES):
            raise ValueError(f"data: expected one of auto, {', '.join((*NAMES, SCENES))}, not {self.data!r}")
        for name, least in (("seeds", 1), ("images", 0), ("epochs", 1)):
            object.__setattr__(self, name, whole(name, getattr(self, name), least))
        most = IMAGES.get(self.data, self.images)
        if 0 < self.images < KEPT or self.images > most:
            limits = f"{KEPT} or more" if self.images < KEPT else f"{most} or fewer, as many as {self.data} has for training"
            raise ValueError(f"images: expected {limits}, or 0 for all, not {self.images}")
        if isinstance(self.width, bool) or not isinstance(self.width, (int, float)) or not 0.01 <= self.width <= 10:
            raise ValueError(f"width: expected a number from 0.01 to 10, not {self.width!r}")

    def check_data(self) -> None:
        """Raises FileNotFoundError where the images are not there."""
        if self.data not in ("patterns10", SCENES) and find(self.data) is None:
            raise FileNotFoundError(how_to_get(self.data))

    def words(self) -> str:
        """
        >>> Options("patterns10", seeds=1, images=0).words()
        'patterns10, all images, 5 epochs, width 0.25, 1 seed'
        """
        images = count(self.images, "image") if self.images else "all images"
        return f"{self.data}, {images}, {count(self.epochs, 'epoch')}, width {self.width:g}, {count(self.seeds, 'seed')}"

    def training(self, model: str, **model_options) -> dict:
        """The configuration of the job "train" for a network, all but the seed."""
        return {
            "job": "train",
            "data": self.data,
            "images": self.images or None,
            "epochs": self.epochs,
            **RECIPE,
            "model": model,
            "model_options": {"width": self.width, **model_options},
        }


def seconds(text: str | float) -> float:
    """How long "90s", "20m" or "1h30m" is. A number alone means minutes.

    >>> seconds("20m"), seconds("1h30m"), seconds("90s"), seconds("5"), seconds(0.5)
    (1200.0, 5400.0, 90.0, 300.0, 30.0)
    >>> seconds("soon")
    Traceback (most recent call last):
        ...
    ValueError: budget: expected a time such as 20m, 1h30m or 90s, not 'soon'
    """
    number = r"(\d+(?:\.\d+)?)"
    text = str(text).strip()
    found = re.fullmatch(f"(?:{number}h)?(?:{number}m)?(?:{number}s)?", f"{text}m" if re.fullmatch(number, text) else text)
    parts = found.groups() if found else (None,)
    total = sum(float(part or 0) * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
    if not total:
        raise ValueError(f"budget: expected a time such as 20m, 1h30m or 90s, not {text!r}")
    return total
