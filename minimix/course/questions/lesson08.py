"""Questions of notebook 8: from loops to SIMD."""

from minimix import nn
from minimix.costs import profile
from minimix.course.questions.question import Question
from minimix.kernels.threads import get_num_threads


def lanes(kernel) -> int:
    from minimix.viz import main_loop  # matplotlib takes a third of a second to import

    return main_loop(kernel).lanes


QUESTIONS = (
    Question(
        "08 multiply-adds of the job",
        "How many multiply-adds does this layer take, with those on the border of zeros?",
        lambda: profile(nn.DepthwiseConv2d(64, 7), (32, 64, 16, 16)).macs,
    ),
    Question(
        "08 time of one multiply-add",
        "How long does Python need for one multiply-add? (An addition in the processor takes about 1 ns.)",
        lambda seconds, macs: seconds / macs * 1e9,
        unit="ns",
        tolerance=0.5,
    ),
    Question(
        "08 numbers at once",
        "How many float32 numbers does one arithmetic instruction of this loop work on at once?",
        lanes,
    ),
    Question(
        "08 accesses with eight taps",
        "How many accesses to memory for one multiply-add, with T = 8?",
        lambda: (8 + 2) / 8,
        tolerance=0,
    ),
    Question(
        "08 faster with threads",
        "At most how many times faster than the last rung can this one be on this machine?",
        get_num_threads,
    ),
)
