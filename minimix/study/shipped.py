"""The results of the large runs, which come with minimix: a folder each of ``docs/studies`` in the repository.

They are read from study.json and results.csv, from which claims, tables and figures follow anew.
"""

import csv
import tempfile
from pathlib import Path

import minimix
from minimix.study.folder import StudyError, described
from minimix.study.options import Options
from minimix.study.results import Results
from minimix.study.run import named, run
from minimix.study.study import Study

PACKAGE = Path(minimix.__file__).parent
PLACES = PACKAGE / "studies", PACKAGE.parent / "docs" / "studies"  # in an installed package, and beside it in the repository
FILE = "results.csv"


def stored(name: str | Study, instead: dict | None = None) -> Results:
    """What the large run of a study has found.

    name: of one of ``STUDIES``, or a ``Study`` of your own. instead: where there are no such results here, options of ``run``,
        for a small run in their place; a line says so.

    Raises ValueError for an unknown name, FileNotFoundError where there are no results and nothing is to be done instead,
    StudyError where the files are not those of this study.
    """
    study = name if isinstance(name, Study) else named(name)
    for place in PLACES:
        if (place / study.name / FILE).exists():
            return read(place / study.name, study)
    where = f"the results of a large run of {study.name} come with minimix's repository, in docs/studies/{study.name}"
    if instead is None:
        raise FileNotFoundError(f"{where}; they are not here: `minimix study run {study.name}` makes your own")
    print(f"{where}; they are not here: a small run instead")
    with tempfile.TemporaryDirectory() as folder:
        return run(study, folder=Path(folder) / study.name, **{"log": False, **instead})


def read(folder: Path, study: Study) -> Results:
    """The results in a folder, from its study.json and results.csv alone.

    Raises FileNotFoundError where one is missing, StudyError where they are of another study, or make no sense.
    """
    found = described(folder)
    if found["study"] != study.name:
        raise StudyError(f"{folder} holds the study {found['study']}, not {study.name}")
    results = Results(study, Options(**found["options"]), folder, {})
    jobs = {(job.family, job.name, job.seed): job for job in results.jobs}
    with open(folder / FILE, newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            try:
                job = jobs[row.pop("family"), row.pop("name"), int(row.pop("seed"))]
                error = row.pop("error")
                result = {key: _value(text) for key, text in row.items() if text}
                if None in row or not (error or "accuracy" in result):  # more cells than headings, or nothing in them
                    raise ValueError
            except (KeyError, ValueError, TypeError):
                raise StudyError(f"{folder / FILE}, line {number}, is of no job of the study {study.name}") from None
            results.entries[job.key] = {"key": job.key, "family": job.family, "name": job.name, "seed": job.seed,
                                        "config": job.config, "result": None if error else result, "error": error}  # fmt: skip
    return results


def _value(text: str) -> int | float | str:
    """
    >>> _value("12"), _value("0.5"), _value("1-3-5")
    (12, 0.5, '1-3-5')
    """
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text
