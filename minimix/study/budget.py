"""How long a study will take, and what of it fits into a given time.

The rule: where all is too long, seeds are left out, down to ``SEEDS``, then epochs, down to one, then seeds again, down to one.
What fits is said before anything begins.
"""

import dataclasses
import time
from collections.abc import Callable
from typing import NamedTuple

from minimix.study.options import Options
from minimix.study.search import with_choice
from minimix.study.study import Point, Study
from minimix.study.supernet import BLOCKS, LARGEST, NETWORK, RECALIBRATED

SEEDS = 3  # fewer have no error bar worth its name
STEPS = 3  # that are timed of each kind; the first one compiles
EVALUATION = 0.4  # what looking at an image costs, against training on it


class Cost(NamedTuple):
    """Of a training. epoch: seconds that one takes, on one thread. looks: at images, in epochs."""

    epoch: float
    looks: float


def costs(study: Study, options: Options) -> list[Cost]:
    """What there is to train, once a seed. Takes some steps of each to find out how long they are."""
    from minimix.study.training import begin
    from minimix.train.limits import limited
    from minimix.train.loop import step

    wanted: dict[str, tuple[dict, int]] = {}
    found = []
    for point in study.points(options):
        wanted |= trainings(point)
        if point.config.get("job") == "detection":
            found.append(detection(**{key: value for key, value in point.config.items() if key != "job"}))
    for config, evaluations in wanted.values():
        state, batches, validation, test, settings = begin(0, **config)
        times = []
        with limited(threads=1):
            for _, batch in zip(range(STEPS), batches.epoch(0), strict=False):
                before = time.perf_counter()
                step(state, *batch, settings.label_smoothing)
                times.append(time.perf_counter() - before)
        looks = len(validation) + len(test) + evaluations * (len(validation) + RECALIBRATED)
        found.append(Cost(min(times) * len(batches), looks / batches.images))
    return found


def detection(test: int, **config) -> Cost:
    """Of a detector. Arguments of ``minimix.detection.training.trained``."""
    from minimix.detection.training import begin, step
    from minimix.train.limits import limited

    begun, times = begin(0, **config), []
    with limited(threads=1):
        for number in range(STEPS):
            before = time.perf_counter()
            step(begun, *begun.batch(number, 0))
            times.append(time.perf_counter() - before)
    return Cost(min(times) * begun.steps, (len(begun.validation.images) + test) / len(begun.images))


def trainings(point: Point) -> dict[str, tuple[dict, int]]:
    """{what: (arguments of ``training.begin``, choices that are looked at afterwards)}; shared weights are trained once."""
    config = {key: value for key, value in point.config.items() if key != "job"}
    if "target" in config:
        source = {f"source of {config['source']['model_options']}": (config["source"], 0)} if config["source"] else {}
        return source | {point.label: (config["target"], 0)}
    if "network" not in config:
        return {point.label: (config, 0)} if "model" in config else {}
    network = {"model": NETWORK, **config["network"]}
    shared = {**network, "model_options": {**network["model_options"], "kernels": [LARGEST]}}
    own = with_choice(network, config.get("choice", (3,) * BLOCKS))
    return {
        f"shared weights of {network['model_options']}": (shared, 0),
        point.label: (own, config.get("searched", {}).get("evaluations", 1)),
    }


def expected(found: list[Cost], options: Options, workers: int) -> float:
    """Seconds that the study will take."""
    each = sum(cost.epoch * (options.epochs + EVALUATION * cost.looks) for cost in found)
    return each * options.seeds / min(workers, max(1, len(found) * options.seeds))


def fitted(options: Options, seconds: float, time_of: Callable[[Options], float]) -> Options:
    """The options with as many seeds and epochs as the rule leaves. Raises ValueError where not even one of each fits.

    >>> fitted(Options("patterns10", seeds=5, epochs=10), 100.0, lambda options: options.seeds * options.epochs * 4.0)
    Options(data='patterns10', seeds=3, images=10000, epochs=8, width=0.25)
    """

    def fewer(options: Options, name: str, least: int) -> Options:
        while time_of(options) > seconds and getattr(options, name) > least:
            options = dataclasses.replace(options, **{name: getattr(options, name) - 1})
        return options

    for name, least in (("seeds", SEEDS), ("epochs", 1), ("seeds", 1)):
        options = fewer(options, name, least)
    if time_of(options) > seconds:
        raise ValueError(
            f"budget: one seed and one epoch would take {time_of(options):.0f} s: give more time, or take fewer images"
        )
    return options
