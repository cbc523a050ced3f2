"""How far something is, told to who waits for it: now and then, not at every look."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds between two lines, and before the first.
PAUSE = 60.0


class Progress:
    """
    Says how far something is, once a minute at most.

    :param say: Takes a line.
    :param clock: Seconds.
    """

    def __init__(
        self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say = say
        self._clock = clock
        self._last = clock()

    @property
    def is_due(self) -> bool:
        """Whether something may be said."""
        return self._clock() - self._last >= PAUSE

    def tell(self, text: str | None) -> None:
        """Say how far it is, if that is known; either way, nothing more for a while."""
        self._last = self._clock()
        if text:
            self._say(text)
