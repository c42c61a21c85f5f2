"""One picture through a network, beside PyTorch and ONNX Runtime: speed, memory, and that the logits are the same.

    python -m benchmarks.inference [--model mixnet_s] [--size 224] [--no-compile]

Networks are in evaluation mode, and all sides get the same weights. Every measurement is a process of its own, and the sides
take turns. ONNX Runtime is left out where it is not installed.
"""

import argparse
import importlib.util
import json
import pathlib
import tempfile

import numpy as np

from benchmarks import common

SIDES = ("minimix", "minimix folded", "torch NCHW", "torch channels_last", "torch channels_last compiled", "onnxruntime")


def prepare(name: str, size: int, folder: pathlib.Path) -> None:
    """Weights, a picture, PyTorch's logits and, where possible, the network as ONNX, into ``folder``; in its own process."""
    import torch

    import minimix as mm
    from benchmarks.workloads import rows_of

    (folder / "rows.json").write_text(rows_of(name))
    mm.manual_seed(0)
    mm.save_weights(mm.models.create(name), folder / "weights.safetensors")
    model, picture = _torch_network(name, folder), torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        np.savez(folder / "data.npz", picture=picture.numpy(), logits=model(picture).numpy())
    if not missing_for_onnx():
        torch.onnx.export(model, (picture,), folder / "model.onnx", dynamo=False)


def missing_for_onnx() -> list[str]:
    """What would have to be installed for ONNX Runtime's side."""
    return [needed for needed in ("onnxruntime", "onnx") if importlib.util.find_spec(needed) is None]


def _torch_network(name: str, folder: pathlib.Path):
    from safetensors.torch import load_file

    from benchmarks import torch_mixnet

    model = torch_mixnet.create(name, (folder / "rows.json").read_text()).eval()
    model.load_state_dict(load_file(folder / "weights.safetensors"))
    return model


def worker(side: str, name: str, threads: int, folder: pathlib.Path, seconds: float) -> dict:
    """Runs in a process of its own."""
    data = np.load(folder / "data.npz")
    sides = {"minimix": _minimix, "torch": _torch, "onnxruntime": _onnxruntime}
    call = sides[side.split()[0]](side, name, threads, folder, data["picture"])
    error = float(np.abs(call() - data["logits"]).max() / np.abs(data["logits"]).max())
    return common.measure(call, seconds) | {"error": error, "peak_mb": common.peak_mb()}


def _minimix(side, name, threads, folder, picture):
    import minimix as mm
    from benchmarks.workloads import prediction

    mm.set_num_threads(threads)
    model = mm.models.create(name).eval()
    mm.load_weights(model, folder / "weights.safetensors")
    return prediction(mm.fold_batch_norm(model) if "folded" in side else model, picture)


def _torch(side, name, threads, folder, picture):
    import torch

    torch.set_num_threads(threads)
    memory_format = torch.channels_last if "channels_last" in side else torch.contiguous_format
    model = _torch_network(name, folder).to(memory_format=memory_format)
    x = torch.tensor(picture).contiguous(memory_format=memory_format)
    run = torch.compile(model) if "compiled" in side else model

    def call():
        with torch.inference_mode():
            return run(x).numpy()

    return call


def _onnxruntime(side, name, threads, folder, picture):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: picture}
    return lambda: session.run(None, feed)[0]


def run(name: str, size: int, threads: int, compiled: bool, rounds: int, seconds: float) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        shared = ["--model", name, "--folder", folder, "--size", size, "--seconds", seconds]
        common.run_worker("benchmarks.inference", ["--prepare", *shared], threads)
        onnx = (pathlib.Path(folder) / "model.onnx").exists()
        sides = [s for s in SIDES if (compiled or "compiled" not in s) and (onnx or s != "onnxruntime")]
        found = {side: [] for side in sides}
        for _ in range(rounds):
            for side in sides:
                found[side].append(common.run_worker("benchmarks.inference", ["--worker", side, *shared], threads))
                print(".", end="", flush=True)
    print()
    sides = {
        side: common.merged(r) | {"peak_mb": max(p["peak_mb"] for p in r), "error": max(p["error"] for p in r)}
        for side, r in found.items()
    }
    return {"model": name, "size": size, "threads": threads, "sides": sides}


def report(results: dict) -> str:
    sides = results["sides"]
    lines = [
        [name, f"{s['median']:.1f}", f"{s['low']:.1f}..{s['high']:.1f}", f"{s['peak_mb']:.0f}", f"{s['error']:.0e}"]
        for name, s in sides.items()
    ]
    peers = {name: s for name, s in sides.items() if name.startswith("torch")}
    best = min(peers, key=lambda name: peers[name]["median"])
    memory = min(s["peak_mb"] for s in peers.values())
    text = [
        f"{results['model']}, one picture of {results['size']}x{results['size']}, {results['threads']} threads",
        common.table(["side", "ms", "rounds", "peak MB", "logits off by"], lines),
    ]
    for name in ("minimix", "minimix folded"):
        others = {f"best PyTorch ({best})": best} | ({"ONNX Runtime": "onnxruntime"} if "onnxruntime" in sides else {})
        ratios = [f"{other} / {name}: {sides[key]['median'] / sides[name]['median']:.2f}" for other, key in others.items()]
        text.append(f"{'; '.join(ratios)}; peak memory over the least of PyTorch's: {sides[name]['peak_mb'] / memory:.2f}")
    if "onnxruntime" not in sides:
        text.append(f"ONNX Runtime is left out: pip install {' '.join(missing_for_onnx())}")
    return "\n".join(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="mixnet_s", help="a MixNet, or with timm installed a name that both know")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one measurement")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--worker", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=pathlib.Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.prepare:
        prepare(options.model, options.size, options.folder)
        print("{}")
    elif options.worker:
        print(json.dumps(worker(options.worker, options.model, options.threads, options.folder, options.seconds)))
    else:
        common.need_torch()
        common.end_tidily()
        results = run(options.model, options.size, options.threads, not options.no_compile, options.rounds, options.seconds)
        print(report(results))
        print("written:", common.save(f"inference-{options.model}", results))


if __name__ == "__main__":
    main()
