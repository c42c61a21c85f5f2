"""What the tests of this folder share. It lets them import its other files in every import mode of pytest."""

import sys
from pathlib import Path

import numpy as np
import pytest

from minimix.nn import init

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def blank(monkeypatch):
    """Networks are made with weights of zero, which takes no time: for tests that only look at their structure."""
    for name in ("fan_out_normal", "uniform", "truncated_normal"):
        monkeypatch.setattr(init, name, lambda shape, *arguments, **options: np.zeros(shape, np.float32))
