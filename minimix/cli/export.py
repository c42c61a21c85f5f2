"""``minimix export``: a trained network for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from minimix.cli.options import NAMES, RUNS, STD, TAKE, THREADS, image_size_of, network_of, numbers_of
from minimix.cli.training import find_run
from minimix.words import nearest

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
        Path | None,
        Option(
            help="Of a network by name: a file of weights, safetensors, .npz, PyTorch's .pth, Keras' .h5 or MindSpore's .ckpt.",
            show_default="the published ones, from the hub",
        ),
    ] = None,
    names: NAMES = None,
    take: TAKE = None,
    model: Annotated[str | None, Option(help="Of a run: where a network of your own is now, FILE.py:FUNCTION.")] = None,
    image: Annotated[
        str | None, Option("--input", "--size", metavar="CxHxW", help="The pictures.", show_default="what it is made for")
    ] = None,
    mean: Annotated[
        str | None,
        Option(
            metavar="NUMBERS",
            help="Of pixels from 0 to 1, one number or one a channel: 0.485,0.456,0.406, for the file's metadata.",
            show_default="what the run, the file or the library says",
        ),
    ] = None,
    std: STD = None,
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
    from minimix.weights.onnx.export import OPSET, export_onnx
    from minimix.weights.onnx.given import pictures_of

    _need_format(file)
    alone = file.suffix.lower() == ".safetensors"
    if alone:
        of_onnx = {"--input": image, "--mean": mean, "--std": std, "--classes-file": classes_file, "--batch": batch}
        for option, value in {**of_onnx, "--opset": opset, "--no-fold": None if fold else True}.items():
            if value is not None:
                raise ValueError(f"{option} is for an .onnx file: a .safetensors file has the weights alone")
    channels, *sides = (None,) if image is None else image_size_of(image)
    looks = {"size": tuple(sides) or None, "mean": numbers_of(mean, "--mean"), "std": numbers_of(std, "--std")}
    of_name = {"--weights": weights, "--names": names, "--take": take, "--classes-file": classes_file}
    with limited(threads):
        seer = _seer(run, of_name, looks, model, runs)
        if alone:
            save_weights(seer.model, file)
            written = f"{sum(array.size for array in seer.model.state_dict().values()):,} numbers"
        else:
            own, *sides = pictures_of(seer)
            shape = own if channels is None else channels, *sides
            export_onnx(seer, file, shape, fold=fold, batch=batch, opset=OPSET if opset is None else opset)
            norms = "folded into the convolutions" if fold else "not folded"
            size = ", ".join(map(str, (batch or "N", *shape)))
            written = f"input ({size}), opset {opset or OPSET}, batch norms {norms}"
    for line in (*seer.remarks, f"{file}: {written}"):
        print(line)


def _need_format(file: Path) -> None:
    from minimix import files

    ending = file.suffix.lower()
    if ending not in FORMATS:
        known = ", ".join(f"{suffix} ({what})" for suffix, what in FORMATS.items())
        pickles = " minimix writes no pickles: PyTorch loads .safetensors." if ending in (".pt", ".pth", ".bin") else ""
        raise ValueError(f"{file}: the file's name says what is written, and must end in one of {known}.{pickles}")
    files.writable(file, ending)


def _seer(run: str, of_name: dict, looks: dict, model: str | None, runs: Path):
    """The network, and what is known of its pictures. of_name: the options of networks by name. looks: what was asked for."""
    from minimix import models
    from minimix.models.own import is_own
    from minimix.seer import seen_as_asked, seer_by_name, seer_of_run
    from minimix.train import load_model
    from minimix.train.checkpoint import is_checkpoint
    from minimix.weights import loading

    name, options = network_of(run)
    given = [option for option, value in of_name.items() if value is not None]
    if not (is_own(name) or name in models.names()) or (Path(run) / "last.safetensors").exists():
        if given:
            raise ValueError(f"{', '.join(given)}: for a network by name: {run} is none, and a run has its own")
        return seen_as_asked(seer_of_run(load_model(_run(run, runs), model)), **looks)
    if model is not None:
        raise ValueError(f"--model says where the network of a run is: {name} is one itself")
    weights, names, take, classes_file = of_name.values()
    if weights is not None and is_checkpoint(weights):
        raise ValueError(
            f"{weights} is a checkpoint of `minimix train`, which knows its network, classes and normalisation: export it in "
            f"place of {name}, without --weights"
        )
    if options.get("in_channels", 3) != 3 and weights is not None:
        return _of_other_pictures(loading.network_for(name, options, weights, names, run, take or ""), classes_file, looks)
    return seer_by_name(name, options, weights, classes_file, run, names, take=take or "", **looks)


def _of_other_pictures(ready, classes_file: Path | None, looks: dict):
    """A network by name for pictures that are not in colour: how they are prepared, only the user can know."""
    from minimix import data
    from minimix.looks import outputs
    from minimix.seer import Seer

    model = ready.model.eval()
    classes = None if classes_file is None else data.read_classes(classes_file, outputs(model))
    size = looks["size"] or model.input_size[1:]
    return Seer(model, classes, size, looks["mean"], looks["std"], None, tuple(ready.lines))


def _run(run: str, runs: Path) -> Path:
    """What is meant by RUN where it is no network; refused with what may be meant otherwise."""
    from minimix import models
    from minimix.train.checkpoint import is_checkpoint

    try:
        path = find_run(run, runs)
    except FileNotFoundError as error:
        near = nearest(network_of(run)[0], models.names())
        raise FileNotFoundError(f"{error}{f'; or is the network {near[0]} meant?' if near else ''}") from error
    if path.is_file() and path.suffix.lower() != ".safetensors" and not is_checkpoint(path):
        raise ValueError(f"{run} is no run, and no checkpoint of one: weights need their network, NETWORK FILE --weights {run}")
    return path
