"""The numbers that a configuration is made of, by the names that a reader knows them by."""

import numbers

import numpy as np

from minimix.course.checking.exercise import Case, Exercise, copied
from minimix.course.checking.variants import ways_of

PICTURES = ("images", "channels", "rows", "columns")


def quantities(exercise: Exercise, case: Case) -> dict[str, float | bool]:
    """{words: number or truth}: arguments that are numbers, lengths and shapes of the others, the exercise's features, and
    whole numbers that a right function computes on its way.

    >>> from dataclasses import replace
    >>> from minimix.course import CONV2D
    >>> case = {"x": np.zeros((2, 3, 5, 4)), "weight": np.zeros((6, 3, 2, 2)), "stride": 1}
    >>> quantities(replace(CONV2D, features=lambda case: {}, ways=()), case)  # doctest: +NORMALIZE_WHITESPACE
    {'the number of images': 2, 'the number of channels': 3, 'the number of rows': 5, 'the number of columns': 4,
     "x lies in memory in another order than C's": False, 'weight.shape[0]': 6, 'weight.shape[1]': 3, 'the kernel size': 2,
     "weight lies in memory in another order than C's": False, 'stride': 1}
    """
    found: dict[str, float | bool] = {}
    for name, value in case.items():
        if isinstance(value, numbers.Real):
            found[name] = value
        elif isinstance(value, np.ndarray):
            found |= _of_array(name, value)
            found[f"{name} lies in memory in another order than C's"] = not value.flags.c_contiguous
        elif isinstance(value, (list, tuple)):
            found[f"len({name})"] = len(value)
    steps = [way.steps(case) for way in ways_of(exercise.ways, tuple(copied(case).values()))]
    return found | exercise.features(case) | {name: number for way in steps for name, number in way.items()}


def _of_array(name: str, array: np.ndarray) -> dict[str, int]:
    if name == "x" and array.ndim == 4:
        return {f"the number of {word}": n for word, n in zip(PICTURES, array.shape, strict=True)}
    shape = {f"len({name})" if array.ndim == 1 else f"{name}.shape[{i}]": n for i, n in enumerate(array.shape)}
    if name == "weight" and array.ndim == 4 and array.shape[2] == array.shape[3]:
        shape = {**dict(list(shape.items())[:2]), "the kernel size": array.shape[2]}
    return shape
