"""What goes wrong with any window that slides over a picture: (name, explanation, parts of ``sliding``)."""

import numpy as np

from minimix.course.checking import alterations as alt


def _both(row, column, function) -> dict:
    return {row: function, column: function}


def _counted(function) -> dict:
    return _both("rows", "columns", function)


def _begun(function) -> dict:
    return _both("row", "column", function)


def _tapped(function) -> dict:
    return _both("down", "across", function)


def _usual(own, other, covered, s, p):
    return (own - covered) // s + 1


def _inner_only(result, x, margin=1):
    kept = np.zeros_like(result)
    inside = (..., slice(margin, -margin), slice(margin, -margin))
    kept[inside] = result[inside]
    return kept


COUNTS = (
    ("as many columns as rows", "The number of columns is that of the rows: right for square pictures only. Try one that is "
     "wider than high.", {"columns": lambda own, other, covered, s, p: _usual(other, own, covered, s, p)}),
    ("as many rows as columns", "The number of rows is that of the columns: right for square pictures only. Try one that is "
     "wider than high.", {"rows": lambda own, other, covered, s, p: _usual(other, own, covered, s, p)}),
    ("the first place is not counted", "The last row and the last column of outputs are missing: the number of steps is one "
     "less than that of places.", _counted(lambda own, other, covered, s, p: (own - covered) // s)),
    ("the last place missed where it just fits", "A window that ends at the last pixel is left out. What is the last number "
     "that range(n) gives?", _counted(lambda own, other, covered, s, p: -(-(own - covered) // s))),
    ("+ 1 before the division", "The 1 for the first place is added before dividing by the stride, so that a place is lost "
     "where the steps do not come out even.", _counted(lambda own, other, covered, s, p: (own - covered + 1) // s)),
    ("rounded up", "Where the steps do not come out even, there is a window too many, beyond the last that fits.",
     _counted(lambda own, other, covered, s, p: -(-(own - covered) // s) + 1) | {"beyond": lambda k, s, d: d * k + s}),
    ("an even kernel taken for one larger", "Where the kernel is even there are too few places, as if it were one larger: "
     "2 * (K // 2) + 1 is K for odd K only.",
     _counted(lambda own, other, covered, s, p: (own - covered - 1 + covered % 2) // s + 1)),
    ("as many places as the stride fits into the image", "The number of places is size // stride, whatever kernel and padding "
     "are. How many windows fit into the image with its border?", _counted(lambda own, other, covered, s,
     p: (own - 2 * p) // s)),
    ("as many places as the stride fits into the padded image", "The number of places is the padded size // stride: the "
     "kernel's size is not taken off.", _counted(lambda own, other, covered, s, p: own // s)),
    ("the padded image cut to a multiple of the stride", "The padded image is cut to a multiple of the stride before places "
     "are counted: windows that need the last pixels are lost. Rounding down belongs to the number of steps.",
     _counted(lambda own, other, covered, s, p: max((own // s * s - covered) // s + 1, 0))),
    ("as many places as for padding 'same'", "The number of places is size / stride, rounded up, whatever kernel and padding "
     "are. So it is for one special padding only.", _counted(lambda own, other, covered, s, p: -(-(own - 2 * p) // s))),
    ("as many places as without padding",
     "The number of places is that of the bare image. The window slides over the border, too.",
     _counted(lambda own, other, covered, s, p: (own - 2 * p - covered) // s + 1)),
    ("a place too many", "There is one row and one column of outputs too many.",
     _counted(lambda own, other, covered, s, p: _usual(own, other, covered, s, p) + 1) | {"beyond": lambda k, s, d: d * k + s}),
)  # fmt: skip
TAPS = (
    ("taps in the other direction", "The taps look up and to the left, where a negative index or np.roll wraps around to the "
     "other side. Tap (1, 0) sees the pixel below that of tap (0, 0).", _tapped(lambda i, d, s, k: -i * d)),
    ("taps around the window's corner", "The middle of the kernel lies on the window's first pixel, so that taps look beyond "
     "the image and wrap around. Tap (0, 0) belongs there.", _tapped(lambda i, d, s, k: i * d - d * (k // 2))),
)  # fmt: skip
MIXED = (
    ("the tap's row for its column, too", "The column of the pixel is counted by the tap's row: one index stands where the "
     "other belongs.", {"seen": lambda windows: _diagonal(windows)[..., :, None] + 0 * windows}),
    ("the tap's column for its row, too", "The row of the pixel is counted by the tap's column: one index stands where the "
     "other belongs.", {"seen": lambda windows: _diagonal(windows)[..., None, :] + 0 * windows}),
    ("the window's first pixel for all taps", "All taps see the pixel in the window's corner: their indices are not used.",
     {"seen": lambda windows: windows[..., :1, :1] + 0 * windows}),
    ("the tap's row not used", "All rows of the kernel see the window's first row of pixels.",
     {"seen": lambda windows: windows[..., :1, :] + 0 * windows}),
    ("the tap's column not used", "All columns of the kernel see the window's first column of pixels.",
     {"seen": lambda windows: windows[..., :, :1] + 0 * windows}),
)  # fmt: skip
STRIDES = (
    (*alt.STRIDE_IGNORED, _counted(lambda own, other, covered, s, p: own - covered + 1) | _begun(lambda o, s, k: o)),
    (*alt.STEP_OF_ONE, _begun(lambda o, s, k: o)),
    (*alt.STRIDE_ON_TAPS,
     _begun(lambda o, s, k: o) | _tapped(lambda i, d, s, k: i * s) | {"beyond": lambda k, s, d: s * k}),
    ("stride on taps, too", "The stride moves the window and also spreads its taps. Of the two indices that are added to find "
     "a pixel, only the one that counts windows is multiplied by it.",
     _tapped(lambda i, d, s, k: i * d * s) | {"beyond": lambda k, s, d: d * s * k}),
    ("stride ignored in the rows' index", "The stride moves the window across, but not down: look at the index of the row.",
     {"row": lambda o, s, k: o}),
    ("stride ignored in the columns' index",
     "The stride moves the window down, but not across: look at the index of the column.",
     {"column": lambda o, s, k: o}),
    ("stride only downwards", "The stride counts for the rows of outputs only; along a row there is one at every pixel.",
     {"columns": lambda own, other, covered, s, p: own - covered + 1, "column": lambda o, s, k: o}),
    ("stride only across", "The stride counts for the columns of outputs only; downwards there is one at every pixel.",
     {"rows": lambda own, other, covered, s, p: own - covered + 1, "row": lambda o, s, k: o}),
    ("windows side by side", "The windows do not overlap: each begins where the last one ends. How far apart they begin is the "
     "stride.", _begun(lambda o, s, k: o * k) | _counted(lambda own, other, covered, s, p: own // covered)),
    ("the first window begins too late",
     "The first window begins s - 1 pixels inside of the image. It should begin in the corner.",
     _begun(lambda o, s, k: o * s + s - 1) | _counted(lambda own, other, covered, s, p: (own - covered + 1) // s)),
    ("the stride limited to the kernel", "Where the stride is greater than the kernel, it is taken for the kernel's size. "
     "Pixels may be left out: the stride stays.", _begun(lambda o, s, k: o * np.minimum(s, k))),
    ("the stride limited to the kernel, with more places", "Where the stride is greater than the kernel, it is taken for the "
     "kernel's size. Pixels may be left out: the stride stays.",
     _begun(lambda o, s, k: o * np.minimum(s, k)) | _counted(lambda own, other, covered, s, p: (own - covered) // min(s,
     covered) + 1)),
    ("for a kernel of 1 the stride is ignored", "Where the kernel is 1, each pixel gives an output. A stride leaves some out "
     "there, too.", _begun(lambda o, s, k: o * (1 if k == 1 else s))
     | _counted(lambda own, other, covered, s, p: (own - covered) // (1 if covered == 1 else s) + 1)),
)  # fmt: skip
BORDERS = (
    (*alt.PADDING_IGNORED, {"border": lambda p, k, d: (0, 0, 0, 0)}),
    (*alt.PADDED_BEFORE, {"border": lambda p, k, d: (p, 0, p, 0)}),
    (*alt.PADDED_AFTER, {"border": lambda p, k, d: (0, p, 0, p)}),
    (*alt.NOT_MOVED, {"border": lambda p, k, d: (0, 2 * p, 0, 2 * p)}),
    ("all the padding in front", "All zeros lie above and to the left of the image, none below and to the right: half of them "
     "belongs to each side. The result is shifted.", {"border": lambda p, k, d: (2 * p, 0, 2 * p, 0)}),
    ("padding only above and below", "There are zeros above and below the image, but not to its left and right.",
     {"border": lambda p, k, d: (p, p, 0, 0)}),
    ("padding only left and right", "There are zeros to the left and right of the image, but not above and below.",
     {"border": lambda p, k, d: (0, 0, p, p)}),
    ("twice the padding", "The border is twice as wide as it should be: how many zeros are there on each side?",
     {"border": lambda p, k, d: (2 * p,) * 4}),
    ("padding one too wide", "The border is one pixel wider than it should be, on each side.",
     {"border": lambda p, k, d: (p + 1,) * 4}),
    ("half of the padding", "The border is half as wide as it should be: how many zeros are there on each side?",
     {"border": lambda p, k, d: (p // 2,) * 4}),
    ("always padded by one", "Wherever there is a border it is 1 pixel wide, however wide it should be.",
     {"border": lambda p, k, d: (min(p, 1),) * 4}),
    ("padding of half the kernel", "The border is (k - 1) / 2 pixels wide, whatever it should be.",
     {"border": lambda p, k, d: ((k - 1) // 2,) * 4}),
    (*alt.EDGE_REPEATED, {"fill": "edge"}),
    ("border wrapped around", "The border holds the pixels of the opposite side, as a negative index or np.roll takes them. It "
     "should hold zeros.", {"fill": "wrap"}),
    ("border mirrored", "The border is a mirror image of the pixels inside. It should hold zeros; only numbers near the border "
     "show it.", {"fill": "reflect"}),
    ("border mirrored, edge included", "The border is a mirror image of the pixels inside. It should hold zeros; only numbers "
     "near the border show it.", {"fill": "symmetric"}),
    ("border of ones", "The border holds ones. It should hold zeros; only numbers near the border show it.", {"fill": 1}),
    ("border of the mean", "The border holds the mean of the image's pixels. It should hold zeros.", {"fill": "mean"}),
)  # fmt: skip
KERNELS = (
    (*alt.FLIPPED, {"weight": lambda w, x: alt.flipped(w)}),
    (*alt.TRANSPOSED, {"weight": lambda w, x: alt.transposed(w)}),
    ("kernel turned and transposed", "The kernel is turned by 180 degrees and its rows and columns are exchanged. Which weight "
     "meets the pixel in the window's top left corner?", {"weight": lambda w, x: alt.flipped(alt.transposed(w))}),
    ("kernel upside down",
     "The kernel's rows are in reverse order. Which weight meets the pixel in the window's top left corner?",
     {"weight": lambda w, x: w[..., ::-1, :]}),
    ("kernel mirrored", "The kernel's columns are in reverse order. Which weight meets the pixel in the window's top left "
     "corner?",
     {"weight": lambda w, x: w[..., ::-1]}),
    ("kernel turned by 90 degrees", "The kernel is turned by a quarter. Which weight meets the pixel in the window's top left "
     "corner?", {"weight": lambda w, x: np.rot90(w, 1, (-2, -1))}),
    ("kernel turned by -90 degrees", "The kernel is turned by a quarter. Which weight meets the pixel in the window's top left "
     "corner?", {"weight": lambda w, x: np.rot90(w, -1, (-2, -1))}),
    ("the kernel's last row left out", "The kernel's last row is not used: the loop over it ends one too early.",
     {"weight": lambda w, x: _without(w, rows=slice(-1, None))}),
    ("the kernel's last column left out", "The kernel's last column is not used: the loop over it ends one too early.",
     {"weight": lambda w, x: _without(w, columns=slice(-1, None))}),
    ("the kernel's last row and column left out", "The kernel's last row and column are not used: the loops over it end one "
     "too early.", {"weight": lambda w, x: _without(_without(w, rows=slice(-1, None)), columns=slice(-1, None))}),
    ("the kernel's first row and column left out", "The kernel's first row and column are not used. Python counts from 0.",
     {"weight": lambda w, x: _without(_without(w, rows=slice(0, 1)), columns=slice(0, 1))}),
    ("the kernel's first row left out", "The kernel's first row is not used. Python counts from 0.",
     {"weight": lambda w, x: _without(w, rows=slice(0, 1))}),
    ("the kernel's first column left out", "The kernel's first column is not used. Python counts from 0.",
     {"weight": lambda w, x: _without(w, columns=slice(0, 1))}),
    ("only the kernel's first row", "Only the first row of the kernel is used.",
     {"weight": lambda w, x: _without(w, rows=slice(1, None))}),
    ("only the kernel's first column", "Only the first column of the kernel is used.",
     {"weight": lambda w, x: _without(w, columns=slice(1, None))}),
    ("only the kernel's last row", "Only the last row of the kernel is used: = in place of +=, or a sum set back for each row?",
     {"weight": lambda w, x: _without(w, rows=slice(0, -1))}),
    ("only the kernel's last column", "Only the last column of the kernel is used: = in place of +=, or a sum set back?",
     {"weight": lambda w, x: _without(w, columns=slice(0, -1))}),
    ("only the diagonal of the kernel", "Only the taps (i, i) are used: one loop for two axes. Each row of the kernel has as "
     "many taps as there are rows.", {"weight": lambda w, x: w * np.eye(w.shape[-1])}),
    ("only the kernel's first tap", "Only the tap in the kernel's top left corner is used: the loops over the taps end after "
     "the first, or return in between.", {"weight": lambda w, x: _one_tap(w, 0)}),
    ("only the kernel's middle", "Only the tap in the middle of the kernel is used.",
     {"weight": lambda w, x: _one_tap(w, w.shape[-1] // 2)}),
    ("kernel without its signs", "The weights lose their signs.", {"weight": lambda w, x: np.abs(w)}),
    ("kernel squared", "The weights are squared.", {"weight": lambda w, x: w * w}),
    ("kernel divided by its sum", "The kernel is divided by the sum of its weights, as a blur is. Networks use it as it is.",
     {"weight": lambda w, x: w / w.sum(axis=(-2, -1), keepdims=True)}),
    ("kernel less its mean", "The mean is taken off the weights. Networks use them as they are.",
     {"weight": lambda w, x: w - w.mean(axis=(-2, -1), keepdims=True)}),
    ("kernel ignored", "The pixels of each window are added up as they are: the kernel's weights are not used.",
     {"weight": lambda w, x: np.ones_like(w)}),
)  # fmt: skip
RESULTS = (
    (*alt.EXCHANGED, {"after": lambda r, x: alt.transposed(r)}),
    ("divided by the kernel's size", "Each output is divided by K. The kernel's weights do all the weighing: nothing else is "
     "divided.", {"scale": lambda w: 1 / w.shape[-1]}),
    ("divided by the number of taps", "Each output is divided by K * K. The kernel's weights do all the weighing: nothing else "
     "is divided.", {"scale": lambda w: 1 / w.shape[-1] ** 2}),
    (*alt.MEAN, {"scale": lambda w: 1 / w[0].size}),
    (*alt.LOOPS_END_EARLY, {"after": lambda r, x: alt.without_last(r)}),
    ("last row left out", "The last row of the result stays 0: a loop ends one too early. What is the last number that "
     "range(n) gives?", {"after": lambda r, x: _without(r, rows=slice(-1, None))}),
    ("last column left out", "The last column of the result stays 0: a loop ends one too early. What is the last number that "
     "range(n) gives?", {"after": lambda r, x: _without(r, columns=slice(-1, None))}),
    ("first row and column left out", "The first row and the first column of the result stay 0. Python counts from 0.",
     {"after": lambda r, x: _without(_without(r, rows=slice(0, 1)), columns=slice(0, 1))}),
    (*alt.FIRST_IMAGE, {"after": lambda r, x: alt.first_image(r)}),
    ("the first image for all", "All images get the result of the first one. Try a batch of two.",
     {"after": lambda r, x: np.repeat(r[:1], len(r), axis=0)}),
    ("the last image for all", "All images get the result of the last one. Try a batch of two.",
     {"after": lambda r, x: np.repeat(r[-1:], len(r), axis=0)}),
    ("images added up", "The images' results are added up. Each image has its own.",
     {"after": lambda r, x: np.repeat(r.sum(axis=0, keepdims=True), len(r), axis=0)}),
    ("images in reverse order", "The images' results are in reverse order.", {"after": lambda r, x: r[::-1]}),
    ("only the first image is returned", "The result has a single image. Each image has its own.",
     {"after": lambda r, x: r[:1] if len(r) > 1 else r}),
    ("the sum runs on along a row", "The sum is not set back to 0 for each output: it grows along the row.",
     {"after": lambda r, x: r.cumsum(axis=-1)}),
    ("the sum runs on down a column", "The sum is not set back to 0 for each output: it grows down the column.",
     {"after": lambda r, x: r.cumsum(axis=-2)}),
    ("the sum runs on over a channel", "The sum is not set back to 0 for each output: it runs on over a whole channel.",
     {"after": lambda r, x: r.reshape(*r.shape[:2], -1).cumsum(axis=-1).reshape(r.shape)}),
    ("the sum runs on over all", "The sum is never set back to 0: each output also holds those before it.",
     {"after": lambda r, x: r.cumsum().reshape(r.shape)}),
    ("negative results cut off", "Results below 0 are taken for 0. There is no activation here.",
     {"after": lambda r, x: np.maximum(r, 0)}),
    ("results without their sign", "The results lose their sign.", {"after": lambda r, x: np.abs(r)}),
    ("the picture added", "The picture is added to the result, as a residual connection does.", {"after": lambda r, x: r + x}),
    ("channels last", "The axes are (N, OH, OW, C). The channels come right behind the images, (N, C, OH, OW).",
     {"after": lambda r, x: r.transpose(0, 2, 3, 1)}),
    ("channels before images", "The first two axes are exchanged: (C, N, OH, OW). The images come first.",
     {"after": lambda r, x: r.swapaxes(0, 1)}),
    ("channels before images, reshaped", "The numbers are in the order (C, N, ...) and were only reshaped: reshape does not "
     "move axes, transpose does.", {"after": lambda r, x: r.swapaxes(0, 1).reshape(r.shape)}),
    ("places before channels, reshaped", "The numbers are in the order (N, OH, OW, C) and were only reshaped: reshape does not "
     "move axes, transpose does.", {"after": lambda r, x: r.transpose(0, 2, 3, 1).reshape(r.shape)}),
    ("rows and columns of the numbers, reshaped", "The numbers are in the order (N, C, OW, OH) and were only reshaped: reshape "
     "does not move axes, transpose does.", {"after": lambda r, x: alt.transposed(r).reshape(r.shape)}),
    ("border left 0", "Places at the border of the result are left 0. The zeros around the image are there so that they can be "
     "computed, too.", {"after": lambda r, x: _inner_only(r, x)}),
    ("the image's axis missing", "The images' axis is gone where there is one image.",
     {"after": lambda r, x: r[0] if len(r) == 1 else r}),
    ("axes of length 1 dropped", "Axes of length 1 are dropped, as np.squeeze does. The result has four axes always.",
     {"after": lambda r, x: np.squeeze(r)}),
    ("rounded to whole numbers", "The results are rounded to whole numbers.", {"after": lambda r, x: np.round(r)}),
)  # fmt: skip


def _diagonal(windows: np.ndarray) -> np.ndarray:
    return np.diagonal(windows, axis1=-2, axis2=-1)


def _without(array: np.ndarray, rows: slice | None = None, columns: slice | None = None) -> np.ndarray:
    """These rows or columns are 0."""
    array = array.copy()
    if rows is not None:
        array[..., rows, :] = 0
    if columns is not None:
        array[..., columns] = 0
    return array


def _one_tap(weight: np.ndarray, place: int) -> np.ndarray:
    only = np.zeros_like(weight)
    only[..., place, place] = weight[..., place, place]
    return only


def inside_only(x: np.ndarray, weight: np.ndarray, stride: int, padding: int, result: np.ndarray) -> np.ndarray:
    """0 where the window reaches over the border."""
    kept = [
        (np.arange(n) * stride >= padding) & (np.arange(n) * stride - padding + weight.shape[-1] <= length)
        for n, length in zip(result.shape[2:], x.shape[2:], strict=True)
    ]
    return result * kept[0][:, None] * kept[1]


BORDER_LEFT_ZERO = (
    "border left 0 where the window reaches over it",
    "Where the window reaches over the border of the image, the result is left 0. Zeros around the image let those places be "
    "computed, too.",
)
