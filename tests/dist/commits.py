"""The newest commit of this checkout, and copies of it that hold nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.dist.release import CHANGELOG, VERSION_FILE, Commit

ROOT = Path(__file__).parents[2]


class NoCommit(RuntimeError):
    """Here is no commit to build from."""


def git(*arguments: str, folder: Path = ROOT) -> str:
    """
    Return what a git command writes.

    :raises NoCommit: with what git says, when it fails, or is not there.
    """
    try:
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607 - wherever it is installed
            cwd=folder,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        raise NoCommit("A release is built from a commit, which needs git.") from None
    if done.returncode:
        raise NoCommit(
            f"A release is built from a commit, in a clone of the repository; git "
            f"{arguments[0]} says: {done.stderr.strip()}"
        )
    return done.stdout


def head(folder: Path = ROOT) -> str:
    """Return the hash of the newest commit."""
    return git("rev-parse", "HEAD", folder=folder).strip()


def read_commit(commit: str, folder: Path = ROOT) -> Commit:
    """Return what decides whether a commit is a release."""
    here = set(git("tag", "--points-at", commit, folder=folder).split())
    earlier = set(git("tag", "--merged", commit, folder=folder).split())
    everywhere = set(git("tag", folder=folder).split())
    return Commit(
        git("show", f"{commit}:{VERSION_FILE}", folder=folder),
        git("show", f"{commit}:{CHANGELOG}", folder=folder),
        tuple(sorted(here)),
        tuple(sorted(earlier - here)),
        tuple(sorted(everywhere - here)),
    )


def clone(commit: str, target: Path) -> None:
    """Make a copy of a commit, as those have it who clone the repository."""
    git("clone", "--quiet", "--no-tags", "--no-checkout", str(ROOT), str(target))
    git("checkout", "--quiet", "--detach", commit, folder=target)


def time_of(commit: str) -> int:
    """Return when a commit was made, in seconds since 1970."""
    return int(git("log", "-1", "--format=%ct", commit))


def uncommitted() -> list[str]:
    """Return the files whose changes no commit has."""
    return [line[3:] for line in git("status", "--porcelain").splitlines()]


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the files of a clone, by their names."""
    names = git("ls-files", "-z", folder=folder).split("\0")
    return {name: (folder / name).read_bytes() for name in names if name}
