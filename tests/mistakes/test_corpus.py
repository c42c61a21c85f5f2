"""The corpus as a test: right functions pass; of a sample of the wrong ones all are caught, and no cause is false."""

import collections

import pytest
from measure import MODES, entries, run, verdict

WRONG = entries("wrong", "WRONG", later=False)
RIGHT = entries("right", "RIGHT")
SAMPLE = WRONG[::8]


@pytest.mark.parametrize(("kind", "name"), [("wrong", "WRONG"), ("right", "RIGHT"), ("solutions", "SOLUTIONS")])
def test_what_is_held_out_is_apart(kind, name):
    later, others = ({entry.name for entry in entries(kind, name, later=some)} for some in (True, False))
    assert len(later) > 30 and len(others) > 300 and not later & others


@pytest.mark.parametrize("mode", MODES)
def test_no_right_function_is_called_wrong(mode):
    for entry in RIGHT[MODES.index(mode) :: 3]:
        for number in range(len(entry.points)):
            report, _ = run(entry, number, mode)
            if isinstance(report, Exception):
                assert mode in entry.refused or mode == "complex", (entry.name, number, report)
            else:
                assert report.ok, (entry.name, number, report)


def test_a_sample_of_wrong_ops_is_caught_and_no_cause_is_false():
    words: collections.Counter = collections.Counter()
    for place, entry in enumerate(SAMPLE):
        mode = MODES[place % 2]
        report, _ = run(entry, place % len(entry.points), mode)
        assert not isinstance(report, Exception), (entry.name, report)
        word = verdict(entry, report)
        words[word] += 1
        assert word != "false", (entry.name, entry.truth, report)
    assert words["missed"] <= 1 and words["named"] > 0.7 * len(SAMPLE), words
