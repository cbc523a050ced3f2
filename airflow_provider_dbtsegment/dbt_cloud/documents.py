"""JSON documents of any size, read for the few things that are wanted of them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

import ijson

from airflow_provider_dbtsegment.rest.secrets import storable_json

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

#: ijson's parser in C looks at all of a text again with each piece of it that comes, and the one in
#: Python holds all of it. Of a text that is longer than this, in bytes, the middle is left out.
MAX_TEXT = 64 * 1024
_LEFT_OUT = "…".encode()
#: An escape sequence of which the rest has not come yet: one character, or a colour, or the first
#: half of a character.
_HALF = re.compile(
    rb"\\(?:u(?:[0-9A-Fa-f]{0,3}|001[bB](?:\[[0-9;?]{0,16})?"
    rb"|[dD][89abAB][0-9A-Fa-f]{2}(?:\\(?:u[0-9A-Fa-f]{0,3})?)?))?\Z"
)
_LONGEST_HALF = 24


def entries(
    file: IO[bytes],
    section: str,
    fields: Collection[str],
    inside: Mapping[str, Collection[str]] = NOTHING,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """
    Yield the objects in a section of a document, which is a list or an object, with their names.

    Nothing but the fields that are asked for is kept, and of these only texts and numbers. Texts
    can be stored and logged anywhere, see :func:`.secrets.storable`; very long ones lose their
    middle.

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
        #: The end of what came before, without escape sequences, and what of one has come.
        self._before = self._half = b""
        #: Whether what comes is within a text, how many bytes of that the parser has been given,
        #: and whether any have been left out.
        self._inside, self._length, self._is_cut = False, 0, False

    def read(self, size: int) -> bytes:
        while piece := self._file.read(size):
            if kept := self._kept(self._half + piece):
                return kept
        rest, self._half = self._half, b""
        return rest

    def _kept(self, piece: bytes) -> bytes:
        """Return what the parser is given of a piece."""
        # In what is as long, but holds no quoted backslash or quotation mark, the others are plain.
        plain = piece
        if b"\\" in piece:
            plain = piece.replace(rb"\\", b"  ").replace(rb"\"", b"  ")
        half = _HALF.search(plain, max(0, len(plain) - _LONGEST_HALF))
        end = half.start() if half else len(piece)
        piece, plain, self._half = piece[:end], plain[:end], piece[end:]
        self._refuse_huge_numbers(plain)
        marks = plain.count(b'"')
        if self._inside and not marks:
            if self._length + len(piece) <= MAX_TEXT:
                self._length += len(piece)
                return bytes(storable_json(piece))
            was_cut, self._is_cut = self._is_cut, True
            return b"" if was_cut else _LEFT_OUT
        if marks:
            self._inside ^= marks % 2 == 1
            self._length, self._is_cut = len(piece) - plain.rfind(b'"') - 1, False
        return bytes(storable_json(piece))

    def _refuse_huge_numbers(self, plain: bytes) -> None:
        seen = self._before + plain
        if _is_huge(seen):
            inside = self._inside ^ (self._before.count(b'"') % 2 == 1)
            for found in _HUGE.finditer(seen):
                if not inside ^ (seen.count(b'"', 0, found.start()) % 2 == 1):
                    raise ValueError(f"a number has more than {_MOST_DIGITS} digits")
        self._before = seen[-_MOST_DIGITS:]


def _is_huge(piece: bytes) -> bool:
    """Return whether there is a number of too many digits; it fills one of the parts looked at."""
    parts = range(0, len(piece) - _PART + 1, _PART)
    return any(piece[at : at + _PART].isdigit() for at in parts) and bool(_HUGE.search(piece))
