"""A machine for the language of pickles, with the verb "call" left out.

A pickle is a little program, and Python's own ``pickle.load`` carries it out: it imports what it names and calls it. Here names
are never looked up. They stay labels, and of those only the ones mean anything that the reader of a file has a table of: what
stands there says what to put in the place of a "call", always a value of a kind that this program made for it. Everything else
is refused, whatever it is called and however the name is put together.

The opcodes are those of the standard library's ``pickletools``, whose documentation is the language's reference.
"""

import pickletools
import warnings
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

_PLAIN = frozenset(  # opcodes whose argument is the value to push
    "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8 "
    "UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8".split()
)
_PYTHON2_STRINGS = frozenset(["STRING", "BINSTRING", "SHORT_BINSTRING"])  # bytes; pickletools hands them over as Latin-1
_PUT = frozenset(["PUT", "BINPUT", "LONG_BINPUT"])
_GET = frozenset(["GET", "BINGET", "LONG_BINGET"])
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple, "EMPTY_SET": list}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK = object()

Call = Callable[[tuple], Any]


class Refused(Exception):
    """The pickle asks for something that has no place in such a file; the message says for what."""


class Broken(ValueError):
    """What is no whole pickle; the message says why."""


class Name:
    """A name that the pickle mentioned. It stands for nothing but itself."""

    def __init__(self, name: str):
        self.name = name


class Made:
    """A value in the making, which the pickle's BUILD may tell more about itself."""

    def build(self, state: Any) -> None:
        raise NotImplementedError


def run(
    source: bytes | BinaryIO,
    table: Mapping[str, Call | None],
    *,
    stored: Callable[[Any], Any] | None = None,
    keys: tuple[type, ...] = (str, bytes),
    most: int | None = None,
) -> Any:
    """The value that is pickled. Of a file, exactly the pickle is read, so that another may follow.

    table:  "module name": what a call of it puts on the stack for its arguments; None: a name that may only be mentioned.
    stored: what stands for something that the file keeps outside the pickle ("persistent"). None: there is no such thing.
    keys:   the kinds of a dict's keys. No tuples: the hash of a very deep one would overflow the C stack.
    most:   so many operations at most: some are a byte long, and make fifty bytes.

    Strings of Python 2 come as bytes, sets as lists. Raises Refused, and Broken for what is no whole pickle.
    """
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", ".*invalid .*escape")  # of a text: no pickler writes one, but Python only warns
            return _run(source, table, stored, keys, most)
    except (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError, Warning) as error:
        raise Broken(str(error)[:120]) from None


def _run(source, table, stored, keys, most):
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    arg: Any
    for done, (opcode, arg, _) in enumerate(pickletools.genops(source)):
        name = opcode.name
        if done == most:
            raise Refused(f"more than {most:,} operations")
        if name in _PUT:
            memo[arg] = stack[-1]
        elif name in _PLAIN:
            stack.append(arg)
        elif name in _GET:
            stack.append(memo[arg])
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name == "MARK":
            stack.append(_MARK)
        elif name in ("TUPLE", "LIST", "DICT", "FROZENSET"):
            items = _since_mark(stack)
            stack.append(tuple(items) if name == "TUPLE" else _pairs({}, items, keys) if name == "DICT" else items)
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name in _TUPLES:
            stack[-_TUPLES[name] :] = [tuple(stack[-_TUPLES[name] :])]
        elif name in _PYTHON2_STRINGS:
            stack.append(arg.encode("latin-1"))
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in ("REDUCE", "NEWOBJ"):
            args, what = stack.pop(), stack.pop()
            stack.append(_made(what, expect(args, tuple), table))
        elif name == "BINPERSID" and stored is not None:
            stack.append(stored(stack.pop()))
        elif name in ("SETITEM", "SETITEMS"):
            items = _since_mark(stack) if name == "SETITEMS" else [stack.pop() for _ in range(2)][::-1]
            _pairs(_expect_some(stack[-1], dict), items, keys)
        elif name in ("APPEND", "APPENDS", "ADDITEMS"):
            items = [stack.pop()] if name == "APPEND" else _since_mark(stack)
            expect(stack[-1], list).extend(items)
        elif name == "GLOBAL":
            stack.append(_known(arg, table))
        elif name == "STACK_GLOBAL":
            attribute, module = stack.pop(), stack.pop()
            stack.append(_known(f"{expect(module, str)} {expect(attribute, str)}", table))
        elif name == "BUILD":
            state = stack.pop()
            if not isinstance(stack[-1], Made):
                raise Refused("changing something that is no array")
            stack[-1].build(state)
        elif name == "STOP":
            return stack.pop()
        elif name not in ("PROTO", "FRAME"):
            raise Refused(f"the operation {name}")
    raise ValueError("no end")


def _known(name: str, table) -> Name:
    if name not in table:
        raise Refused(repr(name.replace(" ", ".")[:120]))
    return Name(name)


def _made(what, args: tuple, table):
    """What stands on the stack instead of a call."""
    if not isinstance(what, Name):
        raise Refused("calling something that is not a name")
    call = table[what.name]
    if call is None:
        raise Refused(f"calling {what.name.replace(' ', '.')!r}")
    return call(args)


def _since_mark(stack: list) -> list:
    """Take everything above the topmost mark, and the mark."""
    for i in range(len(stack) - 1, -1, -1):
        if stack[i] is _MARK:
            items = stack[i + 1 :]
            del stack[i:]
            return items
    raise ValueError("a mark is missing")


def _pairs(target: dict, items: list, kinds: tuple[type, ...]) -> dict:
    keys, values = items[::2], items[1::2]
    if any(type(key) not in kinds for key in keys):
        raise TypeError("a key that is not a string" if set(kinds) <= {str, bytes} else "a key that is no string and no number")
    target.update(zip(keys, values, strict=True))
    return target


def expect(value, kind: type):
    """``value``, which must be of exactly this kind. Raises TypeError."""
    if type(value) is not kind:
        raise TypeError(f"a {type(value).__name__} where a {kind.__name__} belongs")
    return value


def _expect_some(value, kind: type):
    if not isinstance(value, kind):
        raise TypeError(f"a {type(value).__name__} where a {kind.__name__} belongs")
    return value


def text(value) -> str:
    """A string, or the bytes that are one of Python 2. Raises TypeError."""
    return value.decode("utf-8") if isinstance(value, bytes) else expect(value, str)
