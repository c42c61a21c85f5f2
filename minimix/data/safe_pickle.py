"""Read the pickles of CIFAR's Python version without being able to run anything.

A pickle is a little program, and Python's own ``pickle.load`` carries it out: it imports what it names and calls it. So here is
another machine for the same language, with the verb "call" left out. Names are never looked up; they stay labels, and of those
only the few that a pickled ndarray consists of mean anything:

    numpy...multiarray._reconstruct, numpy.ndarray    an array still without content, which BUILD then fills
    numpy...numeric._frombuffer                       an array, as newer pickles write it
    numpy.dtype                                       its element type: whole or floating-point numbers, nothing else
    _codecs.encode                                    bytes, as Python 3 writes them for Python 2

Everything else is refused, whatever it is called and however the name is put together. The opcodes are those of the standard
library's ``pickletools``, whose documentation is the language's reference.
"""

import pickletools
import warnings

import numpy as np

from minimix.data.dataset import DataError

_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMERIC = ("numpy.core.numeric", "numpy._core.numeric")
_NAMES = {
    **{f"{module} _reconstruct": "_reconstruct" for module in _MULTIARRAY},
    **{f"{module} _frombuffer": "_frombuffer" for module in _NUMERIC},
    "numpy ndarray": "ndarray",
    "numpy dtype": "dtype",
    "_codecs encode": "encode",
}
_DTYPES = frozenset(
    f"{kind}{size}" for kind, sizes in {"u": (1, 2, 4, 8), "i": (1, 2, 4, 8), "f": (2, 4, 8)}.items() for size in sizes
)

_PLAIN = frozenset(  # opcodes whose argument is the value to push
    "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8 "
    "UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8".split()
)
_PYTHON2_STRINGS = frozenset(["STRING", "BINSTRING", "SHORT_BINSTRING"])  # bytes; pickletools hands them over as Latin-1
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK = object()


class _Refused(Exception):
    """The pickle asks for something that arrays do not need."""


class _Name:
    """A name that the pickle mentioned. It stands for nothing but itself."""

    def __init__(self, name: str):
        self.name = name


class _DType:
    """An element type in the making; BUILD may still tell its byte order."""

    def __init__(self, args):
        code = _text(args[0])
        if code not in _DTYPES:
            raise _Refused(f"an array of {code[:80]!r}")
        self.dtype = np.dtype(code)

    def build(self, state):  # (version, byte order, subarray, names, fields, item size, alignment, flags)
        order = _text(state[1])
        if order not in ("|", "<", ">", "=") or any(part is not None for part in state[2:5]):
            raise _Refused("an array with structure")
        self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """An array in the making."""

    value = None

    def build(self, state):  # (version, shape, dtype, whether in Fortran order, bytes)
        _, shape, dtype, fortran, raw = state
        self.fill(raw, dtype, shape, "F" if fortran else "C")

    def fill(self, raw, dtype, shape, order):
        if not isinstance(dtype, _DType) or not isinstance(raw, (bytes, bytearray)) or not isinstance(shape, tuple):
            raise _Refused("an array of objects")
        if any(type(length) is not int or length < 0 for length in shape):
            raise _Refused("an array whose shape is not whole numbers")
        self.value = np.frombuffer(raw, dtype.dtype).reshape(shape, order=_text(order))


def loads(data: bytes, source) -> dict:
    """The dict that is pickled in ``data``, its values plain: numbers, strings, bytes, lists, dicts, ndarrays.

    Strings of Python 2 come as bytes. ``source`` is the file that errors name. Raises DataError for anything that is not a
    whole pickle of a dict, or asks for more than that.
    """
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", ".*invalid .*escape")  # of a text: no pickler writes one, but Python only warns
            result = _run(data)
    except _Refused as refusal:
        raise DataError(
            f"{source}: refused, and nothing in it was run: it asks for {refusal}, but a file of CIFAR holds only arrays, "
            "lists and strings. Do not open it with other tools; get the original archive"
        ) from None
    except (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError, Warning) as error:
        reason = str(error)[:120]
        raise DataError(f"{source}: not a whole pickle ({reason}): truncated or damaged; get the original file again") from None
    if not isinstance(result, dict):
        raise DataError(f"{source}: holds a {type(result).__name__}, but CIFAR's Python version holds a dict")
    return {key: value.value if isinstance(value, _Array) else value for key, value in result.items()}


def _run(data: bytes):
    stack, memo = [], {}
    for opcode, arg, _ in pickletools.genops(data):
        name = opcode.name
        if name in _PLAIN:
            stack.append(arg)
        elif name in _PYTHON2_STRINGS:
            stack.append(arg.encode("latin-1"))
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name in _TUPLES:
            stack[-_TUPLES[name] :] = [tuple(stack[-_TUPLES[name] :])]
        elif name == "MARK":
            stack.append(_MARK)
        elif name in ("TUPLE", "LIST", "DICT"):
            items = _since_mark(stack)
            stack.append(tuple(items) if name == "TUPLE" else items if name == "LIST" else _pairs({}, items))
        elif name in ("APPEND", "APPENDS"):
            items = _since_mark(stack) if name == "APPENDS" else [stack.pop()]
            _expect(stack[-1], list).extend(items)
        elif name in ("SETITEM", "SETITEMS"):
            items = _since_mark(stack) if name == "SETITEMS" else [stack.pop() for _ in range(2)][::-1]
            _pairs(_expect(stack[-1], dict), items)
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            memo[arg] = stack[-1]
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(memo[arg])
        elif name == "GLOBAL":
            stack.append(_known(arg))
        elif name == "STACK_GLOBAL":
            attribute, module = stack.pop(), stack.pop()
            stack.append(_known(f"{_expect(module, str)} {_expect(attribute, str)}"))
        elif name == "REDUCE":
            args, what = stack.pop(), stack.pop()
            stack.append(_make(what, _expect(args, tuple)))
        elif name == "BUILD":
            state = stack.pop()
            if not isinstance(stack[-1], (_Array, _DType)):
                raise _Refused("changing something that is no array")
            stack[-1].build(_expect(state, tuple))
        elif name == "STOP":
            return stack.pop()
        elif name not in ("PROTO", "FRAME"):
            raise _Refused(f"the operation {name}")
    raise ValueError("no end")


def _known(name: str) -> _Name:
    if name not in _NAMES:
        raise _Refused(repr(name.replace(" ", ".")[:120]))
    return _Name(_NAMES[name])


def _make(what, args: tuple):
    """What REDUCE puts on the stack for a known name and its arguments."""
    if not isinstance(what, _Name):
        raise _Refused("calling something that is not a name")
    if what.name == "_reconstruct":
        return _Array()
    if what.name == "_frombuffer":
        raw, dtype, shape, order = args
        array = _Array()
        array.fill(raw, dtype, shape, order)
        return array
    if what.name == "dtype":
        return _DType(args)
    if what.name == "encode" and args[1] in ("latin1", "latin-1"):
        return _expect(args[0], str).encode("latin-1")
    raise _Refused(f"calling {what.name!r}")


def _since_mark(stack: list) -> list:
    """Take everything above the topmost mark, and the mark."""
    for i in range(len(stack) - 1, -1, -1):
        if stack[i] is _MARK:
            items = stack[i + 1 :]
            del stack[i:]
            return items
    raise ValueError("a mark is missing")


def _pairs(target: dict, items: list) -> dict:
    keys, values = items[::2], items[1::2]
    if any(type(key) not in (str, bytes) for key in keys):  # the hash of a very deep tuple would overflow the C stack
        raise TypeError("a key that is not a string")
    target.update(zip(keys, values, strict=True))
    return target


def _expect(value, kind: type):
    if type(value) is not kind:
        raise TypeError(f"a {type(value).__name__} where a {kind.__name__} belongs")
    return value


def _text(value) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else _expect(value, str)
