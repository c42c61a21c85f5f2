"""Vector operations against NumPy, for registers of every size; what lies around the numbers that they write stays as it is.

As a program it makes the same checks once, for a process of its own with other registers.
"""

import os
import pathlib
import platform
import subprocess
import sys

import numpy as np
import pytest

from minimix.kernels.jit import kernel
from minimix.kernels.memory import empty
from minimix.kernels.simd import (
    BYTES,
    apart1,
    apart2,
    apart4,
    apart8,
    in_turns1,
    in_turns2,
    in_turns4,
    in_turns8,
    load1,
    load2,
    load4,
    load8,
    repeat4,
    repeat8,
    store,
    store_past,
    transpose,
    width,
    zeros1,
    zeros2,
    zeros4,
    zeros8,
)

GUARD = -77.0


@kernel
def copy_each(x, i, one, two, four, eight, o):
    store(one, o, load1(x, i))
    store(two, o, load2(x, i))
    store(four, o, load4(x, i))
    store(eight, o, load8(x, i))


@kernel
def nothing_in_each(x, one, two, four, eight, o):
    store(one, o, zeros1(x))
    store(two, o, zeros2(x))
    store(four, o, zeros4(x))
    store(eight, o, zeros8(x))


@kernel
def repeat_each(x, i, four, eight, o):
    store(four, o, repeat4(load1(x, i)))
    store(eight, o, repeat8(load1(x, i)))


@kernel
def arithmetic(x, i, y, j, number, out, o):
    """x * y + number * x, added up three times, with both ways to add."""
    total = zeros4(x)
    for _ in range(3):
        total += load4(x, i) * load4(y, j)
        total = total + number * load4(x, i)
    store(out, o, total)


@kernel
def copy_past(x, i, out, o):
    store_past(out, o, load4(x, i))


@kernel
def turn(out, o, step, x, i, pitch):
    transpose(out, o, step, x, i, pitch)


@kernel
def take_apart(x, i, one, two, four, eight, o, p):
    apart1(x, i, one, o, p)
    apart2(x, i, two, o, p)
    apart4(x, i, four, o, p)
    apart8(x, i, eight, o, p)


@kernel
def take_turns(x, a, b, one, two, four, eight, o):
    in_turns1(one, o, x, a, b)
    in_turns2(two, o, x, a, b)
    in_turns4(four, o, x, a, b)
    in_turns8(eight, o, x, a, b)


def room(numbers: int, dtype):
    return np.full(numbers, GUARD, dtype)


def assert_written(out, o, expected, **tolerance):
    """``expected`` lies at out[o:], and all else is as it was."""
    np.testing.assert_allclose(out[o : o + len(expected)], expected, **tolerance)
    assert np.all(out[:o] == GUARD) and np.all(out[o + len(expected) :] == GUARD)


def check(dtype):
    n, random = width(dtype), np.random.default_rng(0)
    assert n * np.dtype(dtype).itemsize == BYTES
    x, y = random.standard_normal((2, 10 * n)).astype(dtype)
    for i, o in ((0, 0), (1, 3), (2 * n, 1)):  # at any place: nothing need be aligned
        outs = [room(10 * n, dtype) for _ in range(4)]
        copy_each(x, i, *outs, o)
        for registers, out in zip((1, 2, 4, 8), outs, strict=True):
            assert_written(out, o, x[i : i + registers * n], rtol=0)
        nothing_in_each(x, *outs, o)
        for registers, out in zip((1, 2, 4, 8), outs, strict=True):
            assert_written(out, o, np.zeros(registers * n), rtol=0)
        outs = [room(10 * n, dtype) for _ in range(2)]
        repeat_each(x, i, *outs, o)
        for registers, out in zip((4, 8), outs, strict=True):
            assert_written(out, o, np.tile(x[i : i + n], registers), rtol=0)
        pairs, gap = [room(10 * n, dtype) for _ in range(4)], n + 3
        take_apart(x, i, *pairs, o, o + gap)
        wholes = [room(10 * n, dtype) for _ in range(4)]
        for unit, pair in zip((1, 2, 4, 8), pairs, strict=True):
            units = x[i : i + 2 * n].reshape(-1, 2, min(unit, n))
            assert_written(pair, o, [*units[:, 0].ravel(), *[GUARD] * (gap - n), *units[:, 1].ravel()], rtol=0)
        take_turns(x, i, i + gap, *wholes, o)
        for unit, whole in zip((1, 2, 4, 8), wholes, strict=True):
            sides = [x[at : at + n].reshape(-1, min(unit, n)) for at in (i, i + gap)]
            assert_written(whole, o, np.stack(sides, 1).ravel(), rtol=0)
        out, a, b = room(10 * n, dtype), x[i : i + 4 * n], y[o : o + 4 * n]
        arithmetic(x, i, y, o, dtype(0.5), out, o)
        assert_written(out, o, 3 * (a * b + dtype(0.5) * a), rtol=1e-5, atol=1e-6)
    out = empty((1 << 15,), dtype)  # so large a one begins at a multiple of any register
    out[:] = GUARD
    copy_past(x, 1, out, 2 * n)
    assert_written(out, 2 * n, x[1 : 1 + 4 * n], rtol=0)
    for pitch, step in ((n, n), (n + 3, n), (n, n + 2)):
        square, out = random.standard_normal((n, pitch)).astype(dtype), room(5 + n * step + 5, dtype)
        turn(out, 5, step, square.reshape(-1), 0, pitch)
        expected = room(n * step, dtype).reshape(n, step)
        expected[:, :n] = square[:, :n].T
        assert_written(out, 5, expected.reshape(-1)[: n * step], rtol=0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_operation(dtype):
    check(dtype)


SMALLER = {"32": "+avx,+avx2,+fma", "16": ""}


@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="names of x86 instructions")
@pytest.mark.parametrize("size", [size for size in SMALLER if int(size) < BYTES])
def test_with_smaller_registers(size):
    """As on a processor that has no larger ones."""
    root = pathlib.Path(__file__).parents[2]
    paths = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
    target = {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": SMALLER[size], "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, timeout=300, env=os.environ | target)
    assert (done.stdout.strip(), done.returncode) == (size, 0), done.stderr[-3000:]


if __name__ == "__main__":
    check(np.float32)
    check(np.float64)
    print(BYTES)
