"""What every child process of ours inherits from this machine's environment, and what not."""

from __future__ import annotations

import os
from pathlib import Path

LOOPBACK = "127.0.0.1"


def child_environment(pycache: Path | None = None) -> dict[str, str]:
    """
    Return this process's environment without other Airflows' settings and without telemetry.

    Requests to the loopback interface go past any proxy.

    :param pycache: where compiled Python files go; None leaves that to Python.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIRFLOW", "_AIRFLOW")) and name != "PYTHONDONTWRITEBYTECODE"
    }
    not_proxied = ",".join(filter(None, [LOOPBACK, "localhost", os.environ.get("NO_PROXY")]))
    kept |= {
        "NO_PROXY": not_proxied,
        "no_proxy": not_proxied,
        "PYTHONUNBUFFERED": "1",
        "DO_NOT_TRACK": "1",
        "SCARF_ANALYTICS": "false",
    }
    if pycache:
        kept["PYTHONPYCACHEPREFIX"] = str(pycache)
    return kept
