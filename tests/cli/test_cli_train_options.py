"""The options of ``minimix train`` are the arguments of ``train``, and the help says of both what is so."""

import inspect
import re
import sys
from pathlib import Path

import pytest
from cli_runs import options

from minimix.train import Config
from minimix.train import train as train_function

pytestmark = pytest.mark.usefixtures("empty_folder")


def test_every_argument_of_train_is_an_option_and_the_other_way_round():
    arguments = set(inspect.signature(train_function).parameters)
    assert options().keys() - {"width", "kernels", "dropout", "option"} == arguments - {"model_options", "log", "on_epoch"}


def test_options_say_nothing_of_their_own(minimix, monkeypatch):
    """Without options, every default is train()'s; with them, each arrives under its own name."""
    seen = {}

    def train(model=None, data=None, **arguments):
        seen.update(arguments, model=model, data=data)
        return type("Result", (), {"stopped_by": ""})

    monkeypatch.setattr(sys.modules["minimix.train"], "train", train)
    assert minimix("train")[0] == 0
    assert set(seen.values()) == {None}
    values = {
        "model": "mixnet_nano", "data": "cifar10", "data_dir": Path("d"), "size": 48, "epochs": 2, "batch_size": 3, "lr": 0.5,
        "optimizer": "adam", "schedule": "cosine", "momentum": 0.25, "weight_decay": 0.125, "label_smoothing": 0.75,
        "bias_rate": 4.0,
        "augment": "flip", "small_first": 0.5, "half_first": 0.25,
        "ema": 0.5, "seed": 7, "name": "n", "validation": 0.25, "patience": 4,
        "from_": "w", "freeze": "stem", "layer_decay": 0.75, "runs": Path("r"), "threads": 1, "save_every": 2.5,
    }  # fmt: skip
    typed = [f"--{name.rstrip('_').replace('_', '-')}={value}" for name, value in values.items()]
    options = ("--width", "2", "--kernels", "3,5", "--dropout", "0.1", "-o", "partition=exponential", "-o", "layers=1,2")
    assert minimix("train", *typed, "--test-every-epoch", "--no-tta", *options)[0] == 0
    expected = {"width": 2.0, "kernels": (3, 5), "dropout": 0.1, "partition": "exponential", "layers": (1, 2)}
    assert seen.pop("model_options") == expected
    assert seen.pop("resume") is None and seen.pop("test_every_epoch") is True and seen.pop("tta") is False
    assert seen == values


def test_the_defaults_in_the_help_are_the_real_ones():
    config = Config()
    shown = {name: option.show_default for name, option in options().items()}
    of_cifar10 = sys.modules["minimix.train.config"].OF_DATA["cifar10"]
    assert shown["optimizer"] == f"{config.optimizer}, {of_cifar10['optimizer']} for cifar10"
    assert shown["augment"] == f"{','.join(config.augment)}; for cifar10 {','.join(of_cifar10['augment'])}"
    assert shown["tta"].startswith("--tta for cifar10") and of_cifar10["tta"] is True and config.tta is False
    assert shown["bias_rate"] == f"{config.bias_rate:g}, {of_cifar10['bias_rate']:g} for cifar10"
    for name in ("model", "data", "schedule", "runs"):
        assert shown[name] == getattr(config, name)
    assert shown["validation"] == f"{config.validation}, {of_cifar10['validation']:g} for cifar10"
    for name in ("batch_size", "momentum", "label_smoothing", "ema", "seed", "save_every"):
        assert float(shown[name]) == getattr(config, name)
    assert float(shown["lr"].split()[-1]) == config.lr
    assert float(shown["weight_decay"].split()[-1]) == config.weight_decay
    defaults = sys.modules["minimix.train.config"]
    for name, of_data in (
        ("small_first", defaults.SMALL_FIRST),
        ("half_first", defaults.HALF_FIRST),
        ("epochs", defaults.EPOCHS),
    ):
        assert {data: float(n) for n, data in re.findall(r"([\d.]+) for (\w+)", shown[name])} == of_data


def test_every_option_of_train_is_named_as_it_is_typed(minimix):
    for name, option in options().items():
        if name in ("data", "resume", "model"):
            continue
        typed = f"--{name.replace('_', '-')}"
        _, _, errors = minimix("train", "--data", "patterns10", f"{typed}=")
        assert name in ("augment", "runs", "data_dir") or typed in errors, option
