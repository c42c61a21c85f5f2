"""Pools in ONNX.

Windows that reach beyond the padding, as the last ones of ceil_mode do, are not left to ONNX's attribute of that name, whose
rule for the size of the output depends on the opset: there the padding is a node of its own, long enough for all windows.
"""

import numpy as np

from minimix.ops import pool
from minimix.ops.pool import Windows
from minimix.weights.onnx.forms.shapes import padded
from minimix.weights.onnx.graph import Graph, Value


def _beyond(x: Value, windows: Windows) -> list[int]:
    """How far the last window of each axis reaches beyond the padding; 0 where it does not."""
    found = []
    for axis in (0, 1):
        reach = (windows.output[axis] - 1) * windows.stride[axis] + windows.dilation[axis] * (windows.kernel[axis] - 1) + 1
        found.append(max(0, reach - x.array.shape[2 + axis] - 2 * windows.padding[axis]))
    return found


def _pool(g: Graph, kind: str, x: Value, windows: Windows, empty: float, **attributes) -> str:
    """MaxPool or AveragePool, with padding of ``empty`` in front where windows reach beyond."""
    given: Value | str = x
    pads = [*windows.padding, *windows.padding]
    if any(beyond := _beyond(x, windows)):
        after = [p + more for p, more in zip(windows.padding, beyond, strict=True)]
        given, pads = padded(g, x, (0, 0, *windows.padding), (0, 0, *after), empty), [0] * 4
    return g.add(kind, given, kernel_shape=list(windows.kernel), strides=list(windows.stride), pads=pads, **attributes)


def _max_pool(g: Graph, x: Value, windows: Windows) -> str:
    return _pool(g, "MaxPool", x, windows, -np.inf, dilations=list(windows.dilation))


def _avg_pool(g: Graph, x: Value, windows: Windows, count_padding: bool) -> str:
    if not any(_beyond(x, windows)):
        return _pool(g, "AveragePool", x, windows, 0.0, count_include_pad=int(count_padding))
    mean = _pool(g, "AveragePool", x, windows, 0.0, count_include_pad=1)  # of all that lies in a window
    counted = pool.window_sizes(windows, *x.array.shape[2:], count_padding)
    return g.add("Mul", mean, (windows.kernel[0] * windows.kernel[1] / counted).astype(x.dtype))


def _adaptive(g: Graph, x: Value, output_size) -> str:
    """Products with two matrices of shares, (OH, H) and (W, OW); of one window, the mean of all."""
    if tuple(output_size) == (1, 1):
        return g.add("GlobalAveragePool", x)
    rows, columns = (_shares(n, outputs).astype(x.dtype) for n, outputs in zip(x.array.shape[2:], output_size, strict=True))
    return g.add("MatMul", g.add("MatMul", rows, x), np.ascontiguousarray(columns.T))


def _shares(n: int, outputs: int) -> np.ndarray:
    """(outputs, n): how much of each pixel is in each mean.

    >>> _shares(3, 2)
    array([[0.5, 0.5, 0. ],
           [0. , 0.5, 0.5]])
    """
    shares = np.zeros((outputs, n))
    for i in range(outputs):
        start, end = i * n // outputs, -(-(i + 1) * n // outputs)
        shares[i, start:end] = 1 / (end - start)
    return shares


def _global(g: Graph, x: Value) -> str:
    return g.add("Flatten", g.add("GlobalAveragePool", x), axis=1)


FORMS = {
    pool.MAX_POOL2D: _max_pool,
    pool.AVG_POOL2D: _avg_pool,
    pool.ADAPTIVE_AVG_POOL2D: _adaptive,
    pool.GLOBAL_AVG_POOL2D: _global,
}
