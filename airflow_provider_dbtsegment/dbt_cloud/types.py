"""The few shapes of dbt Cloud's answers that this package reads."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any, TypedDict

from airflow_provider_dbtsegment.exceptions import ConfigurationError
from airflow_provider_dbtsegment.launching.protocol import CancelledBy
from airflow_provider_dbtsegment.outcomes import Outcome


class RunStatus(IntEnum):
    """The status of a run or of a step of a run."""

    QUEUED = 1
    STARTING = 2
    RUNNING = 3
    SUCCESS = 10
    ERROR = 20
    CANCELLED = 30

    @property
    def is_terminal(self) -> bool:
        """Whether the run has ended."""
        return self in _OUTCOMES

    @property
    def label(self) -> str:
        """The status as a word."""
        return self.name.lower()

    @classmethod
    def codes(cls, statuses: int | str | Iterable[int | str] | None) -> list[int] | None:
        """
        Return the numbers of statuses that are given as numbers or words, one or several.

        :raises ConfigurationError: When a word is no status.
        """
        if statuses is None:
            return None
        if isinstance(statuses, (int, str)):
            statuses = [statuses]
        try:
            return [
                cls[status.strip().upper()].value if isinstance(status, str) else int(status)
                for status in statuses
            ]
        except KeyError as error:
            words = ", ".join(status.label for status in cls)
            raise ConfigurationError(f"{error} is no status of a run; use {words}.") from None


_OUTCOMES = {
    RunStatus.SUCCESS: Outcome.SUCCESS,
    RunStatus.ERROR: Outcome.FAILED,
    RunStatus.CANCELLED: Outcome.CANCELLED,
}


class RunTrigger(TypedDict, total=False):
    """Why a run was started."""

    cause: str


class RunStep(TypedDict, total=False):
    """One command of a run."""

    id: int
    index: int
    name: str
    status: int
    status_humanized: str
    logs: str | None
    duration: str | None


class _Known(TypedDict):
    """What is read by its id must have one."""

    id: int


class Job(_Known, total=False):
    """A job."""

    account_id: int
    project_id: int
    environment_id: int
    name: str
    execute_steps: list[str]


class Run(_Known, total=False):
    """A run of a job."""

    account_id: int
    project_id: int
    environment_id: int
    job_definition_id: int
    status: int
    status_message: str | None
    is_complete: bool
    created_at: str | None
    started_at: str | None
    finished_at: str | None
    duration: str | None
    run_duration: str | None
    href: str | None
    trigger: RunTrigger | None
    job: Job | None
    run_steps: list[RunStep] | None
    can_retry: bool | None
    retry_not_supported_reason: str | None
    retrying_run_id: int | None
    audit: dict[str, Any] | None


def cancelled_by(run: Run) -> CancelledBy:
    """
    Return who cancelled a run that was read with its ``audit``.

    The actor that triggered the run is this deployment, whose token it used. A cancellation without
    an actor is dbt Cloud's own: no resources, the job's run timeout, or a newer run.
    """
    audit = run.get("audit")
    if not isinstance(audit, dict):
        return CancelledBy.UNKNOWN
    actor = _actor(audit, "cancellation")
    if actor is None:
        return CancelledBy.SERVICE
    return CancelledBy.US if actor == _actor(audit, "trigger") else CancelledBy.PERSON


def _actor(audit: dict[str, Any], what: str) -> tuple[Any, Any] | None:
    event = audit.get(what)
    actor = event.get("actor") if isinstance(event, dict) else None
    if not isinstance(actor, dict) or actor.get("id") is None:
        return None
    return actor.get("type"), actor["id"]


def outcome(run: Run) -> Outcome | None:
    """
    Return how a run ended, or `None` while it goes on.

    Only the status that means success succeeds; a status that nobody knows yet is a failure if the
    run has ended with it. What is no status at all says nothing of the end.
    """
    code = run.get("status")
    if type(code) is not int:
        return None
    if code in _OUTCOMES:
        return _OUTCOMES[RunStatus(code)]
    if code in RunStatus.__members__.values():
        return None
    return Outcome.FAILED if run.get("is_complete") or run.get("finished_at") else None


def status_label(code: Any) -> str:
    """Return a status as a word, also one that is not known yet."""
    if type(code) is int and code in RunStatus.__members__.values():
        return RunStatus(code).label
    return f"unknown ({code})"
