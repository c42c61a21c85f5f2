"""Photographs of every kind, resized, cut and normalised."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minimix import data
from minimix.data.pictures import open_upright, prepare
from minimix.models import preparation
from minimix.models.pretrained import Preparation

PLAIN = Preparation(size=8, crop=1.0, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def photograph(height, width, seed=0):
    """Something smooth with some noise, uint8 (height, width, 3)."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / max(height, width)
    waves = [np.sin(9 * x + 5 * y), np.cos(7 * y), x * y]
    smooth = np.stack(waves, -1) * 90 + 128 + random.normal(0, 8, (height, width, 3))
    return smooth.clip(0, 255).astype(np.uint8)


def test_what_is_white_and_what_is_black():
    white = prepare(Image.new("RGB", (20, 20), "white"), preparation("mixnet_s")._replace(size=4))
    np.testing.assert_allclose(white[:, 0, 0], [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225], rtol=1e-6)
    black = prepare(Image.new("RGB", (20, 20), "black"), preparation("xception")._replace(size=4))
    assert black.dtype == np.float32 and (black == -1).all()


@pytest.mark.parametrize("height, width", [(8, 24), (24, 8), (8, 8)])
def test_the_centre_is_cut_out(height, width):
    pixels = photograph(height, width)
    top, left = (height - 8) // 2, (width - 8) // 2
    found = prepare(Image.fromarray(pixels), PLAIN)
    np.testing.assert_allclose(found, pixels[top : top + 8, left : left + 8].transpose(2, 0, 1) / 255, rtol=1e-6)


def test_the_shorter_side_is_resized():
    """224 / 0.875 = 256, of which the middle 224 remain."""
    pixels = photograph(512, 768)
    found = prepare(Image.fromarray(pixels), preparation("tf_mixnet_s")._replace(mean=(0, 0, 0), std=(1, 1, 1)))
    halved = pixels.reshape(256, 2, 384, 2, 3).mean(axis=(1, 3))[16:240, 80:304].transpose(2, 0, 1) / 255
    assert found.shape == (3, 224, 224)
    assert np.abs(found - halved).mean() < 0.01
    assert np.abs(found - np.roll(halved, 1, axis=2)).mean() > 0.0105  # one pixel aside is another picture


@pytest.mark.parametrize("size", [(3, 2000), (2000, 3), (1, 1), (2, 3)])
def test_odd_sizes(size):
    assert prepare(Image.new("RGB", size, "white"), PLAIN).tolist() == np.ones((3, 8, 8)).tolist()


def test_ribbons_are_cut_before_they_are_made_larger(monkeypatch):
    sizes = []
    resize = Image.Image.resize
    monkeypatch.setattr(Image.Image, "resize", lambda self, size, *args: sizes.append(size) or resize(self, size, *args))
    prepare(Image.new("RGB", (10, 50_000)), preparation("mixnet_s"))
    assert sizes == [(256, 2048)]


def save(mode, path):
    """A picture that is grey 100 everywhere, or nearly so."""
    if path.endswith("pgm"):  # by hand: not every Pillow writes those of 16 bits
        Path(path).write_bytes(b"P5 9 9 65535\n" + np.full((9, 9), 100 * 256 + 7, ">u2").tobytes())
    elif mode == "I;16":
        Image.fromarray(np.full((9, 9), 100 * 256 + 7, np.uint16)).save(path)
    elif mode == "P with transparency":
        image = Image.new("P", (9, 9), 1)
        image.putpalette([0, 0, 0, 100, 100, 100])
        image.save(path, transparency=1 if path.endswith("gif") else bytes([0, 128]))
    elif mode == "P":
        Image.new("RGB", (9, 9), (100, 100, 100)).quantize(2).save(path)
    else:
        colour = {"L": 100, "LA": (100, 30), "RGB": (100,) * 3, "RGBA": (100, 100, 100, 0), "CMYK": (155, 155, 155, 0)}[mode]
        Image.new(mode, (9, 9), colour).save(path)


@pytest.mark.parametrize(
    "mode, suffix",
    [("L", "png"), ("L", "jpg"), ("LA", "png"), ("RGB", "png"), ("RGB", "jpg"), ("RGB", "bmp"), ("RGBA", "png"),
     ("RGBA", "tiff"), ("RGBA", "webp"), ("P", "gif"), ("P", "png"), ("P with transparency", "png"),
     ("P with transparency", "gif"), ("CMYK", "jpg"), ("CMYK", "tiff"), ("I;16", "png"), ("I;16", "tiff"), ("I;16", "pgm")],
)  # fmt: skip
def test_every_mode(mode, suffix):
    save(mode, f"picture.{suffix}")
    found = open_upright(f"picture.{suffix}")
    assert found.mode == "RGB" and found.size == (9, 9)
    np.testing.assert_allclose(np.asarray(found), 100, atol=2)


def test_black_and_white():
    Image.new("1", (9, 9), 1).save("picture.png")
    assert (np.asarray(open_upright("picture.png")) == 255).all()


@pytest.mark.parametrize("suffix", ["png", "tiff"])
@pytest.mark.parametrize("kind", ["RGB", "L", "LA", "I;16", "P"])
@pytest.mark.parametrize(
    "orientation, turn, mirrored",
    [(1, 0, False), (2, 0, True), (3, 2, False), (4, 2, True), (5, 3, True), (6, 3, False), (7, 1, True), (8, 1, False)],
)
def test_the_camera_is_obeyed(orientation, turn, mirrored, kind, suffix):
    """turn: quarters to the left, of the picture as it is stored; mirrored: and then left and right change places."""
    pixels = photograph(6, 9)
    exif = Image.Exif()
    exif[0x0112] = orientation
    if kind != "RGB":
        pixels[...] = pixels[..., :1]  # grey
    grey = pixels[..., 0]
    images = {
        "RGB": pixels, "L": grey, "LA": np.stack([grey, grey], -1), "I;16": grey.astype(np.uint16) * 256, "P": grey
    }  # fmt: skip
    image = Image.fromarray(images[kind])
    (image.convert("P") if kind == "P" else image).save(f"turned.{suffix}", exif=exif)
    with Image.open(f"turned.{suffix}") as stored:
        assert stored.mode == kind or (kind, stored.mode) == ("I;16", "I")  # as Pillow before 11.0 calls it in PNG
    turned = np.rot90(pixels, turn)
    turned = turned[:, ::-1] if mirrored else turned
    np.testing.assert_array_equal(np.asarray(open_upright(f"turned.{suffix}")), turned)


@pytest.mark.parametrize("dtype, numbers", [(np.float32, "floating-point numbers"), (np.int32, "integers of 32 bits")])
def test_numbers_without_a_white_are_refused(dtype, numbers):
    Image.fromarray(np.full((9, 9), 100, dtype)).save("picture.tiff")
    with pytest.raises(ValueError, match=f"picture.tiff is no image .*: it holds {numbers}, and not which of them is white"):
        open_upright("picture.tiff")


def test_several_lie_in_memory_as_layers_want_them():
    for i in range(3):
        Image.fromarray(photograph(10 + i, 12, i)).save(f"{i}.png")
    found = data.load_pictures([f"{i}.png" for i in range(3)], PLAIN)
    assert found.shape == (3, 3, 8, 8) and found.transpose(1, 2, 3, 0).flags.c_contiguous
    for i in range(3):
        np.testing.assert_array_equal(found[i], prepare(Image.open(f"{i}.png"), PLAIN))


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n and no more", "half", "folder"])
def test_what_is_no_picture_is_named(content):
    path = Path("broken.jpg")
    if content == "folder":
        path.mkdir()
    else:
        Image.fromarray(photograph(64, 64)).save(path)
        path.write_bytes(path.read_bytes()[:400] if content == "half" else content)
    with pytest.raises(ValueError, match="broken.jpg is no image that can be read: "):
        data.load_pictures([path], PLAIN)


def test_missing():
    with pytest.raises(FileNotFoundError, match="there is no image gone.jpg"):
        data.load_pictures(["gone.jpg"], PLAIN)


@pytest.mark.parametrize("height, width", [(333, 500), (500, 333), (97, 1000), (256, 256), (100, 60)])
@pytest.mark.parametrize("name", ["tf_mixnet_s", "legacy_xception"])
def test_pixels_are_those_of_timm(name, height, width):
    timm = pytest.importorskip("timm")
    how = preparation(name)
    image = Image.fromarray(photograph(height, width))
    theirs = timm.data.create_transform(
        (3, how.size, how.size), interpolation=how.interpolation, mean=how.mean, std=how.std, crop_pct=how.crop
    )(image)
    difference = np.abs(prepare(image, how) - theirs.numpy())
    if max(height, width) > 8 * min(height, width):  # ribbons are cut first: other roundings at the far ends
        assert difference.mean() < 0.05
    else:
        np.testing.assert_allclose(difference, 0, atol=2e-6)
