"""The paper's studies as plans: what is compared, at what cost."""

import pytest

from minimix import models
from minimix.costs import profile
from minimix.partition import partition
from minimix.study import STUDIES
from minimix.study.options import Options
from minimix.study.paper.networks import NETWORKS, fitting, sides

PAPER = [name for name in STUDIES if name != "nothing"]


def plan(name, **options):
    study = STUDIES[name]
    return study, Options(**{**({} if "data" in study.defaults else {"data": "patterns10"}), **study.defaults, **options})


@pytest.mark.parametrize("name", PAPER)
def test_claims_are_about_points_that_there_are(name):
    study, options = plan(name)
    points = study.points(options)
    labels = {(point.family, point.name) for point in points}
    assert len(labels) == len(points)
    for claim in study.claims(points):
        assert set(claim.points) <= labels and claim.first != claim.second


@pytest.mark.parametrize("name", PAPER)
def test_a_figure_can_be_drawn_as_soon_as_there_is_a_job(name):
    import matplotlib.pyplot as plt

    study, options = plan(name)
    numbers = dict.fromkeys(("accuracy", "ap50", "ap_small", "ap_medium", "ap_large"), 50.0) | {"macs": 10, "params": 10}
    points = study.points(options)
    study.figure([(points[0], {0: numbers})])
    study.figure([(point, {0: numbers, 1: numbers}) for point in points])
    plt.close("all")


@pytest.mark.parametrize("network", NETWORKS.values())
def test_sides_are_those_of_the_maps_that_depthwise_layers_read(network):
    model = models.create(network, width=0.25)
    strides = [module.stride for name, module in model.named_modules() if name.endswith("conv_dw")]
    outputs = [row.output_shape[-1] for row in profile(model, (1, *model.input_size)).rows if row.name.endswith("conv_dw")]
    read = sides(network, 0.25)
    assert len(read) == len(strides)
    for side, output, stride in zip(read, outputs, strides, strict=True):
        assert side == output * (stride[0] if isinstance(stride, tuple) else stride)
    assert all(kernel <= side and kernel % 2 for (kernel,), side in zip(fitting(13, read), read, strict=True))


@pytest.mark.parametrize("width", [0.1, 0.25, 0.5])
def test_every_network_of_the_partitions_can_be_built(width):
    study, options = STUDIES["partition"], Options("patterns10", width=width)
    points = study.points(options)
    for point in points:
        if "exponential" in point.family:
            models.create(point.config["model"], **point.config["model_options"])
    ends = {claim.first[1] for claim in study.claims(points) if "exponential" in claim.text}
    assert len(points) == (22 if width < 0.5 else 24) and ends == {"{3,5,7}", "{3,5,7,9}" if width < 0.5 else "{3,5,7,9,11}"}
    assert len(study.claims(points)) == 8
    *ending, same = study.notes([(point, {}) for point in points])
    assert [note.partition(": ")[2] for note in ending] == (["it ends at {3,5,7,9}."] if width < 0.5 else [])
    assert "they lie 0.03 and 0.16 points apart" in same
    assert study.notes([(point, {}) for point in points if "equal" in point.family]) == ending  # others have failed


def test_two_groups_are_halves_in_every_partition():
    assert all(partition(channels, 2, "exponential") == partition(channels, 2, "equal") for channels in (8, 24, 1024))
