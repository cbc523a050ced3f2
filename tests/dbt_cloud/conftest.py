"""dbt Cloud's API on a server that answers as it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi, DbtCloudSettings
from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.transport import TransportSettings
from tests.scripted_server import ScriptedServer


@pytest.fixture
def api(server: ScriptedServer) -> Iterator[DbtCloudApi]:
    transport = TransportSettings(server.url, TokenAuth("t0k"), max_attempts=1)
    api = DbtCloudApi(DbtCloudSettings(transport, account_id=7))
    yield api
    api.close()
