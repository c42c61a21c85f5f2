"""Gradients given to the wrong entries: what a diagnosis says of masks, indices, axes, windows and taps."""

import numpy as np
import pytest

from minimix import Tensor
from minimix.gradcheck import examine
from minimix.ops.op import Op
from minimix.tensor import apply


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def cause(forward, backward, *arrays, mode="full"):
    """What is said of the first input's gradient. forward: of arrays; backward: (gradient, *arrays) to gradients."""
    op = Op("op", lambda *a: (forward(*a), a), lambda g, a: backward(g, *a))
    tensors = [Tensor(a, requires_grad=True) if a.dtype == np.float64 else a for a in arrays]
    floats = [t for t in tensors if isinstance(t, Tensor)]
    if len(floats) == len(tensors):
        return examine(lambda *t: apply(op, *t), tensors, mode=mode, seed=2).causes[0]
    numbers = [a for a in tensors if not isinstance(a, Tensor)]
    with_numbers = Op("op", lambda *a: (forward(*a, *numbers), a), lambda g, a: backward(g, *a, *numbers))
    return examine(lambda *t: apply(with_numbers, *t[: len(floats)]), tensors, mode=mode, seed=2).causes[0]


def said(expected, words, *given):
    answer = cause(*given)
    assert expected in answer.claims and words in answer, answer


MATRIX = normal(4, 4, seed=1)


def test_a_matrix_that_is_not_transposed():
    said("transposed", "its transpose belongs", lambda x: MATRIX @ x, lambda g, x: (MATRIX @ g,), normal(4, 3))


def test_a_running_sum_back_along_the_other_axis():
    def back(g, x):
        return (np.cumsum(g[::-1], axis=0)[::-1],)

    said("transposed", "along axis 1, backward along axis 0", lambda x: np.cumsum(x, axis=1), back, normal(3, 4))


def test_padding_that_is_cut_off_at_the_wrong_end():
    def forward(x):
        y = np.pad(x, (4, 0))
        return sum(y[k : k + 9] * w for k, w in enumerate(MATRIX[0]))

    def back(g, x):
        to_y = np.zeros(len(x) + 4)
        for k, w in enumerate(MATRIX[0]):
            to_y[k : k + 9] += g * w
        return (to_y[:9],)

    said("shifted", "shifted by (4,)", forward, back, normal(9))


def test_the_mask_of_the_first_row_for_all():
    def back(g, x):
        return (g * (x[:1] > 0),)

    said("wrong mask", "the first index of axis 0", lambda x: np.maximum(x, 0), back, normal(4, 6))


def test_a_mask_by_another_input():
    def back(g, x, y):
        return g * (x > 0), g * (y >= x)

    said("wrong mask", "backward tells them apart by the input, above 0", np.maximum, back, normal(20), normal(20, seed=3))


def test_a_mask_on_the_output_that_is_inverted():
    def running(x):
        return np.tril(np.cumsum(x, axis=1))

    def back(g, x):
        return (np.cumsum(np.triu(g, 1)[:, ::-1], axis=1)[:, ::-1],)

    said("inverted mask", "a mask on the output is inverted", running, back, normal(4, 4))


def test_of_repeated_indices_one_remains():
    rows = np.array([0, 2, 2, 1])

    def back(g, x, rows):
        to_x = 2 * x * g[-1]
        to_x[rows] += g[:-1, None]
        return (to_x,)

    def forward(x, rows):
        return np.append(x[rows].sum(axis=1), (x * x).sum())

    said("overwritten", "several times in input 1 (2)", forward, back, normal(5, 3), rows)


def test_labels_that_get_nothing():
    labels = np.array([1, 0, 3, 4])

    def hinge(x, y):
        return np.maximum(x - x[np.arange(4), y][:, None] + 9, 0).sum()

    def back(g, x, y):
        to_x = np.full(x.shape, g)
        to_x[np.arange(4), y] = 0
        return (to_x,)

    said("left out", "exactly at the 4 entries that input 1 names", hinge, back, normal(4, 5), labels)


def test_labels_counted_from_one():
    def softmax(x):
        return np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)

    def back(g, x):
        p = softmax(x)
        p[np.arange(4), [0, 1, 2, 3]] -= 1
        return (g * p / 4,)

    def loss(x):
        return -np.log(softmax(x))[np.arange(4), [1, 2, 3, 4]].mean()

    said("other place", "missing at 4 entries", loss, back, normal(4, 5))


def test_taps_without_dilation():
    def conv(w, x):
        return np.stack([x[:, 2 * k : 2 * k + 6] for k in range(3)], -1) @ w

    def back(g, w, x):
        to_x = np.zeros_like(x)
        for k in range(3):
            to_x[:, 2 * k : 2 * k + 6] += g * w[k]
        return np.array([(g * x[:, k : k + 6]).sum() for k in range(3)]), to_x

    said("stride", "index 1 if input 1 were moved by 1", conv, back, normal(3), normal(2, 10))


def test_a_channel_s_scale_along_the_width():
    def back(g, x, w):
        return g * w, (g * x).sum(axis=(0, 2))

    said("transposed", "wrong axis", lambda x, w: x * w[:, None], back, normal(2, 4, 4), normal(4, seed=5))


def test_twice_a_matrix_for_itself_and_its_transpose():
    said("transposed", "A + A.T", lambda x: x @ MATRIX @ x, lambda g, x: (2 * g * MATRIX @ x,), normal(4))


def test_means_over_shorter_windows():
    bounds = [(0, 3), (2, 5), (4, 7)]

    def back(g, x):
        to_x = np.zeros_like(x)
        for (low, high), u in zip(bounds, g, strict=True):
            to_x[low : high - 1] += u / (high - 1 - low)
        return (to_x,)

    said("left out", "each output's total is right", lambda x: np.array([x[a:b].mean() for a, b in bounds]), back, normal(7))


@pytest.mark.parametrize(
    "change",
    [
        lambda j: j + 0.2,
        lambda j: j * np.random.default_rng(0).uniform(0.5, 2, j.shape),
        lambda j: j * (1 + np.abs(j)),
        lambda j: j.mean() + 0 * j,
    ],
)
@pytest.mark.parametrize(
    "function", [lambda x: np.cumsum(x, axis=1), lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)]
)
def test_numbers_that_are_wrong_in_their_places_are_not_called_misplaced(function, change):
    def jacobian(x):
        steps = 1e-6 * np.eye(x.size).reshape(-1, *x.shape)
        return np.stack([(function(x + s) - function(x - s)).reshape(-1) / 2e-6 for s in steps], axis=1)

    answer = cause(function, lambda g, x: ((g.reshape(-1) @ change(jacobian(x))).reshape(x.shape),), normal(3, 4))
    assert not {"other place", "transposed", "shifted", "permuted", "groups", "no mask"} & set(answer.claims), answer


def test_neighbours_for_halves():
    angle = np.array([0.3, 0.7, 1.1])

    def pairs(x, first, second, sign):
        y = np.empty_like(x)
        y[:, first] = x[:, first] * np.cos(angle) - sign * x[:, second] * np.sin(angle)
        y[:, second] = x[:, second] * np.cos(angle) + sign * x[:, first] * np.sin(angle)
        return y

    halves, neighbours = ([0, 1, 2], [3, 4, 5]), ([0, 2, 4], [1, 3, 5])
    said(
        "other place", "but to others", lambda x: pairs(x, *halves, 1), lambda g, x: (pairs(g, *neighbours, -1),), normal(3, 6)
    )
