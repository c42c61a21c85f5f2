"""No experiment: jobs that cost nothing, to measure what it costs to have jobs, and to try a cluster."""

from minimix.study.options import Options
from minimix.study.study import Claim, Point, Study


def points(options: Options) -> list[Point]:
    return [Point("nothing", name, x, {"job": "nothing", "name": name}) for x, name in enumerate(("one", "other"))]


def claims(points: list[Point]) -> list[Claim]:
    return [Claim("one is better than the other", ("nothing", "one"), ("nothing", "other"))]


def figure(found: list[tuple[Point, dict]]):
    from minimix import viz

    return viz.seeds({point.name: [result["accuracy"] for result in results.values()] for point, results in found})


STUDY = Study(
    "nothing",
    "Nothing",
    "no paper",
    "What does a job cost that has nothing to do?",
    points,
    claims,
    figure,
    defaults={"data": "patterns10"},
)
