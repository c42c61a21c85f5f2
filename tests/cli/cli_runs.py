"""What the tests of the commands have in common: a run that is trained in a second, and the options of ``train``."""

import inspect
import os
from pathlib import Path

import minimix as mm
from minimix.cli import training
from minimix.data import patterns

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(mm.__file__).parents[1])}  # for programs that start in another folder
RUN = Path("runs/mixnet_nano-patterns10")
TRAIN = ("train", "--data", "patterns10", "--width", "0.5", "--kernels", "3", "--epochs", "1", "--batch-size", "32")


def small_patterns(patch):
    """A patterns10 that is learnt in a second."""
    patch.setitem(patterns.SIZES, "train", 64)
    patch.setitem(patterns.SIZES, "test", 50)


def options() -> dict:
    parameters = inspect.signature(training.train).parameters  # Python 3.10's get_type_hints wraps those that may be None
    return {name: parameter.annotation.__metadata__[0] for name, parameter in parameters.items()}
