"""Whether a module is still what it was: for what follows from its layers, and would be worked out again at every step."""

from operator import is_

from minimix.nn.module import Module


class Snapshot:
    """What the attributes of a module, and of all modules below it, are now.

    Objects are compared, not what is in them: arrays and Parameters may change their numbers, and ``parameter.data`` may
    become another array.

    >>> from minimix import nn
    >>> net = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    >>> snapshot = Snapshot(net)
    >>> net[0].weight.data += 1
    >>> snapshot.holds()
    True
    >>> net[1] = nn.ReLU6()
    >>> snapshot.holds()
    False
    """

    def __init__(self, module: Module) -> None:
        self._seen = [(vars(part), tuple(vars(part)), tuple(vars(part).values())) for part in module.modules()]

    def __reduce__(self):
        return type(None), ()  # copied or pickled it is None: the copy of a module has other attributes

    def holds(self) -> bool:
        """Whether all these attributes are still the same objects, and there are no others."""
        return all(tuple(now) == names and all(map(is_, now.values(), values)) for now, names, values in self._seen)
