"""The paper's own points below a study's figure: the same lines, of ImageNet and of larger networks."""

from collections.abc import Callable, Mapping

from minimix.models.published import Published, published

IMAGENET = {"ylabel": "ImageNet top-1, %"}
HEADINGS = "this study", "the paper, ImageNet (read off its figure)"


def read_off(network: str, **options) -> Published | None:
    """The point of the paper's figures for a network of ``networks.NETWORKS`` with these kernels; None where there is none.

    >>> read_off("mobilenetv1_100_cifar", kernels=(3, 5)).top1
    72.01
    """
    lines = published(network.removesuffix("_cifar"), 224, **options)
    return next((line for line in lines if line.read_off), None)


def figure(draw: Callable, here: Mapping, paper: Mapping, paper_labels: Mapping = IMAGENET, **labels):
    """``draw(here)``, and below it, where the paper has anything of it, ``draw(paper)``.

    draw: ``viz.sweep`` or ``viz.tradeoff``. labels: of its axes. paper_labels: those that differ below.
    """
    from minimix.viz.drawing import theme

    if not paper:
        return draw(here, **labels)

    @theme.styled
    def drawn():
        figure, axes = theme.axes(None, theme.WIDTH, 7.2, rows=2)
        for ax, heading, lines in zip(axes.flat, HEADINGS, (here, paper), strict=True):
            more = labels if lines is here else {**labels, **paper_labels}
            draw(lines, ax=ax, **more)
            ax.set_title(heading)
        return figure

    return drawn()
