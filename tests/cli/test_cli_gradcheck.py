"""``minimix gradcheck`` and ``minimix info``: what they look at, and what they say of it."""

import json
import subprocess
import sys

import numpy as np
import pytest
from cli_runs import ENVIRONMENT

pytestmark = pytest.mark.usefixtures("empty_folder")


def test_gradcheck(minimix):
    code, output, _ = minimix("gradcheck", "MixConv2d", "--seed", "1")
    assert code == 0
    assert "seed 1" in output
    rows = [line for line in output.splitlines() if line.startswith("MixConv2d")]
    assert len(rows) == 6 and all(" ok " in row for row in rows)
    assert len([line for line in minimix("gradcheck", "swish", "--mode", "complex")[1].splitlines() if " ok " in line]) == 1


def test_gradcheck_covers_every_layer():
    from minimix import nn
    from minimix.nn.cases import layer_cases

    checked = {case.layer for case in layer_cases()}
    containers = {"Module", "ModuleList", "Parameter", "Sequential"}
    with_gradient_of_functions = {
        "AdaptiveAvgPool2d",
        "CrossEntropyLoss",
        "Identity",
        "MSELoss",
        "NLLLoss",
        "ReLU",
        "ReLU6",
        "Sigmoid",
        "SiLU",
        "Softmax",
    }  # no parameters, one call: checked as functions
    layers = {name for name in nn.__all__ if isinstance(getattr(nn, name), type)}
    assert layers - containers - with_gradient_of_functions <= checked


def test_gradcheck_fails_where_a_gradient_is_wrong(minimix, monkeypatch):
    from minimix.functional import activation

    broken = activation.ops.SWISH._replace(backward=lambda gradient, saved: (0.5 * gradient,))
    monkeypatch.setattr(activation.ops, "SWISH", broken)
    code, output, _ = minimix("gradcheck", "swish")
    assert code == 1 and "WRONG" in output


def test_info(minimix):
    code, output, _ = minimix("info")
    assert code == 0
    for word in (
        "minimix",
        "numpy",
        np.__version__,
        "cores",
        "threads",
        "BLAS",
        "cache",
        "MINIMIX_NUM_THREADS",
        "forked",
        "cifar10",
    ):
        assert word in output
    assert json.loads(minimix("info", "--json")[1])["versions"]["numpy"] == np.__version__


def test_info_without_the_compiler():
    code = "from minimix.info import info; found = info(); print(found['kernels']['compiled']); print(found['processor'])"
    environment = {**ENVIRONMENT, "NUMBA_DISABLE_JIT": "1"}
    output = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
    assert "no: NUMBA_DISABLE_JIT is set" in output and "nothing is compiled" in output
