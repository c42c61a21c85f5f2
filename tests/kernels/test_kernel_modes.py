"""The kernels without their compiler, and with bounds checks."""

import os
import pathlib
import subprocess
import sys

import kernel_tour
import numpy as np
import pytest

TOUR = kernel_tour.__file__
ROOT = pathlib.Path(TOUR).parents[2]


def run(script, *arguments, **variables):
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, **variables, "PYTHONPATH": paths}
    return subprocess.run([sys.executable, *script, *arguments], capture_output=True, text=True, timeout=300, env=environment)


def compare(path, *dtypes):
    found = np.load(path)
    for dtype in dtypes:
        expected = kernel_tour.tour(dtype) | kernel_tour.nan_tour(dtype)
        assert len(expected) > 100
        for name, array in expected.items():
            tolerance = 1e-4 if dtype == np.float32 else 1e-11
            assert found[name].dtype == array.dtype
            np.testing.assert_allclose(found[name], array, rtol=tolerance, atol=tolerance, err_msg=name)


def test_without_the_compiler(tmp_path):
    """Slow, but a debugger can step through it. Warnings, such as integers that overflow, are errors there, too."""
    done = run([TOUR], str(tmp_path / "out.npz"), "float32", "float64", NUMBA_DISABLE_JIT="1")
    assert done.returncode == 0, done.stderr[-3000:]
    compare(tmp_path / "out.npz", np.float32, np.float64)


CAREFUL = """
import numpy as np
from minimix.kernels.jit import kernel
@kernel
def beyond(x, i):
    return x[i]
try:
    print(beyond(np.ones(3), 3))
except IndexError:
    print("caught")
"""


@pytest.fixture
def own_cache(tmp_path):
    """Not optimised, machine code is there in half the time."""
    return {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path / "numba"), "NUMBA_OPT": "0"}


def test_no_index_is_out_of_bounds(tmp_path, own_cache):
    done = run([TOUR], str(tmp_path / "out.npz"), "float32", **own_cache)
    assert done.returncode == 0, done.stderr[-3000:]
    compare(tmp_path / "out.npz", np.float32)


def test_the_bounds_checks_work(tmp_path, own_cache):
    script = tmp_path / "careful.py"
    script.write_text(CAREFUL)
    assert run([str(script)], **own_cache).stdout.strip() == "caught"
