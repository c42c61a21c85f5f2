"""The jobs that have ended, in a file that grows by a line each: what is in it survives the sudden end of whoever wrote it.

A line is JSON, and counts once its end is there. A line without an end, at the end of the file, is of a process that was
killed while it wrote, and is cut off before anything is added.
"""

import io
import json
import os
import time
from pathlib import Path

from minimix import files

FILE = "jobs.jsonl"
KEYS = {"key", "family", "name", "seed", "config", "result", "error", "seconds"}  # of an entry
PUSHED = 1.0  # seconds, after which what was written is pushed to the disk: until then the power must not fail


class JournalError(ValueError):
    """A line in the file that is none of ours. The message says which, and what to do."""


class Journal:
    """entries: {key: entry}, the last of each key. An entry has a job's key, family, name, seed and config, seconds, and what
    came of it: result, or None and error."""

    _file: io.FileIO  # while it is open for adding

    def __init__(self, folder):
        self.path = Path(folder) / FILE
        self.entries: dict[str, dict] = {}
        self._pushed = 0.0
        content = self.path.read_bytes() if self.path.exists() else b""
        *lines, self._torn = content.split(b"\n")
        for number, line in enumerate(lines, 1):
            try:
                entry = json.loads(line)
                if not KEYS <= entry.keys():
                    raise ValueError
                self.entries[entry["key"]] = entry
            except (ValueError, AttributeError, TypeError):
                raise JournalError(
                    f"{self.path}, line {number}, is no job that has ended: remove the line, and the job is done again"
                ) from None

    def __enter__(self) -> "Journal":
        """Open it for adding."""
        with files.named(self.path):
            self._file = open(self.path, "ab", buffering=0)
            if self._torn:
                self._file.truncate(self._file.tell() - len(self._torn))
        return self

    def __exit__(self, *_) -> None:
        with files.named(self.path), self._file as file:
            os.fsync(file.fileno())

    def add(self, entry: dict) -> None:
        """Write it down, at once. Raises OSError, which names the file, where the disk is full; the file is then as before."""
        place, line = self.path.stat().st_size, json.dumps(entry).encode() + b"\n"
        try:
            with files.named(self.path):
                while line:
                    line = line[self._file.write(line) :]
                if time.monotonic() - self._pushed > PUSHED:
                    os.fsync(self._file.fileno())
                    self._pushed = time.monotonic()
        except OSError:
            os.truncate(self.path, place)
            raise
        self.entries[entry["key"]] = entry
