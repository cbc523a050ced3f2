"""Decide what becomes of what earlier attempts have started."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic

from airflow_provider_dbtsegment.exceptions import RequestError, RunCancelledError
from airflow_provider_dbtsegment.launching.protocol import (
    CancelledBy,
    K,
    Launch,
    Origin,
    PriorRun,
)
from airflow_provider_dbtsegment.launching.reconcile import (
    CANCEL_GRACE,
    STOP_GRACE,
    Reconciler,
)
from airflow_provider_dbtsegment.launching.record import Record, was_cancelled_by_us
from airflow_provider_dbtsegment.launching.session import STARTED_ONLY, LaunchSession
from airflow_provider_dbtsegment.outcomes import Outcome


@dataclass
class PriorRuns(Generic[K]):
    """Find what earlier attempts have started, and decide whether to wait for it."""

    session: LaunchSession[K]
    reconciler: Reconciler[K]
    #: The run of an earlier attempt that was found last, used or not.
    last: PriorRun[K] | None = None

    def find(self) -> Launch[K] | None:
        """
        Return the run of an earlier attempt that this one waits for, if there is one.

        :raises AttemptOverError: If Airflow takes no record of this attempt.
        :raises LaunchUnknownError: If it is not known what earlier attempts have started.
        :raises RunCancelledError: If a person cancelled it.
        """
        record = self.session.record
        if record is None or record.is_incomplete:
            return self._find_without_record(record)
        self.session.claim(record)
        launch = None
        if record.id is not None:
            launch = self._use(self.reconciler.find_recorded(record), record)
        if launch is None and record.is_requested:
            launch = self._find_unacknowledged(record)
        return launch

    def find_again(self) -> Launch[K] | None:
        """
        Return the same, some time later, and directly before a start is sent.

        :raises AttemptOverError: If a later attempt has started something.
        """
        if self.session.attempt.store is not None:
            # It proves directly before the start that no other attempt has begun.
            return None
        if self.session.work.is_marked:
            return self._use(self.reconciler.find_again(), None)
        if self.session.attempt.number == 1:
            return None
        return self._find_unmarked(waits=False)

    def resumable(self) -> K | None:
        """Return the failed run of an earlier attempt that the start is to resume, if any."""
        session, prior = self.session, self.last
        if not session.options.resume_failed or session.attempt.number == 1:
            return None
        if prior is None and session.work.is_marked:
            # A record of a start that came to nothing does not name the run before it.
            prior = self.reconciler.find_newest()
        if prior is None or prior.outcome is not Outcome.FAILED or self._is_cleared(prior):
            return None
        record = session.record
        is_reused = record is not None and record.id == prior.id and record.is_reused
        return prior.id if not is_reused and session.work.can_resume(prior.id) else None

    def leave_other_work(self) -> None:
        """Name or cancel what an earlier attempt started for work that is not named any more."""
        session = self.session
        others = session.records.others(session.name)
        if not session.attempt.is_only_launch or session.attempt.execution or len(others) != 1:
            return
        (name, record), *_ = others.items()
        if record.used or record.is_reused or record.attempt >= session.attempt.number:
            return
        other = session.work.of(record.work)
        if record.id is None or other is None:
            if record.id is not None or record.is_requested:
                session.log.warning(
                    "Attempt %s may have started %s at %s, which this task does not name any "
                    "more; it may still be running.",
                    record.attempt,
                    name if record.id is None else f"{session.work.noun} {record.id} ({name})",
                    record.work.get("origin"),
                )
            return
        try:
            outcome = other.outcome(record.id)
        except RequestError as error:
            session.log.warning("%s %s cannot be asked for: %s", other.what, record.id, error)
            return
        if outcome is None:
            session.abandon(other, record.id, "was started before the task named other work")

    def _find_unacknowledged(self, record: Record) -> Launch[K] | None:
        """Return what came of a start whose answer is not in the record."""
        tried: set[K] = set()
        if record.id is None:
            found = self.reconciler.find_unacknowledged(record, self.session.reread)
            if found is None:
                self.session.log.warning(
                    "The start request of attempt %s created no %s.",
                    record.attempt,
                    self.session.work.noun,
                )
        else:
            # Another client may have started the run that is recorded.
            tried.add(record.id)
            found = self.reconciler.find_alternative(record, tried)
        while found is not None:
            launch = self._use(found, replace(record, used=""))
            if launch is not None:
                return launch
            tried.add(found.id)
            found = self.reconciler.find_alternative(record, tried)
        return None

    def _find_without_record(self, record: Record | None) -> Launch[K] | None:
        """Return what an earlier attempt started of work of which nothing is recorded."""
        session = self.session
        has_store = session.attempt.store is not None
        is_unreadable = session.records.is_unreadable
        is_complete = (
            has_store and record is None and not session.records.is_empty and not is_unreadable
        )
        # A first attempt adopts nothing; and where records are kept, what has none was not sent.
        has_nothing = session.attempt.number == 1 or is_complete
        if has_store:
            session.claim(replace(session.new_record(), is_incomplete=not has_nothing))
        if has_nothing:
            return None
        if has_store:
            session.log.info("No launch record of earlier attempts: it was cleared or has expired.")
        # After a clear no start is on its way: what was cleared had ended, or was deferred.
        waits = not (has_store and session.attempt.may_be_cleared and not is_unreadable)
        if not session.work.is_marked:
            return self._find_unmarked(waits=waits)
        prior = self.reconciler.find_marked(takes_ended=not has_store, waits=waits)
        return self._use(prior, None)

    def _find_unmarked(self, *, waits: bool) -> Launch[K] | None:
        """Return a sync to wait for that an earlier attempt may have started."""
        tried: set[K] = set()
        while prior := self.reconciler.find_unmarked(tried, waits=waits):
            launch = self._use(prior, None)
            if launch is not None:
                return launch
            tried.add(prior.id)
        return None

    def _use(self, prior: PriorRun[K] | None, record: Record | None) -> Launch[K] | None:
        """Return what to wait for instead of starting another run, or `None`."""
        if prior is None:
            return None
        self.last = prior
        outcome, is_reused = prior.outcome, record is not None and record.is_reused
        is_cleared = self._is_cleared(prior)
        if record is not None and record.used == "failure" and outcome is not Outcome.CANCELLED:
            return None
        if outcome is None and not is_reused:
            outcome = self._await_cancellation(prior, record)
        is_same_work = prior.digest in (None, "", self.session.attempt.marker.digest)
        if outcome is None:
            if is_cleared and not is_same_work and not is_reused:
                why = "was started with other settings before the task was cleared"
                self.session.abandon(self.session.work, prior.id, why)
                return None
            # Also a run that does not stop though it was cancelled: never two at a time.
            return Launch(prior.id, Origin.REUSED if is_reused else Origin.ADOPTED)
        if outcome is Outcome.SUCCESS:
            if is_cleared and not (is_same_work and self._is_unused(record)):
                return None
            self._explain_success(prior, is_cleared=is_cleared)
            return Launch(prior.id, Origin.SUCCEEDED)
        if outcome is Outcome.CANCELLED and not is_cleared:
            self._check_cancelled(prior, record)
        return None

    def _await_cancellation(self, prior: PriorRun[K], record: Record | None) -> Outcome | None:
        """Return the outcome of a running run that an attempt may have cancelled."""
        may_stop = self.session.options.cancel_on_kill
        if record is not None:
            if was_cancelled_by_us(self.session.attempt.store, record):
                return self.reconciler.await_outcome(prior.id, STOP_GRACE)
            may_stop = may_stop or record.cancels_on_kill
        return self.reconciler.await_outcome(prior.id, CANCEL_GRACE) if may_stop else None

    def _is_cleared(self, prior: PriorRun[K]) -> bool:
        """Return whether the task was cleared after an attempt had started something."""
        if prior.max_tries is None:
            return self.session.attempt.may_be_cleared
        return prior.max_tries != self.session.attempt.marker.max_tries

    def _is_unused(self, record: Record | None) -> bool:
        """Return whether no attempt can have ended by a success."""
        if record is None or record.used:
            return False
        started_only = record.ends_unseen == STARTED_ONLY and self.session.options.waits
        return not record.ends_unseen or started_only

    def _explain_success(self, prior: PriorRun[K], *, is_cleared: bool) -> None:
        if is_cleared or self.session.attempt.may_be_cleared:
            self.session.log.info(
                "%s (%s) of attempt %s has succeeded, and its result is used. If you cleared the "
                "task to start another one, clear it again.",
                self.session.work.what,
                prior.id,
                prior.attempt or "an earlier",
            )

    def _check_cancelled(self, prior: PriorRun[K], record: Record | None) -> None:
        """
        Let a cancelled run be started again, unless a person cancelled it.

        :raises RunCancelledError: If a person did.
        """
        session = self.session
        if was_cancelled_by_us(session.attempt.store, record):
            return
        by = self.reconciler.cancelled_by(prior.id)
        if by is CancelledBy.UNKNOWN:
            # An attempt that was killed, and could not record that it cancels.
            unrecorded = record is None or (record.cancels_on_kill and not record.used)
            by = CancelledBy.US if unrecorded else CancelledBy.PERSON
        if by is CancelledBy.PERSON and not session.options.retry_cancelled:
            raise RunCancelledError(
                f"{session.work.what} ({prior.id}), which attempt {prior.attempt or '?'} of this "
                "task had started, was cancelled by a person. Clear the task to start another one. "
                f"See {session.work.where}.",
                by.value,
            )
