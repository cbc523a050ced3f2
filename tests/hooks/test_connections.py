"""From Airflow's connections to settings: what is read, and what a wrong one is told."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import ConfigurationError
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from airflow_provider_dbtsegment.provider_info import DBT_CLOUD_FORM, SEGMENT_FORM, Form
from tests.scripted_server import Reply, scripted_server

DBT = {"conn_type": "dbt_cloud_admin", "host": "ab1.us1.dbt.com", "login": "7", "password": "t0k"}
SEGMENT = {"conn_type": "segment_public_api", "password": "t0k"}


def dbt_cloud(monkeypatch: pytest.MonkeyPatch, **changed: Any) -> DbtCloudHook:
    connection = json.dumps({**DBT, **changed})
    monkeypatch.setenv("AIRFLOW_CONN_DBT_CLOUD_DEFAULT", connection)
    return DbtCloudHook()


def segment(monkeypatch: pytest.MonkeyPatch, **changed: Any) -> SegmentHook:
    monkeypatch.setenv("AIRFLOW_CONN_SEGMENT_DEFAULT", json.dumps({**SEGMENT, **changed}))
    return SegmentHook()


def test_a_hook_reads_nothing_before_its_first_call() -> None:
    assert DbtCloudHook("not there at all").dbt_cloud_conn_id == "not there at all"
    assert SegmentHook("not there at all").segment_conn_id == "not there at all"


def test_a_dbt_cloud_connection_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"read_timeout": "5", "proxy": "http://proxy:1", "rate_limit_percent": "40", "x": 1}
    settings = dbt_cloud(monkeypatch, extra=extra).settings
    assert settings.account_id == 7
    assert settings.share == 0.4
    assert settings.transport.base_url == "https://ab1.us1.dbt.com"
    assert settings.transport.read_timeout == 5
    assert settings.transport.connect_timeout == 10
    assert settings.transport.proxy == "http://proxy:1"
    assert "t0k" not in repr(settings)


def test_a_connection_of_the_community_provider_works(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = dbt_cloud(monkeypatch, conn_type="dbt_cloud", host="emea.dbt.com").settings
    assert settings.transport.base_url == "https://emea.dbt.com"


def test_a_connection_may_be_a_uri(monkeypatch: pytest.MonkeyPatch) -> None:
    uri = "dbt-cloud-admin://7:t%2F0k@dbt.internal:8080/?allow_plain_http=true&read_timeout=5"
    monkeypatch.setenv("AIRFLOW_CONN_DBT_CLOUD_DEFAULT", uri)
    settings = DbtCloudHook().settings
    assert settings.transport.base_url == "https://dbt.internal:8080"
    assert settings.account_id == 7
    assert settings.transport.read_timeout == 5


@pytest.mark.parametrize(
    ("extra", "url"),
    [
        ({}, "https://api.segmentapis.com"),
        ({"region": "US"}, "https://api.segmentapis.com"),
        ({"region": "eu"}, "https://eu1.api.segmentapis.com"),
    ],
)
def test_a_region_says_where_segment_is(
    extra: dict[str, str], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert segment(monkeypatch, extra=extra).settings.transport.base_url == url


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"host": ""}, "has no host. Put your account's access URL there"),
        ({"host": "ab1.us1.dbt.com/deploy/7"}, "holds more than a host"),
        ({"host": "http://ab1.us1.dbt.com"}, "unencrypted"),
        ({"password": ""}, r"has no token. Put it into the password field \(API token\)"),
        ({"login": ""}, "has no account id"),
        ({"login": "my account"}, "account id 'my account' .* is not a number"),
        ({"extra": {"read_timeout": -1}}, "read_timeout is -1"),
        ({"extra": {"connect_timeout": "soon"}}, "connect_timeout is 'soon'"),
        ({"extra": {"rate_limit_percent": 0}}, "rate_limit_percent is 0"),
        ({"extra": {"rate_limit_percent": 101}}, "at most 100"),
    ],
)
def test_a_wrong_dbt_cloud_connection_is_told_what_to_do(
    changed: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = dbt_cloud(monkeypatch, **changed)
    with pytest.raises(ConfigurationError, match=f"Connection 'dbt_cloud_default': .*{says}"):
        hook.get_account()
    reached, message = hook.test_connection()
    assert not reached
    assert re.search(says, message)
    assert "dbt_cloud_default" not in message


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"password": " "}, "has no token"),
        ({"extra": {"region": "MOON"}}, "region 'MOON' is not known; use US or EU"),
        ({"host": "http://segment.example.com"}, "unencrypted"),
    ],
)
def test_a_wrong_segment_connection_is_told_what_to_do(
    changed: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match=f"Connection 'segment_default': .*{says}"):
        segment(monkeypatch, **changed).list_reverse_etl_models()


async def test_a_connection_is_read_without_blocking_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hook = dbt_cloud(monkeypatch, extra={"read_timeout": 5})
    await hook.aresolve()
    assert hook.settings.transport.read_timeout == 5
    assert hook.identity == dbt_cloud(monkeypatch).identity
    assert hook.identity != dbt_cloud(monkeypatch, password="another").identity


def test_the_test_button_says_what_was_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server() as server:
        server.script(Reply(body='{"data": {"id": 7, "name": "Seven"}, "status": {}}'))
        hook = dbt_cloud(monkeypatch, host=server.url)
        assert hook.test_connection() == (True, "Reached dbt Cloud account Seven (7).")
        server.script(Reply(body='{"data": {"models": [], "pagination": {"current": "x"}}}'))
        reached, message = segment(monkeypatch, host=server.url).test_connection()
        assert (reached, message) == (True, f"Reached Segment's Public API at {server.url}.")


def test_the_test_button_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server() as server:
        server.script(
            Reply(401, '{"status": {"user_message": "Invalid token."}, "data": null}'),
        )
        reached, message = dbt_cloud(monkeypatch, host=server.url).test_connection()
        assert not reached
        assert "401 Invalid token." in message
        assert "t0k" not in message


def test_an_unreachable_host_does_not_keep_the_test_button_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began = time.monotonic()
    reached, message = dbt_cloud(monkeypatch, host="http://127.0.0.1:1").test_connection()
    assert not reached
    assert "could not connect" in message
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("form", [DBT_CLOUD_FORM, SEGMENT_FORM])
def test_both_kinds_of_forms_come_from_one_table(form: Form) -> None:
    entry = form.entry
    assert list(entry["conn-fields"]) == [field.name for field in form.fields]
    assert entry["ui-field-behaviour"]["relabeling"] == form.behaviour["relabeling"]
    assert "port" not in form.hidden, "Airflow 3.3.2 refuses to test a connection without a port"
    secret = [name for name in entry["conn-fields"] if "token" in name or "password" in name]
    assert secret == [], "the token has one place, the password field"
