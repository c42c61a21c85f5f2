"""What a study has found: results.csv (a line a job), summary.csv (a line a point), table.md, figure.png.

All four follow from the jobs alone: nothing in them depends on when or where these were done.
"""

import csv
import dataclasses
import io
from functools import cached_property
from pathlib import Path

from minimix import files
from minimix.means import mean_and_error
from minimix.study.job import Job
from minimix.study.options import CLASSES, Options
from minimix.study.statistics import CANNOT_TELL, CONFIDENCE, LEAST, Difference, paired
from minimix.study.study import Claim, Point, Study

SUMMARISED = "accuracy", "validation", "macs", "params"  # of a job's numbers
PAPER = "the paper, ImageNet"  # heading
_RULE = (
    f"A claim is seen where the {CONFIDENCE:.0%} interval of the differences by seed (Student's) lies above 0, and not seen "
    f"where it lies below {LEAST:g} percentage points; otherwise the study cannot tell. Nor can it where one of the two {{}}: "
    "what has learned nothing shows nothing."
)
RULE = _RULE.format("is not twice as good as chance")


@dataclasses.dataclass(eq=False)
class Results:
    """study, options: what was done. folder: where it is kept. entries: of its journal."""

    study: Study
    options: Options
    folder: Path
    entries: dict[str, dict]

    @cached_property
    def jobs(self) -> list[Job]:
        return self.study.jobs(self.options)

    @cached_property
    def points(self) -> list[Point]:
        return self.study.points(self.options)

    @property
    def missing(self) -> list[Job]:
        """Jobs that have not been tried."""
        return [job for job in self.jobs if job.key not in self.entries]

    @property
    def failed(self) -> list[dict]:
        """What the journal says of jobs without a result: "error" is the reason."""
        return [self.entries[job.key] for job in self.jobs if self.entries.get(job.key, {}).get("error")]

    def reasons(self) -> dict[str, list[str]]:
        """{why there is no result: the jobs, by name}."""
        found: dict = {}
        for entry in self.failed:
            found.setdefault(entry["error"], []).append(f"{entry['family']} {entry['name']}, seed {entry['seed']}")
        return found

    def rows(self) -> list[dict]:
        """A line a job, in the order of the plan, as in results.csv."""
        kept = [(job, self.entries[job.key]) for job in self.jobs if job.key in self.entries]
        return [
            {"family": job.family, "name": job.name, "seed": job.seed, **(entry["result"] or {}), "error": entry["error"]}
            for job, entry in kept
        ]

    @cached_property
    def found(self) -> dict[tuple[str, str], dict[int, dict]]:
        """{(family, name): {seed: numbers}}."""
        found: dict = {(point.family, point.name): {} for point in self.points}
        for job in self.jobs:
            if (entry := self.entries.get(job.key)) and entry["result"] is not None:
                found[job.family, job.name][job.seed] = entry["result"]
        return found

    def accuracies(self, family: str, name: str) -> dict[int, float]:
        """{seed: percent}."""
        return self.numbers((family, name))

    def numbers(self, point: tuple[str, str], number: str = "accuracy") -> dict[int, float]:
        """{seed: one of the numbers that jobs have}. point: (family, name)."""
        return {seed: result[number] for seed, result in self.found[point].items() if number in result}

    def summary(self) -> list[dict]:
        """A line a point: means over the seeds; ``accuracy_error`` is the standard error, None for a single seed.

        What none of the jobs has told, such as ``macs`` of a job of your own, is left out.
        """
        lines = []
        for point in self.points:
            results = list(self.found[point.family, point.name].values())
            if not results:
                continue
            line = {"family": point.family, "name": point.name, "x": point.x, "seeds": len(results)}
            told = {key: [result[key] for result in results if key in result] for key in SUMMARISED}
            for key in ("accuracy", "validation"):
                if told[key]:
                    mean, error = mean_and_error(told[key])
                    line |= {key: mean, f"{key}_error": error if len(told[key]) > 1 else None}
            # a network that was searched for is another one with each seed
            lines.append(line | {key: round(sum(told[key]) / len(told[key])) for key in ("macs", "params") if told[key]})
            if self.papers:
                lines[-1]["paper"] = self.papers.get((point.family, point.name))
        return lines

    @cached_property
    def papers(self) -> dict[tuple[str, str], float]:
        """{(family, name): percent}, where the paper has a point; it is of other data, and of larger networks."""
        return {
            (point.family, point.name): point.paper.top1
            for point in self.points
            if point.paper is not None and point.paper.top1 is not None
        }

    @property
    def rule(self) -> str:
        """By which claims are judged, in words."""
        learned = self.study.learned
        return RULE if learned is None else _RULE.format(f"has no more than {learned:g} %")

    def claims(self) -> list[tuple[Claim, Difference, str]]:
        """Each claim, the difference in percentage points, and the verdict."""
        least = 2 * 100 / CLASSES[self.options.data] if self.study.learned is None else self.study.learned
        found = []
        for claim in self.study.claims(self.points):
            difference = paired(*self._compared(claim))
            accuracies = [list(self.accuracies(*point).values()) for point in claim.points]
            learned = all(mean_and_error(values)[0] > least for values in accuracies if values)
            found.append((claim, difference, difference.verdict if learned else CANNOT_TELL))
        return found

    def _compared(self, claim: Claim) -> tuple[dict[int, float], dict[int, float]]:
        """What the claim says to be larger, and than what: numbers, or how far numbers lie apart; {seed: number} each."""
        first, second, *beyond = (self.numbers(point, claim.number) for point in claim.points)
        return (_apart(first, second), _apart(*beyond)) if beyond else (first, second)

    # -- as text ------------------------------------------------------------------------------------------------------

    def summary_table(self) -> list[tuple[str, ...]]:
        """For ``print_table``: the headings first."""
        return _without_empty(
            [
                ("", "", "accuracy", "seeds", "multiply-adds", "parameters", PAPER),
                *(
                    (line["family"], line["name"],
                     percent(line["accuracy"], line["accuracy_error"]) if "accuracy" in line else "", str(line["seeds"]),
                     *(_printed(line.get(key), ",") for key in ("macs", "params")), _printed(line.get("paper")))
                    for line in self.summary()
                ),
            ]
        )  # fmt: skip

    def claims_table(self) -> list[tuple[str, ...]]:
        """For ``print_table``: a line a claim, under the headings."""
        return _without_empty(
            [
                ("claim", "difference", "interval", "seeds", "verdict", PAPER),
                *(
                    (claim.text, percent(found.mean, found.error, "+.2f") if found.pairs else "", interval(found),
                     str(found.pairs), verdict, _printed(self._paper_has(claim), "+.2f"))
                    for claim, found, verdict in self.claims()
                ),
            ]
        )  # fmt: skip

    def _paper_has(self, claim: Claim) -> float | None:
        """The difference in the paper, in percentage points."""
        if claim.beyond is not None or claim.number != "accuracy" or not {claim.first, claim.second} <= self.papers.keys():
            return None
        return self.papers[claim.first] - self.papers[claim.second]

    def markdown(self) -> str:
        """table.md."""
        parts = [
            f"# {self.study.title}",
            f"{self.study.question} ({self.study.source})",
            f"{self.options.words()}. Accuracy on the test images in percent, mean ± standard error over the seeds.",
            _markdown(self.summary_table(), left=2),
            self.rule,
            _markdown(self.claims_table(), left=1),
            *self.notes(),
        ]
        if self.failed:
            parts.append(
                "Not done: " + "; ".join(f"{e['family']} {e['name']}, seed {e['seed']}: {e['error']}" for e in self.failed)
            )
        return "\n\n".join(part for part in parts if part) + "\n"

    # -- as files -----------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """results.csv, summary.csv, table.md, figure.png, and what else the study has, each in one step."""
        from minimix.train.figures import save

        files.write(self.folder / "results.csv", _csv(self.rows()))
        files.write(self.folder / "summary.csv", _csv(self.summary()))
        files.write(self.folder / "table.md", self.markdown())
        if self.summary():
            save(self.draw(), self.folder / "figure.png")
        for name, content in self.study.more(self._with_results()).items():
            if isinstance(content, str):
                files.write(self.folder / name, content)
            else:
                save(content, self.folder / name)

    def draw(self):
        """The study's picture, of the points that have results."""
        return self.study.figure(self._with_results())

    def notes(self) -> list[str]:
        """What the study says beside its claims."""
        return self.study.notes(self._with_results())

    def _with_results(self) -> list[tuple[Point, dict]]:
        return [(point, found) for point in self.points if (found := self.found[point.family, point.name])]


def percent(mean: float, error: float | None, form: str = ".2f") -> str:
    """
    >>> percent(64.123, 0.4567), percent(64.123, None), percent(-0.5, 0.1, "+.2f")
    ('64.12 ± 0.46', '64.12', '-0.50 ± 0.10')
    """
    return f"{mean:{form}}" + (f" ± {error:.2f}" if error is not None and error == error else "")


def interval(found: Difference) -> str:
    return f"{found.low:+.2f} to {found.high:+.2f}" if found.pairs > 1 else ""


def _apart(first: dict[int, float], second: dict[int, float]) -> dict[int, float]:
    return {seed: first[seed] - second[seed] for seed in first.keys() & second.keys()}


def _printed(value: float | None, form: str = ".2f") -> str:
    return "" if value is None else f"{value:{form}}"


def _without_empty(lines: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """A table without its last column, where there is nothing in it but a heading."""
    return lines if any(line[-1] for line in lines[1:]) else [line[:-1] for line in lines]


def _csv(lines: list[dict]) -> str:
    names = list(dict.fromkeys(name for line in lines for name in line))
    if "error" in names:  # the reason why there is nothing stands at the end
        names.append(names.pop(names.index("error")))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _markdown(lines: list[tuple[str, ...]], left: int) -> str:
    if len(lines) < 2:
        return ""
    marks = [":---" if column < left else "---:" for column in range(len(lines[0]))]
    return "\n".join(f"| {' | '.join(line)} |" for line in (lines[0], marks, *lines[1:]))
