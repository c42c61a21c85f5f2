"""``profile``: the rows of a network, made of what its layers would do."""

import math

import numpy as np

from minimix.costs.outline import Call, Outline, Step, tensors_in
from minimix.costs.report import LayerRow, Profile
from minimix.costs.shapes import VIEWS
from minimix.costs.work import added
from minimix.nn import Module
from minimix.ops import elementwise

FREE = (*VIEWS, elementwise.CAST)  # no layers: the same numbers, seen in another way


def profile(model: Module, input_shape: tuple[int, ...]) -> Profile:
    """Count parameters, multiply-adds and memory of ``model`` in evaluation, for an input of ``input_shape``.

    input_shape: (N, C, H, W) for networks that look at pictures; the first axis is the images. The model is not changed, and
    nothing is computed: it takes a few milliseconds, whatever the size of the pictures.
    Returns a Profile with ``params``, ``macs``, ``activation_bytes`` and ``rows``. As in the literature, batch norms,
    activations, pooling and biases count no multiply-adds; ``apart`` has them, and ``counted_as`` what other counters say.

    Raises TypeError for what is not a Module, ValueError for a shape that is none, and what the model's own layers raise.

    >>> import minimix as mm
    >>> from minimix.costs import profile
    >>> cost = profile(mm.nn.MixConv2d(32, (3, 5)), (1, 32, 8, 8))
    >>> cost.params, cost.macs
    (544, 34816)
    >>> cost.rows[0].kernel_sizes, cost.rows[0].channels_per_group, cost.rows[0].receptive_field
    (((3, 3), (5, 5)), (16, 16), (5, 5))
    """
    if not isinstance(model, Module):
        raise TypeError(f"profile: model must be a Module, got a {type(model).__name__}")
    listed = isinstance(input_shape, (tuple, list)) and len(input_shape) > 0
    if not listed or not all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) and n > 0 for n in input_shape):
        raise ValueError(f"profile: input_shape {input_shape!r} must be whole numbers above 0, (N, C, H, W)")
    shape = tuple(map(int, input_shape))
    return Profile(shape, tuple(_rows(Outline(model, shape))))


def _rows(outline: Outline) -> list[LayerRow]:
    """A row for each call of a layer. A module that calls others has one, too, if it has weights of its own; otherwise one for
    each op that it does itself."""
    steps: dict[Call, list[Step]] = {}
    for event in outline.events:
        if isinstance(event, Step):
            steps.setdefault(event.call, []).append(event)
    params = _params_by_call(outline)
    stored = {id(event.output) for event in outline.events if isinstance(event, Step) and event.op not in FREE}
    rows = []
    for event in outline.events:
        call = event.call if isinstance(event, Step) else event
        own = steps.get(call, [])
        whole = not call.inner or params[call] or any(step.work.macs for step in own)
        if isinstance(event, Call) and whole:
            outputs = list(tensors_in(call.output))
            rows.append(_row(outline, call.name, type(call.module).__name__, own, outputs, params[call], stored))
        elif isinstance(event, Step) and not whole and event.op not in FREE:
            rows.append(_row(outline, call.name, event.op.name, [event], [event.output], 0, stored))
    return rows


def _params_by_call(outline: Outline) -> dict[Call, int]:
    """How many parameters belong to a call: of its module, those that belong to none before. All have their place, used or
    not, since the model itself returns last."""
    counted: set[int] = set()  # by identity
    result = {}
    for call in outline.events:
        if isinstance(call, Call):
            parameters = [p for p in call.module.parameters() if id(p) not in counted]
            counted.update(map(id, parameters))
            result[call] = sum(p.size for p in parameters)
    return result


def _row(outline: Outline, name: str, kind: str, steps: list[Step], outputs: list, params: int, stored: set[int]) -> LayerRow:
    """stored: arrays that ops have made, by identity, and no row has yet counted."""
    made = [t for t in outputs if id(t) in stored]
    stored.difference_update(map(id, made))
    work = [step.work for step in steps]
    parts = [part for w in work for part in w.parts]
    return LayerRow(
        name,
        kind,
        outputs[0].shape if outputs else (),
        tuple(kernel for kernel, _ in parts),
        tuple(channels for _, channels in parts),
        params,
        sum(w.macs for w in work),
        sum(math.prod(t.shape) * t.dtype.itemsize for t in made),
        outline.field(outputs[0]) if outputs else None,
        added(*({w.kind: w.macs} for w in work if w.macs)),
        added(*(w.others for w in work)),
    )
