"""Nothing secret gets into a message, and nothing that cannot be stored out of an answer."""

from __future__ import annotations

import base64
import json
import re
import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from airflow_provider_dbtsegment.exceptions import (
    ConfigurationError,
    DbtSegmentError,
    NotSentError,
    RequestError,
)
from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.secrets import (
    MAX_MESSAGE,
    Redaction,
    hide_named,
    mask_secrets,
    storable,
    without_secrets,
)
from airflow_provider_dbtsegment.rest.transport import Transport, TransportSettings
from airflow_provider_dbtsegment.rest.urls import base_url, proxy_url
from tests.proxy_server import proxy_server
from tests.rest.conftest import NAME
from tests.scripted_server import Reply, ScriptedServer

Connect = Callable[..., Transport]

TOKEN = 'dbtc_/+a&b"c<d>_0123456789-Secret='
PASSWORD = "p@ss/w:rd?#%é&=<x>"


def written(secret: str) -> list[str]:
    """Return a secret as services, gateways and libraries write it."""
    json_text = json.dumps(secret)[1:-1]
    as_bytes = secret.encode()
    return [
        secret,
        quote(secret, safe=""),
        quote(secret, safe="").lower(),
        quote(quote(secret, safe=""), safe=""),
        "".join(f"%{byte:02X}" for byte in as_bytes),
        json_text,
        json_text.replace("/", "\\/"),
        json.dumps(json_text)[1:-1],
        secret.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;"),
        "".join(f"&#{ord(letter)};" for letter in secret),
        "".join(f"&#x{ord(letter):x};" for letter in secret),
        *(base64.b64encode(b"x" * shift + as_bytes + b"y").decode() for shift in range(3)),
        secret[: len(secret) * 2 // 3],
        secret[len(secret) // 3 :],
        "\0".join(secret),
    ]


def plain(text: str) -> str:
    """Return the letters and digits of a text."""
    return re.sub(r"[^A-Za-z0-9]", "", text)


@pytest.mark.parametrize("secret", [TOKEN, PASSWORD])
@pytest.mark.parametrize("at", range(len(written(TOKEN))))
def test_a_secret_is_masked_however_it_is_written_and_wherever_it_is_cut(
    secret: str, at: int
) -> None:
    form = written(secret)[at]
    said = Redaction(secret)(f"before {form} after")
    assert said.startswith("before ")
    assert said.endswith(" after")
    assert "***" in said
    rest = plain(said.removeprefix("before ").removesuffix(" after"))
    assert len(rest) < 12, "what stands around it in Base64, and what is too short to be told"
    for length in range(8, len(form) + 1):
        assert form[:length] not in said


def test_the_beginning_of_a_secret_at_the_end_of_a_text_is_masked() -> None:
    for length in range(4, len(TOKEN)):
        assert Redaction(TOKEN)(f"Bad token: {TOKEN[:length]}").endswith(": ***")


def test_other_words_are_left_alone() -> None:
    text = 'The job 7 was not found. {"name": ["This field is required."]} 100% \\ &c.'
    assert Redaction(TOKEN, PASSWORD, "", "ab")(text) == text


def test_a_message_is_one_line_and_not_too_long() -> None:
    said = Redaction()("a\0b\x1b[31m\n\u202e\ud800c" + "x" * 10_000)
    assert said.isprintable()
    assert len(said) == MAX_MESSAGE + 1
    said.encode()


@pytest.mark.parametrize(
    "name",
    [
        "token",
        "api_token",
        "apiToken",
        "api-token",
        "X-Api-Token",
        "accessToken",
        "access_token",
        "refreshToken",
        "refresh-token",
        "apiKey",
        "api_key",
        "x-api-key",
        "APIKEY",
        "deploy_key",
        "deployKey",
        "hmacSecret",
        "clientSecret",
        "client_secret",
        "token_string",
        "privateKey",
        "privateKeyPassphrase",
        "awsSecretAccessKey",
        "userPassword",
        "download_url",
        "X-Amz-Signature",
        "sig",
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        '{"@": "$$$", "name": "kept"}',
        '{"kept": 1, "@":"$$$"}',
        '{"@": "$$$',
        '{"@": ["$$$", "$$$"], "name": "kept"}',
        '{"data": {"@": {"value": "$$$"}}, "name": "kept"}',
        "{'@': '$$$', 'name': 'kept'}",
        '{"message": "{\\"@\\": \\"$$$\\", \\"name\\": \\"kept\\"}"}',
        "https://example.com/kept?a=b&@=$$$&c=d",
        "@=$$$ kept",
        "@: $$$ kept",
        "kept\n@ = '$$$'",
    ],
)
def test_what_is_secret_by_its_name_is_hidden_in_what_is_quoted(name: str, text: str) -> None:
    shown = hide_named(text.replace("@", name).replace("$$$", "vAlue-0f-it"))
    assert "vAlue" not in shown
    assert "***" in shown
    assert "kept" in shown or not text.count("kept")


@pytest.mark.parametrize(
    "text",
    [
        '{"id": 7, "name": "api", "state": "x"}',
        "token: is required",
        "The api_key: must not be empty",
        '{"token_id": 7}',
        "Basic authentication is not supported",
        "Token is invalid",
        "http://example.com/a@b",
        '{"public_key": "ssh-rsa AAAA"}',
        "monkey: banana1234",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert hide_named(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefgh",
        "authorization: Token abcdefgh",
        '{"Authorization": "Basic abcdefgh"}',
        "Bearer aBcdefgh",
        "Proxy-Authorization: Basic abcdefgh=",
        "http://user:abcdefgh@proxy:3128/",
        "socks5h://user:p/a?abcdefgh#@proxy:1",
    ],
)
def test_credentials_are_hidden_wherever_they_stand(text: str) -> None:
    assert "bcdefgh" not in hide_named(text)


def test_fields_of_answers_are_masked_by_the_same_names() -> None:
    answer = {
        "deploy_key": {"id": 1, "public_key": "ssh-rsa AAAA", "private": "s1"},
        "apiKey": "s2",
        "settings": [{"accessToken": "s3", "name": "kept"}],
        "name": "kept",
    }
    masked: list[str] = []
    mask_secrets(answer, masked.append)
    assert sorted(masked) == ["s1", "s2", "s3"]
    shown = json.dumps(without_secrets(answer))
    assert not any(secret in shown for secret in masked)
    assert shown.count("kept") == 2
    assert "ssh-rsa" in shown


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, '{"message": "$"}'),
        Reply(400, "Authorization: Bearer $", {"Content-Type": "text/plain"}),
        Reply(500, "x" * 190 + " $", {"Content-Type": "text/plain"}),
        Reply(502, "", {"X": "y"}, reason="Bad $ gateway"),
        Reply(307, "", {"Location": "https://elsewhere.example/$?a=$"}),
        Reply(302, "", {"Location": "https://user:$@elsewhere.example/"}),
        Reply(200, "$", {"Content-Type": "text/html"}),
        Reply(200, '{"a": "$', {"Content-Type": "application/json"}),
    ],
)
@pytest.mark.parametrize("form", [0, 1, 5])
def test_no_part_of_an_answer_brings_the_token_into_an_error(
    reply: Reply, form: int, connect: Connect, server: ScriptedServer
) -> None:
    token = "s3cr3t-t0ken-of_an/account"
    echoed = written(token)[form]
    assert isinstance(reply.body, str)
    server.script(
        Reply(
            reply.status,
            reply.body.replace("$", echoed),
            {name: value.replace("$", echoed) for name, value in reply.headers.items()},
            reason=reply.reason.replace("$", echoed),
        )
    )
    transport = connect(auth=TokenAuth(token))
    with pytest.raises(RequestError) as caught:
        transport.request("POST", "/x", json={})
    for told in (str(caught.value), repr(caught.value), caught.value.url):
        assert echoed not in told
        assert token not in told
        assert echoed[:8] not in told


CREDENTIALS = [
    "user:p%40ss%2Fw0rd-%C3%A9",
    "user:p@ss-w0rd-x",
    "us%3Aer:%70ass%77ord",
    "t0ken-as-user-name",
]


@pytest.mark.parametrize("credentials", CREDENTIALS)
@pytest.mark.parametrize("where", ["settings", "environment"])
@pytest.mark.parametrize("fault", ["refused", "nobody", "no name", "echo", "no TLS"])
def test_no_failure_of_a_proxy_tells_its_password(
    credentials: str,
    where: str,
    fault: str,
    tls: ssl.SSLContext,
    connect: Connect,
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with proxy_server(int(server.url.rpartition(":")[2])) as proxy:
        password = credentials.partition(":")[2] or credentials
        proxy.refuse = "407 Proxy Authentication Required" if fault == "refused" else ""
        proxy.refuse = f"502 no way for {password}" if fault == "echo" else proxy.refuse
        host = {"nobody": "127.0.0.1:1", "no name": "proxy.invalid:3128"}.get(fault)
        url = f"http://{credentials}@{host or proxy.url.removeprefix('http://')}"
        settings: dict[str, Any] = {"base_url": f"https://{NAME}", "max_attempts": 1}
        if where == "settings":
            settings["proxy"] = proxy_url(url)
        else:
            monkeypatch.setenv("HTTPS_PROXY", url)
        transport = connect(**settings)
        with pytest.raises(NotSentError) as caught:
            transport.request("POST", "/x", json={})
    for told in (str(caught.value), repr(caught.value), repr(transport.settings)):
        for part in re.findall(r"\w{3,}", password.replace("user", "")):
            assert part not in told
        assert password not in told


@pytest.mark.parametrize(
    "proxy",
    [
        "http://user:sekr/it1@proxy.example.com:3128",
        "http://user:77/sekrit1@proxy.example.com",
        "http://user:sekr?it1@proxy.example.com:3128",
        "http://user:sekr#it1@proxy.example.com:3128",
        "http://user:sekrit1@proxy.example.com:port",
        "gopher://user:sekrit1@proxy.example.com",
        "user:sekrit1@",
        "http://user:sekrit1",
        "http://user:sekr it1@proxy.example.com",
        "http://user:se[kr]it1@proxy.example.com",
        "http://[user:sekrit1@proxy.example.com",
    ],
)
def test_a_proxy_that_is_refused_is_not_shown_with_its_password(
    proxy: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="is not one") as caught:
        proxy_url(proxy)
    assert not re.search(r"sekr|it1|77", str(caught.value))
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(DbtSegmentError) as later:
        connect(base_url=f"https://{NAME}", max_attempts=1).request("GET", "/x")
    assert not re.search(r"sekr|it1", str(later.value))


@pytest.mark.parametrize(
    "host",
    [
        "https://user:sekr/it1@example.com",
        "https://user:77/sekrit1@example.com",
        "user:sekrit1@example.com",
        "https://example.com:sekrit1",
        "https://[sekrit1",
    ],
)
def test_a_host_that_is_refused_is_not_shown_with_a_password(host: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        base_url(host)
    assert not re.search(r"sekr|it1|77", str(caught.value))


ODD = "a\0b\x07c\x1b[1;31mred\x1b[0m\x7f\x85d\ud800e\tf\ng\rh\U0001f600"
MADE_STORABLE = "a\ufffdb\ufffdcred\ufffd\ufffdd\ufffde\tf\ng\rh\U0001f600"


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_texts_of_an_answer_can_be_stored(
    ascii_only: bool, encoding: str, transport: Transport, server: ScriptedServer
) -> None:
    value = {"a": [ODD, {ODD: ODD}], "b": r"C:\new\u0000\bin\ud800", "c": '"\\'}
    text = json.dumps(value, ensure_ascii=ascii_only)
    server.script(Reply(body=text.encode(encoding, "surrogatepass")))
    body = transport.request("GET", "/x").body
    if not ascii_only:  # where half a character stands as three bytes that are no UTF-8
        body = json.loads(json.dumps(body).replace(r"\ufffd\ufffd\ufffde", r"\ufffde"))
    expected = [MADE_STORABLE, {MADE_STORABLE: MADE_STORABLE}]
    assert body == {"a": expected, "b": value["b"], "c": value["c"]}
    assert storable(ODD) == MADE_STORABLE


def test_an_error_can_be_stored(transport: Transport, server: ScriptedServer) -> None:
    for reply in (
        Reply(400, json.dumps({"message": ODD})),
        Reply(400, ODD.encode("utf-8", "surrogatepass"), {"Content-Type": "text/plain"}),
        Reply(502, "", reason="a\x07b\x1b[31m\x7f"),
    ):
        server.script(reply)
        with pytest.raises(RequestError) as caught:
            transport.request("POST", "/x")
        assert str(caught.value).isprintable()


def test_settings_show_no_secret() -> None:
    settings = TransportSettings("https://x", TokenAuth(TOKEN), proxy="http://u:sekrit1@h:1")
    assert "sekrit1" not in repr(settings)
    assert TOKEN not in repr(settings)
