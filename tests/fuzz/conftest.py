from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_dbtsegment.rest import client
from airflow_provider_dbtsegment.rest.budget import Budget
from tests.fuzz.raw_server import RawServer, raw_server


@pytest.fixture
def raw(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    """A server that sends any bytes; no other is reached, and none is asked to wait for."""
    resolve = socket.getaddrinfo

    def only_here(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host in ("127.0.0.1", "localhost", "::1"):
            return resolve(host, *args, **kwargs)
        if isinstance(host, str):
            host.encode("idna")
        raise socket.gaierror("nobody is reached from here")

    monkeypatch.setattr(socket, "getaddrinfo", only_here)
    monkeypatch.setattr(client, "shared_budget", lambda *args: Budget(10**9))
    with raw_server() as server:
        for name, login in (("DBT_CLOUD", "7"), ("SEGMENT", None)):
            connection = {"conn_type": "x", "host": server.url, "login": login, "password": "t0k"}
            monkeypatch.setenv(f"AIRFLOW_CONN_{name}_DEFAULT", json.dumps(connection))
        yield server
