from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.transport import TransportSettings
from airflow_provider_dbtsegment.segment import SegmentApi
from airflow_provider_dbtsegment.segment.base import SegmentSettings
from tests.scripted_server import ScriptedServer


@pytest.fixture
def api(server: ScriptedServer) -> Iterator[SegmentApi]:
    transport = TransportSettings(server.url, TokenAuth("t0k"), max_attempts=1)
    api = SegmentApi(SegmentSettings(transport))
    yield api
    api.close()
