"""Solutions of the exercise "a logarithm of softmax that never overflows": wrong ones, and right ones in other styles."""

import math

import numpy as np
from corpus import Solution


def as_it_stands(logits):
    powers = np.exp(logits)
    return np.log(powers / powers.sum(axis=1, keepdims=True))


def as_it_stands_silently(logits):
    with np.errstate(all="ignore"):
        return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def largest_of_all(logits):
    shifted = logits - logits.max()
    with np.errstate(divide="ignore"):
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def largest_of_each_class(logits):
    shifted = logits - logits.max(axis=0)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def over_the_images(logits):
    shifted = logits - logits.max(axis=0, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=0, keepdims=True))


def sum_over_the_images(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        return shifted - np.log(np.exp(shifted).sum(axis=0))


def sum_over_everything(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum())


def no_keepdims(logits):
    m = logits.max(axis=1)
    shifted = logits - m[:, None]
    return shifted - np.log(np.exp(shifted).sum(axis=1))


def log_of_a_stable_softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    with np.errstate(divide="ignore"):
        return np.log(powers / powers.sum(axis=1, keepdims=True))


def a_little_added(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.log(powers / powers.sum(axis=1, keepdims=True) + 1e-12)


def clipped_logits(logits):
    clipped = np.clip(logits, -80, 80)
    return clipped - np.log(np.exp(clipped).sum(axis=1, keepdims=True))


def clipped_result(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.maximum(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)), -100)


def probabilities(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def logarithm_of_two(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log2(np.exp(shifted).sum(axis=1, keepdims=True))


def mean_subtracted(logits):
    shifted = logits - logits.mean(axis=1, keepdims=True)
    with np.errstate(over="ignore"):
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def smallest_subtracted(logits):
    shifted = logits - np.min(logits, axis=1, keepdims=True)
    with np.errstate(over="ignore"):
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def first_class_subtracted(logits):
    shifted = logits - logits[:, :1]
    with np.errstate(over="ignore"):
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def largest_by_size(logits):
    shifted = logits - np.abs(logits).max(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def largest_not_taken_back(logits):
    m = logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits - m).sum(axis=1, keepdims=True))


def largest_added_to_the_shifted(logits):
    m = logits.max(axis=1, keepdims=True)
    shifted = logits - m
    return shifted - (m + np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def loss_for_log(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=1, keepdims=True)) - shifted


def in_place(logits):
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def position_of_the_largest(logits):
    shifted = logits - np.argmax(logits, axis=1)[:, None]
    with np.errstate(over="ignore"):
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def divided_by_the_largest(logits):
    scaled = logits / np.abs(logits).max(axis=1, keepdims=True)
    return scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))


def ties_count_once(logits):
    m = logits.max(axis=1, keepdims=True)
    others = np.where(logits < m, np.exp(logits - m), 0)
    return logits - m - np.log1p(others.sum(axis=1, keepdims=True))


def one_too_many(logits):
    m = logits.max(axis=1, keepdims=True)
    return logits - m - np.log1p(np.exp(logits - m).sum(axis=1, keepdims=True))


def zero_among_the_classes(logits):
    total = np.zeros(len(logits))
    for column in logits.T:
        total = np.logaddexp(total, column)
    return logits - total[:, None]


def each_class_by_itself(logits):
    return -np.logaddexp(0, -logits)


def mean_for_sum(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).mean(axis=1, keepdims=True))


def logsumexp_only(logits):
    m = logits.max(axis=1)
    return m + np.log(np.exp(logits - m[:, None]).sum(axis=1))


def single_precision(logits):
    logits = logits.astype(np.float16)
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def repaired_afterwards(logits):
    with np.errstate(all="ignore"):
        powers = np.exp(logits)
        return np.nan_to_num(np.log(powers / powers.sum(axis=1, keepdims=True)), nan=0.0, neginf=-1e4)


def nothing_above_the_limit(logits):
    with np.errstate(all="ignore"):
        found = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    largest = np.arange(logits.shape[1]) == logits.argmax(axis=1)[:, None]
    return np.where(np.isfinite(found), found, np.where(largest, 0.0, -np.log(np.finfo(logits.dtype).max)))


def first_image_only(logits):
    z = logits[0]
    shifted = z - z.max()
    return shifted - np.log(np.exp(shifted).sum())


def largest_of_the_first_image(logits):
    found, m = [], None
    for row in logits:
        m = max(row) if m is None else m
        with np.errstate(all="ignore"):
            found.append(row - m - np.log(np.exp(row - m).sum()))
    return np.array(found)


def last_class_left_out(logits):
    m = np.array([max(row) for row in logits])[:, None]
    total = np.zeros((len(logits), 1))
    for j in range(logits.shape[1] - 1):
        total += np.exp(logits[:, j : j + 1] - m)
    with np.errstate(divide="ignore"):
        return logits - m - np.log(total)


def itself_left_out(logits):
    m = logits.max(axis=1, keepdims=True)
    powers = np.exp(logits - m)
    others = powers.sum(axis=1, keepdims=True) - powers
    with np.errstate(divide="ignore"):
        return logits - m - np.log(others)


def total_never_reset(logits):
    found, total = np.empty(logits.shape), 0.0
    for n, row in enumerate(logits):
        shifted = row - row.max()
        for z in shifted:
            total += math.exp(z)
        found[n] = shifted - math.log(total)
    return found


def a_list_of_the_rows(logits):
    found = np.zeros_like(logits)
    for n, row in enumerate(logits):
        shifted = row - row.max()
        found[n] = shifted - np.log(np.exp(shifted).sum())
        return found


def turned_round(logits):
    z = logits.T
    shifted = z - z.max(axis=0)
    return shifted - np.log(np.exp(shifted).sum(axis=0))


def axis_of_images_and_loss(logits):
    shifted = logits - logits.max(axis=0)
    return -(shifted - np.log(np.exp(shifted).sum(axis=0)))


WRONG = [
    ("as it stands", as_it_stands,
     "the formula as it stands: exp overflows for large logits (NaN), and underflows for small ones (-inf)"),
    ("logits minus log of the sum, unshifted", as_it_stands_silently,
     "the largest logit is not subtracted: exp overflows for large logits (-inf), and the sum is 0 for very small ones (inf)"),
    ("largest of all images", largest_of_all,
     "the largest logit of the whole batch is subtracted: an image whose logits are all far below it has a sum of 0 (inf)"),
    ("largest of each class", largest_of_each_class,
     "what is subtracted is the largest of each class (axis 0), not of each image: another softmax where these differ"),
    ("over the images", over_the_images, "largest and sum are over the images (axis 0), not over the classes"),
    ("sum over the images", sum_over_the_images, "the sum is over the images (axis 0), not over the classes"),
    ("sum over everything", sum_over_everything, "the sum is over all images and classes, not over the classes of one image"),
    ("no keepdims", no_keepdims,
     "the sum has shape (images,) and lies along the classes: fails, or is wrong where images = classes"),
    ("log of a stable softmax", log_of_a_stable_softmax,
     "the logarithm is taken of the probabilities, which are 0 for logits far below the largest: -inf"),
    ("a little added", a_little_added, "1e-12 is added to the probabilities: logarithms below about -27 are cut off"),
    ("clipped logits", clipped_logits, "the logits are clipped to -80..80, so larger ones give wrong results"),
    ("clipped result", clipped_result, "results below -100 are cut off at -100"),
    ("probabilities", probabilities, "returns the probabilities, not their logarithms"),
    ("a logarithm to base two", logarithm_of_two, "the logarithm of the sum is to base 2"),
    ("mean subtracted", mean_subtracted,
     "the mean is subtracted in place of the largest: exp overflows where one logit is far above the mean"),
    ("smallest subtracted", smallest_subtracted,
     "the smallest is subtracted in place of the largest: exp overflows where logits lie far apart"),
    ("first class subtracted", first_class_subtracted,
     "the first class's logit is subtracted in place of the largest: exp overflows where another one is far above it"),
    ("largest by size", largest_by_size,
     "the largest absolute value is subtracted: for very negative logits all exponentials are 0, and the results infinite"),
    ("largest not taken back", largest_not_taken_back,
     "the largest is subtracted in the sum only, so all results are too large by it"),
    ("largest counted twice", largest_added_to_the_shifted,
     "the largest is subtracted twice: from the logits, and with the logarithm of the sum once more"),
    ("loss for logarithm", loss_for_log, "the sign is wrong: minus the logarithm"),
    ("in place", in_place,
     "the results are right, but the array logits that was passed in is changed (its largest subtracted)"),
    ("position of the largest", position_of_the_largest,
     "argmax in place of max: the index of the largest is subtracted, and exp overflows"),
    ("divided by the largest", divided_by_the_largest,
     "the logits are divided by the largest absolute value, not shifted: another softmax"),
    ("ties count once", ties_count_once,
     "several logits that are equally large count once in the sum, so the result is wrong where the largest is not unique"),
    ("one too many", one_too_many, "log1p adds 1 for the largest, which is in the sum already"),
    ("zero among the classes", zero_among_the_classes,
     "the sum begins with e^0 = 1, as though there were one more class with logit 0"),
    ("each class by itself", each_class_by_itself,
     "the logarithm of a sigmoid of each class by itself, not of a softmax over the classes"),
    ("mean for sum", mean_for_sum,
     "the mean of the exponentials in place of the sum: all results are too large by log(classes)"),
    ("logsumexp only", logsumexp_only,
     "returns the logarithm of the sum of exponentials, one number an image, not subtracted from the logits"),
    ("half precision", single_precision, "computed in float16: about three digits, and infinite for logits above 65504"),
    ("repaired afterwards", repaired_afterwards,
     "overflows as the plain formula does; NaN and infinities are replaced by 0 and -10000, which is wrong"),
    ("a constant where it overflows", nothing_above_the_limit,
     "where the plain formula overflows, all but the largest get one constant, however far below the largest they are"),
    ("first image only", first_image_only, "only the first image is computed, and the result has shape (classes,)"),
    ("largest of the first image", largest_of_the_first_image,
     "the largest logit of the first image is subtracted from all images: over- or underflow where others are far from it"),
    ("last class left out", last_class_left_out, "the last class is left out of the sum"),
    ("itself left out", itself_left_out, "each class is left out of its own sum: log odds, not log probabilities"),
    ("total never reset", total_never_reset, "the sum is not reset to 0 from image to image: only the first image is right"),
    ("returns within the loop", a_list_of_the_rows, "returns after the first image: all others are 0"),
    ("turned round", turned_round, "the result is transposed: (classes, images)"),
    ("over the images, and the sign", axis_of_images_and_loss,
     "two mistakes: largest and sum are over the images, and the sign is wrong"),
]  # fmt: skip


def right_logaddexp(logits):
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


def right_loops(logits):
    found = np.empty(logits.shape)
    for n, row in enumerate(np.asarray(logits, np.float64).tolist()):
        m = max(row)
        total = math.log(math.fsum(math.exp(z - m) for z in row))
        found[n] = [z - m - total for z in row]
    return found


def right_pairwise(logits):
    def total(z):  # of the classes, in halves
        if z.shape[1] == 1:
            return z
        half = z.shape[1] // 2
        a, b = total(z[:, :half]), total(z[:, half:])
        return np.maximum(a, b) + np.log1p(np.exp(-np.abs(a - b)))

    return logits - total(logits)


def right_sorted(logits):
    ordered = np.sort(logits, axis=-1)
    m = ordered[:, -1:]
    rest = np.exp(ordered[:, :-1] - m).sum(axis=-1, keepdims=True)
    return logits - m - np.log1p(rest)


def right_classes_first(logits):
    z = logits.T.astype(float)  # our own to write into
    z -= z.max(axis=0)
    z -= np.log(np.exp(z).sum(axis=0))
    return z.T  # not dense in rows


def right_differences(logits):
    apart = logits[:, None, :] - logits[:, :, None]  # (images, i, j): z_j - z_i
    m = apart.max(axis=2, keepdims=True)
    return -(m[..., 0] + np.log(np.exp(apart - m).sum(axis=2)))


def right_double(logits):
    rows = (row.astype(np.float64) for row in logits)
    return np.stack([row - max(row) - np.log(np.exp(row - max(row)) @ np.ones(len(row))) for row in rows])


def right_by_accumulation(logits):
    return logits - np.logaddexp.accumulate(logits[:, ::-1], axis=1)[:, [-1]]


RIGHT = [
    ("logaddexp", right_logaddexp), ("loops", right_loops), ("in halves", right_pairwise), ("sorted", right_sorted),
    ("classes first", right_classes_first), ("differences", right_differences), ("in float64", right_double),
    ("by accumulation", right_by_accumulation),
]  # fmt: skip
SOLUTIONS = [Solution("log_softmax", f"log_softmax: {name}", wrong, truth) for name, wrong, truth in WRONG]
SOLUTIONS += [Solution("log_softmax", f"log_softmax: right, {name}", right) for name, right in RIGHT]
