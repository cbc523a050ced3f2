"""The connections of triggers: many that begin together ask Airflow once."""

from __future__ import annotations

import asyncio
import contextvars
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from airflow_provider_dbtsegment.exceptions import AnswerLostError, DbtSegmentError

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.hooks.base import ConnectionHook
    from airflow_provider_dbtsegment.patience import Patience

H = TypeVar("H", bound="ConnectionHook[Any]")

#: Seconds for which triggers that begin take what others were told; a token that was changed
#: meanwhile is seen by those who begin later.
RECENT = 30.0


@dataclass(frozen=True)
class _Asked:
    """A hook that is to know its connection, and when it was asked for."""

    at: float
    #: Kept, so that no later loop is taken for this one.
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Task[Any]

    def is_good(self, now: float) -> bool:
        """Return whether the answer is on its way, or here and recent."""
        if not self.answer.done():
            return not self.loop.is_closed()
        failed = self.answer.cancelled() or self.answer.exception() is not None
        return not failed and now - self.at < RECENT


_asked: dict[tuple[int, type, str], _Asked] = {}


async def resolved(hook: H, patience: Patience, interval: float, log: Any) -> H:
    """
    Return a hook that knows its connection, for its settings: those who use it take a twin of it.

    A triggerer that starts again asks Airflow for the connections of all its triggers at once,
    perhaps when Airflow has not come back yet: that must not end what is going on well.

    :raises ConfigurationError: When there is no such connection, or it is wrong.
    :raises DbtSegmentError: When Airflow cannot be asked for so long that patience ends.
    """
    while True:
        try:
            return await _shared(hook)
        except DbtSegmentError:
            raise
        except Exception as error:
            reason = f"Airflow could not give the connection ({type(error).__name__}: {error})"
            now = time.time()
            patience.fault(AnswerLostError(reason, method="", url=""), now)
            log.warning("%s; trying again.", reason)
            await asyncio.sleep(patience.next_look(now, interval) - now)


async def _shared(hook: H) -> H:
    loop, now = asyncio.get_running_loop(), time.monotonic()
    key = (id(loop), type(hook), getattr(hook, hook.conn_name_attr))
    for other in [other for other, asked in _asked.items() if not asked.is_good(now)]:
        del _asked[other]
    if key not in _asked:
        # In a context of its own: it is asked for many, not for the first who comes.
        answer = contextvars.Context().run(loop.create_task, _ask(hook))
        _asked[key] = _Asked(now, loop, answer)
    return cast("H", await asyncio.shield(_asked[key].answer))


async def _ask(hook: H) -> H:
    await hook.aresolve()
    return hook
