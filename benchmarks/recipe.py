"""What each part of the recipe for CIFAR-10 is worth: ``python -m benchmarks.recipe --runs FOLDER [--seeds 3]``.

Short runs, which cost about the same in computing: the recipe for other data, the same with Muon (and all else, biases too, at
one rate), and each other change added to that. A seed is weights, order and augmentation. What counts is the accuracy on the
validation images after the last epoch, a tenth of the training images: the test images play no part.

Runs that are in FOLDER already are not repeated, and one that was interrupted goes on. Two to six minutes a run on one core.
"""

import argparse
import re
from pathlib import Path

from benchmarks import common
from minimix.means import mean_and_error

COST = {32: 1.0, 24: 0.58, 16: 0.28}  # of a step on pictures of this side; measured, one thread, batch 128

PLAIN = {"optimizer": "sgd", "augment": "flip,crop", "half_first": 0.0, "small_first": 0.8, "epochs": 5, "tta": False}
MUON = {**PLAIN, "optimizer": "muon", "bias_rate": 1.0}
RUNS = {
    "Nesterov SGD": PLAIN,
    "Muon": MUON,
    "Muon, flips alternate": {**MUON, "augment": "alternate,crop=3"},
    "Muon, half-sized pictures first": {**MUON, "half_first": 0.78, "small_first": 0.89, "epochs": 9},
    "Muon, biases at 8 times the rate": {**MUON, "bias_rate": 8.0},
    "Muon, judged with mirror images": {**MUON, "tta": True},
}


def sides(options: dict) -> list[int]:
    """The side of the pictures, epoch by epoch."""
    from minimix.train.prepare import share_of_epochs

    half, small = (share_of_epochs(options[name], options["epochs"]) for name in ("half_first", "small_first"))
    return [16 if epoch < half else 24 if epoch < small else 32 for epoch in range(options["epochs"])]


def accuracy(folder: Path, options: dict, seed: int, data_dir=None) -> float:
    """On the validation images after the last epoch, in percent. Trains what is not there yet."""
    import minimix as mm
    from minimix.train.judging import images_for

    same = {**options, "tta": False}  # mirror images are another look at the same run
    name = re.sub(r"\W+", "-", f"{next(name for name in RUNS if RUNS[name] == same)} seed {seed}").lower()
    done = mm.train.read_metrics(folder / name) if (folder / name / "metrics.csv").exists() else []
    if len(done) < options["epochs"]:
        run = {"data": "cifar10", "data_dir": data_dir, "validation": 0.1, "seed": seed, "runs": folder, "name": name}
        done = mm.train(**run, **same, resume=True, log=False).history
    if not options["tta"]:
        return 100 * done[-1].validation_accuracy
    trained = mm.train.load_model(folder / name / "last.safetensors")
    images, _ = images_for(trained, split="validation", data_dir=data_dir)
    return 100 * mm.train.evaluate(trained.model, images, tta=True).accuracy


def report(found: dict[str, list[float]]) -> str:
    """A table of what was measured so far."""
    rows = []
    for name, values in found.items():
        cost = sum(COST[side] for side in sides(RUNS[name]))
        rows.append([name, RUNS[name]["epochs"], cost, len(values), *mean_and_error(values)] if values else [name, *5 * ["-"]])
    return common.table(["", "epochs", "cost", "runs", "accuracy, %", "standard error"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data-dir", help="folder with CIFAR-10's files")
    options = parser.parse_args()
    common.end_tidily()
    found: dict[str, list[float]] = {name: [] for name in RUNS}
    for seed in range(options.seeds):  # seed by seed, so that an early end leaves all alike
        for name, arguments in RUNS.items():
            found[name].append(accuracy(options.runs, arguments, seed, options.data_dir))
            print(report(found), end="\n\n", flush=True)
    print({name: [round(value, 2) for value in values] for name, values in found.items()})


if __name__ == "__main__":
    main()
