"""Networks as ONNX files, which onnxruntime, and programs in other languages, on phones and in browsers, can run.

recording.py  all ops that a network does to a batch, twice, to see what depends on the batch
forms/        each op in ONNX, one small function an op
graph.py      the nodes, as they are written
export.py     export_onnx: from a network to a file, with its metadata
"""

from minimix.weights.onnx.export import export_onnx

__all__ = ["export_onnx"]
