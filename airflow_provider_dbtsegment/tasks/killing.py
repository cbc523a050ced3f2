"""
Cancel what a task has launched when Airflow kills the task.

Airflow calls `on_kill` in a signal handler: on the main thread, in the midst of anything. That
thread may hold the lock of a session, of a log, of a budget or of the way to Airflow, and would
wait for itself for ever. So another thread does all of it, by connections of its own, and the
handler waits for it only so long; what it could not do by then it does once the main thread goes on
and lets go of its locks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_dbtsegment.exceptions import DbtSegmentError, RequestError
from airflow_provider_dbtsegment.launch import LAUNCH, note
from airflow_provider_dbtsegment.launchable import Ledger
from airflow_provider_dbtsegment.marker import Marker

#: Seconds that a signal handler waits for a cancellation; Airflow kills a task 5 s after asking it.
HANDLER_PATIENCE = 3.0
#: Seconds for which a start is looked for whose answer has not come, and between two looks.
LOOK_PATIENCE = 10.0
LOOK_INTERVAL = 0.5


@dataclass
class Kill:
    """
    How to cancel what one try of a task launches.

    :param cancel: Cancels it, by connections of its own.
    :param find: Returns what has been started for this task and goes on, if that can be told.
    :param ledger: Where it is noted that it was cancelled, so that a later try starts anew.
    """

    subject: Callable[[Any], str]
    cancel: Callable[[Any], object]
    find: Callable[[], Any] | None
    ledger: Ledger | None
    marker: Marker
    log: Any
    #: What was launched, once that is known.
    key: Any = None
    #: Whether somebody wants it cancelled, and whether it was.
    wanted: bool = False
    done: bool = False
    _thread: threading.Thread | None = field(default=None, repr=False)

    def from_signal_handler(self) -> None:
        """Cancel, and never wait long, whatever the interrupted thread is in the midst of."""
        self.wanted = True
        if self.done:
            return
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="dbtsegment-kill", daemon=True)
            # An interpreter that ends starts no threads, but it has nothing to cancel either.
            with suppress(RuntimeError):
                self._thread.start()
        if self._thread.ident is not None:
            self._thread.join(HANDLER_PATIENCE)

    def now(self, key: Any, why: str) -> None:
        """Cancel from where nothing was interrupted; that it fails must not hide why it was due."""
        if self.done:
            # Noted again, since the launch has noted something else meanwhile.
            note_quietly(self.ledger, self.marker, self.log, cancelled=True)
            return
        self.log.info("Cancelling %s: %s.", self.subject(key), why)
        self._cancel(key)

    def _work(self) -> None:
        key = self.key if self.key is not None else self._look()
        if key is not None:
            self._cancel(key)

    def _look(self) -> Any:
        """Look for what may have been started, until the interrupted thread knows it by itself."""
        until = time.monotonic() + LOOK_PATIENCE
        while self.find is not None and self.key is None and time.monotonic() < until:
            try:
                found = self.find()
            except RequestError as error:
                self.log.warning("Looking for what was started failed: %s", error)
                found = None
            if found is not None:
                return found
            time.sleep(LOOK_INTERVAL)
        return self.key

    def _cancel(self, key: Any) -> None:
        failed: DbtSegmentError | None = None
        try:
            self.cancel(key)
        except DbtSegmentError as error:
            failed = error
        # Logged last: the interrupted thread may hold the log.
        if failed is None or getattr(failed, "may_have_happened", False):
            self.done = failed is None
            note_quietly(self.ledger, self.marker, self.log, cancelled=True)
        if failed is None:
            self.log.info("%s was told to stop.", self.subject(key))
        else:
            self.log.warning("%s could not be cancelled: %s", self.subject(key), failed)


def note_quietly(ledger: Ledger | None, marker: Marker, log: Any, **facts: bool) -> None:
    """Write a fact down for later tries, if Airflow can remember it."""
    if ledger is None:
        return
    try:
        note(ledger, marker, **facts)
    except Exception as error:
        log.warning("It could not be noted for later tries: %s", error)


def was_cancelled_by_us(ledger: Ledger | None, marker: Marker, log: Any) -> bool:
    """Return whether it is written down that we ourselves cancelled what was launched."""
    try:
        noted = ledger.get(LAUNCH) if ledger is not None else None
    except Exception as error:
        log.warning("What was noted cannot be read: %s", error)
        return False
    noted = noted if isinstance(noted, dict) else {}
    return noted.get("key") == marker.key and noted.get("cancelled") is True
