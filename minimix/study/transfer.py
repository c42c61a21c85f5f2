"""The job "transferred": a network that was trained on one set of images learns another one, of which there are few.

The paper (sec. 4.4) does so from ImageNet. Here it is from CIFAR-100 to CIFAR-10, whose classes are others.
"""

from pathlib import Path

from minimix.nn import Module
from minimix.study import kept
from minimix.study.training import begin, fit, judged
from minimix.train.freezing import stages
from minimix.train.starting import Start

HOW = ("scratch", "frozen", "tuned")


def transferred(seed: int, how: str, source: dict, target: dict) -> dict:
    """What comes of training on ``target``: arguments of ``training.begin``, as is ``source``.

    how: "scratch": without the source; "frozen": only a new classifier is trained; "tuned": everything is, from the source's
    weights on.

    >>> small = {"data": "patterns10", "images": 64, "model": "mixnet_nano", "model_options": {"width": 0.25}, "epochs": 1}
    >>> transferred(0, "frozen", small, small)["macs"]
    1926016
    """
    if how not in HOW:
        raise ValueError(f"how: expected one of {', '.join(HOW)}, not {how!r}")
    if how == "scratch":
        begun = begin(seed, **target)
    else:
        start = learned(seed, source)
        freeze = stages(start[1])[-2] if how == "frozen" else None
        begun = begin(seed, start=start[0], **target, freeze=freeze)
    fit(begun)
    return judged(begun)


def learned(seed: int, source: dict) -> tuple[Start, Module]:
    """(weights to start with, the network that has them)."""
    begun = begin(seed, **source)
    model = begun.state.model

    kept.weights({"what": "source", "seed": seed, **source}, model, lambda: fit(begun))
    # of classes that nobody else has: even as many others get a new classifier
    about = {"classes": [f"{source['data']}: {name}" for name in begun.state.about["classes"]]}
    return Start(Path("source"), model.state_dict(), {}, "", about), model
