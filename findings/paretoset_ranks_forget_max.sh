#!/usr/bin/env bash
# paretoset 1.2.5: paretorank() forgets "max" as soon as there is a "diff" column, and ranks the worst first.
#
# Networks by accuracy ("max") and cost ("min"), compared within a data set and an input size ("diff", two columns): rank 1 is the
# Pareto set, says the documentation. paretoset() finds it, three of four networks; paretorank() on the same table gives rank 1 to the
# least accurate one alone and rank 4 to the most accurate. Without "diff" columns, it agrees with paretoset(); with "max" turned into
# "min" of the negative accuracy, too. With exactly one "diff" column, and pandas 2.3.3, it ends in a KeyError; paretoset() does not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet paretoset==1.2.5 pandas==2.3.3 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PY'
import pandas as pd
from paretoset import paretorank, paretoset

NETWORKS = pd.DataFrame({"accuracy": [0.70, 0.80, 0.90, 0.75], "cost": [1, 2, 3, 2], "data": ["CIFAR-10"] * 4, "size": [32] * 4})
NEGATIVE = NETWORKS.assign(accuracy=-NETWORKS["accuracy"])
found = {
    "set": paretoset(NETWORKS, sense=["max", "min", "diff", "diff"]).astype(int).tolist(),
    "ranks": paretorank(NETWORKS, sense=["max", "min", "diff", "diff"]).tolist(),
    "ranks without diff": paretorank(NETWORKS[["accuracy", "cost"]], sense=["max", "min"]).tolist(),
    "ranks of the negative": paretorank(NEGATIVE, sense=["min", "min", "diff", "diff"]).tolist(),
}
for name, values in found.items():
    print(f"{name}: {values}")
assert found["set"] == [1, 1, 1, 0]
assert found["ranks"] == [1, 3, 4, 2]
assert found["ranks without diff"] == found["ranks of the negative"] == [1, 1, 1, 2]
PY
echo "as described"
