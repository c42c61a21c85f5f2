"""Two processes that train at once, over one after the other: ``python -m benchmarks.at_once [--threads 2]``.

Where threads wait for one another by spinning, a second process on the same cores costs far more than its share: 1.0 is best,
since two processes of two threads have twice the work for two cores. Each trains ``mixnet_nano``, batch 128.
"""

import argparse
import contextlib
import statistics
import subprocess
import sys
import time

from benchmarks import common


def worker(threads: int, steps: int) -> None:
    """Runs in a process of its own: gets ready, waits for a line, and makes its steps."""
    import minimix as mm
    from benchmarks.workloads import training_step

    mm.set_num_threads(threads)
    step = training_step("mixnet_nano", *common.pictures(128, 32))
    step(), step()
    for word in ("ready", "done"):
        print(word, flush=True)
        if word == "ready" and sys.stdin.readline():
            for _ in range(steps):
                step()


def spent(processes: int, threads: int, steps: int, cache=None, folder=None) -> float:
    """Seconds from the moment when all of them may begin to the moment when the last has done its steps."""
    command = [sys.executable, "-m", "benchmarks.at_once", "--worker", "--threads", str(threads), "--steps", str(steps)]
    options = {"env": common.surroundings(threads, cache), "cwd": folder, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(common.process(command, **options)) for _ in range(processes)]
        for one in running:
            _expect("ready", one)
        start = time.perf_counter()
        for one in running:
            one.stdin.write("\n")
            one.stdin.flush()
        for one in running:
            _expect("done", one)
        return time.perf_counter() - start


def _expect(word: str, process) -> None:
    if (line := process.stdout.readline()).strip() != word:
        raise SystemExit(f"a process that should train said {line.strip()!r} instead of {word!r}; see its error above")


def ratio(threads: int, steps: int, cache=None, folder=None) -> float:
    """Time of two at once over that of one after the other."""
    first = spent(1, threads, steps, cache, folder)
    together = spent(2, threads, steps, cache, folder)
    return together / (first + spent(1, threads, steps, cache, folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2, help="of each process")
    parser.add_argument("--steps", type=int, default=30, help="of each process, batch 128")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return worker(options.threads, options.steps)
    common.end_tidily()
    spent(1, options.threads, 1)  # so that compiled kernels lie ready
    ratios = [ratio(options.threads, options.steps) for _ in range(options.rounds)]
    print(
        f"two processes at once, {options.threads} threads each, over one after the other: {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f}..{max(ratios):.2f})"
    )


if __name__ == "__main__":
    main()
