"""A mixed depthwise layer, forward and backward, beside PyTorch: ``python -m benchmarks.layers [--threads 1] [--no-compile]``.

Each side gets its input in the memory order it likes best: PyTorch the better of NCHW and channels_last (and, apart, the
better of both compiled), minimix its own. "All" is forward, the input's gradient and the weights' gradients.

Two sets of rows: batches as in training, and few pictures (``--few`` alone), the layers of MixNet-S at 224.
"""

import argparse

import numpy as np

import minimix as mm
import minimix.functional as F
from benchmarks import common
from benchmarks.workloads import own_order
from minimix.partition import partition

#        N    C    H=W  kernels           dilations
SHAPES = (
    (64, 96, 32, (3,), (1,)),
    (64, 96, 32, (3, 5, 7, 9), (1, 1, 1, 1)),
    (64, 240, 16, (3, 5, 7, 9), (1, 1, 1, 1)),
    (64, 480, 8, (3, 5, 7, 9, 11), (1, 1, 1, 1, 1)),
    (64, 480, 4, (3, 5, 7, 9, 11), (1, 1, 1, 1, 1)),
    (64, 96, 32, (3, 3, 3, 3), (1, 2, 3, 4)),
    (8, 144, 56, (3, 5, 7), (1, 1, 1)),
)
ROWS = [(*shape, 1) for shape in SHAPES] + [(*shape, 2) for shape in SHAPES[:4]]

#    C    H=W  kernels      stride
MIXNET_S = (
    (96, 112, (3,), 2),
    (72, 56, (3,), 1),
    (144, 56, (3, 5, 7), 2),
    (240, 28, (3, 5), 1),
    (360, 14, (3, 5, 7, 9), 1),
    (720, 14, (3, 5, 7, 9, 11), 2),
    (1200, 7, (3, 5, 7, 9), 1),
)
FEW = (1, 2, 4, 8)  # pictures
FEW_ROWS = [(n, c, size, kernels, (1,) * len(kernels), stride) for n in FEW for c, size, kernels, stride in MIXNET_S]


def minimix_layer(x, weights, gradient, stride, dilations):
    """(forward, all) as functions to be timed."""
    x, gradient = mm.Tensor(own_order(x), requires_grad=True), own_order(gradient)
    weights = [mm.Tensor(w, requires_grad=True) for w in weights]

    def forward():
        with mm.no_grad():
            return F.mixconv2d(x, weights, stride, "same", list(dilations))

    def everything():
        x.grad = None
        for w in weights:
            w.grad = None
        F.mixconv2d(x, weights, stride, "same", list(dilations)).backward(gradient)

    return forward, everything


def torch_layer(x, weights, gradient, stride, dilations, channels_last, compiled):
    import torch
    import torch.nn.functional as TF

    memory_format = torch.channels_last if channels_last else torch.contiguous_format
    x = torch.tensor(x).contiguous(memory_format=memory_format).requires_grad_()
    gradient = torch.tensor(gradient).contiguous(memory_format=memory_format)
    sizes = [len(w) for w in weights]
    weights = [torch.tensor(w, requires_grad=True) for w in weights]

    def layer(x, weights):
        parts = x.split(sizes, 1) if len(sizes) > 1 else [x]
        out = [
            TF.conv2d(part, w, None, stride, (w.shape[-1] - 1) * d // 2, d, part.shape[1])
            for part, w, d in zip(parts, weights, dilations, strict=True)
        ]
        return torch.cat(out, 1) if len(out) > 1 else out[0]

    call = torch.compile(layer) if compiled else layer

    def forward():
        with torch.no_grad():
            return call(x, weights)

    def everything():
        x.grad = None
        for w in weights:
            w.grad = None
        call(x, weights).backward(gradient)

    return forward, everything


def run(rows: list, threads: int, compiled: bool, rounds: int, seconds: float) -> dict:
    import torch

    torch.set_num_threads(threads)
    mm.set_num_threads(threads)
    results = []
    for n, c, size, kernels, dilations, stride in rows:
        rng = np.random.default_rng(0)
        out = (size - 1) // stride + 1
        x, gradient = (rng.standard_normal((n, c, s, s)).astype(np.float32) for s in (size, out))
        weights = [
            rng.standard_normal((g, 1, k, k)).astype(np.float32)
            for g, k in zip(partition(c, len(kernels)), kernels, strict=True)
        ]
        sides = {"minimix": minimix_layer(x, weights, gradient, stride, dilations)}
        for kind in ("", " compiled") if compiled else ("",):
            for last in (False, True):
                name = ("channels_last" if last else "NCHW") + kind
                sides[name] = torch_layer(x, weights, gradient, stride, dilations, last, bool(kind))
        row = {
            "N": n,
            "C": c,
            "H": size,
            "kernels": kernels,
            "dilations": dilations,
            "stride": stride,
            "forward": {},
            "all": {},
        }
        for i, which in enumerate(("forward", "all")):
            timed = {name: [] for name in sides}
            for _ in range(rounds):  # in turns, so that a slow moment of the machine meets everybody
                for name, functions in sides.items():
                    timed[name].append(common.measure(functions[i], seconds))
            row[which] = {name: common.merged(r) for name, r in timed.items()}
        results.append(row)
        print(".", end="", flush=True)
    print()
    return {"threads": threads, "rows": results}


def ratio(row: dict, which: str, compiled: bool = False) -> float:
    """The best PyTorch's milliseconds over ours."""
    peers = [t["median"] for name, t in row[which].items() if name != "minimix" and ("compiled" in name) == compiled]
    return min(peers) / row[which]["minimix"]["median"]


def label(row: dict) -> str:
    kernels = ",".join(map(str, row["kernels"])) + (" dil. 1..4" if max(row["dilations"]) > 1 else "")
    return f"{row['N']}, {row['C']}, {row['H']}, {{{kernels}}}, s{row['stride']}"


def report(results: dict) -> str:
    compiled = any("compiled" in name for name in results["rows"][0]["all"])
    header = ["N, C, H, kernels, stride", "torch fwd", "minimix", "ratio", "torch all", "minimix", "ratio"]
    header += ["compiled fwd", "ratio", "compiled all", "ratio"] if compiled else []
    lines = []
    for row in results["rows"]:
        line = [label(row)]
        for kind in (False, True) if compiled else (False,):
            for which in ("forward", "all"):
                ours, value = row[which]["minimix"]["median"], ratio(row, which, kind)
                line += [value * ours] + ([] if kind else [ours]) + [value]
        lines.append(line)
    text = [common.table(header, lines), "(milliseconds, medians)"]
    for title, rows in sets(results["rows"]).items():
        for kind in (False, True) if compiled else (False,):
            for which in ("forward", "all"):
                values = {label(row): ratio(row, which, kind) for row in rows}
                least = min(values, key=values.get)
                mean = f"geometric mean {common.geometric_mean(values.values()):.2f}, least {values[least]:.2f} ({least})"
                text.append(f"{title}: {'torch.compile' if kind else 'PyTorch'} / minimix, {which}: {mean}")
    return "\n".join(text)


def sets(rows: list[dict]) -> dict[str, list[dict]]:
    """{title: rows} of all that gets a mean of its own: batches, few pictures, and these by their number."""
    few = [row for row in rows if (row["N"], row["C"], row["H"], row["kernels"], row["dilations"], row["stride"]) in FEW_ROWS]
    found = {"batches": [row for row in rows if row not in few], "few pictures": few}
    found |= {f"N = {n}": [row for row in few if row["N"] == n] for n in FEW}
    return {title: rows for title, rows in found.items() if rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    only = parser.add_mutually_exclusive_group()
    only.add_argument(
        "--few", action="store_true", help=f"only the rows with N = {', '.join(map(str, FEW))} of MixNet-S at 224"
    )
    only.add_argument("--batches", action="store_true", help="only the others")
    parser.add_argument("--rounds", type=int, default=3, help="how often each side is measured, in turns")
    parser.add_argument("--seconds", type=float, default=0.3, help="length of one measurement")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out (it takes minutes to compile)")
    options = parser.parse_args()
    common.need_torch()
    rows = [*(() if options.few else ROWS), *(() if options.batches else FEW_ROWS)]
    results = run(rows, options.threads, not options.no_compile, options.rounds, options.seconds)
    print(report(results))
    print("written:", common.save(f"layers-{options.threads}", results))


if __name__ == "__main__":
    main()
