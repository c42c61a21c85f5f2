"""The job "detection": a detector from scratch on drawn scenes. Its weights are kept, for pictures of what it finds."""

from minimix.detection.training import TEST, Begun, begin, fit, numbers
from minimix.study import kept
from minimix.train.limits import limited


@limited(threads=1)
def detected(seed: int, test: int = TEST, **config) -> dict:
    """``minimix.detection.training.trained``, of the same arguments.

    >>> detected(0, images=8, epochs=1, kernels=[3], width=0.25, test=8)["params"]
    12858
    """
    return numbers(learned(seed, **config), test)


@limited(threads=1)
def learned(seed: int, **config) -> Begun:
    """After its last step. config: arguments of ``minimix.detection.training.begin``."""
    begun = begin(seed, **config)
    kept.weights({"what": "detector", "seed": seed, **config}, begun.model, lambda: fit(begun))
    return begun
