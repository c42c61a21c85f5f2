"""Questions of notebook 1: convolution from loops."""

import numpy as np

from minimix import nn
from minimix.costs import profile
from minimix.course.exercises import OUTPUT_SIZE
from minimix.course.questions.question import Question

LAYERS = ((32, 3, 1, 1, 1), (224, 7, 2, 3, 1), (6, 3, 2, 0, 1))  # pixels, kernel, stride, padding, dilation


def second_output(picture, kernel) -> int:
    rows, columns = kernel.shape
    return int((picture[:rows, 1 : 1 + columns] * kernel).sum())


def three_sizes() -> tuple[int, ...]:
    return tuple(OUTPUT_SIZE.solution(*layer) for layer in LAYERS)


def entries_a_pixel() -> float:
    pictures = np.zeros((2, 3, 28, 28))
    return np.lib.stride_tricks.sliding_window_view(pictures, (3, 3), axis=(2, 3)).size / pictures.size


QUESTIONS = (
    Question(
        "01 output (0, 1)",
        "Output (0, 1): the sum of the nine products, with the kernel one pixel to the right?",
        second_output,
    ),
    Question(
        "01 three output sizes",
        "Three layers, stride 1 unless said: 32 pixels, kernel 3, padding 1; 224 pixels, kernel 7, stride 2, padding 3; "
        "6 pixels, kernel 3, stride 2, no padding. How many outputs does each have along one axis?",
        three_sizes,
    ),
    Question(
        "01 runs of the innermost line",
        "One picture of 3x32x32, 16 output channels, kernels of 3x3, padding 1. How often does the innermost line run?",
        lambda: profile(nn.Conv2d(3, 16, 3, padding=1, bias=False), (1, 3, 32, 32)).macs,
        unit="multiply-adds",
    ),
    Question(
        "01 entries of the view",
        "How many entries has the view (2, 3, 26, 26, 3, 3) for each number in the pictures (2, 3, 28, 28)?",
        entries_a_pixel,
        tolerance=0.05,
    ),
    Question(
        "01 middle beside corner",
        "In the right and left columns, how many times as large as the weight in the top row will the one in the middle row "
        "be?",
        lambda kernel: float((kernel[1, 2] - kernel[1, 0]) / (kernel[0, 2] - kernel[0, 0])),
        tolerance=0.15,
    ),
)
