"""Module: a part of a network that owns parameters, buffers and other modules.

Nothing is hidden: these are ordinary attributes, and what a module owns is found by looking through them in the order in which
they were set. A ``Parameter`` is a parameter, a ``Module`` a child, and an array named by ``register_buffer`` a buffer: state
that is saved and loaded but not trained, such as running statistics. ``containers.py`` has modules that hold others by number.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from minimix import changes
from minimix.tensor import Tensor

Own = TypeVar("Own", bound="Module")  # of methods that return the module itself: its own class


class Parameter(Tensor):
    """A Tensor that is trained: it requires gradients, and modules list it. Read-only data is copied.

    Where a layer may lack one (a bias), its type is ``Parameter | Any``: without a check for None before every use.

    >>> Parameter([1.0, 2.0]).requires_grad
    True
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True, name: str | None = None) -> None:
        super().__init__(data, requires_grad, name)
        self.data = _writable(self.data)


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

    def __init__(self) -> None:
        self.training: bool = True
        self._buffer_names: list[str] = []

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What comes out for what goes in. Each module defines it; whoever uses the module calls the module itself."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward()")  # as every subclass must

    def __call__(self, *inputs: Any, **options: Any) -> Tensor:
        return self.forward(*inputs, **options)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Type checkers do not know which children, parameters and buffers a network has: they let any name pass."""

    def __setattr__(self, name: str, value: Any) -> None:
        """As for any object, except that mistakes are refused which would otherwise show much later.

        Raises AttributeError for parameters and modules set before ``super().__init__()``, TypeError where a parameter or a
        module would be replaced by something else (None is allowed): it would silently not be trained and saved any more.
        """
        own = vars(self)
        if "_buffer_names" in own:
            for kind in (Parameter, Module):
                if isinstance(own.get(name), kind) and not (value is None or isinstance(value, kind)):
                    raise TypeError(
                        f"{type(self).__name__}.{name} is a {kind.__name__}, it cannot become a {type(value).__name__}: set a "
                        f"{kind.__name__} or None" + (f", or write into {name}.data" if kind is Parameter else "")
                    )
            if name in self._buffer_names and value is not None:
                # NumPy makes scalars of 0-d results
                value = _writable(np.asarray(value.data if isinstance(value, Tensor) else value))
        elif isinstance(value, (Parameter, Module)):
            raise AttributeError(f"{type(self).__name__}.{name} is set too early: call super().__init__() before it")
        super().__setattr__(name, value)

    def __setstate__(self, state: dict) -> None:
        """For ``pickle``, whose arrays are read-only where the bytes that it was given are: training writes into them."""
        vars(self).update(state)
        for name, value in state.items():
            if isinstance(value, Parameter):
                value.data = _writable(value.data)
            elif name in self._buffer_names and value is not None:
                setattr(self, name, value)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in self._buffer_names:
            self._buffer_names.remove(name)

    def register_buffer(self, name: str, array: np.ndarray | None) -> None:
        """Set attribute ``name`` to an array that belongs to the state, but is not trained. None: there may be one later."""
        self._check_name(name, name in self._buffer_names)
        if name not in self._buffer_names:
            self._buffer_names.append(name)
        setattr(self, name, array)

    def register_parameter(self, name: str, parameter: Parameter | None) -> None:
        """The same as ``self.<name> = parameter``, for names that are made by a program."""
        self._check_name(name, isinstance(vars(self).get(name), Parameter))
        if not (parameter is None or isinstance(parameter, Parameter)):
            raise TypeError(f"{name!r} is a {type(parameter).__name__}, expected a Parameter: wrap it, nn.Parameter(...)")
        setattr(self, name, parameter)

    def add_module(self, name: str, module: "Module | None") -> None:
        """The same as ``self.<name> = module``, for names that are made by a program."""
        self._check_name(name, isinstance(vars(self).get(name), Module))
        if not (module is None or isinstance(module, Module)):
            fix = "unpack it, Sequential(*layers)" if isinstance(module, (list, tuple)) else "functions are called in forward()"
            raise TypeError(f"{name!r} is a {type(module).__name__}, expected a Module: {fix}")
        setattr(self, name, module)

    def _check_name(self, name: str, replaces: bool) -> None:
        if not isinstance(name, str):
            raise TypeError(f"a name in a module must be a string, not {name!r}")
        if not name or "." in name:
            raise KeyError(f"{name!r} cannot be a name in a module: it must not be empty, and dots separate levels")
        if hasattr(self, name) and not replaces and getattr(self, name) is not None:
            raise KeyError(f"{type(self).__name__} has another attribute {name!r} already: choose another name")

    # -- what is inside -----------------------------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """(name, module) of those that are attributes of this one, in the order in which they were set."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value

    def children(self) -> Iterator["Module"]:
        """The modules that are attributes of this one."""
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
        """This module and all below it, parents first."""
        for _, module in self.named_modules():
            yield module

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Parameter]]:
        """(name, parameter) in the order of definition; a shared parameter once. recurse=False: only this module's own."""
        seen = set()
        for path, module in self.named_modules(prefix) if recurse else [(prefix, self)]:
            for name, value in vars(module).items():
                if isinstance(value, Parameter) and id(value) not in seen:
                    seen.add(id(value))
                    yield f"{path}.{name}" if path else name, value

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """What ``named_parameters`` gives, without the names: for an optimiser."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, np.ndarray]]:
        """(name, array) of what was registered with ``register_buffer``, here and below; recurse=False: only here."""
        for path, module in self.named_modules(prefix) if recurse else [(prefix, self)]:
            for name in module._buffer_names:
                if getattr(module, name) is not None:
                    yield f"{path}.{name}" if path else name, getattr(module, name)

    def buffers(self, recurse: bool = True) -> Iterator[np.ndarray]:
        """What ``named_buffers`` gives, without the names."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def get_submodule(self, name: str) -> "Module":
        """The module that ``named_modules`` calls ``name``; "" is this one. AttributeError where there is none."""
        module = self
        for part in name.split(".") if name else ():
            child = vars(module).get(part)
            if not isinstance(child, Module):
                raise AttributeError(
                    f"{type(self).__name__} has no module {name!r}: no child {part!r} in {type(module).__name__}"
                )
            module = child
        return module

    def get_parameter(self, name: str) -> Parameter:
        """The parameter that ``named_parameters`` calls ``name``. AttributeError where there is none."""
        path, _, last = name.rpartition(".")
        parameter = vars(self.get_submodule(path)).get(last)
        if not isinstance(parameter, Parameter):
            raise AttributeError(f"{type(self).__name__} has no parameter {name!r}")
        return parameter

    # -- state --------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, np.ndarray]:
        """{name: array} of all parameters and buffers, shared ones under each of their names. These are the arrays themselves,
        not copies."""
        state = {name: value.data for name, value in vars(self).items() if isinstance(value, Parameter)}
        state |= dict(self.named_buffers(recurse=False))
        for name, child in self.named_children():
            state |= {f"{name}.{key}": array for key, array in child.state_dict().items()}
        return state

    def load_state_dict(self, state: dict, strict: bool = True) -> tuple[list[str], list[str]]:
        """Copy ``state`` into the arrays of this module, converted to their dtypes. Returns (missing, unexpected) names.

        Everything is checked before anything is changed. Raises RuntimeError for arrays of the wrong shape, for numbers that
        would lose a part (complex to real, 1.5 to whole numbers), for text and, where ``strict``, for names that are missing or
        unexpected; TypeError for what is no dict. As in PyTorch, a batch norm's num_batches_tracked may be missing all the
        same, and stays as it is: older files lack it, and few networks use it.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"the state must be a dict of arrays, as state_dict() gives, not {type(state).__name__}")
        own = self.state_dict()
        missing = [name for name in own if name not in state]
        unexpected = [name for name in state if name not in own]
        given = {name: np.asarray(value.data if isinstance(value, Tensor) else value) for name, value in state.items()}
        problems = [text for name in own if name in given for text in _misfits(name, own[name], given[name])]
        if strict:
            problems += [f"missing {name}" for name in missing if name.rpartition(".")[2] != "num_batches_tracked"]
            problems += [f"unexpected {name}" for name in unexpected]
        if problems:
            more = f"\n  ... and {len(problems) - 20} more" if len(problems) > 20 else ""
            raise RuntimeError(f"the state does not fit {called(self)}:\n  " + "\n  ".join(problems[:20]) + more)
        for name, array in own.items():
            if name in given:
                array[...] = given[name]
                changes.mark([array])
        return missing, unexpected

    def train(self: Own, mode: bool = True) -> Own:
        """Behave as in training (batch statistics, dropout), here and below. Returns self."""
        for module in self.modules():
            module.training = bool(mode)
        return self

    def eval(self: Own) -> Own:
        """Behave as in use: running statistics, no dropout. Returns self."""
        return self.train(False)

    def requires_grad_(self: Own, flag: bool = True) -> Own:
        """Whether its parameters are trained, here and below. Returns self."""
        for parameter in self.parameters():
            parameter.requires_grad = bool(flag)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients; with ``set_to_none=False`` they become zeros, and then count as gradients."""
        for parameter in self.parameters():
            parameter.grad = None if set_to_none or parameter.grad is None else np.zeros_like(parameter.grad)

    def apply(self: Own, function: Callable[["Module"], Any]) -> Own:
        """Call ``function(module)`` for every module, children before their parents. Returns self."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    def to(self: Own, dtype: Any) -> Own:
        """Convert parameters and floating-point buffers to ``dtype``, in place. Returns self."""
        if isinstance(dtype, str) and dtype.partition(":")[0] in ("cpu", "cuda", "mps"):
            if dtype == "cpu":
                return self
            raise TypeError(f"to({dtype!r}): everything is computed on the CPU: leave it out")
        dtype = np.dtype(dtype)
        if dtype.kind != "f":
            raise TypeError(f"to() wants a floating-point dtype, not {dtype}")
        for module in self.modules():
            for value in vars(module).values():
                if isinstance(value, Parameter):
                    value.data = value.data.astype(dtype)
                    value.grad = None if value.grad is None else value.grad.astype(dtype)
            for name in module._buffer_names:
                buffer = getattr(module, name)
                if buffer is not None and buffer.dtype.kind == "f":
                    setattr(module, name, buffer.astype(dtype))
        return self

    def float(self: Own) -> Own:
        """float32, in place."""
        return self.to(np.float32)

    def double(self: Own) -> Own:
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


def called(module: Module) -> str:
    """What to call it in a message: the name that ``models.create`` made it by, or its class."""
    return vars(module).get("created_as") or type(module).__name__


def _misfits(name: str, own: np.ndarray, given: np.ndarray) -> Iterator[str]:
    """Why ``given`` cannot be copied into a module's own array."""
    if given.shape != own.shape:
        yield f"shape of {name} is {given.shape}, expected {own.shape}"
    elif not np.can_cast(given.dtype, own.dtype, "same_kind"):
        with np.errstate(all="ignore"):
            if given.dtype.kind not in "biuf" or (given != given.astype(own.dtype)).any():
                yield f"dtype of {name} is {given.dtype}, and {own.dtype} cannot hold its values"
    if not own.flags.writeable:
        yield f"{name} cannot be written into, its array is read-only: set its data to a copy"


def _writable(array: np.ndarray) -> np.ndarray:
    """``array``, or a copy where it is read-only: memory-mapped, a view of bytes, broadcast."""
    return array if array.flags.writeable else array.copy()
