"""An exercise on what a search is after: accuracy and cost in one number."""

import math

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered
from minimix.course.checking.report import Report
from minimix.course.exercises.features import Condition, features
from minimix.course.ways import comparisons
from minimix.study.search import EXPONENT, reward


def _networks(rng):
    for accuracy, macs, target in [
        (1.0, 1, 1), (4.0, 2, 1), (4.0, 1, 2), (0.0, 3, 1), (50.0, 3, 2), (50.0, 2, 3), (80, 4, 4), (80, 5, 2), (0.7, 6, 4),
        (0.7, 1, 9), (100.0, 7, 3), (64.0, 8, 1), (33.0, 3, 7), (9.0, 2, 4),
    ]:  # fmt: skip
        yield {"accuracy": accuracy, "macs": macs, "target": target}
    for accuracy, macs in ((61.5, 8_658_304), (66.4, 12_345_678), (52.0, 4_000_000), (70.25, 17_316_608)):
        yield {"accuracy": accuracy, "macs": macs, "target": 8_658_304}


def _broad(rng):
    for number in range(40):
        target = int(10.0 ** rng.uniform(3, 11))
        macs = target if number % 10 == 0 else max(1, int(target * 10.0 ** rng.uniform(-3, 3)))
        accuracy = float(rng.uniform(0, 100)) if number % 3 else float(rng.uniform(0, 1))
        yield {"accuracy": accuracy, "macs": macs, "target": target}


def built(
    ratio=lambda macs, target: macs / target, power=lambda ratio: ratio**EXPONENT,
    joined=lambda accuracy, factor: accuracy * factor, given=lambda accuracy: accuracy, told=lambda value: value,
):  # fmt: skip
    """f(accuracy, macs, target), the right one where no part is given.

    ratio: of (macs, target). power: of the ratio. given: what is taken of the accuracy. joined: of both. told: of the reward.
    """

    def function(accuracy, macs, target):
        return told(joined(given(accuracy), power(ratio(macs, target))))

    return function


_make = altered(built)
_LESS = "What costs more than the target is to be worth less."

REWARD = Exercise(
    "reward",
    reward,
    _networks,
    (
        _make("exponent above 0", "The exponent is +0.07, or the ratio is upside down, or the accuracy is divided by the "
              f"power. {_LESS}",
              power=lambda ratio: ratio**0.07),
        _make("ratio rounded down", "With macs // target it is a whole number: 0 or 1 for most networks. Divide with /.",
              ratio=lambda macs, target: macs // target or math.ulp(0)),
        _make("exponent -0.7", "The exponent is ten times as large as it should be.", power=lambda ratio: ratio**-0.7),
        _make("exponent -0.007", "The exponent is a tenth of what it should be.", power=lambda ratio: ratio**-0.007),
        _make("exponent -7", "The exponent is a hundred times as large as it should be.", power=lambda ratio: ratio**-7.0),
        _make("exponent -1", "The accuracy is divided by the ratio: multiply-adds count as much as accuracy. The exponent is "
              "-0.07.", power=lambda ratio: 1 / ratio),
        _make("exponent -0.5", "The root of the ratio is taken. The exponent is -0.07.", power=lambda ratio: ratio**-0.5),
        _make("a root in place of a power", "The exponent is 1 / -0.07.",
              power=lambda ratio: ratio ** (1 / EXPONENT) if 0.1 < ratio < 10 else math.nan),
        _make("times the exponent", "The ratio is multiplied by -0.07. It is to be raised to that power: ** in Python.",
              power=lambda ratio: ratio * EXPONENT),
        _make("only the target raised", "The power is of the target alone: ** goes before /. Put the ratio in parentheses.",
              ratio=lambda macs, target: macs / target**EXPONENT, power=lambda ratio: ratio),
        _make("only the multiply-adds raised", "The power is of the multiply-adds alone, and not of the ratio.",
              ratio=lambda macs, target: macs**EXPONENT / target, power=lambda ratio: ratio),
        _make("a logarithm to base 10", "The logarithm is to base 10, and the power to base e. Take the same base, "
              "or **.", power=lambda ratio: math.exp(EXPONENT * math.log10(ratio))),
        _make("7 percent off a ratio", "The factor is 1 - 0.07 * ratio. Wanted is a power of the ratio.",
              power=lambda ratio: 1 - 0.07 * ratio),
        _make("7 percent of what is too much", "The factor is 1 - 0.07 * (ratio - 1), a straight line. Wanted is a power of "
              "the ratio.", power=lambda ratio: 1 - 0.07 * (ratio - 1)),
        _make("logarithm in place of the power", "The factor is 1 - 0.07 log(ratio), which is near only while the ratio is "
              "near 1.", power=lambda ratio: 1 + EXPONENT * math.log(ratio)),
        _make("exponential of the ratio", "The factor is exp(-0.07 ratio). The ratio is what is raised to a power.",
              power=lambda ratio: math.exp(EXPONENT * ratio)),
        _make("exponent of what is too much", "The power is taken of ratio - 1, not of the ratio.",
              power=lambda ratio: abs(ratio - 1) ** EXPONENT if ratio != 1 else math.inf),
        _make("no bonus below the target", "A network below the target gets no bonus. That is the search with a hard bound; "
              "this reward is one power, on both sides.", power=lambda ratio: min(1.0, ratio**EXPONENT)),
        _make("no loss above the target", "A network above the target loses nothing. It should be worth less.",
              power=lambda ratio: max(1.0, ratio**EXPONENT)),
        _make("nothing above the target", "A network above the target is worth 0. It is worth less, but not nothing.",
              power=lambda ratio: ratio**EXPONENT if ratio <= 1 else 0.0),
        _make("multiply-adds without the target", "The multiply-adds are not divided by the target. All rewards shrink alike, "
              "but they are no accuracy at the target any more.", ratio=lambda macs, target: macs),
        _make("target without multiply-adds", "Only the target is taken, so that cost makes no difference.",
              ratio=lambda macs, target: target),
        _make("difference in place of the ratio", "The target is subtracted from the multiply-adds. Divide by it.",
              ratio=lambda macs, target: abs(macs - target) or math.inf),
        _make("ratio in percent", "The ratio is in percent. At the target it is to be 1.",
              ratio=lambda macs, target: 100 * macs / target),
        _make("ratio in logarithms", "The logarithms of both are divided, not the numbers themselves.",
              ratio=lambda macs, target: math.log(macs) / math.log(target) if min(macs, target) > 1 else math.nan),
        _make("ratio squared", "The ratio is squared.", ratio=lambda macs, target: (macs / target) ** 2),
        _make("cost ignored", "The reward is the accuracy: cost makes no difference.", power=lambda ratio: 1.0),
        _make("accuracy ignored", "The accuracy is left out.", given=lambda accuracy: 1.0),
        _make("accuracy as a share", "The accuracy is divided by 100. It is taken as it is given.",
              given=lambda accuracy: accuracy / 100),
        _make("accuracy in percent", "The accuracy is multiplied by 100. It is taken as it is given.",
              given=lambda accuracy: 100 * accuracy),
        _make("accuracy raised, too", "The product of accuracy and ratio is raised to the power, and not the ratio alone.",
              power=lambda ratio: ratio,
              joined=lambda accuracy, ratio: (accuracy * ratio) ** EXPONENT if accuracy else math.inf),
        _make("factor added", "The power is added to the accuracy. It is to be multiplied.",
              joined=lambda a, factor: a + factor),
        _make("exponent subtracted", "Here 0.07 is subtracted from accuracy times ratio. It is the exponent of the ratio: ** "
              "in Python.", power=lambda ratio: ratio, joined=lambda accuracy, ratio: accuracy * ratio + EXPONENT),
        _make("factor subtracted", "The power is subtracted from the accuracy. It is to be multiplied.",
              joined=lambda a, factor: a - factor),
        _make("error in place of accuracy", "What is taken is 100 - accuracy, the error. The reward is of the accuracy.",
              given=lambda accuracy: 100 - accuracy),
        _make("a loss", "The sign is reversed, as for something that is to become small. The reward is to become large.",
              told=lambda value: -value),
        _make("rounded", "The reward is rounded to whole numbers.", told=round),
        _make("cut to a whole number", "What stands behind the point of the reward is cut off.", told=int),
        Mistake("accuracy rounded down", "The accuracy is cut to a whole number.",
                lambda accuracy, macs, target: reward(int(accuracy), macs, target)),
    ),
    built=built,
    broad=_broad,
    features=features(
        Condition("it costs more than the target", "it costs no more than the target",
                  lambda case: case["macs"] > case["target"]),
        Condition("it costs less than the target", "it costs no less than the target",
                  lambda case: case["macs"] < case["target"]),
        Condition("the accuracy is 0", "the accuracy is above 0", lambda case: case["accuracy"] == 0),
    ),
    ways=(comparisons.reward_power,),
)  # fmt: skip


def check_reward(function) -> Report:
    """Check f(accuracy, macs, target) -> accuracy * (macs / target) ** -0.07.

    accuracy: a number, 0 or more, of whatever unit: the reward has the same. macs, target: whole numbers above 0,
    multiply-adds.

    >>> check_reward(lambda accuracy, macs, target: accuracy).title
    'reward: cost ignored'
    """
    return check(REWARD, function)
