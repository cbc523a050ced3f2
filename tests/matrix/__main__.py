"""Try the package on every version of Airflow that it supports: `make matrix`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.command import begin
from tests.matrix.check import LOOKS, Checked, check
from tests.matrix.environment import build_wheel
from tests.matrix.suites import Ran
from tests.matrix.versions import ROOT, VERSIONS

HEADINGS = ("version", "Airflow", "Python", "guards", "tests", "demo blocking", "demo deferred")
HEADINGS += ("pages, forms", "warnings", "seconds")


def main() -> int:
    """Run the command; 1 when something is not as it must be."""
    options = _options()
    console = Console(width=options.width)
    say = begin(console)
    wanted = [one for one in VERSIONS if options.only in (None, one.name)]
    if not wanted:
        console.print(f"There are {', '.join(one.name for one in VERSIONS)}.")
        return 2
    folder = Path(options.folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    wheel = build_wheel(folder)
    found = []
    for version in wanted:
        checked = check(version, wheel, folder / version.name, say)
        for problem in checked.problems:
            say(f"{version.name}: {problem}")
        found.append(checked)
    return 0 if print_checked(console, found) else 1


def print_checked(console: Console, found: Sequence[Checked]) -> bool:
    """Print all of it as a table; return whether all is as it must be."""
    table = Table(title="The package on every version of Airflow that it supports")
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading == "seconds" else "left")
    for checked in found:
        table.add_row(*_cells(checked), style="red" if checked.problems else "")
    console.print(table)
    for checked in found:
        if checked.tests and checked.tests.why_skipped:
            console.print(f"Skipped, {checked.version.name}: {_reasons(checked.tests)}.")
        for tested in (checked.guards, checked.tests):
            if tested and tested.again:
                names = ", ".join(tested.again)
                console.print(f"Passed when run again, {checked.version.name}: {names}.")
    wrong = [checked.version.name for checked in found if checked.problems]
    absent = [checked.version.name for checked in found if checked.absent]
    if wrong:
        console.print(f"Not as it must be: {', '.join(wrong)}.", style="red")
    elif absent:
        console.print(
            f"What was run is as it must be; not run: {', '.join(absent)}.", style="yellow"
        )
    else:
        console.print("All is as it must be.", style="green")
    return not wrong


def _cells(checked: Checked) -> list[str]:
    version = checked.version
    cells = [version.name, checked.airflow or "-", version.python]
    if checked.absent or checked.broken:
        return [*cells, checked.absent or "cannot be installed"]
    cells += ["-" if tested is None else str(tested) for tested in (checked.guards, checked.tests)]
    for look in LOOKS:
        problems = (checked.demo or {}).get(look)
        cells.append("-" if problems is None else f"{len(problems)} wrong" if problems else "good")
    if cells[-1] == "good":
        cells[-1] = "none"
    return [*cells, f"{checked.seconds:.0f}"]


def _reasons(tested: Ran) -> str:
    of_same_kind: Counter[str] = Counter()
    for reason, count in tested.why_skipped.items():
        of_same_kind[reason.removeprefix("Skipped: ")] += count
    return "; ".join(f"{reason} ({count})" for reason, count in of_same_kind.most_common())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make matrix", description=__doc__)
    parser.add_argument("--only", help="the name of one version, such as 3.1 or oldest")
    parser.add_argument("--folder", default=str(ROOT / ".matrix"), help="is kept for the next time")
    parser.add_argument("--width", type=int, default=140)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
