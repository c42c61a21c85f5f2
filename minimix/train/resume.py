"""Which run to go on with, and whether that is the run that the arguments ask for."""

import dataclasses
from pathlib import Path

from minimix.train import checkpoint
from minimix.train.checkpoint import CheckpointError
from minimix.train.config import EXTENSIBLE, Config, differences
from minimix.train.description import check, reading
from minimix.train.model import BEST, LAST
from minimix.train.naming import located, there
from minimix.train.state import State


def find(resume, config: Config) -> Path | None:
    """The checkpoint to go on from; None for a new run."""
    if resume is None or resume is False:
        return None
    runs = Path(config.runs)
    if resume is True and config.name is not None:
        path = runs / config.name / LAST
        if not path.exists():
            return None
    elif resume is True:
        found = sorted(runs.glob(f"*/{LAST}"), key=lambda path: path.stat().st_mtime)
        if not found:
            raise FileNotFoundError(f"resume: there is no run in {runs}: leave it out to start one")
        path = found[-1]
    else:
        path = located(resume, runs)
        if path.is_dir():
            path = path / LAST
    if resume is not True and config.name is not None and config.name != path.parent.name:
        raise ValueError(f"name is {config.name!r}, but the run to resume is {path.parent}: a resumed run keeps its folder")
    if not path.exists():
        advice = "" if path.parent.exists() else f": {there(str(resume), runs)}"
        raise FileNotFoundError(f"there is no checkpoint {path}{advice}")
    return path


def resumed_config(path: Path, description: dict, config: Config, asked: dict) -> Config:
    """The saved recipe, with what may change taken from the arguments. Refuses what contradicts it."""
    check(path, description)
    if description["kind"] != "run":
        raise CheckpointError(f"{path} holds weights alone, for use: a run is resumed from the last.safetensors beside it")
    # older runs lack the newer arguments; and they were trained on all images
    recipe = {**Config().recipe(), "validation": 0.0, "half_first": 0.0, **description["recipe"]}
    given = {name: getattr(config, name) for name in asked if (name, asked[name]) != ("data", "auto")}
    later = {name: given.pop(name) for name in EXTENSIBLE if name in given}
    changed = differences(recipe, given)
    if changed:
        raise ValueError(f"resume: {'; '.join(changed)} ({path.parent}): leave it out to go on, or start another run")
    done = description["position"]["epoch"] + (description["position"]["batch"] > 0)
    if later.get("epochs", done) < done:
        raise ValueError(f"resume: epochs is {later['epochs']}, but {path.parent} is in its epoch {done} already: give more")
    with reading(path):
        return dataclasses.replace(config, **{**recipe, **later, "name": path.parent.name, "runs": path.parent.parent})


def remarks(saved: dict, config: Config, steps: int, step: int, schedule) -> list[str]:
    """Lines about what is not as it was: more epochs, or a run of an older version.

    saved: the recipe in the checkpoint. steps: in an epoch. step: taken so far. schedule: of the learning rate, as it is now.
    """
    lines, before = [], saved.get("epochs")
    if before != config.epochs:
        lines.append(
            f"epochs were {before} and are {config.epochs} now: the learning rate ({config.schedule}) and the small "
            f"windows are laid out anew over {steps * config.epochs} steps; step {step + 1} has a rate of {schedule(step):.4g}"
        )
    if "validation" not in saved:
        lines.append(
            "this run is of an older version, which chose the best epoch on the test images: it has no validation images, and "
            "from here on its last epoch is kept"
        )
    return lines


def chosen(folder: Path, state: State) -> tuple[int | None, str]:
    """(the epoch whose weights best.safetensors holds, None where there are none; a line about that, or "")."""
    if not state.history:
        return None, ""
    try:
        _, description = checkpoint.load(folder / BEST)
        check(folder / BEST, description)
    except (OSError, CheckpointError) as error:
        what = f"{folder / BEST} is missing" if isinstance(error, FileNotFoundError) else error
        return None, f"{what}. The best epoch's weights are lost: from here on, the best of the epochs to come are kept"
    epoch = len(description["history"])
    return (epoch if epoch <= state.epoch else state.best.epoch), ""  # later: killed between writing the two files


def same_data(path: Path, description: dict, about: dict) -> None:
    """Refuse other images. Where they lie may have changed."""
    changed = [name for name, value in about.items() if name != "places" and description["about"].get(name) != value]
    folder = about.get("places", {}).get("data")
    if changed and folder is not None:
        was, now = sum(description["about"]["images"]), sum(about["images"])
        raise ValueError(
            f"data: the pictures in {folder} are not those of {path} ({', '.join(changed)} differ; {was} then, {now} now): put "
            "them back, or begin another run, with these weights if you like (--from)"
        )
    if changed:
        raise ValueError(f"data: not the images of {path} ({', '.join(changed)} differ): pass the data of that run")
