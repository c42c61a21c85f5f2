"""The command line: ``minimix train | evaluate | predict | export | plot | summary | compare | models | gradcheck | ...``.

Every command is a thin layer over the Python function of the same name, and imports what it needs when it is called. What
users get wrong becomes one red line on standard error, and exit code 2; what went wrong on the way, exit code 1.
MINIMIX_DEBUG=1 shows where an error came from.
"""

import contextlib
import errno
import logging
import os
import sys
import traceback
import warnings
from pathlib import Path
from typing import Annotated

import typer
from typer.core import DEFAULT_MARKUP_MODE

import minimix
from minimix.cli import checking, costs, data, export, networks, notebooks, plotting, prediction, study, training
from minimix.cli.mistakes import MISUSE, failed, in_options, misuse
from minimix.cli.output import complain, open_closed_streams
from minimix.starting import started
from minimix.tables import terminal_width

BOXES = 100  # columns; in narrower terminals typer's boxes would cut the names of options: plain help does not
FULL = (errno.ENOSPC, errno.EFBIG, errno.EIO)  # where no file is named, it was standard output: ``files.write`` names its own
LEAVE_FILES = {"train", "plot", "export", "notebooks", "data get", "data preview"}  # what these print is not what they are for
INTERRUPTED = 128 + 2  # as a shell counts a program that Ctrl-C has ended

app = typer.Typer(
    name="minimix",
    help="Mixed depthwise convolutions, shown, computed and trained with NumPy and Numba.",
    epilog="minimix COMMAND --help explains a command. MINIMIX_DEBUG=1 shows where an error came from.",
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(training.train)
app.command()(training.evaluate)
app.command()(prediction.predict)
app.command()(export.export)
app.command()(plotting.plot)
app.command()(costs.summary)
app.command()(costs.compare)
app.command()(networks.models)
app.command()(checking.gradcheck)
app.command()(notebooks.notebooks)
app.add_typer(data.app, name="data")
app.add_typer(study.app, name="study")
app.command()(checking.info)


@app.callback(invoke_without_command=True)
def version(
    version: Annotated[bool, typer.Option("--version", help="Print minimix's version, and nothing else.")] = False,
):
    if version:
        print(f"minimix {minimix.__version__}")
        raise typer.Exit


def main(arguments: list[str] | None = None) -> None:
    """Run a command, that of ``sys.argv`` where no arguments are given, and exit."""
    if os.environ.get("MINIMIX_DEBUG", "") in ("", "0"):
        warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"  # not where in minimix's code it arose
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it says at length where it keeps its fonts
    arguments = training.bare_resume(sys.argv[1:] if arguments is None else arguments)
    code = 1
    try:
        started()
        open_closed_streams()
        code = _run(arguments)
        if code == 0 and getattr(sys.stdout, "missed", False) and not LEAVE_FILES & {" ".join(arguments[:n]) for n in (1, 2)}:
            raise OSError(errno.EBADF, "closed, so that nobody has seen the answer", "standard output")
        sys.stdout.flush()  # here, where it can still be told that the disk is full
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:  # whoever was reading has seen enough: `minimix summary | head`
        _forget_output()
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None and (error.errno in FULL or _lost(sys.stdout)):
            _forget_output()
            error = OSError(error.errno, error.strerror, "standard output")
        if os.environ.get("MINIMIX_DEBUG", "") not in ("", "0") or not _for_users(error):
            raise
        message = failed(error) if isinstance(error, OSError) else str(error)
        complain(in_options(message or type(error).__name__, app, arguments))
        code = 2 if isinstance(error, (ValueError, TypeError, FileNotFoundError)) else 1
    raise SystemExit(code)


def _run(arguments: list[str]) -> int:
    """The exit code. What typer would print itself of a mistake comes in one line, as all others."""
    arguments = arguments or ["--help"]
    app.rich_markup_mode = DEFAULT_MARKUP_MODE if terminal_width() >= BOXES else None
    try:
        return app(arguments, prog_name="minimix", standalone_mode=False) or 0
    except MISUSE as error:
        complain(misuse(error, arguments))
        return error.exit_code
    except typer.Abort as error:  # typer's name for two errors, one of which is no user's
        raise (error.__cause__ or error) from None


def _for_users(error: Exception) -> bool:
    """Whether minimix itself refused, or a file, the network or the memory failed. All else is a bug: show where."""
    if isinstance(error, (OSError, MemoryError)):
        return True
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    raised_here = Path(frame.f_code.co_filename).is_relative_to(Path(__file__).parents[1])
    return raised_here and isinstance(error, (ValueError, TypeError, RuntimeError, ImportError, OverflowError))


def _lost(stream) -> bool:
    """Whether nothing can be written to ``stream`` any more."""
    try:
        stream.flush()
    except OSError:
        return True
    return False


def _forget_output() -> None:
    """What is still to be written goes nowhere: Python would try once more at its end, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError):  # a stream that is no file of the system
        os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
