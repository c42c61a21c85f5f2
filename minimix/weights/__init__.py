"""Weights from other libraries' files, and networks for other programs.

reading     what is in a file: safetensors, NumPy's, PyTorch's, Keras'
libraries   whose names they are, how they become ours, and what else that library's networks compute
prefixes    what stands before all names, and whether it belongs to them
loading     all together: ``mm.load_weights``
pictures    what a file says of the pictures that its network was made for
signs       that a network's answers cannot be right
onnx        networks for other programs: ``mm.export_onnx``
"""
