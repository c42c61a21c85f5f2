"""Figures of convolutions, networks and runs, drawn from what the code itself says: for the course, and of your own models.

>>> import minimix as mm
>>> from minimix import viz
>>> figure = viz.layer_costs(mm.profile(mm.models.create("mixnet_nano"), (1, 3, 32, 32)))
>>> figure.savefig("costs.png")

Each function returns a matplotlib Figure, which a notebook shows by itself; with ``ax=`` it draws into axes of your own.

    theme, values, cells, blocks, tiles    how a figure looks, and what drawings consist of
    arithmetic, windows             one position of a kernel, kinds of padding; convolution as a matrix product
    channels, partition             which channels meet which; how MixConv divides them
    kernels, filters, maps          weights, activations
    arrays, lines                   any array, expected beside actual; numbers over numbers
    gridding, cone, receptive       what an output sees, counted and measured
    costs, counters                 multiply-adds and parameters, and what else others count
    tape, steps                     how a number was computed, and the way back; errors of differences
    shifts, assembly, machine_code  how a kernel walks through memory; the instructions that it became
    speed                           rooflines, timings, and what was predicted
    training, tradeoff, mistakes    runs, seeds and sweeps; what is won and what it costs; confusion
"""

from minimix.viz.arithmetic import convolution, paddings
from minimix.viz.arrays import compare, show
from minimix.viz.assembly import main_loop
from minimix.viz.channels import channel_graph, connections, convolution_kinds
from minimix.viz.cone import cone
from minimix.viz.costs import by_layer, kind_shares, layer_costs
from minimix.viz.counters import beyond, counters
from minimix.viz.filters import filters
from minimix.viz.gridding import gridding, paths
from minimix.viz.kernels import embed, embedded, kernels
from minimix.viz.lines import lines
from minimix.viz.machine_code import machine_code
from minimix.viz.maps import feature_maps
from minimix.viz.mistakes import confusion, mistakes
from minimix.viz.partition import partition, partitions
from minimix.viz.receptive import field_box, input_gradient, receptive_field
from minimix.viz.shifts import shifts
from minimix.viz.speed import agreement, ladder, roofline
from minimix.viz.steps import derivative_errors, step_errors, tangent
from minimix.viz.tape import tape
from minimix.viz.tradeoff import tradeoff
from minimix.viz.training import curves, runs, seeds, sweep
from minimix.viz.windows import windows

__all__ = [
    "agreement", "beyond", "by_layer", "channel_graph", "compare", "cone", "confusion", "connections", "convolution",
    "convolution_kinds", "counters", "curves", "derivative_errors", "embed", "embedded", "feature_maps", "field_box", "filters",
    "gridding", "input_gradient", "kernels", "kind_shares", "ladder", "layer_costs", "lines", "machine_code", "main_loop",
    "mistakes", "paddings", "partition", "partitions", "paths", "receptive_field", "roofline", "runs", "seeds", "shifts",
    "show", "step_errors", "sweep", "tangent", "tape", "tradeoff", "windows",
]  # fmt: skip
