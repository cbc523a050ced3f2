"""One row of the table: what goes wrong, where, and what has to come of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from airflow_provider_dbtsegment.sandbox.testing import Fault

OURS, COMMUNITY = "ours", "community"
DBT_CLOUD, SEGMENT = "dbt_cloud", "segment"
SYNCHRONOUS, DEFERRED = "synchronous", "deferred"
POKE, RESCHEDULE, DEFERRED_SENSOR = "poke sensor", "reschedule sensor", "deferred sensor"
SENSORS = (POKE, RESCHEDULE, DEFERRED_SENSOR)


class Kill(NamedTuple):
    """Where a process of a task ends itself by SIGKILL, and whether its worker goes with it."""

    point: str
    worker: bool = False


@dataclass(frozen=True)
class Row:
    """
    What goes wrong, and what has to come of it.

    :param fault: What goes wrong, in words.
    :param point: When.
    :param work: The job or mapping: `quick`, `lasting`, `long`, `endless` or `broken`.
    :param faults: What the services do to requests.
    :param kill: The point at which the task's process is killed, on its first try.
    :param act: What a person or a power cut does; the name of an act in :mod:`.acts`.
    :param clock: By how many seconds the services' clock is off.
    :param remembers: Whether there is a task state store, as from Airflow 3.3 on.
    :param tasks: Into how many the task is mapped.
    :param ends: How everything that was started has to end, so also how much has to be started.
    :param state: How the task has to end.
    :param or_ends: The other way in which they may end, where two things race by nature.
    :param says: What has to stand in the log of the last try.
    """

    fault: str
    point: str
    service: str
    mode: str
    work: str = "quick"
    faults: Sequence[Fault] = ()
    kill: Kill | None = None
    act: str | None = None
    clock: float = 0.0
    remembers: bool = True
    tasks: int = 1
    retries: int = 2
    options: Mapping[str, Any] = field(default_factory=dict)
    ends: Sequence[str] = ("success",)
    or_ends: Sequence[str] | None = None
    state: str = "success"
    says: str = ""
    provider: str = OURS

    @property
    def name(self) -> str:
        """The id of its DAG and of its connection."""
        memory = "" if self.remembers else " without memory"
        words = f"{self.provider} {self.service} {self.mode} {self.point} {self.fault}{memory}"
        return re.sub(r"\W+", "_", words).strip("_").lower()

    @property
    def started(self) -> int:
        """How much has to be started."""
        return len(self.ends)

    @property
    def is_sensor(self) -> bool:
        """Whether the task only waits for what the bed has started."""
        return self.mode in SENSORS

    def as_dict(self) -> dict[str, Any]:
        """Return what the DAG file needs."""
        return {
            "name": self.name,
            "provider": self.provider,
            "service": self.service,
            "mode": self.mode,
            "work": self.work,
            "kill": self.kill._asdict() if self.kill else None,
            "remembers": self.remembers,
            "tasks": self.tasks,
            "retries": self.retries,
            "options": dict(self.options),
        }
