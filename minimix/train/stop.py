"""What ends a run early. Ctrl-C and SIGTERM: asked once, after its step, with a checkpoint; twice, at once. And callbacks."""

import contextlib
import os
import signal
import threading

SIGNALS = ("SIGINT", "SIGTERM")

# What a signal is answered, by what is under way.
BEFORE = "Stopping before the first step. Once more: at once."
STEP = "Stopping after this step, with a checkpoint. Once more: at once, without."
COMPILER = (
    "Stopping when the compiler is done, which may take a minute, and this step, with a checkpoint. Once more: at once, "
    "without."
)
DRAWING = "The run has ended and is saved; only its pictures are missing. Once more: at once, without them."


class Stop(Exception):
    """Raised between two steps after the user has asked for the end. The message is the name of the signal."""


class StopTraining(Exception):
    """For an ``on_epoch`` to raise: the run ends here, as it does after its last epoch, with everything saved."""


class Request:
    """Whether somebody has asked for the end. ``check()`` between two steps raises ``Stop`` then.

    answer: gives the line that is then said at once, which is about what is under way.
    """

    def __init__(self):
        self.signal = ""
        self.answer = lambda: STEP

    def check(self) -> None:
        if self.signal:
            raise Stop(self.signal)


@contextlib.contextmanager
def listening():
    """A ``Request`` that the signals set. Only Python's main thread may listen to signals; elsewhere nothing ever sets it.

    After the first signal the former handlers are back, so that a second one has its usual effect.

    >>> import signal
    >>> with listening() as request:
    ...     signal.raise_signal(signal.SIGINT)
    ...     request.signal
    'SIGINT'
    """
    request = Request()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {}

    def restore():
        for number, handler in before.items():
            signal.signal(number, handler)
        before.clear()

    def handle(number, frame):
        restore()
        request.signal = signal.Signals(number).name
        # not print(): the signal may have come in the middle of one
        os.write(2, f"\n{request.answer()}\n".encode())

    for name in SIGNALS:
        number = getattr(signal, name)
        handler = signal.getsignal(number)
        if handler is not None:  # None: installed by a C program around Python, which could not be restored
            before[number] = handler
            signal.signal(number, handle)
    try:
        yield request
    finally:
        restore()
