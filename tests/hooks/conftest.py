from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from tests.hooks import page

DBT = {"conn_type": "dbt_cloud_admin", "host": "ab1.us1.dbt.com", "login": "7", "password": "t0k"}
SEGMENT = {"conn_type": "segment_public_api", "password": "t0k"}
#: The longest that anybody may wait for the Test button.
PATIENCE = 5.0

Connect = Callable[..., Any]
Press = Callable[[Any], tuple[bool, str]]


@pytest.fixture
def dbt_cloud_with(monkeypatch: pytest.MonkeyPatch, own_budget: None) -> Connect:
    """Make a hook whose connection has some fields changed."""

    def connect(**changed: Any) -> DbtCloudHook:
        connection = json.dumps({**DBT, **changed})
        monkeypatch.setenv("AIRFLOW_CONN_DBT_CLOUD_DEFAULT", connection)
        return DbtCloudHook()

    return connect


@pytest.fixture
def segment_with(monkeypatch: pytest.MonkeyPatch, own_budget: None) -> Connect:
    """Make a hook whose connection has some fields changed."""

    def connect(**changed: Any) -> SegmentHook:
        connection = json.dumps({**SEGMENT, **changed})
        monkeypatch.setenv("AIRFLOW_CONN_SEGMENT_DEFAULT", connection)
        return SegmentHook()

    return connect


@pytest.fixture
def press() -> Press:
    """Press the Test button, which answers soon, as the page says, and shows no token or trace."""

    def test(hook: DbtCloudHook | SegmentHook) -> tuple[bool, str]:
        began = time.monotonic()
        reached, says = hook.test_connection()
        assert time.monotonic() - began < PATIENCE
        assert "t0k" not in says
        assert "Traceback" not in says
        assert "_default" not in says, "Airflow tests under a made-up connection id"
        assert says.endswith("."), "a sentence"
        assert len(page.listed(says)) == 1, f"docs/connections.md does not tell of: {says}"
        return reached, says

    return test
