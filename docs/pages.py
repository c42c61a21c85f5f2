"""Which pages the API has: one for each public room of minimix, with what its ``__all__`` names.

Nothing is listed by hand but the rooms: a name that becomes public is on its page, and in ``names()``.
"""

import importlib
import inspect
import re
import types

ROOMS = {  # and what one looks for there
    "minimix": "Tensor, and what stands on its own",
    "minimix.functional": "operations on Tensors",
    "minimix.nn": "layers",
    "minimix.nn.init": "initial weights",
    "minimix.models": "networks by name",
    "minimix.data": "data sets, augmentation, batches",
    "minimix.optim": "optimisers and schedules",
    "minimix.train": "training",
    "minimix.gradcheck": "checking gradients",
    "minimix.study": "the paper's experiments",
    "minimix.detection": "what is in a picture, and where",
    "minimix.costs": "parameters, multiply-adds, memory",
    "minimix.viz": "figures",
    "minimix.course": "exercises and their checks",
    "minimix.reference": "the equations in plain NumPy",
    "minimix.graph": "the tape, made visible",
    "minimix.info": "what minimix runs on",
}
OPTIONS = {"class": ["   :members:", "   :member-order: bysource"], "function": [], "data": ["   :no-value:"]}


def public(room: str) -> dict[str, object]:
    """{name: value} of what a room offers: its ``__all__``, or without one, what is written in it."""
    module = importlib.import_module(room)
    named = getattr(module, "__all__", None)
    if named is not None:
        return {name: getattr(module, name) for name in named}
    own = {name: value for name, value in vars(module).items() if getattr(value, "__module__", None) == room}
    return {name: value for name, value in own.items() if not name.startswith("_")}


def places() -> dict[int, str]:
    """{id of a function, class, ...: the full name under which it has its entry}. The innermost room has it."""
    found = {}
    for room in sorted(ROOMS, key=lambda room: -room.count(".")):
        for name, value in public(room).items():
            if not isinstance(value, types.ModuleType):
                found.setdefault(id(value) if callable(value) else f"{room}.{name}", f"{room}.{name}")
    return found


def names() -> dict[str, str]:
    """{each public name, in full: where its entry is}, with ``mm.``, ``F.``, ``nn.`` and so on for short."""
    entries, found = places(), {}
    for room in ROOMS:
        module = room.removeprefix("minimix").strip(".")
        for name, value in public(room).items():
            if isinstance(value, types.ModuleType):
                continue
            entry = entries[id(value) if callable(value) else f"{room}.{name}"]
            found[f"{room}.{name}"] = entry
            found[f"{module or 'mm'}.{name}"] = entry
            if room == "minimix.functional":
                found[f"F.{name}"] = entry
    return found


def summary(value) -> str:
    """The first sentence of a docstring."""
    text = " ".join((inspect.getdoc(value) or "").partition("\n\n")[0].split())
    return re.split(r"(?<=[.?!]) (?=[A-Z`])", text)[0]


def page(room: str) -> str:
    """The page of a room, in reStructuredText: its docstring, a table of its names, an entry for each."""
    from docstrings import inline

    entries, lines, below = names(), [], []
    for name, value in public(room).items():
        full = f"{room}.{name}"
        if isinstance(value, types.ModuleType):
            if value.__name__ in ROOMS:
                lines += [f"   * - :doc:`{name} <{value.__name__}>`", f"     - {ROOMS[value.__name__]}"]
            continue
        short = not documented(value) and len(repr(value)) < 100
        said = inline(summary(value)) if documented(value) else f"``{value!r}``" if short else f"``{type(value).__name__}``"
        lines += [f"   * - :py:obj:`{name} <{entries[full]}>`", f"     - {said}"]
        if entries[full] == full:
            kind = "class" if inspect.isclass(value) else "function" if inspect.isroutine(value) else "data"
            below += [f".. auto{kind}:: {full}", *OPTIONS[kind], ""]
    if room == "minimix":
        listed = {f"minimix.{name}" for name, value in public(room).items() if isinstance(value, types.ModuleType)}
        for other, what in ROOMS.items():
            if other.count(".") == 1 and other not in listed:
                lines += [f"   * - :doc:`{other.partition('.')[2]} <{other}>`", f"     - {what}"]
    title = [room, "=" * len(room), "", f".. automodule:: {room}", ""]
    table = [".. list-table::", "   :class: names", "   :widths: 30 70", "", *lines, ""]
    return "\n".join([*title, *table, *below])


def documented(value) -> bool:
    """Whether a value has a docstring of its own: a tuple has its type's."""
    return inspect.isclass(value) or inspect.isroutine(value) or isinstance(value, types.ModuleType)
