"""Learning rates by depth: what a network has learned elsewhere may change the less, the nearer it is to the picture.

The first layers see edges and colours, which serve any pictures; the last ones see what the network was trained for. So a layer
has the rate of the one behind it times ``layer_decay``, and the classifier, which is new, has the whole rate.
"""

from collections.abc import Iterator

from minimix.nn import Module, ModuleList
from minimix.optim.groups import decay_groups


def layers(model: Module) -> list[list[str]]:
    """The names of the parameters, layer by layer, from the picture to the answer.

    In a network with blocks, all that comes before them is a layer, each block is one (the last one with all between it and
    the classifier), and so is the classifier. In others, each module is a layer. What has no kernel, such as a batch norm,
    belongs to the layer before it; ``Sequential`` and ``ModuleList`` are taken apart; parameters of the network itself belong
    to the last layer. MixNets and MobileNets have the layers that timm divides them into.

    >>> from minimix import models
    >>> [len(names) for names in layers(models.create("mobilenetv1_100"))]
    [3, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 2]
    """
    parts: list[tuple[str, list[str], bool]] = []  # of each: name, parameters, whether there is a kernel
    seen: set[int] = set()
    for name, part in _parts(model):
        own = [(key, parameter) for key, parameter in part.named_parameters(name) if id(parameter) not in seen]
        seen.update(id(parameter) for _, parameter in own)
        if own:
            parts.append((name, [key for key, _ in own], any(parameter.ndim > 1 for _, parameter in own)))
    blocks = [i for i, (name, *_) in enumerate(parts) if name.startswith("block")]
    found: list[list[str]] = []
    for i, (_, names, kernel) in enumerate(parts):
        begins = not blocks or blocks[0] <= i <= blocks[-1] or i == len(parts) - 1
        if not found or (kernel and begins):
            found.append(names)
        else:
            found[-1] += names
    rest = [key for key, parameter in model.named_parameters(recurse=False) if id(parameter) not in seen]
    if found:
        found[-1] += rest
    return found or [rest]


def _parts(model: Module, prefix: str = "") -> Iterator[tuple[str, Module]]:
    """The children, and in place of a list of modules what is in it."""
    for name, child in model.named_children():
        path = f"{prefix}.{name}" if prefix else name
        if isinstance(child, ModuleList):
            yield from _parts(child, path)
        else:
            yield path, child


def layer_decay_groups(
    model: Module, lr: float, layer_decay: float = 0.75, weight_decay: float = 0.05, groups: list[dict] | None = None
) -> list[dict]:
    """Parameter groups for an optimiser: in the last of n layers (``layers``) the rate is ``lr``, in layer i (0, 1, ...) it is
    ``lr * layer_decay ** (n - 1 - i)``.

    lr: the optimiser's, which must be given the same one. layer_decay: above 0, up to 1. weight_decay: as in ``decay_groups``.
    groups: what is to be divided by layers, in place of ``decay_groups(model, weight_decay)``: of named parameters, such as
        those of ``muon_groups``; where they have a rate of their own, that is scaled.

    A ``Scheduler`` keeps the proportions. timm calls them ``lr_scale``.

    Raises ValueError for numbers out of range, and for groups of parameters that the model does not have.

    Source: Howard and Ruder, ULMFiT (arXiv 1801.06146), sec. 3.2, "discriminative fine-tuning"; in this form BEiT (arXiv
    2106.08254), and timm's ``param_groups_layer_decay``.

    >>> from minimix import models, optim
    >>> groups = layer_decay_groups(models.create("mixnet_nano"), lr=0.1, layer_decay=0.5)
    >>> [(group["param_names"][0], group["lr"]) for group in optim.SGD(groups, lr=0.1).param_groups[-3:]]
    [('blocks.6.0.bn1.weight', 0.05), ('classifier.weight', 0.1), ('classifier.bias', 0.1)]
    """
    if not 0 < layer_decay <= 1:
        raise ValueError(f"layer_decay is {layer_decay}, but must be above 0, up to 1")
    if not lr >= 0:
        raise ValueError(f"lr is {lr}, but must be 0 or more")
    deep = layers(model)
    depth = {name: i for i, names in enumerate(deep) for name in names}
    found = []
    for group in decay_groups(model, weight_decay) if groups is None else groups:
        unknown = [name for name, _ in group["params"] if name not in depth]
        if unknown:
            raise ValueError(f"groups: {type(model).__name__} has no parameter {unknown[0]!r}")
        for i in sorted({depth[name] for name, _ in group["params"]}):
            params = [(name, parameter) for name, parameter in group["params"] if depth[name] == i]
            rate = group.get("lr", lr) * layer_decay ** (len(deep) - 1 - i)
            found.append((i, {**group, "params": params, "lr": rate}))
    return [group for _, group in sorted(found, key=lambda pair: pair[0])]
