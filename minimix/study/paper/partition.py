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
    little farther than 3x3, and fall behind where they reach far."""
    there = {(point.family, point.name) for point in points}
    found = []
    for family in NETWORKS:
        for way in ("exponential", "dilated"):
            names = [name for largest in LARGEST if (f"{family}, {way}", name := listed(up_to(largest))) in there]
            found += [
                Claim(f"{family}: {name}, equal is better than {way}", (f"{family}, equal", name), (f"{family}, {way}", name))
                for name in (names[0], names[-1])
            ]
    return found


def notes(found: list[tuple[Point, dict]]) -> list[str]:
    """What could not be compared."""
    options = {(point.config["model"], point.config["model_options"]["width"]) for point, _ in found}
    few = {channels for model in options if not divides(channels := narrowest(*model), LARGEST[-1])}
    lines = []
    for number in sorted(few):
        last = max(largest for largest in LARGEST if divides(number, largest))
        lines.append(
            f"With {number} channels in a layer, the last group of an exponential partition would be empty: it ends at "
            f"{listed(up_to(last))}."
        )
    return lines


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
