"""Machine code as text, read: the loop in which a compiled kernel spends its time, and what each instruction of it does.

loops      the loops of a listing, and what they amount to
x86        instructions of x86-64, as LLVM writes them
aarch64    instructions of 64-bit ARM, as Apple's and as GNU's assembler have them, with NEON and SVE registers

Other processors are not known here: what is asked about their loops is None.
"""

from minimix.listing.instruction import Instruction
from minimix.listing.loops import Loop, main_loop, processor, vectors

__all__ = ["Instruction", "Loop", "main_loop", "processor", "vectors"]
