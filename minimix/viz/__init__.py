"""Figures of convolutions, networks and runs, drawn from what the code itself says: for the course, and of your own models.

>>> import minimix as mm
>>> from minimix import viz
>>> figure = viz.layer_costs(mm.profile(mm.models.create("mixnet_nano"), (1, 3, 32, 32)))
>>> figure.savefig("costs.png")

Each function returns a matplotlib Figure, which a notebook shows by itself; with ``ax=`` it draws into axes of your own.

    drawing     how a figure looks, and what drawings consist of: theme, values, cells, blocks, tiles
    numbers     any array, expected beside actual; numbers over numbers
    layers      one position of a kernel, kinds of padding; convolution as a matrix product, and as a sum of shifted planes;
                which channels meet which, how MixConv divides them; a network block by block; weights and activations
    fields      what an output sees, counted and measured
    costs       multiply-adds and parameters, and what else others count
    gradients   how a number was computed, and the way back; errors of differences
    machine     the instructions that a kernel became; rooflines, timings, and what was predicted
    training    runs, seeds and sweeps; what is won and what it costs; confusion; boxes of detections
"""

from minimix.listing import main_loop
from minimix.viz.costs.counters import beyond, counters
from minimix.viz.costs.networks import by_layer, kind_shares, layer_costs
from minimix.viz.fields.cone import cone
from minimix.viz.fields.gridding import gridding, paths
from minimix.viz.fields.receptive import field_box, input_gradient, receptive_field
from minimix.viz.gradients.steps import derivative_errors, step_errors, tangent
from minimix.viz.gradients.tape import tape
from minimix.viz.layers.arithmetic import convolution, paddings
from minimix.viz.layers.blocks import blocks
from minimix.viz.layers.channels import channel_graph, connections, convolution_kinds
from minimix.viz.layers.filters import filters
from minimix.viz.layers.kernels import embed, embedded, kernels
from minimix.viz.layers.maps import feature_maps
from minimix.viz.layers.partition import partition, partitions
from minimix.viz.layers.shifts import shifts
from minimix.viz.layers.windows import windows
from minimix.viz.machine.machine_code import machine_code
from minimix.viz.machine.speed import agreement, ladder, roofline
from minimix.viz.numbers.arrays import compare, show
from minimix.viz.numbers.lines import lines
from minimix.viz.training.detections import detections
from minimix.viz.training.mistakes import confusion, mistakes
from minimix.viz.training.pairs import paired
from minimix.viz.training.runs import curves, runs, seeds, sweep
from minimix.viz.training.tradeoff import tradeoff

__all__ = [
    "agreement", "beyond", "blocks", "by_layer", "channel_graph", "compare", "cone", "confusion", "connections", "convolution",
    "convolution_kinds", "counters", "curves", "derivative_errors", "detections", "embed", "embedded", "feature_maps",
    "field_box", "filters", "gridding", "input_gradient", "kernels", "kind_shares", "ladder", "layer_costs", "lines",
    "machine_code", "main_loop", "mistakes", "paddings", "paired", "partition", "partitions", "paths", "receptive_field",
    "roofline", "runs", "seeds", "shifts", "show", "step_errors", "sweep", "tangent", "tape", "tradeoff", "windows",
]  # fmt: skip
