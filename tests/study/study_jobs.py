"""Jobs for tests: they end as their names say."""

import os
import signal
import time
from pathlib import Path

import numpy as np


def numbers(value: float, seed: int) -> dict:
    return {"accuracy": value + seed * 0.25, "validation": value, "macs": 10, "params": 20}


def fails(seed: int) -> dict:
    raise ValueError(f"seed {seed} is of no use\nand more lines")


def no_memory(seed: int) -> dict:
    raise MemoryError


def dies(seed: int) -> dict:
    os.kill(os.getpid(), signal.SIGKILL)


def exits(seed: int) -> dict:
    os._exit(3)


def once_works(flag: str, seed: int) -> dict:
    """Fails until the file ``flag`` is there."""
    if not Path(flag).exists():
        raise RuntimeError("not yet")
    return numbers(1.0, seed)


def slow(seconds: float, seed: int) -> dict:
    time.sleep(seconds)
    return numbers(2.0, seed)


def who(seed: int) -> dict:
    import minimix as mm

    return {"process": os.getpid(), "threads": mm.get_num_threads()}


def dies_once(flag: str, seed: int) -> dict:
    if not Path(flag).exists():
        Path(flag).touch()
        os._exit(1)
    return numbers(4.0, seed)


def alone(seed: int) -> dict:
    return {"accuracy": np.float32(50 + seed)}  # NumPy's numbers are numbers


def empty(seed: int) -> dict:
    return {}


def grows(value: float, seed: int) -> dict:
    return numbers(value, seed) | {"macs": 10 * (seed + 1)}


def hears(seed: int) -> dict:
    """1 where Ctrl-C would be heard."""
    return {"accuracy": float(signal.getsignal(signal.SIGINT) != signal.SIG_IGN)}
