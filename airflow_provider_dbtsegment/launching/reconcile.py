"""Find runs that earlier attempts started, retrying longer when the evidence is ambiguous."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

from airflow_provider_dbtsegment.exceptions import (
    AttemptOverError,
    AuthError,
    InvalidRequestError,
    LaunchUnknownError,
    NotFoundError,
    RequestError,
)
from airflow_provider_dbtsegment.launching.protocol import (
    CancelledBy,
    K,
    Launcher,
    PriorRun,
)
from airflow_provider_dbtsegment.launching.record import Record
from airflow_provider_dbtsegment.launching.session import LaunchSession
from airflow_provider_dbtsegment.outcomes import Outcome

T = TypeVar("T")

#: Seconds within which a service lists what it has started.
LISTED_WITHIN = 60.0
#: The reconciliation window: after this many seconds a lost request can no longer take effect, and
#: its run would be listed.
WINDOW = 180.0
#: Seconds for which a run that was just adopted may turn out to be being cancelled.
CANCEL_GRACE = 10.0
#: Seconds that a cancelled run may take to stop.
STOP_GRACE = 60.0
#: By how many seconds clocks may differ where two of them agree, and where not.
SKEW = 60.0
MAX_SKEW = 600.0
#: By how many seconds two clocks may differ that count as right.
MAX_DISAGREEMENT = 20.0
#: The longest pause between two polls, in seconds.
MAX_PAUSE = 15.0


class Reconciler(Generic[K]):
    """Find what earlier attempts of a task instance started."""

    def __init__(self, session: LaunchSession[K]) -> None:
        self.session: LaunchSession[K] = session
        self.work: Launcher[K] = session.work
        self.attempt = session.attempt
        self.log = session.log
        self.clock = session.clock
        self.sleep = session.sleep

    def find_recorded(self, record: Record) -> PriorRun[K] | None:
        """
        Return the run that a record names, or `None` if the service does not know it.

        A run may be unknown for some time after its start.

        :raises RequestError: If the service cannot be asked.
        """

        def poll() -> PriorRun[K] | None:
            try:
                outcome = self.work.outcome(record.id)
            except NotFoundError as error:
                if not error.from_service:
                    raise
                return None
            return _recorded(record, record.id, outcome)

        if record.work.get("origin") != self.work.work.get("origin"):
            marker = record.marker if self.work.is_marked and not record.is_reused else None
            if not self.work.is_same(record.id, marker):
                self.log.warning(
                    "%s %s was started at %s. The connection now points to %s, where it does not "
                    "exist; it may still be running at the other host.",
                    self.work.what,
                    record.id,
                    record.work.get("origin"),
                    self.work.work.get("origin"),
                )
                return None
        prior = self._poll(poll, LISTED_WITHIN)
        if prior is None:
            self.log.warning("%s %s does not exist any more.", self.work.what, record.id)
        return prior

    def find_unacknowledged(
        self, record: Record, reread: Callable[[], Record | None] = lambda: None
    ) -> PriorRun[K] | None:
        """
        Return what came of a start whose answer was not recorded, or `None` if nothing did.

        :param reread: Returns the record as it is now; another process of the same attempt may
            still be writing it.
        :raises LaunchUnknownError: If the service cannot be asked.
        """

        def by_record() -> PriorRun[K] | None:
            now = reread()
            if now is None or now.id is None:
                return None
            return _recorded(now, now.id, self.work.outcome(now.id))

        try:
            return self._look_for(record, lambda: self._left(record.requested_at), by_record)
        except RequestError as error:
            raise self.unknown(
                f"no answer to attempt {record.attempt} was recorded, and its "
                f"{self.work.noun} cannot be looked for: {error}",
                record,
            ) from error

    def find_alternative(self, record: Record, tried: Collection[K]) -> PriorRun[K] | None:
        """
        Return another run that the same unmarked start may have created, if it can be used.

        :param tried: Ids that were considered already.
        :raises RequestError: If the service cannot be asked.
        """
        if self.work.is_marked:
            return None
        record = replace(record, known=(*record.known, *tried))
        other = self._look_for(record, lambda: self._left(record.requested_at))
        return other if other is not None and _is_usable(other) else None

    def find_lost(self, record: Record, error: RequestError) -> PriorRun[K]:
        """
        Return what this attempt's own start created, after its answer was lost.

        :raises LaunchUnknownError: If nothing is listed, or the service cannot be asked.
        """
        why = str(error)
        try:
            found = self._look_for(record, LISTED_WITHIN)
        except RequestError as problem:
            message = f"{why}, and the {self.work.noun} cannot be looked for: {problem}"
            raise self.unknown(message, record) from problem
        if found is None:
            message = f"{why}, and no {self.work.noun} was listed for {LISTED_WITHIN:g} s"
            raise self.unknown(message, record) from error
        return found

    def find_marked(self, *, takes_ended: bool, waits: bool) -> PriorRun[K] | None:
        """
        Return the newest run that carries this task instance's marker, without a record.

        :param takes_ended: Whether a run that has ended counts. Where there is a store and no
            record, it does not: the task was cleared.
        :param waits: Whether a start of an earlier attempt may still be on its way.
        :raises LaunchUnknownError: If the service cannot be asked.
        """
        newest: PriorRun[K] | None = None

        def poll() -> PriorRun[K] | None:
            nonlocal newest
            newest = self.find_newest()
            if newest is None:
                return None
            is_last = newest.attempt is not None and newest.attempt >= self.attempt.number - 1
            is_retry = newest.max_tries == self.attempt.marker.max_tries
            succeeded = newest.outcome is Outcome.SUCCESS and is_retry and takes_ended
            return newest if newest.outcome is None or succeeded or is_last else None

        try:
            self._poll(poll, lambda: self._left_without_record() if waits else 0.0)
        except RequestError as error:
            raise self.unknown(f"runs of earlier attempts cannot be looked for: {error}") from error
        return newest if newest is None or newest.outcome is None or takes_ended else None

    def find_newest(self) -> PriorRun[K] | None:
        """Return the newest run of an earlier attempt that carries the marker."""
        runs = self._list(None)
        return next(
            (run for run in runs if run.attempt is None or run.attempt < self.attempt.number), None
        )

    def find_again(self) -> PriorRun[K] | None:
        """
        Return the newest run of an earlier attempt, some time after it was looked for.

        :raises AttemptOverError: If a later attempt has started one.
        """
        runs = self._list(None)
        latest = max((run.attempt or 0 for run in runs), default=0)
        if latest > self.attempt.number:
            raise AttemptOverError(
                f"Nothing was started: attempt {latest} of the task has begun meanwhile."
            )
        return None if self.attempt.number == 1 else next(iter(runs), None)

    def find_unmarked(self, tried: Collection[K], *, waits: bool) -> PriorRun[K] | None:
        """
        Return a sync that an earlier attempt may have started, without a record.

        A sync that is running and began after the task's first attempt carries the same rows, so
        it is taken. Any other running sync has to end first. Where there is a store and no record,
        the task was cleared: nothing is taken.

        :param tried: Ids that were considered already.
        :param waits: Whether a start of an earlier attempt may still be on its way.
        :raises LaunchUnknownError: If the service cannot be asked, or another sync runs for longer.
        """
        takes, until = self.attempt.store is None, self.session.until
        settled_at: float | None = None
        warned, pause = False, 1.0
        while True:
            active: PriorRun[K] | None = None
            try:
                runs = self._list(None)
            except RequestError as error:
                if _is_final(error) or isinstance(error, NotFoundError):
                    raise
                if self.clock() >= until:
                    message = f"syncs of earlier attempts cannot be looked for: {error}"
                    raise self.unknown(message) from error
            else:
                if settled_at is None:
                    left = self._left_without_record() if waits else 0.0
                    settled_at = self.clock() + left
                active = next((run for run in runs if run.outcome is None), None)
                ours = [run for run in runs if takes and run.id not in tried and self._is_ours(run)]
                running = next((run for run in ours if run.outcome is None), None)
                succeeded = next((run for run in ours if run.outcome is Outcome.SUCCESS), None)
                if running is not None:
                    return running
                if succeeded is not None and not self.attempt.may_be_cleared:
                    return succeeded
                if active is None and self.clock() >= settled_at:
                    return None
            if active is not None and not warned:
                warned = True
                self.log.info(
                    "%s (%s) is running, and an earlier attempt may have started it: waiting for "
                    "its end before starting another.",
                    self.work.what,
                    active.id,
                )
            if active is not None and self.clock() >= until:
                raise LaunchUnknownError(
                    f"{self.work.what} ({active.id}) is still running, and an earlier attempt of "
                    "this task may have started it. Nothing was started. A later attempt waits "
                    f"again. See {self.work.where}."
                )
            self.sleep(pause)
            pause = min(pause * 2, MAX_PAUSE)

    def await_outcome(self, id: K, seconds: float) -> Outcome | None:
        """Return the outcome of a run that may be being cancelled, or `None` if it still runs."""
        try:
            return self._poll(lambda: self.work.outcome(id), seconds)
        except RequestError as error:
            self.log.warning("It is not known whether the %s stops: %s", self.work.noun, error)
            return None

    def cancelled_by(self, id: K) -> CancelledBy:
        """Return who cancelled a run, as far as the service says."""
        try:
            found = self._poll(lambda: self.work.cancelled_by(id), LISTED_WITHIN)
        except RequestError as error:
            self.log.info("%s does not say who cancelled %s: %s", self.work.service, id, error)
            found = None
        return found or CancelledBy.UNKNOWN

    def await_inactive(self) -> None:
        """Wait until no run of the same work is running, or the launch gives up."""
        pause, until = 2.0, self.session.until
        while self.clock() < until:
            self.sleep(min(pause, max(0.0, until - self.clock())))
            pause = min(pause * 2, MAX_PAUSE * 2)
            try:
                if self.work.find_active() is None:
                    return
            except RequestError as error:
                if _is_final(error):
                    raise
                self.log.debug("The running %s cannot be asked for: %s", self.work.noun, error)

    def unknown(self, why: str, record: Record | None = None) -> LaunchUnknownError:
        """Return the error for a start that may or may not have happened."""
        marker = self.attempt.marker
        if record is not None and record.attempt != marker.attempt:
            marker = replace(
                marker,
                attempt=record.attempt,
                max_tries=record.max_tries,
                digest=record.digest or marker.digest,
            )
        return LaunchUnknownError(
            f"{self.work.what} may or may not have been started ({why}). Nothing more was sent. "
            f"Look at {self.work.where} for {self.work.describe_marker(marker)}. The next attempt "
            f"looks for it again, and starts another one if none has appeared {WINDOW:g} s after "
            "the request."
        )

    def _look_for(
        self,
        record: Record,
        seconds: float | Callable[[], float],
        by_record: Callable[[], PriorRun[K] | None] = lambda: None,
    ) -> PriorRun[K] | None:
        """
        Poll for the run that the recorded start created.

        Without a marker, another client may have started a failed run. So a failed run is returned
        only if no other run is listed in time.

        :param seconds: For how long; a function is called after the first poll.
        :param by_record: Returns the run if the store has come to hold its id.
        :raises RequestError: If the last poll failed, or none can succeed.
        """
        unusable: PriorRun[K] | None = None

        def poll() -> PriorRun[K] | None:
            nonlocal unusable
            found = by_record() or self._unacknowledged(record)
            if found is None or self.work.is_marked or _is_usable(found):
                return found
            unusable = found
            return None

        return self._poll(poll, seconds) or unusable

    def _unacknowledged(self, record: Record) -> PriorRun[K] | None:
        """Return what a record's start created: one that is running, or can be used, first."""
        runs = [run for run in reversed(self._list(record.baseline)) if run.id not in record.known]
        if self.work.is_marked:
            runs = [run for run in runs if run.attempt in (None, record.attempt)]
        found = min(runs, key=_rank, default=None)
        if found is None:
            return None
        return replace(
            found, attempt=record.attempt, max_tries=record.max_tries, digest=record.digest
        )

    def _list(self, baseline: Any) -> Sequence[PriorRun[K]]:
        runs = self.work.find(baseline, self._since())
        self.session.seen |= {run.id for run in runs}
        return [run for run in runs if not self._is_of_earlier_dag_run(run)]

    def _is_of_earlier_dag_run(self, run: PriorRun[K]) -> bool:
        """Return whether a run is older than the DAG run: one with the same id was deleted."""
        since = self._since()
        if self.attempt.dag_run_was_cleared or since is None or run.began is None:
            return False
        return run.began < since - MAX_SKEW

    def _since(self) -> float | None:
        """Return when the first attempt began, by the clock that makes it earliest."""
        began = self.attempt.first_attempt_began
        now = self.work.server_time()
        if began is None or now is None:
            return began
        return min(began, began + (now - self.session.wall_clock()))

    def _is_ours(self, run: PriorRun[K]) -> bool:
        """Return whether a sync began after the task's first attempt, so it carries its rows."""
        since = self._since()
        if since is None or run.began is None:
            return False
        return run.began >= since - (SKEW if self._clocks_agree() else MAX_SKEW)

    def _left(self, requested_at: float | None) -> float:
        """Return the seconds of the window that are left, by the service's clock alone."""
        now = self.work.server_time()
        if requested_at is None or now is None:
            return WINDOW
        return min(WINDOW, max(0.0, requested_at + WINDOW - now))

    def _left_without_record(self) -> float:
        """
        Return the seconds of the window that are left since the previous attempt ended.

        Airflow says when that was. Clocks count only if this machine's and the service's agree.
        """
        ended, now = self.attempt.previous_attempt_ended, self.work.server_time()
        if ended is None or now is None or not self._clocks_agree():
            return WINDOW
        age = min(now, self.session.wall_clock()) - ended
        return min(WINDOW, max(0.0, WINDOW - age))

    def _clocks_agree(self) -> bool:
        """Return whether this machine's clock and the service's show the same time."""
        now = self.work.server_time()
        return now is not None and abs(now - self.session.wall_clock()) <= MAX_DISAGREEMENT

    def _poll(self, poll: Callable[[], T | None], seconds: float | Callable[[], float]) -> T | None:
        """
        Poll until there is a result or the time is up: once in any case, and at the end.

        :param seconds: For how long; a function is called after the first poll.
        :raises RequestError: If the last poll failed, or none can succeed.
        """
        until: float | None = None if callable(seconds) else self.clock() + seconds
        began, pause = self.clock(), 1.0
        while True:
            problem: RequestError | None = None
            try:
                result = poll()
                if result is not None:
                    return result
            except RequestError as error:
                if _is_final(error):
                    raise
                problem = error
            if until is None and callable(seconds):
                # What the first answer tells of the service's clock counts.
                until = began + seconds() if problem is None else None
            left = (began + WINDOW if until is None else until) - self.clock()
            if left <= 0:
                if problem is not None:
                    raise problem
                return None
            self.sleep(min(pause, left))
            pause = min(pause * 2, MAX_PAUSE)


def _recorded(record: Record, id: Any, outcome: Outcome | None) -> PriorRun[Any]:
    return PriorRun(id, outcome, record.attempt, record.max_tries, record.digest)


def _is_usable(run: PriorRun[Any]) -> bool:
    return run.outcome in (None, Outcome.SUCCESS)


def _is_final(error: RequestError) -> bool:
    """Return whether the service itself refuses what a gateway cannot have refused."""
    return error.from_service and isinstance(error, (AuthError, InvalidRequestError))


def _rank(run: PriorRun[Any]) -> int:
    if run.outcome is None:
        return 0
    if run.outcome is Outcome.SUCCESS:
        return 1
    return 2 if run.outcome is Outcome.CANCELLED else 3
