"""Texts that come from outside, made fit for a log, a table, an XCom and a page."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

#: Characters of a status, a type or the name of a thread.
MOST_OF_A_WORD = 40
#: What a table takes at most, in characters.
WIDTH = 100
#: Kinds of characters that steer a terminal, turn a line round, or are none: controls, formats,
#: halves of pairs, and what each place may fill as it likes.
_STEERING = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
#: What a log that is shown as a page could take for markup.
_MARKUP = str.maketrans(
    {
        "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
        ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
    }
)
_GAP = "…"


def harmless(text: object, most: int | None = None) -> str:
    """
    Return a text on one line that can be stored and shown anywhere.

    :param most: So many characters are left of it; what is longer loses its middle.
    """
    words = str(text)
    if most is not None and len(words) > 4 * most:
        # Of what is absurdly long not all is looked at.
        words = words[: 2 * most] + words[-2 * most :]
    if not words.isprintable():
        words = "".join(
            " " if unicodedata.category(letter) in _STEERING else letter for letter in words
        )
        words = " ".join(words.split())
    return words if most is None else shortened(words, most)


@lru_cache(maxsize=1024)
def word(text: str) -> str:
    """Return one of the few words that many things share, such as a status, once for all."""
    return harmless(text, MOST_OF_A_WORD)


def shortened(text: str, most: int) -> str:
    """Return a text without its middle if it is longer: names differ at their ends."""
    if len(text) <= most:
        return text
    left = most // 2
    return text[:left] + _GAP + text[len(text) - (most - left - 1) :]


def without_markup(text: str) -> str:
    """Return a text in which nothing can be taken for markup."""
    return text.translate(_MARKUP)


def table(head: Sequence[str], rows: Sequence[Sequence[object]], width: int = WIDTH) -> list[str]:
    """
    Return the lines of a table: texts to the left, numbers to the right, long names shortened.

    :param width: No line is longer.
    """
    cells = [list(head), *([_cell(value) for value in row] for row in rows)]
    right = [
        bool(rows) and all(isinstance(row[n], (int, float, type(None))) for row in rows)
        for n in range(len(head))
    ]
    widths = [max(len(row[n]) for row in cells) for n in range(len(head))]
    # The widest gives way until all fit.
    while sum(widths) + 2 * (len(widths) - 1) > width and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    lines = []
    for row in cells:
        parts = [
            shortened(text, size).rjust(size) if to_right else shortened(text, size).ljust(size)
            for text, size, to_right in zip(row, widths, right, strict=True)
        ]
        lines.append("  ".join(parts).rstrip())
    return lines


def duration(seconds: float | None) -> str:
    """Return ``0.35 s``, ``12.3 s``, ``4 min 05 s``, ``2 h 07 min`` or ``3 d 4 h``."""
    if seconds is None:
        return ""
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return f"{value:,}"
    return without_markup(harmless(value, WIDTH))
