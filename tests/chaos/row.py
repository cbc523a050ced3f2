"""One row of the table: what goes wrong, where, and what has to come of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from airflow_provider_dbtsegment.sandbox.testing import Fault

OURS, COMMUNITY = "ours", "community"
DBT_CLOUD, SEGMENT = "dbt_cloud", "segment"
SYNCHRONOUS, DEFERRED = "synchronous", "deferred"
POKE, RESCHEDULE, DEFERRED_SENSOR = "poke sensor", "reschedule sensor", "deferred sensor"
SENSORS = (POKE, RESCHEDULE, DEFERRED_SENSOR)


class Kill(NamedTuple):
    """
    Where a process of a task is ended by SIGKILL, or stopped by SIGSTOP until an act continues it.

    :param worker: Whether its worker, the process above it, is meant too.
    :param task: Whether the task's own process is meant.
    :param freeze: Whether it is stopped instead of killed.
    """

    point: str
    worker: bool = False
    task: bool = True
    freeze: bool = False


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
    :param skew: By how many seconds the clock of the first attempt's worker is off.
    :param twice: Whether the first attempt is two processes that look at the same moment.
    :param proxy: The scheme of the service behind an HTTP proxy, or nothing where there is none.
    :param remembers: Whether there is a task state store, as from Airflow 3.3 on.
    :param shape: What the DAG is made of; the name of a shape in the DAG file.
    :param tasks: Into how many the task is mapped.
    :param edit: The task's arguments that the DAG file holds after it was edited.
    :param options: Further arguments of the task.
    :param variable: The value of the Airflow Variable that has the row's name.
    :param services: Which variant of the services' configuration is used.
    :param elsewhere: How everything that a second installation of the service has started has to
        end; nothing if there is none.
    :param ends: How everything that was started has to end, so also how much has to be started.
    :param state: How the task has to end.
    :param or_ends: The other way in which they may end, where two things race by nature.
    :param about: The works of what has to be started, in this order; any if not given.
    :param says: What has to be in the log of the last try; a regular expression.
    :param never: What must be in the log of no try.
    :param absent: XComs that must not be there at the end.
    :param hold: Seconds for which nothing more may happen after the end of the DAG run.
    :param patience: Seconds for the DAG run.
    :param idle: Whether it waits most of the time, so that many of them can go on at once.
    :param without_store: What is different where there is no task state store.
    :param on: What is different on versions of Airflow, such as ``{"<3.3": {"state": "failed"}}``.
    :param not_on: Why versions of Airflow cannot have the row.
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
    skew: float = 0.0
    twice: bool = False
    proxy: str | None = None
    remembers: bool = True
    shape: str = "one task"
    tasks: int = 1
    retries: int = 2
    retry_delay: float = 1.0
    options: Mapping[str, Any] = field(default_factory=dict)
    edit: Mapping[str, Any] = field(default_factory=dict)
    variable: str | None = None
    services: str = "plain"
    elsewhere: Sequence[str] | None = None
    ends: Sequence[str] = ("success",)
    or_ends: Sequence[str] | None = None
    about: Sequence[str] | None = None
    state: str = "success"
    says: str = ""
    never: str = ""
    absent: Sequence[str] = ()
    hold: float = 0.0
    patience: float = 300.0
    idle: bool = False
    without_store: Mapping[str, Any] = field(default_factory=dict)
    on: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    not_on: Mapping[str, str] = field(default_factory=dict)
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
        """Return what the DAG file needs, as JSON can hold it."""
        values = asdict(self)
        for name in ("faults", "without_store", "on", "not_on"):
            del values[name]
        return {**values, "name": self.name, "kill": self.kill._asdict() if self.kill else None}
