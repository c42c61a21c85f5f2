#!/usr/bin/env bash
# autorank 1.3.0: its report of Tukey's test calls means different at half the distance that the test asks for, at any alpha.
#
# Accuracies of three networks over eight seeds, means 90.025, 90.475 and 90.9375. By Tukey's test at 5 % means must be 0.497 apart:
# only the first and the last differ (p 0.0004; the neighbours 0.08 and 0.07). create_report() says that "all differences between the
# populations are significant", two sentences after the rule that intervals must not overlap, and the intervals that it has just
# given, 90.025 +- 0.249 and 90.475 +- 0.249, do: the means are compared with one such half, where two belong between them.
# `alpha` does not reach the test, either: with 0.001 the intervals and the sentence are the same, and the report says alpha=0.001,
# while the test asks for 0.838. With two networks, and in Nemenyi's test, alpha is used, and the distance is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet autorank==1.3.0 numpy==2.4.6 scipy==1.17.1 pandas==2.3.3 statsmodels==0.15.0 matplotlib==3.11.2
MPLBACKEND=agg "$folder/venv/bin/python" -W ignore - <<'PY'
import contextlib
import io

import pandas as pd
from autorank import autorank, create_report
from scipy.stats import tukey_hsd

SEEDS = {
    "first": [90.0, 90.3, 89.7, 90.4, 89.2, 90.7, 90.0, 89.9],
    "second": [90.8, 91.0, 89.8, 90.3, 90.4, 90.7, 90.6, 90.2],
    "third": [91.2, 90.4, 90.9, 91.1, 90.5, 91.3, 91.2, 90.9],
}
test = tukey_hsd(*SEEDS.values())
p = [round(float(test.pvalue[i, j]), 4) for i, j in ((0, 1), (1, 2), (0, 2))]
print(f"Tukey's test by scipy: p {p}")
assert p[0] > 0.05 and p[1] > 0.05 and p[2] < 0.001
halves = {}
for alpha in (0.05, 0.001):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        result = autorank(pd.DataFrame(SEEDS), alpha=alpha)
        create_report(result)
    needed = float(test.confidence_interval(1 - alpha).high[0, 0])
    halves[alpha] = float((result.rankdf["ci_upper"] - result.rankdf["ci_lower"]).iloc[0]) / 2
    print(f"alpha {alpha}: half an interval {halves[alpha]:.3f}, distance needed {needed:.3f}")
    print("   ", said.getvalue().strip().splitlines()[-1])
    assert result.posthoc == "tukeyhsd" and f"alpha={alpha:.3f}" in said.getvalue()
    assert "all differences between the populations are significant" in said.getvalue()
    assert abs(2 * halves[alpha] - needed) < 0.001 if alpha == 0.05 else needed > 3 * halves[alpha]
assert halves[0.05] == halves[0.001]
PY
echo "as described"
