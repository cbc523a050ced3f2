"""The reason of a failure, at the end of a task's log."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.exceptions import DbtSegmentError, RunFailedError


def tell_why(error: DbtSegmentError, log: Any) -> None:
    """Say why what was waited for failed, line by line, with little below it."""
    if isinstance(error, RunFailedError):
        # Airflow's page shows the message of an error without its line breaks,
        log.error("%s", error)
        # and below it where it was raised, which explains nothing here.
        error.__traceback__ = None
