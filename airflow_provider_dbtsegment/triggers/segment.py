"""Wait for Segment Reverse ETL syncs in the triggerer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from airflow_provider_dbtsegment.links.segment import SYNC_URL
from airflow_provider_dbtsegment.outcomes import End
from airflow_provider_dbtsegment.patience import FAULT_BUDGET
from airflow_provider_dbtsegment.segment.pages import page_at_end, reverse_etl_page
from airflow_provider_dbtsegment.segment.split_syncs import may_be_split
from airflow_provider_dbtsegment.segment.sync_end import end_of_sync
from airflow_provider_dbtsegment.segment.sync_history import read_history
from airflow_provider_dbtsegment.segment.sync_policy import SyncPolicy
from airflow_provider_dbtsegment.segment.sync_source import SyncKey, SyncSource
from airflow_provider_dbtsegment.segment.types import SyncStatus
from airflow_provider_dbtsegment.triggers.base import WaitTrigger
from airflow_provider_dbtsegment.triggers.beginning import NotHereError


class ReverseETLSyncTrigger(WaitTrigger[SyncKey, SyncStatus]):
    """
    Wait until a sync has ended.

    :param segment_conn_id: The connection.
    :param model_id: The model of the sync.
    :param sync_id: The sync.
    :param subscription_id: Its mapping, where that is known: how long its syncs usually take tells
        when to look.
    :param partial_success: What the task makes of rejected rows.
    :param max_rejected_rows: How many rows may be rejected.
    :param sync_url: The page of the mapping, where that is known.
    """

    service = "segment"

    def __init__(
        self,
        *,
        segment_conn_id: str,
        model_id: str,
        sync_id: str,
        subscription_id: str | None = None,
        poll_interval: float,
        deadline: float | None,
        began: float,
        cancel_on_kill: bool = False,
        fault_budget: float | None = FAULT_BUDGET,
        end_in_triggerer: bool = False,
        push_result: bool = False,
        begins: Mapping[str, float | None] | None = None,
        origin: str | None = None,
        account: int | None = None,
        by_airflow: bool = False,
        partial_success: str = "fail",
        max_rejected_rows: int | float | str | None = None,
        sync_url: str | None = None,
    ) -> None:
        super().__init__(
            poll_interval=poll_interval,
            deadline=deadline,
            began=began,
            cancel_on_kill=cancel_on_kill,
            fault_budget=fault_budget,
            end_in_triggerer=end_in_triggerer,
            push_result=push_result,
            begins=begins,
            origin=origin,
            account=account,
            by_airflow=by_airflow,
        )
        self.segment_conn_id = segment_conn_id
        self.model_id = model_id
        self.sync_id = sync_id
        self.subscription_id = subscription_id
        self.partial_success = partial_success
        self.max_rejected_rows = max_rejected_rows
        self.sync_url = sync_url

    def _own_arguments(self) -> dict[str, Any]:
        return {
            "segment_conn_id": self.segment_conn_id,
            "model_id": self.model_id,
            "sync_id": self.sync_id,
            "subscription_id": self.subscription_id,
            "partial_success": self.partial_success,
            "max_rejected_rows": self.max_rejected_rows,
            "sync_url": self.sync_url,
        }

    def _name(self) -> dict[str, Any]:
        return {"model_id": self.model_id, "sync_id": self.sync_id}

    def _subject(self) -> str:
        return f"Segment sync {self.sync_id}"

    def _hook(self, max_attempts: int = 1) -> SegmentHook:
        return SegmentHook(self.segment_conn_id, max_attempts=max_attempts)

    def _source(self, hook: SegmentHook) -> SyncSource:
        return SyncSource(hook)

    def _key(self) -> SyncKey:
        ids = (self.model_id, self.sync_id)
        return (*ids, self.subscription_id) if self.subscription_id else ids

    def _cancel(self, hook: SegmentHook) -> None:
        hook.cancel_reverse_etl_sync_for_model(self.model_id, self.sync_id)

    def _check(self) -> None:
        self._policy()
        if str(self.subscription_id).strip() in ("", "None"):
            self.subscription_id = None
        named = ("model_id", "sync_id", *(["subscription_id"] if self.subscription_id else []))
        for name in named:
            text = str(getattr(self, name)).strip()
            if text in ("", "None") or "/" in text or "\\" in text or not text.isprintable():
                raise NotHereError(f"{name} is {text!r}")
            setattr(self, name, text)

    def _policy(self) -> SyncPolicy:
        return SyncPolicy(self.partial_success, self.max_rejected_rows)

    def _is_well(self, state: SyncStatus) -> bool:
        # What follows a very large sync is waited for in a worker.
        return self._policy().can_pass(state) and not may_be_split(state)

    def _ended(self, api: SegmentHook, state: SyncStatus) -> End:
        return end_of_sync(
            state,
            self.sync_id,
            subscription_id=self.subscription_id,
            policy=self._policy(),
            history=lambda: read_history(api, state, self.model_id, self.subscription_id),
            log=self.log,
            page=lambda: page_at_end(
                api, state, self.model_id, self.subscription_id, self.sync_url or ""
            ),
        )

    def _announced(self, api: SegmentHook, state: SyncStatus) -> dict[str, Any]:
        # A page that had to be asked for would cost all who wait their turn.
        return {"sync_id": self.sync_id, SYNC_URL: self.sync_url or reverse_etl_page(api)}
