"""The job "train": a network from scratch on a part of the training images, then a look at the test images."""

import contextlib
import functools
import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from minimix import data as sets
from minimix.costs import profile
from minimix.data import Batches, Dataset
from minimix.train import Config, Diverged, evaluate
from minimix.train.config import completed
from minimix.train.limits import limited
from minimix.train.loop import step
from minimix.train.prepare import batches, new_state
from minimix.train.progress import Silent
from minimix.train.split import split
from minimix.train.starting import Start
from minimix.train.state import State, about_data

TEST = {"patterns10": 2000}  # images that are drawn for testing; CIFAR has its own


class Begun(NamedTuple):
    """A training before its first step."""

    state: State
    batches: Batches
    validation: Dataset
    test: Dataset
    config: Config


@functools.lru_cache(maxsize=2)  # read once in a process
def loaded(name: str, images: int | None) -> tuple[Dataset, Dataset]:
    """(for training, for testing). images: so many for training, None for all there are."""
    return sets.load(name, "train", size=images), sets.load(name, "test", size=TEST.get(name))


def begin(seed: int, data: str, images: int | None, start: Start | None = None, **config) -> Begun:
    """start: weights to begin with. config: arguments of ``minimix.train.Config``."""
    settings = completed(Config(seed=seed, data=data, **config), data)
    train_set, test_set = loaded(data, images)
    part, validation_set = split(train_set, settings.validation, seed)
    if validation_set is None:
        raise ValueError(f"validation: of {len(train_set)} images, none was kept for choices")
    fed = batches(settings, part)
    state = new_state(settings, None, about_data(train_set, test_set), fed, Silent(), start)
    return Begun(state, fed, validation_set, test_set, settings)


def trained(seed: int, data: str, images: int | None, **config) -> dict:
    """Accuracies in percent with the weights after the last epoch (averaged, where the recipe says so), and what they cost.

    A tenth of the training images is kept for choices: ``validation``. ``accuracy`` is that on the test images, by which
    nothing is chosen.

    >>> config = {"model": "mixnet_nano", "model_options": {"width": 0.25}, "epochs": 1}
    >>> sorted(trained(0, "patterns10", 64, **config))
    ['accuracy', 'loss', 'macs', 'params', 'validation']
    """
    begun = begin(seed, data, images, **config)
    fit(begun)
    return judged(begun)


@limited(threads=1)
def fit(begun: Begun, within: Callable[[int], AbstractContextManager] = lambda step: contextlib.nullcontext()) -> None:
    """Take all steps, on one thread; in the end the network has the averaged weights, where the recipe averages.

    within: from a step's number, a context for its forward and backward. Raises Diverged where the loss is not finite.
    """
    state, config = begun.state, begun.config
    assert config.epochs is not None  # it is completed
    for epoch in range(config.epochs):
        for number, batch in enumerate(begun.batches.epoch(epoch)):
            taken = epoch * len(begun.batches) + number
            loss, _ = step(state, *batch, config.label_smoothing, within(taken))
            if not math.isfinite(loss):
                raise Diverged(f"the loss is {loss} in epoch {epoch + 1}, step {number + 1}, at learning rate {config.lr}")
    if state.ema is not None:
        state.model.load_state_dict(state.ema.averages, strict=False)  # counters have no average


@limited(threads=1)
def judged(begun: Begun) -> dict:
    """The network as it is now, on validation and test images."""
    model, size = begun.state.model, begun.config.batch_size
    validation, test = (evaluate(model, part, size) for part in (begun.validation, begun.test))
    cost = profile(model, (1, *begun.test.images.shape[1:]))
    return {
        "accuracy": 100 * test.accuracy,
        "loss": test.loss,
        "validation": 100 * validation.accuracy,
        "macs": cost.macs,
        "params": cost.params,
    }
