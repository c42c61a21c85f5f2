"""Figure 6: how channels are shared among the kernels, and dilated 3x3 kernels in place of large ones."""

from minimix.partition import partition
from minimix.study.options import Options
from minimix.study.paper.beside import read_off
from minimix.study.paper.groups import figure
from minimix.study.paper.networks import NETWORKS, listed, narrowest, up_to
from minimix.study.study import Claim, Point, Study

LARGEST = (5, 7, 9, 11)
WAYS: dict[str, dict] = {"equal": {}, "exponential": {"partition": "exponential"}, "dilated": {"dilated": True}}


def points(options: Options) -> list[Point]:
    return [
        Point(
            f"{family}, {way}",
            listed(up_to(largest)),
            largest,
            options.training(network, kernels=list(up_to(largest)), **how),
            read_off(network, kernels=up_to(largest), **how),
        )
        for family, network in NETWORKS.items()
        for way, how in WAYS.items()
        for largest in LARGEST
        if way != "exponential" or divides(narrowest(network, options.width), largest)
    ]


def divides(channels: int, largest: int) -> bool:
    """Whether no group of an exponential partition is empty.

    >>> divides(8, 9), divides(8, 11), divides(16, 11)
    (True, False, True)
    """
    try:
        partition(channels, len(up_to(largest)), "exponential")
    except ValueError:
        return False
    return True


def claims(points: list[Point]) -> list[Claim]:
    """In the paper, exponential partition is about as good as equal; dilated kernels come near the real ones while they reach
    little farther than 3x3, and fall behind where they reach far. Of two groups, both partitions make halves: these networks
    are the same, and nothing is claimed of them."""
    there = {(point.family, point.name) for point in points}
    found = []
    for family in NETWORKS:
        for way in ("exponential", "dilated"):
            sizes = LARGEST[way == "exponential" :]
            names = [name for largest in sizes if (f"{family}, {way}", name := listed(up_to(largest))) in there]
            found += [
                Claim(f"{family}: {name}, equal is better than {way}", (f"{family}, equal", name), (f"{family}, {way}", name))
                for name in dict.fromkeys((names[0], names[-1]))
            ]
    return found


def notes(found: list[tuple[Point, dict]]) -> list[str]:
    """What could not be compared, and what is the same."""
    options = {(point.config["model"], point.config["model_options"]["width"]) for point, _ in found}
    few = {channels for model in options if not divides(channels := narrowest(*model), LARGEST[-1])}
    lines = []
    for number in sorted(few):
        last = max(largest for largest in LARGEST if divides(number, largest))
        lines.append(
            f"With {number} channels in a layer, the last group of an exponential partition would be empty: it ends at "
            f"{listed(up_to(last))}."
        )
    return [*lines, *_the_same(found)]


def _the_same(found: list[tuple[Point, dict]]) -> list[str]:
    """How far apart the paper has networks that are the same."""
    halves = listed(up_to(LARGEST[0]))
    told = {point.family: point.paper.top1 for point, _ in found if point.name == halves and point.paper and point.paper.top1}
    pairs = [(f"{family}, equal", f"{family}, exponential") for family in NETWORKS]
    apart = [f"{abs(told[one] - told[other]):.2f}" for one, other in pairs if one in told and other in told]
    if not apart:
        return []
    return [
        f"{halves}: of two groups, an exponential partition makes halves, too (channels are multiples of 8), so that the "
        f"networks are the same. In the paper's figure they lie {' and '.join(apart)} points apart: by so much, at least, two "
        "trainings of one network differ."
    ]


STUDY = Study(
    "partition",
    "Partition of the channels, and dilated kernels",
    "MixConv, sec. 3.4, figure 6",
    "Does it matter how many channels each kernel gets, and can dilated 3x3 kernels replace large ones?",
    points,
    claims,
    figure,
    notes,
)
