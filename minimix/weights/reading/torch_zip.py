"""PyTorch's files since 1.6: a zip archive with a pickle, ``data.pkl``, and a member for each storage, ``data/0``, ..."""

from typing import Any, Literal

from minimix.weights.reading.result import Budget, ReadError, shown
from minimix.weights.reading.tensors import Storage
from minimix.weights.reading.unpickler import Unpickler
from minimix.weights.reading.zipped import Member

PICKLE = "data.pkl"
_ORDERS: dict[bytes, Literal["<", ">"]] = {b"little": "<", b"big": ">"}


def folder(names) -> str | None:
    """The folder in an archive that holds a file of PyTorch; None where there is none.

    >>> folder(["archive/data.pkl", "archive/data/0"]), folder(["conv.weight.npy"])
    ('archive/', None)
    """
    found = [name.removesuffix(PICKLE) for name in names if name.endswith(f"/{PICKLE}") or name == PICKLE]
    return min(found, key=lambda name: name.count("/"), default=None)


class TorchZip:
    """root: the folder in the archive. order: of the bytes of a number, "<" or ">"."""

    def __init__(self, members: dict[str, Member], root: str, budget: Budget):
        self.members, self.root, self.budget = members, root, budget
        if f"{root}constants.pkl" in members or any(name.startswith(f"{root}code/") for name in members):
            raise ReadError(
                "is a program of TorchScript, not a state dict. In PyTorch: "
                "torch.save(torch.jit.load(file).state_dict(), 'weights.pth')"
            )
        said = bytes(self._content("byteorder")) if f"{root}byteorder" in members else b"little"
        if said not in _ORDERS:
            raise ReadError(f"says that its numbers are {shown(said)}, expected little- or big-endian: damaged")
        self.order = _ORDERS[said]
        self._raw: dict[str, memoryview] = {}

    def load(self) -> Any:
        """What is pickled."""
        return Unpickler(bytes(self._content(PICKLE))).load()

    def raw(self, storage: Storage) -> memoryview:
        """The bytes of a storage."""
        key = f"data/{storage.key}"
        if key not in self._raw:
            if self.root + key not in self.members:
                raise ReadError(f"{shown(key)}, which has numbers, is missing: truncated or damaged")
            self._raw[key] = self._content(key)
        found, expected = len(self._raw[key]), storage.total * storage.itemsize
        if found != expected:
            raise ReadError(f"{shown(key)} has {found} bytes, expected {expected}: damaged")
        return self._raw[key]

    def _content(self, name: str) -> memoryview:
        return self.members[self.root + name].content(self.budget)
