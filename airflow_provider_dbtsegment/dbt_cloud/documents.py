"""JSON documents of any size, read for the few things that are wanted of them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator
from typing import IO, Any

import ijson

#: What a document that is no JSON raises.
UNREADABLE = (ijson.JSONError, ValueError, RecursionError)

#: ijson's parser in C dies with the whole process of an integer that Python refuses to read, and
#: Python may be told to refuse integers of more digits than this.
_MOST_DIGITS = 640
_HUGE = re.compile(rb"[0-9]{%d}" % (_MOST_DIGITS + 1))


def entries(
    file: IO[bytes], section: str, fields: Collection[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """
    Yield the objects in a section of a document, which is a list or an object, with their names.

    Nothing but the fields that are asked for is kept, and of these only texts and numbers.

    :raises Exception: One of `UNREADABLE`, when the document is no JSON.
    """
    depth, here, name, field = 0, "", "", ""
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
            if depth == 1:
                here = value
            elif depth == 2:
                name = value
            elif depth == 3:
                field = value
        elif depth == 3 and entry is not None and field in fields:
            entry[field] = value


class _Reader:
    """Gives the parser nothing that it cannot survive, and replaces what is no UTF-8."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = codecs.EncodedFile(file, "utf-8", "utf-8", "replace")
        self._before = b""

    def read(self, size: int) -> bytes:
        piece = self._file.read(size)
        seen = self._before + piece
        if _HUGE.search(seen):
            raise ValueError(f"a number has more than {_MOST_DIGITS} digits")
        self._before = seen[-_MOST_DIGITS:]
        return piece
