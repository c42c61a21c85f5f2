"""Photographs from files, made into what a network expects."""

import math
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from minimix.models.pretrained import Preparation
from minimix.words import beside

LONGEST = 8  # times as long as wide: of longer pictures, only the middle is resized


def open_upright(path):
    """The picture in a file as a Pillow image with three channels of 8 bits, RGB. Of several in one file, the first.

    Cameras' notes on how they were held are obeyed where they can be read; transparency is dropped, as in PyTorch's world, so
    that what lies under it is seen; greys of 16 bits keep their upper half.

    Raises FileNotFoundError, and ValueError naming the file for what is no image, or one of which nobody says what is white:
    floating-point numbers, or integers of 32 bits.
    """
    from PIL import Image

    try:
        # By a file, not by its path: Pillow maps grey TIFFs with a path into memory, and garbles those that lie on their side.
        with warnings.catch_warnings(), Path(path).open("rb") as file:
            warnings.simplefilter("ignore")  # Pillow warns of odd notes in sound pictures, and of large ones
            with Image.open(file) as image:
                upright = _turned(image)
                if upright.mode == "F" or (upright.mode == "I" and image.format not in ("PNG", "PPM")):
                    numbers = "floating-point numbers" if upright.mode == "F" else "integers of 32 bits"
                    raise ValueError(f"it holds {numbers}, and not which of them is white: save it with 8 or 16 bits a channel")
                if upright.mode.startswith("I"):  # "I;16" and the like; Pillow would make white of all above 255
                    upright = Image.fromarray((np.asarray(upright).clip(0, 65535) // 256).astype(np.uint8))
                elif upright.mode == "P":  # Pillow warns of palettes with transparent colours unless they go this way
                    upright = upright.convert("RGBA")
                return upright.convert("RGB")
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no image {path}{beside(Path(path))}") from None
    except Exception as error:  # Pillow has many, one for each way in which a file can be damaged
        raise ValueError(f"{path} is no image that can be read: {_reason(error, Path(path))}") from error


def _reason(error: Exception, path: Path) -> str:
    from PIL import UnidentifiedImageError

    if not isinstance(error, UnidentifiedImageError):
        return str(error) or type(error).__name__
    advice = ": telephones write HEIC; convert it to JPEG or PNG" if path.suffix.lower() in (".heic", ".heif") else ""
    return f"its format is none that Pillow knows{advice}"


def _turned(image):
    """The picture as it was seen. Notes that cannot be read leave it as it is stored: it is sound all the same."""
    from PIL import Image

    image.load()  # TIFFs are turned here, and then have no note any more
    try:
        orientation = image.getexif().get(0x0112)
    except Exception:  # as above
        orientation = None
    turns = Image.Transpose
    turn = {
        2: turns.FLIP_LEFT_RIGHT, 3: turns.ROTATE_180, 4: turns.FLIP_TOP_BOTTOM, 5: turns.TRANSPOSE,
        6: turns.ROTATE_270, 7: turns.TRANSVERSE, 8: turns.ROTATE_90,
    }.get(orientation)  # fmt: skip
    return image if turn is None else image.transpose(turn)


def small(path, height: int, width: int) -> tuple[np.ndarray, tuple[int, int]]:
    """The picture in a file -> uint8 (3, height, width), and the size (height, width) that it had.

    Of another size, its shorter side is resized and its centre cut out. For the rest see ``open_upright``.

    >>> from PIL import Image
    >>> Image.new("L", (300, 200), 90).save("grey.png")
    >>> pixels, had = small("grey.png", 32, 32)
    >>> pixels.shape, had, int(pixels.max())
    ((3, 32, 32), (200, 300), 90)
    """
    picture = open_upright(path)
    return fitted(picture, height, width), (picture.height, picture.width)


def fitted(picture, height: int, width: int) -> np.ndarray:
    """A Pillow image, RGB -> uint8 (3, height, width): its shorter side resized, its centre cut out, where it has another
    size."""
    from PIL import Image, ImageOps

    if picture.size != (width, height):
        picture = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(picture).transpose(2, 0, 1))  # (H, W, 3) -> (3, H, W)


def prepare(picture, how: Preparation) -> np.ndarray:
    """A Pillow image -> (3, height, width), float32: resized, its centre cut out, normalised; (1, height, width) where
    ``how`` has one mean, for a grey picture.

    >>> from PIL import Image
    >>> prepare(Image.new("RGB", (40, 30), "white"), Preparation(size=4, mean=(0.0, 0.5, 1.0), std=(1.0, 0.5, 1.0)))[:, 0, 0]
    array([1., 1., 0.], dtype=float32)
    """
    from PIL import Image

    short, long = sorted(picture.size)
    if long > LONGEST * short:
        picture = _centre(picture, min(picture.width, LONGEST * short), min(picture.height, LONGEST * short))
    height, width = (math.floor(side / how.crop) for side in how.sides)
    if picture.width * height > picture.height * width:  # wider than needed
        size = int(height * picture.width / picture.height), height
    else:
        size = width, int(width * picture.height / picture.width)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling[how.interpolation.upper()])
    picture = _centre(picture.convert("L") if len(how.mean) == 1 else picture, *reversed(how.sides))
    pixels = np.atleast_3d(np.asarray(picture, np.float32)).transpose(2, 0, 1) / np.float32(255)
    mean, std = (np.array(values, np.float32)[:, None, None] for values in (how.mean, how.std))
    return (pixels - mean) / std


def load_pictures(paths: Iterable, how: Preparation) -> np.ndarray:
    """The pictures in files -> (N, 3, height, width), float32, in the order of memory that layers use. Grey ones: (N, 1, ...).

    how: as the weights expect it, ``models.preparation("tf_mixnet_s")``.

    Raises FileNotFoundError, and ValueError naming the file for what is no image.

    >>> from PIL import Image
    >>> Image.new("L", (300, 200)).save("grey.png")
    >>> load_pictures(["grey.png"], Preparation()).shape
    (1, 3, 224, 224)
    """
    paths = list(paths)
    planes = np.empty((len(how.mean), *how.sides, len(paths)), np.float32)  # (C, H, W, N)
    for i, path in enumerate(paths):
        planes[..., i] = prepare(open_upright(path), how)
    return planes.transpose(3, 0, 1, 2)


def _centre(picture, width: int, height: int):
    left, top = round((picture.width - width) / 2), round((picture.height - height) / 2)
    return picture.crop((left, top, left + width, top + height))
