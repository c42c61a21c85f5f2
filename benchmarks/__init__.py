"""Speed and memory, each in one run that prints a table: ``python -m benchmarks.training``, and so on.

training     a training step beside PyTorch's: speed, scaling, memory, the first step
inference    one picture through a network, beside PyTorch and ONNX Runtime
layers       mixed depthwise layers beside PyTorch's
versus       minimix beside an older revision of itself
at_once      two processes that train at once, over one after the other
jobs         what a job of a study costs beside its work
recipe       what each part of the recipe for CIFAR-10 is worth

Nothing here is a test: machines differ, and a busy one misleads. Compare ratios, not milliseconds, and run nothing else
meanwhile.
"""
