"""What names say, of weights and of the dicts that they are in: whether it is a network, and what wrappers put there."""

import re
from collections.abc import Sequence
from typing import Any

from minimix.weights.reading.result import shown

MODELS = (  # the likeliest first
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net_state_dict",
    "net",
    "network",
    "weights",
    "params",
    "module",
)
AVERAGES = frozenset({"ema", "averaged", "average", "avg", "swa", "shadow"})  # words of a name
OTHERS = frozenset(  # words of what is no network
    "optimizer optimizers optim opt scheduler schedulers sched scaler amp loss losses criterion callbacks "
    "metric metrics acc accuracy auroc f1".split()
)
PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.", "backbone.")  # of wrappers: in parallel, compiled, Lightning
WRAPPED = re.compile(  # what PyTorch itself puts within names
    r"(?:(?<=\.)|^)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\."
)
BESIDE = frozenset({"n_averaged", "initted", "step", "num_updates", "decay"})  # numbers of those who average
WRAPPERS = 5  # one in the other, at most


def averages(name: str) -> bool:
    """Whether that is what averages are called: a key, or what names begin with."""
    return bool(AVERAGES & words(name))


def rank(path: Sequence) -> int:
    """How likely keys lead to a network: 0 is the likeliest; the same for all unknown ones."""
    return min((MODELS.index(key) for key in path if key in MODELS), default=len(MODELS))


def words(key) -> set[str]:
    """Those of a name.

    >>> sorted(words("model_ema.module"))
    ['ema', 'model', 'module']
    """
    return set(re.split(r"[^a-z0-9]+", str(key).lower()))


# -- prefixes ---------------------------------------------------------------------------------------------------------


def unprefixed(weights: dict[str, Any], prefixes: tuple[str, ...] = PREFIXES) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """The weights without what wrappers put before all names, what that was, and what stood beside it.

    >>> unprefixed({"module.fc.weight": 1, "module.fc.bias": 2, "n_averaged": 3})
    ({'fc.weight': 1, 'fc.bias': 2}, 'module.', {})

    Lightning has the network's weights beside those of a loss, and numbers of its own.

    >>> unprefixed({"model.fc.weight": 1, "model.fc.bias": 2, "criterion.weight": 3})
    ({'fc.weight': 1, 'fc.bias': 2}, 'model.', {'criterion.weight': 3})
    """
    names = weights.keys() - BESIDE
    beside = set[str]()
    prefix = common_prefix(names, prefixes)
    if not prefix:
        beside = {name for name in names if "." not in name or OTHERS & words(name.partition(".")[0])}
        prefix = common_prefix(names - beside, prefixes) if 2 * len(beside) < len(names) else ""
    if not prefix:
        return weights, "", {}
    inside = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
    return inside, prefix, {name: value for name, value in weights.items() if name in beside}


def unwrapped(weights: dict[str, Any]) -> dict[str, Any]:
    """Without what PyTorch puts in front of the names within a layer that it has wrapped: compiled, in parallel.

    >>> unwrapped({"conv._orig_mod.weight": 1, "blocks.0._fsdp_wrapped_module.fc.bias": 2})
    {'conv.weight': 1, 'blocks.0.fc.bias': 2}
    """
    found = {WRAPPED.sub("", name): value for name, value in weights.items()}
    return found if len(found) == len(weights) else weights


def common_prefix(names: set[str], prefixes: tuple[str, ...] = PREFIXES) -> str:
    """
    >>> common_prefix({"module.model.a.weight", "module.model.b.weight"}), common_prefix({"model.a", "head.a"})
    ('module.model.', '')
    """
    whole = ""
    for _ in range(WRAPPERS if names else 0):
        prefix = next((one for one in prefixes if all(name.startswith(whole + one) for name in names)), None)
        if prefix is None or whole + prefix in names:
            break
        whole += prefix
    return whole


def under(weights: dict[str, Any], start: str) -> dict[str, Any]:
    """
    >>> under({"student.fc.weight": 1, "teacher.fc.weight": 2}, "teacher")
    {'fc.weight': 2}
    """
    prefix = start.rstrip(".") + "."
    return {name.removeprefix(prefix): value for name, value in weights.items() if str(name).startswith(prefix)}


def begin_with(start: str) -> str:
    """What is said of a part that is the names with that beginning."""
    return f'names that begin with "{shown(start.rstrip("."))}."'
