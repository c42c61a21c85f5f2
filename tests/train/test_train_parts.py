"""The small parts of training, each on its own."""

import io
import signal
import threading

import numba
import numpy as np
import pytest
from threadpoolctl import threadpool_info

import minimix as mm
from minimix import nn
from minimix.data import patterns10
from minimix.train import metrics, progress, stop
from minimix.train.compiling import watched
from minimix.train.diverged import bad_arrays, explain
from minimix.train.evaluation import evaluate
from minimix.train.limits import limited
from minimix.train.metrics import Epoch
from minimix.train.stop import Stop, listening

# -- metrics ----------------------------------------------------------------------------------------------------------

HISTORY = [Epoch(i, 10 * i, 0.1 / 3, 2.0, 0.1, 1.9, 0.2, seconds=1.5 * i, images_per_second=100.0) for i in (1, 2, 3)]


def test_metrics_come_back_to_the_bit(tmp_path):
    metrics.write(tmp_path / "m.csv", HISTORY)
    assert metrics.with_timing([epoch.without_timing() for epoch in HISTORY], tmp_path / "m.csv") == HISTORY
    assert (tmp_path / "m.csv").read_text().splitlines()[1] == "1,10,0.03333333333333333,2.0,0.1,1.9,0.2,,,1.5,100.0"


@pytest.mark.parametrize("content", [None, "", "epoch,step\n1,2\n", "epoch,seconds,images_per_second\nx,y,z\n", "\0"])
def test_a_bad_file_of_metrics_adds_nothing(tmp_path, content):
    if content is not None:
        (tmp_path / "m.csv").write_text(content)
    bare = [epoch.without_timing() for epoch in HISTORY]
    assert metrics.with_timing(bare, tmp_path / "m.csv") == bare


def test_only_timings_are_taken_from_the_file_and_only_of_known_epochs(tmp_path):
    metrics.write(tmp_path / "m.csv", HISTORY)
    merged = metrics.with_timing([Epoch(2, 99, 0.5, 9.0, 0.9, 9.0, 0.9)], tmp_path / "m.csv")
    assert merged == [Epoch(2, 99, 0.5, 9.0, 0.9, 9.0, 0.9, seconds=3.0, images_per_second=100.0)]


# -- evaluation -------------------------------------------------------------------------------------------------------


class Known(nn.Module):
    """Answers the class that is written in the first pixel."""

    def __init__(self):
        super().__init__()
        self.seen, self.recorded = [], []

    def forward(self, x):
        self.seen.append((self.training, len(x)))
        self.recorded.append(mm.is_grad_enabled())
        said = np.rint(x.data[:, 0, 0, 0] * 255).astype(int)
        return mm.Tensor(np.where(np.arange(3) == said[:, None], np.float32(np.log(8)), np.float32(0)))


def small_set(said, labels):
    images = np.zeros((len(said), 3, 4, 4), np.uint8)
    images[:, 0, 0, 0] = said
    return mm.data.Dataset(images, np.array(labels), ("a", "b", "c"), "small", mean=(0, 0, 0), std=(1, 1, 1))


def test_evaluation_counts_rightly():
    dataset = small_set([0, 1, 2, 1, 1], [0, 1, 2, 2, 0])
    found = evaluate(Known(), dataset, batch_size=2)
    assert found.accuracy == 3 / 5
    np.testing.assert_array_equal(found.predictions, [0, 1, 2, 1, 1])
    np.testing.assert_array_equal(found.confusion, [[1, 1, 0], [0, 1, 0], [0, 1, 1]])
    np.testing.assert_allclose(found.confidence, 0.8)  # 8 / (8 + 1 + 1)
    assert found.loss == pytest.approx((3 * np.log(10 / 8) + 2 * np.log(10)) / 5, rel=1e-6)


def test_evaluation_changes_nothing_in_the_model(small):
    model, dataset = small(), patterns10("test", size=20)
    model.bn.eval()
    state = {name: array.copy() for name, array in model.state_dict().items()}
    draws = mm.rng.generator().bit_generator.state
    evaluate(model, dataset, 8)
    assert [m.training for m in model.modules()] == [m is not model.bn for m in model.modules()]
    assert all((array == state[name]).all() for name, array in model.state_dict().items())
    assert mm.rng.generator().bit_generator.state == draws


def test_evaluation_is_in_evaluation_mode_without_recording_also_when_it_fails():
    model = Known()
    with pytest.raises(KeyError):
        evaluate(model, small_set([0] * 5, [0] * 5), 2, on_batch=lambda done: {}[done])
    assert model.training and mm.is_grad_enabled()
    assert model.seen == [(False, 2)] and model.recorded == [False]


class Corners(mm.nn.Module):
    """Of (N, 3, 4, 4): the first three pixels of the first row are the logits."""

    def forward(self, x):
        return mm.Tensor(np.ascontiguousarray(x.data[:, 0, 0, :3]))


def test_with_tta_an_image_is_judged_by_the_mean_of_two():
    """Logits (0, 2, 1) and, of the mirror image, (6, 1, 2): class 1 alone, class 0 together."""
    images = np.zeros((3, 3, 4, 4), np.uint8)
    images[:, 0, 0] = 0, 2, 1, 6
    dataset = mm.data.Dataset(images, np.array([0, 1, 0]), ("a", "b", "c"), "two", mean=(0, 0, 0), std=(1 / 255,) * 3)
    alone, together = evaluate(Corners(), dataset, 2), evaluate(Corners(), dataset, 2, tta=True)
    assert (alone.accuracy, alone.alone) == (1 / 3, None)
    assert (together.accuracy, together.alone) == (2 / 3, 1 / 3)
    logits = np.array([3, 1.5, 1.5])
    probabilities = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(together.confidence, probabilities[0], rtol=1e-6)
    assert together.loss == pytest.approx(-np.log(probabilities[[0, 1, 0]]).mean(), rel=1e-6)
    np.testing.assert_array_equal(together.confusion, [[2, 0, 0], [1, 0, 0], [0, 0, 0]])
    with pytest.raises(TypeError, match="tta: expected True or False, not 'flip'"):
        evaluate(Corners(), dataset, tta="flip")


def test_evaluation_refuses_another_number_of_classes(small):
    with pytest.raises(ValueError, match="num_classes=3"):
        evaluate(small(), small_set([0], [0]))
    with pytest.raises(TypeError, match="dataset"):
        evaluate(small(), [1, 2])


# -- threads ----------------------------------------------------------------------------------------------------------


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_limits_hold_and_are_lifted_also_after_an_error():
    np.ones((4, 4)) @ np.ones((4, 4))
    before = mm.get_num_threads(), blas_threads()
    with pytest.raises(KeyError), limited(3):
        assert mm.get_num_threads() == 3 and set(blas_threads()) <= {1}
        raise KeyError
    assert (mm.get_num_threads(), blas_threads()) == before
    with limited():
        assert mm.get_num_threads() == before[0]


# -- stopping ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_first_signal_asks_and_the_second_has_its_usual_effect(name):
    number, came = getattr(signal, name), []
    before = signal.signal(number, lambda *_: came.append(name))
    try:
        with listening() as request:
            request.check()
            signal.raise_signal(number)
            assert request.signal == name and not came
            with pytest.raises(Stop, match=name):
                request.check()
            signal.raise_signal(number)
            assert came == [name]
        signal.raise_signal(number)
        assert came == [name, name], "the former handler is back"
    finally:
        signal.signal(number, before)


def test_a_signal_is_answered_with_what_is_under_way(capfd):
    for line in (stop.BEFORE, stop.STEP, stop.COMPILER, stop.DRAWING):
        with listening() as request:
            request.answer = lambda line=line: line
            signal.raise_signal(signal.SIGINT)
        assert capfd.readouterr().err == f"\n{line}\n"


def test_another_thread_leaves_the_signals_alone():
    before, found = signal.getsignal(signal.SIGINT), []

    def listen():
        with listening() as request:
            found.append((signal.getsignal(signal.SIGINT), request.signal))

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert found == [(before, "")]


# -- divergence -------------------------------------------------------------------------------------------------------


class Overflow(nn.Module):
    def forward(self, x):
        return x * np.float32(1e38) * np.float32(1e38)


def network():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.BatchNorm2d(4), Overflow()), nn.ReLU(), nn.GlobalAvgPool2d())


IMAGES = np.random.default_rng(0).standard_normal((4, 3, 8, 8)).astype(np.float32)


def message(model, images=IMAGES, **options):
    return str(explain(model, images, "the loss is nan", epoch=2, step=30, lr=0.3, **options))


def test_the_first_layer_with_a_bad_output_is_named():
    model = network()
    state = {name: array.copy() for name, array in model.state_dict().items()}
    text = message(model, checkpoint="runs/a/last.safetensors")
    assert "output of 1.1 (Overflow)" in text and "all weights are finite" in text
    for part in (
        "loss is nan",
        "epoch 2",
        "step 30",
        "learning rate 0.3",
        "a lower learning rate (0.1)",
        "runs/a/last.safetensors",
    ):
        assert part in text
    assert all((array == state[name]).all() for name, array in model.state_dict().items())
    assert not any("forward" in vars(module) for module in model.modules()) and model.training


def test_bad_weights_are_named_before_layers():
    model = network()
    model[0].weight.data[0, 0, 0, 0] = np.inf
    assert "0.weight holds NaN or infinity" in message(model)


def test_bad_images_are_named_and_nothing_is_blamed_falsely():
    assert "in the images" in message(network(), np.full_like(IMAGES, np.nan))
    fine = nn.Sequential(nn.Conv2d(3, 4, 3))
    assert "every layer's output is finite" in message(fine)


def test_a_layer_that_is_bad_in_evaluation_only():
    model = nn.Sequential(nn.BatchNorm2d(3), nn.ReLU())
    model[0].running_var[:] = 0
    model[0].eps = 0.0
    assert "every layer's output is finite" in message(model)
    assert "output of 0 (BatchNorm2d)" in message(model, training=False)
    assert all(module.training for module in model.modules())


def test_bad_arrays_looks_at_floats_only():
    assert bad_arrays({"a": np.array([np.nan]), "b": np.array([1]), "c": np.array([True]), "d": np.array(-np.inf)}) == [
        "a",
        "d",
    ]


# -- compiling --------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_compilations_are_told_once_each_helpers_included():
    @numba.njit
    def helper(x):
        return x + 1

    @numba.njit
    def outer(x):
        return helper(x) * 2

    names, running = [], []
    with watched(lambda name: (names.append(name), running.append(compilations.running))) as compilations:
        assert outer(3) == 8 and outer(4) == 10
    assert names == ["outer"] and compilations.count == 1 and compilations.seconds > 0
    assert running == [1] and compilations.running == 0
    outer(1.5)
    assert compilations.count == 1, "nobody listens any more"


# -- progress ---------------------------------------------------------------------------------------------------------


class FakeLoop:
    class state:
        batch = 3

    batches = range(10)

    def place(self):
        return "2/5  30 %"

    def running(self):
        return 1.25, 0.5

    def speed(self):
        return 1000.4

    def spent(self):
        return 61

    def left(self):
        return 3725


def test_rows_stand_under_their_headings():
    text = progress.row("3/5", (1.5, 0.25), (1.25, 1.0), 1234.5, 75, None)
    assert text.split() == ["3/5", "1.5000", "25.00%", "1.2500", "100.00%", "1234", "1:15"]
    ends = [progress.HEADER.index(name) + len(name) for name in ("epoch", "train loss", "val. loss", "images/s", "time")]
    assert [text[:end].split()[-1] for end in ends] == ["3/5", "1.5000", "1.2500", "1234", "1:15"]
    assert len(progress.HEADER) <= 80


def test_plain_lines_are_whole_and_rare(monkeypatch):
    file = io.StringIO()
    with progress.reporter(file) as report:
        for name in ("a", "b"):
            report.compiling(name)
        report.step(FakeLoop())  # too early for another line
        monkeypatch.setattr(progress, "LINE", -1)
        report.step(FakeLoop())
        report.row("row")
        report.table("Done", [("accuracy", "90 %"), ("wall time", "1:00")])
    lines = file.getvalue().splitlines()
    assert lines[0].startswith("Compiling") and lines[1] == progress.HEADER
    assert lines[2].split() == ["2/5", "30", "%", "1.2500", "50.00%", "1000", "1:01", "1:02:05"]
    assert lines[3:] == ["row", "", "Done", "  accuracy   90 %", "  wall time  1:00"]
    assert "\r" not in file.getvalue() and "\x1b" not in file.getvalue() and file.getvalue().isascii()


def test_where_nothing_is_kept_for_validation_there_are_no_columns_for_it():
    from rich.console import Console

    text = progress.row("3/5", (1.5, 0.25), (None, None), 1234.5, 75, None)
    plain, console = io.StringIO(), Console(file=io.StringIO(), force_terminal=True, width=40, color_system=None)
    with progress.reporter(plain) as lines, progress.Terminal(console) as moving:
        for report in (lines, moving):
            report.judged = False
            report.row(text)
    for written in (plain.getvalue(), console.file.getvalue()):
        assert "val. loss" not in written and written.count("accuracy") == 1 and "1234" in written
    heading, below = plain.getvalue().splitlines()
    assert len(heading[: heading.index("images/s") + 8]) == len(below[: below.index("1234") + 4])


def test_a_long_compilation_gives_signs_of_life(monkeypatch):
    monkeypatch.setattr(progress, "LINE", -1)
    file = io.StringIO()
    with progress.reporter(file) as report:
        for name in "abc":
            report.compiling(name)
    assert file.getvalue().splitlines()[1:] == ["Still compiling: kernel 2, b.", "Still compiling: kernel 3, c."]


def test_the_moving_line_is_drawn_a_few_times_a_second_at_most():
    from rich.console import Console

    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with progress.Terminal(console) as report:
        before = threading.active_count()
        report.note("hello [not markup]")
        for _ in range(1000):
            report.step(FakeLoop())
        report.row("row")
        report.table("Done", [("accuracy", "90 %")])
        assert threading.active_count() == before, "no thread of its own"
    text = console.file.getvalue()
    assert 1 <= text.count("1000 images/s") <= 6
    assert "hello [not markup]" in text and "1:02:05 left" in text and "loss 1.2500" in text and "row" in text


def test_what_log_may_be(capsys):
    with progress.reporter(False) as report:
        report.note("x")
        report.table("y", [])
    assert capsys.readouterr().out == ""
    with progress.reporter(True) as report:
        report.note("x")
    assert capsys.readouterr().out == "x\n"
    with pytest.raises(TypeError, match="log"):
        progress.reporter("file.txt")
