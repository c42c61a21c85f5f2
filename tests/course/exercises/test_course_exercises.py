"""Every exercise of the table: its solution passes, its stub is no alarm, and each of its mistakes is called by its name."""

from pathlib import Path

import numpy as np
import pytest

from minimix.course import EXERCISES, check, exercises
from minimix.course.checking.exercise import Exercise, copied, size_of
from minimix.course.checking.outcome import agree, arrays_of, run, same

every_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
every_mistake = pytest.mark.parametrize(
    "exercise, mistake",
    [pytest.param(e, m, id=f"{e.name}: {m.name}") for e in EXERCISES for m in e.mistakes],
)


def test_the_folder_is_in_the_order_of_the_course():
    files = [getattr(exercises, f"check_{exercise.name}").__module__.rpartition(".")[2] for exercise in EXERCISES]
    assert files == sorted(files)
    assert {name[:8] for name in files} == {f"lesson{number:02d}" for number in range(14)}
    assert set(files) == {path.stem for path in Path(exercises.__file__).parent.glob("lesson*.py")}


def fails(exercise, function, case) -> bool:
    """Whether a function's result is wrong, decided without the engine."""
    solved = exercise.call(exercise.solution, case)
    arrays = run(exercise, function, case, solved).arrays
    return arrays is None or not agree(arrays, arrays_of(solved, solved))


@every_exercise
def test_the_solution_passes(exercise):
    report = check(exercise, exercise.solution)
    assert report.passed, report
    assert report.title == f"{exercise.name}: right in all {report.total} configurations"
    assert 12 <= report.total <= 500


@every_exercise
def test_there_are_enough_mistakes_and_each_says_something(exercise):
    names = [mistake.name for mistake in exercise.mistakes]
    assert len(names) >= 8
    assert len(set(names)) == len(names)
    for mistake in exercise.mistakes:
        assert len(mistake.name) <= 60
        assert 20 <= len(mistake.explanation) <= 240
        assert mistake.explanation[0].isupper() and mistake.explanation[-1] in ".?"


def unwritten(*arguments):
    raise NotImplementedError("your turn")


@every_exercise
@pytest.mark.parametrize("stub", [unwritten, lambda *arguments: None, lambda *arguments: ...], ids=["raises", "None", "..."])
def test_a_stub_is_no_alarm(exercise, stub):
    report = check(exercise, stub)
    assert (report.kind, report.passed, report.mistake) == ("stub", False, None)
    assert report.title == f"{exercise.name}: not written yet"
    assert "rror" not in repr(report)


@every_mistake
def test_a_mistake_is_called_by_its_name_and_the_smallest_case_shown(exercise, mistake):
    """And by no other name: what tells any two mistakes apart is among the configurations."""
    report = check(exercise, mistake.function)
    assert report.mistake == mistake.name, report
    assert not report.passed
    assert any(mistake.explanation in paragraph for paragraph in report.paragraphs)
    cases = exercise.configurations()
    bad = [case for case in cases if fails(exercise, mistake.function, case)]
    for found, all_of_them in ((report.failed, bad), (report.total, cases)):  # those that rounding may explain are left out
        assert len(all_of_them) - 4 <= found <= len(all_of_them)
    assert same(list(report.case.values()), list(bad[0].values())) and list(report.case) == list(bad[0])


@every_exercise
def test_nothing_changes_its_input(exercise):
    for function in (exercise.solution, *(mistake.function for mistake in exercise.mistakes)):
        assert all(run(exercise, function, case).changed == () for case in exercise.configurations())


@every_exercise
def test_the_configurations_are_the_same_every_time_and_grow(exercise):
    first, second = exercise.configurations(), exercise.configurations()
    assert same([list(case.values()) for case in first], [list(case.values()) for case in second])
    readable = len(list(exercise.cases(np.random.default_rng(0))))
    for part in (first[:readable], first[readable:]):
        assert list(map(size_of, part)) == sorted(map(size_of, part))
    sizes = list(map(size_of, first))
    assert sizes[0] <= 12, "the smallest case should be one to compute by hand"


def scaled(result, factor):
    """A result with all its numbers multiplied, in whatever structure it is."""
    if isinstance(result, dict):
        return {name: scaled(part, factor) for name, part in result.items()}
    if isinstance(result, list):
        return [scaled(part, factor) for part in result]
    return np.asarray(result) * factor


@every_exercise
def test_a_mistake_that_nobody_listed_is_not_called_by_a_wrong_name(exercise):
    def wrong(*arguments):
        result = exercise.solution(*arguments)
        if result is None:  # the tape's gradients are left in the Scalars
            arguments[0].grad = 1.37
        return None if result is None else scaled(result, 1.37)

    report = check(exercise, wrong)
    assert report.mistake is None and report.kind == "values"
    assert report.failed > 0


arrays_only = pytest.mark.parametrize(
    "exercise",
    [e for e in EXERCISES if isinstance(e.call(e.solution, e.configurations()[0]), np.ndarray)],
    ids=lambda exercise: exercise.name,
)


@arrays_only
@pytest.mark.parametrize("kind", [np.float32, list, np.asfortranarray])
def test_the_kind_of_array_does_not_matter(exercise, kind):
    def convert(result):
        return result.tolist() if kind is list else result.astype(kind) if kind is np.float32 else kind(result)

    assert check(exercise, lambda *arguments: convert(exercise.solution(*arguments))).passed


@arrays_only
def test_an_integer_dtype_is_noticed(exercise):
    report = check(exercise, lambda *arguments: exercise.solution(*arguments).astype(int))
    assert report.kind == "values" and report.mistake is None
    assert "integer dtype" in " ".join(report.paragraphs)


several = pytest.mark.parametrize(
    "exercise",
    [e for e in EXERCISES if e.call is Exercise.call and isinstance(e.call(e.solution, e.configurations()[0]), dict)],
    ids=lambda exercise: exercise.name,
)


@several
@pytest.mark.parametrize("kind", [dict, tuple, list])
def test_several_results_may_come_as_a_dict_or_in_order(exercise, kind):
    def convert(result):
        return result if kind is dict else kind(result.values())

    assert check(exercise, lambda *arguments: convert(exercise.solution(*arguments))).passed


@several
def test_a_missing_result_is_named(exercise):
    names = list(exercise.call(exercise.solution, exercise.configurations()[0]))
    report = check(exercise, lambda *arguments: tuple(exercise.solution(*arguments).values())[:-1])
    assert report.kind == "type"
    assert f"expected {len(names)}, ({', '.join(names)})" in repr(report)


@every_exercise
def test_the_case_can_be_tried_again(exercise):
    mistake = exercise.mistakes[0]
    report = check(exercise, mistake.function)
    assert fails(exercise, mistake.function, copied(report.case))
