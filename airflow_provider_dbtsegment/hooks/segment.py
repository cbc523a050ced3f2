"""Segment's Public API by an Airflow connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.connection_forms import SEGMENT_FORM
from airflow_provider_dbtsegment.exceptions import AuthError, ConfigurationError
from airflow_provider_dbtsegment.hooks.advice import Advice, reason_of
from airflow_provider_dbtsegment.hooks.base import ConnectionHook, share
from airflow_provider_dbtsegment.hooks.check import PATIENCE, further, name_of, within
from airflow_provider_dbtsegment.hooks.forms import form_widgets
from airflow_provider_dbtsegment.segment import REGIONS, SegmentApi, SegmentSettings

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection


ADVICE = Advice(
    service="Segment",
    if_unreached="Check the host, which is empty for Segment's own, and the region.",
    if_refused="Put a Public API token of the workspace into the field of that name (password): "
    "Segment makes one under Settings, Access Management, Tokens. A workspace of the EU has "
    "another host than one of the US: check the region, too.",
)


class SegmentHook(SegmentApi, ConnectionHook[SegmentSettings]):
    """
    Use Segment's Public API for Reverse ETL and dbt model syncs.

    The connection holds a token (password) and the region of the workspace (extra ``region``).
    https://docs.segmentapis.com

    :param segment_conn_id: The connection.
    :param max_attempts: How often a request that may be repeated is sent; 1 means once.
    """

    conn_name_attr = "segment_conn_id"
    default_conn_name = "segment_default"
    conn_type = SEGMENT_FORM.connection_type
    hook_name = SEGMENT_FORM.name
    form = SEGMENT_FORM
    advice = ADVICE

    def __init__(self, segment_conn_id: str = default_conn_name, *, max_attempts: int = 5) -> None:
        ConnectionHook.__init__(self, segment_conn_id, max_attempts=max_attempts)
        self.segment_conn_id = segment_conn_id

    # Airflow below 3.3 looks for these two in the class itself, not in those above it.

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return the built-in fields of the form, for Airflow below 3.3."""
        return cls.form.behaviour

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the further fields of the form, for Airflow below 3.3."""
        return form_widgets(cls.form)

    def _settings_of(self, connection: Connection, extra: Mapping[str, Any]) -> SegmentSettings:
        region = str(extra.get("region") or "US").strip().upper()
        if region not in REGIONS:
            known = " or ".join(REGIONS)
            raise ConfigurationError(f"The region {region!r} is not known; use {known}.")
        host = (connection.host or "").strip() or REGIONS[region]
        return SegmentSettings(
            transport=self._transport_settings(connection, extra, host), share=share(extra)
        )

    def _try_out(self) -> tuple[bool, str]:
        """List models, which is what syncs need; the workspace's name makes the message better."""
        origin = self.settings.transport.base_url
        try:
            within(PATIENCE, lambda: list(self.list_reverse_etl_models(limit=1)))
        except AuthError as error:
            workspace = further(self.get_workspace)
            if workspace is None:
                raise
            return False, (
                f"The token belongs to the workspace {name_of(workspace)}, but may not see its "
                f"Reverse ETL ({reason_of(error)}). Make one that may, under Settings, Access "
                "Management, Tokens."
            )
        workspace = further(self.get_workspace)
        named = f"the workspace {name_of(workspace)}" if workspace else "Segment"
        return True, f"Reached {named} at {origin}."
