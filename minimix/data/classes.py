"""The names of classes, from a text file."""

from pathlib import Path

from minimix import words
from minimix.data.dataset import DataError

IMAGENET_FILE = "imagenet_classes.txt"  # what ``minimix predict`` looks for in ``data.folders()``


def read_classes(path, count: int) -> tuple[str, ...]:
    """The names of ``count`` classes: one a line, in the order of the logits. UTF-8.

    Raises FileNotFoundError, and DataError naming the file where it has not so many lines, or is no text.

    >>> from pathlib import Path
    >>> _ = Path("two.txt").write_text("cat\\ndog\\n")
    >>> read_classes("two.txt", 2)
    ('cat', 'dog')
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path} with the names of classes{words.beside(path)}")
    try:
        lines = path.read_text("utf-8-sig").rstrip().splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text in UTF-8 ({error}): it must hold the name of a class on each line") from error
    if len(lines) != count:
        known = words.count(count, "class", "classes")
        found = words.count(len(lines), "line")
        raise DataError(f"{path} has {found}, but the network knows {known}: it must have one for each")
    return tuple(line.strip() for line in lines)
