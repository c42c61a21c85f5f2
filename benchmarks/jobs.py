"""What a job costs the coordinator of a study, beside its work: ``python -m benchmarks.jobs [--jobs 10000] [--dask]``.

The jobs have nothing to do, so that all the time is overhead: sending a configuration, receiving numbers, writing them down.
"""

import argparse
import tempfile
import time

from minimix.study import Options, Point, Study, run
from minimix.study.cluster import LOCAL
from minimix.study.paper import STUDIES

POINTS = 10


def study() -> Study:
    """Some points that have nothing to do."""
    points = [Point("nothing", str(x), x, {"job": "nothing", "name": str(x)}) for x in range(POINTS)]
    nothing = STUDIES["nothing"]
    return Study("empty", "Empty jobs", "no paper", nothing.question, lambda options: points, lambda found: [], nothing.figure,
                 defaults={"data": "patterns10"})  # fmt: skip


def measure(jobs: int, dask: str | None, workers: int) -> tuple[float, float]:
    """(seconds of wall time, seconds of the coordinator's processor time), for all jobs and the files in the end."""
    with tempfile.TemporaryDirectory() as folder:
        wall, own = time.perf_counter(), time.process_time()
        found = run(study(), seeds=jobs // POINTS, workers=workers, dask=dask, folder=folder, log=False)
        assert len(found.rows()) == jobs // POINTS * POINTS
        return time.perf_counter() - wall, time.process_time() - own


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--dask", action="store_true", help="on a Dask cluster of this machine, too")
    options = parser.parse_args()
    jobs = max(1, options.jobs // POINTS) * POINTS
    Options("patterns10", seeds=jobs // POINTS)  # refuses, before anything is started
    print(f"{jobs:,} jobs that have nothing to do, {options.workers} workers")
    for name, dask in (("processes", None), ("Dask", LOCAL))[: 1 + options.dask]:
        wall, own = measure(jobs, dask, options.workers)
        print(f"{name:<10} {1e3 * wall / jobs:.2f} ms a job, {1e3 * own / jobs:.2f} ms of it the coordinator's processor time")


if __name__ == "__main__":
    main()
