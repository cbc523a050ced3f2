"""What was found, beside what must be found."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tests.cluster.account import RUN, SYNC, Account, Traffic
from tests.cluster.deaths import Death
from tests.cluster.play import Played
from tests.cluster.records import Records, Task
from tests.cluster.works import ROWS, SIDES


@dataclass(frozen=True)
class Finding:
    """
    A line of the table.

    :param wanted: In words, empty where nothing is asked.
    """

    what: str
    found: str
    wanted: str = ""
    is_fine: bool = True


def findings(played: Played, records: Records, account: Account) -> Iterator[Finding]:
    """Yield everything that is worth knowing."""
    yield from books(played.pipelines, played.seconds, records, account)
    yield from _deaths(played.deaths)
    yield healthy(played.ailing)


def books(count: int, seconds: float, records: Records, account: Account) -> Iterator[Finding]:
    """Yield what comes of comparing Airflow's books with those of the services."""
    # The books are closed first: nothing that is asked from now on counts.
    traffic, ends = account.traffic(), account.ends()
    tasks = records.tasks()
    done = records.pipelines()["success"]
    yield Finding("pipelines finished", f"{done} of {count}", f"{count}", done == count)
    runs = [task for task in tasks if task.name == "build"]
    syncs = [task for task in tasks if task.name != "build"]
    yield started("dbt Cloud runs started", runs, account.started(RUN), count)
    yield started("syncs started", syncs, account.started(SYNC), count * len(SIDES))
    rows, wanted = account.delivered(), count * len(SIDES) * ROWS
    yield Finding("rows delivered", f"{rows:,}", f"{wanted:,}", rows == wanted)
    again = Counter(task.tries for task in tasks if task.tries > 1)
    words = ", ".join(f"{number} took {tries}" for tries, number in sorted(again.items()))
    yield Finding("tasks that took more than one try", words or "none")
    yield from map(limit_kept, traffic)
    yield from resumptions(tasks, ends)
    yield Finding("seconds for all", f"{seconds:.0f}")
    yield Finding("pipelines a minute", f"{60 * done / seconds:.1f}")


def started(what: str, tasks: Sequence[Task], ledger: Sequence[str], count: int) -> Finding:
    """Compare what the services have started with what each task says that it has started."""
    own = [task.started for task in tasks if task.started is not None]
    is_fine = len(ledger) == count and sorted(ledger) == sorted(own)
    words = f"{len(ledger)}, {len(set(own) & set(ledger))} of them known by one task each"
    return Finding(what, words, f"{count}, one for each task", is_fine)


def healthy(ailing: Sequence[str]) -> Finding:
    return Finding("services healthy at the end", ", ".join(ailing) or "all", "all", not ailing)


def _deaths(of_all: Sequence[Death]) -> Iterator[Finding]:
    for kind, holding in (("worker", "tasks"), ("triggerer", "waits")):
        deaths = [death for death in of_all if death.service.startswith(kind)]
        words = ", ".join(
            f"{death.service} with {death.held} {holding}, after {death.after:.0f} s"
            for death in deaths
        )
        yield Finding(f"{kind} killed", words or "none", "one", len(deaths) == 1)


def limit_kept(traffic: Traffic) -> Finding:
    words = f"{traffic.busiest:,} of {traffic.requests:,} in all"
    if traffic.refused:
        words += f", {traffic.refused:,} refused (429)"
    return Finding(
        f"requests in the busiest minute, {traffic.endpoint}",
        words,
        f"at most {traffic.limit:,}, none refused",
        traffic.busiest <= traffic.limit and not traffic.refused,
    )


def resumptions(tasks: Iterable[Task], ends: Mapping[str, float]) -> Iterator[Finding]:
    """Yield how long after the end of its run or sync a task has gone on."""
    waits = sorted(
        task.ended - ends[task.started]
        for task in tasks
        if task.ended is not None and task.started in ends
    )
    if not waits:
        return
    for name, part in (("median", 0.5), ("99th percentile", 0.99), ("longest", 1.0)):
        value = waits[min(math.ceil(part * len(waits)), len(waits)) - 1]
        yield Finding(f"seconds from an end to the resumption, {name}", f"{value:.1f}")


def print_findings(console: Console, title: str, found: Sequence[Finding]) -> bool:
    """Print a table of it; return whether all is as it must be."""
    table = Table(title=title)
    for heading in ("what", "found", "must be"):
        table.add_column(heading, overflow="fold")
    for finding in found:
        style = "" if finding.is_fine else "red"
        table.add_row(finding.what, finding.found, finding.wanted, style=style)
    console.print(table)
    wrong = [finding.what for finding in found if not finding.is_fine]
    verdict = f"Not as it must be: {'; '.join(wrong)}." if wrong else "All is as it must be."
    console.print(verdict, style="red" if wrong else "")
    return not wrong
