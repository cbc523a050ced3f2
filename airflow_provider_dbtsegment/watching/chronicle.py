"""How far things are, told to those who wait by a watcher, at a cost that stays small."""

from __future__ import annotations

import asyncio
import logging
import math
from functools import partial
from typing import Generic

from airflow_provider_dbtsegment.exceptions import RequestError
from airflow_provider_dbtsegment.progress import PAUSE, how_far
from airflow_provider_dbtsegment.source import K, S, Source
from airflow_provider_dbtsegment.watching.crew import Crew
from airflow_provider_dbtsegment.watching.waits import Wait, Waits

log = logging.getLogger(__name__)

#: Where it must be asked for, that is done for so many waits at most: one request a second.
MOST = 60
#: Seconds after which one that is asked for is not waited for any more.
LONGEST_ANSWER = 60.0


class Chronicle(Generic[K, S]):
    """
    Tells each wait how far its thing is, once a minute at most.

    Where the states tell it, that costs nothing. Where it must be asked for, one is asked for after
    the other, and none when there are many or when requests are short.

    :param news: Is set when there is time for the next.
    """

    def __init__(
        self, source: Source[K, S], waits: Waits[K, S], crew: Crew, news: asyncio.Event
    ) -> None:
        self._source = source
        self._waits = waits
        self._crew = crew
        self._news = news
        self._is_asking = False

    def hear(self, wait: Wait[K, S], state: S, now: float) -> None:
        """Take note of a state that is not the last."""
        if not self._source.asks_progress and now - wait.told_at >= PAUSE:
            wait.told_at = now
            wait.say(how_far(self._source, wait.key, state))

    def tend(self, now: float) -> float:
        """Ask for one if it is time, and return the seconds until it is."""
        if not self._source.asks_progress or self._is_asking or not 0 < len(self._waits) <= MOST:
            return math.inf
        wait = min(self._waits, key=lambda one: one.told_at)
        pause = max(wait.told_at + PAUSE - now, self._source.free_in())
        if pause > 0:
            return pause
        for one in self._waits.of(wait.key):
            one.told_at = now
        self._is_asking = True
        self._crew.begin(self._ask(wait.key))
        return math.inf

    async def _ask(self, key: K) -> None:
        text: str | None = None
        try:
            text = await self._crew.work(
                partial(how_far, self._source, key, None), limit=LONGEST_ANSWER
            )
        except RequestError:
            log.debug("The progress could not be asked for.", exc_info=True)
        finally:
            self._is_asking = False
        for wait in self._waits.of(key):
            wait.say(text)
        self._news.set()
