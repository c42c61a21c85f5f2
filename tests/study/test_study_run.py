"""A study from its name to its files: what is done once is kept, and nothing else gets into a folder."""

import dataclasses
import importlib
import json

import pytest

import minimix as mm
from minimix.models.published import Published
from minimix.study import STUDIES, Claim, Point, Study, StudyError, budget, pool, run, show
from minimix.study.pool import Ended
from minimix.train import RunLocked
from minimix.train.lock import locked

FILES = ["results.csv", "summary.csv", "table.md", "figure.png"]


def study(points, name="mine"):
    return Study(
        name, "Mine", "nowhere", "Is it so?", lambda options: points,
        lambda found: [Claim("a is better than b", ("f", "a"), ("f", "b"))], STUDIES["nothing"].figure,
        defaults={"data": "patterns10", "seeds": 2},
    )  # fmt: skip


def numbers(name, value):
    return Point("f", name, value, {"job": "study_jobs:numbers", "value": value})


PAIR = [numbers("a", 70.0), numbers("b", 60.0)]


def quietly(what, folder, **options):
    return run(what, folder=folder, log=False, workers=1, **options)


def content(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


def test_files_follow_from_the_jobs(tmp_path):
    found = quietly(study(PAIR), tmp_path / "s")
    assert (tmp_path / "s" / "results.csv").read_text().splitlines() == [
        "family,name,seed,accuracy,validation,macs,params,error",
        "f,a,0,70.0,70.0,10,20,", "f,b,0,60.0,60.0,10,20,", "f,a,1,70.25,70.0,10,20,", "f,b,1,60.25,60.0,10,20,",
    ]  # fmt: skip
    [(_, difference, verdict)] = found.claims()
    assert (difference.mean, difference.error, difference.pairs, verdict) == (10.0, 0.0, 2, "seen")
    assert "| a is better than b | +10.00 ± 0.00 | +10.00 to +10.00 | 2 | seen |" in (tmp_path / "s" / "table.md").read_text()
    assert found.summary()[0]["accuracy"] == 70.125 and found.summary()[0]["accuracy_error"] == 0.125
    assert (tmp_path / "s" / "figure.png").read_bytes()[:4] == b"\x89PNG"


def test_what_has_learned_nothing_shows_nothing(tmp_path):
    [(_, difference, verdict)] = quietly(study([numbers("a", 18.0), numbers("b", 11.0)]), tmp_path).claims()
    assert (difference.verdict, verdict) == ("seen", "cannot tell")


def test_an_interrupted_run_ends_as_one_that_was_not(tmp_path, monkeypatch):
    quietly(study(PAIR), tmp_path / "whole", seeds=3)
    monkeypatch.setattr(pool, "ended", stops_after(2))
    with pytest.raises(KeyboardInterrupt):
        quietly(study(PAIR), tmp_path / "parts", seeds=3)
    monkeypatch.undo()
    assert len(show(study(PAIR), folder=tmp_path / "parts").missing) == 4
    quietly(study(PAIR), tmp_path / "parts", seeds=3)
    assert content(tmp_path / "parts") == content(tmp_path / "whole")


def stops_after(count):
    from minimix.study.pool import attempt

    def ended(jobs, workers):
        for number, job in enumerate(jobs):
            if number == count:
                raise KeyboardInterrupt
            yield Ended(job, *attempt(job.config), 0.0)

    return ended


def test_what_has_ended_is_not_done_again(tmp_path, monkeypatch):
    quietly(study(PAIR), tmp_path)
    monkeypatch.setattr(pool, "ended", lambda jobs, workers: (pytest.fail(job.label) for job in jobs))
    quietly(study(PAIR), tmp_path)


def test_more_seeds_are_only_more_jobs(tmp_path):
    quietly(study(PAIR), tmp_path, seeds=2)
    before = json.loads((tmp_path / "study.json").read_text())
    found = quietly(study(PAIR), tmp_path, seeds=3)
    assert len(found.rows()) == 6 and before["options"]["seeds"] == 2
    assert len(quietly(study(PAIR), tmp_path).rows()) == 6  # nothing said: as it was
    with pytest.raises(StudyError, match="seeds was 3 and is 2 now"):
        quietly(study(PAIR), tmp_path, seeds=2)


def test_a_job_that_fails_stops_no_other_and_is_done_again_on_request(tmp_path):
    flag = tmp_path / "flag"
    points = [*PAIR, Point("f", "c", 0.0, {"job": "study_jobs:once_works", "flag": str(flag)})]
    found = quietly(study(points), tmp_path / "s")
    assert [entry["error"] for entry in found.failed] == ["RuntimeError: not yet"] * 2 and len(found.rows()) == 6
    assert "Not done: f c, seed 0: RuntimeError: not yet" in (tmp_path / "s" / "table.md").read_text()
    flag.touch()
    assert len(quietly(study(points), tmp_path / "s").failed) == 2  # not by itself
    assert quietly(study(points), tmp_path / "s", retry=True).failed == []
    quietly(study(points), tmp_path / "t")
    assert content(tmp_path / "s") == content(tmp_path / "t")


def test_folders_hold_one_study_with_one_set_of_options(tmp_path):
    quietly(study(PAIR), tmp_path)
    with pytest.raises(StudyError, match="holds the study mine, not other"):
        quietly(study(PAIR, "other"), tmp_path)
    with pytest.raises(StudyError, match="epochs was 5 and is 3 now"):
        quietly(study(PAIR), tmp_path, epochs=3)
    path = tmp_path / "study.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"minimix": "0.0.1"}))
    with pytest.raises(StudyError, match=r"begun by minimix 0\.0\.1"):
        quietly(study(PAIR), tmp_path)
    path.write_text("{}")
    with pytest.raises(StudyError, match="does not describe a study"):
        quietly(study(PAIR), tmp_path)
    path.unlink()
    with pytest.raises(StudyError, match="holds other things"):
        quietly(study(PAIR), tmp_path)


def test_one_coordinator_at_a_time(tmp_path):
    with locked(tmp_path), pytest.raises(RunLocked, match="is being done by process"):
        quietly(study(PAIR), tmp_path)


def test_nothing_is_shown_where_nothing_is(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no study"):
        show("kernel_size", folder=tmp_path)
    with pytest.raises(ValueError, match="did you mean kernel_size"):
        show("kernel-size", folder=tmp_path)


def test_data_that_are_not_there_are_missed_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIMIX_DATA", str(tmp_path / "empty"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(FileNotFoundError, match="minimix data get cifar100"):
        quietly("kernel_size", tmp_path / "s", data="cifar100")
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("name", [name for name in STUDIES if name != "nothing"])
def test_every_study_has_distinct_points_claims_among_them_and_a_figure(name):
    what = STUDIES[name]
    options = mm.study.Options(**{"data": "patterns10", **what.defaults})
    points = what.points(options)
    places = [(point.family, point.name) for point in points]
    assert len(set(places)) == len(places) > 2
    for claim in what.claims(points):
        assert claim.first in places and claim.second in places and claim.first != claim.second
    numbers = dict.fromkeys(("ap50", "ap_small", "ap_medium", "ap_large"), 10.0)
    found = [
        (point, {s: {"accuracy": 50.0 + s + point.x, "macs": 1000 + int(point.x), **numbers} for s in (0, 1)})
        for point in points
    ]
    assert what.figure(found).axes
    assert what.figure(found[:1]).axes  # of what there is so far


@pytest.mark.parametrize("name", ["kernel_size", "groups", "partition", "single_layer", "family"])
def test_the_networks_of_a_study_can_be_built_and_differ(name):
    points = STUDIES[name].points(mm.study.Options("patterns10", width=1.0 if name == "family" else 0.1))
    kinds = {json.dumps(point.config, sort_keys=True) for point in points}
    assert len(kinds) >= len(points) - 1
    for point in points[:: max(1, len(points) // 6)]:
        if "model" in point.config:
            mm.models.create(point.config["model"], **point.config["model_options"])


def test_a_training_job_gives_the_same_numbers_in_any_process(tmp_path):
    from minimix.study.job import Job, perform
    from minimix.study.pool import ended

    config = mm.study.Options("patterns10", images=64, epochs=1, width=0.1).training("mixnet_nano") | {"seed": 1}
    [other] = ended([Job("f", "n", 1, config)], 1)
    here = perform(config)
    assert other.result == here and other.error == ""
    assert 0 <= here["accuracy"] <= 100 and here["macs"] > 0
    assert dataclasses.is_dataclass(other.job)


def test_families_cost_the_same_as_far_as_whole_channels_allow():
    from minimix.study.paper.family import NANO, SIZES
    from minimix.study.paper.networks import equal_width, macs

    costs = {}
    for point in STUDIES["family"].points(mm.study.Options("patterns10", width=1.0)):
        if "model" in point.config:
            options = dict(point.config["model_options"])
            costs[point.family, point.name] = macs(point.config["model"], **options)
    for family, size in costs:
        assert abs(costs[family, size] / costs[NANO, size] - 1) < 0.15
    assert len(costs) == 4 * len(SIZES)
    assert macs("mobilenetv1_100_cifar", equal_width("mobilenetv1_100_cifar", macs("mobilenetv1_100_cifar", 0.5))) == 45_310_976


def test_claims_about_other_numbers_and_about_differences(tmp_path):
    claims = [
        Claim("a has more parameters than b", ("f", "a"), ("f", "b"), number="params"),
        Claim("a leads b by more than c leads d", ("f", "a"), ("f", "b"), (("f", "c"), ("f", "d"))),
    ]
    values = zip("abcd", (70.0, 60.0, 66.0, 61.0), strict=True)
    made = dataclasses.replace(study([numbers(*pair) for pair in values]), claims=lambda found: claims)
    found = quietly(made, tmp_path)
    assert [(difference.mean, verdict) for _, difference, verdict in found.claims()] == [(0.0, "not seen"), (5.0, "seen")]


def test_what_the_paper_has_stands_beside(tmp_path):
    points = [point._replace(paper=Published("figure 1", top1=top1)) for point, top1 in zip(PAIR, (71.5, 71.0), strict=True)]
    table = quietly(study(points), tmp_path).markdown()
    assert "| f | a | 70.12 ± 0.12 | 2 | 10 | 20 | 71.50 |" in table
    assert "| 2 | seen | +0.50 |" in table
    assert "ImageNet" not in quietly(study(PAIR, "other"), tmp_path / "other").markdown()


def test_what_was_asked_for_at_first_is_known_however_often_it_goes_on(tmp_path, monkeypatch, capsys):
    """A budget had left out seeds and epochs; the same command, and one without options, go on with what was left."""
    monkeypatch.setattr(budget, "costs", lambda study, options: [])
    monkeypatch.setattr(budget, "fitted", lambda options, *_: dataclasses.replace(options, seeds=1, epochs=2))
    quietly(study(PAIR), tmp_path, seeds=3, epochs=7, budget="1m")
    quietly(study(PAIR), tmp_path)
    found = run(study(PAIR), folder=tmp_path, workers=1, seeds=3, epochs=7, budget="1m")
    assert (found.options.seeds, found.options.epochs) == (1, 2)
    assert "--budget counts when a study begins" in capsys.readouterr().out
    assert json.loads((tmp_path / "study.json").read_text())["asked"] == {"seeds": 3, "epochs": 7}


def test_data_of_what_was_begun_are_missed_before_jobs_fail(tmp_path, monkeypatch):
    quietly(study(PAIR), tmp_path / "s")
    path = tmp_path / "s" / "study.json"
    begun = json.loads(path.read_text())
    path.write_text(json.dumps(begun | {"options": begun["options"] | {"data": "cifar100"}}))
    monkeypatch.setenv("MINIMIX_DATA", str(tmp_path / "empty"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    before = (tmp_path / "s" / "jobs.jsonl").read_bytes()
    anywhere = dataclasses.replace(study(PAIR), defaults={"seeds": 2})  # data: auto
    quietly(anywhere, tmp_path / "s")  # nothing is to be done
    with pytest.raises(FileNotFoundError, match="minimix data get cifar100"):
        quietly(anywhere, tmp_path / "s", seeds=3)
    assert (tmp_path / "s" / "jobs.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("dask", "", "dask: expected a scheduler's address"),
        ("dask", 8786, "dask: expected a scheduler's address"),
        ("budget", True, "budget: expected a time"),
        ("budget", float("nan"), "budget: expected a time"),
        ("workers", 1.5, "workers: expected a number of processes"),
        ("width", float("nan"), "width: expected a number"),
    ],
)
def test_options_that_make_no_sense(tmp_path, key, value, message):
    with pytest.raises(ValueError, match=message):
        run(study(PAIR), folder=tmp_path / "s", log=False, **{"workers": 1, key: value})
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("name", [5, None, ["kernel_size"]])
def test_names_that_are_none(name):
    with pytest.raises(ValueError, match="no study is called"):
        run(name)


def test_options_in_a_folder_that_make_no_sense(tmp_path):
    quietly(study(PAIR), tmp_path)
    path = tmp_path / "study.json"
    begun = json.loads(path.read_text())
    path.write_text(json.dumps(begun | {"options": begun["options"] | {"seeds": "many"}}))
    for use in (lambda: quietly(study(PAIR), tmp_path), lambda: show(study(PAIR), folder=tmp_path)):
        with pytest.raises(StudyError, match="does not describe a study"):
            use()


def test_jobs_of_your_own_may_have_few_numbers_or_none(tmp_path):
    points = [Point("f", name, 0.0, {"job": f"study_jobs:{job}"}) for name, job in (("a", "alone"), ("b", "empty"))]
    found = quietly(study(points), tmp_path)
    assert found.rows()[0] == {"family": "f", "name": "a", "seed": 0, "accuracy": 50.0, "error": ""}
    assert "expected {name: number}" in found.failed[0]["error"]
    assert found.summary() == [{"family": "f", "name": "a", "x": 0.0, "seeds": 2, "accuracy": 50.5, "accuracy_error": 0.5}]
    assert "| f | a | 50.50 ± 0.50 | 2 |  |  |" in found.markdown()


def test_costs_that_differ_by_seed_are_at_their_mean(tmp_path, monkeypatch):
    """As of networks that were searched for."""
    points = [Point("f", name, 0.0, {"job": "study_jobs:grows", "value": value}) for name, value in (("a", 70.0), ("b", 60.0))]
    found = quietly(study(points), tmp_path)
    assert [line["macs"] for line in found.summary()] == [15, 15]
    monkeypatch.setattr("minimix.viz.tradeoff", lambda lines, **_: lines)
    for name in ("groups", "search"):
        costs = [macs for macs, _ in STUDIES[name].figure(found._with_results())["f"].values()]
        assert costs and set(costs) == {15}


def test_the_rule_names_what_counts_as_having_learned(tmp_path):
    assert "one of the two is not twice as good as chance" in quietly(study(PAIR), tmp_path / "s").markdown()
    other = dataclasses.replace(study(PAIR), learned=5.0)
    assert "one of the two has no more than 5 %: what has learned" in quietly(other, tmp_path / "t").markdown()


@pytest.mark.parametrize("name", ["family", "detection"])
def test_networks_too_narrow_to_cost_the_same_are_refused_with_the_width_that_will_do(name):
    what = STUDIES[name]
    options = {**what.defaults, "data": what.data[0] if name == "detection" else "patterns10"}
    with pytest.raises(ValueError, match=r"width: expected 0\.\d+ or more, not 0\.25"):
        what.points(mm.study.Options(**{**options, "width": 0.25}))
    narrowest = importlib.import_module(f"minimix.study.paper.{name}").NARROWEST
    assert what.points(mm.study.Options(**{**options, "width": narrowest}))


def test_few_images_are_said_to_be_more_than_their_share():
    what = STUDIES["transfer"]

    def notes(images):
        options = mm.study.Options("patterns10", images=images)
        return what.notes([(point, {0: {"accuracy": 1.0}}) for point in what.points(options)])

    assert notes(200)[:-1] == [f"{share} % of the images would be fewer than 50, and are 50 here." for share in (1, 10)]
    assert len(notes(10_000)) == 1 and len(notes(0)) == 1


@pytest.mark.parametrize(
    ("data", "images", "message"),
    [("patterns10", 9, "expected 10 or more, or 0 for all, not 9"), ("cifar100", 50_001, "expected 50000 or fewer")],
)
def test_as_many_images_as_there_are_and_a_tenth_for_choices(data, images, message):
    with pytest.raises(ValueError, match=message):
        mm.study.Options(data, images=images)
    assert mm.study.Options("patterns10", images=60_000).images == 60_000


def test_reasons_of_failures_are_shown_each_once(tmp_path, monkeypatch, capsys):
    from minimix.cli.study import show as shown

    points = [Point("f", "a", 0.0, {"job": "study_jobs:once_works", "flag": str(tmp_path / "none")}), PAIR[1]]
    monkeypatch.setitem(STUDIES, "mine", study(points))
    quietly("mine", tmp_path / "s", seeds=5)
    shown("mine", tmp_path / "s")
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "5 jobs failed: f a, seed 0, f a, seed 1, f a, seed 2 and 2 more: RuntimeError: not yet"
    monkeypatch.setitem(STUDIES, "mine", study(points[:1], "mine"))  # of which nothing has a result
    monkeypatch.setitem(STUDIES, "mine", dataclasses.replace(STUDIES["mine"], claims=lambda points: []))
    shown("mine", tmp_path / "s")
    assert capsys.readouterr().out.splitlines() == [last]


def test_the_exit_code_says_whether_jobs_have_failed(minimix, tmp_path, monkeypatch):
    flag = tmp_path / "flag"
    points = [PAIR[0], Point("f", "b", 0.0, {"job": "study_jobs:once_works", "flag": str(flag)})]
    monkeypatch.setitem(STUDIES, "mine", dataclasses.replace(study(points), claims=lambda points: []))
    typed = "study", "run", "mine", "--folder", tmp_path / "s", "--data", "patterns10", "--seeds", 2
    code, output, _ = minimix(*typed)
    assert code == 1 and "2 jobs failed: f b, seed 0, f b, seed 1: RuntimeError: not yet" in output
    flag.touch()
    assert minimix(*typed, "--retry")[0] == 0


def test_the_points_of_a_single_layer_stand_beside_the_papers():
    what = STUDIES["single_layer"]
    options = mm.study.Options("patterns10", seeds=2)
    found = [(point, {seed: {"accuracy": 50.0 + point.x} for seed in (0, 1)}) for point in what.points(options)]
    here, paper = what.figure(found).axes
    assert here.get_xlabel() == "block" and paper.get_xlabel() == "layer, as the paper numbers them"
    assert "0.86" in {f"{y:.2f}" for line in paper.lines for y in line.get_ydata()}  # 73.46 less 72.6


def test_sizes_of_a_family_have_their_names(monkeypatch):
    what = STUDIES["family"]
    point = Point("found", "small", 1.0, {})
    monkeypatch.setattr("minimix.viz.tradeoff", lambda lines, **_: lines)
    assert what.figure([(point, {0: {"accuracy": 50.0, "macs": 7}})]) == {"found": {"S": (7.0, [50.0])}}
