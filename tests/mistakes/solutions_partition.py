"""What learners write for the exercise of notebook 4 that divides channels among groups."""

import functools
import itertools
import math

import numpy as np
from corpus import Solution

# wrong ones


def rest_to_last(channels, groups, kind):
    if kind == "equal":
        others = [channels // groups] * (groups - 1)
        return (*others, channels - sum(others))
    halves = [channels // 2**t for t in range(1, groups)]
    return (*halves, channels - sum(halves))


def rest_one_by_one(channels, groups, kind):
    if kind == "equal":
        return tuple(len(part) for part in np.array_split(np.arange(channels), groups))
    halves = [channels // 2**t for t in range(1, groups)]
    return (*halves, channels - sum(halves))


def last_halved_too(channels, groups, kind):
    if kind == "equal":
        share, rest = divmod(channels, groups)
        return (share + rest,) + (share,) * (groups - 1)
    return tuple(channels // 2**t for t in range(1, groups + 1))


def halves_from_zero(channels, groups, kind):
    if kind == "equal":
        share = channels // groups
        return (share + channels % groups, *[share for _ in range(groups - 1)])
    halves = [channels // 2**t for t in range(groups - 1)]
    return (*halves, channels - sum(halves))


def returns_list(channels, groups, kind):
    if kind == "equal":
        sizes = [channels // groups] * groups
        sizes[0] += channels % groups
    else:
        sizes = [channels // 2**t for t in range(1, groups)]
        sizes.append(channels - sum(sizes))
    return sizes


def true_division(channels, groups, kind):
    if kind == "equal":
        return (channels / groups,) * groups
    halves = [channels / 2**t for t in range(1, groups)]
    return (*halves, channels - sum(halves))


def nearest(channels, groups, kind):
    if kind == "equal":
        share = int(channels / groups + 0.5)
        return (channels - share * (groups - 1),) + (share,) * (groups - 1)
    halves = [int(channels / 2**t + 0.5) for t in range(1, groups)]
    return (*halves, channels - sum(halves))


def half_of_what_is_left(channels, groups, kind):
    sizes, left = [], channels
    if kind == "exponential":
        for _ in range(groups - 1):
            sizes.append(left // 2)
            left -= sizes[-1]
        return (*sizes, left)
    share = channels // groups
    return (channels - share * (groups - 1),) + (share,) * (groups - 1)


def rounded_up(channels, groups, kind):
    if kind == "equal":
        share = -(-channels // groups)
        return (channels - share * (groups - 1),) + (share,) * (groups - 1)
    halves = [channels // 2**t for t in range(1, groups)]
    return (*halves, channels - sum(halves))


def always_equal(channels, groups, kind):
    share = channels // groups
    return (share + channels - share * groups, *([share] * (groups - 1)))


def kinds_exchanged(channels, groups, kind):
    if kind == "exponential":
        share = channels // groups
        return (share + channels % groups,) + (share,) * (groups - 1)
    halves = [channels // 2**t for t in range(1, groups)]
    return (*halves, channels - sum(halves))


def few_first(channels, groups, kind):
    if kind == "equal":
        return (channels // groups + channels % groups,) + (channels // groups,) * (groups - 1)
    halves = [channels // 2**t for t in range(1, groups)]
    return (channels - sum(halves), *reversed(halves))


def last_like_the_one_before(channels, groups, kind):
    if groups == 1:
        return (channels,)
    if kind == "equal":
        return (channels // groups + channels % groups,) + (channels // groups,) * (groups - 1)
    halves = [channels // 2**t for t in range(1, groups)]
    return (*halves, halves[-1])


def none_for_one_group(channels, groups, kind):
    if kind == "equal":
        share = channels // groups
        return (channels - share * (groups - 1), *[share] * (groups - 1))
    sizes = ()
    for t in range(1, groups):
        sizes += (channels // 2**t,)
        if t == groups - 1:
            return (*sizes, channels - sum(sizes))


def rest_dropped(channels, groups, kind):
    if kind == "equal":
        return tuple([channels // groups] * groups)
    halves = [channels // 2**t for t in range(1, groups)]
    return tuple(halves) + (channels - sum(halves),)  # noqa: RUF005


def small_integers(channels, groups, kind):
    if kind == "equal":
        sizes = np.array([channels // groups] * groups)
        sizes[0] += channels % groups
    else:
        sizes = np.array([channels // 2**t for t in range(1, groups)] + [0])
        sizes[-1] = channels - sizes.sum()
    return tuple(sizes.astype(np.int8).tolist())


def exponential_rest_to_first(channels, groups, kind):
    if kind == "equal":
        sizes = [channels // groups] * groups
    else:
        sizes = [channels // 2 ** min(t, groups - 1) for t in range(1, groups + 1)]
    sizes[0] = channels - sum(sizes[1:])
    return tuple(sizes)


def rounded_bounds(channels, groups, kind):
    if kind == "equal":
        bounds = [channels * t // groups for t in range(groups + 1)]
    else:
        bounds = [channels - channels // 2**t for t in range(groups)] + [channels]
    return tuple(b - a for a, b in itertools.pairwise(bounds))


def in_proportion(channels, groups, kind):
    weights = [1] * groups if kind == "equal" else [2 ** (groups - t) for t in range(1, groups + 1)]
    sizes = [channels * weight // sum(weights) for weight in weights]
    sizes[0 if kind == "equal" else -1] += channels - sum(sizes)
    return tuple(sizes)


def first_only_rest(channels, groups, kind):
    if kind == "equal":
        share, rest = divmod(channels, groups)
        return (rest or share, *[share] * (groups - 1))
    halves = [channels // 2**t for t in range(1, groups)]
    return (*halves, channels - sum(halves))


def two_times_t(channels, groups, kind):
    if kind == "equal":
        share, rest = divmod(channels, groups)
        return (share + rest,) + (share,) * (groups - 1)
    halves = [channels // (2 * t) for t in range(1, groups)]
    return (*halves, channels - sum(halves))


def xor_for_power(channels, groups, kind):
    if kind == "equal":
        share, rest = divmod(channels, groups)
        return (share + rest,) + (share,) * (groups - 1)
    halves = [channels // (2 ^ t) for t in range(1, groups)]
    return (*halves, channels - sum(halves))


def must_divide(channels, groups, kind):
    if kind == "equal":
        if channels % groups:
            raise ValueError("channels must be divisible by groups")
        return (channels // groups,) * groups
    halves = [channels // 2**t for t in range(1, groups)]
    return (*halves, channels - sum(halves))


def a_generator(channels, groups, kind):
    if kind == "equal":
        share, rest = divmod(channels, groups)
        return (share + rest if t == 0 else share for t in range(groups))
    last = channels - sum(channels // 2**t for t in range(1, groups))
    return (channels // 2**t if t < groups else last for t in range(1, groups + 1))


def halves_are_sorted(channels, groups, kind):
    if kind == "equal":
        sizes = [channels // groups] * (groups - 1)
    else:
        sizes = [channels // 2**t for t in range(1, groups)]
    sizes.append(channels - sum(sizes))
    return tuple(sorted(sizes, reverse=True))


def two_mistakes(channels, groups, kind):
    if kind == "equal":
        sizes = [channels // groups] * groups
        sizes[-1] += channels % groups
        return sizes
    sizes = [channels // 2**t for t in range(1, groups)]
    return [*sizes, channels - sum(sizes)]


# right ones


def recursive(channels, groups, kind, share=None):
    if groups == 1:
        return (channels,)
    if kind == "equal":
        share = channels // groups if share is None else share
        return (*recursive(channels - share, groups - 1, kind, share), share)
    share = (channels if share is None else share) // 2
    return (share, *recursive(channels - share, groups - 1, kind, share))


def shifted(channels, groups, kind):
    sizes = [channels >> t for t in range(groups)] if kind == "exponential" else [0] + [channels // groups] * (groups - 1)
    sizes[0] = channels - sum(sizes[1:])
    return tuple(sizes[1:] + sizes[:1]) if kind == "exponential" else tuple(sizes)


def one_by_one(channels, groups, kind):
    if kind == "equal":
        sizes = [0] * groups
        while channels >= groups:
            sizes = [size + 1 for size in sizes]
            channels -= groups
        return (sizes[0] + channels, *sizes[1:])
    sizes, half = [], channels
    while len(sizes) < groups - 1:
        half //= 2
        sizes.append(half)
    return tuple([*sizes, channels - sum(sizes)])


def numpy_integers(channels, groups, kind):
    if kind == "equal":
        sizes = np.full(groups, channels // groups)
        sizes[0] += channels - sizes.sum()
    else:
        sizes = channels // 2 ** np.arange(1, groups + 1)
        sizes[-1] += channels - sizes.sum()
    return tuple(sizes)


def accumulated(channels, groups, kind):
    if kind == "exponential":
        sizes = list(itertools.accumulate(range(groups - 1), lambda size, _: size // 2, initial=channels))[1:]
        return tuple(itertools.chain(sizes, [functools.reduce(lambda left, size: left - size, sizes, channels)]))
    share = channels // groups
    return tuple(itertools.chain([channels - (groups - 1) * share], itertools.repeat(share, groups - 1)))


def floors(channels, groups, kind):
    shares = {"equal": lambda t: math.floor(channels / groups), "exponential": lambda t: math.floor(channels / 2**t)}
    sizes = {t: shares[kind](t) for t in range(1, groups + 1)}
    taker = {"equal": 1, "exponential": groups}[kind]
    sizes[taker] += channels - sum(sizes.values())
    return tuple(sizes.values())


ENTRIES = [
    ("rest to the last group", rest_to_last, "equal: the last group gets the remainder, in place of the first"),
    ("rest one by one", rest_one_by_one,
     "equal: the remainder is spread, one channel each, over the first groups; the first should have it all"),
    ("last group halved, too", last_halved_too,
     "exponential: the last group has c // 2^g and not what is left, so the sum is too small"),
    ("halves from t = 0", halves_from_zero,
     "exponential: exponents count from 0, so the first group gets all channels and the last a negative number"),
    ("a list", returns_list),  # right: the statement takes a list for a tuple
    ("true division", true_division, "/ in place of //: floats, and fractions of channels, are returned"),
    ("rounded to nearest", nearest, "both kinds round to the nearest number in place of rounding down"),
    ("half of what is left", half_of_what_is_left,
     "exponential: halves what is left each time (rounded down) in place of c // 2^t: other numbers where c is not "
     "divisible"),
    ("equal rounds up", rounded_up,
     "equal: c / g is rounded up in place of down, so that the first group has too few channels"),
    ("kind ignored", always_equal, "kind is ignored: the exponential kind is divided in the equal way"),
    ("kinds exchanged", kinds_exchanged, "the two kinds are exchanged"),
    ("few channels first", few_first, "exponential: the groups stand in reverse order, the smallest first"),
    ("last like the one before", last_like_the_one_before,
     "exponential: the last group repeats the one before it in place of taking what is left; the sum is wrong unless c "
     "is divisible by 2^(g-1)"),
    ("None for one group", none_for_one_group,
     "exponential: with a single group None is returned, because the return stands in a loop that never runs"),
    ("rest dropped", rest_dropped, "equal: the remainder is dropped, the sum is too small where g does not divide c"),
    ("8-bit integers", small_integers, "sizes are cast to 8-bit integers: groups of more than 127 channels overflow"),
    ("exponential rest to the first", exponential_rest_to_first,
     "exponential: the remainder of the rounding goes to the first group, not to the last"),
    ("rounded bounds", rounded_bounds,
     "rounds where groups begin, not their sizes: the remainder is spread over groups (equal), and exponential sizes "
     "are rounded up"),
    ("in proportion", in_proportion,
     "exponential: sizes in proportion 2^(g-1) : ... : 2 : 1, so the first gets more than half; should be c // 2^t"),
    ("first only the rest", first_only_rest,
     "equal: where there is a remainder, the first group gets only that, its own share is forgotten"),
    ("2 t for 2^t", two_times_t, "exponential: divides by 2 t in place of 2^t: right up to three groups only"),
    ("xor for a power", xor_for_power, "exponential: ^ is xor in Python, not a power: divides by 3, then by 0, which fails"),
    ("only what divides", must_divide,
     "equal: raises an error where groups does not divide channels, in place of giving the remainder to the first group"),
    ("a generator", a_generator, "a generator is returned in place of a tuple"),
    ("sorted", halves_are_sorted,
     "sizes are sorted: exponential's last group, which takes what is left and may be larger than the one before, moves "
     "forward"),
    ("two mistakes", two_mistakes,
     "two mistakes: equal gives the remainder to the last group, and lists are returned in place of tuples"),
    ("right, recursive", recursive),
    ("right, shifts", shifted),
    ("right, one by one", one_by_one),
    ("right, NumPy integers", numpy_integers),
    ("right, itertools", accumulated),
    ("right, floors in a dict", floors),
]  # fmt: skip
SOLUTIONS = [Solution("partition", f"partition: {name}", *rest) for name, *rest in ENTRIES]
