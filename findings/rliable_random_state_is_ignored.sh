#!/usr/bin/env bash
# rliable 1.2.0: its intervals do not repeat with the same `random_state`, which is there to make them repeat.
#
# get_interval_estimates(..., random_state=RandomState(0)) twice, on the same scores of five seeds: two different intervals, and the
# generator that was given is as new as before. The resampling draws from NumPy's global generator; np.random.seed(0) before the call
# repeats the interval, and each call moves that generator on for everything else that uses it. So it is for scores of one and of two
# algorithms (StratifiedBootstrap and StratifiedIndependentBootstrap); arch's own IIDBootstrap, below them, uses what it is given.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet rliable==1.2.0 arch==7.2.0 pandas==2.3.3 numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0
"$folder/venv/bin/python" -W ignore - <<'PY'
import numpy as np
from arch.bootstrap import IIDBootstrap
from numpy.random import RandomState
from rliable import library, metrics

SCORES = np.array([[0.61, 0.72, 0.55], [0.58, 0.79, 0.52], [0.66, 0.70, 0.57], [0.63, 0.75, 0.49], [0.57, 0.77, 0.60]])  # seeds, tasks


def interval(scores, function, state=None):
    _, found = library.get_interval_estimates({"a": scores}, lambda *x: np.array([function(*x)]), reps=200, random_state=state)
    return [round(float(end), 5) for end in found["a"].ravel()]


for name, scores, function in (
    ("one algorithm", SCORES, metrics.aggregate_iqm),
    ("two algorithms", [SCORES, SCORES + [[0, 0.02, -0.03]]], lambda x, y: metrics.aggregate_mean(x) - metrics.aggregate_mean(y)),
):
    state = RandomState(0)
    np.random.seed(1)
    one, other = interval(scores, function, state), interval(scores, function, RandomState(0))
    untouched = state.randint(2**31) == RandomState(0).randint(2**31)
    repeated = []
    for _ in range(2):
        np.random.seed(0)
        repeated.append(interval(scores, function))
    print(f"{name}: random_state of 0 twice {one} {other}, its state untouched: {untouched}; np.random.seed(0) twice {repeated}")
    assert one != other and untouched and repeated[0] == repeated[1]
below = [IIDBootstrap(SCORES, random_state=RandomState(0)).conf_int(np.mean, reps=200, method="percentile") for _ in range(2)]
assert (below[0] == below[1]).all()
PY
echo "as described"
