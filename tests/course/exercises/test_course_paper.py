"""Solutions of the exercises on comparisons and searches, in many styles: right ones pass, wrong ones do not."""

import bisect
import itertools
import math
import statistics as stdlib

import numpy as np
import pytest

from minimix import course, partition
from minimix.study.statistics import paired as study_paired
from minimix.study.statistics import student


def paired_statistics(a, b):
    d = [a[s] - b[s] for s in set(a) & set(b)]
    mean, error = stdlib.fmean(d), stdlib.stdev(d) / math.sqrt(len(d))
    return [mean, error, mean - student(len(d) - 1) * error, mean + student(len(d) - 1) * error]


def paired_dict(a, b):
    found = study_paired(a, b)
    return {"low": found.low, "high": found.high, "mean": found.mean, "error": found.error}


def paired_moments(a, b):
    """The variance of the differences from those of both sides."""
    common = [s for s in b if s in a]
    x, y = np.array([a[s] for s in common], float), np.array([b[s] for s in common], float)
    covariance = np.cov(x, y)
    error = math.sqrt(max(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1], 0) / len(common))
    ends = x.mean() - y.mean() + error * student(len(common) - 1) * np.array([-1, 1])
    return np.array([x.mean() - y.mean(), error, *ends])


def needed_bisected(deviation, half):
    numbers = range(2, 2000)
    return 2 + bisect.bisect_left(numbers, True, key=lambda n: student(n - 1) * deviation / n**0.5 <= half)


def needed_recursive(deviation, half, n=2):
    return n if student(n - 1) * deviation <= half * math.sqrt(n) else needed_recursive(deviation, half, n + 1)


def needed_from_normal(deviation, half):
    """Student's factor is never below the normal one: begin there."""
    n = max(2, int((1.95 * deviation / half) ** 2))
    while student(n - 1) * deviation / math.sqrt(n) > half:
        n += 1
    return np.int64(n)


def flips_product(differences):
    n, total = len(differences), differences.sum()
    return sum(np.dot(signs, differences) >= total for signs in itertools.product((-1, 1), repeat=n)) / 2**n


def flips_counted(differences):
    """{sum: ways}."""
    ways = {0: 1}
    for d in map(int, differences):
        more: dict = {}
        for total, count in ways.items():
            for new in (total + d, total - d):
                more[new] = more.get(new, 0) + count
        ways = more
    return sum(count for total, count in ways.items() if total >= int(sum(differences))) / sum(ways.values())


def flips_left_out(differences):
    """Flipping takes twice a part away: the sum is as large where that part is 0 or less."""
    parts = itertools.chain.from_iterable(itertools.combinations(differences.tolist(), k) for k in range(len(differences) + 1))
    return np.mean([sum(part) <= 0 for part in parts])


def flips_of_means(differences):
    rows = np.array(list(itertools.product([1.0, -1.0], repeat=len(differences)))) * differences
    return float((rows.mean(axis=1) >= differences.mean() - 1e-9).mean())


def reward_logarithms(accuracy, macs, target):
    return accuracy * math.exp(-0.07 * (math.log(macs) - math.log(target)))


def reward_target(accuracy, macs, target):
    return accuracy * (target / macs) ** 0.07


def mask_padded(channels, groups, largest):
    sizes = [2 * t + 3 for t, count in enumerate(partition(channels, groups)) for _ in range(count)]
    return np.stack([np.pad(np.ones((1, k, k), bool), ((0, 0), *[((largest - k) // 2,) * 2] * 2)) for k in sizes])


def mask_lists(channels, groups, largest):
    share, middle, found = channels // groups, largest // 2, []
    for c in range(channels):
        t = max(0, (c - channels % groups) // share)
        near = [abs(i - middle) <= t + 1 for i in range(largest)]
        found.append([[[1.0 if i and j else 0.0 for j in near] for i in near]])
    return found


def child_zip(one, other, sides, changed, fresh):
    return tuple(f if c else (a, b)[s] for a, b, s, c, f in zip(one, other, sides, changed, fresh, strict=True))


def child_choose(one, other, sides, changed, fresh):
    return np.choose(np.where(changed, 2, sides), [one, other, fresh])


def child_arithmetic(one, other, sides, changed, fresh):
    return (1 - changed) * ((1 - sides) * np.array(one) + sides * np.array(other)) + changed * fresh


def ranks_unique(a, b):
    def ranks(x):
        _, places, counts = np.unique(x, return_inverse=True, return_counts=True)
        ends = counts.cumsum()
        return (ends - (counts - 1) / 2)[places]

    return np.corrcoef(ranks(a), ranks(b))[0, 1]


def ranks_sorted(a, b):
    def ranks(x):
        order = sorted(x.tolist())
        return np.array([(bisect.bisect_left(order, v) + bisect.bisect_right(order, v)) / 2 for v in x.tolist()])

    x, y = ranks(a), ranks(b)
    return np.mean((x - x.mean()) * (y - y.mean())) / (x.std() * y.std())


def ranks_formula_with_ties(a, b):
    """Spearman's formula with the terms for ties."""

    def ranks(x):
        return np.array([(x < v).sum() + ((x == v).sum() + 1) / 2 for v in x])

    def left(x):
        n, counts = len(x), np.unique(x, return_counts=True)[1]
        return (n**3 - n - (counts**3 - counts).sum()) / 12

    x, y = left(a), left(b)
    return (x + y - ((ranks(a) - ranks(b)) ** 2).sum()) / (2 * math.sqrt(x * y))


RIGHT = [
    ("paired", paired_statistics), ("paired", paired_dict), ("paired", paired_moments),
    ("seeds_needed", needed_bisected), ("seeds_needed", needed_recursive), ("seeds_needed", needed_from_normal),
    ("sign_flips", flips_product), ("sign_flips", flips_counted), ("sign_flips", flips_left_out),
    ("sign_flips", flips_of_means),
    ("reward", reward_logarithms), ("reward", reward_target), ("reward", lambda *given: np.float32(reward_target(*given))),
    ("kernel_mask", mask_padded), ("kernel_mask", mask_lists),
    ("child", child_zip), ("child", child_choose), ("child", child_arithmetic),
    ("rank_correlation", ranks_unique), ("rank_correlation", ranks_sorted), ("rank_correlation", ranks_formula_with_ties),
]  # fmt: skip


@pytest.mark.parametrize(("name", "function"), RIGHT, ids=lambda item: getattr(item, "__name__", item))
def test_right_ones_pass_whatever_their_style(name, function):
    report = getattr(course, f"check_{name}")(function)
    assert report.passed, report


def but(name, change):
    """The solution of an exercise, what comes in changed first."""
    exercise = next(exercise for exercise in course.EXERCISES if exercise.name == name)
    return lambda *given: exercise.solution(*change(*given))


def told(name, change):
    """The solution of an exercise, what comes out changed."""
    exercise = next(exercise for exercise in course.EXERCISES if exercise.name == name)
    return lambda *given: change(exercise.solution(*given), *given)


def takes_away(a, b):
    for seed in list(a):
        if seed not in b:
            del a[seed]
    return paired_statistics(a, b)


def sampled(differences, rng=np.random.default_rng(0)):  # noqa: B008
    signs = rng.choice([-1, 1], (20_000, len(differences)))
    return np.mean(signs @ differences >= differences.sum())


WRONG = [
    ("paired", "values of 0 count as missing", lambda a, b: paired_statistics({s: v for s, v in a.items() if v}, b)),
    ("paired", "seed 0 is taken for none", but("paired", lambda a, b: ({s: v for s, v in a.items() if s or len(a) < 4}, b))),
    ("paired", "changes what it was given", takes_away),
    ("paired", "no more than ten pairs", but("paired", lambda a, b: ({s: a[s] for s in sorted(a)[:10]}, b))),
    ("paired", "equal differences have no interval", told(
        "paired", lambda r, a, b: r | ({} if r["error"] else {"low": -np.inf}))),
    ("paired", "pairs whose difference is 0 left out", but("paired", lambda a, b: (
        {s: v for s, v in a.items() if s in b and v != b[s]} if sum(a[s] != b.get(s, a[s]) for s in a) > 1 else a, b))),
    ("seeds_needed", "no more than 100", told("seeds_needed", lambda n, *given: min(n, 100))),
    ("seeds_needed", "less than, a table", told(
        "seeds_needed", lambda n, s, h: n if n < 30 else math.ceil((1.96 * s / h) ** 2))),
    ("seeds_needed", "a deviation of 0 needs none", told("seeds_needed", lambda n, s, h: n if s else 0)),
    ("seeds_needed", "half as a float", told("seeds_needed", lambda n, s, h: n + 0.5)),
    ("sign_flips", "drawn at random", sampled),
    ("sign_flips", "no more than ten", lambda d: flips_product(d[:10])),
    ("sign_flips", "zeros left out but counted", lambda d: flips_product(d[d != 0]) if d.any() else 0.5),
    ("sign_flips", "one difference is certain", lambda d: flips_product(d) if len(d) > 1 else 1.0),
    ("reward", "at the target 1", lambda a, m, t: 1.0 if m == t else reward_target(a, m, t)),
    ("reward", "no more than 100", lambda a, m, t: min(100.0, reward_target(a, m, t))),
    ("reward", "shares become percent", lambda a, m, t: reward_target(100 * a if a <= 1 else a, m, t)),
    ("kernel_mask", "always 11x11", lambda c, g, n: mask_padded(c, g, 11)),
    ("kernel_mask", "the largest fills all", lambda c, g, n: mask_padded(c, g, 2 * g + 1)),
    ("kernel_mask", "remainder by turns", lambda c, g, n: mask_padded(c, g, n)[np.argsort(np.arange(c) % g, kind="stable")]),
    ("child", "a change must differ", told("child", lambda r, one, *given: [max(v, 2) for v in r])),
    ("child", "equal parents are not changed", lambda one, other, *g: one if one == other else child_zip(one, other, *g)),
    ("child", "at most eight blocks", told("child", lambda r, *given: r[:8])),
    ("rank_correlation", "rounded numbers", but("rank_correlation", lambda a, b: (
        np.round(a) + 1e-9 * np.arange(len(a)), np.round(b) + 1e-9 * np.arange(len(b))))),
    ("rank_correlation", "ties in a only", lambda a, b: ranks_unique(
        a, np.argsort(np.argsort(b, kind="stable"), kind="stable"))),
    ("rank_correlation", "two networks are always in order", lambda a, b: 1.0 if len(a) == 2 else ranks_unique(a, b)),
    ("rank_correlation", "sizes instead of numbers", lambda a, b: ranks_unique(np.abs(a) + 1e-3 * a, b)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "what", "function"), WRONG, ids=[f"{name}: {what}" for name, what, _ in WRONG])
def test_wrong_ones_do_not(name, what, function):
    assert not getattr(course, f"check_{name}")(function).passed


def test_the_statement_of_the_mask_is_that_of_the_search():
    from minimix.study.supernet import LARGEST, mask

    for channels, groups in ((7, 1), (15, 3), (24, 5)):
        np.testing.assert_array_equal(course.KERNEL_MASK.solution(channels, groups, LARGEST), mask(channels, groups))


def test_a_child_has_what_its_parents_have_or_what_is_fresh():
    for case in course.CHILD.configurations():
        found = course.CHILD.solution(*case.values())
        sources = zip(found, case["one"], case["other"], case["fresh"].tolist(), case["changed"], strict=True)
        assert all(value == fresh if changed else value in (a, b) for value, a, b, fresh, changed in sources)
