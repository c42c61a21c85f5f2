"""Padding arithmetic against TensorFlow's published figures, against PyTorch, and by counting places one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minimix.padding import output_size, pair, resolve, resolve_conv2d

relaxed = settings(database=None, deadline=None)
lengths, kernels, steps = st.integers(1, 20), st.integers(1, 7), st.integers(1, 4)


# -- pair ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2, (2, 2)), ((1, 2), (1, 2)), ([3, 1], (3, 1)), ((2,), (2, 2)), (np.int64(4), (4, 4)), ((np.int8(1), 5), (1, 5))],
)
def test_pair(value, expected):
    result = pair(value, "stride", 1)
    assert result == expected
    assert all(type(v) is int for v in result)


@pytest.mark.parametrize("bad", [1.0, True, "1", None, (1.0, 1), (True, 1), [None, 2], np.array([1, 2]), np.float64(1), {1, 2}])
def test_pair_wants_integers(bad):
    with pytest.raises(TypeError, match="stride must be an integer or a pair"):
        pair(bad, "stride", 1)


@pytest.mark.parametrize("bad", [(), (1, 2, 3)])
def test_pair_wants_one_or_two_values(bad):
    with pytest.raises(RuntimeError, match=f"got {len(bad)} values"):
        pair(bad, "dilation", 1)


@pytest.mark.parametrize("bad", [0, -1, (0, 1), (1, -2)])
def test_pair_wants_the_minimum(bad):
    with pytest.raises(RuntimeError, match="stride must be 1 or more"):
        pair(bad, "stride", 1)


def test_pair_without_a_minimum():
    assert pair(-3, "shift") == (-3, -3)


# -- resolve ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("k", "before", "after"), [(3, 0, 1), (5, 1, 2), (7, 2, 3), (9, 3, 4), (11, 4, 5)])
def test_tensorflow_pads_stride_2_on_even_inputs_one_less_in_front(k, before, after):
    assert resolve("tf_same", (32, 32), (k, k), (2, 2)) == ((before, after), (before, after))
    assert resolve("same", (32, 32), (k, k), (2, 2)) == ((after, after), (after, after))
    assert resolve("tf_same", (33, 33), (k, k), (2, 2)) == ((after, after), (after, after))  # odd inputs: symmetric


@pytest.mark.parametrize(
    ("padding", "expected"),
    [("valid", ((0, 0), (0, 0))), (2, ((2, 2), (2, 2))), ((1, 3), ((1, 1), (3, 3))), (np.int64(1), ((1, 1), (1, 1)))],
)
def test_padding_that_does_not_depend_on_the_image(padding, expected):
    assert resolve(padding, (9, 9), (3, 3), (2, 2), (2, 2)) == expected


def test_axes_are_independent():
    assert resolve("same", (9, 5), (5, 2), (1, 3), (2, 1)) == ((4, 4), (0, 1))
    assert resolve("tf_same", (9, 6), (5, 3), (1, 2), (2, 1)) == ((4, 4), (0, 1))


def test_a_stride_beyond_the_kernel_needs_no_padding_in_tensorflow():
    assert resolve("tf_same", (8, 8), (1, 1), (3, 3)) == ((0, 0), (0, 0))


@relaxed
@given(lengths, kernels, steps, steps)
def test_both_same_give_the_input_size_over_the_stride_rounded_up(size, k, stride, dilation):
    for word in ("same", "tf_same"):
        pads = resolve(word, (size, 1), (k, 1), (stride, 1), (dilation, 1))
        assert output_size((size, 1), pads, (k, 1), (stride, 1), (dilation, 1)) == (-(-size // stride), 1)
        (before, after), _ = pads
        assert 0 <= after - before <= 1  # the odd zero is behind
    if stride == 1:
        assert resolve("same", (size, 1), (k, 1)) == resolve("tf_same", (size, 1), (k, 1))


@pytest.mark.parametrize("bad", ["SAME", "full", "", "circular"])
def test_unknown_words_are_refused(bad):
    with pytest.raises(RuntimeError, match="'same', 'tf_same', 'valid'"):
        resolve(bad, (8, 8), (3, 3))


@pytest.mark.parametrize("bad", [-1, (0, -1)])
def test_negative_padding_is_refused(bad):
    with pytest.raises(RuntimeError, match="padding must be 0 or more"):
        resolve(bad, (8, 8), (3, 3))


@pytest.mark.parametrize("bad", [1.0, None, True, ("same", "same"), ((0, 1), (0, 1))])
def test_padding_of_another_type_is_refused(bad):
    with pytest.raises(TypeError, match="padding"):
        resolve(bad, (8, 8), (3, 3))


def test_dense_convolutions_refuse_same_with_strides_as_torch_does():
    assert resolve_conv2d("same", (8, 8), (3, 3)) == ((1, 1), (1, 1))
    for stride in [(2, 2), (1, 2)]:
        with pytest.raises(RuntimeError, match=r"stride 1, got stride=\(. *, 2\).*padding=\(2, 2\)"):
            resolve_conv2d("same", (8, 8), (3, 3), stride, (2, 2))
        assert resolve_conv2d("tf_same", (8, 8), (3, 3), stride, (2, 2))
        assert resolve_conv2d("valid", (8, 8), (3, 3), stride, (2, 2)) == ((0, 0), (0, 0))


# -- output_size --------------------------------------------------------------------------------------------------------


@relaxed
@given(lengths, kernels, steps, steps, st.integers(0, 4), st.integers(0, 4))
def test_output_size_counts_the_places_where_the_window_fits(size, k, stride, dilation, before, after):
    places = [p for p in range(0, before + size + after, stride) if p + dilation * (k - 1) < before + size + after]
    arguments = ((3, size), ((0, 0), (before, after)), (1, k), (1, stride), (1, dilation))
    if places:
        assert output_size(*arguments) == (3, len(places))
    else:
        with pytest.raises(RuntimeError, match="does not fit"):
            output_size(*arguments)


@pytest.mark.parametrize(
    ("size", "kernel", "dilation", "message"),
    [
        ((4, 8), (5, 3), (1, 1), r"a kernel of 5 x 3 does not fit into the padded input of 4 x 8"),
        ((8, 4), (3, 3), (1, 2), r"it covers 3 x 5"),
        ((0, 4), (1, 1), (1, 1), r"1 pixel or more"),
        ((4, 4), (0, 3), (1, 1), r"1 tap or more"),
    ],
)
def test_empty_outputs_are_refused(size, kernel, dilation, message):
    with pytest.raises(RuntimeError, match=message):
        output_size(size, ((0, 0), (0, 0)), kernel, (1, 1), dilation)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")  # PyTorch's word on its own speed
@relaxed
@given(lengths, kernels, steps, st.integers(1, 3), st.sampled_from([0, 1, 3, "same", "valid"]))
def test_the_shapes_are_torchs(size, k, stride, dilation, padding):
    torch = pytest.importorskip("torch")
    try:
        convolution = torch.nn.functional.conv2d
        oracle = tuple(
            convolution(torch.ones(1, 1, size, 4), torch.ones(1, 1, k, 1), None, stride, padding, dilation).shape[2:]
        )
    except RuntimeError:
        oracle = "refused"
    try:
        sizes, shape, strides = (size, 4), (k, 1), (stride, stride)
        pads = resolve_conv2d(padding, sizes, shape, strides, (dilation, dilation))
        ours = output_size(sizes, pads, shape, strides, (dilation, dilation))
    except RuntimeError:
        ours = "refused"
    assert ours == oracle
