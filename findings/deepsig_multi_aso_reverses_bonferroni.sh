#!/usr/bin/env bash
# deepsig 1.2.8: with two models, multi_aso says 1 or NaN whatever the scores are; with many, its correction is almost none.
#
# Almost stochastic order: 0 means that the first model is better, 1 that it is not. Of two models whose seeds do not overlap, aso()
# says 0 in one direction and more than 0.9 in the other; multi_aso says NaN in both. Of two that overlap it says 1 in both, where
# aso() says 0.66 in one. Bonferroni's correction for n comparisons makes a level of 0.95 one of 1 - 0.05 / n; here 0.05 / n is added
# to 0.95. That is the same for n = 2, a level of 1 for the single comparison of two models, and falls from there: ten models, 45
# comparisons, are compared at 0.9511 in place of 0.9989. aso(num_comparisons=n), for a loop of one's own, is right for 1 and 2 only.
# With use_bonferroni=False, multi_aso agrees with aso().
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet deepsig==1.2.8 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" -W ignore - <<'PY'
import numpy as np
from deepsig import aso, multi_aso

HOW = {"num_bootstrap_iterations": 60, "show_progress": False, "seed": 1}
APART = np.array([[0.90, 0.91, 0.92, 0.93, 0.94, 0.95], [0.50, 0.51, 0.52, 0.53, 0.54, 0.55]])
MIXED = np.array([[0.50, 0.53, 0.56, 0.47, 0.55, 0.52], [0.51, 0.49, 0.54, 0.46, 0.57, 0.50]])

for name, scores in (("apart", APART), ("mixed", MIXED)):
    one, other = aso(*scores, **HOW), aso(*scores[::-1], **HOW)
    corrected, plain = (multi_aso(scores, use_bonferroni=use, **HOW)[0, 1] for use in (True, False))
    reverse = multi_aso(scores, **HOW)[1, 0]
    print(f"{name}: aso {one:.3f}, reversed {other:.3f}; multi_aso {corrected}, reversed {reverse}, uncorrected {plain:.3f}")
    assert plain == one
    if name == "apart":
        assert one == 0 and other > 0.9 and np.isnan([corrected, reverse]).all()
    else:
        assert 0.5 < one < 0.8 and corrected == reverse == 1

for n in (1, 2, 3, 45):
    found = aso(*MIXED, num_comparisons=n, **HOW)
    right, used = (aso(*MIXED, confidence_level=level, **HOW) for level in (1 - 0.05 / n, 0.95 + 0.05 / n if n > 1 else 0.95))
    print(f"{n} comparisons: {found:.3f}, should be {right:.3f}")
    assert abs(found - used) < 1e-9 and (abs(found - right) < 1e-9) == (n < 3)
PY
echo "as described"
