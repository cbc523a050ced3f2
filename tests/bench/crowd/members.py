"""The triggers that wait, as an operator would make them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from airflow.triggers.base import BaseTrigger

#: The connection that all use; it comes from the environment.
CONNECTION = "bench"

OURS, THEIRS = "ours", "theirs"
#: Ours again, but everybody is asked for in turn.
IN_TURN = "in turn"


def dbt_cloud(provider: str, interval: float) -> Callable[[int], BaseTrigger]:
    """Return what makes a trigger that waits for a run."""
    if provider == OURS:
        from airflow_provider_dbtsegment.triggers.dbt_cloud import DbtCloudRunTrigger

        return lambda run_id: DbtCloudRunTrigger(
            dbt_cloud_conn_id=CONNECTION,
            run_id=run_id,
            poll_interval=interval,
            deadline=time.time() + 24 * 3600,
            began=time.time(),
        )
    from airflow.providers.dbt.cloud.triggers.dbt import DbtCloudRunJobTrigger

    return lambda run_id: DbtCloudRunJobTrigger(
        conn_id=CONNECTION,
        run_id=run_id,
        end_time=time.time() + 24 * 3600,
        poll_interval=interval,
        account_id=None,
    )


def segment(way: str, interval: float) -> Callable[[tuple[str, str, str]], BaseTrigger]:
    """Return what makes a trigger that waits for a sync of a mapping."""
    from airflow_provider_dbtsegment.triggers.segment import ReverseETLSyncTrigger
    from tests.bench.crowd.in_turn import InTurnTrigger

    kind = InTurnTrigger if way == IN_TURN else ReverseETLSyncTrigger
    return lambda ids: kind(
        segment_conn_id=CONNECTION,
        model_id=ids[0],
        sync_id=ids[1],
        subscription_id=ids[2],
        poll_interval=interval,
        deadline=time.time() + 24 * 3600,
        began=time.time(),
    )


def problem(event: Any) -> str | None:
    """Return why a wait failed by its event, or nothing: all runs and syncs end well here."""
    payload = getattr(event, "payload", None)
    if not isinstance(payload, dict):
        return None if type(event).__name__ == "TaskSuccessEvent" else repr(event)[:200]
    if "error" in payload or payload.get("status", "success") != "success":
        return str(payload.get("message", payload))[:200]
    return None
