#!/usr/bin/env bash
# deepsig 1.2.8: bonferroni_correction hands the corrected p-values to other comparisons than they belong to.
#
# Of p-values 0.5, 0.001 and 0.01 it makes 0.02, 0.5 and 0.003: the comparison that showed nothing becomes significant, the best one
# does not. The values are sorted, corrected, and put back with the order that sorted them, where its inverse is needed; the two are
# the same for sorted, reversed, or at most two values, so that small trials look right. The values are Holm's, not Bonferroni's, and
# without Holm's last step, which keeps their order: 0.02 and 0.021 become 0.04 and 0.021, the larger one the more significant.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet deepsig==1.2.8 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" -W ignore - <<'PY'
import numpy as np
from deepsig import bonferroni_correction


def holm(values):
    order = np.argsort(values)
    corrected = np.maximum.accumulate(np.minimum(1, (len(values) - np.arange(len(values))) * np.array(values)[order]))
    back = np.empty(len(values))
    back[order] = corrected
    return [round(float(value), 6) for value in back]


found = {}
for values in ((0.5, 0.001, 0.01), (0.001, 0.01, 0.5), (0.02, 0.021)):
    found[values] = [round(float(value), 6) for value in bonferroni_correction(list(values))]
    bonferroni = [round(min(1, len(values) * value), 6) for value in values]
    print(f"{values}: {found[values]}; Holm {holm(values)}, Bonferroni {bonferroni}")
assert found[0.5, 0.001, 0.01] == [0.02, 0.5, 0.003] and holm((0.5, 0.001, 0.01)) == [0.5, 0.003, 0.02]
assert found[0.001, 0.01, 0.5] == holm((0.001, 0.01, 0.5))
assert found[0.02, 0.021] == [0.04, 0.021] and holm((0.02, 0.021)) == [0.04, 0.04]
PY
echo "as described"
