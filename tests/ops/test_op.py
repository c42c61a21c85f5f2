"""Ops of one's own: how they are described, and what is said of one that is wrong."""

import pydoc

import numpy as np
import pytest

import minimix as mm
from minimix.ops import op


def test_help_shows_how_to_write_one():
    assert mm.Op is op.Op and {"Op", "apply"} <= set(mm.__all__)
    page = pydoc.render_doc(mm.Op, renderer=pydoc.plaintext)
    for shown in (
        "forward(*arrays, **options) -> (output, saved)",
        "mm.apply(SOFTPLUS, x",
        "mm.gradcheck(",
        "(or None) for each input",
    ):
        assert shown in page
    assert "Alias for field number" not in page


@pytest.mark.parametrize("backward, message", [
    (lambda g, saved: (g, g), r"a gradient of shape \(2, 3\), but it has shape \(3,\): .* summed"),
    (lambda g, saved: (g,), "tuple of 2, one an input, not 1 gradients"),
    (lambda g, saved: [g, g], "not a list"),
    (lambda g, saved: g, "not a ndarray"),
])  # fmt: skip
def test_own_ops_are_told_what_backward_must_return(backward, message):
    op = mm.Op("plus", lambda a, b: (a + b, None), backward)
    a, b = (mm.Tensor(np.ones(shape), requires_grad=True) for shape in ((2, 3), (3,)))
    with pytest.raises(RuntimeError, match=f"backward of plus .*{message}"):
        mm.apply(op, a, b).sum().backward()
