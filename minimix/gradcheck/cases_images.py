"""Operations on images, as cases for the table of ``minimix gradcheck``: convolutions, norms, pools, losses."""

import numpy as np

import minimix.functional as F
from minimix.gradcheck.cases import case, kinked, ordered, shaped
from minimix.gradcheck.suite import Case


def image_cases() -> list[Case]:
    """Every operation of ``minimix.functional`` on images, in configurations that differ in how they index.

    The Numba kernels know no complex numbers, so most are checked by differences only.
    """
    return [*_convolutions(), *_norms(), *_pools(), *_losses()]


def _real(layer: str, configuration: str, function, *makers) -> Case:
    return case(layer, configuration, function, *makers, analytic=False)


def _convolutions() -> list[Case]:
    x, one = shaped(2, 4, 6, 5), shaped(1, 3, 7, 6)
    cases = [
        _real("conv2d", "3x3, bias", lambda x, w, b: F.conv2d(x, w, b), x, shaped(3, 4, 3, 3), shaped(3)),
        _real(
            "conv2d",
            "2x3, stride 2, 1, padding 1, 2, dilation 1, 2",
            lambda x, w: F.conv2d(x, w, stride=(2, 1), padding=(1, 2), dilation=(1, 2)),
            x,
            shaped(2, 4, 2, 3),
        ),
        _real("conv2d", "3x3, 2 groups, same", lambda x, w: F.conv2d(x, w, padding="same", groups=2), x, shaped(6, 2, 3, 3)),
        _real("pointwise_conv2d", "4 -> 3, bias", F.pointwise_conv2d, x, shaped(3, 4, 1, 1), shaped(3)),
        _real("pointwise_conv2d", "4 -> 6, 2 groups", lambda x, w: F.pointwise_conv2d(x, w, groups=2), x, shaped(6, 2, 1, 1)),
    ]
    for kernel in ((3, 3), (4, 2)):
        for options in ({}, {"stride": 2}, {"stride": 3, "padding": "tf_same"}, {"dilation": 2}, {"padding": "valid"}):
            words = ", ".join(f"{key} {value}" for key, value in options.items())
            cases.append(
                _real(
                    "depthwise_conv2d",
                    f"{kernel[0]}x{kernel[1]}{words and ', '}{words}",
                    lambda x, w, options=options: F.depthwise_conv2d(x, w, **options),
                    one,
                    shaped(3, 1, *kernel),
                )
            )
    cases.append(_real("depthwise_conv2d", "3x3, multiplier 2", F.depthwise_conv2d, one, shaped(6, 1, 3, 3)))
    weights = shaped(2, 1, 3, 3), shaped(1, 1, 5, 5), shaped(1, 1, 7, 7)
    for options in ({}, {"stride": 2}, {"stride": 2, "padding": "tf_same"}, {"dilation": [1, 2, 1]}):
        words = ", ".join(f"{key} {value}" for key, value in options.items())
        function = lambda x, *w, options=options: F.mixconv2d(x, list(w), **options)  # noqa: E731
        cases.append(_real("mixconv2d", f"3, 5, 7{words and ', '}{words}", function, x, *weights))
    return cases


def _norms() -> list[Case]:
    x, channel, positive = shaped(3, 4, 3, 2), shaped(4), shaped(4, low=0.5)

    def trained(x, weight, bias, activation="identity"):
        return F.batch_norm(x, None, None, weight, bias, training=True, activation=activation)

    def evaluated(x, weight, bias):
        mean, variance = np.linspace(-1, 1, 4), np.linspace(0.5, 2, 4)
        return F.batch_norm(x, mean, variance, weight, bias, training=False)

    def swished(x, weight, bias):
        return trained(x, weight, bias, "swish")

    return [
        _real("batch_norm", "training", trained, x, positive, channel),
        _real("batch_norm", "training, swish", swished, x, positive, channel),
        _real("batch_norm", "evaluation", evaluated, x, positive, channel),
    ]


def _pools() -> list[Case]:
    x, spread = shaped(2, 3, 6, 5), ordered(2, 3, 6, 5)
    return [
        _real("max_pool2d", "2x2", lambda x: F.max_pool2d(x, 2), spread),
        _real("max_pool2d", "3x3, stride 2, padding 1", lambda x: F.max_pool2d(x, 3, 2, 1), spread),
        _real("avg_pool2d", "3x3, stride 2, padding 1", lambda x: F.avg_pool2d(x, 3, 2, 1), x),
        _real("adaptive_avg_pool2d", "to 3x2", lambda x: F.adaptive_avg_pool2d(x, (3, 2)), x),
        _real("global_avg_pool2d", "6x5", F.global_avg_pool2d, x),
    ]


def _losses() -> list[Case]:
    logits, labels = shaped(4, 5), np.array([1, 0, 4, 1])
    return [
        _real("cross_entropy", "(4, 5)", lambda x: F.cross_entropy(x, labels), logits),
        _real("cross_entropy", "smoothing 0.1, each", lambda x: F.cross_entropy(x, labels, None, -100, "none", 0.1), logits),
        case("mse_loss", "(4, 5)", F.mse_loss, logits, kinked(4, 5)),
    ]
