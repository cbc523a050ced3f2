from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airflow_provider_dbtsegment.rest.answers import Explanation
from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.transport import Transport, TransportSettings
from tests.scripted_server import ScriptedServer, scripted_server

TOKEN = "s3cr3t-t0ken"


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
