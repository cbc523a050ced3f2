"""
Cancel what a task has started when Airflow kills the task.

Airflow calls `on_kill` in a signal handler: on the main thread, which may hold the lock of a
session, of a log, of a rate budget or of the connection to Airflow. So another thread does all of
it, with connections of its own, and the handler waits for it only for some seconds; the rest
happens once the main thread goes on and releases its locks.

A signal alone does not say that a person wants the run to end: a worker that is drained sends it,
too. So Airflow is asked for the task's state, and the run is cancelled only if nobody waits for it
any more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_dbtsegment.compat import ENDED_STATES
from airflow_provider_dbtsegment.exceptions import DbtSegmentError, RequestError

#: Seconds that a signal handler waits; Airflow kills a task 5 s after asking it to end.
HANDLER_TIMEOUT = 3.0
#: Seconds for which a start is looked for whose answer has not come, and between two polls.
FIND_TIMEOUT = 10.0
FIND_INTERVAL = 0.5
#: Seconds after which Airflow is asked again for the task's state, if it does not say.
STATE_PAUSES = (0.3, 1.0)


@dataclass
class Cancellation:
    """
    How to cancel what one attempt of a task has started.

    :param describe: Returns what it is, for the log.
    :param cancel: Cancels it, with connections of its own.
    :param find: Returns what was started for this attempt and is running, if that can be told.
    :param state: Asks Airflow for the task's state; `None` is no state.
    :param record: Writes down that this attempt cancels; returns whether Airflow took it, which
        proves that the attempt is current.
    :param is_current: Asks Airflow whether this attempt is the running one, where nothing can be
        written down.
    """

    describe: Callable[[Any], str]
    cancel: Callable[[Any], object]
    find: Callable[[], Any] | None
    state: Callable[[], str | None]
    record: Callable[[Any], bool]
    is_current: Callable[[], bool]
    log: Any
    #: What was started, once that is known.
    key: Any = None
    #: Whether the run was cancelled.
    done: bool = False
    _thread: threading.Thread | None = field(default=None, repr=False)

    def from_signal_handler(self) -> None:
        """Cancel if the task was ended by a person; return within seconds."""
        if self.done:
            return
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(
                target=self._cancel_if_ended, name="dbtsegment-cancel", daemon=True
            )
            # An interpreter that ends starts no threads, but it has nothing to cancel either.
            with suppress(RuntimeError):
                self._thread.start()
        if self._thread.ident is not None:
            self._thread.join(HANDLER_TIMEOUT)

    def after_signal(self, key: Any) -> None:
        """Do the same from where nothing was interrupted, once it is known what was started."""
        self.key = key
        if self._thread is not None:
            self._thread.join(FIND_TIMEOUT)
        if not self.done:
            self._cancel_if_ended()

    def at_execution_timeout(self) -> None:
        """Cancel because Airflow's `execution_timeout` of this attempt has passed."""
        key = self.key if self.key is not None else self._find()
        if key is None:
            return
        if self.done:
            self.record(key)
            return
        if not self.record(key) and not self._is_still_ours():
            self.log.warning(
                "%s is left running: another attempt of the task may wait for it.",
                self.describe(key),
            )
            return
        self.log.info("Cancelling %s: execution_timeout has passed.", self.describe(key))
        self._cancel(key)

    def _cancel_if_ended(self) -> None:
        problem: Exception | None = None
        state: str | None = None
        for pause in (*STATE_PAUSES, None):
            try:
                state, problem = self.state(), None
                break
            except Exception as error:
                problem = error
            if pause is not None:
                time.sleep(pause)
        if state not in ENDED_STATES:
            why = f"Airflow does not say ({problem})" if problem else f"the task's state is {state}"
            self.log.info(
                "The task's process was told to stop, but no person ended the task (%s): what it "
                "started is left running, and the next attempt adopts it.",
                why,
            )
            return
        key = self.key if self.key is not None else self._find()
        if key is not None and not self.done:
            self.record(key)
            self._cancel(key)

    def _is_still_ours(self) -> bool:
        with suppress(Exception):
            return self.is_current()
        return False

    def _find(self) -> Any:
        """Look for what may have been started, until the interrupted thread knows it itself."""
        until = time.monotonic() + FIND_TIMEOUT
        while self.find is not None and self.key is None and time.monotonic() < until:
            try:
                found = self.find()
            except RequestError as error:
                self.log.warning("Looking for what was started failed: %s", error)
                found = None
            if found is not None:
                return found
            time.sleep(FIND_INTERVAL)
        return self.key

    def _cancel(self, key: Any) -> None:
        try:
            self.cancel(key)
        except DbtSegmentError as error:
            self.log.warning("%s could not be cancelled: %s", self.describe(key), error)
            return
        self.done = True
        self.log.info("%s: cancellation requested.", self.describe(key))
