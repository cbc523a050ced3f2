"""Build wheel and sdist of the newest commit, check them, and put them into dist/: `make dist`."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from packaging.version import Version
from rich.console import Console

from tests.cluster.findings import print_findings
from tests.command import begin
from tests.dist import commits, metadata, release
from tests.dist.building import BuildFailed, Built, build, build_elsewhere
from tests.dist.checks import checked, installable
from tests.dist.installed import tried

SEVERAL = 5


def main() -> int:
    """Run the command; 1 when something is not as it must be, 2 when nothing can be built."""
    options = _options()
    console = Console(width=options.width, highlight=False)
    say = begin(console)
    try:
        commit = commits.head()
        version = release.check(commits.read_commit(commit))
        say(_about(commit, version))
        with tempfile.TemporaryDirectory(prefix="dist-") as folder:
            here = Path(folder)
            say("Build it, and build it again elsewhere")
            built = build(commit, here / "one")
            again = build_elsewhere(commit, here / "other")
            say("Look into wheel and sdist, and at what they can be installed with")
            found = [*checked(built, again, version), *installable(built)]
            found += tried(here / "empty", built.wheel, version, say)
            is_fine = print_findings(console, f"{metadata.NAME} {version}", found)
            if is_fine:
                _keep(built, options.out, console)
    except (BuildFailed, commits.NoCommit, release.NotFit) as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        return 2
    return 0 if is_fine else 1


def _about(commit: str, version: Version) -> str:
    kind = "on the way to a release" if version.is_devrelease else "a release"
    text = f"Version {version}, {kind}, of commit {commit[:9]}"
    if names := commits.uncommitted():
        more = " …" if len(names) > SEVERAL else ""
        text += f"; without what is not committed: {', '.join(names[:SEVERAL])}{more}"
    return text


def _keep(built: Built, out: Path, console: Console) -> None:
    """Put both files where they are expected, in the place of older ones."""
    out.mkdir(parents=True, exist_ok=True)
    for pattern in ("*.whl", "*.tar.gz"):
        for older in out.glob(f"{metadata.NAME.replace('-', '_')}-{pattern}"):
            older.unlink()
    for file in built.both:
        shutil.copy(file, out)
        console.print(str(out / file.name), markup=False, soft_wrap=True)
    if missed := metadata.without_address(built):
        console.print(f"Before it goes to an index: {missed}", markup=False, soft_wrap=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make dist", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("dist"), help="where they go (%(default)s)"
    )
    parser.add_argument("--width", type=int, default=140)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
