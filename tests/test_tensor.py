"""The tape: order, accumulation, and freeing."""

import gc
import threading
import tracemalloc
import weakref

import numpy as np
import pytest
from helpers import same_as_torch

import minimix as mm
import minimix.functional as F
from minimix.ops.op import Op
from minimix.tensor import Tensor, apply, backpropagate

rng = np.random.default_rng(0)


def parameter(*shape):
    return mm.Tensor(rng.standard_normal(shape), requires_grad=True)


# -- order ----------------------------------------------------------------------------------------------------------------


def test_a_node_waits_for_all_of_its_gradient():
    a = mm.Tensor(1.0, requires_grad=True)
    b = a + a
    c = b + b
    c.backward()
    assert a.grad == 4


def test_diamond():
    def diamond(x, y):
        left, right = (x * y).exp(), (x - y).tanh()
        both = left * right + left
        return (both * both + right * x).sum()

    same_as_torch(diamond, diamond, rng.standard_normal(5), rng.standard_normal(5))


def test_each_op_runs_backward_once():
    runs = []

    def backward(gradient, saved):
        runs.append(gradient.copy())
        return (gradient,)

    spy = Op("spy", lambda x: (x * 1, None), backward)
    a = mm.Tensor(1.0, requires_grad=True)
    b = apply(spy, a)
    ((b + b) + b * 3).backward()
    assert len(runs) == 1 and runs[0] == 5 and a.grad == 5


def test_a_chain_of_50000():
    a = mm.Tensor(1.0, requires_grad=True)
    b = a
    for _ in range(50_000):
        b = b + a
    b.backward()
    assert a.grad == 50_001


def test_a_chain_of_50000_that_nobody_walks_back_can_be_dropped():
    b = mm.Tensor(1.0, requires_grad=True)
    for _ in range(50_000):
        b = b * 1.0
    first = weakref.ref(b)
    del b
    assert first() is None


def test_several_ends_at_once():
    a = parameter(3)
    b = a * 2
    backpropagate([(b, np.ones(3)), (b * 3, np.ones(3))])
    np.testing.assert_array_equal(a.grad, [8, 8, 8])


# -- gradients ------------------------------------------------------------------------------------------------------------


def test_gradients_accumulate_until_zeroed():
    a = parameter(3)
    for _ in range(2):
        (a * 2).sum().backward()
    np.testing.assert_array_equal(a.grad, [4, 4, 4])
    a.zero_grad()
    assert a.grad is None


def test_grad_is_an_array_of_its_own():
    a, b = parameter(3), parameter(3)
    seed = np.ones(3)
    (a + b).backward(seed)
    assert not np.shares_memory(a.grad, b.grad) and not np.shares_memory(a.grad, seed)
    a.grad += 1  # ... and may be written to
    np.testing.assert_array_equal(b.grad, seed)


def test_nothing_that_went_in_is_changed():
    a, b = parameter(3), parameter(3)
    before = a.data.copy(), b.data.copy()
    seed = np.ones(3)
    c = a * b
    kept = c.data.copy()
    ((c + c) * a + c + a).backward(seed)
    np.testing.assert_array_equal(a.data, before[0])
    np.testing.assert_array_equal(b.data, before[1])
    np.testing.assert_array_equal(c.data, kept)
    np.testing.assert_array_equal(seed, np.ones(3))


def test_who_gets_a_gradient():
    a, constant = parameter(3), mm.Tensor(np.ones(3))
    middle = a * constant
    kept = (middle * 2).retain_grad()
    kept.sum().backward()
    assert constant.grad is None and middle.grad is None
    np.testing.assert_array_equal(kept.grad, np.ones(3))
    assert not (constant * constant).requires_grad and (constant * constant).is_leaf


def test_seeds():
    a = parameter(2, 3)
    with pytest.raises(RuntimeError, match=r"needs a single number, not shape \(2, 3\)"):
        (a * 2).backward()
    with pytest.raises(RuntimeError, match=r"gradient has shape \(3,\), but the Tensor has shape \(2, 3\)"):
        (a * 2).backward(np.ones(3))
    (a * 2).backward(mm.Tensor(np.full((2, 3), 0.5)))
    np.testing.assert_array_equal(a.grad, np.ones((2, 3)))
    with pytest.raises(RuntimeError, match="does not require gradients"):
        mm.Tensor(1.0).backward()


def test_a_leaf_is_its_own_gradient():
    a = mm.Tensor(2.0, requires_grad=True)
    a.backward()
    assert a.grad == 1


# -- freeing --------------------------------------------------------------------------------------------------------------


def test_the_graph_is_freed_by_backward():
    a = parameter(3)
    b = (a * a).sum()
    b.backward()
    with pytest.raises(RuntimeError, match="backward through sum a second time"):
        b.backward()


def test_a_shared_part_is_freed_too():
    a = parameter(3)
    shared = a * a
    shared.sum().backward()
    with pytest.raises(RuntimeError, match="backward through mul a second time"):
        (shared + 1).sum().backward()


def test_retain_graph():
    a = parameter(3)
    b = (a * a).sum()
    b.backward(retain_graph=True)
    b.backward()
    np.testing.assert_allclose(a.grad, 4 * a.data)


def test_backward_lets_go_of_what_was_between():
    a = parameter(3)
    middle = a * 2
    gone, array = weakref.ref(middle), weakref.ref(middle.data)
    loss = (middle * middle).sum()
    del middle
    assert gone() is not None
    loss.backward()
    assert gone() is None and array() is None  # though ``loss`` is still here, and no garbage collection ran


def test_no_leak_over_steps():
    weight = mm.Tensor(rng.standard_normal((50, 50)), requires_grad=True)
    x = rng.standard_normal((50, 50))

    def step():
        weight.zero_grad()
        loss = F.cross_entropy(F.relu(x @ weight), np.arange(50))
        loss.backward()

    def arrays_in_use():
        everything = tracemalloc.take_snapshot()
        return sum(t.size for t in everything.filter_traces([tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)]).traces)

    step()
    gc.collect()
    gc.disable()  # reference counts alone must do
    try:
        tracemalloc.start()
        step()
        objects, before = len(gc.get_objects()), arrays_in_use()
        for _ in range(50):
            step()
        assert len(gc.get_objects()) - objects < 50
        assert arrays_in_use() == before
    finally:
        tracemalloc.stop()
        gc.enable()


# -- recording ------------------------------------------------------------------------------------------------------------


def test_no_grad_as_block_and_decorator():
    a = parameter(3)

    @mm.no_grad()
    def evaluate(x):
        """Doubles."""
        return x * 2

    for _ in range(2):  # a decorator works more than once
        assert not evaluate(a).requires_grad
    assert evaluate.__doc__ == "Doubles."
    with mm.no_grad():
        assert not (a * 2).requires_grad
        with mm.enable_grad():
            assert (a * 2).requires_grad
        assert not mm.is_grad_enabled()
    assert (a * 2).requires_grad


def test_no_grad_ends_with_an_error():
    with pytest.raises(ZeroDivisionError), mm.no_grad():
        raise ZeroDivisionError
    assert mm.is_grad_enabled()


def test_no_grad_is_for_this_thread_only():
    a, seen = parameter(3), []
    with mm.no_grad():
        other = threading.Thread(target=lambda: seen.append((a * 2).requires_grad))
        other.start()
        other.join()
    assert seen == [True]


def test_threads_build_graphs_of_their_own():
    results = {}

    def work(seed):
        a = mm.Tensor(np.full(10, float(seed)), requires_grad=True)
        for _ in range(200):
            a.zero_grad()
            b = a
            for _ in range(10):
                b = b * 1.1
            (b * b).sum().backward()
        results[seed] = a.grad

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in range(4):
        np.testing.assert_allclose(results[seed], 2 * seed * 1.1**20, rtol=1e-12)


def test_leaves_never_share_a_gradient_array():
    """Not even where a backward returns one array for two inputs."""
    twice = Op("twice", lambda a, b: (a + b, None), lambda g, saved: (h := g * 2, h))
    a, b = (Tensor(np.ones(3), requires_grad=True) for _ in range(2))
    given = np.ones(3)
    apply(twice, a, b).backward(given)
    assert not np.shares_memory(a.grad, b.grad)
    a.grad = b.grad = None
    (a + b).backward(given)
    a.grad += 1
    np.testing.assert_array_equal(b.grad, 1)
    np.testing.assert_array_equal(given, 1)


def test_the_gradient_of_a_number_stays_an_array():
    x = Tensor(2.0, requires_grad=True)
    (x * x + x).backward()
    assert isinstance(x.grad, np.ndarray) and x.grad == 5
