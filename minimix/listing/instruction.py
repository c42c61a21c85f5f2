"""What is known of one instruction."""

from typing import NamedTuple


class Instruction(NamedTuple):
    """text: as it is shown. kind: "multiply-add" (or the multiplication alone), "add", "load", "store" or "other".

    lanes: how many numbers its arithmetic works on at once. item: bytes of each. read, written: bytes from and to memory.
    vector: the kind of registers that it computes in, where it computes in vectors: "AVX-512", "AVX", "SSE", "NEON", "SVE".
    """

    text: str
    kind: str = "other"
    lanes: int = 0
    item: int = 0
    read: int = 0
    written: int = 0
    vector: str = ""
