"""Run pipelines through the services of docker-compose.yaml, without containers: `make cluster`."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from tests.cluster.findings import findings, print_findings
from tests.cluster.play import play
from tests.cluster.standing import new_folder, standing, why_not
from tests.command import begin


def main() -> int:
    """Run the command; 1 when something is not as it must be, 2 when it cannot be run."""
    options = _options()
    console = Console(width=options.width)
    if reason := why_not():
        console.print(reason)
        return 2
    say = begin(console)
    with new_folder(options.folder) as folder, standing(folder, options.pipelines, say) as scene:
        played = play(scene, options.pipelines, say)
        found = list(findings(played, scene.records, scene.account))
    title = "Two workers, two triggerers, and the deaths of one each"
    return 0 if print_findings(console, title, found) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make cluster", description=__doc__)
    parser.add_argument("--pipelines", type=int, default=200)
    parser.add_argument("--folder", help="a new folder, in which everything is kept")
    parser.add_argument("--width", type=int, default=140)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
