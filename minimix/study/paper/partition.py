"""Figure 6: how channels are shared among the kernels, and dilated 3x3 kernels in place of large ones."""

from minimix.study.options import Options
from minimix.study.paper.beside import read_off
from minimix.study.paper.groups import figure
from minimix.study.paper.networks import NETWORKS, listed, up_to
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
    ]


def claims(points: list[Point]) -> list[Claim]:
    """In the paper, exponential partition is about as good as equal; dilated kernels come near the real ones while they reach
    little farther than 3x3, and fall behind where they reach far."""
    return [
        Claim(f"{family}: {name}, equal is better than {way}", (f"{family}, equal", name), (f"{family}, {way}", name))
        for family in NETWORKS
        for way in ("exponential", "dilated")
        for name in (listed(up_to(5)), listed(up_to(11)))
    ]


STUDY = Study(
    "partition",
    "Partition of the channels, and dilated kernels",
    "MixConv, sec. 3.4, figure 6",
    "Does it matter how many channels each kernel gets, and can dilated 3x3 kernels replace large ones?",
    points,
    claims,
    figure,
)
