"""What the reader's machine does: the time of each layer of a network, and how fast it computes and copies at best."""

import copy
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from minimix import get_num_threads, nn, no_grad
from minimix.tensor import Tensor

LAYERS = (nn.Conv2d, nn.PointwiseConv2d, nn.DepthwiseConv2d, nn.MixConv2d, nn.SqueezeExcite, nn.BatchNorm2d, nn.Linear)
SIDE = 512  # of the matrices that are multiplied: large enough for BLAS to be at its best
SMALL, LARGE = 2**18, 2**25  # bytes that each thread copies from and to: what fits a core's cache, and what fits none


class LayerTime(NamedTuple):
    """seconds: of the fastest round, which nothing else on the machine disturbed. bytes: of its input, its output and its
    weights, each once."""

    seconds: float
    bytes: int


def layer_times(models: Mapping[str, nn.Module], x, rounds: int = 9) -> dict[str, dict[str, LayerTime]]:
    """{model: {layer: LayerTime}} of each convolution, batch norm, squeeze-and-excite and linear layer, by the names of
    ``mm.profile``.

    models: {name: model}. They run on ``x`` (N, C, H, W) in evaluation, in turns, so that a moment in which the machine is slow
    meets all of them: ``rounds`` times each, after a first one. Each layer is timed where it stands: what it reads was written
    just before. Blocks run layer by layer, not in one kernel. The models are not changed.

    >>> import minimix as mm
    >>> found = layer_times({"nano": mm.models.create("mixnet_nano")}, np.zeros((1, 3, 32, 32), np.float32), rounds=1)
    >>> found["nano"]["conv_stem"].bytes == 4 * (3 * 32 * 32 + 16 * 32 * 32 + 16 * 3 * 9)
    True
    """
    x = x if isinstance(x, Tensor) else Tensor(x)
    copies = {name: _Watched(model) for name, model in models.items()}
    with no_grad():
        for turn in range(rounds + 1):
            for watched in copies.values():
                watched.model(x)
                if turn == 0:
                    watched.seconds.clear()
    return {
        name: {layer: LayerTime(seconds, watched.bytes[layer]) for layer, seconds in watched.seconds.items()}
        for name, watched in copies.items()
    }


class _Watched:
    """A copy of a model that notes the shortest time of each of its layers, and the bytes that it touches."""

    def __init__(self, model: nn.Module):
        self.model = copy.deepcopy(model).eval()
        self.seconds: dict[str, float] = {}
        self.bytes: dict[str, int] = {}
        for name, module in self.model.named_modules():
            if isinstance(module, nn.MixBlock):
                module.fused = False
            if isinstance(module, LAYERS):
                self._watch(name, module)

    def _watch(self, name: str, module: nn.Module) -> None:
        forward = module.forward
        weights = sum(parameter.data.nbytes for parameter in module.parameters())

        def timed(x, **options):
            start = time.perf_counter()
            output = forward(x, **options)
            seconds = time.perf_counter() - start
            self.seconds[name] = min(seconds, self.seconds.get(name, seconds))
            self.bytes[name] = x.data.nbytes + output.data.nbytes + weights
            return output

        module.forward = timed


class Ceilings(NamedTuple):
    """compute: GFLOP/s. memory: {"cache": GB/s, "memory": GB/s}. As ``viz.roofline`` takes them."""

    compute: float
    memory: dict[str, float]


def ceilings(rounds: int = 60) -> Ceilings:
    """The most that this machine was seen to do, with at most as many threads as minimix uses.

    compute: a product of two float32 matrices of 512 x 512 by NumPy's BLAS, two operations a multiply-add.
    memory: copies, each byte counted as read and as written, of 256 KiB a thread ("cache") and of 32 MiB ("memory").
    Each is the best of ``rounds`` that last a few milliseconds, so that one of them falls into a moment in which the machine
    has nothing else to do. In all it takes about two seconds.

    >>> found = ceilings(rounds=1)
    >>> found.compute > 0 and list(found.memory) == ["cache", "memory"]
    True
    """
    from threadpoolctl import threadpool_limits

    a = np.random.default_rng(0).standard_normal((SIDE, SIDE)).astype(np.float32)
    product = np.empty_like(a)
    best = []
    for threads in {1, get_num_threads()}:  # on a busy machine, one that runs is faster than two that wait for each other
        with threadpool_limits(threads):
            best.append(min(_seconds(lambda: np.matmul(a, a, out=product)) for _ in range(1 + rounds)))
    memory = {name: _bandwidth(size, rounds) for name, size in (("cache", SMALL), ("memory", LARGE))}
    return Ceilings(2 * SIDE**3 / min(best) / 1e9, memory)


def _bandwidth(size: int, rounds: int) -> float:
    """GB/s of all threads together, each with arrays of its own of ``size`` bytes, which it copies until it has done LARGE."""
    threads, times = get_num_threads(), LARGE // size
    pairs = [(np.ones(size // 4, np.float32), np.zeros(size // 4, np.float32)) for _ in range(threads)]

    def work(pair):
        source, target = pair
        for _ in range(times):
            np.copyto(target, source)

    with ThreadPoolExecutor(threads) as pool:
        seconds = min(_seconds(lambda: list(pool.map(work, pairs))) for _ in range(1 + rounds))
    return 2 * LARGE * threads / seconds / 1e9


def _seconds(function) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
