"""Whether ops on Tensors are being recorded: a switch of each Python thread, as in PyTorch."""

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any, TypeVar, overload

F = TypeVar("F", bound=Callable[..., Any])
_state = threading.local()


def is_grad_enabled() -> bool:
    """Whether ops on Tensors are being recorded in this Python thread."""
    return getattr(_state, "recording", True)


class Recording:
    """Within it ops are recorded, or not. For ``with``, also again and inside itself, and as a decorator.

    >>> with Recording(False) as off, Recording(True):
    ...     with off:
    ...         print(is_grad_enabled())
    ...     print(is_grad_enabled())
    False
    True
    """

    def __init__(self, flag: bool) -> None:
        self.flag = flag
        self.before: list[bool] = []

    def __enter__(self) -> "Recording":
        self.before.append(is_grad_enabled())
        _state.recording = self.flag
        return self

    def __exit__(self, *error: object) -> None:
        _state.recording = self.before.pop()

    def __call__(self, function: F) -> F:
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

        decorated: Any = switched_steps if inspect.isgeneratorfunction(function) else switched
        return decorated


@overload
def no_grad() -> Recording: ...
@overload
def no_grad(function: F) -> F: ...
def no_grad(function: Any = None) -> Any:
    """Within it nothing is recorded: for evaluation, and for updates of parameters. Also works as a decorator.

    >>> import minimix as mm
    >>> x = mm.Tensor([1.0, 2.0], requires_grad=True)
    >>> with mm.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    >>> @mm.no_grad()
    ... def doubled(x):
    ...     return x * 2
    >>> doubled(x).requires_grad
    False
    """
    return Recording(False) if function is None else Recording(False)(function)


@overload
def enable_grad() -> Recording: ...
@overload
def enable_grad(function: F) -> F: ...
def enable_grad(function: Any = None) -> Any:
    """Record again inside a ``no_grad`` block."""
    return Recording(True) if function is None else Recording(True)(function)
