"""Which products a learner's number is a sum of, where it is one: found by zeros with a single 1 among them.

A convolution, and each of its gradients, is a sum of products of one entry of each array that is given. So with a single 1 in
each array, at all places in turn, the result shows in which sums the product of these two places stands, and how often. That
is asked of the learner's function and of the solution, in a small configuration. Where the products that were found do not
add up to what the function returned there, it is none of this kind, and nothing is said.
"""

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from minimix.course.checking.exercise import Case, Exercise, copied
from minimix.course.checking.outcome import Arrays, arrays_of, close
from minimix.course.checking.trial import Trial

CALLS = 400  # of the learner's function, at most
SHOWN = 3  # products that are written out; of more, one that is missing and one too many
ENOUGH = 2  # wrong numbers that a configuration must have to be chosen, if there is one
Place = tuple[str, tuple[int, ...]]  # name of an array, index
Products = dict[str, np.ndarray]  # of each result: how often each product stands in each number, (*result's shape, products)


def said(exercise: Exercise, function: Callable, trials: list[Trial]) -> list[str]:
    """What one wrong number is made of, and of what it should be; none where that is not known."""
    if exercise.call is not Exercise.call:
        return []
    fit = [trial for trial in trials if trial.misses and 1 < _calls(trial.case) <= CALLS]
    telling = [trial for trial in fit if _wrong_numbers(trial) >= ENOUGH] or fit
    if not telling:
        return []
    trial = telling[0]
    terms = list(itertools.product(*_places(trial.case)))
    ours, theirs = _products(exercise, function, trial, terms), _products(exercise, exercise.solution, trial, terms)
    if ours is None or theirs is None or not _adds_up(ours, trial.outcome.arrays, trial.case, terms):
        return []
    given = ", ".join(
        f"{name} of shape {value.shape}" if isinstance(value, np.ndarray) else f"{name}={value}"
        for name, value in trial.case.items()
        if not isinstance(value, list)
    )
    facts = [*_never(ours, theirs, trial.case, terms), *_example(ours, theirs, terms)]
    return [f"Product by product{', with ' * bool(given)}{given}: {'; '.join(facts)}."] if facts else []


def _arrays(case: Case) -> dict[str, np.ndarray]:
    """The arrays of numbers among the arguments, those in lists with their places there."""
    found = {}
    for name, value in case.items():
        for place, item in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(item, np.ndarray) and item.dtype.kind == "f":
                found[name if place is None else f"{name}[{place}]"] = item
    return found


def _places(case: Case) -> list[list[Place]]:
    """For each argument that holds arrays, all entries of these."""
    found: dict[str, list[Place]] = {}
    for name, array in _arrays(case).items():
        found.setdefault(name.partition("[")[0], []).extend((name, index) for index in np.ndindex(array.shape))
    return list(found.values())


def _calls(case: Case) -> int:
    places = _places(case)
    return int(np.prod([len(part) for part in places])) if places else 0


def _wrong_numbers(trial: Trial) -> int:
    return sum(
        int((~np.isclose(trial.outcome.arrays[name], array, rtol=1e-4, atol=1e-6)).sum())
        for name, array in trial.expected.items()
        if trial.outcome.arrays[name].shape == array.shape
    )


def _products(exercise: Exercise, function: Callable, trial: Trial, terms: list[tuple[Place, ...]]) -> Products | None:
    """None where they are no whole numbers, where the result has another shape, or where the function raises."""
    columns: dict[str, list[np.ndarray]] = {name: [] for name in trial.expected}
    for term in terms:
        case = copied(trial.case)
        arrays = _arrays(case)
        for name in arrays:
            _replace(case, name, np.zeros(arrays[name].shape, arrays[name].dtype))
        for name, index in term:
            _arrays(case)[name][index] = 1
        try:
            result = arrays_of(exercise.call(function, case), trial.solved)
        except Exception:  # whatever a learner's function makes of zeros
            return None
        for name, column in columns.items():
            array = result[name].astype(float)
            if array.shape != trial.expected[name].shape or not np.array_equal(array, array.round()):
                return None
            column.append(array)
    return {name: np.stack(column, axis=-1) for name, column in columns.items()}


def _replace(case: Case, name: str, array: np.ndarray) -> None:
    whole, _, place = name.partition("[")
    if place:
        case[whole][int(place[:-1])] = array
    else:
        case[whole] = array


def _adds_up(products: Products, results: Arrays, case: Case, terms: list[tuple[Place, ...]]) -> bool:
    """Whether the products are all that the results are made of."""
    arrays = _arrays(case)
    values = np.array([np.prod([float(arrays[name][index]) for name, index in term]) for term in terms])
    return all(close(results[name], found @ values) for name, found in products.items())


def _never(ours: Products, theirs: Products, case: Case, terms: list[tuple[Place, ...]]) -> list[str]:
    """Entries of an array that stand in no product, though they should."""
    said = []
    for part, name in enumerate(dict.fromkeys(name.partition("[")[0] for name in _arrays(case))):
        used, wanted = (
            dict.fromkeys(
                term[part] for column, term in enumerate(terms) if any(p[..., column].any() for p in products.values())
            )
            for products in (ours, theirs)
        )
        if lost := [place for place in wanted if place not in used]:
            if len(lost) == len(wanted):
                continue
            shown = ", ".join(_entry(*place) for place in lost[:SHOWN]) + ", ..." * (len(lost) > SHOWN)
            said.append(f"{len(lost)} of the {len(wanted)} entries of {name} that count are never used, {shown}")
    return said


def _example(ours: Products, theirs: Products, terms: list[tuple[Place, ...]]) -> list[str]:
    """The wrong number with the fewest products, in words."""
    wrong = [
        (int(np.abs(ours[name][index]).sum() + np.abs(theirs[name][index]).sum()), place, name, index)
        for place, (name, index) in enumerate(_numbers(theirs))
        if not np.array_equal(ours[name][index], theirs[name][index])
    ]
    if not wrong:
        return []
    _, _, name, index = min(wrong, key=lambda entry: entry[:2])
    mine, right = ours[name][index], theirs[name][index]
    number = _entry(name or "result", index)
    if np.count_nonzero(mine) <= SHOWN and np.count_nonzero(right) <= SHOWN:
        return [f"your {number} is {_sum(mine, terms)}, and should be {_sum(right, terms)}"]
    less, more = np.maximum(right - mine, 0), np.maximum(mine - right, 0)
    parts = [
        f"{text} {_first(counts, terms)}" + _and_more(counts)
        for text, counts in (("lacks", less), ("has too much of", more))
        if counts.any()
    ]
    return [f"your {number} {', and '.join(parts)}"]


def _numbers(products: Products) -> Iterator[tuple[str, tuple[int, ...]]]:
    return ((name, index) for name, array in products.items() for index in np.ndindex(array.shape[:-1]))


def _entry(name: str, index: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def _sum(counts: np.ndarray, terms: list[tuple[Place, ...]]) -> str:
    """
    >>> _sum(np.array([1.0, 0.0, -2.0]), [(("x", (0,)),), (("x", (1,)),), (("x", (2,)), ("w", (0,)))])
    'x[0] - 2 x[2] * w[0]'
    """
    text = ""
    for count, term in zip(counts, terms, strict=True):
        if count:
            sign = ("-" if count < 0 else "") if not text else " - " if count < 0 else " + "
            text += sign + ("" if abs(count) == 1 else f"{abs(count):g} ") + _product(term)
    return text or "0"


def _product(term: tuple[Place, ...]) -> str:
    return " * ".join(_entry(*place) for place in term)


def _first(counts: np.ndarray, terms: list[tuple[Place, ...]]) -> str:
    return _product(terms[int(np.flatnonzero(counts)[0])])


def _and_more(counts: np.ndarray) -> str:
    more = np.count_nonzero(counts) - 1
    return f" and {more} more {'product' if more == 1 else 'products'}" if more else ""
