"""Sixty photographs of one's own, from the command line alone: train, look, judge, predict a folder, come back and go on."""

import csv
import io
import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minimix import cli
from minimix.train import checkpoint, figures, read_metrics

KINDS = {"dark": 30, "light": 220, "red": 120}
NET = """
import minimix.functional as F
from minimix import nn

class Net(nn.Module):
    def __init__(self, num_classes=10, width=4):
        super().__init__()
        self.conv, self.bn, self.head = nn.Conv2d(3, width, 3, stride=4), nn.BatchNorm2d(width), nn.Linear(width, num_classes)

    def forward(self, x):
        return self.head(F.global_avg_pool2d(self.bn(self.conv(x))))

def broken(num_classes):
    return nn.Linear(num_classes, "three")
"""


def photograph(kind, i, random):
    """Of some size and mode."""
    height, width = random.integers(30, 90, 2)
    pixels = random.normal(KINDS[kind], 15, (height, width, 3)).clip(0, 255).astype(np.uint8)
    if kind == "red":
        pixels[..., 0] = 250
    image = Image.fromarray(pixels)
    return image.convert("L") if kind != "red" and i % 3 == 0 else image


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """A folder "my photos" with twenty of each kind, "new" with six that are in no class, and a network."""
    folder = tmp_path_factory.mktemp("photographs")
    random = np.random.default_rng(0)
    for kind in KINDS:
        (folder / "my photos" / kind).mkdir(parents=True)
        for i in range(20):
            photograph(kind, i, random).save(folder / "my photos" / kind / f"IMG_{i:03}.{['jpg', 'png', 'tiff', 'gif'][i % 4]}")
    (folder / "new" / "deeper").mkdir(parents=True)
    for i, kind in enumerate([*KINDS, *KINDS]):
        photograph(kind, 1, random).save(folder / "new" / f"{i} {kind}.png")
    photograph("red", 1, random).save(folder / "new" / "deeper" / "red.png")
    (folder / "new" / ".DS_Store").write_bytes(b"x")
    (folder / "new" / "notes.txt").write_text("x")
    (folder / "net.py").write_text(NET)
    return folder


@pytest.fixture(scope="module")
def trained(photographs, tmp_path_factory):
    """A folder with all that, and a run."""
    folder = tmp_path_factory.mktemp("trained") / "work"
    shutil.copytree(photographs, folder)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as stop:
        patch.chdir(folder)
        patch.setattr("minimix.data.kept.user_cache", lambda: folder / "cache")
        patch.setattr("minimix.data.user_cache", lambda: folder / "cache")
        patch.setattr(figures, "draw", lambda *_: [])
        cli.main(["train", "--data", "my photos", "--model", "net.py:Net", "--epochs", "12", "-o", "width=6"])
    assert not stop.value.code
    return folder


@pytest.fixture(autouse=True)
def here(trained, monkeypatch):
    """The folder as it was after training, at the place that the run remembers."""
    kept = trained.with_name("kept")
    if not kept.exists():
        shutil.copytree(trained, kept)
    shutil.rmtree(trained)
    shutil.copytree(kept, trained)
    monkeypatch.chdir(trained)
    monkeypatch.delenv("MINIMIX_DATA", raising=False)
    monkeypatch.delenv("MINIMIX_DEBUG", raising=False)
    monkeypatch.setattr("minimix.data.kept.user_cache", lambda: trained / "cache")
    monkeypatch.setattr("minimix.data.user_cache", lambda: trained / "cache")
    monkeypatch.setattr(figures, "draw", lambda *_: [])
    yield
    monkeypatch.chdir(trained.parent)


RUN = Path("runs/net.py_Net-my_photos")


def test_a_strangers_hour(minimix):
    """Everything after training, without a word of where the pictures are."""
    assert len(read_metrics(RUN)) == 12
    code, output, errors = minimix("evaluate")
    assert code == 0, errors
    assert "4 of 20 for testing in each class" in output and "12 test images of my photos" in output
    accuracy = float(output.split("accuracy ")[-1].rstrip("%\n"))
    assert accuracy > 60
    assert json.loads(minimix("evaluate", "--json")[1])["accuracy"] == pytest.approx(accuracy / 100, abs=1e-3)
    code, output, errors = minimix("predict", "new", "--top", "1")
    assert code == 0, errors
    assert output.count(".png") == 6 and "deeper" not in output
    assert sum(len(re.findall(rf"{kind}\.png +{kind} ", output)) for kind in KINDS) >= 4
    code, output, errors = minimix("train", "--resume", "--epochs", "14")
    assert code == 0 and "my photos" in output, errors
    assert len(read_metrics(RUN)) == 14


def test_nothing_is_read_twice(minimix):
    shutil.rmtree("cache")
    for read in (True, False):
        code, output, errors = minimix("train", "--data", "my photos", "--model", "net.py:Net", "--epochs", "1")
        assert code == 0 and ("reading 60 pictures" in output) == read, errors


def test_a_folder_that_has_moved(minimix):
    Path("my photos").rename("photos")
    code, _, errors = minimix("evaluate")
    assert code == 2 and "my photos, which is not there: say where they are now" in errors and "Traceback" not in errors
    code, output, errors = minimix("evaluate", "--data", "photos")
    assert code == 0 and "12 test images" in output, errors
    code, output, errors = minimix("evaluate", "--data", "photos", "--split", "all")
    assert code == 0 and "60" in output.splitlines()[-6], errors
    code, output, errors = minimix("train", "--resume", "--data", "photos", "--epochs", "13")
    assert code == 0, errors
    assert minimix("evaluate")[0] == 0
    assert checkpoint.load(RUN / "last.safetensors")[1]["recipe"]["data"] == "my photos"


def test_csv(minimix):
    code, output, errors = minimix("predict", "new", "--csv", "-")
    assert code == 0, errors
    rows = list(csv.DictReader(io.StringIO(output)))
    assert list(rows[0]) == ["path", "rank", "index", "class", "probability"] and len(rows) == 18
    assert [row["rank"] for row in rows] == ["1", "2", "3"] * 6
    for i in range(0, 18, 3):
        probabilities = [float(row["probability"]) for row in rows[i : i + 3]]
        assert sum(probabilities) == pytest.approx(1, abs=1e-5) and probabilities == sorted(probabilities, reverse=True)
        assert {row["class"] for row in rows[i : i + 3]} == set(KINDS) and len({row["path"] for row in rows[i : i + 3]}) == 1
        assert all(list(KINDS)[int(row["index"])] == row["class"] for row in rows[i : i + 3])
    code, printed, _ = minimix("predict", "new", "--csv", "out.csv")
    assert code == 0 and printed == "6 images in out.csv\n" and Path("out.csv").read_text() == output
    Path('new/a,b "c".png').write_bytes(Path("new/0 dark.png").read_bytes())
    rows = list(csv.DictReader(io.StringIO(minimix("predict", "new", "--csv", "-", "--top", "1")[1])))
    assert rows[-1]["path"] == str(Path('new/a,b "c".png')) and len(rows) == 7


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv", "-"]])
def test_a_picture_that_cannot_be_read_loses_no_other(minimix, form):
    Path("new/2 red.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    code, output, errors = minimix("predict", "new", "gone.jpg", *form)
    assert code == 1
    assert "2 red.png is no image that can be read" in errors and "there is no image gone.jpg" in errors
    assert "2 images of 7 could not be read" in errors and "Traceback" not in errors
    assert all(f"{i} " in output for i in (0, 1, 3, 4, 5)) and "2 red" not in output
    if form == ["--json"]:
        assert len(json.loads(output)) == 5


def test_folders_files_and_patterns_together(minimix):
    for given, count in (
        (["new", "my photos/red"], 26), (["new/*red.png"], 2), (["new/0 dark.png", "new"], 7), (["my photos/*/IMG_000.*"], 3)
    ):  # fmt: skip
        code, output, errors = minimix("predict", *given, "--json")
        assert code == 0 and len(json.loads(output)) == count, errors
    for given, message in (
        (["my photos"], "no picture in the folder my photos, only folders"),
        (["new/*.bmp"], "no file fits"),
    ):
        code, output, errors = minimix("predict", *given)
        assert code == 2 and message in errors and not output
    Path("empty").mkdir()
    assert "there is no picture in the folder empty" in minimix("predict", "empty")[2]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--csv", "no/out.csv"], "no folder no"), (["--csv", "-", "--json"], "choose one"),
        (["--run", RUN, "--model", "mixnet_nano"], "choose one"), (["--run", "gone"], "gone"),
        (["--model", "net.py:Net"], "nobody has published weights of net.py:Net"),
    ],
)  # fmt: skip
def test_mistakes_in_predict(minimix, arguments, message):
    code, output, errors = minimix("predict", "new", *arguments)
    assert code == 2 and message in errors and not output


def test_a_network_that_has_moved_or_changed(minimix):
    Path("net.py").write_text(NET + "# more\n")
    with pytest.warns(UserWarning, match=r"net.py has changed since \S+best.safetensors was trained"):
        assert minimix("predict", "new")[0] == 0
    Path("net.py").write_text(NET)
    Path("net.py").rename("other.py")
    code, _, errors = minimix("predict", "new")
    assert code == 2 and "net.py, which is not there: say where it is now" in errors
    for command in (["predict", "new", "--run", RUN], ["evaluate"], ["train", "--resume", "--epochs", "13"]):
        code, _, errors = minimix(*command, "--model", "other.py:Net")
        assert code == 0, errors
    assert minimix("predict", "new")[0] == 0


def test_ones_own_network_where_a_name_is_taken(minimix):
    for command in (
        ["summary", "net.py:Net"],
        ["compare", "net.py:Net:width=8", "mixnet_nano"],
        ["summary", "net.py:Net", "-o", "width=8"],
    ):
        code, output, errors = minimix(*command)
        assert code == 0 and "net.py:Net" in output, errors
    assert json.loads(minimix("summary", "net.py:Net:width=8", "--json")[1])["params"] == 8 * 27 + 8 + 16 + 90
    code, _, errors = minimix("summary", "net.py:broken")
    assert (
        code == 2 and "net.py, line 14, in broken: " in errors and "Linear(num_classes" in errors and "Traceback" not in errors
    )
    code, _, errors = minimix("train", "--model", "net.py:broken", "--data", "my photos")
    assert code == 2 and "in broken" in errors
    code, _, errors = minimix("summary", "nte.py:Net")
    assert code == 2 and "there is no file nte.py" in errors


def test_weights_of_ones_own_network(minimix):
    from minimix.models.weights import save_weights
    from minimix.train import load_model

    save_weights(load_model(RUN).model, "w.safetensors")
    options = "--model", "net.py:Net:num_classes=3:width=6", "--weights", "w.safetensors"
    code, output, errors = minimix("predict", "new", *options, "--json")
    assert code == 0 and {top["class"] for top in json.loads(output)[0]["top"]} == {"0", "1", "2"}, errors


@pytest.mark.parametrize(
    "given", [["-o", "partition=exponential", "-o", "kernels=3,5"], ["mixnet_nano:partition=exponential:kernels=3,5"]]
)
def test_train_takes_a_networks_options(minimix, given):
    model = [] if given[0] == "-o" else ["--model"]
    code, _, errors = minimix("train", "--data", "my photos", *model, *given, "--width", "0.5", "--epochs", "1", "--name", "a")
    assert code == 0, errors
    options = checkpoint.load("runs/a/last.safetensors")[1]["recipe"]["model_options"]
    assert options == {"width": 0.5, "kernels": [3, 5], "partition": "exponential"}
    for typed, message in (
        (["-o", "width"], "expected KEY=VALUE"), (["-o", "partition=x"], "partition"),
        (["-o", "nothing=1"], "no option 'nothing'"),
        (["-o", "num_classes=5"], "num_classes is no choice in training"), (["-o", "in_channels=1"], "pictures have 3"),
        (["--resume", "a", "-o", "partition=equal"], "partition was 'exponential' and is 'equal' now"),
    ):  # fmt: skip
        code, _, errors = minimix("train", "--data", "my photos", *typed)
        assert code == 2 and message in errors, (typed, errors)


def test_train_on_what_is_none(minimix):
    for typed, message in (
        (["--data", "new"], "expected a sub-folder of pictures for each of two or more classes"),
        (["--data", "my photoss"], "no data set is called 'my photoss', and no folder"),
        (["--data", "net.py"], "is a file: expected a folder"), (["--data", "my photos", "--size", "0"], "size"),
        (["--data-dir", "my photos"], "For a folder of your own pictures: --data my photos"),
        (["--data-dir", "new"], "CIFAR-10 is not in new"),
        (["--data", "my photos", "--data-dir", "new"], "leave new out"), (["--data", "patterns10", "--size", "16"], "size"),
    ):  # fmt: skip
        code, _, errors = minimix("train", *typed)
        assert code == 2 and message in errors and "Traceback" not in errors, (typed, errors)
    assert [path.name for path in Path("runs").iterdir()] == [RUN.name]


def test_preview(minimix):
    code, output, errors = minimix("data", "preview", "my photos", "--columns", "2")
    assert code == 0 and "3 classes of my photos" in output and Path("sheet.png").exists(), errors
    assert minimix("data", "preview", "my photos", "--split", "tset")[0] == 2


def test_readme_walks_the_same_way(minimix):
    """Its commands, one after the other, as they stand there; only the first run is shorter."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    block = re.search(r"## Your own pictures.*?```\n(.*?)```", readme, re.S)[1]
    commands = [shlex.split(line, comments=True)[1:] for line in block.splitlines()]
    assert [command[0] for command in commands] == ["train", "plot", "evaluate", "predict", "train"]
    Path("my photos").rename("photos")
    for command in commands:
        more = ["--epochs", "1", "--model", "net.py:Net"] if "--data" in command else []
        code, _, errors = minimix(*command, *more)
        assert code == 0, (command, errors)
    assert len(read_metrics("runs/mine")) == 150 and Path("runs/mine/curves.png").exists()
    assert len(Path("answers.csv").read_text().splitlines()) == 1 + 18
