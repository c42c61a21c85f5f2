"""What learners wrote (tests/mistakes): no wrong solution is accepted, no right one refused, and what is said was read.

Of the exercises for which there are verdicts; entries that are held out are left to ``python tests/mistakes solutions``.
"""

import importlib
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "mistakes"
sys.path.insert(0, str(FOLDER))

from solutions import JUDGED, checked, fresh, read_verdicts, said  # noqa: E402

VERDICTS = read_verdicts(JUDGED[:1])
ENTRIES = [
    entry
    for path in sorted(FOLDER.glob("solutions_*.py"))
    for entry in importlib.import_module(path.stem).SOLUTIONS
    if "_later_" not in path.stem and any(name.startswith(f"{entry.exercise}:") for name in VERDICTS)
]
EXERCISES = sorted({entry.exercise for entry in ENTRIES})


@pytest.mark.parametrize("exercise", EXERCISES)
def test_wrong_solutions_are_not_accepted_and_right_ones_not_refused(exercise):
    """Every third wrong one, for the sake of time. All of them, and what is said: ``python tests/mistakes solutions``."""
    entries = [entry for entry in ENTRIES if entry.exercise == exercise]
    entries = [*(e for e in entries if e.truth is None), *[e for e in entries if e.truth is not None][::3]]
    reports = {entry.name: checked(entry) for entry in entries}
    assert [entry.name for entry in entries if reports[entry.name].passed != (entry.truth is None)] == []
    wrong = [entry.name for entry in entries if entry.truth is not None]
    unread = [name for name in wrong if said(reports[name]) not in VERDICTS.get(name, {})]
    assert len(unread) <= max(1, 0.04 * len(wrong)), (
        f"what is said to {unread} has changed: read it, and put the verdicts into judged.json"
    )
    words = [VERDICTS[name][said(reports[name])] for name in wrong if name not in unread]
    assert words.count("misleading") <= 0.01 * len(words) and words.count("named") >= 0.6 * len(words)


def test_defaults_are_fresh_for_each_check():
    def counted(kept=[]):  # noqa: B006
        kept.append(0)
        return len(kept)

    assert (counted(), fresh(counted)(), fresh(counted)(), counted()) == (1, 2, 2, 2)
