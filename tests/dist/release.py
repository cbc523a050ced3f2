"""Whether a commit is a release, with its tag and its section of the changelog, or before one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from packaging.version import InvalidVersion, Version

#: Where the version stands, and nowhere else.
VERSION_FILE = "airflow_provider_dbtsegment/__init__.py"
CHANGELOG = "CHANGELOG.md"
UNRELEASED = "Unreleased"

_VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
_SECTION = re.compile(r"^## \[(.+?)\](.*)$", re.MULTILINE)
_DATE = re.compile(r"^ - (\d{4}-\d{2}-\d{2})$")


class NotFit(RuntimeError):
    """Version, tag and changelog contradict each other; the message says what to do."""


@dataclass(frozen=True)
class Section:
    """A version of the changelog, with what stands behind its name, and its entries."""

    name: str
    behind: str
    entries: str


@dataclass(frozen=True)
class Commit:
    """
    What decides whether a commit is a release.

    :param tags: the tags of this very commit.
    :param earlier_tags: the tags of the commits that it comes from.
    :param other_tags: the tags of all other commits, also of those.
    """

    version_file: str
    changelog: str
    tags: tuple[str, ...] = ()
    earlier_tags: tuple[str, ...] = ()
    other_tags: tuple[str, ...] = ()


def version_of(commit: Commit) -> Version:
    """
    Return the version that a commit says it is.

    :raises NotFit: when it says none, or one that is none.
    """
    found = _VERSION.search(commit.version_file)
    try:
        version = Version(found[1] if found else "")
    except InvalidVersion:
        raise NotFit(
            f'{VERSION_FILE} says no version: write __version__ = "1.2.3" for a release, '
            '"1.2.3.dev0" on the way to it.'
        ) from None
    if found is None or str(version) != found[1]:
        raise NotFit(f'{VERSION_FILE}: write __version__ = "{version}", as pip does.')
    return version


def check(commit: Commit) -> Version:
    """
    Return the version of a commit whose tag and changelog fit it.

    :raises NotFit: when they do not.
    """
    version = version_of(commit)
    if version.is_devrelease:
        _check_development(version, commit)
    else:
        _check_changelog(version, commit)
        _check_tag(version, commit)
    return version


def _check_development(version: Version, commit: Commit) -> None:
    if tags := _versions(commit.tags):
        raise NotFit(
            f"This commit has the tag {_tag(tags[0])}, but {VERSION_FILE} says {version}. If it is "
            f'the release, write __version__ = "{tags[0]}" there, head the changelog\'s section '
            f"`## [{tags[0]}] - {date.today()}`, commit both and move the tag: "
            f"git tag --force {_tag(tags[0])}"
        )
    newest = max(_versions(commit.earlier_tags), default=None)
    if newest is not None and version < newest:
        raise NotFit(
            f"{newest} is released, but {VERSION_FILE} says {version}: write the one that comes "
            f'next there, such as __version__ = "{_next(newest)}".'
        )
    sections = _sections(commit.changelog)
    if not sections or sections[0].name != UNRELEASED:
        raise NotFit(
            f"{version} is on the way to a release: begin {CHANGELOG} with `## [{UNRELEASED}]`."
        )


def _check_changelog(version: Version, commit: Commit) -> None:
    sections = _sections(commit.changelog)
    heading = f"## [{version}] - {date.today()}"
    if sections and sections[0].name == UNRELEASED:
        if sections[0].entries:
            raise NotFit(
                f"{VERSION_FILE} says {version}, but {CHANGELOG} has entries under "
                f"`## [{UNRELEASED}]`. If this is the release, write `{heading}` above them; if "
                f'not, write __version__ = "{version}.dev0".'
            )
        sections = sections[1:]
    if not sections or sections[0].name != str(version):
        raise NotFit(
            f"{VERSION_FILE} says {version}, but the newest version of {CHANGELOG} is "
            f"{sections[0].name if sections else 'missing'}: write `{heading}` above what is new."
        )
    if not _is_date(sections[0].behind):
        raise NotFit(f"{CHANGELOG} tells no day of {version}: write `{heading}`.")
    if not sections[0].entries:
        raise NotFit(f"{CHANGELOG} tells nothing of {version}: write what is new in it.")


def _check_tag(version: Version, commit: Commit) -> None:
    tag = _tag(version)
    if tag in commit.tags:
        return
    if tag in commit.other_tags:
        raise NotFit(
            f"{version} is released: its tag {tag} is on another commit. To go on from there, "
            f'write __version__ = "{_next(version)}" in {VERSION_FILE}, and begin {CHANGELOG} with '
            f"`## [{UNRELEASED}]`. To build it again: git switch --detach {tag}"
        )
    raise NotFit(
        f"{VERSION_FILE} says {version}, but this commit has no tag {tag}. If it is the release: "
        f"git tag --annotate {tag} --message 'Version {version}'. If the tag is elsewhere: git "
        f'fetch --tags. If it is none: write __version__ = "{version}.dev0".'
    )


def _tag(version: Version) -> str:
    return f"v{version}"


def _next(version: Version) -> str:
    return f"{version.major}.{version.minor + 1}.0.dev0"


def _versions(tags: Iterable[str]) -> list[Version]:
    """Return the versions that tags stand for."""
    return [Version(tag[1:]) for tag in tags if re.fullmatch(r"v\d+(\.\d+)*((a|b|rc)\d+)?", tag)]


def _sections(changelog: str) -> list[Section]:
    """Return the versions of a changelog in their order."""
    found = list(_SECTION.finditer(changelog))
    starts = [*(one.start() for one in found), len(changelog)]
    return [
        Section(one[1], one[2], _entries(changelog[one.end() : starts[number]]))
        for number, one in enumerate(found, start=1)
    ]


def _entries(text: str) -> str:
    """Return a section without what is no entry: headings, and addresses of links."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not re.match(r"#|\[.+\]: ", line))


def _is_date(text: str) -> bool:
    found = _DATE.match(text)
    try:
        return found is not None and bool(date.fromisoformat(found[1]))
    except ValueError:
        return False
