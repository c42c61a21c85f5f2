"""Table 1: what kernels are worth where objects are to be found: here shapes in drawn scenes.

The paper compares networks of equal width, of which those with larger kernels cost more. Here they are compared at equal cost,
too.
"""

from minimix.study.options import SCENES, Options
from minimix.study.paper.networks import listed
from minimix.study.statistics import over_seeds
from minimix.study.study import Claim, Point, Study

KERNELS = ((3,), (7,), (3, 5, 7))
EQUAL, WIDE = "SSDLite", "SSDLite, equal width"  # families: equal multiply-adds, and as in the paper's table
NARROWEST = 0.38  # width
TEST, SHOWN = 500, 10  # scenes; those in pictures
LEAST = 0.3  # score of what is shown: focal loss leaves few that are surer
PAPER = {"{3}": (21.7, 21.5), "{7}": (21.8, 21.2), "{3,5,7}": (22.4, 22.3)}  # mAP on COCO, of MobileNetV1, V2 (table 1)
SIDES = {"ap_small": 9, "ap_medium": 17, "ap_large": 31}  # pixels: about the middle of these sizes


def points(options: Options) -> list[Point]:
    """The network with 3x3 kernels has the width that is asked for, the others the one at which they cost as much; and these
    once more with that width, at which they cost more."""
    from minimix.detection.network import macs, width_for

    if not options.images:
        raise ValueError("images: scenes are drawn, there is no end of them: say how many are for training")
    if options.width < NARROWEST:
        raise ValueError(
            f"width: expected {NARROWEST:g} or more, not {options.width:g}: channels are multiples of 8, so that networks with "
            "larger kernels cannot be made as cheap as narrower ones with 3x3"
        )
    target = macs(KERNELS[0], options.width)
    config = {"job": "detection", "images": options.images, "epochs": options.epochs, "test": TEST}
    small, *others = KERNELS
    networks = [
        (EQUAL, small, options.width),
        *((EQUAL, kernels, width_for(kernels, target)) for kernels in others),
        *((WIDE, kernels, options.width) for kernels in others),
    ]
    return [
        Point(family, listed(kernels), max(kernels), {**config, "kernels": list(kernels), "width": width})
        for family, kernels, width in networks
    ]


def claims(points: list[Point]) -> list[Claim]:
    """Mixed kernels find more than small ones alone, above all of large objects, and than large ones alone, above all of small
    ones: what large kernels are for, and what they lose (MixConv, sec. 1)."""
    small, large, mixed = map(listed, KERNELS)
    pairs = [
        ("equal multiply-adds", (EQUAL, mixed), (EQUAL, small), "large"),
        ("equal multiply-adds", (EQUAL, mixed), (EQUAL, large), "small"),
        ("equal width", (WIDE, mixed), (EQUAL, small), "large"),
        ("equal width", (WIDE, mixed), (WIDE, large), "small"),
    ]
    return [
        claim
        for at, one, other, size in pairs
        for claim in (
            Claim(f"{mixed} finds more than {other[1]} at {at}", one, other),
            Claim(f"{mixed} finds more {size} objects than {other[1]} at {at}", one, other, number=f"ap_{size}"),
        )
    ]


def figure(found: list[tuple[Point, dict]]):
    from minimix import viz

    lines = {
        _title(point): {side: [result[size] for result in results.values()] for size, side in SIDES.items()}
        for point, results in found
    }
    return viz.sweep(lines, "side of the objects, pixels: small, medium, large", "AP on the test scenes, %")


def _title(point: Point) -> str:
    """Its kernels, and what its family says beside."""
    return point.name + point.family.removeprefix(EQUAL)


def notes(found: list[tuple[Point, dict]]) -> list[str]:
    """What accuracy means here, and AP by size."""
    lines = ["Accuracy is COCO's average precision (AP, the mean over ten thresholds of overlap and all classes)."]
    for point, results in found:
        means = {key: over_seeds(results, key) for key in ("accuracy", "ap50", *SIDES)}
        lines.append(
            f"{_title(point)}: AP {means['accuracy']:.1f}, AP50 {means['ap50']:.1f}; of small objects {means['ap_small']:.1f}, "
            f"medium {means['ap_medium']:.1f}, large {means['ap_large']:.1f}."
        )
    paper = ", ".join(f"{name} {one} and {two}" for name, (one, two) in PAPER.items())
    return [*lines, f"The paper's mAP on COCO, with MobileNetV1 and V2, at equal width: {paper}."]


def more(found: list[tuple[Point, dict]]) -> dict:
    """What the networks of equal cost and of the first seed find in some of the test scenes, beside what is there."""
    from minimix import viz
    from minimix.detection.detecting import detect
    from minimix.detection.scenes import CLASSES, scenes
    from minimix.study.detecting import learned

    part, files = scenes("test", SHOWN), {}
    for point, results in found:
        if point.family != EQUAL:
            continue
        config = {key: value for key, value in point.config.items() if key not in ("job", "test")}
        model = learned(min(results), **config).model
        title = f"{point.name}, seed {min(results)}: what is there, and what is found with a score of {LEAST} or more"
        name = f"found_{'_'.join(map(str, point.config['kernels']))}.png"
        files[name] = viz.detections(part.images, part.objects, detect(model, part.images), CLASSES, title, LEAST)
    return files


STUDY = Study(
    "detection",
    "Finding shapes in scenes",
    "MixConv, sec. 3.3, table 1",
    "Does a detector find more with mixed kernels than with one size, at equal multiply-adds, and at equal width?",
    points,
    claims,
    figure,
    notes,
    {"data": SCENES, "images": 10_000, "epochs": 12, "width": 1.0},
    (SCENES,),
    5.0,
    more,
)
