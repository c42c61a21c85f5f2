"""``export_onnx``: a network as a file that onnxruntime, and whatever else reads ONNX, can run."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType

import numpy as np

from minimix import files
from minimix.costs.outline import tensors_in
from minimix.fold import fold_batch_norm
from minimix.nn import Module
from minimix.ops.op import Op
from minimix.prediction import Seer, seer_of
from minimix.tensor import Tensor
from minimix.weights.onnx.forms import FORMS, WRITTEN_OUT
from minimix.weights.onnx.graph import Graph, Value
from minimix.weights.onnx.recording import Recording, Step, shapes_of

OPSET = 18  # the version of ONNX's operators; 18 is of 2022, and PyTorch's default, too
OLDEST = 13  # the first in which Split and Squeeze take their numbers as they are given here
BATCHES = 2, 5  # of the recordings


def export_onnx(
    model,
    path: str | os.PathLike,
    input_shape=None,
    *,
    fold: bool = True,
    batch: int | None = None,
    opset: int = OPSET,
    input_names: Sequence[str] = ("input",),
    output_names: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    metadata: Mapping[str, str] | None = None,
    written_out: Mapping[Op, Callable] | None = None,
    weights: str | os.PathLike | None = None,
    runs: str | os.PathLike = "runs",
) -> None:
    """Write ``model``, in evaluation mode, to ``path`` as an ONNX file, in one step: after a crash there is the old file or the
    new. Needs the package onnx: pip install "minimix[onnx]".

    The file takes pictures as the network does, normalised, (N, C, H, W) with any N, and gives what it gives, mostly logits.
    Height and width are fixed. Numbers have the dtype of the model; onnxruntime has no convolutions in float64: model.float().

    model: a Module; or whatever ``predict`` takes: what ``train`` returned, a run's folder or name, the name of a network with
        its published weights or those in the file ``weights``.
    input_shape: (C, H, W) of a picture, (N, ...) of a batch of whatever else the network takes, or an example of such a batch,
        an array or a Tensor. By default the model's ``input_size``; of a run, that of its pictures.
    fold: fold batch norms into the convolutions before them.
    batch: write it for so many pictures at a time, and no others; None: for any number.
    opset: version of ONNX's operators, 13 or later.
    input_names, output_names: of the graph; by default "input", and "output", or "output_0", "output_1", ..., or the keys of a
        dict where there are several.
    classes, mean, std: are written into the file's metadata as JSON: the classes' names, and how pixels from 0 to 1 were
        normalised, a number a channel. By default those of the run, or of the published weights.
    metadata: further texts for it. "minimix", the version, is always there.
    written_out: {op: function} for ops of your own: the function computes the same on Tensors with minimix's.

    Raises ImportError without the package; NotImplementedError, with its name and that of its module, for an op that has no
    form in ONNX; ValueError where the network cannot be written as a list of ops, and for an input that it does not take.

    >>> from minimix import models
    >>> export_onnx(models.create("mixnet_nano", num_classes=3), "net.onnx", classes=["cat", "dog", "bird"])
    >>> import onnx
    >>> {property.key: property.value for property in onnx.load("net.onnx").metadata_props}["classes"]
    '["cat", "dog", "bird"]'
    """
    onnx = _package()
    _need(opset, OLDEST, onnx.defs.onnx_opset_version(), f"opset: the package onnx {onnx.__version__} writes")
    if batch is not None:
        _need(batch, 1, 2**31, "batch: expected a number of pictures,")
    seer = _seer(model, weights, runs)
    if input_shape is None and not isinstance(model, Module):
        input_shape = pictures_of(seer)
    shape, dtype = _input(seer.model, input_shape)
    network = fold_batch_norm(seer.model, shape) if fold and len(shape) == 4 else seer.model
    lengths = BATCHES if batch is None else (batch, batch)
    rng = np.random.default_rng(0)
    pictures = [rng.standard_normal((n, *shape[1:])).astype(dtype) for n in lengths]
    forms = {**WRITTEN_OUT, **(written_out or {})}
    recordings = [Recording(network, x, forms) for x in pictures]
    for step in recordings[0].steps:
        if step.op not in FORMS:
            raise NotImplementedError(_no_form(step))
    graph, values = written(recordings[0], shapes_of(*recordings), opset, _input_name(input_names))
    outputs = _outputs(graph, recordings[0], values, output_names)
    about = _about(seer, classes, mean, std) | {str(key): str(value) for key, value in (metadata or {}).items()}
    content = _model(onnx, graph, outputs, type(seer.model).__name__, about)
    onnx.checker.check_model(content, full_check=True)
    files.write(path, content.SerializeToString(deterministic=True))


def written(recording: Recording, shapes: list, opset: int, input_name: str = "input") -> tuple[Graph, list[Value]]:
    """The graph of a recording, and the Values of the batch and of what each step made. shapes: as ``shapes_of`` gives them."""
    batch = Value(input_name, shapes[0], recording.batch)
    graph = Graph(opset, recording.names, batch)
    values = [batch]
    for step, shape in zip(recording.steps, shapes[1:], strict=True):
        graph.layer, graph.out = step.layer, Value("", shape, step.output.data)
        try:
            name = FORMS[step.op](graph, *(_value(graph, recording, values, x) for x in step.inputs), **step.options)
        except ValueError as error:
            raise ValueError(f"{step} cannot be written in ONNX: {error}") from error
        values.append(graph.out._replace(name=name if isinstance(name, str) else name.name))
    return graph, values


def _value(graph: Graph, recording: Recording, values: list[Value], tensor: Tensor) -> Value:
    place = recording.place(tensor)
    return Value(graph.constant(tensor.data), tensor.shape, tensor.data, True) if place is None else values[place]


def _no_form(step: Step) -> str:
    more = {
        "dropout": "it is drawn anew each time: give F.dropout training=self.training",
        "cross_entropy": "export a network that returns logits",
        "nll_loss": "export a network that returns logits",
    }
    advice = more.get(
        step.op.name,
        "say how to compute it with minimix's own functions, export_onnx(..., written_out={OP: lambda x: F.exp(x) + 1}), where "
        "OP is that Op",
    )
    return f"{step} has no form in ONNX: {advice}"


# -- what was given ----------------------------------------------------------------------------------------------------


def _package() -> ModuleType:
    try:
        import onnx
        import onnx.checker
        import onnx.defs
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise ImportError(f'export_onnx needs the package onnx ({error}): pip install "minimix[onnx]"') from error
    return onnx


def _need(number, least: int, most: int, what: str) -> None:
    whole = isinstance(number, (int, np.integer)) and not isinstance(number, bool)
    if not whole or not least <= number <= most:
        raise ValueError(f"{what} {least} to {most}, not {number!r}")


def _seer(model, weights, runs) -> Seer:
    """The network, and what is known of its pictures."""
    if isinstance(model, Seer):
        return model
    if not isinstance(model, Module):
        return seer_of(model, weights=weights, runs=runs)
    if weights is not None:
        raise ValueError("weights: for the name of a network; load them into a Module with load_weights(model, file)")
    return Seer(model, None, (0, 0), None, None)


def pictures_of(seer: Seer) -> tuple[int, int, int]:
    """(C, H, W) of its pictures: a run's may have another size than the network was made for."""
    return getattr(seer.model, "input_size", (3,))[0], *seer.size


def _input(model: Module, given) -> tuple[tuple[int, ...], np.dtype]:
    """(shape with the batch in front, dtype) of what the network takes."""
    given = getattr(model, "input_size", None) if given is None else given
    if given is None:
        raise ValueError(f"{type(model).__name__} has no input_size: give input_shape, such as (3, 224, 224)")
    array = given.data if isinstance(given, Tensor) else given
    listed = isinstance(array, (tuple, list))
    shape = tuple(array) if listed else getattr(array, "shape", ())
    whole = all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) and n > 0 for n in shape)
    if not shape or not whole or (len(shape) == 1 and not listed):
        raise ValueError(f"input_shape: expected (C, H, W), (N, C, H, W), or a batch, not {given!r}")
    shape = (1, *shape) if listed and len(shape) in (1, 3) else tuple(shape)
    own = None if listed or array.dtype.kind != "f" else array.dtype
    return shape, next((p.dtype for p in model.parameters() if p.dtype.kind == "f"), own or np.dtype(np.float32))


def _input_name(names: Sequence[str]) -> str:
    if isinstance(names, str) or len(names) != 1:
        raise ValueError(f"input_names: expected a list of one name, not {names!r}: a network here has one input")
    return str(names[0])


def _outputs(graph: Graph, recording: Recording, values: list[Value], names: Sequence[str] | None) -> list[Value]:
    """What the network returns, under its names, each made by a node of its own that does nothing: an array may be returned
    twice, or be the input."""
    returned = recording.output
    outputs = [_value(graph, recording, values, tensor) for tensor in tensors_in(returned)]
    if not outputs:
        raise ValueError(
            f"the network returns {type(returned).__name__}, expected a Tensor, or several in a tuple, list or dict"
        )
    if names is None and isinstance(returned, dict) and len(returned) == len(outputs):
        names = list(map(str, returned))
    if names is None:
        names = ["output"] if len(outputs) == 1 else [f"output_{i}" for i in range(len(outputs))]
    names = [names] if isinstance(names, str) else list(map(str, names))
    if len(names) != len(outputs) or len({*names, graph.batch.name}) != len(names) + 1:
        raise ValueError(
            f"output_names: expected {len(outputs)} names, all different and not {graph.batch.name!r}, not {names}"
        )
    for name, value in zip(names, outputs, strict=True):
        graph.nodes.append(("Identity", [value.name], [graph.fresh(name)], {}))
    return [value._replace(name=made[0]) for value, (_, _, made, _) in zip(outputs, graph.nodes[-len(outputs) :], strict=True)]


def _about(seer: Seer, classes, mean, std) -> dict[str, str]:
    """The metadata of the file."""
    from minimix import __version__

    how = seer.how
    found = {
        "classes": seer.classes if classes is None else classes,
        "mean": seer.mean if mean is None else mean,
        "std": seer.std if std is None else std,
        "crop": None if how is None else how.crop,
        "interpolation": None if how is None else how.interpolation,
    }
    about = {"minimix": __version__}
    for key, value in found.items():
        if value is not None:
            listed = np.asarray(value).tolist() if key in ("mean", "std", "classes") else value
            about[key] = value if isinstance(value, str) else json.dumps(listed, ensure_ascii=False)
    return about


# -- the file ----------------------------------------------------------------------------------------------------------


def _model(onnx: ModuleType, graph: Graph, outputs: list[Value], name: str, about: dict[str, str]):
    """ONNX's own object, a protocol buffer."""
    nodes = [
        onnx.helper.make_node(kind, inputs, made, name=made[0], **attributes) for kind, inputs, made, attributes in graph.nodes
    ]
    used = {name for _, inputs, _, _ in graph.nodes for name in inputs}
    kept = {name: np.array(array, order="C") for name, array in graph.constants.items() if name in used}
    constants = [onnx.numpy_helper.from_array(array, name) for name, array in kept.items()]
    body = onnx.helper.make_graph(nodes, name, [_info(onnx, graph.batch)], [_info(onnx, value) for value in outputs], constants)
    version = onnx.helper.make_opsetid("", graph.opset)
    model = onnx.helper.make_model(
        body, opset_imports=[version], ir_version=onnx.helper.find_min_ir_version_for([version]), producer_name="minimix",
        producer_version=about["minimix"],
    )  # fmt: skip
    onnx.helper.set_model_props(model, about)
    return model


def _info(onnx: ModuleType, value: Value):
    kind = onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
    shape = ["N" if n is None else n for n in value.shape]
    return onnx.helper.make_tensor_value_info(value.name, kind, shape)
