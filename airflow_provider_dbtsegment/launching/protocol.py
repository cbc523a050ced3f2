"""What the launch code needs of a service, of an attempt, and of a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

from airflow_provider_dbtsegment.launching.marker import Marker
from airflow_provider_dbtsegment.outcomes import Outcome

K = TypeVar("K", int, str)

#: Seconds for which a start waits for its turn by default.
START_TIMEOUT = 3600.0


class CancelledBy(str, Enum):
    """Who cancelled a run or a sync."""

    US = "us"
    PERSON = "person"
    SERVICE = "service"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PriorRun(Generic[K]):
    """
    A run or sync that an earlier attempt started, or may have started.

    :param outcome: Its outcome, or `None` while it is running.
    :param attempt: The attempt that started it, where a marker or a record says so.
    :param max_tries: Airflow's `max_tries` at that time, where a marker or a record says so.
    :param digest: The digest of the work, where a marker or a record says so.
    :param began: When it began, in seconds since the epoch by the service's clock, if known.
    """

    id: K
    outcome: Outcome | None
    attempt: int | None = None
    max_tries: int | None = None
    digest: str | None = None
    began: float | None = None


class StateStore(Protocol):
    """A store that outlives an attempt: Airflow's task state store (from Airflow 3.3 on)."""

    def get(self, key: str) -> Any:
        """Return a value, or `None`. An attempt that is over gets `None`."""

    def set(self, key: str, value: Any) -> None:
        """Store a value. Raises for an attempt that is over."""


@dataclass(frozen=True)
class Attempt:
    """
    One attempt of a task instance, as Airflow knows it.

    :param marker: Its marker, which holds the attempt's number and `max_tries`.
    :param store: Airflow's task state store, if this version has one.
    :param store_key: The key of this operator's launch records in the store.
    :param execution: The number of earlier executions of the same work within this attempt.
    :param may_be_cleared: Whether the number, `max_tries` and the task's current `retries` look
        like the first attempt after a clear. It is only a hint: `retries` may have been edited.
    :param is_only_launch: Whether the operator is the task itself, which starts one thing.
    :param is_current: Asks Airflow whether this attempt is still the running one; for versions
        without a store. Raises if Airflow does not say.
    :param first_attempt_began: When the first attempt began or some time before, in seconds since
        the epoch by Airflow's clock, if known.
    :param previous_attempt_ended: When Airflow took the previous attempt for over, by the same
        clock, if known.
    :param dag_run_was_cleared: Whether tasks of the DAG run were cleared: then its beginning does
        not tell runs of this DAG run from those of a deleted one with the same id.
    :param deployments: Fingerprints of the deployment's identity, and of its previous ones.
    """

    marker: Marker
    store: StateStore | None = None
    store_key: str = "dbtsegment_launch"
    execution: int = 0
    may_be_cleared: bool = False
    is_only_launch: bool = True
    is_current: Callable[[], bool] = lambda: True
    first_attempt_began: float | None = None
    previous_attempt_ended: float | None = None
    dag_run_was_cleared: bool = True
    deployments: tuple[str, ...] = ("",)

    @property
    def number(self) -> int:
        """The number of the attempt, from 1."""
        return self.marker.attempt


class Origin(str, Enum):
    """How a run came about that the task waits for."""

    STARTED = "started"
    RESUMED = "resumed from the point of failure of an earlier attempt's run"
    ADOPTED = "adopted from an earlier attempt, still running"
    SUCCEEDED = "adopted from an earlier attempt, already succeeded"
    REUSED = "already running, reused as configured"
    RECOVERED = "started; the answer to the start was lost"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Launch(Generic[K]):
    """What the task waits for, and how it came about."""

    id: K
    origin: Origin


@dataclass(frozen=True)
class LaunchOptions:
    """
    What a user chose.

    :param resume_failed: Resume an earlier attempt's failed run from its point of failure.
    :param reuse_active: Wait for a run that is already running, whoever started it.
    :param retry_cancelled: Start again after a person cancelled an earlier attempt's run.
    :param cancel_on_kill: Whether a killed attempt cancels its run.
    :param waits: Whether the attempt waits for the outcome.
    :param ends_in_triggerer: Whether a success may end the task where no record can be written.
    :param start_timeout: For how many seconds a start waits for its turn.
    """

    resume_failed: bool = False
    reuse_active: bool = False
    retry_cancelled: bool = False
    cancel_on_kill: bool = False
    waits: bool = True
    ends_in_triggerer: bool = False
    start_timeout: float = START_TIMEOUT


class Launcher(Protocol[K]):
    """How a service starts a piece of work, and finds what was started."""

    #: What is started and where a person sees it, for messages: "A run of dbt Cloud job 5".
    what: str
    where: str
    #: The service's name for messages, and the words for what is started: "run" or "sync".
    service: str
    noun: str
    #: Whether a start carries the marker, so that it can be told from anybody else's.
    is_marked: bool

    @property
    def work(self) -> Mapping[str, str | int]:
        """
        Return what is started: the service, its account, and the job or the mapping.

        The key ``origin`` names the host. It does not tell one work from another.
        """

    @property
    def key(self) -> str:
        """Return the work, without the origin, as one string."""

    def describe_marker(self, marker: Marker) -> str:
        """Return how a person recognizes what an attempt has started."""

    def baseline(self) -> Any:
        """Return what exists before the start and could be mistaken for it; it is recorded."""

    def submit(self, marker: Marker, before_first_byte: Callable[[], None]) -> K:
        """
        Send the start once, on a new connection.

        :param before_first_byte: Called directly before the request is written; if it raises,
            nothing is sent.
        """

    def can_resume(self, failed: K) -> bool:
        """Return whether the service can go on from where a run failed."""

    def submit_resume(self, failed: K, marker: Marker, before_first_byte: Callable[[], None]) -> K:
        """Send the start of a run that goes on from where another one failed, once."""

    def find(self, baseline: Any, since: float | None) -> Sequence[PriorRun[K]]:
        """
        Return what this task instance has started, or may have started, newest first.

        :param baseline: What existed before the start, or `None` if that is not known.
        :param since: Seconds since the epoch before which nothing was started, if known.
        :raises RequestError: If the answer is incomplete, or does not show what it has to.
        """

    def outcome(self, id: K) -> Outcome | None:
        """Return the outcome of a run or sync of this work, or `None` while it is running."""

    def find_active(self) -> K | None:
        """Return a running run or sync of the same work, whoever started it."""

    def is_busy(self, error: Exception) -> bool:
        """Return whether a start was refused because one is running that has to end first."""

    def cancelled_by(self, id: K) -> CancelledBy:
        """
        Return who cancelled something, as far as the service says.

        :raises RequestError: If the service cannot be asked.
        """

    def server_time(self) -> float | None:
        """Return the time by the service's clock in seconds since the epoch, if it has told."""

    def of(self, work: Mapping[str, Any]) -> Launcher[K] | None:
        """Return the launcher of other work that the same connection reaches, if it does."""

    def is_same(self, id: K, marker: str | None) -> bool:
        """Return whether an id, recorded under another origin, is the same run here."""

    def cancel(self, id: K) -> None:
        """Cancel a run or sync of this work."""
