"""Solutions of the exercises on a search: kernel_mask, child."""

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


# kernel_mask


@solution(
    "kernel_mask",
    "array_split",
    "np.array_split gives the channels that are left over to the first groups, one each, not all to the first",
)
def array_split(channels, groups, largest):
    masks = np.zeros((channels, 1, largest, largest))
    for t, members in enumerate(np.array_split(np.arange(channels), groups)):
        edge = largest // 2 - (t + 1)
        for c in members:
            masks[c, 0, edge : largest - edge, edge : largest - edge] = 1
    return masks


@solution(
    "kernel_mask", "rest to the last group", "channels // share is cut at the last group, so that what is left over goes there"
)
def rest_to_the_last_group(channels, groups, largest):
    share = channels // groups
    masks = np.zeros((channels, 1, largest, largest), bool)
    for c in range(channels):
        reach = min(c // share, groups - 1) + 1
        middle = largest // 2
        masks[c, 0, middle - reach : middle + reach + 1, middle - reach : middle + reach + 1] = True
    return masks


@solution(
    "kernel_mask",
    "end without one",
    "the slice ends at middle + reach, without the + 1: the last row and column of each kernel are missing",
)
def end_without_one(channels, groups, largest):
    masks = np.zeros((channels, 1, largest, largest))
    share, middle, first = channels // groups, largest // 2, 0
    for t in range(1, groups + 1):
        count = share + channels % groups if t == 1 else share
        masks[first : first + count, :, middle - t : middle + t, middle - t : middle + t] = 1
        first += count
    return masks


@solution(
    "kernel_mask",
    "largest of the choice",
    "the array has the side of the choice's largest kernel, 2 * groups + 1, in place of largest",
)
def largest_of_the_choice(channels, groups, largest):
    side = 2 * groups + 1
    masks = np.zeros((channels, 1, side, side))
    share, first = channels // groups, 0
    for t in range(groups):
        count = channels - share * (groups - 1) if t == 0 else share
        edge = groups - 1 - t
        masks[first : first + count, 0, edge : side - edge, edge : side - edge] = 1
        first += count
    return masks


@solution(
    "kernel_mask",
    "edge from the groups",
    "the edge is counted from the choice's largest kernel: right only where largest is 2 * groups + 1, else too large",
)
def edge_from_the_groups(channels, groups, largest):
    masks = np.zeros((channels, 1, largest, largest))
    first = 0
    for t in range(1, groups + 1):
        count = channels // groups + (channels % groups) * (t == 1)
        edge = groups - t
        masks[first : first + count, :, edge : largest - edge, edge : largest - edge] = 1
        first += count
    return masks


@solution(
    "kernel_mask",
    "first never moves",
    "each group's slice begins at channel 0, as first is not moved on: earlier groups are overwritten, later channels stay 0",
)
def first_never_moves(channels, groups, largest):
    masks = np.zeros((channels, 1, largest, largest))
    share, first = channels // groups, 0
    for t in range(groups):
        count = share + (channels % groups if t == 0 else 0)
        edge = (largest - (2 * t + 3)) // 2
        masks[first : first + count, :, edge : largest - edge, edge : largest - edge] = 1
    return masks


@solution(
    "kernel_mask",
    "rest for each group",
    "every group gets the channels that are left over, so that later groups begin too late and the last ends too late",
)
def rest_for_each_group(channels, groups, largest):
    masks = np.zeros((channels, 1, largest, largest))
    share, rest, first = channels // groups, channels % groups, 0
    for t in range(groups):
        edge = (largest - (2 * t + 3)) // 2
        masks[first : first + share + rest, 0, edge : largest - edge, edge : largest - edge] = 1
        first += share + rest
    return masks


@solution("kernel_mask", "kernels from 1", "group t, counted from 0, has the kernel 2 t + 1: 1, 3, 5 in place of 3, 5, 7")
def kernels_from_1(channels, groups, largest):
    sizes = [2 * t + 1 for t in range(groups)]
    counts = [channels // groups] * groups
    counts[0] += channels - sum(counts)
    masks = []
    for size, count in zip(sizes, counts, strict=True):
        mask = np.zeros((largest, largest))
        edge = (largest - size) // 2
        mask[edge : edge + size, edge : edge + size] = 1
        masks += [[mask]] * count
    return np.array(masks)


@solution(
    "kernel_mask", "up to minus the edge", "the slice edge:-edge is empty where edge is 0: the largest kernels are not there"
)
def up_to_minus_the_edge(channels, groups, largest):
    masks = np.zeros((channels, 1, largest, largest))
    share, first = channels // groups, 0
    for t in range(groups):
        count = share + channels % groups if t == 0 else share
        edge = (largest - 3) // 2 - t
        masks[first : first + count, :, edge:-edge, edge:-edge] = 1
        first += count
    return masks


@solution("kernel_mask", "outer products")
def outer_products(channels, groups, largest):
    far = np.abs(np.arange(largest) - largest // 2)
    counts = [channels - (groups - 1) * (channels // groups)] + [channels // groups] * (groups - 1)
    reach = np.repeat(np.arange(1, groups + 1), counts)
    near = far[None] <= reach[:, None]
    return np.einsum("ci,cj->cij", near, near)[:, None].astype(np.float32)


@solution("kernel_mask", "filled from behind")
def filled_from_behind(channels, groups, largest):
    share, middle = channels // groups, largest // 2
    result = [[[[0] * largest for _ in range(largest)]] for _ in range(channels)]
    for back in range(channels):
        c, t = channels - 1 - back, max(1, groups - back // share)
        for i in range(middle - t, middle + t + 1):
            for j in range(middle - t, middle + t + 1):
                result[c][0][i][j] = 1
    return result


# child


@solution("child", "truth of sides", "`one if side else other`: 1 is taken for the first parent, 0 for the second")
def truth_of_sides(one, other, sides, changed, fresh):
    return [f if c else (a if side else b) for a, b, side, c, f in zip(one, other, sides, changed, fresh, strict=True)]


@solution(
    "child",
    "elif of the wrong question",
    "a changed block of the second parent keeps the parent's number: changed is looked at only where side is 0",
)
def elif_of_the_wrong_question(one, other, sides, changed, fresh):
    result = []
    for i in range(len(one)):
        if sides[i] == 1:
            result.append(other[i])
        elif changed[i]:
            result.append(fresh[i])
        else:
            result.append(one[i])
    return result


@solution(
    "child", "an iterator of fresh numbers", "the next fresh number is taken at each change, where block b should take fresh[b]"
)
def an_iterator_of_fresh_numbers(one, other, sides, changed, fresh):
    numbers = iter(fresh)
    result = list(np.where(sides, other, one))
    for i, change in enumerate(changed):
        if change:
            result[i] = next(numbers)
    return result


@solution("child", "sides once", "the side of block 0 decides on all blocks: the inner index was forgotten")
def sides_once(one, other, sides, changed, fresh):
    parent = (one, other)[sides[0]]
    return tuple(fresh[i] if changed[i] else parent[i] for i in range(len(parent)))


@solution(
    "child",
    "fresh where it is not changed",
    "np.where has its last two arguments exchanged: fresh numbers stand where nothing is to be changed",
)
def fresh_where_it_is_not_changed(one, other, sides, changed, fresh):
    inherited = np.where(sides == 1, other, one)
    return np.where(changed, inherited, fresh)


@solution("child", "added where changed", "the fresh number is added to what was inherited, where it should take its place")
def added_where_changed(one, other, sides, changed, fresh):
    groups = np.where(sides == 0, one, other)
    groups[changed] += fresh[changed]
    return groups


@solution(
    "child", "fresh is used up", "np.put with the numbers of fresh in a row: the first change gets fresh[0], the next fresh[1]"
)
def fresh_is_used_up(one, other, sides, changed, fresh):
    groups = np.choose(sides, [one, other])
    np.put(groups, np.flatnonzero(changed), fresh)
    return groups


@solution("child", "returns in the loop", "the return stands inside of the loop: a single block comes back")
def returns_in_the_loop(one, other, sides, changed, fresh):
    groups = []
    for i in range(len(one)):
        groups.append(fresh[i] if changed[i] else (one[i] if sides[i] == 0 else other[i]))
        return groups


@solution("child", "table of three rows")
def table_of_three_rows(one, other, sides, changed, fresh):
    table = np.array([one, other, fresh])
    row = np.where(changed, 2, sides)
    return table[row, np.arange(len(one))].tolist()


@solution("child", "written over a list")
def written_over_a_list(one, other, sides, changed, fresh):
    groups = [int(x) for x in one]
    for i in np.flatnonzero(sides):
        groups[i] = other[i]
    for i in np.flatnonzero(changed):
        groups[i] = float(fresh[i])
    return groups
