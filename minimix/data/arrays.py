"""Images and labels from arrays of many kinds, made into the one kind that a ``Dataset`` holds.

Images: uint8, other whole numbers, or floating-point numbers; (N, C, H, W), (N, H, W, C) or (N, H, W); grey, colour, or colour
with transparency. Labels: whole numbers, or names. What was changed is said in one line; what nobody can be sure of is refused.
"""

import numpy as np

CHANNELS = (1, 3, 4)  # grey, colour, colour and transparency
LAYOUTS = ("NCHW", "NHWC")
OVERSHOOT = 1e-3  # by which floating-point numbers from 0 to 1 may miss both ends: resizing does that


def as_images(images, layout: str | None = None, white=None) -> tuple[np.ndarray, str]:
    """uint8 (N, 3, H, W), and what was done to get there ("" for nothing).

    layout: "NCHW" or "NHWC", where the shape does not say: it does where one of axes 1 and 3 is 1 or 3 long (4: with
        transparency), and the other is not. Three axes are (N, H, W), grey.
    white:  the value of full brightness. None: 255 for uint8, and for whole numbers up to 255; 65535 for larger ones; 1 for
        floating- point numbers from 0 to 1, 255 where they go up to 255.

    Raises TypeError for what are no numbers; ValueError where the shape can be read in two ways or none, and for numbers that
    are negative, NaN, above white, or in no known range.

    >>> images, done = as_images(np.linspace(0, 1, 2 * 4 * 5).reshape(2, 4, 5))
    >>> images.shape, images[1, :, 3, 4], done
    ((2, 3, 4, 5), array([255, 255, 255], dtype=uint8), 'float64 from 0 to 1, (N, H, W), grey')
    """
    images = np.asarray(images)
    if images.dtype.kind not in "buif":
        raise TypeError(f"images: expected numbers, not {images.dtype}")
    found, parts = images.dtype, []
    images, shape = _channels_first(images, layout)
    pixels, values = _as_bytes(images, white)
    if found != np.uint8 or values:
        parts.append(f"{found}{values}")
    if shape:
        parts.append(shape)
    if pixels.shape[1] == 1:
        pixels = np.repeat(pixels, 3, axis=1)
        parts.append("grey")
    elif pixels.shape[1] == 4:
        pixels = pixels[:, :3]
        parts.append("transparency dropped")
    return np.ascontiguousarray(pixels), ", ".join(parts)


def _channels_first(images: np.ndarray, layout: str | None) -> tuple[np.ndarray, str]:
    """(N, C, H, W), and the layout where it was another."""
    if layout is not None and layout not in LAYOUTS:
        raise ValueError(f"layout: expected one of {', '.join(LAYOUTS)}, or None, not {layout!r}")
    shape = images.shape
    if images.ndim == 3:
        return images[:, None], "(N, H, W)"
    if images.ndim != 4:
        hint = ": reshape each row of pixels into a picture" if images.ndim == 2 else ""
        raise ValueError(f"images: expected shape (N, C, H, W), (N, H, W, C) or (N, H, W), not {shape}{hint}")
    if layout is None:
        first, last = shape[1], shape[3]
        sure = [name for name, count in zip(LAYOUTS, (first, last), strict=True) if count in (1, 3)]
        sure = sure or [name for name, count in zip(LAYOUTS, (first, last), strict=True) if count in CHANNELS]
        if len(sure) != 1:
            why = "both axis 1 and axis 3 may be the channels" if sure else "neither axis 1 nor axis 3 has 1, 3 or 4 channels"
            advice = ": say layout='NCHW' or layout='NHWC' (data.from_arrays)" if sure else ""
            raise ValueError(f"images: expected shape (N, 3, H, W), (N, H, W, 3), or 1 for grey; in {shape} {why}{advice}")
        layout = sure[0]
    if layout == "NHWC":
        images = images.transpose(0, 3, 1, 2)
    if images.shape[1] not in CHANNELS:
        raise ValueError(f"images: expected 1, 3 or 4 channels, but {shape} has {images.shape[1]} as {layout}")
    return images, "" if layout == "NCHW" else "(N, H, W, C)"


def _as_bytes(images: np.ndarray, white) -> tuple[np.ndarray, str]:
    """uint8, and the range that the values were taken to have ("" where nobody needs to be told)."""
    if images.dtype == bool:
        return images.astype(np.uint8) * 255, ""
    if images.dtype == np.uint8 and white in (None, 255):
        return images, ""
    low, high = (float(images.min()), float(images.max())) if images.size else (0.0, 0.0)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError("images: there is NaN or infinity among them")
    kind = images.dtype.kind
    if white is None:
        white = _white(low, high, kind)
    slack = OVERSHOOT * white if kind == "f" else 0
    if low < -slack or high > white + slack:
        advice = (
            "normalised already? Give them as they were before: minimix normalises with its own mean and std" if low < 0 else ""
        )
        raise ValueError(f"images: {low:.6g} to {high:.6g}, but expected 0 to {white:.6g}{f' ({advice})' if advice else ''}")
    if white == 255 and kind != "f":
        return images.astype(np.uint8), " from 0 to 255"
    if white == 65535 and kind != "f":
        return (images >> 8).astype(np.uint8), " from 0 to 65535, upper halves kept"
    pixels = np.empty(images.shape, np.uint8)
    for i, image in enumerate(images):  # one at a time: as float64 all of them could take too much memory
        pixels[i] = np.rint(image.astype(np.float64).clip(0, white) * (255 / white))
    return pixels, f" from 0 to {white:g}"


def _white(low: float, high: float, kind: str) -> int:
    if kind != "f":
        return 255 if high <= 255 else 65535
    if high <= 1 + OVERSHOOT:
        return 1
    if 2 <= high <= 255 * (1 + OVERSHOOT) or low < 0:
        return 255
    raise ValueError(
        f"images: {low:.6g} to {high:.6g} is neither 0 to 1 nor 0 to 255: say which value is white (data.from_arrays)"
    )


def as_labels(labels, count: int, classes=None) -> tuple[np.ndarray, tuple[str, ...], str]:
    """int64 (N,), the names of the classes, and a remark ("" mostly).

    labels:  whole numbers, or names; (N,) or (N, 1).
    classes: their names, in order. None: the names that occur, sorted; for numbers "0", "1", ... up to the largest.

    Raises TypeError or ValueError for another number of labels than ``count``, for one-hot rows, fractions, negative numbers,
    numbers beyond the classes, and names that are none of them.

    >>> as_labels(["dog", "cat", "dog"], 3)
    (array([1, 0, 1]), ('cat', 'dog'), '')
    """
    labels = flat_labels(labels, count)
    if classes is not None:
        classes = tuple(classes)
        if len(set(classes)) != len(classes):
            raise ValueError(f"classes: expected different names, not {classes}")
    if labels.dtype.kind in "UO" and all(isinstance(label, str) for label in labels):
        names = [str(label) for label in labels]
        classes = tuple(sorted(set(names))) if classes is None else classes
        place = {name: i for i, name in enumerate(classes)}
        if unknown := sorted(set(names) - set(place)):
            raise ValueError(
                f"labels: {', '.join(map(repr, unknown[:5]))} among them, but the classes are {', '.join(map(str, classes))}"
            )
        return np.array([place[name] for name in names], np.int64), classes, ""
    if labels.dtype.kind not in "bui":
        hint = ": labels.astype(int), if they are whole" if labels.dtype.kind == "f" else ""
        raise TypeError(f"labels: expected whole numbers or names, not {labels.dtype}{hint}")
    largest = int(labels.max()) if count else -1
    given = classes is not None
    if count and labels.min() < 0 and not given:
        raise ValueError(f"labels: {labels.min()} among them, but classes are counted from 0")
    if not given:
        if largest >= max(count, 2):
            raise ValueError(f"labels: up to {largest}, more than there are images: pass classes, or the labels as names")
        classes = tuple(map(str, range(largest + 1)))
    if count and (labels.min() < 0 or largest >= len(classes)):
        raise ValueError(
            f"labels: found {labels.min()} to {largest}, but with {len(classes)} classes they are 0 to {len(classes) - 1}"
        )
    labels = labels.astype(np.int64, copy=False)
    if given:
        return labels, classes, ""
    missing = np.flatnonzero(np.bincount(labels, minlength=len(classes)) == 0)
    named = ", ".join(classes[i] for i in missing[:5]) + (", ..." if len(missing) > 5 else "")
    return labels, classes, f"no image of class {named}" if len(missing) else ""


def flat_labels(labels, count: int) -> np.ndarray:
    """The labels as an array (N,), whatever is in it. Raises ValueError where there are not ``count``, one for each image."""
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2 and labels.dtype.kind in "buif":
        raise ValueError(
            f"labels: expected one for each image, shape ({count},), not {labels.shape}; of one-hot rows: labels.argmax(axis=1)"
        )
    if labels.shape != (count,):
        raise ValueError(f"labels: shape {labels.shape} does not fit {count} images: expected ({count},)")
    return labels


def common_white(arrays: list[np.ndarray]):
    """What is white in several arrays of one kind, some of which may be dark by chance; None: each must say by itself."""
    kinds = {array.dtype.kind for array in arrays}
    if len(kinds) > 1 or kinds & set("b") or all(array.dtype == np.uint8 for array in arrays) or not all(map(np.size, arrays)):
        return None
    low, high = min(float(array.min()) for array in arrays), max(float(array.max()) for array in arrays)
    return _white(low, high, kinds.pop()) if np.isfinite(low) and np.isfinite(high) else None
