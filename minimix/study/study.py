"""What a study is: jobs, claims and a picture, each as data or a function of a few lines."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from minimix.data import NAMES
from minimix.models.published import Published
from minimix.study.job import Job
from minimix.study.options import Options


class Point(NamedTuple):
    """One of the things that are compared: an entry in a table, a point in a figure.

    family: those with the same are joined by a line. name: short. x: its place on the figure's axis.
    config: of its jobs, all but the seed. paper: what the paper has at this place, on its own data.
    """

    family: str
    name: str
    x: float
    config: dict
    paper: Published | None = None

    @property
    def label(self) -> str:
        return f"{self.family} {self.name}"


class Claim(NamedTuple):
    """That one point is more accurate than another, in the paper's or our words.

    first, second: (family, name). beyond: another such pair; the claim is then that the first pair lies farther apart than this
    one. number: of the jobs' results, where it is not the accuracy.
    """

    text: str
    first: tuple[str, str]
    second: tuple[str, str]
    beyond: tuple[tuple[str, str], tuple[str, str]] | None = None
    number: str = "accuracy"

    @property
    def points(self) -> tuple[tuple[str, str], ...]:
        """All that it is about."""
        return self.first, self.second, *(self.beyond or ())


def no_notes(found: list[tuple[Point, dict]]) -> list[str]:
    """Nothing beside the claims."""
    return []


def no_files(found: list[tuple[Point, dict]]) -> dict:
    """Nothing beside the tables and the picture."""
    return {}


@dataclasses.dataclass(frozen=True)
class Study:
    """title: of its table and figure. source: where the paper has it.

    points: of given options. claims: what is looked for among them, written down before any result.
    figure, notes: from the points with what was found of each, {seed: numbers}, to a picture, and to further sentences.
    defaults: options that differ from those of ``Options``. question: one sentence.
    more: further files, {name: text, or a figure for a PNG}, likewise.
    data: sets that it can be run on. learned: percent, above which a network has learned something; None: twice chance's.
    """

    name: str
    title: str
    source: str
    question: str
    points: Callable[[Options], list[Point]]
    claims: Callable[[list[Point]], list[Claim]]
    figure: Callable[[list[tuple[Point, dict]]], object]
    notes: Callable[[list[tuple[Point, dict]]], list[str]] = no_notes
    defaults: Mapping = dataclasses.field(default_factory=dict)
    data: tuple[str, ...] = NAMES
    learned: float | None = None
    more: Callable[[list[tuple[Point, dict]]], dict] = no_files

    def check(self, options: Options) -> None:
        """Raises ValueError for options that it cannot be run with."""
        if options.data not in self.data:
            raise ValueError(f"data: the study {self.name} is of {' or '.join(self.data)}, not of {options.data}")
        self.points(options)

    def jobs(self, options: Options) -> list[Job]:
        """Seed after seed: whoever stops early has some of everything."""
        points = self.points(options)
        return [job for seed in range(options.seeds) for job in jobs_of(points, seed)]


def jobs_of(points: Iterable[Point], seed: int) -> list[Job]:
    return [Job(point.family, point.name, seed, {**point.config, "seed": seed}) for point in points]
