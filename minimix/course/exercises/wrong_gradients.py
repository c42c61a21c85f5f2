"""The two gradients of a depthwise convolution, with every step open to alteration: what their wrong functions are made of."""

import numpy as np

from minimix.course.checking import alterations as alt


def _place(o, s, k, d):
    """Where window o begins in the padded picture."""
    return o * s


def _tap(i, d, s, k):
    """How far tap i is from there."""
    return i * d


def _start(p, k, s, d):
    """Where the picture begins in the padded one."""
    return p


# -- of the input: each output puts a stamp on the pixels that it came from -------------------------------------------------


def scattering(
    gradient=lambda g: g, weight=lambda w: w, row=_place, column=_place, down=_tap, across=_tap, top=_start, left=_start,
    rows=lambda own, p, places, k, s, d: own, columns=lambda own, p, places, k, s, d: own,
    outside=lambda index, length: index, stamp=None, after=lambda result, g: result,
):  # fmt: skip
    """f(gradient, weight, x_shape, stride, padding, dilation), the right one where no part is given.

    gradient, weight: change what comes in. row, column: where window o begins, of (o, stride, kernel size, dilation).
    down, across: how far tap i is from there, of (i, dilation, stride, kernel size). top, left: where the picture begins in the
    padded one, of (padding, kernel size, stride, dilation). rows, columns: of the result. outside: what becomes of an index, of
    (index, length); what is not between 0 and length is lost. stamp: "taps" or "places": = instead of +=, in a loop over these.
    """

    def function(g, w, x_shape, s, p, d):
        g, w, k = gradient(g), weight(w), w.shape[-1]
        height = rows(x_shape[2], p, g.shape[2], k, s, d)
        width = columns(x_shape[3], p, g.shape[3], k, s, d)
        places_down, places_across = np.arange(g.shape[2]), np.arange(g.shape[3])
        y = row(places_down, s, k, d)[:, None] + down(np.arange(k), d, s, k) - top(p, k, s, d)
        z = column(places_across, s, k, d)[:, None] + across(np.arange(k), d, s, k) - left(p, k, s, d)
        if stamp:
            return after(_stamped(stamp, g, w, (*x_shape[:2], height, width), y, z), g)
        to_rows = np.equal.outer(outside(y, height), np.arange(height)) * 1.0  # (OH, K, H): which pixel is met
        to_columns = np.equal.outer(outside(z, width), np.arange(width)) * 1.0
        spread = np.einsum("ncoq,qjw->ncojw", g, to_columns)
        spread = np.einsum("ncojw,cij->ncoiw", spread, w[:, 0])
        return after(np.einsum("ncoiw,oih->nchw", spread, to_rows), g)

    return function


def _stamped(loop: str, g, w, shape, y, z):
    result = np.zeros(shape)
    taps, places = list(np.ndindex(*w.shape[2:])), list(np.ndindex(*g.shape[2:]))
    pairs = ((t, p) for t in taps for p in places) if loop == "taps" else ((t, p) for p in places for t in taps)
    for (i, j), (o, q) in pairs:
        if 0 <= y[o, i] < shape[2] and 0 <= z[q, j] < shape[3]:
            result[:, :, y[o, i], z[q, j]] = g[:, :, o, q] * w[:, 0, i, j]
    return result


def averaged(g, w, x_shape, s, p, d):
    """Divided by how many products fall on a pixel."""
    right = scattering()
    counts = right(np.ones_like(g), np.ones_like(w), x_shape, s, p, d)
    return right(g, w, x_shape, s, p, d) / np.maximum(counts, 1)


# -- of the weight: each tap meets the gradient with the picture that it saw ------------------------------------------------


def _gathered(windows, g):
    """(N, C, OH, OW, K, K) with (N, C, OH, OW): (C, 1, K, K)."""
    return np.einsum("ncoqij,ncoq->cij", windows, g)[:, None]


def gathering(
    gradient=lambda g: g, picture=lambda x: x, border=lambda p, k, d: (p, p, p, p), fill="constant", row=_place, column=_place,
    down=_tap, across=_tap, wrapped=False, product=_gathered, after=lambda result, g: result,
):  # fmt: skip
    """f(gradient, x, weight_shape, stride, padding, dilation), the right one where no part is given.

    gradient, picture: change what comes in. border: (top, bottom, left, right) around x, of (padding, kernel size, dilation);
    fill: as for np.pad, or a number. row, column, down,
    across: as in ``scattering``. wrapped: indices beyond the end go on at the start.
    What lies beyond the border is 0.
    """

    def function(g, x, weight_shape, s, p, d):
        g, k = gradient(g), weight_shape[-1]
        top, bottom, left, right = border(p, k, d)
        filled = {"mode": fill} if isinstance(fill, str) else {"constant_values": fill}
        padded = np.pad(picture(x), ((0, 0), (0, 0), (top, bottom), (left, right)), **filled)
        y = row(np.arange(g.shape[2]), s, k, d)[:, None] + down(np.arange(k), d, s, k)
        z = column(np.arange(g.shape[3]), s, k, d)[:, None] + across(np.arange(k), d, s, k)
        if wrapped:
            y, z = y % padded.shape[2], z % padded.shape[3]
        low = max(0, -min(y.min(initial=0), z.min(initial=0)))
        high = max(0, y.max(initial=0) - padded.shape[2] + 1, z.max(initial=0) - padded.shape[3] + 1)
        padded = np.pad(padded, ((0, 0), (0, 0), (low, high), (low, high)))
        windows = padded[:, :, (y + low)[:, None, :, None], (z + low)[None, :, None, :]]
        return after(product(windows, g), g)

    return function


def running_total(result, g):
    """The sum is not set back to 0 from tap to tap."""
    return result.reshape(len(result), -1).cumsum(axis=1).reshape(result.shape)


def running_total_of_all(result, g):
    return result.cumsum().reshape(result.shape)


def inside_only(g, x, weight_shape, s, p, d):
    """Windows that reach over the edge count nothing."""
    k, kept = weight_shape[-1], g.copy()
    for axis, own in ((2, x.shape[2]), (3, x.shape[3])):
        begin = np.arange(g.shape[axis]) * s - p
        bad = (begin < 0) | (begin + d * (k - 1) >= own)
        kept *= ~bad[:, None] if axis == 2 else ~bad
    return gathering()(kept, x, weight_shape, s, p, d)


def of_images(product):
    """``_gathered`` of some of the images only."""
    return lambda windows, g: _gathered(windows[product], g[product])


def for_each_image(windows, g):
    return np.einsum("ncoqij,ncoq->ncij", windows, g)[:, :, None]


def last_product(windows, g):
    """Only the last place counts: = instead of += in the loops over places."""
    return np.einsum("ncij,nc->cij", windows[:, :, -1, -1], g[:, :, -1, -1])[:, None]


def last_of_all(windows, g):
    return (windows[-1, :, -1, -1] * g[-1, :, -1, -1, None, None])[:, None]


# -- what both have in common: (name, explanation, parts) --------------------------------------------------------------------

STRIDES = (
    ("stride ignored", "Neighbouring outputs meet neighbouring pixels. With a stride their windows were further apart.",
     {"row": lambda o, s, k, d: o, "column": lambda o, s, k, d: o}),
    ("stride ignored downwards", "The stride counts across, but not down: outputs below each other meet neighbouring rows.",
     {"row": lambda o, s, k, d: o}),
    ("stride ignored across", "The stride counts down, but not across: outputs side by side meet neighbouring columns.",
     {"column": lambda o, s, k, d: o}),
    ("stride one too large", "The outputs' windows are stride + 1 pixels apart: as many zeros as the stride stand between two "
     "entries of the gradient, where it should be one less.",
     {"row": lambda o, s, k, d: o * (s + 1 if s > 1 else 1), "column": lambda o, s, k, d: o * (s + 1 if s > 1 else 1)}),
    ("stride one too large, always", "The outputs' windows are stride + 1 pixels apart. They begin a stride apart.",
     {"row": lambda o, s, k, d: o * (s + 1), "column": lambda o, s, k, d: o * (s + 1)}),
    ("stride and dilation exchanged", "The stride spreads the taps and the dilation moves the window. Check both in the sum of "
     "indices that finds a pixel.", {"row": lambda o, s, k, d: o * d, "column": lambda o, s, k, d: o * d,
                                     "down": lambda i, d, s, k: i * s, "across": lambda i, d, s, k: i * s}),
    ("stride on taps, too", "The stride moves the window and also spreads its taps. Only the index that counts windows is "
     "multiplied by it.", {"down": lambda i, d, s, k: i * d * s, "across": lambda i, d, s, k: i * d * s}),
    ("dilation on windows, too", "The dilation spreads the taps and also moves the window. Only the index that counts taps is "
     "multiplied by it.", {"row": lambda o, s, k, d: o * d * s, "column": lambda o, s, k, d: o * d * s}),
    ("stride and dilation added", "Where the window moves, the stride is added to the index instead of multiplied.",
     {"row": lambda o, s, k, d: o + s - 1, "column": lambda o, s, k, d: o + s - 1}),
    ("windows side by side", "The windows lie side by side, a kernel's size apart. They begin a stride apart.",
     {"row": lambda o, s, k, d: o * k, "column": lambda o, s, k, d: o * k}),
)  # fmt: skip
DILATIONS = (
    (*alt.DILATION_IGNORED, {"down": lambda i, d, s, k: i, "across": lambda i, d, s, k: i}),
    ("dilation ignored downwards", "The taps are dilated across, but not down.", {"down": lambda i, d, s, k: i}),
    ("dilation ignored across", "The taps are dilated down, but not across.", {"across": lambda i, d, s, k: i}),
    ("dilation one too large", "There are as many pixels as the dilation between two taps, one too many.",
     {"down": lambda i, d, s, k: i * (d + 1 if d > 1 else 1), "across": lambda i, d, s, k: i * (d + 1 if d > 1 else 1)}),
    ("dilation one too large, always", "The taps are dilation + 1 pixels apart. With dilation 1 they are neighbours.",
     {"down": lambda i, d, s, k: i * (d + 1), "across": lambda i, d, s, k: i * (d + 1)}),
    ("dilation added", "The dilation is added to the tap's index instead of multiplied.",
     {"down": lambda i, d, s, k: i + d - 1, "across": lambda i, d, s, k: i + d - 1}),
    ("taps in the other direction", "The taps look up and to the left. Tap (1, 0) sees the pixel below that of tap (0, 0).",
     {"down": lambda i, d, s, k: -i * d, "across": lambda i, d, s, k: -i * d}),
)  # fmt: skip


def without(rows=slice(0), columns=slice(0)):
    """An array in which these rows and columns are 0."""

    def kept(array):
        array = array.copy()
        array[..., rows, :] = 0
        array[..., columns] = 0
        return array

    return kept


OUTPUTS = (
    ("last outputs left out", "The last row and the last column of the gradient do not count: the loops end one too early.",
     {"gradient": alt.without_last}),
    ("last row of outputs left out", "The last row of the gradient does not count: a loop ends one too early.",
     {"gradient": without(rows=-1)}),
    ("last column of outputs left out", "The last column of the gradient does not count: a loop ends one too early.",
     {"gradient": without(columns=-1)}),
    ("first outputs left out", "The first row and the first column of the gradient do not count: the loops begin at 1.",
     {"gradient": without(0, 0)}),
    ("gradient ignored", "The gradient is taken to be all ones. It weighs each place.", {"gradient": np.ones_like}),
    ("gradient turned", "The gradient is turned by 180 degrees: its last entry belongs to the last window, not to the first.",
     {"gradient": alt.flipped}),
    ("the first image's gradient for all", "All images meet the first one's gradient. Each has its own.",
     {"gradient": lambda g: np.repeat(g[:1], len(g), axis=0)}),
    ("the first channel's gradient for all", "All channels meet the first one's gradient. Each has its own.",
     {"gradient": lambda g: np.repeat(g[:, :1], g.shape[1], axis=1)}),
    ("channels of the gradient in reverse order", "The gradient's channels are taken in reverse order.",
     {"gradient": lambda g: g[:, ::-1]}),
    ("only the first image", alt.FIRST_IMAGE[1], {"gradient": alt.first_image}),
    ("only the last image", "Only the last image's gradient counts: each image's share replaces those before, or the loop has "
     "forgotten them.", {"gradient": lambda g: g * (np.arange(len(g)) == len(g) - 1)[:, None, None, None]}),
    (*alt.FIRST_CHANNEL, {"gradient": alt.first_channel}),
    ("the sum over the channels", "The gradient is summed over the channels, as in a dense convolution. In a depthwise one "
     "each channel stays by itself.", {"gradient": lambda g: np.repeat(g.sum(axis=1, keepdims=True), g.shape[1], axis=1)}),
    ("without the sign of the gradient", "Absolute values of the gradient are used.", {"gradient": np.abs}),
)  # fmt: skip
