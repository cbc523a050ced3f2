"""The states of runs, for those who wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.dbt_cloud.lists import PAGE
from airflow_provider_dbtsegment.dbt_cloud.progress import describe_progress
from airflow_provider_dbtsegment.dbt_cloud.types import Run, RunStatus, outcome, status_label
from airflow_provider_dbtsegment.exceptions import InvalidRequestError, ShortListError
from airflow_provider_dbtsegment.outcomes import seconds_of
from airflow_provider_dbtsegment.source import Source

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.dbt_cloud.runs import RunsApi

#: The statuses with which runs end.
ENDED = [status.value for status in RunStatus if status.is_terminal]
#: Who asks for what ends from a time on must also say until when: so many seconds after that.
AHEAD = 24 * 3600.0


class RunSource(Source[int, Run]):
    """
    Ask dbt Cloud how runs are doing.

    :param api: Whom to ask; closed when nobody waits any more.
    :param account_id: The account of the runs; by default the one of the connection.
    """

    service = "dbt_cloud"
    batch_size = PAGE
    tells_ends = True
    asks_progress = True

    def __init__(self, api: RunsApi, account_id: int | None = None) -> None:
        self.api: RunsApi = api
        self._account_id = account_id

    def ask_one(self, key: int) -> Run:
        """Return one run."""
        return self.api.get_run(key, account_id=self._account_id)

    def ask_many(self, keys: Sequence[int]) -> Mapping[int, Run]:
        """Return the runs; who is left out, or shown without a status, is asked for alone."""
        return self._runs(run_ids=keys, limit=len(keys))

    def ask_ended(self, keys: Sequence[int]) -> Mapping[int, Run]:
        """Return those of the runs that have ended."""
        return self._runs(run_ids=keys, status=ENDED, limit=len(keys))

    def ask_feed(
        self, since: float, until: float | None, page: int
    ) -> tuple[Mapping[int, Run], bool]:
        """
        Return what has ended in the account between two times, whoever waits for it.

        :raises InvalidRequestError: When the service does not heed what it is asked for.
        """
        begin = datetime.fromtimestamp(since, timezone.utc)
        end = datetime.fromtimestamp(since + AHEAD if until is None else until, timezone.utc)
        rows = list(
            self._list(
                finished_at=(begin.isoformat(), end.isoformat()),
                order_by="-finished_at",
                limit=PAGE,
                offset=page * PAGE,
            )
        )
        ends = [self.ended_at(run) for run in rows]
        # Without the fraction of a second that some services leave away.
        if any(end is None or end < since - 1 for end in ends):
            path = f"/api/v2/accounts/{self._account_id or '…'}/runs/"
            message = "lists runs that have not finished in the time that was asked for"
            unheeded = InvalidRequestError(message, method="GET", url=path, status=200)
            unheeded.from_service = True
            raise unheeded
        return {run["id"]: run for run in rows}, len(rows) == PAGE

    def progress(self, key: int, state: Run | None) -> str | None:
        """Return which step a run is at, and how many of its nodes are done: one request."""
        run = self.api.get_run(key, include_related=["run_steps"], account_id=self._account_id)
        return None if self.ended(run) else describe_progress(run)

    def server_time(self) -> float | None:
        """Return the time by dbt Cloud's clock, as its last answer has told."""
        return self.api.transport.server_time

    def free_in(self) -> float:
        """Return the seconds until the account's budget has room for a request."""
        return self.api.budget.free_in()

    def ended(self, state: Run) -> bool:
        """Return whether a run has ended."""
        return outcome(state) is not None

    def ended_at(self, state: Run) -> float | None:
        """Return when a run has finished."""
        return seconds_of(state.get("finished_at"))

    def label(self, state: Run) -> str:
        """Return the status as a word."""
        return status_label(state.get("status"))

    def close(self) -> None:
        """Close the connections."""
        self.api.close()

    def _runs(self, **filters: Any) -> dict[int, Run]:
        runs: dict[int, Run] = {}
        with suppress(ShortListError):
            for run in self._list(**filters):
                if type(run.get("status")) is int:
                    runs[run["id"]] = run
        return runs

    def _list(self, **filters: Any) -> Sequence[Run]:
        return self.api.list_runs(account_id=self._account_id, **filters)
