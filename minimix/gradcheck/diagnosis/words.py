"""Words that several rules need."""


def few(values, most: int = 4) -> str:
    """The first of some numbers: 1, 0.25, 2, 4, ..."""
    shown = [f"{v:.4g}" if isinstance(v, float) else str(v) for v in values[:most]]
    return ", ".join([*shown, "..."] if len(values) > most else shown)
