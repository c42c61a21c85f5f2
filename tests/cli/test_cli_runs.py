"""Runs, as the commands that read them find them: ``evaluate``, ``predict`` and ``plot``."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cli_runs import ENVIRONMENT, RUN, TRAIN
from PIL import Image

import minimix as mm
from minimix import data
from minimix.cli import training
from minimix.data import patterns
from minimix.train import checkpoint, evaluate, load_model, read_metrics

pytestmark = pytest.mark.usefixtures("empty_folder")


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


@pytest.mark.parametrize("which", [[], [RUN], [RUN.name], [RUN / "last.safetensors"]])
def test_evaluate(minimix, trained, which):
    code, output, errors = minimix("evaluate", *which)
    assert code == 0, errors
    assert "50 test images of patterns10" in output
    for name in patterns.CLASSES:
        assert name in output


def test_evaluate_judges_images_with_their_mirror_images(minimix, trained):
    network = load_model(trained).model
    found = evaluate(network, data.patterns10("test", size=50), tta=True)
    code, output, _ = minimix("evaluate", "--tta", "--json")
    said = json.loads(output)
    assert code == 0 and (said["accuracy"], said["accuracy_alone"]) == (found.accuracy, found.alone)
    assert json.loads(minimix("evaluate", "--json")[1])["accuracy_alone"] is None, "as it was trained"
    code, output, _ = minimix("evaluate", "--tta")
    assert code == 0 and f"{found.accuracy:.2%} ({found.alone:.2%} without mirror images)" in output


def test_evaluate_judges_images_as_the_run_did(minimix):
    assert minimix(*TRAIN, "--tta", "--name", "mirrored")[0] == 0
    as_trained, alone = (json.loads(minimix("evaluate", "mirrored", *more, "--json")[1]) for more in ([], ["--no-tta"]))
    assert as_trained["accuracy"] == read_metrics(Path("runs", "mirrored"))[-1].test_accuracy
    assert as_trained["accuracy_alone"] == alone["accuracy"] and alone["accuracy_alone"] is None


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


@pytest.mark.parametrize("command", [["evaluate"], ["predict", "image0.png"], ["train", "--resume"]])
def test_nothing_trained_yet(minimix, command):
    code, _, errors = minimix(*command)
    assert code == 2 and "no run in" in errors


def test_evaluate_of_weights_that_have_diverged(minimix, trained):
    arrays, state = checkpoint.load(trained / "best.safetensors")
    arrays["classifier.weight"] = np.full_like(arrays["classifier.weight"], 3e38)
    checkpoint.save(trained / "best.safetensors", arrays, state)
    code, output, errors = minimix("evaluate")
    assert code == 2 and "the loss is" in errors and not output


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
