"""The arguments of convolutions: what is accepted, what is refused, and whether the refusal says what is wrong."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minimix import convargs


def z(*shape, dtype=np.float64):
    return np.zeros(shape, dtype)


def test_a_dense_geometry():
    g = convargs.conv2d(z(2, 6, 9, 8), z(4, 3, 3, 2), z(4), (2, 1), (1, 0), (1, 2), 2)
    assert g.output_shape == (2, 4, 5, 6)
    assert (g.batch, g.channels, g.height, g.width, g.out_channels, g.out_height, g.out_width) == (2, 6, 9, 8, 4, 5, 6)
    assert (g.kernel, g.stride, g.dilation, g.pads, g.groups) == ((3, 2), (2, 1), (1, 2), ((1, 1), (0, 0)), 2)


def test_a_mixed_geometry():
    weights = [z(4, 1, 3, 3), z(2, 1, 5, 5), z(2, 1, 2, 1)]
    g = convargs.mixconv2d(z(1, 4, 9, 9), weights, 2, "tf_same", [1, (1, 2), 3])
    assert (g.multiplier, g.stride, g.output_shape) == (2, (2, 2), (1, 8, 5, 5))
    assert [(t.first, t.last, t.out_first, t.out_last) for t in g.groups] == [(0, 2, 0, 4), (2, 3, 4, 6), (3, 4, 6, 8)]
    assert [t.kernel for t in g.groups] == [(3, 3), (5, 5), (2, 1)]
    assert [t.dilation for t in g.groups] == [(1, 1), (1, 2), (3, 3)]
    assert [t.pads for t in g.groups] == [((1, 1), (1, 1)), ((2, 2), (4, 4)), ((1, 2), (0, 0))]


def test_depthwise_is_mixed_with_one_group():
    x, weight = z(2, 3, 9, 8), z(6, 1, 3, 2)
    assert convargs.depthwise_conv2d(x, weight, (2, 1), 1, (1, 2)) == convargs.mixconv2d(x, [weight], (2, 1), 1, [(1, 2)])


def test_an_empty_batch_is_accepted():
    assert convargs.conv2d(z(0, 2, 4, 4), z(3, 2, 3, 3)).output_shape == (0, 3, 2, 2)
    assert convargs.depthwise_conv2d(z(0, 2, 4, 4), z(2, 1, 3, 3)).output_shape == (0, 2, 4, 4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_dtypes(dtype):
    convargs.conv2d(z(1, 1, 3, 3, dtype=dtype), z(1, 1, 3, 3, dtype=dtype), z(1, dtype=dtype))
    other = np.float32 if dtype != np.float32 else np.float64
    given, wanted = np.dtype(dtype).name, np.dtype(other).name
    with pytest.raises(RuntimeError, match=rf"x is {given} but weight is {wanted}: use x\.astype\(np\.{wanted}\)"):
        convargs.conv2d(z(1, 1, 3, 3, dtype=dtype), z(1, 1, 3, 3, dtype=other))
    with pytest.raises(RuntimeError, match="but bias is"):
        convargs.conv2d(z(1, 1, 3, 3, dtype=dtype), z(1, 1, 3, 3, dtype=dtype), z(1, dtype=other))
    with pytest.raises(RuntimeError, match=r"but weights\[1\] is"):
        convargs.mixconv2d(z(1, 2, 3, 3, dtype=dtype), [z(1, 1, 3, 3, dtype=dtype), z(1, 1, 3, 3, dtype=other)])


@pytest.mark.parametrize("dtype", [np.int64, bool, np.float16])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(TypeError, match=r"x\.astype\(np\.float32\)"):
        convargs.conv2d(z(1, 1, 3, 3, dtype=dtype), z(1, 1, 3, 3, dtype=dtype))


@pytest.mark.parametrize(
    ("x", "weight", "options", "message"),
    [
        (z(4, 5, 5), z(6, 4, 3, 3), {}, r"x must have 4 axes.*\(4, 5, 5\).*x\[None\]"),
        (z(2, 4, 5, 5), z(6, 4, 3), {}, r"weight must have 4 axes, \(C_out, C/groups, KH, KW\).*\(6, 4, 3\)"),
        (z(2, 0, 5, 5), z(6, 0, 3, 3), {}, "no channels"),
        (z(2, 4, 5, 5), z(0, 4, 3, 3), {}, "0 output channels"),
        (z(2, 4, 5, 5), z(6, 3, 3, 3), {}, r"\(6, 3, 3, 3\).*wants 3 input channels.*\(2, 4, 5, 5\) has 4.*\(6, 4, 3, 3\)"),
        (z(2, 16, 5, 5), z(24, 1, 3, 3), {}, r"wants 1 input channels.*has 16"),
        (z(2, 4, 5, 5), z(6, 4, 3, 3), {"groups": 2}, r"groups=2 wants 8 input channels.*a weight of \(6, 2, 3, 3\)"),
        (z(2, 4, 5, 5), z(5, 2, 3, 3), {"groups": 2}, "5 output channels.*groups=2"),
        (z(2, 4, 5, 5), z(6, 4, 3, 3), {"groups": 0}, "groups must be 1 or more"),
        (z(2, 4, 5, 5), z(6, 4, 3, 3), {"bias": z(5)}, r"bias must have shape \(6,\).*got \(5,\)"),
        (z(2, 4, 5, 5), z(6, 4, 3, 3), {"bias": z(6, 1)}, r"bias must have shape \(6,\)"),
        (z(2, 4, 5, 5), z(6, 4, 3, 3), {"stride": 0}, "stride must be 1 or more"),
        (z(2, 4, 5, 5), z(6, 4, 3, 3), {"dilation": (1, 0)}, "dilation must be 1 or more"),
        (z(2, 4, 5, 5), z(6, 4, 3, 3), {"padding": -1}, "padding must be 0 or more"),
        (z(2, 4, 5, 5), z(6, 4, 3, 3), {"padding": "same", "stride": 2}, "padding='same' is for stride 1"),
        (z(2, 4, 5, 5), z(6, 4, 6, 3), {}, "6 x 3 does not fit into the padded input of 5 x 5"),
        (z(2, 4, 5, 5), z(6, 4, 0, 3), {}, "1 tap or more"),
        (z(2, 4, 0, 5), z(6, 4, 1, 1), {}, "1 pixel or more"),
    ],
)
def test_dense_refusals_are_torchs(x, weight, options, message):
    with pytest.raises(RuntimeError, match=message):
        convargs.conv2d(x, weight, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"stride": 1.0},
        {"stride": True},
        {"stride": None},
        {"padding": 0.5},
        {"dilation": "1"},
        {"groups": 1.0},
        {"groups": (1, 1)},
    ],
)
def test_arguments_of_the_wrong_type(options):
    (name,) = options
    with pytest.raises(TypeError, match=f"{name} must be"):
        convargs.conv2d(z(1, 1, 3, 3), z(1, 1, 3, 3), **options)


def test_arrays_are_wanted():
    for call in (convargs.conv2d, convargs.pointwise_conv2d, convargs.depthwise_conv2d):
        with pytest.raises(TypeError, match="weight must be an array, got a list"):
            call(z(1, 1, 3, 3), [[[[1.0]]]])
    with pytest.raises(TypeError, match="x must be an array"):
        convargs.conv2d([[[[1.0]]]], z(1, 1, 1, 1))
    with pytest.raises(TypeError, match="bias must be an array"):
        convargs.conv2d(z(1, 1, 3, 3), z(1, 1, 1, 1), [1.0])


def test_pointwise_wants_a_1x1_kernel():
    for shape in [(6, 4), (6, 4, 3, 3), (6, 4, 1, 3)]:
        with pytest.raises(RuntimeError, match=r"\(C_out, C/groups, 1, 1\), got"):
            convargs.pointwise_conv2d(z(2, 4, 5, 5), z(*shape))


@pytest.mark.parametrize(
    ("weights", "options", "message"),
    [
        ([], {}, "empty list"),
        ([z(6, 1, 3)], {}, r"weights\[0\] must have 4 axes"),
        ([z(3, 1, 3, 3), z(3, 2, 3, 3)], {}, r"weights\[1\] .* axis 1 must be 1"),
        ([z(6, 1, 3, 3), z(0, 1, 3, 3)], {}, r"weights\[1\] .* leave the group out"),
        ([z(3, 1, 3, 3), z(2, 1, 5, 5)], {}, r"\[3, 2\] output channels for x \(2, 6, 9, 9\).* 6 or 12"),
        ([z(7, 1, 3, 3), z(5, 1, 5, 5)], {}, r"weights\[0\] .* not a multiple of the channel multiplier 2"),
        ([z(3, 1, 3, 3), z(3, 1, 5, 5)], {"padding": "valid"}, r"output of \(7, 7\), but weights\[1\].*\(5, 5\).*'same'"),
        ([z(3, 1, 3, 3), z(3, 1, 3, 3)], {"padding": 1, "dilation": [1, 2]}, "groups of different reach"),
        ([z(3, 1, 3, 3), z(3, 1, 3, 3)], {"dilation": [1]}, "1 entries for 2 groups"),
        ([z(6, 1, 3, 3)], {"dilation": (1, 2)}, "2 entries for 1 groups"),
        ([z(3, 1, 3, 3), z(3, 1, 3, 3)], {"dilation": [1, 0]}, r"dilation\[1\] must be 1 or more"),
        ([z(6, 1, 3, 3)], {"stride": 0}, "stride must be 1 or more"),
        ([z(6, 1, 3, 3)], {"padding": "SAME"}, "'same', 'tf_same', 'valid'"),
        ([z(6, 1, 10, 3)], {"padding": 0}, "does not fit"),
    ],
)
def test_mixed_refusals(weights, options, message):
    with pytest.raises(RuntimeError, match=message):
        convargs.mixconv2d(z(2, 6, 9, 9), weights, **options)


def test_mixed_weights_are_a_list():
    with pytest.raises(TypeError, match=r"weights must be a list .* got a ndarray.*\[weight\]"):
        convargs.mixconv2d(z(2, 6, 9, 9), z(6, 1, 3, 3))


def test_groups_of_equal_reach_go_with_any_padding():
    weights = [z(3, 1, 5, 5), z(3, 1, 3, 3)]
    assert convargs.mixconv2d(z(2, 6, 9, 9), weights, padding=0, dilation=[1, 2]).output_shape == (2, 6, 5, 5)


def test_depthwise_refusals():
    with pytest.raises(RuntimeError, match=r"weight \(24, 1, 3, 3\) for x \(2, 16, 5, 5\) with 16 channels.* 16 or 32"):
        convargs.depthwise_conv2d(z(2, 16, 5, 5), z(24, 1, 3, 3))
    with pytest.raises(RuntimeError, match="axis 1 must be 1"):
        convargs.depthwise_conv2d(z(2, 16, 5, 5), z(16, 16, 3, 3))


FAULTS = {
    "stride": [0, -1, 1.0, True, (1, 2, 3), (2, 0), None],
    "padding": [-1, (0, -1), 0.5, True, "Same", (1, 2, 3), None],
    "dilation": [0, -1, 1.0, (0, 1), (1, 1, 1)],
    "groups": [0, -1, 1.0, 2, 3, 5],
}


@st.composite
def calls(draw):
    """Shapes of x, weight and bias, and options of a dense convolution; about half of them have something wrong."""
    groups, ins, outs, n, h, w = (draw(st.integers(1, 3)) for _ in range(6))
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    small = st.one_of(st.integers(1, 2), st.tuples(st.integers(1, 3), st.integers(1, 3)))
    options = {
        "stride": draw(small),
        "padding": draw(st.one_of(small, st.sampled_from([0, 3, "same", "valid"]))),
        "dilation": draw(small),
        "groups": groups,
    }
    x, weight, bias = (
        [n, groups * ins, 2 * h, 3 * w],
        [groups * outs, ins, *kernel],
        draw(st.sampled_from([None, [groups * outs]])),
    )
    wrong = draw(st.one_of(st.none(), st.sampled_from([*FAULTS, "weight", "bias", "x"])))
    if wrong in FAULTS:
        options[wrong] = draw(st.sampled_from(FAULTS[wrong]))
    elif wrong == "bias":
        bias = draw(st.sampled_from([[1], [groups * outs + 1], [groups * outs, 1], []]))
    elif wrong == "weight":
        weight[draw(st.integers(0, 3))] += draw(st.sampled_from([-1, 1]))
    elif wrong == "x":
        x[draw(st.integers(1, 3))] += draw(st.sampled_from([-1, 1]))
    return x, weight, bias, options


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@settings(database=None, deadline=None, max_examples=300)
@given(calls())
def test_accepts_and_refuses_what_torch_does(call):
    torch = pytest.importorskip("torch")
    *shapes, options = call
    try:
        ours = convargs.conv2d(*(None if s is None else z(*s) for s in shapes), **options).output_shape
    except (RuntimeError, TypeError) as error:
        ours = type(error)
    try:
        tensors = (None if s is None else torch.zeros(s, dtype=torch.float64) for s in shapes)
        theirs = tuple(torch.nn.functional.conv2d(*tensors, **options).shape)
    except (RuntimeError, TypeError) as error:
        theirs = type(error)
    assert ours == theirs


def test_what_is_remembered_answers_no_other_question():
    """1, 1.0, True and np.int64(1) are equal, and not all of them are strides."""
    x, weight = np.ones((2, 4, 9, 9), np.float32), np.ones((4, 1, 3, 3), np.float32)
    for _ in range(2):
        assert convargs.mixconv2d(x, [weight], stride=1) == convargs.mixconv2d(x, (weight,), stride=np.int64(1))
        for wrong in (True, 1.0, (1.0, 1), [True]):
            with pytest.raises(TypeError, match=f"got {re.escape(repr(wrong))}"):
                convargs.mixconv2d(x, [weight], stride=wrong)
        with pytest.raises(RuntimeError, match=r"got 3 values: \[1, 1, 1\]"):
            convargs.depthwise_conv2d(x, weight, [1, 1, 1])
        with pytest.raises(RuntimeError, match="float64"):
            convargs.depthwise_conv2d(x, weight.astype(np.float64))
        assert convargs.depthwise_conv2d(x, weight).output_shape == (2, 4, 9, 9)
        assert convargs.conv2d(x, np.ones((6, 4, 1, 1), np.float32), padding="same").pads == ((0, 0), (0, 0))
        assert convargs.conv2d(x, np.ones((6, 4, 1, 1), np.float32), padding=[1, 0]).pads == ((1, 1), (0, 0))
