"""Solutions of the exercise "where each tap reads": wrong ones, and right ones in other styles."""

import itertools

import numpy as np
from corpus import Solution


def one_image(kernel, dilation, columns, images):
    return [dilation * (i * columns + j) for i in range(kernel) for j in range(kernel)]


def columns_dilated_only(kernel, dilation, columns, images):
    offsets = []
    for i in range(kernel):
        for j in range(kernel):
            offsets.append((i * columns + j * dilation) * images)
    return offsets


def rows_dilated_only(kernel, dilation, columns, images):
    return [(i * dilation * columns + j) * images for i in range(kernel) for j in range(kernel)]


def never_dilated(kernel, dilation, columns, images):
    return [(i * columns + j) * images for i, j in itertools.product(range(kernel), repeat=2)]


def column_by_column(kernel, dilation, columns, images):
    return [dilation * (i * columns + j) * images for j in range(kernel) for i in range(kernel)]


def border_left_out(kernel, dilation, columns, images):
    width = columns - dilation * (kernel - 1)  # of the picture itself
    return [(i * dilation * width + j * dilation) * images for i in range(kernel) for j in range(kernel)]


def border_added_again(kernel, dilation, columns, images):
    width = columns + dilation * (kernel - 1)
    return [(i * width + j) * dilation * images for i in range(kernel) for j in range(kernel)]


def from_the_middle(kernel, dilation, columns, images):
    b = kernel // 2
    return [dilation * (i * columns + j) * images for i in range(-b, kernel - b) for j in range(-b, kernel - b)]


def from_one(kernel, dilation, columns, images):
    return [dilation * (i * columns + j) * images for i in range(1, kernel + 1) for j in range(1, kernel + 1)]


def row_by_row_lists(kernel, dilation, columns, images):
    return [[dilation * (i * columns + j) * images for j in range(kernel)] for i in range(kernel)]


def images_for_columns_only(kernel, dilation, columns, images):
    return [dilation * i * columns + dilation * j * images for i in range(kernel) for j in range(kernel)]


def images_for_rows_only(kernel, dilation, columns, images):
    step = dilation * columns * images
    return [i * step + j * dilation for i in range(kernel) for j in range(kernel)]


def kernel_for_columns(kernel, dilation, columns, images):
    return [dilation * t * images for t in range(kernel * kernel)]


def from_tap_to_tap(kernel, dilation, columns, images):
    offsets = [dilation * (i * columns + j) * images for i in range(kernel) for j in range(kernel)]
    return [0] + [b - a for a, b in itertools.pairwise(offsets)]


def every_place_between(kernel, dilation, columns, images):
    reach = dilation * (kernel - 1) + 1
    return [(i * columns + j) * images for i in range(reach) for j in range(reach)]


def gaps_of_dilation(kernel, dilation, columns, images):
    step = dilation + 1  # so many zeros between the taps
    return [step * (i * columns + j) * images for i in range(kernel) for j in range(kernel)]


def row_is_not_reset(kernel, dilation, columns, images):
    offsets, place = [], 0
    for _ in range(kernel):
        for _ in range(kernel):
            offsets.append(place * images)
            place += dilation
        place += dilation * columns
    return offsets


def jump_one_short(kernel, dilation, columns, images):
    offsets, place = [], 0
    for _ in range(kernel):
        for _ in range(kernel):
            offsets.append(place)
            place += dilation * images
        place += (dilation * columns - dilation * (kernel - 1)) * images
    return offsets


def last_row_missing(kernel, dilation, columns, images):
    return [dilation * (i * columns + j) * images for i in range(kernel - 1) for j in range(kernel)]


def always_three(kernel, dilation, columns, images):
    i, j = np.divmod(np.arange(9), 3)
    return (dilation * (i * columns + j) * images).tolist()


def bytes_for_numbers(kernel, dilation, columns, images):
    memory = np.empty((kernel, columns, images), np.float32)
    down, right, _ = memory.strides
    return [dilation * (i * down + j * right) for i in range(kernel) for j in range(kernel)]


def images_outermost(kernel, dilation, columns, images):
    plane = columns * columns
    return [n * plane + dilation * (i * columns + j) for n in range(images) for i in range(kernel) for j in range(kernel)]


def short_integers(kernel, dilation, columns, images):
    taps = np.arange(kernel, dtype=np.int16)
    with np.errstate(over="ignore"):
        return ((taps[:, None] * columns + taps) * dilation * np.int16(images)).ravel().tolist()


def kept_between_calls(kernel, dilation, columns, images, offsets=[]):  # noqa: B006
    for i in range(kernel):
        for j in range(kernel):
            offsets.append(dilation * (i * columns + j) * images)
    return offsets


def remembered_by_kernel(kernel, dilation, columns, images, known={}):  # noqa: B006
    if (kernel, dilation) not in known:
        known[kernel, dilation] = [dilation * (i * columns + j) * images for i in range(kernel) for j in range(kernel)]
    return known[kernel, dilation]


def last_tap_first(kernel, dilation, columns, images):
    return [dilation * (i * columns + j) * images for i in reversed(range(kernel)) for j in reversed(range(kernel))]


def dilation_added(kernel, dilation, columns, images):
    return [((i + dilation - 1) * columns + j + dilation - 1) * images for i in range(kernel) for j in range(kernel)]


def dilation_squared(kernel, dilation, columns, images):
    taps = range(0, dilation * kernel, dilation)
    return [(i * columns + j) * dilation * images for i in taps for j in taps]


def dilated_range_too_short(kernel, dilation, columns, images):
    return [(i * columns + j) * images for i in range(0, kernel, dilation) for j in range(0, kernel, dilation)]


def generator_for_a_list(kernel, dilation, columns, images):
    return (dilation * (i * columns + j) * images for i in range(kernel) for j in range(kernel))


def wraps_in_the_row(kernel, dilation, columns, images):
    return [(dilation * i * columns + dilation * j) % (columns * kernel) * images for i in range(kernel) for j in range(kernel)]


def a_set_of_them(kernel, dilation, columns, images):
    return {dilation * (i * columns + j) * images for i in range(kernel) for j in range(kernel)}


def centre_and_no_images(kernel, dilation, columns, images):
    b = kernel // 2
    return [dilation * ((i - b) * columns + j - b) for i in range(kernel) for j in range(kernel)]


def nothing_for_one_tap(kernel, dilation, columns, images):
    if kernel > 1:
        return [dilation * (i * columns + j) * images for i in range(kernel) for j in range(kernel)]


WRONG = [
    ("one image", one_image, "images is ignored: each place of the plane is taken for a single number"),
    ("columns dilated only", columns_dilated_only, "the dilation is used along a row, but not from row to row"),
    ("rows dilated only", rows_dilated_only, "the dilation is used from row to row, but not along a row"),
    ("never dilated", never_dilated, "the dilation is ignored"),
    ("column by column", column_by_column, "the taps come column by column, not row by row"),
    ("border left out", border_left_out,
     "a row has the width of the picture without its border, where columns includes the border"),
    ("border added again", border_added_again, "the border is added to columns, which includes it already"),
    ("from the middle", from_the_middle,
     "offsets count from the middle tap, so that the first ones are negative; the first tap must be 0"),
    ("from one", from_one, "taps are numbered from 1, so the first offset is that of tap (1, 1), not 0"),
    ("row by row lists", row_by_row_lists, "a list of rows (lists), not one flat list of kernel * kernel numbers"),
    ("images for columns only", images_for_columns_only, "the step from row to row is not multiplied by images"),
    ("images for rows only", images_for_rows_only, "the step from column to column is not multiplied by images"),
    ("kernel for columns", kernel_for_columns, "a row of the plane is taken to have kernel places, not columns"),
    ("from tap to tap", from_tap_to_tap, "each number is the distance from the tap before, not from the first tap"),
    ("every place between", every_place_between,
     "all places that the dilated window covers are listed, those between the taps as well: too many where dilation > 1"),
    ("gaps of dilation", gaps_of_dilation, "the taps lie dilation + 1 places apart, where they should be dilation apart"),
    ("row is not reset", row_is_not_reset,
     "at the end of a row the column is not set back, so each row begins where the last one ended"),
    ("jump one tap too far", jump_one_short,
     "the jump to the next row goes one dilation too far: it subtracts kernel - 1 steps, though kernel were taken"),
    ("last row missing", last_row_missing, "the last row of taps is missing"),
    ("always three", always_three, "a kernel of 3 x 3 is assumed always"),
    ("bytes for numbers", bytes_for_numbers, "offsets are in bytes (4 of a float32), not in numbers"),
    ("images outermost", images_outermost,
     "images is taken for the outermost axis: offsets are repeated for each image, a plane further, not multiplied by images"),
    ("short integers", short_integers, "computed in 16-bit integers: offsets above 32767 overflow"),
    ("kept between calls", kept_between_calls,
     "the list is a default argument and grows: a second call returns the first one's offsets, too"),
    ("remembered by kernel", remembered_by_kernel,
     "a result is remembered by kernel and dilation only: a second call with other columns or images returns the first one's"),
    ("last tap first", last_tap_first, "the taps come in reverse order, the bottom right one first"),
    ("dilation added", dilation_added,
     "dilation - 1 is added to the tap's row and column, where they should be multiplied by dilation"),
    ("dilation squared", dilation_squared, "the dilation is multiplied in twice"),
    ("dilated range too short", dilated_range_too_short,
     "the range ends at kernel though it steps by dilation, so taps are missing where dilation > 1"),
    ("generator for a list", generator_for_a_list, "returns a generator, not a list"),
    ("modulo the window's rows", wraps_in_the_row,
     "offsets are taken modulo columns * kernel: with a dilation above 1 the lower rows wrap around to the start of the plane"),
    ("a set of them", a_set_of_them, "returns a set, which has no order, not a list"),
    ("from the middle, one image", centre_and_no_images,
     "two mistakes: offsets count from the middle tap, and images is ignored"),
    ("nothing for one tap", nothing_for_one_tap, "returns None for a kernel of 1"),
]  # fmt: skip


def right_cumulative(kernel, dilation, columns, images):
    offsets, row = [], 0
    for _ in range(kernel):
        offsets += range(row, row + kernel * dilation * images, dilation * images)
        row += dilation * columns * images
    return offsets


def right_divmod(kernel, dilation, columns, images):
    def offset(tap):
        i, j = divmod(tap, kernel)
        return images * dilation * j + images * dilation * columns * i

    return list(map(offset, range(kernel**2)))


def right_numbered_memory(kernel, dilation, columns, images):
    rows = dilation * (kernel - 1) + 1
    memory = np.arange(rows * columns * images).reshape(rows, columns, images)
    return memory[::dilation, : dilation * (kernel - 1) + 1 : dilation, 0].ravel().tolist()


def right_outer_sum(kernel, dilation, columns, images):
    taps = np.arange(kernel) * dilation * images
    return list(np.add.outer(taps * columns, taps).reshape(-1))  # NumPy's whole numbers


def right_ravel_multi_index(kernel, dilation, columns, images):
    i, j = np.indices((kernel, kernel)) * dilation
    shape = (dilation * kernel, columns, images)
    return [int(o) for o in np.ravel_multi_index((i.ravel(), j.ravel(), np.zeros(kernel**2, int)), shape)]


def right_recursion(kernel, dilation, columns, images, rows=None):
    rows = kernel if rows is None else rows
    if rows == 0:
        return []
    first = (rows - 1) * dilation * columns * images
    last_row = [first + j * dilation * images for j in range(kernel)]
    return [*right_recursion(kernel, dilation, columns, images, rows - 1), *last_row]


def right_from_the_middle(kernel, dilation, columns, images):
    b = (kernel - 1) / 2
    around = [((i - b) * columns + (j - b)) * dilation * images for i in range(kernel) for j in range(kernel)]
    return [round(offset - around[0]) for offset in around]


RIGHT = [
    ("cumulative", right_cumulative), ("divmod", right_divmod), ("numbered memory", right_numbered_memory),
    ("outer sum", right_outer_sum), ("ravel_multi_index", right_ravel_multi_index), ("recursion", right_recursion),
    ("from the middle and back", right_from_the_middle),
]  # fmt: skip
SOLUTIONS = [Solution("tap_offsets", f"tap_offsets: {name}", wrong, truth) for name, wrong, truth in WRONG]
SOLUTIONS += [Solution("tap_offsets", f"tap_offsets: right, {name}", right) for name, right in RIGHT]
