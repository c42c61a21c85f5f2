"""Names of runs: folders that every system can store, out of names that people give, and the way back."""

import unicodedata
from pathlib import Path

from minimix.words import nearest, some

LONGEST = 80  # characters; and bytes as UTF-8 at most twice that: systems allow 255 with what is added
RESERVED = frozenset({
    "con", "prn", "aux", "nul", "conin$", "conout$", *(f"{port}{i}" for port in ("com", "lpt") for i in "0123456789¹²³")
})  # fmt: skip


def folder_name(name: str) -> str:
    """``name``, or the nearest that can be a folder's name on Linux, macOS and Windows, and leads nowhere else.

    >>> [folder_name(name) for name in ("pets", "a:b", "x/y", "..", "con", "nul.txt", "dots...", "")]
    ['pets', 'a_b', 'x_y', '_', '_con', '_nul.txt', 'dots', '_']
    """
    name = unicodedata.normalize("NFC", name)
    name = "".join("_" if c in '<>:"/\\|?*' or unicodedata.category(c) in ("Cc", "Cs", "Cn") else c for c in name)
    name = name[:LONGEST].encode()[: 2 * LONGEST].decode(errors="ignore").rstrip(" .").lstrip(" ")
    if (not name.strip(" ._") and "." in name) or not name:
        return "_"
    return f"_{name}" if name.partition(".")[0].rstrip(" ").casefold() in RESERVED else name


def check_name(name) -> None:
    """Refuse names for a run that would lead out of the folder of runs, or that some system cannot store."""
    if not isinstance(name, str):
        raise TypeError(f"name: expected a str, not {type(name).__name__}")
    possible = folder_name(name)
    if unicodedata.normalize("NFC", name) != possible:
        advice = "" if possible == "_" else f": {possible!r} can"
        raise ValueError(f"name: {name!r} cannot name a folder on every system{advice}; use letters, digits, - and _")


def located(run, runs) -> Path:
    """The path of what is called ``run``: a path itself, or one in the folder ``runs``, such as a run's name. It need not
    exist. A folder without checkpoints, or a file that is none, does not hide the run of the same name."""
    path = Path(run).expanduser()
    inside = Path(runs) / path
    sure = any(path.glob("*.safetensors")) if path.is_dir() else path.is_file() and path.suffix == ".safetensors"
    return inside if not sure and inside.exists() else path


def there(name: str, runs) -> str:
    """Advice for whoever called a run ``name``, which there is not: the nearest in the folder ``runs``, or all."""
    names = [folder.name for folder in sorted(Path(runs).glob("*")) if folder.is_dir()]
    near = nearest(name, names)
    if near:
        return f"did you mean {near[0]}?"
    return f"there are {some(names, 10)}" if names else f"there is no run in {runs}"


def check_free(name: str | None, runs) -> None:
    """Refuse the name of a run that there is."""
    folder = Path(runs) / (name or "")
    if name is not None and (folder / "last.safetensors").exists():
        known = name if str(runs) == "runs" else str(folder)
        raise ValueError(f"name: there is a run in {folder} already: choose another name, or resume={known!r} to go on with it")
