"""What a layer does: one position of its kernel, the matrix product, which channels meet which, its weights, what comes out."""
