"""From a configuration to what a run needs: data, batches, network and optimiser before the first step, and a folder."""

import dataclasses
import platform
from contextlib import ExitStack
from pathlib import Path

import numpy as np

import minimix
from minimix import models, optim, rng
from minimix.costs import profile
from minimix.data import Batches, Dataset
from minimix.data.augmentations import OWN, augmentations, in_file
from minimix.models import own
from minimix.nn import Module
from minimix.train import freezing, starting
from minimix.train.config import Config
from minimix.train.lock import locked
from minimix.train.naming import check_free, folder_name
from minimix.train.progress import Silent
from minimix.train.starting import Start
from minimix.train.state import State
from minimix.words import count

CHANNELS = 3  # of all pictures that are trained on: grey ones are made colour


def check_model(config: Config, own_model, file: str | None) -> None:
    """file: "path.py:function" of the network, where it is of that kind."""
    if file is not None:
        own.maker(file)  # raises, where there is none
    elif own_model is None and config.model not in models.names():
        models.create(config.model)  # raises, with the nearest name
    for name, whose in (("num_classes", "the data has them"), ("in_channels", f"pictures have {CHANNELS}")):
        if name in config.model_options and (name, config.model_options[name]) != ("in_channels", CHANNELS):
            raise ValueError(f"model_options: {name} is no choice in training: {whose}")
    if own_model is not None and config.model_options:
        raise ValueError("model_options: these are for a model that is created by name, but a module was given")


def check_start(config: Config, start: Start | None) -> None:
    """Refuse options, a size, first weights (``start``) and stages that a network by name cannot have."""
    network = models.create(config.model, **config.model_options)
    if (channels := network.input_size[0]) != CHANNELS:
        raise ValueError(
            f"model: {config.model} is for pictures of {count(channels, 'channel')}, and those that are trained on have "
            f"{CHANNELS}: give it the option in_channels={CHANNELS}"
        )
    if config.size is not None:
        check_size(config, network, (CHANNELS, config.size, config.size))
    if start is not None:
        starting.take(network, start, ())
    if config.freeze is not None:
        freezing.freeze(network, config.freeze, config.model)


def check_size(config: Config, model: Module, shape: tuple) -> None:
    """Refuse pictures, (C, H, W), of which the last layer with a stride would be left a single pixel: what is trained there
    are batch norms over next to nothing, which soon ends in NaN."""
    side = 256
    maps = [row.output_shape for row in profile(model, (1, shape[0], side, side)).rows if len(row.output_shape) == 4]
    smaller = side // min((min(output[2:]) for output in maps if min(output[2:]) > 1), default=side)
    least = smaller // 2 + 1
    if config.half_first and smaller > 1 and least <= min(shape[1:]) and min(shape[1:]) // 2 < least:
        raise ValueError(
            f"half_first: half of {shape[1]}x{shape[2]} pixels are too few, as {config.model} makes pictures {smaller} times "
            "smaller: leave it out, or give 0"
        )
    if smaller > 1 and min(shape[1:]) < least:
        what = f"{'size' if config.size else 'data'}: {shape[1]}x{shape[2]} pixels are too few"
        raise ValueError(
            f"{what}: {config.model} makes pictures {smaller} times smaller, and needs {least} a side or more, better "
            f"{4 * smaller}"
        )


def batches(config: Config, train_set: Dataset, functions: tuple = ()) -> Batches:
    """functions: those of your own among the augmentations."""
    of_own = [name for name in config.augment if name.startswith(OWN)]
    if not functions and all(map(in_file, of_own)):
        functions = augmentations(config.augment).own
    if len(of_own) != len(functions):
        names = ", ".join(name.removeprefix(OWN) for name in of_own)
        raise ValueError(f"augment: this run has functions of your own, {names}: pass them again, with the rest")
    augment = [*(name for name in config.augment if name not in of_own), *functions]
    # all batches alike where possible: a small last one would have noisy statistics
    drop_last = len(train_set) >= config.batch_size
    small, half = (share_of_epochs(share, config.epochs) for share in (config.small_first, config.half_first))
    side = max(train_set.images.shape[2:])
    window = (lambda epoch: side * 3 // 4 if half <= epoch < small else side) if half < small else None
    halve = (lambda epoch: epoch < half) if half else None
    return Batches(train_set, config.batch_size, True, augment, config.seed, drop_last, window, halve)


def share_of_epochs(share: float, epochs: int) -> int:
    """How many epochs that is; a share below 1 leaves the last epoch out.

    >>> share_of_epochs(0.7, 20), share_of_epochs(0.9, 3), share_of_epochs(1, 3)
    (14, 2, 3)
    """
    return min(round(share * epochs), epochs - 1) if share < 1 else epochs


def new_state(config: Config, own_model, about: dict, batches: Batches, progress: Silent, start: Start | None = None) -> State:
    """The run before its first step.

    own_model: a module, "path.py:function", or None. about: what ``about_data`` says. start: weights to begin with.
    """
    rng.manual_seed(config.seed)
    model = own_model
    if not isinstance(model, Module):
        model = models.create(own_model or config.model, num_classes=len(about["classes"]), **config.model_options)
    if start is not None:
        for line in filter(None, (start.note, *starting.take(model, start, about["classes"]))):
            progress.note(line)
    freezing.settle(model)
    if config.freeze is not None:
        freezing.freeze(model, config.freeze, config.model)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError("model: none of its parameters requires gradients: there is nothing to train")
    if config.optimizer == "muon":
        groups = optim.muon_groups(model, config.lr, config.weight_decay, config.bias_rate)
    else:
        groups = optim.decay_groups(model, config.weight_decay)
    if config.layer_decay is not None:
        groups = optim.layer_decay_groups(model, config.lr, config.layer_decay, groups=groups)
    optimizer = {
        "sgd": lambda: optim.SGD(groups, config.lr, config.momentum, nesterov=config.momentum > 0),
        "rmsprop": lambda: optim.RMSProp(groups, config.lr, momentum=config.momentum),
        "adam": lambda: optim.Adam(groups, config.lr),
        "adamw": lambda: optim.AdamW(groups, config.lr),
        "muon": lambda: optim.MuonWithSGD(groups, config.lr, momentum=config.momentum, nesterov=config.momentum > 0),
    }[config.optimizer]()
    steps = len(batches) * config.epochs
    schedule = {
        "one_cycle": lambda: optim.one_cycle(config.lr, steps, pct_start=0.2, anneal="linear"),
        "cosine": lambda: optim.cosine(config.lr, steps),
        "staircase": lambda: optim.warmup(optim.staircase_exponential(config.lr, 2.4 * len(batches)), 5 * len(batches)),
        "constant": lambda: optim.constant(config.lr),
    }[config.schedule]()
    ema = optim.EMA(model, config.ema, ramp=True) if config.ema else None
    scheduler = optim.Scheduler(optimizer, schedule)
    return State(model, optimizer, scheduler, ema, config.recipe(), about)


def new_folder(config: Config, held: ExitStack) -> tuple[Path, Config]:
    """An empty folder for the run, whose lock ``held`` holds, and the configuration with its name."""
    runs = Path(config.runs)
    runs.mkdir(parents=True, exist_ok=True)
    if config.name is not None:
        folder = runs / config.name
        folder.mkdir(exist_ok=True)
        held.enter_context(locked(folder))
        check_free(config.name, runs)  # again: it may have come since
        return folder, config
    number = 1
    while True:
        name = folder_name(f"{config.model}-{config.data}").replace(" ", "_") + (f"-{number}" if number > 1 else "")
        try:
            (runs / name).mkdir()
        except FileExistsError:
            number += 1
        else:
            held.enter_context(locked(runs / name))
            return runs / name, dataclasses.replace(config, name=name)


def versions() -> dict:
    """What computed: for config.json, and whoever wants to repeat a run."""
    import numba
    import safetensors

    return {
        "minimix": minimix.__version__, "python": platform.python_version(), "numpy": np.__version__,
        "numba": numba.__version__, "safetensors": safetensors.__version__, "platform": platform.platform(),
        "threads": minimix.get_num_threads(),
    }  # fmt: skip
