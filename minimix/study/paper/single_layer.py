"""Figure 5: one layer at a time gets a 9x9 kernel, or MixConv {3,5,7,9}, while all others stay 3x3."""

from minimix.study.options import Options
from minimix.study.paper import beside
from minimix.study.paper.networks import NETWORKS, listed
from minimix.study.study import Claim, Point, Study

FAMILY, BASE = "MobileNetV2", ("all layers", "3x3")
KINDS = {"9x9": [9], listed((3, 5, 7, 9)): [3, 5, 7, 9]}
BLOCKS = 17
# The paper's points, read off its figure: top-1 in percent with 3x3 everywhere, and with one layer changed. It has 15 layers,
# and does not say which of MobileNetV2's 17 blocks these are; 2, 5, 9 and 12 have a stride.
PAPER_BASE = 72.6
PAPER = {
    "9x9": (72.50, 72.52, 72.61, 72.56, 72.61, 73.01, 72.63, 72.59, 72.61, 73.25, 72.75, 72.59, 73.46, 72.57, 72.48),
    listed((3, 5, 7, 9)): (
        72.57, 72.72, 72.83, 72.60, 72.59, 73.15, 72.62, 72.68, 72.70, 73.23, 72.79, 72.61, 73.39, 72.64, 72.73),
}  # fmt: skip
PAPER_LABELS = {"xlabel": "layer, as the paper numbers them", "ylabel": "ImageNet top-1 above that\nof 3x3 everywhere, %"}
STRIDED = (3, 6, 13)  # the blocks that have a stride in the form for small pictures


def points(options: Options) -> list[Point]:
    network = NETWORKS[FAMILY]
    return [
        Point(*BASE, -1, options.training(network)),
        *(
            Point(kind, f"block {block}", block, options.training(network, kernels=kernels, layers=block))
            for kind, kernels in KINDS.items()
            for block in range(BLOCKS)
        ),
    ]


def claims(points: list[Point]) -> list[Claim]:
    """The paper: most layers do not mind, but those with a stride gain from large kernels."""
    return [
        Claim(f"{kind} in block {block}, which has a stride, is better than 3x3", (kind, f"block {block}"), BASE)
        for kind in KINDS
        for block in STRIDED
    ]


def figure(found: list[tuple[Point, dict]]):
    """Differences from the network with 3x3 everywhere, by seed; and the paper's."""
    from minimix import viz

    base = next((results for point, results in found if (point.family, point.name) == BASE), {})
    lines: dict = {}
    for point, results in found:
        differences = [results[seed]["accuracy"] - base[seed]["accuracy"] for seed in results if seed in base]
        if point.family != BASE[0] and differences:
            lines.setdefault(point.family, {})[point.x] = differences
    if not lines:  # nothing to compare yet
        return viz.seeds({"3x3": [result["accuracy"] for result in base.values()]})
    paper = {kind: {layer: top1 - PAPER_BASE for layer, top1 in enumerate(PAPER[kind])} for kind in lines}
    labels = {"xlabel": "block", "ylabel": "accuracy above that\nof 3x3 everywhere, %"}
    return beside.figure(viz.sweep, lines, paper, PAPER_LABELS, **labels)


STUDY = Study(
    "single_layer",
    "Large kernels in one layer at a time",
    "MixConv, sec. 3.4, figure 5",
    "In which layers do large kernels help?",
    points,
    claims,
    figure,
    defaults={"seeds": 3},
)
