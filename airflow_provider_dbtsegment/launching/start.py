"""Send a start: one request whose outcome can stay unknown, when the service is ready for it."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field, replace
from typing import Any, Generic

from airflow_provider_dbtsegment.exceptions import (
    AttemptOverError,
    ConfigurationError,
    NotSentError,
    RateLimitedError,
    RequestError,
    StartTimeoutError,
)
from airflow_provider_dbtsegment.launching.prior import PriorRuns
from airflow_provider_dbtsegment.launching.protocol import K, Launch, Origin
from airflow_provider_dbtsegment.launching.reconcile import Reconciler
from airflow_provider_dbtsegment.launching.record import Record
from airflow_provider_dbtsegment.launching.session import LaunchSession

#: How often a start that was not sent is tried, and the longest pause between two tries in seconds.
MAX_NOT_SENT = 5
MAX_NOT_SENT_PAUSE = 30.0
#: The pauses after a 429 that does not say when to come again: the first one and the longest one.
FIRST_COOLDOWN = 5.0
MAX_COOLDOWN = 60.0
#: Starts that were told to come again at the same time come within so many seconds after it.
JITTER = 3.0
#: Seconds after which what was found out before a start is found out again.
MAX_AGE = 60.0
#: How many ids of marked runs a record keeps.
MAX_KNOWN = 20


@dataclass
class Starter(Generic[K]):
    """
    Send the start of an attempt.

    :param before: The record of earlier attempts, if there is one.
    """

    session: LaunchSession[K]
    reconciler: Reconciler[K]
    prior: PriorRuns[K]
    before: Record | None
    #: When it was last found out what earlier attempts have started, by the clock.
    _found_at: float = field(init=False)
    _told: bool = False

    def __post_init__(self) -> None:
        self._found_at = self.session.clock()

    def start(self) -> Launch[K]:
        """
        Send the start until the service takes it, refuses it, or its outcome is unknown.

        :raises AttemptOverError: If this attempt is over; nothing was sent.
        :raises LaunchUnknownError: If the outcome is unknown, and nothing was found.
        :raises RequestError: If it was refused, or not sent.
        :raises StartTimeoutError: If the service takes no start in time.
        """
        failed = self.prior.resumable()
        tries = cooldowns = 0
        pending = self._pending()
        while True:
            if self.session.clock() - self._found_at > MAX_AGE:
                launch = self.prior.find_again()
                self._found_at = self.session.clock()
                if launch is not None:
                    return launch
                pending = self._pending()
            try:
                started = self._submit(failed, pending)
            except (ConfigurationError, AttemptOverError):
                raise
            except RateLimitedError as error:
                cooldowns += 1
                pause = error.retry_after
                if pause is None:
                    pause = min(MAX_COOLDOWN, FIRST_COOLDOWN * 2 ** min(cooldowns - 1, 10))
                self._wait_for_turn(pause, error)
            except NotSentError as error:
                tries += 1
                self._withdraw()
                if error.final or tries >= MAX_NOT_SENT:
                    raise
                self.session.log.info("The start was not sent, trying again: %s", error)
                self.session.sleep(min(MAX_NOT_SENT_PAUSE, 2.0 ** (tries - 1) + _jitter(1.0)))
            except RequestError as error:
                if error.may_have_happened:
                    return self._recover(pending, error)
                if not self.session.work.is_busy(error):
                    self._withdraw()
                    raise
                self._wait_for_turn(0.0, error)
                self.reconciler.await_inactive()
                self._found_at = -math.inf  # the mapping's list has changed
            else:
                self.session.write_quietly(replace(pending, is_requested=False, id=started))
                return Launch(started, Origin.STARTED if failed is None else Origin.RESUMED)

    def _submit(self, failed: K | None, pending: Record) -> K:
        session = self.session

        def before_first_byte() -> None:
            if session.attempt.store is None:
                session.check_current()
                return
            now = replace(pending, requested_at=session.work.server_time())
            session.records.confirm(session.name, now, session.nonce)

        marker = session.attempt.marker
        if failed is not None:
            return session.work.submit_resume(failed, marker, before_first_byte)
        return session.work.submit(marker, before_first_byte)

    def _recover(self, pending: Record, error: RequestError) -> Launch[K]:
        """Return what a start created whose answer was lost."""
        session = self.session
        session.log.warning(
            "The answer to the start was lost (%s): looking for the %s.", error, session.work.noun
        )
        found = self.reconciler.find_lost(pending, error)
        # Another client may have started an unmarked sync, so the start stays open.
        is_open = not session.work.is_marked
        # The stored record holds the time of the start.
        sent = session.record or pending
        session.write_quietly(replace(sent, is_requested=is_open, id=found.id))
        return Launch(found.id, Origin.RECOVERED)

    def _wait_for_turn(self, pause: float, error: RequestError) -> None:
        """
        Wait until the service may take the start.

        :raises StartTimeoutError: If that would last too long.
        """
        session = self.session
        self._withdraw()
        left = session.until - session.clock()
        if left <= pause:
            raise StartTimeoutError(
                f"{session.work.what} was not started: {session.work.service} took no start within "
                f"{session.options.start_timeout:g} s (start_timeout). The last answer: {error}"
            ) from error
        if not self._told:
            session.log.info(
                "%s does not take the start yet (%s). It waits for its turn, for at most %.0f s.",
                session.work.service,
                error,
                left,
            )
        self._told = True
        session.sleep(min(left, pause + _jitter(JITTER)))

    def _pending(self) -> Record:
        """Return the record of the start that is about to be sent."""
        session = self.session
        baseline = None if session.work.is_marked else session.work.baseline()
        known: set[Any] = set(session.seen)
        before = self.before
        if before is not None:
            known |= set(before.known) | ({before.id} - {None})
        kept = tuple(sorted(known))
        return replace(
            session.new_record(),
            is_requested=True,
            baseline=baseline,
            known=kept[-MAX_KNOWN:] if session.work.is_marked else kept,
        )

    def _withdraw(self) -> None:
        """Write down that nothing was sent."""
        before = self.before
        if before is None or before.is_incomplete:
            before = self.session.new_record()
        # What an earlier attempt may have started was looked for: nothing came of it.
        self.session.write_quietly(replace(before, is_requested=False))


def _jitter(seconds: float) -> float:
    return random.random() * seconds  # noqa: S311 - spreads load, protects nothing
