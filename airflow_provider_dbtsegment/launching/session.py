"""One attempt's launch as it goes on: its record, and what its steps share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Generic

from airflow_provider_dbtsegment.exceptions import (
    AttemptOverError,
    LaunchUnknownError,
    RequestError,
)
from airflow_provider_dbtsegment.launching.protocol import Attempt, K, Launcher, LaunchOptions
from airflow_provider_dbtsegment.launching.record import LaunchRecords, Record, claim, new_nonce

#: Why a success may be used without a trace in the record.
STARTED_ONLY = "started only"
IN_TRIGGERER = "in the triggerer"
#: Seconds for which another process of the same attempt is left to start what it has recorded.
OTHER_PROCESS_GRACE = 30.0


@dataclass
class LaunchSession(Generic[K]):
    """
    What the steps of a launch share.

    :param clock: Seconds by a clock that never steps back; measures waiting.
    :param wall_clock: Seconds since the epoch by this machine's clock.
    """

    work: Launcher[K]
    attempt: Attempt
    records: LaunchRecords
    options: LaunchOptions
    log: Any
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], float] = time.time
    #: This process of the attempt.
    nonce: str = field(default_factory=new_nonce)
    #: Ids that were listed before this attempt sent anything.
    seen: set[K] = field(default_factory=set)
    #: When the launch gives up waiting for its turn, by the clock.
    until: float = field(init=False)

    def __post_init__(self) -> None:
        self.until = self.clock() + self.options.start_timeout

    @property
    def name(self) -> str:
        """The name of this work's record."""
        return f"{self.work.key}#{self.attempt.execution}"

    @property
    def record(self) -> Record | None:
        """The record of this work, as it was read or written last."""
        return self.records.get(self.name)

    def new_record(self) -> Record:
        """Return a record of this attempt, in which nothing was started."""
        marker = self.attempt.marker
        if not self.options.waits:
            ends_unseen = STARTED_ONLY
        else:
            ends_unseen = IN_TRIGGERER if self.options.ends_in_triggerer else ""
        return Record(
            work=dict(self.work.work),
            digest=marker.digest,
            attempt=marker.attempt,
            max_tries=marker.max_tries,
            nonces=(self.nonce,),
            marker=str(marker) if self.work.is_marked else "",
            ends_unseen=ends_unseen,
            cancels_on_kill=self.options.cancel_on_kill,
        )

    def claim(self, record: Record) -> None:
        """
        Write the record first, before anything is looked for or sent.

        :raises AttemptOverError: If Airflow does not take it.
        """
        now = self.work.server_time()
        if record.is_requested and record.requested_at is None and now is not None:
            # The start was sent before now, so a later attempt need not wait longer than from now.
            record = replace(record, requested_at=now)
        try:
            self.records.write(self.name, claim(record, self.nonce))
        except Exception as error:
            raise AttemptOverError(
                "Nothing was started: Airflow's task state store did not take the launch record "
                f"({error}). Either this attempt is over, or Airflow cannot be reached."
            ) from error

    def write_quietly(self, record: Record) -> None:
        """Write the record; what was started must not be lost because that fails."""
        self.records.write_quietly(self.name, claim(record, self.nonce), self.log)

    def reread(self) -> Record | None:
        """Return the record as it is in the store now, if it can be read."""
        if self.attempt.store is None:
            return None
        try:
            self.records.read()
        except LaunchUnknownError:
            return None
        return self.record

    def check_current(self) -> None:
        """
        Ask Airflow whether this attempt is still running; for versions without a store.

        :raises AttemptOverError: If it is not, or Airflow does not say.
        """
        try:
            is_current = self.attempt.is_current()
        except Exception as error:
            raise AttemptOverError(
                "Nothing was started: Airflow does not say whether this attempt of the task is "
                f"still running ({error})."
            ) from error
        if not is_current:
            raise AttemptOverError("Nothing was started: this attempt of the task is over.")

    def is_other_process(self) -> bool:
        """Return whether another process of the same attempt is starting the same, and let it."""
        until = self.clock() + OTHER_PROCESS_GRACE
        while self.attempt.store is not None:
            record = self.reread()
            if record is None or record.nonces[-1:] == (self.nonce,):
                return False
            if record.id is not None or record.is_requested or self.clock() >= until:
                return True
            self.sleep(1.0)
        return False

    def abandon(self, other: Launcher[K], id: K, why: str) -> None:
        """Cancel a run that this task does not want any more, or name it in the log."""
        if not self.options.cancel_on_kill or not self._is_confirmed():
            self.log.warning("%s (%s) %s and is still running.", other.what, id, why)
            return
        try:
            other.cancel(id)
        except RequestError as error:
            self.log.warning(
                "%s (%s) %s and is still running; it could not be cancelled: %s",
                other.what,
                id,
                why,
                error,
            )
        else:
            self.log.warning("%s (%s) %s: cancelled.", other.what, id, why)

    def _is_confirmed(self) -> bool:
        """Return whether Airflow confirms that this attempt is the current one."""
        try:
            if self.attempt.store is None:
                return self.attempt.is_current()
            self.records.write(self.name, self.record or self.new_record())
        except Exception:
            self.log.debug("Airflow does not confirm that the attempt is current.", exc_info=True)
            return False
        return True
