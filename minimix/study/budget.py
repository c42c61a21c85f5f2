"""How long a study will take, and what of it fits into a given time.

The rule: where all is too long, seeds are left out, down to ``SEEDS``, then epochs, down to one, then seeds again, down to one.
What fits is said before anything begins.
"""

import dataclasses
import time
from collections.abc import Callable

from minimix.study.options import Options
from minimix.study.study import Study

SEEDS = 3  # fewer have no error bar worth its name
STEPS = 3  # that are timed of each kind; the first one compiles
EVALUATION = 0.4  # what looking at an image costs, against training on it


def costs(study: Study, options: Options) -> tuple[dict[str, float], float]:
    """Seconds that an epoch of each point takes on one thread, {label: seconds}; and images that are looked at in the end, over
    those of an epoch. Steps are taken to find out."""
    from minimix.study.training import begin
    from minimix.train.limits import limited
    from minimix.train.loop import step

    found, looked_at = {}, 0.0
    for point in study.points(options):
        config = {key: value for key, value in point.config.items() if key != "job"}
        state, batches, validation, test, settings = begin(0, **config)
        looked_at = (len(validation) + len(test)) / batches.images
        times = []
        with limited(threads=1):
            for _, batch in zip(range(STEPS), batches.epoch(0), strict=False):
                before = time.perf_counter()
                step(state, *batch, settings.label_smoothing)
                times.append(time.perf_counter() - before)
        found[point.label] = min(times) * len(batches)
    return found, looked_at


def expected(epoch: dict[str, float], options: Options, workers: int, looked_at: float) -> float:
    """Seconds that the study will take. epoch, looked_at: as ``costs`` has them."""
    each = sum(epoch.values()) * (options.epochs + EVALUATION * looked_at)
    return each * options.seeds / min(workers, max(1, len(epoch) * options.seeds))


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
