"""Zip archives in memory, without copies: .npz, PyTorch's .pth, Keras' .keras."""

import dataclasses
import io
import struct
import zipfile
import zlib

from minimix.weights.reading.result import Budget, ReadError, shown

_LOCAL = struct.Struct("<4s22xHH")  # what stands before a member's content: signature, lengths of its name and its extra field
_METHODS = {zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "lzma", 93: "zstd"}
_ENCRYPTED, _UTF8 = 0x1, 0x800  # flags of a member
_END, _END_64 = b"PK\5\6", b"PK\6\6"  # signatures of the records that end an archive
_MOST = 100_000  # members: each takes ten times as much memory as in the file


@dataclasses.dataclass(frozen=True)
class Member:
    """A file in an archive. has_sum: its checksum is one."""

    archive: memoryview
    info: zipfile.ZipInfo
    has_sum: bool

    def content(self, budget: Budget) -> memoryview:
        """All bytes. Raises ReadError where they are not what the archive says: other length, other checksum."""
        info, name = self.info, shown(self.info.filename)
        if info.flag_bits & _ENCRYPTED:
            raise ReadError(f"{name} in it is encrypted: unpack it with its password, and give the file that comes out")
        raw = self._raw()
        if info.compress_type == zipfile.ZIP_STORED:
            content = raw
        elif info.compress_type == zipfile.ZIP_DEFLATED:
            budget.take(info.file_size, f"{name}, unpacked,")
            content = memoryview(_inflated(raw, info.file_size, name))
        else:
            kind = _METHODS.get(info.compress_type, f"method {info.compress_type}")
            raise ReadError(f"{name} in it is compressed by {kind}, expected none or deflate")
        if len(content) != info.file_size:
            raise ReadError(f"{name} in it has {len(content)} bytes, not {info.file_size} as announced: truncated or damaged")
        if self.has_sum and zlib.crc32(content) != info.CRC:
            raise ReadError(f"{name} in it does not have its checksum: damaged")
        return content

    def _raw(self) -> memoryview:
        info, start = self.info, self.info.header_offset
        header = self.archive[start : start + _LOCAL.size]
        if len(header) < _LOCAL.size or header[:4] != b"PK\3\4":
            raise ReadError(f"{shown(info.filename)} is not where the archive says: truncated or damaged")
        _, name, extra = _LOCAL.unpack(header)
        start += _LOCAL.size
        if bytes(self.archive[start : start + name]) != info.orig_filename.encode(
            "utf-8" if info.flag_bits & _UTF8 else "cp437"
        ):
            raise ReadError(f"{shown(info.filename)} has another name at its place: damaged")
        start += name + extra
        return self.archive[start : start + info.compress_size]


def members(content: bytes) -> dict[str, Member]:
    """{name: member} in the archive's order. Raises ReadError for what is no whole archive."""
    if content.count(b"PK\1\2") > _MOST:
        raise ReadError(f"it has more than {_MOST:,} members, too many for weights")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
    except Exception as error:  # of many kinds, where its table of contents is damaged
        raise ReadError(f"it is no whole zip archive ({error}): truncated or damaged") from None
    if len(infos) != _announced(content):  # a length in the table that is too long makes zipfile pass over others
        raise ReadError("it is no whole zip archive (its table of contents has gaps): truncated or damaged")
    has_sums = any(info.CRC for info in infos)  # PyTorch can be told to leave them out, all of them
    view, found = memoryview(content), dict[str, Member]()
    for info in infos:
        if info.filename in found:
            raise ReadError(f"{shown(info.filename)} is twice in it")
        found[info.filename] = Member(view, info, has_sums)
    return found


def _announced(content: bytes) -> int:
    """How many members the end of the archive says that there are."""
    end = content.rfind(_END)
    number = int.from_bytes(content[end + 10 : end + 12], "little")
    if number < 0xFFFF:
        return number
    end = content.rfind(_END_64)
    return int.from_bytes(content[end + 32 : end + 40], "little") if end >= 0 else number


def _inflated(raw: memoryview, size: int, name: str) -> bytes:
    """``size`` bytes at most, and one more where there are more."""
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        return machine.decompress(raw, size + 1)
    except zlib.error as error:
        raise ReadError(f"{name} in it cannot be unpacked ({error}): damaged") from None
