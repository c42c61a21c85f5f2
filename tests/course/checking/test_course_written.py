"""Slips made mechanically in plain right functions: the functions are right, the slips can be taken out again and end in time,
and wrong functions are told which slip gives their numbers."""

import ast

import numpy as np
import pytest

from minimix import course
from minimix.course.checking import variants
from minimix.course.checking.engine import _tried
from minimix.course.checking.slip import words
from minimix.course.checking.variants import Way
from minimix.course.exercises import EXERCISES

WAYS = [(exercise, function) for exercise in EXERCISES for function in exercise.ways]


def way_of(function, exercise=None) -> Way:
    exercise = exercise or next(e for e, f in WAYS if f is function)
    return Way(function, tuple(exercise.configurations()[5].values()))


@pytest.mark.parametrize(("exercise", "function"), WAYS, ids=[function.__name__ for _, function in WAYS])
def test_ways_are_right(exercise, function):
    for case in exercise.configurations()[:60]:
        assert _tried(exercise, function, case).problem == ""


def test_every_exercise_has_ways():
    assert {exercise.name for exercise in EXERCISES if not exercise.ways} == set()


@pytest.mark.parametrize("name", ["output_size", "embed", "backward", "batch_norm_backward"])
def test_slips_leave_the_tree_as_it_was(name):
    exercise, function = next((e, f) for e, f in WAYS if e.name == name)
    way = way_of(function, exercise)
    before = ast.unparse(way.tree)
    for number, slip in enumerate(way.slips):
        way.made_once(number)
        assert words(slip) and ast.unparse(way.tree) == before


def endless(x, kernel, stride):
    total = 0
    for i in range(10**9):
        total += i
    return total


def test_loops_that_do_not_end_are_ended():
    with pytest.raises(variants.TooLong):
        Way(endless, (1, 1, 1)).made_once()(1, 1, 1)


def said(report) -> str:
    assert not report.passed
    return "\n".join(report.paragraphs)


def test_a_term_that_is_too_much_in_a_size():
    def size(size, kernel, stride, padding, dilation):
        return (size + 2 * padding - max(dilation * (kernel - 1) + 1, dilation + 1)) // stride + 1

    assert said(course.check_output_size(size))


def test_a_line_that_learners_write_otherwise():
    def embedded(weights):
        largest, start = max(w.shape[-1] for w in weights), 0
        found = np.zeros((sum(map(len, weights)), 1, largest, largest))
        for w in weights:
            size = w.shape[-1]
            room = (largest - size) // 2
            found[start : start + len(w), :, room : room + size, room : room + size] = w
            start += len(w) * 1 if len(w) < 2 else len(w) - 1
        return found

    assert course.check_embed(embedded).mistake is None or said(course.check_embed(embedded))


def test_a_slip_is_only_told_where_it_gives_all_numbers():
    """Sentences are true: the variant that is named gives the numbers of every configuration."""

    def counted(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
        found = right(height, width, channels, expansion, kernels, out_channels, stride, se_ratio)
        return found | {"project": found["project"] + (height == 3)}

    right = course.BLOCK_MACS.solution
    assert "of a right function in which" not in said(course.check_block_macs(counted)) or "Wherever" in said(
        course.check_block_macs(counted)
    )
