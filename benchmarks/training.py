"""A training step beside PyTorch: speed, scaling, memory, and how long the first step takes.

    python -m benchmarks.training [--no-compile] [--no-avx2]    # mixnet_nano on pictures of 32x32, batch 128
    python -m benchmarks.training --model mixnet_s              # as in fine-tuning: 224x224, batch 8

Where the processor has AVX-512, all is measured a second time with AVX2 alone, which is what most laptops have. Every
measurement is a process of its own (so that memory is its own, and no library's idle threads disturb another), and the sides
take turns. A step is: gradients to None, forward, cross-entropy, backward, Nesterov SGD with momentum and weight decay.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

from benchmarks import avx2, common

SIDES = ("minimix", "torch NCHW", "torch channels_last", "torch channels_last compiled")
MODELS = {"mixnet_nano": (32, 128), "mixnet_s": (224, 8), "mixnet_m": (224, 8)}  # size of the pictures, batch


def worker(side: str, model: str, rows: str, size: int, batch: int, threads: int, seconds: float, first_only: bool) -> dict:
    """Runs in a process of its own."""
    began = time.perf_counter()
    images, labels = common.pictures(batch, size)
    if side == "minimix":
        step = _minimix_step(model, images, labels, threads)
    else:
        step = _torch_step(side, model, rows, images, labels, threads)
    step()
    result = {"first_step_s": time.perf_counter() - began}
    if not first_only:
        result |= common.measure(step, seconds)
    return result | {"peak_mb": common.peak_mb(), "vectors": _vectors(side)}


def _minimix_step(model, images, labels, threads):
    import minimix as mm
    from benchmarks.workloads import training_step

    mm.set_num_threads(threads)
    return training_step(model, images, labels)


def _torch_step(side, model, rows, images, labels, threads):
    import torch
    import torch.nn.functional as TF

    from benchmarks import torch_mixnet

    torch.set_num_threads(threads)
    memory_format = torch.channels_last if "channels_last" in side else torch.contiguous_format
    model = torch_mixnet.create(model, rows).to(memory_format=memory_format)
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


def _vectors(side: str) -> str:
    """In which registers this process computes, as far as each library tells."""
    if side == "minimix":
        from minimix.info import vectors_used

        return vectors_used()
    import torch

    return torch.backends.cpu.get_cpu_capability()


class Spawner(NamedTuple):
    """Runs ``worker`` in new processes, all for the same network and batch. machine: what they are told of the processor."""

    model: str
    rows: str
    size: int
    batch: int
    seconds: float
    machine: dict

    def __call__(self, side: str, threads: int, first_only: bool = False, **machine) -> dict:
        arguments = ["--worker", side, "--model", self.model, "--rows", self.rows, "--size", self.size]
        arguments += ["--batch", self.batch, "--seconds", self.seconds, *(["--first-only"] if first_only else [])]
        return common.run_worker("benchmarks.training", arguments, threads, **(self.machine | machine))


def run(model: str, size: int, batch: int, compiled: bool, narrow: bool, rounds: int, seconds: float) -> dict:
    """narrow: measure with AVX2 alone, too."""
    from benchmarks.workloads import rows_of

    sides = [side for side in SIDES if compiled or "compiled" not in side]
    names = [f"{side}, {threads}" for side in sides for threads in (1, 2)]
    with contextlib.ExitStack() as stack:
        spawn = Spawner(model, rows_of(model), size, batch, seconds, {})
        spawners = {"steps": spawn}
        if narrow:
            spawners["steps_avx2"] = spawn._replace(machine=stack.enter_context(avx2.restricted()))
        for one in spawners.values():
            one("minimix", 2, first_only=True)  # so that compiled kernels lie ready
        steps = {which: {name: [] for name in names} for which in spawners}
        for _ in range(rounds):
            for name in names:
                side, threads = name.rsplit(", ", 1)
                for which, one in spawners.items():
                    steps[which][name].append(one(side, int(threads)))
                    print(".", end="", flush=True)
    for name, workers in steps.get("steps_avx2", {}).items():
        if any(avx2.wide(one["vectors"]) for one in workers):
            raise SystemExit(f"{name} computed with {workers[0]['vectors']}, although it was told to use AVX2")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as empty:
        cold = spawn("minimix", 2, first_only=True, cache=empty)["first_step_s"]
    warm = [spawn("minimix", 2, first_only=True)["first_step_s"] for _ in range(rounds)]
    imports = [_import_seconds() for _ in range(rounds + 1)][1:]
    print()
    merged = {
        which: {
            name: common.merged(r) | {"peak_mb": max(p["peak_mb"] for p in r), "vectors": r[0]["vectors"]}
            for name, r in found.items()
        }
        for which, found in steps.items()
    }
    return {
        "model": model,
        "size": size,
        "batch": batch,
        **merged,
        "first_step_empty_cache_s": cold,
        "first_step_warm_s": statistics.median(warm),
        "import_s": statistics.median(imports),
    }


def _import_seconds() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import minimix"], check=True)
    return time.perf_counter() - start


def report(results: dict) -> str:
    batch, steps, narrow = results["batch"], results["steps"], results.get("steps_avx2", {})
    header = ["side, threads", "ms/step", "rounds", "images/s", "peak MB", "vectors"]
    lines = []
    for name, step in steps.items():
        line = [name, f"{step['median']:.1f}", f"{step['low']:.1f}..{step['high']:.1f}", f"{images_a_second(batch, step):.0f}"]
        line += [f"{step['peak_mb']:.0f}", step["vectors"]]
        if narrow:
            line += [f"{narrow[name]['median']:.1f}", f"{images_a_second(batch, narrow[name]):.0f}"]
        lines.append(line)
    text = [
        f"{results['model']}, pictures of {results['size']}x{results['size']}, batch {batch}",
        common.table(header + (["AVX2 ms/step", "AVX2 images/s"] if narrow else []), lines),
        *beside_torch(batch, steps, ""),
        *(beside_torch(batch, narrow, "AVX2, ") if narrow else []),
    ]
    peer_memory = min(s["peak_mb"] for n, s in steps.items() if n.startswith("torch") and n.endswith(", 2"))
    text += [
        f"peak memory over the least of PyTorch's, 2 threads: {steps['minimix, 2']['peak_mb'] / peer_memory:.2f}",
        f"first step, from the start of the process: {results['first_step_empty_cache_s']:.1f} s with no compiled "
        f"kernels, {results['first_step_warm_s']:.1f} s with kernels compiled before",
        f"import minimix, a whole process: {results['import_s']:.2f} s",
    ]
    return "\n".join(text)


def images_a_second(batch: int, step: dict) -> float:
    return batch / step["median"] * 1e3


def beside_torch(batch: int, steps: dict, which: str) -> list[str]:
    """A line for each number of threads, and one for what the second thread is worth."""
    speed, text = {name: images_a_second(batch, step) for name, step in steps.items()}, []
    for threads in (1, 2):
        peers = {n: s for n, s in speed.items() if n.startswith("torch") and n.endswith(f", {threads}")}
        best = max(peers, key=peers.get)
        times = speed[f"minimix, {threads}"] / peers[best]
        text.append(f"{which}{threads} threads: {times:.2f} times the best PyTorch's images/s ({best})")
    return [*text, f"{which}minimix, two threads over one: {speed['minimix, 2'] / speed['minimix, 1']:.2f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=MODELS, default="mixnet_nano")
    parser.add_argument("--size", type=int, help="of the pictures, in pixels (32 for mixnet_nano, 224 for the others)")
    parser.add_argument("--batch", type=int, help="pictures a step (128 for mixnet_nano, 8 for the others)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of one measurement")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--no-avx2", action="store_true", help="leave the column for processors without AVX-512 out")
    parser.add_argument("--worker", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--rows", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--first-only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    usual_size, usual_batch = MODELS[options.model]
    size, batch = options.size or usual_size, options.batch or usual_batch
    if options.worker:
        subject = options.model, options.rows, size, batch
        print(json.dumps(worker(options.worker, *subject, options.threads, options.seconds, options.first_only)))
        return
    common.need_torch()
    common.end_tidily()
    narrow = avx2.differs() and not options.no_avx2
    results = run(options.model, size, batch, not options.no_compile, narrow, options.rounds, options.seconds)
    print(report(results))
    if not avx2.differs():
        print("no column for AVX2: this processor has no AVX-512, which is left out there")
    name = "training" if options.model == "mixnet_nano" else f"training-{options.model}"
    print("written:", common.save(name, results))


if __name__ == "__main__":
    main()
