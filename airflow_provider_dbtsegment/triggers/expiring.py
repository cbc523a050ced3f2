"""Cancel what a deferred task waits for before Airflow's own timeout ends the task."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.compat import is_deferred

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.watch import Watcher

#: Seconds that it may take; the rest until Airflow's own timeout is left to a worker.
CANCEL_LIMIT = 15.0
#: Seconds after the deadline at which Airflow has ended the task in any case.
TOO_LATE = 30.0
#: How often each request of the cancellation is sent.
CANCEL_ATTEMPTS = 3


async def cancelled_in_time(
    watcher: Watcher[Any, Any],
    task_instance: Any,
    deadline: float,
    cancel: Callable[[], object],
    subject: str,
    log: Any,
) -> bool:
    """
    Cancel at the execution timeout, without a worker, and return whether that was done.

    Only while the task is still deferred: later, another attempt may have adopted the run.

    :param deadline: When the time was up, in seconds since the epoch.
    :param cancel: Cancels, in a thread.
    :param subject: What is cancelled, for the log.
    """
    try:
        async with asyncio.timeout(CANCEL_LIMIT):
            is_late = time.time() > deadline + TOO_LATE
            if is_late or not await is_deferred(task_instance):
                log.info("%s is left running: the task is not deferred any more.", subject)
                return False
            await watcher.work(cancel, limit=CANCEL_LIMIT)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        log.warning("%s was not cancelled by the triggerer (%s); a worker tries.", subject, reason)
        return False
    log.info("Cancelled %s: the task's execution_timeout has passed.", subject)
    return True
