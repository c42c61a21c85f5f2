"""What a mistyped command says: one line, in the words of the options, which names what would be right."""

import re
from pathlib import Path

import pytest
from cli_runs import RUN, TRAIN

import minimix as mm
from minimix import cli

pytestmark = pytest.mark.usefixtures("empty_folder")


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


def test_a_file_in_place_of_a_folder(minimix, monkeypatch):
    monkeypatch.setattr(cli.notebooks, "_jupyterlab", lambda: print)
    Path("file").write_text("")
    code, _, errors = minimix("notebooks", "--folder", "file")
    assert code == 1 and errors == "error: file is a file, but a folder is needed\n"


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
