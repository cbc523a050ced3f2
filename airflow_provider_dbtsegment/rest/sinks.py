"""Where a download goes: an open file, or a path at which it appears as a whole or not at all."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Protocol, TypeAlias, cast
from uuid import uuid4

from airflow_provider_dbtsegment.exceptions import ConfigurationError

#: A body is copied in pieces of so many bytes.
CHUNK = 256 * 1024
#: A store is given pieces of so many bytes, and may hold a few; S3 takes no smaller ones.
BLOCK = 5 * 1024 * 1024


class StorePath(Protocol):
    """A path in an object storage, such as Airflow's `ObjectStoragePath` or a `UPath`."""

    @property
    def fs(self) -> Any:
        """The file system of `fsspec`."""

    @property
    def path(self) -> str:
        """The path in it."""

    @property
    def protocol(self) -> str:
        """The scheme of its address; empty for a local path."""


#: What a download can be given.
Target: TypeAlias = str | os.PathLike[str] | StorePath | IO[bytes]


class Sink(Protocol):
    """Takes a download, as often as it is tried."""

    @property
    def repeatable(self) -> bool:
        """Whether it can be opened again after a transfer that broke off."""

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """Open it for writing; what was written stays only if nothing is raised within."""


def sink_of(target: Target) -> Sink:
    """
    Return how to write to a target.

    :raises ConfigurationError: When nothing can be written there.
    """
    if hasattr(target, "write"):
        return OpenFile(cast("IO[bytes]", target))
    if hasattr(target, "protocol"):
        stored = cast("StorePath", target)
        is_local = stored.protocol in ("", "file", "local")
        return LocalFile(stored.path) if is_local else StoredObject(stored)
    return LocalFile(target)


def fill(sink: Sink, body: IO[bytes]) -> int:
    """Copy a body into a sink and return the number of bytes."""
    written = 0
    with sink.open() as file:
        while piece := body.read(CHUNK):
            file.write(piece)
            written += len(piece)
    return written


class OpenFile:
    """A file object of the caller's, written from where it stands."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._start = file.tell() if file.seekable() else None

    @property
    def repeatable(self) -> bool:
        """Whether the file can seek."""
        return self._start is not None

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Go back to where the file stood; after an error, too."""
        self._rewind()
        try:
            yield self._file
        except BaseException:
            with suppress(OSError, ValueError):  # closed, or on a full disk
                self._rewind()
            raise

    def _rewind(self) -> None:
        if self._start is not None:
            self._file.seek(self._start)
            self._file.truncate()


class LocalFile:
    """
    A file on this machine; folders on the way to it are made.

    Who is killed while it is written leaves a hidden ``.….part`` beside it, and the old file whole.

    :raises ConfigurationError: When the path is an address, or of something that is no file.
    """

    repeatable = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        text = os.fspath(path)
        if "://" in text:
            raise ConfigurationError(
                f"{text!r} is an address. Give a path, or an ObjectStoragePath of it."
            )
        if not text or text.endswith("/"):
            raise ConfigurationError(f"{text!r} is no path of a file.")
        # A link stays one: what it leads to is written.
        self._path = Path(os.path.realpath(text))
        if self._path.exists() and not self._path.is_file():
            kind = "a folder" if self._path.is_dir() else "no file"
            raise ConfigurationError(f"{text!r} is {kind}. Give the path of a file.")

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open a file beside it that takes its place when all is on the disk."""
        folder = self._path.parent
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / _part()
        try:
            with part.open("xb") as file:
                yield file
                file.flush()
                with suppress(FileNotFoundError):
                    os.fchmod(file.fileno(), stat.S_IMODE(self._path.stat().st_mode))
                os.fsync(file.fileno())
            part.replace(self._path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _sync(folder)


class StoredObject:
    """
    An object in a storage.

    :raises ConfigurationError: When there is a folder.
    """

    repeatable = True

    def __init__(self, path: StorePath) -> None:
        self._fs, self._path = path.fs, path.path
        if self._path.endswith("/") or self._fs.isdir(self._path):
            raise ConfigurationError(f"{str(path)!r} is a folder. Give the path of a file.")

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open an object beside it that is moved there when all is written."""
        # What is closed is uploaded, also after an error: so never to the final place.
        folder = posixpath.dirname(self._path)
        part = posixpath.join(folder, _part())
        try:
            file = self._fs.open(part, "wb", block_size=BLOCK)
        except FileNotFoundError:  # where folders are more than a part of a name
            self._fs.makedirs(folder, exist_ok=True)
            file = self._fs.open(part, "wb", block_size=BLOCK)
        try:
            yield file
            file.close()
            self._fs.mv(part, self._path)
        except BaseException:
            with suppress(Exception):
                file.close()
            # The reason why it failed says more than that something was left behind.
            with suppress(Exception):
                self._fs.rm_file(part)
            raise


def _part() -> str:
    """Return a name that nobody else uses."""
    return f".{uuid4().hex}.part"


def _sync(folder: Path) -> None:
    """Put the names in a folder on the disk."""
    opened = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # not every file system can
        os.fsync(opened)
    os.close(opened)
