"""Inputs and gradients taken for dense, C-ordered or writeable memory."""

import ctypes

import numpy as np
from corpus import Wrong
from numpy.lib.stride_tricks import as_strided

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [np.asarray(rng.standard_normal(shape)) for shape in shapes]


def fortran(*shapes):
    return lambda rng: [np.asfortranarray(rng.standard_normal(shape)) for shape in shapes]


def reversed_rows(*shapes):
    return lambda rng: [rng.standard_normal(shape)[::-1] for shape in shapes]


def windows_forward(x, w):
    rows, columns = x.shape
    k = w.shape[0]
    step = x.itemsize
    windows = as_strided(
        x.ravel(order="K"), (rows - k + 1, columns - k + 1, k, k), (columns * step, step, columns * step, step)
    )
    return np.einsum("ijkl,kl->ij", windows, w), (x.copy(), w)


def windows_backward(gradient, saved):
    x, w = saved
    k = w.shape[0]
    to_x, to_w = np.zeros(x.shape), np.zeros_like(w)
    h, v = gradient.shape
    for i in range(k):
        for j in range(k):
            to_x[i : i + h, j : j + v] += w[i, j] * gradient
            to_w[i, j] = (gradient * x[i : i + h, j : j + v]).sum()
    return to_x, to_w


def bytes_forward(x):
    values = np.frombuffer(x.tobytes("A")).reshape(x.shape)
    return values**2, x


def rotary(x, sign=1):
    angle = 0.3 * np.arange(x.shape[-1] // 2)
    return (x.view(np.complex128) * np.exp(sign * 1j * angle)).view(np.float64)


def dense_rotary(x, sign=1):
    return rotary(np.ascontiguousarray(x), sign)


def pairs_forward(x):
    weights = 1.0 + np.arange(x.size)
    return x.ravel(order="K") * weights, (weights, x.shape)


def transposed_copy_forward(x):
    copy = x.T.copy(order="A")
    return copy.reshape(-1, order="A").reshape(x.shape[::-1]) * 3, None


def buffer_forward(x):
    return np.sinh(np.frombuffer(x).reshape(x.shape)), x


def flat_row_forward(x):
    row = x.strides[0] // x.itemsize
    flat = x.ravel()
    return np.array([np.exp(flat[i * row : i * row + x.shape[1]]).sum() for i in range(len(x))]), x


def every_third_backward(gradient, x):
    gradient.ravel()[::3] = 0
    return (gradient,)


def every_third_forward(x):
    kept = (np.arange(x.size) % 3 != 0).reshape(x.shape)
    return x * kept, None


def reshaped_backward(gradient, saved):
    shape, scale = saved
    gradient.shape = shape
    return (gradient * scale,)


def correlate_backward(gradient, saved):
    x, w = saved
    address = gradient.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
    dense = np.ctypeslib.as_array(address, gradient.shape)
    return np.convolve(dense, w), np.array([dense @ x[i : i + len(dense)] for i in range(len(w))])


def upsample_backward(gradient, shape):
    n, m = shape
    step = gradient.itemsize
    blocks = as_strided(np.ravel(gradient, "K"), (n, m, 2, 2), (4 * m * step, 2 * step, 2 * m * step, step))
    return (blocks.sum((2, 3)),)


def memoryview_backward(gradient, x):
    values = np.asarray(memoryview(gradient).cast("B").cast("d")).reshape(x.shape)
    return (values * np.cos(x),)


def frombuffer_backward(gradient, shape):
    return (np.frombuffer(gradient).reshape(shape),)


def trace_forward(x):
    n = len(x)
    return as_strided(x, (n,), ((n + 1) * x.itemsize,)).sum(), n


def trace_backward(gradient, n):
    return (gradient * np.eye(n),)


def reduceat_backward(gradient, columns):
    starts = np.arange(0, gradient.size, columns)
    return gradient, np.add.reduceat(gradient.ravel(order="K"), starts)


def walked_backward(gradient, saved):
    x, scale = saved
    flat, row = gradient.ravel(), gradient.strides[0] // gradient.itemsize
    to_scale = [sum(flat[i * row + j] * x[i, j] for j in range(x.shape[1])) for i in range(len(x))]
    return gradient * scale[:, None], np.array(to_scale)


def bytes_backward(gradient, y):
    values = np.frombuffer(gradient.tobytes("A")).reshape(y.shape)
    return (values * (1 - y * y),)


def response_forward(x, kernel):
    flat = kernel.ravel(order="A")
    return x[:, : flat.size] @ flat, (x, flat, kernel.shape)


def response_backward(gradient, saved):
    x, flat, shape = saved
    to_x = np.zeros_like(x)
    to_x[:, : flat.size] = np.multiply.outer(gradient, flat)
    return to_x, (gradient @ x[:, : flat.size]).reshape(shape)


WRONG = [
    Wrong("conv2d: windows of the bytes as they lie", op("conv2d", windows_forward, windows_backward),
          (normal((6, 5), (3, 3)), fortran((4, 7), (2, 2))), "input strides",
          "as_strided takes rows for adjacent, whatever x's strides"),
    Wrong("square: values from its bytes", op("square", bytes_forward, lambda g, x: (2 * g * x,)),
          (normal((3, 4)), fortran((4, 5))), "input strides", "the bytes of a Fortran-ordered x come in another order",
          also=("memory order",)),
    Wrong("rotary embedding: x.view(complex)", op("rotary", lambda x: (rotary(x), None), lambda g, _: (dense_rotary(g, -1),)),
          (normal((3, 4)), fortran((4, 6))), "input strides", "view() needs x's last axis to be dense"),
    Wrong("weighted entries: ravel in memory order", op("weighted", pairs_forward, lambda g, s: ((g * s[0]).reshape(s[1]),)),
          (normal((3, 4)), fortran((4, 3))), "input strides", 'ravel(order="K") takes the entries as they lie in memory',
          also=("memory order",)),
    Wrong("transpose: copy read in its own order", op("transpose", transposed_copy_forward, lambda g, _: (3 * g.T,)),
          (fortran((3, 4)), lambda rng: [rng.standard_normal((6, 3))[::2]]), "input strides",
          'order="A" copies and reads x.T as its memory happens to lie', also=("memory order",)),
    Wrong("sinh: np.frombuffer(x)", op("sinh", buffer_forward, lambda g, x: (g * np.cosh(x),)),
          (normal(6), normal((2, 5)), reversed_rows((3, 2))), "input strides", "frombuffer refuses an x that is not C-ordered"),
    Wrong("exp sums: rows found by strides[0]", op("exp_sums", flat_row_forward, lambda g, x: (g[:, None] * np.exp(x),)),
          (normal((3, 4)), lambda rng: [rng.standard_normal((6, 8))[::2, ::2]]), "input strides",
          "rows of the flattened copy are looked for at the original's stride"),
    Wrong("sparse identity: gradient.ravel()[::3] = 0", op("sparse", every_third_forward, every_third_backward),
          (normal(7), normal((3, 4))), "changes gradient",
          "ravel is a view of a dense gradient, which is changed, and a copy of any other",
          also=("gradient strides",)),
    Wrong("flatten: gradient.shape set", op("flatten", lambda x: (x.ravel() * 2.0, (x.shape, 2.0)), reshaped_backward),
          (normal((2, 3)), normal((2, 2, 2))), "changes gradient",
          "the shape of the incoming gradient is set in place",
          also=("gradient strides",)),
    Wrong("correlate: gradient handed over by its address",
          op("correlate", lambda x, w: (np.array([x[i : i + len(w)] @ w for i in range(len(x) - len(w) + 1)]), (x, w)),
          correlate_backward),
          (normal(8, 3), normal(12, 4)), "gradient strides", "the address of the gradient is taken for that of dense memory"),
    Wrong("upsample: blocks of dense memory",
          op("upsample", lambda x: (x.repeat(2, 0).repeat(2, 1), x.shape), upsample_backward),
          (normal((3, 4)), normal((3, 3))), "gradient strides", "as_strided takes the gradient's rows for adjacent"),
    Wrong("sin: memoryview of the gradient", op("sin", lambda x: (np.sin(x), x), memoryview_backward),
          (normal(9), normal((3, 4))), "gradient strides", "a memoryview can only be cast where the gradient is C-ordered"),
    Wrong("reshape: np.frombuffer(gradient)", op("reshape", lambda x: (x.reshape(-1), x.shape), frombuffer_backward),
          (normal((3, 4)), normal((2, 2, 2))), "gradient strides", "frombuffer refuses a gradient that is not C-ordered"),
    Wrong("rotary embedding: gradient.view(complex)",
          op("rotary", lambda x: (dense_rotary(x), None), lambda g, _: (rotary(g, -1),)),
          (normal((3, 4)), normal((2, 3, 6))), "gradient strides", "view() needs the gradient's last axis to be dense"),
    Wrong("trace: diagonal found by as_strided", op("trace", trace_forward, trace_backward),
          (normal((4, 4)), fortran((3, 3)), normal((2, 2))), "input strides",
          "the diagonal is looked for n + 1 elements apart, as in dense memory"),
    Wrong("bias: gradient summed by reduceat in memory order",
          op("bias", lambda x, b: (x + b[:, None], x.shape[1]), reduceat_backward),
          (normal((3, 4), 3), normal((4, 4), 4)), "gradient strides", "the gradient's rows are taken for adjacent in memory"),
    Wrong("row scale: gradient walked by its strides", op("row_scale", lambda x, s: (x * s[:, None], (x, s)), walked_backward),
          (normal((3, 4), 3), normal((2, 5), 2)), "gradient strides",
          "rows of the flattened gradient are looked for at its stride in memory"),
    Wrong("tanh: gradient from its bytes", op("tanh", lambda x: (np.tanh(x), np.tanh(x)), bytes_backward),
          (normal((3, 4)), normal((2, 3, 2))), "gradient strides",
          "the bytes of a Fortran-ordered gradient come in another order"),
    Wrong("weight: kernel flattened as it lies", op("response", response_forward, response_backward),
          (normal((5, 6), (2, 3)), fortran((4, 9), (3, 3))), "input strides", "the second input is flattened in memory order",
          also=("memory order",)),
]  # fmt: skip
