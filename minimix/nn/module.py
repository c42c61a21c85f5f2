"""Module: a part of a network that owns parameters, buffers and other modules.

Nothing is hidden: these are ordinary attributes, and what a module owns is found by looking through them in the order in which
they were set. A ``Parameter`` is a parameter, a ``Module`` a child, and an array named by ``register_buffer`` a buffer: state
that is saved and loaded but not trained, such as running statistics.
"""

from collections.abc import Iterator

import numpy as np

from minimix.tensor import Tensor


class Parameter(Tensor):
    """A Tensor that is trained: it requires gradients, and modules list it.

    >>> Parameter([1.0, 2.0]).requires_grad
    True
    """

    __slots__ = ()

    def __init__(self, data, requires_grad: bool = True, name: str | None = None):
        super().__init__(data, requires_grad, name)


class Module:
    """Base class of all layers. Derive from it, set parameters and modules as attributes, and define ``forward``.

    >>> import minimix as mm
    >>> from minimix import nn
    >>> class Scale(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = nn.Parameter([2.0])
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> Scale()(mm.Tensor([3.0])).data
    array([6.], dtype=float32)
    >>> list(Scale().state_dict())
    ['factor']
    """

    def __init__(self):
        self.training = True
        self._buffer_names: list[str] = []

    def forward(self, *inputs):
        raise NotImplementedError(f"{type(self).__name__} does not define forward()")  # as every subclass must

    def __call__(self, *inputs, **options):
        return self.forward(*inputs, **options)

    def register_buffer(self, name: str, array: np.ndarray) -> None:
        """Set attribute ``name`` to an array that belongs to the state, but is not trained."""
        self._buffer_names.append(name)
        setattr(self, name, np.asarray(array))

    # -- what is inside -----------------------------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value

    def children(self) -> Iterator["Module"]:
        for _, child in self.named_children():
            yield child

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """This module (named ``prefix``) and all below it, parents first. A module that is used twice appears once."""
        stack, seen = [(prefix, self)], set()
        while stack:
            name, module = stack.pop()
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield name, module
            below = [(f"{name}.{child_name}" if name else child_name, child) for child_name, child in module.named_children()]
            stack.extend(reversed(below))

    def modules(self) -> Iterator["Module"]:
        for _, module in self.named_modules():
            yield module

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """(name, parameter) in the order of definition; a shared parameter once."""
        seen = set()
        for prefix, module in self.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, Parameter) and id(value) not in seen:
                    seen.add(id(value))
                    yield f"{prefix}.{name}" if prefix else name, value

    def parameters(self) -> Iterator[Parameter]:
        for _, parameter in self.named_parameters():
            yield parameter

    def named_buffers(self) -> Iterator[tuple[str, np.ndarray]]:
        for prefix, module in self.named_modules():
            for name in module._buffer_names:
                yield f"{prefix}.{name}" if prefix else name, getattr(module, name)

    def buffers(self) -> Iterator[np.ndarray]:
        for _, buffer in self.named_buffers():
            yield buffer

    # -- state --------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, np.ndarray]:
        """{name: array} of all parameters and buffers. These are the arrays themselves, not copies."""
        state = {}
        for prefix, module in self.named_modules():
            own = {name: value.data for name, value in vars(module).items() if isinstance(value, Parameter)}
            own |= {name: getattr(module, name) for name in module._buffer_names}
            state |= {f"{prefix}.{name}" if prefix else name: array for name, array in own.items()}
        return state

    def load_state_dict(self, state: dict, strict: bool = True) -> tuple[list[str], list[str]]:
        """Copy ``state`` into the arrays of this module, converted to their dtypes. Returns (missing, unexpected) names.

        Everything is checked before anything is changed. Raises RuntimeError for arrays of the wrong shape and, where
        ``strict``, for names that are missing or unexpected.
        """
        own = self.state_dict()
        missing = [name for name in own if name not in state]
        unexpected = [name for name in state if name not in own]
        given = {name: np.asarray(value.data if isinstance(value, Tensor) else value) for name, value in state.items()}
        misshapen = [
            f"{name} is {given[name].shape}, expected {own[name].shape}"
            for name in own
            if name in given and given[name].shape != own[name].shape
        ]
        problems = [f"shape of {text}" for text in misshapen]
        if strict:
            problems += [f"missing {name}" for name in missing] + [f"unexpected {name}" for name in unexpected]
        if problems:
            more = f"\n  ... and {len(problems) - 20} more" if len(problems) > 20 else ""
            raise RuntimeError(f"the state does not fit {type(self).__name__}:\n  " + "\n  ".join(problems[:20]) + more)
        for name, array in own.items():
            if name in given:
                array[...] = given[name]
        return missing, unexpected

    def train(self, mode: bool = True) -> "Module":
        """Behave as in training (batch statistics, dropout), here and below. Returns self."""
        for module in self.modules():
            module.training = bool(mode)
        return self

    def eval(self) -> "Module":
        """Behave as in use: running statistics, no dropout. Returns self."""
        return self.train(False)

    def requires_grad_(self, flag: bool = True) -> "Module":
        for parameter in self.parameters():
            parameter.requires_grad = bool(flag)
        return self

    def zero_grad(self) -> None:
        for parameter in self.parameters():
            parameter.grad = None

    def apply(self, function) -> "Module":
        """Call ``function(module)`` for every module, children before their parents. Returns self."""
        for module in reversed(list(self.modules())):
            function(module)
        return self

    def to(self, dtype) -> "Module":
        """Convert parameters and floating-point buffers to ``dtype``, in place. Returns self."""
        dtype = np.dtype(dtype)
        if dtype.kind != "f":
            raise TypeError(f"to() wants a floating-point dtype, not {dtype}")
        for module in self.modules():
            for value in vars(module).values():
                if isinstance(value, Parameter):
                    value.data = value.data.astype(dtype)
                    value.grad = None if value.grad is None else value.grad.astype(dtype)
            for name in module._buffer_names:
                if getattr(module, name).dtype.kind == "f":
                    setattr(module, name, getattr(module, name).astype(dtype))
        return self

    def float(self) -> "Module":
        """float32, in place."""
        return self.to(np.float32)

    def double(self) -> "Module":
        """float64, in place: what a gradient check needs."""
        return self.to(np.float64)

    # -- printing -----------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What to print between the parentheses."""
        return ""

    def __repr__(self) -> str:
        below = [f"({name}): {child!r}".replace("\n", "\n  ") for name, child in self.named_children()]
        if not below:
            return f"{type(self).__name__}({self.extra_repr()})"
        first = [self.extra_repr()] if self.extra_repr() else []
        return f"{type(self).__name__}(\n  " + "\n  ".join(first + below) + "\n)"


class Sequential(Module):
    """Modules one after the other.

    >>> from minimix import nn
    >>> len(nn.Sequential(nn.Linear(4, 8), nn.ReLU()))
    2
    """

    def __init__(self, *modules: Module):
        super().__init__()
        for i, module in enumerate(modules):
            setattr(self, str(i), module)

    def forward(self, x):
        for module in self.children():
            x = module(x)
        return x

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self):
        return self.children()

    def __getitem__(self, index):
        return list(self.children())[index]


class ModuleList(Sequential):
    """Modules in a list, to be called by hand."""

    def __init__(self, modules=()):
        super().__init__(*modules)

    def forward(self, *inputs):
        raise TypeError("a ModuleList is not called: go through its modules, or use Sequential")
