"""What may be sent."""

from __future__ import annotations

from json import dumps
from typing import Any

from airflow_provider_dbtsegment.exceptions import ConfigurationError


def check_body(json: Any) -> None:
    """
    Refuse a body that cannot be sent.

    :raises ConfigurationError: When it cannot be written as JSON.
    """
    try:
        dumps(json, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"The body cannot be written as JSON: {error}.") from None
