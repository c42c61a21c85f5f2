"""The command line: ``minimix train | evaluate | predict | plot | summary | compare | gradcheck | notebooks | data | info``.

Every command is a thin layer over the Python function of the same name, and imports what it needs when it is called. What
users get wrong becomes one red line on standard error, and exit code 2; what went wrong on the way, exit code 1.
MINIMIX_DEBUG=1 shows where an error came from.
"""

import os
import sys
import traceback
import warnings
from pathlib import Path

import typer

from minimix.cli import checking, costs, data, notebooks, plotting, prediction, training

app = typer.Typer(
    name="minimix",
    help="Mixed depthwise convolutions, shown, computed and trained with NumPy and Numba.",
    epilog="minimix COMMAND --help explains a command. MINIMIX_DEBUG=1 shows where an error came from.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(training.train)
app.command()(training.evaluate)
app.command()(prediction.predict)
app.command()(plotting.plot)
app.command()(costs.summary)
app.command()(costs.compare)
app.command()(checking.gradcheck)
app.command()(notebooks.notebooks)
app.add_typer(data.app, name="data")
app.command()(checking.info)


def main(arguments: list[str] | None = None) -> None:
    """Run a command, that of ``sys.argv`` where no arguments are given, and exit."""
    arguments = training.bare_resume(sys.argv[1:] if arguments is None else arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            app(arguments, prog_name="minimix")
    except Exception as error:
        if os.environ.get("MINIMIX_DEBUG", "") not in ("", "0") or not _for_users(error):
            raise
        _complain(str(error) or type(error).__name__)
        raise SystemExit(2 if isinstance(error, (ValueError, TypeError, FileNotFoundError)) else 1) from None


def _for_users(error: Exception) -> bool:
    """Whether minimix itself refused, or a file, the network or the memory failed. All else is a bug: show where."""
    if isinstance(error, (OSError, MemoryError)):
        return True
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    raised_here = Path(frame.f_code.co_filename).is_relative_to(Path(__file__).parents[1])
    return raised_here and isinstance(error, (ValueError, TypeError, RuntimeError, ImportError))


def _warn(message, category, filename, line, file=None, source=None) -> None:
    """What minimix warns of is for users, in one line; other warnings are for developers, who want to know where."""
    if not issubclass(category, UserWarning):
        sys.stderr.write(warnings.formatwarning(message, category, filename, line, source))
    else:
        from rich.console import Console

        Console(stderr=True).print(f"warning: {message}", style="yellow", markup=False, highlight=False, soft_wrap=True)


def _complain(message: str) -> None:
    from rich.console import Console

    Console(stderr=True).print(f"error: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
