"""A release is a tag and a line in the changelog; what does not fit is refused, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dist.commits import git, head, read_commit
from tests.dist.release import CHANGELOG, VERSION_FILE, Commit, NotFit, check

UNRELEASED = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A thing.\n"
RELEASED = "# Changelog\n\n## [1.2.0] - 2026-01-31\n\n### Added\n\n- A thing.\n"


def commit(version: str, changelog: str, tags: str = "", earlier: str = "") -> Commit:
    text = f'"""A package."""\n\n__version__ = "{version}"\n'
    return Commit(
        text, changelog, tuple(tags.split()), tuple(earlier.split()), tuple(earlier.split())
    )


@pytest.mark.parametrize(
    "fits",
    [
        commit("1.2.0.dev0", UNRELEASED),
        commit("1.2.0.dev0", UNRELEASED, earlier="v1.1.0 v1.1.0rc1"),
        commit("1.2.0.dev0", UNRELEASED, tags="nightly"),
        commit("1.2.0", RELEASED, "v1.2.0"),
        commit("1.2.0", "## [Unreleased]\n\n### Added\n\n" + RELEASED.partition("\n")[2], "v1.2.0"),
        commit("1.2.0rc1", "## [1.2.0rc1] - 2026-01-31\n\n- A thing.\n", "v1.2.0rc1"),
    ],
    ids=lambda one: one.version_file.split('"')[-2],
)
def test_what_fits_is_built(fits: Commit) -> None:
    assert str(check(fits)) in fits.version_file


@pytest.mark.parametrize(
    ("given", "reason", "remedy"),
    [
        (commit("1.2.0", UNRELEASED), "has entries under", "write `## [1.2.0] - "),
        (commit("1.2.0", UNRELEASED, "v1.2.0"), "has entries under", '"1.2.0.dev0"'),
        (commit("1.2.0", RELEASED), "no tag v1.2.0", "git tag --annotate v1.2.0 --message"),
        (commit("1.2.0", RELEASED, "v1.1.0"), "no tag v1.2.0", "git tag --annotate v1.2.0"),
        (commit("1.2.0", RELEASED, earlier="v1.2.0"), "on another commit", '"1.3.0.dev0"'),
        (commit("1.3.0", RELEASED, "v1.3.0"), "is 1.2.0", "write `## [1.3.0] - "),
        (commit("1.3.0", "# Changelog\n", "v1.3.0"), "is missing", "write `## [1.3.0] - "),
        (commit("1.2.0", "## [1.2.0]\n\n- A thing.\n", "v1.2.0"), "no day", "## [1.2.0] - "),
        (commit("1.2.0", "## [1.2.0] - 2026-02-30\n\n- A.\n", "v1.2.0"), "no day", "## [1.2.0] - "),
        (commit("1.2.0", "## [1.2.0] - 2026-01-31\n", "v1.2.0"), "tells nothing", "what is new"),
        (commit("1.2.0.dev0", UNRELEASED, "v1.2.0"), "has the tag v1.2.0", "move the tag"),
        (commit("1.2.0.dev0", RELEASED), "on the way", "`## [Unreleased]`"),
        (commit("1.2.0.dev0", UNRELEASED, earlier="v1.2.0"), "is released", '"1.3.0.dev0"'),
        (commit("one", UNRELEASED), "says no version", '"1.2.3.dev0"'),
        (commit("1.2.0-rc1", RELEASED), "as pip does", '"1.2.0rc1"'),
    ],
)
def test_what_does_not_fit_is_refused(given: Commit, reason: str, remedy: str) -> None:
    with pytest.raises(NotFit) as refusal:
        check(given)
    assert reason in str(refusal.value)
    assert remedy in str(refusal.value)


def test_following_the_messages_leads_to_a_release_and_on_from_it(tmp_path: Path) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    git("init", "--quiet", folder=tmp_path)
    (tmp_path / VERSION_FILE).parent.mkdir()

    def committed(version: str, changelog: str) -> None:
        (tmp_path / VERSION_FILE).write_text(f'__version__ = "{version}"\n')
        (tmp_path / CHANGELOG).write_text(changelog)
        git("add", ".", folder=tmp_path)
        git(*who, "commit", "--quiet", "--message", version, folder=tmp_path)

    def refusal() -> str:
        with pytest.raises(NotFit) as refused:
            check(read_commit(head(tmp_path), tmp_path))
        return str(refused.value)

    committed("1.2.0.dev0", UNRELEASED)
    assert check(read_commit(head(tmp_path), tmp_path)).is_devrelease
    committed("1.2.0", UNRELEASED)
    assert "has entries under" in refusal()
    committed("1.2.0", RELEASED)
    assert "git tag --annotate v1.2.0" in refusal()
    git(*who, "tag", "--annotate", "v1.2.0", "--message", "Version 1.2.0", folder=tmp_path)
    assert str(check(read_commit(head(tmp_path), tmp_path))) == "1.2.0"
    committed("1.2.0", f"{RELEASED}- Another.\n")
    assert "on another commit" in refusal()
    committed("1.2.1.dev0", UNRELEASED + RELEASED)
    assert str(check(read_commit(head(tmp_path), tmp_path))) == "1.2.1.dev0"
