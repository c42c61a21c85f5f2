"""Whole runs, with a network and data so small that each takes a moment."""

import json
import signal

import numpy as np
import pytest

import minimix as mm
from minimix import nn
from minimix.data import Dataset, patterns10
from minimix.train import CheckpointError, Diverged, checkpoint, load_model, metrics, read_metrics
from minimix.train import evaluate as measure
from minimix.train.split import split

LAST, BEST = "last.safetensors", "best.safetensors"
FILES = [BEST, "config.json", "confusion.png", "curves.png", LAST, "metrics.csv", "mistakes.png"]


def content(result, name=LAST):
    return (result.folder / name).read_bytes()


class Interrupt:
    """An on_epoch that sends a signal after the epoch."""

    def __init__(self, epoch, name="SIGINT"):
        self.epoch, self.number = epoch, getattr(signal, name)

    def __call__(self, epoch):
        if epoch.epoch == self.epoch:
            signal.raise_signal(self.number)


# -- what a run leaves ------------------------------------------------------------------------------------------------


def test_a_run_leaves_all_its_files_and_they_agree(run, tiny, tmp_path):
    epochs = []
    result = run(on_epoch=epochs.append, pictures=True)
    assert result.folder == tmp_path / "runs" / "a" and not result.stopped_by
    assert sorted(path.name for path in result.folder.iterdir()) == FILES
    assert [epoch.epoch for epoch in epochs] == [1, 2] and all(epoch.test_accuracy is None for epoch in epochs)
    assert [epoch.step for epoch in epochs] == [4, 8] and all(epoch.seconds > 0 for epoch in epochs)
    rows = (result.folder / "metrics.csv").read_text().splitlines()
    assert rows[0].split(",") == list(metrics.COLUMNS)
    assert float(rows[result.chosen].split(",")[8]) == result.accuracy == measure(result.model, tiny[1], 16).accuracy
    assert read_metrics(result.folder) == result.history
    assert result.best_accuracy == max(epoch.validation_accuracy for epoch in epochs)
    saved = json.loads((result.folder / "config.json").read_text())
    assert saved["config"]["epochs"] == 2 and saved["config"]["model"] == "Small" and "numpy" in saved["versions"]
    for name in ("confusion.png", "curves.png", "mistakes.png"):
        assert content(result, name).startswith(b"\x89PNG")
    assert not result.model.training


def test_the_network_comes_back_from_its_file(run, small, tiny):
    result, validation = run(epochs=3), split(tiny[0], 0.1, 0)[1]
    best = load_model(result.folder, small())
    assert best.path.name == BEST and best.accuracy == result.best_accuracy and best.classes == tiny[0].classes
    assert (best.mean, best.std, best.image_shape) == (tiny[0].mean, tiny[0].std, (3, 32, 32))
    assert measure(best.model, validation, 16).accuracy == best.accuracy and not best.model.training
    assert measure(best.model, tiny[1], 16).accuracy == result.accuracy and best.epoch == result.chosen
    last = load_model(result.folder / LAST, small())
    assert last.epoch == 3 and measure(last.model, validation, 16).accuracy == last.accuracy
    with pytest.raises(CheckpointError, match="Small: pass it"):
        load_model(result.folder)
    with pytest.raises(CheckpointError, match=r"(?s)best\.safetensors holds another network.*missing weight"):
        load_model(result.folder, nn.Linear(2, 2))
    with pytest.raises(FileNotFoundError, match="runs"):
        load_model(result.folder.parent)


def test_a_network_by_name_needs_no_module_to_come_back(run, tiny):
    result = run("mixnet_nano", model_options={"width": 0.5, "kernels": (3, 5)}, epochs=1)
    trained = load_model(result.folder)
    assert measure(trained.model, tiny[1], 16).accuracy == result.accuracy
    assert trained.accuracy == result.best_accuracy


def test_training_learns(run):
    easy = np.repeat(np.arange(2), 32), np.zeros((64, 3, 32, 32), np.uint8)
    easy[1][32:] = 200
    dataset = Dataset(easy[1], easy[0].astype(np.int64), tuple("0123456789"), "black or white")
    result = run(data=(dataset, dataset), epochs=8, lr=0.1, augment="none", label_smoothing=0)
    assert result.accuracy == 1.0 and result.history[-1].train_loss < result.history[0].train_loss


def test_averaged_weights_are_what_is_evaluated_and_kept(run, small, tiny):
    result = run(ema=0.5, epochs=3)
    arrays, _ = checkpoint.load(result.folder / LAST)
    assert not np.array_equal(arrays["head.weight"], arrays["ema/average/head.weight"])
    np.testing.assert_array_equal(
        load_model(result.folder / LAST, small()).model.head.weight.data, arrays["ema/average/head.weight"]
    )
    found = measure(load_model(result.folder / LAST, small()).model, split(tiny[0], 0.1, 0)[1], 16)
    assert (found.loss, found.accuracy) == (result.history[-1].validation_loss, result.history[-1].validation_accuracy)
    assert measure(load_model(result.folder / BEST, small()).model, tiny[1], 16).accuracy == result.accuracy
    assert run(name="b", epochs=3).history != result.history


def test_the_first_epochs_see_small_windows(run, small, monkeypatch):
    sides = []
    model = small()
    forward = model.forward
    monkeypatch.setattr(model, "forward", lambda x: (model.training and sides.append(x.shape[2:]), forward(x))[1])
    run(model, epochs=3, batch_size=36, small_first=0.5)
    assert sides == [(24, 24)] * 4 + [(32, 32)] * 2  # round(1.5) epochs of two batches, then whole images
    del sides[:]
    run(model, name="b", epochs=3, batch_size=36, small_first=0.7, half_first=0.3)
    assert sides == [(16, 16)] * 2 + [(24, 24)] * 2 + [(32, 32)] * 2


def test_a_resumed_run_clears_up_after_one_that_was_killed_while_writing(run):
    folder = run(epochs=1).folder
    (folder / ".last.safetensors.123.part").write_bytes(b"half")
    run(epochs=1, resume=True)
    assert not list(folder.glob(".*"))
    unborn = folder.parent / "b"  # killed before its first checkpoint
    unborn.mkdir()
    (unborn / ".config.json.123.part").write_bytes(b"half")
    run(epochs=1, name="b")
    assert not list(unborn.glob(".*"))


def test_a_run_puts_threads_and_signals_back(run):
    before = mm.get_num_threads(), signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), np.geterr()
    run(threads=3, epochs=1)
    assert (mm.get_num_threads(), signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), np.geterr()) == before


def test_the_log_shows_the_epochs_and_the_end(run, tmp_path):
    with open(tmp_path / "log.txt", "w") as file:
        result = run(log=file)
    text = (tmp_path / "log.txt").read_text()
    assert (
        "Small on patterns10" in text and "72 training, 8 validation and 40 test images" in text and str(result.folder) in text
    )
    assert "1/2 " in text and "2/2 " in text and f"{result.accuracy:.2%}" in text.split("Done")[1]


# -- the same arguments, the same bits --------------------------------------------------------------------------------


def test_a_seed_makes_a_run_repeatable_to_the_bit_for_any_number_of_threads(run):
    options = {"model": "mixnet_nano", "model_options": {"width": 0.5, "dropout": 0.3}, "seed": 5}
    one, two, three = (run(name=f"t{threads}", threads=threads, **options) for threads in (1, 2, 3))
    assert content(one) == content(two) == content(three)
    assert content(one, BEST) == content(three, BEST)
    other = run(name="other", **{**options, "seed": 6})
    assert content(other) != content(one)


def test_saving_often_or_evaluating_changes_nothing(run):
    assert content(run(name="often", save_every=1e-9)) == content(run(name="rarely"))


@pytest.mark.parametrize("option", [
    {"optimizer": "rmsprop"}, {"optimizer": "adam"}, {"optimizer": "adamw"}, {"momentum": 0.0}, {"schedule": "cosine"},
    {"schedule": "constant"}, {"schedule": "staircase"}, {"ema": 0.9}, {"augment": ()}, {"augment": "cutout"},
    {"batch_size": 200}, {"small_first": 0.5}, {"half_first": 0.3, "small_first": 0.7}, {"optimizer": "muon"},
    {"augment": "alternate,crop=2"}, {"tta": True}, {"optimizer": "muon", "bias_rate": 8.0},
])  # fmt: skip
def test_every_kind_of_run_can_be_interrupted_and_goes_on_to_the_bit(run, small, option):
    whole = run(name="whole", epochs=3, **option)
    first = run(name="broken", epochs=3, on_epoch=Interrupt(1), **option)
    assert first.stopped_by == "SIGINT" and len(first.history) == 1
    second = run(small(), resume=True, name="broken", epochs=3, **option)
    assert not second.stopped_by and content(second) == content(whole) and content(second, BEST) == content(whole, BEST)
    assert [e.without_timing() for e in second.history] == [e.without_timing() for e in whole.history]
    assert second.history[0].seconds == first.history[0].seconds is not None, "timings from before are kept"


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.MT19937, np.random.Philox])
def test_a_layer_with_its_own_random_numbers_goes_on_with_them(run, small, kind):
    def model():
        return small(generator=np.random.Generator(kind(3)))

    whole = run(model(), name="whole")
    run(model(), name="broken", on_epoch=Interrupt(1))
    assert content(run(model(), resume=True, name="broken")) == content(whole)
    with pytest.raises(CheckpointError, match="random generators"):
        run(small(), resume=True, name="broken")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("moment", ["step 2", "step 4", "evaluation"])
def test_a_signal_at_any_moment_ends_in_a_checkpoint(run, small, monkeypatch, name, moment):
    from minimix.train import loop

    whole, calls = run(name="whole", ema=0.9), []

    def interrupting(function, number):
        def wrapped(*inputs, **options):
            calls.append(1)
            if len(calls) == number:
                signal.raise_signal(getattr(signal, name))
            return function(*inputs, **options)

        return wrapped

    if moment == "evaluation":
        monkeypatch.setattr(loop, "evaluate", interrupting(loop.evaluate, 1))
    else:
        monkeypatch.setattr(loop, "step", interrupting(loop.step, int(moment[5:])))
    stopped = run(name="broken", ema=0.9)
    assert stopped.stopped_by == name and stopped.history == []
    _, state = checkpoint.load(stopped.folder / LAST)
    assert state["position"]["step"] == {"step 2": 2}.get(moment, 4)
    monkeypatch.undo()
    assert content(run(small(), resume=stopped.folder)) == content(whole)


def test_an_interrupted_run_says_how_to_go_on(run, tmp_path):
    with open(tmp_path / "log.txt", "w") as file:
        result = run(log=file, on_epoch=Interrupt(1))
    text = (tmp_path / "log.txt").read_text()
    assert "Stopped (SIGINT) after 1 of 2 epochs" in text and f"minimix train --resume {result.folder}" in text


# -- resuming ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def broken(run):
    return run(epochs=3, on_epoch=Interrupt(2))


def test_a_resumed_run_needs_no_arguments_and_takes_harmless_ones(broken, run, small, tiny):
    result = mm.train(small(), tiny, resume=broken.folder, log=False, threads=1, save_every=5)
    assert len(result.history) == 3 and result.config.batch_size == 16 and result.folder == broken.folder


def test_the_run_can_be_named_in_several_ways(broken, run, small, tmp_path):
    for i, resume in enumerate((str(broken.folder / LAST), "a", True)):
        result = run(small(), resume=resume, epochs=None, batch_size=None, name="a" if i == 0 else None)
        assert len(result.history) == 3
    with pytest.raises(ValueError, match="name is 'b'"):
        run(small(), resume=broken.folder, name="b")


@pytest.mark.parametrize(("option", "expected"), [
    ({"lr": 0.1}, "lr was 0.3 and is 0.1 now"), ({"seed": 1}, "seed was 0 and is 1"),
    ({"epochs": 1}, "is in its epoch 2 already"), ({"validation": 0.2}, "validation was 0.1"),
    ({"test_every_epoch": True}, "test_every_epoch was False"), ({"freeze": "conv"}, "freeze was None"),
    ({"layer_decay": 0.5}, "layer_decay was None and is 0.5 now"),
    ({"batch_size": 8}, "batch_size was 16"), ({"ema": 0.5}, "ema was 0.995"), ({"augment": "flip"}, "augment was"),
    ({"optimizer": "adam"}, "optimizer was 'sgd'"), ({"model": "mixnet_nano"}, "model was 'Small'"),
    ({"data": "patterns10", "lr": 0.2, "seed": 2}, "lr was 0.3 and is 0.2 now; seed was 0 and is 2 now"),
])  # fmt: skip
def test_a_resumed_run_refuses_another_recipe(broken, run, small, option, expected):
    before = content(broken)
    with pytest.raises(ValueError, match=expected):
        run(option.pop("model", None) or small(), resume=True, **{"epochs": 3, **option})
    assert content(broken) == before


def test_a_resumed_run_refuses_other_data_and_another_network(broken, run, small, tiny):
    images = tiny[0].images.copy()
    images[3, 1, 2, 2] ^= 1
    changed = Dataset(images, tiny[0].labels, tiny[0].classes, tiny[0].name, tiny[0].mean, tiny[0].std)
    with pytest.raises(ValueError, match="checksum differ"):
        run(small(), resume=True, epochs=3, data=(changed, tiny[1]))
    wider = small()
    wider.head = nn.Linear(8, 11)
    with pytest.raises(CheckpointError, match=r"(?s)last\.safetensors holds another network.*head\.weight"):
        run(wider, resume=True, epochs=3)


def test_a_finished_run_is_only_looked_at_again(run, small):
    result = run()
    again = run(small(), resume=True, pictures=True)
    assert content(again) == content(result) and again.history == result.history
    assert all((again.folder / name).exists() for name in ("curves.png", "confusion.png", "mistakes.png"))


def test_what_cannot_be_resumed(run, small, tmp_path):
    with pytest.raises(FileNotFoundError, match="no run in"):
        run(small(), resume=True, name=None)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        run(small(), resume="nowhere", name=None)
    result = run(small(), resume=True)  # by name, and there is nothing yet: from the beginning
    assert len(result.history) == 2
    with pytest.raises(CheckpointError, match="holds weights alone"):
        run(small(), resume=result.folder / BEST)
    damaged = bytearray(content(result))
    damaged[-1] ^= 1
    (result.folder / LAST).write_bytes(damaged)
    with pytest.raises(CheckpointError, match=r"last\.safetensors.*altered"):
        run(small(), resume=True)


def test_lines_that_the_checkpoint_does_not_know_are_cut_off(broken, run, small):
    file = broken.folder / "metrics.csv"
    file.write_text(file.read_text() + "3,15,0.1,9,9,9,9,9,9\n4,20,0.1,9,9,9,9,9,9\n")
    result = run(small(), resume=True, epochs=3)
    assert [line.split(",")[0] for line in file.read_text().splitlines()[1:]] == ["1", "2", "3"]
    assert result.history[2].train_loss != 9


# -- before any work --------------------------------------------------------------------------------------------------


def test_a_name_that_is_taken_is_refused_and_one_is_found(run, small):
    first = run()
    before = content(first)
    with pytest.raises(ValueError, match="there is a run in"):
        run()
    assert content(first) == before
    assert [run(name=None, epochs=1).folder.name for _ in range(2)] == ["Small-patterns10", "Small-patterns10-2"]


@pytest.mark.parametrize(("options", "expected"), [
    ({"model": "mixnet_nanno"}, "did you mean 'mixnet_nano'"), ({"lr": -1}, "lr"), ({"data": "cifar"}, "did you mean cifar10"),
    ({"data": (1, 2)}, "data: expected a name"), ({"log": "x.txt"}, "log"),
    ({"model_options": {"width": 2}}, "module was given"),
])  # fmt: skip
def test_a_refusal_leaves_no_folder_behind(run, tmp_path, options, expected):
    with pytest.raises((ValueError, TypeError), match=expected):
        run(options.pop("model", None), **options)
    assert not (tmp_path / "runs").exists()


def test_the_two_sets_must_belong_together(run, tiny):
    other = Dataset(tiny[1].images, tiny[1].labels, tuple("abcdefghij"), "other")
    with pytest.raises(ValueError, match="same classes"):
        run(data=(tiny[0], other))


def test_without_cifar_the_run_says_what_it_takes(run, small, tmp_path, monkeypatch):
    monkeypatch.setenv("MINIMIX_DATA", str(tmp_path))
    monkeypatch.setattr("minimix.data.folders", lambda data_dir=None: [tmp_path])
    monkeypatch.setattr("minimix.data.patterns10", lambda split, size=None, seed=0: patterns10(split, 32, seed))
    with open(tmp_path / "log.txt", "w") as file:
        result = run(data="auto", epochs=1, log=file)
    assert result.config.data == "patterns10" and "Using patterns10" in (tmp_path / "log.txt").read_text()
    assert len(run(small(), data="auto", resume=True, epochs=1).history) == 1


# -- divergence -------------------------------------------------------------------------------------------------------


def test_a_weight_that_is_no_number_stops_the_run_and_keeps_the_last_good_checkpoint(run, small, tmp_path):
    model, good, last = small(), [], tmp_path / "runs" / "a" / LAST

    def poison(epoch):
        good.append(last.read_bytes())
        model.head.weight.data[0, 0] = np.nan

    with pytest.raises(
        Diverged, match=r"(?s)the loss is nan in epoch 2, step 5.*head\.weight holds NaN.*a lower learning rate"
    ):
        run(model, on_epoch=poison)
    assert last.read_bytes() == good[0]
    assert checkpoint.load(last)[1]["position"]["epoch"] == 1


def test_a_weight_that_went_bad_in_the_last_step_is_not_saved(run, small, monkeypatch, tmp_path):
    from minimix.train import loop

    def spoiling(state, *inputs):
        found = step(state, *inputs)
        if state.step == 2:
            state.model.bn.running_var[0] = np.inf
        return found

    step = loop.step
    monkeypatch.setattr(loop, "step", spoiling)
    with pytest.raises(Diverged, match=r"bn\.running_var holds NaN or infinity in epoch 1, step 3,"):
        run(save_every=1e-9)
    assert checkpoint.load(tmp_path / "runs" / "a" / LAST)[1]["position"]["step"] == 2


@pytest.mark.parametrize("validation, which, step", [(0.1, "validation", 4), (0, "test", 5)])
def test_a_loss_that_is_no_number_in_evaluation_stops_too(run, small, tmp_path, validation, which, step):
    class Odd(type(small())):
        def forward(self, x):
            return super().forward(x) * np.float32(1 if self.training else np.nan)

    expected = rf"(?s)loss on the {which} images is nan in epoch 1, step {step},.*output of the model \(Odd\)"
    with pytest.raises(Diverged, match=expected):
        run(Odd(), validation=validation, epochs=1)
    assert checkpoint.load(tmp_path / "runs" / "a" / LAST)[1]["position"]["step"] == (0 if validation else step)


def test_a_rate_that_is_far_too_high_ends_in_the_explanation(run):
    with pytest.raises(Diverged, match="learning rate"):
        run(lr=1e30, schedule="constant")


# -- from Python ------------------------------------------------------------------------------------------------------


def test_train_is_a_function_and_a_package():
    import importlib

    import minimix.train.loop as loop

    assert callable(mm.train) and mm.train.load_model is load_model
    assert loop is importlib.import_module("minimix.train.loop") and callable(mm.train)
