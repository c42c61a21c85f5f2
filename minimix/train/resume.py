"""Which run to go on with, and whether that is the run that the arguments ask for."""

import dataclasses
from pathlib import Path

from minimix.train import checkpoint
from minimix.train.checkpoint import CheckpointError
from minimix.train.config import Config, differences
from minimix.train.description import check, reading


def saved_run(resume, config: Config):
    """(path, (arrays, description)) of the checkpoint to go on from; (None, None) for a new run."""
    if resume is None or resume is False:
        return None, None
    runs = Path(config.runs)
    if resume is True and config.name is not None:
        path = runs / config.name / "last.safetensors"
        if not path.exists():
            return None, None
    elif resume is True:
        found = sorted(runs.glob("*/last.safetensors"), key=lambda path: path.stat().st_mtime)
        if not found:
            raise FileNotFoundError(f"resume: there is no run in {runs}: leave resume out to start one")
        path = found[-1]
    else:
        path = Path(resume)
        if not path.exists() and (runs / path).is_dir():
            path = runs / path
        if path.is_dir():
            path = path / "last.safetensors"
    if resume is not True and config.name is not None and config.name != path.parent.name:
        raise ValueError(f"name is {config.name!r}, but the run to resume is {path.parent}: a resumed run keeps its folder")
    return path, checkpoint.load(path)


def resumed_config(path: Path, description: dict, config: Config, asked: dict) -> Config:
    """The saved recipe, with what may change taken from the arguments. Refuses what contradicts it."""
    check(path, description)
    if description["kind"] != "run":
        raise CheckpointError(f"{path} holds weights alone, for use: a run is resumed from the last.safetensors beside it")
    recipe = description["recipe"]
    changed = differences(recipe, {name: getattr(config, name) for name in asked if (name, asked[name]) != ("data", "auto")})
    if changed:
        raise ValueError(f"resume: {'; '.join(changed)} ({path.parent}): leave it out to go on, or start another run")
    with reading(path):
        return dataclasses.replace(config, **recipe, name=path.parent.name, runs=path.parent.parent)


def same_data(path: Path, description: dict, about: dict) -> None:
    changed = [name for name, value in about.items() if description["about"].get(name) != value]
    if changed:
        raise ValueError(f"data: not the images of {path} ({', '.join(changed)} differ): pass the data of that run")
