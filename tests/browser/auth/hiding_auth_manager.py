"""Airflow's simple auth manager, which has roles only, with DAGs that are kept from some users."""

from __future__ import annotations

import json
import os
from typing import Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser


class HidingAuthManager(SimpleAuthManager):
    """Keeps the DAGs that the variable HIDDEN_DAGS lists for a user from that user."""

    def is_authorized_dag(
        self,
        *,
        user: SimpleAuthManagerUser,
        details: DagDetails | None = None,
        **about: Any,
    ) -> bool:
        hidden = json.loads(os.environ.get("HIDDEN_DAGS", "{}")).get(user.username, [])
        if details is not None and details.id in hidden:
            return False
        return super().is_authorized_dag(user=user, details=details, **about)
