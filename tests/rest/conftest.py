from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airflow_provider_dbtsegment.rest.answers import Explanation
from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.transport import Transport, TransportSettings
from airflow_provider_dbtsegment.sandbox.tls import TlsFiles, make_tls_files
from tests.scripted_server import ScriptedServer, scripted_server

TOKEN = "s3cr3t-t0ken"
#: A name that only a proxy knows; this machine is never reached through one.
NAME = "ab123.us1.dbt.example"


@pytest.fixture
def other_server() -> Iterator[ScriptedServer]:
    with scripted_server() as server:
        yield server


@pytest.fixture
def slept() -> list[float]:
    """The waits between attempts, which the tests do not wait for."""
    return []


@pytest.fixture
def connect(server: ScriptedServer, slept: list[float]) -> Iterator[Callable[..., Transport]]:
    opened: list[Transport] = []

    def explain(body: Any) -> Explanation:
        return Explanation(body["message"], body.get("wait"))

    def connect(**settings: Any) -> Transport:
        settings = {"base_url": server.url, "auth": TokenAuth(TOKEN), **settings}
        opened.append(Transport(TransportSettings(**settings), explain, sleep=slept.append))
        return opened[-1]

    yield connect
    for transport in opened:
        transport.close()


@pytest.fixture
def transport(connect: Callable[..., Transport]) -> Transport:
    return connect()


@pytest.fixture(scope="session")
def tls_files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return make_tls_files(tmp_path_factory.mktemp("tls"), [NAME])


@pytest.fixture
def tls(tls_files: TlsFiles, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server shows whose certificate is trusted."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls_files.ca))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls_files.certificate, tls_files.key)
    return context
