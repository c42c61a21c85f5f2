"""The exercises of the course, in its order: a file for each subject of a lesson, named after the lesson's number.

Each is data (``checking.exercise``): a statement, a solution, configurations to try, and the mistakes that learners make. What
the wrong functions of a large exercise are made of is in ``wrong_<subject>.py``, a long list of them in
``mistakes_<exercise>.py``; ``features``: what may tell the configurations that fail from the others.
"""

from minimix.course.exercises.lesson00_differences import CENTRAL_DIFFERENCE, check_central_difference
from minimix.course.exercises.lesson01_arithmetic import OUTPUT_SIZE, check_output_size
from minimix.course.exercises.lesson01_convolution import CONV2D, check_conv2d
from minimix.course.exercises.lesson01_patches import WINDOWS, check_windows
from minimix.course.exercises.lesson01_regression import MEAN_SQUARE_GRAD, check_mean_square_grad
from minimix.course.exercises.lesson02_depthwise import DEPTHWISE_CONV2D, check_depthwise_conv2d
from minimix.course.exercises.lesson02_macs import SEPARABLE_MACS, check_separable_macs
from minimix.course.exercises.lesson03_dilation import DILATED_CONV2D, check_dilated_conv2d
from minimix.course.exercises.lesson03_receptive_field import RECEPTIVE_FIELD, check_receptive_field
from minimix.course.exercises.lesson04_dividing import PARTITION, check_partition
from minimix.course.exercises.lesson04_mixing import MIXCONV2D, check_mixconv2d
from minimix.course.exercises.lesson04_one_kernel import EMBED, check_embed
from minimix.course.exercises.lesson05_counting import BLOCK_MACS, check_block_macs
from minimix.course.exercises.lesson06_backward import BACKWARD, Scalar, check_backward
from minimix.course.exercises.lesson06_broadcasting import UNBROADCAST, check_unbroadcast
from minimix.course.exercises.lesson07_depthwise_input import DEPTHWISE_INPUT_GRAD, check_depthwise_input_grad
from minimix.course.exercises.lesson07_depthwise_weight import DEPTHWISE_WEIGHT_GRAD, check_depthwise_weight_grad
from minimix.course.exercises.lesson07_mixed_gradients import MIXCONV2D_BACKWARD, check_mixconv2d_backward
from minimix.course.exercises.lesson07_normalising import BATCH_NORM_BACKWARD, check_batch_norm_backward
from minimix.course.exercises.lesson08_offsets import TAP_OFFSETS, check_tap_offsets
from minimix.course.exercises.lesson09_learning import TRAIN_STEP, check_train_step
from minimix.course.exercises.lesson09_mistaken import CONFUSION, check_confusion
from minimix.course.exercises.lesson10_spread import DIFFERENCE, check_difference
from minimix.course.exercises.lesson11_stability import LOG_SOFTMAX, check_log_softmax
from minimix.course.exercises.lesson12_paired import PAIRED, check_paired
from minimix.course.exercises.lesson12_seeds import SEEDS_NEEDED, check_seeds_needed
from minimix.course.exercises.lesson12_signs import SIGN_FLIPS, check_sign_flips
from minimix.course.exercises.lesson13_children import CHILD, check_child
from minimix.course.exercises.lesson13_masks import KERNEL_MASK, check_kernel_mask
from minimix.course.exercises.lesson13_ranks import RANK_CORRELATION, check_rank_correlation
from minimix.course.exercises.lesson13_reward import REWARD, check_reward
from minimix.course.exercises.lesson14_boxes import INTERSECTION_OVER_UNION, check_intersection_over_union
from minimix.course.exercises.lesson14_matching import MATCH, check_match
from minimix.course.exercises.lesson14_maxima import SUPPRESS, check_suppress
from minimix.course.exercises.lesson14_precision import AVERAGE_PRECISION, check_average_precision

EXERCISES = (  # in the order of the course
    CENTRAL_DIFFERENCE, OUTPUT_SIZE, CONV2D, WINDOWS, MEAN_SQUARE_GRAD, DEPTHWISE_CONV2D, SEPARABLE_MACS, DILATED_CONV2D,
    RECEPTIVE_FIELD, PARTITION, MIXCONV2D, EMBED, BLOCK_MACS, BACKWARD, UNBROADCAST, DEPTHWISE_INPUT_GRAD,
    DEPTHWISE_WEIGHT_GRAD, MIXCONV2D_BACKWARD, BATCH_NORM_BACKWARD, TAP_OFFSETS, TRAIN_STEP, CONFUSION,
    DIFFERENCE, LOG_SOFTMAX, PAIRED, SEEDS_NEEDED, SIGN_FLIPS, CHILD, KERNEL_MASK, RANK_CORRELATION, REWARD,
    INTERSECTION_OVER_UNION, MATCH, SUPPRESS, AVERAGE_PRECISION,
)  # fmt: skip

__all__ = [
    "AVERAGE_PRECISION", "BACKWARD", "BATCH_NORM_BACKWARD", "BLOCK_MACS", "CENTRAL_DIFFERENCE", "CHILD", "CONFUSION", "CONV2D",
    "DEPTHWISE_CONV2D", "DEPTHWISE_INPUT_GRAD", "DEPTHWISE_WEIGHT_GRAD", "DIFFERENCE", "DILATED_CONV2D", "EMBED", "EXERCISES",
    "INTERSECTION_OVER_UNION", "KERNEL_MASK", "LOG_SOFTMAX", "MATCH", "MEAN_SQUARE_GRAD", "MIXCONV2D", "MIXCONV2D_BACKWARD",
    "OUTPUT_SIZE", "PAIRED", "PARTITION", "RANK_CORRELATION", "RECEPTIVE_FIELD", "REWARD", "SEEDS_NEEDED", "SEPARABLE_MACS",
    "SIGN_FLIPS", "SUPPRESS", "TAP_OFFSETS", "TRAIN_STEP", "UNBROADCAST", "WINDOWS", "Scalar", "check_average_precision",
    "check_backward", "check_batch_norm_backward", "check_block_macs", "check_central_difference", "check_child",
    "check_confusion", "check_conv2d", "check_depthwise_conv2d", "check_depthwise_input_grad", "check_depthwise_weight_grad",
    "check_difference", "check_dilated_conv2d", "check_embed", "check_intersection_over_union", "check_kernel_mask",
    "check_log_softmax", "check_match", "check_mean_square_grad", "check_mixconv2d", "check_mixconv2d_backward",
    "check_output_size", "check_paired", "check_partition", "check_rank_correlation", "check_receptive_field", "check_reward",
    "check_seeds_needed", "check_separable_macs", "check_sign_flips", "check_suppress", "check_tap_offsets", "check_train_step",
    "check_unbroadcast", "check_windows",
]  # fmt: skip
