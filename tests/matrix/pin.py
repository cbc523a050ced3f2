"""Write the constraints anew, with what there is today: `make matrix-pins`."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.matrix.environment import uv
from tests.matrix.versions import VERSIONS, Version


def pins(version: Version) -> str:
    """
    Return the constraints of a version: a line for each distribution.

    :raises InstallationFailed: With what uv says, when there is nothing that fits.
    """
    with tempfile.TemporaryDirectory() as folder:
        asked, besides = Path(folder, "asked.txt"), Path(folder, "besides.in")
        asked.write_text("\n".join(version.asks))
        besides.write_text("\n".join(version.besides))
        how = ["--resolution", "lowest-direct"] if version.is_oldest else []
        what = ["--extra", "sandbox", "--group", "test", "--constraint", str(asked)]
        form = ["--no-annotate", "--no-header", "--python-version", version.python]
        sources = ["pyproject.toml", str(besides)]
        told = uv("pip", "compile", *form, *how, *what, *sources, must=True).stdout
    return "".join(line for line in told.splitlines(keepends=True) if "==" in line)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="make matrix-pins", description=__doc__)
    parser.add_argument("--only", help="the name of one version, such as 3.1 or oldest")
    parser.add_argument("--folder", type=Path, help="write there, in place of those in use")
    options = parser.parse_args()
    for version in VERSIONS:
        if options.only in (None, version.name):
            folder = options.folder or version.constraints.parent
            path = folder / version.constraints.name
            before, after = version.constraints.read_text(), pins(version)
            path.write_text(after)
            changed = set(after.split()) - set(before.split())
            print(f"{version.name}: {', '.join(sorted(changed)) or 'nothing new'}")


if __name__ == "__main__":
    main()
