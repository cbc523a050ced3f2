"""What launching once needs to know of dbt Cloud's jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.dbt_cloud.job_triggers import MAX_CAUSE
from airflow_provider_dbtsegment.dbt_cloud.types import Run, outcome
from airflow_provider_dbtsegment.exceptions import AnswerLostError
from airflow_provider_dbtsegment.launchable import Found
from airflow_provider_dbtsegment.marker import Marker
from airflow_provider_dbtsegment.outcomes import Outcome

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi

#: So many of a job's newest runs are looked through for our marker in any case,
LOOK_BACK = 100
#: and so many to reach those that were there before.
LOOK_FAR_BACK = 1000


class JobLaunch:
    """
    Start a run of a job, and find it again by the marker at the end of its cause.

    A run that goes on from where one of ours failed counts as ours, too, whoever asked for it: dbt
    Cloud keeps no cause of its own for it.

    :param payload: The request's body, with a ``cause`` of any length.
    """

    is_marked = True
    advice = ""

    def __init__(
        self,
        api: DbtCloudApi,
        job_id: int,
        payload: dict[str, Any],
        marker: Marker,
        *,
        account_id: int | None = None,
    ) -> None:
        self._api = api
        self._job_id = job_id
        self._payload = payload
        self._marker = marker
        self._account_id = account_id
        #: The runs that have been seen, for those who want to know more than the id.
        self.runs: dict[int, Run] = {}
        self.what = f"A run of dbt Cloud job {job_id}"
        self.where = f"{api.settings.transport.base_url} (the runs of job {job_id})"

    def sign(self, marker: Marker) -> str:
        """Return how a person knows what a try has started."""
        return f"the mark {marker} at the end of a run's cause"

    def baseline(self) -> int:
        """Return the newest run that has been seen: ours will have a greater id."""
        return max(self.runs, default=0)

    def submit(self) -> int:
        """Start a run."""
        cause = self._marker.appended_to(self._payload["cause"], MAX_CAUSE)
        payload = {**self._payload, "cause": cause}
        run = self._api.trigger_job(
            self._job_id, payload, should_poll=False, account_id=self._account_id
        )
        return self._started(run)

    def can_retry(self, failed: int) -> bool:
        """Return whether dbt Cloud says that it can go on from where a run failed."""
        return self._api.get_run(failed, account_id=self._account_id).get("can_retry") is True

    def submit_retry(self, failed: int) -> int:
        """Start a run from where another one failed."""
        return self._started(self._api.retry_run(failed, account_id=self._account_id))

    def find(self, baseline: Any) -> Sequence[Found[int]]:
        """Return the runs of the job that carry our marker or retry one that does."""
        runs = self._newest_since(baseline if isinstance(baseline, int) else None)
        if runs and not any(isinstance(run.get("trigger"), dict) for run in runs):
            raise self._unreadable("lists runs without their causes")
        for run in runs:
            self._keep(run)
        tries: dict[int, int] = {}
        for run in sorted(runs, key=lambda run: run["id"]):
            number = self._marker.try_in(_cause(run))
            retried = run.get("retrying_run_id")
            if isinstance(retried, int) and retried in tries:
                # A retry has no cause, or that of its origin; a later try than that started it.
                number = min(tries[retried] + 1, self._marker.try_number)
            if number is not None:
                tries[run["id"]] = number
        ours = [run for run in runs if run["id"] in tries]
        return [Found(run["id"], outcome(run), tries[run["id"]]) for run in ours]

    def doubtful(self) -> Sequence[Found[int]]:
        """Return nothing: our runs carry our marker."""
        return ()

    def outcome(self, id: int) -> Outcome | None:
        """Return how a run ended, or `None` while it goes on."""
        run = self._api.get_run(id, account_id=self._account_id)
        self._keep(run)
        return outcome(run)

    def going_on(self) -> int | None:
        """Return the newest run of the job that is going on, whoever started it."""
        active = ["queued", "starting", "running"]
        runs = list(self._newest(status=active, limit=1))
        return self._keep(runs[0]) if runs and outcome(runs[0]) is None else None

    def _started(self, run: Run) -> int:
        """Return the id of a run that was just started, if the answer is about it at all."""
        job_id = run.get("job_definition_id", self._job_id)
        if job_id != self._job_id or run["id"] < 1 or run["id"] in self.runs:
            raise self._unreadable("answered with a run that is not the one that was started")
        return self._keep(run)

    def _keep(self, run: Run) -> int:
        self.runs[run["id"]] = run
        return run["id"]

    def _newest_since(self, baseline: int | None) -> Sequence[Run]:
        """Return the newest runs: enough of them to reach what was there before."""
        runs: list[Run] = []
        for run in self._newest(limit=LOOK_FAR_BACK, include_related=["trigger"]):
            runs.append(run)
            if len(runs) >= LOOK_BACK and (baseline is None or run["id"] <= baseline):
                return runs
        if len(runs) == LOOK_FAR_BACK:
            raise self._unreadable(f"lists more than {LOOK_FAR_BACK} new runs")
        return runs

    def _newest(self, *, limit: int, **filters: Any) -> Sequence[Run]:
        return self._api.list_runs(
            job_definition_id=self._job_id,
            order_by="-id",
            limit=limit,
            account_id=self._account_id,
            **filters,
        )

    def _unreadable(self, says: str) -> AnswerLostError:
        return AnswerLostError(f"{says} of job {self._job_id}", method="GET", url=self.where)


def _cause(run: Run) -> str | None:
    trigger = run.get("trigger")
    cause = trigger.get("cause") if isinstance(trigger, dict) else None
    return cause if isinstance(cause, str) else None
