"""Ask a running sync to stop, from another thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum


class StopReason(Enum):
    """Who wants the sync to stop."""

    CANCELLED = "cancelled"
    SHUTDOWN = "shutdown"


class Stopped(Exception):
    """Raised inside a sync at the next point where it may stop."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class StopSignal:
    """One sync's switch: set once, looked at often."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._reason = StopReason.CANCELLED
        self._interrupt: Callable[[], None] | None = None

    @property
    def is_set(self) -> bool:
        """Tell whether somebody has asked to stop."""
        return self._event.is_set()

    def set(self, reason: StopReason) -> None:
        """Ask to stop; the first reason stays."""
        with self._lock:
            if not self._event.is_set():
                self._reason = reason
                self._event.set()
            if self._interrupt is not None:
                self._interrupt()

    def check(self) -> None:
        """Raise Stopped if somebody has asked to stop."""
        if self._event.is_set():
            raise Stopped(self._reason)

    def wait(self, seconds: float) -> None:
        """Sleep, or raise Stopped as soon as somebody asks."""
        self._event.wait(seconds)
        self.check()

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Call ``interrupt`` on a stop while the block runs, and turn what it causes into Stopped.

        The block holds a call that looks at no signal, such as a long query.
        """
        with self._lock:
            self._interrupt = interrupt
        try:
            self.check()
            yield
        except Exception as error:
            if self._event.is_set() and not isinstance(error, Stopped):
                raise Stopped(self._reason) from error
            raise
        finally:
            with self._lock:
                self._interrupt = None
        self.check()
