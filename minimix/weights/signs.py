"""Signs that a network's answers cannot be right, in the numbers themselves.

Measured with ImageNet's weights of three libraries on twenty pictures, from photographs to pages of text (tests/weights has a
part of it as tests). What came out:

    pixels from 0 to 255, not normalised     seen in the first batch norm: 17 to 200 standard deviations off, else at most 1.2
    eps of 1e-3 in place of 1e-5             seen in the answers, where it matters much: entropy at least 0.95 of the most that
                                             there can be, else at most 0.90
    other mean and std, -1 to 1 in place of 0 to 1, blue and red exchanged, padding, eps of 1e-5 in place of 1e-3
                                             not seen: spread, entropy and statistics lie within what right pictures have

So only the first two are looked for.
"""

import numpy as np

from minimix.nn import BatchNorm2d, Module
from minimix.tensor import Tensor, no_grad

FAR = 6.0  # standard deviations
EVEN, LIKELIEST, CLASSES = 0.93, 20, 100  # of the largest entropy; times 1 / classes; so many classes at least


def signs(model: Module, batch: np.ndarray, probabilities: np.ndarray) -> list[str]:
    """Lines about what looks wrong. batch: (N, C, H, W), as the network sees it. probabilities: (N, classes)."""
    found, off = [], distance(model, batch)
    if off > FAR:
        found.append(
            f"the pictures are not what the weights were trained on: behind the first convolution they are {off:.0f} standard "
            "deviations away (photographs, normalised as they should be, 1 at most). Pixels from 0 to 255 look so"
        )
    elif even(probabilities):
        found.append(
            "the answers are nearly the same for all classes, for every picture: so are those of weights that are not trained, "
            "or that are used with another eps than they were trained with"
        )
    return found


def distance(model: Module, batch: np.ndarray) -> float:
    """How far the pictures' means are from the first batch norm's running ones, in its standard deviations: the median over the
    channels, of the nearest picture. 0 for a network that does not begin with a convolution and a batch norm.
    """
    conv, norm = getattr(model, "conv_stem", getattr(model, "conv1", None)), getattr(model, "bn1", None)
    if conv is None or not isinstance(norm, BatchNorm2d) or norm.running_var is None or not batch.size:
        return 0.0
    with no_grad(), np.errstate(all="ignore"):
        means = conv(Tensor(batch)).data.mean((2, 3), dtype=np.float64)
        off = np.abs(means - norm.running_mean) / np.sqrt(norm.running_var + norm.eps)
    found = float(np.median(off, axis=1).min())
    return found if np.isfinite(found) else 0.0


def even(probabilities: np.ndarray) -> bool:
    """Whether no class is much likelier than others, for any picture."""
    classes = probabilities.shape[1]
    if classes < CLASSES or not len(probabilities):
        return False
    entropy = -(probabilities * np.log(np.maximum(probabilities, 1e-30))).sum(1)
    return bool((entropy > EVEN * np.log(classes)).all() and (probabilities < LIKELIEST / classes).all())
