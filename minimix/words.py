"""Numbers in sentences."""


def count(number: int, thing: str, things: str = "") -> str:
    """
    >>> count(1, "epoch"), count(2000, "epoch"), count(0, "class", "classes")
    ('1 epoch', '2,000 epochs', '0 classes')
    """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"
