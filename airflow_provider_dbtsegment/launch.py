"""
Start something exactly once; knows no service and no Airflow.

Neither service has an idempotency key. A marker that names the task run travels with the request,
the intent is written down before it and the id after it, and whoever comes later looks before
starting.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic

from airflow_provider_dbtsegment.exceptions import (
    LaunchUnknownError,
    NotFoundError,
    RequestError,
    RunCancelledError,
)
from airflow_provider_dbtsegment.launchable import Found, K, Launchable, Ledger
from airflow_provider_dbtsegment.marker import Marker
from airflow_provider_dbtsegment.outcomes import Outcome

#: Seconds for which a start whose answer was lost is looked for.
PATIENCE = 60.0
#: Seconds for which a cancellation may be under way after a task was cleared.
CLEAR_GRACE = 10.0
#: How often something is sent whose trace could not be found.
MAX_SUBMITS = 3
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
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Launch[K]:
    """
    Start something unless this task run has already started it.

    :param retry_from_failure: Go on from where an earlier try of this task run failed, if possible.
    :param reuse_existing: Take over what anybody has started and what is going on.
    :param retry_cancelled: Start anew after a person cancelled what an earlier try had started.
    :param acceptable: The ends with which an earlier try's work is taken over when nobody has
        made use of it yet.
    :raises LaunchUnknownError: When it cannot be found out whether something was started.
    :raises RunCancelledError: When a person cancelled what an earlier try had started, unless
        ``retry_cancelled``.
    :raises RequestError: When the service refuses.
    """
    log = log or logging.getLogger(__name__)
    launcher = _Launcher(work, marker, ledger, acceptable, retry_cancelled, log, clock, sleep)
    return launcher.run(retry_from_failure=retry_from_failure, reuse_existing=reuse_existing)


def note(ledger: Ledger, marker: Marker, **facts: bool) -> None:
    """
    Add to what is written down of the launch of this task run.

    ``cancelled`` says that we ourselves cancelled it, ``consumed`` that a try has made use of its
    end; in both cases a later try starts anew.
    """
    noted = ledger.get(LAUNCH)
    if isinstance(noted, dict) and noted.get("key") == marker.key:
        ledger.set(LAUNCH, {**noted, **facts})


@dataclass
class _Launcher(Generic[K]):
    work: Launchable[K]
    marker: Marker
    ledger: Ledger | None
    acceptable: Collection[Outcome]
    retry_cancelled: bool
    log: Any
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    #: What was there before anything was sent, once it has been looked up.
    known: set[K] | None = None

    def run(self, *, retry_from_failure: bool, reuse_existing: bool) -> Launch[K]:
        earlier = self._earlier()
        launch = self._take_over(earlier) if earlier else None
        if launch is None and reuse_existing:
            other = self.work.going_on()
            launch = None if other is None else Launch(other, How.REUSED)
        if launch is None:
            resumable = retry_from_failure and earlier and self._can_resume(earlier)
            launch = self._submit(earlier.id if earlier and resumable else None)
        if earlier is None or launch.id != earlier.id or not earlier.noted:
            self._write(id=launch.id, reused=launch.how is How.REUSED)
        return launch

    def _earlier(self) -> Found[K] | None:
        """Return the newest thing that an earlier try of this task run has started."""
        noted = self.ledger.get(LAUNCH) if self.ledger else None
        noted = noted if isinstance(noted, dict) and noted.get("key") == self.marker.key else {}
        if noted.get("id") is not None:
            try:
                return Found(noted["id"], self.work.outcome(noted["id"]), int(noted["try"]), noted)
            except NotFoundError:
                self.log.warning("%s %s is gone.", self.work.what, noted["id"])
        found = self.work.find(noted.get("baseline"))
        self.known = {entry.id for entry in found}
        return found[0] if found else None

    def _take_over(self, earlier: Found[K]) -> Launch[K] | None:
        """Return what to wait for instead of starting anew, if anything."""
        if earlier.noted.get("cancelled") or earlier.noted.get("consumed"):
            return None
        outcome = earlier.outcome
        if outcome is None and earlier.try_number < self.marker.first_try:
            outcome = self._after_the_kill(earlier)
        if outcome is None:
            return Launch(earlier.id, How.REUSED if earlier.noted.get("reused") else How.ADOPTED)
        if not self._ours(earlier):
            return None
        # Without a ledger a partial end may have been made use of, and thought too little.
        if outcome is Outcome.SUCCESS or (earlier.noted and outcome in self.acceptable):
            return Launch(earlier.id, How.TAKEN)
        if outcome is Outcome.CANCELLED and earlier.noted and not self.retry_cancelled:
            raise RunCancelledError(
                f"{self.work.what} {earlier.id}, which try {earlier.try_number} of this task had "
                f"started, was cancelled. Clear the task to start it again. See {self.work.where}."
            )
        return None

    def _after_the_kill(self, earlier: Found[K]) -> Outcome | None:
        """Return how something ended that may be being cancelled because the task was cleared."""
        until = self.clock() + CLEAR_GRACE
        outcome = earlier.outcome
        while outcome is None and self.clock() < until:
            self.sleep(1.0)
            outcome = self.work.outcome(earlier.id)
        return outcome

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
        baseline = self.work.baseline()
        if self.known is None:
            self.known = {entry.id for entry in self.work.find(baseline)}
        for _ in range(MAX_SUBMITS):
            self._write(baseline=baseline)
            try:
                if failed is not None:
                    return Launch(self.work.submit_retry(failed), How.RETRIED)
                return Launch(self.work.submit(), How.STARTED)
            except RequestError as error:
                if not error.may_have_happened:
                    self._write()
                    raise
                self.log.warning("The answer was lost (%s); looking for %s.", error, self.work.what)
                found = self._look(baseline, error)
            if found is not None:
                return Launch(found.id, How.RECOVERED)
            self.log.warning("Nothing was started; starting again.")
        raise LaunchUnknownError(self._unknown("the service lost every answer"))

    def _look(self, baseline: Any, lost: RequestError) -> Found[K] | None:
        """
        Look for what a lost answer may have started until it is found or the patience is at an end.

        :raises LaunchUnknownError: When the service could not be asked either.
        """
        until = self.clock() + PATIENCE
        pause = 1.0
        while True:
            looked: Exception | None = None
            try:
                tries = self.work.find(baseline)
                found = [entry for entry in tries if entry.id not in (self.known or ())]
                if found:
                    return found[0]
            except RequestError as error:
                looked = error
            if self.clock() + pause > until:
                if looked is not None:
                    raise LaunchUnknownError(self._unknown(str(lost))) from looked
                return None
            self.sleep(pause)
            pause = min(pause * 2, 15.0)

    def _unknown(self, why: str) -> str:
        return (
            f"{self.work.what} may or may not have been started ({why}). Look at {self.work.where} "
            f"for the mark {self.marker} before you clear this task."
        )

    def _write(self, **values: Any) -> None:
        if self.ledger is not None:
            entry = {"key": self.marker.key, "try": self.marker.try_number, **values}
            self.ledger.set(LAUNCH, entry)
