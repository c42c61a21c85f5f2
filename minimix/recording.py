"""Whether ops on Tensors are being recorded: a switch of each Python thread, as in PyTorch."""

import functools
import inspect
import threading

_state = threading.local()


def is_recording() -> bool:
    """Whether ops are being recorded in this Python thread."""
    return getattr(_state, "recording", True)


class Recording:
    """Within it ops are recorded, or not. For ``with``, also again and inside itself, and as a decorator.

    >>> with Recording(False) as off, Recording(True):
    ...     with off:
    ...         print(is_recording())
    ...     print(is_recording())
    False
    True
    """

    def __init__(self, flag: bool):
        self.flag = flag
        self.before: list[bool] = []

    def __enter__(self) -> "Recording":
        self.before.append(is_recording())
        _state.recording = self.flag
        return self

    def __exit__(self, *error) -> None:
        _state.recording = self.before.pop()

    def __call__(self, function):
        """``function`` under this switch, every time that it runs; of a generator every step, but not what lies between."""
        if not callable(function):
            raise TypeError(f"no_grad() and enable_grad() take a function to decorate, not {function!r}")
        flag = self.flag

        @functools.wraps(function)
        def switched(*args, **options):
            with Recording(flag):
                return function(*args, **options)

        @functools.wraps(function)
        def switched_steps(*args, **options):
            generator = function(*args, **options)
            advance, value = generator.send, None
            try:
                while True:
                    try:
                        with Recording(flag):
                            found = advance(value)
                    except StopIteration as end:
                        return end.value
                    try:
                        advance, value = generator.send, (yield found)
                    except Exception as error:
                        advance, value = generator.throw, error
            finally:
                with Recording(flag):
                    generator.close()

        return switched_steps if inspect.isgeneratorfunction(function) else switched
