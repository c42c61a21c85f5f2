"""Errors that a lesson shows."""

import tempfile

import pytest
from numba import config

from minimix import course


def fails(message: str):
    def function():
        raise RuntimeError(message)

    return course.caught(function)


def test_an_error_is_shown_and_kept():
    shown = course.caught(lambda a, b: a / b, 1, 0)
    assert (shown.kind, shown.message, repr(shown)) == (
        "ZeroDivisionError", "division by zero", "ZeroDivisionError: division by zero",
    )  # fmt: skip
    assert isinstance(shown.error, ZeroDivisionError)
    assert "<b>ZeroDivisionError</b>" in shown._repr_html_() and "division by zero" in shown._repr_html_()
    assert "&lt;b&gt;" in fails("<b>")._repr_html_()


def test_nothing_raised_is_an_error():
    with pytest.raises(AssertionError, match="returned 3"):
        course.caught(lambda: 3)


def test_an_interrupt_passes():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        course.caught(interrupted)


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")
def test_numbas_message_is_cut_to_what_helps():
    import numba
    import numpy as np

    @numba.njit
    def padded(x):
        return np.pad(x, 1)

    message = course.caught(padded, np.ones(3)).message
    assert message.startswith("Use of unsupported NumPy function 'numpy.pad'")
    assert "np.pad(x, 1)" in message and message.count("np.pad(x, 1)") == 1
    assert "line " in message and __file__ not in message and "During" not in message and "\x1b" not in message


def test_a_cell_is_named_by_its_line():
    said = 'Unknown.\n\nFile "../tmp/ipykernel_1/2.py", line 7:\n<source missing, REPL/exec in use?>\n\nDuring: typing\n'
    assert fails(said).message == "Unknown.\nin line 7 of the cell"


def test_where_a_name_was_defined_is_left_out():
    said = "Cannot unify float64 and int64 for 'out.2', defined at /somewhere/x y/cell.py (18)\n"
    assert fails(said).message == "Cannot unify float64 and int64 for 'out.2'"
    assert fails("not supported yet. Raised from C:\\cell.py (2)").message == "not supported yet."


def test_folders_of_this_machine_are_not_shown():
    assert fails(f"kept: {tempfile.gettempdir()}/abc/last.safetensors").message == "kept: .../last.safetensors"


def test_long_messages_are_cut():
    assert fails("\n".join(map(str, range(40)))).message.split("\n") == [*map(str, range(12)), "..."]
