"""Names of classes from a text file."""

import pytest

from minimix.data import DataError, read_classes


@pytest.mark.parametrize(
    "text", ["tench\ngreat white shark\nOchsenfrosch, grün\n", "\ufefftench \r\ngreat white shark\r\nOchsenfrosch, grün\n\n"]
)
def test_names(tmp_path, text):
    (tmp_path / "names.txt").write_bytes(text.encode())
    assert read_classes(tmp_path / "names.txt", 3) == ("tench", "great white shark", "Ochsenfrosch, grün")


def test_refusals(tmp_path):
    path = tmp_path / "names.txt"
    with pytest.raises(FileNotFoundError, match="no file .*names.txt with the names of classes"):
        read_classes(path, 2)
    with pytest.raises(FileNotFoundError):
        read_classes(tmp_path, 2)
    path.write_text("one\ntwo\nthree\n")
    with pytest.raises(DataError, match="names.txt has 3 lines, but the network knows 2 classes"):
        read_classes(path, 2)
    path.write_bytes(b"\xff\xfe\0\0")
    with pytest.raises(DataError, match="names.txt is no text in UTF-8"):
        read_classes(path, 2)
