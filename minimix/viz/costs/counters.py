"""What counters report for a network beyond its multiply-adds, and where in that a published number lies."""

from collections.abc import Mapping

from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from minimix.costs import COUNTERS, Profile
from minimix.costs.work import APART
from minimix.viz.drawing import theme
from minimix.viz.drawing.values import short

POOLS = (*APART["pooling"][0], "squeeze")
GROUPS = {
    "batch norms": ("batch_norm", "batch_norm_params", "batch_norm_kept"),
    "activations": APART["activation"][0],
    "biases": ("bias", "linear_bias"),
    "pools": tuple(f"{name}{end}" for name in POOLS for end in ("", "_out", "_taps")),
    "sums, products": ("add", "mul", "concat"),
}
COLOURS = dict(zip(GROUPS, (theme.SKY, theme.ORANGE, theme.GREEN, theme.PURPLE, theme.VERMILLION), strict=True))
BAR = 0.25  # inches
OUTLIER = 3  # a bar so many times as long as the next shorter one is cut off


def beyond(cost: Profile, counter: str) -> dict[str, float]:
    """What a counter reports of a network apart from its multiply-adds: {"batch norms": ..., "activations": ..., ...}.

    In the unit of a multiply-add: a counter that says 2 for each is halved.

    >>> import minimix as mm
    >>> cost = mm.profile(mm.models.create("mixnet_s"), (1, 3, 224, 224))
    >>> {name: int(n) for name, n in beyond(cost, "fvcore").items() if n}
    {'batch norms': 12488336, 'pools': 75264}
    """
    prices = COUNTERS[counter].prices
    return {
        group: sum(prices.get(name, 0) * cost.others.get(name, 0) for name in names) / prices["mac"]
        for group, names in GROUPS.items()
    }


@theme.styled
def counters(costs: Mapping[str, Profile], published: Mapping[str, float] | None = None) -> theme.Picture:
    """What each counter of ``minimix.costs.COUNTERS`` reports beyond the multiply-adds, and of what that is made, as bars.

    costs: {name: Profile}, a panel each. published: {name: multiply-adds} that somebody printed, as a line. All are counted
    from the exact multiply-adds, which the titles have; counters that say 2 for a multiply-add are halved. A bar that is far
    longer than all others is cut off.

    Raises TypeError for what is no Profile, ValueError for names in ``published`` that are not in ``costs``.

    >>> import minimix as mm
    >>> from minimix import viz
    >>> cost = mm.profile(mm.models.create("mixnet_s"), (1, 3, 224, 224))
    >>> figure = viz.counters({"MixNet-S": cost}, {"MixNet-S": 256e6})
    """
    if not costs or not all(isinstance(cost, Profile) for cost in costs.values()):
        raise TypeError("costs must be {name: Profile}, as mm.profile gives them")
    published = published or {}
    if unknown := set(published) - set(costs):
        raise ValueError(f"published has {', '.join(map(str, unknown))}, which is not among costs: {', '.join(costs)}")
    figure, panels = theme.axes(None, theme.WIDTH, 1.7 + BAR * len(COUNTERS), 1, len(costs), sharey=True)
    panels = [panels] if len(costs) == 1 else list(panels[0])
    found = {name: {counter: beyond(cost, counter) for counter in COUNTERS} for name, cost in costs.items()}
    gaps = {name: macs - costs[name].macs for name, macs in published.items()}
    ends = sorted(sum(parts.values()) for counted in found.values() for parts in counted.values())
    far = next((i for i in range(1, len(ends)) if ends[i] > OUTLIER * ends[i - 1] > 0 and 2 * i > len(ends)), len(ends))
    right = max(*ends[:far], *gaps.values(), 1.0)
    for panel, (name, counted) in zip(panels, found.items(), strict=True):
        for y, parts in enumerate(counted.values()):
            left = 0.0
            for group, n in parts.items():
                shown = max(0.0, min(n, 1.05 * right - left))
                panel.barh(y, shown, left=left, height=0.78, color=COLOURS[group], linewidth=0)
                left += n
            if left > 1.05 * right:
                panel.text(1.05 * right, y, "…", ha="left", va="center")
            panel.text(1.6 * right, y, f"+{short(left)}" if left else "0", ha="right", va="center")  # no line comes so far
        if name in gaps:
            panel.axvline(gaps[name], color=theme.DARK, linestyle="--", linewidth=1.3, zorder=0.5)
            panel.text(gaps[name], -0.75, f"published: {gaps[name] / 1e6:+.1f} M", ha="center", va="bottom")
        panel.set_title(f"{name}\n{costs[name].macs:,} multiply-adds", pad=24 if gaps else 6)
        panel.set_xlim(min(0.0, *gaps.values(), 0.0), 1.6 * right)
        panel.spines["bottom"].set_bounds(panel.get_xlim()[0], 1.05 * right)
        panel.set_ylim(len(COUNTERS) - 0.4, -0.6)
        panel.set_xticks([tick for tick in MaxNLocator(2).tick_values(0, right) if tick <= 1.05 * right])
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
        panel.tick_params(axis="y", length=0)
        panel.set_xlabel("beyond the multiply-adds")
    panels[0].set_yticks(range(len(COUNTERS)), list(COUNTERS))
    handles = [Patch(color=colour, label=group) for group, colour in COLOURS.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), columnspacing=1.4, handlelength=1.2)
    said = [f"{name}, {costs[name].macs:,} multiply-adds{f', published {gaps[name] / 1e6:+.1f} M' if name in gaps else ''}: "
            + theme.listed(f"{counter} +{short(sum(parts.values()))}" for counter, parts in counted.items())
            for name, counted in found.items()]  # fmt: skip
    return theme.told(figure, f"What counters report beyond the multiply-adds. {'. '.join(said)}.")
