"""What ``F.mix_block`` refuses, and with which words."""

import numpy as np
import pytest

import minimix.functional as F


def ones(*shape, dtype=np.float64):
    return np.ones(shape, dtype)


def norm(n, *, shapes=None, dtype=np.float64, **options):
    weight, bias, mean, variance = (ones(*shape, dtype=dtype) for shape in shapes or [(n,)] * 4)
    return weight, bias, F.Normalisation(**({"running": (mean, variance)} | options))


def gate(hidden=3, channels=8, activation="relu", dtype=np.float64):
    shapes = (hidden, channels, 1, 1), (hidden,), (channels, hidden, 1, 1), (channels,)
    return (*(ones(*shape, dtype=dtype) for shape in shapes), activation)


def call(**changes):
    """A block of 4 -> 8 -> 6 channels that fits, but for ``changes``."""
    block = {"x": ones(2, 4, 5, 6), "expand": [ones(8, 4, 1, 1)], "weights": [ones(4, 1, 3, 3), ones(4, 1, 5, 5)],
             "project": [ones(6, 8, 1, 1)], "norms": (norm(8), norm(8), norm(6))}  # fmt: skip
    return F.mix_block(**(block | changes))


def norms(**third):
    """As in ``call``, the third norm with these options."""
    return {"norms": (norm(8), norm(8), norm(6, **third))}


def test_what_fits_is_taken():
    assert call().shape == (2, 6, 5, 6)
    assert call(excite=gate(), training=True, stride=2, **norms(momentum=np.float32(0.1))).shape == (2, 6, 3, 3)
    assert call(expand=None, norms=(None, norm(4), norm(6)), weights=(ones(4, 1, 3, 3),), project=(ones(6, 4, 1, 1),)).ndim == 4


def test_lists_do_for_pairs():
    one = {"weights": [ones(8, 1, 3, 3)]}
    np.testing.assert_array_equal(call(**one, padding=[1, 2], stride=[2, 1]), call(**one, padding=(1, 2), stride=(2, 1)))
    np.testing.assert_array_equal(call(dilation=[[1, 2], 2]), call(dilation=((1, 2), (2, 2))))


TRIPLE = r"must be three of \(weight, bias, Normalisation"
RUNNING = r"running of the third norm must be \(mean, variance\), arrays of floating-point numbers"
REFUSED = {
    "whole numbers": ({"x": ones(2, 4, 5, 6, dtype=int)}, TypeError, "x is int64, expected float32 or float64: use x.astype"),
    "complex numbers": ({"x": ones(2, 4, 5, 6, dtype=complex)}, TypeError, "x is complex128, expected float32 or float64"),
    "one image alone": ({"x": ones(4, 5, 6)}, ValueError, r"x has shape \(4, 5, 6\), expected \(N, C, H, W\)"),
    "no image": ({"x": ones(0, 4, 5, 6)}, ValueError, r"x has shape \(0, 4, 5, 6\).* at least one image"),
    "no list": ({"project": ones(6, 8, 1, 1)}, TypeError, "project must be a list, not ndarray"),
    "no list at first": ({"expand": ones(8, 4, 1, 1)}, TypeError, "expand must be a list, not ndarray"),
    "nothing": ({"weights": None}, TypeError, "weights must be a list, not NoneType"),
    "no projection": ({"project": []}, ValueError, "project is empty, expected one weight for each of its groups"),
    "no weights": ({"weights": []}, RuntimeError, "weights is an empty list"),
    "a norm for nothing": ({"expand": None}, TypeError, "expand and the first norm go together: give both, or neither"),
    "no first norm": ({"norms": (None, norm(8), norm(6))}, TypeError, "expand and the first norm go together"),
    "no second norm": ({"norms": (norm(8), None, norm(6))}, ValueError, TRIPLE),
    "two norms": ({"norms": (norm(8), norm(6))}, ValueError, TRIPLE),
    "a norm without options": ({"norms": (norm(8), norm(8), norm(6)[:2])}, ValueError, TRIPLE),
    "a norm's other options": (
        {"norms": (norm(8), norm(8), (*norm(6)[:2], 0.1))}, TypeError, r"the third norm must be \(weight, .* its third is 0.1",
    ),
    "no statistics": (norms(running=None), TypeError, RUNNING),
    "one statistic": (norms(running=(ones(6),)), TypeError, RUNNING),
    "statistics of whole numbers": (norms(running=(ones(6), ones(6, dtype=int))), TypeError, RUNNING),
    "statistics in lists": (norms(running=([0.0] * 6, [1.0] * 6)), TypeError, RUNNING),
    "momentum": (norms(momentum=None), TypeError, "momentum of the third norm must be a number, not None"),
    "eps": (norms(eps=-1e-9), ValueError, "eps of the third norm must not be negative, got -1e-09"),
    "activation": (norms(activation="gelu"), ValueError, "'gelu', expected one of identity, relu, relu6, swish, hard_swish"),
    "first norm": (
        {"norms": (norm(4), norm(8), norm(6))}, ValueError,
        r"the first norm have shapes \[\(4,\), \(4,\), \(4,\), \(4,\)\], expected \(8,\) each",
    ),
    "second norm": ({"norms": (norm(8), norm(1), norm(6))}, ValueError, r"the second norm have shapes .* expected \(8,\) each"),
    **{f"array {i} of a norm": (
        norms(shapes=[(6, 1) if i == j else (6,) for j in range(4)]), ValueError, r"the third norm have shapes .*\(6, 1\)",
    ) for i in range(4)},
    "dtype of a weight": ({"weights": [ones(8, 1, 3, 3, dtype="f4")]}, RuntimeError, r"float64 but weights\[0\] is float32"),
    "dtype of a norm": (norms(dtype="f4"), RuntimeError, r"x is float64 but norms\[2\]\[0\] is float32"),
    "dtype of the gate": ({"excite": gate(dtype="f4")}, RuntimeError, r"x is float64 but excite\[0\] is float32"),
    "gate": (
        {"excite": gate(channels=6)}, ValueError,
        r"squeeze-and-excite have shapes \[\(3, 6, 1, 1\), \(3,\), \(6, 3, 1, 1\), \(6,\)\], expected \[\(3, 8, 1, 1\), ",
    ),
    "a gate of nothing": ({"excite": gate(hidden=0)}, ValueError, r"squeeze-and-excite .* expected \[\(1, 8, 1, 1\)"),
    "a gate that is no array": ({"excite": (ones(), *gate()[1:])}, ValueError, r"shapes \[\(\), \(3,\)"),
    "a gate without an activation": ({"excite": gate()[:4]}, ValueError, "four arrays and an activation, got 4 values"),
    "activation of the gate": ({"excite": gate(activation="tanh")}, ValueError, "'tanh', expected one of identity, relu"),
    "skip, other channels": ({"skip": True}, ValueError, r"the output \(2, 6, 5, 6\) cannot take x \(2, 4, 5, 6\) as skip"),
    "skip, other pixels": (
        {"skip": True, "stride": 2, "project": [ones(4, 8, 1, 1)], "norms": (norm(8), norm(8), norm(4))}, ValueError,
        r"the output \(2, 4, 3, 3\) cannot take x \(2, 4, 5, 6\) as skip",
    ),
    "one value in": (
        {"x": ones(1, 4, 1, 1), "training": True, "weights": [ones(8, 1, 1, 1)], "padding": 1}, ValueError,
        r"more than one value a channel, x \(1, 4, 1, 1\) has one",
    ),
    "one value out": ({"x": ones(1, 4, 2, 2), "stride": 2, "training": True}, ValueError, "more than one value a channel"),
    "a multiplier": ({"weights": [ones(16, 1, 3, 3)]}, ValueError, "one output channel per input channel, not 2"),
    "too few channels": ({"weights": [ones(7, 1, 3, 3)]}, RuntimeError, "the 7 output channels must be a whole multiple"),
    "unlike groups": (
        {"project": [ones(3, 4, 1, 1), ones(2, 4, 1, 1)]}, ValueError,
        r"project: weights of several groups must have one shape, not \(\(3, 4, 1, 1\), \(2, 4, 1, 1\)\)",
    ),
    "unlike groups at first": ({"expand": [ones(4, 2, 1, 1), ones(4, 3, 1, 1)]}, ValueError, "expand: weights of several"),
    "expand's inputs": ({"expand": [ones(8, 3, 1, 1)]}, RuntimeError, "wants 3 input channels"),
    "project's inputs": ({"project": [ones(6, 4, 1, 1)]}, RuntimeError, "wants 4 input channels"),
    "no 1x1": ({"project": [ones(6, 8, 3, 3)]}, RuntimeError, "a pointwise convolution's weight is"),
    "unequal reach": ({"padding": "valid"}, RuntimeError, "groups of different reach need padding='same' or 'tf_same'"),
    "stride": ({"stride": 0}, RuntimeError, "stride must be 1 or more, got 0"),
    "padding": ({"padding": "sane"}, RuntimeError, "padding must be an integer, a pair, or one of 'same', 'tf_same', 'valid'"),
    "dilation": ({"dilation": (1, 0)}, RuntimeError, "dilation must be 1 or more, got 0"),
    "dilations": ({"dilation": (1, 2, 3)}, RuntimeError, "has 3 entries for 2 groups"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    changes, error, message = REFUSED[name]
    for _ in range(2):  # what follows from the shapes is worked out once, but refused every time
        with pytest.raises(error, match=message):
            call(**changes)


@pytest.mark.parametrize("option", ["stride", "padding", "dilation"])
@pytest.mark.parametrize("wrong", [1.0, True, "one"])
def test_a_refusal_does_not_depend_on_what_was_taken_before(option, wrong):
    """1 == 1.0 == True, where what was worked out before is looked up."""
    same = {"weights": [ones(8, 1, 3, 3)], "stride": 1, "padding": 1, "dilation": 1}
    call(**same)
    with pytest.raises((TypeError, RuntimeError), match=f"{option} must be"):
        call(**same | {option: wrong})


def test_a_refused_call_leaves_the_statistics_alone():
    for changes in (norms(momentum=None), norms() | {"skip": True}):
        with pytest.raises((TypeError, ValueError)):
            call(x=np.arange(240.0).reshape(2, 4, 5, 6), training=True, **changes)
        assert all((statistic == 1).all() for *_, options in changes["norms"] for statistic in options.running)
