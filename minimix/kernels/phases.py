"""Rows of a picture and their phases: between a row as it lies in an activation and one whose columns are sorted by phase.

A stride of S splits the columns into S phases (``taps.py``). Pictures are flat arrays of (height, width, images).
"""

from minimix.kernels.activation import scale_shift_activate
from minimix.kernels.border import place
from minimix.kernels.jit import U, inlined, shared
from minimix.kernels.simd import apart1, apart2, apart4, apart8, in_turns1, in_turns2, in_turns4, in_turns8, lanes_of

LOOP = 64  # images, or a multiple: then each pixel is worth a loop of its own, and goes straight to its place among the phases
SHORT = 16  # images: for fewer, a loop over the columns is worth more than one over the images


@inlined
def fill(buffer, shape, x, at, height, width, images, m, a, b, activation, row):
    """The inside of a zero-bordered buffer of that ``shape`` = activation(a * (x[at:] - m) + b), (height, width, images).
    row: scratch."""
    direct = shape.phases == 1 or images % LOOP == 0
    even, odd = place(shape, 0, 0, images), place(shape, 0, 1, images)
    pieces = width if direct and shape.phases > 1 else 1
    piece = width // pieces * images
    for y in range(height):
        source, target, to = at + y * width * images, row, 0
        for q in range(pieces):
            if direct:
                target, to = buffer, place(shape, y, q, images)
            scale_shift_activate(target, U(to), x, U(source + q * piece), U(piece), m, a, b, activation)
        if not direct and shape.phases == 2:
            down = y * shape.row_step * images
            sort(buffer, even + down, odd + down, row, 0, width, images)
        elif not direct:
            for p in range(shape.phases):
                q = (p - shape.left) % shape.phases
                if q < width:
                    copy_columns(buffer, place(shape, y, q, images), 1, row, q * images, shape.phases,
                                 (width - 1 - q) // shape.phases + 1, images)  # fmt: skip


def _by_pairs(move):
    """A row ``whole``, and its columns at even places and at odd ones in ``halves``: what ``move`` moves between them, two
    registers of the row at a time. If the number of columns is even, the last two reach back, to columns that are there
    already. Returned is how many numbers are done."""

    @inlined
    def moved(whole, at, halves, even, odd, columns, images):
        n, pair = columns * images, 2 * lanes_of(whole)
        done = n // pair * pair
        for j in range(0, done, pair):
            move(whole, at + j, halves, even + j // 2, odd + j // 2)
        if 0 < done < n and columns % 2 == 0:
            last = n - pair
            move(whole, at + last, halves, even + last // 2, odd + last // 2)
            done = n
        return done

    return moved


def _by_registers(*moves):
    """The same for as many images as registers hold: ``moves`` of 1, 2, 4 and 8 of them. For others nothing is done."""
    by1, by2, by4, by8 = map(_by_pairs, moves)

    @inlined
    def moved(whole, at, halves, even, odd, columns, images):
        if images == 1:
            return by1(whole, at, halves, even, odd, columns, images)
        if images == 2:
            return by2(whole, at, halves, even, odd, columns, images)
        if images == 4 and lanes_of(whole) >= 4:
            return by4(whole, at, halves, even, odd, columns, images)
        if images == 8 and lanes_of(whole) >= 8:
            return by8(whole, at, halves, even, odd, columns, images)
        return 0

    return moved


_sort = _by_registers(apart1, apart2, apart4, apart8)
_merge = _by_registers(in_turns1, in_turns2, in_turns4, in_turns8)


@shared
def sort(out, a, b, x, i, columns, images):
    """Of the columns x[i:], out[a:] = those at even places and out[b:] = those at odd ones."""
    done = _sort(x, i, out, a, b, columns, images)
    left = columns - done // images
    copy_columns(out, a + done // 2, 1, x, i + done, 2, (left + 1) // 2, images)
    copy_columns(out, b + done // 2, 1, x, i + done + images, 2, left // 2, images)


@shared
def merge_two(out, o, x, a, b, columns, images):
    """The opposite: the columns out[o:], those at even places from x[a:], those at odd ones from x[b:]."""
    done = _merge(out, o, x, a, b, columns, images)
    left = columns - done // images
    copy_columns(out, o + done, 2, x, a + done // 2, 1, (left + 1) // 2, images)
    copy_columns(out, o + done + images, 2, x, b + done // 2, 1, left // 2, images)


@inlined
def copy_columns(out, o, out_step, x, i, step, count, images):
    """``count`` columns, ``out_step`` apart from out[o] on, = those ``step`` apart from x[i] on."""
    if images < SHORT:
        for image in range(images):
            a, b, to, by = U(o + image), U(i + image), U(out_step * images), U(step * images)
            for k in range(U(count)):
                out[a + to * k] = x[b + by * k]
    else:
        for k in range(0, count, 2):
            other = min(k + 1, count - 1)
            copy_two(out, o + k * out_step * images, o + other * out_step * images, x, i + k * step * images,
                     i + other * step * images, images)  # fmt: skip


@inlined
def copy_two(out, first, second, x, a, b, n):
    """out[first : first+n] = x[a : a+n]; out[second : second+n] = x[b : b+n]. One alone the compiler would leave to a function
    of the system, whose call takes longer than so short a copy."""
    o, p, s, t = U(first), U(second), U(a), U(b)
    for i in range(U(n)):
        out[o + i] = x[s + i]
        out[p + i] = x[t + i]


@inlined
def phase_start(run, q, images):
    """Where column q lies, when the phases of a row lie one after the other."""
    start = q // run.shape[0] * images
    for p in range(q % run.shape[0]):
        start += run[p]
    return start


@inlined
def merge(out, at, phased, run, width, images, first):
    """out[at:], a row of ``width`` columns, (+)= its phases, which lie one after the other in ``phased``."""
    start, phases = 0, run.shape[0]
    if first and phases == 2:
        merge_two(out, at, phased, 0, run[0], width, images)
        return
    for p in range(phases):
        if first:
            copy_columns(out, at + p * images, phases, phased, start, 1, run[p] // images, images)
        else:
            for q in range(p, width, phases):
                for i in range(U(images)):
                    out[U(at + q * images) + i] += phased[U(start + q // phases * images) + i]
        start += run[p]


@inlined
def split(phased, x, at, run, images):
    """The opposite: the phases of the row x[at:], one after the other."""
    start, phases = 0, run.shape[0]
    if phases == 2:
        sort(phased, 0, run[0], x, at, (run[0] + run[1]) // images, images)
        return
    for p in range(phases):
        copy_columns(phased, start, 1, x, at + p * images, phases, run[p] // images, images)
        start += run[p]
