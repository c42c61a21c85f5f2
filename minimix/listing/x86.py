"""Instructions of x86-64 as LLVM writes them: operands from left to right, the last one is where the result goes."""

import re

from minimix.listing.instruction import Instruction

NAME = "x86-64"
COMMENT = re.compile(r"\s*#.*")
JUMP = re.compile(r"j\w+\s+([\w.$\"]+)$")
SIGN = re.compile(r"%(?:[re][abcd]x|[re][sd]i|[re][sb]p|[xyz]mm\d+)\b")  # one of its registers

BYTES = {"x": 16, "y": 32, "z": 64}  # of registers xmm, ymm, zmm
VECTORS = {"x": "SSE", "y": "AVX", "z": "AVX-512"}
ITEM = {"s": 4, "d": 8}  # single and double precision
ARITHMETIC = re.compile(r"v?(?:(?P<fma>fn?m(?:add|sub)\d+)|(?P<mul>mul)|(?P<add>add|sub))(?P<many>[sp])(?P<item>[sd])$")
MOVE = re.compile(r"v?(?:mov(?:(?P<one>ss|sd)|[ua]p[sd]|dq[ua]\w*)|(?P<spread>broadcasts)(?P<item>[sd]))$")


def instruction(name: str, rest: str, scalable: int) -> Instruction:
    """
    >>> instruction("vfmadd213ps", "(%rcx,%rbx,4), %zmm0, %zmm1", 16)[:5]
    ('vfmadd213ps memory, zmm0, zmm1', 'multiply-add', 16, 4, 64)
    """
    operands = re.findall(r"(?:[^,()]|\([^)]*\))+", rest)
    shown = ["memory" if "(" in operand else operand.strip().replace("%", "") for operand in operands]
    text = f"{name} {', '.join(shown)}".strip()
    register = re.search(r"%([xyz])mm", rest)
    if not register:
        return Instruction(text)
    width = BYTES[register[1]]
    if found := ARITHMETIC.match(name):
        item, packed = ITEM[found["item"]], found["many"] == "p"
        lanes = width // item if packed else 1
        read = (item if "{1to" in rest else item * lanes) if "memory" in shown else 0
        kind = "add" if found["add"] else "multiply-add"
        return Instruction(text, kind, lanes, item, read, vector=VECTORS[register[1]] if packed else "")
    if (found := MOVE.match(name)) and "memory" in shown:
        size = ITEM[found["one"][1]] if found["one"] else ITEM[found["item"]] if found["spread"] else width
        stored = shown[-1] == "memory"
        return Instruction(text, "store" if stored else "load", written=size * stored, read=size * (not stored))
    return Instruction(text)
