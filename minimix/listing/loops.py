"""The loops of a listing, and what their instructions amount to."""

import re
from types import ModuleType
from typing import NamedTuple

from minimix.listing import aarch64, x86
from minimix.listing.instruction import Instruction

KNOWN = (x86, aarch64)
LABEL = re.compile(r"([\w.$\"]+):")
BITS = {"AVX-512": 512, "AVX": 256, "SSE": 128, "NEON": 128}


class Loop(NamedTuple):
    """The instructions of one way round a loop. ``known`` is False for processors that are not known here: then there are no
    instructions, and all numbers are None."""

    instructions: tuple[Instruction, ...]
    known: bool = True

    @property
    def multiply_adds(self) -> int | None:
        """Products in one way round."""
        return sum(line.lanes for line in self.instructions if line.kind == "multiply-add") if self.known else None

    @property
    def lanes(self) -> int | None:
        """Numbers that one instruction adds to sums at once: 1 where these are not in vectors."""
        return max((line.lanes for line in self._sums), default=0) if self.known else None

    @property
    def vector(self) -> str:
        """The registers in which it adds: "AVX-512", "AVX", "SSE", "NEON", "SVE", or "" where these hold single numbers."""
        return max(self._sums, key=lambda line: line.lanes).vector if self.instructions else ""

    @property
    def fused(self) -> bool | None:
        """Whether products are added in the instruction that makes them."""
        return not any(line.kind == "add" for line in self.instructions) if self.known else None

    @property
    def accesses(self) -> float | None:
        """Numbers read from and written to memory, for each product."""
        if not self.known:
            return None
        moved = sum(line.read + line.written for line in self.instructions)
        return moved / max(line.item for line in self.instructions) / self.multiply_adds

    @property
    def _sums(self) -> list[Instruction]:
        kind = "multiply-add" if self.fused else "add"
        return [line for line in self.instructions if line.kind == kind]


def main_loop(kernel, scalable: int | None = None, most: int | None = None) -> Loop:
    """The innermost loop that multiplies most numbers in one way round.

    Compilers unroll: of one loop in Python they make one that takes many turns at once, and another one for what is left, which
    is the only one that runs where there are few.

    kernel: a function compiled by Numba in this process, and called once at least; or its machine code as text, for x86-64 or
    64-bit ARM. Of other processors the loop is not known: ``Loop.known`` is False.
    scalable: bytes of ARM's scalable registers (SVE), which no listing tells: this machine's, else the least there is, 16.
    most: products that there are in all; a loop that takes more of them in one way round is never entered, and left out.

    Raises TypeError for other things, ValueError where nothing was compiled yet, or no loop multiplies.

    >>> loop = main_loop('''
    ... again:
    ...     vmovups     (%rax,%rbx,4), %zmm1
    ...     vfmadd213ps (%rcx,%rbx,4), %zmm0, %zmm1
    ...     vmovups     %zmm1, (%rcx,%rbx,4)
    ...     addq        $16, %rbx
    ...     jne         again
    ... ''')
    >>> loop.lanes, loop.multiply_adds, loop.accesses, loop.vector
    (16, 16, 3.0, 'AVX-512')
    >>> [line.text for line in loop.instructions][1:3]
    ['vfmadd213ps memory, zmm0, zmm1', 'vmovups zmm1, memory']
    """
    text = _text(kernel)
    dialect = _dialect(text)
    if dialect is None:
        return Loop((), known=False)
    scalable = aarch64.scalable_bytes() if scalable is None else scalable
    code, labels = _lines(text, dialect.COMMENT)
    jumps = [(labels.get(jump[1], i + 1), i) for i, line in enumerate(code) if (jump := dialect.JUMP.match(line))]
    ends = [(first, last) for first, last in jumps if first <= last]  # backward
    inner = [(a, b) for a, b in ends if not any(a <= c and d <= b and (a, b) != (c, d) for c, d in ends)]
    loops = [Loop(tuple(_instruction(line, dialect, scalable) for line in code[a : b + 1])) for a, b in inner]
    loops = [loop for loop in loops if loop.multiply_adds]
    if most is not None:
        loops = [loop for loop in loops if loop.multiply_adds <= most]
    if not loops:
        raise ValueError("kernel: there is no loop that multiplies numbers in it")
    return max(loops, key=lambda loop: (loop.multiply_adds, loop.lanes))


def vectors(kernel, scalable: int | None = None) -> str:
    """The vector registers in which the main loop of a kernel computes, and their bits.

    Arguments and errors are those of ``main_loop``.

    >>> vectors("again:\\n fmla.4s v0, v4, v16[0]\\n subs x13, x13, #16\\n b.ne again\\n")
    'NEON (128 bits)'
    """
    loop = main_loop(kernel, scalable)
    if not loop.known:
        return "not known here"
    if not loop.vector:
        return "no vectors found"
    bits = BITS.get(loop.vector) or 8 * (aarch64.scalable_bytes() if scalable is None else scalable)
    return f"{loop.vector} ({bits} bits)"


def processor(text: str) -> str | None:
    """For which processor a listing is, "x86-64" or "AArch64"; None for others.

    >>> processor(" ldp q1, q4, [x11, #32]"), processor(" movq %rax, %rbx"), processor(" vsetvli a3, zero, e32")
    ('AArch64', 'x86-64', None)
    """
    dialect = _dialect(text)
    return dialect.NAME if dialect else None


def _dialect(text: str) -> ModuleType | None:
    bare = re.sub("[#;/].*", "", text)  # without comments, of whatever kind
    return next((dialect for dialect in KNOWN if dialect.SIGN.search(bare)), None)


def _text(kernel) -> str:
    if isinstance(kernel, str):
        return kernel
    if not hasattr(kernel, "inspect_asm"):
        raise TypeError(f"kernel must be a function compiled by Numba, or machine code as text, got a {type(kernel).__name__}")
    versions = list(kernel.inspect_asm().values())
    if not versions:
        raise ValueError("kernel: nothing is compiled yet, call the function first")
    return versions[-1]


def _lines(text: str, comment: re.Pattern) -> tuple[list[str], dict[str, int]]:
    """(instructions without comments, which of them follows each label)."""
    code: list[str] = []
    labels = {}
    for raw in text.splitlines():
        line = comment.sub("", raw).strip()
        if label := LABEL.match(line):
            labels[label[1]] = len(code)
        elif line and not line.startswith("."):
            code.append(line)
    return code, labels


def _instruction(line: str, dialect: ModuleType, scalable: int) -> Instruction:
    name, *rest = line.split(maxsplit=1)
    if dialect.JUMP.match(line):
        return Instruction(f"{name} to the first line")
    return dialect.instruction(name, rest[0] if rest else "", scalable)
