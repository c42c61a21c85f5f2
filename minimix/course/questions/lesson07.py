"""Questions of notebook 7: backward passes by hand."""

import numpy as np

from minimix import nn, reference
from minimix.costs import profile
from minimix.course.exercises import BATCH_NORM_BACKWARD, OUTPUT_SIZE
from minimix.course.questions.question import Question


def both_ways() -> int:
    return 3 * profile(nn.DepthwiseConv2d(96, 5), (8, 96, 16, 16)).macs


def never_met() -> int:
    picture, kernel = np.zeros((1, 1, 6, 6)), np.ones((1, 1, 2, 2))
    return int((reference.depthwise_conv2d_input_grad(np.ones((1, 1, 2, 2)), picture, kernel, 3, 0) == 0).sum())


def first_gradient() -> int:
    given = np.array([[[[1.0, -5.0]]]]), np.array([[[[3.0, 7.0]]]]), np.ones(1)
    return round(float(BATCH_NORM_BACKWARD.solution(*given, 0.0)["grad_x"].ravel()[0]), 9)


def useful_taps() -> int:
    ones = np.ones((1, 1, 3, 3))
    return int((reference.depthwise_conv2d_weight_grad(ones, ones, np.zeros((1, 1, 11, 11))) > 0).sum())


QUESTIONS = (
    Question(
        "07 forward and backward together",
        "A depthwise 5x5 layer over (8, 96, 16, 16), stride 1, same padding, takes 4,915,200 multiply-adds forward. How many "
        "are the forward pass and both gradients together?",
        both_ways,
    ),
    Question(
        "07 shape of the matrix",
        "8 pixels, a kernel of 3 taps, stride 2, one zero on each side. What is the shape of A?",
        lambda: (OUTPUT_SIZE.solution(8, 3, 2, 1, 1), 8),
    ),
    Question(
        "07 pixels without a gradient",
        "X is 6x6, the kernel 2x2, the stride 3, no padding. How many of the 36 pixels have a gradient of zero, whatever dY "
        "is?",
        never_met,
    ),
    Question(
        "07 summed into a weight",
        "A batch of 16 images of 8x8, a 3x3 kernel, stride 2, padding 1. How many products are summed into each entry of dW, "
        "those with the border's zeros included?",
        lambda: 16 * OUTPUT_SIZE.solution(8, 3, 2, 1, 1) ** 2,
    ),
    Question(
        "07 the best step",
        "f is the exponential function, computed in float64. At which h is the central difference best?",
        lambda: float((3 * np.finfo(float).eps) ** (1 / 3)),
        tolerance=1.0,
    ),
    Question(
        "07 batch norm of two values",
        "A channel has only M = 2 values, x = (3, 7), and eps is 0. dY is (1, -5). What is the first entry of dX?",
        first_gradient,
    ),
    Question(
        "07 taps of use",
        "MixNet has 11x11 kernels. How many of their 121 taps are of use on a map of 3x3?",
        useful_taps,
    ),
)
