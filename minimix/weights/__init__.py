"""Weights from other libraries' files, and networks for other programs.

reading     what is in a file: safetensors, NumPy's, PyTorch's, Keras'
libraries   whose names they are, how they become ours, and what else that library's networks compute
loading     both together: ``mm.load_weights``
signs       that a network's answers cannot be right
onnx        networks for other programs: ``mm.export_onnx``
"""
