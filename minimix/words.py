"""Numbers and names in sentences."""

import difflib
from collections.abc import Iterable
from pathlib import Path


def count(number: int, thing: str, things: str = "") -> str:
    """
    >>> count(1, "epoch"), count(2000, "epoch"), count(0, "class", "classes")
    ('1 epoch', '2,000 epochs', '0 classes')
    """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def some(names: Iterable[str], most: int = 5) -> str:
    """
    >>> some("abc"), some("abcdefgh")
    ('a, b, c', 'a, b, c, d, e and 3 more')
    """
    names = list(map(str, names))
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def root_of(error: BaseException) -> str:
    """What the system or a server said, in one line, below what libraries made of it.

    >>> try:
    ...     raise ValueError("Max retries exceeded with url: /") from OSError(111, "Connection refused")
    ... except ValueError as error:
    ...     print(root_of(error))
    Connection refused
    """
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    said = str(getattr(error, "strerror", None) or error).strip()
    return said.partition("\n")[0] or type(error).__name__


def nearest(name: str, names: Iterable[str], most: int = 1, cutoff: float = 0.6) -> list[str]:
    """Those of ``names`` that may have been meant by ``name``, the likeliest first. Capitals, - and _ do not matter.

    most: so many at most. cutoff: how alike they must be, from 0 to 1 (see ``difflib.get_close_matches``).

    >>> nearest("CIFAR-10", ["cifar100", "cifar10", "patterns10"]), nearest("trian", ["test"])
    (['cifar10'], [])
    """
    spelled = {_bare(one): one for one in reversed(list(names))}
    return [spelled[near] for near in difflib.get_close_matches(_bare(name), spelled, n=most, cutoff=cutoff)]


def beside(path: Path) -> str:
    """The end of a sentence about a file that there is not: the nearest of those in its folder, or "". What the name ends in
    may be another, and makes no name near by itself.

    >>> Path("net.safetensors").touch()
    >>> f"there is no file nett.pth{beside(Path('nett.pth'))}", beside(Path("w.safetensors")), beside(Path("gone/net.pth"))
    ('there is no file nett.pth: did you mean net.safetensors?', '', '')
    """
    try:
        names = [entry.name for entry in path.expanduser().absolute().parent.iterdir() if entry.is_file()]
    except OSError:
        return ""
    near = nearest(path.stem, [Path(name).stem for name in names])
    same = [name for name in names if Path(name).stem in near]
    return f": did you mean {path.parent / nearest(path.name, same, cutoff=0.0)[0]}?" if same else ""


def _bare(name) -> str:
    return str(name).lower().replace("-", "").replace("_", "")
