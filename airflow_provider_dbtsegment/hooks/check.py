"""The Test button: within seconds, what a connection reaches, or what to do about it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from airflow_provider_dbtsegment.exceptions import DbtSegmentError
from airflow_provider_dbtsegment.texts import harmless

T = TypeVar("T")

#: Seconds for the look that decides, with everything before it: a name look-up has no time-out.
PATIENCE = 3.5
#: Seconds of these for establishing a connection, and for each piece of an answer.
PIECE = 2.5
#: Seconds for a further look, which makes the message better.
FURTHER = 1.0
#: Characters.
MOST_OF_A_NAME = 200


class SilenceError(TimeoutError):
    """Nothing came back in time."""


def within(seconds: float, call: Callable[[], T]) -> T:
    """
    Return what a function returns, or raise what it raises, within so many seconds.

    A function that takes longer is left to itself, in a thread that does not keep the process.

    :raises SilenceError: When it takes longer.
    """
    ends: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            ends.put((call(), None))
        except BaseException as error:
            ends.put((None, error))

    threading.Thread(target=run, name="connection-test", daemon=True).start()
    try:
        value, error = ends.get(timeout=seconds)
    except Empty:
        raise SilenceError from None
    if error is not None:
        raise error
    return value  # type: ignore[return-value]


def further(call: Callable[[], T]) -> T | None:
    """Return what a further look finds, or `None` if it finds nothing soon."""
    try:
        return within(FURTHER, call)
    except (DbtSegmentError, SilenceError):
        return None


def name_of(answer: Mapping[str, Any]) -> str:
    """Return what an answer is called, fit for a message."""
    return harmless(answer.get("name"), MOST_OF_A_NAME)
