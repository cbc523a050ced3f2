"""What was found, beside what must be found."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.cluster.account import RUN, SYNC, Account, Traffic
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
    # The books are closed first: nothing that is asked from now on counts.
    traffic, ends = account.traffic(), account.ends()
    tasks = records.tasks()
    pipelines, count = records.pipelines(), played.pipelines
    done = pipelines["success"]
    yield Finding("pipelines finished", f"{done} of {count}", f"{count}", done == count)
    runs = [task for task in tasks if task.name == "build"]
    syncs = [task for task in tasks if task.name != "build"]
    yield started("dbt Cloud runs started", runs, account.started(RUN), count)
    yield started("syncs started", syncs, account.started(SYNC), count * len(SIDES))
    rows, wanted = account.delivered(), count * len(SIDES) * ROWS
    yield Finding("rows delivered", f"{rows:,}", f"{wanted:,}", rows == wanted)
    yield from _deaths(played)
    again = Counter(task.tries for task in tasks if task.tries > 1)
    words = ", ".join(f"{number} took {tries}" for tries, number in sorted(again.items()))
    yield Finding("tasks that took more than one try", words or "none")
    yield from map(limit_kept, traffic)
    yield from resumptions(tasks, ends)
    yield Finding("seconds for all", f"{played.seconds:.0f}")
    yield Finding("pipelines a minute", f"{60 * done / played.seconds:.1f}")


def started(what: str, tasks: Sequence[Task], ledger: Sequence[str], count: int) -> Finding:
    """Compare what the services have started with what each task says that it has started."""
    own = [task.started for task in tasks if task.started is not None]
    is_fine = len(ledger) == count and sorted(ledger) == sorted(own)
    words = f"{len(ledger)}, {len(set(own) & set(ledger))} of them known by one task each"
    return Finding(what, words, f"{count}, one for each task", is_fine)


def _deaths(played: Played) -> Iterator[Finding]:
    for kind, holding in (("worker", "tasks"), ("triggerer", "waits")):
        deaths = [death for death in played.deaths if death.service.startswith(kind)]
        words = ", ".join(
            f"{death.service} with {death.held} {holding}, after {death.after:.0f} s"
            for death in deaths
        )
        yield Finding(f"{kind} killed", words or "none", "one", len(deaths) == 1)
    words = ", ".join(played.ailing) or "all"
    yield Finding("services healthy at the end", words, "all", not played.ailing)


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
