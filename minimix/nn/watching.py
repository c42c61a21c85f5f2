"""A network that lets others see which of its modules is at work."""

import copy
from collections.abc import Callable
from functools import partial

from minimix.nn.blocks import MixBlock
from minimix.nn.module import Own


def watched(model: Own, around: Callable) -> Own:
    """A copy of ``model`` in evaluation mode, in which ``around(name, module, forward, *inputs, **options)`` is called in place
    of each module's ``forward``, and is to call that.

    name: as in ``named_modules``; "model" for the model itself. Blocks call each of their layers, so that it is seen.

    >>> from minimix import nn
    >>> def around(name, module, forward, *inputs):
    ...     print("into", name)
    ...     return forward(*inputs)
    >>> y = watched(nn.Sequential(nn.ReLU(), nn.Identity()), around)([1.0])
    into model
    into 0
    into 1
    """
    model = copy.deepcopy(model).eval()  # a copy may be written into
    for name, module in list(model.named_modules()):
        if isinstance(module, MixBlock):
            module.fused = False
        module.forward = partial(around, name or "model", module, module.forward)  # type: ignore[method-assign]
    return model
