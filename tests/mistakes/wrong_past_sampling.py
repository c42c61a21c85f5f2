"""Sampling of pictures and signals at learned places, warps, deformable taps, resizing by weights: backward is wrong."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def picture_and_places(height, width, n, reach=0.9):
    """A picture and n places (x, y), -1 and 1 at the outermost pixels' centres."""
    return lambda rng: [rng.standard_normal((height, width)), rng.uniform(-reach, reach, (n, 2))]


def corners(picture, places):
    """For each of four corners: rows, columns, whether inside, and the weights along y and x with their slopes."""
    height, width = picture.shape
    x, y = (places[:, 0] + 1) * (width - 1) / 2, (places[:, 1] + 1) * (height - 1) / 2
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    for below in (0, 1):
        for right in (0, 1):
            rows, columns = top + below, left + right
            inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
            along_y = y - top if below else 1 - (y - top)
            along_x = x - left if right else 1 - (x - left)
            yield rows.clip(0, height - 1), columns.clip(0, width - 1), inside, along_y, along_x, 2 * below - 1, 2 * right - 1


def grid_sample(picture, places):
    y = sum(picture[r, c] * inside * wy * wx for r, c, inside, wy, wx, _, _ in corners(picture, places))
    return y, (picture, places)


def grid_sample_backward(g, saved, scale=None, masked=True, add=True):
    picture, places = saved
    height, width = picture.shape
    dpicture, dplaces = np.zeros_like(picture), np.zeros_like(places)
    for r, c, inside, wy, wx, sy, sx in corners(picture, places):
        mask = inside if masked else 1
        if add:
            np.add.at(dpicture, (r, c), g * mask * wy * wx)
        else:
            dpicture[r, c] += g * mask * wy * wx
        dplaces += (g * mask * picture[r, c])[:, None] * np.stack([sx * wy, sy * wx], axis=1)
    return dpicture, dplaces * ([(width - 1) / 2, (height - 1) / 2] if scale is None else scale)


def nearest_sample(picture, places):
    height, width = picture.shape
    columns = np.rint((places[:, 0] + 1) * (width - 1) / 2).astype(int)
    rows = np.rint((places[:, 1] + 1) * (height - 1) / 2).astype(int)
    return picture[rows, columns], (picture, places, rows, columns)


def nearest_sample_backward(g, saved):
    picture, places, rows, columns = saved
    dpicture = np.zeros_like(picture)
    np.add.at(dpicture, (rows, columns), g)
    return dpicture, grid_sample_backward(g, (picture, places))[1]


def flow_exchanged(g, saved):
    dpicture, dplaces = grid_sample_backward(g, saved)
    return dpicture, dplaces[:, ::-1]


def affine_grid(theta, height, width):
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    base = np.stack([x.ravel(), y.ravel(), np.ones(x.size)], axis=1)
    return base @ theta.T, base


def transformed(picture, theta):
    """A spatial transformer: a picture under an affine map, black outside."""
    places, base = affine_grid(theta, *picture.shape)
    return grid_sample(picture, places)[0].reshape(picture.shape), (picture, places, base)


def transformed_backward(g, saved):
    picture, places, base = saved
    dpicture, dplaces = grid_sample_backward(g.ravel(), (picture, places))
    return dpicture, dplaces.T @ base / len(base)


def transformed_without_shift(g, saved):
    picture, places, base = saved
    dpicture, dplaces = grid_sample_backward(g.ravel(), (picture, places))
    return dpicture, dplaces.T @ (base * [1, 1, 0])


def picture_and_map(height, width):
    turn = np.array([[0.8, 0.3, 0.1], [-0.2, 0.7, -0.05]])
    return lambda rng: [rng.standard_normal((height, width)), turn + 0.03 * rng.standard_normal((2, 3))]


def lerp_signal(x, t):
    """x at the places t, 0 beyond the ends; with its slopes."""
    low = np.floor(t).astype(int)
    padded = np.pad(x, 1)
    a, b = padded[(low + 1).clip(0, len(x) + 1)], padded[(low + 2).clip(0, len(x) + 1)]
    return a + (t - low) * (b - a), b - a, low, t - low


def spread_signal(n, g, low, fraction):
    dx = np.zeros(n + 2)
    np.add.at(dx, (low + 1).clip(0, n + 1), g * (1 - fraction))
    np.add.at(dx, (low + 2).clip(0, n + 1), g * fraction)
    return dx[1:-1]


def deformable(x, w, offset, gate):
    """y[t] = sum over taps k of w[k] gate[t, k] x(t + k - 1 + offset[t, k])."""
    t = np.arange(len(x))[:, None] + np.arange(len(w)) - 1 + offset
    value, slope, low, fraction = lerp_signal(x, t)
    return (w * gate * value).sum(1), (w, gate, value, slope, low, fraction)


def deformable_backward(g, saved, wrong):
    w, gate, value, slope, low, fraction = saved
    g = g[:, None]
    dx = spread_signal(len(g), g * w * gate, low, fraction)
    dgate = g * w * value * (gate if wrong == "gate" else 1)
    doffset = g * gate * slope * (1 if wrong == "offset" else w)
    dw = (g * gate * value).sum(0) if wrong != "weight" else (g * value).sum(0)
    return dx, dw, doffset, dgate


def taps(n, k):
    return lambda rng: [
        rng.standard_normal(n),
        rng.standard_normal(k),
        rng.uniform(-0.9, 0.9, (n, k)),
        rng.uniform(0.2, 1, (n, k)),
    ]


def volume_sample(volume, places):
    """A volume at places (z, y, x) in voxels, all inside."""
    low = np.floor(places).astype(int)
    f = places - low
    y = np.zeros(len(places))
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod(np.where(corner, f, 1 - f), axis=1)
        y += weight * volume[tuple((low + corner).T)]
    return y, (volume, low, f)


def volume_sample_backward(g, saved):
    volume, low, f = saved
    dvolume, dplaces = np.zeros_like(volume), np.zeros_like(f)
    for corner in np.ndindex(2, 2, 2):
        weights, at = np.where(corner, f, 1 - f), tuple((low + corner).T)
        np.add.at(dvolume, at, g * weights.prod(1))
        for axis in range(3):
            others = np.delete(weights, axis, axis=1).prod(1)
            dplaces[:, 2 - axis] += g * volume[at] * others * (2 * corner[axis] - 1)
    return dvolume, dplaces


def volume_and_places(shape, n):
    return lambda rng: [rng.standard_normal(shape), rng.uniform(0.1, np.array(shape) - 1.1, (n, 3))]


def region_mean(picture, top):
    """Mean of 2 x 2 samples, half a pixel apart, at learned tops of regions in the first column of pixels."""
    t = top[:, None] + [0.0, 0.5]
    mean = (picture[:, 0] + picture[:, 1]) / 2
    value, slope, low, fraction = lerp_signal(mean, t)
    return value.mean(1), (picture.shape, slope, low, fraction)


def region_mean_backward(g, saved):
    shape, slope, low, fraction = saved
    dpicture = np.zeros(shape)
    dpicture[:, :2] = spread_signal(shape[0], g[:, None], low, fraction)[:, None] / 2
    return dpicture, (g[:, None] * slope).mean(1)


def tops(height, width, n):
    return lambda rng: [rng.standard_normal((height, width)), rng.uniform(0, height - 1.6, n)]


def keys_cubic(d, slope=False):
    d = np.abs(d)
    if slope:
        return np.where(d < 1, 4.5 * d**2 - 5 * d, -1.5 * d**2 + 5 * d - 4)
    return np.where(d < 1, 1.5 * d**3 - 2.5 * d**2 + 1, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2)


def cubic_sample(x, t):
    low = np.floor(t).astype(int)[:, None] + np.arange(-1, 3)
    return (keys_cubic(t[:, None] - low) * x[low]).sum(1), (x, t, low)


def cubic_sample_backward(g, saved):
    x, t, low = saved
    d = t[:, None] - low
    dx = np.zeros_like(x)
    np.add.at(dx, low, g[:, None] * keys_cubic(d))
    return dx, g * (keys_cubic(d, slope=True) * x[low]).sum(1)


def signal_and_places(n, m):
    return lambda rng: [rng.standard_normal(n), rng.uniform(1.05, n - 2.05, m)]


def triangle_weights(n, m):
    """Antialiased resizing from n to m < n: a triangle of the width of the step, not yet normalised."""
    centre = (np.arange(m) + 0.5) * n / m - 0.5
    return np.maximum(0, 1 - np.abs(np.arange(n) - centre[:, None]) * m / n)


def antialiased(x):
    weight = triangle_weights(len(x), len(x) // 2)
    return (weight / weight.sum(1, keepdims=True)) @ x, len(x)


def antialiased_backward(g, n):
    weight = triangle_weights(n, n // 2)
    return ((weight / weight.sum(0)).T @ g,)


def inverse_distance(values, places):
    """Values at scattered places, interpolated on the points 0, 0.5, 1 by the inverse squared distance."""
    weight = 1 / ((np.array([[0.0], [0.5], [1.0]]) - places) ** 2 + 0.1)
    total = weight.sum(1, keepdims=True)
    return (weight @ values) / total[:, 0], (values, places, weight, total)


def inverse_distance_backward(g, saved):
    values, places, weight, total = saved
    distance = np.array([[0.0], [0.5], [1.0]]) - places
    slope = 2 * distance * weight**2 * (g[:, None] / total) * values
    return (g[:, None] * weight / total).sum(0), slope.sum(0)


def dilation(x, element):
    """Greyscale dilation: max over k of x[t + k] + element[k]."""
    sums = np.lib.stride_tricks.sliding_window_view(x, len(element)) + element
    return sums.max(1), (sums.argmax(1), len(x), len(element))


def dilation_backward(g, saved):
    places, n, k = saved
    dx, delement = np.zeros(n), np.zeros(k)
    np.add.at(dx, np.arange(len(g)) + places, g)
    delement[places] += g
    return dx, delement


PICTURES = (picture_and_places(4, 6, 7), picture_and_places(5, 3, 9), picture_and_places(4, 4, 6))
SIGNALS = (taps(6, 3), taps(3, 3), taps(8, 2))

WRONG = [
    Wrong(
        "grid sampling: places in pixels",
        op("grid_sample", grid_sample, lambda g, saved: grid_sample_backward(g, saved, scale=1)),
        PICTURES,
        "scale",
        "the places' gradient lacks half of width - 1 and height - 1, by which forward makes pixels of them",
        also=("factor", "chain factor"),
    ),
    Wrong(
        "grid sampling: width and height exchanged",
        op("grid_sample", grid_sample, lambda g, s: grid_sample_backward(g, s, scale=(np.array(s[0].shape) - 1) / 2)),
        (picture_and_places(4, 6, 7), picture_and_places(5, 3, 9), picture_and_places(2, 6, 6)),
        "scale",
        "the gradient along x is scaled by the height, that along y by the width",
        also=("exchanged", "wrong constant", "permuted", "chain factor"),
    ),
    Wrong(
        "grid sampling with zeros outside: clamped in backward",
        op("grid_sample", grid_sample, lambda g, saved: grid_sample_backward(g, saved, masked=False)),
        (picture_and_places(4, 6, 12, 1.6), picture_and_places(5, 3, 12, 1.6), picture_and_places(4, 4, 16, 1.5)),
        "no mask",
        "corners outside count as the nearest pixel of the border",
        also=("border", "other place"),
    ),
    Wrong(
        "grid sampling: += with repeated pixels",
        op("grid_sample", grid_sample, lambda g, saved: grid_sample_backward(g, saved, add=False)),
        (picture_and_places(4, 6, 12), picture_and_places(3, 3, 9), picture_and_places(2, 4, 8)),
        "overwritten",
        "dpicture[rows, columns] += keeps one of several contributions to a pixel",
        also=("not summed",),
    ),
    Wrong(
        "nearest grid sampling: places get the bilinear gradient",
        op("nearest_sample", nearest_sample, nearest_sample_backward),
        PICTURES,
        "independent",
        "rounded places have no gradient but at jumps; backward gives that of linear interpolation",
        also=("approximate", "wrong formula"),
    ),
    Wrong(
        "picture at given places: gradient (y, x) for (x, y)",
        op("grid_sample", grid_sample, flow_exchanged),
        PICTURES,
        "permuted",
        "the two coordinates' gradients are in each other's places",
        also=("exchanged", "flipped", "transposed"),
    ),
    Wrong(
        "spatial transformer: map's gradient is a mean over pixels",
        op("transformed", transformed, transformed_backward),
        (picture_and_map(4, 5), picture_and_map(3, 3), picture_and_map(6, 4)),
        "averaged",
        "divided by the number of pixels, of which each uses the map",
        also=("factor",),
    ),
    Wrong(
        "spatial transformer: nothing for the shift",
        op("transformed", transformed, transformed_without_shift),
        (picture_and_map(4, 5), picture_and_map(3, 3), picture_and_map(6, 4)),
        "left out",
        "the map's last column, the shift, never learns",
        also=("not summed",),
    ),
    Wrong(
        "deformable conv1d with gates: gate in its own gradient",
        op("deformable", deformable, lambda g, saved: deformable_backward(g, saved, "gate")),
        SIGNALS,
        "chain factor",
        "the gates' gradient is multiplied by the gates",
    ),
    Wrong(
        "deformable conv1d with gates: offsets without the tap's weight",
        op("deformable", deformable, lambda g, saved: deformable_backward(g, saved, "offset")),
        SIGNALS,
        "scale",
        "the weight of each tap is missing in the gradient of its offsets",
        also=("chain factor",),
    ),
    Wrong(
        "deformable conv1d with gates: weight as if the gates were open",
        op("deformable", deformable, lambda g, saved: deformable_backward(g, saved, "weight")),
        SIGNALS,
        "chain factor",
        "the weight's gradient lacks the gates",
        also=("no mask",),
    ),
    Wrong(
        "trilinear sampling: places (x, y, z) for (z, y, x)",
        op("volume_sample", volume_sample, volume_sample_backward),
        (volume_and_places((3, 4, 5), 6), volume_and_places((3, 3, 3), 4), volume_and_places((2, 5, 4), 3)),
        "permuted",
        "the places' gradient has its first and last coordinate exchanged",
        also=("flipped", "exchanged", "transposed"),
    ),
    Wrong(
        "mean of samples in a region: not divided",
        op("region_mean", region_mean, region_mean_backward),
        (tops(5, 3, 4), tops(4, 4, 3), tops(7, 2, 6)),
        "not averaged",
        "the picture's gradient is not divided by the two samples along the region",
        also=("factor",),
    ),
    Wrong(
        "cubic sampling: slope of |d|",
        op("cubic_sample", cubic_sample, cubic_sample_backward),
        (signal_and_places(7, 5), signal_and_places(5, 8), signal_and_places(10, 4)),
        "value",
        "the kernel's slope is taken at the distance, without the sign of t - n: wrong for taps on the right",
        also=("sign of a term", "chain factor"),
    ),
    Wrong(
        "antialiased halving: weights normalised for each pixel of the input",
        op("antialiased", antialiased, antialiased_backward),
        (normal(7), normal((9, 2)), normal(5)),
        "scale",
        "backward divides by the sum over outputs, forward by that over inputs",
        also=("wrong constant", "transposed", "chain factor"),
    ),
    Wrong(
        "interpolation by inverse distances: places without the weights' sum",
        op("inverse_distance", inverse_distance, inverse_distance_backward),
        (normal(4, 4), normal(6, 6), normal(2, 2)),
        "term missing",
        "the sum of the weights is taken for a constant: values - y is needed in place of the values",
        also=("wrong formula",),
    ),
    Wrong(
        "greyscale dilation: += with repeated taps",
        op("dilation", dilation, dilation_backward),
        (normal(9, 3), normal(6, 2), normal(12, 4)),
        "overwritten",
        "delement[places] += keeps the last window of those that chose a tap",
        also=("not summed",),
    ),
]
