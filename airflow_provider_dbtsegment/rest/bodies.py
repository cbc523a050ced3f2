"""The body of an answer as a file: decoded, and never cut short unnoticed."""

from __future__ import annotations

import io
import time
import zlib
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

import requests

from airflow_provider_dbtsegment.exceptions import AnswerLostError
from airflow_provider_dbtsegment.rest.answers import BROKEN, CHUNK, Mask, broken, where_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

Where = dict[str, str]

#: `zlib` reads gzip's header and checks its checksum.
_GZIP = zlib.MAX_WBITS | 16


def open_body(response: requests.Response, mask: Mask, timeout: float | None = None) -> IO[bytes]:
    """
    Return the body of a successful answer as a file that can be read once.

    Reading it to its end proves that all of it has come: as many bytes over the wire as the service
    promised, or the end of its last chunk; and, if it is zipped, the end of that. The libraries
    below look after some of this, in some of their versions.

    :param timeout: Seconds for all of it, however slowly it drips.
    :raises AnswerLostError: When the answer holds no whole file, or nobody could tell; so does
        reading where it breaks off.
    """
    until = None if timeout is None else time.monotonic() + timeout
    return io.BufferedReader(_Body(response, mask, until), CHUNK)


class _Body(io.RawIOBase):
    """Gives out the pieces of a body in any size."""

    def __init__(self, response: requests.Response, mask: Mask, until: float | None) -> None:
        self._where = where_of(response)
        self._mask = mask
        if response.status_code != 200:
            message = f"answered {response.status_code}, which is no whole file"
            raise AnswerLostError(message, **self._where)
        self._pieces = _decoded(response, self._where, until)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        while not self._rest:
            try:
                piece = next(self._pieces, None)
            except BROKEN as error:
                raise broken(error, mask=self._mask, **self._where) from None
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        room = memoryview(buffer)
        size = min(len(room), len(self._rest))
        room[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


# Functions, because a body that held what refers to it would be freed late.


def _decoded(response: requests.Response, where: Where, until: float | None) -> Iterator[bytes]:
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return _wire(response, where, until)
    if encoding in ("gzip", "x-gzip"):
        return _unzipped(_wire(response, where, until), where)
    raise AnswerLostError(f"is encoded as {encoding}, for which it was not asked", **where)


def _wire(response: requests.Response, where: Where, until: float | None) -> Iterator[bytes]:
    """Yield what comes over the wire; the end of chunks is looked after below."""
    promised = _promised(response, where)
    received = 0
    response.raw.enforce_content_length = False  # which not every version does; counted here
    for piece in _arriving(response, where, until):
        received += len(piece)
        yield piece
    if promised is not None and received != promised:
        raise AnswerLostError(f"broke off after {received} of {promised} bytes", **where)


def _arriving(response: requests.Response, where: Where, until: float | None) -> Iterator[bytes]:
    """Yield what comes in large pieces, or, where time counts, as it comes."""
    if until is None:
        yield from response.raw.stream(CHUNK, decode_content=False)
        return
    read1 = getattr(response.raw, "read1", response.raw.read)
    # In urllib3 1.26 there is only a `read` that waits for all of a piece.
    size = CHUNK if hasattr(response.raw, "read1") else 1024
    while piece := read1(size, decode_content=False):
        yield piece
        if time.monotonic() > until:
            raise AnswerLostError("it takes too long", **where)


def _promised(response: requests.Response, where: Where) -> int | None:
    """Return how many bytes are to come, or `None` if they come in chunks."""
    framing = response.headers.get("Transfer-Encoding", "").strip().lower()
    lengths = {one.strip() for one in response.headers.get("Content-Length", "").split(",")}
    length = lengths.pop()
    if framing == "chunked":
        return None
    if framing or lengths or not (length.isascii() and length.isdigit()):
        message = "came without its length, so nobody can tell whether it is whole"
        raise AnswerLostError(message, **where)
    return int(length)


def _unzipped(pieces: Iterator[bytes], where: Where) -> Iterator[bytes]:
    """Yield what was zipped, in pieces that stay small however well it was zipped."""
    zipped, begun = zlib.decompressobj(_GZIP), False
    try:
        for piece in pieces:
            left, more = piece, True
            while left or more:
                if zipped.eof:
                    left = left.lstrip(b"\0")
                    if not left:
                        break
                    zipped = zlib.decompressobj(_GZIP)
                begun = True
                plain = zipped.decompress(left, CHUNK)
                left = zipped.unused_data if zipped.eof else zipped.unconsumed_tail
                more = len(plain) == CHUNK
                yield plain
    except zlib.error as error:
        raise AnswerLostError(f"is no gzip: {error}", **where) from None
    if begun and not zipped.eof:
        raise AnswerLostError("broke off before the end of its gzip", **where)
