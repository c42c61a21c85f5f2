"""A whole block as one op gives the numbers of its layers, on any number of threads."""

import time

import numpy as np
import pytest
from block_draws import Block, assert_close, blocks, run
from hypothesis import given, settings
from numba.core import config

import minimix as mm
from minimix import gradcheck
from minimix.kernels import block as kernels
from minimix.kernels.stage import LOOP
from minimix.ops import block as ops

compiled = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="plain Python, on one thread")


@settings(database=None, max_examples=100)
@given(blocks())
def test_the_numbers_of_its_layers(block):
    assert_close(run(block.in_one_go), run(block.layer_by_layer), 1e-10)


@settings(database=None, max_examples=40)
@given(blocks(activations=["identity", "swish"], dtype=np.float32, least=16))  # steps in a slope would magnify rounding
def test_in_float32(block):
    assert_close(run(block.in_one_go), run(block.layer_by_layer), 1e-2)


@pytest.mark.parametrize("options", [
    {"x": (2, 4, 1, 1)},
    {"x": (2, 4, 1, 1), "expand_groups": 0},
    {"x": (1, 4, 1, 1), "expand_groups": 0, "kernels": (1,), "padding": 1},  # one pixel, of which 3x3 are made
], ids=str)  # fmt: skip
def test_two_values_a_channel_are_enough(options):
    """The fewest that training takes; of two a norm makes about +-1, where its slope is all but zero."""
    block = Block(2, **options, hidden=1, skip="padding" not in options)
    found = run(block.in_one_go)
    assert_close(found, run(block.layer_by_layer), 1e-7)
    assert np.isfinite(found["output"]).all()


@pytest.mark.parametrize("images", [LOOP, 2 * LOOP, LOOP + 2])
@pytest.mark.parametrize("stride", [1, 2, (2, 3), 3])
def test_many_images(stride, images):
    block = Block(4, x=(images, 3, 6, 5), wide=4, hidden=1, stride=stride)
    assert_close(run(block.in_one_go), run(block.layer_by_layer), 1e-10)


@pytest.mark.parametrize("poison", [np.nan, np.inf])
@pytest.mark.parametrize("images, stride", [(2, 1), (2, 2), (LOOP, 2)])
def test_a_weight_that_is_not_finite_meets_what_it_meets_in_the_layers(poison, images, stride):
    """In evaluation: in training a norm spreads it over its channel. In float64 0 times infinity is no rounding error."""
    options = {"kernels": (3, 5), "training": False, "activations": ("relu", "identity", "identity")}
    block = Block(5, x=(images, 4, 5, 6), stride=stride, **options)
    for i in range(2):
        block.arrays["weights"][i][0, 0, 0, -1] = poison
    with np.errstate(invalid="ignore"):
        assert_close(run(block.in_one_go), run(block.layer_by_layer), np.inf)


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("expand_groups", [0, 2])
def test_only_the_gradients_that_are_wanted(expand_groups, skip):
    block = Block(3, expand_groups=expand_groups, project_groups=2, hidden=2, skip=skip)
    full = run(block.in_one_go)
    for part, i in block.names:
        found = {name: a for name, a in run(block.in_one_go, (part, i).__eq__).items() if name.startswith("gradient")}
        wanted = f"gradient of {part} {i}"
        assert [name for name, array in found.items() if array is not None] == [wanted]
        np.testing.assert_array_equal(found[wanted], full[wanted])


@pytest.mark.parametrize("skip", [False, True])
def test_backward_twice(skip):
    """It changes nothing that forward has kept, and its results are arrays of their own."""
    block = Block(4, hidden=2, skip=skip)
    parts = block.tensors()
    out = block.in_one_go(parts, block.running)
    cotangent = np.random.default_rng(0).standard_normal(out.shape)
    rounds = []
    for _ in range(2):
        out.backward(cotangent, retain_graph=True)
        rounds.append([parts[part][i].grad for part, i in block.names])
        rounds.append([gradient.copy() for gradient in rounds[-1]])
        for part, i in block.names:
            parts[part][i].grad = None
    for first, copied, second, _ in zip(*rounds, strict=True):
        np.testing.assert_array_equal(first, copied, err_msg="changed by the second time")
        np.testing.assert_array_equal(first, second)
    arrays = [cotangent, *block.arrays["x"], *rounds[0], *rounds[2]]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])


def test_statistics_move_in_training_only():
    for training in (False, True):
        block = Block(6, hidden=2, training=training)
        after = run(block.in_one_go)
        for name, pair in block.running.items():
            for i, before in enumerate(pair):
                assert np.array_equal(before, after[f"running {i} of {name}"]) != training, name


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_statistics_may_be_of_another_dtype_and_are_read_by_forward(dtype):
    block = Block(7, training=False)
    gradients = []
    for late in (0, 1e6):
        parts = block.tensors()
        running = {name: tuple(statistic.astype(dtype) for statistic in pair) for name, pair in block.running.items()}
        out = block.in_one_go(parts, running)
        for mean, variance in running.values():
            mean += late
            variance += late
        out.backward(np.ones(out.shape))
        gradients.append(parts["x"][0].grad)
        assert out.dtype == gradients[-1].dtype == np.float64
    np.testing.assert_array_equal(*gradients)


def test_gradients_are_differences():
    block = Block(12, x=(2, 2, 2, 2), wide=2, out=2, kernels=(2, 3), hidden=1, skip=True)

    def function(*tensors):
        parts = {part: [] for part in block.arrays}
        for (part, _), tensor in zip(block.names, tensors, strict=True):
            parts[part].append(tensor)
        return block.in_one_go(parts, block.running)

    tensors = [mm.Tensor(block.arrays[part][i], requires_grad=True) for part, i in block.names]
    assert gradcheck(function, tensors, mode="full", seed=0)


# -- threads -----------------------------------------------------------------------------------------------------------------

SHARED = {
    "all there is": {"hidden": 3, "skip": True, "expand_groups": 2, "project_groups": 2, "x": (3, 4, 5, 6), "wide": 12},
    "no expansion, no gate": {"expand_groups": 0, "stride": 2, "kernels": (3,), "x": (33, 4, 5, 6), "out": 7},
    "fewer channels than threads": {"x": (2, 1, 9, 8), "wide": 2, "out": 1, "hidden": 1, "skip": True},
    "many images": {"x": (64, 3, 6, 5), "wide": 6, "hidden": 1, "stride": 2},
    "one image, evaluation": {"x": (1, 4, 15, 14), "hidden": 2, "training": False, "out": 9},
}


@pytest.fixture
def starts(monkeypatch):
    """Even small work is shared, and the last thread begins first. Collects how many threads each kernel ran on."""
    counts, real = [], ops.parallel

    def parallel(kernel, *args, threads, meets):
        def late(start, step, *rest):
            counts.append(step)
            time.sleep(0.003 * (step - 1 - start))
            kernel(start, step, *rest)

        real(late, *args, threads=threads, meets=meets)

    monkeypatch.setattr(ops, "parallel", parallel)
    monkeypatch.setattr(ops, "threads_for", lambda nanoseconds: mm.get_num_threads())
    return counts


@compiled
@pytest.mark.parametrize("name", SHARED)
def test_any_number_of_threads_gives_the_same_bits(name, starts):
    block = Block(21, **SHARED[name], dtype=np.float32)
    mm.set_num_threads(1)
    expected = run(block.in_one_go)
    for n in (2, 3, 5):
        starts.clear()
        mm.set_num_threads(n)
        assert_close(run(block.in_one_go), expected)
        assert starts == [n] * 2 * n, "forward and backward should have run on all threads"


@compiled
@pytest.mark.parametrize("bad, error", [(0, KeyboardInterrupt), (1, MemoryError)])
def test_a_block_after_one_that_broke_off(bad, error, monkeypatch):
    """An interrupted caller does not wait: its threads are still at work, in their own memory, when the next block begins."""
    block = Block(23, x=(4, 4, 9, 8), hidden=2, skip=True, dtype=np.float32)
    mm.set_num_threads(3)
    monkeypatch.setattr(ops, "threads_for", lambda nanoseconds: mm.get_num_threads())
    expected, real = run(block.in_one_go), ops.parallel

    def broken(kernel, *args, **options):
        def partly(start, step, *rest):
            if start == bad:
                raise error("on purpose")
            time.sleep(0.003)
            kernel(start, step, *rest)

        real(partly, *args, **options)

    for _ in range(3):
        with monkeypatch.context() as context, pytest.raises(error, match="on purpose"):
            context.setattr(ops, "parallel", broken)
            run(block.in_one_go)
        for _ in range(5):
            assert_close(run(block.in_one_go), expected)


@compiled
def test_large_work_is_shared(monkeypatch):
    """As users meet it, with nothing put in between."""
    counts, real = [], ops.parallel
    monkeypatch.setattr(ops, "parallel", lambda *args, **options: (counts.append(options["threads"]), real(*args, **options)))
    block = Block(22, x=(16, 12, 12, 12), wide=36, out=12, hidden=6, skip=True, dtype=np.float32)
    expected = None
    for n in (1, 2, 3, 5):
        mm.set_num_threads(n)
        found = run(block.in_one_go)
        expected = expected or found
        assert_close(found, expected)
    assert counts == [1, 1, 2, 2, 3, 3, 5, 5]


@compiled
def test_compiled_once_for_a_dtype():
    """No shape and no option makes Numba compile anew, which would take many seconds in the middle of somebody's work."""
    run(Block(hidden=1).in_one_go)
    before = len(kernels.forward.signatures), len(kernels.backward.signatures)
    ones = {"x": (2, 1, 1, 1), "wide": 1, "out": 1, "hidden": 1, "kernels": (1,)}
    odd = {"dilation": [1, 2], "padding": "tf_same", "stride": (2, 1), "momentum": 0, "eps": 0, "activations": ["relu"] * 3}
    for options in (*SHARED.values(), ones, ones | {"x": (1, 1, 1, 1), "training": False}, odd):
        run(Block(**options).in_one_go)
    assert (len(kernels.forward.signatures), len(kernels.backward.signatures)) == before
