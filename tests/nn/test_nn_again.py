"""Evaluation keeps from call to call what goes into a block's kernel: whatever changes in between must be noticed."""

import threading

import numpy as np
import pytest

import minimix as mm
from minimix import nn
from minimix.ops import block as ops

rng = np.random.default_rng(0)


def make(**options) -> nn.MixBlock:
    mm.manual_seed(0)
    block = nn.MixBlock(4, 4, (3, 5), expansion=2, se=0.5, expand_groups=2, project_groups=2, **options).eval()
    for buffer in block.buffers():
        buffer[...] = 1 + buffer / 2
    for parameter in block.parameters():
        parameter.data += np.float32(0.25)
    return block


def picture(*shape) -> mm.Tensor:
    return mm.Tensor(rng.standard_normal(shape or (1, 4, 9, 8)).astype(np.float32))


def without_gradients(block, x) -> np.ndarray:
    with mm.no_grad():
        return block(x).data.copy()


def agree(block, x) -> np.ndarray:
    """What comes out twice without gradients, which is what comes out with them: there nothing is kept."""
    found = without_gradients(block, x)
    np.testing.assert_array_equal(without_gradients(block, x), found)
    np.testing.assert_array_equal(block(x).data, found)
    return found


def names(block) -> list:
    return [*dict(block.named_parameters()), *dict(block.named_buffers())]


EVERYTHING = [name for name in names(make()) if "num_batches" not in name]


@pytest.mark.parametrize("replace", [False, True], ids=["in place", "another array"])
@pytest.mark.parametrize("name", EVERYTHING)
def test_every_array_may_change(name, replace):
    block, x = make(), picture()
    before = agree(block, x)
    path, _, last = name.rpartition(".")
    module = block.get_submodule(path)
    array = block.state_dict()[name]
    if not replace:
        array *= 1.5
    elif isinstance(getattr(module, last), nn.Parameter):
        getattr(module, last).data = array * np.float32(1.5)
    else:
        setattr(module, last, array * np.float32(1.5))
    assert not np.array_equal(agree(block, x), before)


def test_other_pictures_dtypes_and_modes():
    block, x = make(), picture()
    expected = agree(block, x)
    for other in (picture(2, 4, 9, 8), picture(1, 4, 8, 9), picture(1, 4, 30, 31)):
        agree(block, other)
        np.testing.assert_array_equal(agree(block, x), expected)
    moved = x.data.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)  # channels last
    np.testing.assert_array_equal(agree(block, mm.Tensor(moved)), expected)
    block.train()(picture(3, 4, 9, 8))
    assert not np.array_equal(agree(block.eval(), x), expected)
    block.double()
    assert agree(block, mm.Tensor(x.data.astype(np.float64))).dtype == np.float64


def test_results_are_not_written_over():
    block = make()
    with mm.no_grad():
        results = [block(picture()).data for _ in range(4)]
    copies = [result.copy() for result in results]
    without_gradients(block, picture())
    for result, copy in zip(results, copies, strict=True):
        np.testing.assert_array_equal(result, copy)


def test_another_number_of_threads():
    block, x = make(), picture(1, 4, 60, 60)
    mm.set_num_threads(1)
    expected = agree(block, x)
    for n in (3, 2, 1, 4):
        mm.set_num_threads(n)
        np.testing.assert_array_equal(agree(block, x), expected)


def test_several_python_threads_at_once():
    block, x = make(), [picture() for _ in range(4)]
    expected, wrong = [agree(block, one) for one in x], []

    def work(i):
        wrong.extend(i for _ in range(50) if not np.array_equal(without_gradients(block, x[i]), expected[i]))

    pool = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join()
    assert not wrong


def test_larger_than_the_workspace(monkeypatch):
    x = picture()
    expected = agree(make(), x)
    monkeypatch.setattr(ops, "WORKSPACE", 1000)
    monkeypatch.setattr(ops, "_workspace", ops.Workspace())
    block = make()
    np.testing.assert_array_equal(agree(block, x), expected)


def test_after_an_interrupt_nobody_gets_memory_that_others_may_still_write_into(monkeypatch):
    block, x = make(), picture()
    expected = agree(block, x)
    before = ops._workspace.free[x.dtype]

    def interrupted(*args, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr(ops, "parallel", interrupted)
        without_gradients(block, x)
    np.testing.assert_array_equal(agree(block, x), expected)
    assert ops._workspace.free[x.dtype] is not before
