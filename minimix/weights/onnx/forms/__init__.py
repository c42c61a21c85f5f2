"""What each op of minimix is in ONNX: one small function an op, ``form(graph, *inputs, **options)``, in the files by kind.

A form adds the op's nodes to the graph and returns the name of the last one's output. inputs and options are those of the op's
``forward``, with a ``Value`` in place of each array; ``graph.out`` has the shape of what comes out. Ops without a form are
written out as others (``WRITTEN_OUT``), or refused.
"""

from minimix.weights.onnx.forms import arithmetic, convolutions, layers, pools, reductions, shapes
from minimix.weights.onnx.forms.blocks import WRITTEN_OUT

FORMS = {**arithmetic.FORMS, **convolutions.FORMS, **layers.FORMS, **pools.FORMS, **reductions.FORMS, **shapes.FORMS}

__all__ = ["FORMS", "WRITTEN_OUT"]
