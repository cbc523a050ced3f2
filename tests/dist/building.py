"""Build wheel and sdist of a commit, so that it gives the same bytes wherever it is done."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.dist.commits import clone, time_of

#: What may not show in the bytes: where, in which language and order of sets, with which rights for
#: new files; and whether the wheel comes from the sdist, as it does by default, or from the clone.
HERE = {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"}
ELSEWHERE = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "2"}
PARTS = ("--sdist", "--wheel")


class BuildFailed(RuntimeError):
    """It cannot be built; the message is what the build said."""


@dataclass(frozen=True)
class Built:
    """
    What was built.

    :param source: the clone that it was built from.
    """

    source: Path
    wheel: Path
    sdist: Path

    @property
    def both(self) -> list[Path]:
        return [self.sdist, self.wheel]


def build(commit: str, folder: Path) -> Built:
    """
    Build a commit in a folder that is made for it.

    :raises BuildFailed: when it cannot be built.
    """
    return _build(commit, folder, HERE, 0o022)


def build_elsewhere(commit: str, folder: Path) -> Built:
    """Build it in other circumstances, and both parts from the clone."""
    return _build(commit, folder, ELSEWHERE, 0o077, PARTS)


def differences(one: Built, other: Built) -> list[str]:
    """Return the names of the files that are not the same, byte for byte."""
    pairs = zip(one.both, other.both, strict=True)
    return [a.name for a, b in pairs if a.name != b.name or a.read_bytes() != b.read_bytes()]


def _build(
    commit: str,
    folder: Path,
    environment: Mapping[str, str],
    umask: int,
    parts: Sequence[str] = (),
) -> Built:
    source, out = folder / "source", folder / "out"
    before = os.umask(umask)
    try:
        clone(commit, source)
    finally:
        os.umask(before)
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", *parts, "--outdir", str(out), "."],
        cwd=source,
        env={**os.environ, **environment, "SOURCE_DATE_EPOCH": str(time_of(commit))},
        umask=umask,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise BuildFailed(done.stdout)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return Built(source, wheel, sdist)
