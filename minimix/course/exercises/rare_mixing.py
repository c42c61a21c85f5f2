"""Rarer mistakes of the exercises on mixed convolution: many are right but in a corner, and are to be named all the same.

The exercises put them behind their common ones.
"""

import numpy as np

from minimix import reference
from minimix.course.exercises.rare_convolutions import made

_SIZES = (
    "sizes where places are wanted",
    "The channels are cut at the groups' sizes. np.split wants the places where the parts begin: the sizes added up.",
)


def _places(weights) -> list[int]:
    return np.cumsum([len(w) for w in weights])[:-1].tolist()


def _parted(x, weights):
    return zip(np.split(x, _places(weights), axis=1), weights, strict=True)


def _each_group(convolution):
    return lambda x, weights: np.concatenate([convolution(part, w) for part, w in _parted(x, weights)], axis=1)


def _cut_at_sizes(x, weights):
    parts = np.split(x, [len(w) for w in weights][:-1], axis=1)
    return np.concatenate([reference.depthwise_conv2d(part, w) for part, w in zip(parts, weights, strict=True)], axis=1)


def _whole_border(part, w):
    return reference.depthwise_conv2d(part, w, 1, w.shape[-1])[:, :, : part.shape[2], : part.shape[3]]


def _rim_cut(part, w):
    fits = min(part.shape[2:])
    cut = max((w.shape[-1] - fits + (fits % 2 == 0)) // 2, 0)
    return reference.depthwise_conv2d(part, w[:, :, cut : w.shape[-1] - cut, cut : w.shape[-1] - cut])


MIXCONV2D = made(
    (*_SIZES, _cut_at_sizes),
    ("the whole kernel as border", "There are K zeros on each side, where half of the kernel is enough, K // 2: the result is "
     "shifted down and to the right.", _each_group(_whole_border)),
    ("1 x 1 kernels not multiplied", "The channels of a group with a 1 x 1 kernel stay as they are. Its weights multiply "
     "them.", _each_group(lambda part, w: part if w.shape[-1] == 1 else reference.depthwise_conv2d(part, w))),
    ("kernels cut to the picture's size", "Of a kernel larger than the picture only the middle that fits into it is used. The "
     "taps around it see pixels, too, when the window stands at the other edge.", _each_group(_rim_cut)),
)  # fmt: skip


def _right_back(gradient, x, weights):
    return reference.mixconv2d_input_grad(gradient, x, weights), reference.mixconv2d_weight_grad(gradient, x, weights)


def _back_cut_at_sizes(gradient, x, weights):
    sizes = [len(w) for w in weights][:-1]
    parts = list(zip(np.split(gradient, sizes, axis=1), np.split(x, sizes, axis=1), weights, strict=True))
    to_x = [reference.depthwise_conv2d_input_grad(*part) for part in parts]
    return np.concatenate(to_x, axis=1), [reference.depthwise_conv2d_weight_grad(*part) for part in parts]


def _first_channels(gradient, x, weights):
    to_weights = [reference.depthwise_conv2d_weight_grad(g, x[:, : len(w)], w) for g, w in _parted(gradient, weights)]
    return _right_back(gradient, x, weights)[0], to_weights


def _first_gradients(gradient, x, weights):
    to_weights = [reference.depthwise_conv2d_weight_grad(gradient[:, : len(w)], p, w) for p, w in _parted(x, weights)]
    return _right_back(gradient, x, weights)[0], to_weights


def _outer_taps_lost(gradient, x, weights):
    to_x, to_weights = _right_back(gradient, x, weights)
    for found in to_weights:
        k = found.shape[-1]
        far = np.abs(np.arange(k) - k // 2) > (min(x.shape[2:]) // 2 if k > min(x.shape[2:]) else k)
        found[:, :, far] = 0
        found[:, :, :, far] = 0
    return to_x, to_weights


MIXCONV2D_BACKWARD = made(
    (*_SIZES, _back_cut_at_sizes),
    ("weights: x from its first channels", "The gradient of each group's weight is made with the first channels of x. Each "
     "group has channels of its own.", _first_channels),
    ("weights: the gradient from its first channels", "The gradient of each group's weight is made with the first channels of "
     "the gradient. Each group has channels of its own.", _first_gradients),
    ("weights: outer taps of large kernels 0", "Of a kernel larger than the picture the outer taps get no gradient. They see "
     "pixels, too, when the window stands at the other edge.", _outer_taps_lost),
)  # fmt: skip


# -- kernels in a larger window ----------------------------------------------------------------------------------------------


def _put(row, column, turned=False):
    """Each kernel at row(k, K), column(k, K) in the largest one's window."""

    def wrong(weights):
        size = max(w.shape[-1] for w in weights)
        found = []
        for w in weights:
            k, window = w.shape[-1], np.zeros((len(w), 1, size, size))
            y, z = row(k, size), column(k, size)
            window[:, :, y : y + k, z : z + k] = w.swapaxes(2, 3) if turned else w
            found.append(window)
        return np.concatenate(found)

    return wrong


def _middle(k, size):
    return (size - k) // 2


def _start_by_one(weights):
    size = max(w.shape[-1] for w in weights)
    found = np.zeros((sum(map(len, weights)), 1, size, size))
    for start, w in enumerate(weights):
        margin = (size - w.shape[-1]) // 2
        found[start : start + len(w), :, margin : size - margin, margin : size - margin] = w
    return found


def _size_of_count(weights):
    size, found = 2 * len(weights) + 1, []
    for w in weights:
        margin = (size - w.shape[-1]) // 2
        found.append(np.pad(w, ((0, 0), (0, 0), (margin, margin), (margin, margin))))
    return np.concatenate(found)


EMBED = made(
    *(
        (f"{place}, and transposed", f"Two things: the small kernels are {where}, and rows and columns of each kernel are "
         "exchanged.", _put(row, column, turned=True))
        for place, where, row, column in (
            ("kernels at the left", "at the left, in the middle from top to bottom", _middle, lambda k, size: 0),
            ("kernels at the top", "at the top, in the middle from left to right", lambda k, size: 0, _middle),
            ("kernels at the right", "at the right, in the middle from top to bottom", _middle, lambda k, size: size - k),
            ("kernels at the bottom", "at the bottom, in the middle from left to right", lambda k, size: size - k, _middle),
        )
    ),
    ("a margin of one", "Every small kernel lies one row and one column from the corner. Half of the room is the margin: "
     "(K - K_t) // 2.", _put(lambda k, size: min(size - k, 1), lambda k, size: min(size - k, 1))),
    ("one channel further for each group", "Each group begins one channel behind the one before. It begins behind all of that "
     "one's channels.", _start_by_one),
    ("the size from the number of groups", "The window is taken to be 2 * groups + 1 wide, as for kernels of 3, 5, 7, ... It "
     "is as large as the largest kernel that there is.", _size_of_count),
    ("1 x 1 kernels in the corner", "A kernel of 1 x 1 is put into the top left corner. It belongs into the middle, as all.",
     _put(lambda k, size: _middle(k, size) * (k > 1), lambda k, size: _middle(k, size) * (k > 1))),
)  # fmt: skip
