"""Ask how things ended: what a worker would do for a task that succeeds."""

from __future__ import annotations

import asyncio
import contextvars
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    AuthError,
    EndUnknownError,
    NotFoundError,
)
from airflow_provider_dbtsegment.patience import Patience
from airflow_provider_dbtsegment.watching.clock import Clock

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
    clock = Clock()
    began = clock.now()
    patience = Patience(began.wall + FINISH_FOR, began.wall, seen=True)
    while True:
        asked = clock.now()
        try:
            return await watcher.work(partial(contextvars.copy_context().run, how))
        except Exception as error:
            try:
                fault = await _fault(watcher, error, asked.steady)
                if fault is not None:
                    patience.fault(fault, clock.now())
            except Exception as last:
                log.info("A worker is to find out how it ended: %s", last)
                return None
            log.warning("Asking how it ended failed; trying again: %s", error)
        await asyncio.sleep(min(interval, FINISH_FOR / 3) if fault else 0)


async def _fault(watcher: Watcher[Any, Any], error: Exception, asked: float) -> Exception | None:
    """
    Return what counts as a fault, or nothing: ask again at once, with another token.

    :raises Exception: What is final here; a worker takes the time to see whether it lasts.
    """
    if isinstance(error, EndUnknownError):
        return AnswerLostError(str(error), method="", url="")
    if isinstance(error, AuthError):
        refused = await watcher.refused(error, asked)
        if refused is None:
            return None
        error = refused
    if isinstance(error, (AuthError, NotFoundError)) and error.from_service:
        raise error
    return error


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
