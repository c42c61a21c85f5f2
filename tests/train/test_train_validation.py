"""What is kept for judging, and what is chosen by it: never by the test images."""

import json

import numpy as np
import pytest

from minimix.data import Dataset
from minimix.train import CheckpointError, checkpoint, load_model, loop, read_metrics
from minimix.train import evaluate as measure
from minimix.train.metrics import rank
from minimix.train.split import held_out, split

LAST, BEST = "last.safetensors", "best.safetensors"


def labelled(counts):
    """So many images of each class, in a mixed order; each image says which one it is."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    images = np.zeros((len(labels), 3, 2, 2), np.uint8)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = np.arange(len(labels)) % 256, np.arange(len(labels)) // 256
    return Dataset(images, labels, tuple(map(str, range(len(counts)))), "labelled", (0, 0, 0), (1, 1, 1))


def numbers(dataset):
    return (dataset.images[:, 0, 0, 0].astype(int) + 256 * dataset.images[:, 0, 0, 1].astype(int)).tolist()


# -- the split --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("counts", "share", "kept"), [
    ((50, 50, 50), 0.1, (5, 5, 5)), ((20, 20, 20), 0.1, (2, 2, 2)), ((100, 10), 0.1, (10, 1)), ((10, 0, 30), 0.2, (2, 0, 6)),
    ((15, 15), 0.1, (2, 1)), ((5, 5, 5), 0.1, (1, 1, 0)), ((1, 1, 8), 0.5, (0, 0, 5)), ((2, 2), 0.99, (1, 1)),
    ((3,), 0.1, (1,)), ((1, 1), 0.5, (0, 0)), ((1,), 0.1, (0,)), ((40, 40), 0, (0, 0)),
])  # fmt: skip
def test_each_class_gives_its_share(counts, share, kept):
    dataset = labelled(counts)
    training, validation = split(dataset, share, 0)
    if not sum(kept):
        assert validation is None and training is dataset
        return
    assert np.bincount(validation.labels, minlength=len(counts)).tolist() == list(kept)
    assert sorted(numbers(training) + numbers(validation)) == list(range(len(dataset))), "no image twice, none lost"
    assert (training.mean, training.classes, validation.std) == (dataset.mean, dataset.classes, dataset.std)


def test_a_seed_makes_the_split_and_nothing_else_does():
    labels = np.arange(100) * 7 % 5 // 2  # 40, 40 and 20 of a class
    first = held_out(labels, 3, 0.2, 7)
    np.testing.assert_array_equal(first, held_out(labels, 3, 0.2, 7))
    assert held_out(labels, 3, 0.2, 8).tolist() != first.tolist() and (np.diff(first) > 0).all()
    assert held_out(labels, 3, 0.2, 7).tolist() == [
        1,
        8,
        10,
        27,
        31,
        32,
        55,
        64,
        67,
        69,
        71,
        76,
        77,
        80,
        85,
        88,
        91,
        93,
        95,
        96,
    ]


# -- the choice -------------------------------------------------------------------------------------------------------


@pytest.fixture
def looks(monkeypatch):
    """How many images were looked at in each evaluation."""
    seen, real = [], loop.evaluate

    def counting(model, dataset, *inputs, **options):
        seen.append(len(dataset))
        return real(model, dataset, *inputs, **options)

    monkeypatch.setattr(loop, "evaluate", counting)
    return seen


def test_the_best_epoch_is_chosen_on_validation_images_and_the_test_images_are_seen_once(run, small, tiny, looks):
    result = run(epochs=4, lr=0.5)
    assert looks == [8, 8, 8, 8, 40]
    assert result.chosen == max(result.history, key=rank).epoch and result.best == result.history[result.chosen - 1]
    assert [epoch.test_accuracy is not None for epoch in result.history] == [e.epoch == result.chosen for e in result.history]
    found = measure(result.model, tiny[1], 16)
    assert (result.accuracy, result.best.test_loss) == (found.accuracy, found.loss)
    assert measure(load_model(result.folder, small()).model, split(tiny[0], 0.1, 0)[1], 16).accuracy == result.best_accuracy
    assert read_metrics(result.folder) == result.history
    arrays, _ = checkpoint.load(result.folder / LAST)
    assert result.chosen == 4 or not np.array_equal(arrays["ema/average/head.weight"], result.model.head.weight.data)


def test_test_images_change_nothing_but_their_own_figures(run, tiny):
    shuffled = Dataset(tiny[1].images[::-1].copy(), tiny[1].labels, tiny[1].classes, tiny[1].name, tiny[1].mean, tiny[1].std)
    one, other = run(name="one"), run(name="other", data=(tiny[0], shuffled))
    arrays = [checkpoint.load(result.folder / BEST)[0] for result in (one, other)]
    assert one.chosen == other.chosen and all((arrays[0][name] == arrays[1][name]).all() for name in arrays[0])


def test_no_validation_image_is_trained_on_and_all_others_are(run, monkeypatch):
    dataset = labelled((20, 20, 20))
    dataset = Dataset(
        np.repeat(np.repeat(dataset.images, 16, 2), 16, 3), dataset.labels, tuple("0123456789"), "", (0, 0, 0), (1, 1, 1)
    )
    shown, real = set(), loop.step

    def noting(state, images, labels, *rest):
        pixels = images[:, 0, 0, 0] * dataset.std[0] + dataset.mean[0]
        shown.update(np.rint(pixels * 255).astype(int).tolist())
        return real(state, images, labels, *rest)

    monkeypatch.setattr(loop, "step", noting)
    run(data=dataset, batch_size=6, augment="none", epochs=1)
    kept = held_out(dataset.labels, 10, 0.1, 0)
    assert shown == set(range(60)) - set(kept.tolist()) and len(kept) == 6


def test_without_validation_all_images_are_trained_on_and_the_last_epoch_is_kept(run, small, tiny, looks):
    result = run(validation=0, epochs=3)
    assert looks == [40] and result.history[-1].step == 3 * 5 and result.chosen == 3
    assert [epoch.validation_accuracy for epoch in result.history] == [None] * 3 and result.best_accuracy is None
    best, last = load_model(result.folder, small()), load_model(result.folder / LAST, small())
    for name, array in best.model.state_dict().items():
        np.testing.assert_array_equal(array, last.model.state_dict()[name])
    assert measure(best.model, tiny[1], 16).accuracy == result.accuracy and best.accuracy is None


def test_without_test_images_nothing_is_said_of_them(run, tiny, looks):
    for data in (tiny[0], (tiny[0], None)):
        result = run(data=data, name=None, pictures=True)
        assert result.accuracy is None and result.best_accuracy is not None and set(looks) == {8}
        assert (result.folder / "confusion.png").exists()
    alone = run(data=tiny[0], validation=0, name="neither", pictures=True)
    assert alone.accuracy is alone.best_accuracy is None and set(looks) == {8}
    assert sorted(path.name for path in alone.folder.glob("*.png")) == ["curves.png"]


def test_looking_at_the_test_images_each_epoch_changes_nothing_else(run, looks):
    often, once = run(name="often", test_every_epoch=True), run(name="once")
    assert looks == [8, 40, 8, 40, 40, 8, 8, 40]
    assert all(epoch.test_accuracy is not None for epoch in often.history) and often.best == often.history[often.chosen - 1]
    assert (often.accuracy, often.chosen) == (once.accuracy, once.chosen)
    arrays = [checkpoint.load(result.folder / BEST)[0] for result in (often, once)]
    assert all((arrays[0][name] == arrays[1][name]).all() for name in arrays[0])


def test_the_log_and_the_configuration_say_so(run, tmp_path):
    with open(tmp_path / "log.txt", "w") as file:
        result = run(log=file)
    text = (tmp_path / "log.txt").read_text()
    assert "72 training, 8 validation and 40 test images" in text and "val. loss" in text
    assert "chosen by 8 images: one of them more or less is 12.5%" in text
    assert f"{result.accuracy:.2%}, with the weights of epoch {result.chosen}" in text
    assert f"{result.chosen}, with {result.best_accuracy:.2%} of the validation images" in text
    assert json.loads((result.folder / "config.json").read_text())["config"]["validation"] == 0.1


def test_a_stop_while_the_test_images_are_looked_at_is_made_good(run, small, monkeypatch):
    import signal

    whole, real = run(name="whole"), loop.evaluate

    def interrupting(model, dataset, *inputs, **options):
        if len(dataset) == 40:
            signal.raise_signal(signal.SIGINT)
        return real(model, dataset, *inputs, **options)

    monkeypatch.setattr(loop, "evaluate", interrupting)
    stopped = run()
    assert stopped.stopped_by == "SIGINT" and stopped.accuracy is None and len(stopped.history) == 2
    monkeypatch.undo()
    again = run(small(), resume=True)
    for name in (LAST, BEST):
        assert (again.folder / name).read_bytes() == (whole.folder / name).read_bytes()


# -- best.safetensors is lost -----------------------------------------------------------------------------------------


def lose(path, how):
    path.unlink() if how == "missing" else path.write_bytes(path.read_bytes()[:-7])


@pytest.mark.parametrize("how", ["missing", "truncated"])
def test_a_lost_best_is_told_and_replaced_when_the_run_goes_on(run, small, tmp_path, how):
    first = run(epochs=3, on_epoch=lambda epoch: epoch.epoch == 1)
    lose(first.folder / BEST, how)
    with open(tmp_path / "log.txt", "w") as file:
        result = run(small(), epochs=3, resume=True, log=file)
    text = (tmp_path / "log.txt").read_text()
    assert BEST in text and how in text and "from here on" in text
    assert result.chosen == max(result.history[1:], key=rank).epoch
    assert load_model(result.folder, small()).epoch == result.chosen


@pytest.mark.parametrize("how", ["missing", "truncated"])
def test_a_lost_best_of_a_finished_run_is_told_and_the_last_epoch_used(run, small, tmp_path, how):
    lose(run(epochs=3).folder / BEST, how)
    with pytest.warns(UserWarning, match=rf"(?s)best\.safetensors.*Using .*{LAST} instead, the weights after 3 whole epochs"):
        trained = load_model(tmp_path / "runs" / "a", small())
    assert trained.path.name == LAST
    with open(tmp_path / "log.txt", "w") as file:
        result = run(small(), epochs=3, resume=True, log=file)
    assert "The weights of the last epoch are used" in (tmp_path / "log.txt").read_text() and result.chosen == 3
    for name, array in load_model(result.folder, small()).model.state_dict().items():
        np.testing.assert_array_equal(array, trained.model.state_dict()[name])


def test_what_is_used_in_place_of_it_must_be_whole_and_a_file_that_was_asked_for_is_refused(run, small):
    folder = run(epochs=1).folder
    lose(folder / BEST, "truncated")
    with pytest.raises(CheckpointError, match=r"best\.safetensors"):
        load_model(folder / BEST, small())
    lose(folder / LAST, "truncated")
    with pytest.raises(CheckpointError, match=r"last\.safetensors"):
        load_model(folder, small())
    (folder / LAST).unlink()
    with pytest.raises(CheckpointError, match=r"best\.safetensors"):
        load_model(folder, small())


# -- runs of older versions -------------------------------------------------------------------------------------------


def older(folder):
    """The run's files as they were before there were validation images."""
    for name in (LAST, BEST):
        arrays, state = checkpoint.load(folder / name)
        for field in ("validation", "test_every_epoch", "patience", "from_", "freeze", "layer_decay"):
            del state["recipe"][field]
        state.pop("frozen", None)
        for epoch in state["history"]:
            for kind in ("loss", "accuracy"):
                del epoch[f"validation_{kind}"]
                epoch[f"test_{kind}"] = 0.5
        checkpoint.save(folder / name, arrays, state)


def test_an_older_run_goes_on_and_says_what_is_different(run, small, tmp_path):
    older(run(epochs=3, validation=0, on_epoch=lambda epoch: epoch.epoch == 2).folder)
    assert load_model(tmp_path / "runs" / "a", small()).accuracy == 0.5
    with pytest.raises(ValueError, match=r"validation was 0\.0 and is 0\.1 now"):
        run(small(), epochs=3, resume=True, validation=0.1)
    with open(tmp_path / "log.txt", "w") as file:
        result = run(small(), epochs=3, resume=True, log=file)
    assert "older version" in (tmp_path / "log.txt").read_text()
    assert [epoch.test_loss == 0.5 for epoch in result.history] == [True, True, False] and result.chosen == 3


def test_a_run_with_muon_of_before_biases_had_a_rate_goes_on(run, small):
    """CIFAR-10's default had one rate for all that SGD moves, and images were judged alone."""
    first = run(epochs=3, optimizer="muon", on_epoch=lambda epoch: True)
    path = first.folder / "last.safetensors"
    arrays, state = checkpoint.load(path)
    for name in ("bias_rate", "tta"):
        del state["recipe"][name]
    checkpoint.save(path, arrays, state)
    result = run(small(), epochs=3, resume=True)
    assert len(result.history) == 3 and (result.config.bias_rate, result.config.tta) == (1, False)
    whole = run(small(), name="whole", epochs=3, optimizer="muon")
    assert [epoch.train_loss for epoch in result.history] == [epoch.train_loss for epoch in whole.history]
