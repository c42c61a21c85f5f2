"""An exercise on receptive fields."""

from minimix.costs.fields import Field
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_numbers, rare_counting
from minimix.course.ways import counts


def _receptive_field(layers):
    field = Field()
    for kernel, stride, dilation in layers:
        field = field.seen_through((dilation * (kernel - 1) + 1,) * 2, (stride, stride))
    return {"size": field.size[0], "jump": field.step[0]}


def _stacks(rng):
    rows = [
        [], [(1, 1, 1)], [(1, 2, 1)], [(2, 1, 1)], [(3, 1, 1)], [(3, 2, 1)], [(3, 1, 2)], [(4, 1, 3)], [(3, 2, 2)],
        [(3, 1, 1), (3, 1, 1)], [(3, 2, 1), (3, 1, 1)], [(3, 1, 1), (3, 2, 1)], [(2, 2, 1), (2, 2, 1)],
        [(3, 1, 2), (3, 1, 1)], [(5, 1, 1), (3, 2, 2)], [(3, 2, 1), (5, 1, 1), (3, 3, 1)],
        [(3, 1, 1), (3, 1, 2), (3, 1, 4)], [(7, 2, 1), (3, 2, 1), (3, 1, 2)], [(3, 1, 1)] * 3,
        [(3, 2, 1), (1, 1, 1), (5, 2, 1), (3, 1, 3), (3, 2, 1)],
        [(1, 3, 1), (3, 1, 1)], [(3, 3, 1), (1, 2, 1), (2, 1, 2)], [(1, 1, 3)], [(2, 3, 2)], [(3, 4, 1), (3, 1, 1)],
        [(3, 2, 2), (3, 3, 2), (3, 1, 1)], [(1, 2, 1), (1, 2, 1), (5, 1, 1)], [(4, 1, 1), (2, 5, 1)], [(2, 1, 3), (4, 2, 1)],
        [(7, 1, 1)], [(3, 1, 1), (1, 2, 1), (3, 1, 1)], [(6, 2, 3), (2, 1, 1), (3, 2, 2)], [(3, 3, 1), (3, 3, 1)],
        [(1, 4, 2), (3, 1, 4)], [(5, 3, 2), (4, 2, 3), (3, 2, 1), (2, 2, 2)], [(9, 1, 1), (3, 5, 1), (1, 1, 1)],
    ]  # fmt: skip
    return [{"layers": row} for row in rows]


def _broad(rng):
    """Fields of up to some 100,000 pixels: there may be a loop over them."""
    count = 0
    while count < 70:
        layers = [(drawn_numbers.whole(rng, 1, 11), drawn_numbers.whole(rng, 1, 5), drawn_numbers.whole(rng, 1, 6))
                  for _ in range(drawn_numbers.whole(rng, 1, 8))]  # fmt: skip
        if rng.random() < 0.4:
            layers = [(k, s, d if rng.random() < 0.5 else 1) for k, s, d in layers]
        if rng.random() < 0.2:  # all layers alike
            layers = layers[:1] * len(layers)
        if _receptive_field(layers)["size"] < 1e5:
            count += 1
            yield {"layers": layers}
    yield from (
        {"layers": layers} for layers in ([(3, 1, 1)] * 24, [(3, 2, 1)] * 12, [(101, 1, 1)], [(3, 32, 1)], [(3, 1, 99)])
    )
    for number in range(90):
        most = (2, 3, 4)[number % 3]
        yield {"layers": [tuple(map(int, rng.integers(1, most + 1, 3))) for _ in range(int(rng.integers(1, 5)))]}


def _built(
    size=1,
    jump=1,
    order=1,
    reach=lambda k, d: d * (k - 1),
    grown=lambda size, reach, jump, before, k, s: size + reach * jump,
    moved=lambda jump, s, d, k: jump * s,
    early=False,
    after=lambda size, jump: (size, jump),
):
    """Through the layers, the field grown and the jump moved by each; what mistakes alter of it. early: the jump first.

    ``grown`` also knows the layer's number from 0, as ``before``.
    """

    def field(layers):
        now, step = size, jump
        for number, (k, s, d) in enumerate(layers[::order]):
            next_step = moved(step, s, d, k)
            now = grown(now, reach(k, d), next_step if early else step, number, k, s)
            step = next_step
        return after(now, step)

    return field


def _features(case):
    layers = case["layers"]
    kernels, strides, dilations = zip(*layers, strict=True) if layers else ((), (), ())
    return {
        "there is a dilation above 1": any(d > 1 for d in dilations),
        "there is a stride above 1": any(s > 1 for s in strides),
        "there is a kernel of 1": 1 in kernels,
        "there is an even kernel": any(k % 2 == 0 for k in kernels),
        "there is a stride above 1 before another layer": any(s > 1 for s in strides[:-1]),
        "the last layer has a stride above 1": any(s > 1 for s in strides[-1:]),
        "the last layer has a dilation above 1": any(d > 1 for d in dilations[-1:]),
        "the first layer has a stride above 1": any(s > 1 for s in strides[:1]),
        "the first layer's kernel is larger than 1 and spread": any(k > 1 and d > 1 for k, _, d in layers[:1]),
        "there is a stride above 2": any(s > 2 for s in strides),
        "there is a dilation above 2": any(d > 2 for d in dilations),
        "there is a kernel above 3": any(k > 3 for k in kernels),
        "two layers have a stride above 1": sum(s > 1 for s in strides) > 1,
        "a layer with a kernel of 1 has a stride above 1": any(k == 1 and s > 1 for k, s, _ in layers),
        "a layer with a kernel of 1 has a dilation above 1": any(k == 1 and d > 1 for k, _, d in layers),
        "a stride is greater than its kernel": any(s > k for k, s, _ in layers),
        "a layer has both a stride and a dilation above 1": any(s > 1 and d > 1 for _, s, d in layers),
    }


def _from_the_end(step):
    """From the last layer down: step(size, kernel's reach less 1, stride) -> size."""

    def field(layers):
        size, jump = 1, 1
        for k, s, d in reversed(layers):
            size, jump = step(size, d * (k - 1), s), jump * s
        return size, jump

    return field


def _pixels_with_a_path(layers):
    seen, jump = {0}, 1
    for k, s, d in reversed(layers):
        seen, jump = {place * s + tap * d for place in seen for tap in range(k)}, jump * s
    return len(seen), jump


def _jump_of_the_input(layers):
    if not layers:
        raise IndexError("list index out of range")
    return _built()(layers)[0], _built()(layers[:-1])[1]


def _jump_before_the_last(layers):
    return _built()(layers)[0], _built()(layers[:-1])[1]


_altered = altered(_built)
_DRAW = "Draw 3 taps, 2 apart, and count the pixels from the first to the last."
_TWO = "Two layers of stride 2: how many pixels apart are two neighbours of the last output?"
_FIRST = "Without any layer an output is a pixel: it sees that one, and its neighbour is 1 away."
_NEIGHBOURS = "How far apart are two neighbours of its input, in pixels?"

RECEPTIVE_FIELD = Exercise(
    "receptive_field",
    _receptive_field,
    _stacks,
    (
        _altered("dilation ignored", "The size does not depend on the dilation. With gaps between its taps a kernel reaches "
                 "further.", reach=lambda k, d: k - 1),
        _altered("dilation added instead of multiplied", "A dilation makes the kernel longer by d - 1 in all. But the gap "
                 "comes back between any two neighbouring taps.", reach=lambda k, d: k - 1 + d - 1),
        _altered("k - 1 + d instead of d * (k - 1)", f"The dilation is added to the kernel's size. {_DRAW}",
                 reach=lambda k, d: k - 1 + d),
        _altered("d + 1 apart instead of d", f"Two neighbouring taps are taken for d + 1 apart. {_DRAW}",
                 reach=lambda k, d: (d + 1) * (k - 1)),
        _altered("only the gaps between the taps", "Of the kernel only the pixels between the taps are counted, (d - 1) * (k "
                 f"- 1). {_DRAW}", reach=lambda k, d: (d - 1) * (k - 1)),
        _altered("k instead of k - 1", "Each layer adds one tap too many. A kernel of 1 sees no more than what came in.",
                 reach=lambda k, d: d * k),
        _altered("the whole reach instead of one less", "Each layer adds d * (k - 1) + 1, one too many. A kernel of 1 sees no "
                 "more than what came in.", reach=lambda k, d: d * (k - 1) + 1),
        _altered("k added, dilation ignored", "Each layer adds k: one tap too many, and the dilation does not count.",
                 reach=lambda k, d: k),
        _altered("d * k - 1 instead of the kernel's reach", "The dilation also multiplies the tap that is there anyway. Draw 3 "
                 "taps, 2 apart, and count the pixels.", reach=lambda k, d: d * k - 1),
        _altered("one side only", "Only half of what each layer adds is counted. The window reaches out to both sides.",
                 reach=lambda k, d: d * (k - 1) // 2),
        _altered("one side only, half the kernel rounded first", "Each layer adds d * (k // 2). The window reaches out to both "
                 "sides.", reach=lambda k, d: d * (k // 2)),
        _altered("twice the half of the kernel", "Each layer adds 2 * (k // 2): that is one too many where the kernel is even.",
                 reach=lambda k, d: 2 * d * (k // 2)),
        _altered("both sides counted twice", "Each layer adds twice what it should: d * (k - 1) counts both sides already.",
                 reach=lambda k, d: 2 * d * (k - 1)),
        _altered("a kernel of 3 assumed", "Every layer adds what a kernel of 3 does. The kernel's size is given.",
                 reach=lambda k, d: 2 * d),
        _altered("kernel ignored", "The size stays as it is: the kernels add nothing.", reach=lambda k, d: 0),
        _altered("strides do not widen later layers", "Every layer adds as many pixels as if it saw the picture itself. "
                 f"{_NEIGHBOURS}", grown=lambda size, reach, jump, before, k, s: size + reach),
        _altered("stride counted one layer too early", "A layer's own stride widens its own window. Two taps of a layer are "
                 "neighbours in its input: its stride only moves them.", early=True),
        _altered("only its own stride widens a layer", "A layer adds its reach times its own stride. The strides of the layers "
                 f"before it count. {_NEIGHBOURS}", grown=lambda size, reach, jump, before, k, s: size + reach * s),
        _altered("size multiplied by the stride", "The size so far is multiplied by the stride. That belongs to the way from "
                 "the last layer down; from the first one up the jump does it.",
                 grown=lambda size, reach, jump, before, k, s: size * s + reach),
        _altered("only the largest growth", "The size is that of the layer that adds most. All layers' growth is added up.",
                 grown=lambda size, reach, jump, before, k, s: max(size, 1 + reach * jump)),
        _altered("only the last layer", "The size is what the last layer alone adds. All layers' growth is added up.",
                 grown=lambda size, reach, jump, before, k, s: 1 + reach * jump),
        _altered("one pixel more for each layer", "Each layer adds its jump once too often: its reach less 1 counts. A kernel "
                 "of 1 sees no more than what came in.", size=0,
                 grown=lambda size, reach, jump, before, k, s: size + (reach + 1) * jump),
        _altered("kernel sizes multiplied", "The field is multiplied by each kernel's reach. Two 3x3 kernels see 5 pixels "
                 "together: draw them.", grown=lambda size, reach, jump, before, k, s: size * (reach + 1)),
        _altered("one less for each layer", "Each layer adds one pixel too few.",
                 grown=lambda size, reach, jump, before, k, s: size + reach * jump - 1),
        _altered("the growth without the jump's last step", "Each layer adds reach * (jump - 1). It adds its reach, once for "
                 "every pixel of the jump.", grown=lambda size, reach, jump, before, k, s: size + reach * (jump - 1)),
        _altered("reach and jump added", "Each layer adds reach + jump. It adds its reach times the jump.",
                 grown=lambda size, reach, jump, before, k, s: size + reach + jump - 1),
        _altered("field begins with 0", _FIRST, size=0),
        _altered("field begins with 2", _FIRST, size=2),
        _altered("jump begins with 0", f"The jump begins with 0 and stays 0, so that the size never grows. {_FIRST}", jump=0),
        _altered("jump begins with 2", _FIRST, jump=2),
        _altered("both begin with 0", f"Size and jump begin with 0. {_FIRST}", size=0, jump=0),
        _altered("layers in reverse order", "The strides of the last layers widen the first ones. The layers are given in the "
                 "order in which they run.", order=-1),
        _altered("strides added", f"The jumps are added up. {_TWO}", moved=lambda jump, s, d, k: jump + s - 1),
        _altered("strides added to 1", f"The strides are added up. {_TWO}", moved=lambda jump, s, d, k: jump + s),
        _altered("only the last stride", f"Each stride replaces the one before. {_TWO}", moved=lambda jump, s, d, k: s),
        _altered("the largest stride", f"The jump is the largest stride. {_TWO}", moved=lambda jump, s, d, k: max(jump, s)),
        _altered("strides ignored", f"The jump stays 1. {_TWO}", moved=lambda jump, s, d, k: jump),
        _altered("strides above 1 taken for 2", "Every stride above 1 is taken for 2.",
                 moved=lambda jump, s, d, k: jump * min(s, 2)),
        _altered("strides squared", "Each stride counts squared. The jump is asked for along one axis.",
                 moved=lambda jump, s, d, k: jump * s * s),
        _altered("dilation kept for later layers", "The dilation is multiplied into the jump, so that later layers are spread, "
                 "too. It moves no output: the next layer's input is as dense as before.", moved=lambda jump, s, d,
                 k: jump * s * d),
        _altered("kernel multiplied into the jump",
                 "The jump is multiplied by the kernel's size. Only strides move outputs apart.",
                 moved=lambda jump, s, d, k: jump * s * k),
        _altered("dilation instead of the stride", "The jump is multiplied by the dilation, not by the stride. Only strides "
                 "move outputs apart.", moved=lambda jump, s, d, k: jump * d),
        _altered("results in the other order", "The two numbers have changed places: (size, jump) is wanted.",
                 after=lambda size, jump: (jump, size)),
        _altered("both squared", "Both numbers are those of the plane, squared. They are asked for along one axis.",
                 after=lambda size, jump: (size**2, jump**2)),
        _altered("the size squared", "The size is that of the plane, squared. It is asked for along one axis.",
                 after=lambda size, jump: (size**2, jump)),
        _altered("half of the size", "The size is half of what it should be: the window reaches out to both sides.",
                 after=lambda size, jump: (size // 2, jump)),
        _altered("the jump less 1",
                 "The jump is the number of pixels between two neighbours. From one to the next it is one more.",
                 after=lambda size, jump: (size, jump - 1)),
        _altered("size times jump", "The size is multiplied by the jump of the last layer. Its own stride does not widen it.",
                 after=lambda size, jump: (size * jump, jump)),
        _altered("an even size made odd", "A size that is even is made odd. Even kernels see even numbers of pixels.",
                 after=lambda size, jump: (size // 2 * 2 + 1, jump)),
        Mistake("stride and dilation exchanged", "The second number of each layer is taken for the dilation, the third for the "
                "stride: (kernel, stride, dilation) is their order.",
                lambda layers: _built()([(k, d, s) for k, s, d in layers])),
        Mistake("kernel and stride exchanged", "The first number of each layer is taken for the stride, the second for the "
                "kernel: (kernel, stride, dilation) is their order.", lambda layers: _built()([(s, k, d) for k, s,
                d in layers])),
        Mistake("kernel and dilation exchanged", "The first number of each layer is taken for the dilation, the third for the "
                "kernel: (kernel, stride, dilation) is their order.", lambda layers: _built()([(d, s, k) for k, s,
                d in layers])),
        Mistake("only pixels that are really seen", "Pixels between the taps of a dilated kernel are left out where no path "
                "leads to them. The size is asked for from the first pixel to the last.", _pixels_with_a_path),
        Mistake("from the end, without - 1 and + 1", "From the last layer down the size becomes stride * (size - 1) + the "
                "kernel's reach. Here stride * size stands, as if there were a stride behind the last pixel, too.",
                _from_the_end(lambda size, reach, s: s * size + reach)),
        Mistake("from the end, with one tap too many", "From the last layer down the size becomes stride * (size - 1) + the "
                "kernel's reach. Here both the whole size and the whole reach are taken.",
                _from_the_end(lambda size, reach, s: s * size + reach + 1)),
        Mistake("the last stride missing in the jump", "The jump is that of the last layer's input: its own stride is missing. "
                "Outputs of the last layer are asked for.", _jump_before_the_last),
        Mistake("the last stride missing in the jump, no layers forgotten", "The jump is that of the last layer's input: its "
                "own stride is missing. And without layers there is no last one.", _jump_of_the_input),
        Mistake("the last layer left out", "The last layer does not count: the loop ends one too early.",
                lambda layers: _built()(layers[:-1])),
        Mistake("the first layer left out", "The first layer does not count. Python counts from 0.",
                lambda layers: _built()(layers[1:])),
        Mistake("only the first layer", "Only the first layer counts: is there a return inside of the loop?",
                lambda layers: _built()(layers[:1])),
        Mistake("layers with a kernel of 1 skipped", "Layers with a kernel of 1 are skipped. They see no more, but their "
                "stride moves the outputs apart, for all that follows.",
                lambda layers: _built()([layer for layer in layers if layer[0] > 1])),
        *rare_counting.RECEPTIVE_FIELD,
    ),
    built=_built,
    features=_features,
    broad=_broad,
    ways=(counts.receptive_field_forward, counts.receptive_field_backward,),
)  # fmt: skip


def check_receptive_field(function) -> Report:
    """Check f(layers) -> (size, jump) of what one output of the last layer sees, along one axis.

    layers: a list of tuples (kernel, stride, dilation), in the order in which they run; it may be empty, and then an output is
    a pixel. size: pixels of the picture from the first to the last that one output can depend on, also those between its taps;
    jump: how many pixels two neighbouring outputs lie apart. Both are whole numbers; 4.0 will do
    for 4. The result is a tuple; a list, an array or a dict with these names will do.

    >>> check_receptive_field(lambda layers: (1, 1)).case
    {'layers': [(1, 2, 1)]}
    """
    return check(RECEPTIVE_FIELD, function)
