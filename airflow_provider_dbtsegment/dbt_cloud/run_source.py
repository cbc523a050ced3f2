"""The states of runs, for those who wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from airflow_provider_dbtsegment.dbt_cloud.base import PAGE
from airflow_provider_dbtsegment.dbt_cloud.types import Run, outcome, status_label
from airflow_provider_dbtsegment.exceptions import ShortListError

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.dbt_cloud.runs import RunsApi


class RunSource:
    """
    Ask dbt Cloud how runs are doing.

    :param api: Whom to ask; closed when nobody waits any more.
    :param account_id: The account of the runs; by default the one of the connection.
    """

    batch_size = PAGE

    def __init__(self, api: RunsApi, account_id: int | None = None) -> None:
        self._api = api
        self._account_id = account_id

    def ask_many(self, keys: Sequence[int]) -> Mapping[int, Run]:
        """Return the runs, with one request for all of them."""
        runs: dict[int, Run] = {}
        # Whom the list leaves out, or shows without a status, is asked for alone.
        with suppress(ShortListError):
            for run in self._api.list_runs(
                run_ids=keys, limit=len(keys), account_id=self._account_id
            ):
                if type(run.get("status")) is int:
                    runs[run["id"]] = run
        return runs

    def ask_one(self, key: int) -> Run:
        """Return one run."""
        return self._api.get_run(key, account_id=self._account_id)

    def ended(self, state: Run) -> bool:
        """Return whether a run has ended."""
        return outcome(state) is not None

    def label(self, state: Run) -> str:
        """Return the status as a word."""
        return status_label(state.get("status"))

    def close(self) -> None:
        """Close the connections."""
        self._api.close()
