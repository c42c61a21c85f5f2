"""What is printed during a run: a moving line in a terminal; plain lines in a notebook, a pipe or a log file.

Nothing here has a thread of its own: the loop calls, and the moving line is drawn a few times a second at most, because each
drawing takes time from training.
"""

import contextlib
import sys
import time

WIDTHS = {"epoch": 11, "train loss": 12, "accuracy": 10, "val. loss": 11, "accuracy ": 10, "images/s": 10, "time": 8, "left": 8}
HEADER = "".join(f"{name.strip():>{width}}" for name, width in WIDTHS.items())
JUDGED = ("val. loss", "accuracy ")  # columns of the validation images
REDRAW = 0.25  # seconds between two drawings of the moving line
LINE = 20.0  # seconds between two plain lines within an epoch


def clock(seconds: float | None) -> str:
    """Seconds for people; "" for None.

    >>> clock(75.2), clock(3725)
    ('1:15', '1:02:05')
    """
    if seconds is None:
        return ""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def row(epoch, train=(None, None), validation=(None, None), speed=None, spent=None, left=None) -> str:
    """One line under ``HEADER``; what is not known yet stays blank. train, validation: (loss, accuracy)."""
    cells = [
        epoch,
        *(text for loss, accuracy in (train, validation) for text in (_figure(loss, "{:.4f}"), _figure(accuracy, "{:.2%}"))),
        _figure(speed, "{:.0f}"),
        clock(spent),
        clock(left),
    ]
    return "".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS.values(), strict=True)).rstrip()


def without_judged(line: str) -> str:
    """``HEADER``, or a line under it, without the columns of the validation images, where there are none.

    >>> without_judged(HEADER)
    '      epoch  train loss  accuracy  images/s    time    left'
    """
    names = list(WIDTHS)
    start = sum(WIDTHS[name] for name in names[: names.index(JUDGED[0])])
    return line[:start] + line[start + sum(WIDTHS[name] for name in JUDGED) :]


def folded(line: str, width: int, judged: bool = True) -> list[str]:
    """``HEADER``, or a line under it, for a terminal that is too narrow for it: broken between two columns.

    judged: whether it has the columns of the validation images.

    >>> folded(HEADER, 45)
    ['      epoch  train loss  accuracy  val. loss', '  accuracy  images/s    time    left']
    """
    if len(line) <= width:
        return [line]
    lines, start, end = [], 0, 0
    for column in (width for name, width in WIDTHS.items() if judged or name not in JUDGED):
        if end + column - start > width and end > start:
            lines.append(line[start:end].rstrip())
            start = end
        end += column
    return [*lines, line[start:].rstrip()]


def _figure(value, pattern: str) -> str:
    return "" if value is None else pattern.format(value)


class Silent:
    """Prints nothing; what the other kinds have in common.

    judged: whether there are validation images, and columns for them. compiled: kernels so far.
    """

    judged = True
    compiled = 0

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        return None

    def note(self, text: str) -> None:
        """A line for the user."""

    def busy(self, what: str) -> None:
        """Something is going on that takes a while."""

    def compiling(self, name: str) -> None:
        """A kernel is being compiled. Comes from any thread."""

    def step(self, loop) -> None:
        """A step was taken. ``loop`` is asked for figures only when they are shown."""

    def evaluating(self) -> None:
        """The epoch's steps are done, and the validation images are looked at; or the test images, after the end."""

    def row(self, text: str) -> None:
        """A line of the table of epochs. The first brings the header with it."""

    def table(self, title: str, rows: list) -> None:
        """The end: (what, figure) pairs."""


class Plain(Silent):
    """Lines, one after the other, to any text file."""

    def __init__(self, file=None):
        self.file = file
        self._printed = time.monotonic()
        self._header = False

    def note(self, text):
        print(text, file=self.file or sys.stdout, flush=True)  # sys.stdout of now: notebooks and tests exchange it
        self._printed = time.monotonic()

    busy = note

    def compiling(self, name):
        self.compiled += 1
        if self.compiled == 1:  # all that follow within this run belong to the same wait
            self.note(
                "Compiling kernels, once: they are kept for the next time. Half a minute or so; where the machine is slow or "
                "busy, minutes."
            )
        elif time.monotonic() - self._printed > LINE:
            self.note(f"Still compiling: kernel {self.compiled}, {name}.")

    def step(self, loop):
        if time.monotonic() - self._printed > LINE:
            self.row(row(loop.place(), loop.running(), speed=loop.speed(), spent=loop.spent(), left=loop.left()))

    def row(self, text):
        for line in [text] if self._header else [HEADER, text]:
            self.note(line if self.judged else without_judged(line))
        self._header = True

    def table(self, title, rows):
        width = max(len(name) for name, _ in rows)
        self.note("\n".join(["", title, *(f"  {name:<{width}}  {value}" for name, value in rows)]))


class Terminal(Silent):
    """Rows that stay, and below them one line that moves."""

    def __init__(self, console):
        from rich.progress import BarColumn, Progress, TextColumn

        self.console = console
        bar = [BarColumn(20)] if console.width >= 90 else []  # or there is no room for the figures
        place, text = (TextColumn(pattern, markup=False) for pattern in ("{task.fields[place]:>11}", "{task.fields[text]}"))
        columns = (place, *bar, text)
        self._moving = Progress(*columns, console=console, auto_refresh=False, transient=True)
        self._task = self._moving.add_task("", place="", text="", total=None)
        self._drawn = 0.0
        self._header = False

    def __enter__(self):
        self._moving.start()
        return self

    def __exit__(self, *exception):
        with contextlib.suppress(KeyError):
            self._moving.remove_task(self._task)
        self._moving.stop()

    def note(self, text, style=None):
        self.console.print(text, style=style, highlight=False, markup=False, emoji=False, soft_wrap=True)

    def busy(self, what):
        self._draw(text=what)

    def compiling(self, name):
        self.compiled += 1
        self._draw(text=f"compiling kernel {self.compiled}, {name} (once: kept for the next time)")

    def step(self, loop):
        if time.monotonic() - self._drawn < REDRAW:
            return
        (loss, accuracy), left = loop.running(), loop.left()
        figures = [f"loss {loss:.4f}", f"accuracy {accuracy:.1%}"]
        if left is not None:
            figures += [f"{loop.speed():.0f} images/s", f"{clock(left)} left"]
        while len("  ".join(figures)) > self.console.width - 12 and len(figures) > 1:
            figures.pop(-2)  # the whole of a figure, never a part; the last is what is waited for
        self._draw(place=loop.place(), text="  ".join(figures), completed=loop.state.batch, total=len(loop.batches))

    def evaluating(self):
        self._draw(text="evaluating")

    def _draw(self, **changes):
        self._drawn = time.monotonic()
        self._moving.update(self._task, **changes)
        self._moving.refresh()

    def row(self, text):
        for line, style in [(text, None)] if self._header else [(HEADER, "bold"), (text, None)]:
            line = line if self.judged else without_judged(line)
            self.note("\n".join(folded(line, self.console.width, self.judged)), style)
        self._header = True

    def table(self, title, rows):
        width = max(len(name) for name, _ in rows)
        self.note("")
        self.note(title, "bold")
        self.note("\n".join(f"  {name:<{width}}  {value}" for name, value in rows))


def reporter(log=True) -> Silent:
    """The kind that suits ``log``: True (standard output), False (nothing) or a text file."""
    if log is False:
        return Silent()
    if log is True:
        from rich.console import Console

        console = Console()
        return Terminal(console) if console.is_terminal and not console.is_dumb_terminal else Plain()
    if not callable(getattr(log, "write", None)):
        raise TypeError(f"log: expected True, False or an open text file, not {log!r}")
    return Plain(log)
