"""Mistakes of different kinds that give the same numbers at some shape: a sentence that claims one of them names the other."""

import numpy as np
import pytest

from minimix.gradcheck import examine
from minimix.ops.op import Op
from minimix.tensor import Tensor, apply


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def causes(forward, backward, *arrays):
    """What is said of an op with these passes; backward takes the gradient and forward's inputs."""
    op = Op("f", lambda *x: (np.asarray(forward(*x)), x), lambda g, saved: tuple(backward(g, *saved)))
    report = examine(lambda *x: apply(op, *x), [Tensor(a, requires_grad=True) for a in arrays], seed=3)
    assert not report.ok
    return report.causes


def holds(found, label):
    """Whether each cause that claims something claims this, too, and one does."""
    return any(cause.claims for cause in found) and all(not cause.claims or label in cause.claims for cause in found)


@pytest.mark.parametrize("shape", [(4,), (2, 2)])
def test_exchanged_gradients_of_a_difference_are_not_just_a_wrong_sign(shape):
    found = causes(lambda a, b: a - b, lambda g, a, b: (-g, g), normal(*shape), normal(*shape, seed=1))
    assert holds(found, "exchanged") and holds(found, "sign"), found


def test_two_indices_in_each_others_places_are_not_just_a_wrong_sign():
    found = causes(lambda x: x[:, 1] - x[:, 0], lambda g, x: (np.stack([g, -g], axis=1),), normal(4, 2))
    assert holds(found, "flipped") and holds(found, "sign"), found


def test_a_wrong_sign_everywhere_is_still_one():
    found = causes(lambda x: x * x, lambda g, x: (-2 * x * g,), normal(5))
    assert holds(found, "sign") and "exchanged" not in found[0].claims, found


def test_a_distance_without_its_sign_where_all_lie_on_one_side():
    m = np.full(4, 0.5)
    found = causes(lambda x: np.abs(x - m), lambda g, x: (g,), -1 - np.abs(normal(4)))
    assert holds(found, "value"), found


def test_one_of_several_equal_contributions_is_no_wrong_constant():
    found = causes(lambda x: (np.repeat(x, 3) ** 2).sum(), lambda g, x: (2 * x * g,), normal(5))
    assert holds(found, "overwritten") and holds(found, "not summed"), found


def test_a_rounded_constant_is_found_out():
    found = causes(lambda x: 0.1 * x, lambda g, x: (float(np.float16(0.1)) * g,), normal(5))
    assert holds(found, "precision"), found


def test_directions_saved_as_float16_jump_across_rays():
    """They do not change along a ray through 0."""

    def backward(g, x):
        r = np.linalg.norm(x, axis=1, keepdims=True)
        u = (x / r).astype(np.float16).astype(float)
        return ((g - u * (g * u).sum(axis=1, keepdims=True)) / r,)

    found = causes(lambda x: x / np.linalg.norm(x, axis=1, keepdims=True), backward, normal(3, 3))
    assert "jumps" in found[0] and holds(found, "precision"), found


def test_a_mirrored_half_is_permuted_and_mirrored():
    def forward(x):
        return x[:, :3] * x[:, :2:-1]

    def backward(g, x):
        return (np.concatenate([g * x[:, :2:-1], g * x[:, :3]], axis=1),)

    found = causes(forward, backward, normal(3, 6))
    assert "[0, 1, 2, 5, 4, 3]" in found[0] and holds(found, "flipped") and holds(found, "permuted"), found


def test_an_index_that_mirrors_is_another_place_as_well():
    i, j = np.array([1, 3, 0, 2, 4, 1]), np.array([1, 4, 2, 0, 3, 1])

    def backward(g, x):
        result = np.zeros_like(x)
        np.add.at(result, j, 2 * g)
        return (result,)

    found = causes(lambda x: 2 * x[i], backward, normal(5, 3))
    assert holds(found, "other place"), found


def test_two_classes_leave_a_ratio_whatever_is_wrong():
    labels = np.array([0, 1, 1])

    def softmax(x):
        return np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)

    found = causes(
        lambda x: -np.log(softmax(x)[np.arange(3), labels]),
        lambda g, x: (g[:, None] * (softmax(x) - np.eye(2)[1 - labels]),),
        normal(3, 2),
    )
    assert not any(cause.claims for cause in found) or holds(found, "other place"), found


def test_straight_pieces_are_not_rounded():
    found = causes(lambda x: np.clip(x @ np.eye(4), -0.5, 1), lambda g, x: (g * (x > -0.5),), 2 * normal(3, 4))
    assert not holds(found, "precision"), found


def test_the_smallest_and_the_largest_entry_are_no_limit():
    x = np.array([-2.0, 0.3, 0.1, -0.4, 1.9])

    def backward(g, x):
        span = x.max() - x.min()
        d = g / span
        share = (g * (x - x.min())).sum() / span**2
        d[x.argmax()] -= share
        d[x.argmin()] += -g.sum() / span - share  # + share
        return (d,)

    found = causes(lambda x: (x - x.min()) / (x.max() - x.min()), backward, x)
    assert all("exactly where the input" not in cause for cause in found), found
