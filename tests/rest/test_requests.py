"""What cannot be meant is refused before it is sent."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import ConfigurationError
from airflow_provider_dbtsegment.rest.transport import Transport
from tests.scripted_server import Reply, ScriptedServer


@pytest.mark.parametrize("path", ["api/v2/", "@127.0.0.1:9/x", "http://127.0.0.1:9/", ""])
def test_a_path_begins_with_a_slash_or_it_could_be_a_host(
    path: str, transport: Transport, server: ScriptedServer
) -> None:
    with pytest.raises(ConfigurationError, match="must begin with a slash"):
        transport.request("GET", path)
    assert server.received == []


@pytest.mark.parametrize("body", [float("nan"), {"at": date(2026, 11, 21)}, {"x": {1, 2}}])
def test_a_body_that_is_no_json_is_not_sent(
    body: Any, transport: Transport, server: ScriptedServer
) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written as JSON"):
        transport.request("PUT", "/x", json=body)
    assert server.received == []


def test_a_method_may_be_written_small(transport: Transport, server: ScriptedServer) -> None:
    server.script(Reply(503), Reply())
    assert transport.request("get", "/x").status == 200
    assert [request.method for request in server.received] == ["GET", "GET"]
