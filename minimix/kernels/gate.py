"""Squeeze-and-excite's work on whole activations: means over the pixels, and a factor for each channel of each image.

Activations are flat arrays that hold (C, P, N), P pixels of N images; ``gate`` and means are (C, N).
"""

from minimix.kernels.jit import U, kernel


@kernel
def squeeze(start, step, x, mean, pixels):
    """mean (C, N) = x averaged over the pixels."""
    channels, images = mean.shape
    share = mean.dtype.type(1 / pixels)
    for c in range(start, channels, step):
        total = mean[c]
        total[:] = 0
        for p in range(pixels):
            at = U((c * pixels + p) * images)
            for i in range(U(images)):
                total[i] += x[at + i]
        for i in range(U(images)):
            total[i] *= share


@kernel
def excite(start, step, x, gate, out, pixels):
    """out = x * gate."""
    channels, images = gate.shape
    for c in range(start, channels, step):
        factor = gate[c]
        for p in range(pixels):
            at = U((c * pixels + p) * images)
            for i in range(U(images)):
                out[at + i] = x[at + i] * factor[i]


@kernel
def gate_grad(start, step, gradient, x, out, pixels):
    """out (C, N) = sum over the pixels of gradient * x."""
    channels, images = out.shape
    for c in range(start, channels, step):
        total = out[c]
        total[:] = 0
        for p in range(pixels):
            at = U((c * pixels + p) * images)
            for i in range(U(images)):
                total[i] += gradient[at + i] * x[at + i]


@kernel
def excite_grad(start, step, gradient, gate, mean_gradient, out, pixels):
    """out = gradient * gate + mean_gradient / pixels: through the product, and through the means."""
    channels, images = gate.shape
    share = gate.dtype.type(1 / pixels)
    for c in range(start, channels, step):
        factor, more = gate[c], mean_gradient[c]
        for p in range(pixels):
            at = U((c * pixels + p) * images)
            for i in range(U(images)):
                out[at + i] = gradient[at + i] * factor[i] + more[i] * share


@kernel
def spread(start, step, mean_gradient, out, pixels):
    """out = mean_gradient / pixels: backward of ``squeeze`` alone."""
    channels, images = mean_gradient.shape
    share = mean_gradient.dtype.type(1 / pixels)
    for c in range(start, channels, step):
        more = mean_gradient[c]
        for p in range(pixels):
            at = U((c * pixels + p) * images)
            for i in range(U(images)):
                out[at + i] = more[i] * share
