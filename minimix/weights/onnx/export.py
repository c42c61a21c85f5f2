"""``export_onnx``: a network as a file that onnxruntime, and whatever else reads ONNX, can run."""

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from minimix import files
from minimix.costs.outline import tensors_in
from minimix.fold import fold_batch_norm
from minimix.nn import Module
from minimix.ops.op import Op
from minimix.tensor import Tensor
from minimix.weights.onnx import given
from minimix.weights.onnx.forms import FORMS
from minimix.weights.onnx.graph import Graph, Value
from minimix.weights.onnx.metadata import need_fitting, texts
from minimix.weights.onnx.recording import Recording, Step, shapes_of
from minimix.words import count

OPSET = 18  # the version of ONNX's operators; 18 is of 2022, and PyTorch's default, too
BATCHES = 2, 5  # pictures of the recordings
FEW = 8  # pictures that are recorded as they are; more, where a few do not tell the same, as they take memory and time


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
    names: str | None = None,
    take: str = "",
    runs: str | os.PathLike = "runs",
) -> None:
    """Write ``model``, in evaluation mode, to ``path`` as an ONNX file, in one step: after a crash there is the old file or the
    new. Needs the package onnx: pip install "minimix[onnx]".

    The file takes pictures as the network does, normalised, (N, C, H, W) with any N, and gives what it gives, mostly logits.
    Height and width are fixed. Numbers have the dtype of the model; onnxruntime has no convolutions in float64: model.float().

    model: a Module; or whatever ``predict`` takes: what ``train`` returned, a run's folder or name, the name of a network with
        its published weights or those in the file ``weights``: names and take are as for ``load_weights``.
    input_shape: (C, H, W) of a picture, (N, ...) of a batch of whatever else the network takes, or an example of such a batch,
        an array or a Tensor. By default the model's ``input_size``; of a run, that of its pictures.
    fold: fold batch norms into the convolutions before them.
    batch: write it for so many pictures at a time, and no others; None: for any number. (Of such a file onnx-opcounter 0.0.4
        says 0 multiply-adds.)
    opset: version of ONNX's operators, 13 or later.
    input_names, output_names: of the graph; by default "input", and "output", or "output_0", "output_1", ..., or the keys of a
        dict where there are several.
    classes, mean, std: are written into the file's metadata as JSON: the classes' names, and how pixels from 0 to 1 were
        normalised, a number a channel. By default those of the run, or of the published weights.
    metadata: {key: text} of what else it is to say. "minimix", the version, is always there.
    written_out: {op: function} for ops of your own: the function computes the same on Tensors with minimix's.

    Raises, before anything is written, ImportError without the package; NotImplementedError, with its name and that of its
    module, for an op that has no form in ONNX; ValueError where the network cannot be written as a list of ops, for an input
    that it does not take, more or fewer classes than it knows, means and stds that are not one finite number a channel, a std
    that is not above 0, a key of ``metadata`` that the file has already, an opset that is not known, weights that are NaN, a
    path with another format's ending, such as .pth; TypeError for what is of another type; FileNotFoundError where there is no
    such folder, run or file of weights; OSError where the system does not let the file be written; and what ``predict`` raises
    of a model.

    >>> from minimix import models
    >>> export_onnx(models.create("mixnet_nano", num_classes=3), "net.onnx", classes=["cat", "dog", "bird"])
    >>> import onnx
    >>> {property.key: property.value for property in onnx.load("net.onnx").metadata_props}["classes"]
    '["cat", "dog", "bird"]'
    """
    onnx = given.package()
    given.need_numbers(onnx, opset, batch, fold)
    path, forms = files.writable(path, ".onnx"), given.forms_with(written_out)
    called = given.input_name(input_names), given.output_names(output_names)
    seer = given.seer_from(model, runs, {"weights": weights, "names": names, "take": take})
    if input_shape is None and not isinstance(model, Module):
        input_shape = given.pictures_of(seer)
    given.need_usable(seer.model)
    shape, dtype = given.input_of(seer.model, input_shape)
    about = texts(seer, shape[1] if len(shape) == 4 else None, classes, mean, std, metadata)
    try:
        network = fold_batch_norm(seer.model, shape) if fold and len(shape) == 4 else seer.model
        graph, outputs, returned = _graph_of(network, shape, dtype, forms, opset, called, batch)
    except NotImplementedError:
        raise
    except RuntimeError as error:  # layers refuse some inputs so, as PyTorch's do
        raise ValueError(f"input_shape {shape}: {error}") from error
    if classes is not None:
        need_fitting(about["classes"], returned)
    content = _model(onnx, graph, outputs, type(seer.model).__name__, about)
    onnx.checker.check_model(content, full_check=True)
    files.write(path, content.SerializeToString(deterministic=True))


# -- the graph ---------------------------------------------------------------------------------------------------------


def _graph_of(
    network: Module, shape, dtype, forms: Mapping, opset: int, called: tuple[str, list[str] | None], batch: int | None
) -> tuple[Graph, list[Value], Any]:
    """(the graph, its outputs, what the network returned). called: the names of the input and of the outputs."""
    input_name, output_names = called
    rng = np.random.default_rng(0)

    def follow(*lengths: int) -> tuple[Graph, list[Value], Any]:
        first, second = (Recording(network, rng.standard_normal((n, *shape[1:])).astype(dtype), forms) for n in lengths)
        for step in first.steps:
            if step.op not in FORMS:
                raise NotImplementedError(_no_form(step))
        graph, values = written(first, shapes_of(first, second), opset, input_name)
        outputs = _outputs(graph, first, values, output_names)
        if batch is not None:
            twins = [second.batch, *(tensor.data for tensor in tensors_in(second.output))]
            graph.batch, *outputs = (_of(batch, *pair) for pair in zip([graph.batch, *outputs], twins, strict=True))
        return graph, outputs, first.output

    if batch is None:
        return follow(*BATCHES)
    if batch > FEW:
        with contextlib.suppress(ValueError):
            return follow(*BATCHES)
    return follow(batch, batch)


def _of(batch: int, value: Value, twin: np.ndarray) -> Value:
    """``value`` with the shape that it has for ``batch`` pictures. twin: what it was in the second recording."""
    lengths = list(zip(value.array.shape, twin.shape, strict=True))
    if any(n != m and n * BATCHES[1] != m * BATCHES[0] for n, m in lengths):
        raise ValueError("an axis that is no multiple of the number of pictures")
    return value._replace(shape=tuple(n if n == m else n // BATCHES[0] * int(batch) for n, m in lengths))


def written(recording: Recording, shapes: list, opset: int, input_name: str = "input") -> tuple[Graph, list[Value]]:
    """The graph of a recording, and the Values of the batch and of what each step made. shapes: as ``shapes_of`` gives them."""
    batch = Value(input_name, shapes[0], recording.batch)
    graph = Graph(int(opset), recording.names, batch)
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


def _outputs(graph: Graph, recording: Recording, values: list[Value], called: list[str] | None) -> list[Value]:
    """What the network returns, under its names, each made by a node of its own that does nothing: an array may be returned
    twice, or be the input."""
    returned = recording.output
    outputs = [_value(graph, recording, values, tensor) for tensor in tensors_in(returned)]
    if not outputs:
        raise ValueError(
            f"the network returns {type(returned).__name__}, expected a Tensor, or several in a tuple, list or dict"
        )
    called = _output_names(returned, len(outputs)) if called is None else called
    if len(called) != len(outputs) or len({*called, graph.batch.name}) != len(called) + 1:
        raise ValueError(
            f"output_names: expected {count(len(outputs), 'name')}, all different and not {graph.batch.name!r}, not {called}"
        )
    for name, value in zip(called, outputs, strict=True):
        graph.nodes.append(("Identity", [value.name], [graph.fresh(name)], {}))
    return [value._replace(name=made[0]) for value, (_, _, made, _) in zip(outputs, graph.nodes[-len(outputs) :], strict=True)]


def _output_names(returned, number: int) -> list[str]:
    """What they are called where the user says nothing."""
    if isinstance(returned, dict) and len(returned) == number:
        return list(map(str, returned))
    return ["output"] if number == 1 else [f"output_{i}" for i in range(number)]


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
