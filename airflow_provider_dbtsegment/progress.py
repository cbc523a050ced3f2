"""How far something is, told to who waits for it: now and then, not at every look."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from airflow_provider_dbtsegment.source import K, S, Source

log = logging.getLogger(__name__)

#: Seconds between two lines, and before the first.
PAUSE = 60.0


def how_far(source: Source[K, S], key: K, state: S | None) -> str | None:
    """Return how far it is, if that can be known; what goes wrong with it harms no waiting."""
    try:
        return source.progress(key, state)
    except Exception:
        log.debug("How far it is could not be found out.", exc_info=True)
        return None


class Progress:
    """
    Says how far something is, once a minute at most.

    :param say: Takes a line.
    :param clock: Seconds.
    :param last: When something was said last; by default now.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        last: float | None = None,
    ) -> None:
        self._say = say
        self._clock = clock
        self._last = clock() if last is None else last

    def tell(self, source: Source[K, S], key: K, state: S) -> None:
        """Say how far it is, if it is time and that is known."""
        now = self._clock()
        if now - self._last < PAUSE:
            return
        self._last = now
        text = how_far(source, key, state)
        if text:
            self._say(text)
