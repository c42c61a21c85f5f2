"""The main loop of kernels in the machine code of many processors, made by LLVM here; and single instructions."""

import ast
import functools
import json
from pathlib import Path

import numba
import numpy as np
import pytest
from retarget import TARGETS, listing, unoptimised

from minimix import course, viz
from minimix.listing import Loop, aarch64, main_loop, processor, vectors, x86

NOTEBOOK = next((Path(__file__).parents[2] / "notebooks").glob("08_*.ipynb"))
X86 = {"SSE", "AVX2", "Intel Mac", "AVX2 on Windows", "AVX-512"}
UNKNOWN = {"RISC-V", "POWER", "32-bit ARM"}
KNOWN = [target for target in TARGETS if target not in UNKNOWN]  # in order: workers that share tests name them alike
FAST = {"contract", "reassoc"}
PLANES = "float32[:,::1], float32[:,::1], int64[::1], float32[:,::1]"

pytestmark = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")


def one_tap(target, source, weight):
    for i in range(target.size):
        target[i] += weight * source[i]


def dot(x, y):
    total = x[0] * y[0]
    for i in range(x.size):
        total += x[i] * y[i]
    return total


def differences(x, y, out):
    for i in range(x.size):
        out[i] -= x[i] * y[i]


def doubled(x, out):
    for i in range(x.size):
        out[i] = x[i] * np.float32(2.5)


@functools.cache
def notebook_functions() -> dict:
    """The rungs of notebook 8, in Python."""
    found = {"np": np}
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            for part in ast.parse("".join(cell["source"])).body:
                if isinstance(part, ast.FunctionDef):
                    part.decorator_list = []
                    exec(compile(ast.Module([part], []), "notebook 8", "exec"), found)
    return found


KERNELS = {  # function, types, options
    "one tap": (one_tap, "void(float32[::1], float32[::1], float32)", {"fastmath": True}),
    "one tap, float64": (one_tap, "void(float64[::1], float64[::1], float64)", {"fastmath": True}),
    "dot": (dot, "float32(float32[::1], float32[::1])", {"fastmath": True}),
    "dot in order": (dot, "float32(float32[::1], float32[::1])", {}),
    "differences": (differences, "void(float64[::1], float64[::1], float64[::1])", {"fastmath": FAST}),
    "doubled": (doubled, "void(float32[::1], float32[::1])", {}),
    "compiled loops": ("loops", "float32[:,:,:,::1](float32[:,:,:,::1], float32[:,:,::1])", {}),
    "shifted planes": ("shifted_planes", f"void({PLANES})", {"fastmath": FAST}),
    "taps in blocks": ("blocks", f"void(int64, int64, {PLANES})", {"fastmath": FAST}),
}


@functools.cache
def code_of(kernel: str) -> str:
    function, signature, options = KERNELS[kernel]
    function = notebook_functions()[function] if isinstance(function, str) else function
    return unoptimised(function, signature, **options)


@functools.cache
def loop_of(kernel: str, target: str) -> Loop:
    return main_loop(listing(code_of(kernel), target), TARGETS[target][2])


def register(target: str) -> int:
    """Bytes of the registers that LLVM computes in there: AVX-512 processors mostly with half of theirs."""
    return {"SSE": 16, "AVX2": 32, "Intel Mac": 32, "AVX2 on Windows": 32, "AVX-512": 64}.get(target, TARGETS[target][2])


@pytest.mark.parametrize("target", TARGETS)
def test_processor(target):
    wanted = None if target in UNKNOWN else "x86-64" if target in X86 else "AArch64"
    assert processor(listing(code_of("one tap"), target)) == wanted


@pytest.mark.parametrize("target", KNOWN)
@pytest.mark.parametrize(
    "kernel, item, accesses",
    [
        ("one tap", 4, 3),
        ("one tap, float64", 8, 3),
        ("dot", 4, 2),
        ("differences", 8, 4),
        ("doubled", 4, 2),
        ("shifted planes", 4, 3),
    ],
)
def test_loops_in_vectors(kernel, item, accesses, target):
    loop = loop_of(kernel, target)
    assert loop.lanes == register(target) // item and loop.known
    assert loop.multiply_adds % loop.lanes == 0 and loop.multiply_adds >= loop.lanes
    assert loop.accesses == accesses
    assert loop.fused == (target != "SSE" or kernel == "doubled")  # a fused instruction came with AVX2
    kinds = {16: {"SSE"}, 32: {"AVX"}, 64: {"AVX-512"}} if target in X86 else {16: {"NEON", "SVE"}, 32: {"SVE"}, 64: {"SVE"}}
    assert loop.vector in kinds[register(target)]


@pytest.mark.parametrize("target", KNOWN)
@pytest.mark.parametrize("kernel", ["dot in order", "compiled loops"])
def test_sums_in_order_are_not_in_vectors(kernel, target):
    """Products may be in vectors even there: their sums are not. On some processors one instruction adds them in order."""
    loop = loop_of(kernel, target)
    assert loop.lanes == 1 and loop.multiply_adds >= 1 and loop.vector == ""


@pytest.mark.parametrize("target", KNOWN)
def test_blocks_of_taps_read_less(target):
    loop = loop_of("taps in blocks", target)
    assert loop.lanes >= 4 and loop.accesses < loop_of("shifted planes", target).accesses == 3
    assert 1 <= loop.accesses < 2


@pytest.mark.parametrize("target", sorted(UNKNOWN))
def test_other_processors_are_not_known_and_no_error(target):
    loop = loop_of("one tap", target)
    assert loop == Loop((), known=False)
    assert [loop.lanes, loop.multiply_adds, loop.accesses, loop.fused, loop.vector] == [None, None, None, None, ""]
    text = listing(code_of("one tap"), target)
    assert vectors(text) == "not known here"
    shown = {text.get_text() for text in viz.machine_code({"a": text}).axes[0].texts}
    assert "not known here." in shown
    question = course.predict("08 numbers at once", kernel=text)
    assert question.guess(4) == question.tell() == "The answer is not known on this machine."
    assert "not known on this machine" in question._repr_html_()


@pytest.mark.parametrize(
    "target, words",
    [
        ("Apple M1", "NEON (128 bits)"),
        ("Neoverse N1", "NEON (128 bits)"),
        ("Neoverse V1", "SVE (256 bits)"),
        ("A64FX", "SVE (512 bits)"),
        ("SSE", "SSE (128 bits)"),
        ("AVX2", "AVX (256 bits)"),
        ("AVX2 on Windows", "AVX (256 bits)"),
        ("Intel Mac", "AVX (256 bits)"),
        ("AVX-512", "AVX-512 (512 bits)"),
    ],
)
def test_vectors(target, words):
    scalable = TARGETS[target][2]
    assert vectors(listing(code_of("one tap"), target), scalable) == words
    assert vectors(listing(code_of("dot in order"), target), scalable) == "no vectors found"


@pytest.mark.parametrize("target", ["Apple M1", "Neoverse N1"])
def test_addresses_and_numbers_on_arm_are_whole(target):
    texts = [line.text for line in loop_of("one tap", target).instructions]
    assert any(text.endswith("memory") for text in texts) and not any("[" in text and "]" not in text for text in texts)
    assert any("#" in text for text in texts), "a number was taken for a comment"
    assert not any("//" in text or ";" in text for text in texts)


@pytest.mark.parametrize(
    "line, expected",
    [
        # Apple: how many numbers stands behind the name
        ("fmla.4s v0, v4, v16[0]", ("multiply-add", 4, 4)),
        ("fmla.2d v0, v4, v16[0]", ("multiply-add", 2, 8)),
        ("fmul.4s v0, v1, v2", ("multiply-add", 4, 4)),
        ("fadd.2d v0, v1, v2", ("add", 2, 8)),
        ("fmls.8h v0, v1, v2", ("multiply-add", 8, 2)),
        ("fmul.s s0, s1, v2[3]", ("multiply-add", 1, 4)),
        ("faddp.2s s0, v0", ("add", 1, 4)),
        # GNU: behind the register
        ("fmla v0.4s, v1.4s, v2.s[0]", ("multiply-add", 4, 4)),
        ("fmul s0, s1, v2.s[3]", ("multiply-add", 1, 4)),
        ("fadd v0.2d, v1.2d, v2.2d", ("add", 2, 8)),
        ("fmadd d0, d1, d2, d0", ("multiply-add", 1, 8)),
        ("fnmsub s0, s1, s2, s0", ("multiply-add", 1, 4)),
        ("fsub s0, s0, s1", ("add", 1, 4)),
        # SVE
        ("fmla z1.s, p0/m, z3.s, z0.s", ("multiply-add", 8, 4)),
        ("fmad z1.d, p0/m, z3.d, z0.d", ("multiply-add", 4, 8)),
        ("fnmsb z1.s, p0/m, z3.s, z0.s", ("multiply-add", 8, 4)),
        ("fmul z0.s, z1.s, z2.s", ("multiply-add", 8, 4)),
        ("fadd z0.d, p0/m, z0.d, z1.d", ("add", 4, 8)),
        ("fsubr z0.s, p0/m, z0.s, z1.s", ("add", 8, 4)),
        ("fadda s0, p0, s0, z1.s", ("add", 1, 4)),
        ("dup v0.4s, v1.s[0]", ("other", 0, 0)),
        ("mov z0.s, s5", ("other", 0, 0)),
        ("fcmp s0, #0.0", ("other", 0, 0)),
        ("add x8, x8, #1", ("other", 0, 0)),
        ("mla v0.4s, v1.4s, v2.4s", ("other", 0, 0)),
    ],
)
def test_arithmetic_of_arm(line, expected):
    found = aarch64.instruction(*line.split(maxsplit=1), 32)
    assert (found.kind, found.lanes, found.item) == expected and found.text == line


@pytest.mark.parametrize(
    "line, text, read, written",
    [
        ("ldp q1, q4, [x11, #32]", "ldp q1, q4, memory", 32, 0),
        ("stp q0, q1, [x11, #-32]", "stp q0, q1, memory", 0, 32),
        ("ldp q6, q7, [x12], #64", "ldp q6, q7, memory", 32, 0),
        ("ldr q0, [x12, x8, lsl #4]", "ldr q0, memory", 16, 0),
        ("ldr s1, [sp, #12]", "ldr s1, memory", 4, 0),
        ("ldur d1, [x9, #-8]!", "ldur d1, memory", 8, 0),
        ("str q0, [x12], #16", "str q0, memory", 0, 16),
        ("ldnp q0, q1, [x0]", "ldnp q0, q1, memory", 32, 0),
        ("ld1.4s { v0, v1 }, [x8], #32", "ld1.4s { v0, v1 }, memory", 32, 0),
        ("ld1r.4s { v0 }, [x8]", "ld1r.4s { v0 }, memory", 4, 0),
        ("ld1.s { v0 }[1], [x8]", "ld1.s { v0 }[1], memory", 4, 0),
        ("ld2.4s { v0, v1 }, [x8]", "ld2.4s { v0, v1 }, memory", 32, 0),
        ("ld1 { v0.4s, v1.4s }, [x8]", "ld1 { v0.4s, v1.4s }, memory", 32, 0),
        ("ld1r { v0.2d }, [x8]", "ld1r { v0.2d }, memory", 8, 0),
        ("ld1 { v0.s }[1], [x8]", "ld1 { v0.s }[1], memory", 4, 0),
        ("st1 { v0.s }[2], [x8]", "st1 { v0.s }[2], memory", 0, 4),
        ("ldr z1, [x14, #1, mul vl]", "ldr z1, memory", 32, 0),
        ("str z1, [x13]", "str z1, memory", 0, 32),
        ("ld1w { z0.s }, p0/z, [x8, x9, lsl #2]", "ld1w { z0.s }, p0/z, memory", 32, 0),
        ("ld1w { z0.d }, p0/z, [x8]", "ld1w { z0.d }, p0/z, memory", 16, 0),
        ("ld1rw { z0.s }, p0/z, [x8]", "ld1rw { z0.s }, p0/z, memory", 4, 0),
        ("ld1d { z0.d }, p0/z, [x8, z1.d, lsl #3]", "ld1d { z0.d }, p0/z, memory", 32, 0),
        ("ld2w { z0.s, z1.s }, p0/z, [x8]", "ld2w { z0.s, z1.s }, p0/z, memory", 64, 0),
        ("st1w { z0.s }, p0, [x8, x9, lsl #2]", "st1w { z0.s }, p0, memory", 0, 32),
        ("ldr x0, [x1, #8]", "ldr x0, memory", 0, 0),
    ],
)
def test_memory_of_arm(line, text, read, written):
    found = aarch64.instruction(*line.split(maxsplit=1), 32)
    assert (found.text, found.read, found.written) == (text, read, written)
    assert found.kind == ("load" if read else "store" if written else "other")


def test_x86_with_every_kind_of_operand():
    found = x86.instruction("vfmadd231ps", "(%rdx){1to16}, %zmm10, %zmm16", 16)
    assert (found.lanes, found.read, found.vector) == (16, 4, "AVX-512")
    assert x86.instruction("vmulss", "%xmm0, %xmm1, %xmm2", 16).vector == ""
    assert x86.instruction("vbroadcastss", "8(%rax), %ymm3", 16).read == 4
    assert x86.instruction("vmovsd", "%xmm0, (%rax)", 16).written == 8


def test_comments_and_names_do_not_make_a_processor():
    arm = "_xmm0_rax:\n\tldp\tq1, q4, [x11, #32] ; %rax is none here\n\tfmla.4s\tv0, v1, v2[0]\n\tb.ne\t_xmm0_rax\n"
    loop = main_loop(arm)
    assert [line.text for line in loop.instructions] == [
        "ldp q1, q4, memory",
        "fmla.4s v0, v1, v2[0]",
        "b.ne to the first line",
    ]
    assert processor("\t.comm x0, 4\n\taddi a0, a0, 1\n") is None and processor("") is None


def test_how_long_scalable_registers_are(tmp_path, monkeypatch):
    said = tmp_path / "length"
    monkeypatch.setattr(aarch64, "SAID", said)
    code = "a:\n\tfmla\tz0.s, p0/m, z1.s, z2.s\n\tb.ne\ta\n"
    assert aarch64.scalable_bytes() == 16 and main_loop(code).lanes == 4
    said.write_text("64\n")
    assert aarch64.scalable_bytes() == 64 and main_loop(code).lanes == 16 and vectors(code) == "SVE (512 bits)"
    said.write_text("nonsense")
    assert aarch64.scalable_bytes() == 16 and main_loop(code, 32).lanes == 8


def test_a_loop_for_more_than_there_is_is_left_out():
    big = "".join(f"vmovss {4 * i}(%rax), %xmm1\nvmulss (%rcx), %xmm1, %xmm1\nvaddss %xmm1, %xmm0, %xmm0\n" for i in range(8))
    one = "vmovss (%rax), %xmm1\nvmulss (%rcx), %xmm1, %xmm1\nvaddss %xmm1, %xmm0, %xmm0\n"
    text = f"eight:\n{big}jne eight\none:\n{one}jne one\n"
    assert [main_loop(text, most=most).multiply_adds for most in (None, 8, 7, 1)] == [8, 8, 1, 1]
    with pytest.raises(ValueError, match="no loop"):
        main_loop(text, most=0)
