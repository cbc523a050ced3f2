"""The connections of triggers: many that need one at the same time ask Airflow once."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from airflow_provider_dbtsegment.compat import forget_connection
from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    ConfigurationError,
    DbtSegmentError,
)
from airflow_provider_dbtsegment.hooks.base import moved
from airflow_provider_dbtsegment.patience import AUTH_CONFIRMATION
from airflow_provider_dbtsegment.watching.clock import Clock

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.hooks.base import ConnectionHook, Place
    from airflow_provider_dbtsegment.patience import Patience

H = TypeVar("H", bound="ConnectionHook[Any]")

#: Seconds for which others take what one trigger was told. Thousands begin within seconds when a
#: triggerer starts; a token that was replaced before must not be taken for the new one.
RECENT = 1.0


@dataclass(frozen=True)
class _Asked:
    """A hook that is to know its connection, and when it was asked for."""

    at: float
    answer: asyncio.Task[Any]

    def is_good(self, now: float) -> bool:
        """Return whether the answer is on its way, or here and recent."""
        if not self.answer.done():
            return True
        failed = self.answer.cancelled() or self.answer.exception() is not None
        return not failed and now - self.at < RECENT


#: By event loop, kind of connection, its id, and what else tells connections apart: teams that
#: share a triggerer may each have one of the same id.
_asked: dict[tuple[asyncio.AbstractEventLoop, type, str, Hashable], _Asked] = {}


async def resolved(
    hook: H,
    patience: Patience,
    interval: float,
    log: Any,
    scope: Hashable = None,
    *,
    was_right: bool = False,
) -> H:
    """
    Return a hook that knows its connection, for its settings: those who use it take a twin of it.

    A triggerer that starts again asks Airflow for the connections of all its triggers at once,
    perhaps when Airflow has not come back yet: that must not end what is going on well.

    :param scope: What, beside its id, tells the connection from others.
    :param was_right: Whether it was there, and right, when the wait began. Then it must be wrong
        for a minute: Airflow says that there is none also when it could not read it.
    :raises ConfigurationError: When there is no such connection, or it is wrong.
    :raises DbtSegmentError: When Airflow cannot be asked for so long that patience ends.
    """
    clock, wrong_since = Clock(), None
    while True:
        try:
            return await _shared(hook, scope)
        except ConfigurationError as error:
            now = clock.now()
            wrong_since = now.steady if wrong_since is None else wrong_since
            lasting = now.steady - wrong_since >= AUTH_CONFIRMATION
            if lasting or patience.is_over_at(now.wall) or not was_right:
                raise
            log.warning("%s Reading it again.", error)
        except DbtSegmentError:
            raise
        except Exception as error:
            reason = f"Airflow could not give the connection ({type(error).__name__}: {error})"
            now = clock.now()
            patience.fault(AnswerLostError(reason, method="", url=""), now)
            log.warning("%s; trying again.", reason)
        await asyncio.sleep(patience.next_poll(now, interval) - now.steady)


async def renewed(api: H, scope: Hashable, place: Callable[[H], Place]) -> bool:
    """
    Read a connection again whose token was refused, and return whether it has changed.

    :param api: What uses it, and uses the new token from then on.
    :param place: Returns the service and account for which a hook would be asked.
    :raises ConnectionMovedError: When these have changed.
    :raises ConfigurationError: When there is no connection any more, or it is wrong.
    """
    fresh = await _shared(type(api)(api.conn_id, max_attempts=1), scope)
    if place(fresh) != place(api):
        raise moved("What was waited for", place(api), place(fresh), api.conn_id)
    return api.use_settings(fresh.settings)


async def _shared(hook: H, scope: Hashable) -> H:
    loop = asyncio.get_running_loop()
    now = loop.time()
    key = (loop, type(hook), hook.conn_id, scope)
    for other in [one for one, asked in _asked.items() if not _is_good(one[0], asked)]:
        del _asked[other]
    if key not in _asked:
        # In a context of its own: it is asked for many, not for the first who comes.
        answer = contextvars.Context().run(loop.create_task, _ask(hook))
        _asked[key] = _Asked(now, answer)
    return cast("H", await asyncio.shield(_asked[key].answer))


def _is_good(loop: asyncio.AbstractEventLoop, asked: _Asked) -> bool:
    return not loop.is_closed() and asked.is_good(loop.time())


async def _ask(hook: H) -> H:
    forget_connection(hook.conn_id)
    await hook.aresolve()
    return hook
