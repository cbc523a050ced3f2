"""Run the whole table and print it: `make chaos`."""

from __future__ import annotations

import argparse
import logging
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from tests.chaos import database
from tests.chaos.bed import Bed
from tests.chaos.leaks import leaks, searched
from tests.chaos.play import FINE, Result, play
from tests.chaos.report import document, memory, print_table
from tests.chaos.row import Row
from tests.chaos.rows import all_rows, community_rows


def main() -> int:
    """Run the command; 1 when a row is not as it should be."""
    options = _options()
    # Airflow's processes keep connections to services that are gone when their row is over.
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    console = Console(width=options.width)
    if reason := database.why_not():
        console.print(reason)
        return 2
    rows = [row for row in all_rows() if re.search(options.only, row.name)]
    theirs = community_rows(rows) if options.compare else []
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        results = run(Path(options.folder or folder), [*rows, *theirs], options.at_once, console)
    ours = [result for result in results[0] if result.row in rows]
    print_table(console, ours)
    wrong = [result for result in ours if result.verdict != FINE]
    console.print(f"{len(ours) - len(wrong)} of {len(ours)} rows are as they should be.")
    for place in results[1]:
        console.print(f"A token stands in {place}.", style="red")
    if options.compare:
        others = {row.name: result for row, result in _pairs(rows, results[0])}
        versions = ", ".join(
            f"{name} {version(name)}"
            for name in ("apache-airflow", "apache-airflow-providers-dbt-cloud")
        )
        Path(options.write).write_text(document(ours, others, f"Run with {versions}."))
    return 1 if wrong or results[1] else 0


def run(
    folder: Path, rows: Sequence[Row], at_once: int, console: Console
) -> tuple[list[Result], list[str]]:
    """Run rows in a bed of their own; return the results and where tokens stand."""
    began, done = time.monotonic(), 0

    def tell(result: Result) -> None:
        nonlocal done
        done += 1
        row = result.row
        words = f"{row.provider}, {row.service}, {memory(row)}, {row.point}: {row.fault}"
        console.print(
            f"{time.monotonic() - began:5.0f} s {done:3}/{len(rows)} {words}: "
            f"{len(result.started)} started, {result.state}: {result.verdict}",
            style="" if result.verdict == FINE else "red",
            highlight=False,
        )
        if result.verdict != FINE and result.message:
            console.print(f"       {result.message}", highlight=False)

    with database.own_database("dbtsegment_chaos") as url, Bed(folder, rows, url).running() as bed:
        results = play(bed, rows, at_once=at_once, tell=tell)
        found = leaks(bed)
        console.print(f"Searched {searched(bed)} for tokens.")
    return results, found


def _pairs(rows: Sequence[Row], results: Sequence[Result]) -> list[tuple[Row, Result]]:
    by_name = {result.row.name: result for result in results}
    pairs = []
    for row in rows:
        for other in community_rows([row]):
            pairs.append((row, by_name[other.name]))
    return pairs


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--only", default="", help="rows whose name matches, such as segment")
    parser.add_argument("--at-once", type=int, default=8, help="rows at the same time")
    parser.add_argument("--compare", action="store_true", help="the community's operator too")
    parser.add_argument("--write", default="docs/chaos.md", help="where --compare writes")
    parser.add_argument("--folder", help="keep Airflow's files there")
    parser.add_argument("--width", type=int, default=200)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
