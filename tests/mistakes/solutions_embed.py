"""What learners write for the exercise of notebook 4 that lays small kernels into large ones."""
# ruff: noqa: B905

import numpy as np
from corpus import Solution

# wrong ones


def top_left(weights):
    largest = max(weight.shape[-1] for weight in weights)
    padded = [np.pad(w, ((0, 0), (0, 0), (0, largest - w.shape[2]), (0, largest - w.shape[3]))) for w in weights]
    return np.concatenate(padded)


def bottom_right(weights):
    largest = max(weight.shape[-1] for weight in weights)
    large, first = np.zeros((sum(map(len, weights)), 1, largest, largest)), 0
    for weight in weights:
        large[first : first + len(weight), :, largest - weight.shape[-1] :, largest - weight.shape[-1] :] = weight
        first += len(weight)
    return large


def all_axes_padded(weights):
    largest = max(weight.shape[-1] for weight in weights)
    return np.concatenate([np.pad(weight, (largest - weight.shape[-1]) // 2) for weight in weights])


def last_is_largest(weights):
    largest = weights[-1].shape[-1]
    padded = []
    for weight in weights:
        border = (largest - weight.shape[-1]) // 2
        padded.append(np.pad(weight, ((0, 0), (0, 0), (border, border), (border, border))))
    return np.concatenate(padded)


def stacked(weights):
    largest = max(weight.shape[3] for weight in weights)
    large = []
    for weight in weights:
        b = (largest - weight.shape[3]) // 2
        large.append(np.pad(weight, [(0, 0), (0, 0), (b, b), (b, b)]))
    return np.stack(large)


def edge_repeated(weights):
    largest = max(weight.shape[-1] for weight in weights)
    borders = [(largest - weight.shape[-1]) // 2 for weight in weights]
    padded = [np.pad(w, ((0, 0), (0, 0), (b, b), (b, b)), mode="edge") for w, b in zip(weights, borders)]
    return np.concatenate(padded, axis=0)


def not_halved(weights):
    largest = max(weight.shape[-1] for weight in weights)
    padded = []
    for weight in weights:
        border = largest - weight.shape[-1]
        large = np.pad(weight, ((0, 0), (0, 0), (border, border), (border, border)))
        padded.append(large[:, :, :largest, :largest])
    return np.concatenate(padded)


def pulled_apart(weights):
    largest = max(weight.shape[-1] for weight in weights)
    large, first = np.zeros((sum(len(w) for w in weights), 1, largest, largest)), 0
    for weight in weights:
        k = weight.shape[-1]
        places = np.linspace(0, largest - 1, k).round().astype(int) if k > 1 else np.array([largest // 2])
        large[first : first + len(weight), :, places[:, None], places] = weight
        first += len(weight)
    return large


def along_axis_one(weights):
    largest = max(weight.shape[-1] for weight in weights)
    large = []
    for weight in weights:
        border = (largest - weight.shape[-1]) // 2
        large.append(np.pad(weight, ((0, 0), (0, 0), (border, border), (border, border))))
    return np.concatenate(large, axis=1)


def whole_numbers(weights):
    k = max(weight.shape[-1] for weight in weights)
    large = np.zeros((sum(len(w) for w in weights), 1, k, k), dtype=int)
    c = 0
    for weight in weights:
        for kernel in weight:
            start = (k - kernel.shape[-1]) // 2
            large[c, :, start : start + kernel.shape[-1], start : start + kernel.shape[-1]] = kernel
            c += 1
    return large


def channel_of_group(weights):
    size = max(weight.shape[-1] for weight in weights)
    large = np.zeros((sum(weight.shape[0] for weight in weights), 1, size, size))
    for weight in weights:
        k = weight.shape[-1]
        start = size // 2 - k // 2
        for c in range(len(weight)):
            large[c, 0, start : start + k, start : start + k] = weight[c, 0]
    return large


def rounded_middle(weights):
    largest = max(weight.shape[-1] for weight in weights)
    middle, large, first = round(largest / 2), [], 0
    for weight in weights:
        k = weight.shape[-1]
        start = min(middle - k // 2, largest - k)
        group = np.zeros((len(weight), 1, largest, largest))
        group[:, :, start : start + k, start : start + k] = weight
        large.append(group)
        first += len(weight)
    return np.concatenate(large)


def rows_only(weights):
    largest = max(weight.shape[-1] for weight in weights)
    large, first = np.zeros((sum(len(weight) for weight in weights), 1, largest, largest)), 0
    for weight in weights:
        k = weight.shape[-1]
        border = (largest - k) // 2
        large[first : first + len(weight), :, border : border + k, :k] = weight
        first += len(weight)
    return large


def sorted_by_size(weights):
    weights = sorted(weights, key=lambda weight: weight.shape[-1])
    largest = weights[-1].shape[-1]
    borders = [(largest - weight.shape[-1]) // 2 for weight in weights]
    return np.concatenate([np.pad(w, ((0, 0), (0, 0), (b, b), (b, b))) for w, b in zip(weights, borders)])


def a_list(weights):
    largest = max(weight.shape[-1] for weight in weights)
    large = []
    for weight in weights:
        border = (largest - weight.shape[-1]) // 2
        large.append(np.pad(weight, ((0, 0), (0, 0), (border, border), (border, border))))
    return large


def axis_dropped(weights):
    largest = max(weight.shape[-1] for weight in weights)
    large = [np.pad(kernel, (largest - len(kernel)) // 2) for weight in weights for kernel in weight[:, 0]]
    return np.array(large)


def turned(weights):
    largest = max(weight.shape[-1] for weight in weights)
    large = np.zeros((sum(len(weight) for weight in weights), 1, largest, largest))
    kernels = (kernel[0] for weight in weights for kernel in weight)
    for z, kernel in enumerate(kernels):
        for i, j in np.ndindex(kernel.shape):
            large[z, 0, largest // 2 + len(kernel) // 2 - i, largest // 2 + len(kernel) // 2 - j] = kernel[i, j]
    return large


def half_precision(weights):
    largest = max(weight.shape[-1] for weight in weights)
    large, c = np.zeros((sum(map(len, weights)), 1, largest, largest), np.float16), 0
    for weight in weights:
        b = (largest - weight.shape[-1]) // 2
        large[c : c + len(weight), :, b : largest - b, b : largest - b] = weight
        c += len(weight)
    return large.astype(float)


def border_by_position(weights):
    large = []
    for t, weight in enumerate(weights):
        border = len(weights) - 1 - t  # sizes grow by 2 from group to group
        large.append(np.pad(weight, ((0, 0), (0, 0), (border, border), (border, border))))
    return np.concatenate(large)


def list_overwritten(weights):
    largest = max(weight.shape[-1] for weight in weights)
    for t, weight in enumerate(weights):
        border = (largest - weight.shape[-1]) // 2
        weights[t] = np.pad(weight, ((0, 0), (0, 0), (border, border), (border, border)))
    return np.concatenate(weights)


def scaled_by_area(weights):
    largest = max(weight.shape[-1] for weight in weights)
    large = []
    for weight in weights:
        k = weight.shape[-1]
        border = (largest - k) // 2
        group = np.pad(weight, ((0, 0), (0, 0), (border, border), (border, border)))
        large.append(group * largest**2 / k**2)
    return np.concatenate(large)


def sizes_as_keys(weights):
    by_size = {weight.shape[-1]: weight for weight in weights}
    largest = max(by_size)
    borders = {k: ((0, 0), (0, 0), ((largest - k) // 2,) * 2, ((largest - k) // 2,) * 2) for k in by_size}
    return np.concatenate([np.pad(weight, borders[k]) for k, weight in by_size.items()])


def largest_of_all_axes(weights):
    largest = max(max(weight.shape) for weight in weights)
    large = []
    for weight in weights:
        before = (largest - weight.shape[-1]) // 2
        after = largest - weight.shape[-1] - before
        large.append(np.pad(weight, ((0, 0), (0, 0), (before, after), (before, after))))
    return np.concatenate(large)


def minus_border(weights):
    largest = max(weight.shape[-1] for weight in weights)
    large, first = np.zeros((sum(len(weight) for weight in weights), 1, largest, largest)), 0
    for weight in weights:
        border = (largest - weight.shape[-1]) // 2
        large[first : first + len(weight), :, border:-border, border:-border] = weight
        first += len(weight)
    return large


def largest_left_out(weights):
    largest = max(weight.shape[-1] for weight in weights)
    large = []
    for weight in weights:
        border = (largest - weight.shape[-1]) // 2
        if border > 0:
            large.append(np.pad(weight, ((0, 0), (0, 0), (border, border), (border, border))))
    return np.concatenate(large)


def most_channels(weights):
    size = max(weights, key=len).shape[-1]
    large = np.zeros((sum(len(weight) for weight in weights), 1, size, size))
    start = 0
    for weight in weights:
        border = (size - weight.shape[-1]) // 2
        large[start : start + len(weight), :, border : size - border, border : size - border] = weight
        start += len(weight)
    return large


def corner_and_sorted(weights):
    weights = sorted(weights, key=np.size)
    largest = max(weight.shape[-1] for weight in weights)
    return np.concatenate([np.pad(w, [(0, 0), (0, 0)] + [(0, largest - len(w[0, 0]))] * 2) for w in weights])


# right ones


def by_slices(weights):
    k = max(weight.shape[-1] for weight in weights)
    kernels = [kernel for weight in weights for kernel in weight]
    large = np.zeros((len(kernels), 1, k, k), kernels[0].dtype)
    for to, kernel in zip(large, kernels):
        border = (k - kernel.shape[-1]) // 2
        to[:, border : k - border, border : k - border] = kernel
    return large


def ring_by_ring(weights):
    largest = max(weight.shape[-1] for weight in weights)

    def grown(weight):
        return weight if weight.shape[-1] == largest else grown(np.pad(weight, ((0, 0), (0, 0), (1, 1), (1, 1))))

    return np.concatenate([grown(weight) for weight in weights])


def as_matrix_product(weights):
    k = max(weight.shape[-1] for weight in weights)
    places = [np.eye(k)[(k - w.shape[-1]) // 2 :][: w.shape[-1]] for w in weights]  # a row of 0s and a 1 for each tap
    return np.vstack([place.T @ weight @ place for place, weight in zip(places, weights)])


def tap_by_tap(weights):
    middle = max(weight.shape[-1] for weight in weights) // 2
    large = [[[0.0] * (2 * middle + 1) for _ in range(2 * middle + 1)] for weight in weights for _ in weight]
    c = 0
    for weight in weights:
        for (kernel,) in weight.tolist():
            for i, row in enumerate(kernel):
                for j, tap in enumerate(row):
                    large[c][middle - len(kernel) // 2 + i][middle - len(kernel) // 2 + j] = tap
            c += 1
    return np.array(large)[:, None]


def rolled(weights):
    k = max(weight.shape[-1] for weight in weights)
    corner = [np.pad(w, ((0, 0), (0, 0), (0, k - w.shape[-1]), (0, k - w.shape[-1]))) for w in weights]
    return np.vstack([np.roll(c, 2 * ((k - w.shape[-1]) // 2,), (2, 3)) for c, w in zip(corner, weights)])


def concatenated_zeros(weights):
    k = max(weight.shape[-1] for weight in weights)
    large = []
    for weight in weights:
        for axis in (2, 3):
            shape = list(weight.shape)
            shape[axis] = (k - weight.shape[axis]) // 2
            weight = np.concatenate([np.zeros(shape), weight, np.zeros(shape)], axis=axis)
        large += list(weight)
    return np.asarray(large)


ENTRIES = [
    ("top left", top_left, "small kernels lie in the top left corner of the large window in place of its middle"),
    ("bottom right", bottom_right, "small kernels lie in the bottom right corner of the large window in place of its middle"),
    ("all axes padded", all_axes_padded,
     "all four axes are padded, channels too: the result has too many channels, and axis 1 is longer than 1"),
    ("last is largest", last_is_largest,
     "takes the last group's kernel to be the largest: fails, as its border is negative, where an earlier one is larger"),
    ("stacked", stacked, "np.stack makes a new axis in place of joining the channels, and fails where groups differ in size"),
    ("edge repeated", edge_repeated, "the border is filled with the kernel's outer weights in place of zeros"),
    ("border not halved", not_halved,
     "the border before the kernel is K - K_t in place of half of that: the kernel lies bottom right, not in the middle"),
    ("taps pulled apart", pulled_apart,
     "the taps are spread over the whole window (as with a dilation) in place of lying side by side in its middle"),
    ("along axis 1", along_axis_one, "concatenated along axis 1 in place of 0"),
    ("whole numbers", whole_numbers, "kernels are stored in an integer array: fractions are cut off"),
    ("channel of the group", channel_of_group,
     "each group is written from channel 0 on: groups overwrite each other, and the last channels stay zero"),
    ("rounded middle", rounded_middle,
     "the middle is round(K / 2) in place of K // 2: shifted by one for K = 3, 7, 11, right for K = 5, 9, 13"),
    ("only rows centred", rows_only, "small kernels are centred among the rows but lie at the left of the columns"),
    ("sorted by size", sorted_by_size,
     "groups are sorted by size: channels change their order unless the list is sorted already"),
    ("a list", a_list, "a list with one array for each group is returned: the concatenation is missing"),
    ("axis dropped", axis_dropped, "the axis of length 1 is missing: (C, K, K) is returned"),
    ("turned", turned, "kernels are turned by 180 degrees"),
    ("half precision", half_precision, "stored as float16: only three digits are right"),
    ("border by position", border_by_position,
     "takes sizes to grow by 2 from group to group in place of reading each size from its shape"),
    ("list overwritten", list_overwritten,
     "the numbers are right, but the caller's list is changed: its arrays are replaced by padded ones"),
    ("scaled by area", scaled_by_area, "small kernels are multiplied by K^2 / K_t^2"),
    ("sizes as keys", sizes_as_keys, "a dict with sizes as keys: of two groups with the same size the first is lost"),
    ("largest of all axes", largest_of_all_axes,
     "K is the largest of all lengths, the number of channels too: too large where a group has more channels than K"),
    ("border:-border", minus_border, "the slice border:-border is empty for the largest kernels, whose border is 0: fails"),
    ("largest left out", largest_left_out, "groups that need no border are left out: the largest kernels are missing"),
    ("size of the group with most channels", most_channels,
     "K is the kernel size of the group with the most channels in place of the largest: fails where another is larger"),
    ("corner, and sorted", corner_and_sorted,
     "two mistakes: small kernels lie in the top left corner, and groups are sorted by their number of weights"),
    ("right, slices", by_slices),
    ("right, ring by ring", ring_by_ring),
    ("right, matrix product", as_matrix_product),
    ("right, tap by tap", tap_by_tap),
    ("right, rolled", rolled),
    ("right, zeros concatenated", concatenated_zeros),
]  # fmt: skip
SOLUTIONS = [Solution("embed", f"embed: {name}", *rest) for name, *rest in ENTRIES]
