"""Why the loss is not a number any more: where in the network it began, and what helps."""

import contextlib

import numpy as np

from minimix.tensor import Tensor, no_grad
from minimix.words import some


class Diverged(RuntimeError):
    """The loss, or a weight, has become NaN or infinite. The message says when, where first, and what to try."""


def bad_arrays(arrays: dict) -> list[str]:
    """The names of those floating-point arrays that hold NaN or infinity.

    >>> import numpy as np
    >>> bad_arrays({"weight": np.ones(3), "bias": np.array([0.0, np.inf])})
    ['bias']
    """
    return [name for name, array in arrays.items() if array.dtype.kind == "f" and not np.isfinite(array).all()]


def explain(model, images, what: str, epoch: int, step: int, lr: float, checkpoint=None, training: bool = True) -> Diverged:
    """The error to raise when ``what`` (such as "the loss is nan") was found. Runs the network once more to find the place.

    images: the batch (an ndarray) that it came from, or None: then only the weights are looked at.
    checkpoint: path of the last good one, None where there is none yet.
    """
    lines = [f"Training stopped: {what} in epoch {epoch}, step {step}, at learning rate {lr:.4g}."]
    lines.append("  where: " + _where(model, images, training))
    lines.append(f"  try:   a lower learning rate ({lr / 3:.2g}), the schedule one_cycle (it warms up), a larger batch;")
    lines.append("         where the rate makes no difference, look for infinities in the data or in a layer of your own")
    if checkpoint is not None:
        lines.append(f"  kept:  {checkpoint}, from before; resuming it without a change would end here again")
    return Diverged("\n".join(lines))


def _where(model, images, training: bool) -> str:
    bad = bad_arrays(model.state_dict())
    if bad:
        return f"{some(bad, 3)} hold{'s' if len(bad) == 1 else ''} NaN or infinity: the last update was too large"
    if images is None:
        return "not in the weights"
    if not np.isfinite(images).all():
        return "in the images themselves"
    with _first_bad_output(model, training) as found, np.errstate(all="ignore"), contextlib.suppress(Exception), no_grad():
        model(Tensor(images))
    if not found:
        return "in the loss itself: every layer's output is finite" if training else "no layer's output: it came and went"
    name, module, output = found[0]
    count = int((~np.isfinite(output)).sum())
    return (
        f"the output of {name or 'the model'} ({type(module).__name__}), shape {output.shape}, is the first with NaN or "
        f"infinity ({count} of {output.size} numbers); all weights are finite"
    )


@contextlib.contextmanager
def _first_bad_output(model, training: bool):
    """Within it, a call of ``model`` leaves (name, module, output) of the first bad output in the list that this gives.

    A module ends after the modules within it, so that the first bad one to end is the innermost. The running statistics of
    batch norm and the mode are put back.
    """
    found: list = []
    buffers = [(buffer, buffer.copy()) for buffer in model.buffers()]
    modes = [(module, module.training) for module in model.modules()]
    hidden = [(vars(module), vars(module).get("forward")) for module in model.modules()]

    def watch(name, module):
        forward = module.forward

        def watched(*inputs, **options):
            output = forward(*inputs, **options)
            for part in output if isinstance(output, (tuple, list)) else (output,):
                if not found and isinstance(part, Tensor) and part.dtype.kind == "f" and not np.isfinite(part.data).all():
                    found.append((name, module, part.data))
            return output

        module.forward = watched  # on this one object, where it hides the class's own

    try:
        if not training:
            model.eval()
        for name, module in list(model.named_modules()):
            watch(name, module)
        yield found
    finally:
        for attributes, forward in hidden:
            attributes.pop("forward", None)
            if forward is not None:
                attributes["forward"] = forward
        for buffer, copy in buffers:
            buffer[...] = copy
        for module, mode in modes:
            module.training = mode
