"""Instructions of 64-bit ARM: the first operand is where the result goes.

How many numbers a NEON register holds stands behind it in GNU's syntax, fmla v0.4s, v1.4s, v2.s[0], and behind the
instruction in Apple's, fmla.4s v0, v1, v2[0]. SVE's registers, z0.s, are as long as the processor makes them: no listing says
how long. Their predicates, p0/m, say which numbers take part; in a main loop all do.
"""

import re
from pathlib import Path

from minimix.listing.instruction import Instruction

NAME = "AArch64"
COMMENT = re.compile(r"\s*(?://|;).*")  # of Linux and of macOS; # marks a number
JUMP = re.compile(r"(?:b(?:\.\w+)?|cbn?z|tbn?z)\s.*?([\w.$\"]+)$")
# one of its registers (32-bit ARM has r0, RISC-V a0), or how many numbers one holds
SIGN = re.compile(r"^\s+(?:[a-z]\S*\s[^%\n]*\b(?:[xw]\d{1,2}|v\d+\.\d*[bhsd]|z\d+\.[bhsd])\b|[a-z]\w*\.\d+[bhsd]\s)", re.M)

BYTES = {"q": 16, "d": 8, "s": 4, "h": 2, "b": 1, "w": 4}
LEAST = 16  # bytes of an SVE register: processors have 16, 32 or 64
SAID = Path("/proc/sys/abi/sve_default_vector_length")  # where Linux says how many
ARITHMETIC = re.compile(
    r"(?:(?P<fma>fn?ml[as]|fn?m(?:add|sub)|fn?m(?:ad|sb))|(?P<mul>fmul)|(?P<add>fadd|fsub|fsubr|faddp)|(?P<ordered>fadda))$"
)
MOVE = re.compile(r"(?P<way>ld|st)(?:u?r|n?p|n?t?(?P<parts>[1-4])(?P<spread>r|rq)?(?P<item>[bhwd])?)$")
REGISTER = re.compile(
    r"\b(?:(?P<neon>v)\d+(?:\.(?P<lanes>\d+)?(?P<item>[bhsd]))?|(?P<sve>z)\d+(?:\.(?P<part>[bhsd]))?|(?P<plain>[qsdh])\d+)\b"
)
ADDRESS = re.compile(r"\[(?:x\d+|sp|z\d+)\b[^\]]*\].*$")


def scalable_bytes() -> int:
    """Bytes of an SVE register on this machine, as far as Linux says; the least there is, where nothing is said."""
    try:
        return int(SAID.read_text())
    except (OSError, ValueError):
        return LEAST


def instruction(name: str, rest: str, scalable: int) -> Instruction:
    """scalable: bytes of an SVE register.

    >>> [instruction(*line, 32)[1:4] for line in (("fmla.4s", "v0, v4, v16[0]"), ("fmla", "z1.s, p0/m, z3.s, z0.s"))]
    [('multiply-add', 4, 4), ('multiply-add', 8, 4)]
    >>> instruction("ldp", "q1, q4, [x11, #32]", 32)[:5]
    ('ldp q1, q4, memory', 'load', 0, 0, 32)
    """
    plain, _, suffix = name.partition(".")
    found = MOVE.match(plain)
    operands = ADDRESS.sub("", rest) if found else rest
    text = f"{name} {operands}memory" if operands != rest else f"{name} {rest}".strip()
    registers = list(REGISTER.finditer(operands))
    if not registers:
        return Instruction(text)
    if (computes := ARITHMETIC.match(plain)) and registers[0]["plain"] != "q":
        lanes, item, vector = _lanes(registers[0], suffix, scalable)
        if computes["ordered"]:  # one number after the other, as in a loop without vectors
            lanes, vector = 1, ""
        return Instruction(
            text, "add" if computes["add"] or computes["ordered"] else "multiply-add", lanes, item, vector=vector
        )
    if found and operands != rest:
        size = sum(_moved(register, suffix, found, "[" in operands, scalable) for register in registers)
        stored = found["way"] == "st"
        return Instruction(text, "store" if stored else "load", written=size * stored, read=size * (not stored))
    return Instruction(text)


def _lanes(register: re.Match, suffix: str, scalable: int) -> tuple[int, int, str]:
    """(numbers, bytes of each, kind of register) of where a result goes."""
    if register["plain"]:
        return 1, BYTES[register["plain"]], ""
    if register["sve"]:
        item = BYTES[register["part"] or "s"]
        return scalable // item, item, "SVE"
    count, item = _arrangement(register, suffix)
    return count, item, "NEON" if count > 1 else ""


def _arrangement(register: re.Match, suffix: str) -> tuple[int, int]:
    """(numbers, bytes of each) of a NEON register: v0.4s, or v0 of an instruction with .4s behind its name."""
    found = re.match(r"(\d*)([bhsd])$", suffix)
    count, item = (found[1], found[2]) if found else (register["lanes"], register["item"] or "s")
    return int(count or 1), BYTES[item]


def _moved(register: re.Match, suffix: str, move: re.Match, one_lane: bool, scalable: int) -> int:
    """Bytes that one register of a load or a store takes from memory or gives to it."""
    if register["plain"]:
        return BYTES[register["plain"]]
    if register["sve"]:
        if not move["item"]:
            return scalable  # ldr z0, [x0]
        return BYTES[move["item"]] * (
            1 if move["spread"] else scalable // BYTES[register["part"] or move["item"].replace("w", "s")]
        )
    count, item = _arrangement(register, suffix)
    return item if move["spread"] or one_lane else count * item
