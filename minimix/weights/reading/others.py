"""Files that are not read: what they are, and what to do instead."""

from pathlib import Path

_FREEZE = (
    "In TensorFlow, its variables become one that is read: np.savez('weights.npz', **{name: reader.get_tensor(name) for name "
    "in reader.get_variable_to_shape_map()}), where reader is tf.train.load_checkpoint(folder)"
)
_GRAPH = (
    "is a TensorFlow graph, its weights are constants in it. In TensorFlow: graph = tf.compat.v1.GraphDef.FromString(content); "
    "np.savez('weights.npz', **{node.name: tf.make_ndarray(node.attr['value'].tensor) for node in graph.node "
    "if node.op == 'Const'})"
)
_ONNX = (
    "is an ONNX graph. With the onnx package: np.savez('weights.npz', **{array.name: onnx.numpy_helper.to_array(array) "
    "for array in onnx.load(file).graph.initializer}); where batch norms are folded into its convolutions, it fits no network"
)
_TFLITE = (
    "is a TensorFlow Lite program, whose weights are folded, and often quantised: take the file that it was made from, Keras' "
    ".h5 or a checkpoint of TensorFlow"
)
_CHECKPOINT = f"is part of a TensorFlow checkpoint. {_FREEZE}"

_BEGINNINGS = {
    b"\x93NUMPY": "is one array, a .npy file, expected several with names: np.savez('weights.npz', **{name: array, ...})",
    b"GGUF": "is a GGUF file, as language models come, and holds no convolutional network",
    b"\x1f\x8b": "is compressed by gzip: unpack it, and give the file that comes out",
    b"BZh": "is compressed by bzip2: unpack it, and give the file that comes out",
    b"\xfd7zXZ": "is compressed by xz: unpack it, and give the file that comes out",
    b"7z\xbc\xaf": "is a 7z archive: unpack it, and give the file in it",
    b"Rar!": "is a RAR archive: unpack it, and give the file in it",
    b"version https://git-lfs": "is only a pointer to the file, of Git LFS: fetch the file itself, git lfs pull",
    b"<": "is a page of the web, not weights: the address was that of a page, or of an error",
    b"{": "is text (JSON), not weights",
    b"\x12\x01\x00\x00\x00\x00\x00\x00": (
        "is a file of MXNet. In MXNet: "
        "np.savez('weights.npz', **{name: array.asnumpy() for name, array in mx.nd.load(file).items()})"
    ),
}
_ENDINGS = {
    ".pb": _GRAPH, ".pbtxt": _GRAPH, ".onnx": _ONNX, ".tflite": _TFLITE, ".lite": _TFLITE,
    ".index": _CHECKPOINT, ".meta": _CHECKPOINT,
    ".params": "is a file of MXNet or PaddlePaddle: save its arrays by name, np.savez('weights.npz', **arrays)",
    ".caffemodel": "is a file of Caffe: save its arrays by name, np.savez('weights.npz', **arrays)",
    ".mlmodel": "is a program of Core ML: take the file that it was made from",
    ".engine": "is a program of TensorRT: take the file that it was made from",
    ".msgpack": "is a file of Flax: save its arrays by name, np.savez('weights.npz', **arrays)",
    ".tar": "is a tar archive: unpack it, and give the file in it",
}  # fmt: skip


def refusal(content: bytes, path: Path) -> str:
    """What to say of a file that is none of those that are read: a reason that follows the file's name."""
    ending = path.suffix.lower()
    if not content:
        return "is empty"
    if content[4:8] == b"TFL3":
        return _TFLITE
    if ".data-" in path.name:
        return _CHECKPOINT
    if content[257:262] == b"ustar" or ending in _ENDINGS:
        return _ENDINGS[".tar"] if content[257:262] == b"ustar" else _ENDINGS[ending]
    start = content[:64].lstrip()
    for beginning, what in _BEGINNINGS.items():
        if start.startswith(beginning) or content.startswith(beginning):
            return what
    if ending == ".ckpt" and content[:1] == b"\n":
        return (
            "is a checkpoint of MindSpore, damaged or encrypted, or of TensorFlow. In MindSpore: np.savez('weights.npz', "
            f"**{{name: array.asnumpy() for name, array in mindspore.load_checkpoint(file).items()}}). {_FREEZE}"
        )
    if content[:1] == b"\x08" and b"onnx" in content[:1000].lower():
        return _ONNX
    if content[:1] == b"\n" and b"\x12\x05Const" in content[:10_000]:
        return _GRAPH
    return (
        "is no whole file of a format that is read: expected safetensors, .npz, PyTorch's .pth or .pt, Keras' .h5, or "
        "MindSpore's .ckpt; truncated or damaged?"
    )


def folder(path: Path) -> str:
    """What to say of a folder."""
    names = {entry.name for entry in path.iterdir()}
    if "saved_model.pb" in names:
        return (
            "is a TensorFlow SavedModel. In TensorFlow: np.savez('weights.npz', **{v.name: v.numpy() for v in "
            "tf.saved_model.load(folder).variables}), or model.save_weights('weights.weights.h5') in Keras"
        )
    if "checkpoint" in names or any(name.endswith(".index") for name in names):
        return f"is the folder of a TensorFlow checkpoint. {_FREEZE}"
    return "is a folder, expected a file of weights: give the file in it"
