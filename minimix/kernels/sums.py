"""Sums of long runs: of a few thousand numbers at a time in their own dtype, in vectors, and of what comes out in float64.

All in float32, a million equal numbers would be 1 % off; all in float64, vectors would hold half as many.
"""

from minimix.kernels.jit import U, inlined

RUN = 4096


@inlined
def run_sum(x, at, n):
    """Sum of x[at : at+n]."""
    total = 0.0
    for j in range(0, n, RUN):
        some = x.dtype.type(0)
        for i in range(U(at + j), U(at + min(j + RUN, n))):
            some += x[i]
        total += some
    return total


@inlined
def run_dot(x, at, y, y_at, n):
    """Sum of x[at : at+n] * y[y_at : y_at+n]."""
    total = 0.0
    for j in range(0, n, RUN):
        some = x.dtype.type(0)
        a, b = U(at + j), U(y_at + j)
        for i in range(U(min(RUN, n - j))):
            some += x[a + i] * y[b + i]
        total += some
    return total
