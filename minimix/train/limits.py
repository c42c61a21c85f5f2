"""How many threads work while a run lasts."""

import contextlib

from minimix.kernels.threads import get_num_threads, set_num_threads


@contextlib.contextmanager
def limited(threads: int | None = None):
    """Within it, kernels run on ``threads`` threads (None: as before), and NumPy's BLAS on one.

    The kernels share matrix products among minimix's threads themselves. BLAS's own threads, once woken, spin for some
    milliseconds after each product, on the cores that the next kernel needs.

    >>> import minimix as mm
    >>> with limited(threads=1):
    ...     mm.get_num_threads()
    1
    """
    from threadpoolctl import threadpool_limits

    before = get_num_threads()
    with threadpool_limits(limits=1, user_api="blas"):
        if threads is not None:
            set_num_threads(threads)
        try:
            yield
        finally:
            set_num_threads(before)
