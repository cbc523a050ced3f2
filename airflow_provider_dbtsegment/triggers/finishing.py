"""Ask how things ended, in threads of our own: what a worker would do for a task that succeeds."""

from __future__ import annotations

import asyncio
import contextvars
import json
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dbtsegment.exceptions import AnswerLostError, EndUnknownError
from airflow_provider_dbtsegment.patience import NOT_FOUND_GRACE, Patience

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.hooks.base import ConnectionHook
    from airflow_provider_dbtsegment.outcomes import End

#: Seconds for which the triggerer tries to find out how something ended, before a worker does.
FINISH_FOR = 30.0
#: Threads of the process; when many runs end at once, the others wait for their turn.
_threads = ThreadPoolExecutor(8, thread_name_prefix="dbtsegment-finish")


class Finishing:
    """
    One session by which all triggers of a connection ask how things ended.

    It is there from the first trigger that waits to the last, and opened by the first that asks.
    """

    _shared: ClassVar[dict[Hashable, Finishing]] = {}

    def __init__(self, hook: ConnectionHook[Any]) -> None:
        self._hook = hook
        self._users = 0

    @classmethod
    @contextmanager
    def shared(cls, hook: ConnectionHook[Any]) -> Iterator[Finishing]:
        """Share the session of a connection while this lasts."""
        key = (id(asyncio.get_running_loop()), hook.identity)
        if key not in cls._shared:
            cls._shared[key] = cls(hook.twin())
        finishing = cls._shared[key]
        finishing._users += 1
        try:
            yield finishing
        finally:
            finishing._users -= 1
            if not finishing._users:
                del cls._shared[key]
                _threads.submit(finishing._hook.close)

    async def ask(self, how: Callable[[Any], End], interval: float, log: Any) -> End | None:
        """
        Ask how something ended, and for a while again if that fails.

        :param how: Asks, in a thread that logs into the log of the trigger that asks.
        :return: Nothing if a worker is to find it out.
        """
        began = time.time()
        # What has been there does not just begin to exist: began long ago.
        patience = Patience(began + FINISH_FOR, began - NOT_FOUND_GRACE)
        while True:
            context, loop = contextvars.copy_context(), asyncio.get_running_loop()
            try:
                return await loop.run_in_executor(_threads, context.run, how, self._hook)
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
