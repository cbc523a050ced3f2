"""Who uses Airflow here, and what each of them may do."""

from __future__ import annotations

import json
import os
from pathlib import Path

from airflow_provider_dbtsegment.demo.airflow_settings import USER
from airflow_provider_dbtsegment.demo.scenarios import DAG_ID

#: Everybody with a role of Airflow's simple auth manager.
ROLES = {USER: "admin", "olga": "op", "vic": "viewer", "ulf": "user"}
#: Which DAGs are kept from whom.
HIDDEN = {"ulf": [DAG_ID]}

HERE = Path(__file__).parent


def password(user: str, of_admin: str) -> str:
    """Return somebody's password."""
    return of_admin if user == USER else f"{user}-{of_admin}"


def settings(file: Path, of_admin: str) -> dict[str, str]:
    """Write everybody's password to a file, and return the settings that make Airflow know them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump({user: password(user, of_admin) for user in ROLES}, stream)
    path = [str(HERE / "auth"), os.environ.get("PYTHONPATH", "")]
    return {
        "AIRFLOW__CORE__AUTH_MANAGER": "hiding_auth_manager.HidingAuthManager",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(map(":".join, ROLES.items())),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(file),
        "HIDDEN_DAGS": json.dumps(HIDDEN),
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
    }
