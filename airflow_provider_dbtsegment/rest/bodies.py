"""The body of an answer as a file: decoded, and never cut short unnoticed."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

import requests

from airflow_provider_dbtsegment.rest.connections import exchange_of
from airflow_provider_dbtsegment.rest.failures import BROKEN, Mask, broken, lost, where_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: A body is read in pieces of so many bytes.
CHUNK = 256 * 1024
#: `zlib` reads gzip's header and checks its checksum.
_GZIP = zlib.MAX_WBITS | 16


def open_body(response: requests.Response, mask: Mask, *, is_paced: bool = True) -> IO[bytes]:
    """
    Return the body of a successful answer as a file that can be read once.

    Reading it to its end proves that all of it has come: as many bytes over the wire as the service
    promised, or the end of its last chunk; and, if it is zipped, the end of that. The libraries
    below look after some of this, in some of their versions.

    :param is_paced: Whether it may take as long as it makes progress, and not only until the
        deadline of the request.
    :raises AnswerLostError: When the answer holds no whole file, or nothing proves that it is
        whole; so does reading where it breaks off.
    """
    if response.status_code != 200:
        raise lost(response, f"answered {response.status_code}, which is no whole file", mask)
    pieces = pieces_of(response, mask, is_paced=is_paced)
    return io.BufferedReader(_Body(pieces), CHUNK)


def pieces_of(
    response: requests.Response, mask: Mask, *, proves_end: bool = True, is_paced: bool = False
) -> Iterator[bytes]:
    """
    Yield the decompressed pieces of a body, none of them much larger than `CHUNK`.

    :param proves_end: Whether the end of the connection is not enough to be the end of the body.
    :raises AnswerLostError: When it breaks off, or takes too long.
    """
    try:
        yield from _decoded(response, proves_end, is_paced)
    except _UnusableError as error:
        raise lost(response, mask(str(error)), mask) from None
    except BROKEN as error:
        raise broken(error, mask=mask, **where_of(response, mask)) from None


class _UnusableError(Exception):
    """The body is not what was asked for, or not all of it."""


class _Body(io.RawIOBase):
    """Gives out the pieces of a body in any size."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        room = memoryview(buffer)
        size = min(len(room), len(self._rest))
        room[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


# Functions, because a body that held what refers to it would be freed late.


def _decoded(response: requests.Response, proves_end: bool, is_paced: bool) -> Iterator[bytes]:
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise _UnusableError(f"is encoded as {encoding[:40]}, for which it was not asked")
    wire = _wire(response, proves_end, is_paced)
    return wire if encoding in ("", "identity") else _unzipped(wire)


def _wire(response: requests.Response, proves_end: bool, is_paced: bool) -> Iterator[bytes]:
    """Yield what comes over the wire; the end of chunks is looked after below."""
    promised = _promised(response)
    framing = response.headers.get("Transfer-Encoding", "").strip().lower()
    if proves_end and promised is None and framing != "chunked":
        raise _UnusableError("came without its length, so nobody can tell whether it is whole")
    received = 0
    response.raw.enforce_content_length = False  # which not every version does; counted here
    pieces = response.raw.stream(CHUNK, decode_content=False)
    for piece in exchange_of(response).paced(pieces) if is_paced else pieces:
        received += len(piece)
        yield piece
    if promised is not None and received != promised:
        raise _UnusableError(f"broke off after {received} of {promised} bytes")


def _promised(response: requests.Response) -> int | None:
    """Return how many bytes are to come, if that is said once."""
    lengths = {one.strip() for one in response.headers.get("Content-Length", "").split(",")}
    length = lengths.pop()
    has_body = response.request.method != "HEAD" and response.status_code not in (204, 304)
    is_said = length.isascii() and length.isdigit() and not lengths
    if not is_said or not has_body or response.headers.get("Transfer-Encoding"):
        return None
    return int(length)


def _unzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
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
        raise _UnusableError(f"is no gzip: {error}") from None
    if begun and not zipped.eof:
        raise _UnusableError("broke off before the end of its gzip")
