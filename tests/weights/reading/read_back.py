"""PyTorch's files, read back."""

import numpy as np
import pytest
from torch_files import legacy, zipped

from minimix.weights.reading import ReadError, read

FLOATS = np.arange(24, dtype="f4")


def read_back(tmp_path, content, name="w.pth", **options):
    (tmp_path / name).write_bytes(content)
    return read(tmp_path / name, **options)


def refused(tmp_path, content, match, name="w.pth"):
    with pytest.raises(ReadError, match=match) as caught:
        read_back(tmp_path, content, name)
    assert str(caught.value).startswith(str(tmp_path / name)) and len(str(caught.value)) < 1000


LAYOUTS = [pytest.param(zipped, id="zip"), pytest.param(legacy, id="legacy")]
