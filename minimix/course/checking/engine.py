"""Running a learner's function over an exercise's configurations, and telling apart what can be wrong with it."""

import ast
import inspect
import os
import textwrap
import warnings

import numpy as np

from minimix.course.checking import diagnose, products, raised
from minimix.course.checking.calls import KEEPS, TWICE, differs, later
from minimix.course.checking.describe import described, telling
from minimix.course.checking.exercise import Case, Exercise, size_of
from minimix.course.checking.independence import ignored
from minimix.course.checking.outcome import Arrays, Outcome, agree, arrays_of, close, kind_of, run
from minimix.course.checking.report import Report
from minimix.course.checking.state import remembered
from minimix.course.checking.trial import Trial
from minimix.words import count

STRICT = "MINIMIX_COURSE_STRICT"
ELSEWHERE = "Elsewhere your numbers are others: it may be a different mistake, which comes to the same there."


class CheckFailed(AssertionError):
    """A check that did not pass, raised where MINIMIX_COURSE_STRICT=1; ``report`` says why."""

    def __init__(self, report: Report):
        super().__init__(str(report))
        self.report = report


def check(exercise: Exercise, function, strict: bool | None = None) -> Report:
    """Try ``function`` on all configurations of ``exercise``.

    strict: whether to raise CheckFailed where it is wrong. None: only where MINIMIX_COURSE_STRICT=1 is set.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of a learner's numbers: huge ones overflow here as well
        report = _examined(exercise, function)
    if not report.passed and (os.environ.get(STRICT) == "1" if strict is None else strict):
        raise CheckFailed(report)
    return report


def _examined(exercise: Exercise, function) -> Report:
    cases = exercise.configurations()
    if text := _cannot_be_called(function, cases[0]):
        return Report(exercise.name, "signature", f"{exercise.name}: {text[0]}", (text[1],), total=len(cases))
    fresh = remembered(function)
    tried = (_tried(exercise, function, case) for case in cases)
    trials = [trial for trial in tried if not (_too_large(trial) or _lost_in_rounding(trial))]
    wrong = [trial for trial in trials if trial.problem]
    if not wrong and exercise.whole and (floats := [trial for trial in trials if _has_floats(trial)]):
        text = (
            "The numbers are right, but they are floats. They are used as sizes and indices, where Python wants whole numbers: "
        )
        return _report(exercise, function, "type", trials, floats, (f"{text}// instead of /, or int(...) at the end.",))
    if not wrong:
        if sign := later(exercise, function, trials, fresh):
            if not sign.text:  # rare numbers, which no configuration has
                return _report(exercise, function, "values", [*trials, sign.trial], [sign.trial], ())
            return _report(exercise, function, "state", trials, [sign.trial], (sign.text,))
        title = f"{exercise.name}: right in all {len(trials)} configurations"
        return Report(exercise.name, "passed", title, total=len(trials))
    first = wrong[0]
    if differs(run(exercise, function, first.case, first.solved), first.outcome):
        return _report(exercise, function, "state", trials, wrong[:1], (TWICE,))
    if first is not trials[0] and not _tried(exercise, fresh(), first.case).problem:
        text = f"Called with this input first, the function is right. After calls with other inputs it is wrong. {KEEPS}"
        return _report(exercise, function, "state", trials, wrong, (text,))
    return _report(exercise, function, first.problem, trials, wrong, _words(exercise, trials, first))


def _too_large(trial: Trial) -> bool:
    """Whether a configuration of large numbers does not fit into the memory in the learner's way, which may be a right one."""
    return isinstance(trial.outcome.error, MemoryError) and size_of(trial.case) > LARGE


LARGE = 1000


def _lost_in_rounding(trial: Trial) -> bool:
    """Whether nothing is wrong but what should be 0, and what comes in its place is no more than rounding leaves of a sum of
    products of such inputs.

    float64 leaves it where a right way takes Fourier transforms, or sums from which others are subtracted. Where even the
    solution's result is only what float64 leaves of 0, float32 leaves more.
    """
    if trial.problem != "values":
        return False
    given = [value for value in trial.case.values() if isinstance(value, np.ndarray) and value.size]
    most = sum(a.size for a in given) * np.prod([float(np.abs(a).max()) for a in given])

    def zero(array: np.ndarray, digits: type) -> bool:
        return bool(np.abs(array).max(initial=0) <= np.finfo(digits).eps * most)

    def lost(got: np.ndarray, expected: np.ndarray) -> bool:
        return zero(expected, np.float64) and zero(got, np.float32 if expected.any() else np.float64)

    parts = [(trial.outcome.arrays[name], expected) for name, expected in trial.expected.items()]
    return all(close(got, expected) or lost(got, expected) for got, expected in parts)


def _tried(exercise: Exercise, function, case: Case) -> Trial:
    solved = exercise.call(exercise.solution, case)
    outcome = run(exercise, function, case, solved)
    return Trial(case, solved, outcome, _problem(exercise, outcome, arrays_of(solved, solved)))


def _problem(exercise: Exercise, outcome: Outcome, expected: Arrays) -> str:
    """The first that is wrong, "" for nothing."""
    if outcome.unwritten:
        return "stub"
    if outcome.error is not None:
        return "exception"
    if outcome.arrays is None:
        return "type"
    if outcome.changed:
        return "in-place"
    if any(outcome.arrays[name].shape != array.shape for name, array in expected.items()):
        return "shape"
    return "" if agree(outcome.arrays, expected) else "values"


def _has_floats(trial: Trial) -> bool:
    return any(array.dtype.kind == "f" and array.size for array in trial.outcome.arrays.values())  # [] is a list of anything


def _words(exercise: Exercise, trials: list[Trial], first: Trial) -> tuple[str, ...]:
    """What is said of the smallest configuration that fails, before any diagnosis."""
    outcome = first.outcome
    if first.problem == "stub":
        if outcome.empty and any(trial.outcome.arrays is not None for trial in trials):
            text = "Here the function returns None: does one of its branches lack a return?"
            return (text, *diagnose.conditions(exercise, trials))
        text = "There is nothing to check yet"
        return (f"{text}: {exercise.nothing}" if outcome.empty else f"{text}.",)
    if first.problem == "exception":
        return (f"{type(outcome.error).__name__}: {outcome.error}".rstrip(), *raised.meaning(outcome.error))
    if first.problem == "type":
        return (f"It returns {outcome.malformed}.",)
    if first.problem == "in-place":
        names = " and ".join(outcome.changed)
        text = f"After the call {names} is not what it was. Whoever called the function may still need it: work on a copy. "
        return (f"{text}Slices, transpose and reshape are no copies, but views of the same memory.",)
    if first.problem == "shape":
        shapes = [
            f"{name + ': ' if name else ''}expected shape {array.shape}, got {outcome.arrays[name].shape}"
            for name, array in first.expected.items()
            if outcome.arrays[name].shape != array.shape
        ]
        text = "; ".join(shapes)
        return (f"{text if list(first.expected) != [''] else text[0].upper() + text[1:]}.",)
    return ()


TITLES = {
    "stub": "not written yet",
    "exception": "an exception in your function",
    "type": "another kind of result is wanted",
    "in-place": "an input was changed",
    "shape": "the result has another shape",
    "state": "the same input gives different results",
    "values": "wrong numbers",
}


def _report(exercise: Exercise, function, kind: str, trials: list, wrong: list, words: tuple[str, ...]) -> Report:
    first = wrong[0]
    title, name = f"{exercise.name}: {TITLES[kind]}", None
    if kind == "stub" and first.outcome.empty and _has_code(function):
        title = f"{exercise.name}: your function returns None"
    if kind == "exception":
        title = f"{exercise.name}: your function raises {type(first.outcome.error).__name__}"
    if kind not in ("stub", "state"):
        fit = diagnose.fitting(exercise, trials)
        if fit and fit.name:
            name = fit.name
            explanation, none = fit.mistakes[0].explanation, [] if fit.raises else _without_numbers(wrong)
            if kind in ("in-place", "type"):
                words = (*words, f"The numbers show something else, too: {explanation}")
            elif none:
                words = (*words, f"Where it returns numbers they are what this mistake gives: {name}. {explanation}")
                words += tuple(none) if kind in ("values", "shape") else ()
            else:
                title, words = f"{exercise.name}: {name}", (*words, explanation)
        elif fit:
            words = (*words, *_fitted(fit))
        else:
            words = (*words, *_unexplained(exercise, function, kind, trials, first))
    expected, actual = first.expected, first.outcome.arrays or {}
    return Report(
        exercise.name, kind, title, words, mistake=name, case=first.case,
        expected=expected.get("", expected), actual=actual.get("", actual) if actual else None,
        failed=len(wrong), total=len(trials), code=raised.line(first.outcome.error), there=raised.values(first.outcome.error),
        printed=first.outcome.printed,
    )  # fmt: skip


def _unexplained(exercise: Exercise, function, kind: str, trials: list[Trial], first: Trial) -> list[str]:
    """What is seen where no mistake fits: how the numbers differ, in which configurations, and what they are made of."""
    numbers = described(exercise, trials) if kind in ("values", "shape") else []
    known = any("in all configurations" in text for text in numbers) or (kind == "type" and not first.problem)
    found = [*numbers, *([] if known else diagnose.conditions(exercise, trials))]
    if kind != "values":
        return found
    found += [] if numbers else ignored(exercise, function, trials)
    return found + ([] if known or telling(exercise, trials) else products.said(exercise, function, trials))


def _has_code(function) -> bool:
    """Whether more has been written, as its source shows, than a docstring, ``pass`` and ``...``."""
    try:
        [definition] = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    except (OSError, TypeError, SyntaxError, ValueError):  # no source, or not by itself
        return False
    if not isinstance(definition, ast.FunctionDef) or definition.name != function.__name__:  # what a lambda stands in
        return False
    values = [line.value if isinstance(line, (ast.Expr, ast.Return)) else line for line in definition.body]
    return not all(value is None or isinstance(value, (ast.Pass, ast.Constant)) for value in values)


def _without_numbers(wrong: list[Trial]) -> list[str]:
    """How often the function raises, and how often it returns no numbers as they are wanted, if it does so anywhere."""
    errors = [trial.outcome.error for trial in wrong if trial.outcome.error is not None]
    others = [trial.outcome.malformed for trial in wrong if trial.outcome.malformed]
    said = [f"In {count(len(errors), 'configuration')} it raises {type(errors[0]).__name__}: {errors[0]}"] if errors else []
    return said + ([f"In {count(len(others), 'configuration')} it returns {others[0]}."] if others else [])


def _fitted(fit: diagnose.Fit) -> list[str]:
    """What is said of mistakes that explain the numbers not by themselves."""
    if fit.written:
        return list(fit.written)
    first = fit.mistakes[0]
    if fit.share:
        text = "In {} of the {} configurations with wrong numbers they are what this mistake gives".format(*fit.share)
        return [f"{text}: {first.name}. {first.explanation}", ELSEWHERE]
    if fit.where:
        return [f"Wherever {fit.where}, the results are what this mistake gives: {first.name}. {first.explanation}", ELSEWHERE]
    if fit.altered:
        return [f"Two things at once: {first.name}; and of what that gives, {fit.altered}.", first.explanation]
    second = fit.mistakes[1]
    text = f"Two mistakes at once give exactly these numbers: {first.name}, and {second.name}."
    return [text, first.explanation, second.explanation]


def _cannot_be_called(function, case: Case) -> tuple[str, str] | None:
    """(title, advice) for what is no function of these arguments."""
    call = f"({', '.join(case)})"
    if not callable(function):
        text = f"The check calls your function itself, with {call}. Hand it over by its name, without parentheses behind it."
        return f"a function is wanted, not {kind_of(function)}", text
    try:
        inspect.signature(function).bind(*case.values())
    except TypeError as error:
        return f"your function must take {call}", f"The check calls it with {len(case)} arguments, {call}: {error}."
    except ValueError:
        pass  # a built-in that hides its signature
    return None
