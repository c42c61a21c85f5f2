"""The benchmarks measure what they say: no time is tested here, only what is run, in which order, and what is made of it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numba.core import config

import minimix as mm
from minimix.models.mixnet import NETWORKS
from minimix.models.variations import unroll

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))  # as python -m does

from benchmarks import at_once, avx2, common, inference, layers, reading, recipe, revisions, training, versus, workloads  # noqa: E402

# -- versus: two copies -------------------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with two commits, v1 and HEAD, and a change that is not committed."""
    if shutil.which("git") is None:
        pytest.skip("there is no git here")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setattr(revisions.tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    root = tmp_path / "a folder"

    def git(*words):
        who = ("-c", "user.name=A", "-c", "user.email=a@b", "-c", "core.autocrlf=false")
        subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)

    def write(**texts):
        for name, text in texts.items():
            (root / name).mkdir(parents=True, exist_ok=True)
            (root / name / "__init__.py").write_text(text)

    root.mkdir()
    git("init", "--quiet")
    write(other="")
    git("add", ".")
    git("commit", "-m", "empty")
    git("tag", "v0")
    write(minimix="one", benchmarks="old")
    git("add", ".")
    git("commit", "-m", "the first")
    git("tag", "v1")
    write(minimix="two", benchmarks="today's")
    git("commit", "--all", "-m", "the second")
    write(minimix="three")
    return root


def test_the_copies_are_the_revision_and_what_is_here(repository):
    with revisions.copies("v1", repository) as copies:
        read = {side: {p.parent.name: p.read_text() for p in one.folder.rglob("*.py")} for side, one in copies.items()}
        assert read["base"] == {"minimix": "one", "benchmarks": "today's"}
        assert read["new"] == {"minimix": "three", "benchmarks": "today's"}
        assert copies["base"].title.endswith("(the first)") and copies["new"].title.endswith("(the second) with changes")
        assert copies["base"].cache != copies["new"].cache
    assert not any(Path(revisions.tempfile.tempdir).iterdir())
    assert (repository / "minimix" / "__init__.py").read_text() == "three"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_the_copies_go_after_an_error_too(repository, error):
    with pytest.raises(error), revisions.copies("HEAD~1", repository):
        raise error
    assert not any(Path(revisions.tempfile.tempdir).iterdir())
    worktrees = subprocess.run(["git", "worktree", "list"], cwd=repository, capture_output=True, text=True).stdout
    assert len(worktrees.splitlines()) == 1


@pytest.mark.parametrize("revision", ["nothing", "", "--help", "v1:minimix", "0123456789abcdef0123456789abcdef01234567"])
def test_an_unknown_revision_is_refused(repository, revision):
    with pytest.raises(SystemExit, match="unknown revision .*Expected a commit"), revisions.copies(revision, repository):
        pass


def test_what_else_is_missing_is_named(repository, monkeypatch):
    with pytest.raises(SystemExit, match="v0 has no folder minimix"), revisions.copies("v0", repository):
        pass
    with pytest.raises(SystemExit, match="not a Git repository"), revisions.copies("v1", repository.parent):
        pass
    monkeypatch.setattr(revisions.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="git was not found"), revisions.copies("v1", repository):
        pass


# -- versus: turns ------------------------------------------------------------------------------------------------------


def test_base_and_new_take_turns_and_kernels_are_compiled_before(monkeypatch):
    done = []
    monkeypatch.setattr(versus, "_process", lambda run, copy, seconds, cache: done.append(("warm", copy.title)))

    def measured(run, copy, seconds):
        done.append((run.threads, copy.title))
        return {run.title: {"base": 30.0, "new": 20.0}[copy.title] / run.threads}

    monkeypatch.setattr(versus, "measured", measured)
    copies = {side: revisions.Copy(side, ROOT, ROOT) for side in versus.SIDES}
    rows = versus.compare(copies, versus.RUNS[:2], 2, 0)
    assert done[:4] == [("warm", "base"), ("warm", "new")] * 2
    assert done[4:] == [(1, "base"), (1, "new"), (2, "base"), (2, "new"), (1, "new"), (1, "base"), (2, "new"), (2, "base")]
    assert rows[versus.WITHIN[0][0]] == {"base": [2.0, 2.0], "new": [2.0, 2.0]}
    said = versus.report(rows, {"base": "old", "new": "young"}).splitlines()
    assert said[:2] == ["base: old", "new: young"]
    assert any(line.split()[-4:] == ["30.00", "20.00", "1.50", "1.50..1.50"] for line in said)
    assert said[-1].split()[-2:] == ["2.00", "2.00"]  # a ratio itself


def test_each_row_can_be_asked_for_alone():
    over = [run for run in versus.RUNS if any("two threads over one" in row for row in versus.rows_of(run))]
    assert [(run.model, run.batch, run.threads) for run in over] == [("mixnet_nano", 128, 1), ("mixnet_nano", 128, 2)]
    folded = [run.kind for run in versus.RUNS if any("unfolded over folded" in row for row in versus.rows_of(run))]
    assert folded == ["predict", "predict folded"]


def test_versus_reports_medians_and_how_far_turns_are_apart():
    rows = {"a step, ms": {"base": [10.0, 30.0, 20.0], "new": [10.0, 10.0, 5.0]}}
    assert versus.report(rows, dict.fromkeys(versus.SIDES, "")).splitlines()[-1].split() == [
        "a", "step,", "ms", "20.00", "10.00", "2.00", "1.00..4.00",
    ]  # fmt: skip


def test_versus_measures_the_copy_it_stands_in(monkeypatch, tmp_path):
    monkeypatch.chdir(Path(mm.__file__).parents[1])
    found = versus.worker("train", "mixnet_nano", 32, 2, 1, None)
    assert found["first"] > 0
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="not from the copy in"):
        versus.worker("train", "mixnet_nano", 32, 2, 1, None)


def test_what_versus_can_be_asked(monkeypatch, capsys):
    for words, message in (
        (["HEAD", "--only", "no such row"], "expected a part of one of"),
        (["HEAD", "--turns", "0"], "expected 1 or more"),
        ([], "REV"),
    ):
        monkeypatch.setattr(sys, "argv", ["versus", *words])
        with pytest.raises(SystemExit):
            versus.main()
        assert message in capsys.readouterr().err


# -- processes ----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="groups of processes")
def test_nothing_that_was_started_outlives_an_interrupt():
    sleep = "import time; time.sleep(60)"
    child = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {sleep!r}]).pid, flush=True); {sleep}"
    with pytest.raises(KeyboardInterrupt), common.process([sys.executable, "-c", child], stdout=subprocess.PIPE) as running:
        pid = int(running.stdout.readline())
        raise KeyboardInterrupt
    assert running.returncode is not None
    for _ in range(200):  # who inherits it must notice
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
        if not state or state.startswith("Z"):
            break
        time.sleep(0.05)
    assert not state or state.startswith("Z")


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_a_benchmark_as_an_error_does(tmp_path, name):
    code = (
        "import tempfile, time; from benchmarks import common; common.end_tidily()\n"
        f"with tempfile.TemporaryDirectory(dir={str(tmp_path)!r}): print('ready', flush=True); time.sleep(60)"
    )
    with common.process([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout.readline() == "ready\n" and any(tmp_path.iterdir())
        running.send_signal(getattr(signal, name))
        assert f"stopped by {name}" in running.communicate()[1] and running.returncode
    assert not any(tmp_path.iterdir())


def test_a_worker_that_fails_says_why():
    with pytest.raises(SystemExit, match="(?s)json.tool.* failed"):
        common.run_worker("json.tool", ["no such file"], 1)


def test_what_disturbs_is_not_handed_on(monkeypatch):
    monkeypatch.setenv("MINIMIX_TIME_OPS", "1")
    found = common.surroundings(3, "somewhere", {"NUMBA_CPU_NAME": "x"})
    assert "MINIMIX_TIME_OPS" not in found and found["OMP_NUM_THREADS"] == "3"
    assert found["NUMBA_CACHE_DIR"] == "somewhere" and found["NUMBA_CPU_NAME"] == "x"


def test_two_at_once_fail_with_the_one_that_fails():
    command = [sys.executable, "-c", "print('something else')"]
    with pytest.raises(SystemExit, match="something else"), common.process(command, stdout=subprocess.PIPE) as running:
        at_once._expect("ready", running)


def test_two_at_once_are_held_against_one_after_the_other(monkeypatch):
    monkeypatch.setattr(at_once, "spent", lambda processes, *how: {1: 2.0, 2: 5.0}[processes])
    assert at_once.ratio(2, 30) == 5 / 4


@pytest.mark.skipif(not avx2.differs() or bool(config.DISABLE_JIT), reason="no AVX-512 here, or nothing compiled")
def test_the_column_for_avx2_is_measured_with_avx2():
    code = "from minimix.info import vectors_used; print(vectors_used())"
    said = {}
    for name, variables in (("own", {}), ("avx2", avx2.VARIABLES)):
        environment = common.surroundings(1, variables=variables)
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
        )
        said[name] = done.stdout.strip()
    assert not avx2.wide(said["avx2"]) and "256 bits" in said["avx2"]


# -- peers and rows -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mixnet_nano", "mixnet_s"])
def test_the_peer_is_the_same_network(name):
    torch = pytest.importorskip("torch")
    from benchmarks import torch_mixnet

    ours = mm.models.create(name).eval()
    peer = torch_mixnet.create(name, workloads.rows_of(name)).eval()
    peer.load_state_dict({key: torch.tensor(value) for key, value in ours.state_dict().items()})
    images, labels = common.pictures(2, 32)
    assert images.shape == (2, 3, 32, 32) and labels.tolist() == [0, 1]
    with torch.inference_mode():
        expected = peer(torch.tensor(images)).numpy()
    found = workloads.prediction(ours, images)()
    np.testing.assert_allclose(found, expected, atol=1e-5 * abs(expected).max())


def test_a_process_that_measures_pytorch_does_not_load_minimix():
    pytest.importorskip("torch")
    code = (
        "import sys; from benchmarks import avx2, common, inference, torch_mixnet, training; common.pictures(1, 8); "
        f"torch_mixnet.create('', {workloads.rows_of('mixnet_nano')!r}); print(*{{'minimix', 'numba'}} & {{*sys.modules}})"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not done.stdout.split()


def test_the_rows_with_few_pictures_are_layers_of_mixnet_s():
    size, channels, found = 112, NETWORKS["mixnet_s"].stem, set()
    for row in (row for stage in unroll(NETWORKS["mixnet_s"].stages) for row in stage):
        found.add((channels * row.expansion, size, row.kernels, row.stride))
        size, channels = size // row.stride, row.channels
    assert set(layers.MIXNET_S) <= found
    assert {row[0] for row in layers.FEW_ROWS} == {1, 2, 4, 8} and {row[-1] for row in layers.FEW_ROWS} == {1, 2}


def test_layers_have_a_mean_for_each_set_of_rows():
    def row(n, c, size, kernels, dilations, stride, torch, ours):
        times = {"NCHW": {"median": torch}, "channels_last": {"median": 9 * torch}, "minimix": {"median": ours}}
        fields = {"N": n, "C": c, "H": size, "kernels": kernels, "dilations": dilations, "stride": stride}
        return fields | {"forward": times, "all": times}

    rows = [row(*layers.ROWS[0], 8.0, 2.0), row(*layers.ROWS[1], 1.0, 1.0)]
    rows += [row(*layers.FEW_ROWS[0], 9.0, 1.0), row(*layers.FEW_ROWS[-1], 1.0, 1.0)]
    said = layers.report({"rows": rows})
    assert "batches: PyTorch / minimix, all: geometric mean 2.00, least 1.00 (64, 96, 32, {3,5,7,9}, s1)" in said
    assert "few pictures: PyTorch / minimix, all: geometric mean 3.00, least 1.00 (8, 1200, 7, {3,5,7,9}, s1)" in said
    assert (
        "N = 1: PyTorch / minimix, all: geometric mean 9.00, least 9.00 (1, 96, 112, {3}, s2)" in said and "N = 2" not in said
    )


# -- reports ------------------------------------------------------------------------------------------------------------


def steps(**milliseconds) -> dict:
    common_fields = {"low": 1.0, "high": 2.0, "peak_mb": 100, "vectors": "wide"}
    return {name.replace("_", " ").replace(" and ", ", "): {"median": ms, **common_fields} for name, ms in milliseconds.items()}


def test_training_has_a_column_for_avx2():
    results = {
        "model": "mixnet_s", "size": 224, "batch": 8, "first_step_empty_cache_s": 1.0, "first_step_warm_s": 1.0,
        "import_s": 1.0,
        "steps": steps(minimix_and_1=40.0, minimix_and_2=20.0, torch_NCHW_and_1=80.0, torch_NCHW_and_2=60.0),
    }  # fmt: skip
    said = training.report(results)
    assert "2 threads: 3.00 times the best PyTorch's" in said and "AVX2" not in said
    results["steps_avx2"] = steps(minimix_and_1=50.0, minimix_and_2=32.0, torch_NCHW_and_1=80.0, torch_NCHW_and_2=64.0)
    said = training.report(results)
    assert "AVX2 ms/step  AVX2 images/s" in said and "AVX2, 2 threads: 2.00 times the best PyTorch's" in said
    (line,) = [line for line in said.splitlines() if line.startswith("minimix, 2 ")]
    assert line.split()[-2:] == ["32.0", "250"]


def test_inference_says_what_is_left_out(monkeypatch):
    side = {"median": 2.0, "low": 1.0, "high": 3.0, "peak_mb": 9, "error": 0.0}
    results = {
        "model": "mixnet_s",
        "size": 224,
        "threads": 2,
        "sides": dict.fromkeys(("minimix", "minimix folded", "torch NCHW"), side),
    }
    monkeypatch.setattr(inference, "missing_for_onnx", lambda: ["onnx"])
    assert "ONNX Runtime is left out: pip install onnx" in inference.report(results)
    results["sides"] = results["sides"] | {"onnxruntime": side | {"median": 1.0}}
    said = inference.report(results)
    assert "ONNX Runtime / minimix folded: 0.50" in said and "left out" not in said


def test_results_are_written_with_the_machine(tmp_path):
    path = common.save("some", {"a": 1}, tmp_path / "new")
    assert json.loads(path.read_text())["machine"]["cores"] == os.cpu_count()


# -- recipe: short runs ------------------------------------------------------------------------------------------------


def test_each_change_is_one_of_the_recipe_and_costs_about_the_same():
    from minimix.train.config import OF_DATA

    plain, muon, flips, half, biases, mirrored = recipe.RUNS.values()
    assert biases == {**muon, "bias_rate": OF_DATA["cifar10"]["bias_rate"]} and mirrored == {
        **muon,
        "tta": OF_DATA["cifar10"]["tta"],
    }
    assert muon["optimizer"] == OF_DATA["cifar10"]["optimizer"] != plain["optimizer"]
    assert flips["augment"].startswith(OF_DATA["cifar10"]["augment"][0])
    assert recipe.sides(plain) == recipe.sides(muon) == recipe.sides(flips) == [24, 24, 24, 24, 32]
    assert recipe.sides(half) == [16] * 7 + [24, 32]
    costs = [sum(recipe.COST[side] for side in recipe.sides(options)) for options in recipe.RUNS.values()]
    assert max(costs) < 1.1 * min(costs)


def test_runs_that_are_there_are_read_and_not_repeated(tmp_path, monkeypatch):
    """And mirror images are another look at the run without them."""
    from minimix.train import judging

    asked, looked = [], []
    epoch = mm.train.Epoch(5, 8, 0.1, 1.0, 0.5, 1.0, validation_accuracy=0.25)

    def train(**options):
        asked.append(options["name"])
        return type("Result", (), {"history": [epoch] * options["epochs"]})

    def evaluate(model, images, tta):
        looked.append((model, images, tta))
        return type("Evaluation", (), {"accuracy": 0.5})

    (tmp_path / "nesterov-sgd-seed-0").mkdir()
    (tmp_path / "nesterov-sgd-seed-0" / "metrics.csv").write_text("")
    train.read_metrics, train.evaluate = (lambda path: [epoch] * 5), evaluate
    train.load_model = lambda path: type("Trained", (), {"model": path.relative_to(tmp_path).as_posix()})
    monkeypatch.setattr(judging, "images_for", lambda trained, split, data_dir: (split, []))
    monkeypatch.setattr(mm, "train", train)
    monkeypatch.setattr(sys, "argv", ["recipe", "--runs", str(tmp_path), "--seeds", "2"])
    monkeypatch.setattr(recipe.common, "end_tidily", lambda: None)
    recipe.main()
    assert len(set(asked)) == 2 * 5 - 1 and "nesterov-sgd-seed-0" not in asked
    assert {"muon-flips-alternate-seed-1", "muon-biases-at-8-times-the-rate-seed-0"} < set(asked)
    assert looked == [(f"muon-seed-{seed}/last.safetensors", "validation", True) for seed in (0, 1)]
    assert recipe.mean_and_error([90.0, 50.0]) == (70.0, 20.0)


def test_reading_is_measured_from_outside_and_compared(monkeypatch):
    """The clock runs around a process, so that its imports count; and both sides must hold the same weights."""
    asked, totals = [], {"minimix": 5.0, "torch + timm": 5.0}

    def worker(module, arguments, threads):
        asked.append(arguments)
        if arguments[0] == "--prepare":
            Path(arguments[-1], "zip.pth").write_bytes(bytes(2_000_000))
            return {}
        return {"total": totals[arguments[1]], "peak_mb": 7.0}

    monkeypatch.setattr(common, "run_worker", worker)
    found = reading.run("net", 2)
    assert [arguments[1] for arguments in asked[1:]] == ["minimix", "torch + timm"] * 4
    assert set(found["sides"]) == {"zip minimix", "zip torch + timm", "legacy minimix", "legacy torch + timm"}
    for side, seconds in zip(found["sides"], (1.0, 3.0, 2.0, 8.0), strict=True):
        found["sides"][side] = [{"seconds": seconds, "peak_mb": 7.0}]
    assert "a file of 2 MB" in reading.report(found) and "torch + timm / minimix: zip: 3.0, legacy: 4.0" in reading.report(
        found
    )
    totals["minimix"] = 6.0
    with pytest.raises(SystemExit, match="do not hold the same weights"):
        reading.run("net", 1)
