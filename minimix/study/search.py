"""The jobs "search" and "chosen": which kernels each block should have, by a network that shares its weights between all.

The paper (sec. 4.1) searches as MnasNet does, whose reward has accuracy and cost in one, ACC x (cost / target)^-0.07. Here:
train the shared weights with a choice drawn at each step; then look for the choice with the best reward on the validation
images, by evolution, or, as the control, by drawing as many at random. Choices that cost too much are not looked at.
"""

import functools
import json
from collections.abc import Callable

from minimix import models
from minimix.costs import profile
from minimix.data.draws import Draws
from minimix.models.mixnet import NANO
from minimix.models.rows import Row
from minimix.models.variations import with_kernels
from minimix.study import kept
from minimix.study.job import canonical
from minimix.study.supernet import (
    BLOCKS,
    CHOICES,
    GROUPS,
    LARGEST,
    NETWORK,
    RECALIBRATED,
    Choice,
    Supernet,
    drawn,
    kernels,
    recalibrate,
)
from minimix.study.training import Begun, begin, fit, trained
from minimix.train import evaluate
from minimix.train.limits import limited

EXPONENT = -0.07  # of cost over target, in the reward
POPULATION, PARENTS = 20, 5
MUTATED = 0.2  # of the blocks, in a child
TRAINING, EVOLUTION, CONTROL = range(3)  # what choices are drawn for
PATIENCE = 1000  # proposals in a row, none of which is new and allowed: then the search ends


def reward(accuracy: float, macs: int, target: int) -> float:
    """MnasNet's (arXiv 1807.11626, eq. 2), with multiply-adds for latency.

    >>> round(reward(50.0, 200, 100), 2)
    47.63
    """
    return accuracy * (macs / target) ** EXPONENT


def search(seed: int, how: str, evaluations: int, target: int, bound: int, network: dict) -> dict:
    """The best choice that was found, its accuracy with shared weights on the validation images, and its cost.

    how: "evolution", or "random", the control, which looks at as many. target: multiply-adds, in the reward. bound: those that
    a choice may have. network: how the shared weights are trained: arguments of ``training.begin``.

    Raises ValueError where nothing that is proposed is as cheap as ``bound``.
    """

    @functools.cache
    def cost(choice: Choice) -> int:
        return macs_of(choice, network.get("model_options", {}))

    @functools.cache
    def judge(choice: Choice) -> tuple[float, float, int]:
        """(reward, accuracy, multiply-adds)."""
        accuracy = shared_accuracy(choice, seed, network)
        return reward(accuracy, cost(choice), target), accuracy, cost(choice)

    find = {"evolution": evolved, "random": best_of_random}[how]
    choice = find(lambda choice: judge(choice)[0], evaluations, seed, lambda choice: cost(choice) <= bound)
    value, accuracy, macs = judge(choice)
    return {"choice": list(choice), "reward": value, "shared": accuracy, "macs": macs}


def chosen(seed: int, searched: dict, network: dict) -> dict:
    """Search, and then train what was found from scratch. searched: arguments of ``search``, but for seed and network."""
    what = {"seed": seed, **searched, "network": network}
    found = kept.numbers({"what": "search", **what}, lambda: search(**what))
    trained_ = trained(seed=seed, model=NETWORK, **with_choice(network, found["choice"]))
    return {**trained_, "choice": "-".join(map(str, found["choice"])), "shared": found["shared"], "reward": found["reward"]}


def ranked(seed: int, choice: list[int], network: dict) -> dict:
    """A choice's accuracy with shared weights, and from scratch."""
    shared = shared_accuracy(tuple(choice), seed, network)
    return {**trained(seed=seed, model=NETWORK, **with_choice(network, choice)), "shared": shared}


def with_choice(network: dict, choice) -> dict:
    """The configuration with these groups in each block."""
    return {**network, "model_options": {**network.get("model_options", {}), "kernels": kernels(choice)}}


def rows(choice: Choice) -> list[Row]:
    """A choice as a table of rows, a block each, as the paper's Figure 8 has it.

    >>> [row.kernels for row in rows((1, 2, 3, 1, 1, 1, 1, 5))][-1]
    (3, 5, 7, 9, 11)
    >>> model = models.create(NETWORK, rows=rows(drawn(0)))
    """
    return [row for stage in with_kernels(NANO, kernels(choice)) for row in stage]


def macs_of(choice: Choice, options: dict) -> int:
    """Multiply-adds of a picture of 32x32, exactly. options: of the network."""
    model = models.create(NETWORK, **options, kernels=kernels(choice))
    return profile(model, (1, *model.input_size)).macs


def shared_accuracy(choice: Choice, seed: int, network: dict) -> float:
    """Percent of the validation images, with the shared weights, and batch norms' statistics of this very choice."""
    supernet, begun = _shared(canonical({"seed": seed, **network}))
    options = {**network.get("model_options", {}), "num_classes": len(begun.test.classes)}
    model = supernet.network(choice, **options)
    with limited(threads=1):
        recalibrate(model, begun.batches.dataset.subset(slice(0, RECALIBRATED)))
        return 100 * evaluate(model, begun.validation).accuracy


@functools.lru_cache(maxsize=1)
def _shared(key: str) -> tuple[Supernet, Begun]:
    """key: a configuration as ``canonical`` writes it."""
    network = json.loads(key)
    options = {**network.get("model_options", {}), "kernels": [LARGEST]}
    begun = begin(model=NETWORK, **{**network, "model_options": options})
    shared = Supernet(begun.state.model)

    def train() -> None:
        fit(begun, lambda taken: shared.chosen(drawn(TRAINING, network["seed"], taken)))

    kept.weights({"what": "shared", **network}, begun.state.model, train)
    return shared, begun


def evolved(
    value: Callable[[Choice], float], evaluations: int, seed: int, allowed: Callable[[Choice], bool] = lambda choice: True
) -> Choice:
    """The best of ``evaluations`` distinct choices that are allowed: a random population at first, then children of the best
    so far.

    A child has each block from one of two parents, and in some blocks another number of groups.

    >>> evolved(lambda choice: sum(choice), 200, seed=0)
    (5, 5, 5, 5, 5, 5, 5, 5)
    """

    def child(number: int, known: dict[Choice, float]) -> Choice:
        draws = Draws(CHOICES, EVOLUTION, seed, number)
        fresh = tuple(int(groups) for groups in draws.between(GROUPS[0], GROUPS[-1], BLOCKS))
        if len(known) < min(POPULATION, evaluations):
            return fresh
        best = _ranked(known)[:PARENTS]
        one, other = (best[int(i)] for i in draws.integers(len(best), 2))
        sides, changed = draws.integers(2, BLOCKS), draws.integers(1000, BLOCKS)
        inherited = (pair[side] for pair, side in zip(zip(one, other, strict=True), sides, strict=True))
        return tuple(
            new if chance < 1000 * MUTATED else old for new, old, chance in zip(fresh, inherited, changed, strict=True)
        )

    return _best_of(evaluations, value, child, allowed)


def best_of_random(
    value: Callable[[Choice], float], evaluations: int, seed: int, allowed: Callable[[Choice], bool] = lambda choice: True
) -> Choice:
    """The best of as many distinct choices that are allowed, all drawn at random."""
    return _best_of(evaluations, value, lambda number, known: drawn(CONTROL, seed, number), allowed)


def _best_of(
    evaluations: int,
    value: Callable[[Choice], float],
    proposed: Callable[[int, dict], Choice],
    allowed: Callable[[Choice], bool],
) -> Choice:
    """proposed: a choice, from its number and the values so far; those that are known already, or not allowed, do not count."""
    known: dict[Choice, float] = {}
    number = latest = 0
    while len(known) < evaluations and number - latest < PATIENCE:
        choice, number = proposed(number, known), number + 1
        if choice not in known and allowed(choice):
            known[choice], latest = value(choice), number
    if not known:
        raise ValueError(f"bound: none of {PATIENCE} random choices is so cheap")
    return _ranked(known)[0]


def _ranked(known: dict[Choice, float]) -> list[Choice]:
    """The best first; of equal ones, the smaller."""
    return sorted(known, key=lambda choice: (-known[choice], choice))
