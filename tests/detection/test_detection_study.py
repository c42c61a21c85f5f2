"""The study of the paper's table 1: what it compares, and that it can be run."""

import numpy as np
import pytest

from minimix.detection.network import macs
from minimix.detection.training import begin, fit, trained
from minimix.study import STUDIES, Options, budget, detecting, kept, run
from minimix.study.paper import detection
from minimix.study.statistics import CANNOT_TELL
from minimix.train.limits import limited

STUDY = STUDIES["detection"]
OPTIONS = Options(**{**STUDY.defaults, "seeds": 1, "images": 20, "epochs": 1, "width": 0.5})


def test_networks_cost_the_same_or_are_as_wide():
    points = STUDY.points(OPTIONS)
    costs = [macs(tuple(point.config["kernels"]), point.config["width"]) for point in points]
    assert [point.name for point in points] == ["{3}", "{7}", "{3,5,7}", "{7}", "{3,5,7}"]
    assert [point.family for point in points] == 3 * [detection.EQUAL] + 2 * [detection.WIDE]
    assert max(costs[:3]) < 1.05 * min(costs[:3]) and costs[0] < costs[4] < costs[3]
    assert [point.config["width"] for point in points[3:]] == 2 * [points[0].config["width"]] == [0.5, 0.5]


def test_claims_are_of_equal_cost_and_of_equal_width():
    claims = STUDY.claims(STUDY.points(OPTIONS))
    mixed = [(family, "{3,5,7}") for family in (detection.EQUAL, detection.WIDE)]
    others = [(detection.EQUAL, "{3}"), (detection.EQUAL, "{7}"), (detection.EQUAL, "{3}"), (detection.WIDE, "{7}")]
    assert [claim.first for claim in claims] == 4 * mixed[:1] + 4 * mixed[1:]
    assert [claim.second for claim in claims] == [other for other in others for _ in range(2)]
    assert [claim.number for claim in claims] == 2 * ["accuracy", "ap_large", "accuracy", "ap_small"]


def test_a_small_run(tmp_path, monkeypatch):
    monkeypatch.setattr(detection, "TEST", 40)
    found = run("detection", seeds=1, images=20, epochs=1, width=0.5, workers=1, folder=tmp_path, log=False)
    assert not found.failed and len(found.rows()) == 5
    assert {"accuracy", "ap50", "ap_small", "ap_large", "macs", "params", "validation"} <= found.rows()[0].keys()
    assert {verdict for *_, verdict in found.claims()} == {CANNOT_TELL}  # what has learned nothing shows nothing
    for picture in ("figure.png", "found_3.png", "found_7.png", "found_3_5_7.png"):
        assert (tmp_path / picture).stat().st_size > 1000
    assert (
        "of small objects" in (tmp_path / "table.md").read_text() and "scenes, 20 images" in (tmp_path / "table.md").read_text()
    )


def test_it_is_of_scenes_alone_and_scenes_are_for_it_alone(tmp_path):
    for name, options, words in (
        ("detection", {"data": "patterns10"}, "detection is of scenes"),
        ("detection", {"images": 0}, "no end of them"),
        ("detection", {"width": 0.1}, "expected 0.38 or more"),
        ("kernel_size", {"data": "scenes"}, "not of scenes"),
    ):
        with pytest.raises(ValueError, match=words):
            run(name, folder=tmp_path / "none", log=False, **options)
        assert not (tmp_path / "none").exists()


def test_its_time_is_foreseen():
    (first, *rest) = budget.costs(STUDY, OPTIONS)
    assert len(rest) == 4 and first.epoch > 0 and first.looks == pytest.approx((2 + 500) / 18)


def test_pictures_do_not_depend_on_what_is_kept(tmp_path, monkeypatch):
    """The weights of the first seed are made anew where they are not there, and give the same numbers."""
    config = {"images": 20, "epochs": 1, "kernels": [3], "width": 0.5}
    for cache in ("one", "other"):
        monkeypatch.setattr(kept, "user_cache", lambda cache=cache: tmp_path / cache)
        assert detecting.detected(0, test=20, **config) == trained(0, test=20, **config)
        assert len(list((tmp_path / cache / "studies").glob("*.safetensors"))) == 1
    model = detecting.learned(0, **config).model
    assert all(np.array_equal(value, other) for value, other in zip(model.state_dict().values(), again(config), strict=True))


def again(config):
    begun = begin(0, **config)
    with limited(threads=1):
        fit(begun)
    return begun.model.state_dict().values()
