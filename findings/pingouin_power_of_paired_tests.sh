#!/usr/bin/env bash
# pingouin 0.7.0: the power that it gives for a paired t-test is one of unpaired data. It falls to 0.05 where p is 0.000002.
#
# Two networks, eight seeds each, the same seeds: the second is better by 0.28 points, and in each of the eight pairs by nearly that.
# t, p, the interval and the Bayes factor know of the pairs: added to both networks, what a seed brings to each changes none of them.
# `power`, "achieved power of the test", goes from 0.66 to 0.054 and 0.050 as the seeds differ more. It is computed for paired data,
# but from `cohen_d`, which ttest() divides by the seeds' spread, and not by the differences'; that definition of d is a choice, and
# the function's for power, power_ttest(contrast="paired"), needs the other one: with it, power is 1. Read as "too few seeds", the
# number asks for thousands more. Unpaired, it is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pingouin==0.7.0 numpy==2.4.6 scipy==1.17.1 pandas==3.1.1 statsmodels==0.15.0
"$folder/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import pingouin
from scipy import stats

ONE = np.array([90.1, 90.4, 89.8, 90.6, 90.0, 90.3, 89.9, 90.5])
OTHER = ONE + [0.30, 0.22, 0.35, 0.28, 0.31, 0.19, 0.26, 0.33]
SEEDS = np.array([0, 3, -2, 5, 1, -4, 2, -5])


def power(n, d):
    """Of a two-sided paired t-test at 5 %, by the noncentral t distribution."""
    limit = stats.t.ppf(0.975, n - 1)
    return float(stats.nct.sf(limit, n - 1, d * n**0.5) + stats.nct.cdf(-limit, n - 1, d * n**0.5))


found, same = [], []
for times in (0, 1, 10):
    row = pingouin.ttest(OTHER + times * SEEDS, ONE + times * SEEDS, paired=True).iloc[0]
    found.append(round(float(row["power"]), 3))
    same.append((round(float(row["T"]), 6), round(float(row["p_val"]), 9), row["BF10"]))
    print(f"seeds' part x {times}: t {row['T']:.2f}, p {row['p_val']:.7f}, d {row['cohen_d']:.3f}, power {row['power']:.3f}")
differences = OTHER - ONE
d = float(differences.mean() / differences.std(ddof=1))
right = power(8, d), float(pingouin.power_ttest(d=d, n=8, contrast="paired"))
print(f"by the differences: d {d:.2f}, power {right[0]:.3f}, and by power_ttest {right[1]:.3f}")
assert found == [0.661, 0.054, 0.05] and len(set(same)) == 1 and min(right) > 0.999
assert abs(power(8, float(pingouin.ttest(OTHER, ONE, paired=True)["cohen_d"].iloc[0])) - found[0]) < 0.001
PY
echo "as described"
