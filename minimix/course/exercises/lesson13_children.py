"""An exercise on evolution: a child of two networks, with some of its blocks changed."""

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered
from minimix.course.checking.report import Report
from minimix.course.exercises.features import Condition, features
from minimix.course.ways import comparisons


def _families(rng):
    rows = [
        ([1], [2], [0], [False], [3]), ([1], [2], [1], [False], [3]), ([1], [2], [0], [True], [3]),
        ([1], [2], [1], [True], [3]),
        ([1, 2], [3, 4], [0, 1], [False, False], [5, 5]), ([1, 2], [3, 4], [1, 0], [False, False], [5, 5]),
        ([1, 2], [3, 4], [0, 0], [False, True], [5, 1]), ([2, 2], [2, 2], [1, 0], [True, False], [4, 3]),
        ([1, 2, 3], [4, 5, 1], [0, 1, 1], [False, True, False], [2, 4, 5]),
        ([5, 4, 3], [1, 1, 2], [1, 1, 0], [True, True, True], [2, 3, 1]),
        ([1, 5, 2], [3, 1, 4], [1, 0, 0], [False, False, True], [4, 4, 5]),
    ]  # fmt: skip
    for one, other, sides, changed, fresh in rows:
        yield _case(one, other, sides, changed, fresh)
    for n in (3, 4, 5, 8, 8, 8):
        yield _drawn(rng, n, 0.3)


def _case(one, other, sides, changed, fresh) -> dict:
    return {
        "one": tuple(one), "other": tuple(other), "sides": np.array(sides), "changed": np.array(changed),
        "fresh": np.array(fresh),
    }  # fmt: skip


def _drawn(rng, n: int, share: float) -> dict:
    one, other, fresh = (rng.integers(1, 6, n).tolist() for _ in range(3))
    return _case(one, other, rng.integers(0, 2, n), rng.random(n) < share, fresh)


def _broad(rng):
    for number in range(50):
        case = _drawn(rng, int(rng.integers(1, 20)), float(rng.choice([0, 0.2, 0.5, 1])))
        if number % 7 == 0:
            case["other"] = case["one"]
        if number % 7 == 1:
            case["sides"][:] = number % 2
        yield case


def _inherited(one, other, sides):
    return np.where(sides == 0, one, other)


def _changed(inherited, changed, fresh):
    return np.where(changed, fresh, inherited)


def built(
    given=lambda one, other, sides, changed, fresh: (one, other, sides, changed, fresh), inherit=_inherited, mutate=_changed,
    told=lambda child: child,
):  # fmt: skip
    """f(one, other, sides, changed, fresh), the right one where no part is given.

    given: change what comes in. inherit: of (one, other, sides). mutate: of (what was inherited, changed, fresh). told: what is
    made of the child.
    """

    def function(one, other, sides, changed, fresh):
        one, other, sides, changed, fresh = given(np.array(one), np.array(other), sides, changed, fresh)
        return np.asarray(told(mutate(inherit(one, other, sides), changed, fresh))).tolist()

    return function


def _at_one_point(one, other, sides):
    """The first parent up to the first block that is not its own, the second from there on."""
    return np.where(np.cumsum(sides) == 0, one, other)


def _in_a_row(inherited, changed, fresh):
    """The fresh numbers are used up one after the other."""
    child = inherited.copy()
    child[changed] = fresh[: changed.sum()]
    return child


def _first_only(inherited, changed, fresh):
    child = inherited.copy()
    if changed.any():
        place = int(changed.argmax())
        child[place] = fresh[place]
    return child


def _last_only(inherited, changed, fresh):
    child = inherited.copy()
    if changed.any():
        place = len(child) - 1 - int(changed[::-1].argmax())
        child[place] = fresh[place]
    return child


_make = altered(built)
_EACH = "Each block has a draw of its own."

CHILD = Exercise(
    "child",
    lambda *given: built()(*given),
    _families,
    (
        _make("parents exchanged", "Where sides is 0 the block comes from the second parent. 0 means one, 1 means other.",
              inherit=lambda one, other, sides: np.where(sides == 1, one, other)),
        _make("the last block is not changed", "The last block keeps what it inherited, also where changed is True: does the "
              "loop over changes end too early?",
              mutate=lambda inherited, changed, fresh: np.append(np.where(changed, fresh, inherited)[:-1], inherited[-1])),
        _make("the first block is not changed", "The first block keeps what it inherited, also where changed is True: does the "
              "loop over changes begin at 1?",
              mutate=lambda inherited, changed, fresh: np.append(inherited[0], np.where(changed, fresh, inherited)[1:])),
        _make("only the first parent", "All blocks come from one: is sides looked at?", inherit=lambda one, other, sides: one),
        _make("only the second parent", "All blocks come from other: is sides looked at?",
              inherit=lambda one, other, sides: other),
        _make("one parent for all blocks", f"The first entry of sides decides on all blocks. {_EACH}",
              inherit=lambda one, other, sides: other if sides[0] else one),
        _make("the last side for all blocks", f"The last entry of sides decides on all blocks. {_EACH}",
              inherit=lambda one, other, sides: other if sides[-1] else one),
        _make("one place to cut", "From the first 1 in sides on, all blocks come from other. That is crossover at one point: "
              "here each block is drawn.", inherit=_at_one_point),
        _make("parents in turns", "The blocks come from the parents in turns, whatever sides says.",
              inherit=lambda one, other, sides: np.where(np.arange(len(one)) % 2 == 0, one, other)),
        _make("the larger of both", "Each block has the larger number of groups of both parents. sides says whose it is.",
              inherit=lambda one, other, sides: np.maximum(one, other)),
        _make("the smaller of both", "Each block has the smaller number of groups of both parents. sides says whose it is.",
              inherit=lambda one, other, sides: np.minimum(one, other)),
        _make("the mean of both", "Each block has the mean of both parents, rounded down. sides says whose it is.",
              inherit=lambda one, other, sides: (one + other) // 2),
        _make("the sum of both", "Each block has the sum of both parents. sides says whose it is.",
              inherit=lambda one, other, sides: one + other),
        _make("sides taken for blocks", "The sides are taken for numbers of blocks: all come from block 0 or 1 of the first "
              "parent.",
              inherit=lambda one, other, sides: one[np.minimum(sides, len(one) - 1)]),
        _make("no mutation", "No block has a fresh number: is changed looked at?", mutate=lambda child, changed, fresh: child),
        _make("all blocks fresh", "All blocks are fresh, and nothing is inherited: is changed looked at?",
              mutate=lambda child, changed, fresh: fresh),
        _make("changed the wrong way round", "The fresh numbers stand where changed is False. They belong where it is True.",
              mutate=lambda child, changed, fresh: np.where(changed, child, fresh)),
        _make("all or nothing changed", f"The first entry of changed decides on all blocks. {_EACH}",
              mutate=lambda child, changed, fresh: fresh if changed[0] else child),
        _make("all changed where one is", f"Where one block is to be changed, all are. {_EACH}",
              mutate=lambda child, changed, fresh: fresh if changed.any() else child),
        _make("changed only where all are", f"Fresh numbers stand only where all blocks are to be changed. {_EACH}",
              mutate=lambda child, changed, fresh: fresh if changed.all() else child),
        _make("only the first change", "Only the first of the blocks that are to be changed is: a return or break inside of "
              "the loop?", mutate=_first_only),
        _make("only the last change", "Only the last of the blocks that are to be changed is: is the child made anew in the "
              "loop?", mutate=_last_only),
        _make("fresh numbers in a row", "The fresh numbers are used one after the other. Block b takes fresh[b].",
              mutate=_in_a_row),
        _make("always the first fresh number", "Every block that is changed takes the first fresh number. Block b takes "
              "fresh[b].", mutate=lambda child, changed, fresh: np.where(changed, fresh[0], child)),
        _make("fresh numbers added", "The fresh number is added to what was inherited. It takes its place.",
              mutate=lambda child, changed, fresh: child + changed * fresh),
        _make("one group more", "A block that is changed has one group more. It has the fresh number.",
              mutate=lambda child, changed, fresh: child + changed),
        _make("True in place of the number", "A block that is changed has the number 1: changed itself, in place of fresh.",
              mutate=lambda child, changed, fresh: np.where(changed, 1, child)),
        _make("0 where it is changed", "A block that is changed has 0 groups. It has the fresh number.",
              mutate=lambda child, changed, fresh: np.where(changed, 0, child)),
        _make("changed blocks left out", "Blocks that are changed are missing. The child has as many blocks as its parents.",
              mutate=lambda child, changed, fresh: child[~changed]),
        _make("only the changed blocks", "Only blocks that are changed are there. The child has as many blocks as its parents.",
              mutate=lambda child, changed, fresh: fresh[changed]),
        Mistake("changed before it is inherited", "The first parent is changed, and not the child, or the side is asked "
                "before the change: blocks from the second one stay as they are.",
                lambda one, other, sides, changed, fresh: built()(
                    np.where(changed, fresh, one), other, sides, np.zeros_like(changed), fresh)),
        Mistake("only the second parent changed", "The second parent is changed, and not the child: blocks from the first "
                "one stay as they are.", lambda one, other, sides, changed, fresh: built()(
                    one, np.where(changed, fresh, other), sides, np.zeros_like(changed), fresh)),
        Mistake("changed blocks from the other parent", "A block that is changed comes from the other parent. It has the fresh "
                "number.", lambda one, other, sides, changed, fresh: built()(
                    one, other, np.where(changed, 1 - sides, sides), np.zeros_like(changed), fresh)),
        Mistake("sides and changed exchanged", "Where changed is True decides on the parent, and sides on what is fresh.",
                lambda one, other, sides, changed, fresh: built()(
                    one, other, changed.astype(int), sides.astype(bool), fresh)),
        _make("blocks in reverse order", "The child's blocks come in reverse order.", told=lambda child: child[::-1]),
        _make("blocks sorted", "The child's blocks are sorted. Which block has how many groups is what the search is after.",
              told=np.sort),
        _make("last block left out", "The last block is missing.", told=lambda child: child[:-1]),
        _make("first block left out", "The first block is missing.", told=lambda child: child[1:]),
        _make("kernel sizes in place of groups", "These are kernel sizes, 2 g + 1. Wanted are numbers of groups.",
              told=lambda child: 2 * child + 1),
        _make("counted from 0", "The numbers of groups are too small by 1.", told=lambda child: child - 1),
        _make("no more than four groups", "Five groups have become four: a bound that ends too early?",
              told=lambda child: np.minimum(child, 4)),
    ),
    built=built,
    broad=_broad,
    features=features(
        Condition("a block is changed", "no block is changed", lambda case: bool(case["changed"].any())),
        Condition("all blocks are changed", "not all blocks are changed", lambda case: bool(case["changed"].all())),
        Condition("a block comes from other", "no block comes from other", lambda case: bool(case["sides"].any())),
        Condition("both parents are equal", "the parents differ", lambda case: case["one"] == case["other"]),
        Condition("there is a single block", "there are several blocks", lambda case: len(case["one"]) == 1),
    ),
    ways=(comparisons.child_loop, comparisons.child_arrays),
)  # fmt: skip


def check_child(function) -> Report:
    """Check f(one, other, sides, changed, fresh) -> the child's groups, one number for each block.

    one, other: tuples, how many groups each block of the parents has. sides: array of 0 and 1: from which parent each block
    comes, one or other. changed: array of booleans: where the block gets the number of ``fresh``, an array of as many, in place
    of what it would have inherited. The result is a list, a tuple or an array; 4.0 will do for 4.

    >>> check_child(lambda one, other, sides, changed, fresh: one).passed
    False
    """
    return check(CHILD, function)
