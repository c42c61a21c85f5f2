"""What commands print beside plain lines and tables (``minimix/tables.py``): facts by name, and what went wrong."""

import io
import os
import sys

from minimix.tables import fold, shown, terminal_width


def print_facts(sections: dict[str, dict[str, str]]) -> None:
    """{section: {name: value}}, a line each; in a terminal long values are folded beside their names."""
    names = max(len(name) for facts in sections.values() for name in facts)
    room = max(20, terminal_width() - names - 4) if sys.stdout.isatty() else None
    for section, facts in sections.items():
        print(section)
        for name, value in facts.items():
            first, *more = [shown(value)] if room is None else fold(shown(value), room)
            print(f"  {name:<{names}}  {first}")
            for line in more:
                print(f"  {'':<{names}}  {line}")


def complain(message: str) -> None:
    """One red line on standard error, or several where the message has several."""
    from rich.console import Console

    message = "\n".join(map(shown, message.splitlines()))
    Console(stderr=True).print(f"error: {message}", style="red", markup=False, emoji=False, highlight=False, soft_wrap=True)


class _Closed(io.TextIOWrapper):
    """Standard output where there is none: remembers whether something was to be seen there."""

    missed = False

    def __init__(self):
        super().__init__(open(os.devnull, "wb"), encoding="utf-8")

    def write(self, text: str) -> int:
        self.missed = self.missed or bool(text)
        return super().write(text)


def open_closed_streams() -> None:
    """Where a shell has closed standard input, output or error (``>&-``), what is written there goes nowhere, and no file that
    is opened later gets their numbers, under which programs write. ``sys.stdout.missed`` says whether something was lost."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, _Closed() if name == "stdout" else open(os.devnull, mode, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a letter that the terminal's encoding lacks is no reason to stop
            stream.reconfigure(errors="backslashreplace")
