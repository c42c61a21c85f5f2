"""``python -m minimix``: the same as the command ``minimix``."""

from minimix.cli import main

if __name__ == "__main__":
    main()
