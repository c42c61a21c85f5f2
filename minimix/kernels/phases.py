"""Rows of a picture and their phases: between a row as it lies in an activation and one whose columns are sorted by phase.

A stride of S splits the columns into S phases (``taps.py``). Pictures are flat arrays of (height, width, images).
"""

from minimix.kernels.activation import scale_shift_activate
from minimix.kernels.border import place
from minimix.kernels.jit import U, inlined

LOOP = 64  # images, or a multiple: then each pixel is worth a loop of its own, and goes straight to its place among the phases
SHORT = 16  # images: for fewer, a loop over the columns is worth more than one over the images


@inlined
def fill(buffer, shape, x, at, height, width, images, m, a, b, activation, row):
    """The inside of a zero-bordered buffer of that ``shape`` = activation(a * (x[at:] - m) + b), (height, width, images).
    row: scratch."""
    direct = shape.phases == 1 or images % LOOP == 0
    pieces = width if direct and shape.phases > 1 else 1
    piece = width // pieces * images
    for y in range(height):
        source, target, to = at + y * width * images, row, 0
        for q in range(pieces):
            if direct:
                target, to = buffer, place(shape, y, q, images)
            scale_shift_activate(target, U(to), x, U(source + q * piece), U(piece), m, a, b, activation)
        if not direct:
            for p in range(shape.phases):
                q = (p - shape.left) % shape.phases
                if q < width:
                    copy_columns(buffer, place(shape, y, q, images), 1, row, q * images, shape.phases,
                                 (width - 1 - q) // shape.phases + 1, images)  # fmt: skip


@inlined
def copy_columns(out, o, out_step, x, i, step, count, images):
    """``count`` columns, ``out_step`` apart from out[o] on, = those ``step`` apart from x[i] on."""
    if images == 1 and out_step == 1 and step == 2:  # known, it is done in vectors
        for k in range(U(count)):
            out[U(o) + k] = x[U(i) + U(2) * k]
    elif images < SHORT:
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
    for p in range(phases):
        copy_columns(phased, start, 1, x, at + p * images, phases, run[p] // images, images)
        start += run[p]
