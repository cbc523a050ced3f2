"""Triggers that take their triggerer with them as they fire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from airflow.triggers.base import TriggerEvent

from airflow_provider_dbtsegment.triggers.dbt_cloud import DbtCloudRunTrigger
from airflow_provider_dbtsegment.triggers.segment import ReverseETLSyncTrigger
from tests.chaos.death import Death


class Dying:
    """The triggerer is gone when the first event is there, and nobody has heard of it."""

    death: Death

    async def run(self) -> AsyncIterator[TriggerEvent]:
        async for event in super().run():  # type: ignore[misc]
            self.death()
            yield event

    def serialize(self) -> tuple[str, dict[str, Any]]:
        _, arguments = super().serialize()  # type: ignore[misc]
        return f"{__name__}.{type(self).__qualname__}", arguments


class DyingRunTrigger(Dying, DbtCloudRunTrigger):
    @property
    def death(self) -> Death:  # type: ignore[override]
        return Death(self.dbt_cloud_conn_id)


class DyingSyncTrigger(Dying, ReverseETLSyncTrigger):
    @property
    def death(self) -> Death:  # type: ignore[override]
        return Death(self.segment_conn_id)


DYING: dict[type, type] = {
    DbtCloudRunTrigger: DyingRunTrigger,
    ReverseETLSyncTrigger: DyingSyncTrigger,
}
with suppress(ImportError):  # the environments of older versions are without it
    from airflow.providers.dbt.cloud.triggers.dbt import DbtCloudRunJobTrigger

    class DyingCommunityTrigger(Dying, DbtCloudRunJobTrigger):
        @property
        def death(self) -> Death:  # type: ignore[override]
            return Death(self.conn_id)

    DYING[DbtCloudRunJobTrigger] = DyingCommunityTrigger
