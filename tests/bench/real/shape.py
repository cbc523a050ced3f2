"""What the DAGs look like, for those who run them."""

from __future__ import annotations

KINDS = ("operators", "sensors")
#: Ours and the community's; their connections have the same names.
PROVIDERS = ("ours", "theirs")
#: Seconds between looks.
INTERVAL = 10
#: A thousand tasks in one DAG would make Airflow's own handling of it the dearest part.
TASKS_A_RUN = 50
#: The pool of all operators; while it has no place, no worker takes one.
POOL = "waits"


def dag_id(kind: str, provider: str) -> str:
    """Return the name of a DAG."""
    return f"{kind}_{provider}"
