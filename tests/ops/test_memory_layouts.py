"""However arrays lie in memory, an op does what it does for plain ones: forward and backward, every op, every array of each.

Nothing is compiled anew for them, nothing that users own is written into.
"""

import importlib
import pkgutil

import memory_layouts as layouts
import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

import minimix.kernels

OPS = layouts.every_op()


def compiled() -> dict:
    """How many versions of each kernel there are."""
    found = {}
    for module in pkgutil.walk_packages(minimix.kernels.__path__, "minimix.kernels."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Dispatcher):
                found[module.name, name] = len(value.signatures)
    return found


def plain(a):
    return np.array(a, a.dtype.newbyteorder("="), order="C")


def run(case, arrays, extras, gradient=None):
    """(output, gradients): plain ones, for comparison. gradient: a function of the output's, for its layout."""
    op = OPS[case.op]
    with np.errstate(all="ignore"):
        output, saved = op.forward(*arrays, **case.options(**extras))
        if not case.backward:
            return [output]
        cotangent = np.cos(np.arange(np.size(output))).reshape(np.shape(output)).astype(np.asarray(output).dtype)
        cotangent = cotangent if gradient is None else gradient(plain(cotangent))
        before = cotangent.tobytes()
        needed = ((True,) * len(arrays),) if op.selective else ()
        gradients = op.backward(cotangent, saved, *needed)
    assert cotangent.tobytes() == before, "backward changed the gradient that it was given"
    assert len(gradients) == len(arrays)
    return [output, *gradients]


def assert_same(found, expected, what):
    for i, (a, b) in enumerate(zip(found, expected, strict=True)):
        assert np.shape(a) == np.shape(b) and np.asarray(a).dtype.newbyteorder("=") == np.asarray(b).dtype, f"{what}, {i}"
        reach = (2e-6 if np.asarray(b).dtype == np.float32 else 1e-14) * max(1, np.abs(b).max(initial=0))
        np.testing.assert_allclose(a, b, rtol=0, atol=reach, err_msg=f"{what}, {'gradient ' * (i > 0)}{i}")


def fits(layout, a):
    """Whether an array can lie so."""
    return a.ndim > 0 and (a.size > 0 or layout not in (layouts.one_number, layouts.overlapping))


def test_every_op_is_here():
    assert {case.op for case in layouts.CASES} == set(OPS)


@pytest.mark.parametrize("case", layouts.CASES, ids=str)
def test_any_layout_of_any_array(case):
    for dtype in case.dtypes:
        arrays = case.cast(dtype)
        expected = run(case, arrays, case.extras)
        before = compiled()
        for layout in layouts.LAYOUTS:
            what = f"{case} {np.dtype(dtype)} {layout.__name__}"
            for some in (*((i,) for i in range(len(arrays))), range(len(arrays))):  # each alone, and all
                given = [layout(a) if i in some and fits(layout, a) else a for i, a in enumerate(arrays)]
                kept = [a.tobytes() for a in given]
                wanted = run(case, [plain(a) for a in given], case.extras)
                assert_same(run(case, given, case.extras), wanted, f"{what}, arrays {some}")
                assert [a.tobytes() for a in given] == kept, f"{what}: one of arrays {some} was changed"
            if case.backward and fits(layout, np.asarray(expected[0])):
                wanted = run(case, arrays, case.extras, lambda g, layout=layout: plain(layout(g)))
                assert_same(run(case, arrays, case.extras, layout), wanted, f"{what}, incoming gradient")
            for name, array in case.extras.items():
                if fits(layout, array) and (layout in layouts.WRITABLE or not case.moves):
                    given, other = ({**case.extras, name: a} for a in (layout(array), plain(layout(array))))
                    assert_same(run(case, arrays, given), run(case, arrays, other), f"{what}, {name}")
                    np.testing.assert_allclose(given[name], other[name], rtol=1e-6, err_msg=f"{what}: {name} in place")
        assert compiled() == before, f"{case}: kernels were compiled for another kind of array"
