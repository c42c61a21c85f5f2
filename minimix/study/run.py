"""``run`` and ``show``: from a study's name to a folder with all that came of it. The whole of a run is in this file."""

import contextlib
import dataclasses
import functools
from collections.abc import Generator
from pathlib import Path

from minimix import files
from minimix.kernels import cores
from minimix.study import budget as budgets
from minimix.study import cluster, neighbours, pool
from minimix.study import folder as _folder
from minimix.study.job import Job
from minimix.study.journal import Journal
from minimix.study.options import Options, seconds
from minimix.study.paper import STUDIES
from minimix.study.pool import Ended
from minimix.study.progress import Progress
from minimix.study.results import Results
from minimix.study.study import Study
from minimix.train.lock import RunLocked, locked
from minimix.train.progress import clock
from minimix.words import count, nearest, some

HOME = "studies"  # where the folders of studies are


def named(name: str) -> Study:
    """Raises ValueError, with the nearest name, where there is no such study."""
    if not isinstance(name, str) or name not in STUDIES:
        near = nearest(name, STUDIES) if isinstance(name, str) else []
        raise ValueError(
            f"no study is called {name!r}: {f'did you mean {near[0]}?' if near else f'there are {some(STUDIES, 10)}'}"
        )
    return STUDIES[name]


def run(
    name: str | Study,
    *,
    data: str | None = None,
    seeds: int | None = None,
    images: int | None = None,
    epochs: int | None = None,
    width: float | None = None,
    workers: int | None = None,
    dask: str | None = None,
    budget: str | float | None = None,
    folder=None,
    retry: bool = False,
    log: bool = True,
) -> Results:
    """Do a study's jobs, those that have not been done, and write down what they say.

    name: of one of ``STUDIES``, or a ``Study`` of your own.
    data, seeds, images, epochs, width: see ``Options``; None: the study's own. workers: processes, of one thread each; None:
    one a core. dask: the address of a Dask scheduler, whose workers do the jobs; "local": a cluster on this machine.
    budget: a time such as "20m", into which seeds and epochs are made to fit (``budget.py`` has the rule).
    folder: None: studies/NAME. retry: do jobs again that have failed. log: print the plan, and a line for each job.

    A job that has ended is kept at once: after Ctrl-C, kill -9 or a power cut, the same call goes on, and what comes out in the
    end is the same to the bit as without them.

    Raises ValueError for names and options that make no sense, and for a folder with another study, other options or another
    version's results; FileNotFoundError for data that are not there; RunLocked where another process does this study.

    >>> import minimix as mm
    >>> found = mm.study.run("nothing", seeds=3, data="patterns10", workers=1, log=False)
    >>> len(found.rows()), found.failed
    (6, [])
    """
    study, place = _placed(name, folder)
    tell = functools.partial(print, flush=True) if log else (lambda line: None)
    if dask is not None and not (isinstance(dask, str) and dask.strip()):
        raise ValueError(f"dask: expected a scheduler's address, such as tcp://host:8786, or {cluster.LOCAL!r}, not {dask!r}")
    asked = {"data": data, "seeds": seeds, "images": images, "epochs": epochs, "width": width}
    asked = {key: value for key, value in asked.items() if value is not None}
    options = Options(**{**study.defaults, **asked})
    allowed = None if budget is None else seconds(budget)
    study.check(options)
    options.check_data()
    workers = cores.usable() if workers is None else workers
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise ValueError(f"workers: expected a number of processes, 1 or more, not {workers!r}")
    place.mkdir(parents=True, exist_ok=True)
    with _alone(place):
        files.sweep(place)
        before = _folder.options_of(place, study, asked)
        if before is None and allowed is not None:
            options = _fitted(study, options, workers, allowed, tell)
        if before is not None and allowed is not None:
            tell("--budget counts when a study begins; this one goes on with the options that it has")
        options = before or options
        _folder.write(place, study, options, asked)
        tell(f"{study.name}: {study.question}")
        tell(f"{count(len(study.points(options)), 'point')}, {options.words()}: {count(len(study.jobs(options)), 'job')}")
        with Journal(place) as journal:
            results = Results(study, options, place, journal.entries)
            if results.missing or (retry and results.failed):
                options.check_data()  # of what was begun: it need not be what is asked for now
            _do(results, journal, _ended_by(dask, workers, tell), retry, tell)
        results.write()
    tell(f"results in {place}: results.csv, summary.csv, table.md, figure.png")
    if results.failed:
        tell(f"{count(len(results.failed), 'job')} failed: `--retry` does them again")
    return results


def show(name: str | Study, *, folder=None) -> Results:
    """What has been found so far, without doing anything. name, folder: as in ``run``.

    Raises FileNotFoundError where there is no such folder, StudyError where something else is in it.
    """
    study, place = _placed(name, folder)
    found = _folder.described(place)
    if found["study"] != study.name:
        raise _folder.StudyError(f"{place} holds the study {found['study']}, not {study.name}")
    return Results(study, Options(**found["options"]), place, Journal(place).entries)


def _placed(name: str | Study, folder) -> tuple[Study, Path]:
    """The study, and the folder where it is kept."""
    study = name if isinstance(name, Study) else named(name)
    return study, Path(HOME) / study.name if folder is None else Path(folder)


@contextlib.contextmanager
def _alone(place: Path):
    try:
        with locked(place):
            yield
    except RunLocked as error:
        raise RunLocked(
            f"the study in {place} is being done by {error.holder}: wait for its end, or take another --folder"
        ) from None


def _fitted(study: Study, options: Options, workers: int, allowed: float, tell) -> Options:
    """The options that fit into the seconds that are allowed. Times some steps, and says what is left out."""
    tell("timing some steps of each network")
    expect = functools.partial(budgets.expected, budgets.costs(study, options), workers=workers)
    fit = budgets.fitted(options, allowed, expect)
    less = [
        f"{getattr(fit, key)} of {getattr(options, key)} {key}"
        for key in ("seeds", "epochs")
        if getattr(fit, key) != getattr(options, key)
    ]
    left_out = f"to fit into {clock(allowed)}, only {' and '.join(less)}" if less else f"which fits into {clock(allowed)}"
    tell(f"all of it would take {clock(expect(options))}; {left_out}; expected: {clock(expect(fit))}")
    return fit


def _ended_by(dask: str | None, workers: int, tell):
    if dask is None:
        return functools.partial(pool.ended, workers=workers)
    return functools.partial(cluster.ended, address=dask, workers=workers, tell=tell)


def _do(results: Results, journal: Journal, ended_by, retry: bool, tell) -> None:
    again = {entry["key"] for entry in results.failed} if retry else set()
    jobs = [job for job in results.jobs if job.key not in journal.entries or job.key in again]
    kept = len(results.jobs) - len(jobs)
    if kept:
        tell(f"{count(kept, 'job')} of {len(results.jobs)} {'is' if kept == 1 else 'are'} done already")
    if not retry:
        taken = _taken(results.folder, jobs, journal, tell)
        jobs, kept = [job for job in jobs if job.key not in journal.entries], kept + taken
    progress = Progress(tell, len(jobs))
    ended: Generator[Ended, None, None] = ended_by(_distinct(jobs))
    with contextlib.closing(ended):
        try:
            for one in ended:
                journal.add(_entry(one))
                progress.ended(one)
        except KeyboardInterrupt:
            tell(f"stopped: {count(kept + progress.done, 'job')} of {len(results.jobs)} are kept; the same command goes on")
            raise


def _taken(place: Path, jobs: list[Job], journal: Journal, tell) -> int:
    """How many of the jobs have been done by other studies: their results are this one's, too."""
    beside = list(neighbours.done(place, jobs))
    for _, ended in beside:
        journal.add(_entry(ended))
    if beside:
        names = ", ".join(sorted({name for name, _ in beside}))
        tell(f"{count(len(beside), 'job')} of {len(jobs)} {'is' if len(beside) == 1 else 'are'} done already in {names}")
    return len(beside)


def _distinct(jobs: list[Job]) -> list[Job]:
    """Two points may have one and the same configuration."""
    return list({job.key: job for job in jobs}.values())


def _entry(ended: Ended) -> dict:
    return {**dataclasses.asdict(ended.job), "key": ended.job.key, "result": ended.result, "error": ended.error,
            "seconds": round(ended.seconds, 3)}  # fmt: skip
