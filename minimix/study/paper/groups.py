"""Figure 4: MixConv with more and more groups, against one size that is as large as the largest of them."""

from minimix.study.options import Options
from minimix.study.paper.networks import NETWORKS, listed, square, up_to
from minimix.study.study import Claim, Point, Study

LARGEST = (3, 5, 7, 9, 11, 13)  # one to six groups


def points(options: Options) -> list[Point]:
    found = []
    for family, network in NETWORKS.items():
        for largest in LARGEST:
            found.append(Point(family, square(largest), largest, options.training(network, kernels=[largest])))
        for largest in LARGEST[1:]:
            mixed = options.training(network, kernels=list(up_to(largest)))
            found.append(Point(f"{family}, mixed", listed(up_to(largest)), largest, mixed))
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


def figure(found: list[tuple[Point, dict]]):
    from minimix import viz

    lines: dict = {}
    for point, results in found:
        values = list(results.values())
        lines.setdefault(point.family, {})[f"{point.x:g}"] = values[0]["macs"], [value["accuracy"] for value in values]
    return viz.tradeoff(lines)


STUDY = Study(
    "groups",
    "MixConv with one to six groups",
    "MixConv, sec. 3.3, figure 4",
    "Is MixConv more accurate than one kernel size, at no more multiply-adds?",
    points,
    claims,
    figure,
)
