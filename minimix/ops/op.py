"""What an op is: a name and two pure functions on ndarrays, forward and backward.

    forward(*arrays, **options)  -> (output, saved)     `saved` is whatever backward needs
    backward(gradient, saved)    -> a tuple, one gradient (or None) for each input array

Neither changes its arguments, and backward's arrays are new ones or (views of) the gradient it was given, never what was saved.
An op knows nothing of tensors, and the tape (``minimix/tensor.py``) nothing of what an op computes, so each pair can be read,
run and tested alone.
"""

from collections.abc import Callable
from typing import NamedTuple


class Op(NamedTuple):
    """A differentiable operation of your own: a name, a forward and a backward function on NumPy arrays.

    ``apply(op, *inputs, **options)`` runs it on Tensors and remembers it for ``Tensor.backward``; ``gradcheck`` says whether
    its two functions fit each other.

    name: what graphs, errors and profiles call it.
    forward: ``forward(*arrays, **options) -> (output, saved)``; ``saved`` is whatever backward needs: None, an array, a tuple.
    backward: ``backward(gradient, saved) -> tuple``, one gradient for each input, of its shape, or None. ``gradient`` is the
        output's. Neither function may change what it is given.
    selective: backward takes a third argument, a tuple of bool, one for each input: which gradients are wanted. Convolutions
        use it to leave out the gradient of the picture itself.
    flops: ``flops(output, saved)``, floating-point operations of forward, for the profile; None where nobody counts them.
    reads: ``reads(needed)``, a tuple of bool, one for each input: from whose values the gradients in ``needed`` (bools, too)
        are made. The tape refuses a backward pass where one of those was written into meanwhile, for instance by an
        optimiser's step. None: those whose memory is in ``saved``.

    >>> import numpy as np
    >>> import minimix as mm
    >>> def softplus_forward(x, sharpness=1.0):
    ...     return np.logaddexp(0, sharpness * x) / sharpness, (x, sharpness)
    >>> def softplus_backward(gradient, saved):
    ...     x, sharpness = saved
    ...     return (gradient / (1 + np.exp(-sharpness * x)),)
    >>> SOFTPLUS = mm.Op("softplus", softplus_forward, softplus_backward)
    >>> def softplus(x, sharpness=1.0):
    ...     return mm.apply(SOFTPLUS, x, sharpness=sharpness)

    >>> x = mm.Tensor([-1.0, 0.0, 2.0], requires_grad=True)
    >>> softplus(x).sum().backward()
    >>> x.grad.round(3)
    array([0.269, 0.5  , 0.881], dtype=float32)
    >>> point = mm.Tensor(np.array([-1.0, 0.0, 2.0]), requires_grad=True)  # float64: float32 is too coarse for a check
    >>> mm.gradcheck(lambda x: softplus(x, sharpness=3.0), point)
    True
    """

    name: str
    forward: Callable
    backward: Callable
    selective: bool = False
    flops: Callable | None = None
    reads: Callable | None = None


for _field, _text in {
    "name": "what graphs, errors and profiles call it",
    "forward": "forward(*arrays, **options) -> (output, saved)",
    "backward": "backward(gradient, saved) -> a tuple, one gradient (or None) for each input",
    "selective": "whether backward takes a third argument, which gradients are wanted",
    "flops": "flops(output, saved): floating-point operations of forward, or None",
    "reads": "reads(needed): whose values backward goes back to; None: those whose memory is in saved",
}.items():
    getattr(Op, _field).__doc__ = _text  # help() says "Alias for field number 0" otherwise


def reads_of_product(needed: tuple) -> tuple:
    """``Op.reads`` of x times a weight, maybe plus a bias: each factor's gradient is made from the other, none from a bias."""
    return (needed[1], needed[0], False)[: len(needed)]


def reads_of_convolution(needed: tuple) -> tuple:
    """The same, but as strict as PyTorch: its convolutions ask for picture and weight whichever gradients are wanted."""
    return (True, True, False)[: len(needed)]


def reads_everything(needed: tuple) -> tuple:
    """Of mixed convolutions: a picture and any number of weights, no bias."""
    return (True,) * len(needed)


def refuse_complex(saved):
    """``saved``, where there is something. Complex arrays only go forward, through the reference twins, and save nothing:
    a complex-step check needs no more."""
    if saved is None:
        raise TypeError("no backward pass for complex numbers, only for float32 and float64: use x.astype(np.float32)")
    return saved
