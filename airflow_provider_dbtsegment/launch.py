"""
Start something exactly once; knows no service and no Airflow.

Neither service has an idempotency key. A marker that names the task run travels with the request,
the intent is written down before it and the id after it, and whoever comes later looks before
starting. What is not known is looked for with patience, see :mod:`.search`.

A try sends one request whose answer can be lost, never a second: a list that does not show what it
may have started is no proof that nothing was. Then the try ends with a sentence. A later one sends
another when the first is so old that nobody holds it any more, and nothing has come of it; or when
a person has looked, and cleared the task.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic

from airflow_provider_dbtsegment.exceptions import (
    ConfigurationError,
    LaunchUnknownError,
    RequestError,
    RunCancelledError,
)
from airflow_provider_dbtsegment.launchable import Found, K, Launchable, Ledger
from airflow_provider_dbtsegment.marker import Marker
from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.search import REQUEST, Search

#: Seconds for which a cancellation may be under way after a task was cleared,
CLEAR_GRACE = 10.0
#: and for which what we have cancelled may take to stop.
STOP_GRACE = 60.0
#: The key in the ledger.
LAUNCH = "dbtsegment_launch"


class How(str, Enum):
    """How a launch came about."""

    STARTED = "started"
    RETRIED = "started from the point of failure of an earlier try"
    ADOPTED = "taken over from an earlier try, still going on"
    TAKEN = "taken over from an earlier try, already succeeded"
    REUSED = "already going on, taken over as asked"
    RECOVERED = "started, though the answer was lost"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Launch(Generic[K]):
    """What is to be waited for, and how it came about."""

    id: K
    how: How


def launch_once(
    work: Launchable[K],
    marker: Marker,
    *,
    ledger: Ledger | None = None,
    retry_from_failure: bool = False,
    reuse_existing: bool = False,
    retry_cancelled: bool = False,
    acceptable: Collection[Outcome] = (Outcome.SUCCESS,),
    log: Any = None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Launch[K]:
    """
    Start something unless this task run has already started it.

    :param retry_from_failure: Go on from where an earlier try of this task run failed, if possible.
    :param reuse_existing: Take over what anybody has started and what is going on.
    :param retry_cancelled: Start anew after a person cancelled what an earlier try had started.
    :param acceptable: The ends with which an earlier try's work is taken over when nobody has
        made use of it yet.
    :param clock: Seconds since the epoch; the tries of a task run compare them.
    :raises LaunchUnknownError: When it cannot be found out whether something was started, or it
        could not be written down that it will be; nothing more was started.
    :raises RunCancelledError: When a person cancelled what an earlier try had started, unless
        ``retry_cancelled``.
    :raises RequestError: When the service refuses, or cannot be asked; nothing was started.
    """
    log = log or logging.getLogger(__name__)
    noted = _read(ledger, marker)
    search = Search(work, marker, noted, ledger is not None, acceptable, log, clock, sleep)
    launcher = _Launcher(work, marker, ledger, acceptable, retry_cancelled, search, log)
    return launcher.run(retry_from_failure=retry_from_failure, reuse_existing=reuse_existing)


def note(ledger: Ledger, marker: Marker, **facts: bool) -> None:
    """
    Add to what is written down of the launch of this task run.

    ``cancelled`` says that we ourselves cancelled it, ``consumed`` that a try has made use of its
    end; in both cases a later try starts anew, once it has ended.
    """
    noted = ledger.get(LAUNCH)
    if isinstance(noted, dict) and noted.get("key") == marker.key:
        ledger.set(LAUNCH, {**noted, **facts})


def _read(ledger: Ledger | None, marker: Marker) -> dict[str, Any]:
    """Return what earlier tries have written down."""
    try:
        noted = ledger.get(LAUNCH) if ledger is not None else None
    except Exception as error:
        raise LaunchUnknownError(
            f"What earlier tries have written down cannot be read ({error}). This try has started "
            "nothing."
        ) from error
    return noted if isinstance(noted, dict) and noted.get("key") == marker.key else {}


@dataclass
class _Launcher(Generic[K]):
    work: Launchable[K]
    marker: Marker
    ledger: Ledger | None
    acceptable: Collection[Outcome]
    retry_cancelled: bool
    search: Search[K]
    log: Any
    #: The request of this try, once it is to be sent.
    sent: Mapping[str, Any] = field(default_factory=dict)

    def run(self, *, retry_from_failure: bool, reuse_existing: bool) -> Launch[K]:
        earlier = self.search.earlier()
        launch = self._take_over(earlier) if earlier else None
        while launch is None and earlier and (other := self.search.another(earlier)):
            earlier, launch = other, self._take_over(other)
        if launch is None and reuse_existing:
            going_on = self.work.going_on()
            launch = None if going_on is None else Launch(going_on, How.REUSED)
        if launch is None:
            self.search.rule_out_doubt()
            resumable = retry_from_failure and earlier and self._can_resume(earlier)
            launch = self._submit(earlier.id if earlier and resumable else None)
        noted = earlier.noted if earlier else {}
        if noted.get("id") != launch.id:
            unsure = self._unsure(launch, self.sent or noted)
            self._write_quietly(id=launch.id, reused=launch.how is How.REUSED, **unsure)
        elif noted["try"] < self.marker.first_try:
            # What is taken over from before the task was cleared belongs to the tries after it.
            self._write_quietly(**{**noted, "try": self.marker.try_number})
        return launch

    def _unsure(self, launch: Launch[K], sent: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is to be kept of a request if what was taken for its work may not be that."""
        sure = launch.how in (How.STARTED, How.RETRIED, How.REUSED) or self.work.is_marked
        if sure or sent.get("at") is None:
            return {}
        return {**{name: sent[name] for name in REQUEST}, "known": [*sent["known"], launch.id]}

    def _take_over(self, earlier: Found[K]) -> Launch[K] | None:
        """Return what to wait for instead of starting anew, if anything."""
        noted, outcome = earlier.noted, earlier.outcome
        # A person's cancellation was noted before Airflow heard of it, if it ever did.
        if noted.get("consumed") and outcome is not Outcome.CANCELLED:
            return None
        if outcome is None and noted.get("cancelled"):
            outcome = self.search.after_the_kill(earlier.id, STOP_GRACE)
        elif outcome is None and earlier.try_number < self.marker.first_try:
            outcome = self.search.after_the_kill(earlier.id, CLEAR_GRACE)
        if outcome is None:
            # Also what we have cancelled, if it does not stop: never two at a time.
            return Launch(earlier.id, How.REUSED if noted.get("reused") else How.ADOPTED)
        if not self._ours(earlier):
            return None
        # Without a ledger a partial end may have been made use of, and thought too little.
        if outcome is Outcome.SUCCESS or (noted and outcome in self.acceptable):
            return Launch(earlier.id, How.TAKEN)
        by_a_person = outcome is Outcome.CANCELLED and noted and not noted.get("cancelled")
        if by_a_person and not self.retry_cancelled:
            raise RunCancelledError(
                f"{self.work.what} {earlier.id}, which try {earlier.try_number} of this task had "
                f"started, was cancelled. Clear the task to start it again. See {self.work.where}."
            )
        return None

    def _ours(self, found: Found[K]) -> bool:
        """
        Return whether it belongs to the tries since the task was last cleared.

        What carries the number of this very try and is not in the ledger belongs to another life of
        the task run: the DAG run was deleted, and made again with the same id.
        """
        number = found.try_number
        return self.marker.first_try <= number and (
            number < self.marker.try_number or bool(found.noted)
        )

    def _can_resume(self, earlier: Found[K]) -> bool:
        return (
            earlier.outcome is Outcome.FAILED
            and self._ours(earlier)
            and not earlier.noted.get("reused")
            and self.work.can_retry(earlier.id)
        )

    def _submit(self, failed: K | None) -> Launch[K]:
        """Send the one request of this try, and look for what it started if its answer is lost."""
        baseline = self.work.baseline()
        known = sorted(self.search.known(baseline))
        self.sent = {"at": self.search.clock(), "baseline": baseline, "known": known}
        try:
            self._write(**self.sent)
        except Exception as error:
            raise LaunchUnknownError(
                f"Nothing was started, since it could not be written down before ({error}): a "
                "later try could not have known of it."
            ) from error
        try:
            if failed is not None:
                return Launch(self.work.submit_retry(failed), How.RETRIED)
            return Launch(self.work.submit(), How.STARTED)
        except ConfigurationError:
            self._take_back()
            raise
        except RequestError as error:
            if not error.may_have_happened:
                self._take_back()
                raise
            self.log.warning("The answer was lost (%s); looking for %s.", error, self.work.what)
            return Launch(self.search.for_the_lost(baseline, known, error).id, How.RECOVERED)

    def _take_back(self) -> None:
        """Write down again what was written before the request that was refused."""
        before = {**self.search.noted}
        self._write_quietly(**{"try": self.marker.try_number, **before})

    def _write_quietly(self, **values: Any) -> None:
        """Write down; what has been started is not to be lost because that fails."""
        try:
            self._write(**values)
        except Exception as error:
            self.log.warning("It could not be written down for later tries: %s", error)

    def _write(self, **values: Any) -> None:
        if self.ledger is not None:
            entry = {"key": self.marker.key, "try": self.marker.try_number, **values}
            self.ledger.set(LAUNCH, entry)
