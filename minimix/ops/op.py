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
    """A differentiable operation.

    name:      what graphs and profiles call it.
    forward:   see above.
    backward:  see above. Where ``selective`` is set it takes a third argument, a tuple of bool, one an input: which
               gradients are wanted. Convolutions use it to leave out the gradient of the picture itself.
    flops:     ``flops(output, saved)``: floating-point operations of forward, for the profile; None where nobody counts them.
    """

    name: str
    forward: Callable
    backward: Callable
    selective: bool = False
    flops: Callable | None = None


def refuse_complex(saved):
    """``saved``, where there is something. Complex arrays only go forward, through the reference twins, and save nothing:
    a complex-step check needs no more."""
    if saved is None:
        raise TypeError("no backward pass for complex numbers, only for float32 and float64: use x.astype(np.float32)")
    return saved
