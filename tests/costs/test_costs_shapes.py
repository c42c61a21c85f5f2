"""Every op's rule against the op itself: the shape, the dtype, and what is refused."""

import importlib
import pkgutil

import numpy as np
import pytest

import minimix.functional as F
from minimix import nn, ops
from minimix.costs.outline import stand_in
from minimix.costs.shapes import GEOMETRIES, SHAPES, dtype_of, geometry_of, shape_of
from minimix.costs.work import work_of
from minimix.gradcheck.cases import functional_cases
from minimix.gradcheck.cases_images import image_cases
from minimix.gradcheck.suite import Case
from minimix.nn.cases import layer_cases
from minimix.ops.folded import FOLDED_CONV2D, FOLDED_MIXCONV2D
from minimix.ops.op import Op
from minimix.tensor import Tensor, apply, instead


def plain(configuration, function, *shapes):
    return Case("more", configuration, lambda rng: (function, [Tensor(rng.uniform(0.5, 1, shape)) for shape in shapes]))


MORE = [
    plain("single image", lambda x, w: F.conv2d(x, w), (4, 6, 5), (3, 4, 3, 3)),
    plain("matmul with a row", F.matmul, (3,), (2, 3, 4)),
    plain("matmul with a column", F.matmul, (2, 4, 3), (3,)),
    plain("matmul, both 1-D", F.matmul, (3,), (3,)),
    plain("matmul, broadcast", F.matmul, (5, 1, 2, 3), (4, 3, 6)),
    plain("linear, three axes", F.linear, (2, 4, 3), (5, 3), (5,)),
    plain("sum of all", lambda x: x.sum(), (2, 3)),
    plain("mean, last axis kept", lambda x: x.mean(-1, keepdims=True), (2, 3, 4)),
    plain("std over two", lambda x: x.std((0, 2)), (2, 3, 4)),
    plain("concatenate along the last", lambda x, y: F.concatenate([x, y], -1), (2, 3, 4), (2, 3, 1)),
    plain("cut and padded", lambda x: F.pad(x, (1, -1, 0, 2)), (2, 3, 4)),
    plain("a mask", lambda x: x[np.array([True, False, True])], (3, 4)),
    plain("a list, a slice and a new axis", lambda x: x[[0, 0, 2], None, ::2], (3, 4)),
    plain("expand", lambda x: F.expand(x, 4, 3, 5), (3, 1)),
    plain("where, broadcast by the condition", lambda x, y: F.where(np.ones((4, 1, 1), bool), x, y), (3, 1), (2,)),
    plain("float32", lambda x: x.float() * 2, (3, 4)),
    plain("numbers to the power of a number", lambda x: abs(-x) ** 2, (3, 4)),
    plain("dropout", F.dropout, (3, 4)),
    plain("nll, each", lambda x: F.nll_loss(x, np.array([1, 0]), reduction="none"), (2, 3)),
    plain("nll, mean", lambda x: F.nll_loss(x, np.array([1, 0])), (2, 3)),
    plain(
        "folded conv2d",
        lambda *arrays: apply(FOLDED_CONV2D, *arrays, stride=2, activation="relu"),
        (1, 4, 6, 5),
        (3, 4, 3, 3),
        (3,),
    ),
    plain("folded mixconv2d", lambda *arrays: apply(FOLDED_MIXCONV2D, *arrays), (1, 4, 6, 5), (4,), (3, 1, 3, 3), (1, 1, 5, 5)),
    plain("max_pool2d, ceil_mode", lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True, dilation=(1, 2)), (1, 2, 8, 9)),
]
CASES = [*functional_cases(), *image_cases(), *layer_cases(), *MORE]


def ops_of(case):
    """(op, arrays, options, output) of each op that really runs."""
    function, inputs = case.make(np.random.default_rng(0))
    seen = []

    def spy(op, tensors, options):
        with instead(None):
            output = apply(op, *tensors, **options)
        seen.append((op, tuple(t.data for t in tensors), options, output))
        return output

    with instead(spy):
        function(*inputs)
    return seen


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_rules_foretell_what_comes_out(case):
    for op, arrays, options, output in ops_of(case):
        arrays = tuple(stand_in(a.shape, a.dtype) for a in arrays)
        geometry = geometry_of(op, arrays, options)
        assert shape_of(op, arrays, options, geometry) == output.shape, op.name
        assert dtype_of(op, arrays, options) == output.dtype, op.name


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_multiply_adds_are_half_of_the_flops_that_ops_state(case):
    for op, arrays, options, output in ops_of(case):
        if op.flops is not None:
            _, saved = op.forward(*arrays, **options)
            work = work_of(op, arrays, options, output.shape, geometry_of(op, arrays, options))
            assert 2 * work.macs == op.flops(output.data, saved) > 0, op.name


def all_ops():
    modules = (importlib.import_module(file.name) for file in pkgutil.iter_modules(ops.__path__, "minimix.ops."))
    return {value for module in modules for value in vars(module).values() if isinstance(value, Op)}


def test_no_op_is_forgotten():
    """Whoever adds an op says in costs/shapes.py what comes out, in costs/work.py what it costs, and here shows it."""
    known = {*SHAPES, *GEOMETRIES}
    assert {op.name for op in all_ops()} == {op.name for op in known}
    assert {op.name for op in known} == {op.name for case in CASES for op, *_ in ops_of(case)}


def test_refusals_are_those_of_the_op():
    layer = nn.MixConv2d(6, (3, 5), padding="valid")
    x = np.zeros((1, 6, 8, 8), np.float32)
    with pytest.raises(RuntimeError) as real:
        layer(x)
    with pytest.raises(RuntimeError) as outlined, instead(lambda op, tensors, options: geometry_of(op, tensors, options)):
        layer(x)
    assert str(outlined.value) == str(real.value)
