"""``minimix train`` as a user types it: what it leaves, how it is resumed, stopped and begun from another run; its options."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cli_runs import ENVIRONMENT, RUN, TRAIN
from numba import config

from minimix import data
from minimix.cli import training
from minimix.train import checkpoint

pytestmark = pytest.mark.usefixtures("empty_folder")


def test_train_leaves_a_run(minimix):
    code, output, _ = minimix(*TRAIN, "--seed", "3")
    assert code == 0
    assert "1/1" in output and "accuracy" in output
    config = json.loads((RUN / "config.json").read_text())["config"]
    assert config["model_options"] == {"width": 0.5, "kernels": [3]}
    assert (config["epochs"], config["batch_size"], config["seed"]) == (1, 32, 3)


def test_train_says_in_one_line_which_data_it_takes(minimix):
    _, output, _ = minimix(*(word if word != "patterns10" else "auto" for word in TRAIN))
    assert "Using patterns10" in output and "minimix data get cifar10" in output


@pytest.mark.parametrize("resume", [["--resume"], ["--resume", RUN.name]])
def test_resume_with_and_without_a_path(minimix, trained, resume):
    before = checkpoint.load(trained / "last.safetensors")
    code, _, errors = minimix("train", *resume)
    assert code == 0, errors
    assert [path.name for path in Path("runs").iterdir()] == [RUN.name]
    after = checkpoint.load(trained / "last.safetensors")
    assert before[1] == after[1]
    for name, array in before[0].items():
        np.testing.assert_array_equal(array, after[0][name])


@pytest.mark.parametrize(
    "typed, meant",
    [
        ("train --resume", "train --resume="),
        ("train --resume --epochs 3", "train --resume= --epochs 3"),
        ("train --resume a --epochs 3", "train --resume a --epochs 3"),
        ("train --epochs 3", "train --epochs 3"),
        ("", ""),
    ],
)
def test_resume_may_stand_alone(typed, meant):
    assert training.bare_resume(typed.split()) == meant.split()


def test_resume_of_another_run_is_refused(minimix, trained):
    code, _, errors = minimix("train", "--resume", "--lr", "0.7")
    assert code == 2 and "lr was 0.3" in errors
    code, _, errors = minimix("train", "--resume", "mixnet_nano-paterns10")
    assert code == 2 and "did you mean mixnet_nano-patterns10?" in errors


def test_a_finished_run_is_trained_longer_and_another_begins_with_it(minimix, trained):
    code, output, errors = minimix("train", "--resume", RUN.name, "--epochs", "2")
    assert code == 0 and "2/2" in output and "epochs were 1 and are 2 now" in output, errors
    code, output, errors = minimix("train", "--from", RUN.name, "--freeze", "blocks.0", "--data", "patterns10", "--epochs", "3",
                                   "--batch-size", "32", "--patience", "1", "--lr", "1e-9", "--name", "next")  # fmt: skip
    assert code == 0 and f"weights of {RUN / 'best.safetensors'}" in output and "of them trained" in output, errors
    config = json.loads(Path("runs/next/config.json").read_text())["config"]
    assert config["model_options"] == {"width": 0.5, "kernels": [3]} and config["from_"] == RUN.name


def test_a_run_that_another_process_trains_is_refused(minimix, trained):
    from minimix.train.lock import locked

    with locked(trained):
        code, _, errors = minimix("train", "--resume", RUN.name, "--epochs", "2")
    assert code == 1 and f"run {RUN.name} is being trained by process {os.getpid()} on host" in errors


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="a run in plain Python takes minutes")
@pytest.mark.parametrize("number, expected", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_with_a_checkpoint(number, expected):
    command = [sys.executable, "-m", "minimix", *TRAIN, "--epochs", "1000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    try:
        for line in process.stdout:
            if "first step" in line:
                break
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == expected, errors
    assert "Traceback" not in errors
    assert checkpoint.load(RUN / "last.safetensors")[1]["position"]["step"] > 0


def test_one_epoch_is_no_epochs(minimix):
    _, output, _ = minimix(*TRAIN)
    assert "; 1 epoch in batches" in output and "1 epochs" not in output


def test_what_needs_no_data_is_refused_before_they_are_read(minimix, trained, monkeypatch):
    def load(*_, **__):
        raise AssertionError("the data were read")

    monkeypatch.setattr(data, "load", load)
    for typed, message in (
        (("--name", RUN.name), "--name: there is a run in"),
        (("--from", "gone"), "--from: there is no run"),
        (("--from", RUN.name, "--model", "xception_cifar"), "--from: "),
        (("-o", "width=0.5", "-o", "knels=3"), "mixnet_nano has no option 'knels'"),
        (("--freeze", "blocks.77"), "--freeze: mixnet_nano has no stage 'blocks.77'"),
        (("--layer-decay", "0"), "--layer-decay: expected a number above 0, up to 1, not 0.0"),
    ):
        code, output, errors = minimix("train", *typed)
        assert code == 2 and message in errors and not output, (typed, errors)
    code, _, errors = minimix("train", "--resume", "--lr", "0.123456789")
    assert code == 2 and "--lr was 0.3 and is 0.1235 now" in errors


def test_patience_is_given_up_when_a_run_is_resumed(minimix):
    assert minimix(*TRAIN, "--name", "q", "--patience", "1")[0] == 0
    code, _, errors = minimix("train", "--resume", "q", "--patience", "0", "--epochs", "2")
    assert code == 0, errors
    assert checkpoint.load("runs/q/last.safetensors")[1]["recipe"]["patience"] == 0
    assert minimix("train", "--resume", "q", "--epochs", "3")[0] == 0
