"""Results are the same to the last bit for any number of threads, in whatever order they run."""

import sys

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix import models, nn
from minimix.kernels import threads
from minimix.kernels.barrier import new_meeting

rng = np.random.default_rng(0)


def case(function, *shapes, dtype=np.float32):
    """A function of Tensors, and its arrays."""
    return function, [rng.standard_normal(shape).astype(dtype) for shape in shapes]


# Large enough that work is shared among threads, and awkward: no multiples of four, kernels that reach past the picture.
CASES = {
    "mixed": case(lambda x, a, b: F.mixconv2d(x, [a, b]), (17, 7, 15, 14), (4, 1, 3, 3), (3, 1, 6, 5)),
    "mixed, stride 2": case(
        lambda x, a, b: F.mixconv2d(x, [a, b], 2, dilation=[1, 5]), (33, 7, 15, 14), (8, 1, 3, 3), (6, 1, 5, 5)
    ),
    "depthwise, stride 3": case(lambda x, w: F.depthwise_conv2d(x, w, (3, 2)), (40, 9, 15, 14), (18, 1, 4, 5)),
    "pointwise": case(F.pointwise_conv2d, (16, 13, 15, 14), (70, 13, 1, 1), (70,)),
    "pointwise in groups": case(lambda x, w: F.pointwise_conv2d(x, w, groups=2), (40, 26, 15, 14), (38, 13, 1, 1)),
    "dense": case(lambda x, w, b: F.conv2d(x, w, b, 2, 1), (16, 6, 15, 14), (9, 6, 3, 3), (9,)),
    "dense, taps far outside": case(lambda x, w: F.conv2d(x, w, padding=5, dilation=5), (40, 6, 3, 3), (9, 6, 3, 3)),
    "dense, taps that miss": case(lambda x, w: F.conv2d(x, w, padding="tf_same", dilation=9), (40, 6, 2, 3), (9, 6, 4, 2)),
    "dense in groups, float64": case(lambda x, w: F.conv2d(x, w, groups=3), (16, 6, 15, 14), (9, 2, 3, 3), dtype=np.float64),
    **{
        f"batch norm, {activation}": case(
            lambda x, w, b, a=activation: F.batch_norm(x, None, None, w, b, True, activation=a), (33, 7, 15, 17), (7,), (7,)
        )
        for activation in ("identity", "relu", "relu6", "swish", "hard_swish")
    },
}


def results(function, arrays):
    tensors = [mm.Tensor(a, requires_grad=True) for a in arrays]
    out = function(*tensors)
    out.backward(np.cos(np.arange(out.size)).reshape(out.shape).astype(out.dtype))
    return [out.data, *(t.grad for t in tensors)]


def training_step():
    """Loss, all gradients and all running statistics of one step."""
    mm.manual_seed(1)
    model = models.create("mixnet_nano", width=0.5)
    x = np.random.default_rng(2).standard_normal((24, 3, 32, 32)).astype(np.float32)
    loss = F.cross_entropy(model(x), np.arange(24) % 10)
    loss.backward()
    return [loss.data, *(p.grad for p in model.parameters()), *model.buffers()]


def assert_same(found, expected):
    for i, (a, b) in enumerate(zip(found, expected, strict=True)):
        np.testing.assert_array_equal(a, b, err_msg=f"array {i}")


@pytest.mark.parametrize("name", CASES)
def test_any_number_of_threads(name):
    function, arrays = CASES[name]
    mm.set_num_threads(1)
    expected = results(function, arrays)
    for n in (2, 3, 4):
        mm.set_num_threads(n)
        for _ in range(3):
            assert_same(results(function, arrays), expected)


def test_a_whole_training_step_on_any_number_of_threads():
    mm.set_num_threads(1)
    expected = training_step()
    for n in (2, 3, 4):
        mm.set_num_threads(n)
        assert_same(training_step(), expected)


@pytest.fixture
def backwards(monkeypatch):
    """Instead of threads, one start after the other, the last first: who writes where another owns is found without luck.

    Kernels whose threads meet cannot do without each other: they run as ever.
    """
    together = threads.parallel

    def parallel(kernel, *args, threads=None, shares=False, meets=False):
        n = threads or mm.get_num_threads()
        if meets:
            together(kernel, *args, threads=threads, meets=True)
            return
        args = (new_meeting(1), *args) if shares else args
        for start in reversed(range(n)):
            kernel(start, n, *args)

    replaced = {
        "parallel": parallel,
        "threads_for": lambda *_: mm.get_num_threads(),
    }  # small work is shared, too
    for name, replacement in replaced.items():
        real = getattr(threads, name)
        for module_name, module in list(sys.modules.items()):
            if module_name.startswith("minimix.") and getattr(module, name, None) is real:
                monkeypatch.setattr(module, name, replacement)


@pytest.mark.parametrize("name", CASES)
def test_every_start_owns_what_it_writes(name, backwards):
    function, arrays = CASES[name]
    mm.set_num_threads(1)
    expected = results(function, arrays)
    for n in (2, 3, 5):
        mm.set_num_threads(n)
        assert_same(results(function, arrays), expected)


def test_every_start_of_a_training_step_owns_what_it_writes(backwards):
    mm.set_num_threads(1)
    expected = training_step()
    for n in (2, 3):
        mm.set_num_threads(n)
        assert_same(training_step(), expected)


def test_the_trap_works(backwards):
    """A kernel that adds up what all starts share is caught."""
    from minimix.ops import convolution

    def greedy(start, step, out):
        for i in range(start, len(out), step):
            out[i:] = out[i:] * 2 + i

    found = []
    for n in (1, 2):
        mm.set_num_threads(n)
        found.append(np.zeros(6))
        convolution.parallel(greedy, found[-1])
    assert not np.array_equal(*found)


def test_evaluation_of_one_image_is_that_of_the_batch():
    model = models.create("mixnet_nano", width=0.5).eval()
    x = rng.standard_normal((8, 3, 32, 32)).astype(np.float32)
    whole = model(x).data
    np.testing.assert_allclose(np.concatenate([model(x[i : i + 1]).data for i in range(8)]), whole, rtol=1e-4, atol=1e-5)


def test_a_step_twice_is_the_same_step():
    assert_same(training_step(), training_step())


def test_dropout_follows_the_seed():
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(64, 5))
    outs = []
    for seed in (1, 1, 2):
        mm.manual_seed(seed)
        outs.append(model(np.ones((8, 64), np.float32)).data)
    np.testing.assert_array_equal(outs[0], outs[1])
    assert not np.array_equal(outs[0], outs[2])
