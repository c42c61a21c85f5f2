"""PyTorch's files, written byte by byte: what torch.save would write, and what it never would. Needs no PyTorch."""

import io
import math
import pickle
import struct
import zipfile

MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001
SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
KINDS = {"f4": "Float", "f8": "Double", "f2": "Half", "i8": "Long", "i4": "Int", "i2": "Short", "i1": "Char", "u1": "Byte"}


class Global:
    """A name that a pickle mentions."""

    def __init__(self, name: str):
        self.module, _, self.attribute = name.partition(" ")


class Call:
    """function(*args), and then BUILD with state, unless that is None."""

    def __init__(self, function: str, *args, state=None, items=(), opcode=b"R"):
        self.function, self.args, self.state, self.items, self.opcode = Global(function), args, state, items, opcode


class Stored:
    """A persistent id."""

    def __init__(self, *about):
        self.about = about


def ordered(items, metadata=True):
    return Call("collections OrderedDict", items=tuple(dict(items).items()), state={"_metadata": {}} if metadata else None)


def dumps(value) -> bytes:
    """A pickle in protocol 2, without a memo."""
    return b"\x80\x02" + _dumped(value) + b"."


def dumps_inside(value) -> bytes:
    return dumps(value)[2:-1]


def _dumped(value) -> bytes:
    if isinstance(value, Global):
        return f"c{value.module}\n{value.attribute}\n".encode()
    if isinstance(value, Stored):
        return _dumped(value.about) + b"Q"
    if isinstance(value, Call):
        made = _dumped(value.function) + _dumped(tuple(value.args)) + value.opcode
        made += b"".join(_dumped(key) + _dumped(item) + b"s" for key, item in value.items)
        return made + (b"" if value.state is None else _dumped(value.state) + b"b")
    if isinstance(value, tuple):
        return b"(" + b"".join(map(_dumped, value)) + b"t"
    if isinstance(value, list):
        return b"](" + b"".join(map(_dumped, value)) + b"e"
    if isinstance(value, dict):
        return b"}(" + b"".join(_dumped(key) + _dumped(item) for key, item in value.items()) + b"u"
    if isinstance(value, Raw):
        return value.content
    return pickle.dumps(value, 2)[2:-1]  # numbers, strings, None: without what begins and ends a pickle


class Raw:
    """Opcodes as they are."""

    def __init__(self, content: bytes):
        self.content = content


def storage(key, kind, numel, *more):
    return Stored("storage", Global(f"torch {kind}Storage"), key, "cpu", numel, *more)


def tensor(stored, shape, stride=None, offset=0, function="torch._utils _rebuild_tensor_v2", more=None):
    """A tensor of a storage. stride: of one whose numbers lie one after the other, where it is None."""
    if stride is None:
        stride = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    hooks = (False, Call("collections OrderedDict")) if more is None else more
    return Call(function, stored, offset, tuple(shape), tuple(stride), *hooks)


def tensors(arrays) -> tuple:
    """({name: tensor}, {key of storage: bytes}) of arrays, each in a storage of its own."""
    made, contents = {}, {}
    for number, (name, array) in enumerate(arrays.items()):
        key = str(number)
        made[name] = tensor(storage(key, KINDS[array.dtype.str[1:]], array.size), array.shape)
        contents[key] = array.astype(array.dtype.newbyteorder("<")).tobytes()
    return made, contents


def zipped(value, contents, order=b"little", compression=zipfile.ZIP_STORED, root="archive/", extra=()) -> bytes:
    """The layout since 1.6. contents: {key of storage: bytes}."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr(f"{root}data.pkl", value if isinstance(value, bytes) else dumps(value))
        if order is not None:
            archive.writestr(f"{root}byteorder", order)
        for key, content in contents.items():
            archive.writestr(f"{root}data/{key}", content)
        archive.writestr(f"{root}version", b"3\n")
        for name, content in extra:
            archive.writestr(name, content)
    return file.getvalue()


def legacy(value, contents, itemsizes=4, magic=MAGIC, version=VERSION) -> bytes:
    """The layout before 1.6. itemsizes: of all storages, or of each."""
    made = b"".join(map(dumps, (magic, version, SYSTEM, value, list(contents))))
    for key, content in contents.items():
        size = itemsizes[key] if isinstance(itemsizes, dict) else itemsizes
        made += struct.pack("<q", len(content) // size) + content
    return made
