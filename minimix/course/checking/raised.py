"""What is said of an exception: what its message means, the learner's line that raised it, and what the names in it were.

All of that is read off the exception itself: its message, and the frame of the learner's code, which it keeps.
"""

import ast
import inspect
import linecache
import numbers
import sysconfig
import textwrap
import types
from pathlib import Path

import numpy as np

import minimix
from minimix.course.checking import broadcasts
from minimix.words import count

KINDS = {  # of exceptions: what they mostly mean here
    ZeroDivisionError: "Something is divided by 0.",
    RecursionError: "The function calls itself without end.",
    UnboundLocalError: "A name is used before it was given a value: does it get one where a loop does not run, or an if fails?",
    NameError: "A name is used that was never given a value: a spelling mistake, or a cell that was not run.",
}
NONE = "None stands there. What changes a list in place (append, extend, insert, sort, reverse) returns None."
WHOLE = "/ gives floats, // whole numbers."
MESSAGES = (  # what stands in an exception's message, and what it means; the first that is there counts
    (
        "is out of bounds for array of dimension",
        "An axis is named that the array does not have: its axes are counted from 0, as many as its shape has entries.",
    ),
    (
        "is out of bounds",
        "An index lies outside of an array: compare the largest index that the loops reach with the array's shape.",
    ),
    ("list index out of range", "An index lies behind a list's end: is the list shorter than what is counted, or empty?"),
    ("tuple index out of range", "An index lies behind a tuple's end. A shape has as many entries as its array has axes."),
    ("too many indices", "More axes are indexed than the array has: print its shape on the line before."),
    ("only integers, slices", f"An index is a float, or another thing that counts nothing: {WHOLE}"),
    ("boolean index did not match", "A mask of True and False meets an array of another shape: print both shapes."),
    ("empty list", "Something is taken out of a list that is empty here."),
    ("'float' object cannot be interpreted", f"A size or an index is a float: {WHOLE}"),
    ("must be of integral type", f"A size is a float: {WHOLE}"),
    ("'list' object cannot be interpreted", "A list stands where NumPy wants a whole number, or a tuple of axes."),
    ("cannot be interpreted as an integer", "A size, an axis or an index is no whole number, but something else."),
    ("expected a sequence of integers", f"A size or an index is a float: {WHOLE}"),
    ("indices must be integers", f"A size or an index is a float: {WHOLE}"),
    ("could not be broadcast", "Two arrays of different shapes meet: print both shapes on the line before."),
    ("could not broadcast", "Two arrays of different shapes meet: print both shapes on the line before."),
    ("empty sequence", "The largest or smallest of nothing is asked for: what it is looked for in is empty here."),
    (
        "read-only",
        "Something is written into an array that is not to be written to: one that was given to the function, or one "
        "whose entries are repeated. Work on a copy: slices, transpose and reshape are views of the same memory.",
    ),
    ("not aligned", "Two arrays of different shapes meet: print both shapes on the line before."),
    ("NoneType", NONE),
    (
        "truth value of an array with more than one element",
        "One answer is wanted where an array has one for each entry: if, and, or, not, max and min of Python ask for it. "
        "Entry by entry it is &, |, ~, np.where and np.maximum.",
    ),
    (
        "concatenate tuple (not",
        "A tuple meets something that is none. Parentheses alone make no tuple: (a) is a, (a,) is a tuple of one entry.",
    ),
    ("setting an array element with a sequence", "An array with axes of its own stands where a single number has its place."),
    ("cannot reshape array", "The array has not as many numbers as the shape that it is to get."),
    ("must have the same shape", "Arrays of different shapes are to become one. A list holds arrays of any shape."),
    ("can't contain negative values", "A border, or a length, is negative here."),
)


def meaning(error: Exception) -> tuple[str, ...]:
    """A sentence or two about what the message means; none where nothing is known of it."""
    frame = own_frame(error)
    if text := broadcasts.explained(str(error), "" if frame is None else _ends_at_zero(frame)):
        return (text,)
    if isinstance(error, IndexError) and frame is not None and (text := _which_index(str(error), frame)):
        return (text,)
    for words, hint in MESSAGES:
        if words in str(error):
            return (hint,)
    return tuple(hint for kind, hint in KINDS.items() if isinstance(error, kind))[:1]


def line(error: Exception | None) -> str:
    """The last line of the learner's own code on the way to the exception."""
    if (frame := _told(error)) is None:
        return ""
    return f"line {frame.tb_lineno}, in {frame.tb_frame.f_code.co_name}: {_source(frame)}"


def values(error: Exception | None) -> str:
    """What the names in that line were: "weight of shape (2, 1, 3, 3), c=1"; "" where there is no such line."""
    if (frame := _told(error)) is None:
        return ""
    local = frame.tb_frame.f_locals
    names = dict.fromkeys(
        node.id for node in ast.walk(_tree(_source(frame))) if isinstance(node, ast.Name) and node.id in local
    )
    return ", ".join(word for name in names if (word := _value(name, local[name])))


def _told(error: Exception | None) -> types.TracebackType | None:
    """Where the learner's code raised, if that is to be told: of a stub it is not."""
    return None if error is None or isinstance(error, NotImplementedError) else own_frame(error)


def own_frame(error: Exception) -> types.TracebackType | None:
    """The last step of the traceback that is in the learner's code."""
    others = [Path(minimix.__file__).parent, *(Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib"))]
    step, found = error.__traceback__, None
    while step is not None:
        if not any(Path(step.tb_frame.f_code.co_filename).is_relative_to(folder) for folder in others):
            found = step
        step = step.tb_next
    return found


def _source(step: types.TracebackType) -> str:
    return linecache.getline(step.tb_frame.f_code.co_filename, step.tb_lineno).strip()


def _failing(step: types.TracebackType) -> str:
    """The part of the line that raised, where Python tells (since 3.11); else all of it."""
    line = linecache.getline(step.tb_frame.f_code.co_filename, step.tb_lineno)
    if not hasattr(step.tb_frame.f_code, "co_positions"):
        return line.strip()
    first, last, start, end = list(step.tb_frame.f_code.co_positions())[step.tb_lasti // 2]
    return line.encode()[start:end].decode() if first == last and start is not None else line.strip()


def _tree(code: str) -> ast.AST:
    """Of a line, which may be the head of a block, or a part of an expression that goes on."""
    for text in (code, f"{code}\n    pass", f"if 1:\n    pass\n{code}\n    pass", code.rstrip(","), code.rstrip("([{,")):
        try:
            return ast.parse(text)
        except SyntaxError:
            continue
    return ast.Module([], [])


def _value(name: str, value) -> str:
    if isinstance(value, np.ndarray):
        return f"{name} of shape {value.shape}"
    if isinstance(value, (types.ModuleType, type)) or (callable(value) and not hasattr(value, "inputs")):
        return ""
    text = f"{name}={value.item() if isinstance(value, np.generic) else value!r}"
    return text if len(text) <= 60 and "\n" not in text and " at 0x" not in text else f"{name}, a {type(value).__name__}"


def _which_index(message: str, step: types.TracebackType) -> str:
    """The index that lies outside, by its place in the line, if there is one only that may be it."""
    words = message.replace(",", " ").split()
    if not message.startswith("index ") or "axis" not in words:
        return ""
    index, axis, size = (int(words[words.index(word) + 1]) for word in ("index", "axis", "size"))
    found = []
    for node in ast.walk(_tree(_failing(step))):
        if not isinstance(node, ast.Subscript):
            continue
        places = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        array = _known(node.value, step)
        if len(places) <= axis or not isinstance(array, np.ndarray) or array.ndim <= axis or array.shape[axis] != size:
            continue
        if all(_counts(place, step) for place in places[: axis + 1]) and _known(places[axis], step) == index:
            place, whole = ast.unparse(places[axis]), ast.unparse(node)
            which = f"{place} is {index}, and" if place != str(index) else ""
            found.append(
                f"In {whole} {which or f'there is no index {index}:'} axis {axis} of {ast.unparse(node.value)}, whose "
                f"shape is {array.shape}, has {count(size, 'entry', 'entries')}, counted from 0."
            )
    return found[0] if len(set(found)) == 1 else ""


def _counts(place: ast.expr, step) -> bool:
    """Whether an entry between brackets stands for one axis: a slice or a whole number."""
    return isinstance(place, ast.Slice) or isinstance(_known(place, step), numbers.Integral)


def _known(node: ast.expr, step: types.TracebackType):
    """The value of an expression of names, numbers and their sums, differences and products; None of any other."""
    if isinstance(node, ast.Name):
        return step.tb_frame.f_locals.get(node.id)
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _known(node.operand, step)
        return -value if isinstance(value, numbers.Integral) else None
    if isinstance(node, ast.BinOp) and type(node.op) in STEPS:
        left, right = _known(node.left, step), _known(node.right, step)
        if isinstance(left, numbers.Integral) and isinstance(right, numbers.Integral):
            return STEPS[type(node.op)](int(left), int(right))
    return None


STEPS = {ast.Add: int.__add__, ast.Sub: int.__sub__, ast.Mult: int.__mul__}


def _ends_at_zero(step: types.TracebackType) -> str:
    """The end of a slice in the learner's function that counts from the end, and is 0 here: such a slice is empty."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(step.tb_frame.f_code)))
    except (OSError, SyntaxError, TypeError):  # its source is not at hand, or not by itself
        tree = _tree(_source(step))
    ends = [node.upper for node in ast.walk(tree) if isinstance(node, ast.Slice) and node.upper is not None]
    zero = (ast.unparse(end) for end in ends if not isinstance(end, ast.Constant) and _known(end, step) == 0)
    return next((end for end in zero if "-" in end), "")
