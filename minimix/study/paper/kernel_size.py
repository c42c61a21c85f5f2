"""Figure 1: one kernel size in all depthwise layers. Larger kernels help up to a point; beyond it, they hurt."""

from minimix.study.options import Options
from minimix.study.paper.networks import NETWORKS, square
from minimix.study.study import Claim, Point, Study

SIZES = (3, 5, 7, 9, 11, 13)


def points(options: Options) -> list[Point]:
    return [
        Point(family, square(size), size, options.training(network, kernels=[size]))
        for family, network in NETWORKS.items()
        for size in SIZES
    ]


def claims(points: list[Point]) -> list[Claim]:
    """What the figure shows: both networks gain from 3x3 to 9x9, and lose what is gained towards 13x13."""
    return [
        Claim(f"{family}: {better} is better than {worse}", (family, better), (family, worse))
        for family in NETWORKS
        for better, worse in (("5x5", "3x3"), ("7x7", "3x3"), ("9x9", "3x3"), ("9x9", "13x13"))
    ]


def figure(found: list[tuple[Point, dict]]):
    from minimix import viz

    lines: dict = {}
    for point, results in found:
        lines.setdefault(point.family, {})[point.x] = [result["accuracy"] for result in results.values()]
    return viz.sweep(lines)


STUDY = Study(
    "kernel_size",
    "One kernel size in all depthwise layers",
    "MixConv, sec. 1, figure 1",
    "Are larger depthwise kernels more accurate, and up to which size?",
    points,
    claims,
    figure,
)
