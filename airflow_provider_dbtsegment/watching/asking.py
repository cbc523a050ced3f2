"""Ask a source in the ways that the service does not refuse, the cheapest first."""

from __future__ import annotations

import logging
import math
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
#: So many keys are remembered for which a request for many is refused.
MAX_ODD = 1000


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
    :param clock: Seconds, monotonic.
    """

    def __init__(
        self, source: Source[K, S], meter: Meter, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._source = source
        self._meter = meter
        self._clock = clock
        ways = [Way.MANY] if source.batch_size > 1 else []
        ways += [Way.FEED, Way.ENDED] if source.tells_ends else []
        self._refused_until = dict.fromkeys(ways, -math.inf)
        self._told: set[Way] = set()
        #: Keys for which the service refuses a request for many; they are asked for alone.
        self._odd: dict[K, None] = {}
        #: The ways for many that the service has ever taken.
        self._works: set[Way] = set()
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

    def forget(self, key: K) -> None:
        """Keep nothing of a key that is not waited for any more."""
        self._odd.pop(key, None)

    def feed(
        self, since: float, until: float | None, page: int
    ) -> tuple[Mapping[K, S], bool] | Exception:
        """Ask for a page of what has ended between two times."""
        self._meter.requested()
        try:
            return self._source.ask_feed(since, until, page)
        except (InvalidRequestError, NotFoundError) as error:
            if error.from_service:
                self.give_up(Way.FEED, str(error))
            return error
        except RequestError as error:
            return error
        except Exception as error:
            log.exception("What has ended lately cannot be read.")
            self.give_up(Way.FEED, type(error).__name__)
            return error

    def states(
        self, keys: Sequence[K], *, only_ended: bool, beat: Callable[[], None] = lambda: None
    ) -> dict[K, S | Exception | None]:
        """
        Ask for some, in one request if the service takes that.

        :param only_ended: That something goes on may be told by leaving it out: `None`.
        :param beat: Called before each request.
        """
        answers: dict[K, S | Exception | None] = {}
        plain = [key for key in keys if key not in self._odd]
        try:
            if only_ended and plain and self.can(Way.ENDED):
                ended = self._many(Way.ENDED, plain, answers, beat)
                answers.update({key: None for key in ended if key not in answers})
            if len(plain) > 1 and self.can(Way.MANY):
                self._many(Way.MANY, [key for key in plain if key not in answers], answers, beat)
        except RequestError as error:
            answers.update({key: error for key in plain if key not in answers})
        for key in keys:
            if self.closed:
                return dict.fromkeys(keys, AnswerLostError("not asked", method="", url=""))
            if key not in answers:
                answers[key] = self._one(key, beat)
        return answers

    def _one(self, key: K, beat: Callable[[], None]) -> S | Exception:
        beat()
        self._meter.requested()
        try:
            return self._source.ask_one(key)
        except Exception as error:
            return error

    def _many(
        self,
        way: Way,
        keys: Sequence[K],
        answers: dict[K, S | Exception | None],
        beat: Callable[[], None],
    ) -> list[K]:
        """
        Ask for many, fill in the answers, and return of which keys the service has told.

        One key can be the reason why a request for many is refused. So the keys are asked for in
        halves, down to those that are refused; unless no two keys can be asked for at once.

        :raises RequestError: When the service is out of reach.
        """
        if not keys or not self.can(way):
            return []
        outcome = self._ask(way, keys, answers, beat)
        if isinstance(outcome, bool):
            return list(keys) if outcome else []
        if way not in self._works:
            pairs = (keys[:2], keys[-2:])
            if not any(self._ask(way, pair, answers, beat) is True for pair in pairs):
                self.give_up(way, str(outcome))
                return []
        if len(keys) == 1:
            self._odd[keys[0]] = None
            if len(self._odd) > MAX_ODD:
                del self._odd[next(iter(self._odd))]
            return []
        middle = len(keys) // 2
        halves = (keys[:middle], keys[middle:])
        return [key for half in halves for key in self._many(way, half, answers, beat)]

    def _ask(
        self,
        way: Way,
        keys: Sequence[K],
        answers: dict[K, S | Exception | None],
        beat: Callable[[], None],
    ) -> InvalidRequestError | bool:
        """
        Ask for many in one request, and return why the service refuses it, if it does.

        :return: Otherwise, whether it was answered; a way that does not work is given up.
        :raises RequestError: When the service is out of reach.
        """
        ask = self._source.ask_ended if way is Way.ENDED else self._source.ask_many
        beat()
        self._meter.requested()
        try:
            answers.update(ask(keys))
        except InvalidRequestError as error:
            if not error.from_service:
                raise
            return error
        except NotFoundError as error:
            if not error.from_service:
                raise
            self.give_up(way, str(error))
        except RequestError:
            raise
        except (MemoryError, OSError) as error:
            raise AnswerLostError(f"not asked ({error!r})", method="", url="") from error
        except Exception as error:
            log.exception("The answer for many cannot be read.")
            self.give_up(way, type(error).__name__)
        else:
            self._works.add(way)
            return True
        return False
