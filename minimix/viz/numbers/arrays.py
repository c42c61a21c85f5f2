"""Arrays as pictures: one or several, and two that should be equal beside their difference."""

import numpy as np
from matplotlib.colors import Normalize

from minimix.viz.drawing import blocks, cells, theme
from minimix.viz.drawing.blocks import Block, Frame, Scale
from minimix.viz.drawing.values import as_array, cell_texts, short
from minimix.words import count

FEW = 400  # cells, up to which numbers are tried
MANY = 6  # pictures, from which on there are too many numbers to look at
SAID = 8  # pictures that are described in words
SMALL, LARGE = 1.85, 4.0  # inches: sides of pictures without numbers, of many and of a single one


@theme.styled
def show(*arrays, titles=None, columns: int | None = None, shared: bool = True, values: bool = True, ax=None) -> theme.Picture:
    """Arrays as pictures, with their numbers in the cells where these can be read, else with a scale.

    arrays: Tensors or arrays, (H, W), or (C, H, W), which are C pictures. A uint8 (3, H, W) is a photograph.
    titles: a text for each of ``arrays``. columns: pictures in a row. shared: one scale for all, or one for each.
    values: False leaves the numbers out.
    Where there are negative numbers, colours go both ways from 0, which is white; NaN is grey.

    Raises TypeError for what holds no numbers, ValueError for other shapes and another number of titles.

    >>> from minimix import viz
    >>> import numpy as np
    >>> figure = viz.show(np.eye(3), -np.eye(3), titles=("identity", "its negative"))
    """
    if not arrays:
        raise ValueError("arrays: give one or more to show")
    given = [as_array(array, f"array {i}" if len(arrays) > 1 else "array", (2, 3)) for i, array in enumerate(arrays)]
    if isinstance(titles, str):
        titles = (titles,)
    if titles is not None and len(titles) != len(given):
        raise ValueError(f"titles: {len(titles)} of them for {len(given)} arrays")
    pictures = [(title, part) for i, array in enumerate(given) for title, part in _pictures(array, i, titles, len(given))]
    plain = [picture for _, picture in pictures if picture.ndim == 2]
    scale = colour_scale(plain) if plain else None
    parts = [_photograph(t, p) if p.ndim == 3 else block(t, p, scale if shared else colour_scale([p])) for t, p in pictures]
    side = LARGE if len(parts) == 1 else SMALL
    if columns is None:
        widest = max(max(_side(part, side, values and len(parts) <= MANY), cells.title_size(part.title)[0]) for part in parts)
        columns = max(1, int((theme.WIDTH - 2 * blocks.MARGIN + blocks.GAP) / (widest + blocks.GAP)))
    elif columns < 1:
        raise ValueError(f"columns must be 1 or more, got {columns}")
    if shared:  # the last row's first has the scale of all
        first = (len(parts) - 1) // columns * columns
        parts = [part if i == first else part._replace(scale=None) for i, part in enumerate(parts)]
    rows = [parts[i : i + columns] for i in range(0, len(parts), columns)]
    figure = blocks.draw(ax, rows, numbers=values and len(parts) <= MANY, side=side)
    said = "; ".join(f"{title}, {numbers_in(picture)}" for title, picture in pictures[:SAID])
    more = f"; and {len(pictures) - SAID} more" if len(pictures) > SAID else ""
    return theme.told(figure, f"{count(len(pictures), 'array')} as pictures: {said}{more}.")


@theme.styled
def compare(
    expected, actual, x=None, names: tuple[str, str] = ("expected", "actual"), rtol: float = 1e-5, atol: float = 1e-8, ax=None
) -> theme.Picture:
    """What should have come out beside what did, and their difference, with frames around the places that differ.

    expected, actual: Tensors or arrays of 2 to 4 axes; of larger ones the first picture (image, channel) that differs is shown.
    x: the input they belong to, drawn in front; of its images and channels the same, where it has as many.
    names: titles. rtol, atol: numbers differ where |actual - expected| > atol + rtol * |expected|; NaN equals NaN.
    Where the shapes differ there is no difference to show, and the title says so.

    >>> from minimix import viz
    >>> import numpy as np
    >>> figure = viz.compare(np.eye(3), np.ones((3, 3)))
    """
    expected, actual = as_array(expected, names[0], (1, 2, 3, 4)), as_array(actual, names[1], (1, 2, 3, 4))
    fits = expected.shape == actual.shape
    with np.errstate(invalid="ignore"):
        wrong = ~np.isclose(actual, expected, rtol, atol, equal_nan=True) if fits else None
    at = _where(wrong) if fits else (0,) * max(0, expected.ndim - 2)
    where = f"\n{_spoken(at, expected.shape)}" if at else ""
    pair = _picture(expected, at), _picture(actual, at if fits else (0,) * max(0, actual.ndim - 2))
    scale = colour_scale(pair)
    shapes = ("", "") if fits else tuple(f"\nshape {theme.times(a.shape)}" for a in (expected, actual))
    parts = [block(f"{name}{where}{s}", p, scale) for name, p, s in zip(names, pair, shapes, strict=True)]
    front = []
    if x is not None:
        x = as_array(x, "x", (1, 2, 3, 4))
        own = tuple(i if i < n else 0 for i, n in zip(at, x.shape, strict=False))[: max(0, x.ndim - 2)]
        picture = _picture(x, own + (0,) * (max(0, x.ndim - 2) - len(own)))
        front = [block(f"input\n{theme.times(x.shape)}", picture, colour_scale([picture]))]
    if fits:
        parts.append(_difference(*pair, _picture(wrong, at), int(wrong.sum()), wrong.size))
        note = "" if not parts[-1].frames else f"framed: differs by more than {atol:g} + {rtol:g} · |{names[0]}|"
    else:
        note = f"the shapes differ: {names[0]} has {expected.shape}, {names[1]} {actual.shape}"
    rows = [front + parts]
    if front and not blocks.readable(rows) and blocks.readable([front, parts]):
        rows = [front, parts]
    figure = blocks.draw(ax, rows, note=note)
    said = f"{names[0]}{where}, {numbers_in(pair[0])}, beside {names[1]}, {numbers_in(pair[1])}"
    apart = parts[-1].title.replace("\n", ": ", 1) if fits else note
    return theme.told(figure, f"{said}; {apart}.")


def numbers_in(picture: np.ndarray) -> str:
    """An array in words: all numbers where they are few, else its size and range.

    >>> numbers_in(np.array([[1.0, 2.5]])), numbers_in(np.arange(36.0).reshape(6, 6))
    ('rows 1.0 2.5', '6x6, from 0 to 35')
    """
    if picture.ndim == 3:
        return f"a photograph of {theme.times(picture.shape[1:])} pixels"
    if picture.size <= 16:
        return "rows " + " / ".join(" ".join(line) for line in cell_texts(picture))
    finite = picture[np.isfinite(picture)]
    ends = f", from {short(float(finite.min()))} to {short(float(finite.max()))}" if finite.size else ", nothing finite"
    return theme.times(picture.shape) + ends


# -- parts ----------------------------------------------------------------------------------------------------------------


def colour_scale(pictures) -> Scale:
    """Of all the pictures together: both ways from 0 where there are negative numbers, otherwise upwards.

    >>> scale = colour_scale([np.array([[-1.0, 3.0]])])
    >>> scale.colours, scale.norm.vmin, scale.norm.vmax
    ('PuOr', -3.0, 3.0)
    """
    numbers = np.concatenate([picture[np.isfinite(picture)].astype(float).ravel() for picture in pictures])
    low, high = (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 1.0)
    if low < 0:
        end = max(-low, high)
        return Scale(theme.DIVERGING, Normalize(-end, end))
    # from 0, unless all numbers are far from it
    low = low if high > low > 0.5 * high else 0.0
    return Scale(theme.SEQUENTIAL, Normalize(low, high if high > low else low + 1.0))


def block(title: str, picture: np.ndarray, scale: Scale, bold=None, frames=()) -> Block:
    """A 2-D array as a block, coloured by ``scale``."""
    softer = Normalize(scale.norm.vmin, scale.norm.vmax + 0.35 * (scale.norm.vmax - scale.norm.vmin))
    norm = softer if scale.colours == theme.SEQUENTIAL and picture.size <= FEW else scale.norm
    few = picture.size <= FEW
    return Block(
        title,
        cells.coloured(picture, scale.colours, norm),
        cell_texts(picture) if few else None,
        bold,
        np.isnan(picture),
        frames,
        scale=scale._replace(norm=norm),
        lines=few,
        coarse=cell_texts(picture, most=1) if few else None,
        most=float(scale.norm.vmax),
    )


def _difference(expected: np.ndarray, actual: np.ndarray, wrong: np.ndarray, differ: int, total: int) -> Block:
    with np.errstate(invalid="ignore", over="ignore"):
        difference = actual.astype(float) - expected.astype(float)
    difference[(expected == actual) | (np.isnan(expected) & np.isnan(actual))] = 0.0  # inf - inf
    largest = np.abs(difference[np.isfinite(difference)]).max(initial=0.0)
    said = f"{differ} of {total} differ" if differ else "none differs"
    title = f"difference\n{said},\nat most {short(float(largest))}" if differ else f"difference\n{said}"
    scale = colour_scale([difference]) if wrong.any() else Scale(theme.DIVERGING, Normalize(-1, 1))
    scale = Scale(theme.DIVERGING, Normalize(-scale.norm.vmax, scale.norm.vmax))
    frames = tuple(Frame(int(i), int(j), 1, 1, linewidth=1.6) for i, j in np.argwhere(wrong)) if wrong.size <= FEW else ()
    return block(title, difference, scale, wrong, frames)


def _pictures(array: np.ndarray, i: int, titles, arrays: int):
    """(title, picture) of each channel; a picture is 2-D, or a photograph (3, H, W)."""
    if array.ndim == 2 or (array.dtype == np.uint8 and len(array) == 3):
        yield str(titles[i]) if titles is not None else theme.times(array.shape), array
        return
    for c, channel in enumerate(array):
        own = f"array {i}\n" if arrays > 1 else ""
        yield f"{titles[i]}\nchannel {c}" if titles is not None else f"{own}channel {c}", channel


def _side(part: Block, side: float, values: bool) -> float:
    """Inches that a picture will be wide: with its numbers, if they do not make it larger than a single one may be."""
    if values and part.texts is not None:
        needed = max(part.fill.shape[:2]) * max(cells.widest(part.texts), blocks.LARGEST)
        if needed <= LARGE:
            return part.fill.shape[1] * max(cells.widest(part.texts), blocks.LARGEST)
    return min(side * part.fill.shape[1] / max(part.fill.shape[:2]), part.fill.shape[1] * blocks.LARGEST)


def _photograph(title: str, picture: np.ndarray) -> Block:
    colours = picture.transpose(1, 2, 0) / 255
    return Block(title, np.concatenate([colours, np.ones((*colours.shape[:2], 1))], axis=2), lines=False)


def _where(wrong: np.ndarray) -> tuple[int, ...]:
    """Image and channel (what there is of them) of the first picture in which something is wrong."""
    leading = wrong.reshape(*wrong.shape[:-2], -1).any(axis=-1) if wrong.ndim > 2 else np.array(False)
    return tuple(int(i) for i in np.unravel_index(int(leading.argmax()), leading.shape)) if leading.ndim else ()


def _picture(array: np.ndarray, at: tuple[int, ...]) -> np.ndarray:
    return np.atleast_2d(array[at])


def _spoken(at: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """
    >>> _spoken((0, 2), (2, 4, 5, 5))
    'image 0, channel 2'
    """
    names = ("image", "channel")[2 - len(at) :]
    return ", ".join(f"{name} {i}" for name, i, n in zip(names, at, shape, strict=False) if n > 1) or theme.times(shape)
