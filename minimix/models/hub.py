"""A file from Hugging Face's hub, by that hub's own client; and without a network a word that says so, soon.

Left alone, the client tries a server that does not answer for half a minute, and prints each attempt. So its cache is asked
first, which needs no network; then whether anything answers at all, for a few seconds; and only then is the file fetched.
"""

import contextlib
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

from minimix.words import root_of

HUB = "https://huggingface.co"
PATIENCE = 5.0  # seconds for any answer


def fetch(repository: str, file: str) -> Path:
    """Where ``file`` of the hub's ``repository`` lies on this machine: in the client's cache, fetched unless it is there.

    Raises ImportError without the client, huggingface_hub; ConnectionError, in one line, where it does not get the file.
    """
    import huggingface_hub as client

    with _quiet("huggingface_hub"):
        # Exception: the client's own, and those of whatever it fetches with, change with its version
        with contextlib.suppress(Exception):
            return Path(client.hf_hub_download(repository, file, local_files_only=True))
        constants = getattr(client, "constants", None)
        if getattr(constants, "HF_HUB_OFFLINE", False):
            raise ConnectionError("HF_HUB_OFFLINE forbids to ask the hub")
        endpoint = getattr(constants, "ENDPOINT", HUB)  # the user may have set another
        if reason := silence(endpoint):
            raise ConnectionError(f"{endpoint.partition('://')[2]} does not answer: {reason}")
        try:
            return Path(client.hf_hub_download(repository, file))
        except Exception as error:
            raise ConnectionError(root_of(error)) from error


def silence(url: str) -> str:
    """Why nothing answers at ``url``; "" where anything does, through a proxy, too."""
    import requests

    found = []

    def ask() -> None:
        try:
            requests.head(url, timeout=PATIENCE).close()
        except requests.exceptions.SSLError:  # somebody is there: which certificates it trusts is for the client to say
            found.append("")
        except requests.exceptions.RequestException as error:
            found.append(root_of(error))
        else:
            found.append("")

    # in a thread: looking a name up knows no time-out, and each of several addresses has its own
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(PATIENCE)
    return found[0] if found else f"{PATIENCE:g} seconds have passed"


@contextlib.contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Within it, a library's logger tells errors alone."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
