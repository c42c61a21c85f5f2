"""When a run ends: earlier than planned, or later."""

import numpy as np
import pytest

import minimix as mm
from minimix.train import StopTraining, checkpoint, load_model, loop, read_metrics
from minimix.train.metrics import rank
from minimix.train.split import split

LAST, BEST = "last.safetensors", "best.safetensors"


def log_of(run, path, *inputs, **options):
    with open(path, "w") as file:
        result = run(*inputs, log=file, **options)
    return result, path.read_text()


# -- patience ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def accuracies(monkeypatch):
    """Gives the validation accuracies that a run finds, one after the other."""
    import dataclasses

    def these(*values):
        left, real = list(values), loop.evaluate

        def evaluate(model, dataset, *inputs, **options):
            found = real(model, dataset, *inputs, **options)
            return dataclasses.replace(found, accuracy=left.pop(0)) if len(dataset) == 8 else found

        monkeypatch.setattr(loop, "evaluate", evaluate)

    return these


def test_a_run_with_tta_says_what_the_images_are_worth_alone(run, small, tiny, tmp_path):
    result, text = log_of(run, tmp_path / "log", epochs=1, tta=True)
    found = mm.train.evaluate(result.model, tiny[1], tta=True)
    assert (result.accuracy, result.accuracy_alone) == (found.accuracy, found.alone)
    assert result.best.test_loss == pytest.approx(found.loss, rel=1e-6)
    assert f"{found.accuracy:.2%} ({found.alone:.2%} without mirror images)" in text and "with their mirror images" in text
    _, kept = split(tiny[0], result.config.validation, result.config.seed)
    assert result.best.validation_loss == pytest.approx(mm.train.evaluate(result.model, kept, tta=True).loss, rel=1e-6)
    assert result.config.tta is True and run(small(), name="b", epochs=1).accuracy_alone is None
    with pytest.raises(ValueError, match="tta was True and is False now"):
        run(small(), resume=result, tta=False)


@pytest.mark.parametrize(("values", "patience", "epochs", "best"), [
    ((0.5, 0.4, 0.6, 0.5, 0.4, 0.3), 2, 5, 3), ((0.5, 0.4, 0.6, 0.5, 0.4, 0.3), 1, 2, 1),
    ((0.1, 0.2, 0.3, 0.4, 0.5, 0.6), 1, 6, 6),
    ((0.5, 0.4, 0.3, 0.2, 0.1, 0.6), 5, 6, 6), ((0.6, 0.5, 0.4, 0.3, 0.2, 0.1), None, 6, 1),
])  # fmt: skip
def test_a_run_ends_when_it_does_not_get_better(run, accuracies, values, patience, epochs, best):
    accuracies(*values)
    result = run(epochs=6, patience=patience)
    assert (len(result.history), result.chosen) == (epochs, best)
    assert result.stopped_by == ("patience" if epochs < 6 else "") and result.accuracy is not None
    assert (result.folder / BEST).exists() and read_metrics(result.folder) == result.history


def test_a_run_that_ran_out_of_patience_goes_on_with_more(run, small, accuracies, tmp_path):
    accuracies(0.5, 0.4, 0.3, 0.2, 0.1, 0.1)
    _, text = log_of(run, tmp_path / "log", epochs=5, patience=1)
    assert "Stopped (patience) after 2 of 5 epochs" in text and "To go on" not in text
    same = run(small(), resume=True, epochs=5)
    assert len(same.history) == 2 and same.stopped_by == "patience", "nothing has changed, so it stays at its end"
    longer = run(small(), resume=True, epochs=6)
    assert len(longer.history) == 3 and longer.stopped_by == "patience", (
        "who asks for more gets as many epochs as patience lasts"
    )
    more = run(small(), resume=True, epochs=6, patience=0)
    assert len(more.history) == 6 and not more.stopped_by


def test_patience_needs_something_to_judge_by(run, tmp_path):
    with pytest.raises(ValueError, match="patience: without validation images"):
        run(patience=3, validation=0)
    with pytest.raises(ValueError, match="patience: expected a whole number"):
        run(patience=-1)
    with pytest.raises(ValueError, match="patience: 0 would end a run before its first epoch: give 1"):
        run(patience=0)
    with pytest.raises(ValueError, match="patience: expected a whole number"):
        run(patience=False)
    assert not (tmp_path / "runs").exists()


# -- callbacks --------------------------------------------------------------------------------------------------------


def raising(epoch):
    raise StopTraining


@pytest.mark.parametrize("stop", [lambda epoch: True, lambda epoch: np.bool_(True), raising])
def test_a_callback_ends_the_run_with_everything_in_place(run, tiny, stop):
    result = run(epochs=4, on_epoch=stop, pictures=True)
    assert result.stopped_by == "callback" and len(result.history) == 1 and result.accuracy is not None
    assert len(list(result.folder.iterdir())) == 7
    assert mm.train.evaluate(result.model, tiny[1]).accuracy == result.accuracy


def test_a_callback_after_the_last_epoch_ends_nothing_early(run, small):
    result = run(epochs=1, on_epoch=lambda epoch: True)
    assert not result.stopped_by
    assert len(run(small(), resume=result, name=None, epochs=2).history) == 2, "a Result says which run it is"


@pytest.mark.parametrize("answer", [None, False, np.False_, 1, "go on", [True]])
def test_other_answers_end_nothing(run, answer):
    assert not run(on_epoch=lambda epoch: answer).stopped_by


def test_a_stopped_run_goes_on_where_it_was(run, small):
    whole = run(epochs=3, name="whole")
    run(epochs=3, name="b", on_epoch=lambda epoch: epoch.epoch == 2)
    again = run(small(), epochs=3, name="b", resume=True)
    assert [e.train_loss for e in again.history] == [e.train_loss for e in whole.history]
    one, other = (checkpoint.load(result.folder / LAST)[0] for result in (whole, again))
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_callback_that_fails_does_not_cost_the_epoch(run, small, tmp_path):
    def fail(epoch):
        raise KeyError("of the callback")

    with pytest.raises(KeyError, match="of the callback"):
        run(on_epoch=fail)
    folder = tmp_path / "runs" / "a"
    assert checkpoint.load(folder / LAST)[1]["position"]["epoch"] == 1 and len(read_metrics(folder)) == 1
    assert load_model(folder, small()).epoch == 1
    whole = run(name="whole")
    again = run(small(), resume=True)
    assert (again.folder / LAST).read_bytes() == (whole.folder / LAST).read_bytes()


# -- longer -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", ["one_cycle", "constant", "cosine", "staircase"])
def test_a_finished_run_is_trained_longer_on_a_schedule_over_all_epochs(run, small, tmp_path, schedule):
    first = run(epochs=2, schedule=schedule)
    result, text = log_of(run, tmp_path / "log", small(), epochs=5, resume=True)
    assert [epoch.epoch for epoch in result.history] == [1, 2, 3, 4, 5]
    assert [e.train_loss for e in result.history[:2]] == [e.train_loss for e in first.history]
    planned = run(epochs=5, schedule=schedule, name="planned")
    assert [epoch.lr for epoch in result.history[2:]] == [epoch.lr for epoch in planned.history[2:]]
    assert "epochs were 2 and are 5 now" in text and f"laid out anew over {5 * 4} steps" in text
    assert result.chosen == max(result.history, key=rank).epoch
    assert '"epochs": 5' in (result.folder / "config.json").read_text()
    again = run(small(), resume=True, epochs=None)  # which knows its new length
    assert len(again.history) == 5 and (again.folder / LAST).read_bytes() == (result.folder / LAST).read_bytes()


def test_a_constant_rate_trained_longer_is_the_longer_run_to_the_bit(run, small):
    """Where the schedule does not depend on the length, neither does anything else."""
    whole = run(epochs=4, schedule="constant", name="whole")
    run(epochs=2, schedule="constant", name="b")
    longer = run(small(), epochs=4, resume=True, name="b")
    one, other = (checkpoint.load(result.folder / LAST)[0] for result in (whole, longer))
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_run_can_be_made_shorter_but_not_than_it_is(run, small):
    run(epochs=5, on_epoch=lambda epoch: epoch.epoch == 2)
    with pytest.raises(ValueError, match="epochs is 1, but .* is in its epoch 2 already"):
        run(small(), epochs=1, resume=True)
    assert len(run(small(), epochs=3, resume=True).history) == 3
    assert len(run(small(), epochs=3, resume=True).history) == 3


def test_of_a_long_run_that_is_resumed_the_last_epochs_are_shown(run, tmp_path):
    folder = run(epochs=7).folder
    with open(tmp_path / "log", "w") as file:
        run(resume=folder, epochs=8, log=file)
    lines = (tmp_path / "log").read_text().splitlines()
    assert f"4 earlier epochs are in {folder / 'metrics.csv'}" in lines
    assert [line.split()[0] for line in lines if "/8 " in line] == ["5/8", "6/8", "7/8", "8/8"]
