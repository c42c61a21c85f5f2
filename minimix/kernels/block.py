"""A whole MixNet block in one kernel forward and one backward: the kernels of its layers, one after the other, with a meeting
of all threads between them (``barrier.py``), so that they are woken once.

    expand (1x1)  ->  norm, activation, mixed convolution, norm, activation  ->  squeeze-and-excite  ->  project (1x1)  ->  norm

Without ``expand`` (an empty matrix) the first norm is missing, too. What the second norm and the gate make is never in memory:
whoever reads it makes it of the convolution's output z, a tile or a row at a time. Arrays are flat where no shape is given; C
wide channels, K of the input, M of the output, N images.
"""

from typing import NamedTuple

import numpy as np
from numba import types

from minimix.kernels import gate as gates
from minimix.kernels import norm as norms
from minimix.kernels import product, stage
from minimix.kernels.activation import IDENTITY, scale_shift_activate
from minimix.kernels.ahead import follows
from minimix.kernels.barrier import meet
from minimix.kernels.jit import U, inlined, kernel
from minimix.kernels.norm import Norm, line
from minimix.kernels.team import share

norm_forward, norm_backward = inlined(norms.forward), inlined(norms.backward)
decide, decide_grad = inlined(gates.decide), inlined(gates.decide_grad)


class Product(NamedTuple):
    """A pointwise convolution of ``columns`` pixels, all images. weight (rows, inputs / groups); groups.

    tile, chunk: columns that are worked on at once, and that share a partial sum of the weight's gradient.
    """

    weight: np.ndarray
    groups: int
    columns: int
    tile: int
    chunk: int


class Source(NamedTuple):
    """What a product multiplies: activation(norm(x)), times the gate (C, N) if that is not empty."""

    x: np.ndarray
    norm: Norm
    gate: np.ndarray


class Scratch(NamedTuple):
    """One row a thread each: packed columns, a padded channel, rows of it, weights in the order of the taps (in backward
    also a register for each), a sum a tap, and a sum an image, or two a lane."""

    columns: np.ndarray
    buffers: np.ndarray
    rows: np.ndarray
    weights: np.ndarray
    totals: np.ndarray
    sums: np.ndarray


@inlined
def _pack(packed, source, first, rows, columns, j, n):
    """packed (rows, n) = what ``source`` says, rows first .. first + rows, columns j .. j + n."""
    for k in range(rows):
        m, a, b = line(source.norm, first + k, packed)
        scale_shift_activate(packed, U(k) * n, source.x, U((first + k) * columns + j), n, m, a, b, source.norm.activation)
        if source.gate.size:
            _scale(packed, U(k) * n, source.gate[first + k], j, n)


@inlined
def _scale(packed, at, factor, j, n):
    """packed[at : at+n] *= factor (N,), an image at a time; the first number is of column j."""
    images = factor.shape[0]
    if images == 1:
        one = factor[0]
        for i in range(n):
            packed[at + i] *= one
        return
    o, image = U(0), U(j % images)
    while o < n:
        run = min(U(images) - image, n - o)
        for i in range(run):
            packed[at + o + i] *= factor[image + i]
        o += run
        image = U(0)


@inlined
def _without(norm):
    """No norm, for which ``norm``'s arrays stand in."""
    return Norm(False, norm.training, IDENTITY, norm.eps, norm.scale, norm.shift, norm.mean, norm.variance)


@inlined
def _product(start, step, p, source, out, scratch):
    rows, inputs = p.weight.shape[0] // p.groups, p.weight.shape[1]
    for g in range(p.groups):
        product.multiply(start, step, p.weight[g * rows : (g + 1) * rows], _pack, source, g * inputs,
                         out[g * rows * p.columns :], p.columns, p.tile, scratch[start])  # fmt: skip


@inlined
def _product_backward(start, step, p, weight_t, gradient, source, gx, partial, scratch):
    """weight_t (groups, inputs, rows), partial (groups, chunks, rows, inputs): rows and inputs of a group."""
    inputs, rows = weight_t.shape[1:]
    for g in range(p.groups):
        product.multiply_backward(start, step, weight_t[g], gradient[g * rows * p.columns :], _pack, source, g * inputs,
                                  gx[g * inputs * p.columns :], partial[g], True, True, p.columns, p.chunk, p.tile,
                                  scratch[start])  # fmt: skip


@kernel
def forward(start, step, team, x, h, z, out, result, residual, expand, weight, gate, project, before, after, last, finished,
            channels, taps, slabs, scratch):  # fmt: skip
    """What each step gives: h (C, H, W, N); z (C, OH, OW, N); out, result (M, OH, OW, N).

    finished: there is no backward pass, and z may be what the second norm makes of it: few images are no burden on memory.
    residual: is added to the result, if not empty. slabs: which channels go together (``lanes.py``), for short rows; or None.
    """
    if share(team, start, step):
        return
    for product_number in range(2):  # a loop, so that the code of the products is there only once: that halves its compiling
        p = project if product_number else expand
        if p.weight.size:
            plain = not product_number or finished
            source = Source(z if product_number else x, _without(after) if plain else after,
                            gate.gate if product_number else expand.weight[:0])  # fmt: skip
            _product(start, step, p, source, out if product_number else h, scratch.columns)
            meet(team, start, step)
        if product_number:
            break
        stage.forward(start, step, h, weight, z, before, after, finished, gate.mean, channels, taps, slabs, scratch.buffers,
                      scratch.weights, scratch.rows, scratch.sums)  # fmt: skip
        meet(team, start, step)
        if gate.present:
            if start == 0:
                decide(gate)
            meet(team, start, step)
    norm_forward(start, step, out, residual, result, last, project.columns)


@kernel
def backward(start, step, team, gradient, x, h, z, out, gx, gh, gy, g_out, residual, expand, expand_t, weight, gate,
             gate_gradient, project, project_t, before, after, last, g_expand, g_weight, g_project, g_before, g_after, g_scale,
             g_shift, channels, taps, slabs, scratch):  # fmt: skip
    """Gradients of all that went into ``forward``, from that of the result.

    gh, gy, g_out: room for the gradients of h, of what is projected, of out. residual: is added to gx, if not empty.
    g_expand, g_project: (groups, chunks, rows, inputs), partial sums. g_before, g_after (C, 2), g_scale, g_shift (M,): of the
    norms' scales and shifts.
    """
    if share(team, start, step):
        return
    norm_backward(start, step, out, gradient, g_out, last, g_scale, g_shift, project.columns)
    meet(team, start, step)
    for product_number in range(2):
        p, p_t, partial = (expand, expand_t, g_expand) if product_number else (project, project_t, g_project)
        if p.weight.size:
            source = Source(x, _without(after), expand.weight[:0]) if product_number else Source(z, after, gate.gate)
            _product_backward(start, step, p, p_t, gh if product_number else g_out, source, gx if product_number else gy,
                              partial, scratch.columns)  # fmt: skip
            meet(team, start, step)
        if product_number:
            break
        if gate.present:
            stage.gate_grad(start, step, gate_gradient.gate, gy, z, after, channels, scratch.rows, scratch.sums)
            meet(team, start, step)
            if start == 0:
                decide_grad(gate, gate_gradient)
            meet(team, start, step)
        stage.backward(start, step, gy, h, z, weight, gh, g_weight, before, after, g_before, g_after, gate.gate,
                       gate_gradient.mean, channels, taps, slabs, scratch.buffers, scratch.rows, scratch.weights,
                       scratch.totals, scratch.sums)  # fmt: skip
        meet(team, start, step)
    if residual.size:
        run = (gx.size + step - 1) // step
        for i in range(U(start * run), U(min(start * run + run, gx.size))):
            gx[i] += residual[i]


def _backward_types(start, step, team, x, h, z, out, result, residual, expand, weight, gate, project, before, after, last,
                    finished, channels, taps, slabs, scratch):  # fmt: skip
    """Of the arguments of ``backward``, from those of ``forward``: all its flat arrays are of one type."""
    matrix, of_groups, of_chunks = (x.copy(ndim=ndim) for ndim in (2, 3, 4))
    gradient = types.NamedTuple([matrix, x, matrix, x, *[matrix] * 5], gates.GateGradient)
    return (start, step, team, *[x] * 10, expand, of_groups, weight, gate, gradient, project, of_groups, before, after, last,
            of_chunks, x, of_chunks, matrix, matrix, x, x, channels, taps, slabs, scratch)  # fmt: skip


follows(forward, backward, _backward_types)
