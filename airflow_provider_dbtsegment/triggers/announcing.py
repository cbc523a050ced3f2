"""Leave behind early what a task that begins in the triggerer is known by: its link, for one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from airflow_provider_dbtsegment.compat import store_xcoms
from airflow_provider_dbtsegment.triggers.finishing import can_be_stored

#: Who stores now, by event loop; the loop is kept, so that no later one is taken for it.
_turns: dict[int, tuple[asyncio.AbstractEventLoop, asyncio.Lock]] = {}


class Announcement:
    """
    XComs that a task has left behind, or is about to.

    Airflow stores them one by one, and starts no new trigger meanwhile. So that a thousand tasks
    that begin together hold up nobody, one of them stores at a time.
    """

    def __init__(self, log: Any) -> None:
        self._log = log
        self._xcoms: Mapping[str, Any] = {}
        self._storing: asyncio.Task[bool] | None = None

    def begin(self, task_instance: Any, xcoms: Mapping[str, Any]) -> None:
        """Store XComs as soon as it is this task's turn; the first time only."""
        if self._storing is None:
            self._xcoms = xcoms
            self._storing = asyncio.create_task(self._store(task_instance))

    async def missing(self) -> Mapping[str, Any]:
        """Return what has not been stored, and leave it to who asks."""
        if self._storing is None:
            return {}
        self._storing.cancel()
        await asyncio.wait([self._storing])
        stored = not self._storing.cancelled() and self._storing.result()
        return {} if stored else self._xcoms

    def end(self) -> None:
        """Store no more."""
        if self._storing is not None:
            self._storing.cancel()

    async def _store(self, task_instance: Any) -> bool:
        """Return whether it could be done; if not, that is for the end."""
        if not can_be_stored(self._xcoms):
            return False
        async with _turn():
            try:
                await store_xcoms(task_instance, self._xcoms)
            except Exception as error:
                self._log.info("%s are left behind at the end: %s", ", ".join(self._xcoms), error)
                return False
            return True


def _turn() -> asyncio.Lock:
    loop = asyncio.get_running_loop()
    for other in [key for key, (kept, _) in _turns.items() if kept.is_closed()]:
        del _turns[other]
    return _turns.setdefault(id(loop), (loop, asyncio.Lock()))[1]
