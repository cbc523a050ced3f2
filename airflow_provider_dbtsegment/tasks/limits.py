"""For how long a task may wait: as long as its user says, and less if Airflow would end it."""

from __future__ import annotations

from datetime import timedelta

#: Airflow ends a task at its execution time-out without asking us; we come so much before it, or a
#: quarter of it if that is less, so that a worker has the time to start and to cancel.
BEFORE_EXECUTION_TIMEOUT = 30.0


def limit_after(
    spent: float, own: float | None, execution_timeout: timedelta | None
) -> tuple[float | None, bool]:
    """
    Return for how many seconds to wait at most, and whether Airflow's own limit decides.

    :param spent: Seconds since the task began.
    :param own: The user's limit in seconds; `None` is none.
    :param execution_timeout: Airflow's limit of the whole task.
    """
    if execution_timeout is None:
        return own, False
    whole = execution_timeout.total_seconds()
    theirs = max(0.0, whole - spent - min(BEFORE_EXECUTION_TIMEOUT, whole / 4))
    return (own, False) if own is not None and own < theirs else (theirs, True)
