"""Slips made mechanically in plain right functions: the functions are right, the slips can be taken out again and end in time,
and wrong functions are told which slip gives their numbers."""

import ast
from dataclasses import replace

import numpy as np
import pytest

from minimix import course
from minimix.course.checking import variants
from minimix.course.checking.engine import _tried, check
from minimix.course.checking.slip import words
from minimix.course.checking.variants import Way
from minimix.course.exercises import EXERCISES

WAYS = [(exercise, function) for exercise in EXERCISES for function in exercise.ways]


def way_of(function, exercise=None) -> Way:
    exercise = exercise or next(e for e, f in WAYS if f is function)
    return Way(function, tuple(exercise.configurations()[5].values()))


@pytest.mark.parametrize(("exercise", "function"), WAYS, ids=[function.__name__ for _, function in WAYS])
def test_ways_are_right(exercise, function):
    for case in exercise.configurations()[:40]:
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


def told(exercise, function) -> str:
    """What is said to a wrong function where no mistake was written down by hand."""
    report = check(replace(exercise, mistakes=()), function, strict=False)
    assert not report.passed and report.mistake is None
    return "\n".join(report.paragraphs)


def test_a_slip_in_code_of_another_kind():
    def embedded(weights):
        k = max(len(w[0, 0]) for w in weights)
        found = np.zeros((sum(map(len, weights)), 1, k, k))
        for start, w in enumerate(weights):  # the first channel of a group: one more a group
            room = k // 2 - len(w[0, 0]) // 2
            found[start : start + len(w), :, room : k - room, room : k - room] = w
        return found

    assert "in which `start += count` is written as `start += 1`" in told(course.EMBED, embedded)


def test_a_slip_in_a_part_of_the_configurations():
    def size(size, kernel, stride, padding, dilation):
        covered = dilation * (kernel - 1) + 1 if kernel > 1 else dilation
        return (size + 2 * padding - covered) // stride + 1

    text = told(course.OUTPUT_SIZE, size)
    assert text.startswith("Wherever kernel is 1, your numbers are those of") and text.endswith("Elsewhere they are right.")


def test_two_slips_at_once():
    text = told(course.OUTPUT_SIZE, lambda n, k, s, p, d: (n + p - d * k - 1) // s + 1)
    assert text.startswith("Two things at once. In all ") and "`padded = size + padding`" in text


def test_a_slip_for_each_of_two_results():
    def difference(a, b):
        return b.mean() - a.mean(), np.sqrt(a.var() / len(a) + b.var(ddof=1) / len(b))

    text = told(course.DIFFERENCE, difference)
    assert "error is that of a right function in which `first, second = (a.var(ddof=1), b.var(ddof=1))` is written as" in text


def test_an_exception_in_a_slip_is_no_explanation():
    """What gives no numbers explains none."""

    def counted(labels, predictions, classes):
        return np.full((classes, classes), len(labels))

    assert "of a right function" not in told(course.CONFUSION, counted)


def test_a_slip_in_results_of_zeros_and_ones():
    """There are two numbers only, but many patterns of them."""

    def mask(channels, groups, largest):
        kept = np.zeros((channels, 1, largest, largest), int)
        first, share = 0, channels // groups
        for t in range(groups):
            count = share if t else channels - share * (groups - 1)
            edge = (largest - 2 * t - 3) // 2
            kept[first : first + count, 0, edge : edge + 2 * t + 3, edge:] = 1
            first += count
        return kept

    (text,) = check(course.KERNEL_MASK, mask).paragraphs[:1]
    assert text.startswith("In all ") and "edge:]" in text and "Two things" not in text


def test_a_number_that_is_always_the_same_is_no_slip():
    report = check(course.SIGN_FLIPS, lambda d: course.SIGN_FLIPS.solution(d) if len(d) < 9 else 0.5)
    assert not any("right function" in text for text in report.paragraphs)
