"""What a run is made of: every choice with its default, checked before any work begins."""

import dataclasses
import math
import numbers
from collections.abc import Collection

import numpy as np

from minimix import models
from minimix.data.augmentations import augmentations
from minimix.data.batches import whole
from minimix.train.naming import check_name

# From the optimiser's kind, where nothing else is asked for: (learning rate at its peak, weight decay).
RECIPES = {
    "sgd": (0.3, 5e-4), "rmsprop": (0.016, 1e-5), "adam": (3e-3, 0.0), "adamw": (3e-3, 0.05), "muon": (0.045, 0.05),
}  # fmt: skip

# Epochs where nothing else is asked for: some minutes on two cores for CIFAR, half a minute for patterns10.
EPOCHS = {"cifar10": 16, "cifar100": 20, "patterns10": 3}

# The share of epochs on small windows, and of those on images of half the size, where nothing else is asked for.
SMALL_FIRST = {"cifar10": 0.9, "cifar100": 0.7}
HALF_FIRST = {"cifar10": 0.5}

# What else is chosen by the data, where nothing else is asked for: notebook 9 shows what each choice is worth on CIFAR-10. The
# choices were made on a tenth of its training images; now that they are made, all are trained on, and the last epoch is kept.
OF_DATA: dict[str, dict] = {
    "cifar10": {
        "optimizer": "muon",
        "bias_rate": 8.0,
        "augment": ("alternate", "crop=3"),
        "tta": True,
        "validation": 0.0,
    }
}

SCHEDULES = ("one_cycle", "cosine", "staircase", "constant")

# What may change when a run is resumed: it says where and how the run computes, not what.
HARMLESS = ("data_dir", "name", "runs", "threads", "save_every")

# What may change, too, because a run can be trained for longer than was planned: it says when the run ends.
EXTENSIBLE = ("epochs", "patience")


@dataclasses.dataclass(frozen=True)
class Config:
    """All arguments of a run. Raises ValueError or TypeError, naming the argument, for what makes no sense.

    model:     a name that ``models.create`` knows (model_options: what to pass to it); the class's, where a module was given.
    data:      a name that ``data.load`` knows, or a folder of pictures. data_dir: where the files of a set by name are.
    size:      the side of the pictures of a folder, in pixels, which they are resized to; None: 32.
    epochs:    times through the training images; None: ``EPOCHS`` of the data.
    lr:        the learning rate, at its peak; None: ``RECIPES`` of the optimiser; for pictures of your own less in small
        batches, and a tenth with ``from_``.
    optimizer: "sgd" (Nesterov), "rmsprop" (TensorFlow's, as in MixNet's recipe), "adam", "adamw", "muon" (matrices between
        channels by Muon, at the learning rate; all else by Nesterov SGD, at 6.7 times that: ``optim.muon_groups``). The default
        is "sgd", but "muon" for CIFAR-10. momentum: of all but the two Adams.
    bias_rate: with "muon", biases learn at so many times the rate of what else SGD moves; 8 for CIFAR-10 by name. For networks
        whose biases are mostly those of batch norms.
    weight_decay: for kernels only, not for biases and batch norm; None: ``RECIPES`` of the optimiser.
    schedule:  "one_cycle", "cosine", "staircase" (MnasNet's: five epochs of warm-up, then 0.97 every 2.4 epochs), "constant".
    label_smoothing: this share of the target is spread over all classes.
    augment:   some of "flip", "crop" (a window of the image padded by 4 black pixels), "cutout" (a square of 8 is blanked); of
        other sizes as in "crop=6"; "alternate", flips that alternate, in place of "flip" (the default for CIFAR-10: see
        ``data.Augment``); and "own:NAME" for a function of your own.
    small_first: the share of the epochs, the first ones, that see only a window of 3/4 of the image's side, which takes little
        more than half the time (smaller images first: EfficientNetV2, arXiv 2104.00298, sec. 4); None: ``SMALL_FIRST`` of
        the data. With "crop", the window is anywhere in the image, otherwise in the middle.
    half_first: the share of the epochs, before those, that see the whole image at half its height and width, which takes a
        quarter of the time; None: ``HALF_FIRST`` of the data, for minimix's networks for small pictures. It counts among the
        share of ``small_first``.
    ema:       decay of a moving average of the weights, such as 0.999, which is then what is evaluated and kept; 0: none.
    tta:       test-time augmentation: validation and test images are judged by the mean of the logits for each and for its
        mirror image (``evaluate``), which takes twice as long; so for CIFAR-10 by name, where ``augment`` has flips.
    validation: this share of the training images, of each class alike and chosen by the seed, is not trained on: the epoch that
        does best on them is the one whose weights are kept. The test images are looked at once, after the end. 0: all are
        trained on, there is nothing to choose by, and the last epoch's weights are kept; so for CIFAR-10 by name.
    test_every_epoch: look at the test images after each epoch, too: only to see what choosing on them would have been worth.
    patience:  end the run after so many epochs in a row that were not better on the validation images; None: never. A run that
        is resumed with other ``epochs`` or ``patience`` begins to count anew; there, 0 stands for never from now on.
    from_:     begin with the weights of a run (folder or name) or a file: every one that fits by name and shape,
        but for the classifier of a run on other classes. A new classifier begins at zero.
    freeze:    the network's stages up to and including this one ("stem", "blocks.1", ...) stay as they are.
    layer_decay: each layer has the learning rate of the one behind it times this, such as 0.75, and the classifier has all of
        ``lr``, so that layers near the picture change least (``optim.layer_decay_groups``); None: one rate for all.
    seed:      of weights, order of the images, augmentation, dropout and the choice of validation images.
    name:      of the run's folder in ``runs``; None: model-data, with a number where that is taken.
    threads:   that kernels run on; None: as ``get_num_threads`` says. Changes speed only, never a result.
    save_every: seconds of training after which a checkpoint is written inside an epoch.

    >>> Config(optimizer="adamw").lr
    0.003
    >>> Config(batch_size=0)
    Traceback (most recent call last):
        ...
    ValueError: batch_size: expected a whole number, 1 or more, not 0
    """

    model: str = "mixnet_nano"
    model_options: dict = dataclasses.field(default_factory=dict)
    data: str = "auto"
    data_dir: str | None = None
    size: int | None = None
    epochs: int | None = None
    batch_size: int = 128
    lr: float | None = None
    optimizer: str = "sgd"
    schedule: str = "one_cycle"
    momentum: float = 0.9
    bias_rate: float = 1.0
    weight_decay: float | None = None
    label_smoothing: float = 0.1
    augment: tuple = ("flip", "crop")
    small_first: float | None = None
    half_first: float | None = None
    ema: float = 0.995
    tta: bool = False
    validation: float = 0.1
    test_every_epoch: bool = False
    patience: int | None = None
    from_: str | None = None
    freeze: str | None = None
    layer_decay: float | None = None
    seed: int = 0
    name: str | None = None
    runs: str = "runs"
    threads: int | None = None
    save_every: float = 60.0

    def __post_init__(self):
        _choice("optimizer", self.optimizer, RECIPES)
        _choice("schedule", self.schedule, SCHEDULES)
        lr, weight_decay = RECIPES[self.optimizer]
        put = {"lr": lr if self.lr is None else self.lr, "augment": augmentations(self.augment).names, "runs": str(self.runs)}
        put["weight_decay"] = weight_decay if self.weight_decay is None else self.weight_decay
        put["data_dir"] = None if self.data_dir is None else str(self.data_dir)
        put["from_"] = None if self.from_ is None else str(self.from_)
        for name, value in put.items():
            object.__setattr__(self, name, value)  # frozen for everybody else
        least_patience = int(self.patience != 0)  # in a run that was resumed, 0 stands for never
        for name, least in {
            "size": 1, "epochs": 1, "batch_size": 1, "seed": 0, "threads": 1, "patience": least_patience,
        }.items():  # fmt: skip
            value = getattr(self, name)
            if value is not None or name in ("batch_size", "seed"):
                object.__setattr__(self, name, whole(name, value, least))
        positive, share = (lambda x: x > 0, "above 0"), (lambda x: 0 <= x < 1, "from 0 to below 1")
        for name, (good, expected) in {
            "lr": positive, "momentum": share, "weight_decay": (lambda x: x >= 0, "0 or more"), "label_smoothing": share,
            "ema": share, "validation": share, "save_every": positive, "bias_rate": positive,
        }.items():  # fmt: skip
            object.__setattr__(self, name, _number(name, getattr(self, name), good, expected))
        for name in ("small_first", "half_first"):
            if getattr(self, name) is not None:
                put = _number(name, getattr(self, name), lambda x: 0 <= x <= 1, "from 0 to 1")
                object.__setattr__(self, name, put)
        if self.layer_decay is not None:
            put = _number("layer_decay", self.layer_decay, lambda x: 0 < x <= 1, "above 0, up to 1")
            object.__setattr__(self, "layer_decay", put)
        if not isinstance(self.model_options, dict):
            raise TypeError(f"model_options: expected a dict such as {{'width': 0.5}}, not {self.model_options!r}")
        if self.patience and not self.validation:
            raise ValueError("patience: without validation images nothing tells whether an epoch is better: keep a tenth, 0.1")
        for name in ("tta", "test_every_epoch"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name}: expected True or False, not {getattr(self, name)!r}")
        if not (self.freeze is None or isinstance(self.freeze, str)):
            raise TypeError(f"freeze: expected the name of a stage, such as 'blocks.0', not {self.freeze!r}")
        if self.name is not None:
            check_name(self.name)

    def recipe(self) -> dict:
        """All that decides the result, as JSON holds it: what a resumed run must agree on."""
        return {name: _plain(value) for name, value in vars(self).items() if name not in HARMLESS}

    def as_json(self) -> dict:
        """Every field, as JSON holds it."""
        return {name: _plain(value) for name, value in vars(self).items()}


def completed(config: Config, data: str, asked: Collection[str] | None = None) -> Config:
    """With the defaults that depend on the data. Raises ValueError where ``bias_rate`` is not for the optimiser.

    asked: names of the arguments that were given; None: of a run that goes on, where nothing but None is replaced.

    >>> config = completed(Config(), "cifar10", asked=())
    >>> config.optimizer, config.augment, completed(Config(optimizer="sgd"), "cifar10", asked={"optimizer"}).optimizer
    ('muon', ('alternate', 'crop=3'), 'sgd')
    """
    of_data = OF_DATA.get(data, {}) if asked is not None else {}
    put = {name: value for name, value in of_data.items() if name not in asked}
    if config.patience:
        put.pop("validation", None)  # which images are to tell whether an epoch is better
    if put.get("optimizer", config.optimizer) != "muon":
        put.pop("bias_rate", None)
    if not {"flip", "alternate"} & set(put.get("augment", config.augment)):
        put.pop("tta", None)  # it never saw a mirror image
    if "optimizer" in put:
        put |= {name: None for name in ("lr", "weight_decay") if name not in asked}  # those of this optimiser
    if config.small_first is None:
        put["small_first"] = SMALL_FIRST.get(data, 0.0)
    if config.half_first is None:  # others may make a single pixel of half an image
        put["half_first"] = (
            HALF_FIRST.get(data, 0.0) if config.model in models.names() and models.is_small(config.model) else 0.0
        )
    config = dataclasses.replace(config, data=data, epochs=config.epochs or EPOCHS.get(data, 10), **put)
    if config.bias_rate != 1 and config.optimizer != "muon":
        raise ValueError(f"bias_rate: {config.optimizer} has one rate for all: leave it out, or take the optimizer muon")
    return config


def differences(saved: dict, given: dict) -> list[str]:
    """What was given (field: value) and is not as in the saved recipe, a phrase each.

    >>> differences({"lr": 0.3, "seed": 0}, {"lr": 0.1, "seed": 0})
    ['lr was 0.3 and is 0.1 now']
    >>> differences({"model_options": {"width": 0.5}}, {"model_options": {"dropout": 0.2}})  # each option by its own name
    ['width was 0.5 and is not given now', 'dropout was not given and is 0.2 now']
    """
    if isinstance(saved.get("model_options"), dict) and "model_options" in given:
        before, now = saved["model_options"], _plain(given["model_options"])
        changed = [name for name in {**before, **now} if name not in before or name not in now or before[name] != now[name]]
        of_model = [f"{name} was {_said(before, name)} and is {_said(now, name)} now" for name in changed]
        return of_model + differences(saved, {name: value for name, value in given.items() if name != "model_options"})
    changed = [name for name in given if name not in HARMLESS and _plain(given[name]) != saved.get(name)]
    pairs = {name: _pair(saved.get(name), given[name]) for name in changed}
    return [f"{name} was {before} and is {now} now" for name, (before, now) in pairs.items()]


def _said(options: dict, name: str) -> str:
    return repr(options[name]) if name in options else "not given"


def _pair(before, now) -> tuple[str, str]:
    """Both in words; numbers, of which computed ones have seventeen digits, with four where these tell them apart."""
    both = before, _plain(now)
    short = [f"{value:.4g}" if isinstance(value, float) and len(repr(value)) > 8 else repr(value) for value in both]
    return (short[0], short[1]) if short[0] != short[1] else (repr(before), repr(_plain(now)))


def _plain(value):
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value.item() if isinstance(value, np.generic) else value


def _choice(name: str, value, choices) -> None:
    if value not in tuple(choices):
        raise ValueError(f"{name}: expected one of {', '.join(choices)}, not {value!r}")


def _number(name: str, value, good, expected: str) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name}: expected a number {expected}, not {value!r}")
    if not math.isfinite(value) or not good(value):
        raise ValueError(f"{name}: expected a number {expected}, not {value!r}")
    return float(value)
