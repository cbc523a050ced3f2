"""From Airflow's connections to settings: what is read, and what a wrong one is told."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from airflow.providers.common.compat.sdk import Connection

from airflow_provider_dbtsegment.connection_forms import DBT_CLOUD_FORM, SEGMENT_FORM, Form
from airflow_provider_dbtsegment.exceptions import ConfigurationError
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from airflow_provider_dbtsegment.sandbox.testing import Sandbox
from tests.hooks.conftest import Connect


def test_a_hook_reads_nothing_before_its_first_call() -> None:
    assert DbtCloudHook("not there at all").dbt_cloud_conn_id == "not there at all"
    assert SegmentHook("not there at all").segment_conn_id == "not there at all"


def test_a_dbt_cloud_connection_is_read(dbt_cloud_with: Connect) -> None:
    extra = {"read_timeout": "5", "proxy": "http://proxy:1", "rate_limit_percent": "40", "x": 1}
    settings = dbt_cloud_with(extra=extra).settings
    assert settings.account_id == 7
    assert settings.share == 0.4
    assert settings.transport.base_url == "https://ab1.us1.dbt.com"
    assert settings.transport.read_timeout == 5
    assert settings.transport.connect_timeout == 10
    assert settings.transport.proxy == "http://proxy:1"
    assert "t0k" not in repr(settings)


COMMUNITY = {"conn_type": "dbt_cloud", "host": "emea.dbt.com", "login": "7", "password": "t0k"}
PROXIES = {"proxies": {"https": "http://proxy:1", "http": "http://other:2"}}


@pytest.mark.parametrize(
    "connection",
    [
        json.dumps({**COMMUNITY, "extra": PROXIES}),
        json.dumps({**COMMUNITY, "extra": json.dumps(PROXIES)}),
        f"dbt-cloud://7:t0k@emea.dbt.com/?__extra__={quote(json.dumps(PROXIES))}",
        Connection(conn_id="dbt", **COMMUNITY, extra=json.dumps(PROXIES)).get_uri(),
    ],
)
def test_a_connection_of_the_community_provider_works(
    connection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DBT_CLOUD_DEFAULT", connection)
    settings = DbtCloudHook().settings
    assert settings.account_id == 7
    assert settings.transport.base_url == "https://emea.dbt.com"
    assert settings.transport.proxy == "http://proxy:1"


@pytest.mark.parametrize(
    ("proxies", "chosen"),
    [
        ({"https": "http://p:1"}, "http://p:1"),
        ({"all": "http://p:1"}, "http://p:1"),
        ({"https://emea.dbt.com": "http://p:1"}, "http://p:1"),
        ({"all://emea.dbt.com": "http://p:1"}, "http://p:1"),
        ({"https://emea.dbt.com": "http://p:1", "https": "http://q:2"}, "http://p:1"),
        ({"https": "http://p:1", "all://emea.dbt.com": "http://q:2"}, "http://p:1"),
        ({"all://emea.dbt.com": "http://p:1", "all": "http://q:2"}, "http://p:1"),
        ({"https": "p:1"}, "http://p:1"),
        ({"https": "socks5h://p:1"}, "socks5h://p:1"),
        ({"http": "http://p:1", "https://au.dbt.com": "http://q:2"}, None),
        ({"https": None, "all": "http://q:2"}, None),
        ({"https": ""}, None),
        ({}, None),
        (None, None),
    ],
)
def test_proxies_are_chosen_as_requests_does(
    proxies: Any, chosen: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = {**COMMUNITY, "extra": json.dumps({"proxies": proxies})}
    monkeypatch.setenv("AIRFLOW_CONN_DBT_CLOUD_DEFAULT", json.dumps(connection))
    assert DbtCloudHook().settings.transport.proxy == chosen


def test_a_proxy_goes_before_proxies(dbt_cloud_with: Connect) -> None:
    extra = {"proxy": "http://p:1", "proxies": {"https": "http://q:2"}}
    assert dbt_cloud_with(extra=extra).settings.transport.proxy == "http://p:1"


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ("[1]", "JSON, but not an object"),
        ("[]", "JSON, but not an object"),
        ("5", "JSON, but not an object"),
        ('"region=EU"', "JSON, but not an object"),
        ("true", "JSON, but not an object"),
        ("null", "JSON, but not an object"),
        ('{"region": "EU"', "not JSON: "),
        ("region=EU", "not JSON: "),
    ],
)
async def test_an_extra_that_is_no_object_is_told_so_whoever_reads_it(
    extra: str, says: str, dbt_cloud_with: Connect, segment_with: Connect
) -> None:
    for connect in (dbt_cloud_with, segment_with):
        for read in (lambda hook: hook.settings, lambda hook: hook.twin()):
            with pytest.raises(ConfigurationError, match=f"_default': Its extra is {says}"):
                read(connect(extra=extra))
        with pytest.raises(ConfigurationError, match=f"_default': Its extra is {says}"):
            await connect(extra=extra).aresolve()
        reached, said = connect(extra=extra).test_connection()
        assert not reached
        assert said.startswith(f"Its extra is {says}")


@pytest.mark.parametrize("extra", ["", "  ", "{}", None])
def test_an_empty_extra_is_none(extra: str | None, dbt_cloud_with: Connect) -> None:
    assert dbt_cloud_with(extra=extra).settings.transport.proxy is None


def test_a_connection_of_the_community_provider_needs_no_account_id(
    connections: None, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = {"conn_type": "dbt_cloud", "host": sandbox.url, "password": sandbox.dbt_token}
    monkeypatch.setenv("AIRFLOW_CONN_DBT_CLOUD_DEFAULT", json.dumps(connection))
    hook = DbtCloudHook()
    assert hook.get_account(account_id=1)["name"] == "Tests"
    with pytest.raises(ConfigurationError, match="names no dbt Cloud account"):
        hook.get_account()
    hook.close()


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
    extra: dict[str, str], url: str, segment_with: Connect
) -> None:
    assert segment_with(extra=extra).settings.transport.base_url == url


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"host": ""}, r"has no access URL \(host\)\. Put the one of your account there"),
        ({"host": "ab1.us1.dbt.com/deploy/7"}, "holds more than a host"),
        ({"host": "http://ab1.us1.dbt.com"}, "unencrypted"),
        ({"password": ""}, r"has no token\. Put a service token into the API token \(password\)"),
        ({"login": "my account"}, "account id 'my account' .* is not a number"),
        ({"extra": {"read_timeout": -1}}, "read_timeout is -1"),
        ({"extra": {"connect_timeout": "soon"}}, "connect_timeout is 'soon'"),
        ({"extra": {"rate_limit_percent": 0}}, "rate_limit_percent is 0"),
        ({"extra": {"rate_limit_percent": 101}}, "at most 100"),
        ({"extra": {"proxy": 3128}}, "proxy must be a text"),
        ({"extra": {"proxy": ["http://p:1"]}}, "proxy must be a text"),
        ({"extra": {"proxy": "http://p:port"}}, "The proxy 'http://p' is not one"),
        ({"extra": {"proxies": "http://p:1"}}, "proxies must be an object"),
        ({"extra": {"proxies": '{"https": "http://p:1"}'}}, "proxies must be an object"),
        ({"extra": {"proxies": ["http://p:1"]}}, "proxies must be an object"),
        ({"extra": {"proxies": {"https": 3128}}}, "proxies must be an object"),
        ({"extra": {"proxies": {"https": {"url": "http://p:1"}}}}, "proxies must be an object"),
        ({"extra": {"proxies": {"ftp": 1}, "proxy": "http://p:1"}}, "proxies must be an object"),
        ({"extra": {"proxies": {"https": "gopher://p:1"}}}, "The proxy 'gopher://p:1' is not one"),
    ],
)
def test_a_wrong_dbt_cloud_connection_is_told_what_to_do(
    changed: dict[str, Any], says: str, dbt_cloud_with: Connect
) -> None:
    hook = dbt_cloud_with(**changed)
    with pytest.raises(ConfigurationError, match=f"Connection 'dbt_cloud_default': .*{says}"):
        hook.get_account()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"password": " "}, "has no token"),
        ({"extra": {"region": "MOON"}}, "region 'MOON' is not known; use US or EU"),
        ({"host": "http://segment.example.com"}, "unencrypted"),
    ],
)
def test_a_wrong_segment_connection_is_told_what_to_do(
    changed: dict[str, Any], says: str, segment_with: Connect
) -> None:
    with pytest.raises(ConfigurationError, match=f"Connection 'segment_default': .*{says}"):
        segment_with(**changed).list_reverse_etl_models()


async def test_a_connection_is_read_without_blocking_the_loop(
    dbt_cloud_with: Connect,
) -> None:
    hook = dbt_cloud_with(extra={"read_timeout": 5})
    await hook.aresolve()
    assert hook.settings.transport.read_timeout == 5
    assert hook.identity == dbt_cloud_with().identity
    assert hook.identity != dbt_cloud_with(password="another").identity


@pytest.mark.parametrize("form", [DBT_CLOUD_FORM, SEGMENT_FORM])
def test_both_kinds_of_forms_come_from_one_table(form: Form) -> None:
    entry = form.entry
    assert list(entry["conn-fields"]) == [field.name for field in form.fields]
    assert entry["ui-field-behaviour"]["relabeling"] == form.behaviour["relabeling"]
    assert "port" not in form.hidden, "Airflow 3.3.2 refuses to test a connection without a port"
    secret = [name for name in entry["conn-fields"] if "token" in name or "password" in name]
    assert secret == [], "the token has one place, the password field"
