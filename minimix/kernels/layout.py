"""Between picture order (N, C, H, W) and the order that all kernels work in, (C, H, W, N): a transposition of a matrix."""

from minimix.kernels.jit import U, kernel
from minimix.kernels.team import share

BLOCK = 32


@kernel
def transpose(start, step, team, x, out, rows, columns):
    """out (columns, rows) = x (rows, columns) transposed, both flat; in square blocks, so that every cache line is used
    whole."""
    if share(team, start, step):
        return
    for item in range(start, (columns + BLOCK - 1) // BLOCK, step):
        left = item * BLOCK
        right = min(left + BLOCK, columns)
        for top in range(0, rows, BLOCK):
            bottom = U(min(top + BLOCK, rows))
            for c in range(U(left), U(right)):
                for r in range(U(top), bottom):
                    out[c * U(rows) + r] = x[r * U(columns) + c]
