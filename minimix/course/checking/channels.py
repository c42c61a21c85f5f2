"""What goes wrong where each channel has a kernel of its own: (name, explanation, parts of ``sliding``)."""

import numpy as np

from minimix.course.checking import alterations as alt
from minimix.course.checking.sliding import depthwise_product

_OWN = "Give each channel's kernel another constant: does each output show its own?"


def _tap_by_tap(numbers_of):
    """A sum over taps in which numbers_of(tap's weights) meets the picture as NumPy lines them up, or an error."""

    def product(windows, weight):
        out = np.zeros(windows.shape[:4])
        for i, j in np.ndindex(*windows.shape[4:]):
            out += windows[..., i, j] * numbers_of(weight[:, 0, i, j])
        return out

    return product


def _kernels_at(order):
    """Channel c of image n meets kernel ``order(n, c, N, C)``."""

    def product(windows, weight):
        n, c = np.indices(windows.shape[:2])
        return np.einsum("ncyzij,ncij->ncyz", windows, weight[order(n, c, *windows.shape[:2]), 0])

    return product


CHANNELS = (
    ("only the last product is kept", alt.LAST_PRODUCT[1], {"weight": lambda w, x: alt.last_tap(w)}),
    ("no new axes behind the weights", "The weights of a tap, (C,), meet the columns, as NumPy lines shapes up from the right. "
     "Each belongs to a channel: weight[:, 0, i, j, None, None].", {"product": _tap_by_tap(lambda w: w)}),
    ("one new axis behind the weights", "The weights of a tap, (C, 1), meet the rows, as NumPy lines shapes up from the right. "
     "Each belongs to a channel: weight[:, 0, i, j, None, None].", {"product": _tap_by_tap(lambda w: w[:, None])}),
    ("three new axes behind the weights", "The weights of a tap, (C, 1, 1, 1), meet the images. Each belongs to a channel: two "
     "new axes, weight[:, 0, i, j, None, None].", {"product": _tap_by_tap(lambda w: w[:, None, None, None])}),
    (*alt.FIRST_CHANNEL, {"product": lambda v, w: alt.first_channel(depthwise_product(v, w))}),
    ("only the last channel", "Only the last channel gets a result, the others stay 0. Try an input with two channels.",
     {"product": lambda v, w: depthwise_product(v, w) * (np.arange(len(w)) == len(w) - 1)[:, None, None]}),
    ("the last channel left out", "The last channel stays 0: the loop over channels ends one too early.",
     {"product": lambda v, w: depthwise_product(v, w) * (np.arange(len(w)) < len(w) - 1)[:, None, None]}),
    ("the first channel of x for all", "All kernels look at the first channel of x. Each looks at its own.",
     {"product": lambda v, w: depthwise_product(np.repeat(v[:, :1], len(w), axis=1), w)}),
    ("the last channel of x for all", "All kernels look at the last channel of x. Each looks at its own.",
     {"product": lambda v, w: depthwise_product(np.repeat(v[:, -1:], len(w), axis=1), w)}),
    (*alt.ONE_KERNEL, {"kernels": alt.one_kernel}),
    ("the last kernel for all channels", f"All channels meet the kernel of the last one. {_OWN}",
     {"kernels": lambda w: np.repeat(w[-1:], len(w), axis=0)}),
    ("the mean kernel for all channels", f"All channels meet the mean of all kernels. {_OWN}",
     {"kernels": lambda w: np.repeat(w.mean(axis=0, keepdims=True), len(w), axis=0)}),
    ("the sum of the kernels for all channels", f"All channels meet the sum of all kernels. {_OWN}",
     {"kernels": lambda w: np.repeat(w.sum(axis=0, keepdims=True), len(w), axis=0)}),
    (*alt.KERNELS_REVERSED, {"kernels": lambda w: w[::-1]}),
    ("the next channel's kernel", f"Each channel meets the kernel of the next one. {_OWN}",
     {"kernels": lambda w: np.roll(w, -1, axis=0)}),
    ("the previous channel's kernel", f"Each channel meets the kernel of the one before, as with weight[c - 1]. {_OWN}",
     {"kernels": lambda w: np.roll(w, 1, axis=0)}),
    ("the image's kernel", "The kernel is chosen by the number of the image, where it should be by that of the channel.",
     {"product": _kernels_at(lambda n, c, images, channels: n)}),
    ("kernels in the wrong order for a batch", "With images and channels in one axis each kernel stands N times in a row, as "
     "np.repeat puts them. They should come in turn, as np.tile puts them.",
     {"product": _kernels_at(lambda n, c, images, channels: (n * channels + c) // images)}),
    ("images and channels exchanged for the kernels", "With channels and images in one axis the kernels come in turn, as "
     "np.tile puts them. Each channel's images are neighbours there: np.repeat.",
     {"product": _kernels_at(lambda n, c, images, channels: (c * images + n) % channels)}),
    (*alt.CHANNELS_SUMMED, {"product": lambda v, w: np.einsum("ncyzij,oij->noyz", v, w[:, 0])}),
    ("each output channel is the sum of all", "The channels' results are added up, and each output channel is that sum. Here "
     "each channel stays by itself.", {"after": lambda r, x: np.repeat(r.sum(axis=1, keepdims=True), r.shape[1], axis=1)}),
    ("channels added up", "The result has a single channel, the sum of all. Depthwise convolution gives as many channels as "
     "come in.", {"after": lambda r, x: r.sum(axis=1, keepdims=True)}),
    ("channels added up, their axis gone", "The channels are added up and their axis is gone. Depthwise convolution gives as "
     "many channels as come in.", {"after": lambda r, x: r.sum(axis=1)}),
    ("averaged over the channels", "Each output is divided by the number of channels. Here each channel stays by itself.",
     {"scale": lambda w: 1 / len(w)}),
    ("channels in reverse order", "The result's channels are in reverse order.", {"after": lambda r, x: r[:, ::-1]}),
    ("the largest product instead of the sum",
     "Each output is the largest of the products in its window. It should be their sum.",
     {"product": lambda v, w: (v * w[:, 0, None, None]).max(axis=(4, 5))}),
    ("all pairs of channels", "There is an output channel for each pair of an input channel and a kernel. Each channel meets "
     "its own kernel only.", {"product": lambda v, w: np.einsum("ncyzij,oij->ncoyz", v, w[:, 0]).reshape(
         len(v), -1, *v.shape[2:4])}),
)  # fmt: skip
