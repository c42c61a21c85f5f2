import dataclasses
import functools
import hashlib
import http.server
import io
import os
import tarfile
import threading

import cifar_files
import pytest

from minimix import data
from minimix.data import DataError, archive, cifar


def tar(path, members):
    """Write a .tar.gz of (name, content) or (TarInfo, content) pairs."""
    with tarfile.open(path, "w:gz") as file:
        for member, content in members:
            if isinstance(member, str):
                member = tarfile.TarInfo(member)
            if member.isreg():
                member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return path


def special(name, kind, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def everything_below(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_unpack(tmp_path):
    folder = special("top", tarfile.DIRTYPE)
    here = special(".", tarfile.DIRTYPE)
    path = tar(tmp_path / "a.tar.gz", [(here, b""), (folder, b""), ("top/one", b"1"), ("./top/sub/two", b"22")])
    archive.unpack(path, tmp_path / "top")
    assert everything_below(tmp_path) == ["a.tar.gz", "top", "top/one", "top/sub", "top/sub/two"]
    assert (tmp_path / "top" / "sub" / "two").read_bytes() == b"22"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("../evil", "outside"),
        ("top/../../evil", "outside"),
        ("/evil", "outside"),
        ("//evil", "outside"),
        ("top\\..\\..\\evil", "outside"),
        ("C:evil", "outside"),
        ("C:/evil", "outside"),
        ("evil", "not in the folder top"),
        ("elsewhere/evil", "not in the folder top"),
        (special("top/evil", tarfile.SYMTYPE, "/etc/passwd"), "a link or a device"),
        (special("top/evil", tarfile.SYMTYPE, "one"), "a link or a device"),
        (special("top", tarfile.SYMTYPE, ".."), "a link or a device"),
        (special("top/evil", tarfile.LNKTYPE, "top/one"), "a link or a device"),
        (special("top/evil", tarfile.CHRTYPE), "a link or a device"),
        (special("top/evil", tarfile.FIFOTYPE), "a link or a device"),
        ("top/one", "not a whole archive"),  # the same file twice
    ],
)
def test_unsafe_members_are_refused_and_nothing_is_left(tmp_path, bad, message):
    inside = tmp_path / "data"
    inside.mkdir()
    path = tar(tmp_path / "a.tar.gz", [("top/one", b"1"), (bad, b"evil"), ("top/two", b"2")])
    with pytest.raises(DataError, match=message):
        archive.unpack(path, inside / "top")
    assert everything_below(tmp_path) == ["a.tar.gz", "data"]


def test_a_link_cannot_be_written_through(tmp_path):
    """First a link to elsewhere, then a file behind it."""
    (tmp_path / "data").mkdir()
    (tmp_path / "elsewhere").mkdir()
    link = special("top/link", tarfile.SYMTYPE, str(tmp_path / "elsewhere"))
    path = tar(tmp_path / "a.tar.gz", [(link, b""), ("top/link/evil", b"evil")])
    with pytest.raises(DataError, match="a link or a device"):
        archive.unpack(path, tmp_path / "data" / "top")
    assert everything_below(tmp_path) == ["a.tar.gz", "data", "elsewhere"]


def test_bombs_and_damage(tmp_path, monkeypatch):
    path = tar(tmp_path / "a.tar.gz", [("top/one", os.urandom(3000)), ("top/two", bytes(3000))])
    content = path.read_bytes()
    monkeypatch.setattr(archive, "LARGEST", 5000)
    with pytest.raises(DataError, match="unpacks to more"):
        archive.unpack(path, tmp_path / "top")
    monkeypatch.undo()
    for damaged in (b"", b"no archive", content[:1500], content[:1000] + bytes(500) + content[1500:]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="not a whole archive"):
            archive.unpack(path, tmp_path / "top")
    tar(path, [])
    with pytest.raises(DataError, match="no folder top"):
        archive.unpack(path, tmp_path / "top")
    assert everything_below(tmp_path) == ["a.tar.gz"]


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serve the small "official" CIFAR-10 on this machine, and count what is asked for."""
    layouts = cifar_files.make_official(monkeypatch, tmp_path)
    layout = next(layout for layout in layouts if layout.name == "cifar10" and layout.binary)
    monkeypatch.setattr(archive, "LAYOUTS", layouts)
    folder = tmp_path / "official" / layout.folder
    (tmp_path / "www").mkdir()
    files = [(f"{layout.folder}/{path.name}", path.read_bytes()) for path in sorted(folder.iterdir())]
    served = tar(tmp_path / "www" / "cifar-10-binary.tar.gz", files)
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            asked.append(self.path)

    handler = functools.partial(Handler, directory=str(tmp_path / "www"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        url = f"http://127.0.0.1:{running.server_port}/cifar-10-binary.tar.gz"
        md5 = hashlib.md5(served.read_bytes(), usedforsecurity=False).hexdigest()
        source = dataclasses.replace(archive.ARCHIVES["cifar10"], url=url, md5=md5)
        monkeypatch.setitem(archive.ARCHIVES, "cifar10", source)
        yield served, asked
        running.shutdown()


def test_download(server, tmp_path, capfd):
    _, asked = server
    folder = data.download("cifar10", tmp_path / "new" / "place")
    assert folder == tmp_path / "new" / "place" / "cifar-10-batches-bin"
    assert [path.name for path in folder.parent.iterdir()] == ["cifar-10-batches-bin"]  # the archive itself is not kept
    assert "CIFAR-10 (162 MB)" in capfd.readouterr().err  # progress
    images, _ = cifar_files.expected("cifar10", "train")
    assert (data.load("cifar10", "train", folder.parent).images == images).all()
    assert len(asked) == 1
    assert data.download("cifar10", folder.parent, progress=False) == folder
    assert len(asked) == 1  # what is there is not fetched again


def test_download_goes_to_the_place_that_is_searched_first(server, tmp_path, monkeypatch):
    monkeypatch.setenv("MINIMIX_DATA", str(tmp_path / "from_variable"))
    assert data.download("cifar10", progress=False).parent == tmp_path / "from_variable"
    assert data.find("cifar10") == tmp_path / "from_variable" / "cifar-10-batches-bin"


def test_another_checksum_is_refused(server, tmp_path):
    served, _ = server
    served.write_bytes(served.read_bytes() + b"x")
    with pytest.raises(DataError, match="not the official archive(?s:.*)By hand"):
        data.download("cifar10", tmp_path / "new", progress=False)
    assert everything_below(tmp_path / "new") == []


def test_an_altered_folder_is_not_overwritten(server, tmp_path):
    _, asked = server
    folder = data.download("cifar10", tmp_path, progress=False)
    (folder / "data_batch_3.bin").write_bytes(b"mine")
    with pytest.raises(DataError, match="in the way(?s:.*)data_batch_3.bin"):
        data.download("cifar10", tmp_path, progress=False)
    assert (folder / "data_batch_3.bin").read_bytes() == b"mine" and len(asked) == 1


@pytest.mark.parametrize("path", ["/missing.tar.gz", None])
def test_offline_it_says_what_to_do(server, tmp_path, monkeypatch, path):
    source = archive.ARCHIVES["cifar10"]
    url = source.url.replace("/cifar-10-binary.tar.gz", path) if path else "http://127.0.0.1:9/cifar-10-binary.tar.gz"
    monkeypatch.setitem(archive.ARCHIVES, "cifar10", dataclasses.replace(source, url=url))
    with pytest.raises(ConnectionError) as caught:
        data.download("cifar10", tmp_path / "new")
    message = str(caught.value)
    assert url in message and str(tmp_path / "new" / "cifar-10-batches-bin") in message and "By hand" in message
    assert everything_below(tmp_path / "new") == []


def test_names(tmp_path):
    with pytest.raises(ValueError, match="patterns10"):
        data.download("patterns10", tmp_path)
    assert cifar.locate("cifar10", tmp_path) is None
