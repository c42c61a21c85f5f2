"""Section 4.1: a search for the number of groups in each block, against random search, uniform and random networks."""

import itertools

from minimix.study.options import Options
from minimix.study.paper.groups import over_cost
from minimix.study.statistics import over_seeds, rank_correlation
from minimix.study.study import Claim, Point, Study
from minimix.study.supernet import NETWORK

EVALUATIONS = 100
RANDOM = 8  # networks, by which shared weights are judged
FOUND, UNIFORM, DRAWN = "found", "uniform", "random"
SIDES = "shared", "accuracy"  # of a network: with shared weights, and from scratch
HOW = {"evolution": "evolution", "random search": "random"}
ROWS, DRAWING = "rows.json", "network.png"  # files: the table of rows that was found, and its picture


def points(options: Options) -> list[Point]:
    from minimix.study.search import macs_of, with_choice
    from minimix.study.supernet import BLOCKS, GROUPS, drawn

    training = options.training(NETWORK)
    network = {key: value for key, value in training.items() if key not in ("job", "model")}
    target = macs_of((3,) * BLOCKS, training["model_options"])
    found = [
        Point(FOUND, name, x, {"job": "chosen", "network": network,
                               "searched": {"how": how, "evaluations": EVALUATIONS, "target": target, "bound": target}})
        for x, (name, how) in enumerate(HOW.items())
    ]  # fmt: skip
    found += [Point(UNIFORM, str(groups), groups, with_choice(training, (groups,) * BLOCKS)) for groups in GROUPS]
    found += [
        Point(DRAWN, f"r{number}", number, {"job": "ranked", "network": network, "choice": list(drawn(number))})
        for number in range(RANDOM)
    ]
    return found


def claims(points: list[Point]) -> list[Claim]:
    """The search finds more than chance does at equal cost, and more than one number of groups everywhere."""
    evolution = (FOUND, "evolution")
    return [
        Claim("evolution finds a better network than random search", evolution, (FOUND, "random search")),
        *(
            Claim(f"evolution's network is better than {point.name} group{'s' * (point.name != '1')} everywhere", evolution,
                  (UNIFORM, point.name))
            for point in points if point.family == UNIFORM
        ),
    ]  # fmt: skip


def notes(found: list[tuple[Point, dict]]) -> list[str]:
    """How far shared weights can be trusted, and what was found."""
    lines = []
    drawn = [results for point, results in found if point.family == DRAWN]
    if len(drawn) > 2:
        means = ([over_seeds(results, key) for results in drawn] for key in SIDES)
        lines.append(
            f"Rank correlation between accuracy with shared weights and from scratch, over {len(drawn)} random networks "
            f"(Spearman's): {rank_correlation(*means):+.2f}. Without it the search means little."
        )
        shared, scratch = (agreement([{seed: result[key] for seed, result in each.items()} for each in drawn]) for key in SIDES)
        if shared is not None and scratch is not None:
            lines.append(
                f"From one seed to another, ranks correlate by {shared:+.2f} with shared weights and by {scratch:+.2f} from "
                "scratch (means over the pairs of seeds). What does not agree with itself cannot be predicted."
            )
    for point, results in found:
        if point.family == FOUND:
            choices = ", ".join(f"{result['choice']} (seed {seed})" for seed, result in results.items())
            lines.append(f"Groups of each block that {point.name} found: {choices}.")
    if chosen := best(found):
        lines.append(
            f"{ROWS} is the table of what evolution found with seed {chosen[0]}, which is the best of these on the validation "
            f'images; {DRAWING} shows it. `models.create("{NETWORK}", rows="{ROWS}"{_width(found)})` builds it.'
        )
    return lines


def _width(found: list[tuple[Point, dict]]) -> str:
    """The argument for the width of the study's networks, where it is another than the table's."""
    width = next(point.config["network"]["model_options"]["width"] for point, _ in found if point.family == FOUND)
    return "" if width == 1 else f", width={width:g}"


def agreement(values: list[dict[int, float]]) -> float | None:
    """How far the ranks of networks depend on the seed: the mean of the rank correlations between any two seeds. values: of
    each network, by seed. None where no two seeds are done.

    >>> agreement([{0: 50.0, 1: 60.0}, {0: 51.0, 1: 62.0}, {0: 52.0, 1: 61.0}])
    0.5
    """
    seeds = sorted(set.intersection(*map(set, values)))
    pairs = [[[each[seed] for each in values] for seed in two] for two in itertools.combinations(seeds, 2)]
    return sum(rank_correlation(*pair) for pair in pairs) / len(pairs) if pairs else None


def best(found: list[tuple[Point, dict]]) -> tuple[int, dict] | None:
    """(seed, numbers) of the network that evolution found and that is the best, trained from scratch, on validation images."""
    results = next((results for point, results in found if (point.family, point.name) == (FOUND, "evolution")), {})
    return max(results.items(), key=lambda item: item[1]["validation"], default=None)


def choice_of(result: dict) -> tuple[int, ...]:
    """
    >>> choice_of({"choice": "1-3-5"})
    (1, 3, 5)
    """
    return tuple(map(int, result["choice"].split("-")))


def more(found: list[tuple[Point, dict]]) -> dict:
    """What was found as a table of rows, and as a picture."""
    from minimix import models, viz
    from minimix.models.tables import written
    from minimix.study.search import rows

    chosen = best(found)
    if chosen is None:
        return {}
    table = rows(choice_of(chosen[1]))
    networks = models.create(NETWORK, rows=table), models.create(NETWORK)
    drawing = viz.blocks(*networks, titles=[f"found by evolution, seed {chosen[0]}", NETWORK])
    return {ROWS: written(table), DRAWING: drawing}


def figure(found: list[tuple[Point, dict]]):
    """Points by name, which no line joins."""
    from minimix import viz

    return viz.tradeoff(over_cost(found, lambda point: point.name), joined=False)


STUDY = Study(
    "search",
    "A search for groups, block by block",
    "MixConv, sec. 4.1 and figure 8",
    "Does a search with shared weights find a better network than chance, at equal cost?",
    points,
    claims,
    figure,
    notes,
    {"width": 1.0, "seeds": 3},
    more=more,
)
