"""What is in a folder that was named for data, for those who named the wrong one."""

from pathlib import Path

from minimix.data import cifar, listing
from minimix.data.classes import IMAGENET_FILE
from minimix.data.official import ARCHIVES, LAYOUTS, TITLES
from minimix.words import some

LISTED = 5  # names that are shown of a folder's content
LOOKED_INTO = 20  # sub-folders, for pictures


def known(folder: Path) -> list[str]:
    """What of this folder minimix can use: names of sets, and the file with ImageNet's classes."""
    if not folder.is_dir():
        return []
    sets = [name for name in TITLES if cifar.locate(name, folder)]
    return sets + [IMAGENET_FILE] * (folder / IMAGENET_FILE).is_file()


def listed(folder: Path) -> str:
    """The first names in a folder, or that it is empty.

    >>> Path("some").mkdir()
    >>> listed(Path("some"))
    'it is empty'
    """
    names = sorted(entry.name for entry in folder.expanduser().iterdir() if not listing.is_junk(entry.name))
    return f"in it: {some(map(listing.text, names), LISTED)}" if names else "it is empty"


def refusal(name: str, folder: Path) -> str:
    """That ``folder`` holds no set ``name``: what was looked for, what is there, and what would help."""
    wanted = " or ".join(layout.folder for layout in LAYOUTS if layout.name == name)
    text = f"data_dir: {TITLES[name]} is not in {folder}, where {wanted} was looked for, or the files of one; {listed(folder)}."
    others = [other for other in known(folder) if other in TITLES]
    archives = {Path(archive.url).name for archive in ARCHIVES.values()} | {"cifar-10-python.tar.gz", "cifar-100-python.tar.gz"}
    packed = sorted(entry.name for entry in folder.iterdir() if entry.name in archives)
    if packed:
        return f"{text} Unpack {packed[0]} there."
    if others:
        return f"{text} There is {TITLES[others[0]]}: --data {others[0]}."
    inner = list(listing.subfolders(folder).values())[:LOOKED_INTO]
    if sum(bool(listing.pictures(path, folder, deep=False)[0]) for path in inner) >= 2:
        return f"{text} For a folder of your own pictures: --data {folder}."
    return f"{text} Fetch it with `minimix data get {name} --data-dir {folder}`, name another folder, or leave it out."
