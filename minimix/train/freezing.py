"""Stages of a network that stay as they are while the rest is trained."""

from minimix.nn import Module


def stages(model: Module) -> list[str]:
    """The names that ``freeze`` takes, first to last; any other module's name will do, too.

    >>> from minimix import models
    >>> stages(models.create("mixnet_nano"))[:3]
    ['stem', 'blocks.0', 'blocks.1']
    """
    children = list(model.named_children())
    names = ["stem"] if _stem(model) else []
    for name, child in children[_before_blocks(children) if names else 0 :]:
        below = list(child.named_children()) if name == "blocks" else []
        names += [f"{name}.{inner}" for inner, _ in below] or ([name] if list(child.parameters()) else [])
    return names


def _before_blocks(children: list) -> int:
    return next((i for i, (name, _) in enumerate(children) if name.startswith("block")), 0)


def _stem(model: Module) -> str | None:
    """The last layer before the blocks, where a network has blocks and something before them."""
    children = list(model.named_children())
    first = _before_blocks(children)
    return children[first - 1][0] if first and "stem" not in dict(children) else None


def freeze(model: Module, stage: str, called: str = "") -> None:
    """Freeze everything up to and including ``stage``, in the order in which the network's layers were defined.

    called: the network's name, for what is said of it.

    Raises ValueError for a stage that the network does not have, and where nothing would be left to train.

    >>> from minimix import models
    >>> net = models.create("mixnet_nano")
    >>> freeze(net, "blocks.1")
    >>> net.blocks[1].training, net.blocks[2].training, net.conv_stem.weight.requires_grad
    (False, True, False)
    """
    last = (_stem(model) if stage == "stem" else None) or stage
    modules = dict(model.named_modules())
    if last not in modules or not last:
        raise ValueError(
            f"freeze: {called or type(model).__name__} has no stage {stage!r}: there are {', '.join(stages(model))}"
        )
    names = list(modules)
    end = max(i for i, name in enumerate(names) if f"{name}.".startswith(f"{last}."))
    around = {last[:i] for i, letter in enumerate(last) if letter == "."} | {""}
    frozen = [modules[name] for name in names[: end + 1] if name not in around]
    kept = {id(parameter) for module in frozen for parameter in module.parameters(recurse=False)}
    if all(id(parameter) in kept for parameter in model.parameters()):
        raise ValueError(f"freeze: {stage} leaves nothing to train: choose one of {', '.join(stages(model)[:-1])}")
    for module in frozen:
        module.training = False  # batch norms use their running statistics, and leave them alone
        for parameter in module.parameters(recurse=False):
            parameter.requires_grad = False


def settle(model: Module) -> None:
    """Training mode; but not for modules all of whose parameters require no gradient, which are frozen as by ``freeze``."""
    model.train()
    for module in model.modules():
        flags = [parameter.requires_grad for parameter in module.parameters()]
        if flags and not any(flags):
            module.eval()


def frozen_names(model: Module) -> list[str]:
    """Of the parameters that require no gradient."""
    return [name for name, parameter in model.named_parameters() if not parameter.requires_grad]
