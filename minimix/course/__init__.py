"""What the notebooks need beside figures: exercises that are checked, questions to guess at, figures with sliders.

exercise    what an exercise is: data
differences, convolution, regression, depthwise, dilation, mixing, embedding, counting, broadcasting, tape, gradients,
mixed_gradients, normalising, offsets, learning, spread, stability
            the exercises; alterations: what their wrong functions are made of
outcome     what came of calling a function once
engine      running a learner's function, and telling apart what can be wrong with it
diagnose    which mistake gives these numbers; patterns: what is true of wrong numbers anyhow
report      what a check says, as HTML and as text; panels and picture: its pictures
caught      errors that are part of a lesson
prediction  questions that are answered before a cell is run
sliders     figures with sliders; frontend: what the notebook around can show
table       numbers under headings; timing: how long things take here
machine     how long each layer of a network takes, and how fast the machine is at best
"""

from minimix.course.broadcasting import UNBROADCAST, check_unbroadcast
from minimix.course.caught import Caught, caught
from minimix.course.convolution import CONV2D, OUTPUT_SIZE, WINDOWS, check_conv2d, check_output_size, check_windows
from minimix.course.counting import BLOCK_MACS, check_block_macs
from minimix.course.depthwise import DEPTHWISE_CONV2D, SEPARABLE_MACS, check_depthwise_conv2d, check_separable_macs
from minimix.course.differences import CENTRAL_DIFFERENCE, check_central_difference
from minimix.course.dilation import DILATED_CONV2D, RECEPTIVE_FIELD, check_dilated_conv2d, check_receptive_field
from minimix.course.embedding import EMBED, check_embed
from minimix.course.engine import CheckFailed, check
from minimix.course.exercise import Exercise, Mistake
from minimix.course.gradients import (
    DEPTHWISE_INPUT_GRAD,
    DEPTHWISE_WEIGHT_GRAD,
    check_depthwise_input_grad,
    check_depthwise_weight_grad,
)
from minimix.course.learning import CONFUSION, TRAIN_STEP, check_confusion, check_train_step
from minimix.course.machine import Ceilings, LayerTime, ceilings, layer_times
from minimix.course.mixed_gradients import MIXCONV2D_BACKWARD, check_mixconv2d_backward
from minimix.course.mixing import MIXCONV2D, PARTITION, check_mixconv2d, check_partition
from minimix.course.normalising import BATCH_NORM_BACKWARD, check_batch_norm_backward
from minimix.course.offsets import TAP_OFFSETS, check_tap_offsets
from minimix.course.prediction import Prediction, predict
from minimix.course.regression import MEAN_SQUARE_GRAD, check_mean_square_grad
from minimix.course.report import Report
from minimix.course.sliders import Interactive, interactive
from minimix.course.spread import DIFFERENCE, check_difference
from minimix.course.stability import LOG_SOFTMAX, check_log_softmax
from minimix.course.table import Table, table
from minimix.course.tape import BACKWARD, Scalar, check_backward
from minimix.course.timing import timed

EXERCISES = (  # in the order of the course
    CENTRAL_DIFFERENCE, OUTPUT_SIZE, CONV2D, WINDOWS, MEAN_SQUARE_GRAD, DEPTHWISE_CONV2D, SEPARABLE_MACS, DILATED_CONV2D,
    RECEPTIVE_FIELD, PARTITION, MIXCONV2D, EMBED, BLOCK_MACS, UNBROADCAST, BACKWARD, DEPTHWISE_INPUT_GRAD,
    DEPTHWISE_WEIGHT_GRAD, MIXCONV2D_BACKWARD, BATCH_NORM_BACKWARD, TAP_OFFSETS, TRAIN_STEP, CONFUSION,
    DIFFERENCE, LOG_SOFTMAX,
)  # fmt: skip

__all__ = [
    "EXERCISES", "Caught", "Ceilings", "CheckFailed", "Exercise", "Interactive", "LayerTime", "Mistake", "Prediction", "Report",
    "Scalar", "Table", "caught", "ceilings", "check", "check_backward", "check_batch_norm_backward", "check_block_macs",
    "check_central_difference", "check_confusion", "check_conv2d", "check_depthwise_conv2d", "check_depthwise_input_grad",
    "check_depthwise_weight_grad", "check_difference", "check_dilated_conv2d", "check_embed", "check_log_softmax",
    "check_mean_square_grad", "check_mixconv2d", "check_mixconv2d_backward", "check_output_size", "check_partition",
    "check_receptive_field", "check_separable_macs", "check_tap_offsets", "check_train_step", "check_unbroadcast",
    "check_windows", "interactive", "layer_times", "predict", "table", "timed",
]  # fmt: skip
