"""What chance decides in a history, drawn beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Tape:
    """
    Bytes that are read one after another; each decides something.

    A zero decides for what does no harm, and so does the end of the tape: the smallest tape that
    still breaks a rule tells what it takes to break it.
    """

    def __init__(self, drawn: bytes) -> None:
        self._drawn = drawn
        self._at = 0

    def number(self, below: int) -> int:
        """Return a number from 0 on."""
        value = self._drawn[self._at] if self._at < len(self._drawn) else 0
        self._at += 1
        return value % below

    def pick(self, options: Sequence[T]) -> T:
        """Return one of some options; the first does the least harm."""
        return options[self.number(len(options))]

    def chance(self, percent: float) -> bool:
        """Return whether something happens that happens in so many of a hundred cases."""
        return self.number(256) > 255 - percent * 2.56
