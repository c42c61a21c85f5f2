"""Forward and backward of every operation, as pairs of pure functions on ndarrays. One file an idea."""
