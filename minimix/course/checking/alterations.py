"""What the wrong functions are made of: a right one, and something altered on its way in or out.

Below the alterations stand the words for those mistakes that several exercises share.
"""

import numpy as np


def flipped(weight: np.ndarray) -> np.ndarray:
    """Each kernel turned by 180 degrees."""
    return weight[..., ::-1, ::-1]


def transposed(array: np.ndarray) -> np.ndarray:
    """Rows and columns exchanged."""
    return array.swapaxes(-2, -1)


def bordered(x: np.ndarray, before: int, after: int, mode: str = "constant") -> np.ndarray:
    """x (N, C, H, W) with ``before`` rows and columns in front (top, left), ``after`` behind (bottom, right)."""
    return np.pad(x, ((0, 0), (0, 0), (before, after), (before, after)), mode)


def cut(x: np.ndarray, shape: tuple, start: int = 0) -> np.ndarray:
    """Of x (N, C, ...), so many rows and columns as ``shape`` has, from ``start`` on."""
    return x[:, :, start : start + shape[2], start : start + shape[3]]


def one_kernel(weight: np.ndarray) -> np.ndarray:
    """The first channel's kernel for all."""
    return np.repeat(weight[:1], len(weight), axis=0)


def last_tap(weight: np.ndarray) -> np.ndarray:
    """Only the kernel's last entry, the others 0."""
    only = np.zeros_like(weight)
    only[..., -1, -1] = weight[..., -1, -1]
    return only


def first_image(result: np.ndarray) -> np.ndarray:
    """All images but the first are 0."""
    return np.concatenate([result[:1], np.zeros_like(result[1:])])


def first_channel(result: np.ndarray) -> np.ndarray:
    """All channels but the first are 0."""
    return np.concatenate([result[:, :1], np.zeros_like(result[:, 1:])], axis=1)


def without_last(result: np.ndarray) -> np.ndarray:
    """The last row and the last column are 0."""
    result = result.copy()
    result[..., -1, :] = 0
    result[..., -1] = 0
    return result


# -- (name, explanation) of mistakes that several exercises share ---------------------------------------------------------

FLIPPED = (
    "kernel flipped",
    "Each window meets the kernel turned by 180 degrees. That is convolution as mathematics has it; networks do without "
    "the turn. Look at the kernel's top left weight: which pixel of the window should it be multiplied by?",
)  # fmt: skip
TRANSPOSED = (
    "kernel transposed",
    "Rows and columns of the kernel are exchanged: somewhere an index that runs down meets one that runs across. Try a kernel "
    "with a single 1 in its top right corner.",
)
EXCHANGED = (
    "height and width exchanged",
    "The result lies on its side: what should run down runs across. Try an image that is wider than high, and compare the "
    "order of the loops with the order of the axes, (N, C, H, W).",
)
STRIDE_IGNORED = (
    "stride ignored",
    "The result is as large as for stride 1. A stride makes the window jump, so that fewer places are left.",
)
STEP_OF_ONE = (
    "window moves by one pixel",
    "The result has the right size for this stride, but neighbouring outputs come from neighbouring pixels. Where does the "
    "window of output (1, 1) begin in the image?",
)
STRIDE_ON_TAPS = (
    "stride in the wrong place",
    "The stride spreads the taps inside of the window instead of moving the window. Of the two indices that are added to "
    "find a pixel, which one counts windows?",
)
PADDING_IGNORED = (
    "padding ignored",
    "The result is that of an image without a border. Compare the size of the image that the window slides over with what it "
    "should be.",
)
PADDED_BEFORE = (
    "padding one-sided (top and left)",
    "The result is as if zeros lay only above and to the left of the image. Are there some below and to the right, and are "
    "both sides counted in the number of places?",
)
PADDED_AFTER = (
    "padding one-sided (bottom and right)",
    "Zeros are only put below and to the right of the image. Its first row and first column deserve the same as the last ones.",
)
NOT_MOVED = (
    "padding forgotten in the index",
    "The result has the right size, but the image still begins at the window's corner: all the zeros lie at the bottom and on "
    "the right. Which pixel does output (0, 0) have at its centre?",
)
EDGE_REPEATED = (
    "border repeated instead of zero",
    "The border holds copies of the image's outermost pixels. It should hold zeros; only numbers near the border show it.",
)
LAST_PRODUCT = (
    "only the last product is kept",
    "Each output is a single product, the one of the last tap, where it should be a sum of all. Look at the line in the "
    "innermost loop: does it add?",
)
MEAN = (
    "mean instead of sum",
    "Each output is divided by the number of products in it. The kernel's weights do all the weighing: nothing else is "
    "divided.",
)
LOOPS_END_EARLY = (
    "last row and column left out",
    "The last row and the last column of the result stay 0: the loops end one too early. What is the last number that range(n) "
    "gives?",
)
FIRST_IMAGE = (
    "only the first image",
    "Only the first image of the batch gets a result. Try a batch of two: is there a loop, or an axis, for the images?",
)
FIRST_CHANNEL = (
    "only the first channel",
    "Only the first channel gets a result, the others stay 0. Try an input with two channels.",
)
ONE_KERNEL = (
    "one kernel for all channels",
    "All channels meet the kernel of the first one. Give each channel's kernel another constant: does each output show its "
    "own?",
)
KERNELS_REVERSED = (
    "kernels in reverse order",
    "The first channel meets the last channel's kernel, and so on backwards. Write down, for two channels, which belongs "
    "to which.",
)
CHANNELS_SUMMED = (
    "channels are mixed",
    "Each output channel is a sum over all input channels, as in a dense convolution. Here each channel stays by itself.",
)
DILATION_IGNORED = (
    "dilation ignored",
    "The taps are neighbours, whatever the dilation. How many pixels lie between two of them?",
)
