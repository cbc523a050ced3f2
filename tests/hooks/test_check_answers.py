"""The Test button where somebody answers, but not as it should be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_dbtsegment.sandbox.testing import Sandbox
from airflow_provider_dbtsegment.segment.base import REGIONS
from tests.hooks.conftest import Connect, Press
from tests.scripted_server import Received, Reply, ScriptedServer, serving

HTML = {"Content-Type": "text/html"}
ACCOUNT = "/api/v2/accounts/7/"
ACCOUNTS = "/api/v3/accounts/"
MODELS = "/reverse-etl-models"
NO_MODELS = Reply(body='{"data": {"models": [], "pagination": {"current": "x"}}}')
WORKSPACE = Reply(body='{"data": {"workspace": {"id": "w", "name": "Shop", "slug": "shop"}}}')


class Service(ScriptedServer):
    """Answers by path."""

    def __init__(self, **replies: Reply) -> None:
        super().__init__()
        self.by_path: dict[str, Reply] = replies

    def reply_to(self, request: Received) -> Reply:
        return self.by_path.get(request.path.split("?")[0], Reply(404, "<h1>Nothing</h1>", HTML))


def dbt_error(status: int, says: str) -> Reply:
    envelope = {"code": status, "is_success": False, "user_message": says, "developer_message": ""}
    return Reply(status, json.dumps({"status": envelope, "data": None}))


def segment_error(status: int, says: str) -> Reply:
    return Reply(status, json.dumps({"errors": [{"type": "some-type", "message": says}]}))


def accounts(*seen: tuple[int, str]) -> Reply:
    data = [{"id": number, "name": name} for number, name in seen]
    return Reply(body=json.dumps({"data": data, "status": {}}))


def test_dbt_cloud_refuses_the_token(
    dbt_cloud_with: Connect, press: Press, sandbox: Sandbox
) -> None:
    reached, says = press(dbt_cloud_with(host=sandbox.url, login="1", password="t0k-wrong"))
    assert (reached, says) == (
        False,
        f"{sandbox.url} refuses the token (401 Invalid token). Put a service token into the API "
        "token (password): dbt Cloud makes one under Account settings, API tokens. It is valid at "
        "the access URL of its own account only.",
    )


def test_the_token_does_not_see_the_account(
    dbt_cloud_with: Connect, press: Press, sandbox: Sandbox
) -> None:
    hook = dbt_cloud_with(host=sandbox.url, login="2", password=sandbox.dbt_token)
    assert press(hook) == (
        False,
        "The token does not see the account 2, but Tests (1). Correct the account id (login), or "
        "the token.",
    )


@pytest.mark.parametrize("status", [401, 403, 404])
def test_the_token_sees_the_account_but_may_not_read_it(
    status: int, dbt_cloud_with: Connect, press: Press
) -> None:
    replies = {ACCOUNT: dbt_error(status, "Not permitted."), ACCOUNTS: accounts((7, "Seven"))}
    with serving(Service(**replies)) as service:
        reached, says = press(dbt_cloud_with(host=service.url))
    assert (reached, says) == (
        False,
        f"{service.url} knows the token, but does not let it read the account 7 ({status} Not "
        "permitted). Give it a permission for all that jobs and runs need.",
    )


def test_of_many_accounts_only_some_are_named(dbt_cloud_with: Connect, press: Press) -> None:
    seen = accounts(*((number, f"A{number}") for number in range(10, 20)))
    with serving(Service(**{ACCOUNTS: seen})) as service:
        assert press(dbt_cloud_with(host=service.url))[1].startswith(
            "The token does not see the account 7, but A10 (10), A11 (11), A12 (12) and 7 others."
        )


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(404, "<h1>Not here</h1>", HTML), "does not answer as dbt Cloud does (404 <h1>Not"),
        (Reply(200, "<h1>Log in</h1>", HTML), "gives no answer of dbt Cloud (answered 200 with"),
        (Reply(200, '{"data": null}'), "gives no answer of dbt Cloud (answered without"),
        (Reply(405, "", HTML), "does not answer as dbt Cloud does (405 Method Not Allowed)"),
        (Reply(502, "<h1>Bad</h1>", HTML), "was reached, but fails (502 <h1>Bad</h1>). Test"),
        (Reply(403, "<h1>VPN</h1>", HTML), "refuses the token (403 <h1>VPN</h1>). Put a"),
        (Reply(drop="reset"), "gives no answer of dbt Cloud (no answer ("),
        (
            Reply(302, headers={"Location": "/in"}),
            "does not answer as dbt Cloud does (302 redirect",
        ),
    ],
)
def test_somebody_else_answers(
    reply: Reply, says: str, dbt_cloud_with: Connect, press: Press, server: ScriptedServer
) -> None:
    server.script(reply)
    reached, message = press(dbt_cloud_with(host=server.url))
    assert not reached
    assert message.startswith(f"{server.url} {says}")


def test_too_many_requests(
    dbt_cloud_with: Connect, segment_with: Connect, press: Press, server: ScriptedServer
) -> None:
    server.script(Reply(429, "{}", {"Retry-After": "60"}))
    for hook, service in (
        (dbt_cloud_with(host=server.url), "dbt Cloud"),
        (segment_with(host=server.url), "Segment"),
    ):
        reached, says = press(hook)
        assert not reached
        assert says.startswith(f"{service} takes no more requests for now (429 ")
        assert says.endswith(". Test again later.")


@pytest.mark.parametrize("login", ["my account", "7.5", "-7"])
def test_an_account_id_is_a_number(login: str, dbt_cloud_with: Connect, press: Press) -> None:
    assert press(dbt_cloud_with(login=login)) == (
        False,
        f"The account id {login!r} (login) is not a number. dbt Cloud shows it under Account "
        "settings, Account ID.",
    )


@pytest.mark.parametrize("login", ["", " ", None])
def test_without_an_account_id_the_tokens_accounts_are_named(
    login: str | None, dbt_cloud_with: Connect, press: Press, sandbox: Sandbox
) -> None:
    hook = dbt_cloud_with(host=sandbox.url, login=login, password=sandbox.dbt_token)
    says = "It has no account id (login). Put the number there that dbt Cloud shows under Account "
    assert press(hook) == (False, f"{says}settings, Account ID. Its token sees Tests (1).")
    assert press(dbt_cloud_with(host=sandbox.url, login=login)) == (
        False,
        f"{says}settings, Account ID.",
    )


@pytest.mark.parametrize("token", ["", " ", "***", None])
def test_no_token(
    token: str | None, dbt_cloud_with: Connect, segment_with: Connect, press: Press
) -> None:
    for hook in (dbt_cloud_with(password=token), segment_with(password=token)):
        reached, says = press(hook)
        assert not reached
        assert says.startswith("It has no token. Put a ")


def test_segment_refuses_the_token(segment_with: Connect, press: Press, sandbox: Sandbox) -> None:
    reached, says = press(segment_with(host=sandbox.url, password="t0k-wrong"))
    assert not reached
    assert says.startswith(f"{sandbox.url} refuses the token (401 ")
    assert "Put a Public API token of the workspace into the field of that name" in says


@pytest.mark.parametrize("region", ["US", "EU"])
def test_a_token_of_the_other_region_is_told_of_the_region(
    region: str, segment_with: Connect, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = segment_error(401, "Unauthorized")
    with serving(Service(**{MODELS: refused, "/": refused})) as service:
        monkeypatch.setitem(REGIONS, region, service.url)
        reached, says = press(segment_with(extra={"region": region}))
    assert not reached
    assert says.endswith("has another host than one of the US: check the region, too.")


def test_the_token_may_not_see_reverse_etl(segment_with: Connect, press: Press) -> None:
    replies = {MODELS: segment_error(403, "Forbidden"), "/": WORKSPACE}
    with serving(Service(**replies)) as service:
        assert press(segment_with(host=service.url)) == (
            False,
            "The token belongs to the workspace Shop, but may not see its Reverse ETL (403 "
            "Forbidden). Make one that may, under Settings, Access Management, Tokens.",
        )


@pytest.mark.parametrize(
    "workspace", [Reply(429), Reply(404), Reply(body="{}"), Reply(drop="close"), Reply(delay=4.0)]
)
def test_models_suffice_where_the_workspace_is_not_told(
    workspace: Reply, segment_with: Connect, press: Press
) -> None:
    with serving(Service(**{MODELS: NO_MODELS, "/": workspace})) as service:
        says = press(segment_with(host=service.url))
    assert says == (True, f"Reached Segment at {service.url}.")


def test_a_token_that_a_service_repeats_is_not_shown(
    dbt_cloud_with: Connect, segment_with: Connect, press: Press, server: ScriptedServer
) -> None:
    for status in (400, 401, 404, 500):
        server.script(Reply(status, "<p>You said t0k-t0k.</p>", HTML))
        for connect in (dbt_cloud_with, segment_with):
            reached, says = press(connect(host=server.url, password="t0k-t0k"))
            assert not reached
            assert "You said ***" in says


def test_a_test_waits_for_nobody_elses_requests(
    segment_with: Connect, press: Press, server: ScriptedServer
) -> None:
    server.script(NO_MODELS)
    hook: Any = segment_with(host=server.url, extra={"rate_limit_percent": 1})
    for _ in range(20):
        press(hook)
    reached, says = press(hook)
    assert reached or "Test again later." in says
