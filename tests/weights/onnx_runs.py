"""ONNX files, run by onnxruntime, or where that is not installed by onnx's own reference implementation."""

import numpy as np
import pytest

import minimix as mm
from minimix.fold import fold_batch_norm
from minimix.weights.onnx.export import OPSET, _model, _outputs, written
from minimix.weights.onnx.forms import WRITTEN_OUT
from minimix.weights.onnx.given import input_of
from minimix.weights.onnx.recording import Recording, shapes_of

onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")


def run(content: bytes, x: np.ndarray, outputs=None, reference=False) -> list[np.ndarray]:
    """What comes out of a file for the batch ``x``. reference: always by onnx's own implementation."""
    if not reference:
        try:
            import onnxruntime
        except ImportError:
            pass
        else:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            options.log_severity_level = 3
            session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
            return session.run(outputs, {session.get_inputs()[0].name: x})
    from onnx.reference import ReferenceEvaluator

    session = ReferenceEvaluator(onnx.load_model_from_string(content))
    return session.run(outputs, {session.input_names[0]: x})


def exported(model, folder, *arguments, **options) -> bytes:
    mm.export_onnx(model, folder / "net.onnx", *arguments, **options)
    return (folder / "net.onnx").read_bytes()


def answer(model, x: np.ndarray) -> np.ndarray:
    """The network's own."""
    with mm.no_grad():
        return model.eval()(mm.Tensor(x)).data


def distance(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference over the scale of the answers; infinity for other shapes and dtypes."""
    if found.shape != expected.shape or found.dtype != expected.dtype or not np.isfinite(expected).all():
        return np.inf
    return (
        float(np.abs(found - expected).max() / max(np.abs(expected).max(), np.finfo(expected.dtype).tiny)) if found.size else 0
    )


def node_by_node(model, shape, fold, opset=OPSET, reference=False) -> dict[str, float]:
    """{op and layer: distance} of every op that the network runs, each from its own node in the file."""
    shape, dtype = input_of(model, shape)
    network = fold_batch_norm(model, shape) if fold else model
    batches = [np.random.default_rng(n).standard_normal((n, *shape[1:])).astype(dtype) for n in (2, 3)]
    recordings = [Recording(network, x, WRITTEN_OUT) for x in batches]
    graph, values = written(recordings[0], shapes_of(*recordings), opset)
    outputs = _outputs(graph, recordings[0], values, None)
    for value in {value.name: value for value in values[1:]}.values():
        outputs.append(value)
    content = _model(onnx, graph, outputs, "net", {"minimix": "test"})
    onnx.checker.check_model(content, full_check=True)
    constants = {array.name: onnx.numpy_helper.to_array(array).tolist() for array in content.graph.initializer}
    for node in content.graph.node:  # what other tools are known to misread: see findings/
        attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        assert not {"auto_pad", "axes"} & set(attributes) or node.op_type.startswith("Reduce")
        if node.op_type.startswith("Reduce"):
            axes = attributes["axes"] if "axes" in attributes else constants[node.input[1]]
            assert min(axes) >= 0
        assert node.op_type != "Pad" or len(node.input) <= 3
    names = [value.name for value in values[1:]]
    made = run(content.SerializeToString(), batches[0], names, reference)
    return {
        f"{i} {step}": distance(found, step.output.data)
        for i, (step, found) in enumerate(zip(recordings[0].steps, made, strict=True))
    }
