"""Solutions by fresh eyes, wrong and right, of the depthwise convolutions of notebooks 2, 3 and 8."""

import itertools

import numpy as np
from corpus import collected

import minimix as mm

SOLUTIONS, solution = collected()


def bordered(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


# depthwise_conv2d, with any loops


@solution(
    "depthwise_conv2d",
    "axes of the weight exchanged",
    "the kernel of channel c is looked up as weight[0, c] and not weight[c, 0]: an IndexError for more than one channel",
)
def depthwise_weight_axes(x, weight, stride, padding):
    kernel = weight.shape[-1]
    x = bordered(x, padding)
    rows, columns = ((size - kernel) // stride + 1 for size in x.shape[2:])
    out = np.zeros((*x.shape[:2], rows, columns))
    for n, c, r, s in np.ndindex(out.shape):
        window = x[n, c, r * stride : r * stride + kernel, s * stride : s * stride + kernel]
        out[n, c, r, s] = (window * weight[0, c]).sum()
    return out


@solution(
    "depthwise_conv2d",
    "height for both sides",
    "the number of columns of the result is computed from the height: wrong where the picture is not square",
)
def depthwise_height_twice(x, weight, stride, padding):
    kernel = weight.shape[-1]
    x = bordered(x, padding)
    places = (x.shape[2] - kernel) // stride + 1
    out = np.zeros((x.shape[0], x.shape[1], places, places))
    for r in range(places):
        for s in range(places):
            window = x[:, :, r * stride : r * stride + kernel, s * stride : s * stride + kernel]
            out[:, :, r, s] = (window * weight[:, 0]).sum(axis=(2, 3))
    return out


@solution(
    "depthwise_conv2d",
    "c is channel and column",
    "the loop over the columns uses the name c of the loop over the channels, so the column's number is taken for the channel",
)
def depthwise_c_twice(x, weight, stride, padding):
    kernel = weight.shape[-1]
    x = bordered(x, padding)
    rows, columns = ((size - kernel) // stride + 1 for size in x.shape[2:])
    out = np.zeros((*x.shape[:2], rows, columns))
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            for r in range(rows):
                for c in range(columns):
                    window = x[n, c, r * stride : r * stride + kernel, c * stride : c * stride + kernel]
                    out[n, c, r, c] = (window * weight[c, 0]).sum()
    return out


@solution(
    "depthwise_conv2d",
    "border counted twice",
    "the number of places is computed from the padded size plus the padding once more, so the last windows do not fit",
)
def depthwise_border_twice(x, weight, stride, padding):
    channels, _, kernel, _ = weight.shape
    x = bordered(x, padding)
    rows, columns = ((size + 2 * padding - kernel) // stride + 1 for size in x.shape[2:])
    out = np.zeros((len(x), channels, rows, columns))
    for r in range(rows):
        for s in range(columns):
            for i in range(kernel):
                for j in range(kernel):
                    out[:, :, r, s] += x[:, :, r * stride + i, s * stride + j] * weight[:, 0, i, j]
    return out


@solution(
    "depthwise_conv2d",
    "stride on images and channels",
    "all places are computed, and then every stride-th image and channel is kept, not every stride-th row and column",
)
def depthwise_stride_first_axes(x, weight, stride, padding):
    kernel = weight.shape[-1]
    x = bordered(x, padding)
    rows, columns = (size - kernel + 1 for size in x.shape[2:])
    out = np.zeros((*x.shape[:2], rows, columns))
    for i in range(kernel):
        for j in range(kernel):
            out += x[:, :, i : i + rows, j : j + columns] * weight[:, :, i, j, None]
    return out[::stride, ::stride]


@solution("depthwise_conv2d", "right, a dense weight by a mask")
def depthwise_masked(x, weight, stride, padding):
    channels, _, kernel, _ = weight.shape
    dense = np.eye(channels)[:, :, None, None] * weight
    seen = np.lib.stride_tricks.sliding_window_view(bordered(x, padding), (kernel, kernel), axis=(2, 3))
    return np.einsum("ncyxij,ocij->noyx", seen[:, :, ::stride, ::stride], dense)


# depthwise_conv2d, with a loop over the taps and no other


@solution(
    "depthwise_conv2d",
    "slice ends before the last place",
    "the slice of each tap ends at stride * (OH - 1), which leaves out the last place in rows and columns",
)
def shifted_short(x, weight, stride, padding):
    kernel = weight.shape[-1]
    x = bordered(x, padding)
    rows, columns = ((size - kernel) // stride + 1 for size in x.shape[2:])
    out = np.zeros((*x.shape[:2], rows, columns))
    for i in range(kernel):
        for j in range(kernel):
            seen = x[:, :, i : i + stride * (rows - 1) : stride, j : j + stride * (columns - 1) : stride]
            out += seen * weight[:, 0, i, j].reshape(-1, 1, 1)
    return out


@solution(
    "depthwise_conv2d",
    "slices of OH pixels",
    "each tap's slice is OH pixels long whatever the stride, i : i + OH : stride, so with a stride it has too few entries",
)
def shifted_rows_pixels(x, weight, stride, padding):
    kernel = weight.shape[-1]
    x = bordered(x, padding)
    rows = (x.shape[2] - kernel) // stride + 1
    columns = (x.shape[3] - kernel) // stride + 1
    out = np.zeros((x.shape[0], x.shape[1], rows, columns))
    for i, j in itertools.product(range(kernel), repeat=2):
        out += weight[:, 0, i, j][:, None, None] * x[:, :, i : i + rows : stride, j : j + columns : stride]
    return out


@solution(
    "depthwise_conv2d",
    "an end of 0 for the last tap",
    "the slices end at i - kernel + 1 counted from the end, which is 0 for the last row and column of taps: an empty slice",
)
def shifted_end_zero(x, weight, stride, padding):
    kernel = weight.shape[-1]
    x = bordered(x, padding)
    total = 0
    for i in range(kernel):
        for j in range(kernel):
            seen = x[:, :, i : i - kernel + 1, j : j - kernel + 1]
            total = total + seen[:, :, ::stride, ::stride] * weight[:, 0, i, j][None, :, None, None]
    return total


@solution(
    "depthwise_conv2d",
    "taps of the diagonal only",
    "the taps come from zip(range(K), range(K)), which pairs equal numbers: only the diagonal of the kernel is used",
)
def shifted_diagonal(x, weight, stride, padding):
    kernel = weight.shape[-1]
    x = bordered(x, padding)
    rows, columns = ((size - kernel) // stride + 1 for size in x.shape[2:])
    out = np.zeros((*x.shape[:2], rows, columns))
    for i, j in zip(range(kernel), range(kernel)):  # noqa: B905
        out += x[:, :, i::stride, j::stride][:, :, :rows, :columns] * weight[:, :, i, j, None]
    return out


@solution(
    "depthwise_conv2d",
    "places of the bare picture, taps exchanged",
    "two mistakes: the result has the size that belongs to the picture without padding, and rows and columns of the kernel are"
    " exchanged",
)
def shifted_bare_transposed(x, weight, stride, padding):
    kernel = weight.shape[-1]
    rows, columns = (max(size - kernel, 0) // stride + 1 for size in x.shape[2:])
    x = bordered(x, padding)
    out = np.zeros((*x.shape[:2], rows, columns))
    for i in range(kernel):
        for j in range(kernel):
            seen = x[:, :, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
            out += seen * weight[:, 0, j, i][:, None, None]
    return out


@solution("depthwise_conv2d", "right, shifted views stacked")
def shifted_stacked(x, weight, stride, padding):
    kernel = weight.shape[-1]
    x = bordered(x, padding)
    rows, columns = ((size - kernel) // stride * stride + 1 for size in x.shape[2:])
    taps = [divmod(t, kernel) for t in range(kernel**2)]
    views = np.stack([x[:, :, i : i + rows : stride, j : j + columns : stride] for i, j in taps], axis=-1)
    return (views @ weight.reshape(len(weight), 1, -1, 1))[..., 0]


# dilated_conv2d


@solution(
    "dilated_conv2d",
    "one row too far",
    "the test for the border lets the index H (and W) through, 0 <= row <= H, which is one too far: an IndexError",
)
def dilated_too_far(x, weight, dilation):
    _, _, height, width = x.shape
    kernel = weight.shape[-1]
    half = kernel // 2
    out = np.zeros(x.shape)
    for n, c, r, s in np.ndindex(x.shape):
        for i in range(kernel):
            for j in range(kernel):
                row, column = r + (i - half) * dilation, s + (j - half) * dilation
                if 0 <= row <= height and 0 <= column <= width:
                    out[n, c, r, s] += x[n, c, row, column] * weight[c, 0, i, j]
    return out


@solution(
    "dilated_conv2d",
    "cut window meets the first taps",
    "at the upper and left border the window is cut to the picture, but it is multiplied by the first taps of the kernel, not"
    " by those that lie on the picture",
)
def dilated_cut_window(x, weight, dilation):
    height, width = x.shape[2:]
    reach = dilation * (weight.shape[-1] // 2)
    out = np.zeros(x.shape)
    for r in range(height):
        for s in range(width):
            window = x[:, :, max(0, r - reach) : r + reach + 1 : dilation, max(0, s - reach) : s + reach + 1 : dilation]
            taps = weight[:, 0, : window.shape[2], : window.shape[3]]
            out[:, :, r, s] = (window * taps).sum(axis=(2, 3))
    return out


@solution(
    "dilated_conv2d",
    "all axes padded",
    "np.pad(x, zeros) pads images and channels, too, so the products do not have the shape of the result",
)
def dilated_all_padded(x, weight, dilation):
    height, width = x.shape[2:]
    kernel = weight.shape[-1]
    padded = np.pad(x, dilation * (kernel - 1) // 2)
    out = np.zeros(x.shape)
    for i in range(kernel):
        for j in range(kernel):
            row, column = i * dilation, j * dilation
            out += padded[:, :, row : row + height, column : column + width] * weight[:, :, i, j, None]
    return out


@solution(
    "dilated_conv2d",
    "only every D-th tap",
    "the loops go through every D-th tap of the kernel, range(0, K, D), and use it at its undilated place",
)
def dilated_tap_skipped(x, weight, dilation):
    height, width = x.shape[2:]
    kernel = weight.shape[-1]
    padded = bordered(x, (kernel - 1) // 2)
    out = np.zeros(x.shape)
    for i in range(0, kernel, dilation):
        for j in range(0, kernel, dilation):
            out += padded[:, :, i : i + height, j : j + width] * weight[:, 0, i, j][:, None, None]
    return out


@solution(
    "dilated_conv2d",
    "the tap's place as its number",
    "the loops run over the dilated places 0, D, 2D, ..., and these are used as the tap's number in the weight, too: an"
    " IndexError for D > 1",
)
def dilated_place_number(x, weight, dilation):
    height, width = x.shape[2:]
    covered = dilation * (weight.shape[-1] - 1) + 1
    padded = bordered(x, covered // 2)
    out = np.zeros(x.shape)
    for i in range(0, covered, dilation):
        for j in range(0, covered, dilation):
            out += padded[:, :, i : i + height, j : j + width] * weight[:, 0, i, j][:, None, None]
    return out


@solution(
    "dilated_conv2d",
    "Kronecker product",
    "the repeated kernel is float64 whatever the weight is, so that minimix's convolution refuses it beside a float32 x",
)
def dilated_kron(x, weight, dilation):
    corner = np.zeros((1, 1, dilation, dilation))
    corner[..., 0, 0] = 1
    covered = dilation * (weight.shape[-1] - 1) + 1
    return mm.reference.depthwise_conv2d(x, np.kron(weight, corner)[:, :, :covered, :covered])


@solution("dilated_conv2d", "right, a zero behind the picture")
def dilated_gathered(x, weight, dilation):
    height, width = x.shape[2:]
    kernel = weight.shape[-1]
    flat = np.concatenate([x.reshape(*x.shape[:2], -1), np.zeros((*x.shape[:2], 1))], axis=2)
    moves = dilation * (np.arange(kernel) - kernel // 2)
    rows, columns = np.arange(height)[:, None] + moves, np.arange(width)[:, None] + moves
    inside = ((rows >= 0) & (rows < height))[:, None, :, None] & ((columns >= 0) & (columns < width))[None, :, None, :]
    place = np.where(inside, rows[:, None, :, None] * width + columns[None, :, None, :], height * width)
    return np.einsum("ncyxij,cij->ncyx", flat[:, :, place], weight[:, 0])
