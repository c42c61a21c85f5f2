"""PyTorch's files before 1.6, and of torch.save(..., _use_new_zipfile_serialization=False): pickles one after the other.

They are a magic number, a version, a line about the machine, the object, the keys of its storages; then come the storages, each
with the number of its elements in front, little-endian whatever the machine was. There are no checksums.
"""

import struct
from typing import Any, Literal

from minimix.pickled.machine import expect, text
from minimix.weights.reading.result import ReadError, shown
from minimix.weights.reading.tensors import Storage
from minimix.weights.reading.unpickler import Unpickler

MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001
BEGINNINGS = (b"\x80", b"L%d" % MAGIC)  # of pickles in the protocols from 2 on; of this number in those before
_LENGTH = struct.Struct("<q")


class TorchLegacy:
    order: Literal["<"] = "<"

    def __init__(self, content: bytes):
        self.unpickler = Unpickler(content)
        self.is_plain = False  # whether it is a pickle of somebody else
        self._raw: dict[str, memoryview] = {}

    def load(self) -> Any:
        """What is pickled."""
        unpickler = self.unpickler
        found = unpickler.load()
        if type(found) is not int or found != MAGIC:
            self.is_plain = True
            return found
        version = unpickler.load()
        if version != VERSION:
            raise ReadError(f"is of version {shown(version)} of PyTorch's old layout, expected {VERSION}: damaged")
        unpickler.load()  # of the machine: how long its numbers are, and those are the same everywhere
        found = unpickler.load()
        keys = unpickler.load()
        try:
            names = [text(key) for key in expect(keys, list)]
        except (TypeError, ValueError):
            raise ReadError("its list of storages is none: damaged") from None
        self._find(names)
        return found

    def _find(self, names: list[str]) -> None:
        """Where each storage's bytes are."""
        view, place = memoryview(self.unpickler.content), self.unpickler.file.tell()
        for name in names:
            storage = self.unpickler.storages.get(name)
            if storage is None:
                raise ReadError(f"the storage {shown(name)} belongs to no tensor: damaged")
            head = view[place : place + _LENGTH.size]
            start = place + _LENGTH.size
            place = start + storage.total * storage.itemsize
            if len(head) < _LENGTH.size or _LENGTH.unpack(head)[0] != storage.total or place > len(view):
                raise ReadError(f"the storage {shown(name)} does not have its {storage.total} numbers: truncated or damaged")
            self._raw[name] = view[start:place]

    def raw(self, storage: Storage) -> memoryview:
        """The bytes of a storage."""
        if storage.key not in self._raw:
            raise ReadError(f"the numbers of the storage {shown(storage.key)} are missing: truncated or damaged")
        return self._raw[storage.key]
