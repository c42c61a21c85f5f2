"""A study's folder: study.json says what is in it, so that nothing else is ever mixed into it."""

import dataclasses
import json
import subprocess
from pathlib import Path

import minimix
from minimix import files
from minimix.study.options import Options
from minimix.study.study import Study
from minimix.train.prepare import versions

FILE = "study.json"
EARLIER = "earlier"  # in study.json: versions and commits before the last ones
GROWING = ("seeds",)  # options that may be larger when a study goes on: there are only more jobs then


class StudyError(ValueError):
    """A folder that holds something else than what was asked for. The message says what, and what to do."""


def described(folder: Path) -> dict:
    """What study.json says of a folder. Raises FileNotFoundError where there is none, StudyError where it makes no sense."""
    path = folder / FILE
    if not path.exists():
        raise FileNotFoundError(f"there is no study in {folder}: `minimix study run NAME` makes one")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name for field in dataclasses.fields(Options)}
        if not (isinstance(found["study"], str) and isinstance(found["minimix"], str) and isinstance(found["asked"], dict)):
            raise ValueError
        if set(found["options"]) != known:
            raise ValueError
        Options(**found["options"])
        return found
    except (ValueError, KeyError, TypeError):
        raise StudyError(f"{path} does not describe a study: take another folder, or remove this one") from None


def options_of(folder: Path, study: Study, asked: dict) -> Options | None:
    """The options with which the study in a folder goes on; None in an empty folder. asked: options that were given now.

    Those that were not given, or are given as when the study was begun, stay as they are: a budget may have changed them.
    Raises StudyError for a folder of another study, of other options, or of another version of minimix.
    """
    if not (folder / FILE).exists():
        if strangers := sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")):
            raise StudyError(f"{folder} holds other things ({strangers[0]}) and no {FILE}: take another folder")
        return None
    found, other = described(folder), "take another, with --folder, or remove it"
    if found["study"] != study.name:
        raise StudyError(f"{folder} holds the study {found['study']}, not {study.name}: {other}")
    if found["minimix"] != minimix.__version__:
        raise StudyError(
            f"{folder} was begun by minimix {found['minimix']}; this is {minimix.__version__}, and may differ: {other}"
        )
    new = {key: value for key, value in asked.items() if found["asked"].get(key) != value}
    before, now = found["options"], dataclasses.asdict(Options(**{**found["options"], **new}))
    changed = [
        f"{name} was {before[name]} and is {now[name]} now"
        for name in now
        if now[name] != before[name] and not (name in GROWING and now[name] > before[name])
    ]
    if changed:
        raise StudyError(f"{folder} was begun with other options ({'; '.join(changed)}): {other}")
    return Options(**now)


def write(folder: Path, study: Study, options: Options, asked: dict) -> None:
    """study.json: all that is needed to do it again.

    asked: options that were given now; those of before are still known. So are versions and commits with which it was begun, or
    went on, where they were others: jobs may be of any of them.
    """
    before, now = described(folder) if (folder / FILE).exists() else {}, environment()
    earlier, last = before.get(EARLIER, []), {name: before.get(name) for name in now}
    if before and last != now:
        earlier = [*(one for one in earlier if one != last), last]
    content = {
        "study": study.name,
        "options": dataclasses.asdict(options),
        "asked": {**before.get("asked", {}), **asked},
        **now,
        **({EARLIER: earlier} if earlier else {}),
    }
    files.write(folder / FILE, json.dumps(content, indent=2) + "\n")


def environment() -> dict:
    """What the numbers depend on beside the options: minimix, its commit where there is one, and what it needs."""
    return {
        "minimix": minimix.__version__,
        "commit": commit(),
        "versions": {name: version for name, version in versions().items() if name != "threads"},
    }


def commit() -> str | None:
    """Of the repository that minimix's code lies in, with "+" where files in it have changed; None where there is none."""
    place = Path(minimix.__file__).parents[1]
    if not (place / ".git").exists():
        return None
    try:
        git = ["git", "-C", str(place)]
        name = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run([*git, "status", "--porcelain", "minimix"], capture_output=True, text=True, check=True).stdout
        return name + "+" * bool(changed)
    except (OSError, subprocess.CalledProcessError):
        return None
