"""Run pipelines through the cluster for an hour, and see what grows: `make soak`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from tests.cluster.findings import Finding, books, healthy, print_findings
from tests.cluster.standing import Standing, new_folder, standing, why_not
from tests.command import begin
from tests.soak.growth import growth
from tests.soak.pace import Soaked, soak


def main() -> int:
    """Run the command; 1 when something is not as it must be, 2 when it cannot be run."""
    options = _options()
    console = Console(width=options.width)
    if reason := why_not():
        console.print(reason)
        return 2
    say = begin(console)
    pipelines = round(options.minutes * options.rate)
    with new_folder(options.folder) as folder, standing(folder, pipelines, say) as scene:
        soaked = soak(scene, options.minutes, options.rate, say)
        found = list(_findings(soaked, 60 * options.minutes, scene))
    if options.samples:
        samples = [asdict(one) for one in soaked.vitals]
        Path(options.samples).write_text(json.dumps(samples, indent=1))
    title = f"{options.rate:g} pipelines a minute for {options.minutes:g} minutes"
    return 0 if print_findings(console, title, found) else 1


def _findings(soaked: Soaked, seconds: float, scene: Standing) -> Iterator[Finding]:
    yield from books(soaked.pipelines, soaked.seconds, scene.records, scene.account)
    yield Finding("most pipelines under way at once", f"{soaked.most_open}")
    words = ", ".join(soaked.restarted) or "none"
    yield Finding("services that had to start again", words, "none", not soaked.restarted)
    yield healthy(soaked.ailing)
    yield from growth(soaked.vitals, seconds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=20, help="pipelines a minute")
    parser.add_argument("--folder", help="a new folder, in which everything is kept")
    parser.add_argument("--samples", help="a file for all that was looked at, as JSON")
    parser.add_argument("--width", type=int, default=140)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
