"""Figure 1: one kernel size in all depthwise layers. Larger kernels help up to a point; beyond it, they hurt.

On pictures of 32x32 most maps are smaller than the larger kernels: of 13x13 weights on a map of 4x4 no more than 16 meet
pixels at a time. Whether it is this that hurts is seen where each layer has a kernel no larger than its map.
"""

from minimix.study.options import Options
from minimix.study.paper import beside
from minimix.study.paper.beside import read_off
from minimix.study.paper.networks import NETWORKS, fitting, sides, square
from minimix.study.study import Claim, Point, Study

SIZES = (3, 5, 7, 9, 11, 13)
FITTING, FITTED = "{}, fitting the maps", (9, 13)


def points(options: Options) -> list[Point]:
    return [
        *(
            Point(family, square(size), size, options.training(network, kernels=[size]), read_off(network, kernels=(size,)))
            for family, network in NETWORKS.items()
            for size in SIZES
        ),
        *(
            Point(FITTING.format(family), square(size), size,
                  options.training(network, kernels=fitting(size, sides(network, options.width))))
            for family, network in NETWORKS.items()
            for size in FITTED
        ),
    ]  # fmt: skip


def claims(points: list[Point]) -> list[Claim]:
    """What the figure shows: both networks gain from 3x3 to 9x9, and lose something of it towards 13x13: MobileNetV1 more than
    it had gained, V2 a tenth of a point. Then whether kernels that are larger than their maps explain what is lost here."""
    return [
        *(
            Claim(f"{family}: {better} is better than {worse}", (family, better), (family, worse))
            for family in NETWORKS
            for better, worse in (("5x5", "3x3"), ("7x7", "3x3"), ("9x9", "3x3"), ("9x9", "13x13"))
        ),
        *(
            Claim(f"{family}: {square(size)} is better where no kernel is larger than its map",
                  (FITTING.format(family), square(size)), (family, square(size)))
            for family in NETWORKS for size in FITTED
        ),
    ]  # fmt: skip


def figure(found: list[tuple[Point, dict]]):
    from minimix import viz

    lines: dict = {}
    paper: dict = {}
    for point, results in found:
        lines.setdefault(point.family, {})[point.x] = [result["accuracy"] for result in results.values()]
        if point.paper is not None:
            paper.setdefault(point.family, {})[point.x] = point.paper.top1
    return beside.figure(viz.sweep, lines, paper)


STUDY = Study(
    "kernel_size",
    "One kernel size in all depthwise layers",
    "MixConv, sec. 1, figure 1",
    "Are larger depthwise kernels more accurate, and up to which size?",
    points,
    claims,
    figure,
)
