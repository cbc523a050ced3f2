"""Downloads to paths: there as a whole or not at all, and nothing is left beside them."""

from __future__ import annotations

import io
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.dirfs import DirFileSystem
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from upath import UPath

from airflow_provider_dbtsegment.exceptions import AnswerLostError, ConfigurationError
from airflow_provider_dbtsegment.rest.transport import Transport
from tests.scripted_server import Reply, ScriptedServer
from tests.waiting import wait_until

CONTENT = b"0123456789" * 1000
BROKEN = Reply(body=CONTENT, cut=5000)


class FolderPath:
    """A path in a file system of `fsspec` whose folders are real ones."""

    protocol = "folder"

    def __init__(self, folder: Path, path: str) -> None:
        self.fs = DirFileSystem(path=str(folder), fs=LocalFileSystem())
        self.path = path

    def __str__(self) -> str:
        return f"folder://{self.path}"

    def read_bytes(self) -> bytes:
        return bytes(self.fs.cat_file(self.path))


@pytest.fixture(params=["path", "text", "file://", "memory://", "folder://"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A path in each kind of place, in a folder that is not there yet."""
    if request.param == "memory://":
        MemoryFileSystem.store.clear()
        MemoryFileSystem.pseudo_dirs[:] = [""]
        return UPath("memory://bucket/a/manifest.json")
    if request.param == "folder://":
        return FolderPath(tmp_path, "bucket/a/manifest.json")
    path = tmp_path / "bucket" / "a" / "manifest.json"
    return {"path": path, "text": str(path), "file://": UPath(path.as_uri())}[request.param]


def content_of(target: Any) -> bytes:
    return Path(target).read_bytes() if isinstance(target, str) else bytes(target.read_bytes())


def names_beside(target: Any) -> list[str]:
    # Some versions of UPath are a Path, wherever they lead.
    if isinstance(target, (str, Path)) and getattr(target, "protocol", "") in ("", "file"):
        return os.listdir(Path(target).parent)
    folder = target.path.rpartition("/")[0]
    if not target.fs.exists(folder):  # the memory has no folders
        return []
    return [name.rpartition("/")[2] for name in target.fs.ls(folder, detail=False)]


def test_it_appears_as_a_whole_or_not_at_all(
    target: Any, transport: Transport, server: ScriptedServer
) -> None:
    server.script(BROKEN, Reply(body=CONTENT))
    assert transport.download("/x", target) == len(CONTENT)
    assert content_of(target) == CONTENT
    assert names_beside(target) == ["manifest.json"]
    server.script(Reply(body=b"new"))
    assert transport.download("/x", target) == 3
    assert content_of(target) == b"new"
    assert names_beside(target) == ["manifest.json"]


def test_what_was_there_outlives_a_failure(
    target: Any, connect: Any, server: ScriptedServer
) -> None:
    transport = connect(max_attempts=2)
    server.script(Reply(body=b"old"))
    transport.download("/x", target)
    server.script(BROKEN)
    with pytest.raises(AnswerLostError, match="broke off after 5000 of 10000 bytes"):
        transport.download("/x", target)
    assert len(server.received) == 2
    assert content_of(target) == b"old"
    assert names_beside(target) == ["manifest.json"]


def test_nothing_appears_where_nothing_was(
    target: Any, connect: Any, server: ScriptedServer
) -> None:
    server.script(BROKEN)
    with pytest.raises(AnswerLostError):
        connect(max_attempts=1).download("/x", target)
    assert names_beside(target) == []


class Pipe(io.FileIO):
    """A file that can only be written on."""

    def seekable(self) -> bool:
        return False


def test_a_disk_that_is_full_is_no_broken_transfer(
    transport: Transport, server: ScriptedServer
) -> None:
    server.script(Reply(body=CONTENT))
    with pytest.raises(OSError, match="No space left"), Pipe("/dev/full", "wb") as full:
        transport.download("/x", full)
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("{}", "is a folder"),
        ("{}/new/", "is no path of a file"),
        ("", "is no path of a file"),
        ("/dev/null", "is no file"),
        ("s3://bucket/key", "is an address. Give a path, or an ObjectStoragePath of it"),
    ],
)
def test_what_is_no_file_is_refused_before_anything_is_asked_for(
    path: str, says: str, transport: Transport, server: ScriptedServer, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=says):
        transport.download("/x", path.format(tmp_path))
    assert server.received == []


def test_a_folder_of_a_storage_is_refused_before_anything_is_asked_for(
    transport: Transport, server: ScriptedServer, tmp_path: Path
) -> None:
    (tmp_path / "bucket").mkdir()
    for path in ("bucket", "new/"):
        with pytest.raises(ConfigurationError, match=f"'folder://{path}' is a folder"):
            transport.download("/x", FolderPath(tmp_path, path))  # type: ignore[arg-type]
    assert server.received == []


def test_a_file_keeps_its_mode_and_a_link_stays_one(
    transport: Transport, server: ScriptedServer, tmp_path: Path
) -> None:
    server.script(Reply(body=CONTENT))
    file, link, new = tmp_path / "file", tmp_path / "links" / "link", tmp_path / "new"
    file.write_bytes(b"old")
    file.chmod(0o640)
    link.parent.mkdir()
    link.symlink_to(file)
    transport.download("/x", link)
    assert link.is_symlink()
    assert file.read_bytes() == CONTENT
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    (tmp_path / "plain").touch()
    transport.download("/x", new)
    assert new.stat().st_mode == (tmp_path / "plain").stat().st_mode


CHILD = """
import sys
from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.transport import Transport, TransportSettings

transport = Transport(TransportSettings(sys.argv[1], TokenAuth("t")), lambda body: None)
transport.download("/x", sys.argv[2])
"""


def test_a_kill_in_the_midst_leaves_the_old_file_whole(
    transport: Transport, server: ScriptedServer, tmp_path: Path
) -> None:
    file = tmp_path / "manifest.json"
    file.write_bytes(b"old")
    with socket.create_server(("127.0.0.1", 0)) as half:
        url = f"http://127.0.0.1:{half.getsockname()[1]}"
        child = subprocess.Popen([sys.executable, "-c", CHILD, url, str(file)])
        try:
            half.settimeout(30)
            connection, _ = half.accept()
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n")
            connection.sendall(b"x" * 1_000_000)
            wait_until(lambda: any(one.stat().st_size for one in tmp_path.glob(".*.part")))
            assert child.poll() is None
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
            connection.close()
    assert file.read_bytes() == b"old"
    server.script(Reply(body=CONTENT))
    transport.download("/x", file)
    assert file.read_bytes() == CONTENT
