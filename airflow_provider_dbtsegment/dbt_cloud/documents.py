"""JSON documents of any size, read for the few things that are wanted of them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

import ijson

#: What a document that is no JSON raises.
UNREADABLE = (ijson.JSONError, ValueError, RecursionError)

#: So many values are kept of what is inside one object.
MOST_INSIDE = 10_000
NOTHING: Mapping[str, Collection[str]] = {}

#: ijson's parser in C dies with the whole process of an integer that Python refuses to read, and
#: Python may be told to refuse integers of more digits than this.
_MOST_DIGITS = 640
_PART = _MOST_DIGITS // 2
_HUGE = re.compile(rb"[0-9]{%d}" % (_MOST_DIGITS + 1))


def entries(
    file: IO[bytes],
    section: str,
    fields: Collection[str],
    inside: Mapping[str, Collection[str]] = NOTHING,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """
    Yield the objects in a section of a document, which is a list or an object, with their names.

    Nothing but the fields that are asked for is kept, and of these only texts and numbers.

    :param inside: Fields that hold lists or objects, each with the keys of what is kept of them, at
        any depth: a list of pairs of key and value. A list of values counts by the key before it.
    :raises Exception: One of `UNREADABLE`, when the document is no JSON.
    """
    depth, here, name, field, key = 0, "", "", "", ""
    entry: dict[str, Any] | None = None
    # Without ijson's paths, which grow with the square of the depth.
    for event, value in ijson.basic_parse(_Reader(file)):
        if event in ("start_map", "start_array"):
            depth += 1
            if depth == 3:
                entry = {} if here == section and event == "start_map" else None
        elif event in ("end_map", "end_array"):
            if depth == 3 and entry is not None:
                yield name, entry
                entry = None
            depth -= 1
        elif event == "map_key":
            if depth > 3:
                key = value
            elif depth == 3:
                field = key = value
            elif depth == 2:
                name = value
            else:
                here = value
        elif entry is not None:
            if depth == 3:
                if field in fields:
                    entry[field] = value
            elif field in inside and key in inside[field]:
                kept = entry.setdefault(field, [])
                # A field that is named twice may be no list the first time.
                if isinstance(kept, list) and len(kept) < MOST_INSIDE:
                    kept.append((key, value))


class _Reader:
    """Gives the parser nothing that it cannot survive, and replaces what is no UTF-8."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = codecs.EncodedFile(file, "utf-8", "utf-8", "replace")
        self._before = b""

    def read(self, size: int) -> bytes:
        piece = self._file.read(size)
        seen = self._before + piece
        if _is_huge(seen):
            raise ValueError(f"a number has more than {_MOST_DIGITS} digits")
        self._before = seen[-_MOST_DIGITS:]
        return piece


def _is_huge(piece: bytes) -> bool:
    """Return whether there is a number of too many digits; it fills one of the parts looked at."""
    parts = range(0, len(piece) - _PART + 1, _PART)
    return any(piece[at : at + _PART].isdigit() for at in parts) and bool(_HUGE.search(piece))
