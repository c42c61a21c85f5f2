"""Modules that hold others by number: ``Sequential`` calls them one after the other, ``ModuleList`` leaves that to you."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, cast, overload

from minimix.nn.module import Module
from minimix.tensor import Tensor

Own = TypeVar("Own", bound="ModuleList")


class ModuleList(Module):
    """Modules in a list. They are found, trained and saved like any attribute; its owner calls them.

    >>> from minimix import nn
    >>> layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
    >>> layers.append(nn.Linear(4, 2))[-1]
    Linear(4, 2, bias=True)
    >>> [name for name, _ in layers.named_parameters()][:2]
    ['0.weight', '0.bias']
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        self.extend(modules)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        raise TypeError(f"a {type(self).__name__} is not called: go through its modules, or use Sequential")

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self: Own, index: slice) -> Own: ...
    def __getitem__(self, index):
        """The module with that number; for a slice, a container with these modules."""
        if isinstance(index, slice):
            return self._of(list(self.named_children())[index])
        return getattr(self, self._name(index))

    def __setitem__(self, index: int, module: Module) -> None:
        self.add_module(self._name(index), module)

    def __delitem__(self, index: int | slice) -> None:
        """Remove one module, or a slice. The others move up."""
        names = [name for name, _ in self.named_children()]
        gone = names[index] if isinstance(index, slice) else [self._name(index)]
        kept = [child for name, child in self.named_children() if name not in gone]
        for name in names:
            delattr(self, name)
        self.extend(kept)

    def append(self: Own, module: Module) -> Own:
        """Put ``module`` behind the last one. Returns self."""
        if module is None:
            raise TypeError(f"a {type(self).__name__} holds modules, not None: leave it out")
        self.add_module(str(len(self)), module)
        return self

    def extend(self: Own, modules: Iterable[Module]) -> Own:
        """``append`` each. Returns self."""
        for module in modules:
            self.append(module)
        return self

    def _name(self, index: int) -> str:
        names = [name for name, _ in self.named_children()]
        try:
            return names[index]
        except IndexError:
            raise IndexError(f"no module {index} in a {type(self).__name__} of {len(names)}") from None

    @staticmethod
    def _of(named: list) -> "ModuleList":
        return ModuleList(module for _, module in named)


class Sequential(ModuleList):
    """Modules one after the other: each gets what the one before it returned.

    modules: the modules, or one dict {name: module}.

    >>> from minimix import nn
    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> len(net), net[1], len(net[:2])
    (3, ReLU(), 2)
    >>> nn.Sequential({"fc": nn.Linear(4, 8), "act": nn.ReLU()}).act
    ReLU()
    """

    def __init__(self, *modules: Module | Mapping[str, Module]) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], dict):
            for name, module in modules[0].items():
                self.add_module(name, module)
        else:
            self.extend(cast(tuple[Module, ...], modules))

    def forward(self, x) -> Tensor:
        for module in self.children():
            x = module(x)
        return x

    @staticmethod
    def _of(named: list) -> "Sequential":
        return Sequential(dict(named))  # with the names that they had
