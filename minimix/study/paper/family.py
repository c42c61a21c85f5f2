"""Table 2 and figure 7: MixNets against MobileNets, and against one mix of kernels everywhere, at equal multiply-adds."""

import dataclasses

from minimix.models.published import published
from minimix.study.options import Options
from minimix.study.paper import groups
from minimix.study.paper.networks import NETWORKS, equal_width, macs
from minimix.study.paper.search import EVALUATIONS
from minimix.study.study import Claim, Point, Study
from minimix.study.supernet import NETWORK

NARROWEST = 0.75  # width
SIZES = {"small": 1.0, "medium": 1.5, "large": 2.0}  # widths of the MixNet, times the study's; the others follow
FOUND, NANO, UNIFORM = "found", "mixnet_nano", "MobileNetV2, {3,5,7}"
TABLE_2 = "mobilenetv1_100", "mobilenetv2_100", "mobilenetv2_140", "mixnet_s", "mixnet_m", "mixnet_l"
OTHERS = {
    **{family: (name, {}) for family, name in NETWORKS.items()},
    UNIFORM: (NETWORKS["MobileNetV2"], {"kernels": [3, 5, 7]}),
}


def points(options: Options) -> list[Point]:
    if options.width < NARROWEST:
        raise ValueError(
            f"width: expected {NARROWEST:g} or more, not {options.width:g}: MobileNetV2's channels are multiples of 8, so that "
            "it cannot be made as cheap as narrower MixNets"
        )
    found = []
    for size, factor in SIZES.items():
        at = dataclasses.replace(options, width=options.width * factor)
        target = macs(NETWORK, at.width)
        training = at.training(NETWORK)
        network = {key: value for key, value in training.items() if key not in ("job", "model")}
        searched = {"how": "evolution", "evaluations": EVALUATIONS, "target": target, "bound": target}
        found += [
            Point(FOUND, size, factor, {"job": "chosen", "network": network, "searched": searched}),
            Point(NANO, size, factor, training),
        ]
        for family, (name, how) in OTHERS.items():
            width = equal_width(name, target, **how)
            found.append(Point(family, size, factor, dataclasses.replace(at, width=width).training(name, **how)))
    return found


def claims(points: list[Point]) -> list[Claim]:
    """MixNets are more accurate than MobileNets that cost as much."""
    return [
        Claim(f"{size}: {better} is better than {worse}", (better, size), (worse, size))
        for size in SIZES
        for better, worse in ((NANO, "MobileNetV1"), (NANO, "MobileNetV2"), (NANO, UNIFORM), (FOUND, NANO))
    ]


def figure(found: list[tuple[Point, dict]]):
    """Points have their sizes' letters."""
    return groups.figure(found, lambda point: point.name[0].upper())


def notes(found: list[tuple[Point, dict]]) -> list[str]:
    """What the paper's table has of these networks, at their own sizes."""
    lines = [(name, line) for name in TABLE_2 for line in published(name, 224) if "table 2" in line.source]
    said = ", ".join(f"{name} {line.top1} % with {line.macs:g} M" for name, line in lines)
    return [f"The paper's top-1 on ImageNet, and multiply-adds (table 2): {said}."]


STUDY = Study(
    "family",
    "MixNets and MobileNets at equal multiply-adds",
    "MixConv, sec. 4.2, table 2 and figure 7",
    "Is a network that was searched for more accurate than others that cost as much?",
    points,
    claims,
    figure,
    notes,
    {"width": 1.0, "seeds": 3},
)
