"""What the operator and the sensor of Segment's Reverse ETL share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_dbtsegment.compat import missing_xcoms_are_fine
from airflow_provider_dbtsegment.exceptions import RequestError, WaitTimeoutError
from airflow_provider_dbtsegment.links.segment import SYNC_URL
from airflow_provider_dbtsegment.tasks.arguments import (
    Check,
    optional_id,
    required_text,
    unchecked,
)
from airflow_provider_dbtsegment.tasks.base import Waiting

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg

    from airflow_provider_dbtsegment.exceptions import RunFailedError
    from airflow_provider_dbtsegment.hooks.segment import SegmentHook
    from airflow_provider_dbtsegment.outcomes import End
    from airflow_provider_dbtsegment.segment.sync_policy import SyncPolicy
    from airflow_provider_dbtsegment.segment.sync_source import SyncKey, SyncSource
    from airflow_provider_dbtsegment.segment.types import SyncStatus
    from airflow_provider_dbtsegment.triggers.segment import ReverseETLSyncTrigger


#: So many of a mapping's newest syncs are looked through for the parts of a very large one.
LISTED_PARTS = 100
#: Seconds between two looks for these at most: it must be known soon that no further one begins.
PARTS_INTERVAL = 15.0
#: What a partial success means for the task.
PartialSuccessPolicy = Literal["fail", "warn", "accept"]
#: How these arguments are validated one by one; `_check_together` does the rest.
PARTIAL_SUCCESS_CHECKS: dict[str, Check] = {
    "partial_success": required_text,
    "max_rejected_rows": unchecked,
}


class ReverseETLWaiting(Waiting):
    """Wait for a Reverse ETL sync, and tell what it did."""

    if TYPE_CHECKING:
        segment_conn_id: str | XComArg
        partial_success: PartialSuccessPolicy | XComArg
        max_rejected_rows: int | float | str | XComArg | None

    _trigger_class = "airflow_provider_dbtsegment.triggers.segment.ReverseETLSyncTrigger"

    @cached_property
    def hook(self) -> SegmentHook:
        """The hook of the task's connection."""
        from airflow_provider_dbtsegment.hooks.segment import SegmentHook

        return SegmentHook(self._conn_id)

    @property
    def _conn_id(self) -> str:
        return required_text(self.segment_conn_id, "segment_conn_id")

    @cached_property
    def _looking(self) -> SegmentHook:
        """The hook that looks; what is done about faults is decided by those who wait."""
        return self.hook.twin()

    #: The address of the page with the mapping's syncs, once it is known.
    _url = ""

    def _announce(
        self,
        context: Context,
        key: SyncKey,
        *,
        source_id: str | None,
        subscription_id: str | None,
        said: str = "",
    ) -> None:
        """Leave behind what must survive a failure: the sync's id, and its page for the link."""
        from airflow_provider_dbtsegment.segment.pages import known_page, reverse_etl_page

        context["ti"].xcom_push(key="sync_id", value=key[1])
        if source_id and subscription_id:
            before = self._url_before(context)
            self._url = known_page(self.hook, source_id, key[0], subscription_id, before)
        else:
            self._url = reverse_etl_page(self.hook)
        context["ti"].xcom_push(key=SYNC_URL, value=self._url)
        self.log.info("Segment sync %s of model %s%s. %s", key[1], key[0], said, self._url)

    def _url_before(self, context: Context) -> Any:
        """Return the address that this task has found out, now or in an earlier run, if it has."""
        task_instance: Any = context["ti"]
        try:
            with missing_xcoms_are_fine():
                return task_instance.xcom_pull(
                    task_ids=task_instance.task_id,
                    key=SYNC_URL,
                    include_prior_dates=True,
                    map_indexes=task_instance.map_index,
                )
        except Exception as error:
            self.log.debug("No earlier link: %s", error)
            return None

    def _complete(
        self, context: Context, event: dict[str, Any] | None, awaited: dict[str, Any] | None
    ) -> Any:
        # `dag.test()` resumes a task with the event of its trigger alone.
        see = self._url_before(context) if awaited is None else awaited.get("see")
        if isinstance(see, str) and see.startswith("http"):
            self._url = see
        return super()._complete(context, event, awaited)

    @classmethod
    def _check_together(cls, known: Mapping[str, Any]) -> None:
        policy, limit = known.get("partial_success"), known.get("max_rejected_rows")
        if policy in (None, "fail") and limit is None:
            return
        from airflow_provider_dbtsegment.segment.sync_policy import SyncPolicy

        # Where the policy is rendered later, only the limit can be validated.
        SyncPolicy(policy or "accept", limit)

    def _policy(self) -> SyncPolicy:
        """
        Return what is wanted of rejected rows.

        :raises ConfigurationError: When it makes no sense.
        """
        from airflow_provider_dbtsegment.segment.sync_policy import SyncPolicy

        return SyncPolicy(*self._policy_arguments)

    @property
    def _policy_arguments(self) -> tuple[str, Any]:
        policy = required_text(self.partial_success, "partial_success")
        return policy, unchecked(self.max_rejected_rows, "max_rejected_rows")

    def _mapping(self) -> str | None:
        """Return the mapping, if it is known."""
        return optional_id(getattr(self, "subscription_id", None), "subscription_id")

    def _ended(self, key: SyncKey) -> End:
        from airflow_provider_dbtsegment.segment.split_syncs import may_be_split

        sync = self._looking.get_reverse_etl_sync_status(key[0], key[1])
        end = self._end_of(sync, key)
        if end.failure is None and may_be_split(sync):
            return replace(end, failure=self._failure_of_further_parts(sync, key))
        return end

    def _end_of(self, sync: SyncStatus, key: SyncKey) -> End:
        from airflow_provider_dbtsegment.segment.pages import page_at_end
        from airflow_provider_dbtsegment.segment.sync_end import end_of_sync
        from airflow_provider_dbtsegment.segment.sync_history import read_history

        api, mapping = self._looking, self._mapping()
        return end_of_sync(
            sync,
            key[1],
            subscription_id=mapping,
            policy=self._policy(),
            history=lambda: read_history(api, sync, key[0], mapping),
            log=self.log,
            page=lambda: page_at_end(api, sync, key[0], mapping, self._url),
        )

    def _failure_of_further_parts(self, sync: SyncStatus, key: SyncKey) -> RunFailedError | None:
        """Wait for the syncs into which a very large extract may be split, and return a failure."""
        from airflow_provider_dbtsegment.segment.split_syncs import further_parts

        mapping_id = self._mapping()
        self.log.warning(
            "Segment sync %s is so large that Segment may have split its extract into several "
            "syncs, or cut it off. %s",
            key[1],
            "Syncs of the mapping that begin within a minute after it are waited for."
            if mapping_id
            else "Further syncs cannot be waited for without a subscription_id.",
        )
        if mapping_id is None:
            return None
        began = self._now()
        since = self._source().server_time() or began.wall
        limit = self._own_limit()
        patience = self._patience_until(None if limit is None else began.wall + limit, began.wall)
        known: list[str] = []
        while True:
            try:
                listed = list(
                    self._looking.list_reverse_etl_sync_statuses_from_model_and_subscription_id(
                        key[0], mapping_id, limit=LISTED_PARTS
                    )
                )
            except RequestError as error:
                patience.fault(error, self._now())
                self.log.warning("Looking failed; trying again: %s", error)
            else:
                now = since + self._now().steady - began.steady
                parts, complete = further_parts(sync, listed, since=since, now=now)
                if known != (known := [part["syncId"] for part in parts]):
                    self.log.info("%s is followed by %s.", self._subject(key), ", ".join(known))
                if complete:
                    break
                try:
                    patience.answered(self._now())
                except WaitTimeoutError as late:
                    raise self._told(key, late) from late
            self._sleep(min(self._interval(), PARTS_INTERVAL))
        ends = [self._end_of(part, (key[0], part["syncId"])) for part in parts]
        return next((end.failure for end in ends if end.failure is not None), None)

    def _trigger(self, key: SyncKey, **kwargs: Any) -> ReverseETLSyncTrigger:
        from airflow_provider_dbtsegment.triggers.segment import ReverseETLSyncTrigger

        policy, limit = self._policy_arguments
        return ReverseETLSyncTrigger(
            segment_conn_id=self._conn_id,
            model_id=key[0],
            sync_id=key[1],
            subscription_id=self._mapping(),
            partial_success=policy,
            max_rejected_rows=limit,
            sync_url=self._url or None,
            **kwargs,
        )

    def _source(self) -> SyncSource:
        from airflow_provider_dbtsegment.segment.sync_source import SyncSource

        return SyncSource(self._looking)

    def _subject(self, key: SyncKey) -> str:
        return f"Segment sync {key[1]}"

    def _see(self) -> str:
        return self._url or "the syncs of the mapping in Segment"

    def _name(self, key: SyncKey) -> dict[str, Any]:
        return {"model_id": key[0], "sync_id": key[1]}

    def _key_in(self, ids: Mapping[str, Any]) -> SyncKey | None:
        model_id, sync_id = ids.get("model_id"), ids.get("sync_id")
        return (
            (model_id, sync_id) if isinstance(model_id, str) and isinstance(sync_id, str) else None
        )
