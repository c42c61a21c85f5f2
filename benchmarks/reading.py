"""From a file of PyTorch's to a network with its weights, beside PyTorch with timm: one process each, imports and all.

    python -m benchmarks.reading [--model mobilenetv2_100]

The weights are timm's initial ones, in both of PyTorch's layouts. The sides take turns, and after each the sum of all weights
that the network holds is compared.
"""

import argparse
import json
import pathlib
import statistics
import tempfile
import time

from benchmarks import common

SIDES = ("minimix", "torch + timm")
LAYOUTS = {"zip": True, "legacy": False}  # whether it is the newer one


def prepare(name: str, folder: pathlib.Path) -> None:
    """The weights in both layouts, into ``folder``; in a process of its own."""
    import torch

    from benchmarks import torch_mixnet

    torch.manual_seed(0)
    state = torch_mixnet.create(name, "").state_dict()
    for layout, is_new in LAYOUTS.items():
        torch.save(state, folder / f"{layout}.pth", _use_new_zipfile_serialization=is_new)


def worker(side: str, name: str, file: pathlib.Path) -> dict:
    """Runs in a process of its own: the sum of the weights' sizes, and the memory that it took."""
    if side == "minimix":
        import minimix as mm
        from minimix.weights.reading import read

        model = mm.models.create(name)
        model.load_state_dict(read(file).entries)
        total = sum(float(abs(parameter.data).sum()) for parameter in model.parameters())
    else:
        import torch

        from benchmarks import torch_mixnet

        model = torch_mixnet.create(name, "")
        model.load_state_dict(torch.load(file))
        total = sum(parameter.abs().sum().item() for parameter in model.parameters())
    return {"total": total, "peak_mb": common.peak_mb()}


def run(name: str, rounds: int) -> dict:
    found: dict = {(layout, side): [] for layout in LAYOUTS for side in SIDES}
    with tempfile.TemporaryDirectory() as folder:
        common.run_worker("benchmarks.reading", ["--prepare", "--model", name, "--folder", folder], 1)
        megabytes = pathlib.Path(folder, "zip.pth").stat().st_size / 1e6
        for _ in range(rounds):
            for (layout, side), measured in found.items():
                start = time.perf_counter()
                arguments = ["--worker", side, "--model", name, "--file", pathlib.Path(folder, f"{layout}.pth")]
                done = common.run_worker("benchmarks.reading", arguments, 1)
                measured.append(done | {"seconds": time.perf_counter() - start})
    totals = [one["total"] for measured in found.values() for one in measured]
    if max(totals) - min(totals) > 1e-4 * max(totals):
        raise SystemExit(f"the sides do not hold the same weights: {totals}")
    return {"model": name, "megabytes": megabytes, "sides": {" ".join(key): measured for key, measured in found.items()}}


def report(results: dict) -> str:
    seconds = {side: statistics.median(one["seconds"] for one in measured) for side, measured in results["sides"].items()}
    lines = [
        [side, f"{seconds[side]:.2f}", f"{max(one['peak_mb'] for one in measured):.0f}"]
        for side, measured in results["sides"].items()
    ]
    ratios = [f"{layout}: {seconds[f'{layout} {SIDES[1]}'] / seconds[f'{layout} {SIDES[0]}']:.1f}" for layout in LAYOUTS]
    return "\n".join(
        [
            f"{results['model']}, a file of {results['megabytes']:.0f} MB, from the start of the process to its end",
            common.table(["layout, side", "s", "peak MB"], lines),
            f"torch + timm / minimix: {', '.join(ratios)}",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="mobilenetv2_100", help="a name that timm knows, too")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--worker", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=pathlib.Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.prepare:
        prepare(options.model, options.folder)
        print("{}")
    elif options.worker:
        print(json.dumps(worker(options.worker, options.model, options.file)))
    else:
        common.need_torch()
        common.end_tidily()
        results = run(options.model, options.rounds)
        print(report(results))
        print("written:", common.save(f"reading-{options.model}", results))


if __name__ == "__main__":
    main()
