"""The name of a service, which a container has as the name of its host."""

from __future__ import annotations

import os

VARIABLE = "CLUSTER_SERVICE"


def service_name() -> str:
    """Return under which name Airflow notes this process."""
    return os.environ[VARIABLE]
