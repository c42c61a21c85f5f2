"""Machine code as text, read: the loop in which a compiled kernel spends its time, and what each instruction of it does.

Two dialects are understood: x86-64 as LLVM writes it (operands from left to right, the last one is where the result goes) and
AArch64 (Apple's and other ARM processors; the first one is). An address is shown as the word "memory".
"""

import re
from typing import NamedTuple

BYTES = {"x": 16, "y": 32, "z": 64, "q": 16, "d": 8, "s": 4}  # of registers xmm, ymm, zmm; q, d, s
ITEM = {"s": 4, "d": 8}  # single and double precision

X86_ARITHMETIC = re.compile(r"v?(?:(?P<fma>fn?m(?:add|sub)\d+)|(?P<mul>mul)|(?P<add>add|sub))(?P<many>[sp])(?P<item>[sd])$")
X86_MOVE = re.compile(r"v?(?:mov(?:(?P<one>ss|sd)|[ua]p[sd]|dq[ua]\w*)|(?P<spread>broadcasts)(?P<item>[sd]))$")
ARM_ARITHMETIC = re.compile(r"(?:(?P<fma>fml[as]|fn?m(?:add|sub))|(?P<mul>fmul)|(?P<add>fadd|fsub))$")
ARM_MOVE = re.compile(r"(?P<way>ld|st)u?(?:n?p|u?r|1)$")
ARM_REGISTER = re.compile(r"(?:v\d+\.(?P<lanes>\d+)?(?P<item>[sd])|\b(?P<plain>[qsd])\d+)")
JUMP = re.compile(r"(?:j\w+|b(?:\.\w+)?|cbn?z|tbn?z)\b.*?([\w.$\"]+)$")
LABEL = re.compile(r"([\w.$\"]+):")


class Instruction(NamedTuple):
    """text: as it is shown. kind: "multiply-add" (or the multiplication alone), "add", "load", "store" or "other".

    lanes: how many numbers its arithmetic works on at once. item: bytes of each. read, written: bytes from and to memory.
    """

    text: str
    kind: str = "other"
    lanes: int = 0
    item: int = 0
    read: int = 0
    written: int = 0


class Loop(NamedTuple):
    """The instructions of one way round a loop."""

    instructions: tuple[Instruction, ...]

    @property
    def multiply_adds(self) -> int:
        """Products in one way round."""
        return sum(line.lanes for line in self.instructions if line.kind == "multiply-add")

    @property
    def lanes(self) -> int:
        """Numbers that one instruction adds to sums at once: 1 where these are not in vectors."""
        kind = "multiply-add" if self.fused else "add"
        return max(line.lanes for line in self.instructions if line.kind == kind)

    @property
    def fused(self) -> bool:
        """Whether products are added in the instruction that makes them."""
        return not any(line.kind == "add" for line in self.instructions)

    @property
    def accesses(self) -> float:
        """Numbers read from and written to memory, for each product."""
        moved = sum(line.read + line.written for line in self.instructions)
        return moved / max(line.item for line in self.instructions) / self.multiply_adds


def main_loop(kernel) -> Loop:
    """The innermost loop that multiplies most numbers in one way round.

    kernel: a function compiled by Numba in this process, and called once at least; or its machine code as text.

    Raises TypeError for other things, ValueError where nothing was compiled yet, or no loop multiplies.

    >>> loop = main_loop('''
    ... again:
    ...     vmovups     (%rax,%rbx,4), %zmm1
    ...     vfmadd213ps (%rcx,%rbx,4), %zmm0, %zmm1
    ...     vmovups     %zmm1, (%rcx,%rbx,4)
    ...     addq        $16, %rbx
    ...     jne         again
    ... ''')
    >>> loop.lanes, loop.multiply_adds, loop.accesses
    (16, 16, 3.0)
    >>> [line.text for line in loop.instructions][1:3]
    ['vfmadd213ps memory, zmm0, zmm1', 'vmovups zmm1, memory']
    """
    code, labels = _lines(_text(kernel))
    jumps = [(labels.get(jump[1], i + 1), i) for i, line in enumerate(code) if (jump := JUMP.match(line))]
    ends = [(first, last) for first, last in jumps if first <= last]  # backward
    inner = [(a, b) for a, b in ends if not any(a <= c and d <= b and (a, b) != (c, d) for c, d in ends)]
    loops = [Loop(tuple(map(_instruction, code[a : b + 1]))) for a, b in inner]
    loops = [loop for loop in loops if loop.multiply_adds]
    if not loops:
        raise ValueError("kernel: there is no loop that multiplies numbers in it")
    return max(loops, key=lambda loop: (loop.multiply_adds, loop.lanes))


def _text(kernel) -> str:
    if isinstance(kernel, str):
        return kernel
    if not hasattr(kernel, "inspect_asm"):
        raise TypeError(f"kernel must be a function compiled by Numba, or machine code as text, got a {type(kernel).__name__}")
    versions = list(kernel.inspect_asm().values())
    if not versions:
        raise ValueError("kernel: nothing is compiled yet, call the function first")
    return versions[-1]


def _lines(text: str) -> tuple[list[str], dict[str, int]]:
    """(instructions without comments, which of them follows each label)."""
    comment = re.compile(r"\s*#.*" if "%r" in text or "mm" in text else r"\s*(//|;).*")
    code: list[str] = []
    labels = {}
    for raw in text.splitlines():
        line = comment.sub("", raw).strip()
        if label := LABEL.match(line):
            labels[label[1]] = len(code)
        elif line and not line.startswith("."):
            code.append(line)
    return code, labels


def _instruction(line: str) -> Instruction:
    name, _, rest = line.partition("\t") if "\t" in line else line.partition(" ")
    rest = rest.strip()
    if JUMP.match(line):
        return Instruction(f"{name} to the first line")
    return _arm(name, rest) if re.search(r"\b[vqsdxw]\d+\b|\[", rest) and "%" not in rest else _x86(name, rest)


def _x86(name: str, rest: str) -> Instruction:
    operands = re.findall(r"(?:[^,()]|\([^)]*\))+", rest)
    shown = ["memory" if "(" in operand else operand.strip().replace("%", "") for operand in operands]
    text = f"{name} {', '.join(shown)}"
    register = re.search(r"%([xyz])mm", rest)
    if not register:
        return Instruction(text)
    width = BYTES[register[1]]
    if found := X86_ARITHMETIC.match(name):
        item = ITEM[found["item"]]
        lanes = width // item if found["many"] == "p" else 1
        read = (item if "{1to" in rest else item * lanes) if "memory" in shown else 0
        return Instruction(text, "add" if found["add"] else "multiply-add", lanes, item, read)
    if (found := X86_MOVE.match(name)) and "memory" in shown:
        size = ITEM[found["one"][1]] if found["one"] else ITEM[found["item"]] if found["spread"] else width
        stored = shown[-1] == "memory"
        return Instruction(text, "store" if stored else "load", written=size * stored, read=size * (not stored))
    return Instruction(text)


def _arm(name: str, rest: str) -> Instruction:
    shown = re.sub(r"\[[^\]]*\]!?(?=$|,\s*[#x])", "memory", rest) if ARM_MOVE.match(name) else rest
    text = f"{name} {re.sub(r'memory.*', 'memory', shown)}"
    register = ARM_REGISTER.search(rest)
    if not register:
        return Instruction(text)
    if (found := ARM_ARITHMETIC.match(name)) and register["plain"] != "q":
        item = ITEM[register["item"] or register["plain"]]
        return Instruction(text, "add" if found["add"] else "multiply-add", int(register["lanes"] or 1), item)
    if found := ARM_MOVE.match(name):
        registers = ARM_REGISTER.finditer(rest)
        size = sum(BYTES[r["plain"]] if r["plain"] else int(r["lanes"] or 1) * ITEM[r["item"]] for r in registers)
        stored = found["way"] == "st"
        return Instruction(text, "store" if stored else "load", written=size * stored, read=size * (not stored))
    return Instruction(text)
