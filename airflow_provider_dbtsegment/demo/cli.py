"""`dbtsegment-demo`: a real Airflow, a real dbt and both services, on this machine."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from .airflow_settings import USER
from .component import ComponentDied
from .local_airflow import LocalAirflow
from .progress import Progress
from .report import table, write_summary
from .run import FolderInUse, Result, own_folder, run_demo
from .scenarios import SCENARIOS

INTERRUPTED = 130
WIDTH = 100
FOLDER = Path(".demo")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo and return its exit status: 0 only when everything was as it should be."""
    options = parser().parse_args(arguments)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    try:
        with ending_on_signals(), own_folder(options.folder) as folder:
            return demonstrate(console, folder, options)
    except KeyboardInterrupt:
        console.print("Stopped; nothing is left running.")
        return INTERRUPTED
    except (ComponentDied, FolderInUse, TimeoutError, RuntimeError) as error:
        console.print(str(error), style="red", markup=False)
        return 1


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="dbtsegment-demo", description=__doc__)
    parser.add_argument(
        "--dags", type=Path, default=example_dags(), help="the folder of DAGs (the examples)"
    )
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="everything is written below it (%(default)s)"
    )
    parser.add_argument("--keep", action="store_true", help="leave the UI up until Ctrl-C")
    parser.add_argument("--scenario", choices=list(SCENARIOS), default="happy")
    return parser


def example_dags() -> Path:
    """Return the folder of the example DAGs: in the package, or beside it in a checkout."""
    here = Path(__file__).parent
    installed = here / "example_dags"
    return installed if installed.is_dir() else here.parents[1] / "example_dags"


def demonstrate(console: Console, folder: Path, options: argparse.Namespace) -> int:
    """Run a scenario, show it, write its summary and return the exit status."""
    scenario = SCENARIOS[options.scenario]
    progress = Progress(console)
    progress.say(f"Scenario {scenario.name}: {scenario.story}")

    summary = folder / "summary.json"
    summary.unlink(missing_ok=True)

    def conclude(result: Result) -> None:
        write_summary(summary, scenario.name, result.outcome, progress.seconds)
        show(console, result, progress)

    def finished(result: Result, airflow: LocalAirflow, sandbox: str) -> None:
        if options.keep:
            conclude(result)
            wait_for_interrupt(console, airflow, sandbox)

    result = run_demo(folder, options.dags, scenario, progress, finished)
    if not options.keep:
        conclude(result)
    return 1 if result.differences else 0


def show(console: Console, result: Result, progress: Progress) -> None:
    """Print the table, the reasons of failed tasks, and whether all is as it should be."""
    console.print(table(result.outcome, progress.parts, progress.seconds))
    for task in result.outcome.tasks.values():
        if task.reason:
            console.print(f"{task.task_id} failed:", style="bold")
            console.print(task.reason, markup=False, soft_wrap=True)
    if result.differences:
        console.print("Not as it should be:", style="bold red")
        for difference in result.differences:
            console.print(f"  {difference}", markup=False, soft_wrap=True)
        return
    for delivery in result.deliveries:
        console.print(
            f"{delivery.mapping_id}: the {delivery.expected} delivered rows are the rows that the "
            "model's query gives.",
            soft_wrap=True,
        )
    console.print("All of it is as it should be.", style="green")


def wait_for_interrupt(console: Console, airflow: LocalAirflow, sandbox: str) -> None:
    """Say where to look, and return at Ctrl-C."""
    console.print(f"Airflow:  {airflow.url}  user {USER}, password {airflow.secrets.password}")
    console.print(f"          (the password is also in {airflow.password_file})", soft_wrap=True)
    console.print(f"Sandbox:  {sandbox}")
    console.print("Ctrl-C ends all of it.")
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            airflow.check()
            time.sleep(1)


@contextlib.contextmanager
def ending_on_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit, so that all that runs is ended in order."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())
