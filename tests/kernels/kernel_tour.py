"""Every kernel once on tiny, awkward configurations. As a program, ``python kernel_tour.py FILE dtype...`` writes the results.

So the same tour runs jitted, un-jitted (NUMBA_DISABLE_JIT=1) and with bounds checks (NUMBA_BOUNDSCHECK=1), each in a process.
"""

import sys
import warnings

import numpy as np

import minimix as mm
import minimix.functional as F
from minimix import nn
from minimix.detection import suppress
from minimix.kernels import threads
from minimix.kernels.barrier import new_meeting
from minimix.nn.folded import FoldedConv2d, FoldedMixConv2d

ACTIVATIONS = ("identity", "relu", "relu6", "swish", "hard_swish")


def tour(dtype) -> dict:
    """{name: array}: outputs and gradients."""
    random = np.random.default_rng(0)
    found = {}

    def run(name, function, *shapes):
        tensors = [mm.Tensor(random.standard_normal(shape).astype(dtype), requires_grad=True) for shape in shapes]
        out = function(*tensors)
        out.backward(np.cos(np.arange(out.size)).reshape(out.shape).astype(out.dtype))
        for i, array in enumerate([out.data, *(t.grad for t in tensors)]):
            found[f"{name} {np.dtype(dtype)} {i}"] = array

    boxes = np.array([[0, 0, 4, 4], [0, 0, 4, 5], [3, 3, 9, 9], [0, 0, 4, 4]])
    found[f"suppress {np.dtype(dtype)}"] = suppress(boxes, np.array([0.5, 0.9, 0.1, 0.4], dtype), 0.5, [0, 0, 0, 1])
    run("mixed", lambda x, a, b: F.mixconv2d(x, [a, b]), (2, 3, 4, 5), (2, 1, 3, 3), (1, 1, 4, 5))
    far = [1, 9]
    run("stride 2", lambda x, a, b: F.mixconv2d(x, [a, b], 2, dilation=far), (3, 2, 5, 3), (2, 1, 2, 3), (2, 1, 5, 1))
    run("stride (3, 4)", lambda x, w: F.depthwise_conv2d(x, w, (3, 4), "tf_same"), (1, 2, 7, 2), (2, 1, 4, 7))
    run("one pixel", lambda x, w: F.depthwise_conv2d(x, w), (1, 1, 1, 1), (1, 1, 9, 9))
    run("valid", lambda x, w: F.depthwise_conv2d(x, w, 1, "valid"), (2, 1, 6, 5), (1, 1, 6, 5))
    run("pad more than the picture", lambda x, w: F.depthwise_conv2d(x, w, 2, (5, 7)), (1, 2, 3, 2), (2, 1, 3, 2))
    run("pointwise", F.pointwise_conv2d, (2, 5, 3, 2), (7, 5, 1, 1), (7,))
    run("pointwise in groups", lambda x, w: F.pointwise_conv2d(x, w, groups=3), (1, 12, 2, 2), (9, 4, 1, 1))
    run("dense", lambda x, w, b: F.conv2d(x, w, b, (2, 1), 1), (2, 2, 5, 4), (3, 2, 3, 3), (3,))
    run("dense, far taps", lambda x, w: F.conv2d(x, w, padding=5, dilation=5), (2, 2, 3, 3), (2, 2, 3, 3))
    run("dense, taps that miss", lambda x, w: F.conv2d(x, w, padding="tf_same", dilation=15), (1, 2, 1, 1), (2, 2, 1, 2))
    run("dense in groups", lambda x, w: F.conv2d(x, w, groups=2, stride=4, padding="tf_same"), (1, 4, 5, 6), (6, 2, 2, 4))
    for activation in ACTIVATIONS:
        for training in (True, False):

            def norm(x, w, b, activation=activation, training=training):
                running = np.zeros(3, dtype), np.ones(3, dtype)
                return F.batch_norm(x, *running, w, b, training, activation=activation)

            run(f"{activation} {training}", norm, (3, 3, 2, 3), (3,), (3,))
    for stride in (1, 2, 3):
        for training in (True, False):
            mm.manual_seed(stride)
            block = nn.MixBlock(4, 4, (3, 5), stride, expansion=2, se=0.5).to(dtype).train(training)
            run(f"block {stride} {training}", block, (2, 4, 5, 6))
            for name, parameter in block.named_parameters():
                found[f"block {stride} {training} {np.dtype(dtype)} {name}"] = parameter.grad
    x, bias = (random.standard_normal(shape).astype(dtype) for shape in ((2, 6, 3, 5), (6,)))
    dense, three, five = (random.standard_normal(shape).astype(dtype) for shape in ((6, 3, 2, 3), (4, 1, 3, 3), (2, 1, 5, 4)))
    for activation in ACTIVATIONS:
        layers = {
            "dense": FoldedConv2d(dense, bias, activation, stride=2, padding=1, groups=2),
            "mixed": FoldedMixConv2d([three, five], bias, activation, stride=(1, 2)),
        }
        found |= {f"folded {name} {activation} {np.dtype(dtype)}": layer(x).data for name, layer in layers.items()}
    run(
        "turned", lambda x: F.conv2d(x, np.ones((1, 1, 1, 1), dtype)), (71, 1, 9, 8)
    )  # large enough to be transposed by a kernel
    return found


def nan_tour(dtype) -> dict:
    """NaN through every activation."""
    x = np.array([[np.nan], [1.0]], dtype)
    found = {}
    for activation in ACTIVATIONS:
        norm = F.batch_norm(x, np.zeros(1, dtype), np.ones(1, dtype), activation=activation)
        conv = FoldedConv2d(np.ones((1, 1, 1, 1), dtype), np.zeros(1, dtype), activation)(x[:, :, None, None])
        found[f"NaN {activation} {np.dtype(dtype)}"] = norm.data
        found[f"NaN folded {activation} {np.dtype(dtype)}"] = conv.data[:, :, 0, 0]
    return found


def spread() -> None:
    """Threads even for tiny work: their kernels' starts must not run into each other's scratch.

    Kernels whose threads meet cannot do without each other: they run as ever.
    """
    together = threads.parallel

    def parallel(kernel, *args, threads=None, shares=False, meets=False):
        n = threads or mm.get_num_threads()
        if meets:
            together(kernel, *args, threads=n, meets=True)
            return
        args = (new_meeting(1), *args) if shares else args
        for start in range(n):
            kernel(start, n, *args)

    for name, replacement in {
        "parallel": parallel,
        "threads_for": lambda *_: mm.get_num_threads(),
    }.items():
        real = getattr(threads, name)
        for module_name, module in list(sys.modules.items()):
            if module_name.startswith("minimix.") and getattr(module, name, None) is real:
                setattr(module, name, replacement)


if __name__ == "__main__":
    warnings.simplefilter("error")
    mm.set_num_threads(3)
    spread()
    arrays = {}
    for name in sys.argv[2:]:
        arrays |= tour(np.dtype(name).type) | nan_tour(np.dtype(name).type)
    np.savez(sys.argv[1], **arrays)
