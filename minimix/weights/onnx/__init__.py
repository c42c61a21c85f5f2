"""Networks as ONNX files, which onnxruntime, and programs in other languages, on phones and in browsers, can run.

given.py      what export_onnx is given: refused before any work is done
recording.py  all ops that a network does to a batch, twice, to see what depends on the batch
forms/        each op in ONNX, one small function an op
graph.py      the nodes, as they are written
metadata.py   the texts in the file: whose classes it knows, how pictures are prepared
export.py     export_onnx: from a network to a file
"""

from minimix.weights.onnx.export import export_onnx

__all__ = ["export_onnx"]
