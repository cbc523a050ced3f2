"""Start runs of a dbt Cloud job, and find them again by the marker in their cause."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.dbt_cloud.job_triggers import MAX_CAUSE
from airflow_provider_dbtsegment.dbt_cloud.types import Run, cancelled_by, outcome
from airflow_provider_dbtsegment.exceptions import AnswerLostError, NotFoundError
from airflow_provider_dbtsegment.launching.marker import Marker
from airflow_provider_dbtsegment.launching.protocol import CancelledBy, PriorRun
from airflow_provider_dbtsegment.outcomes import Outcome, seconds_of

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi

log = logging.getLogger(__name__)

#: How many of a job's newest runs are searched for a marker where it is not known since when,
SEARCHED = 100
#: how many at most,
MAX_SEARCHED = 1000
#: and by how many seconds the search goes back beyond the first attempt: clocks may be wrong.
MARGIN = 3600.0
#: How many runs are read one by one where a list does not show their causes.
MAX_READ = 20


@dataclass
class JobLauncher:
    """
    Start a run of a job.

    A run that resumes one of ours counts as ours, whoever asked for it: dbt Cloud gives it no
    cause of its own.

    :param payload: The request's body, with a ``cause`` of any length.
    :param marker: The marker of this attempt.
    :param account_id: The job's account; by default the connection's.
    """

    api: DbtCloudApi
    job_id: int
    payload: Mapping[str, Any]
    marker: Marker
    account_id: int | None = None
    #: The runs that were seen, by their ids.
    runs: dict[int, Run] = field(default_factory=dict)

    service = "dbt Cloud"
    noun = "run"
    is_marked = True

    @property
    def what(self) -> str:
        """What is started, for messages."""
        return f"A run of dbt Cloud job {self.job_id}"

    @property
    def where(self) -> str:
        """Where a person sees it, for messages."""
        return f"{self.api.settings.transport.base_url} (the runs of job {self.job_id})"

    @property
    def work(self) -> Mapping[str, str | int]:
        """Return what is started, as it is recorded."""
        return {
            "service": "dbt_cloud",
            "origin": self.api.settings.transport.base_url,
            "account": self.account_id or self.api.settings.account_id or 0,
            "job": self.job_id,
        }

    @property
    def key(self) -> str:
        """Return the name of the work in the launch records."""
        return work_key(self.account_id or self.api.settings.account_id, self.job_id)

    def describe_marker(self, marker: Marker) -> str:
        """Return how a person recognizes what an attempt has started."""
        return f"a run whose cause begins with {marker}"

    def baseline(self) -> None:
        """Return nothing: the marker tells our runs from others."""

    def submit(self, marker: Marker, before_first_byte: Callable[[], None]) -> int:
        """Start a run."""
        cause = marker.put_before(self.payload["cause"], MAX_CAUSE)
        api = self.api.sending_once(before_first_byte)
        run = api.trigger_job(
            self.job_id,
            {**self.payload, "cause": cause},
            should_poll=False,
            account_id=self.account_id,
        )
        kept = _cause(run)
        if kept is not None and marker.read(kept) is None:
            log.warning(
                "dbt Cloud changed the cause of run %s to %r: a later attempt may not recognize "
                "the run by its marker %s.",
                run["id"],
                kept,
                marker,
            )
        return self._started(run)

    def can_resume(self, failed: int) -> bool:
        """Return whether dbt Cloud can go on from where a run failed."""
        run = self.api.get_run(failed, account_id=self.account_id)
        return run.get("can_retry") is True and run.get("job_definition_id") in (None, self.job_id)

    def submit_resume(
        self, failed: int, marker: Marker, before_first_byte: Callable[[], None]
    ) -> int:
        """Start a run that goes on from where another one failed."""
        api = self.api.sending_once(before_first_byte)
        return self._started(api.retry_run(failed, account_id=self.account_id))

    def find(self, baseline: Any, since: float | None) -> Sequence[PriorRun[int]]:
        """
        Return the job's runs that carry this task instance's marker, or resume one that does.

        Of several runs with the marker of one attempt, the oldest is that attempt's: an attempt
        starts one run, so the others are copies of its cause.
        """
        runs = list(self._search(since))
        if runs and not any(isinstance(run.get("trigger"), dict) for run in runs):
            runs = self._read_causes(runs)
        found: dict[int, PriorRun[int]] = {}
        attempts: set[int] = set()
        for run in sorted(runs, key=lambda run: run["id"]):
            self._keep(run)
            fields = self.marker.read(_cause(run))
            began = seconds_of(run.get("created_at"))
            origin = found.get(run.get("retrying_run_id") or 0)
            if origin is not None:
                found[run["id"]] = replace(
                    origin, id=run["id"], outcome=outcome(run), attempt=None, began=began
                )
            elif fields is not None and fields.attempt not in attempts:
                attempts.add(fields.attempt)
                found[run["id"]] = PriorRun(run["id"], outcome(run), *fields, began)
        return list(reversed(found.values()))

    def outcome(self, id: int) -> Outcome | None:
        """Return the outcome of a run, or `None` while it is running."""
        return outcome(self._get(id))

    def find_active(self) -> int | None:
        """Return the newest running run of the job, whoever started it."""
        active = ["queued", "starting", "running"]
        runs = list(self._list(status=active, limit=1))
        return self._keep(runs[0]) if runs and outcome(runs[0]) is None else None

    def is_busy(self, error: Exception) -> bool:
        """Return `False`: dbt Cloud queues the runs of a job."""
        return False

    def cancelled_by(self, id: int) -> CancelledBy:
        """Return who cancelled a run, as far as dbt Cloud says."""
        run = self.api.get_run(id, include_related=["audit"], account_id=self.account_id)
        return cancelled_by(run)

    def server_time(self) -> float | None:
        """Return the time by dbt Cloud's clock, if it has told it."""
        return self.api.transport.server_time

    def of(self, work: Mapping[str, Any]) -> JobLauncher | None:
        """Return the launcher of another job that the same connection reaches, if it does."""
        job, account = work.get("job"), work.get("account")
        reaches = work.get("origin") == self.work["origin"] and work.get("service") == "dbt_cloud"
        if not reaches or type(job) is not int or type(account) is not int:
            return None
        return replace(self, job_id=job, account_id=account or None, runs={})

    def is_same(self, id: int, marker: str | None) -> bool:
        """Return whether a run recorded under another host is there, with its job and marker."""
        try:
            run = self.api.get_run(id, include_related=["trigger"], account_id=self.account_id)
        except NotFoundError as error:
            if not error.from_service:
                raise
            return False
        same_job = run.get("job_definition_id") in (None, self.job_id)
        return same_job and (marker is None or (_cause(run) or "").startswith(marker))

    def cancel(self, id: int) -> None:
        """Cancel a run."""
        self.api.cancel_run(id, account_id=self.account_id)

    def _started(self, run: Run) -> int:
        """Return the id of a run that was just started, if the answer is about it at all."""
        job_id = run.get("job_definition_id", self.job_id)
        if job_id != self.job_id or run["id"] < 1 or run["id"] in self.runs:
            raise self._unreadable("answered with a run that is not the one that was started")
        return self._keep(run)

    def _get(self, id: int) -> Run:
        run = self.api.get_run(id, account_id=self.account_id)
        self._keep(run)
        return run

    def _keep(self, run: Run) -> int:
        self.runs[run["id"]] = run
        return run["id"]

    def _search(self, since: float | None) -> Iterator[Run]:
        """Yield the newest runs, back to some time before the first attempt."""
        limit = SEARCHED if since is None else MAX_SEARCHED
        count = 0
        for run in self._list(limit=limit, include_related=["trigger"]):
            created = seconds_of(run.get("created_at"))
            if since is not None and created is not None and created < since - MARGIN:
                return
            count += 1
            yield run
        if since is not None and count == MAX_SEARCHED:
            raise self._unreadable(f"lists more than {MAX_SEARCHED} new runs")

    def _read_causes(self, runs: Sequence[Run]) -> list[Run]:
        """Read the newest runs one by one, since the list does not show their causes."""
        read = [
            self.api.get_run(run["id"], include_related=["trigger"], account_id=self.account_id)
            for run in runs[:MAX_READ]
        ]
        if any(isinstance(run.get("trigger"), dict) for run in read):
            return read
        if any(outcome(run) is None for run in read):
            raise self._unreadable("shows the causes of no runs, and one of them is running")
        log.warning(
            "dbt Cloud shows the causes of no runs of job %s, so none can be recognized. None of "
            "them is running.",
            self.job_id,
        )
        return []

    def _list(self, *, limit: int, **filters: Any) -> Sequence[Run]:
        return self.api.list_runs(
            job_definition_id=self.job_id,
            order_by="-id",
            limit=limit,
            account_id=self.account_id,
            **filters,
        )

    def _unreadable(self, says: str) -> AnswerLostError:
        return AnswerLostError(f"{says} of job {self.job_id}", method="GET", url=self.where)


def work_key(account_id: int | None, job_id: int) -> str:
    """Return the name of a job in the launch records."""
    return f"dbt_cloud/account {account_id or 0}/job {job_id}"


def _cause(run: Run) -> str | None:
    trigger = run.get("trigger")
    cause = trigger.get("cause") if isinstance(trigger, dict) else None
    return cause if isinstance(cause, str) else None
