"""Sentences that were false of other ops: what a coincidence looks like, and which experiment tells it from a cause."""

import numpy as np

from minimix.gradcheck import examine
from minimix.ops.op import Op
from minimix.tensor import Tensor, apply


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def causes(forward, backward, *arrays):
    """The causes of an op with these passes; backward takes the gradient and forward's inputs. Whole numbers stay arrays."""

    def given(g, saved):
        gradients = tuple(backward(g, *saved))
        return gradients + (None,) * (len(saved) - len(gradients))

    op = Op("f", lambda *x: (np.asarray(forward(*x)), x), given)
    inputs = [Tensor(a, requires_grad=True) if a.dtype == float else a for a in arrays]
    tensors = [x for x in inputs if isinstance(x, Tensor)]
    numbers = [x for x in inputs if not isinstance(x, Tensor)]
    report = examine(lambda *x: apply(op, *x[: len(tensors)], *x[len(tensors) :]), [*tensors, *numbers], seed=3)
    assert not report.ok
    return report.causes


def test_indices_that_repeat_by_chance_are_not_overwritten():
    """Labels of a square picture, transposed: the one class that occurs once lies on the diagonal."""
    labels = np.array([[0, 1, 0], [2, 3, 1], [1, 0, 2]])
    place = np.arange(3)

    def backward(g, x, labels):
        result = np.zeros_like(x)
        result[labels.T, place[:, None], place] = g
        return (result,)

    (cause,) = causes(lambda x, t: x[t, place[:, None], place], backward, normal(4, 3, 3), labels)
    assert "overwritten" not in cause.claims, cause


def test_indices_that_repeat_and_are_overwritten():
    def backward(g, x, t):
        result = np.zeros_like(x)
        result[t] = g
        return (result,)

    (cause,) = causes(lambda x, t: x[t], backward, normal(5, 3), np.array([1, 1, 0, 4]))
    assert "overwritten" in cause.claims, cause


def test_a_state_that_fills_up_is_not_random():
    queue = [np.zeros(3)] * 3

    def forward(x):
        queue.append(x.copy())
        del queue[0]
        return sum(queue) * x

    op = Op("f", lambda x: (forward(x), x), lambda g, x: (g * x,))
    report = examine(lambda x: apply(op, x), [Tensor(normal(3), requires_grad=True)], seed=3)
    claims = [cause.claims for cause in report.causes if "two forward passes" in cause]
    assert claims and all("state" in some for some in claims), report


def test_squares_at_the_ends_are_no_border():
    """x0 x0, x0 x1, x0 x2, x1 x2, x2 x2: the ratio is 1/2 at both ends, as at a padded border."""
    i, j = np.array([0, 0, 0, 1, 2]), np.array([0, 1, 2, 2, 2])

    def backward(g, x):
        g = g * np.where(i == j, 0.5, 1)
        result = np.zeros_like(x)
        np.add.at(result, (slice(None), i), g * x[:, j])
        np.add.at(result, (slice(None), j), g * x[:, i])
        return (result,)

    (cause,) = causes(lambda x: x[:, i] * x[:, j], backward, normal(4, 3))
    assert "border" not in cause.claims, cause


def test_a_block_that_is_moved_may_be_no_mask():
    def backward(g, x):
        result = np.zeros_like(x)
        result[-3:] = g
        return (result,)

    (cause,) = causes(lambda x: 2.0 * x[:3], lambda g, x: backward(2 * g, x), normal(6, 2))
    assert "other place" in cause.claims or "shifted" in cause.claims, cause


def test_a_divisor_that_is_taken_for_a_constant_has_no_wrong_sign():
    """x v v / (v v): the gradient along v is 2 times the output where the length is held fixed."""

    def backward(g, x, v):
        return g @ np.outer(v, v) / (v @ v), ((g @ v)[:, None] * x + (x @ v)[:, None] * g).sum(0) / (v @ v)

    (cause,) = causes(lambda x, v: (x @ v)[:, None] * v / (v @ v), backward, normal(3, 4), normal(4, seed=1))
    assert not cause.claims or "term missing" in cause.claims, cause


def test_a_mirrored_transform_may_have_a_wrong_sign():
    """The real part and the imaginary part, whose gradient comes back with the wrong sign."""

    def forward(x):
        y = np.fft.fft(x)
        return np.stack([y.real, y.imag])

    def backward(g, x):
        return (np.fft.fft(g[0] - 1j * g[1]).real[..., -np.arange(x.shape[-1])],)

    def right(g, x):
        return (np.fft.fft(g[0] - 1j * g[1]).real,)

    (cause,) = causes(forward, backward, normal(3, 5))
    assert {"flipped", "sign of a term"} <= set(cause.claims), cause
    assert np.allclose(right(forward(normal(3, 5)), normal(3, 5))[0], 5 * normal(3, 5))


def test_what_looks_like_anothers_gradient_is_exchanged_only_where_both_are():
    """a + s b: s is forgotten for b, whose gradient is a's then. And both exchanged."""
    s = 3.0
    a, b = normal(4), normal(1, 4)
    (cause,) = causes(
        lambda a, b: np.exp(a) * (1 + 0 * s) + s * b[0], lambda g, a, b: (g * np.exp(a), g[None] * np.exp(a)), a, b
    )
    assert cause.claims != ("exchanged",), cause
    both = causes(lambda a, b: np.exp(a) + s * b[0], lambda g, a, b: (s * g, (g * np.exp(a))[None]), a, b)
    assert any("exchanged" in cause.claims for cause in both), both


def test_a_shift_in_the_wrong_direction():
    """Each step takes a part of the one before, by channel; backward gives it to the one before that."""
    m = np.array([0.2, 0.5, 0.7])

    def moved(x, by):
        result = np.zeros_like(x)
        if by > 0:
            result[1:] = x[:-1]
        else:
            result[:-1] = x[1:]
        return result

    (cause,) = causes(lambda x: (1 - m) * x + m * moved(x, 1), lambda g, x: ((1 - m) * g + m * moved(g, 1),), normal(5, 3))
    assert "shifted" in cause.claims, cause


def test_a_mean_of_three_by_chance():
    """Signs of differences to three numbers: at this point the mean of what the entries should get."""
    y = np.array([-1.0, 0.0, 1.0])

    def forward(x):
        return np.abs(x[:, None] - y).sum() / 3 - np.abs(x[:, None] - x).sum() / 2

    def backward(g, x):
        return (g * np.sign(x[:, None] - y).sum(1) / 3,)

    (cause,) = causes(forward, backward, np.array([0.4, 0.5, 0.6]))
    assert "averaged" not in cause.claims, cause


def test_a_path_through_a_matrix_is_no_term_of_a_normalisation():
    """Gates from the channels' means, back through the matrix in the wrong direction: any error is constant over pixels."""
    w = normal(3, 3, seed=2)

    def forward(x):
        return x * np.tanh(w @ x.mean(axis=(1, 2)))[:, None, None]

    def backward(g, x):
        t = np.tanh(w @ x.mean(axis=(1, 2)))
        s = (g * x).sum(axis=(1, 2)) * (1 - t * t)
        return (g * t[:, None, None] + (w @ s)[:, None, None] / x[0].size,)

    (cause,) = causes(forward, backward, normal(3, 3, 4))
    assert not cause.claims or "transposed" in cause.claims, cause


def test_a_sum_in_a_ratio_is_only_a_fact():
    """sum |a - b| / (a + b), the denominators taken for constants."""
    a, b = np.abs(normal(12)) + 0.5, np.abs(normal(12, seed=1)) + 0.6

    def backward(g, a, b):
        return g * np.sign(a - b) / (a + b), -g * np.sign(a - b) / (a + b)

    for cause in causes(lambda a, b: np.abs(a - b) / (a + b), backward, a, b):
        assert not cause.claims or "term missing" in cause.claims, cause


def test_averaged_over_uses_is_no_stride():
    counts = np.array([1, 2, 3, 1, 2, 3, 1, 2, 3])
    starts = np.cumsum(counts) - counts
    (cause,) = causes(lambda x: np.repeat(x, counts), lambda g, x: (np.add.reduceat(g, starts) / counts,), normal(9))
    assert cause.claims == ("averaged",) or "stride" not in cause.claims, cause


def test_a_limit_that_only_the_ends_tell():
    """Of five entries the first and the last are wrong, whatever they are: here those of large absolute value."""
    x = np.array([-2.0, 0.65, -0.43, -0.55, 1.3])

    def backward(g, x):
        g = g + np.array([1.0, 0, 0, 0, -1]) * g[::-1]
        return (g * 2 * x,)

    (cause,) = causes(lambda x: x * x, backward, x)
    assert "value" not in cause.claims, cause
