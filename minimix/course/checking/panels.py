"""Which 2-D pieces of a failing case are shown: inputs, expected, actual, difference, all cut at the place that is wrong."""

import itertools

import numpy as np

from minimix.course.checking.outcome import wrong_entries
from minimix.course.display.picture import Panel

MOST = 3  # images or channels of one array


def panels_of(case: dict, expected, actual) -> tuple[list[Panel], list[Panel]]:
    """(inputs, results), both empty where nothing has two axes.

    expected, actual: an array each, or dicts of arrays; then the first that differs is shown. actual may be None.

    >>> x = np.arange(4.0).reshape(1, 1, 2, 2)
    >>> inputs, results = panels_of({"x": x, "stride": 1}, x + 1, x)
    >>> [panel.title for panel in inputs + results]
    ['x[0, 0]', 'expected[0, 0]', 'yours[0, 0]', 'yours - expected']
    """
    name, right, ours = _first_difference(expected, actual)
    if ours is not None and ours.size == 0:
        ours = None
    place = _place(right, ours)
    inputs = _inputs(case, place, name)
    if not inputs and right.ndim < 2:
        return [], []
    results = [_cut(f"expected {name}".strip(), right, place)]
    if ours is not None:
        mine = _cut(f"yours {name}".strip(), ours, place)
        if ours.shape == right.shape:
            wrong = _cut("", wrong_entries(ours, right), place).values
            results += [mine._replace(wrong=wrong), Panel("yours - expected", mine.values - results[0].values, wrong)]
        else:
            results.append(mine)
    return inputs, results


def _first_difference(expected, actual) -> tuple[str, np.ndarray, np.ndarray | None]:
    if not isinstance(expected, dict):
        return "", expected, actual
    actual = actual or {}
    for name, right in expected.items():
        ours = actual.get(name)
        if ours is None or ours.shape != right.shape or wrong_entries(ours, right).any():
            return name, right, ours
    name = next(iter(expected))
    return name, expected[name], actual.get(name)


def _place(right: np.ndarray, ours: np.ndarray | None) -> tuple[int, ...]:
    """Index of the first wrong 2-D piece."""
    if ours is not None and ours.shape == right.shape and (wrong := np.argwhere(wrong_entries(ours, right))).size:
        return tuple(map(int, wrong[0][:-2]))
    return (0,) * max(0, right.ndim - 2)


def _cut(name: str, array: np.ndarray, place: tuple[int, ...]) -> Panel:
    """The piece of ``array`` at ``place``, as far as it has so many axes."""
    if array.ndim <= 2:
        return Panel(name, np.atleast_2d(array))
    index = tuple(min(i, n - 1) for i, n in zip((*place, *(0,) * array.ndim), array.shape[:-2], strict=False))
    return Panel(f"{name}[{', '.join(map(str, index))}]", array[index])


def _inputs(case: dict, place: tuple[int, ...], name: str) -> list[Panel]:
    """The pieces of the arguments that the result at ``place`` is made of."""
    if len(place) == 2:
        pieces = list(_pieces(case, place, name))
    else:
        pieces = [(key, value, place) for key, value in case.items() if isinstance(value, np.ndarray)]
    return [_cut(*piece) for piece in pieces] if any(array.ndim >= 2 for _, array, _ in pieces) else []


def _pieces(case: dict, place: tuple[int, int], name: str):
    """(name, array, index) of each. Pictures are (N, C, H, W), kernels (C, 1, K, K), or dense (C_out, C, K, K).

    A kernel's gradient is made of all images, an output of a dense convolution of all channels, any other of its own only.
    """
    group, channel, local = _group(case.get("weights"), place, name)
    of_kernel = "weight_shape" in case or name.startswith("grad_weight")
    for key, value in case.items():
        if isinstance(value, list) and group is not None:
            yield f"{key}[{group}]", value[group], (local, 0)
        elif isinstance(value, np.ndarray) and key == "weight":
            yield from (
                ((key, value, (place[1], i)) for i in range(value.shape[1])[:MOST])
                if value.ndim == 4
                else [(key, value, place)]
            )
        elif isinstance(value, np.ndarray):
            dense = getattr(case.get("weight"), "shape", (0, 1))[1:2] > (1,)
            images = range(len(value))[:MOST] if of_kernel else [place[0]]
            channels = range(value.shape[1])[:MOST] if dense and value.ndim == 4 else [channel]
            yield from ((key, value, index) for index in itertools.product(images, channels))


def _group(weights, place: tuple[int, int], name: str) -> tuple[int | None, int, int]:
    """(group, channel of x, channel within the group) of a result of a mixed convolution."""
    of_kernel = name.startswith("grad_weight")
    if not isinstance(weights, list):
        return None, place[0] if of_kernel else place[1], 0
    if of_kernel:
        group = int(name.removeprefix("grad_weights[").removesuffix("]"))
        return group, sum(map(len, weights[:group])) + place[0], place[0]
    local = place[1]
    for group, weight in enumerate(weights):
        if local < len(weight):
            return group, place[1], local
        local -= len(weight)
    return None, place[1], 0
