"""Pictures that are read and resized once, and kept in the user's cache folder until their files change.

For each folder and size there is one file, "pictures/<key>.npz": the resized pixels, and of each picture's file the name, size
and times of its last change. What is the same is taken from there; what is new or changed is read. Nothing in such a file is
pickled, and one that is damaged, or cannot be written, costs time and nothing else.
"""

import contextlib
import hashlib
import io
import json
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from minimix import files
from minimix.data.listing import Picture
from minimix.data.pictures import small
from minimix.kernels.threads import get_num_threads
from minimix.places import user_cache

VERSION = 1  # of the pixels: whoever changes how pictures are read or resized counts on


def read(folder: Path, pictures: list[Picture], size: int, tell=None, keep: bool = True) -> tuple[np.ndarray, dict, list[str]]:
    """(pixels, unreadable, remarks): uint8 (N, 3, size, size), black where a picture is unreadable; {index: why}; and lines.

    folder: that all the pictures are in. tell: called as ``tell(pictures read, pictures to read)``; what it raises ends the
        reading.
    """
    place = _place(folder, size) if keep else None
    pixels = np.zeros((len(pictures), 3, size, size), np.uint8)
    unreadable: dict[int, str] = {}
    known = _load(place, size)
    fresh = []
    for i, picture in enumerate(pictures):
        row = known.get((picture.name, *picture.stamp))
        if row is None:
            fresh.append(i)
        else:
            pixels[i] = row
    if fresh:
        with warnings.catch_warnings():  # each thread changes the filters and puts them back, in any order: this is the last
            _read_all([pictures[i] for i in fresh], fresh, size, pixels, unreadable, tell)
    readable = [i for i in range(len(pictures)) if i not in unreadable]  # others are tried again: it may have been the network
    if place is None or (len(fresh) == len(unreadable) and len(known) == len(readable)):
        return pixels, unreadable, []
    try:
        _save(place, [pictures[i] for i in readable], pixels[readable])
    except (OSError, ValueError) as error:
        return pixels, unreadable, [f"the resized pictures could not be kept for the next time: {error}"]
    return pixels, unreadable, []


def _read_all(pictures: list[Picture], places: list[int], size: int, pixels, unreadable: dict, tell) -> None:
    def one(picture: Picture):
        try:
            return small(picture.path, size, size)[0]
        except (OSError, ValueError) as error:
            return str(error)

    pool = ThreadPoolExecutor(get_num_threads())  # Pillow's decoders let other threads work
    try:
        if tell is not None:
            tell(0, len(pictures))
        for done, (i, found) in enumerate(zip(places, pool.map(one, pictures), strict=True), 1):
            if isinstance(found, str):
                unreadable[i] = found
            else:
                pixels[i] = found
            if tell is not None:
                tell(done, len(pictures))
    finally:
        pool.shutdown(cancel_futures=True)


def _place(folder: Path, size: int) -> Path | None:
    cache = user_cache()
    key = hashlib.blake2b(f"{VERSION} {size} {os.path.realpath(folder)}".encode("utf-8", "surrogateescape"), digest_size=10)
    return cache / "pictures" / f"{key.hexdigest()}.npz" if cache else None


def _load(place: Path | None, size: int) -> dict:
    """{(name, bytes, time, time): pixels}; empty where nothing is kept, or it is damaged."""
    if place is None or not place.is_file():
        return {}
    try:
        with place.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            entries, pixels = json.loads(kept["entries"].tobytes()), kept["pixels"]
        if pixels.dtype != np.uint8 or pixels.shape != (len(entries), 3, size, size):
            return {}
        return {(name, *map(int, stamp)): row for (name, stamp), row in zip(entries, pixels, strict=True)}
    except Exception:  # zipfile, zlib, NumPy and JSON each have their own
        return {}


def _save(place: Path, pictures: list[Picture], pixels: np.ndarray) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    entries = [(picture.name, picture.stamp) for picture in pictures]
    content = io.BytesIO()
    np.savez(content, pixels=pixels, entries=np.frombuffer(json.dumps(entries).encode(), np.uint8))
    with contextlib.suppress(FileNotFoundError):  # somebody has emptied the cache meanwhile
        files.write(place, content.getvalue())
