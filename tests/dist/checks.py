"""All that can be said of wheel and sdist without installing them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.version import Version
from rich.markup import escape

from tests.cluster.findings import Finding
from tests.dist import contents, metadata
from tests.dist.building import Built, differences
from tests.dist.emptiness import resolves


def checked(built: Built, again: Built, version: Version) -> Iterator[Finding]:
    """Yield what is found in them, and in comparing them with those that were built again."""
    yield finding("built twice", differences(built, again), "the same bytes")
    yield finding("contents of the sdist", contents.in_sdist(built), _size(built.sdist))
    in_wheel = contents.files_of_wheel(built.wheel)
    wrong = [*contents.in_wheel(built), *contents.missing(in_wheel)]
    yield finding("contents of the wheel", wrong, f"{len(in_wheel)} files, {_size(built.wheel)}")
    yield finding("metadata", metadata.in_metadata(built, version), "as they should be")
    yield finding("twine check --strict", metadata.refused_by_twine(built), "passed")


def installable(built: Built) -> Iterator[Finding]:
    """Yield whether there are packages to install it with, for every Python that it names."""
    told = metadata.read_metadata(contents.files_of_wheel(built.wheel))
    for python in metadata.pythons(told):
        reason = resolves(built.wheel, str(python))
        yield finding(f"installable on Python {python}", [reason] if reason else [], "yes")


def finding(what: str, complaints: Iterable[str], fine: str) -> Finding:
    """Make a finding of complaints, or of what is said when there are none."""
    found = list(complaints)
    return Finding(what, escape("\n".join(found)) or fine, is_fine=not found)


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1000:,.0f} kB"
