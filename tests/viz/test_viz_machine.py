"""Machine code is read as it is meant, and what is drawn of it, and of memory, can be read."""

import numba
import numpy as np
import pytest
from looks import count, grids, hatched, texts

from minimix import viz
from minimix.viz.drawing import theme

LONG = "a rather long title that somebody gave to a figure"

AVX512 = """
	.globl	_kernel
_kernel:                                # @kernel
	vxorps	%xmm0, %xmm0, %xmm0
.LBB0_1:                                # scalar rest
	vmovss	(%r11,%r9,4), %xmm1         # xmm1 = mem[0],zero,zero,zero
	vfmadd213ss	(%r14,%r9,4), %xmm0, %xmm1
	vmovss	%xmm1, (%r14,%r9,4)
	incq	%r9
	jne	.LBB0_1
	.p2align	4
.LBB0_2:
	movq	%rax, %rbx
.LBB0_3:
	vmovups	(%rax,%rbx,4), %zmm16
	vfmadd213ps	(%r13,%rbx,4), %zmm8, %zmm16
	vfmadd231ps	64(%rcx,%rbx,4), %zmm9, %zmm16
	vfmadd231ps	(%rdx){1to16}, %zmm10, %zmm16
	vmovups	%zmm16, (%r13,%rbx,4)
	addq	$16, %rbx
	cmpq	%rbx, %r15
	jne	.LBB0_3
	decq	%rcx
	jne	.LBB0_2
	retq
"""
SSE = """
loop:
	movsd	(%rdi,%rax,8), %xmm1
	mulsd	(%rsi,%rax,8), %xmm1
	addsd	%xmm1, %xmm0
	addq	$1, %rax
	jne	loop
"""
ARM = """
LBB0_4:                                 ; =>This Inner Loop Header: Depth=1
	ldp	q1, q4, [x9, #-16]
	subs	x11, x11, #8
	ldp	q2, q3, [x10, #-16]
	add	x10, x10, #32
	fmla	v1.4s, v2.4s, v0.s[0]
	fmla	v4.4s, v3.4s, v0.s[0]
	stp	q1, q4, [x9, #-16]
	add	x9, x9, #32
	b.ne	LBB0_4
"""
ARM_SCALAR = """
.LBB0_1:
	ldr	s1, [x1, x8, lsl #2]
	ldr	s2, [x0, x8, lsl #2]
	add	x8, x8, #1                      // a comment
	fmul	s1, s1, s2
	fadd	s0, s0, s1
	cbnz	x8, .LBB0_1
"""


def kinds(loop) -> str:
    """The first letter of each instruction's kind."""
    return "".join(line.kind[0] for line in loop.instructions)


def test_the_loop_with_most_products_is_found_and_its_numbers_are_counted():
    loop = viz.main_loop(AVX512)
    assert kinds(loop) == "lmmmsooo"
    assert (loop.lanes, loop.multiply_adds, loop.fused) == (16, 48, True)
    assert loop.accesses == (4 * 16 + 1) / 48  # one of the operands is a single number, spread over the register
    assert [line.text for line in loop.instructions][2:5] == [
        "vfmadd231ps memory, zmm9, zmm16", "vfmadd231ps memory, zmm10, zmm16", "vmovups zmm16, memory",
    ]  # fmt: skip
    assert loop.instructions[-1].text == "jne to the first line"


@pytest.mark.parametrize(
    "code, expected, lanes, products, fused, accesses",
    [
        (SSE, "lmaoo", 1, 1, False, 2),
        (ARM, "lolommsoo", 4, 8, True, 3),
        (ARM_SCALAR, "lomao".replace("lo", "llo", 1), 1, 1, False, 2),
    ],
)
def test_other_dialects(code, expected, lanes, products, fused, accesses):
    loop = viz.main_loop(code)
    assert kinds(loop) == expected
    assert (loop.lanes, loop.multiply_adds, loop.fused, loop.accesses) == (lanes, products, fused, accesses)


def test_products_in_vectors_whose_sums_are_not_do_not_count_as_vectors():
    code = "a:\n\tfmul v1.4s, v2.4s, v1.4s\n\tfadd s0, s0, s1\n\tfadd s0, s0, s2\n\tb.ne a\n"
    assert viz.main_loop(code).lanes == 1


def test_what_has_no_loop_with_products_is_refused():
    with pytest.raises(ValueError, match="no loop that multiplies"):
        viz.main_loop("a:\n\taddq $1, %rax\n\tjne a\n")
    with pytest.raises(ValueError, match="no loop that multiplies"):
        viz.main_loop("\tmulss %xmm0, %xmm1\n\tjne elsewhere\n")
    with pytest.raises(TypeError, match="got a int"):
        viz.main_loop(3)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_a_function_that_numba_compiled():
    def total(x, y):
        result = np.float32(0)
        for i in range(x.size):
            result += x[i] * y[i]
        return result

    strict, fast = numba.njit(total), numba.njit(fastmath=True)(total)
    with pytest.raises(ValueError, match="nothing is compiled yet"):
        viz.main_loop(strict)
    for function in (strict, fast):
        function(np.ones(8, np.float32), np.ones(8, np.float32))
    assert viz.main_loop(strict).lanes == 1 < viz.main_loop(fast).lanes


def test_machine_code_shows_instructions_and_what_they_amount_to():
    figure = viz.machine_code({"AVX-512": AVX512, "ARM": ARM, LONG: SSE, "more": ARM_SCALAR})
    found = texts(figure)
    assert {"vmovups memory, zmm16", "fmla v1.4s, v2.4s, v0.s[0]", "mulsd memory, xmm1", "AVX-512", "more"} <= set(found)
    assert "16 numbers at once\n48 multiply-adds a pass\n1.35 memory accesses for each" in found
    assert "1 number at once\n1 multiply-add a pass\n2 memory accesses for each" in found
    assert "writes memory" in found and "writes memory" not in texts(viz.machine_code({"SSE": SSE}))
    with pytest.raises(ValueError, match="kernels is empty"):
        viz.machine_code({})


def test_long_listings_and_lines_are_cut():
    body = "".join(f"\tvfmadd231ps {8 * i}(%rax,%rbx,4), %zmm{i}, %zmm16\n" for i in range(30))
    found = texts(viz.machine_code({"long": f"a:\n{body}\tvmovups %zmm16, (%r13)\n\tjne a\n"}))
    assert "… and 17 more" in found and sum(text.startswith("vfmadd") for text in found) == 15
    found = texts(viz.machine_code({"wide": "a:\n\tmulps %xmm0, %xmm1\n\tcall some_function_with_a_very_long_name\n\tjne a\n"}))
    assert any(text.startswith("call some_function") and text.endswith("…") for text in found)


# -- shifted planes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kernel, height, width, dilation, at",
    [(3, 3, 4, 1, (1, 1)), (3, 3, 4, 2, (2, 3)), (5, 2, 5, 1, (0, 0)), (1, 3, 4, 1, (0, 2))],
)
def test_shifts_mark_a_window_above_and_the_same_places_as_a_column_below(kernel, height, width, dilation, at):
    figure = viz.shifts(kernel, height, width, dilation, at)
    plane, *strips, outputs = grids(figure)
    reach = dilation * (kernel - 1)
    columns = width + reach
    assert plane.shape == (height + reach, columns) and len(strips) == kernel**2
    window = np.array([(at[0] + i * dilation, at[1] + j * dilation) for i, j in np.ndindex(kernel, kernel)])
    assert count(plane, theme.WINDOW) == kernel**2 and all(plane[tuple(tap)] == theme.WINDOW.lower() for tap in window)
    place = at[0] * columns + at[1]
    assert all(np.flatnonzero(strip[0] == theme.WINDOW.lower()).tolist() == [place] for strip in strips)
    assert np.flatnonzero(outputs[0] == theme.BLUE.lower()).tolist() == [place]
    assert hatched(figure) == (height - 1) * reach
    found = texts(figure)
    assert f"tap {kernel - 1}, {kernel - 1}: offset {reach * columns + reach}" in found


def test_the_numbers_in_a_marked_column_are_those_in_the_window():
    x = np.arange(7 * 8)
    figure = viz.shifts(3, 3, 4, dilation=2, at=(1, 1))
    texts(figure)
    bold = [text.get_text() for text in figure.axes[0].texts if text.get_weight() == "bold" and text.get_text().isdigit()]
    window = x.reshape(7, 8)[1:6:2, 1:6:2].ravel().astype(str).tolist()
    assert bold == [*window, *window, "5"]


@pytest.mark.parametrize(
    "options, words",
    [({"kernel": 2}, "kernel must be odd"), ({"at": (3, 0)}, "no position of the output"), ({"width": 20}, "more than 26")],
)
def test_shifts_refuse(options, words):
    with pytest.raises(ValueError, match=words):
        viz.shifts(**options)
