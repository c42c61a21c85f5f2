"""What has to happen before anything else is imported: the command ``minimix`` ends quietly when Ctrl-C comes while it starts.

Imports take a moment, and nothing is open yet that an interrupt could damage: the system ends the process, without a
traceback. ``started`` puts Python's own handling back. Where another program imports minimix, nothing is changed.
"""

import signal
import sys
import threading
from pathlib import Path


def is_command() -> bool:
    """Whether this process is the command ``minimix`` or ``python -m minimix``, about to start."""
    first = sys.argv[0] if getattr(sys, "argv", None) else ""
    if first == "-m":  # Python itself is looking for the module: what it is called stands in its own arguments
        words = sys.orig_argv
        return words[words.index("-m") + 1 :][:1] == ["minimix"] if "-m" in words else False
    return Path(first).name.removesuffix(".exe").removesuffix("-script.py") == "minimix"


def started() -> None:
    """From now on Ctrl-C raises KeyboardInterrupt, as everywhere in Python."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


if threading.current_thread() is threading.main_thread() and is_command():
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where a parent program has it ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
