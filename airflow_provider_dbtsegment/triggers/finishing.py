"""Ask how things ended: what a worker would do for a task that succeeds."""

from __future__ import annotations

import asyncio
import contextvars
import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.exceptions import AnswerLostError, EndUnknownError
from airflow_provider_dbtsegment.patience import NOT_FOUND_GRACE, Patience

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.outcomes import End
    from airflow_provider_dbtsegment.watch import Watcher

#: Seconds for which the triggerer tries to find out how something ended, before a worker does.
FINISH_FOR = 30.0


async def ask_how_it_ended(
    watcher: Watcher[Any, Any], how: Callable[[], End], interval: float, log: Any
) -> End | None:
    """
    Ask how something ended, and for a while again if that fails.

    :param how: Asks, in a thread of the watcher that logs into the log of the trigger that asks.
    :return: Nothing if a worker is to find it out.
    """
    began = time.time()
    # What has been there does not just begin to exist: began long ago.
    patience = Patience(began + FINISH_FOR, began - NOT_FOUND_GRACE)
    while True:
        try:
            return await watcher.work(partial(contextvars.copy_context().run, how))
        except Exception as error:
            doubt = isinstance(error, EndUnknownError)
            fault = AnswerLostError(str(error), method="", url="") if doubt else error
            try:
                patience.fault(fault, time.time())
            except Exception as last:
                log.info("A worker is to find out how it ended: %s", last)
                return None
            log.warning("Asking how it ended failed; trying again: %s", error)
        await asyncio.sleep(min(interval, FINISH_FOR / 3))


def can_be_stored(xcoms: Mapping[str, Any]) -> bool:
    """
    Return whether Airflow can store values that a trigger hands over.

    A worker that cannot store one fails its own task; here other tasks' triggers run, too.
    """
    try:
        text = json.dumps(xcoms, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError):
        return False
    # No database takes it.
    return "\\u0000" not in text
