from __future__ import annotations

import socket
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import ConfigurationError
from airflow_provider_dbtsegment.rest.session import proxies_for
from airflow_provider_dbtsegment.rest.urls import (
    base_url,
    is_loopback,
    path_segment,
    redact,
    same_origin,
)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("ab123.us1.dbt.com", "https://ab123.us1.dbt.com"),
        (" https://ab123.us1.dbt.com/ ", "https://ab123.us1.dbt.com"),
        ("https://dbt.example.com:8443", "https://dbt.example.com:8443"),
        ("https://dbt.example.com:443", "https://dbt.example.com"),
        ("http://127.0.0.1:8585", "http://127.0.0.1:8585"),
        ("http://localhost:8585", "http://localhost:8585"),
        ("http://[::1]:8585", "http://[::1]:8585"),
    ],
)
def test_a_host_becomes_an_origin(host: str, url: str) -> None:
    assert base_url(host) == url


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("ab123.us1.dbt.com/deploy/1", "holds more than a host"),
        ("https://ab123.us1.dbt.com/?a=1", "holds more than a host"),
        ("https://me:secret@ab123.us1.dbt.com", "user name or a password"),
        ("ftp://ab123.us1.dbt.com", "Use https://"),
        ("http://ab123.us1.dbt.com", "unencrypted"),
        ("https://", "not a host name"),
        ("a b.example.com", "not a host name"),
        ("https://example.com:port", "not a host name"),
    ],
)
def test_a_wrong_host_is_told_what_is_wrong(host: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        base_url(host)
    assert "secret" not in str(caught.value)


def test_plain_http_is_allowed_when_it_is_meant() -> None:
    assert base_url("http://dbt.internal", allow_plain_http=True) == "http://dbt.internal"


def test_a_port_of_the_connection_is_used_unless_the_host_names_one() -> None:
    assert base_url("localhost", port=8443) == "https://localhost:8443"
    assert base_url("localhost:1", port=8443) == "https://localhost:1"
    assert base_url("dbt.example.com", port=0) == "https://dbt.example.com"


def test_443_may_stand_in_the_port_field_whatever_the_host_says() -> None:
    assert base_url("dbt.example.com", port=443) == "https://dbt.example.com"
    assert base_url("http://localhost", port=443) == "http://localhost"
    assert base_url("http://localhost:8585", port=443) == "http://localhost:8585"
    assert base_url("http://localhost", port=80) == "http://localhost"


@pytest.mark.parametrize("wrong", ["", None, "  ", "a/b", "a\\b", "..", "a\nb"])
def test_an_id_cannot_change_the_path(wrong: object) -> None:
    with pytest.raises(ConfigurationError, match="model id"):
        path_segment(wrong, "model id")


def test_an_id_is_quoted() -> None:
    assert path_segment("a b?c#d%", "id") == "a%20b%3Fc%23d%25"


def test_a_redacted_url_holds_no_credentials_and_no_query() -> None:
    assert redact("https://u:p@host:1/path?token=1#x") == "https://host:1/path"


def test_origins_differ_by_scheme_host_and_port() -> None:
    assert same_origin("https://a.example/x", "https://A.example:443/y")
    assert not same_origin("https://a.example", "http://a.example")
    assert not same_origin("https://a.example", "https://b.a.example")


def resolving(monkeypatch: pytest.MonkeyPatch, addresses: dict[str, list[str]]) -> None:
    """Let names have addresses, and others none."""

    def look_up(host: str, *args: Any, **options: Any) -> Any:
        if host not in addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(2, 1, 6, "", (address, 0)) for address in addresses[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize(
    ("addresses", "is_ours"),
    [
        (["127.0.0.1"], True),
        (["::1", "127.0.0.1", "127.0.0.53"], True),
        (["::ffff:127.0.0.1"], True),
        (["192.0.2.7"], False),
        (["127.0.0.1", "192.0.2.7"], False),
        (["::1", "2001:db8::7"], False),
        (["0.0.0.0"], False),  # noqa: S104
        (["169.254.169.254"], False),
        (["fe80::1%eth0"], False),
        ([], False),
        (None, False),
    ],
)
@pytest.mark.parametrize("name", ["dbt.localhost", "a.b.localhost", "localhost"])
def test_a_name_of_localhost_is_this_machine_if_all_its_addresses_are(
    name: str, addresses: list[str] | None, is_ours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, {} if addresses is None else {name: addresses})
    assert is_loopback(name) is is_ours
    assert (proxies_for(f"http://{name}/x", "http://p:1") == {"no_proxy": name}) is is_ours
    if is_ours:
        assert base_url(f"http://{name}:8585") == f"http://{name}:8585"
    else:
        with pytest.raises(ConfigurationError, match="would send the token unencrypted"):
            base_url(f"http://{name}:8585")


@pytest.mark.parametrize("name", ["localhost.example", "xlocalhost", "localhost.", "127.1", "[::1"])
def test_other_names_are_not_looked_up(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, {name: ["127.0.0.1"]})
    assert not is_loopback(name)
