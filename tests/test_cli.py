"""Every command as a user types it, and what happens when the user mistypes it."""

import inspect
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import config
from PIL import Image

import minimix as mm
from minimix import cli, data
from minimix.cli import plotting, training
from minimix.data import patterns
from minimix.train import Config, checkpoint, load_model, read_metrics
from minimix.train import train as train_function

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(mm.__file__).parents[1])}  # for programs that start in another folder
RUN = Path("runs/mixnet_nano-patterns10")
TRAIN = ("train", "--data", "patterns10", "--width", "0.5", "--kernels", "3", "--epochs", "1", "--batch-size", "32")


def small_patterns(patch):
    """A patterns10 that is learnt in a second."""
    patch.setitem(patterns.SIZES, "train", 64)
    patch.setitem(patterns.SIZES, "test", 50)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """Nobody's runs, and nobody's data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINIMIX_DATA", raising=False)
    monkeypatch.delenv("MINIMIX_DEBUG", raising=False)
    monkeypatch.setattr("minimix.data.user_cache", lambda: tmp_path / "cache")
    small_patterns(monkeypatch)


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as stop:
        patch.chdir(folder)
        small_patterns(patch)
        cli.main(list(TRAIN))
    assert stop.value.code == 0
    return folder / RUN


@pytest.fixture
def trained(trained_once):
    """A run in this test's own folder."""
    shutil.copytree(trained_once, RUN)
    return RUN


# -- training and what comes after it ---------------------------------------------------------------------------------


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


def test_a_run_is_a_file_a_folder_a_name_or_the_latest(trained):
    runs = Path("runs")
    for given, expected in [
        (None, RUN),
        (RUN.name, RUN),
        (str(RUN), RUN),
        (str(RUN / "last.safetensors"), RUN / "last.safetensors"),
    ]:
        assert training.find_run(given, runs) == expected
    newer = shutil.copytree(RUN, runs / "newer")
    os.utime(newer / "last.safetensors", (2e9, 2e9))
    assert training.find_run(None, runs) == newer


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


@pytest.mark.parametrize("which", [[], [RUN], [RUN.name], [RUN / "last.safetensors"]])
def test_evaluate(minimix, trained, which):
    code, output, errors = minimix("evaluate", *which)
    assert code == 0, errors
    assert "50 test images of patterns10" in output
    for name in patterns.CLASSES:
        assert name in output


def test_evaluate_gives_the_figures_of_the_run(minimix, trained):
    code, output, _ = minimix("evaluate", "--json")
    found = json.loads(output)
    recorded = read_metrics(trained)[-1]
    assert code == 0
    assert found["accuracy"] == recorded.test_accuracy
    assert found["loss"] == pytest.approx(recorded.test_loss, rel=1e-6)
    counts = np.bincount(data.patterns10("test").labels)
    assert np.average(list(found["classes"].values()), weights=counts) == pytest.approx(found["accuracy"])
    assert json.loads(minimix("evaluate", "--split", "train", "--json")[1])["images"] == 58
    found = json.loads(minimix("evaluate", "--split", "validation", "--json")[1])
    assert found["images"] == 6 and found["accuracy"] == recorded.validation_accuracy


def test_evaluate_on_other_data_is_refused(minimix, trained):
    code, _, errors = minimix("evaluate", "--data", "cifar10")
    assert code == 2 and "CIFAR-10 is not in" in errors
    code, _, errors = minimix("evaluate", "--data", "paterns10")
    assert code == 2 and "did you mean patterns10?" in errors


def save_images(*sizes):
    pictures = data.patterns10("test", size=max(2, len(sizes)))
    for i, size in enumerate(sizes):
        image = Image.fromarray(pictures.images[i].transpose(1, 2, 0))
        image.resize(size, Image.Resampling.NEAREST).save(f"image{i}.png")
    return pictures


def test_predict_sees_what_evaluation_sees(minimix, trained):
    pictures = save_images((32, 32), (32, 32), (32, 32))
    code, output, errors = minimix("predict", *(f"image{i}.png" for i in range(3)), "--json", "--top", "10")
    assert code == 0, errors
    model = load_model(trained).model
    batch = data.make_batch(pictures.images, np.arange(3), pictures.mean, pictures.std)
    expected = mm.functional.softmax(model(batch), -1).data
    for found, probabilities in zip(json.loads(output), expected, strict=True):
        assert sum(found["classes"].values()) == pytest.approx(1, abs=1e-5)
        assert list(found["classes"].values()) == sorted(found["classes"].values(), reverse=True)
        for name, probability in zip(pictures.classes, probabilities, strict=True):
            assert found["classes"][name] == pytest.approx(float(probability), abs=1e-6)


def test_predict_with_batch_norms_folded(minimix, trained):
    save_images((32, 32))
    plain, folded = (json.loads(minimix("predict", "image0.png", "--json", *more)[1]) for more in ((), ("--fold",)))
    assert folded[0]["classes"] == pytest.approx(plain[0]["classes"], rel=1e-3)


def test_predict_takes_any_size_and_says_so(minimix, trained):
    save_images((96, 32), (20, 33))
    Image.fromarray(np.full((40, 40), 7, np.uint8)).save("grey.jpg")
    code, output, errors = minimix("predict", "image0.png", "image1.png", "grey.jpg", "--top", "2")
    assert code == 0, errors
    assert "made 32x32 pixels" in output
    assert len(re.findall(r"\d+\.\d%", output)) == 6
    save_images((32, 32))
    assert "made" not in minimix("predict", "image0.png")[1]


def test_predict_takes_the_centre_and_obeys_the_camera():
    from minimix.data.pictures import small

    stripes = np.zeros((32, 96, 3), np.uint8)
    stripes[:, :32, 0], stripes[:, 32:64, 1], stripes[:, 64:, 2] = 200, 200, 200  # red, green, blue
    Image.fromarray(stripes).save("wide.png")
    turned = np.zeros((32, 32, 3), np.uint8)
    turned[:16] = 200  # the upper half
    exif = Image.Exif()
    exif[0x0112] = 3  # taken upside down
    Image.fromarray(turned).save("turned.png", exif=exif)
    (wide, had), (upright, _) = small("wide.png", 32, 32), small("turned.png", 32, 32)
    assert had == (32, 96)
    assert (wide[1] == 200).all() and not wide[[0, 2]].any()
    assert (upright[:, 16:] == 200).all() and not upright[:, :16].any()


@pytest.mark.parametrize("content", [None, b"", b"\x89PNG\r\n\x1a\n but nothing more", b"text"])
def test_predict_names_the_image_that_is_none(minimix, trained, content):
    save_images((32, 32))
    if content is not None:
        Path("broken.png").write_bytes(content)
    code, output, errors = minimix("predict", "broken.png", "image0.png", "--top", "1")
    assert code == 1 and "broken.png" in errors and "1 image of 2 could not be read" in errors
    assert output.splitlines()[-1].startswith("image0.png")
    code, output, errors = minimix("predict", "broken.png")
    assert code == 2 and "broken.png" in errors and not output


def test_an_altered_checkpoint_is_named_and_the_other_one_is_used(minimix, trained):
    for name, expected in (("best.safetensors", 0), ("last.safetensors", 2)):
        path = trained / name
        content = bytearray(path.read_bytes())
        content[-5] ^= 1
        path.write_bytes(content)
        if expected:
            code, _, errors = minimix("evaluate")
            assert code == 2 and "last.safetensors" in errors and "altered" in errors
        else:
            with pytest.warns(UserWarning, match=r"best\.safetensors.* altered.*Using .*last\.safetensors instead"):
                code, output, _ = minimix("evaluate")
            assert code == 0 and "last.safetensors, trained for 1 epoch" in output


def test_a_warning_is_one_line_without_a_place_in_the_code(trained):
    (trained / "best.safetensors").unlink()
    command = [sys.executable, "-m", "minimix", "evaluate", "--data", "cifar11"]
    done = subprocess.run(command, capture_output=True, text=True, env={**ENVIRONMENT, "PYTHONWARNINGS": ""})
    first = done.stderr.splitlines()[0]
    assert first == f"warning: there is no {trained / 'best.safetensors'}. Using {trained / 'last.safetensors'} instead, the " \
        "weights after 1 whole epoch"  # fmt: skip


def test_runs_that_never_finished_an_epoch_are_passed_over_and_named(minimix, trained):
    empty = shutil.copytree(trained, Path("runs/young"))
    arrays, state = checkpoint.load(empty / "last.safetensors")
    (empty / "best.safetensors").unlink()
    checkpoint.save(empty / "last.safetensors", arrays, {**state, "history": []})
    os.utime(empty / "last.safetensors", (2e9, 2e9))
    save_images((32, 32))
    for command in (["evaluate"], ["predict", "image0.png"], ["plot"]):
        code, output, errors = minimix(*command)
        assert code == 0 and "young never finished an epoch: taking" in errors and str(trained) in output
    shutil.rmtree(trained)
    code, _, errors = minimix("evaluate")
    assert code == 2 and "no run in the folder runs has finished an epoch yet" in errors


def test_evaluate_refuses_a_split_that_there_is_not(minimix, trained):
    code, _, errors = minimix("evaluate", "--split", "validate")
    assert code == 2 and "did you mean validation?" in errors


# -- curves -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "where"), [
    ([], RUN / "curves.png"), ([RUN.name], RUN / "curves.png"), ([RUN / "last.safetensors"], RUN / "curves.png"),
    ([RUN, "other"], "runs/curves.png"), ([RUN, RUN], RUN / "curves.png"), ([RUN, "--output", "a.svg"], "a.svg"),
    (["other", RUN, "--output", "b.PDF", "--title", "two"], "b.PDF"),
])  # fmt: skip
def test_plot(minimix, trained, typed, where):
    shutil.copytree(trained, "runs/other")
    (trained / "curves.png").unlink()
    os.utime(trained / "last.safetensors", (2e9, 2e9))
    code, output, errors = minimix("plot", *typed)
    assert code == 0 and f"drawn in {where}" in output and "1 epoch\n" in output, errors
    start = {".png": b"\x89PNG", ".svg": b"<?xml", ".PDF": b"%PDF"}[Path(where).suffix]
    assert Path(where).read_bytes().startswith(start)


@pytest.mark.parametrize(("typed", "expected"), [
    (["--output", "a.gif"], "--output: a.gif must end in one of .png"), (["--output", "no/a.png"], "there is no folder no"),
    (["nothing"], "no file, folder or run is called nothing"),
])  # fmt: skip
def test_plot_refuses(minimix, trained, typed, expected):
    code, output, errors = minimix("plot", *typed)
    assert code == 2 and expected in errors and not output


def test_plot_names_a_damaged_table(minimix, trained):
    (trained / "metrics.csv").write_bytes(b"\0" * 10)
    code, output, errors = minimix("plot")
    assert code == 0 and "metrics.csv is no table of epochs" in errors and "taking the epochs from" in errors
    assert "1 epoch" in output
    (trained / "last.safetensors").unlink()
    code, _, errors = minimix("plot", RUN.name)
    assert code == 2 and "metrics.csv is no table of epochs" in errors


# -- longer, and from other runs --------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("command", [["evaluate"], ["predict", "image0.png"], ["train", "--resume"]])
def test_nothing_trained_yet(minimix, command):
    code, _, errors = minimix(*command)
    assert code == 2 and "no run in" in errors


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


# -- train()'s arguments and the options are the same -----------------------------------------------------------------


def options() -> dict:
    parameters = inspect.signature(training.train).parameters  # Python 3.10's get_type_hints wraps those that may be None
    return {name: parameter.annotation.__metadata__[0] for name, parameter in parameters.items()}


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
        "augment": "flip", "small_first": 0.5, "half_first": 0.25,
        "ema": 0.5, "seed": 7, "name": "n", "validation": 0.25, "patience": 4,
        "from_": "w", "freeze": "stem", "runs": Path("r"), "threads": 1, "save_every": 2.5,
    }  # fmt: skip
    typed = [f"--{name.rstrip('_').replace('_', '-')}={value}" for name, value in values.items()]
    options = ("--width", "2", "--kernels", "3,5", "--dropout", "0.1", "-o", "partition=exponential", "-o", "layers=1,2")
    assert minimix("train", *typed, "--test-every-epoch", *options)[0] == 0
    expected = {"width": 2.0, "kernels": (3, 5), "dropout": 0.1, "partition": "exponential", "layers": (1, 2)}
    assert seen.pop("model_options") == expected
    assert seen.pop("resume") is None and seen.pop("test_every_epoch") is True
    assert seen == values


def test_the_defaults_in_the_help_are_the_real_ones():
    config = Config()
    shown = {name: option.show_default for name, option in options().items()}
    of_cifar10 = sys.modules["minimix.train.config"].OF_DATA["cifar10"]
    assert shown["optimizer"] == f"{config.optimizer}, {of_cifar10['optimizer']} for cifar10"
    assert shown["augment"] == f"{','.join(config.augment)}; for cifar10 {','.join(of_cifar10['augment'])}"
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


# -- looking at things ------------------------------------------------------------------------------------------------


def test_gradcheck(minimix):
    code, output, _ = minimix("gradcheck", "MixConv2d", "--seed", "1")
    assert code == 0
    assert "seed 1" in output
    rows = [line for line in output.splitlines() if line.startswith("MixConv2d")]
    assert len(rows) == 6 and all(" ok " in row for row in rows)
    assert len([line for line in minimix("gradcheck", "swish", "--mode", "complex")[1].splitlines() if " ok " in line]) == 1


def test_gradcheck_covers_every_layer():
    from minimix import nn
    from minimix.nn.cases import layer_cases

    checked = {case.layer for case in layer_cases()}
    containers = {"Module", "ModuleList", "Parameter", "Sequential"}
    with_gradient_of_functions = {
        "AdaptiveAvgPool2d",
        "CrossEntropyLoss",
        "Identity",
        "MSELoss",
        "NLLLoss",
        "ReLU",
        "ReLU6",
        "Sigmoid",
        "SiLU",
        "Softmax",
    }  # no parameters, one call: checked as functions
    layers = {name for name in nn.__all__ if isinstance(getattr(nn, name), type)}
    assert layers - containers - with_gradient_of_functions <= checked


def test_gradcheck_fails_where_a_gradient_is_wrong(minimix, monkeypatch):
    from minimix.functional import activation

    broken = activation.ops.SWISH._replace(backward=lambda gradient, saved: (0.5 * gradient,))
    monkeypatch.setattr(activation.ops, "SWISH", broken)
    code, output, _ = minimix("gradcheck", "swish")
    assert code == 1 and "WRONG" in output


def test_info(minimix):
    code, output, _ = minimix("info")
    assert code == 0
    for word in (
        "minimix",
        "numpy",
        np.__version__,
        "cores",
        "threads",
        "BLAS",
        "cache",
        "MINIMIX_NUM_THREADS",
        "forked",
        "cifar10",
    ):
        assert word in output
    assert json.loads(minimix("info", "--json")[1])["versions"]["numpy"] == np.__version__


def test_info_without_the_compiler():
    code = "from minimix.info import info; found = info(); print(found['kernels']['compiled']); print(found['processor'])"
    environment = {**ENVIRONMENT, "NUMBA_DISABLE_JIT": "1"}
    output = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
    assert "no: NUMBA_DISABLE_JIT is set" in output and "nothing is compiled" in output


# -- data -------------------------------------------------------------------------------------------------------------


def test_data_lists_what_is_there(minimix, tmp_path):
    (tmp_path / "mine" / "cifar-10-batches-bin").mkdir(parents=True)
    (tmp_path / "mine" / "cifar-10-batches-bin" / "data_batch_1.bin").write_bytes(b"")
    code, output, _ = minimix("data", "--data-dir", tmp_path / "mine")
    assert code == 0
    lines = {line.split()[0]: line for line in output.splitlines()}
    assert str(tmp_path / "mine") in lines["cifar10"]
    assert "minimix data get cifar100" in lines["cifar100"]
    assert "seed" in lines["patterns10"]


def test_data_preview(minimix):
    code, output, errors = minimix("data", "preview", "patterns10", "--out", "sheet.png", "--columns", "3")
    assert code == 0, errors
    with Image.open("sheet.png") as sheet:
        assert sheet.format == "PNG" and sheet.width > 3 * 32 and sheet.height > 10 * 32
    assert "sheet.png" in output
    code, output, _ = minimix("data", "preview")
    assert "Using patterns10" in output


def test_contact_sheet_puts_every_image_in_the_row_of_its_class():
    from minimix.cli.images import contact_sheet

    images = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1) * np.ones((1, 3, 4, 4), np.uint8)
    figure = contact_sheet(images, np.array([1, 0, 1, 1, 0, 1]), ("cat", "dog"), 3, "pets")
    shown = [[axis.images[0].get_array()[0, 0, 0] if axis.images else None for axis in figure.axes[i : i + 3]] for i in (0, 3)]
    assert shown == [[1, 4, None], [0, 2, 3]]
    assert [figure.axes[i].texts[0].get_text() for i in (0, 3)] == ["cat", "dog"]


def test_data_get(minimix, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(data, "download", lambda name, folder: asked.append((name, folder)) or folder)
    code, output, _ = minimix("data", "get", "cifar100", "--data-dir", tmp_path)
    assert code == 0 and asked == [("cifar100", tmp_path)] and str(tmp_path) in output


# -- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed, message",
    [
        ("trian", "Did you mean 'train'"),
        ("train --epohcs 3", "--epochs"),
        ("train --epochs three", "--epochs"),
        ("train --epochs 0", "epochs"),
        ("train --threads 0", "threads"),
        ("train --lr nan", "lr"),
        ("train --optimizer sdg", "sgd"),
        ("train --model mixnet_nan", "did you mean 'mixnet_nano'"),
        ("train --kernels 3,x", "--kernels"),
        ("train --kernels 0", "--kernels"),
        ("train --width 0.5 --data cifar11", "did you mean cifar10?"),
        ("train --data cifar10", "minimix data get cifar10"),
        ("train --data-dir nowhere", "nowhere"),
        ("train --resume nowhere", "nowhere"),
        ("train --name a/b", "a/b"),
        ("evaluate nowhere", "nowhere"),
        ("summary mixnet", "did you mean 'mixnet_s'"),
        ("summary --size 0", "--input"),
        ("gradcheck mixconv", "MixConv2d"),
        ("gradcheck nothing", "more"),
        ("gradcheck --mode ful", "full"),
        ("data get cifar", "cifar10"),
        ("data get patterns10", "cifar10"),
        ("data preview CIFAR-10", "did you mean cifar10?"),
        ("data preview patterns10 --out no/sheet.png", "--out"),
        ("data preview patterns10 --out sheet.gif", ".png"),
        ("data preview patterns10 --split tset", "split"),
        ("train --epochs three", "'three'"),
        ("train --epochs 0", "--epochs:"),
        ("train --batch-size 0", "--batch-size:"),
        ("train --label-smoothing 1", "--label-smoothing:"),
        ("train --save-every nan", "--save-every:"),
        ("train --augment flip,crp", "--augment:"),
        ("train --epochs", "requires an argument"),
        ("train extra", "extra"),
        ("summary --width 0", "--width must be above 0"),
        ("summary --dropout 0", "no such option: --dropout"),
        ("summary -o partition=expo", "partition must be"),
        ("summary --batch-size 99999999999999999999", "--batch-size"),
        ("summary resnet50", "minimix models"),
        ("summary mobilenet_v2", "did you mean 'mobilenetv2_"),
        ("summary [/x]", "'[/x]'"),
        ("evaluate :smile:", ":smile:"),
        ("evaluate [bold]", "[bold]"),
        ("summary mixnet_nano mixnet_s", "mixnet_s"),
        ("models zzz", "minimix models lists them"),
        ("models --json --csv", "choose one"),
        ("predict", "IMAGE"),
        ("data gte", "Did you mean 'get'"),
        ("--verison", "--version"),
        ("info --jsn", "--json"),
    ],
)
def test_mistakes_are_explained(minimix, typed, message):
    code, _, errors = minimix(*typed.split())
    assert code == 2
    assert message in errors
    assert errors.startswith("error: ") and errors.count("\n") == 1
    assert not Path("runs").exists()


def test_an_error_is_one_line(minimix):
    _, _, errors = minimix("summary", "mixnet_nan")
    assert errors == "error: no network is called 'mixnet_nan': did you mean 'mixnet_nano'?\n"


def test_every_option_of_train_is_named_as_it_is_typed(minimix):
    for name, option in options().items():
        if name in ("data", "resume", "model"):
            continue
        typed = f"--{name.replace('_', '-')}"
        _, _, errors = minimix("train", "--data", "patterns10", f"{typed}=")
        assert name in ("augment", "runs", "data_dir") or typed in errors, option


def test_a_file_in_place_of_a_folder(minimix, monkeypatch):
    monkeypatch.setattr(cli.notebooks, "_jupyterlab", lambda: print)
    Path("file").write_text("")
    code, _, errors = minimix("notebooks", "--folder", "file")
    assert code == 1 and errors == "error: file is a file, but a folder is needed\n"


def test_the_version(minimix):
    assert minimix("--version") == (0, f"minimix {mm.__version__}\n", "")


def test_one_epoch_is_no_epochs(minimix):
    _, output, _ = minimix(*TRAIN)
    assert "; 1 epoch in batches" in output and "1 epochs" not in output


def test_debug_shows_where_it_came_from(minimix, monkeypatch):
    monkeypatch.setenv("MINIMIX_DEBUG", "1")
    with pytest.raises(ValueError, match="mixnet_nan"):
        cli.main(["summary", "mixnet_nan"])


def test_bugs_keep_their_traceback(monkeypatch):
    def broken(*args, **options):
        raise KeyError("a bug")

    monkeypatch.setattr(mm.models, "create", broken)
    with pytest.raises(KeyError):
        cli.main(["summary"])
    monkeypatch.setattr(mm.models, "create", lambda *args, **options: int("five"))  # a ValueError, but none of minimix's
    with pytest.raises(ValueError, match="five"):
        cli.main(["summary"])


@pytest.mark.parametrize(
    "command",
    ["train", "evaluate", "predict", "export", "summary", "compare", "gradcheck", "info", "data", "data get", "data preview"],
)
def test_help(minimix, command):
    code, output, _ = minimix(*command.split(), "--help")
    assert code == 0 and "Usage" in output


@pytest.mark.parametrize("columns", [40, 60, 80, 99, 100, 120, 200])
def test_help_cuts_no_name(minimix, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    for command in ("", "train", "evaluate", "predict", "export", "plot", "summary", "compare", "models", "data preview"):
        code, output, _ = minimix(*command.split(), "--help")
        assert code == 0 and "…" not in output, command
    for name in options():
        assert f"--{name.rstrip('_').replace('_', '-')}" in minimix("train", "--help")[1]


def test_no_command_shows_the_commands(minimix):
    _, output, errors = minimix()
    for command in ("train", "evaluate", "predict", "plot", "summary", "compare", "gradcheck", "data", "info"):
        assert command in output + errors


def test_module_and_command_are_the_same():
    output = subprocess.run(
        [sys.executable, "-m", "minimix", "data"], capture_output=True, text=True, check=True, env=ENVIRONMENT
    ).stdout
    assert "patterns10" in output


def test_help_loads_neither_pictures_nor_plots():
    code = "import sys, minimix.cli\ntry: minimix.cli.main(['--help'])\nexcept SystemExit: print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ENVIRONMENT).stdout
    loaded = output.split()
    assert not {"matplotlib", "PIL", "pooch", "safetensors"} & set(loaded)


def test_evaluate_of_weights_that_have_diverged(minimix, trained):
    arrays, state = checkpoint.load(trained / "best.safetensors")
    arrays["classifier.weight"] = np.full_like(arrays["classifier.weight"], 3e38)
    checkpoint.save(trained / "best.safetensors", arrays, state)
    code, output, errors = minimix("evaluate")
    assert code == 2 and "the loss is" in errors and not output


# -- which run is meant, and in which words ------------------------------------------------------------------------------


def test_a_folder_with_the_name_of_a_run_does_not_hide_it(minimix):
    assert minimix(*TRAIN, "--name", "q")[0] == 0
    for make in (lambda: Path("q").mkdir(), lambda: Path("q").write_text("a file")):
        make()
        Image.new("RGB", (40, 40)).save("one.png")
        more = (("predict", "one.png", "--run", "q"), ("plot", "runs/q", "q"))
        for typed in (("evaluate", "q"), ("plot", "q"), ("train", "--resume", "q"), *more):
            code, _, errors = minimix(*typed)
            assert code == 0, (typed, errors)
        code, output, errors = minimix(*TRAIN, "--from", "q")
        assert code == 0 and f"weights of {Path('runs/q/best.safetensors')}" in output, errors
        assert load_model(mm.train(resume="q", log=False).folder).path == Path("runs/q/best.safetensors")
        Path("q").rmdir() if Path("q").is_dir() else Path("q").unlink()
    shutil.copytree("runs/q", "q")  # a run itself: the nearer one
    assert minimix("evaluate", "q")[1].startswith(str(Path("q/best.safetensors")))


def test_refusals_name_no_arguments_of_python(minimix, trained):
    mm.save_weights(mm.nn.Linear(3, 3), "t.safetensors")
    for typed, message in (
        ((*TRAIN, "--name", RUN.name), f"choose another name, or `minimix train --resume {RUN.name}` to go on with it"),
        ((*TRAIN, "--from", "t.safetensors"), "say which network it is, by name and options"),
        ((*TRAIN, "--from", "gone"), f"--from: there is no run and no file gone: there are {RUN.name}"),
        ((*TRAIN, "--patience", "0"), "--patience: 0 would end a run before its first epoch"),
        ((*TRAIN, "--patience", "-1"), "--patience: expected a whole number, 1 or more, not -1"),
        ((*TRAIN, "--patience", "2", "--validation", "0"), "keep a tenth, 0.1"),
        (("train", "-o", "num_classes=3"), "--option: num_classes is no choice in training"),
        (("train", "--resume", "--width", "0.75"), "kernels was [3] and is not given now; --width was 0.5 and is 0.75 now"),
        (("train", "--resume", "--runs", "none"), "--resume: there is no run in none: leave it out to start one"),
        (("evaluate", "t.safetensors"), "to read weights alone, name the network, too"),
    ):  # fmt: skip
        code, _, errors = minimix(*typed)
        assert code == 2 and message in errors and not re.search(r"\w=(True|False|'|\[|0\.)|from_|\((data|model)\)", errors), (
            typed,
            errors,
        )


def test_mistyped_words_are_answered_in_plain_words(minimix):
    for typed, message in (
        ("train --lr abc", "--lr: expected a number, not 'abc'"),
        ("train --epochs 1.5", "--epochs: expected a whole number, not '1.5'"),
        ("predict --top 0 a.png", "--top: expected 1 or more, not '0'"),
        ("data list", "`minimix data` alone shows what there is"),
        ("compare mixnet_s nope", "`minimix models` lists them"),
    ):
        code, _, errors = minimix(*typed.split())
        assert code == 2 and message in errors and "Input" not in errors, (typed, errors)


def test_a_run_that_is_drawn_anew_keeps_its_title(trained):
    assert plotting._title(RUN) == f"{RUN.name}: mixnet_nano on patterns10"
    (RUN / "config.json").write_text("[]")
    assert plotting._title(RUN) == RUN.name


def test_short_help_fits_a_terminal(minimix, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = minimix("--help")[1].splitlines()
    assert not [line for line in lines if line.endswith("...") and "Usage" not in line]


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
