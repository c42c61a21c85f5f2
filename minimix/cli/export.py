"""``minimix export``: a trained network for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from minimix.cli.options import RUNS, THREADS, image_size_of, network_of
from minimix.cli.training import find_run

Option, Argument = typer.Option, typer.Argument

FORMATS = {
    ".onnx": "the network, for onnxruntime and others",
    ".safetensors": "its weights alone, by the names of PyTorch Image Models",
}


def export(
    run: Annotated[
        str,
        Argument(
            metavar="RUN",
            help="A run's folder or name (then its best weights), or its .safetensors file; or a network by name, or yours, "
            "FILE.py:FUNCTION, and then --weights; options may follow: mixnet_s:num_classes=10.",
        ),
    ],
    file: Annotated[
        Path, Argument(metavar="FILE", help="What to write: net.onnx, the whole network; net.safetensors, its weights alone.")
    ],
    weights: Annotated[
        Path | None, Option(help="Of a network by name: its weights.", show_default="the published ones, from the hub")
    ] = None,
    model: Annotated[str | None, Option(help="Of a run: where a network of your own is now, FILE.py:FUNCTION.")] = None,
    image: Annotated[
        str | None, Option("--input", "--size", metavar="CxHxW", help="The pictures.", show_default="what it is made for")
    ] = None,
    fold: Annotated[bool, Option("--fold/--no-fold", help="Fold batch norms into the convolutions before them.")] = True,
    batch: Annotated[int | None, Option(help="Pictures at a time.", show_default="any number", min=1)] = None,
    opset: Annotated[int | None, Option(help="Version of ONNX's operators.", show_default="18")] = None,
    classes_file: Annotated[
        Path | None,
        Option(help="Of a network by name: text with the name of a class on each line, for the file's metadata."),
    ] = None,
    runs: RUNS = Path("runs"),
    threads: THREADS = None,
):
    """Write a network to a file for other programs.

    An .onnx file takes pictures (N, C, H, W), normalised, and gives logits; its metadata has the classes, mean and std. It
    needs the package onnx. A .safetensors file is a state dict, which PyTorch loads without a pickle. A file that is there is
    replaced in one step.
    """
    from minimix.models.weights import save_weights
    from minimix.train.limits import limited
    from minimix.weights.onnx.export import OPSET, export_onnx, pictures_of

    _need_format(file)
    if file.suffix.lower() == ".safetensors":
        given = {"--input": image, "--batch": batch, "--opset": opset, "--no-fold": None if fold else True}
        for option, value in given.items():
            if value is not None:
                raise ValueError(f"{option} is for an .onnx file: a .safetensors file has the weights alone")
    with limited(threads):
        seer = _seer(run, weights, model, classes_file, runs)
        for line in seer.remarks:
            print(line)
        if file.suffix.lower() == ".safetensors":
            save_weights(seer.model, file)
            print(f"{file}: {sum(array.size for array in seer.model.state_dict().values()):,} numbers")
            return
        shape = channels, height, width = pictures_of(seer) if image is None else _shape(seer.model, image)
        export_onnx(seer, file, shape, fold=fold, batch=batch, opset=OPSET if opset is None else opset)
    norms = "folded into the convolutions" if fold else "not folded"
    print(f"{file}: input ({batch or 'N'}, {channels}, {height}, {width}), opset {opset or OPSET}, batch norms {norms}")


def _need_format(file: Path) -> None:
    if file.suffix.lower() not in FORMATS:
        known = ", ".join(f"{suffix} ({what})" for suffix, what in FORMATS.items())
        pickles = " minimix writes no pickles: PyTorch loads .safetensors." if file.suffix in (".pt", ".pth", ".bin") else ""
        raise ValueError(f"{file}: the file's name says what is written, and must end in one of {known}.{pickles}")
    if not file.absolute().parent.is_dir():
        raise FileNotFoundError(f"there is no folder {file.parent} to write {file.name} into")


def _seer(run: str, weights: Path | None, model: str | None, classes_file: Path | None, runs: Path):
    """The network, and what is known of its pictures."""
    from minimix import models
    from minimix.models.own import is_own
    from minimix.prediction import seer_by_name, seer_of_run
    from minimix.train import load_model

    name, options = network_of(run)
    if (is_own(name) or name in models.names()) and not (Path(run) / "last.safetensors").exists():
        if model is not None:
            raise ValueError(f"--model says where the network of a run is: {name} is one itself")
        return seer_by_name(name, options, weights, classes_file, run)
    if weights is not None or classes_file is not None:
        raise ValueError(f"--weights and --classes-file are for a network by name: {run} is none, and a run has its own")
    return seer_of_run(load_model(find_run(run, runs), model))


def _shape(model, image: str) -> tuple[int, int, int]:
    channels, height, width = image_size_of(image)
    return getattr(model, "input_size", (3,))[0] if channels is None else channels, height, width
