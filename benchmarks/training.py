"""A training step of ``mixnet_nano`` beside PyTorch: speed, scaling, memory, and how long the first step takes.

    python -m benchmarks.training [--batch 128] [--no-compile]

Every measurement is a process of its own (so that memory is its own, and no library's idle threads disturb another), and the
sides take turns. A step is: gradients to None, forward, cross-entropy, backward, Nesterov SGD with momentum and weight decay.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time

from benchmarks import common

SIDES = ("minimix", "torch NCHW", "torch channels_last", "torch channels_last compiled")


def worker(side: str, threads: int, batch: int, seconds: float, first_only: bool) -> dict:
    """Runs in a process of its own."""
    began = time.perf_counter()
    import numpy as np

    images = np.random.default_rng(0).standard_normal((batch, 3, 32, 32)).astype(np.float32)
    labels = np.arange(batch) % 10
    step = _minimix_step(images, labels, threads) if side == "minimix" else _torch_step(side, images, labels, threads)
    step()
    first = time.perf_counter() - began
    result = {"first_step_s": first}
    if not first_only:
        result |= common.measure(step, seconds)
    return result | {"peak_mb": common.peak_mb()}


def _minimix_step(images, labels, threads):
    import numpy as np

    import minimix as mm
    import minimix.functional as F
    from minimix import models, optim

    mm.set_num_threads(threads)
    mm.manual_seed(0)
    model = models.create("mixnet_nano")
    optimizer = optim.SGD(optim.decay_groups(model, 5e-4), lr=0.01, momentum=0.9, nesterov=True)
    x = mm.Tensor(np.ascontiguousarray(images.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2))

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), labels, label_smoothing=0.1).backward()
        optimizer.step()

    return step


def _torch_step(side, images, labels, threads):
    import torch
    import torch.nn.functional as TF

    from benchmarks.torch_nano import mixnet_nano

    torch.set_num_threads(threads)
    memory_format = torch.channels_last if "channels_last" in side else torch.contiguous_format
    model = mixnet_nano().to(memory_format=memory_format)
    kernels = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": kernels, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, lr=0.01, momentum=0.9, nesterov=True)
    x, y = torch.tensor(images).contiguous(memory_format=memory_format), torch.tensor(labels)
    call = torch.compile(model) if "compiled" in side else model

    def step():
        optimizer.zero_grad(set_to_none=True)
        TF.cross_entropy(call(x), y, label_smoothing=0.1).backward()
        optimizer.step()

    return step


def spawn(side, threads, batch, seconds, first_only=False, cache=None) -> dict:
    """Run ``worker`` in a new process."""
    arguments = ["--worker", side, "--batch", batch, "--seconds", seconds, *(["--first-only"] if first_only else [])]
    return common.run_worker("benchmarks.training", arguments, threads, cache)


def run(batch: int, compiled: bool, rounds: int, seconds: float) -> dict:
    sides = [side for side in SIDES if compiled or "compiled" not in side]
    spawn("minimix", 1, batch, 0, first_only=True)  # so that compiled kernels lie ready
    steps = {f"{side}, {threads}": [] for side in sides for threads in (1, 2)}
    for _ in range(rounds):
        for name in steps:
            side, threads = name.rsplit(", ", 1)
            steps[name].append(spawn(side, int(threads), batch, seconds))
            print(".", end="", flush=True)
    with tempfile.TemporaryDirectory() as empty:
        cold = spawn("minimix", 2, batch, 0, first_only=True, cache=empty)["first_step_s"]
    warm = [spawn("minimix", 2, batch, 0, first_only=True)["first_step_s"] for _ in range(rounds)]
    imports = [_import_seconds() for _ in range(rounds + 1)][1:]
    print()
    return {
        "batch": batch,
        "steps": {name: common.merged(r) | {"peak_mb": max(p["peak_mb"] for p in r)} for name, r in steps.items()},
        "first_step_empty_cache_s": cold,
        "first_step_warm_s": sorted(warm)[len(warm) // 2],
        "import_s": sorted(imports)[len(imports) // 2],
    }


def _import_seconds() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import minimix"], check=True)
    return time.perf_counter() - start


def report(results: dict) -> str:
    batch, steps = results["batch"], results["steps"]
    speed = {name: batch / step["median"] * 1e3 for name, step in steps.items()}
    lines = [
        [
            name,
            f"{step['median']:.1f}",
            f"{step['low']:.1f}..{step['high']:.1f}",
            f"{speed[name]:.0f}",
            f"{step['peak_mb']:.0f}",
        ]
        for name, step in steps.items()
    ]
    text = [common.table(["side, threads", "ms/step", "rounds", "images/s", "peak MB"], lines)]
    for threads in (1, 2):
        peers = {n: s for n, s in speed.items() if n.startswith("torch") and n.endswith(f", {threads}")}
        best = max(peers, key=peers.get)
        text.append(
            f"{threads} threads: {speed[f'minimix, {threads}'] / peers[best]:.2f} times the best PyTorch's images/s ({best})"
        )
    peer_memory = min(s["peak_mb"] for n, s in steps.items() if n.startswith("torch") and n.endswith(", 2"))
    text += [
        f"minimix, two threads over one: {speed['minimix, 2'] / speed['minimix, 1']:.2f}",
        f"peak memory over the least of PyTorch's, 2 threads: {steps['minimix, 2']['peak_mb'] / peer_memory:.2f}",
        f"first step, from the start of the process: {results['first_step_empty_cache_s']:.1f} s with no compiled "
        f"kernels, {results['first_step_warm_s']:.1f} s with kernels compiled before",
        f"import minimix, a whole process: {results['import_s']:.2f} s",
    ]
    return "\n".join(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of one measurement")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--worker", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--first-only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(worker(options.worker, options.threads, options.batch, options.seconds, options.first_only)))
        return
    results = run(options.batch, not options.no_compile, options.rounds, options.seconds)
    print(report(results))
    print("written:", common.save("training", results))


if __name__ == "__main__":
    main()
