"""Section 4.4: what was learned on one set of images helps on another, the more, the fewer of its images there are.

From CIFAR-100 to the data of the study. The paper's question is which networks are better at it: MixConv, or one kernel size.
"""

from minimix.data.official import RECORDS
from minimix.study.options import IMAGES, RECIPE, Options
from minimix.study.study import Claim, Point, Study

NETWORK = "mixnet_nano"
KERNELS = {"MixConv": None, "3x3": [3]}
SHARES = (1, 10, 100)  # percent of the target's images
HOW = ("scratch", "frozen", "tuned")
SOURCE = {"cifar10": "cifar100", "cifar100": "cifar10", "patterns10": "patterns10"}  # of patterns10: the same, all of them
MORE = 5  # times the target's images has the source, if there are so many: there is little to transfer from as few
LEAST = 50  # images
STEPS = 300  # that a network takes at least, where images are few


def points(options: Options) -> list[Point]:
    found = []
    for kind, kernels in KERNELS.items():
        whole = options.training(NETWORK, **({} if kernels is None else {"kernels": kernels}))
        whole.pop("job")
        source = {**whole, "data": SOURCE[options.data], "images": source_images(options)}
        for how in HOW:
            for share in SHARES:
                target = {**whole, **few(whole["images"] or RECORDS["train"], share, options.epochs)}
                config = {"job": "transferred", "how": how, "target": target}
                found.append(
                    Point(f"{kind}, {how}", f"{share} %", share, {**config, "source": {} if how == "scratch" else source})
                )
    return found


def source_images(options: Options) -> int | None:
    """
    >>> source_images(Options("patterns10", images=300)), source_images(Options("patterns10", images=0))
    (1500, None)
    """
    number = MORE * options.images
    return min(number, IMAGES.get(SOURCE[options.data], number)) or None


def few(images: int, share: int, epochs: int) -> dict:
    """The recipe for a part of the images: few make few steps an epoch, so that batches are smaller, and epochs more.

    What begins with learned weights has the same learning rate as what does not. A tenth and a third of it were worse on the
    validation images: with MixConv, all images and two seeds 66.7 and 72.5 % against 76.5 %.
    """
    number = max(LEAST, images * share // 100)
    size = 16 if number < 512 else RECIPE["batch_size"]
    return {"images": number, "batch_size": size, "epochs": max(epochs, min(100, STEPS * size // number))}


def claims(points: list[Point]) -> list[Claim]:
    """Fine-tuning helps where images are few; mixed kernels keep their advantage, and gain more by it."""
    return [
        *(
            Claim(f"{kind}, {share} %: {better} is better than {worse}", (f"{kind}, {better}", f"{share} %"),
                  (f"{kind}, {worse}", f"{share} %"))
            for kind in KERNELS for share in SHARES for better, worse in (("tuned", "scratch"), ("tuned", "frozen"))
        ),
        *(
            Claim(f"{how}, {share} %: MixConv is better than 3x3", (f"MixConv, {how}", f"{share} %"),
                  (f"3x3, {how}", f"{share} %"))
            for how in HOW for share in SHARES
        ),
        *(
            Claim(f"{share} %: what was learned elsewhere helps MixConv more than 3x3",
                  ("MixConv, tuned", f"{share} %"), ("MixConv, scratch", f"{share} %"),
                  (("3x3, tuned", f"{share} %"), ("3x3, scratch", f"{share} %")))
            for share in SHARES
        ),
    ]  # fmt: skip


def notes(found: list[tuple[Point, dict]]) -> list[str]:
    """How many images the shares are, where they cannot be so few, and what the paper has, not to be compared in size."""
    images = {point.x: point.config["target"]["images"] for point, _ in found}
    few = [share for share, number in images.items() if number == LEAST and 100 in images and share * images[100] < 100 * LEAST]
    return [
        *(f"{share:g} % of the images would be fewer than {LEAST}, and are {LEAST} here." for share in few),
        "The paper tunes from ImageNet, at 224 pixels, on all images: of CIFAR-10's test images MixNet-S and M come to 97.8 "
        "and 97.9 % (figure 9, read off); 3x3 kernels are not tried.",
    ]


def figure(found: list[tuple[Point, dict]]):
    from minimix import viz

    lines: dict = {}
    for point, results in found:
        lines.setdefault(point.family, {})[point.x] = [result["accuracy"] for result in results.values()]
    return viz.sweep(lines, xlabel="% of the images", log=True)


STUDY = Study(
    "transfer",
    "From one set of images to another",
    "MixConv, sec. 4.4, figure 9",
    "Does what was learned on other images help, and does it help MixConv more?",
    points,
    claims,
    figure,
    notes,
    {"width": 1.0, "seeds": 3},
)
