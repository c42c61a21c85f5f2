"""Intervals and verdicts, against tables and by simulation; budgets."""

import math

import numpy as np
import pytest

from minimix.study import STUDIES
from minimix.study.budget import Cost, expected, fitted, trainings
from minimix.study.options import Options, seconds
from minimix.study.statistics import LEAST, paired, student


# Two-sided 95 % points of Student's t, as printed in tables of the distribution.
@pytest.mark.parametrize(
    ("freedom", "points"), [(1, 12.7062), (2, 4.3027), (3, 3.1824), (5, 2.5706), (9, 2.2622), (29, 2.0452), (200, 1.9719)]
)
def test_students_t(freedom, points):
    assert student(freedom) == pytest.approx(points, abs=1e-3)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    studies = [paired(dict(enumerate(rng.normal(1.0, 2.0, 5))), dict.fromkeys(range(5), 0.0)) for _ in range(1000)]
    share = np.mean([found.low <= 1.0 <= found.high for found in studies])
    assert 0.93 < share < 0.97


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ([1.0, 1.1, 0.9], "seen"),
        ([-1.0, -1.1, -0.9], "not seen"),
        ([0.01, -0.01, 0.0], "not seen"),  # an advantage that matters is excluded
        ([2.0, -1.0, 0.5], "cannot tell"),
        ([5.0], "cannot tell"),
        ([], "cannot tell"),
    ],
)
def test_verdicts(differences, verdict):
    found = paired(dict(enumerate(differences)), dict.fromkeys(range(3), 0.0))
    assert found.verdict == verdict and found.pairs == len(differences)


def test_pairs_are_of_the_same_seed():
    noise = {seed: 10.0 * seed for seed in range(5)}
    better = {seed: value + 1.0 for seed, value in noise.items()}
    found = paired(better, {**noise, 7: 1000.0})
    assert (
        found.mean == pytest.approx(1.0) and found.error == pytest.approx(0.0) and found.pairs == 5 and found.verdict == "seen"
    )
    assert LEAST > 0 and math.isinf(paired({0: 1.0}, {1: 1.0}).high)


def test_a_budget_takes_seeds_then_epochs_then_seeds():
    def time_of(options):
        return options.seeds * options.epochs * 1.0

    def left(allowed):
        options = fitted(Options("patterns10", seeds=5, epochs=4), allowed, time_of)
        return options.seeds, options.epochs

    assert [left(allowed) for allowed in (20, 19, 12, 11, 3, 2)] == [(5, 4), (4, 4), (3, 4), (3, 3), (3, 1), (2, 1)]
    with pytest.raises(ValueError, match="one seed and one epoch would take 1 s"):
        left(0.5)


def test_expected_time_counts_epochs_looks_seeds_and_workers():
    found = [Cost(10.0, 0.0), Cost(30.0, 0.0)]
    assert expected(found, Options("patterns10", seeds=3, epochs=2), workers=2) == pytest.approx(120.0)
    assert expected(found, Options("patterns10", seeds=1, epochs=2), workers=8) == pytest.approx(40.0)
    assert expected([Cost(10.0, 5.0)], Options("patterns10", seeds=3, epochs=2), workers=1) == pytest.approx(30 * (2 + 2.0))


@pytest.mark.parametrize("name", [name for name in STUDIES if name != "detection"])  # which has a way of its own
def test_shared_weights_are_trained_once_and_everything_else_is_counted(name):
    points = STUDIES[name].points(Options("patterns10", width=1.0))
    wanted = {}
    for point in points:
        wanted |= trainings(point)
    expected_ = [point.label for point in points if point.config["job"] != "nothing"]
    assert set(expected_) <= set(wanted)
    assert len(wanted) - len(expected_) == {"search": 1, "family": 3, "transfer": 2}.get(
        name, 0
    )  # what is trained for several of them


@pytest.mark.parametrize("text", ["", "soon", "5x", "-3m", "h", "0m", "1m2h"])
def test_times_that_are_none(text):
    with pytest.raises(ValueError, match="budget: expected a time"):
        seconds(text)
