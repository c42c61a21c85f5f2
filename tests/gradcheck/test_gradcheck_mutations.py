"""Deliberately broken backward passes: each must be caught in every mode that applies, and its cause named."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from minimix.gradcheck import GradcheckError, examine, gradcheck
from minimix.ops.op import Op
from minimix.tensor import Tensor, apply

MODES = ("full", "random", "complex")


def tensor(*shape, seed=0, low=-1.0, high=1.0):
    return Tensor(np.random.default_rng([seed, *shape]).uniform(low, high, shape), requires_grad=True)


# -- right ops, to be broken ---------------------------------------------------------------------------------------------


def convolution(stride=1, padding=1):
    """x (N, C, H, W), w (O, C, K, K), b (O): a plain cross-correlation."""

    def forward(x, w, b):
        x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = sliding_window_view(x, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]  # N C OH OW K K
        return np.einsum("nchwij,ocij->nohw", windows, w) + b[:, None, None], (windows, w, x.shape)

    def backward(gradient, saved):
        windows, w, shape = saved
        to_x = np.zeros(shape)
        height, width = (stride * n for n in gradient.shape[2:])
        for i, j in np.ndindex(w.shape[2:]):
            to_x[:, :, i : i + height : stride, j : j + width : stride] += np.einsum("nohw,oc->nchw", gradient, w[:, :, i, j])
        inside = slice(padding, -padding or None)
        to_w = np.einsum("nohw,nchwij->ocij", gradient, windows)
        return to_x[:, :, inside, inside], to_w, gradient.sum(axis=(0, 2, 3))

    return Op("convolution", forward, backward)


def batch_norm():
    """x (N, C, H, W), gamma (C), beta (C), with the batch's statistics."""

    def forward(x, gamma, beta):
        centred = x - x.mean(axis=(0, 2, 3), keepdims=True)
        scale = 1 / np.sqrt((centred * centred).mean(axis=(0, 2, 3), keepdims=True) + 1e-5)
        gamma, beta = gamma[:, None, None], beta[:, None, None]
        return centred * scale * gamma + beta, (centred * scale, scale, gamma)

    def backward(gradient, saved, mean=1, variance=1, power=1):
        hat, scale, gamma = saved
        axes = (0, 2, 3)
        to_hat = gradient * gamma**power
        lost = mean * to_hat.mean(axis=axes, keepdims=True) + variance * hat * (to_hat * hat).mean(axis=axes, keepdims=True)
        return scale * (to_hat - lost), (gradient * hat).sum(axis=axes), gradient.sum(axis=axes)

    return Op("batch_norm", forward, backward)


CONV = (tensor(3, 4, 5, 5), tensor(4, 4, 3, 3), tensor(4))
STRIDED = (tensor(2, 3, 8, 8), tensor(4, 3, 3, 3), tensor(4))
NORM = (tensor(3, 4, 3, 2), tensor(4, low=0.5), tensor(4))
LINEAR = (tensor(5, 4), tensor(4, 3))

MATMUL = Op("product", lambda x, w: (x @ w, (x, w)), lambda g, s: (g @ s[1].T, s[0].T @ g))
SQUARE = Op("square", lambda x: (x * x, x), lambda g, x: (2 * g * x,))


def changed(op, position, change):
    """``op`` with one of its gradients put through ``change``."""

    def backward(gradient, saved):
        results = list(op.backward(gradient, saved))
        results[position] = change(results[position])
        return tuple(results)

    return op._replace(backward=backward)


def rebuilt(op, backward):
    return op._replace(backward=lambda gradient, saved: backward(op, gradient, saved))


def check(op, inputs, mode, **options):
    return examine(lambda *t: apply(op, *t), inputs, mode=mode, seed=7, **options)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("op", "inputs"),
    [
        (convolution(), CONV),
        (convolution(2), STRIDED),
        (convolution(2, 0), STRIDED),
        (batch_norm(), NORM),
        (MATMUL, LINEAR),
        (SQUARE, [tensor(7)]),
    ],
    ids=["conv", "strided", "unpadded", "norm", "product", "square"],
)
def test_right_ops_pass(op, inputs, mode):
    report = check(op, inputs, mode)
    assert report.ok, report


# -- wrong numbers -------------------------------------------------------------------------------------------------------


def at(index, function):
    """Change only ``gradient[index]``."""

    def change(g):
        g = g.copy()
        g[index] = function(g[index])
        return g

    return change


def only(index):
    """The weight's gradient as though only output[index] existed."""

    def backward(op, gradient, saved):
        kept = np.zeros_like(gradient)
        kept[index] = gradient[index]
        to_x, _, to_b = op.backward(gradient, saved)
        return to_x, op.backward(kept, saved)[1], to_b

    return backward


def unflipped(op, gradient, saved):
    """The input's gradient as a convolution with the kernel the wrong way round."""
    windows, w, shape = saved
    wrong = op.backward(gradient, (windows, w[..., ::-1, ::-1], shape))
    return (wrong[0], *op.backward(gradient, saved)[1:])


def noisy(size):
    return lambda g: g * (1 + size * np.random.default_rng(3).uniform(-1, 1, g.shape))


def border_zero(g):
    inside = np.zeros_like(g)
    inside[..., 1:-1, 1:-1] = g[..., 1:-1, 1:-1]
    return inside


norm_without = {
    key: rebuilt(batch_norm(), lambda op, g, s, key=key: (batch_norm().backward(g, s, **{key: 0})[0], *op.backward(g, s)[1:]))
    for key in ("mean", "variance", "power")
}
twice = rebuilt(batch_norm(), lambda op, g, s: (batch_norm().backward(g, s, power=2)[0], *op.backward(g, s)[1:]))
conv = convolution()

WRONG = {  # name: (op, inputs, what the diagnosis claims, None for nothing, and words of it)
    "sign": (changed(conv, 1, np.negative), CONV, "sign", "sign flipped"),
    "sign of the input's": (changed(conv, 0, np.negative), CONV, "sign", "sign flipped"),
    "doubled": (
        changed(conv, 1, lambda g: 2 * g),
        CONV,
        "factor",
        "analytical is 2 times numerical everywhere (counted twice",
    ),
    "square without its 2": (changed(SQUARE, 0, lambda g: g / 2), [tensor(7)], "term missing", "factor of 2 missing"),
    "odd factor": (changed(conv, 2, lambda g: 1.1 * g), CONV, "factor", "analytical is 1.1 times"),
    "minus thrice": (changed(MATMUL, 0, lambda g: -7 * g), LINEAR, "factor", "sign is flipped"),
    "mean over the batch": (
        changed(conv, 1, lambda g: g / 3),
        CONV,
        "averaged",
        "1/3, 3 being the length of axis 0 of the output",
    ),
    "sum for mean": (changed(conv, 1, lambda g: g * 3), CONV, "not averaged", "3 is the length of axis 0 of the output"),
    "flipped kernel": (
        changed(conv, 1, lambda g: g[..., ::-1, ::-1]),
        CONV,
        "flipped",
        "turned by 180 degrees along axes (2, 3)",
    ),
    "flipped rows": (changed(conv, 1, lambda g: g[..., ::-1, :]), CONV, "flipped", "mirrored along axes (2,)"),
    "flipped, minus": (
        changed(conv, 1, lambda g: -g[..., ::-1, ::-1]),
        CONV,
        "flipped",
        "(2, 3), and with the sign wrong",
    ),
    "kernel not flipped in the input's": (
        rebuilt(conv, unflipped),
        CONV,
        "flipped",
        "right if input 1 were turned by 180 degrees",
    ),
    "swapped channels": (changed(conv, 1, lambda g: g.transpose(1, 0, 2, 3)), CONV, "transposed", "in the order (1, 0, 2, 3)"),
    "swapped kernel axes": (changed(conv, 1, lambda g: g.swapaxes(2, 3)), CONV, "transposed", "in the order (0, 1, 3, 2)"),
    "memory order": (
        changed(MATMUL, 1, lambda g: g.T.reshape(g.shape)),
        LINEAR,
        "memory order",
        "reshaped without transposing",
    ),
    "first sample": (rebuilt(conv, only(0)), CONV, "not summed", "only index 0 of axis 0"),
    "last sample": (rebuilt(conv, only(-1)), CONV, "not summed", "only index 2 of axis 0"),
    "last row forgotten": (
        rebuilt(conv, only(np.s_[:, :, :-1])),
        CONV,
        "left out",
        "index 4 of axis 2 (length 5) of it is left out",
    ),
    "every second column": (
        rebuilt(conv, only(np.s_[..., ::2])),
        CONV,
        "left out",
        "index 1::2 of axis 3 (length 5) of it is left out",
    ),
    "one tap": (
        changed(conv, 1, at(np.s_[:, :, 1, 2], lambda g: 1.5 * g)),
        CONV,
        None,
        "1.5 times what it should be at index 1 of axis 2 (length 3) and index 2 of axis 3",
    ),
    "stride phase": (
        changed(convolution(2), 0, at(np.s_[..., 1::2, 1::2], lambda g: 0 * g)),
        STRIDED,
        "stride",
        "phases [(1, 1)] of every 2",
    ),
    "last row of the input": (
        changed(conv, 0, at(np.s_[:, :, -1], lambda g: 0 * g)),
        CONV,
        "left out",
        "nothing arrives at index 4 of axis 2 (length 5)",
    ),
    "border": (changed(conv, 0, border_zero), CONV, "border", "within 1 of the border"),
    "single entry": (changed(conv, 1, at((1, 2, 0, 1), lambda g: 1.1 * g)), CONV, None, "at the single entry (1, 2, 0, 1)"),
    "shifted": (changed(conv, 0, lambda g: np.roll(g, 1, 3)), CONV, "shifted", "moved by 1 along axis 3, round the end"),
    "shifted both ways": (
        changed(conv, 0, lambda g: np.roll(g, (1, -1), (2, 3))),
        CONV,
        "shifted",
        "shifted by (1, -1) along axes (2, 3)",
    ),
    "shuffled channels": (
        changed(conv, 0, lambda g: g[:, [2, 0, 3, 1]]),
        CONV,
        "permuted",
        "axis 1 permuted: index i holds what belongs to [2, 0, 3, 1]",
    ),
    "second group": (
        changed(conv, 1, at(np.s_[2:], lambda g: 0 * g)),
        CONV,
        "left out",
        "nothing arrives at index 2..3 of axis 0",
    ),
    "weight decay": (
        rebuilt(conv, lambda op, g, s: (op.backward(g, s)[0], op.backward(g, s)[1] + g.sum() * s[1], g.sum(axis=(0, 2, 3)))),
        CONV,
        "term extra",
        "proportional to the input",
    ),
    "norm without mean": (
        norm_without["mean"],
        NORM,
        "term missing",
        "constant over axes (0, 2, 3), and right once its mean",
    ),
    "norm without variance": (
        norm_without["variance"],
        NORM,
        "term missing",
        "linear in the input over axes (0, 2, 3): the term that the variance",
    ),
    "norm without gamma": (norm_without["power"], NORM, "scale", "right if input 1 were all ones"),
    "norm with gamma twice": (twice, NORM, "scale", "right if input 1 were squared"),
    "nothing": (changed(conv, 1, lambda g: None), CONV, "zero", "zero everywhere"),
    "zeros": (changed(conv, 0, np.zeros_like), CONV, "zero", "zero everywhere"),
    "NaN": (
        changed(conv, 1, at((2, 1, 1, 0), lambda g: np.nan)),
        CONV,
        "not finite",
        "1 of 144 analytical entries are NaN or infinite, the first at (2, 1, 1, 0)",
    ),
    "from nowhere": (
        Op("first", lambda x, y: (1 * x, y), lambda g, y: (g, g)),
        [tensor(4), tensor(4, seed=1)],
        "independent",
        "does not depend on this input",
    ),
    "per cent": (changed(conv, 1, noisy(4e-3)), CONV, None, "nearly right"),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", WRONG)
def test_wrong_numbers_are_caught_and_explained(name, mode):
    op, inputs, claim, words = WRONG[name]
    report = check(op, inputs, mode)
    wrong = [row for row in report.inputs if not row.ok]
    assert len(wrong) == 1, report
    assert words in wrong[0].cause, report
    assert claim in wrong[0].cause.claims if claim else not wrong[0].cause.claims, report
    assert wrong[0].index is not None
    assert len(wrong[0].index) == len(wrong[0].shape)
    assert not wrong[0].error <= 1e-6
    assert not report.problems


@pytest.mark.parametrize(("mode", "rtol"), [("full", 1e-5), ("random", 1e-3), ("complex", 1e-3)])
def test_a_backward_right_to_four_digits_is_caught(mode, rtol):
    report = check(changed(conv, 1, noisy(1e-4)), CONV, mode, rtol=rtol, atol=1e-6)
    assert not report.ok
    assert "approximate" in report.causes[0].claims


def test_a_gradient_lost_on_the_way():
    def lost(x):
        return apply(SQUARE, Tensor(x.data))

    report = examine(lost, tensor(3))
    assert "zero everywhere: no gradient arrives" in report.causes[0]


def test_forward_in_float32_inside():
    coarse = Op("coarse", lambda x: ((x * x).astype(np.float32).astype(float), x), SQUARE.backward)
    for mode in ("full", "random"):
        report = check(coarse, [tensor(6)], mode)
        assert "forward pass computes in float32" in report.causes[0]


def test_kink():
    relu = Op("relu", lambda x: (np.where(x > 0, x, 0), x > 0), lambda g, s: (g * s,))
    x = Tensor(np.array([1.0, 0.0, -2.0]), requires_grad=True)
    with pytest.raises(GradcheckError, match="kink") as caught:
        gradcheck(lambda x: apply(relu, x), x)
    assert caught.value.report.inputs[0].index == (1,)


@pytest.mark.parametrize("mode", ["random", "complex"])
@pytest.mark.parametrize("seed", range(5))
def test_one_wrong_entry_among_many_is_found_and_located(mode, seed):
    place = (123, 45)
    op = changed(Op("sine", lambda x: (np.sin(x), x), lambda g, x: (g * np.cos(x),)), 0, at(place, lambda g: 1.5 * g))
    x = tensor(400, 500, seed=seed)
    report = examine(lambda t: apply(op, t), x, mode=mode, seed=seed)
    assert not report.ok
    assert report.inputs[0].index == place
    assert report.inputs[0].ratio == pytest.approx(1.5, rel=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_kinks_near_some_of_many_entries_are_forgiven(seed):
    """Among 300 000 entries some lie within a step of relu's kink; that is no error of the gradient."""
    relu = Op("relu", lambda x: (np.where(x > 0, x, 0), x > 0), lambda g, s: (g * s,))
    assert gradcheck(lambda x: apply(relu, x), tensor(300_000, seed=seed), mode="random", seed=seed)


@pytest.mark.parametrize(
    ("change", "words"), [(np.negative, "sign flipped"), (lambda g: 3 * g, "3 times"), (np.zeros_like, "zero everywhere")]
)
def test_patterns_of_inputs_too_large_for_a_full_diagnosis(change, words):
    op = changed(Op("sine", lambda x: (np.sin(x), x), lambda g, x: (g * np.cos(x),)), 0, change)
    report = check(op, [tensor(200_000)], "random")
    assert words in report.causes[0]
