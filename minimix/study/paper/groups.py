"""Figure 4: MixConv with more and more groups, against one size that is as large as the largest of them."""

from collections.abc import Callable

from minimix.study.options import Options
from minimix.study.paper import beside
from minimix.study.paper.beside import read_off
from minimix.study.paper.networks import NETWORKS, listed, square, up_to
from minimix.study.statistics import over_seeds
from minimix.study.study import Claim, Point, Study

LARGEST = (3, 5, 7, 9, 11, 13)  # one to six groups


def points(options: Options) -> list[Point]:
    found = []
    for family, network in NETWORKS.items():
        for largest in LARGEST:
            training = options.training(network, kernels=[largest])
            found.append(Point(family, square(largest), largest, training, read_off(network, kernels=(largest,))))
        for largest in LARGEST[1:]:
            training, paper = options.training(network, kernels=list(up_to(largest))), read_off(network, kernels=up_to(largest))
            found.append(Point(f"{family}, mixed", listed(up_to(largest)), largest, training, paper))
    return found


def claims(points: list[Point]) -> list[Claim]:
    """Mixed kernels are more accurate than the largest of them alone (and cheaper); they go on gaining where it loses."""
    return [
        *(
            Claim(
                f"{family}: {listed(up_to(largest))} is better than {square(largest)}",
                (f"{family}, mixed", listed(up_to(largest))),
                (family, square(largest)),
            )
            for family in NETWORKS
            for largest in LARGEST[1:]
        ),
        *(
            Claim(f"{family}: {listed(up_to(9))} is better than 3x3", (f"{family}, mixed", listed(up_to(9))), (family, "3x3"))
            for family in NETWORKS
        ),
    ]


def figure(found: list[tuple[Point, dict]], label: Callable[[Point], str] = lambda point: f"{point.x:g}"):
    """label: of a point."""
    from minimix import viz

    paper: dict = {}
    for point, _ in found:
        if point.paper is not None and point.paper.macs is not None:
            paper.setdefault(point.family, {})[label(point)] = 1e6 * point.paper.macs, point.paper.top1
    return beside.figure(viz.tradeoff, over_cost(found, label), paper)


def over_cost(found: list[tuple[Point, dict]], label: Callable[[Point], str]) -> dict:
    """{family: {label: (multiply-adds, accuracies)}}. What a search found costs more or less from seed to seed, and is at its
    mean."""
    lines: dict = {}
    for point, results in found:
        accuracies = [result["accuracy"] for result in results.values()]
        lines.setdefault(point.family, {})[label(point)] = over_seeds(results, "macs"), accuracies
    return lines


STUDY = Study(
    "groups",
    "MixConv with one to six groups",
    "MixConv, sec. 3.3, figure 4",
    "Is MixConv more accurate than one kernel size, at no more multiply-adds?",
    points,
    claims,
    figure,
)
