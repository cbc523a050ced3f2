"""Secrets that an answer shows once do not appear in task logs."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from typing import Any

import pytest

from airflow_provider_dbtsegment.compat import MASKS
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from tests.scripted_server import Reply, ScriptedServer

MASKING: list[Any] = []
#: Where Airflow looks for its filter, which differs between its versions.
for _place in (*MASKS, "airflow.sdk._shared.secrets_masker"):
    with suppress(ImportError):
        MASKING += [one for one in [import_module(_place)] if hasattr(one, "_secrets_masker")]


@pytest.fixture(autouse=True)
def connected(server: ScriptedServer, own_budget: None, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {"conn_type": "x", "host": server.url, "login": "7", "password": "t0k3n-t0k3n"}
    for name in ("DBT_CLOUD", "SEGMENT"):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}_DEFAULT", json.dumps(connection))


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Returns what a line looks like in a log that Airflow's own filter has gone over."""
    masker = type(MASKING[0]._secrets_masker())()
    for module in MASKING:
        monkeypatch.setattr(module, "_secrets_masker", lambda: masker)
    monkeypatch.setattr(type(masker), "mask_secrets_in_logs", True, raising=False)
    monkeypatch.setattr("airflow.settings.MASK_SECRETS_IN_LOGS", True, raising=False)
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(masker)
    logger = logging.getLogger("tests.secrets")
    logger.addHandler(handler)

    def line(text: str) -> str:
        written.seek(0)
        written.truncate()
        logger.warning("It is %s.", text)
        return written.getvalue()

    yield line
    logger.removeHandler(handler)


def create_service_token(dbt: DbtCloudHook) -> Any:
    return dbt.create_service_token({"name": "ci"})


def create_webhook(dbt: DbtCloudHook) -> Any:
    return dbt.create_webhook({"name": "ended"})


def read_webhook(dbt: DbtCloudHook) -> Any:
    return dbt.get_webhook("wsu_1")


def request_webhook(dbt: DbtCloudHook) -> Any:
    return dbt.request("GET", "/api/v3/accounts/7/webhooks/subscription/wsu_1")


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (create_service_token, "token_string"),
        (create_webhook, "hmac_secret"),
        (read_webhook, "hmac_secret"),
        (request_webhook, "hmac_secret"),
    ],
)
def test_a_secret_of_an_answer_is_masked_from_then_on(
    call: Callable[[DbtCloudHook], Any],
    field: str,
    log: Callable[[str], str],
    server: ScriptedServer,
) -> None:
    secret = "dbtc_5p3c1al-s3cr3t"
    assert secret in log(secret)
    answer = {"data": {"id": 1, "name": "harmless", field: secret}, "status": {"code": 200}}
    server.script(Reply(body=json.dumps(answer)))
    hook = DbtCloudHook()
    made = call(hook)
    hook.close()
    assert made[field] == secret, "the caller gets it"
    assert log(secret) == "It is ***.\n"
    assert log(f"{made}").count("***") == 1
    assert "harmless" in log(f"{made}")


def test_a_secret_of_segments_answers_is_masked_too(
    log: Callable[[str], str], server: ScriptedServer
) -> None:
    warehouse = {"settings": {"username": "reader", "password": "wareh0use-s3cr3t"}}
    server.script(Reply(body=json.dumps({"data": {"warehouses": [warehouse]}})))
    hook = SegmentHook()
    hook.request("GET", "/warehouses")
    hook.close()
    assert log(f"{warehouse}").count("***") == 1


def test_a_running_task_tells_its_supervisor(
    log: Callable[[str], str], server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Supervisor:
        def __init__(self) -> None:
            self.told: list[Any] = []

        def send(self, message: Any) -> None:
            self.told.append(message)

    runner = pytest.importorskip(
        "airflow.sdk.execution_time.task_runner", reason="Airflow 2 has no supervisor"
    )
    supervisor = Supervisor()
    monkeypatch.setattr(runner, "SUPERVISOR_COMMS", supervisor, raising=False)
    monkeypatch.setattr(DbtCloudHook, "get_connection", lambda self, conn_id: _connection(server))
    server.script(Reply(body='{"data": {"id": 1, "token_string": "dbtc_5p3c1al-s3cr3t"}}'))
    hook = DbtCloudHook()
    create_service_token(hook)
    hook.close()
    assert [message.value for message in supervisor.told] == ["dbtc_5p3c1al-s3cr3t"]


def _connection(server: ScriptedServer) -> Any:
    from airflow.providers.common.compat.sdk import Connection

    return Connection(
        conn_id="x", conn_type="x", host=server.url, login="7", password="t0k3n-t0k3n"
    )
