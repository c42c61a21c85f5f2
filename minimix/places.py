"""Where minimix keeps what it can make or fetch again."""

from pathlib import Path

import platformdirs


def user_cache() -> Path | None:
    """minimix's folder among the user's caches: ~/.cache/minimix, ~/Library/Caches/minimix, %LOCALAPPDATA%\\minimix\\...

    XDG_CACHE_HOME moves it, as for every program. None where the system knows no home for this user, as in some containers.

    >>> user_cache().name in ("minimix", "Cache")
    True
    """
    try:
        folder = Path(platformdirs.user_cache_dir("minimix"))
    except (OSError, ValueError, RuntimeError):  # Windows without the variables that say so
        return None
    return folder if folder.is_absolute() else None  # "~/.cache", where nothing says what ~ is
