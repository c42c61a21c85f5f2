"""Speed and memory beside PyTorch's, in one run: ``python -m benchmarks.layers``, ``python -m benchmarks.training``.

Nothing here is a test: machines differ, and a busy one misleads. Compare ratios, not milliseconds, and run nothing else
meanwhile.
"""
