"""``minimix data``: what is there, what it looks like, and where more comes from."""

import numpy as np
import pytest
from PIL import Image

from minimix import data

pytestmark = pytest.mark.usefixtures("empty_folder")


def test_data_lists_what_is_there(minimix, tmp_path):
    (tmp_path / "mine" / "cifar-10-batches-bin").mkdir(parents=True)
    (tmp_path / "mine" / "cifar-10-batches-bin" / "data_batch_1.bin").write_bytes(b"")
    code, output, _ = minimix("data", "--data-dir", tmp_path / "mine")
    assert code == 0
    lines = {line.split()[0]: line for line in output.splitlines()}
    assert str(tmp_path / "mine") in lines["cifar10"]
    assert "minimix data get cifar100" in lines["cifar100"]
    assert "seed" in lines["patterns10"]


def test_data_preview(minimix):
    code, output, errors = minimix("data", "preview", "patterns10", "--out", "sheet.png", "--columns", "3")
    assert code == 0, errors
    with Image.open("sheet.png") as sheet:
        assert sheet.format == "PNG" and sheet.width > 3 * 32 and sheet.height > 10 * 32
    assert "sheet.png" in output
    code, output, _ = minimix("data", "preview")
    assert "Using patterns10" in output


def test_contact_sheet_puts_every_image_in_the_row_of_its_class():
    from minimix.cli.images import contact_sheet

    images = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1) * np.ones((1, 3, 4, 4), np.uint8)
    figure = contact_sheet(images, np.array([1, 0, 1, 1, 0, 1]), ("cat", "dog"), 3, "pets")
    shown = [[axis.images[0].get_array()[0, 0, 0] if axis.images else None for axis in figure.axes[i : i + 3]] for i in (0, 3)]
    assert shown == [[1, 4, None], [0, 2, 3]]
    assert [figure.axes[i].texts[0].get_text() for i in (0, 3)] == ["cat", "dog"]


def test_data_get(minimix, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(data, "download", lambda name, folder: asked.append((name, folder)) or folder)
    code, output, _ = minimix("data", "get", "cifar100", "--data-dir", tmp_path)
    assert code == 0 and asked == [("cifar100", tmp_path)] and str(tmp_path) in output
