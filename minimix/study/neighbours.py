"""Jobs that another study has done already: several of the paper's figures have points in common.

A job's numbers follow from its configuration alone, so that it does not matter which study asked for them; but they do depend
on minimix, and in their last digits on NumPy and Numba.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from minimix.study.folder import EARLIER, FILE, StudyError, described, environment
from minimix.study.job import KINDS, Job
from minimix.study.journal import Journal, JournalError
from minimix.study.pool import Ended


def done(place: Path, jobs: Iterable[Job]) -> Iterator[tuple[str, Ended]]:
    """(folder's name, what came of a job), for those of the jobs that have a result in a folder beside ``place``.

    Folders of another version, of other versions of what it needs or from another commit, if only in part, are passed over;
    all of them where files have changed since the commit; and jobs of kinds that are not minimix's own, whose code may have
    changed.
    """
    wanted = {job.key: job for job in jobs if job.config["job"] in KINDS}
    now = environment()
    if (now["commit"] or "").endswith("+"):  # what was changed, and whether it was the same then, nobody knows
        return
    for folder in sorted(path.parent for path in place.resolve().parent.glob(f"*/{FILE}") if path.parent != place.resolve()):
        try:
            found = described(folder)
            if found.get(EARLIER) or any(found.get(name) != value for name, value in now.items()):
                continue
            entries = Journal(folder).entries
        except (OSError, StudyError, JournalError):  # no business of this study
            continue
        for key in wanted.keys() & {key for key, entry in entries.items() if entry["result"] is not None}:
            yield folder.name, Ended(wanted.pop(key), entries[key]["result"], "", entries[key]["seconds"])
