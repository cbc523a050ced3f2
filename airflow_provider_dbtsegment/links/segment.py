"""Links from a task to Segment."""

from __future__ import annotations

from airflow_provider_dbtsegment.links.base import XComLink

#: The XComs that hold the addresses, pushed straight after the start.
SYNC_URL = "sync_url"
SEGMENT_URL = "segment_url"


class ReverseETLSyncLink(XComLink):
    """The syncs of the mapping in Segment; there while one goes on and after it failed."""

    name = "Segment sync"
    key = SYNC_URL


class SegmentLink(XComLink):
    """The Reverse ETL of the workspace in Segment."""

    name = "Segment Reverse ETL"
    key = SEGMENT_URL
