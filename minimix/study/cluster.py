"""Jobs on other machines, by Dask: ``pip install "minimix[distributed]"``.

A job is a function of minimix and a small dict, so that workers need minimix and the data, nothing else; each reads the data
once. A worker that dies costs the time of its job: Dask gives it to another one.
"""

import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Generator, Iterable

import minimix
from minimix.study.job import Job
from minimix.study.pool import Ended, attempt
from minimix.words import some

LOCAL = "local"  # in place of an address: a cluster on this machine, for trying
WAIT = 10.0  # seconds for a scheduler to answer, and for its first worker


def ended(
    jobs: Iterable[Job], address: str, workers: int, tell: Callable[[str], object] = print
) -> Generator[Ended, None, None]:
    """As ``pool.ended``, on a Dask cluster. workers: of a local one. tell: takes a line for the user.

    Raises ImportError without Dask, ConnectionError where no scheduler listens at ``address``, or none does any more;
    RuntimeError for a cluster without workers, or of which some have another version of minimix, or none.
    """
    try:
        from distributed import Client, LocalCluster, as_completed
    except ImportError:
        raise ImportError('--dask needs Dask: pip install "minimix[distributed]"') from None
    cluster = None
    if address == LOCAL:
        with _deaf():
            cluster = LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL
            )
    try:
        client = Client(cluster or address, timeout=WAIT)
    except (OSError, ValueError, TimeoutError) as error:
        raise ConnectionError(f"--dask: no scheduler answers at {address}: {error}") from None
    over = threading.Event()
    threading.Thread(target=_watch, args=(client, tell, over), name="minimix", daemon=True).start()
    try:
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # that it has lost its scheduler is told below
        _same_versions(client)
        waiting = {}
        for job in jobs:
            waiting[client.submit(_timed, job.config, minimix.__version__, pure=False, retries=2)] = job
        for future in as_completed(list(waiting)):
            job = waiting.pop(future)
            if future.status == "finished":
                yield Ended(job, *future.result())
            elif future.status == "error":
                _same_versions(client)  # a worker that came later and has another fails quickly, and would get all the jobs
                reason = future.exception()
                yield Ended(job, None, f"{type(reason).__name__}: {reason}".splitlines()[0], 0.0)
            else:
                raise ConnectionError(
                    f"--dask: the scheduler at {address} is gone; what is done is kept, and the same command goes on"
                )
            future.release()
    finally:
        over.set()
        client.close()
        if cluster is not None:
            cluster.close()


def _watch(client, tell: Callable[[str], object], over: threading.Event) -> None:
    """Say it, each time when the last worker has gone: Dask waits for another one without a word."""
    alone = False
    while not over.wait(WAIT):
        before = alone
        try:
            alone = not client.ncores()
        except Exception:  # the scheduler is gone, too: that is told where results are waited for
            return
        if alone and not before:
            tell(
                "--dask: no worker is left; the study goes on when one comes (`dask worker ADDRESS --nthreads 1`), and Ctrl-C "
                "keeps what is done"
            )


@contextlib.contextmanager
def _deaf():
    """Processes that are begun within it do not hear Ctrl-C, which reaches all of a terminal: the coordinator ends them."""
    if threading.current_thread() is not threading.main_thread():  # the only one that may say so
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _same_versions(client) -> None:
    try:
        client.wait_for_workers(1, timeout=WAIT)
    except TimeoutError:
        raise RuntimeError("--dask: the scheduler has no workers: start some with `dask worker ADDRESS --nthreads 1`") from None
    found = client.run(_version, on_error="return")
    others = [
        f"{worker} has {'no minimix with studies' if isinstance(version, Exception) else version}"
        for worker, version in found.items()
        if version != minimix.__version__
    ]
    if others:
        raise RuntimeError(f"--dask: this is minimix {minimix.__version__}, but {some(others, 3)}: install the same everywhere")


def _version() -> str:
    from minimix import __version__

    return __version__


def _timed(config: dict, version: str) -> tuple[dict | None, str, float]:
    """version: the coordinator's. A worker may have joined after all others were asked for theirs."""
    import time

    if minimix.__version__ != version:
        raise RuntimeError(f"its worker has minimix {minimix.__version__}, not {version}")
    began = time.monotonic()
    minimix.set_num_threads(1)
    result, error = attempt(config)
    return result, error, time.monotonic() - began
