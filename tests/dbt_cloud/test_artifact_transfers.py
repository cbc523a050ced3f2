"""What is taken for a whole artifact: over real sockets, however the bytes are framed."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi, DbtCloudSettings, artifacts
from airflow_provider_dbtsegment.exceptions import AnswerLostError, RequestError
from airflow_provider_dbtsegment.rest.answers import Explanation
from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.transport import Transport, TransportSettings
from tests.fuzz.raw_server import RawServer, raw_server
from tests.scripted_server import Reply, ScriptedServer

CONTENT = b'{"nodes": {"model.shop.people": {"raw_code": "select 1"}}, "n": 12345}'
ZIPPED = gzip.compress(CONTENT[:40]) + gzip.compress(CONTENT[40:])
HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def chunked(content: bytes) -> bytes:
    pieces = [content[at : at + 16] for at in range(0, len(content), 16)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


FRAMED = {
    "length": (f"Content-Length: {len(CONTENT)}\r\n\r\n", CONTENT),
    "chunks": ("Transfer-Encoding: chunked\r\n\r\n", chunked(CONTENT)),
    "zipped": (f"Content-Encoding: gzip\r\nContent-Length: {len(ZIPPED)}\r\n\r\n", ZIPPED),
    "zipped chunks": (
        "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
        chunked(ZIPPED),
    ),
}


@pytest.fixture
def raw() -> Iterator[RawServer]:
    with raw_server() as server:
        yield server


def api_of(url: str, **settings: Any) -> DbtCloudApi:
    transport = TransportSettings(url, TokenAuth("t0k"), **{"max_attempts": 1, **settings})
    return DbtCloudApi(DbtCloudSettings(transport, account_id=7))


def downloaded(api: DbtCloudApi) -> bytes:
    file = io.BytesIO(b"before")
    file.seek(6)
    try:
        size = api.download_run_artifact(1, "manifest.json", file)
    except BaseException:
        assert file.getvalue() == b"before"
        raise
    assert file.getvalue()[:6] == b"before"
    assert size == len(file.getvalue()) - 6
    return file.getvalue()[6:]


@pytest.mark.parametrize("framing", FRAMED)
def test_what_breaks_off_anywhere_is_never_taken_for_the_whole(
    framing: str, raw: RawServer
) -> None:
    head, body = FRAMED[framing]
    raw.get = (HEAD + head).encode() + body
    api = api_of(raw.url)
    assert downloaded(api) == CONTENT
    # The last chunk says that it is the last one by its first character.
    end = len(body) - 4 if "chunks" in framing else len(body)
    for cut in range(end):
        raw.get = (HEAD + head).encode() + body[:cut]
        with pytest.raises(AnswerLostError):
            downloaded(api)
    api.close()


@pytest.mark.parametrize(
    ("head", "body", "says"),
    [
        ("\r\n", CONTENT, "without its length"),
        ("Content-Length: many\r\n\r\n", CONTENT, "without its length"),
        (
            "Content-Length: 5\r\nContent-Length: 70\r\n\r\n",
            CONTENT,
            r"without its length|unmatching values",
        ),
        ("Transfer-Encoding: gzip\r\n\r\n", ZIPPED, "without its length"),
        ("Content-Encoding: br\r\nContent-Length: 3\r\n\r\n", b"abc", "is encoded as br"),
        ("Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n", b"abc", "is no gzip"),
        (
            f"Content-Encoding: gzip\r\nContent-Length: {len(ZIPPED) - 1}\r\n\r\n",
            ZIPPED[:-1],
            "before the end of its gzip",
        ),
    ],
)
def test_what_cannot_be_proved_to_be_whole_is_refused(
    head: str, body: bytes, says: str, raw: RawServer
) -> None:
    raw.get = (HEAD + head).encode() + body
    api = api_of(raw.url)
    with pytest.raises(AnswerLostError, match=says):
        downloaded(api)
    api.close()


@pytest.mark.parametrize("status", [202, 204, 206])
def test_a_part_of_a_file_is_no_file(status: int, api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(Reply(status, b"" if status == 204 else CONTENT))
    with pytest.raises(AnswerLostError, match=f"answered {status}, which is no whole file"):
        downloaded(api)


def test_an_empty_artifact_is_whole(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(Reply(body=b""))
    assert downloaded(api) == b""


def test_a_wrong_length_says_how_much_was_missing(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(Reply(body=CONTENT, cut=10))
    with pytest.raises(AnswerLostError, match=f"broke off after 10 of {len(CONTENT)} bytes"):
        downloaded(api)


def test_a_transfer_that_stalls_ends_with_the_read_time_out(server: ScriptedServer) -> None:
    server.script(Reply(body=CONTENT, drip=2.0))
    api = api_of(server.url, read_timeout=0.2)
    with pytest.raises(AnswerLostError, match="timed out"):
        downloaded(api)
    api.close()


class Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False


@pytest.mark.parametrize("broken", [Reply(body=CONTENT, cut=10), Reply(503)])
def test_a_broken_transfer_begins_again_where_the_file_stood(
    broken: Reply, server: ScriptedServer
) -> None:
    settings = TransportSettings(server.url, TokenAuth("t0k"), max_attempts=3)
    transport = Transport(settings, lambda body: Explanation(), sleep=lambda seconds: None)
    server.script(broken, broken, Reply(body=CONTENT))
    file = io.BytesIO()
    assert transport.download("/x", file) == len(CONTENT)
    assert file.getvalue() == CONTENT
    assert [request.headers.get("Range") for request in server.received] == [None] * 3
    # What cannot go back would hold the beginning twice.
    server.script(broken, Reply(body=CONTENT))
    with pytest.raises(RequestError):
        transport.download("/x", Pipe())
    assert len(server.received) == 1
    transport.close()


def test_an_artifact_is_read_only_as_far_as_it_is_wanted(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    # Had the reader waited for the end, it would find that the end does not come.
    server.script(Reply(body=b"x" * 4_000_000, cut=2_000_000))
    assert api.read_run_artifact(1, "manifest.json", lambda file: file.read(5)) == b"xxxxx"
    with pytest.raises(AnswerLostError, match="broke off"):
        api.read_run_artifact(1, "manifest.json", lambda file: file.read())


@pytest.mark.parametrize("body", [b"[" * 100_000, b"9" * 5000, b'{"half": '])
def test_an_artifact_that_is_no_json_is_an_error(
    body: bytes, api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(Reply(body=body))
    with pytest.raises(AnswerLostError, match="no JSON"):
        api.get_run_artifact(1, "manifest.json")


def test_the_texts_of_an_artifact_stay_as_they_are(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(Reply(body=b"select 1\r\n\xff"))
    assert api.get_run_artifact(1, "compiled/a.sql") == "select 1\r\n\ufffd"


@pytest.mark.parametrize("name", ["run_results.json", "model.sql"])
def test_an_artifact_that_is_held_in_memory_has_a_limit(
    name: str, api: DbtCloudApi, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, "MAX_ARTIFACT", 2 * 1024 * 1024)
    body = b'"' + b"x" * (2 * 1024 * 1024 - 2) + b'"'
    server.script(Reply(body=body))
    assert len(api.get_run_artifact(1, name)) >= len(body) - 2
    server.script(Reply(body=gzip.compress(body + b" "), headers={"Content-Encoding": "gzip"}))
    with pytest.raises(AnswerLostError, match="larger than 2 MB: use download_run_artifact"):
        api.get_run_artifact(1, name)
    assert len(server.received) == 1, "asking again would not help"


def test_an_artifact_that_is_text_can_be_stored(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(Reply(body=b"select \x001\x1b[31m\xff\n"))
    assert api.get_run_artifact(1, "model.sql") == "select \ufffd1\ufffd\n"
