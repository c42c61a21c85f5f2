"""Checking a layer: its input and all its parameters, by name."""

import numpy as np

from minimix.gradcheck.check import as_tensor, examine
from minimix.gradcheck.report import GradcheckError, Report
from minimix.tensor import Tensor


def gradcheck_module(module, *inputs, raise_exception: bool = True, verbose: bool = False, **options) -> bool:
    """``gradcheck`` for a module: its inputs and every parameter that requires gradients, under their own names.

    module: callable, with ``named_parameters()``; what ``named_buffers()`` gives (running statistics) is put back before every
        call, so that a layer in training mode is checked as a function, and keeps its state.
    inputs: Tensors or arrays; floating-point ones are checked too.
    options: ``mode``, ``eps``, ``atol``, ``rtol``, ``seed`` as in ``gradcheck``.

    >>> import numpy as np
    >>> from minimix import Tensor
    >>> from minimix.gradcheck import gradcheck_module
    >>> class Scale:
    ...     weight = Tensor(np.array([2.0, 3.0]), requires_grad=True)
    ...     def named_parameters(self):
    ...         return [("weight", self.weight)]
    ...     def __call__(self, x):
    ...         return x * self.weight
    >>> gradcheck_module(Scale(), np.ones((4, 2)))
    True
    """
    report = examine_module(module, *inputs, **options)
    if verbose:
        print(report)
    if raise_exception and not report.ok:
        raise GradcheckError(report)
    return report.ok


def examine_module(module, *inputs, **options) -> Report:
    """As ``gradcheck_module``, but gives the Report."""
    if not hasattr(module, "named_parameters"):
        raise TypeError(f"gradcheck_module takes a module; for a {type(module).__name__}, use gradcheck(func, inputs)")
    tensors = [as_tensor(x) for x in inputs]
    named = list(module.named_parameters())
    if repeated := [name for name, p in named if not isinstance(p, Tensor)]:
        raise TypeError(f"gradcheck_module: named_parameters() must give Tensors, but {', '.join(repeated)} is not one")
    names = [t.name or (f"input {k}" if len(tensors) > 1 else "input") for k, t in enumerate(tensors)]
    buffers = _Buffers(module)

    def run(*arguments):
        buffers.restore()
        return module(*arguments[: len(tensors)])

    try:
        return examine(run, [*tensors, *(p for _, p in named)], names=names + [name for name, _ in named], **options)
    finally:
        buffers.restore()


class _Buffers:
    """What a module remembers beside its parameters, as it was in the beginning."""

    def __init__(self, module):
        self.module = module
        self.start = {name: (b, np.array(_array(b))) for name, b in self._named()}

    def _named(self) -> list:
        return [(n, b) for n, b in getattr(self.module, "named_buffers", list)() if b is not None]

    def restore(self) -> None:
        for name, buffer in self._named():
            kept, value = self.start[name]
            if _array(kept).shape == ():
                value = value.copy()  # 0-d: [...] works as well, but the array may be a NumPy scalar
            if isinstance(_array(kept), np.ndarray) and _array(kept).flags.writeable:
                _array(kept)[...] = value
            if buffer is not kept:  # the module put a new array in its place
                owner = self.module
                *path, last = name.split(".")
                for part in path:
                    owner = owner[int(part)] if part.isdigit() and not hasattr(owner, part) else getattr(owner, part)
                setattr(owner, last, kept)


def _array(buffer):
    return buffer.data if isinstance(buffer, Tensor) else buffer
