"""What a network costs, counted from its structure: parameters, multiply-adds and memory, layer by layer.

    outline.py    follows the network's own code, without running an op: which layer, with which shapes
    shapes.py     what comes out of an op          fields.py   which part of the picture it has seen
    work.py       what an op costs                 counters.py what other counters make of that
    report.py     rows, totals, tables              width.py    networks of equal cost

So a user's own modules count like those in ``nn``.
"""

from minimix.costs.count import profile
from minimix.costs.counters import COUNTERS
from minimix.costs.report import LayerRow, Profile

__all__ = ["COUNTERS", "LayerRow", "Profile", "profile"]
