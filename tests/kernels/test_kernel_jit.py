"""What kernels may do: nothing that would need references to be counted."""

import numpy as np
import pytest
from numba.core import config, errors

from minimix.kernels import block, cache, depthwise
from minimix.kernels.jit import inlined, kernel
from minimix.kernels.simd import lanes_of, width

compiled = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")


@compiled
def test_a_kernel_allocates_nothing():
    @kernel
    def squares(n):
        found = np.empty(n)
        found[:] = n * n
        return found.sum()

    with pytest.raises(errors.TypingError, match="empty"):
        squares(3)


@compiled
def test_a_kernel_returns_no_array():
    @kernel
    def tail(x):
        return x[1:]

    with pytest.raises(errors.TypingError, match="returning of array"):
        tail(np.ones(3))


@compiled
def test_no_reference_is_counted():
    """In the machine code, as it is kept, of kernels with many helpers."""
    import minimix as mm
    from minimix import nn

    for layer in (nn.MixConv2d(8, (3, 5)), nn.MixBlock(8, 8, (3, 5), expansion=2, se=0.5)):
        for images in (2, 40):  # channels together, and each on its own
            x = mm.Tensor(np.ones((images, 8, 6, 6), np.float32), requires_grad=True)
            layer(x).sum().backward()
    for function in (depthwise.forward, depthwise.backward, block.forward, block.backward):
        assert len(function.overloads) >= 2
        for types in function.overloads:
            code = cache.read(function._cache.path(types))
            assert code is not None, "no kernels are kept here"
            assert b"NRT_incref" not in code


@compiled
def test_a_helper_is_compiled_once_for_all_numbers():
    """Those that are spelled out, as 0, and those that are not."""

    @inlined
    def longer(n, by, twice=False):
        return n + by * (2 if twice else 1)

    @kernel
    def some(n):
        return longer(n, 0) + longer(3, n) + longer(1, by=2) + longer(n, n, True)

    assert some(5) == 5 + 8 + 3 + 15
    assert len(longer.overloads) == 2  # without ``twice``, and with it


@kernel
def of_register(x):
    return lanes_of(x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lanes_of_a_register(dtype):
    assert of_register(np.ones(1, dtype)) == width(dtype)
