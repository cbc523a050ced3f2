"""Ask a source in the ways that the service does not refuse, the cheapest first."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Generic

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    InvalidRequestError,
    NotFoundError,
    RequestError,
)
from airflow_provider_dbtsegment.source import K, S, Source
from airflow_provider_dbtsegment.watching.meter import Meter

log = logging.getLogger(__name__)

#: Seconds for which a way is not tried again after the service refused it.
REFUSED_FOR = 10 * 60.0


class Way(str, Enum):
    """How to ask, and what it means for those who wait when it is refused."""

    FEED = "what has ended lately"
    ENDED = "which of many have ended"
    MANY = "many at once"


class Asker(Generic[K, S]):
    """
    Ask a source; an error is an answer like any other. Its methods are called in threads.

    :param source: Whom to ask.
    :param meter: Is told of each request.
    """

    def __init__(
        self, source: Source[K, S], meter: Meter, clock: Callable[[], float] = time.time
    ) -> None:
        self._source = source
        self._meter = meter
        self._clock = clock
        ways = [Way.MANY] if source.batch_size > 1 else []
        ways += [Way.FEED, Way.ENDED] if source.tells_ends else []
        self._refused_until = dict.fromkeys(ways, 0.0)
        self._told: set[Way] = set()
        self.closed = False

    def can(self, way: Way) -> bool:
        """Return whether a way is worth trying."""
        until = self._refused_until.get(way)
        return until is not None and self._clock() >= until

    def give_up(self, way: Way, why: str) -> None:
        """Do without a way for a while, and say so once."""
        self._refused_until[way] = self._clock() + REFUSED_FOR
        if way not in self._told:
            self._told.add(way)
            log.warning("The service does not tell %s (%s); asking otherwise.", way.value, why)

    def feed(
        self, since: float, until: float | None, page: int
    ) -> tuple[Mapping[K, S], bool] | Exception:
        """Ask for a page of what has ended between two times."""
        self._meter.requested()
        try:
            return self._source.ask_feed(since, until, page)
        except (InvalidRequestError, NotFoundError) as error:
            self.give_up(Way.FEED, str(error))
            return error
        except RequestError as error:
            return error
        except Exception as error:
            log.exception("What has ended lately cannot be read.")
            self.give_up(Way.FEED, type(error).__name__)
            return error

    def states(self, keys: Sequence[K], *, only_ended: bool) -> dict[K, S | Exception | None]:
        """
        Ask for some, in one request if the service takes that.

        :param only_ended: That something goes on may be told by leaving it out: `None`.
        """
        answers: dict[K, S | Exception | None] = {}
        try:
            if only_ended and self.can(Way.ENDED):
                ended = self._ask(Way.ENDED, self._source.ask_ended, keys)
                if ended is not None:
                    return {key: ended.get(key) for key in keys}
            if len(keys) > 1 and self.can(Way.MANY):
                answers.update(self._ask(Way.MANY, self._source.ask_many, keys) or {})
        except RequestError as error:
            return dict.fromkeys(keys, error)
        for key in keys:
            if self.closed:
                return dict.fromkeys(keys, AnswerLostError("not asked", method="", url=""))
            if key not in answers:
                self._meter.requested()
                try:
                    answers[key] = self._source.ask_one(key)
                except Exception as error:
                    answers[key] = error
        return answers

    def _ask(
        self, way: Way, ask: Callable[[Sequence[K]], Mapping[K, S]], keys: Sequence[K]
    ) -> Mapping[K, S] | None:
        """
        Ask for many; nothing means that it has to be done otherwise.

        :raises RequestError: When the service is out of reach.
        """
        self._meter.requested()
        try:
            return ask(keys)
        except (InvalidRequestError, NotFoundError) as error:
            self.give_up(way, str(error))
        except RequestError:
            raise
        except Exception as error:
            log.exception("The answer for many cannot be read.")
            self.give_up(way, type(error).__name__)
        return None
