"""Run the whole table, or what is left of it, and print it: `make chaos`."""

from __future__ import annotations

import argparse
import logging
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console

from airflow_provider_dbtsegment.demo.installed import find_airflow
from tests.chaos import database
from tests.chaos.bed import Bed, InterruptedRun
from tests.chaos.leaks import leaks, searched
from tests.chaos.play import FINE, Result, play
from tests.chaos.report import memory, print_table, write_page
from tests.chaos.results import ROOT, STATE, Results, results_of
from tests.chaos.row import Row
from tests.chaos.rows import all_rows, community_rows
from tests.chaos.versions import on_version

#: What a shell gives for a program that was interrupted.
INTERRUPTED = 130


def main() -> int:
    """Run the command; 1 when a row is not as it should be."""
    options = _options()
    if options.airflow:
        _go_on_in(options.airflow)
    # Airflow's processes keep connections to services that are gone when their row is over.
    logging.getLogger("uvicorn.error").addFilter(lambda record: False)
    console = Console(width=options.width)
    installed = find_airflow(sys.executable)
    rows, left_out = on_version(all_rows(), installed.version)
    if options.compare:
        rows += community_rows(rows)
    rows = [row for row in rows if re.search(options.only, row.name)]
    results = results_of(installed.release)
    if options.page:
        write_page(Path(options.write))
        return 0
    if reason := database.why_not():
        console.print(reason)
        return 2
    for name, why in left_out.items():
        console.print(f"Left out: {name}: {why}.", highlight=False)
    wanted = [row for row in rows if options.again or not results.is_done(row)]
    if len(wanted) < len(rows):
        console.print(f"{len(rows) - len(wanted)} of {len(rows)} rows are done already.")
    folder = Path(options.folder or _folder())
    try:
        found = _run(folder, wanted, options.at_once, console, results)
    finally:
        if not options.folder:
            shutil.rmtree(folder, ignore_errors=True)
    kept = [(row, one) for row in rows if (one := results.of(row))]
    print_table(console, kept)
    fine = sum(one.is_fine for _, one in kept)
    console.print(f"{fine} of {len(rows)} rows are as they should be.")
    for place in found:
        console.print(f"A token is in {place}.", style="red")
    if not options.only:
        write_page(Path(options.write))
    return 1 if fine < len(rows) or found else 0


def _run(
    folder: Path, rows: Sequence[Row], at_once: int, console: Console, results: Results
) -> list[str]:
    """Run rows in a bed of their own, and return where tokens are."""
    if not rows:
        return []
    began, done = time.monotonic(), 0

    def tell(result: Result) -> None:
        nonlocal done
        done += 1
        results.add(result)
        row = result.row
        words = f"{row.provider}, {row.service}, {memory(row)}, {row.point}: {row.fault}"
        console.print(
            f"{time.monotonic() - began:5.0f} s {done:3}/{len(rows)} {words} "
            f"({result.seconds:.0f} s): {len(result.started)} started, {result.state}: "
            f"{result.verdict}",
            style="" if result.verdict == FINE else "red",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        if result.verdict != FINE and result.message:
            console.print(f"       {result.message}", highlight=False, markup=False, soft_wrap=True)

    shutil.rmtree(folder, ignore_errors=True)
    with database.own_database("dbtsegment_chaos") as url:
        bed = Bed(folder, rows, url)
        with _stopped_by_signals(bed), bed.running():
            play(bed, rows, at_once=at_once, tell=tell)
            found = leaks(bed)
            console.print(f"Searched {searched(bed)} for tokens.")
    return found


@contextmanager
def _stopped_by_signals(bed: Bed) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the run; a second one finds everything being stopped already."""

    def stop(number: int, frame: FrameType | None) -> None:
        for one in before:
            signal.signal(one, signal.SIG_IGN)
        bed.stopping.set()
        raise InterruptedRun

    before = {one: signal.signal(one, stop) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _go_on_in(name: str) -> None:
    """Go on with the Python of another version's environment."""
    from tests.chaos.environment import environment_of

    python = str(environment_of(name).python)
    arguments = [one for one in sys.argv[1:] if one != f"--airflow={name}"]
    if "--airflow" in arguments:
        where = arguments.index("--airflow")
        del arguments[where : where + 2]
    os.chdir(ROOT)
    os.execv(python, [python, "-W", "ignore", "-m", "tests.chaos", *arguments])  # noqa: S606


def _folder() -> Path:
    """Return where Airflow's files are, without those of runs that were killed."""
    STATE.mkdir(exist_ok=True)
    for old in STATE.glob("run-*"):
        if not Path(f"/proc/{old.name.removeprefix('run-')}").exists():
            shutil.rmtree(old, ignore_errors=True)
    return STATE / f"run-{os.getpid()}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--airflow", help="in the environment of another version, such as 2.11")
    parser.add_argument("--only", default="", help="rows whose name matches, such as segment")
    parser.add_argument("--again", action="store_true", help="rows that are done, too")
    parser.add_argument("--at-once", type=int, default=8, help="rows at the same time")
    parser.add_argument("--compare", action="store_true", help="the community's operator too")
    parser.add_argument("--page", action="store_true", help="only write the page, from results")
    parser.add_argument("--write", default=str(ROOT / "docs" / "chaos.md"), help="the page")
    parser.add_argument("--folder", help="where Airflow's files are")
    parser.add_argument("--width", type=int, default=200)
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InterruptedRun:
        print("Interrupted; what is done is kept.", file=sys.stderr)
        sys.exit(INTERRUPTED)
