"""Two copies of minimix in a temporary folder: as a revision in Git has it, and as it is here, changes included."""

import contextlib
import pathlib
import shutil
import subprocess
import tempfile
from typing import NamedTuple

ROOT = pathlib.Path(__file__).parents[1]


class Copy(NamedTuple):
    """folder: what ``python -m`` is run in. cache: for its compiled kernels, and for nobody else's."""

    title: str
    folder: pathlib.Path
    cache: pathlib.Path


@contextlib.contextmanager
def copies(revision: str, root: pathlib.Path = ROOT):
    """{"base": Copy, "new": Copy}. Both have today's ``benchmarks``, so that the same script measures both. All of it is
    removed in the end, after an error or Ctrl-C, too, and Git knows nothing of it.

    Raises SystemExit where there is no Git, no repository or no such revision.
    """
    commit = _commit(revision, root)
    if not _git(root, "ls-tree", commit, "minimix/__init__.py"):
        raise SystemExit(f"{revision} has no folder minimix: there is nothing to measure")
    with tempfile.TemporaryDirectory(prefix="minimix-versus-", ignore_cleanup_errors=True) as temporary:
        place = pathlib.Path(temporary)
        _git(root, "archive", "--format=zip", f"--output={place / 'base.zip'}", commit, "minimix")
        shutil.unpack_archive(place / "base.zip", place / "base")
        ignored = shutil.ignore_patterns("__pycache__", "results")
        shutil.copytree(root / "minimix", place / "new" / "minimix", ignore=ignored)
        for side in ("base", "new"):
            shutil.copytree(root / "benchmarks", place / side / "benchmarks", ignore=ignored)
        titles = {"base": _title(root, commit), "new": _title(root, "HEAD") + _changes(root)}
        yield {side: Copy(title, place / side, place / f"{side}-kernels") for side, title in titles.items()}


def _commit(revision: str, root: pathlib.Path) -> str:
    """The full hash of a revision: a branch, a tag, HEAD~3 or a hash."""
    if shutil.which("git") is None:
        raise SystemExit("git was not found: install it, or put it on the PATH. The base is taken out of the repository")
    if not (root / ".git").exists():
        raise SystemExit(f"{root} is not a Git repository, so there is no base to take: run this in a clone of minimix")
    asked = ["git", "-C", str(root), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    found = subprocess.run(asked, capture_output=True, text=True)
    if found.returncode:
        why = f": {found.stderr.strip()}" if found.stderr.strip() else ""
        raise SystemExit(
            f"unknown revision {revision!r}{why}. Expected a commit, a branch or a tag of {root} (`git log --oneline` lists "
            "commits; in a shallow clone, `git fetch --unshallow` gets the older ones)"
        )
    return found.stdout.strip()


def _git(folder: pathlib.Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"git {arguments[0]} failed in {folder}: {done.stderr.strip()}")
    return done.stdout


def _title(root: pathlib.Path, commit: str) -> str:
    return _git(root, "log", "-1", "--format=%h (%s)", commit).strip()


def _changes(root: pathlib.Path) -> str:
    return " with changes" if _git(root, "status", "--porcelain", "--", "minimix").strip() else ""
