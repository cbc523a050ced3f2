"""What is done about a refused token: it is read again before it counts as refused."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Any

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    AuthError,
    ConfigurationError,
    ConnectionMovedError,
)
from airflow_provider_dbtsegment.source import Source
from airflow_provider_dbtsegment.watching.clock import Clock

log = logging.getLogger(__name__)

#: Seconds between two readings of a connection whose token is refused.
RENEWAL_PAUSE = 10.0
#: Seconds that one reading may take.
RENEWAL_LIMIT = 10.0
REAL = Clock()


class Renewal:
    """
    Reads the token of a source again when the service refuses it.

    All who are refused together cause one reading, and there is one every ``RENEWAL_PAUSE`` seconds
    at most.

    :param source: Whose token it is.
    :param renew: Reads it without blocking the event loop, and returns whether it has changed. A
        wait in its own thread does without.
    """

    def __init__(
        self,
        source: Source[Any, Any],
        clock: Clock = REAL,
        renew: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self._source = source
        self._clock = clock
        self._renew = renew
        self._read_at = -math.inf
        self._problem: Exception | None = None
        self._reading: asyncio.Task[None] | None = None

    def meaning(self, error: Exception, asked: float) -> Exception | None:
        """
        Return what an error means, after reading a refused token in this thread if it is time.

        :param asked: When the poll began that failed, by the monotonic clock.
        :return: Nothing when there is another token: poll again.
        """
        if not isinstance(error, AuthError):
            return error
        if self._is_due(asked):
            try:
                self._ended(None, self._source.renew())
            except Exception as problem:
                self._ended(problem)
        return self.verdict(error, asked)

    async def read_async(self, asked: float) -> None:
        """Read the token without blocking the event loop, together with others who want that."""
        if self._renew is None or not (self._reading or self._is_due(asked)):
            return
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._read_async(self._renew))
        await asyncio.shield(self._reading)

    async def _read_async(self, renew: Callable[[], Awaitable[bool]]) -> None:
        try:
            async with asyncio.timeout(RENEWAL_LIMIT):
                self._ended(None, await renew())
        except Exception as error:
            self._ended(error)
        finally:
            self._reading = None

    def _is_due(self, asked: float) -> bool:
        if self._source.renewed_at > asked:
            return False
        return self._clock.steady() - self._read_at >= RENEWAL_PAUSE

    def _ended(self, problem: Exception | None, changed: bool = False) -> None:
        self._read_at, self._problem = self._clock.steady(), problem
        if changed:
            log.info("The token was refused; the connection holds another one, which is used now.")

    def verdict(self, error: AuthError, asked: float) -> Exception | None:
        """
        Return what a refusal means by what is known of the token, or nothing: poll again.

        :param asked: When the poll began, by the monotonic clock.
        """
        if self._source.renewed_at > asked:
            return None
        problem = self._problem
        if isinstance(problem, ConnectionMovedError):
            return problem
        if problem is None or isinstance(problem, ConfigurationError):
            return error
        # Whether the token is still the right one is not known.
        reason = f"{error} The connection could not be read again ({problem!r})"
        return AnswerLostError(reason, method="", url="")
