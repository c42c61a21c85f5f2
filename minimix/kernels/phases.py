"""Rows of a picture and their phases: between a row as it lies in an activation and one whose columns are sorted by phase.

A stride of S splits the columns into S phases (``taps.py``). Pictures are flat arrays of (height, width, images).
"""

from minimix.kernels.activation import scale_shift_activate
from minimix.kernels.border import place
from minimix.kernels.jit import U, inlined

LOOP = 64  # images, or a multiple: then each pixel is worth a loop of its own, and goes straight to its place among the phases


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
            for q in range(0, width, 2):
                last = min(q + 1, width - 1)
                copy_two(buffer, place(shape, y, q, images), place(shape, y, last, images), row, q * images, last * images,
                         images)  # fmt: skip


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
    for q in range(0, width, 2):
        last = min(q + 1, width - 1)
        a, b = phase_start(run, q, images), phase_start(run, last, images)
        if first:
            copy_two(out, at + q * images, at + last * images, phased, a, b, images)
        else:
            for i in range(U(images)):
                out[U(at + q * images) + i] += phased[U(a) + i]
            if last > q:
                for i in range(U(images)):
                    out[U(at + last * images) + i] += phased[U(b) + i]


@inlined
def split(phased, x, at, run, width, images):
    """The opposite: the phases of the row x[at:], one after the other."""
    for q in range(0, width, 2):
        last = min(q + 1, width - 1)
        a, b = phase_start(run, q, images), phase_start(run, last, images)
        copy_two(phased, a, b, x, at + q * images, at + last * images, images)
