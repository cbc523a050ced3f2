"""Run this part alone: `python -m tests.bench.real --tasks 500`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from tests.bench.document import print_table
from tests.bench.real.measure import QUICK, Size, measure_size
from tests.bench.real.shape import TASKS_A_RUN
from tests.bench.settings import Settings
from tests.chaos.database import why_not
from tests.command import begin


def main() -> int:
    """Run the command; 1 when a target is missed."""
    options = _options()
    console = Console(width=options.width)
    if reason := why_not():
        console.print(reason)
        return 2
    say = begin(console)
    size = QUICK if options.quick else Size()
    tasks, waits = _whole(options.tasks or size.tasks), _whole(options.waits or size.waits)
    size = replace(size, tasks=tasks, waits=max(waits, tasks))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        where = Path(options.folder or folder)
        figures = list(measure_size(Settings(where, quick=options.quick, say=say), size))
    print_table(console, figures)
    return 1 if any(figure.met is False for figure in figures) else 0


def _whole(tasks: int) -> int:
    """Return how many tasks whole DAG runs have."""
    return max(tasks // TASKS_A_RUN, 1) * TASKS_A_RUN


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.real", description=__doc__)
    parser.add_argument("--tasks", type=int, help="operator tasks that workers begin")
    parser.add_argument("--waits", type=int, help="operator tasks that wait then, in all")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, to see that it works")
    parser.add_argument("--folder", help="keep Airflow's files there")
    parser.add_argument("--width", type=int, default=180)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
