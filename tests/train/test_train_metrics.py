"""The table of epochs: read back, read damaged, and never in a run's way."""

import csv
import os

import numpy as np
import pytest

import minimix as mm
from minimix import viz
from minimix.train import Epoch, figures, metrics, read_metrics
from minimix.train.metrics import best, histories, rank

HISTORY = [Epoch(1, 4, 0.1 / 3, 2.0, 0.1, 1.9, 0.2, seconds=1.5, images_per_second=100.0), Epoch(2, 8, 0.1, 1.0, 0.5, 1.0, 0.5)]
HEADER = ",".join(metrics.COLUMNS)
OLD = (
    "epoch,step,lr,train_loss,train_accuracy,test_loss,test_accuracy,seconds,images_per_second\n1,5,0.3,2.0,0.25,1.5,0.5,9.5,\n"
)
DAMAGE = {
    "a NUL byte": f"{HEADER}\n1,4,0.1,2.0,0.1,1.9,0.2,,,1\0.5,100\n",
    "nothing but NUL bytes": "\0" * 300,
    "an overlong field": f"{HEADER}\n1,4,0.1,2.0,0.1,1.9,0.2,,,{'9' * 200_000},100\n",
    "an overlong header": "x" * 200_000,
    "words": f"{HEADER}\n1,4,high,2.0,0.1,1.9,0.2,,,1.5,100\n",
    "a short line": f"{HEADER}\n1,4\n",
    "another table": "a;b\n1;2\n",
    "nothing": "",
    "a quote that is never closed": f'{HEADER}\n"1,4,0.1,2.0,0.1,1.9,0.2,,,1.5,100\n',
    "an endless number": f"{HEADER}\n{'9' * 5000},4,0.1,2.0,0.1,1.9,0.2,,,1.5,100\n",
    "an infinite epoch": f"{HEADER}\ninf,4,0.1,2.0,0.1,1.9,0.2,,,1.5,100\n",
    "other letters": "\udcff",
}


def damage(path, kind):
    path.write_bytes(DAMAGE[kind].encode("utf-8", "surrogateescape"))


def test_what_was_written_is_read_to_the_bit(tmp_path):
    metrics.write(tmp_path / "metrics.csv", HISTORY)
    assert read_metrics(tmp_path / "metrics.csv") == read_metrics(str(tmp_path)) == HISTORY == mm.train.read_metrics(tmp_path)
    text = (tmp_path / "metrics.csv").read_text()
    (tmp_path / "metrics.csv").write_text("\ufeff" + text.replace("\n", "\r\n"), encoding="utf-8", newline="")
    assert read_metrics(tmp_path) == HISTORY, "as programs for tables save it"


def test_older_tables_and_more_columns_are_read(tmp_path):
    (tmp_path / "metrics.csv").write_text(OLD)
    assert read_metrics(tmp_path) == [Epoch(1, 5, 0.3, 2.0, 0.25, test_loss=1.5, test_accuracy=0.5, seconds=9.5)]
    (tmp_path / "metrics.csv").write_text("note,epoch,step,lr,train_loss,train_accuracy\nx,1,5,0.3,2,0.25\n")
    assert read_metrics(tmp_path) == [Epoch(1, 5, 0.3, 2.0, 0.25)]


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_table_is_refused_by_name_and_adds_nothing_to_a_history(tmp_path, kind):
    damage(tmp_path / "m.csv", kind)
    with pytest.raises(ValueError, match=r"m\.csv is no table of epochs"):
        read_metrics(tmp_path / "m.csv")
    bare = [epoch.without_timing() for epoch in HISTORY]
    assert metrics.with_timing(bare, tmp_path / "m.csv") == bare


def test_the_errors_of_older_pythons_are_caught(tmp_path, monkeypatch):
    """Until Python 3.10, a NUL byte is a csv.Error, which is no ValueError."""

    class Reader:
        def __init__(self, lines):
            raise csv.Error("line contains NUL")

    metrics.write(tmp_path / "m.csv", HISTORY)
    monkeypatch.setattr(csv, "DictReader", Reader)
    with pytest.raises(ValueError, match="NUL"):
        read_metrics(tmp_path / "m.csv")
    assert metrics.with_timing(HISTORY, tmp_path / "m.csv") == [epoch.without_timing() for epoch in HISTORY]


def test_no_table_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="first epoch"):
        read_metrics(tmp_path)


def test_better_is_more_accurate_then_less_loss_and_without_validation_images_later():
    def epoch(number, *validation):
        return Epoch(number, 1, 0.1, 1.0, 0.5, *validation)

    assert best([]) is None and rank(epoch(1)) is None
    assert best([epoch(1, 1.0, 0.5), epoch(2, 0.9, 0.5), epoch(3, 0.1, 0.4), epoch(4, 0.9, 0.5)]).epoch == 2
    assert best([epoch(1), epoch(2)]).epoch == 2


# -- in a run ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["a NUL byte", "an overlong field", "nothing", "other letters"])
def test_a_damaged_table_does_not_end_a_resumed_run(run, small, kind):
    whole = run(name="whole")
    first = run(name="b", on_epoch=lambda epoch: epoch.epoch == 1)
    damage(first.folder / "metrics.csv", kind)
    result = run(small(), name="b", resume=True)
    assert (result.folder / "last.safetensors").exists() and read_metrics(result.folder) == result.history
    assert [e.validation_loss for e in result.history] == [e.validation_loss for e in whole.history]


def test_a_table_that_somebody_holds_open_costs_no_epoch(run, small, tmp_path, monkeypatch):
    real, log, resumed = os.replace, tmp_path / "log.txt", []

    def held(source, path):
        if str(path).endswith(".csv") or (resumed and str(path).endswith(".json")):
            raise PermissionError(13, "held by a spreadsheet", str(path))
        real(source, path)

    monkeypatch.setattr(mm.files, "PATIENCE", 0.0)
    monkeypatch.setattr(os, "replace", held)
    with open(log, "w") as file:
        result = run(log=file)
    assert len(result.history) == 2 and not (result.folder / "metrics.csv").exists()
    assert "metrics.csv was not written" in log.read_text()
    before = (result.folder / "last.safetensors").read_bytes()
    resumed.append(True)
    assert len(run(small(), resume=True, epochs=3).history) == 3
    monkeypatch.undo()
    assert before == (run(name="b").folder / "last.safetensors").read_bytes()
    run(small(), resume=True, epochs=3)
    assert [epoch.epoch for epoch in read_metrics(tmp_path / "runs" / "a")] == [1, 2, 3]


def test_the_checkpoint_is_written_before_the_table(run, small, monkeypatch):
    real = metrics.write

    def last_line(path, history):
        real(path, history)
        if len(history) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(metrics, "write", last_line)
    with pytest.raises(KeyboardInterrupt):
        run()
    monkeypatch.undo()
    seen = []
    assert len(run(small(), resume=True, on_epoch=seen.append).history) == 2 and len(seen) == 1


def test_a_picture_that_fails_is_told_and_the_others_are_drawn(run, tmp_path, monkeypatch):
    def fail(*_):
        raise RuntimeError("no font")

    monkeypatch.setattr(viz, "confusion", fail)
    with open(tmp_path / "log.txt", "w") as file:
        result = run(pictures=True, log=file)
    names = {path.name for path in result.folder.glob("*.png")}
    assert names == {"curves.png", "mistakes.png"} and "confusion.png could not be drawn" in (tmp_path / "log.txt").read_text()


# -- curves -----------------------------------------------------------------------------------------------------------


def test_curves_take_a_folder_a_result_a_history_or_several(run):
    results = [run(name=name) for name in "ab"]
    folders = [result.folder for result in results]
    for one in (results[0], folders[0], str(folders[0]), folders[0] / "metrics.csv", results[0].history):
        lines = viz.curves(one).axes[0].lines
        np.testing.assert_allclose(lines[1].get_ydata(), [epoch.validation_loss for epoch in results[0].history])
    for several in (results, folders, {"first": results[0], "second": folders[1]}):
        figure = viz.curves(several)
        assert len(figure.axes[2].lines) == 2 and len(figure.legends) == 1
    assert list(histories(folders)) == ["a", "b"] and list(histories([folders[0]] * 2)) == ["a", "a (2)"]


def test_a_name_alone_is_that_of_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    metrics.write(tmp_path / "runs" / "mine" / "metrics.csv", [Epoch(1, 78, 0.3, 2.0, 0.25, 1.5, 0.5)])
    assert [epoch.epoch for epoch in read_metrics("mine")] == [1]
    assert list(metrics.histories("mine")) == ["mine"]


def test_curves_refuse_what_has_no_epochs(tmp_path):
    with pytest.raises(FileNotFoundError):
        viz.curves(tmp_path)
    for empty in ([], {}, {"a": []}):
        with pytest.raises(ValueError, match="empty"):
            viz.curves(empty)
    for wrong in (3, None):
        with pytest.raises(TypeError, match="folder, a Result, or a list"):
            viz.curves(wrong)


def test_a_figure_is_saved_in_the_format_of_its_name(tmp_path):
    for ending, start in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
        figures.save(viz.curves(HISTORY), tmp_path / f"a.{ending}")
        assert (tmp_path / f"a.{ending}").read_bytes().startswith(start)
