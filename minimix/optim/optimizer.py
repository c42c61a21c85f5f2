"""What all optimisers share: parameter groups, refusals, the loop over parameters, and saving and loading."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from minimix import changes
from minimix.tensor import Tensor, enable_grad
from minimix.words import count

NOT_OPTIONS = ("params", "param_names")


class Optimizer:
    """Base of the update rules in ``rules.py``; the interface is that of ``torch.optim``.

    Attributes: ``param_groups``, list of dicts with ``params`` and the numbers of the rule (``lr``, ...), which may be changed
    at any time; ``state``, dict from parameter to what the rule remembers of it; ``defaults``, the numbers for groups that
    have none of their own; ``scheduled_lr``, the rate that a ``Scheduler`` has set now, None where there is none.

    A subclass has ``slots``, the names of what it remembers; ``check(group)``, which refuses bad numbers; and
    ``update(items, group, number)``.
    """

    slots: tuple[str, ...] = ()

    def __init__(self, params: Any, defaults: dict) -> None:
        if isinstance(params, (Tensor, np.ndarray)) or hasattr(params, "named_parameters"):
            fix = "[tensor]" if isinstance(params, (Tensor, np.ndarray)) else "model.parameters()"
            raise TypeError(
                f"params is a single {type(params).__name__}, but must be an iterable of Tensors or groups: pass {fix}"
            )
        if isinstance(params, dict):
            fix = "[params] for one group" if "params" in params else "params.values()"
            raise TypeError(f"params is a dict, but must be an iterable of Tensors or groups: pass {fix}")
        if isinstance(params, (set, frozenset)):
            raise TypeError("params is a set, whose order changes from run to run: pass a list")
        self.check(defaults)
        self.defaults = defaults
        self.param_groups: list[dict] = []
        self.state: dict[Tensor, dict] = {}
        self.scheduled_lr: float | None = None
        groups = list(params)
        if not groups:
            raise ValueError(
                "optimizer got an empty parameter list: has the model parameters, or was the iterator already used up?"
            )
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    @classmethod
    def check(cls, group: dict) -> None:
        """Refuse bad numbers. No rule wants negative ones, or NaN."""
        for name in ("lr", "lr_multiplier", "momentum", "decay", "eps", "weight_decay"):
            value = group.get(name, 0)
            if not isinstance(value, (int, float, np.number)):
                fix = ": hand a schedule to a Scheduler" if callable(value) else ""
                raise TypeError(f"{name} is a {type(value).__name__}, but must be a number{fix}")
            if not value >= 0:
                raise ValueError(f"{name} is {value}, but must be 0 or more")

    def add_param_group(self, group: dict) -> None:
        """Add ``{"params": Tensors or (name, Tensor) pairs, ...}``; numbers that it lacks come from ``defaults``.

        Where a ``Scheduler`` sets the rates it sets this group's from now on, too: ``lr`` is then, as for the groups that were
        there before, a proportion to the optimiser's own.

        Raises TypeError or ValueError, as the constructor, and then adds nothing.
        """
        if not isinstance(group, dict) or "params" not in group:
            raise TypeError(f'a parameter group is a dict with the key "params", not {_short(group)}')
        if isinstance(group["params"], (set, frozenset)):
            raise TypeError('group["params"] is a set, whose order changes from run to run: pass a list')
        params = [group["params"]] if isinstance(group["params"], Tensor) else list(group["params"])
        named = [isinstance(p, tuple) and len(p) == 2 and isinstance(p[0], str) for p in params]
        names = [p[0] for p in params] if params and all(named) else None
        params = [p[1] if has_name else p for p, has_name in zip(params, named, strict=True)]
        if any(named) and names is None:
            raise ValueError("some parameters of a group come with a name and some without: name all or none")
        for i, p in enumerate(params):
            label = f"parameter {names[i] if names else i}"
            if not isinstance(p, Tensor):
                nested = isinstance(p, (list, tuple, Iterator))
                fix = ': pass one flat list, or a group for each, [{"params": ...}, ...]' if nested else ""
                raise TypeError(f"{label} is a {type(p).__name__}, but an optimizer takes minimix Tensors{fix}")
            if not p.is_leaf:
                raise ValueError(f"{label} is the result of an op, not a leaf: optimise the Tensors that it was computed from")
            if p.dtype.kind != "f":
                raise TypeError(f"{label} is of {p.dtype}, but an optimizer takes floating-point Tensors")
        group = {**self.defaults, **group, "params": params}
        if names:
            group["param_names"] = names
        self.check(group)
        if self.scheduled_lr is not None:
            group["lr_multiplier"] = self.lr_proportion(group)
            group["lr"] = self.scheduled_lr * group["lr_multiplier"]
        groups = [*self.param_groups, group]
        filled = [g for g in groups if g["params"]]
        if len({"param_names" in g for g in filled}) > 1:
            raise ValueError("some groups have named parameters and some have not: name all or none")
        _refuse_duplicates(filled)
        self.param_groups = groups

    def lr_proportion(self, group: dict) -> float:
        """What a schedule's rate is multiplied by for ``group``: its ``lr_multiplier``, else its ``lr`` / the optimiser's.

        Raises ValueError where the optimiser's is 0.
        """
        base = self.defaults["lr"]
        if "lr_multiplier" in group:
            return float(group["lr_multiplier"])
        if base == group["lr"]:
            return 1.0
        if base == 0:
            raise ValueError(
                f"a group has lr {group['lr']}, the optimiser 0, so their proportion is unknown: give the group an "
                '"lr_multiplier", or the Scheduler multipliers='
            )
        return float(group["lr"] / base)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients; with ``set_to_none=False`` they become zeros, and then count as gradients."""
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None if set_to_none or p.grad is None else np.zeros_like(p.grad)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient, in place; the gradients stay as they are.

        closure: computes the loss and its gradients anew; its result is returned.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        gathered = [(group, self._gathered(group)) for group in self.param_groups]  # refuses before anything is changed
        for group, items in gathered:
            for dtype, alike in items.items():
                # NumPy takes twice as long for small_array * 0.9 as for small_array * np.array(0.9, dtype).
                self.update(alike, group, partial(np.array, dtype=dtype))
                changes.mark(weight for weight, _, _ in alike)
        return loss

    def _gathered(self, group: dict) -> dict[np.dtype, list]:
        """(weight, gradient, state) of all parameters of a group that have a gradient, by dtype."""
        items: dict[np.dtype, list] = {}
        for p in group["params"]:
            if p.grad is None:
                continue
            gradient = p.grad.data if isinstance(p.grad, Tensor) else np.asarray(p.grad)
            if gradient.shape != p.data.shape:
                raise ValueError(
                    f"parameter {self._names()[p]} has shape {p.data.shape}, but its gradient has shape {gradient.shape}: "
                    "call zero_grad() after changing a parameter's shape"
                )
            if not p.data.flags.writeable:
                raise ValueError(
                    f"parameter {self._names()[p]} is read-only: give it memory of its own, p.data = p.data.copy()"
                )
            state = self.state.setdefault(p, {})
            items.setdefault(p.data.dtype, []).append((p.data, -gradient if group["maximize"] else gradient, state))
        return items

    def update(self, items: list[tuple[np.ndarray, np.ndarray, dict]], group: dict, number: Callable) -> None:
        """One step, in place, for all (weight, gradient, state) of one group; ``number`` makes a constant of their dtype."""
        raise NotImplementedError(f"{type(self).__name__} has no rule: define update(items, group, number)")

    def _names(self) -> dict[Tensor, str]:
        """The parameters in order, with their names; without names, their numbers."""
        params = [p for group in self.param_groups for p in group["params"]]
        names = [name for group in self.param_groups for name in group.get("param_names", ())]
        return dict(zip(params, names or map(str, range(len(params))), strict=True))

    # -- saving and loading -------------------------------------------------------------------------------------------

    def state_dict(self) -> dict:
        """``{"state": {number of parameter: {slot: array or int}}, "param_groups": [...]}``, as in PyTorch, but with copies.

        Parameters are numbered through all groups; a group's ``params`` are these numbers.
        """
        state = {
            i: {key: value.copy() if isinstance(value, np.ndarray) else value for key, value in self.state[p].items()}
            for i, p in enumerate(self._names())
            if self.state.get(p)
        }
        numbers = iter(range(len(self._names())))
        groups = [{**group, "params": [next(numbers) for _ in group["params"]]} for group in self.param_groups]
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, saved: dict) -> None:
        """Take over what ``state_dict`` gave (or that of the same optimiser in PyTorch). It then continues to the bit.

        Raises ValueError, naming the parameter, and changes nothing, where the groups, their parameters or a shape differ.
        """
        names = self._names()
        if len(saved["param_groups"]) != len(self.param_groups):
            raise ValueError(
                f"the saved state has {len(saved['param_groups'])} parameter groups, the optimizer {len(self.param_groups)}: "
                "make it as it was made then, with add_param_group() for groups that were added later"
            )
        params: dict[int, Tensor] = {}  # saved number -> parameter
        groups = []
        for i, (old, group) in enumerate(zip(saved["param_groups"], self.param_groups, strict=True)):
            theirs, ours = old.get("param_names"), group.get("param_names")
            if theirs and ours and theirs != ours:
                raise ValueError(f"group {i} was saved for other parameters: {_difference(theirs, ours)}")
            if len(old["params"]) != len(group["params"]):
                ours = [names[p] for p in group["params"]]
                raise ValueError(
                    f"group {i} was saved with {count(len(old['params']), 'parameter')}, but has {len(ours)}: "
                    f"{_short(', '.join(ours))}"
                )
            params.update(zip(old["params"], group["params"], strict=True))
            options = {k: v for k, v in old.items() if k not in NOT_OPTIONS}
            options = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}  # JSON has no tuples
            groups.append({**group, **options})
            self.check(groups[-1])
        state = {}
        for number, entries in saved["state"].items():
            if number not in params:
                raise ValueError(f"the saved state has an entry for parameter {number}, which is in none of its groups")
            state[params[number]] = self._checked(names[params[number]], params[number], entries)
        self.state, self.param_groups = state, groups

    def _checked(self, name: str, p: Tensor, entries: dict) -> dict:
        """A copy of what was saved of one parameter, in its dtype. Refuses what does not fit."""
        entries = {key: value for key, value in entries.items() if value is not None}
        if entries and set(entries) != set(self.slots):
            kind = type(self).__name__
            raise ValueError(
                f"{name} was saved with {sorted(entries)}, but {kind} remembers {sorted(self.slots)}: another optimizer's?"
            )
        checked = {}
        for key, value in entries.items():
            array = np.asarray(value)
            shape = () if key == "step" else p.shape
            if array.shape != shape:
                raise ValueError(
                    f"{key} of {name} was saved with shape {array.shape}, but needs {shape}: is this another model's state?"
                )
            if array.dtype.kind not in "biuf" or (key == "step" and not (array >= 0 and array == np.floor(array))):
                expected = "a whole number" if key == "step" else "real numbers"
                raise ValueError(f"{key} of {name} was saved as {_short(array)} of {array.dtype}, but must be {expected}")
            checked[key] = int(array) if key == "step" else array.astype(p.dtype)
        return checked

    def state_arrays(self) -> dict[str, np.ndarray]:
        """``state_dict`` as one flat dict of arrays, as safetensors wants it.

        ``"state/<name or number of the parameter>/<slot>"``, and ``"groups/<i>/<lr, ...>"`` for all numbers of group i.

        >>> import numpy as np
        >>> import minimix as mm
        >>> w = mm.Tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = mm.optim.SGD([("fc.bias", w)], lr=0.1, momentum=0.9)
        >>> w.grad = np.ones(2, np.float32)
        >>> optimizer.step()
        >>> arrays = optimizer.state_arrays()
        >>> list(arrays)[:3]
        ['state/fc.bias/momentum_buffer', 'groups/0/lr', 'groups/0/momentum']
        >>> arrays["state/fc.bias/momentum_buffer"]
        array([1., 1.], dtype=float32)
        """
        saved = self.state_dict()
        names = list(self._names().values())
        arrays = {f"state/{names[i]}/{key}": np.array(v) for i, entries in saved["state"].items() for key, v in entries.items()}
        for i, group in enumerate(self.param_groups):
            numbers = {k: np.array(v) for k, v in group.items() if k in self.defaults or isinstance(v, (int, float, np.number))}
            arrays.update({f"groups/{i}/{k}": v for k, v in numbers.items() if v.dtype.kind in "bif"})
        return arrays

    def load_state_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over what ``state_arrays`` gave, and then continue to the bit. Refuses as ``load_state_dict`` does."""
        names = {name: i for i, name in enumerate(self._names().values())}
        groups = [{"params": numbers} for numbers in (g["params"] for g in self.state_dict()["param_groups"])]
        state: dict[int, dict] = {}
        for key, array in arrays.items():
            kind, _, rest = key.partition("/")
            owner, _, entry = rest.rpartition("/")
            if kind == "state" and owner in names:
                state.setdefault(names[owner], {})[entry] = array
            elif kind == "groups" and owner.isdigit() and int(owner) < len(groups):
                value = np.asarray(array).tolist()
                groups[int(owner)][entry] = tuple(value) if isinstance(value, list) else value
            else:
                raise ValueError(
                    f"the saved state has {key!r}, but the optimizer no such parameter or group: {_short(', '.join(names))}"
                )
        for i, group in enumerate(groups):
            missing = [
                f"groups/{i}/{k}" for k, v in self.defaults.items() if k not in group and np.array(v).dtype.kind in "bif"
            ]
            if missing:
                raise ValueError(f"the saved state lacks {', '.join(missing)}: is it complete, and this optimizer's?")
        self.load_state_dict({"state": state, "param_groups": groups})

    def __repr__(self) -> str:
        def line(i, group):
            options = ", ".join(f"{k}={v}" for k, v in group.items() if k not in NOT_OPTIONS)
            return f"  group {i}: {count(len(group['params']), 'parameter')}, {options}"

        return "\n".join([f"{type(self).__name__}(", *(line(i, g) for i, g in enumerate(self.param_groups)), ")"])


def slot(state: dict, name: str, weight: np.ndarray, start: float = 0.0) -> np.ndarray:
    """The array ``name`` of ``state``, shaped like ``weight``; made at its first use, full of ``start``.

    Follows ``weight`` to another dtype (a model's ``double()``), but not to another shape.
    """
    array = state.get(name)
    if array is None:
        array = state[name] = np.full(weight.shape, start, weight.dtype)
    elif array.shape != weight.shape:
        raise ValueError(f"{name} has shape {array.shape}, but its parameter has {weight.shape} now: make a new optimizer")
    elif array.dtype != weight.dtype:
        array = state[name] = array.astype(weight.dtype)
    return array


def _refuse_duplicates(groups: list[dict]) -> None:
    seen: dict = {}
    for g, group in enumerate(groups):
        names = group.get("param_names", [None] * len(group["params"]))
        for i, (p, name) in enumerate(zip(group["params"], names, strict=True)):
            here = f"{name or f'parameter {i}'} of group {g}"
            if p in seen:
                raise ValueError(f"{here} is the same Tensor as {seen[p]}: each parameter may be there once")
            if name is not None and name in seen:
                raise ValueError(f"{here} has the same name as {seen[name]}: names must differ")
            seen[p] = here
            if name is not None:
                seen[name] = here


def _difference(theirs: list, ours: list) -> str:
    missing = [name for name in ours if name not in theirs]
    unexpected = [name for name in theirs if name not in ours]
    if missing or unexpected:
        return f"missing {_short(missing)}, unexpected {_short(unexpected)}"
    first = next(i for i, (a, b) in enumerate(zip(theirs, ours, strict=True)) if a != b)
    return f"in another order, number {first} was {theirs[first]} and is {ours[first]}"


def _short(thing) -> str:
    text = str(thing)
    return text if len(text) <= 200 else text[:200] + " ..."
