"""The table of many checks."""

import io

import numpy as np
import pytest

import minimix.functional as F
from minimix.gradcheck import suite
from minimix.gradcheck.cases import away_from, functional_cases, point
from minimix.ops.op import Op
from minimix.tensor import Tensor, apply

BAD = Op("bad", lambda x: (x * x, x), lambda g, x: (-2 * g * x,))


def case(name, function, modes=suite.MODES):
    return suite.Case(name, "(3)", lambda rng: (function, [point(rng, 3)]), modes)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_the_table_says_what_passed_and_explains_what_did_not(stream):
    out = stream()
    rows = suite.run(
        [case("exp", F.exp), case("bad", lambda x: apply(BAD, x), ("full",)), case("crash", lambda x: x.nothing, ("random",))]
    )
    assert suite.show(rows, seed=0, stream=out) is False
    text = out.getvalue()
    assert "3 of 5 checks passed" in text
    assert "bad (3), mode full:" in text
    assert "likely cause: sign flipped" in text
    assert "crash (3), mode random:" in text
    assert "AttributeError" in text
    for heading in ("layer", "configuration", "entries", "max error", "result", "seconds"):
        assert heading in text
    assert "WRONG" in text
    assert "error" in text


def test_everything_right_is_true_and_nothing_is_not():
    assert suite.show(suite.run([case("exp", F.exp)]), stream=io.StringIO())
    assert not suite.show([], stream=io.StringIO())


def test_modes_and_patterns():
    rows = list(suite.run([case("exp", F.exp), case("abs", F.abs, ("full", "random"))], modes=["complex", "full"]))
    assert [(row.case.layer, row.mode) for row in rows] == [("exp", "full"), ("exp", "complex"), ("abs", "full")]
    assert all(row.ok for row in rows)
    cases = functional_cases()
    assert {c.layer for c in suite.select(cases, "Relu*")} == {"relu", "relu6"}
    assert suite.select(cases, None) == cases
    with pytest.raises(ValueError, match=r"no layer matches 'nothing': there are abs, add"):
        suite.select(cases, "nothing")
    with pytest.raises(ValueError, match="there are relu, relu6$"):
        suite.select([c for c in cases if c.layer in ("relu", "relu6")], "nothing")


def test_a_module_is_recognised():
    class Scale:
        weight = Tensor(np.array([2.0]), requires_grad=True)

        def named_parameters(self):
            return [("weight", self.weight)]

        def __call__(self, x):
            return x * self.weight

    (row,) = suite.run([suite.Case("scale", "", lambda rng: (Scale(), [point(rng, 3)]), ("full",))])
    assert row.ok
    assert [r.name for r in row.report.inputs] == ["input", "weight"]


def test_a_seed_makes_the_same_points():
    first, second = (next(suite.run([case("exp", F.exp)], seed=4)).report.max_error for _ in range(2))
    assert first == second
    values = away_from(np.random.default_rng(0), 1000, kinks=(0.0, 6.0)).data
    assert np.min(np.abs(values)) >= 0.04
    assert np.min(np.abs(values - 6)) >= 0.04
