"""What a learner types into a box, as a number: "8*9 + 8*25", "2^5", "1/32", "3 200", "50 %", "about 1.8 million".

The text is cut into pieces, written as Python, parsed by ``ast`` and computed by the few rules below. Nothing of it is run.
"""

import ast
import math
import operator
import re

LONGEST, DEEPEST, BITS = 200, 40, 4096  # letters; brackets in brackets; of a whole number

FUNCTIONS = {
    "sqrt": math.sqrt, "exp": math.exp, "log": math.log, "ln": math.log, "log2": math.log2, "log10": math.log10, "abs": abs,
}  # fmt: skip
CONSTANTS = {"pi": math.pi, "π": math.pi}
MULTIPLES = {
    "k": 10**3, "thousand": 10**3, "m": 10**6, "mio": 10**6, "million": 10**6, "millions": 10**6, "g": 10**9,
    "billion": 10**9, "billions": 10**9,
}  # fmt: skip
WORDS = {
    "none": 0, "zero": 0, "half": 0.5, **{word: n for n, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), start=1
    )},
}  # fmt: skip
SECONDS = {"ns": -9, "us": -6, "µs": -6, "ms": -3, "s": 0}  # powers of ten
SIGNS = str.maketrans(  # as they are printed: times, divided, minus, apostrophe, spaces, micro
    "\u00d7\u00b7\u22c5\u2217\u00f7\u2215\u2212\u2013\u2019\u00a0\u202f\u2009\u03bc[]", "****//--'   \u00b5()"
)
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

PIECE = re.compile(
    r"""
    (?P<number>(?:[1-9]\d{0,2}(?:[ _',]\d{3})+(?!\d)(?:\.\d*)?|\d[\d_]*(?:[.,]\d+|\.)?|\.\d+)(?:[eE][-+]?\d+)?)
    |(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)
    |(?P<x>(?<=[\d)\s])[xX](?=\s*[\d(]))
    |(?P<word>[^\W\d_][\w.]*(?:-[^\W\d_]\w*)*|√)
    |(?P<sign>\*\*|//|[-+*/^()%,])
    |(?P<filler>[\s=~≈<>?.:"]+)
    """,
    re.VERBOSE,
)
OPERATIONS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.USub: operator.neg, ast.UAdd: operator.pos,
}  # fmt: skip


class NoNumber(ValueError):
    """What was typed is no number. The message says why, if it is known; else it is empty."""


def number(text: str, unit: str = "") -> int | float:
    """The value of a number, or of a calculation, with whatever words stand around it.

    unit: where it is one of time ("ms"), times in other units are converted. Raises NoNumber, a ValueError.

    >>> number("8*9 + 8*25"), number("2^5"), number("1/32"), number("2 (3 + 4)"), number("7 // 2")
    (272, 32, 0.03125, 14, 3)
    >>> number("3 200"), number("1,806,336"), number("1.8 million"), number("about 90?"), number("0,5")
    (3200, 1806336, 1800000.0, 90, 0.5)
    >>> number("50 %"), number("7 % 4"), number("half"), number("sqrt(2)"), number("3 µs", unit="ns")
    (0.5, 3, 0.5, 1.4142135623730951, 3000)
    """
    if len(text) > LONGEST:
        raise NoNumber(f"that is longer than {LONGEST} letters")
    code, scale = _python(_pieces(_last_side(text)), unit)
    try:
        value = _value(ast.parse(code, mode="eval").body) * scale
        finite = not isinstance(value, complex) and math.isfinite(value)
    except NoNumber:
        raise
    except ZeroDivisionError:
        raise NoNumber("that divides by zero") from None
    except (OverflowError, ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        finite = False
    if not finite:
        raise NoNumber("")
    return value


def is_calculation(text: str) -> bool:
    """Whether there is something to compute in a text: then its value is worth telling.

    >>> is_calculation("8*9"), is_calculation("-1e-5"), is_calculation("1,024 numbers")
    (True, False, False)
    """
    pieces = [_word(*piece) for piece in _pieces(_last_side(text))]
    kinds = [(kind, piece) for kind, piece in pieces if kind != "word"]
    if kinds[-1:] == [("sign", "%")]:
        kinds.pop()
    signs = any(kind in ("raised", "x", "of") or (kind == "sign" and piece not in "(),") for kind, piece in kinds[1:])
    return signs or any(kind == "function" for kind, _ in kinds)


def _last_side(text: str) -> str:
    """Of "8 * 9 = 72" what stands last; signs as Python has them."""
    before, _, after = text.translate(SIGNS).rpartition("=")
    return after if any(map(str.isdigit, after)) else before or after


def _pieces(text: str) -> list[tuple[str, str]]:
    """[(kind, piece), ...] of all that means something."""
    found, place = [], 0
    while place < len(text):
        match = PIECE.match(text, place)
        if match is None:
            raise NoNumber("")
        if match.lastgroup != "filler":
            found.append((match.lastgroup, match[0]))
        place = match.end()
    return found


def _python(pieces: list[tuple[str, str]], unit: str) -> tuple[str, float]:
    """(the pieces as a Python expression, what its value is to be multiplied by)."""
    pieces, scale = _without_words([_word(*piece) for piece in pieces], unit)
    code: list[str] = []
    ended, root, depth = False, False, 0  # ended: a value has, so that another one would be multiplied
    for place, (kind, piece) in enumerate(pieces):
        after = pieces[place + 1][0] if place + 1 < len(pieces) else ""
        opens = piece == "(" or kind == "function"
        if kind == "x" or (ended and (opens or kind == "constant")):
            code.append("*")
        if kind == "number":
            if ended:
                raise NoNumber("")  # two numbers, and nothing between them
            code.append(f"({_plain(piece)})" if root else _plain(piece))
        elif kind == "raised":
            code.append(f"**({piece.translate(RAISED)})")
        elif kind == "multiple":
            code.append(f"*{MULTIPLES[piece]}")
        elif kind == "constant":
            code.append(repr(CONSTANTS.get(piece, WORDS.get(piece))))
        elif piece == "%" and not (
            after in ("number", "function", "constant") or pieces[place + 1 : place + 2] == [("sign", "(")]
        ):
            code.append("/100")
        elif piece == ",":
            raise NoNumber("that is more than one number")
        elif kind != "x":
            code.append({"^": "**"}.get(piece, piece))
        depth += (piece == "(") - (piece == ")")
        root = kind == "function"  # √2
        if depth > DEEPEST:
            raise NoNumber("there are too many brackets in it")
        ended = kind in ("number", "raised", "multiple", "constant") or (piece in (")", "%") and code[-1] != "%")
    return "".join(code), scale


def _plain(number: str) -> str:
    """Digits as Python reads them: neither 1,024 nor 0,5 nor 007 is one number there.

    >>> _plain("1,024"), _plain("0,05"), _plain("007"), _plain("3 200.5")
    ('1024', '0.05', '7', '3200.5')
    """
    digits = re.sub("[ _']", "", number)
    thousands = re.match(r"[1-9]\d{0,2}(,\d{3})+(?!\d)", digits)
    digits = digits.replace(",", "" if thousands else ".")
    return re.sub(r"^0+(?=\d)", "", digits)


def _word(kind: str, piece: str) -> tuple[str, str]:
    if kind != "word":
        return kind, piece
    word = re.sub(r"^(np|numpy|math)\.", "", piece.rstrip(".")).lower().replace("√", "sqrt")
    for name, known in (("function", FUNCTIONS), ("constant", CONSTANTS | WORDS)):
        if word in known:
            return name, word
    return ("of" if word == "of" else "word"), word


def _without_words(pieces: list[tuple[str, str]], unit: str) -> tuple[list[tuple[str, str]], float]:
    """Without the words before and after the calculation: (the rest, what a unit of time among them multiplies it by)."""
    kept: list[tuple[str, str]] = []
    scale, unknown = 1, False
    for kind, piece in pieces:
        if kind == "word" and kept and piece in MULTIPLES and kept[-1][0] == "number":
            kept.append(("multiple", piece))
        elif kind == "word" or (kind == "of" and not kept):
            unknown = bool(kept)
            if piece in SECONDS and unit in SECONDS:
                scale = 10 ** (SECONDS[piece] - SECONDS[unit])
        elif kind == "of" and kept[-1] not in (("sign", "%"), ("constant", "half")):
            break  # "2 of 3"
        elif kind == "of":
            kept.append(("sign", "*"))
        elif unknown and (kind != "sign" or piece in "(,"):
            raise NoNumber("")  # two calculations, and words between them
        else:
            kept.append((kind, piece))
            unknown = False
    while kept and unknown and kept[-1][0] == "sign" and kept[-1][1] not in "()%":  # 0.5 FLOP/byte; half of them; 5, I think
        kept.pop()
    return kept, scale


def _value(node: ast.AST) -> int | float:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value
    if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATIONS:
        return OPERATIONS[type(node.op)](_value(node.operand))
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Pow):
            return _power(left, right)
        if type(node.op) in OPERATIONS:
            return OPERATIONS[type(node.op)](left, right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS and len(node.args) == 1:
        return FUNCTIONS[node.func.id](_value(node.args[0]))
    raise NoNumber("")


def _power(base: int | float, exponent: int | float) -> int | float:
    """Raises NoNumber before a whole number becomes so large that computing it takes long."""
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * abs(exponent) > BITS:
        raise NoNumber("that is too large")
    return base**exponent
