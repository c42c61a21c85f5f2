"""A whole MixNet block in one go."""

import numbers
from collections.abc import Sequence

import numpy as np

from minimix.convargs import need_one_dtype
from minimix.functional.norm import need_writable
from minimix.functional.promotion import as_tensor
from minimix.ops import block as ops
from minimix.ops import block_room as room
from minimix.ops.activation import need_activation
from minimix.padding import Ints, Padding, pair
from minimix.tensor import Tensor, apply, is_grad_enabled

Normalisation = room.Normalisation


def mix_block(
    x, weights, project, norms, *, expand=None, excite=None, skip: bool = False, training: bool = False, stride: Ints = 1,
    padding: Padding = "same", dilation: int | Sequence[Ints] = 1,
) -> Tensor:  # fmt: skip
    """MixNet's block: expand, batch norm, activation, mixed convolution, batch norm, activation, squeeze-and-excite, project,
    batch norm, and the skip connection.

    Within rounding, the numbers of ``pointwise_conv2d``, ``batch_norm``, ``mixconv2d``, ``batch_norm``, ``squeeze_excite``,
    ``pointwise_conv2d`` and ``batch_norm`` one after the other, sooner.

    x: (N, K, H, W), float32 or float64.
    expand, project: pointwise weights, a list with one (rows, inputs, 1, 1) for each of their groups. Without ``expand`` the
        convolution sees x itself.
    weights, stride, padding, dilation: as for ``mixconv2d``; one output channel per input channel.
    norms: three of (weight, bias, Normalisation(running=(mean, var), momentum, eps, activation)), behind expand, the mixed
        convolution and project; the first is None where nothing expands.
    excite: (reduce weight (R, C, 1, 1), its bias (R,), expand weight (C, R, 1, 1), its bias (C,), activation), or None.
    Activations are ``batch_norm``'s.
    skip: add x to the result.
    training: use the batch's statistics, and move the running ones in place.

    Returns (N, M, OH, OW). Raises TypeError for other dtypes, RuntimeError for mixed ones, those and ValueError for what does
    not fit.
    Source: MobileNetV2, arXiv 1801.04381, fig. 3, with MixConv, arXiv 1907.09595, sec. 3, inside.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> def norm(channels):
    ...     one, zero = np.ones(channels, np.float32), np.zeros(channels, np.float32)
    ...     return one, zero, F.Normalisation(running=(zero.copy(), one.copy()), activation="relu")
    >>> x, weight, project = (np.ones(shape, np.float32) for shape in ((2, 4, 6, 6), (4, 1, 3, 3), (8, 4, 1, 1)))
    >>> F.mix_block(x, [weight], [project], (None, norm(4), norm(8)), stride=2).shape
    (2, 8, 3, 3)
    """
    return MixBlockCall(x, weights, project, norms, expand, excite, skip, training, stride, padding, dilation)(x)


class MixBlockCall:
    """``mix_block`` with its arguments checked, to be called with x: for a layer, which has the same ones at every step."""

    def __init__(self, x, *arguments) -> None:
        (x, *self._tensors), self._options = _arranged(x, *arguments)
        self._statistics = [s for norm in self._options["options"][:3] if norm is not None for s in norm.running]
        self._checked = self._facts(x)
        self._again: list = []

    def _facts(self, x) -> list:
        return [(array.shape, array.dtype) for array in [x.data, *[tensor.data for tensor in self._tensors], *self._statistics]]

    def fits(self, x) -> bool:
        """Whether the check still holds: for this x, and for the arrays that the parameters have now."""
        return self._facts(x) == self._checked

    def __call__(self, x) -> Tensor:
        return apply(ops.MIX_BLOCK, x, *self._tensors, keep=is_grad_enabled(), again=self._again, **self._options)


def _arranged(x, weights, project, norms, expand, excite, skip, training, stride, padding, dilation) -> tuple[list, dict]:
    """(tensors, options) for the op. Refuses what does not fit."""
    x = as_tensor(x)
    if x.dtype not in (np.float32, np.float64):
        raise TypeError(f"mix_block: x is {x.dtype}, expected float32 or float64: use x.astype(np.float32)")
    if x.ndim != 4 or x.size == 0:
        raise ValueError(f"mix_block: x has shape {x.shape}, expected (N, C, H, W) with at least one image")
    expand = () if expand is None else expand
    for name, part in (("expand", expand), ("weights", weights), ("project", project), ("norms", norms)):
        if not isinstance(part, (list, tuple)):
            raise TypeError(f"mix_block: {name} must be a list, not {type(part).__name__}")
    if not project:
        raise ValueError("mix_block: project is empty, expected one weight for each of its groups")
    if [norm if norm is None else len(norm) for norm in norms] not in ([None, 3, 3], [3, 3, 3]):
        raise ValueError("mix_block: norms must be three of (weight, bias, Normalisation(...)), only the first may be None")
    if excite is not None and len(excite) != 5:
        raise ValueError(f"mix_block: excite must be four arrays and an activation, got {len(excite)} values")
    before, after, last = norms
    if bool(expand) != (before is not None):
        raise TypeError("mix_block: expand and the first norm go together: give both, or neither")
    first, gate = before[:2] if before else (), excite[:4] if excite else ()
    arrays = ((x,), expand, first, weights, after[:2], gate, project, last[:2])
    tensors = [as_tensor(array) for part in arrays for array in part]
    counts = tuple(map(len, arrays))
    each = dilation if isinstance(dilation, (tuple, list)) else (dilation,) * len(weights)
    dilation = tuple(pair(d, "dilation", 1) for d in each)
    padding = padding if isinstance(padding, str) else pair(padding, "padding", 0)
    options = room.Options(*(norm and norm[2] for norm in norms), excite and excite[4], bool(skip), bool(training))
    stride = pair(stride, "stride", 1)
    _check(room.split([t.data for t in tensors], counts), options, stride, padding, dilation)
    shared = {"counts": counts, "options": options, "stride": stride, "padding": padding, "dilation": dilation}
    return tensors, shared


def _check(inputs, options, stride, padding, dilation) -> None:
    """Refuse what a kernel must not see."""
    x = inputs.x[0]
    layout = room.layout_of(inputs, stride, padding, dilation)
    g, outputs = layout.geometry, layout.output_shape[1]
    given = {"before": "norms[0]", "after": "norms[1]", "last": "norms[2]"}  # as the caller knows them
    named = inputs._asdict().items()
    arrays = {f"{given.get(name, name)}[{i}]": array for name, part in named for i, array in enumerate(part)}
    need_one_dtype(x, arrays, "mix_block: ")
    for name, arrays, option, channels in (("first", inputs.before, options.before, g.channels),
                                           ("second", inputs.after, options.after, g.channels),
                                           ("third", inputs.last, options.last, outputs)):  # fmt: skip
        if option is None and not arrays:  # nothing is expanded
            continue
        if not isinstance(option, Normalisation):
            raise TypeError(f"mix_block: the {name} norm must be (weight, bias, Normalisation(...)), its third is {option!r}")
        running = option.running if isinstance(option.running, (list, tuple)) else ()
        if len(running) != 2 or not all(isinstance(array, np.ndarray) and array.dtype.kind == "f" for array in running):
            raise TypeError(f"mix_block: running of the {name} norm must be (mean, variance), arrays of floating-point numbers")
        if not isinstance(option.momentum, numbers.Real) or isinstance(option.momentum, bool):
            raise TypeError(f"mix_block: momentum of the {name} norm must be a number, not {option.momentum!r}")
        shapes = [array.shape for array in (*arrays, *running)]
        for array in running:
            need_writable(f"mix_block: running of the {name} norm", array, options.training)
        if any(shape != (channels,) for shape in shapes):
            raise ValueError(f"mix_block: the arrays of the {name} norm have shapes {shapes}, expected ({channels},) each")
        if option.eps < 0:
            raise ValueError(f"mix_block: eps of the {name} norm must not be negative, got {option.eps}")
        need_activation(option.activation, f"mix_block: the {name} norm")
    if inputs.excite:
        hidden = max((1, *inputs.excite[0].shape[:1]))
        wanted = [(hidden, g.channels, 1, 1), (hidden,), (g.channels, hidden, 1, 1), (g.channels,)]
        shapes = [array.shape for array in inputs.excite]
        if shapes != wanted:
            raise ValueError(f"mix_block: the arrays of squeeze-and-excite have shapes {shapes}, expected {wanted}")
        need_activation(options.excite, "mix_block: squeeze-and-excite")
    if options.skip and layout.output_shape != x.shape:
        raise ValueError(f"mix_block: the output {layout.output_shape} cannot take x {x.shape} as skip")
    pixels = min(g.out_height * g.out_width, g.height * g.width if options.before else np.inf)  # that a norm sees
    if options.training and pixels * g.batch < 2:
        raise ValueError(f"mix_block in training needs more than one value a channel, x {x.shape} has one: use a larger batch")
