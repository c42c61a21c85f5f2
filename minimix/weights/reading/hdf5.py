"""Keras' files: HDF5, read with h5py, an optional dependency. Also those within .keras archives.

There are three layouts: "model_weights" beside an optimizer, of a model saved whole; the same without that, of its weights
alone; and Keras 3's "layers/conv2d/vars/0". In the first two, attributes say in which order the layers and their weights come.
The names are the paths within the file, from the layer on. In the third, layers are called by their class and number there;
their own names are in ``Read.about["layers"]``, as JSON, where the file has them.
"""

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from minimix.weights.reading.result import Budget, ReadError, shown

MAGIC = b"\x89HDF\r\n\x1a\n"
MEMBER = "model.weights.h5"  # of a .keras archive, with the next two, which are JSON
CONFIG, METADATA = "config.json", "metadata.json"
SECONDS = 60  # that reading may take, and one more for each megabyte: where the system does not limit computing

_START = (  # with this process' places to import from, and no more
    "import json, runpy, sys; sys.path[:] = json.loads(sys.argv.pop(1)); runpy.run_path(sys.argv.pop(1), run_name='__main__')"
)
_PROCESS = Path(__file__).with_name("hdf5_process.py")


def entries(content: bytes | memoryview, budget: Budget) -> tuple[dict[str, np.ndarray], dict[str, str], str]:
    """({name: array}, what the file says of itself, which part of it the arrays are).

    Raises ReadError; ImportError without h5py.
    """
    if importlib.util.find_spec("h5py") is None:
        raise ImportError("reading Keras' files needs h5py: pip install h5py, or minimix[keras]")
    if not sys.executable:
        raise ImportError("Keras' files are read in a process of their own, and sys.executable does not say where Python is")
    command = [sys.executable, "-I", "-c", _START, json.dumps(sys.path), str(_PROCESS), str(budget.left)]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "HDF5_PLUGIN_PRELOAD": "::"}  # "::": no plugins
    try:
        done = subprocess.run(
            command, input=content, capture_output=True, timeout=SECONDS + len(content) / 1e6, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        raise ReadError("is no whole HDF5 file (reading it does not end): damaged") from None
    output = memoryview(done.stdout)
    if done.returncode != 0 or len(output) < 8:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        if any(line.startswith(("ImportError", "ModuleNotFoundError")) for line in lines):
            raise ImportError(f"reading Keras' files needs h5py, which does not work here ({lines[-1]})")
        raise ReadError("is no whole HDF5 file (the HDF5 library does not come to an end with it): damaged")
    start = 8 + int.from_bytes(output[:8], "little")
    said = json.loads(bytes(output[8:start]))
    if "error" in said:
        raise ReadError(said["error"])
    found = {}
    for name, code, shape in said["arrays"]:
        dtype, number = np.dtype(code), math.prod(shape)
        budget.take(number * dtype.itemsize, shown(name))
        found[name] = np.frombuffer(output, dtype, number, start).reshape(shape) if number else np.zeros(shape, dtype)
        start += number * dtype.itemsize
    return found, said["about"], said["taken"]
