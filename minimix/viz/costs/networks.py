"""What networks cost, drawn from ``mm.profile``: multiply-adds and parameters, layer by layer and by kind."""

from collections.abc import Mapping

from matplotlib.ticker import FuncFormatter, MaxNLocator

from minimix import words
from minimix.costs import LayerRow, Profile
from minimix.costs.work import KINDS
from minimix.padding import count
from minimix.viz.drawing import theme
from minimix.viz.drawing.values import short

NORM, OTHER = "batch norm", "other"
COLOURS = dict(zip((*KINDS, NORM, OTHER), (*theme.PALETTE[:5], theme.SKY, theme.LIGHT), strict=True))
UNITS = {"macs": "multiply-adds", "params": "parameters"}
BARS = 40  # so many at most, unless the depth is given
BAR, NAME = 0.22, 2.6  # inches: of a bar, of the longest name


def by_layer(cost: Profile, what: str = "macs", depth: int | None = None) -> dict[str, dict[str, int]]:
    """{layer: {kind: number}} of what costs something, in the order in which it runs.

    what: "macs" (multiply-adds) or "params" (parameters). depth: so many parts of each name count, the rest is added up; None:
    as many as give 40 layers or fewer. A layer's parameters are of the kind of its multiply-adds; those of batch norms are
    "batch norm".

    >>> import minimix as mm
    >>> model = mm.models.create("mixnet_nano")
    >>> found = by_layer(mm.profile(model, (1, 3, 32, 32)), depth=1)
    >>> list(found)[:2], sum(sum(kinds.values()) for kinds in found.values()) == mm.profile(model, (1, 3, 32, 32)).macs
    (['conv_stem', 'blocks'], True)
    """
    if not isinstance(cost, Profile):
        raise TypeError(f"cost must be a Profile, as mm.profile gives, got a {type(cost).__name__}")
    if what not in UNITS:
        raise ValueError(f"what must be 'macs' or 'params', got {what!r}")
    if depth is None:
        deepest = max((row.name.count(".") + 1 for row in cost.rows), default=1)
        depth = next((d for d in range(deepest, 1, -1) if len(_added(cost, what, d)) <= BARS), 1)
    return _added(cost, what, count(depth, "depth"))


def _added(cost: Profile, what: str, depth: int) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in cost.rows:
        numbers = row.macs_by_kind if what == "macs" else {_kind(row): row.params}
        for kind, n in numbers.items():
            if n:
                name = row.kind if row.name == "model" else row.name  # a single layer is called by its class
                layer = found.setdefault(".".join(name.split(".")[:depth]), {})
                layer[kind] = layer.get(kind, 0) + n
    return found


def _kind(row: LayerRow) -> str:
    if len(row.macs_by_kind) == 1:
        return next(iter(row.macs_by_kind))
    return NORM if "batch_norm" in row.others else OTHER


@theme.styled
def layer_costs(costs, what: str = "macs", depth: int | None = None, ax=None) -> theme.Picture:
    """Multiply-adds or parameters of each layer as bars, divided by kind; several models side by side on one scale.

    costs: a Profile, or {name: Profile}. what, depth: as in ``by_layer``. ax: only for a single model.

    >>> import minimix as mm
    >>> from minimix import viz
    >>> figure = viz.layer_costs({"mixnet_nano": mm.profile(mm.models.create("mixnet_nano"), (1, 3, 32, 32))})
    """
    named = _named(costs)
    if ax is not None and len(named) > 1:
        raise ValueError(f"ax: there are {len(named)} models, each needs axes of its own: leave ax out")
    layers = [by_layer(cost, what, depth) for cost in named.values()]
    if not any(layers):
        raise ValueError(f"costs: there are no {UNITS[what]} to draw")
    bars = max(map(len, layers))
    rows = len(named) if len(named) > 2 else 1  # more than two side by side have no room for names and numbers
    columns = 1 if rows > 1 else len(named)
    high = sum(0.95 + BAR * len(found) for found in layers) if rows > 1 else 0.95 + BAR * bars
    heights = {"height_ratios": [len(found) + 0.95 / BAR for found in layers]} if rows > 1 else {}
    figure, panels = theme.axes(ax, theme.WIDTH, 0.4 + high, rows, columns, sharex=True, **heights)
    panels = [panels] if len(named) == 1 else list(panels.ravel())
    room = min(NAME, 0.42 * theme.WIDTH / columns)
    largest = max(sum(kinds.values()) for found in layers for kinds in found.values())
    for panel, name, found in zip(panels, named, layers, strict=True):
        total = sum(sum(kinds.values()) for kinds in found.values())
        title = f"{name}: " if name else ""
        names = max(theme.text_width(theme.shortened(layer, room)) for layer in found) if found else 0.0
        width = theme.WIDTH / columns - names - 0.5  # of the axes
        panel.set_title(theme.wrapped(f"{title}{short(total)} {UNITS[what]}", width, theme.FONT + 1), loc="left")
        _bars(panel, [theme.shortened(layer, room) for layer in found], list(found.values()), len(found) if rows > 1 else bars)
        panel.set_xlim(0, 1.22 * largest)
        for y, kinds in enumerate(found.values()):
            panel.text(sum(kinds.values()) + 0.01 * largest, y, short(sum(kinds.values())), ha="left", va="center")
        panel.set_xlabel(UNITS[what])
        panel.xaxis.set_major_locator(MaxNLocator(4))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    for panel in panels:
        panel.tick_params(axis="x", labelbottom=True)
    _legend(figure, panels, layers)
    return theme.told(figure, f"Bars of {UNITS[what]}, layer by layer. {' '.join(map(_told, named, layers))}")


def _told(name: str, found: Mapping) -> str:
    """A model in words: its layers, and the largest of them."""
    sums = {layer: sum(kinds.values()) for layer, kinds in found.items()}
    if not sums:
        return ""
    largest = sorted(sums, key=sums.get, reverse=True)[:3]
    total = f"{short(sum(sums.values()))} in {words.count(len(sums), 'layer')}"
    return f"{name or 'Together'}: {total}, most in {theme.listed(f'{layer} ({short(sums[layer])})' for layer in largest)}."


@theme.styled
def kind_shares(costs, what: str = "macs", ax=None) -> theme.Picture:
    """Each model as one bar of full length, divided by the kinds of its multiply-adds or parameters.

    costs, what: as in ``layer_costs``. Also {name: {kind: number}} of anything else, such as seconds; ``what`` then names it.

    >>> import minimix as mm
    >>> from minimix import viz
    >>> figure = viz.kind_shares(mm.profile(mm.models.create("mixnet_nano"), (1, 3, 32, 32)), "params")
    """
    divided = isinstance(costs, Mapping) and all(isinstance(cost, Mapping) for cost in costs.values()) and bool(costs)
    named = dict(costs) if divided else _named(costs)
    sums = [_kinds(cost) if divided else _kinds_of(cost, what) for cost in named.values()]
    unit = UNITS.get(what, what)
    if not all(sum(kinds.values()) for kinds in sums):
        raise ValueError(f"costs: a model has no {unit} to divide")
    figure, ax = theme.axes(ax, theme.WIDTH, 1.2 + 0.55 * len(named))
    shares = [{kind: 100 * n / sum(kinds.values()) for kind, n in kinds.items() if n} for kinds in sums]
    totals = ["" if divided else short(sum(kinds.values())) for kinds in sums]
    _bars(
        ax, [f"{theme.shortened(name, NAME)}\n{n}".strip() for name, n in zip(named, totals, strict=True)], shares, len(shares)
    )
    for y, kinds in enumerate(shares):
        left = 0.0
        for kind, percent in kinds.items():
            if percent >= 5:
                ax.text(left + percent / 2, y, f"{percent:.0f} %", ha="center", va="center", color=theme.ink(COLOURS[kind]))
            left += percent
    ax.set_xlim(0, 100)
    ax.set_xlabel(f"share of {unit}, %")
    _legend(figure, [ax], [dict(enumerate(shares))])
    said = [f"{name or 'All'}: {theme.listed(f'{kind} {percent:.2g} %' for kind, percent in kinds.items())}"
            for name, kinds in zip(named, shares, strict=True)]  # fmt: skip
    return theme.told(figure, f"Shares of {unit}. {'; '.join(said)}.")


def _kinds(numbers: Mapping[str, float]) -> dict[str, float]:
    """In the order of ``COLOURS``; what has no colour of its own is "other"."""
    found = dict.fromkeys(COLOURS, 0.0)
    for kind, n in numbers.items():
        found[kind if kind in COLOURS else OTHER] += n
    return found


def _kinds_of(cost: Profile, what: str) -> dict[str, int]:
    layers = by_layer(cost, what).values()
    return {kind: sum(layer.get(kind, 0) for layer in layers) for kind in COLOURS}


def _named(costs) -> dict[str, Profile]:
    named = dict(costs) if isinstance(costs, Mapping) else {"": costs}
    if not named:
        raise ValueError("costs is empty: give a Profile, or {name: Profile}")
    for cost in named.values():
        if not isinstance(cost, Profile):
            raise TypeError(f"costs must be a Profile (from mm.profile) or a dict of them, got a {type(cost).__name__}")
    return named


def _bars(ax, labels: list[str], found: list[Mapping[str, float]], rows: int) -> None:
    """Stacked bars, the first on top."""
    for y, kinds in enumerate(found):
        left = 0.0
        for kind in COLOURS:
            if kinds.get(kind):
                ax.barh(y, kinds[kind], left=left, height=0.78, color=COLOURS[kind], linewidth=0)
                left += kinds[kind]
    ax.set_yticks(range(len(found)), labels)
    ax.set_ylim(rows - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _legend(figure, panels, layers) -> None:
    from matplotlib.patches import Patch

    kinds = [kind for kind in COLOURS if any(kind in found for model in layers for found in model.values())]
    handles = [Patch(color=COLOURS[kind], label=kind) for kind in kinds]
    if isinstance(figure, theme.Picture):
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), columnspacing=1.4, handlelength=1.2)
    else:
        panels[0].legend(handles=handles, loc="best")
