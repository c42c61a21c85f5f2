"""Runs: curves, seeds and sweeps, what is won and what it costs, what a classifier takes for what."""
